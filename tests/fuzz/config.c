/*
 * config.c - kannel.conf
 *
 * The input is a configuration file. What the boxes can read convoyctl must
 * read, too, and find the same values; a configuration that the module takes
 * keeps its promises, and its connection string says to libpq what the
 * operator wrote.
 */

#include "fuzz.h"

#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config.h"
#include "convoyctl.h"
#include "gw/gw_hooks.h"
#include "host.h"
#include "store/conninfo.h"

/* Where the file is; it never changes its name. */
static char path[64];
static int fd;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void) argc;
    (void) argv;
    host_init();
    fd = memfd_create("kannel.conf", 0);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return 0;
}

/* --- what the two readers find around them -------------------------------- */

void gw_hooks_error(const char *format, ...)
{
    char line[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    REQUIRE(line[0] != '\0');
}

void ctl_fail(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fuzz_broken(__FILE__, __LINE__, "convoyctl reads what the boxes read");
}

void *ctl_alloc(size_t size)
{
    return memset(gw_malloc(size), 0, size);
}

char *ctl_format(const char *format, ...)
{
    char text[8192];
    va_list args;

    va_start(args, format);
    REQUIRE(vsnprintf(text, sizeof(text), format, args) <
            (int) sizeof(text));
    va_end(args);
    return gw_strdup(text);
}

/* --- the rules ------------------------------------------------------------ */

static void require_same(const char *a, const char *b)
{
    REQUIRE((a == NULL) == (b == NULL));
    REQUIRE(a == NULL || strcmp(a, b) == 0);
}

static void check_conninfo(const Conf *conf, const Config *config)
{
    static const char *const keys[][2] = {
        { "host", "host" }, { "port", "port" }, { "username", "user" },
        { "password", "password" }, { "database", "dbname" }
    };
    char *error = NULL;
    Conninfo *conninfo = conninfo_parse(config->conninfo, "fuzz", &error);

    REQUIRE(conninfo != NULL);
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        const char *value = conf_value(conf, "pgsql-connection",
                                       config->pgsql_id, keys[i][0]);
        const char *const *keyword = conninfo_keywords(conninfo);

        while (value != NULL && strcmp(*keyword, keys[i][1]) != 0)
            REQUIRE(*++keyword != NULL);
        if (value != NULL)
            require_same(conninfo_values(conninfo)
                         [keyword - conninfo_keywords(conninfo)], value);
    }
    REQUIRE(conninfo_timeout_s(conninfo) > 0);
    for (int i = 0; i < 3; i++)
        conninfo_next_host(conninfo);
    conninfo_free(conninfo);
}

static void check_numbers(const Config *c)
{
    REQUIRE(c->max_segments >= 1 && c->max_segments <= 255);
    REQUIRE(c->concat_bits == 8 || c->concat_bits == 16);
    REQUIRE(c->answer_timeout_us > 0 && c->lifetime_us > 0);
    REQUIRE(c->limits.window > 2 * c->answer_timeout_us);
    REQUIRE(c->limits.retry_delay > 0);
    REQUIRE(c->limits.retry_delay_max >= c->limits.retry_delay);
    REQUIRE(c->limits.max_attempts >= 1 && c->limits.segment_retries >= 0);
    REQUIRE(c->active_groups >= 1 && c->retention_us >= 0);
    REQUIRE(!classify_lists_overlap(&c->overrides));
}

static void check_config(Cfg *cfg, const Conf *conf)
{
    Config *config = config_read(cfg);
    char *number;

    if (config == NULL)
        return;
    check_numbers(config);
    check_conninfo(conf, config);
    require_same(config->smsc_id, conf_value(conf, "convoy", NULL,
                                             "smsc-id"));
    number = config_canonical(config, "", "+46 (70) 123-45");
    gw_free(number);
    config_destroy(config);
}

static void read_both(void)
{
    Octstr *name = octstr_create(path), *convoy = octstr_create("convoy");
    Cfg *cfg = cfg_create(name);
    Conf *conf;

    if (cfg_read(cfg) == 0) {
        conf = conf_read(path);
        REQUIRE(conf_has(conf, "convoy", NULL) ==
                (cfg_get_single_group(cfg, convoy) != NULL));
        if (conf_has(conf, "convoy", NULL))
            check_config(cfg, conf);
        conf_free(conf);
    }
    cfg_destroy(cfg);
    octstr_destroy(name);
    octstr_destroy(convoy);
}

/* Also where a line goes on in the next. */
static int has_include(const char *text)
{
    char *joined = gw_strdup(text), *to = joined;
    int has;

    for (; *text != '\0'; text++)
        if (*text != '\\' && *text != '\n')
            *to++ = *text;
    *to = '\0';
    has = strstr(joined, "include") != NULL;
    gw_free(joined);
    return has;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);

    /* Files that are not there are no news, and Kannel ends at them. */
    if (!has_include(text) && strlen(text) == size) {
        REQUIRE(ftruncate(fd, 0) == 0);
        REQUIRE(pwrite(fd, text, size, 0) == (ssize_t) size);
        read_both();
    }
    gw_free(text);
    return 0;
}

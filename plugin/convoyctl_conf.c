/*
 * convoyctl_conf.c - kannel.conf, as far as convoyctl needs it
 *
 * Kannel's own reader lives in gwlib and panics on groups it does not know;
 * this one reads the same syntax (groups end at an empty line, `key = value`,
 * quotes, comments, lines continued with a backslash, include of a file or a
 * folder) and keeps what it finds without judging it.
 */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "convoyctl.h"

/* Deeper includes are taken for circles. */
static const int DEEPEST = 20;

typedef struct {
    int group;                  /* number of the group it stands in */
    char *key, *value;
} Setting;

struct Conf {
    Setting *settings;
    int n, room;
    int group;                  /* the one being read */
};

static void add_setting(Conf *conf, const char *key, const char *value)
{
    if (conf->n == conf->room) {
        conf->room = 2 * conf->room + 64;
        conf->settings = realloc(conf->settings,
                                 conf->room * sizeof(*conf->settings));
        if (conf->settings == NULL)
            ctl_fail("out of memory");
    }
    conf->settings[conf->n].group = conf->group;
    conf->settings[conf->n].key = ctl_format("%s", key);
    conf->settings[conf->n++].value = ctl_format("%s", value);
}

/* Cuts blanks off both ends, in place. */
static char *strip(char *text)
{
    static const char BLANKS[] = " \t\r\n\v\f";
    size_t len;

    text += strspn(text, BLANKS);
    len = strlen(text);
    while (len > 0 && strchr(BLANKS, text[len - 1]) != NULL)
        len--;
    text[len] = '\0';
    return text;
}

/* Takes the quotes off a value, in place; \" and \\ lose their backslash. */
static char *unquote(char *text)
{
    size_t len = strlen(text);
    char *from, *to;

    if (text[0] != '"' || text[len - 1] != '"')
        return text;
    text[len - 1] = '\0';       /* a lone one is a pair, as in the boxes */
    text += len > 1;
    from = to = text;
    while (*from != '\0') {
        if (from[0] == '\\' && (from[1] == '"' || from[1] == '\\'))
            from++;
        *to++ = *from++;
    }
    *to = '\0';
    return text;
}

static void read_file(Conf *conf, const char *path, int depth);

static int is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void read_folder(Conf *conf, const char *path, int depth)
{
    struct dirent **entries;
    int i, n = scandir(path, &entries, NULL, alphasort);

    if (n == -1)
        ctl_fail("%s: %s", path, strerror(errno));
    for (i = 0; i < n; i++) {
        char *file = ctl_format("%s/%s", path, entries[i]->d_name);

        if (!is_folder(file))
            read_file(conf, file, depth);
        free(file);
        free(entries[i]);
    }
    free(entries);
}

static void read_line(Conf *conf, char *line, const char *path, int number,
                      int depth)
{
    char *equals, *key, *value;

    line = strip(line);
    if (line[0] == '\0') {
        conf->group++;
        return;
    }
    if (line[0] == '#')
        return;
    equals = strchr(line, '=');
    if (equals == NULL)
        ctl_fail("%s, line %d: there is no = in it", path, number);
    *equals = '\0';
    key = strip(line);
    value = unquote(strip(equals + 1));
    if (strcmp(key, "include") != 0)
        add_setting(conf, key, value);
    else if (depth == DEEPEST)
        ctl_fail("%s, line %d: files include each other in a circle", path,
                 number);
    else if (is_folder(value))
        read_folder(conf, value, depth + 1);
    else
        read_file(conf, value, depth + 1);
}

static void read_file(Conf *conf, const char *path, int depth)
{
    FILE *file = fopen(path, "r");
    char *line = NULL, *whole = ctl_format("%s", "");
    size_t size = 0;
    int number = 0;

    if (file == NULL)
        ctl_fail("%s: %s (-c names the configuration)", path,
                 strerror(errno));
    while (getline(&line, &size, file) != -1) {
        size_t len = strcspn(line, "\n");
        char *longer;
        int escape = len > 0 && line[len - 1] == '\\';
        /* Two of them are one, and the line ends there. */
        int goes_on = escape && (len == 1 || line[len - 2] != '\\');

        number++;
        line[escape ? len - 1 : len] = '\0';
        longer = ctl_format("%s%s", whole, line);
        free(whole);
        whole = longer;
        if (!goes_on) {
            read_line(conf, whole, path, number, depth);
            whole[0] = '\0';
        }
    }
    if (ferror(file))
        ctl_fail("%s: %s", path, strerror(errno));
    read_line(conf, whole, path, number, depth);
    conf->group++;
    fclose(file);
    free(line);
    free(whole);
}

Conf *conf_read(const char *path)
{
    Conf *conf = ctl_alloc(sizeof(*conf));

    read_file(conf, path, 0);
    return conf;
}

/* As in the boxes, what stands last counts. */
static const char *value_in(const Conf *conf, int group, const char *key)
{
    int i;

    for (i = conf->n - 1; i >= 0; i--) {
        if (conf->settings[i].group == group &&
            strcmp(conf->settings[i].key, key) == 0)
            return conf->settings[i].value;
    }
    return NULL;
}

/* Its number, or -1. */
static int find_group(const Conf *conf, const char *group, const char *id)
{
    int i;

    for (i = conf->n - 1; i >= 0; i--) {
        int number = conf->settings[i].group;
        const char *name = value_in(conf, number, "group");
        const char *its = value_in(conf, number, "id");

        if (name != NULL && strcmp(name, group) == 0 &&
            (id == NULL || (its != NULL && strcmp(its, id) == 0)))
            return number;
    }
    return -1;
}

const char *conf_value(const Conf *conf, const char *group, const char *id,
                       const char *key)
{
    int number = find_group(conf, group, id);

    return number == -1 ? NULL : value_in(conf, number, key);
}

int conf_has(const Conf *conf, const char *group, const char *id)
{
    return find_group(conf, group, id) != -1;
}

void conf_free(Conf *conf)
{
    int i;

    for (i = 0; i < conf->n; i++) {
        free(conf->settings[i].key);
        free(conf->settings[i].value);
    }
    free(conf->settings);
    free(conf);
}

/*
 * convoyctl.c - the operator's side of the queue
 *
 * Creates and upgrades the schema, shows what the queue holds, and does what
 * the boxes must not do by themselves. It finds the database as they do,
 * through kannel.conf.
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "convoyctl.h"

static const char DEFAULT_CONF[] = "/etc/kannel/kannel.conf";

static const char USAGE[] =
    "usage: convoyctl [-c FILE] [--user NAME] COMMAND\n"
    "\n"
    "  init             create the queue's schema, or bring it up to date\n"
    "  status           what the queue holds, and who works on it\n"
    "  show PUSH-ID     a push, its groups, and all that happened to them\n"
    "  maintain         make partitions; drop what is older than retention\n"
    "  unpark GROUP     give a parked group back to the boxes\n"
    "  accept-restore   let a queue go on that came from a backup; groups\n"
    "                   in it may have been sent since: they end unknown\n"
    "\n"
    "  -c FILE          Kannel's configuration (default: %s)\n"
    "  --user NAME      connect as NAME instead of the configured username;\n"
    "                   the password comes from PGPASSWORD or ~/.pgpass\n"
    "\n"
    "Exit status: 0 done, 1 refused or failed, 2 wrong usage.\n";

void ctl_fail(const char *format, ...)
{
    va_list args;

    fputs("convoyctl: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

void *ctl_alloc(size_t size)
{
    void *p = calloc(1, size);

    if (p == NULL)
        ctl_fail("out of memory");
    return p;
}

char *ctl_format(const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    if (vasprintf(&text, format, args) == -1)
        ctl_fail("out of memory");
    va_end(args);
    return text;
}

/* Wrong usage: says what is wrong with which word. */
static int wrong(const char *what, const char *word)
{
    fprintf(stderr, "convoyctl: %s%s%s (see convoyctl --help)\n", what,
            word == NULL ? "" : ": ", word == NULL ? "" : word);
    return 2;
}

static int help(void)
{
    printf(USAGE, DEFAULT_CONF);
    return 0;
}

typedef struct {
    const char *conf, *user, *command, *argument;
} Words;

/* -1: run the command; otherwise the exit status. */
static int read_words(Words *words, int argc, char **argv)
{
    int i;

    for (i = 1; i < argc; i++) {
        const char *word = argv[i];

        if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0)
            return help();
        if (strcmp(word, "--version") == 0) {
            printf("convoyctl %s\n", CONVOY_VERSION);
            return 0;
        }
        if (strcmp(word, "-c") == 0 || strcmp(word, "--user") == 0) {
            if (++i == argc)
                return wrong("a value is missing", word);
            *(word[1] == 'c' ? &words->conf : &words->user) = argv[i];
        } else if (word[0] == '-') {
            return wrong("no such option", word);
        } else if (words->command == NULL) {
            words->command = word;
        } else if (words->argument == NULL) {
            words->argument = word;
        } else {
            return wrong("one word too many", word);
        }
    }
    if (words->command == NULL)
        return wrong("a command is missing", NULL);
    return -1;
}

static const struct {
    const char *name, *argument;
} COMMANDS[] = {
    { "init", NULL }, { "status", NULL }, { "show", "PUSH-ID" },
    { "maintain", NULL }, { "unpark", "GROUP" }, { "accept-restore", NULL }
};

static int check_command(const Words *words)
{
    size_t i;

    for (i = 0; i < sizeof(COMMANDS) / sizeof(COMMANDS[0]); i++) {
        if (strcmp(words->command, COMMANDS[i].name) != 0)
            continue;
        if (COMMANDS[i].argument != NULL && words->argument == NULL)
            return wrong("a word is missing", COMMANDS[i].argument);
        if (COMMANDS[i].argument == NULL && words->argument != NULL)
            return wrong("one word too many", words->argument);
        return -1;
    }
    return wrong("no such command", words->command);
}

static int run(const Words *words, const Conf *conf, PGconn *db)
{
    if (strcmp(words->command, "init") == 0)
        return ctl_init(db, conf);
    if (strcmp(words->command, "status") == 0)
        return ctl_status(db);
    if (strcmp(words->command, "show") == 0)
        return ctl_show(db, words->argument);
    if (strcmp(words->command, "maintain") == 0)
        return ctl_maintain(db, conf_value(conf, "convoy", NULL,
                                           "retention"));
    if (strcmp(words->command, "unpark") == 0)
        return ctl_unpark(db, words->argument);
    return ctl_accept_restore(db);
}

int main(int argc, char **argv)
{
    Words words = { DEFAULT_CONF, NULL, NULL, NULL };
    int status = read_words(&words, argc, argv);
    Conf *conf;
    PGconn *db;

    if (status == -1)
        status = check_command(&words);
    if (status != -1)
        return status;
    conf = conf_read(words.conf);
    db = db_connect(conf, words.user);
    status = run(&words, conf, db);
    PQfinish(db);
    conf_free(conf);
    return status;
}

/*
 * main.c - convoy-trace, which works on traces; README.md describes it.
 */
#include <stdio.h>
#include <string.h>

#include "commands.h"

static const struct command *const commands[] = {
    &capture_command, &check_command, &pap_command, &pseudonyms_command,
    &tables_command
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void print_usage(FILE *stream)
{
    int i;

    fputs("usage: convoy-trace COMMAND ... (COMMAND --help says more)\n\n",
          stream);
    for (i = 0; i < COMMANDS; i++)
        fprintf(stream, "    %-12s %s\n", commands[i]->name,
                commands[i]->summary);
}

enum command_status command_failed(const char *error)
{
    fprintf(stderr, "convoy-trace: %s\n", error);
    return COMMAND_FAILED;
}

static bool take_option(const struct command *command,
                        struct settings *settings, int letter)
{
    return recorder_option(&settings->recorder, letter, optarg)
           || (letter != '?' && command->take_option != NULL
               && command->take_option(settings, letter, optarg));
}

/* argv[0] is the command's name. */
static enum command_status run(const struct command *command, int argc,
                               char **argv)
{
    struct settings settings = { .recorder = { .real = false } };
    int letter;

    while ((letter = getopt_long(argc, argv, command->letters,
                                 command->options, NULL)) != -1) {
        if (letter == 'h') {
            fputs(command->usage, stdout);
            return COMMAND_DONE;
        }
        if (!take_option(command, &settings, letter))
            return COMMAND_MISUSED;
    }
    if (optind == argc || argc - optind > command->most)
        return COMMAND_MISUSED;
    return command->run(&settings, argc - optind, argv + optind);
}

int main(int argc, char **argv)
{
    enum command_status status;
    int i;

    if (argc >= 2 && strcmp(argv[1], "--help") == 0) {
        print_usage(stdout);
        return COMMAND_DONE;
    }
    for (i = 0; argc >= 2 && i < COMMANDS; i++) {
        if (strcmp(argv[1], commands[i]->name) != 0)
            continue;
        status = run(commands[i], argc - 1, argv + 1);
        if (status == COMMAND_MISUSED)
            fputs(commands[i]->usage, stderr);
        return status;
    }
    print_usage(stderr);
    return COMMAND_MISUSED;
}

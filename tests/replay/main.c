/*
 * main.c - convoy-trace, which works on traces; README.md describes it.
 */
#include <stdio.h>
#include <string.h>

#include "commands.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} commands[] = {
    { "capture", capture_command, "make a trace from captured packets" },
    { "check", check_command, "validate a trace and sum it up" },
    { "pap", pap_command, "make a trace from files of PAP" },
    { "pseudonyms", pseudonyms_command,
      "put stand-ins for people's numbers and texts" },
    { "tables", tables_command, "make a trace from the tables of Convoy" }
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void print_usage(FILE *stream)
{
    int i;

    fputs("usage: convoy-trace COMMAND ... (COMMAND --help says more)\n\n",
          stream);
    for (i = 0; i < COMMANDS; i++)
        fprintf(stream, "    %-12s %s\n", commands[i].name,
                commands[i].summary);
}

int main(int argc, char **argv)
{
    int i;

    if (argc >= 2 && strcmp(argv[1], "--help") == 0) {
        print_usage(stdout);
        return 0;
    }
    for (i = 0; argc >= 2 && i < COMMANDS; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    print_usage(stderr);
    return 2;
}

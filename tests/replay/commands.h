/*
 * commands.h - the commands of convoy-trace: main.c lists them, and reads
 * their arguments.
 */
#ifndef COMMANDS_H
#define COMMANDS_H

#include <getopt.h>

#include "capture.h"
#include "recorder.h"

/* What a command may be told; it has options for a part of it. */
struct settings {
    struct recorder_options recorder;
    struct capture_options capture;
};

/* The exit status: COMMAND_FAILED if the trace is wrong or something could
 * not be done. */
enum command_status { COMMAND_DONE, COMMAND_FAILED, COMMAND_MISUSED };

/* Says in one line what failed; COMMAND_FAILED. */
enum command_status command_failed(const char *error);

struct command {
    const char *name, *summary;
    const char *usage;                  /* for its --help */
    const struct option *options;       /* end with COMMAND_HELP */
    const char *letters;                /* short ones, as for getopt() */
    /* Takes an option that is not one of recorder.h; false if its value is
     * wrong, which it says on standard error. NULL: there are none. */
    bool (*take_option)(struct settings *settings, int letter,
                        const char *value);
    int most;                           /* arguments; one is needed */
    enum command_status (*run)(const struct settings *settings, int count,
                               char **arguments);
};

#define COMMAND_HELP \
    { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 }

extern const struct command capture_command, check_command, pap_command;
extern const struct command pseudonyms_command, tables_command;

#endif

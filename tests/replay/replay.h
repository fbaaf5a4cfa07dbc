/*
 * replay.h - sends the pushes of a trace to a PPG, each when it is due.
 */
#ifndef REPLAY_H
#define REPLAY_H

#include <stdbool.h>
#include <stdio.h>

struct replay_options {
    const char *trace;          /* path */
    const char *url;            /* of the PPG; see request.h */
    bool is_sandbox;            /* it has none of the recorded routes */
    double speed;               /* as the trace is 1; 0: as fast as possible */
    unsigned connections;       /* at most */
    bool progress;              /* on standard error, which is a terminal */
};

/* Sends, then collects notifications until SIGTERM comes, or SIGINT after
 * the last push; SIGINT before that stops the sending. What happens is
 * written to `out` as README.md says. False, and a line on standard error,
 * if the trace is wrong or the system refuses something. */
bool replay_run(const struct replay_options *options, FILE *out);

#endif

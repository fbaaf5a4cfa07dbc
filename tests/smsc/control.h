/*
 * control.h - the control socket: a unix stream socket on which each line is
 * a command and each answer one line of JSON. README.md lists the commands.
 */
#ifndef SMSC_CONTROL_H
#define SMSC_CONTROL_H

#include "smsc.h"

/* Listen at `path`, in the place of a socket that was left there. On failure
 * -1 and one line in `error`. */
int control_listen(struct smsc *smsc, const char *path, char *error,
                   size_t error_size);

/* Answer those that wait for idleness, send answers, free closed clients. */
void control_settle(struct smsc *smsc);
void control_close(struct smsc *smsc);

#endif

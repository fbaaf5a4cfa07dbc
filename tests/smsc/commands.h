/*
 * commands.h - the commands of the control socket; README.md lists them.
 */
#ifndef SMSC_COMMANDS_H
#define SMSC_COMMANDS_H

#include "buffer.h"
#include "smsc.h"

enum command_result {
    COMMAND_DONE,               /* the reply is written */
    COMMAND_WAITS_IDLE          /* `idle`: reply ok once nothing is pending */
};

/* Run one line, which it may change; adds one line of JSON to `reply`. */
enum command_result command_run(struct smsc *smsc, char *line,
                                struct buffer *reply);

void command_reply_ok(struct buffer *reply);
void command_reply_error(struct buffer *reply, const char *error);

#endif

/*
 * commands.h - the subcommands of convoy-trace; main.c lists them.
 */
#ifndef COMMANDS_H
#define COMMANDS_H

/* argv[0] is the subcommand's name. Each knows --help. The exit status: 0;
 * 1 if the trace is wrong or something could not be done, which standard
 * error tells in one line; 2 for wrong arguments. */
int capture_command(int argc, char **argv);
int check_command(int argc, char **argv);
int pap_command(int argc, char **argv);
int pseudonyms_command(int argc, char **argv);
int tables_command(int argc, char **argv);

#endif

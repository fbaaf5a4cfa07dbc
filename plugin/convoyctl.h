/*
 * convoyctl.h - what the parts of convoyctl share
 *
 * A command-line program of one shot: every failure ends it with one line
 * that names the cause and, where there is one, the cure. It has no Kannel
 * code, so that it runs where only the database is.
 */

#ifndef CONVOYCTL_H
#define CONVOYCTL_H

#include <libpq-fe.h>

/* Prints "convoyctl: ..." to stderr and exits with 1. */
void ctl_fail(const char *format, ...)
    __attribute__((noreturn, format(printf, 1, 2)));

/* malloc and friends that do not return without memory. */
void *ctl_alloc(size_t size);
char *ctl_format(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* --- convoyctl_conf.c: kannel.conf ---------------------------------------- */

typedef struct Conf Conf;

/* Reads a file with all it includes; a wrong line ends the program. */
Conf *conf_read(const char *path);

/*
 * The value of `key` in the last group of that name (and with that id,
 * unless NULL), or NULL. Belongs to the Conf.
 */
const char *conf_value(const Conf *conf, const char *group, const char *id,
                       const char *key);

/* Is there such a group? */
int conf_has(const Conf *conf, const char *group, const char *id);

void conf_free(Conf *conf);

/* --- convoyctl_db.c: the database ----------------------------------------- */

/* Connects to where group = convoy points; `user` replaces the configured
 * name and password unless NULL. */
PGconn *db_connect(const Conf *conf, const char *user);

/* The name that the boxes connect with. Belongs to the Conf. */
const char *db_login(const Conf *conf);

/* Runs one statement with text parameters; a failure ends the program. The
 * caller clears the result. */
PGresult *db_query(PGconn *db, const char *sql, int n,
                   const char *const *values);

/* The same for statements without a result; `what` says which, in errors. */
void db_run(PGconn *db, const char *sql, const char *what);

/* The first column of the first row as a string to be freed, or NULL. */
char *db_text(PGconn *db, const char *sql, int n, const char *const *values);

/* Becomes convoy_owner, or says what lacks. */
void db_become_owner(PGconn *db);

/* --- the commands ---------------------------------------------------------- */

/* convoyctl_init.c */
int ctl_init(PGconn *db, const Conf *conf);

/* convoyctl_report.c */
int ctl_status(PGconn *db);
int ctl_show(PGconn *db, const char *push_id);

/* convoyctl_operate.c; retention: kannel.conf's, as "30d", or NULL */
int ctl_maintain(PGconn *db, const char *retention);
int ctl_unpark(PGconn *db, const char *id);
int ctl_accept_restore(PGconn *db);

#endif

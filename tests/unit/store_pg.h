/*
 * store_pg.h - the PostgreSQL that the store is tested on
 */

#ifndef STORE_PG_H
#define STORE_PG_H

/* Cases of a real connection, in store_pg_cases.c. */
#define STORE_PG_CASES(CASE) \
    CASE(server_dies_in_the_middle) \
    CASE(commit_fails) \
    CASE(statement_takes_too_long) \
    CASE(server_freezes) \
    CASE(silent_host_is_passed_over) \
    CASE(server_is_away) \
    CASE(conninfo_is_unreadable) \
    CASE(schema_is_missing) \
    CASE(schema_of_another_version) \
    CASE(schema_of_other_types) \
    CASE(rights_are_missing) \
    CASE(check_at_start) \
    CASE(leases_hear_of_a_new_box)

#define STORE_PG_CASE_DECLARE(name) void name(void **state);
STORE_PG_CASES(STORE_PG_CASE_DECLARE)

/* Makes the schema once; each case gets a copy of that database. */
int pg_setup(void **state);
int pg_teardown(void **state);

/* pg_ctl with these arguments, as the server's user. */
void pg_control(const char *arguments);

/* A signal to the server process of the box's connection of this name. */
void pg_signal(const char *application, int signal);

/* Runs SQL in the case's database, or in another, as superuser. */
void pg_sql(const char *sql);
void pg_sql_in(const char *database, const char *sql);

#endif

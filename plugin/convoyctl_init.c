/*
 * convoyctl_init.c - the queue's schema, made or brought up to date
 *
 * One transaction under an advisory lock: migrations that the database has
 * not had yet, in order of their numbers, each once; then types, functions,
 * views and grants, which are dropped and made anew every time. So a fresh
 * schema and an upgraded one end up the same, and running it twice is safe.
 */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "convoyctl.h"

static const char DEFAULT_DEPLOYMENT[] = "default";
static const int OLDEST_SERVER = 150000;

static const char *sql_dir(void)
{
    const char *dir = getenv("CONVOY_SQL_DIR");

    return dir == NULL ? CONVOY_SQL_DIR : dir;
}

static char *read_whole(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = NULL;
    size_t size = 0;

    if (file == NULL)
        ctl_fail("%s: %s (CONVOY_SQL_DIR names the folder)", path,
                 strerror(errno));
    if (getdelim(&text, &size, '\0', file) == -1)
        ctl_fail("%s: %s", path, ferror(file) ? strerror(errno) : "empty");
    fclose(file);
    return text;
}

static void apply_file(PGconn *db, const char *name)
{
    char *path = ctl_format("%s/%s", sql_dir(), name);
    char *text = read_whole(path);

    db_run(db, text, path);
    free(text);
    free(path);
}

static int is_sql(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    return len > 4 && strcmp(entry->d_name + len - 4, ".sql") == 0;
}

/* The names in a folder of sql/, sorted; returns how many. */
static int list_folder(const char *folder, struct dirent ***entries)
{
    char *path = ctl_format("%s/%s", sql_dir(), folder);
    int n = scandir(path, entries, is_sql, alphasort);

    if (n == -1)
        ctl_fail("%s: %s (CONVOY_SQL_DIR names the folder)", path,
                 strerror(errno));
    free(path);
    return n;
}

static void free_list(struct dirent **entries, int n)
{
    while (n > 0)
        free(entries[--n]);
    free(entries);
}

static void apply_folder(PGconn *db, const char *folder)
{
    struct dirent **entries;
    int i, n = list_folder(folder, &entries);

    for (i = 0; i < n; i++) {
        char *name = ctl_format("%s/%s", folder, entries[i]->d_name);

        apply_file(db, name);
        free(name);
    }
    free_list(entries, n);
}

/* 0: there is no schema yet. */
static int version_of(PGconn *db)
{
    char *there = db_text(db, "SELECT to_regclass('convoy.migration')", 0,
                          NULL);
    char *text = NULL;
    int version = 0;

    if (there != NULL) {
        text = db_text(db, "SELECT max(version) FROM convoy.migration", 0,
                       NULL);
        version = text == NULL ? 0 : atoi(text);
    }
    free(there);
    free(text);
    return version;
}

static void record(PGconn *db, const char *file)
{
    char *number = ctl_format("%d", atoi(file));
    const char *const values[] = { number, file };

    PQclear(db_query(db, "INSERT INTO convoy.migration (version, name)"
                     " VALUES ($1, $2)", 2, values));
    free(number);
}

/* Applies those that are newer than `version`; returns the newest there is. */
static int migrate(PGconn *db, int version)
{
    struct dirent **entries;
    int i, n = list_folder("migrations", &entries);
    int newest = n == 0 ? 0 : atoi(entries[n - 1]->d_name);

    if (version > newest)
        ctl_fail("the schema has version %d, this convoyctl knows up to %d:"
                 " use the convoyctl of the newer release", version, newest);
    for (i = 0; i < n; i++) {
        char *name = ctl_format("migrations/%s", entries[i]->d_name);

        if (atoi(entries[i]->d_name) > version) {
            apply_file(db, name);
            record(db, entries[i]->d_name);
        }
        free(name);
    }
    free_list(entries, n);
    return newest;
}

/* What the connected role may not do, as the end of a sentence, or NULL. */
static char *missing_right(PGconn *db, const char *login)
{
    const char *const values[] = { login };

    return db_text(db,
        "WITH have AS (SELECT count(*) AS roles, coalesce(bool_and("
        "      pg_has_role((SELECT oid FROM pg_roles WHERE rolname = $1), oid,"
        "                  'MEMBER')), false) AS granted"
        "  FROM pg_roles WHERE rolname IN ('convoy_intake',"
        "  'convoy_scheduler', 'convoy_notifier', 'convoy_monitor'))"
        " SELECT CASE"
        " WHEN r.rolsuper THEN NULL"
        " WHEN NOT has_database_privilege(current_database(), 'CREATE')"
        " THEN 'may not create a schema in database ' || current_database()"
        " WHEN r.rolcreaterole THEN NULL"
        " WHEN roles < 4 OR to_regrole('convoy_owner') IS NULL"
        " THEN 'may not create the roles convoy_owner, convoy_intake,"
        " convoy_scheduler, convoy_notifier and convoy_monitor'"
        " WHEN NOT pg_has_role(to_regrole('convoy_owner'), 'MEMBER')"
        " THEN 'is not a member of convoy_owner'"
        " WHEN NOT granted"
        " THEN 'may not grant the roles of the queue to ' || $1 END"
        " FROM pg_roles r, have WHERE r.rolname = current_user", 1, values);
}

/* Ends the program if the server or the role will not do. */
static void check_server(PGconn *db, const char *login)
{
    char *encoding = db_text(db, "SHOW server_encoding", 0, NULL);
    char *lacks = missing_right(db, login);

    if (PQserverVersion(db) < OLDEST_SERVER)
        ctl_fail("the server is older than PostgreSQL %d",
                 OLDEST_SERVER / 10000);
    if (strcmp(encoding, "UTF8") != 0)
        ctl_fail("database %s has encoding %s: create it with ENCODING"
                 " 'UTF8'", PQdb(db), encoding);
    if (lacks != NULL)
        ctl_fail("role %s %s: use a superuser (convoyctl --user postgres"
                 " init), or a role with CREATEROLE that owns the database",
                 PQuser(db), lacks);
    free(encoding);
}

static void check_deployment(PGconn *db, const char *deployment)
{
    const char *const values[] = { deployment };
    char *wrong;

    PQclear(db_query(db,
        "INSERT INTO setting (deployment, system_identifier)"
        " SELECT $1, system_identifier::text FROM pg_control_system()"
        " ON CONFLICT DO NOTHING", 1, values));
    wrong = db_text(db, "SELECT deployment_check($1)", 1, values);
    if (wrong != NULL)
        ctl_fail("%s", wrong);
}

/* The role that the boxes connect with; made here if it is missing. */
static void admit_login(PGconn *db, const Conf *conf)
{
    const char *login = db_login(conf);
    char *name = PQescapeIdentifier(db, login, strlen(login));
    const char *const values[] = { login };
    char *there = db_text(db, "SELECT 1 FROM pg_roles WHERE rolname = $1", 1,
                          values);
    char *sql, *lacks;

    if (there == NULL) {
        sql = ctl_format("CREATE ROLE %s LOGIN", name);
        db_run(db, sql, sql);
        free(sql);
        printf("role %s created; set its password if it needs one\n", login);
    }
    lacks = db_text(db, "SELECT 1 FROM pg_roles WHERE rolname IN"
                    " ('convoy_intake', 'convoy_scheduler',"
                    " 'convoy_notifier', 'convoy_monitor')"
                    " AND NOT pg_has_role($1, oid, 'MEMBER') LIMIT 1", 1,
                    values);
    if (lacks != NULL) {
        sql = ctl_format("GRANT convoy_intake, convoy_scheduler,"
                         " convoy_notifier, convoy_monitor TO %s", name);
        db_run(db, sql, sql);
        free(sql);
    }
    free(lacks);
    free(there);
    PQfreemem(name);
}

int ctl_init(PGconn *db, const Conf *conf)
{
    const char *deployment = conf_value(conf, "convoy", NULL, "deployment");
    int before, after;

    check_server(db, db_login(conf));
    db_run(db, "BEGIN; SELECT pg_advisory_xact_lock("
           "hashtextextended('convoy.init', 0))", "init");
    apply_file(db, "roles.sql");
    db_run(db, "SET LOCAL ROLE convoy_owner;"
           "SET LOCAL search_path = convoy, pg_temp;"
           "SET LOCAL check_function_bodies = off", "init");
    before = version_of(db);
    apply_file(db, "clear.sql");
    after = migrate(db, before);
    apply_folder(db, "types");
    apply_folder(db, "functions");
    apply_folder(db, "views");
    apply_file(db, "grants.sql");
    check_deployment(db, deployment == NULL ? DEFAULT_DEPLOYMENT
                                            : deployment);
    db_run(db, "SELECT maintain_ahead(); RESET ROLE", "init");
    admit_login(db, conf);
    db_run(db, "COMMIT", "init");
    if (before == after)
        printf("schema convoy is up to date: version %d\n", after);
    else
        printf("schema convoy: version %d, was %d\n", after, before);
    return 0;
}

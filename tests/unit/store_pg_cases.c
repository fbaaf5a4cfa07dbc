/*
 * store_pg_cases.c - what only a real connection can do to the store
 */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include <libpq-fe.h>

#include "core/group.h"
#include "now.h"
#include "store_box.h"
#include "store_pg.h"

static const int64_t HOUR = INT64_C(3600000000);
static const char *const ANY[] = { "" };

/* --- the server goes away ----------------------------------------------- */

enum { PUSHES = 400, RACING = 200, ENOUGH = 50 };

typedef struct {
    int answers;
    StoreOutcome outcome;
    bool stored;
} Pushed;

static int n_answered;

static void on_push(void *arg, StoreOutcome outcome, const int *codes,
                    int n)
{
    Pushed *push = arg;

    assert_int_equal(n, 1);
    push->answers++;
    push->outcome = outcome;
    push->stored = outcome == STORE_DONE && codes[0] == 1001;
    n_answered++;
}

static void push_number(Box *box, int i, Pushed *pushed)
{
    static char names[PUSHES][8];
    StorePush push;
    StoreNewGroup group;

    snprintf(names[i], sizeof(names[i]), "%d", i);
    sample_fill(&(Sample) { .id = names[i], .receiver = names[i] }, &push,
                &group);
    memset(pushed, 0, sizeof(*pushed));
    store_push(box->intake, &push, 1, &group, 1, HOUR, HOUR, on_push,
               pushed);
}

static bool enough_answered(void *arg)
{
    return n_answered >= *(int *) arg;
}

static int claim_all(Box *box)
{
    Answer claimed;
    int n = 0;

    do {
        claimed = box_claim(box, 100);
        n += claimed.n;
    } while (claimed.n > 0);
    return n;
}

void server_dies_in_the_middle(void **state)
{
    static Pushed first[PUSHES], again[PUSHES];
    int i, n, lost = 0;
    PGconn *other;
    Box box;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    n_answered = 0;
    for (i = 0; i < RACING; i++)
        push_number(&box, i, &first[i]);
    n = ENOUGH;
    wait_until(enough_answered, &n);
    /* Some are being carried out now, and these never will be. */
    other = PQconnectdb("dbname=store_case user=postgres");
    PQclear(PQexec(other, "BEGIN; LOCK TABLE convoy.push"));
    for (; i < PUSHES; i++)
        push_number(&box, i, &first[i]);
    pg_control("-m immediate stop");
    pg_control("start");
    PQfinish(other);
    n = PUSHES;
    wait_until(enough_answered, &n);
    wait_until(box_is_up, &box);

    n_answered = 0;
    for (i = 0; i < PUSHES; i++) {
        assert_int_equal(first[i].answers, 1);
        assert_int_not_equal(first[i].outcome, STORE_FAILED);
        assert_int_equal(first[i].stored, first[i].outcome == STORE_DONE);
        lost += first[i].outcome == STORE_LOST;
        push_number(&box, i, &again[i]);
    }
    assert_in_range(lost, PUSHES - RACING, PUSHES - ENOUGH);
    wait_until(enough_answered, &n);
    for (i = 0; i < PUSHES; i++) {
        assert_int_equal(first[i].answers, 1);
        assert_int_equal(again[i].answers, 1);
        assert_int_equal(again[i].outcome, STORE_DONE);
        assert_false(first[i].stored && again[i].stored);
    }
    assert_int_equal(claim_all(&box), PUSHES);
    box_close(&box);
}

static bool is_up(void *arg)
{
    return store_state(arg) == STORE_UP;
}

void server_freezes(void **state)
{
    int64_t began;
    Box box;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    pg_signal("convoy leases", SIGSTOP);
    began = now_us();
    assert_int_equal(box_renew(&box, ANY, 1, HOUR, NULL, 0), STORE_LOST);
    assert_true(now_us() - began > 4900000);
    assert_non_null(strstr(store_error(box.leases), "no answer for 5 s"));
    wait_until(is_up, box.leases);
    pg_signal("convoy leases", SIGCONT);
    assert_int_equal(box_renew(&box, ANY, 1, HOUR, NULL, 0), STORE_DONE);
    assert_int_equal(box.n_held, 32);
    box_close(&box);
}

/* --- statements that end badly ------------------------------------------ */

typedef struct {
    int n;
    StoreOutcome outcome[3];
} Outcomes;

static void on_batch(void *arg, StoreOutcome outcome, const int64_t *fenced,
                     int n)
{
    Outcomes *outcomes = arg;

    (void) fenced;
    (void) n;
    assert_in_range(outcomes->n, 0, 2);
    outcomes->outcome[outcomes->n++] = outcome;
}

static bool has_three(void *arg)
{
    return ((Outcomes *) arg)->n == 3;
}

/* The rows of a statement come before its commit, which may fail. */
void commit_fails(void **state)
{
    Outcomes outcomes = { .n = 0 };
    Box box;
    int i;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    pg_sql("CREATE FUNCTION public.fail() RETURNS trigger LANGUAGE plpgsql AS"
           " 'BEGIN RAISE EXCEPTION ''too late''; END'");
    pg_sql("CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON convoy.batch"
           " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
           " WHEN (NEW.number = 2) EXECUTE FUNCTION public.fail()");
    for (i = 1; i <= 3; i++)
        store_batch(box.scheduler, box.instance, i, NULL, 0, NULL, 0,
                    on_batch, &outcomes);
    wait_until(has_three, &outcomes);
    assert_int_equal(outcomes.outcome[0], STORE_DONE);
    assert_int_equal(outcomes.outcome[1], STORE_FAILED);
    assert_int_equal(outcomes.outcome[2], STORE_DONE);
    assert_non_null(strstr(store_error(box.scheduler),
                           "group_batch: too late (SQLSTATE P0001)"));
    box_close(&box);
}

void statement_takes_too_long(void **state)
{
    PGconn *other;
    Box box;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    other = PQconnectdb("dbname=store_case user=postgres");
    PQclear(PQexec(other, "BEGIN; LOCK TABLE convoy.lease"));
    assert_int_equal(box_renew(&box, ANY, 1, HOUR, NULL, 0), STORE_BUSY);
    assert_non_null(strstr(store_error(box.leases), "statement timeout"));
    assert_int_equal(store_state(box.leases), STORE_UP);
    PQfinish(other);
    assert_int_equal(box_renew(&box, ANY, 1, HOUR, NULL, 0), STORE_DONE);
    box_close(&box);
}

/* --- connections that do not come up ------------------------------------ */

typedef struct {
    Store *store;
    int ups, downs;
    char error[512];                /* at the last down */
} Watch;

static void on_state(void *arg, StoreState to)
{
    Watch *watch = arg;

    if (to == STORE_UP) {
        watch->ups++;
    } else {
        watch->downs++;
        snprintf(watch->error, sizeof(watch->error), "%s",
                 store_error(watch->store));
    }
}

static void watch_open(Watch *watch, const char *conninfo, StoreRole role)
{
    StoreEvents events = { .on_state = on_state, .arg = watch };

    memset(watch, 0, sizeof(*watch));
    watch->store = box_add_store(store_open(conninfo, role, &events));
}

static bool was_told(void *arg)
{
    return ((Watch *) arg)->downs > 0;
}

/* Told why, mended by `cure`, up by itself. */
static void assert_mended(StoreRole role, const char *error, const char *cure)
{
    Watch watch;

    watch_open(&watch, backend_conninfo(), role);
    wait_until(was_told, &watch);
    if (strstr(watch.error, error) == NULL)
        fail_msg("\"%s\" is not in: %s", error, watch.error);
    pg_sql(cure);
    wait_until(is_up, watch.store);
    assert_int_equal(watch.downs, 1);
    assert_int_equal(watch.ups, 1);
    box_remove_store(watch.store);
}

void schema_of_another_version(void **state)
{
    static const char RIGHT[] = "CREATE OR REPLACE FUNCTION"
        " convoy.schema_version() RETURNS int LANGUAGE sql AS 'SELECT 3'";

    (void) state;
    pg_sql("CREATE OR REPLACE FUNCTION convoy.schema_version() RETURNS int"
           " LANGUAGE sql AS 'SELECT 99'");
    assert_mended(STORE_INTAKE, "version 99, this module knows 3: upgrade",
                  RIGHT);
    pg_sql("CREATE OR REPLACE FUNCTION convoy.schema_version() RETURNS int"
           " LANGUAGE sql AS 'SELECT 0'");
    assert_mended(STORE_INTAKE, "version 0, this module needs 3: run"
                  " convoyctl init", RIGHT);
}

void schema_of_other_types(void **state)
{
    (void) state;
    pg_sql("ALTER TYPE convoy.group_row ALTER ATTRIBUTE attempt TYPE int");
    assert_mended(STORE_SCHEDULER, "group_claim: column attempt is not of"
                  " the type",
                  "ALTER TYPE convoy.group_row ALTER ATTRIBUTE attempt TYPE"
                  " smallint");
}

void rights_are_missing(void **state)
{
    (void) state;
    pg_sql("REVOKE EXECUTE ON FUNCTION convoy.push_store FROM"
           " convoy_intake");
    assert_mended(STORE_INTAKE, "may not execute convoy.push_store: run"
                  " convoyctl init, or GRANT convoy_intake",
                  "GRANT EXECUTE ON FUNCTION convoy.push_store TO"
                  " convoy_intake");
}

void schema_is_missing(void **state)
{
    (void) state;
    pg_sql("ALTER SCHEMA convoy RENAME TO elsewhere");
    assert_mended(STORE_NOTIFIER, "run convoyctl init",
                  "ALTER SCHEMA elsewhere RENAME TO convoy");
}

void server_is_away(void **state)
{
    int64_t until = now_us() + 1500000;
    Watch watch;

    (void) state;
    watch_open(&watch, "host=/nowhere dbname=x", STORE_INTAKE);
    while (now_us() < until) {
        run_once(50);
        assert_in_range(store_poll_timeout(watch.store, now_us()), 0, 2000);
    }
    assert_int_equal(watch.downs, 1);   /* once, not at every attempt */
    assert_non_null(strstr(watch.error, "/nowhere"));
    assert_null(strchr(watch.error, '\n'));
    box_remove_store(watch.store);
}

void conninfo_is_unreadable(void **state)
{
    Watch watch;

    (void) state;
    watch_open(&watch, "host", STORE_INTAKE);
    wait_until(was_told, &watch);
    assert_non_null(strstr(watch.error, "connection string: missing \"=\""));
    box_remove_store(watch.store);
}

/* A port on which nobody answers. */
static int listen_silently(int *port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)
    };
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_not_equal(fd, -1);
    assert_int_equal(bind(fd, (struct sockaddr *) &address, len), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *) &address, &len), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

void silent_host_is_passed_over(void **state)
{
    char conninfo[512];
    Watch watch;
    int port, fd = listen_silently(&port);

    (void) state;
    snprintf(conninfo, sizeof(conninfo), "host=127.0.0.1,%s port=%d,%s"
             " user=convoy dbname=store_case connect_timeout=1",
             getenv("PGHOST"), port, getenv("PGPORT"));
    watch_open(&watch, conninfo, STORE_INTAKE);
    wait_until(is_up, watch.store);
    assert_int_equal(watch.downs, 1);
    assert_non_null(strstr(watch.error, "no answer for 1 s"));
    box_remove_store(watch.store);
    close(fd);
}

/* --- store_check -------------------------------------------------------- */

static void assert_wrong(const char *conninfo, const char *deployment,
                         double timeout_s, const char *words)
{
    char *wrong = store_check(conninfo, deployment, timeout_s);

    if (words == NULL) {
        assert_null(wrong);
    } else {
        assert_non_null(wrong);
        if (strstr(wrong, words) == NULL || strchr(wrong, '\n') != NULL)
            fail_msg("\"%s\" is not in: %s", words, wrong);
    }
    store_text_free(wrong);
}

void check_at_start(void **state)
{
    char silent[256];
    int port, fd = listen_silently(&port);

    (void) state;
    assert_wrong(backend_conninfo(), "test", 10, NULL);
    assert_wrong(backend_conninfo(), "other", 10,
                 "holds the queue of deployment \"test\"");
    assert_wrong("host=/nowhere dbname=x", "test", 10, "/nowhere");
    assert_wrong("nonsense", "test", 10, "connection string");
    snprintf(silent, sizeof(silent), "host=127.0.0.1 port=%d dbname=x", port);
    assert_wrong(silent, "test", 0.3, "no answer");
    pg_sql("REVOKE USAGE ON SCHEMA convoy FROM convoy_intake,"
           " convoy_scheduler, convoy_notifier, convoy_monitor");
    assert_wrong(backend_conninfo(), "test", 10, "convoyctl init");
    close(fd);
}

static bool has_lease_wake(void *arg)
{
    return ((Box *) arg)->lease_wakes > 0;
}

void leases_hear_of_a_new_box(void **state)
{
    Box a, b;

    (void) state;
    box_open(&a, "a");
    box_start(&a);
    wait_until(has_lease_wake, &a);     /* its own */
    a.lease_wakes = 0;
    box_open(&b, "b");
    box_start(&b);
    wait_until(has_lease_wake, &a);
    box_close(&a);
    box_close(&b);
}

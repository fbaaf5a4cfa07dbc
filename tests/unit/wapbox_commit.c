/*
 * wapbox_commit.c - who is answered what, and when
 *
 * The database is a fake that keeps one batch until the test says what
 * becomes of it; the clients are numbers, and answers land in a list. Time
 * is the test's own.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "wapbox/answer.h"
#include "wapbox/commit.h"

/* gwlib keeps these for itself. */
#undef malloc
#undef free

/* --- the host ----------------------------------------------------------- */

void info(int code, const char *format, ...)
{
    (void)code, (void)format;
}

void warning(int code, const char *format, ...)
{
    (void)code, (void)format;
}

void error(int code, const char *format, ...)
{
    (void)code, (void)format;
}

/* --- clients ------------------------------------------------------------ */

static char answers[2000];      /* "id:code id:code ..." in order */
static int pushes_alive;
static char clients[1000];      /* only their addresses count */

void answer_push(Push *push, int code, const char *desc)
{
    const size_t used = strlen(answers);

    (void)desc;
    assert_non_null(push->client);
    push->client = NULL;
    snprintf(answers + used, sizeof(answers) - used, "%s%s:%d",
             used > 0 ? " " : "", push->pap.push_id, code);
}

void push_destroy(Push *push)
{
    assert_null(push->client);
    --pushes_alive;
    free(push->pap.push_id);
    free(push);
}

static void assert_answers(const char *expected)
{
    assert_string_equal(answers, expected);
    answers[0] = '\0';
}

static Push *add(Commit *commit, const char *id, int64_t answer_by)
{
    static char empty[] = "";
    static PushTarget targets[PAP_MAX_ADDRESSES];   /* as good as any */
    Push *push = malloc(sizeof(*push));

    memset(push, 0, sizeof(*push));
    push->client = (HTTPClient *)(void *)&clients[pushes_alive++];
    push->answer_by_us = answer_by;
    push->pap.push_id = malloc(strlen(id) + 1);
    strcpy(push->pap.push_id, id);
    push->targets = targets;
    push->target_count = 1;
    push->pi = push->route = empty;
    push->sender = push->service = push->payload = empty;
    push->segments = 1;
    commit_add(commit, push);
    return push;
}

/* --- the database ------------------------------------------------------- */

static char batch[2000];        /* the push-ids in flight */
static int batch_size, batch_groups, wakes;
static StorePushDone *done;
static void *done_arg;

void store_push(Store *store, const StorePush *pushes, int n,
                const StoreNewGroup *groups, int m, int64_t lifetime_us,
                int64_t receipt_timeout_us, StorePushDone *callback,
                void *arg)
{
    int i;

    (void)store, (void)lifetime_us, (void)receipt_timeout_us;
    assert_int_equal(batch_size, 0);            /* one in flight */
    assert_int_equal(groups[0].push, 0);
    assert_int_equal(groups[m - 1].push, n - 1);
    batch[0] = '\0';
    for (i = 0; i < n; ++i) {
        if (n < 10)
            snprintf(batch + strlen(batch), sizeof(batch) - strlen(batch),
                     "%s%s", i > 0 ? " " : "", pushes[i].push_id);
    }
    batch_size = n;
    batch_groups = m;
    done = callback;
    done_arg = arg;
}

void store_wake(Store *store)
{
    (void)store;
    ++wakes;
}

int store_outstanding(const Store *store)
{
    (void)store;
    return batch_size > 0;
}

const char *store_error(const Store *store)
{
    (void)store;
    return "";
}

/* The batch ends; `known` is the index of a duplicate, -1: none. */
static void end_batch(StoreOutcome outcome, int known)
{
    const int n = batch_size;
    int codes[300], i;

    for (i = 0; i < n; ++i)
        codes[i] = i != known ? PAP_CODE_ACCEPTED
                              : PAP_CODE_DUPLICATE_PUSH_ID;
    batch_size = 0;
    batch[0] = '\0';
    done(done_arg, outcome, outcome == STORE_DONE ? codes : NULL, n);
}

/* --- the tests ---------------------------------------------------------- */

static Config config;
static Commit *commit;

static int start(void **state)
{
    (void)state;
    config.concat_bits = 8;
    commit = commit_create(&config, NULL);
    commit_set_state(commit, STORE_UP);
    answers[0] = '\0';
    wakes = 0;
    return 0;
}

/* Whatever a test does, each push is answered once and freed. */
static int finish(void **state)
{
    (void)state;
    if (batch_size > 0)
        end_batch(STORE_LOST, -1);
    commit_destroy(commit);
    return pushes_alive;
}

static void sends_a_lone_one_at_once(void **state)
{
    (void)state;
    add(commit, "a", 1000);
    assert_int_equal(commit_next_time(commit, 5), 5);
    commit_run(commit, 5);
    assert_string_equal(batch, "a");
    assert_answers("");
    assert_true(commit_owes_answer(commit));
    end_batch(STORE_DONE, -1);
    assert_answers("a:1001");
    assert_false(commit_owes_answer(commit));
}

static void collects_while_one_is_in_flight(void **state)
{
    (void)state;
    add(commit, "a", 1000);
    commit_run(commit, 0);
    add(commit, "b", 1000);
    add(commit, "c", 1000);
    commit_run(commit, 1);
    assert_string_equal(batch, "a");
    assert_int_equal(commit_gathers_until(commit), 5000);
    end_batch(STORE_DONE, -1);
    assert_answers("a:1001");
    assert_int_equal(commit_gathers_until(commit), 0);
    commit_run(commit, 2);
    assert_string_equal(batch, "b c");
    end_batch(STORE_DONE, 1);
    assert_answers("b:1001 c:2007");
}

/* After a burst the next batch is worth a moment; a lone one is not. */
static void gathers_after_a_burst(void **state)
{
    static const char *const ids[] = { "a", "b", "c", "d", "e", "f", "g",
                                       "h" };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
        add(commit, ids[i], 100000);
    commit_run(commit, 100);
    assert_string_equal(batch, "a b c d e f g h");
    end_batch(STORE_DONE, -1);
    add(commit, "i", 100000);
    commit_run(commit, 101);
    assert_int_equal(batch_size, 0);
    assert_int_equal(commit_next_time(commit, 101), 4100);
    assert_int_equal(commit_gathers_until(commit), 4100);
    commit_run(commit, 4100);
    assert_string_equal(batch, "i");
    end_batch(STORE_DONE, -1);
    add(commit, "j", 100000);
    commit_run(commit, 4101);
    assert_string_equal(batch, "j");
    end_batch(STORE_DONE, -1);
}

static void bounds_a_batch(void **state)
{
    char id[20];
    int i;

    (void)state;
    for (i = 0; i < 300; ++i) {
        snprintf(id, sizeof(id), "%d", i);
        add(commit, id, 1000);
    }
    commit_run(commit, 0);
    assert_int_equal(batch_size, 256);
    end_batch(STORE_DONE, -1);
    commit_run(commit, 1);
    assert_int_equal(batch_size, 44);
    end_batch(STORE_DONE, -1);
    assert_int_equal(pushes_alive, 0);
}

/* The addresses count: a push to many shares with few. */
static void bounds_the_groups_of_a_batch(void **state)
{
    (void)state;
    add(commit, "a", 1000);
    add(commit, "many", 1000)->target_count = PAP_MAX_ADDRESSES;
    add(commit, "some", 1000)->target_count = PAP_MAX_ADDRESSES - 1;
    add(commit, "b", 1000);
    add(commit, "c", 1000);
    commit_run(commit, 0);
    assert_string_equal(batch, "a");
    end_batch(STORE_DONE, -1);
    commit_run(commit, 1);
    assert_string_equal(batch, "many");
    assert_int_equal(batch_groups, PAP_MAX_ADDRESSES);
    end_batch(STORE_DONE, -1);
    commit_run(commit, 2);
    assert_string_equal(batch, "some b");
    assert_int_equal(batch_groups, PAP_MAX_ADDRESSES);
    end_batch(STORE_DONE, -1);
    commit_run(commit, 3);
    assert_string_equal(batch, "c");
    end_batch(STORE_DONE, -1);
}

/* What it replaces must be in before it. */
static void parts_from_what_it_replaces(void **state)
{
    (void)state;
    add(commit, "old", 1000);
    add(commit, "new", 1000)->alone = true;
    add(commit, "other", 1000);
    commit_run(commit, 0);
    assert_string_equal(batch, "old");
    end_batch(STORE_DONE, -1);
    commit_run(commit, 1);
    assert_string_equal(batch, "new");
    end_batch(STORE_DONE, -1);
    commit_run(commit, 2);
    assert_string_equal(batch, "other");
    end_batch(STORE_DONE, -1);
}

static void does_not_wait_for_a_database_that_hangs(void **state)
{
    (void)state;
    add(commit, "a", 1000);
    commit_run(commit, 0);
    add(commit, "b", 1500);
    assert_int_equal(commit_next_time(commit, 0), 1000);
    commit_run(commit, 999);
    assert_answers("");
    commit_run(commit, 1000);
    assert_answers("a:4001");
    assert_int_equal(commit_next_time(commit, 1000), 1500);
    commit_run(commit, 1500);
    assert_answers("b:4001");
    assert_int_equal(commit_next_time(commit, 1500), INT64_MAX);
    assert_false(commit_owes_answer(commit));
    assert_true(commit_is_busy(commit));
    end_batch(STORE_DONE, -1);                  /* a was stored after all */
    assert_answers("");
    commit_run(commit, 11000);
    assert_int_equal(batch_size, 0);            /* b never will be */
    assert_int_equal(wakes, 1);
}

static void answers_at_once_while_it_is_gone(void **state)
{
    (void)state;
    add(commit, "a", 1000);
    commit_run(commit, 0);
    add(commit, "b", 1000);
    end_batch(STORE_LOST, -1);
    assert_answers("a:4001");
    commit_set_state(commit, STORE_DOWN);
    commit_run(commit, 1);
    assert_answers("b:4001");
    add(commit, "c", 1000);
    commit_run(commit, 2);
    assert_answers("c:4001");
    commit_set_state(commit, STORE_UP);
    add(commit, "d", 1000);
    commit_run(commit, 3);
    assert_string_equal(batch, "d");
}

static void waits_for_the_first_connection(void **state)
{
    Commit *fresh = commit_create(&config, NULL);

    (void)state;
    add(fresh, "a", 1000);
    commit_set_state(fresh, STORE_DOWN);
    commit_run(fresh, 0);
    assert_answers("");
    assert_int_equal(commit_next_time(fresh, 0), 1000);
    commit_set_state(fresh, STORE_UP);
    commit_run(fresh, 1);
    assert_string_equal(batch, "a");
    end_batch(STORE_DONE, -1);
    assert_answers("a:1001");
    commit_destroy(fresh);
}

static void lets_only_the_bad_one_pay(void **state)
{
    (void)state;
    add(commit, "a", 1000);
    add(commit, "bad", 1000);
    add(commit, "c", 1000);
    commit_run(commit, 0);
    add(commit, "d", 1000);
    assert_string_equal(batch, "a bad c");
    end_batch(STORE_FAILED, -1);
    assert_answers("");
    commit_run(commit, 1);
    assert_string_equal(batch, "a");
    end_batch(STORE_DONE, -1);
    commit_run(commit, 2);
    assert_string_equal(batch, "bad");
    end_batch(STORE_FAILED, -1);
    commit_run(commit, 3);
    assert_string_equal(batch, "c");
    end_batch(STORE_DONE, -1);
    commit_run(commit, 4);
    assert_string_equal(batch, "d");
    end_batch(STORE_DONE, -1);
    assert_answers("a:1001 bad:4001 c:1001 d:1001");
}

/* A lock, a full disk: it is nobody's fault, and trying each alone would only
 * make all wait. */
static void lets_nobody_pay_for_the_server(void **state)
{
    (void)state;
    add(commit, "a", 1000);
    add(commit, "b", 1000);
    commit_run(commit, 0);
    add(commit, "c", 1000);
    end_batch(STORE_BUSY, -1);
    assert_answers("a:4001 b:4001");
    commit_run(commit, 1);
    assert_string_equal(batch, "c");
    end_batch(STORE_DONE, -1);
    assert_answers("c:1001");
}

static void wakes_not_too_often(void **state)
{
    int i;

    (void)state;
    for (i = 0; i < 20; ++i) {
        add(commit, "a", 1000000);
        commit_run(commit, 10000 + i * 1000);
        end_batch(STORE_DONE, -1);
    }
    assert_int_equal(wakes, 2);                 /* 11 and 21 ms */
    assert_int_equal(commit_next_time(commit, 29000), 31000);
    commit_run(commit, 31000);
    assert_int_equal(wakes, 3);
    commit_run(commit, 99000);
    assert_int_equal(wakes, 3);
    assert_false(commit_is_busy(commit));
    add(commit, "a", 1000000);
    commit_run(commit, 99000);
    end_batch(STORE_DONE, 0);                   /* a duplicate wakes nobody */
    commit_run(commit, 99000);
    assert_int_equal(wakes, 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sends_a_lone_one_at_once),
        TEST(collects_while_one_is_in_flight),
        TEST(gathers_after_a_burst),
        TEST(bounds_a_batch),
        TEST(bounds_the_groups_of_a_batch),
        TEST(parts_from_what_it_replaces),
        TEST(does_not_wait_for_a_database_that_hangs),
        TEST(answers_at_once_while_it_is_gone),
        TEST(waits_for_the_first_connection),
        TEST(lets_only_the_bad_one_pay),
        TEST(lets_nobody_pay_for_the_server),
        TEST(wakes_not_too_often)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

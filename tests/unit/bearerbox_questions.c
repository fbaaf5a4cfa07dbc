/*
 * bearerbox_questions.c - which link asks what, and how questions end
 *
 * Time is an argument: no test here waits.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bearerbox/questions.h"

#define SECOND INT64_C(1000000)

static WireLink there[4];
static int n_there;

static struct {
    unsigned long serial;
    uint64_t number;
    char message_id[32];
} asked[64];
static int n_asked;
static WireSend answer;

static int fake_links(const char *route, const char *receiver,
                      WireLink *links, int max)
{
    (void) route;
    (void) receiver;
    assert_true(n_there <= max);
    memcpy(links, there, sizeof(there));
    return n_there;
}

static WireSend fake_ask(unsigned long serial, const WireQuestion *question)
{
    if (answer != WIRE_OK)
        return answer;
    asked[n_asked].serial = serial;
    asked[n_asked].number = question->number;
    strcpy(asked[n_asked++].message_id, question->message_id);
    return WIRE_OK;
}

static const Wire wire = { .links = fake_links, .ask = fake_ask };

static void link_there(unsigned long serial, const char *id, bool active,
                       bool can_ask)
{
    WireLink *link = &there[n_there++];

    memset(link, 0, sizeof(*link));
    link->serial = serial;
    strcpy(link->smsc_id, id);
    link->active = active;
    link->can_ask = can_ask;
}

static Questions *questions;

static int begin(void **state)
{
    (void) state;
    n_there = n_asked = 0;
    answer = WIRE_OK;
    questions = questions_create(&wire);
    return 0;
}

static int end(void **state)
{
    (void) state;
    questions_destroy(questions);
    return 0;
}

/* About copy 1 of a group, which went over that link of SMSC "A". */
static void add(int64_t group, unsigned long link)
{
    Question *question = calloc(1, sizeof(*question));

    question->what = WIRE_CANCEL;
    question->about.group = group;
    question->about.copy = 1;
    question->about.link = link;
    strcpy(question->about.smsc_id, "A");
    question->sender = strdup("12345");
    question->receiver = strdup("+4670");
    question->message_id = strdup("26");
    question->written = strdup("1A");
    questions_add(questions, question, 0);
}

static void failed(int n)
{
    Question *question;

    while ((question = questions_failed(questions)) != NULL) {
        question_free(question);
        n--;
    }
    assert_int_equal(n, 0);
}

static void take(uint64_t number)
{
    Question *question = questions_take(questions, number);

    assert_non_null(question);
    question_free(question);
}

static void its_own_link_or_another(void **state)
{
    (void) state;
    link_there(1, "A", true, true);
    link_there(2, "A", true, true);
    link_there(3, "B", true, true);
    add(7, 2);
    assert_int_equal(questions_next_time(questions, 5), 5);
    questions_pump(questions, 0);
    assert_int_equal(n_asked, 1);
    assert_int_equal(asked[0].serial, 2);
    assert_string_equal(asked[0].message_id, "1A");
    assert_true(questions_has(questions, WIRE_CANCEL, 7, 1));
    assert_false(questions_has(questions, WIRE_QUERY, 7, 1));
    assert_false(questions_has(questions, WIRE_CANCEL, 7, 2));
    there[1].active = false;
    add(8, 2);
    add(9, 0);                          /* of another process's link */
    questions_pump(questions, 0);
    assert_int_equal(asked[1].serial, 1);
    assert_int_equal(asked[2].serial, 1);
    assert_null(questions_take(questions, 99));
    take(asked[1].number);
    assert_null(questions_take(questions, asked[1].number));
    assert_int_equal(questions_next_time(questions, 5), INT64_MAX);
    failed(0);
}

static void none_that_can(void **state)
{
    (void) state;
    link_there(1, "A", true, false);    /* a driver without cancels */
    link_there(2, "B", true, true);     /* another SMSC */
    add(7, 1);
    questions_pump(questions, 0);
    assert_int_equal(n_asked, 0);
    failed(1);
}

static void one_that_is_away(void **state)
{
    (void) state;
    link_there(1, "A", false, true);
    add(7, 1);
    add(8, 1);
    questions_pump(questions, 0);
    failed(0);
    questions_forget(questions, 8);
    there[0].active = true;
    answer = WIRE_NO_LINK;              /* it went just now */
    questions_pump(questions, 5 * SECOND);
    failed(0);
    there[0].active = false;
    questions_pump(questions, 21 * SECOND);
    failed(1);
    assert_int_equal(questions_count(questions), 0);
}

static void no_more_than_the_quota(void **state)
{
    int first, i;

    (void) state;
    link_there(1, "A", true, true);
    link_there(2, "A", true, true);
    for (i = 0; i < 50; i++)
        add(i, 1);
    questions_pump(questions, 0);
    first = n_asked;
    assert_in_range(first, 2, 40);
    for (i = 0; i < first; i++)
        assert_int_equal(asked[i].serial, i < first / 2 ? 1 : 2);
    questions_pump(questions, SECOND);
    assert_int_equal(n_asked, first);
    take(asked[0].number);
    questions_pump(questions, SECOND);  /* at once, since a place is free */
    assert_int_equal(n_asked, first + 1);
    assert_int_equal(asked[first].serial, 1);
    questions_pump(questions, 30 * SECOND);
    failed(50 - first - 1);
}

static void asked_again(void **state)
{
    Question *question;

    (void) state;
    link_there(1, "A", true, true);
    add(7, 1);
    questions_pump(questions, 0);
    question = questions_take(questions, asked[0].number);
    assert_true(questions_again(questions, question, SECOND));
    assert_true(questions_has(questions, WIRE_CANCEL, 7, 1));
    questions_pump(questions, SECOND / 2);
    assert_int_equal(n_asked, 1);
    questions_pump(questions, SECOND);
    assert_int_equal(n_asked, 2);
    assert_int_not_equal(asked[0].number, asked[1].number);
    question = questions_take(questions, asked[1].number);
    assert_false(questions_again(questions, question, 20 * SECOND));
    question_free(question);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(its_own_link_or_another),
        TEST(none_that_can),
        TEST(one_that_is_away),
        TEST(no_more_than_the_quota),
        TEST(asked_again)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * wapbox_notify_allow.c - which addresses a notification may go to
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "wapbox/notify_allow.h"

static bool check(const NotifyAllow *allow, const char *host,
                  const char *address)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

    if (inet_pton(AF_INET, address, &v4.sin_addr) == 1)
        return notify_allow_check(allow, host, (struct sockaddr *)&v4);
    assert_int_equal(inet_pton(AF_INET6, address, &v6.sin6_addr), 1);
    return notify_allow_check(allow, host, (struct sockaddr *)&v6);
}

static void judges(void **state)
{
    static const struct {
        const char *list, *host, *address;
        bool allowed;
    } cases[] = {
        /* the default rule */
        { "", "pi.example", "192.0.2.1", true },
        { "", "pi.example", "10.1.2.3", true },
        { "", "pi.example", "2001:db8::1", true },
        { "", "pi.example", "fd00::1", true },
        { "", "localhost", "127.0.0.1", false },
        { "", "pi.example", "127.255.255.254", false },
        { "", "pi.example", "128.0.0.0", true },
        { "", "pi.example", "126.255.255.255", true },
        { "", "pi.example", "0.0.0.0", false },
        { "", "pi.example", "169.254.169.254", false },
        { "", "pi.example", "169.253.255.255", true },
        { "", "pi.example", "224.0.0.1", false },
        { "", "pi.example", "255.255.255.255", false },
        { "", "pi.example", "::", false },
        { "", "pi.example", "::1", false },
        { "", "pi.example", "::2", false },         /* of 0.0.0.0/8 */
        { "", "pi.example", "::127.0.0.1", false },
        { "", "pi.example", "::192.0.2.1", true },
        { "", "pi.example", "64:ff9b::127.0.0.1", false },
        { "", "pi.example", "64:ff9b::192.0.2.1", true },
        { "", "pi.example", "2002:7f00:1::1", false },
        { "", "pi.example", "2002:c000:201::1", true },
        { "", "pi.example", "fe80::1", false },
        { "", "pi.example", "febf::1", false },
        { "", "pi.example", "fec0::1", true },
        { "", "pi.example", "ff02::1", false },
        { "", "pi.example", "::ffff:127.0.0.1", false },
        { "", "pi.example", "::ffff:169.254.169.254", false },
        { "", "pi.example", "::ffff:192.0.2.1", true },
        /* addresses and networks */
        { "127.0.0.1", "x", "127.0.0.1", true },
        { "127.0.0.1", "x", "127.0.0.2", false },
        { "127.0.0.1", "x", "::ffff:127.0.0.1", true },
        { "127.0.0.1", "x", "192.0.2.1", true },
        { "::1", "x", "::1", true },
        { "::1", "x", "127.0.0.1", false },
        { "127.0.0.0/8", "x", "127.9.9.9", true },
        { "127.0.0.0/31", "x", "127.0.0.1", true },
        { "127.0.0.0/31", "x", "127.0.0.2", false },
        { "fe80::/10", "x", "fe80::1", true },
        { "0.0.0.0/0", "x", "127.0.0.1", true },
        { "0.0.0.0/0", "x", "::1", false },
        { "::/0", "x", "127.0.0.1", true },
        /* names, and lists */
        { "localhost", "localhost", "127.0.0.1", true },
        { "localhost", "LocalHost", "127.0.0.1", true },
        { "localhost", "other", "127.0.0.1", false },
        { " a.example,, ::1\t, 127.0.0.5 ", "x", "127.0.0.5", true },
        { " a.example,, ::1\t, 127.0.0.5 ", "A.example", "127.0.0.9", true },
        { " a.example,, ::1\t, 127.0.0.5 ", "x", "127.0.0.6", false },
        /* the first that fits decides */
        { "!10.0.0.0/8", "x", "10.1.2.3", false },
        { "!10.0.0.0/8", "x", "192.0.2.1", true },
        { "!10.0.0.0/8", "x", "127.0.0.1", false },
        { "10.1.0.0/16 !10.0.0.0/8", "x", "10.1.2.3", true },
        { "10.1.0.0/16 !10.0.0.0/8", "x", "10.2.2.3", false },
        { "!10.0.0.0/8 10.1.0.0/16", "x", "10.1.2.3", false },
        { "a.example 192.0.2.0/24 !::/0", "a.example", "10.0.0.1", true },
        { "a.example 192.0.2.0/24 !::/0", "b.example", "10.0.0.1", false },
        { "a.example 192.0.2.0/24 !::/0", "b.example", "192.0.2.9", true },
        { "a.example 192.0.2.0/24 !::/0", "b.example", "2001:db8::1", false },
        { "!bad.example", "Bad.example", "192.0.2.1", false },
        { "!bad.example", "bad.example.", "192.0.2.1", false },
        { "!bad.example.", "bad.example", "192.0.2.1", false },
        { "!bad.example", "bad.example..", "192.0.2.1", true },
        { "!bad.example", "bad.exampl", "192.0.2.1", true },
        { "localhost", "localhost.", "127.0.0.1", true },
        /* what an address stands for */
        { "!10.0.0.0/8", "x", "64:ff9b::10.1.2.3", false },
        { "!10.0.0.0/8", "x", "2002:a01:203::1", false },
        { "!10.0.0.0/8", "x", "64:ff9b::11.1.2.3", true },
        { "!10.0.0.0/8", "x", "2002:b01:203::1", true },
        { "127.0.0.1", "x", "64:ff9b::127.0.0.1", false },
        { "64:ff9b::/96 !10.0.0.0/8", "x", "64:ff9b::10.1.2.3", true }
    };
    NotifyAllow *allow;
    char wrong[200];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        allow = notify_allow_create(cases[i].list, wrong, sizeof(wrong));
        assert_non_null(allow);
        if (check(allow, cases[i].host, cases[i].address) !=
            cases[i].allowed)
            fail_msg("[%s] %s %s", cases[i].list, cases[i].host,
                     cases[i].address);
        notify_allow_destroy(allow);
    }
}

static void refuses_lists(void **state)
{
    static const char *const cases[] = {
        "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x",
        "::1/129", "10.0.0", "1.2.3.4.5", "999.1.1.1", "[::1]",
        "http://pi.example/", "pi.example:80", "good.example b@d",
        "!", "!!a.example", "a!b",
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
    };
    char wrong[400];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        if (notify_allow_create(cases[i], wrong, sizeof(wrong)) != NULL)
            fail_msg("taken: %s", cases[i]);
        assert_non_null(strstr(wrong, "neither a host name"));
    }
}

static void bars_the_database(void **state)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
    char wrong[200];
    NotifyAllow *allow = notify_allow_create("192.0.2.2", wrong,
                                             sizeof(wrong));
    int i;

    (void)state;
    inet_pton(AF_INET, "192.0.2.1", &v4.sin_addr);
    inet_pton(AF_INET6, "2001:db8::5", &v6.sin6_addr);
    assert_true(check(allow, "x", "192.0.2.1"));
    notify_allow_bar(allow, (struct sockaddr *)&v4);
    notify_allow_bar(allow, (struct sockaddr *)&v6);
    assert_false(check(allow, "x", "192.0.2.1"));
    assert_false(check(allow, "x", "::ffff:192.0.2.1"));
    assert_false(check(allow, "x", "64:ff9b::192.0.2.1"));
    assert_false(check(allow, "x", "2001:db8::5"));
    assert_true(check(allow, "x", "192.0.2.3"));

    /* The operator's word counts more. */
    inet_pton(AF_INET, "192.0.2.2", &v4.sin_addr);
    notify_allow_bar(allow, (struct sockaddr *)&v4);
    assert_true(check(allow, "x", "192.0.2.2"));

    for (i = 0; i < 100; ++i) {
        v4.sin_addr.s_addr = htonl(0x0A000000 + (in_addr_t)i);
        notify_allow_bar(allow, (struct sockaddr *)&v4);
    }
    assert_false(check(allow, "x", "10.0.0.99"));
    assert_true(check(allow, "x", "10.0.0.1"));
    notify_allow_destroy(allow);
}

static void refuses_other_families(void **state)
{
    const struct sockaddr_un local = { .sun_family = AF_UNIX };
    char wrong[200];
    NotifyAllow *allow = notify_allow_create("::/0", wrong, sizeof(wrong));

    (void)state;
    assert_false(notify_allow_check(allow, "x",
                                    (const struct sockaddr *)&local));
    notify_allow_destroy(allow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges),
        cmocka_unit_test(refuses_lists),
        cmocka_unit_test(bars_the_database),
        cmocka_unit_test(refuses_other_families)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * core_segment.c - how a push is cut, octet by octet
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/segment.h"

static const uint8_t ports[SEGMENT_PORTS] = { 0x0B, 0x84, 0x23, 0xF0 };

static void how_many_segments(void **state)
{
    static const struct {
        size_t length;
        int bits;
        int expected;
    } cases[] = {
        { 0, 8, 1 }, { 1, 8, 1 }, { 133, 8, 1 }, { 133, 16, 1 },
        { 134, 8, 2 }, { 256, 8, 2 }, { 257, 8, 3 }, { 384, 8, 3 },
        { 385, 8, 4 }, { 1280, 8, 10 }, { 1281, 8, 11 },
        { 134, 16, 2 }, { 254, 16, 2 }, { 255, 16, 3 }, { 1270, 16, 10 },
        { 255 * 128, 8, 255 }, { 255 * 128 + 1, 8, -1 },
        { 255 * 127, 16, 255 }, { 255 * 127 + 1, 16, -1 },
        { SIZE_MAX, 8, -1 },
    };

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int got = segment_count(cases[i].length, cases[i].bits);

        if (got != cases[i].expected)
            fail_msg("%zu octets, %d bits: got %d, expected %d",
                     cases[i].length, cases[i].bits, got, cases[i].expected);
    }
}

static void the_udh_of_a_segment(void **state)
{
    static const struct {
        size_t length;
        int bits;
        unsigned reference;
        int index;
        const char *udh;
        size_t from, len;
    } cases[] = {
        { 133, 8, 7, 0, "0605040b8423f0", 0, 133 },
        { 5, 16, 7, 0, "0605040b8423f0", 0, 5 },
        { 300, 8, 0xAB, 0, "0b05040b8423f00003ab0301", 0, 128 },
        { 300, 8, 0xAB, 1, "0b05040b8423f00003ab0302", 128, 128 },
        { 300, 8, 0xAB, 2, "0b05040b8423f00003ab0303", 256, 44 },
        { 256, 8, 0, 1, "0b05040b8423f00003000202", 128, 128 },
        { 300, 8, 0x1AB, 0, "0b05040b8423f00003ab0301", 0, 128 },
        { 300, 16, 0x1AB, 0, "0c05040b8423f0080401ab0301", 0, 127 },
        { 300, 16, 0x1AB, 2, "0c05040b8423f0080401ab0303", 254, 46 },
    };

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        Segment s = segment_make(cases[i].length, cases[i].bits,
                                 cases[i].reference, ports, cases[i].index);
        char udh[2 * SEGMENT_MAX_UDH + 1] = "";

        for (size_t k = 0; k < s.udh_len; k++)
            snprintf(udh + 2 * k, 3, "%02x", s.udh[k]);
        assert_string_equal(udh, cases[i].udh);
        assert_int_equal(s.from, cases[i].from);
        assert_int_equal(s.len, cases[i].len);
    }
}

/* Every octet once, in order, and no segment above 140. */
static void the_segments_are_the_payload(void **state)
{
    (void) state;
    for (int bits = 8; bits <= 16; bits += 8) {
        for (size_t length = 0; length < 1500; length++) {
            int total = segment_count(length, bits);
            size_t at = 0;

            for (int i = 0; i < total; i++) {
                Segment s = segment_make(length, bits, 1, ports, i);

                assert_int_equal(s.from, at);
                assert_true(s.len > 0 || length == 0);
                assert_true(s.udh_len + s.len <= 140);
                assert_int_equal(s.udh[0], s.udh_len - 1);
                at += s.len;
            }
            assert_int_equal(at, length);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(how_many_segments),
        cmocka_unit_test(the_udh_of_a_segment),
        cmocka_unit_test(the_segments_are_the_payload),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

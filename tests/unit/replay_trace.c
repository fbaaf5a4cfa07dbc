/*
 * replay_trace.c - the reader and the writer of traces
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../replay/octets.h"
#include "../replay/trace.h"

#define BEGIN \
    "{\"convoy-trace\":1,\"source\":\"test\",\"pseudonyms\":false}\n"
#define PUSH "{\"ev\":\"push\",\"t\":0,\"push\":1}\n"
#define SUBMIT "{\"ev\":\"submit\",\"t\":0,\"submit\":1,\"dst\":\"46\"}\n"
#define UP "{\"ev\":\"link\",\"t\":0,\"link\":1,\"state\":\"up\"}\n"

static FILE *memory(const void *text, size_t size)
{
    FILE *file = tmpfile();

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    rewind(file);
    return file;
}

/* Reads to the end or to the error, which it puts into `error`. */
static void read_all(const void *text, size_t size,
                     char error[TRACE_ERROR_SIZE])
{
    struct trace_reader *reader = trace_open_file(memory(text, size), "x",
                                                  error);
    struct trace_record record;
    int found;

    if (reader == NULL)
        return;
    while ((found = trace_read(reader, &record)) > 0)
        continue;
    strcpy(error, trace_error(reader));
    assert_int_equal(found, error[0] == '\0' ? 0 : -1);
    trace_close(reader);
}

static void refuses(void **state)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        { "", "x:1: no trace: it is empty" },
        { "\n", "x:1: no JSON" },
        { "[]\n", "x:1: no JSON object" },
        { "{}\n", "x:1: no trace: the first line has no number" },
        { "{\"convoy-trace\":2}\n", "x:1: a trace of version 2" },
        { "{\"convoy-trace\":1}\n", "x:1: the first line needs "
          "\"pseudonyms\"" },
        { "{\"convoy-trace\":1,\"pseudonyms\":false}\n", "needs \"source\"" },
        { "{\"convoy-trace\":1,\"pseudonyms\":true,\"source\":\"a\"}\n",
          "\"pseudonyms\" is no text" },
        { "{\"convoy-trace\":1,\"pseudonyms\":\"12\",\"source\":\"a\"}\n",
          "neither false nor 16" },
        { "{\"convoy-trace\":1,\"pseudonyms\":false,\"source\":\"a\","
          "\"begin\":\"2026-01-01\"}\n", "\"begin\" is no time" },
        { "{\"convoy-trace\":1,\"pseudonyms\":false,\"source\":\"a\","
          "\"more\":1}\n", "the first line has no \"more\"" },
        { "{\"convoy-trace\":1,\"pseudonyms\":false,\"source\":\"a\","
          "\"unknown\":[\"weather\"]}\n", "\"unknown\" holds" },
        { "{\"convoy-trace\":1,\"pseudonyms\":false,\"source\":\"a\","
          "\"unknown\":[\"push\"]}\n" PUSH, "x:2: a push, which" },
        { BEGIN "{\"ev\":\"push\"", "x:2: the last line is cut off" },
        { BEGIN "\n", "x:2: no JSON" },
        { BEGIN "{\"ev\":\"push\",\"ev\":\"push\"}\n", "duplicate" },
        { BEGIN "{\"t\":0}\n", "\"ev\" is missing" },
        { BEGIN "{\"ev\":\"pull\",\"t\":0}\n", "\"ev\" is \"pull\"" },
        { BEGIN "{\"ev\":\"push\",\"push\":1}\n", "\"t\" is missing" },
        { BEGIN "{\"ev\":\"push\",\"t\":1.5,\"push\":1}\n",
          "\"t\" is no whole number" },
        { BEGIN "{\"ev\":\"push\",\"t\":-1,\"push\":1}\n", "is negative" },
        { BEGIN "{\"ev\":\"push\",\"t\":4000000000000000,\"push\":1}\n",
          "\"t\" is 4000000000000000, and may be" },
        { BEGIN "{\"ev\":\"push\",\"t\":99999999999999999999,\"push\":1}\n",
          "too big" },
        { BEGIN "{\"ev\":\"push\",\"t\":0}\n", "a push needs \"push\"" },
        { BEGIN "{\"ev\":\"push\",\"t\":0,\"push\":1,\"dst\":\"46\"}\n",
          "a push has no \"dst\"" },
        { BEGIN "{\"ev\":\"push\",\"t\":0,\"push\":2}\n",
          "\"push\" is 2, and the next is 1" },
        { BEGIN "{\"ev\":\"push\",\"t\":0,\"push\":1,\"url\":\"a\"}\n",
          "no path and query" },
        { BEGIN "{\"ev\":\"push\",\"t\":0,\"push\":1,"
          "\"url\":\"/a?b=1&Password=x\"}\n", "without user and password" },
        { BEGIN "{\"ev\":\"push\",\"t\":0,\"push\":1,\"headers\":"
          "[[\"authorization\",\"x\"]]}\n", "may not have the header" },
        { BEGIN "{\"ev\":\"push\",\"t\":0,\"push\":1,\"headers\":"
          "[[\"a\"]]}\n", "header 1 is no" },
        { BEGIN "{\"ev\":\"push\",\"t\":0,\"push\":1,\"headers\":"
          "[[\"a b\",\"\"]]}\n", "header 1 has no good name" },
        { BEGIN "{\"ev\":\"push\",\"t\":0,\"push\":1,\"headers\":"
          "[[\"a\",\"b\\r\\nc: d\"]]}\n", "the header a is no plain text" },
        { BEGIN "{\"ev\":\"push\",\"t\":0,\"push\":1,\"body\":\"\\u0000\"}\n",
          "\\u0000 is not allowed" },
        { BEGIN "{\"ev\":\"push\",\"t\":0,\"push\":1,\"body\":\"\xff\"}\n",
          "unable to decode" },
        { BEGIN "{\"ev\":\"push\",\"t\":0,\"push\":1,\"body\":\"\","
          "\"body_base64\":\"\"}\n", "both" },
        { BEGIN "{\"ev\":\"push\",\"t\":0,\"push\":1,"
          "\"body_base64\":\"QQ\"}\n", "no base64" },
        { BEGIN "{\"ev\":\"push\",\"t\":0,\"push\":1,"
          "\"body_base64\":\"QR==\"}\n", "no base64" },
        { BEGIN "{\"ev\":\"push_answer\",\"t\":0,\"push\":1,\"http\":202}\n",
          "there was no push 1 yet" },
        { BEGIN PUSH "{\"ev\":\"push_answer\",\"t\":0,\"push\":1,"
          "\"http\":99}\n", "\"http\" is 99" },
        { BEGIN PUSH "{\"ev\":\"push_answer\",\"t\":0,\"push\":1,"
          "\"http\":202}\n{\"ev\":\"push_answer\",\"t\":0,\"push\":1,"
          "\"http\":\"none\"}\n", "x:4: push 1 was answered before" },
        { BEGIN UP UP, "link 1 is up already" },
        { BEGIN "{\"ev\":\"link\",\"t\":0,\"link\":9,\"state\":\"down\"}\n",
          "link 9 is down already" },
        { BEGIN "{\"ev\":\"link\",\"t\":0,\"link\":9,\"state\":\"open\"}\n",
          "\"state\" is \"open\"" },
        { BEGIN "{\"ev\":\"link\",\"t\":0,\"link\":9,\"state\":\"up\","
          "\"by\":\"smsc\"}\n", "who took a link down" },
        { BEGIN "{\"ev\":\"submit\",\"t\":0,\"submit\":1,\"dst\":\"46\","
          "\"push\":1}\n", "there was no push 1 yet" },
        { BEGIN "{\"ev\":\"submit\",\"t\":0,\"submit\":1,\"dst\":\"46\","
          "\"part\":1}\n", "come together" },
        { BEGIN "{\"ev\":\"submit\",\"t\":0,\"submit\":1,\"dst\":\"46\","
          "\"part\":3,\"total\":2}\n", "part 3 of 2" },
        { BEGIN "{\"ev\":\"submit\",\"t\":0,\"submit\":1,\"dst\":\"46\","
          "\"attempt\":2,\"first\":1}\n", "names an earlier submit" },
        { BEGIN "{\"ev\":\"submit\",\"t\":0,\"submit\":1,\"dst\":\"46\","
          "\"octets\":2,\"message\":\"00\"}\n", "\"octets\" is 2" },
        { BEGIN "{\"ev\":\"submit\",\"t\":0,\"submit\":1,\"dst\":\"46\","
          "\"message\":\"0\"}\n", "no hexadecimal" },
        { BEGIN "{\"ev\":\"submit\",\"t\":0,\"submit\":1,"
          "\"dst\":\"\xc3\xa5\"}\n", "not printable ASCII" },
        { BEGIN "{\"ev\":\"submit\",\"t\":0,\"submit\":1,"
          "\"dst\":\"123456789012345678901\"}\n", "has 21 octets" },
        { BEGIN SUBMIT "{\"ev\":\"submit_answer\",\"t\":0,\"submit\":1,"
          "\"status\":8,\"message_id\":\"a\"}\n", "without status 0" },
        { BEGIN SUBMIT "{\"ev\":\"submit_answer\",\"t\":0,\"submit\":1,"
          "\"status\":\"lost\"}\n", "\"status\" is no whole number" },
        { BEGIN "{\"ev\":\"receipt\",\"t\":0,\"submit\":1,"
          "\"state\":\"DELIVRD\"}\n", "there was no submit 1 yet" },
        { BEGIN "{\"ev\":\"receipt\",\"t\":0,\"state\":\"GONE\"}\n",
          "none of its words" },
        { BEGIN "{\"ev\":\"receipt\",\"t\":0,\"state\":\"DELIVRD\","
          "\"interim\":1}\n", "no truth value" },
        { BEGIN PUSH "{\"ev\":\"outcome\",\"t\":0,\"push\":1,"
          "\"displayed\":false,\"displayed_at\":0}\n", "not displayed" },
        { BEGIN "{\"ev\":\"push\",\"t\":1000001,\"push\":1}\n"
          "{\"ev\":\"push\",\"t\":0,\"push\":2}\n",
          "x:3: the time goes back by 1000001 us" }
    };
    char error[TRACE_ERROR_SIZE];
    size_t i;

    (void) state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        error[0] = '\0';
        read_all(cases[i].text, strlen(cases[i].text), error);
        if (strncmp(error, "x:", 2) != 0
            || strstr(error, cases[i].words) == NULL)
            fail_msg("wanted '%s', got '%s' of %s", cases[i].words, error,
                     cases[i].text);
    }
}

static void refuses_octets(void **state)
{
    static const char nul[] = BEGIN "{\"ev\":\0}\n";
    size_t size = sizeof(BEGIN) - 1 + TRACE_LINE_MAX;
    char *lines = malloc(size + 2);
    char error[TRACE_ERROR_SIZE];

    (void) state;
    read_all(nul, sizeof(nul) - 1, error);
    assert_string_equal(error, "x:2: a NUL in the line");

    memcpy(lines, BEGIN, sizeof(BEGIN) - 1);
    memset(lines + sizeof(BEGIN) - 1, ' ', TRACE_LINE_MAX);
    lines[size] = ' ';
    lines[size + 1] = '\n';
    read_all(lines, size + 2, error);
    assert_string_equal(error,
                        "x:2: the line has more than 1048576 octets");
    read_all(lines, size + 1, error);
    assert_string_equal(error,
                        "x:2: the line has more than 1048576 octets");
    lines[size] = '\n';
    read_all(lines, size + 1, error);
    assert_non_null(strstr(error, "no JSON"));
    free(lines);
}

static struct trace_writer *create(FILE *file)
{
    char error[TRACE_ERROR_SIZE];
    struct trace_writer *writer = trace_create(
        file, &(struct trace_begin) { .source = "test" }, error);

    assert_non_null(writer);
    return writer;
}

/* What was refused is not part of the trace: its number is still free. */
static void writes_by_the_same_rules(void **state)
{
    struct trace_record record = trace_clear(TRACE_PUSH, 5);
    static uint8_t large[TRACE_LINE_MAX / 2];
    FILE *file = tmpfile();
    struct trace_writer *writer = create(file);

    (void) state;
    assert_int_equal(trace_write(writer, &record), -1);
    assert_string_equal(trace_write_error(writer), "a push needs \"push\"");
    record.push = 1;
    record.dst = "46";
    assert_int_equal(trace_write(writer, &record), -1);
    assert_string_equal(trace_write_error(writer), "a push has no \"dst\"");
    record.dst = NULL;
    memset(large, 1, sizeof(large));
    record.body = (struct trace_octets) { large, sizeof(large) };
    assert_int_equal(trace_write(writer, &record), -1);
    assert_string_equal(trace_write_error(writer),
                        "the line would have more than 1048576 octets");
    record.body = (struct trace_octets) { large, 3 };
    assert_int_equal(trace_write(writer, &record), 0);
    record.push = 2;
    record.t = -1;
    assert_int_equal(trace_write(writer, &record), -1);
    assert_int_equal(trace_finish(writer), 0);
    fclose(file);
}

static void says_when_the_disk_is_full(void **state)
{
    FILE *file = fopen("/dev/full", "w");
    struct trace_writer *writer = create(file);

    (void) state;
    assert_int_equal(trace_finish(writer), -1);
    fclose(file);
}

static void reads_what_it_wrote(void **state)
{
    static const struct trace_header headers[] = {
        { "Content-Type", "a; b=\"c\"" }, { "X-A", "\xc3\xa5\t" }
    };
    static const uint8_t octets[] = { 0, 1, 0xff, 0x80 };
    struct trace_record record = trace_clear(TRACE_PUSH, 7);
    char error[TRACE_ERROR_SIZE];
    FILE *file = tmpfile();
    struct trace_writer *writer = create(file);
    struct trace_reader *reader;

    (void) state;
    record.push = 1;
    record.url = "/wappush?a=b";
    record.headers = (struct trace_headers) { headers, 2 };
    record.body = (struct trace_octets) { octets, 4 };
    assert_int_equal(trace_write(writer, &record), 0);
    record = trace_clear(TRACE_PUSH_ANSWER, 8);
    record.push = 1;
    record.http = TRACE_NONE;
    assert_int_equal(trace_write(writer, &record), 0);
    record = trace_clear(TRACE_SUBMIT, 9);
    record.submit = 1;
    record.dst = "+46";
    record.message = (struct trace_octets) { octets, 3 };
    assert_int_equal(trace_write(writer, &record), 0);
    assert_int_equal(trace_finish(writer), 0);

    rewind(file);
    reader = trace_open_file(file, "x", error);
    assert_non_null(reader);
    assert_string_equal(trace_begin(reader)->source, "test");
    assert_null(trace_begin(reader)->pseudonyms);
    assert_int_equal(trace_read(reader, &record), 1);
    assert_int_equal(record.event, TRACE_PUSH);
    assert_int_equal(record.t, 7);
    assert_string_equal(record.url, "/wappush?a=b");
    assert_int_equal(record.headers.count, 2);
    assert_string_equal(record.headers.items[1].value, "\xc3\xa5\t");
    assert_int_equal(record.body.size, 4);
    assert_memory_equal(record.body.bytes, octets, 4);
    assert_null(record.pi);
    assert_int_equal(trace_read(reader, &record), 1);
    assert_int_equal(record.http, TRACE_NONE);
    assert_int_equal(record.code, TRACE_UNKNOWN);
    assert_int_equal(trace_read(reader, &record), 1);
    assert_int_equal(record.message.size, 3);
    assert_memory_equal(record.message.bytes, octets, 3);
    assert_int_equal(trace_line(reader), 4);
    assert_int_equal(trace_read(reader, &record), 0);
    trace_close(reader);
}

/* Every length, so every padding and every odd end. */
static void octets_come_back(void **state)
{
    uint8_t in[64], out[64];
    char text[160];
    size_t length, size;

    (void) state;
    for (length = 0; length < sizeof(in); length++) {
        memset(in, (int) (0xf0 + length), sizeof(in));
        octets_to_base64(text, in, length);
        assert_true(octets_from_base64(out, &size, text, strlen(text)));
        assert_int_equal(size, length);
        assert_memory_equal(out, in, length);
        octets_to_hex(text, in, length);
        assert_true(octets_from_hex(out, &size, text, strlen(text)));
        assert_int_equal(size, length);
        assert_memory_equal(out, in, length);
    }
    octets_to_base64(text, (const uint8_t *) "foob", 4);
    assert_string_equal(text, "Zm9vYg==");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses),
        cmocka_unit_test(refuses_octets),
        cmocka_unit_test(writes_by_the_same_rules),
        cmocka_unit_test(says_when_the_disk_is_full),
        cmocka_unit_test(reads_what_it_wrote),
        cmocka_unit_test(octets_come_back)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * plan_parse.c - reads the plan language of README.md; see plan.h.
 *
 * The language is a table: each effect names its kind and, as a string of
 * letters, the arguments that follow it.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "plan.h"
#include "smpp_pdu.h"

/*
 * Arguments: c command_status, t time range, r receipt state, i forms of
 * ids, l any|same, n number; then, in any order: % percentage,
 * a "after" and a time range. Selectors the effect has no use for are
 * refused, since they would never match or silently match everything:
 * R receiver, S segment and attempt, L link.
 */
static const struct effect {
    const char *word;
    enum plan_kind kind;
    enum plan_answer effect;
    const char *arguments;
    const char *selectors;
} effects[] = {
    { "status", PLAN_ANSWER, PLAN_STATUS, "c%", "RSL" },
    { "noanswer", PLAN_ANSWER, PLAN_NOANSWER, "%", "RSL" },
    { "noanswer-lost", PLAN_ANSWER, PLAN_NOANSWER_LOST, "%", "RSL" },
    { "drop", PLAN_ANSWER, PLAN_DROP, "%", "RSL" },
    { "drop-taken", PLAN_ANSWER, PLAN_DROP_TAKEN, "%", "RSL" },
    { "delay", PLAN_DELAY, PLAN_STATUS, "t%", "RSL" },
    { "late", PLAN_LATE, PLAN_STATUS, "t%", "RSL" },
    { "rate", PLAN_RATE, PLAN_STATUS, "n", "L" },
    { "deliver", PLAN_DELIVER, PLAN_STATUS, "t%", "RSL" },
    { "receipt", PLAN_RECEIPT, PLAN_STATUS, "r%a", "RSL" },
    { "interim", PLAN_INTERIM, PLAN_STATUS, "r%a", "RSL" },
    { "receipt-early", PLAN_RECEIPT_EARLY, PLAN_STATUS, "%", "RSL" },
    { "receipt-twice", PLAN_RECEIPT_TWICE, PLAN_STATUS, "%a", "RSL" },
    { "receipt-clock", PLAN_RECEIPT_CLOCK, PLAN_STATUS, "t%", "RSL" },
    { "receipt-link", PLAN_RECEIPT_LINK, PLAN_STATUS, "l%", "RSL" },
    { "message-id", PLAN_MESSAGE_ID, PLAN_STATUS, "i%", "RSL" },
    { "cancel", PLAN_CANCEL, PLAN_STATUS, "c%", "RSL" },
    { "cancel-noanswer", PLAN_CANCEL, PLAN_NOANSWER, "%", "RSL" },
    { "cancel-noanswer-lost", PLAN_CANCEL, PLAN_NOANSWER_LOST, "%", "RSL" },
    { "cancel-receipt", PLAN_CANCEL_RECEIPT, PLAN_STATUS, "%a", "RSL" },
    { "query", PLAN_QUERY, PLAN_STATUS, "c%", "RSL" },
    { "query-noanswer", PLAN_QUERY, PLAN_NOANSWER, "%", "RSL" },
    { "bind", PLAN_BIND, PLAN_STATUS, "c%", "L" },
    { "phone-off", PLAN_PHONE_OFF, PLAN_STATUS, "t%", "R" }
};

struct parser {
    const char *path;
    unsigned line;
    char *error;
    size_t error_size;
    char *rest;                 /* of the line */
};

static bool fail(struct parser *parser, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool fail(struct parser *parser, const char *format, ...)
{
    va_list arguments;
    int used = snprintf(parser->error, parser->error_size, "%s:%u: ",
                        parser->path, parser->line);

    if (used >= 0 && (size_t) used < parser->error_size) {
        va_start(arguments, format);
        vsnprintf(parser->error + used, parser->error_size - (size_t) used,
                  format, arguments);
        va_end(arguments);
    }
    return false;
}

/* The next word of the line, or NULL. */
static char *next_word(struct parser *parser)
{
    char *word = parser->rest + strspn(parser->rest, " \t\r\n");
    size_t length = strcspn(word, " \t\r\n");

    if (length == 0)
        return NULL;
    parser->rest = word + length;
    if (*parser->rest != '\0')
        *parser->rest++ = '\0';
    return word;
}

/* A whole number in [0, most], decimal or 0x; false if text is anything
 * else. */
static bool parse_number(const char *text, int64_t most, int64_t *number)
{
    char *end;

    if (!isdigit((unsigned char) text[0]))
        return false;
    errno = 0;
    *number = strtoll(text, &end, strncmp(text, "0x", 2) == 0 ? 16 : 10);
    return errno == 0 && *end == '\0' && *number <= most;
}

/* "20", "20ms", "1.5s" or "2m" as microseconds; a bare number is ms. */
static bool parse_duration(const char *text, int64_t *time_us)
{
    char *unit;
    double number;

    if (!isdigit((unsigned char) text[0]))
        return false;
    number = strtod(text, &unit);
    if (*unit == '\0' || strcmp(unit, "ms") == 0)
        number *= 1e3;
    else if (strcmp(unit, "s") == 0)
        number *= 1e6;
    else if (strcmp(unit, "m") == 0)
        number *= 60e6;
    else
        return false;
    if (number > 365 * 86400e6)
        return false;
    *time_us = (int64_t) (number + 0.5);
    return true;
}

static bool parse_time_range(struct parser *parser, const char *text,
                             struct plan_rule *rule)
{
    char first[32];
    const char *dots;

    if (text == NULL)
        return fail(parser, "a time A..B is missing at the end");
    dots = strstr(text, "..");
    if (dots == NULL) {
        if (!parse_duration(text, &rule->time_us.from))
            return fail(parser, "'%s' is no time A..B in ms, s or m", text);
        rule->time_us.to = rule->time_us.from;
    } else {
        snprintf(first, sizeof(first), "%.*s", (int) (dots - text), text);
        if (!parse_duration(first, &rule->time_us.from)
            || !parse_duration(dots + 2, &rule->time_us.to)
            || rule->time_us.to < rule->time_us.from)
            return fail(parser, "'%s' is no time A..B in ms, s or m", text);
    }
    rule->timed = true;
    return true;
}

static bool parse_percent(struct parser *parser, const char *text,
                          struct plan_rule *rule)
{
    char *end;
    double percent = strtod(text, &end);

    if (!isdigit((unsigned char) text[0]) || strcmp(end, "%") != 0
        || percent > 100)
        return fail(parser, "'%s' is no percentage from 0%% to 100%%", text);
    rule->ppm = (uint32_t) (percent * 10000 + 0.5);
    return true;
}

static bool parse_state(struct parser *parser, const char *text,
                        struct plan_rule *rule)
{
    static const struct {
        const char *word;
        uint32_t value;
    } states[] = {
        { "none", PLAN_RECEIPT_NONE }, { "NOSTAT", PLAN_RECEIPT_NOSTAT },
        { "ENROUTE", SMPP_ENROUTE }, { "DELIVRD", SMPP_DELIVERED },
        { "EXPIRED", SMPP_EXPIRED }, { "DELETED", SMPP_DELETED },
        { "UNDELIV", SMPP_UNDELIVERABLE }, { "ACCEPTD", SMPP_ACCEPTED },
        { "UNKNOWN", SMPP_UNKNOWN }, { "REJECTD", SMPP_REJECTED }
    };
    size_t i;

    for (i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        if (strcmp(states[i].word, text) == 0) {
            rule->value = states[i].value;
            return true;
        }
    }
    return fail(parser, "'%s' is no state of a receipt", text);
}

static int id_form(const char *text, size_t length)
{
    static const char *const forms[] = { "hex", "decimal", "zeros" };
    int i;

    for (i = 0; i < 3; i++)
        if (strlen(forms[i]) == length && memcmp(forms[i], text, length) == 0)
            return i;
    return -1;
}

/* FORM for answers and receipts, or FORM/FORM for each. */
static bool parse_id_forms(struct parser *parser, const char *text,
                           struct plan_rule *rule)
{
    size_t length = strcspn(text, "/");
    const char *second = text[length] == '/' ? text + length + 1 : text;
    int form = id_form(text, length);
    int receipt_form = second == text ? form
                                      : id_form(second, strlen(second));

    if (form < 0 || receipt_form < 0)
        return fail(parser, "'%s' is no FORM or FORM/FORM of hex, decimal, "
                    "zeros", text);
    rule->value = (uint32_t) (form * 4 + receipt_form);
    return true;
}

static bool parse_argument(struct parser *parser, char letter,
                           struct plan_rule *rule)
{
    const char *word = next_word(parser);
    int64_t number;

    if (word == NULL)
        return fail(parser, "the effect needs an argument");
    switch (letter) {
    case 'c':
        if (!parse_number(word, UINT32_MAX, &number))
            return fail(parser, "'%s' is no command_status", word);
        rule->value = (uint32_t) number;
        return true;
    case 'n':
        if (!parse_number(word, 1000000, &number) || number == 0)
            return fail(parser, "'%s' is no rate from 1 to 1000000", word);
        rule->value = (uint32_t) number;
        return true;
    case 'l':
        if (strcmp(word, "any") != 0 && strcmp(word, "same") != 0)
            return fail(parser, "'%s' is neither any nor same", word);
        rule->value = strcmp(word, "any") == 0;
        return true;
    case 'r':
        return parse_state(parser, word, rule);
    case 'i':
        return parse_id_forms(parser, word, rule);
    default:
        return parse_time_range(parser, word, rule);
    }
}

static bool parse_effect(struct parser *parser, const struct effect *effect,
                         struct plan_rule *rule)
{
    const char *letter = effect->arguments;
    const char *word;

    rule->kind = effect->kind;
    rule->effect = effect->effect;
    for (; *letter != '\0' && *letter != '%' && *letter != 'a'; letter++)
        if (!parse_argument(parser, *letter, rule))
            return false;
    while ((word = next_word(parser)) != NULL) {
        if (strcmp(word, "after") == 0 && strchr(letter, 'a') != NULL) {
            if (!parse_time_range(parser, next_word(parser), rule))
                return false;
        } else if (strchr(letter, '%') == NULL) {
            return fail(parser, "'%s' does not belong to '%s'", word,
                        effect->word);
        } else if (!parse_percent(parser, word, rule)) {
            return false;
        }
    }
    return true;
}

static bool parse_number_range(struct parser *parser, const char *text,
                               struct plan_range *range)
{
    char first[24];
    const char *dash = strchr(text, '-');

    snprintf(first, sizeof(first), "%.*s",
             dash != NULL ? (int) (dash - text) : (int) strlen(text), text);
    if (!parse_number(first, UINT32_MAX, &range->from)
        || !parse_number(dash != NULL ? dash + 1 : first, UINT32_MAX,
                         &range->to)
        || range->to < range->from)
        return fail(parser, "'%s' is no number N or range N-M", text);
    return true;
}

/* NAME=VALUE; remembers the selector's letter in `used`. */
static bool parse_selector(struct parser *parser, char *word,
                           struct plan_rule *rule, char *used)
{
    char *value = strchr(word, '=');

    *value++ = '\0';
    if (strcmp(word, "receiver") == 0) {
        free(rule->receiver);
        rule->receiver = mem_string(value[0] == '+' ? value + 1 : value);
        *used = 'R';
        return true;
    }
    if (strcmp(word, "segment") == 0) {
        *used = 'S';
        return parse_number_range(parser, value, &rule->segment);
    }
    if (strcmp(word, "attempt") == 0) {
        *used = 'S';
        return parse_number_range(parser, value, &rule->attempt);
    }
    if (strcmp(word, "link") == 0) {
        *used = 'L';
        return parse_number_range(parser, value, &rule->link);
    }
    return fail(parser, "'%s' is none of receiver, segment, attempt, link",
                word);
}

static bool check_selectors(struct parser *parser,
                            const struct effect *effect, const char *used)
{
    for (; *used != '\0'; used++)
        if (strchr(effect->selectors, *used) == NULL)
            return fail(parser, "'%s' cannot be selected by %s", effect->word,
                        *used == 'R' ? "receiver" : *used == 'L' ? "link"
                        : "segment or attempt");
    return true;
}

static bool parse_rule(struct parser *parser, struct plan_rule *rule)
{
    char used[32] = "";
    size_t count = 0, i;
    char *word;

    while ((word = next_word(parser)) != NULL && strchr(word, '=') != NULL) {
        if (count == sizeof(used) - 1)
            return fail(parser, "too many selectors");
        if (!parse_selector(parser, word, rule, &used[count++]))
            return false;
    }
    if (word == NULL)
        return fail(parser, "selectors without an effect");
    for (i = 0; i < sizeof(effects) / sizeof(effects[0]); i++)
        if (strcmp(effects[i].word, word) == 0)
            return check_selectors(parser, &effects[i], used)
                   && parse_effect(parser, &effects[i], rule);
    return fail(parser, "'%s' is no effect", word);
}

static bool parse_line(struct parser *parser, char *line, struct plan *plan)
{
    static const struct plan_range everything = { 0, UINT32_MAX };
    struct plan_rule *rule;

    line[strcspn(line, "#")] = '\0';
    if (line[strspn(line, " \t\r\n")] == '\0')
        return true;
    plan->rules = mem_resize(plan->rules,
                             (plan->count + 1) * sizeof(*plan->rules));
    rule = &plan->rules[plan->count++];
    *rule = (struct plan_rule) {
        .segment = everything, .attempt = everything, .link = everything,
        .ppm = 1000000
    };
    parser->rest = line;
    return parse_rule(parser, rule);
}

struct plan *plan_load(const char *path, uint64_t seed, char *error,
                       size_t error_size)
{
    struct parser parser = {
        .path = path, .error = error, .error_size = error_size
    };
    struct plan *plan;
    char *line = NULL;
    size_t room = 0;
    bool good = true;
    FILE *file = fopen(path, "re");

    if (file == NULL) {
        snprintf(error, error_size, "%s: %s", path, strerror(errno));
        return NULL;
    }
    plan = plan_new(seed);
    errno = 0;
    while (good && getline(&line, &room, file) >= 0) {
        parser.line++;
        good = parse_line(&parser, line, plan);
    }
    if (good && ferror(file)) {
        snprintf(error, error_size, "%s: %s", path, strerror(errno));
        good = false;
    }
    free(line);
    fclose(file);
    if (!good) {
        plan_free(plan);
        return NULL;
    }
    return plan;
}

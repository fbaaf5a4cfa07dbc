/*
 * plan.h - the faults of the SMSC, read from a text file.
 *
 * To compare two gateways both must meet the same faults, whatever the order
 * and pace of their submits. So a fault is no dice roll at run time but a
 * pure function of (seed, receiver, segment number, attempt number, kind);
 * only an attempt that repeats the same bytes draws again. README.md
 * describes the language.
 *
 * Each rule has selectors and one effect, and each effect belongs to a kind.
 * For each kind one number in [0, 100) is drawn; the rules of that kind whose
 * selectors match take consecutive intervals as wide as their percentage, in
 * the order of the file, and the rule whose interval holds the number wins.
 * So "status 0x58 5%" and "status 0x08 5%" together hit 10 % of the submits.
 */
#ifndef SMSC_PLAN_H
#define SMSC_PLAN_H

#include <stdbool.h>
#include <stdint.h>

enum plan_kind {
    PLAN_ANSWER,                /* how submit_sm is answered */
    PLAN_DELAY,                 /* when */
    PLAN_LATE,                  /* and how much later still */
    PLAN_RATE,                  /* submits a second on one link */
    PLAN_DELIVER,               /* how long until the phone has it */
    PLAN_RECEIPT,               /* the final receipt */
    PLAN_INTERIM,               /* one more receipt before that */
    PLAN_RECEIPT_EARLY,
    PLAN_RECEIPT_TWICE,
    PLAN_RECEIPT_LINK,
    PLAN_MESSAGE_ID,
    PLAN_CANCEL,                /* how cancel_sm is answered */
    PLAN_CANCEL_RECEIPT,
    PLAN_QUERY,                 /* how query_sm is answered */
    PLAN_BIND,                  /* how bind_* is answered */
    PLAN_PHONE_OFF,
    PLAN_RECEIPT_CLOCK          /* of the node that writes the receipt */
};

/* rule->effect of the kinds that answer a request. */
enum plan_answer {
    PLAN_STATUS,                /* rule->value is the command_status */
    PLAN_NOANSWER,              /* done, not answered */
    PLAN_NOANSWER_LOST,         /* not done, not answered */
    PLAN_DROP,                  /* not done, link closed */
    PLAN_DROP_TAKEN             /* done, link closed */
};

/* rule->value of PLAN_MESSAGE_ID: (form in answers) * 4 + form in receipts */
enum plan_id_form { PLAN_ID_HEX, PLAN_ID_DECIMAL, PLAN_ID_ZEROS };

/* rule->value of PLAN_RECEIPT and PLAN_INTERIM: a message_state, or */
enum { PLAN_RECEIPT_NONE = 100, PLAN_RECEIPT_NOSTAT };

struct plan_range {
    int64_t from, to;
};

struct plan_rule {
    char *receiver;             /* glob; NULL: every receiver */
    struct plan_range segment, attempt, link;
    enum plan_kind kind;
    enum plan_answer effect;
    uint32_t value;             /* see the kinds; a rate for PLAN_RATE */
    struct plan_range time_us;  /* delay, late, deliver, after, phone-off */
    bool timed;                 /* time_us was given */
    uint32_t ppm;               /* of 1,000,000 draws */
};

struct plan {
    uint64_t seed;
    struct plan_rule *rules;
    unsigned count;
};

/* What a draw depends on; `link` only selects rules. */
struct plan_key {
    const char *receiver;
    unsigned segment, attempt, link;
};

/* A plan without rules; every plan is freed with plan_free. */
struct plan *plan_new(uint64_t seed);
void plan_free(struct plan *plan);

/* Read a file. NULL if it is wrong; then `error` says which file, line and
 * word, in one line. */
struct plan *plan_load(const char *path, uint64_t seed, char *error,
                       size_t error_size);

/* The rule of this kind that hits, or NULL. */
const struct plan_rule *plan_draw(const struct plan *plan,
                                  enum plan_kind kind,
                                  const struct plan_key *key);

/* The time of a rule that hit, in microseconds, drawn from its range;
 * `otherwise` if there is no rule or it names no time. */
int64_t plan_time(const struct plan *plan, const struct plan_rule *rule,
                  const struct plan_key *key, int64_t otherwise);

/* Whether the plan keeps this receiver's phone off, so long after the plan
 * began. */
bool plan_phone_off(const struct plan *plan, const char *receiver,
                    int64_t elapsed_us);

/* When the next phone-off window of the plan begins or ends after that;
 * INT64_MAX if none does. */
int64_t plan_next_phone_change(const struct plan *plan, int64_t elapsed_us);

/* True if `text` matches the glob; a leading '+' of the text is ignored. */
bool plan_glob_matches(const char *glob, const char *text);

#endif

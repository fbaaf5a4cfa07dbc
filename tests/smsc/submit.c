/*
 * submit.c - see submit.h.
 *
 * A submit is checked, written to the journal, and then the plan (or, of what
 * it knows, the trace) decides: is
 * the message taken, how is it answered, and when. A message is taken at
 * once even if its answer comes late, so that a link lost in between leaves
 * the client in doubt, as a real SMSC would.
 */
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "link.h"
#include "message.h"
#include "session.h"
#include "submit.h"
#include "udh.h"

/* The octets of one short message: 140, or 160 seven-bit characters, which
 * SMPP carries one to an octet. */
enum { SUBMIT_MAX_OCTETS = 140, SUBMIT_MAX_CHARACTERS = 160 };

/* An answer that is to be written later, or never. */
struct answer {
    struct link *link;
    uint32_t sequence, status;
    char message_id[24];                /* "" unless taken */
    char destination[21];
    int reference, part, total;
    bool drop;                          /* close the link instead */
    struct loop_timer timer;
    TAILQ_ENTRY(answer) next;
};

static void answer_write(const struct answer *answer)
{
    struct link *link = answer->link;
    struct smsc *smsc = link->smsc;
    struct buffer *event;
    size_t mark;

    mark = smpp_begin(&link->out, SMPP_SUBMIT_SM | SMPP_RESPONSE,
                      answer->status, answer->sequence);
    /* a refusal has no body (3.4, 4.4.2) */
    if (answer->status == SMPP_OK)
        smpp_put_string(&link->out, answer->message_id);
    smpp_end(&link->out, mark);

    event = journal_begin(&smsc->journal, "answer");
    json_number(event, "link", link->number);
    json_number(event, "seq", answer->sequence);
    json_number(event, "status", answer->status);
    json_string(event, "message_id", answer->message_id);
    json_string(event, "dst", answer->destination);
    json_known(event, "ref", answer->reference);
    json_known(event, "part", answer->part);
    json_known(event, "total", answer->total);
    journal_end(&smsc->journal);
    if (answer->status == SMPP_OK)
        smsc->counts.accepted++;
    else
        smsc->counts.refused++;
}

/* `taken`: the message is at the SMSC all the same. */
static void journal_noanswer(const struct answer *answer, const char *reason)
{
    struct smsc *smsc = answer->link->smsc;
    struct buffer *event = journal_begin(&smsc->journal, "noanswer");

    json_number(event, "link", answer->link->number);
    json_number(event, "seq", answer->sequence);
    json_string(event, "reason", reason);
    json_boolean(event, "taken", answer->message_id[0] != '\0');
    json_string(event, "message_id", answer->message_id);
    json_string(event, "dst", answer->destination);
    json_known(event, "ref", answer->reference);
    json_known(event, "part", answer->part);
    json_known(event, "total", answer->total);
    journal_end(&smsc->journal);
    smsc->counts.unanswered++;
}

static void answer_now(const struct answer *answer)
{
    if (answer->drop) {
        journal_noanswer(answer, "drop");
        link_close(answer->link, "dropped by the plan");
    } else {
        answer_write(answer);
    }
}

static void answer_free(struct answer *answer)
{
    answer->link->smsc->counts.answers_pending--;
    TAILQ_REMOVE(&answer->link->answers, answer, next);
    free(answer);
}

/* Of a paused link it stays, with its timer unset, until the link resumes. */
static void answer_due(struct loop_timer *timer)
{
    struct answer *answer = loop_owner(timer, struct answer, timer);
    struct answer copy = *answer;

    if (answer->link->paused)
        return;
    answer_free(answer);
    answer_now(&copy);
}

void submit_link_resumed(struct link *link)
{
    struct answer *answer, *next;

    for (answer = TAILQ_FIRST(&link->answers); answer != NULL;
         answer = next) {
        next = TAILQ_NEXT(answer, next);
        if (answer->timer.place != 0)
            continue;
        answer_due(&answer->timer);
        if (link->closed)
            break;              /* dropped, and its answers with it */
    }
}

static void answer_at(const struct answer *answer, int64_t due_us)
{
    struct smsc *smsc = answer->link->smsc;
    struct answer *later;

    if (due_us <= loop_now()) {
        answer_now(answer);
        return;
    }
    later = mem_new(sizeof(*later));
    *later = *answer;
    later->timer = (struct loop_timer) { .fire = answer_due };
    TAILQ_INSERT_TAIL(&later->link->answers, later, next);
    smsc->counts.answers_pending++;
    loop_timer_set(&smsc->loop, &later->timer, due_us);
}

void submit_link_lost(struct link *link)
{
    struct answer *answer;

    while ((answer = TAILQ_FIRST(&link->answers)) != NULL) {
        loop_timer_clear(&link->smsc->loop, &answer->timer);
        journal_noanswer(answer, "link lost");
        answer_free(answer);
    }
}

/* What the SMSC itself refuses; fills in the times of the message. */
static uint32_t check_submit(const struct smpp_submit *submit,
                             struct message_times *times)
{
    bool seven_bit = (submit->data_coding & 0x0c) == 0
                     && (submit->data_coding & 0xf4) != 0xf4;
    int64_t wall_s = loop_wall_clock() / 1000000;
    int64_t schedule = smpp_decode_time(submit->schedule, wall_s);
    int64_t validity = smpp_decode_time(submit->validity, wall_s);

    if (submit->destination.digits[0] == '\0')
        return SMPP_RINVDSTADR;
    if (submit->message_length
        > (seven_bit ? SUBMIT_MAX_CHARACTERS : SUBMIT_MAX_OCTETS))
        return SMPP_RINVMSGLEN;
    if (schedule < 0)
        return SMPP_RINVSCHED;
    if (validity < 0)
        return SMPP_RINVEXPIRY;
    times->schedule_us = schedule == 0
        ? 0 : loop_now() + (schedule - wall_s) * 1000000;
    times->expires_us = validity == 0
        ? INT64_MAX : loop_now() + (validity - wall_s) * 1000000;
    return SMPP_OK;
}

/* What tells the bytes for this receiver from others. */
static uint64_t hash_submit(const char *receiver,
                            const struct smpp_submit *submit)
{
    uint64_t hash = hash_text(HASH_START, receiver);

    hash = hash_number(hash, submit->esm_class & 0x40);
    return hash_finish(hash_bytes(hash, submit->message,
                                  submit->message_length));
}

/* How often they came, this time included. The count itself is kept in
 * place of a pointer. */
static unsigned count_attempt(struct smsc *smsc, uint64_t hash)
{
    void **place = table_place(&smsc->attempts, hash);

    *place = (void *) ((uintptr_t) *place + 1);
    return (unsigned) (uintptr_t) *place;
}

static void journal_submit(const struct link *link, uint32_t sequence,
                           const struct smpp_submit *submit,
                           const struct udh *udh, unsigned attempt)
{
    struct journal *journal = &link->smsc->journal;
    struct buffer *event = journal_begin(journal, "submit");

    json_number(event, "link", link->number);
    json_number(event, "seq", sequence);
    json_string(event, "src", submit->source.digits);
    json_string(event, "dst", submit->destination.digits);
    json_number(event, "dst_ton", submit->destination.ton);
    json_known(event, "ref", udh->reference);
    json_known(event, "part", udh->sequence);
    json_known(event, "total", udh->total);
    json_number(event, "length",
                (int64_t) (submit->message_length - udh->size));
    json_number(event, "esm_class", submit->esm_class);
    json_number(event, "data_coding", submit->data_coding);
    json_number(event, "registered", submit->registered);
    json_string(event, "validity", submit->validity);
    json_number(event, "priority", submit->priority);
    json_known(event, "more", submit->more_messages);
    json_number(event, "attempt", attempt);
    json_hex(event, "message", submit->message, submit->message_length);
    journal_end(journal);
}

/* The plan's limit on the submits of one link, as a token bucket that holds
 * a tenth of a second. */
static bool rate_allows(struct link *link, const struct plan_key *key)
{
    const struct plan_rule *rule = plan_draw(link->smsc->plan, PLAN_RATE,
                                             key);
    int64_t now = loop_now();
    double most;

    if (rule == NULL)
        return true;
    most = rule->value / 10.0 > 1 ? rule->value / 10.0 : 1;
    link->rate_tokens += (double) (now - link->rate_us) * rule->value / 1e6;
    link->rate_us = now;
    if (link->rate_tokens > most)
        link->rate_tokens = most;
    if (link->rate_tokens < 1)
        return false;
    link->rate_tokens--;
    return true;
}

/* How a good submit is answered. */
struct decision {
    enum plan_answer effect;
    uint32_t status;
    int64_t delay_us;
};

static struct decision decide_by_plan(struct link *link,
                                      const struct plan_key *key)
{
    const struct plan *plan = link->smsc->plan;
    const struct plan_rule *rule = plan_draw(plan, PLAN_ANSWER, key);
    struct decision decision = {
        .effect = rule != NULL ? rule->effect : PLAN_STATUS,
        .delay_us =
            plan_time(plan, plan_draw(plan, PLAN_DELAY, key), key, 0)
            + plan_time(plan, plan_draw(plan, PLAN_LATE, key), key, 0)
    };

    if (!rate_allows(link, key))
        decision.status = SMPP_RTHROTTLED;
    else if (rule != NULL && decision.effect == PLAN_STATUS)
        decision.status = rule->value;
    if (decision.status != SMPP_OK)
        decision.effect = PLAN_STATUS;
    return decision;
}

/* What was not answered, but has a receipt, was taken. */
static struct decision decide_by_trace(const struct recorded_submit *recorded)
{
    struct decision decision = { .effect = PLAN_STATUS };

    if (recorded->answer == RECORDED_NONE) {
        decision.effect = recorded->receipt != 0 ? PLAN_NOANSWER
                                                 : PLAN_NOANSWER_LOST;
    } else if (recorded->answer == RECORDED_STATUS) {
        decision.status = recorded->status;
        decision.delay_us = recorded->answer_us;
    }
    return decision;
}

static void act(struct link *link, const struct smpp_submit *submit,
                const struct plan_key *key, struct message_times *times,
                struct answer *answer, const struct recorded_submit *recorded)
{
    struct decision decision = recorded != NULL
        ? decide_by_trace(recorded) : decide_by_plan(link, key);
    enum plan_answer effect = decision.effect;
    bool answered = effect == PLAN_STATUS;
    int64_t due = decision.delay_us > 0 ? loop_now() + decision.delay_us : 0;

    answer->status = decision.status;
    times->answer_us = answered ? due : 0;
    if ((answered && answer->status == SMPP_OK) || effect == PLAN_NOANSWER
        || effect == PLAN_DROP_TAKEN)
        strcpy(answer->message_id,
               message_take(link, submit, key, times, recorded)->id);
    answer->drop = effect == PLAN_DROP || effect == PLAN_DROP_TAKEN;
    if (answered || answer->drop)
        answer_at(answer, due);
    else
        journal_noanswer(answer, "plan");
}

/* What the trace says of a submit; NULL if it does not know it, or there is
 * none. */
static const struct recorded_submit *look_up(struct link *link,
                                             uint32_t sequence,
                                             const struct plan_key *key,
                                             const struct udh *udh,
                                             uint64_t hash)
{
    struct smsc *smsc = link->smsc;
    struct buffer *event;
    uint32_t number;

    if (smsc->recorded == NULL)
        return NULL;
    number = recorded_find(smsc->recorded, &(struct recorded_key) {
        .receiver = key->receiver, .segment = key->segment,
        .reference = udh->concatenated ? udh->reference : -1,
        .total = udh->concatenated ? (unsigned) udh->total : 1,
        .attempt = key->attempt, .octets = hash
    });
    if (number != 0)
        smsc->counts.recorded++;
    else
        smsc->counts.not_recorded++;
    event = journal_begin(&smsc->journal, "recorded");
    json_number(event, "link", link->number);
    json_number(event, "seq", sequence);
    json_known(event, "submit", number == 0 ? -1 : (int64_t) number);
    journal_end(&smsc->journal);
    return recorded_submit(smsc->recorded, number);
}

void submit_handle(struct link *link, const struct smpp_header *header,
                   const uint8_t *body, size_t size)
{
    struct smpp_submit submit = { .more_messages = -1 };
    struct answer answer = {
        .link = link, .sequence = header->sequence, .reference = -1,
        .part = -1, .total = -1
    };
    struct message_times times = { 0 };
    struct plan_key key;
    struct udh udh;
    uint64_t hash;

    answer.status = smpp_decode_submit(body, size, &submit);
    if (answer.status == SMPP_OK)
        answer.status = check_submit(&submit, &times);
    strcpy(answer.destination, submit.destination.digits);
    if (answer.status != SMPP_OK) {
        session_bad_pdu(link, header, answer.status);
        answer_write(&answer);
        return;
    }
    udh = udh_parse((submit.esm_class & 0x40) != 0, submit.message,
                    submit.message_length);
    answer.reference = udh.reference;
    answer.part = udh.sequence;
    answer.total = udh.total;
    key.receiver = submit.destination.digits
                   + (submit.destination.digits[0] == '+');
    key.segment = udh.concatenated ? (unsigned) udh.sequence : 1;
    hash = hash_submit(key.receiver, &submit);
    key.attempt = count_attempt(link->smsc, hash);
    key.link = link->number;
    link->submits++;
    link->smsc->counts.submits++;
    journal_submit(link, header->sequence, &submit, &udh, key.attempt);
    act(link, &submit, &key, &times, &answer,
        look_up(link, header->sequence, &key, &udh, hash));
}

/*
 * questions.c - see questions.h
 */

#include <stdlib.h>
#include <string.h>

#include "bearerbox/questions.h"

enum {
    MAX_LINKS = 256,
    QUOTA = 16                  /* unanswered questions of one link */
};

/* How long a question waits for a link: one that reconnects is back in
 * about ten seconds. */
static const int64_t PATIENCE_US = 20 * 1000 * 1000;

/* How often those that wait look for a link. */
static const int64_t LOOK_US = 20 * 1000;

typedef struct {
    Question *first, **last;
    int n;
} Queue;

struct Questions {
    const Wire *wire;
    Queue waiting, asked, failed;
    uint64_t next_number;
    int64_t next_look;
};

/* What is there when questions are handed out. */
typedef struct {
    WireLink links[MAX_LINKS];
    int asked[MAX_LINKS];       /* questions that each has unanswered */
    int n;
} Board;

static void queue_init(Queue *queue)
{
    queue->first = NULL;
    queue->last = &queue->first;
    queue->n = 0;
}

static void queue_put(Queue *queue, Question *question)
{
    question->next = NULL;
    *queue->last = question;
    queue->last = &question->next;
    queue->n++;
}

static Question *queue_unlink(Queue *queue, Question **at)
{
    Question *question = *at;

    *at = question->next;
    if (queue->last == &question->next)
        queue->last = at;
    queue->n--;
    return question;
}

Questions *questions_create(const Wire *wire)
{
    Questions *questions = calloc(1, sizeof(*questions));

    if (questions == NULL)
        abort();
    questions->wire = wire;
    questions->next_number = 1;
    queue_init(&questions->waiting);
    queue_init(&questions->asked);
    queue_init(&questions->failed);
    return questions;
}

void question_free(Question *question)
{
    free(question->sender);
    free(question->receiver);
    free(question->message_id);
    free(question->written);
    free(question);
}

static void queue_clear(Queue *queue)
{
    while (queue->first != NULL)
        question_free(queue_unlink(queue, &queue->first));
}

void questions_destroy(Questions *questions)
{
    if (questions == NULL)
        return;
    queue_clear(&questions->waiting);
    queue_clear(&questions->asked);
    queue_clear(&questions->failed);
    free(questions);
}

void questions_add(Questions *questions, Question *question, int64_t now)
{
    question->not_before = now;
    question->give_up = now + PATIENCE_US;
    queue_put(&questions->waiting, question);
    questions->next_look = 0;
}

static bool queue_has(const Queue *queue, WireAsk what, int64_t group,
                      int copy)
{
    const Question *q;

    for (q = queue->first; q != NULL; q = q->next) {
        if (q->what == what && q->about.group == group &&
            q->about.copy == copy)
            return true;
    }
    return false;
}

/* --- which link ---------------------------------------------------------- */

static void look_around(const Questions *questions, Board *board)
{
    const Question *q;
    int i;

    memset(board->asked, 0, sizeof(board->asked));
    board->n = questions->wire->links("", NULL, board->links, MAX_LINKS);
    for (q = questions->asked.first; q != NULL; q = q->next) {
        for (i = 0; i < board->n; i++)
            board->asked[i] += board->links[i].serial == q->asked_over;
    }
}

/* The link that should ask this; -1: none now. `*any` tells if there is one
 * that could, were it up and less busy. */
static int choose(const Board *board, const Question *question, bool *any)
{
    int i, best = -1;

    *any = false;
    for (i = 0; i < board->n; i++) {
        const WireLink *link = &board->links[i];

        if (!link->can_ask ||
            strcmp(link->smsc_id, question->about.smsc_id) != 0)
            continue;
        *any = true;
        if (!link->active || board->asked[i] >= QUOTA)
            continue;
        if (link->serial == question->about.link)
            return i;
        if (best == -1 || board->asked[i] < board->asked[best])
            best = i;
    }
    return best;
}

static bool ask(Questions *questions, Question *question, Board *board,
                int at)
{
    WireQuestion wire = {
        .what = question->what, .number = questions->next_number,
        .sender = question->sender, .receiver = question->receiver,
        .message_id = question->written
    };

    if (questions->wire->ask(board->links[at].serial, &wire) != WIRE_OK) {
        board->asked[at] = QUOTA;       /* no more of it in this round */
        return false;
    }
    question->number = questions->next_number++;
    question->asked_over = board->links[at].serial;
    board->asked[at]++;
    return true;
}

/* Where this one goes; NULL: it goes on waiting. */
static Queue *place_of(Questions *questions, Question *question,
                       Board *board, int64_t now)
{
    bool any;
    int at;

    if (now < question->not_before)
        return NULL;
    at = choose(board, question, &any);
    if (at != -1 && ask(questions, question, board, at))
        return &questions->asked;
    return any && now < question->give_up ? NULL : &questions->failed;
}

void questions_pump(Questions *questions, int64_t now)
{
    Question **at = &questions->waiting.first;
    Board board;
    Queue *to;

    if (*at == NULL || now < questions->next_look)
        return;
    questions->next_look = now + LOOK_US;
    look_around(questions, &board);
    while (*at != NULL) {
        to = place_of(questions, *at, &board, now);
        if (to == NULL)
            at = &(*at)->next;
        else
            queue_put(to, queue_unlink(&questions->waiting, at));
    }
}

/* --- how they end --------------------------------------------------------- */

Question *questions_failed(Questions *questions)
{
    if (questions->failed.first == NULL)
        return NULL;
    return queue_unlink(&questions->failed, &questions->failed.first);
}

Question *questions_take(Questions *questions, uint64_t number)
{
    Question **at;

    for (at = &questions->asked.first; *at != NULL; at = &(*at)->next) {
        if ((*at)->number == number) {
            questions->next_look = 0;   /* a place is free */
            return queue_unlink(&questions->asked, at);
        }
    }
    return NULL;
}

bool questions_again(Questions *questions, Question *question,
                     int64_t not_before)
{
    if (not_before >= question->give_up)
        return false;
    question->asked_over = 0;
    question->not_before = not_before;
    queue_put(&questions->waiting, question);
    return true;
}

bool questions_has(const Questions *questions, WireAsk what, int64_t group,
                   int copy)
{
    return queue_has(&questions->waiting, what, group, copy) ||
           queue_has(&questions->asked, what, group, copy);
}

void questions_forget(Questions *questions, int64_t group)
{
    Question **at = &questions->waiting.first;

    while (*at != NULL) {
        if ((*at)->about.group == group)
            question_free(queue_unlink(&questions->waiting, at));
        else
            at = &(*at)->next;
    }
}

int64_t questions_next_time(const Questions *questions, int64_t now)
{
    if (questions->waiting.first == NULL)
        return INT64_MAX;
    return questions->next_look > now ? questions->next_look : now;
}

int questions_count(const Questions *questions)
{
    return questions->waiting.n + questions->asked.n + questions->failed.n;
}

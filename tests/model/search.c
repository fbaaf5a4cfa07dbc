/*
 * search.c - every state the model can reach, once
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "search.h"

#define NOTHING UINT32_MAX

/* A state met. Its packed form is in the arena. */
typedef struct {
    uint64_t at;                /* in the arena */
    uint32_t parent;
    uint32_t smooth;            /* where it goes if nothing goes wrong */
    uint16_t move;              /* ordinal of the parent's move to it */
    uint8_t len;
    uint8_t faults : 4;
    bool finished : 1;          /* known to reach a final state */
} Node;

typedef struct {
    uint32_t *nodes;
    uint32_t head, len, size;
} Queue;

typedef struct {
    const WorldSetup *setup;
    uint8_t *arena;
    uint64_t arena_len, arena_size;
    Node *nodes;
    uint32_t nodes_len, nodes_size;
    uint32_t *buckets;          /* open addressing; node + 1, 0: free */
    uint32_t buckets_mask;
    Queue queues[SEARCH_MAX_FAULTS + 1];
    Finding finding;
    /* while one node is expanded */
    uint32_t node;
    uint16_t ordinal;
    int smooth_rank;
    /* the violation's last step */
    uint32_t bad_parent;
    uint16_t bad_move;
} Search;

static void *grow(void *array, size_t count, size_t item)
{
    array = realloc(array, count * item);
    if (array == NULL) {
        printf("Bail out! out of memory\n");
        exit(1);
    }
    return array;
}

static uint64_t hash(const uint8_t *data, size_t len)
{
    uint64_t h = 1469598103934665603u;

    for (size_t i = 0; i < len; i++)
        h = (h ^ data[i]) * 1099511628211u;
    return h ^ h >> 29;
}

static void push(Queue *queue, uint32_t node)
{
    if (queue->len == queue->size) {
        queue->size = queue->size ? 2 * queue->size : 1024;
        queue->nodes = grow(queue->nodes, queue->size, sizeof(uint32_t));
    }
    queue->nodes[queue->len++] = node;
}

static bool is_node(const Search *s, uint32_t node, const uint8_t *packed,
                    size_t len)
{
    const Node *n = &s->nodes[node];

    return n->len == len && memcmp(s->arena + n->at, packed, len) == 0;
}

/* The bucket that holds this state, or the free one where it belongs. */
static uint32_t *find_bucket(const Search *s, const uint8_t *packed,
                             size_t len)
{
    uint32_t i = (uint32_t) hash(packed, len) & s->buckets_mask;

    while (s->buckets[i] != 0 && !is_node(s, s->buckets[i] - 1, packed, len))
        i = (i + 1) & s->buckets_mask;
    return &s->buckets[i];
}

static void rehash(Search *s)
{
    uint32_t count = s->buckets_mask ? 2 * (s->buckets_mask + 1) : 1u << 16;

    free(s->buckets);
    s->buckets = grow(NULL, count, sizeof(uint32_t));
    memset(s->buckets, 0, count * sizeof(uint32_t));
    s->buckets_mask = count - 1;
    for (uint32_t i = 0; i < s->nodes_len; i++)
        *find_bucket(s, s->arena + s->nodes[i].at, s->nodes[i].len) = i + 1;
}

static uint32_t add_node(Search *s, const uint8_t *packed, size_t len)
{
    if (s->nodes_len == s->nodes_size) {
        s->nodes_size = s->nodes_size ? 2 * s->nodes_size : 1024;
        s->nodes = grow(s->nodes, s->nodes_size, sizeof(Node));
    }
    if (s->arena_len + len > s->arena_size) {
        s->arena_size = s->arena_size ? 2 * s->arena_size : 1 << 16;
        s->arena = grow(s->arena, s->arena_size, 1);
    }
    memcpy(s->arena + s->arena_len, packed, len);
    s->nodes[s->nodes_len] = (Node) {
        .at = s->arena_len, .len = (uint8_t) len,
        .parent = NOTHING, .smooth = NOTHING, .faults = SEARCH_MAX_FAULTS + 1,
    };
    s->arena_len += len;
    return s->nodes_len++;
}

/* Meet a state; returns its node. Queued if it is new or cheaper now. */
static uint32_t meet(Search *s, const World *w, int faults)
{
    uint8_t packed[WORLD_MAX_PACKED];
    size_t len = world_pack(w, packed);
    uint32_t *bucket;
    Node *node;
    uint32_t i;

    if (s->nodes_len >= s->buckets_mask / 2)
        rehash(s);
    bucket = find_bucket(s, packed, len);
    if (*bucket == 0)
        *bucket = add_node(s, packed, len) + 1;
    i = *bucket - 1;
    node = &s->nodes[i];
    if (faults < node->faults) {
        node->faults = (unsigned) faults & 15;
        node->parent = s->node;
        node->move = s->ordinal;
        push(&s->queues[faults], i);
    }
    return i;
}

/* ---- one state's moves ---- */

static void visit(World *next, const Move *move, void *arg)
{
    Search *s = arg;
    int faults = s->nodes[s->node].faults + move->fault;
    uint32_t met;

    if (faults <= s->setup->faults) {
        s->finding.moves++;
        if (next->violation != NULL && faults < s->finding.faults) {
            s->finding.violation = next->violation;
            s->finding.faults = faults;
            s->bad_parent = s->node;
            s->bad_move = s->ordinal;
        }
        met = meet(s, next, faults);
        if (move->rank < s->smooth_rank) {
            s->smooth_rank = move->rank;
            s->nodes[s->node].smooth = met;
        }
    }
    s->ordinal++;
}

static void unpack(const Search *s, uint32_t node, World *w)
{
    world_unpack(w, s->arena + s->nodes[node].at, s->nodes[node].len);
}

static void expand(Search *s, uint32_t node)
{
    World w;

    unpack(s, node, &w);
    if (group_is_final(&w.g)) {
        s->nodes[node].finished = true;
        s->finding.finals |= 1u << w.g.state;
        return;
    }
    s->node = node;
    s->ordinal = 0;
    s->smooth_rank = RANK_NEVER;
    world_moves(&w, visit, s);
}

static void search_all(Search *s)
{
    for (int faults = 0; faults <= s->setup->faults; faults++) {
        Queue *queue = &s->queues[faults];

        while (queue->head < queue->len && s->finding.faults > faults) {
            uint32_t node = queue->nodes[queue->head++];

            if (s->nodes[node].faults == (unsigned) faults)
                expand(s, node);
        }
    }
}

/* ---- no stuck group ---- */

/*
 * From every state the smooth way must end in a final state. A way that meets
 * a state whose own way is known to end is known, too; one of more steps than
 * any history needs is a circle.
 */
static bool reaches_an_end(Search *s, uint32_t node)
{
    const int limit = 1000;
    uint32_t at = node;

    for (int i = 0; i < limit && at != NOTHING && !s->nodes[at].finished; i++)
        at = s->nodes[at].smooth;
    if (at == NOTHING || !s->nodes[at].finished)
        return false;
    for (at = node; !s->nodes[at].finished; at = s->nodes[at].smooth)
        s->nodes[at].finished = true;
    return true;
}

static void find_stuck(Search *s)
{
    for (uint32_t i = 0; i < s->nodes_len; i++) {
        if (!reaches_an_end(s, i)) {
            s->finding.violation = "stuck: no final state is reached";
            s->finding.faults = s->nodes[i].faults;
            s->bad_parent = i;
            s->bad_move = UINT16_MAX;
            return;
        }
    }
}

static void find_smooth_end(Search *s)
{
    uint32_t at = 0;
    World w;

    while (s->nodes[at].smooth != NOTHING)
        at = s->nodes[at].smooth;
    unpack(s, at, &w);
    s->finding.smooth_end = w.g.state;
}

/* ---- the history of a violation ---- */

typedef struct {
    uint16_t ordinal;
    uint16_t wanted;
} Replay;

static void print_move(World *next, const Move *move, void *arg)
{
    Replay *replay = arg;

    if (replay->ordinal++ != replay->wanted)
        return;
    printf("#   %s", move->fault ? "FAULT: " : "");
    if (move->copy != NULL)
        printf("segment %d of attempt %d ", move->copy->segment + 1,
               move->copy->attempt);
    printf("%s\n", move->what);
    world_print(next);
}

static void print_step(const Search *s, uint32_t parent, uint16_t move)
{
    Replay replay = { 0, move };
    World w;

    unpack(s, parent, &w);
    world_moves(&w, print_move, &replay);
}

static int print_history(const Search *s, uint32_t node, bool print)
{
    const Node *n = &s->nodes[node];
    int steps = 0;

    if (n->parent != NOTHING) {
        steps = 1 + print_history(s, n->parent, print);
        if (print)
            print_step(s, n->parent, n->move);
    }
    return steps;
}

static void report(Search *s, bool trace)
{
    Finding *finding = &s->finding;

    finding->states = s->nodes_len;
    if (finding->violation == NULL)
        return;
    finding->steps = print_history(s, s->bad_parent, trace);
    if (s->bad_move != UINT16_MAX) {
        finding->steps++;
        if (trace)
            print_step(s, s->bad_parent, s->bad_move);
    }
    if (trace)
        printf("#   VIOLATION: %s\n", finding->violation);
}

Finding search(const WorldSetup *setup, bool trace)
{
    Search s = {
        .setup = setup, .node = NOTHING,
        .finding.faults = SEARCH_MAX_FAULTS + 1,
    };
    World start;

    world_setup(setup);
    world_init(&start);
    meet(&s, &start, 0);
    search_all(&s);
    if (s.finding.violation == NULL)
        find_stuck(&s);
    if (s.finding.violation == NULL)
        find_smooth_end(&s);
    report(&s, trace);
    free(s.arena);
    free(s.nodes);
    free(s.buckets);
    for (int i = 0; i <= SEARCH_MAX_FAULTS; i++)
        free(s.queues[i].nodes);
    return s.finding;
}

/*
 * tickets.c - see tickets.h
 *
 * An open hash by number. Numbers rise by one, so the low bits spread them
 * perfectly. The counts per link are kept beside, since the scheduler asks
 * for them before each hand-over.
 */

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "bearerbox/tickets.h"
#include "now.h"

typedef struct Entry {
    struct Entry *next;
    uint64_t number;
    int64_t not_after_us;
    bool revoked;
    Ticket ticket;
} Entry;

typedef struct {
    unsigned long link;
    int unwritten, unanswered;
    int tell_at;                /* unwritten ones left, -1: nobody waits */
} LinkCount;

enum { BUCKETS = 4096 };

/* A lease under whose groups may be written. */
typedef struct {
    int lease;
    int64_t epoch;              /* NO_EPOCH: given back */
} Held;

static const int64_t NO_EPOCH = -1;

struct Tickets {
    pthread_mutex_t lock;
    Held *held;                 /* by lease */
    int n_held;
    Entry *buckets[BUCKETS];
    uint64_t last;
    int64_t lease_until_us;
    LinkCount *links;
    int n_links;
};

Tickets *tickets_create(void)
{
    Tickets *tickets = calloc(1, sizeof(*tickets));

    if (tickets == NULL)
        abort();
    pthread_mutex_init(&tickets->lock, NULL);
    return tickets;
}

void tickets_destroy(Tickets *tickets)
{
    int i;
    Entry *e, *next;

    if (tickets == NULL)
        return;
    for (i = 0; i < BUCKETS; i++) {
        for (e = tickets->buckets[i]; e != NULL; e = next) {
            next = e->next;
            free(e);
        }
    }
    pthread_mutex_destroy(&tickets->lock);
    free(tickets->links);
    free(tickets->held);
    free(tickets);
}

static LinkCount *count_of(Tickets *tickets, unsigned long link)
{
    LinkCount *grown;
    int i;

    for (i = 0; i < tickets->n_links; i++) {
        if (tickets->links[i].link == link)
            return &tickets->links[i];
    }
    grown = realloc(tickets->links,
                    (tickets->n_links + 1) * sizeof(*grown));
    if (grown == NULL)
        abort();
    tickets->links = grown;
    grown += tickets->n_links++;
    memset(grown, 0, sizeof(*grown));
    grown->link = link;
    grown->tell_at = -1;
    return grown;
}

static Entry **find(Tickets *tickets, uint64_t number)
{
    Entry **at = &tickets->buckets[number % BUCKETS];

    while (*at != NULL && (*at)->number != number)
        at = &(*at)->next;
    return at;
}

/* Takes an entry out of the counts as far as it is still in them. */
static void uncount(Tickets *tickets, const Entry *e)
{
    LinkCount *count = count_of(tickets, e->ticket.link);

    if (e->ticket.written_us == 0)
        count->unwritten--;
    if (!e->ticket.doubted)
        count->unanswered--;
}

uint64_t tickets_issue(Tickets *tickets, const Ticket *ticket,
                       int64_t not_after_us)
{
    Entry *e = calloc(1, sizeof(*e));
    LinkCount *count;
    uint64_t number;

    if (e == NULL)
        abort();
    e->ticket = *ticket;
    e->ticket.issued_us = now_us();
    e->ticket.written_us = 0;
    e->ticket.doubted = false;
    e->not_after_us = not_after_us;
    pthread_mutex_lock(&tickets->lock);
    number = e->number = ++tickets->last;
    e->next = tickets->buckets[number % BUCKETS];
    tickets->buckets[number % BUCKETS] = e;
    count = count_of(tickets, ticket->link);
    count->unwritten++;
    count->unanswered++;
    pthread_mutex_unlock(&tickets->lock);
    return number;
}

static int by_lease(const void *a, const void *b)
{
    int x = ((const Held *) a)->lease, y = ((const Held *) b)->lease;

    return (x > y) - (x < y);
}

static Held *find_held(Tickets *tickets, int lease)
{
    Held key = { .lease = lease };

    if (tickets->n_held == 0)
        return NULL;
    return bsearch(&key, tickets->held, (size_t) tickets->n_held,
                   sizeof(key), by_lease);
}

void tickets_fence(Tickets *tickets, const StoreLease *leases, int n,
                   int64_t until_us)
{
    Held *held = calloc((size_t) n + 1, sizeof(*held)), *old;
    int i;

    if (held == NULL)
        abort();
    for (i = 0; i < n; i++) {
        held[i].lease = leases[i].id;
        held[i].epoch = leases[i].epoch;
    }
    qsort(held, (size_t) n, sizeof(*held), by_lease);
    pthread_mutex_lock(&tickets->lock);
    old = tickets->held;
    tickets->held = held;
    tickets->n_held = n;
    tickets->lease_until_us = until_us;
    pthread_mutex_unlock(&tickets->lock);
    free(old);
}

void tickets_give_back(Tickets *tickets, const int *leases, int n)
{
    Held *held;
    int i;

    pthread_mutex_lock(&tickets->lock);
    for (i = 0; i < n; i++) {
        if ((held = find_held(tickets, leases[i])) != NULL)
            held->epoch = NO_EPOCH;
    }
    pthread_mutex_unlock(&tickets->lock);
}

static bool is_held(Tickets *tickets, const Ticket *ticket, int64_t now)
{
    const Held *held = find_held(tickets, ticket->lease);

    return now < tickets->lease_until_us && held != NULL &&
           held->epoch == ticket->epoch;
}

bool tickets_revoke(Tickets *tickets, uint64_t number)
{
    Entry *e;
    bool unwritten = false;

    pthread_mutex_lock(&tickets->lock);
    e = *find(tickets, number);
    if (e != NULL) {
        e->revoked = true;
        unwritten = e->ticket.written_us == 0;
    }
    pthread_mutex_unlock(&tickets->lock);
    return unwritten;
}

/* Is the moment here that the scheduler waits for? It comes once. */
static bool told(LinkCount *count)
{
    if (count->tell_at == -1 || count->unwritten > count->tell_at)
        return false;
    count->tell_at = -1;
    return true;
}

bool tickets_may_write(Tickets *tickets, uint64_t number, bool *hungry)
{
    int64_t now = now_us();
    LinkCount *count;
    Entry *e;
    bool may;

    *hungry = false;

    pthread_mutex_lock(&tickets->lock);
    e = *find(tickets, number);
    may = e != NULL && !e->revoked && is_held(tickets, &e->ticket, now) &&
        now < e->not_after_us;
    if (may && e->ticket.written_us == 0) {
        e->ticket.written_us = now;
        count = count_of(tickets, e->ticket.link);
        count->unwritten--;
        *hungry = told(count);
    }
    pthread_mutex_unlock(&tickets->lock);
    return may;
}

void tickets_wait(Tickets *tickets, unsigned long link, int unwritten)
{
    pthread_mutex_lock(&tickets->lock);
    count_of(tickets, link)->tell_at = unwritten;
    pthread_mutex_unlock(&tickets->lock);
}

bool tickets_get(Tickets *tickets, uint64_t number, Ticket *ticket)
{
    Entry *e;

    pthread_mutex_lock(&tickets->lock);
    e = *find(tickets, number);
    if (e != NULL)
        *ticket = e->ticket;
    pthread_mutex_unlock(&tickets->lock);
    return e != NULL;
}

bool tickets_take(Tickets *tickets, uint64_t number, Ticket *ticket)
{
    Entry **at, *e;

    pthread_mutex_lock(&tickets->lock);
    at = find(tickets, number);
    e = *at;
    if (e != NULL) {
        *at = e->next;
        uncount(tickets, e);
    }
    pthread_mutex_unlock(&tickets->lock);
    if (e == NULL)
        return false;
    *ticket = e->ticket;
    free(e);
    return true;
}

void tickets_doubt(Tickets *tickets, uint64_t number)
{
    Entry *e;

    pthread_mutex_lock(&tickets->lock);
    e = *find(tickets, number);
    if (e != NULL && !e->ticket.doubted) {
        e->ticket.doubted = true;
        count_of(tickets, e->ticket.link)->unanswered--;
    }
    pthread_mutex_unlock(&tickets->lock);
}

void tickets_expire(Tickets *tickets, int64_t before_us)
{
    Entry **at, *e;
    int i;

    pthread_mutex_lock(&tickets->lock);
    for (i = 0; i < BUCKETS; i++) {
        at = &tickets->buckets[i];
        while ((e = *at) != NULL) {
            if (e->ticket.doubted && e->ticket.issued_us < before_us) {
                *at = e->next;
                uncount(tickets, e);
                free(e);
            } else {
                at = &e->next;
            }
        }
    }
    pthread_mutex_unlock(&tickets->lock);
}

int tickets_unwritten(Tickets *tickets, unsigned long link)
{
    int n;

    pthread_mutex_lock(&tickets->lock);
    n = count_of(tickets, link)->unwritten;
    pthread_mutex_unlock(&tickets->lock);
    return n;
}

int tickets_unanswered(Tickets *tickets, unsigned long link)
{
    int n;

    pthread_mutex_lock(&tickets->lock);
    n = count_of(tickets, link)->unanswered;
    pthread_mutex_unlock(&tickets->lock);
    return n;
}

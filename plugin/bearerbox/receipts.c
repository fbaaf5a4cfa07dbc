/*
 * receipts.c - see receipts.h
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bearerbox/news.h"
#include "bearerbox/receipts.h"

/* An answer is that close behind its receipt, if it comes to this box at all;
 * one for another box should not wait. */
static const int64_t HOLD_US = 100000;

/* In one call; and how many are kept while the database is away. Beyond
 * that the oldest are given up: their groups end UNKNOWN, never wrongly. */
enum { CALL_MAX = 500, KEPT_MAX = 200000 };

typedef struct Item {
    struct Item *next;
    StoreReceipt receipt;
    int64_t at_us;
} Item;

typedef struct {
    Item *first, **last;
    int n;
} Queue;

struct Receipts {
    Queue held, going, sent;
    char sent_instance[INSTANCE_SIZE];
    int64_t sent_number;
    bool under_way;
};

static void queue_init(Queue *queue)
{
    queue->first = NULL;
    queue->last = &queue->first;
    queue->n = 0;
}

static void queue_put(Queue *queue, Item *item)
{
    item->next = NULL;
    *queue->last = item;
    queue->last = &item->next;
    queue->n++;
}

static Item *queue_unlink(Queue *queue, Item **at)
{
    Item *item = *at;

    *at = item->next;
    if (queue->last == &item->next)
        queue->last = at;
    queue->n--;
    return item;
}

static void item_free(Item *item)
{
    free((char *) (uintptr_t) item->receipt.smsc_id);
    free((char *) (uintptr_t) item->receipt.message_id);
    free((char *) (uintptr_t) item->receipt.text);
    free(item);
}

static void queue_clear(Queue *queue)
{
    while (queue->first != NULL)
        item_free(queue_unlink(queue, &queue->first));
}

Receipts *receipts_create(void)
{
    Receipts *receipts = calloc(1, sizeof(*receipts));

    if (receipts == NULL)
        abort();
    queue_init(&receipts->held);
    queue_init(&receipts->going);
    queue_init(&receipts->sent);
    return receipts;
}

void receipts_destroy(Receipts *receipts)
{
    if (receipts == NULL)
        return;
    queue_clear(&receipts->held);
    queue_clear(&receipts->going);
    queue_clear(&receipts->sent);
    free(receipts);
}

bool receipts_add(Receipts *receipts, const StoreReceipt *receipt,
                  int64_t at_us, bool hold)
{
    Item *item = calloc(1, sizeof(*item));

    if (item == NULL)
        abort();
    item->receipt = *receipt;
    item->receipt.smsc_id = strdup(receipt->smsc_id);
    item->receipt.message_id = strdup(receipt->message_id);
    item->receipt.text = receipt->text == NULL ? NULL
                                               : strdup(receipt->text);
    item->at_us = at_us;
    queue_put(hold ? &receipts->held : &receipts->going, item);
    if (receipts->going.n <= KEPT_MAX)
        return true;
    item_free(queue_unlink(&receipts->going, &receipts->going.first));
    return false;
}

bool receipts_claim(Receipts *receipts, const char *smsc_id,
                    const char *message_id, StoreReceipt *receipt,
                    int64_t *at_us)
{
    Item **at, *item;

    for (at = &receipts->held.first; (item = *at) != NULL; at = &item->next) {
        if (strcmp(item->receipt.message_id, message_id) != 0 ||
            strcmp(item->receipt.smsc_id, smsc_id) != 0)
            continue;
        *receipt = item->receipt;
        receipt->smsc_id = receipt->message_id = receipt->text = NULL;
        *at_us = item->at_us;
        item_free(queue_unlink(&receipts->held, at));
        return true;
    }
    return false;
}

int64_t receipts_ripen(Receipts *receipts, int64_t now)
{
    while (receipts->held.first != NULL &&
           receipts->held.first->at_us + HOLD_US <= now)
        queue_put(&receipts->going,
                  queue_unlink(&receipts->held, &receipts->held.first));
    return receipts->held.first == NULL
        ? INT64_MAX : receipts->held.first->at_us + HOLD_US;
}

bool receipts_ready(const Receipts *receipts)
{
    return !receipts->under_way &&
           (receipts->sent.n > 0 || receipts->going.n > 0);
}

bool receipts_lost(const Receipts *receipts)
{
    return !receipts->under_way && receipts->sent.n > 0;
}

bool receipts_empty(const Receipts *receipts)
{
    return receipts->held.n + receipts->going.n + receipts->sent.n == 0;
}

bool receipts_waiting(const Receipts *receipts)
{
    return receipts->sent.n > 0;
}

void receipts_send(Receipts *receipts, Store *store, const char *instance,
                   int64_t *next_number, int64_t now, StoreGroups *done,
                   void *arg)
{
    StoreReceipt rows[CALL_MAX];
    Item *item;
    int n = 0;

    if (receipts->sent.n == 0) {
        while (receipts->going.first != NULL && receipts->sent.n < CALL_MAX)
            queue_put(&receipts->sent,
                      queue_unlink(&receipts->going,
                                   &receipts->going.first));
        receipts->sent_number = (*next_number)++;
        snprintf(receipts->sent_instance, INSTANCE_SIZE, "%s", instance);
    }
    for (item = receipts->sent.first; item != NULL; item = item->next) {
        rows[n] = item->receipt;
        rows[n++].ago_us = now - item->at_us;
    }
    receipts->under_way = true;
    store_receipts(store, receipts->sent_instance, receipts->sent_number,
                   rows, n, done, arg);
}

void receipts_answered(Receipts *receipts, StoreOutcome outcome)
{
    receipts->under_way = false;
    if (outcome == STORE_DONE)
        queue_clear(&receipts->sent);
}

/*
 * mailbox.c - see mailbox.h
 *
 * The eventfd is written only when the box was empty, so that a burst of
 * letters costs one system call.
 */

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "mailbox.h"

struct Mailbox {
    pthread_mutex_t lock;
    Letter *first, **last;
    int fd;
};

Mailbox *mailbox_create(void)
{
    Mailbox *box = malloc(sizeof(*box));

    if (box == NULL)
        return NULL;
    box->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (box->fd == -1) {
        free(box);
        return NULL;
    }
    pthread_mutex_init(&box->lock, NULL);
    box->first = NULL;
    box->last = &box->first;
    return box;
}

void mailbox_destroy(Mailbox *box)
{
    if (box == NULL)
        return;
    close(box->fd);
    pthread_mutex_destroy(&box->lock);
    free(box);
}

void mailbox_ring(Mailbox *box)
{
    uint64_t one = 1;
    ssize_t written = write(box->fd, &one, sizeof(one));

    /* it fails only when the counter is full, and then it is readable */
    (void) written;
}

void mailbox_put(Mailbox *box, Letter *letter)
{
    int was_empty;

    letter->next = NULL;
    pthread_mutex_lock(&box->lock);
    was_empty = box->first == NULL;
    *box->last = letter;
    box->last = &letter->next;
    pthread_mutex_unlock(&box->lock);
    if (was_empty)
        mailbox_ring(box);
}

Letter *mailbox_take(Mailbox *box)
{
    uint64_t count;
    Letter *first;
    ssize_t got = read(box->fd, &count, sizeof(count));

    (void) got;     /* nothing to read is no error */
    pthread_mutex_lock(&box->lock);
    first = box->first;
    box->first = NULL;
    box->last = &box->first;
    pthread_mutex_unlock(&box->lock);
    return first;
}

int mailbox_fd(const Mailbox *box)
{
    return box->fd;
}

/*
 * loop.h - the one thread's loop: sockets by epoll, timers by a binary heap.
 *
 * Watches and timers are members of the objects they serve; the callback
 * gets back the member and finds its owner with loop_owner(). Nothing here
 * allocates for them or frees them.
 */
#ifndef SMSC_LOOP_H
#define SMSC_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;

struct loop_watch {
    int fd;
    uint32_t events;                    /* what is asked of epoll now */
    void (*ready)(struct loop_watch *watch, uint32_t events);
};

struct loop_timer {
    int64_t due_us;             /* on loop_now()'s clock */
    uint64_t order;             /* equal times: first set, first run */
    size_t place;               /* index in the heap + 1; 0: not set */
    void (*fire)(struct loop_timer *timer);
};

struct loop {
    int epoll_fd;
    bool stop;                          /* set it to leave loop_run */
    uint64_t timers_set;
    struct loop_timer **heap;
    size_t heap_length, heap_room;
    /* called after each round of events, before the thread may sleep */
    void (*settle)(struct loop *loop);
};

#define loop_owner(member, type, field) \
    ((type *) (void *) ((char *) (member) - offsetof(type, field)))

/* Microseconds: the monotonic clock, and the time of day since the epoch. */
int64_t loop_now(void);
int64_t loop_wall_clock(void);

/* 0, or -1 with errno. */
int loop_init(struct loop *loop);
void loop_free(struct loop *loop);

/* Start, change (events as in epoll_ctl) and end watching watch->fd. */
int loop_watch_add(struct loop *loop, struct loop_watch *watch,
                   uint32_t events);
void loop_watch_change(struct loop *loop, struct loop_watch *watch,
                       uint32_t events);
void loop_watch_remove(struct loop *loop, struct loop_watch *watch);

/* Set, or move if it is set already. A timer is unset when it fires. */
void loop_timer_set(struct loop *loop, struct loop_timer *timer,
                    int64_t due_us);
void loop_timer_clear(struct loop *loop, struct loop_timer *timer);

/* 0 once `stop` is set, -1 with errno if epoll fails. */
int loop_run(struct loop *loop);

#endif

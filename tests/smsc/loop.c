/*
 * loop.c - see loop.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "buffer.h"
#include "loop.h"

enum { LOOP_EVENTS = 64 };

static int64_t clock_us(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t loop_now(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

int64_t loop_wall_clock(void)
{
    return clock_us(CLOCK_REALTIME);
}

int loop_init(struct loop *loop)
{
    *loop = (struct loop) { .epoll_fd = epoll_create1(EPOLL_CLOEXEC) };
    return loop->epoll_fd < 0 ? -1 : 0;
}

void loop_free(struct loop *loop)
{
    close(loop->epoll_fd);
    free(loop->heap);
}

int loop_watch_add(struct loop *loop, struct loop_watch *watch,
                   uint32_t events)
{
    struct epoll_event event = { .events = events, .data.ptr = watch };

    watch->events = events;
    return epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, watch->fd, &event);
}

void loop_watch_change(struct loop *loop, struct loop_watch *watch,
                       uint32_t events)
{
    struct epoll_event event = { .events = events, .data.ptr = watch };

    if (watch->events != events) {
        watch->events = events;
        epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event);
    }
}

void loop_watch_remove(struct loop *loop, struct loop_watch *watch)
{
    epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
}

static bool timer_before(const struct loop_timer *a,
                         const struct loop_timer *b)
{
    return a->due_us != b->due_us ? a->due_us < b->due_us
                                  : a->order < b->order;
}

static void heap_put(struct loop *loop, size_t index,
                     struct loop_timer *timer)
{
    loop->heap[index] = timer;
    timer->place = index + 1;
}

/* Find the place of `timer`, starting from the free place `index`. */
static void heap_settle(struct loop *loop, size_t index,
                        struct loop_timer *timer)
{
    struct loop_timer **heap = loop->heap;
    size_t child;

    while (index > 0 && timer_before(timer, heap[(index - 1) / 2])) {
        heap_put(loop, index, heap[(index - 1) / 2]);
        index = (index - 1) / 2;
    }
    while ((child = 2 * index + 1) < loop->heap_length) {
        if (child + 1 < loop->heap_length
            && timer_before(heap[child + 1], heap[child]))
            child++;
        if (!timer_before(heap[child], timer))
            break;
        heap_put(loop, index, heap[child]);
        index = child;
    }
    heap_put(loop, index, timer);
}

void loop_timer_set(struct loop *loop, struct loop_timer *timer,
                    int64_t due_us)
{
    size_t index;

    timer->due_us = due_us;
    timer->order = loop->timers_set++;
    if (timer->place == 0) {
        if (loop->heap_length == loop->heap_room) {
            loop->heap_room = loop->heap_room > 0 ? 2 * loop->heap_room : 64;
            loop->heap = mem_resize(loop->heap,
                                    loop->heap_room * sizeof(*loop->heap));
        }
        index = loop->heap_length++;
    } else {
        index = timer->place - 1;
    }
    heap_settle(loop, index, timer);
}

void loop_timer_clear(struct loop *loop, struct loop_timer *timer)
{
    size_t index;

    if (timer->place == 0)
        return;
    index = timer->place - 1;
    timer->place = 0;
    loop->heap_length--;
    if (index < loop->heap_length)
        heap_settle(loop, index, loop->heap[loop->heap_length]);
}

static void run_timers(struct loop *loop)
{
    int64_t now = loop_now();

    while (loop->heap_length > 0 && loop->heap[0]->due_us <= now) {
        struct loop_timer *timer = loop->heap[0];
        loop_timer_clear(loop, timer);
        timer->fire(timer);
    }
}

/* Milliseconds until the first timer, rounded up so that it is due then. */
static int time_to_sleep(const struct loop *loop)
{
    int64_t wait_us;

    if (loop->heap_length == 0)
        return -1;
    wait_us = loop->heap[0]->due_us - loop_now();
    if (wait_us <= 0)
        return 0;
    return wait_us > 60000000 ? 60000 : (int) ((wait_us + 999) / 1000);
}

int loop_run(struct loop *loop)
{
    struct epoll_event events[LOOP_EVENTS];
    int count, i;

    for (;;) {
        loop->settle(loop);
        if (loop->stop)
            return 0;
        count = epoll_wait(loop->epoll_fd, events, LOOP_EVENTS,
                           time_to_sleep(loop));
        if (count < 0 && errno != EINTR)
            return -1;
        for (i = 0; i < count; i++) {
            struct loop_watch *watch = events[i].data.ptr;
            watch->ready(watch, events[i].events);
        }
        run_timers(loop);
    }
}

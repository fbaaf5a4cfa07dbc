/*
 * journal.c - see journal.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "journal.h"
#include "json.h"

enum {
    JOURNAL_FLUSH_US = 20000,
    JOURNAL_LARGE = 256 * 1024
};

static void flush_due(struct loop_timer *timer)
{
    journal_flush(loop_owner(timer, struct journal, flush_timer));
}

int journal_open(struct journal *journal, struct loop *loop,
                 const char *path)
{
    *journal = (struct journal) {
        .fd = -1, .path = path, .loop = loop, .flush_timer.fire = flush_due
    };
    if (path == NULL)
        return 0;
    journal->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    return journal->fd < 0 ? -1 : 0;
}

void journal_flush(struct journal *journal)
{
    ssize_t written;

    loop_timer_clear(journal->loop, &journal->flush_timer);
    if (journal->fd < 0) {
        buffer_consume(&journal->lines, buffer_length(&journal->lines));
        return;
    }
    while (buffer_length(&journal->lines) > 0) {
        written = write(journal->fd, buffer_bytes(&journal->lines),
                        buffer_length(&journal->lines));
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0) {
            fprintf(stderr, "convoy-smsc: journal %s: %s\n", journal->path,
                    strerror(errno));
            exit(1);
        }
        buffer_consume(&journal->lines, (size_t) written);
    }
}

void journal_close(struct journal *journal)
{
    journal_flush(journal);
    if (journal->fd >= 0)
        close(journal->fd);
    buffer_free(&journal->lines);
}

struct buffer *journal_begin(struct journal *journal, const char *event)
{
    json_begin(&journal->lines);
    json_time(&journal->lines, "t", loop_wall_clock());
    json_string(&journal->lines, "ev", event);
    return &journal->lines;
}

void journal_end(struct journal *journal)
{
    json_end(&journal->lines);
    if (buffer_length(&journal->lines) >= JOURNAL_LARGE)
        journal_flush(journal);
    else if (journal->flush_timer.place == 0)
        loop_timer_set(journal->loop, &journal->flush_timer,
                       loop_now() + JOURNAL_FLUSH_US);
}

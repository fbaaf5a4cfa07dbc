/*
 * last_batch.c - see last_batch.h
 *
 * The file is one line: restores, number, instance. It is replaced as a
 * whole, so that a reader never sees a part of it.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bearerbox/last_batch.h"

enum {
    LEVEL_INFO = 1, LEVEL_WARNING = 2,  /* of the host's log */
    PATH_SIZE = 1024,                   /* a longer one cannot be opened */
    LINE_SIZE = INSTANCE_SIZE + 40
};

struct LastBatch {
    char path[PATH_SIZE], new_path[PATH_SIZE + 24];
    void (*log)(int level, const char *text);
    bool failed;                /* the last try to save did */

    pthread_mutex_t lock;       /* of these */
    LastBatchFact fact;
    int restores;               /* as the database says now */
    bool changed;
};

static void tell(LastBatch *last, const char *what)
{
    char text[PATH_SIZE + 200];

    snprintf(text, sizeof(text), "state-location: %s: %s; a database that was "
             "restored from a backup might not be noticed", last->path, what);
    last->log(LEVEL_WARNING, text);
}

static bool parse(const char *line, LastBatchFact *fact)
{
    char *end;
    size_t len;

    fact->restores = (int) strtol(line, &end, 10);
    if (end == line || *end != ' ')
        return false;
    line = end + 1;
    fact->number = strtoll(line, &end, 10);
    if (end == line || *end != ' ' || fact->number < 1)
        return false;
    line = end + 1;
    len = strcspn(line, "\n");
    if (len == 0 || len >= sizeof(fact->instance) || line[len] != '\n')
        return false;
    memcpy(fact->instance, line, len);
    fact->instance[len] = '\0';
    return true;
}

static void load(LastBatch *last)
{
    char line[LINE_SIZE] = "";
    LastBatchFact fact;
    FILE *file = fopen(last->path, "re");

    if (file == NULL) {
        if (errno != ENOENT)
            tell(last, strerror(errno));
        return;
    }
    if (fgets(line, sizeof(line), file) != NULL && parse(line, &fact))
        last->fact = fact;
    else
        tell(last, "is damaged");
    fclose(file);
}

LastBatch *last_batch_open(const char *folder, const char *deployment,
                           void (*log)(int level, const char *text))
{
    LastBatch *last = calloc(1, sizeof(*last));
    char *slash;
    int n;

    if (last == NULL)
        abort();
    last->log = log;
    n = snprintf(last->path, sizeof(last->path), "%s/", folder);
    snprintf(last->path + n, sizeof(last->path) - n, "%s.last-batch",
             deployment);
    while ((slash = strchr(last->path + n, '/')) != NULL)
        *slash = '_';
    snprintf(last->new_path, sizeof(last->new_path), "%s.%ld", last->path,
             (long) getpid());
    pthread_mutex_init(&last->lock, NULL);
    mkdir(folder, 0750);        /* what is wrong with it shows at the write */
    load(last);
    return last;
}

void last_batch_note(LastBatch *last, const char *instance, int64_t number)
{
    pthread_mutex_lock(&last->lock);
    snprintf(last->fact.instance, sizeof(last->fact.instance), "%s",
             instance);
    last->fact.number = number;
    last->fact.restores = last->restores;
    last->changed = true;
    pthread_mutex_unlock(&last->lock);
}

void last_batch_restores(LastBatch *last, int restores)
{
    pthread_mutex_lock(&last->lock);
    last->restores = restores;
    pthread_mutex_unlock(&last->lock);
}

LastBatchFact last_batch_fact(LastBatch *last)
{
    LastBatchFact fact;

    pthread_mutex_lock(&last->lock);
    fact = last->fact;
    pthread_mutex_unlock(&last->lock);
    return fact;
}

static bool replace(const LastBatch *last, const char *line)
{
    int fd = open(last->new_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                  0640);
    ssize_t len = (ssize_t) strlen(line);
    bool good;

    if (fd == -1)
        return false;
    good = write(fd, line, (size_t) len) == len;
    if (close(fd) == -1 || !good)
        return false;
    return rename(last->new_path, last->path) == 0;
}

void last_batch_save(LastBatch *last)
{
    char line[LINE_SIZE];
    bool changed, good;

    pthread_mutex_lock(&last->lock);
    changed = last->changed;
    last->changed = false;
    snprintf(line, sizeof(line), "%d %" PRId64 " %s\n", last->fact.restores,
             last->fact.number, last->fact.instance);
    pthread_mutex_unlock(&last->lock);
    if (!changed)
        return;
    good = replace(last, line);
    if (!good && !last->failed)
        tell(last, strerror(errno));
    if (good && last->failed)
        last->log(LEVEL_INFO, "the file of the last batch is written again");
    last->failed = !good;
}

void last_batch_close(LastBatch *last)
{
    if (last == NULL)
        return;
    last_batch_save(last);
    pthread_mutex_destroy(&last->lock);
    free(last);
}

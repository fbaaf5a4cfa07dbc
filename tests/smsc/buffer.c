/*
 * buffer.c - see buffer.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"

enum { BUFFER_FIRST_ROOM = 4096 };

static void *mem_check(void *memory)
{
    if (memory == NULL) {
        fprintf(stderr, "%s: out of memory\n",
                program_invocation_short_name);
        exit(1);
    }
    return memory;
}

void *mem_new(size_t size)
{
    return mem_check(calloc(1, size > 0 ? size : 1));
}

void *mem_resize(void *old, size_t size)
{
    return mem_check(realloc(old, size > 0 ? size : 1));
}

char *mem_string(const char *text)
{
    return mem_check(strdup(text));
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer) { 0 };
}

uint8_t *buffer_reserve(struct buffer *buffer, size_t size)
{
    size_t room;

    if (buffer->room - buffer->end >= size && buffer->data != NULL)
        return buffer->data + buffer->end;
    /* moving the rest down is cheap when most of it was consumed */
    if (buffer->start > 0 && buffer->start >= buffer->room / 2) {
        memmove(buffer->data, buffer->data + buffer->start,
                buffer_length(buffer));
        buffer->end -= buffer->start;
        buffer->start = 0;
    }
    room = buffer->room > 0 ? buffer->room : BUFFER_FIRST_ROOM;
    while (room - buffer->end < size)
        room *= 2;
    if (room != buffer->room) {
        buffer->data = mem_resize(buffer->data, room);
        buffer->room = room;
    }
    return buffer->data + buffer->end;
}

void buffer_commit(struct buffer *buffer, size_t size)
{
    buffer->end += size;
}

void buffer_append(struct buffer *buffer, const void *bytes, size_t size)
{
    if (size > 0) {
        memcpy(buffer_reserve(buffer, size), bytes, size);
        buffer_commit(buffer, size);
    }
}

void buffer_consume(struct buffer *buffer, size_t size)
{
    buffer->start += size;
    if (buffer->start == buffer->end)
        buffer->start = buffer->end = 0;
}

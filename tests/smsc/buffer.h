/*
 * buffer.h - memory that may not fail, and a growing byte buffer.
 *
 * Everything that the simulator reads from or writes to a socket or the
 * journal passes through a buffer: bytes are appended at its end and consumed
 * at its start. Running out of memory ends the process with one line, so that
 * no caller has to pretend that it could go on.
 */
#ifndef SMSC_BUFFER_H
#define SMSC_BUFFER_H

#include <stddef.h>
#include <stdint.h>

struct buffer {
    uint8_t *data;
    size_t start;       /* first byte not consumed */
    size_t end;         /* one past the last byte */
    size_t room;        /* bytes allocated at data */
};

/* As malloc (zeroed), realloc and strdup; never return NULL. */
void *mem_new(size_t size);
void *mem_resize(void *old, size_t size);
char *mem_string(const char *text);

/* An all-zero buffer is empty and valid; buffer_free leaves it so again. */
void buffer_free(struct buffer *buffer);

/* Make room for `size` more bytes and return where to write them. The bytes
 * count only after buffer_commit. Pointers into the buffer become invalid. */
uint8_t *buffer_reserve(struct buffer *buffer, size_t size);
void buffer_commit(struct buffer *buffer, size_t size);
void buffer_append(struct buffer *buffer, const void *bytes, size_t size);
void buffer_consume(struct buffer *buffer, size_t size);

static inline size_t buffer_length(const struct buffer *buffer)
{
    return buffer->end - buffer->start;
}

/* The first byte not consumed; NULL if nothing was ever put in. */
static inline uint8_t *buffer_bytes(const struct buffer *buffer)
{
    return buffer->data == NULL ? NULL : buffer->data + buffer->start;
}

#endif

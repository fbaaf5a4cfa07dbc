/*
 * smpp_reader.c - see smpp_reader.h.
 */
#include <string.h>

#include "smpp_reader.h"

static bool is_command(uint32_t command)
{
    return strcmp(smpp_command_name(command), "unknown") != 0
           || strcmp(smpp_command_name(command & ~SMPP_RESPONSE),
                     "unknown") != 0;
}

static bool is_length(uint32_t length)
{
    return length >= SMPP_HEADER_SIZE && length <= SMPP_PDU_MAX;
}

/* Drops what is before something that looks like a header. */
static void find_header(struct smpp_reader *reader)
{
    while (buffer_length(&reader->in) >= SMPP_HEADER_SIZE) {
        struct smpp_header header
            = smpp_decode_header(buffer_bytes(&reader->in));
        if (is_length(header.length) && is_command(header.command)
            && ((header.command & SMPP_RESPONSE) != 0
                || header.status == 0)) {
            reader->lost = false;
            return;
        }
        buffer_consume(&reader->in, 1);
    }
}

void smpp_reader_add(struct smpp_reader *reader, const uint8_t *bytes,
                     size_t size)
{
    size_t skip = size < reader->skip ? size : reader->skip;

    reader->skip -= skip;
    buffer_append(&reader->in, bytes + skip, size - skip);
}

enum smpp_next smpp_reader_next(struct smpp_reader *reader,
                                struct smpp_header *header,
                                const uint8_t **body)
{
    buffer_consume(&reader->in, reader->taken);
    reader->taken = 0;
    if (reader->lost)
        find_header(reader);
    if (buffer_length(&reader->in) == 0)
        buffer_free(&reader->in);
    if (reader->lost || buffer_length(&reader->in) < SMPP_HEADER_SIZE)
        return SMPP_NEXT_NONE;
    *header = smpp_decode_header(buffer_bytes(&reader->in));
    if (!is_length(header->length)) {
        smpp_reader_lost(reader, 0);
        return SMPP_NEXT_BROKEN;
    }
    if (buffer_length(&reader->in) < header->length)
        return SMPP_NEXT_NONE;
    *body = buffer_bytes(&reader->in) + SMPP_HEADER_SIZE;
    reader->taken = header->length;
    return SMPP_NEXT_PDU;
}

void smpp_reader_lost(struct smpp_reader *reader, size_t size)
{
    size_t held = buffer_length(&reader->in), left = reader->skip;

    if (held >= SMPP_HEADER_SIZE)
        left = smpp_decode_header(buffer_bytes(&reader->in)).length - held;
    reader->lost = reader->lost || size == 0 || left < size;
    reader->skip = reader->lost ? 0 : left - size;
    buffer_free(&reader->in);
}

bool smpp_reader_is_busy(const struct smpp_reader *reader)
{
    return reader->lost || reader->skip > 0
           || buffer_length(&reader->in) > reader->taken;
}

void smpp_reader_free(struct smpp_reader *reader)
{
    buffer_free(&reader->in);
}

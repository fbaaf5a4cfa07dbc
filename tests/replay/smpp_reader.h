/*
 * smpp_reader.h - finds the PDUs in one direction of an SMPP connection.
 *
 * Where it does not know where a PDU begins it looks for octets that are the
 * header of one. Memory: one PDU.
 */
#ifndef SMPP_READER_H
#define SMPP_READER_H

#include <stdbool.h>

#include "../smsc/smpp_pdu.h"

/* All zero: at the beginning of a PDU. */
struct smpp_reader {
    bool lost;                  /* nobody knows where a PDU begins */
    size_t skip;                /* octets left of a PDU that is of no use */
    size_t taken;               /* octets of the PDU that was read last */
    struct buffer in;
};

void smpp_reader_add(struct smpp_reader *reader, const uint8_t *bytes,
                     size_t size);

enum smpp_next { SMPP_NEXT_NONE, SMPP_NEXT_PDU, SMPP_NEXT_BROKEN };
/* The next whole PDU; its body lives until the next call. Of a broken one
 * only the header is told, and the reader is lost. */
enum smpp_next smpp_reader_next(struct smpp_reader *reader,
                                struct smpp_header *header,
                                const uint8_t **body);

/* So many octets are missing (0: nobody knows). The reader is lost, unless
 * they are all of one PDU, which is left out then. */
void smpp_reader_lost(struct smpp_reader *reader, size_t size);
/* Whether it is in the middle of a PDU, or may be. */
bool smpp_reader_is_busy(const struct smpp_reader *reader);
void smpp_reader_free(struct smpp_reader *reader);

#endif

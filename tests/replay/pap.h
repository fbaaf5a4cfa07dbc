/*
 * pap.h - what a PAP document says, as far as a trace needs it.
 */
#ifndef PAP_H
#define PAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PAP_ADDRESSES_MAX = 1000, PAP_NUMBER_SIZE = 21 };

struct pap {
    char *message;              /* "push-message", "push-response", ... */
    char *push_id;              /* NULL: it names none */
    char *state;                /* message-state, or NULL */
    int64_t code;               /* the first one; -1: it has none */
    char (*numbers)[PAP_NUMBER_SIZE];   /* phones among the addresses */
    size_t count;
};

/* Reads an XML document. False, and nothing to free, if it is no PAP. No
 * external entity is looked for. */
bool pap_read(struct pap *pap, const uint8_t *document, size_t size);
void pap_free(struct pap *pap);

/* The first part of a multipart body, without its headers; the whole body if
 * `content_type` (NULL: unknown) says that it is no multipart. False if there
 * is none. */
bool pap_control(const char *content_type, const uint8_t *body, size_t size,
                 const uint8_t **control, size_t *control_size);

/* Digits of a phone number without what makes no difference: + or 00. */
const char *pap_digits(const char *number);

#endif

/*
 * receipt_text.c - see receipt_text.h.
 */
#include <string.h>

#include "receipt_text.h"

enum { ESM_KIND = 0x3c, ESM_RECEIPT = 0x04, ESM_INTERIM = 0x20 };

/* The word behind "name:" in a receipt's text; "" if there is none. */
static void find_word(char *word, size_t room, const char *text,
                      const char *name)
{
    const char *at = strcasestr(text, name);
    size_t length = 0;

    if (at != NULL) {
        at += strlen(name);
        length = strcspn(at, " ");
    }
    if (length >= room)
        length = 0;
    memcpy(word, at != NULL ? at : "", length);
    word[length] = '\0';
}

static const char *state_of(const char *word, int state)
{
    static const char *const names[] = {
        "NOSTAT", "ENROUTE", "DELIVRD", "EXPIRED", "DELETED", "UNDELIV",
        "ACCEPTD", "UNKNOWN", "REJECTD"
    };
    size_t i;

    for (i = 1; i < sizeof(names) / sizeof(names[0]); i++)
        if (*word != '\0' ? strcasecmp(word, names[i]) == 0
                          : state == (int) i)
            return names[i];
    return names[0];
}

bool receipt_read(struct receipt *receipt, const struct smpp_submit *sms,
                  const struct smpp_receipt *beside)
{
    int kind = sms->esm_class & ESM_KIND;
    size_t length = sms->message_length;
    char text[256], word[16];

    if (kind != ESM_RECEIPT && kind != ESM_INTERIM
        && beside->message_id == NULL)
        return false;
    if (length >= sizeof(text))
        length = sizeof(text) - 1;
    memcpy(text, sms->message, length);
    text[length] = '\0';
    find_word(receipt->message_id, RECEIPT_ID_SIZE, text, "id:");
    if (beside->message_id != NULL
        && beside->message_id_length < RECEIPT_ID_SIZE) {
        memcpy(receipt->message_id, beside->message_id,
               beside->message_id_length);
        receipt->message_id[beside->message_id_length] = '\0';
    }
    find_word(word, sizeof(word), text, "stat:");
    receipt->state = state_of(word, beside->state);
    receipt->interim = kind == ESM_INTERIM;
    return true;
}

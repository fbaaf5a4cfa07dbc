/*
 * findings.c - see findings.h
 *
 * Addresses are compared by their keys (pap_address.h), so that a PI may
 * spell one otherwise than in its push. Named ones are looked up in a sorted
 * list: a push may have a thousand, and so may the question.
 */

#include "wapbox/findings.h"

#include <stdlib.h>
#include <string.h>

#include "pap/pap_address.h"
#include "store/memory.h"

typedef struct {
    char key[PAP_MAX_ADDRESS + 1];
    const StoreStatus *row;
} Keyed;

/* --- one group ---------------------------------------------------------- */

static PapState state_of(const StoreStatus *row)
{
    static const struct {
        const char *name;
        PapState state;
    } names[] = {
        { "DELIVERED", PAP_STATE_DELIVERED },
        { "UNDELIVERABLE", PAP_STATE_UNDELIVERABLE },
        { "EXPIRED", PAP_STATE_EXPIRED },
        { "CANCELLED", PAP_STATE_CANCELLED },
        { "REJECTED", PAP_STATE_REJECTED }
    };
    size_t i;

    if (row->live)
        return PAP_STATE_PENDING;
    for (i = 0; i < sizeof(names) / sizeof(names[0]); ++i)
        if (strcmp(row->state, names[i].name) == 0)
            return names[i].state;
    return PAP_STATE_UNKNOWN;
}

static const char *pending_words(const StoreStatus *row)
{
    static const char *const words[][2] = {
        { "QUEUED", "waits for its turn" },
        { "DEFERRED", "waits for its time, or for its next attempt" },
        { "SENDING", "is being sent" },
        { "AWAITING", "is sent; its delivery is not confirmed yet" },
        { "ROLLBACK", "what was sent of it is being taken back" }
    };
    size_t i;

    for (i = 0; i < sizeof(words) / sizeof(words[0]); ++i)
        if (strcmp(row->state, words[i][0]) == 0)
            return words[i][1];
    return NULL;
}

static void tell_status(PapFinding *finding, const StoreStatus *row)
{
    finding->state = state_of(row);
    finding->event_time_s = row->event_at_us / 1000000;
    finding->code = row->live ? PAP_CODE_OK : row->code;
    finding->desc = row->live ? pending_words(row) : row->cause;
}

static void tell_cancel(Findings *findings, PapFinding *finding,
                        const StoreStatus *row)
{
    finding->code = PAP_CODE_CANCEL_NOT_POSSIBLE;
    if (!row->live) {
        if (state_of(row) == PAP_STATE_CANCELLED)
            finding->code = PAP_CODE_OK;
        finding->desc = row->cause;
    } else if (row->cancelling) {
        ++findings->undecided;
        finding->desc = "not decided yet: the cancel stands, but what has "
                        "been sent may still reach the phone";
    } else if (row->partly) {
        finding->desc = "a part of it has been delivered";
    } else {
        ++findings->undecided;
        findings->to_cancel[findings->n_to_cancel++] = row->group;
        finding->code = PAP_CODE_SERVICE_UNAVAILABLE;
        finding->desc = "the cancel is not known to be requested; it may be "
                        "repeated";
    }
}

static PapFinding *add(Findings *findings, const char *address)
{
    PapFinding *finding = &findings->items[findings->n++];

    *finding = (PapFinding) { .address = address,
                              .state = PAP_STATE_UNKNOWN };
    return finding;
}

static void tell(Findings *findings, const PapInquiry *inquiry,
                 const StoreStatus *row)
{
    PapFinding *finding = add(findings, row->address);

    if (inquiry->kind == PAP_CANCEL)
        tell_cancel(findings, finding, row);
    else
        tell_status(finding, row);
}

/* --- which groups are meant --------------------------------------------- */

static int compare(const void *a, const void *b)
{
    const Keyed *one = a, *other = b;
    const int order = strcmp(one->key, other->key);

    return order != 0 ? order : (one->row > other->row) -
                                (one->row < other->row);
}

/* The groups by address; those whose address no PI can spell come to lie
 * under "", which is nobody's key. */
static Keyed *sort_rows(const StoreStatus *rows, int n)
{
    Keyed *keyed = memory_resize(NULL, (size_t)n + 1, sizeof(*keyed));
    int i;

    for (i = 0; i < n; ++i) {
        keyed[i].row = &rows[i];
        if (pap_address_key(rows[i].address, keyed[i].key) != NULL)
            keyed[i].key[0] = '\0';
    }
    qsort(keyed, (size_t)n, sizeof(*keyed), compare);
    return keyed;
}

/* The first of those with this key; n if there is none. */
static int find_key(const Keyed *keyed, int n, const char *key)
{
    int low = 0, high = n, middle;

    while (low < high) {
        middle = low + (high - low) / 2;
        if (strcmp(keyed[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && strcmp(keyed[low].key, key) == 0 ? low : n;
}

/* What is to be said of one address that the PI has named; each group only
 * once, should it name it twice. */
static void tell_address(Findings *findings, const PapInquiry *inquiry,
                         const char *address, Keyed *keyed, int n)
{
    char key[PAP_MAX_ADDRESS + 1];
    const char *wrong = pap_address_key(address, key);
    PapFinding *finding;
    int i;

    if (wrong != NULL) {
        finding = add(findings, address);
        finding->code = PAP_CODE_ADDRESS_ERROR;
        finding->desc = wrong;
        return;
    }
    i = find_key(keyed, n, key);
    if (i == n) {
        finding = add(findings, address);
        finding->code = PAP_CODE_ADDRESS_NOT_FOUND;
        finding->desc = "the push does not have this address";
        return;
    }
    for (; i < n && strcmp(keyed[i].key, key) == 0; ++i) {
        if (keyed[i].row != NULL)
            tell(findings, inquiry, keyed[i].row);
        keyed[i].row = NULL;
    }
}

static void tell_addresses(Findings *findings, const PapInquiry *inquiry,
                           const StoreStatus *rows, int n)
{
    Keyed *keyed = sort_rows(rows, n);
    int i;

    for (i = 0; i < inquiry->address_count; ++i)
        tell_address(findings, inquiry, inquiry->addresses[i], keyed, n);
    free(keyed);
}

/* --- interface ---------------------------------------------------------- */

void findings_make(Findings *findings, const PapInquiry *inquiry,
                   const StoreStatus *rows, int n)
{
    const size_t most = (size_t)n + (size_t)inquiry->address_count + 1;
    int i;

    memset(findings, 0, sizeof(*findings));
    findings->items = memory_resize(NULL, most, sizeof(*findings->items));
    findings->to_cancel = memory_resize(NULL, most,
                                        sizeof(*findings->to_cancel));
    if (n == 0)
        add(findings, NULL)->code = PAP_CODE_PUSH_ID_NOT_FOUND;
    else if (inquiry->address_count > 0)
        tell_addresses(findings, inquiry, rows, n);
    else
        for (i = 0; i < n; ++i)
            tell(findings, inquiry, &rows[i]);
}

void findings_free(Findings *findings)
{
    free(findings->items);
    free(findings->to_cancel);
}

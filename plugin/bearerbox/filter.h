/*
 * filter.h - have we seen this message id?
 *
 * A receipt must be told from those of other traffic at once, in the link's
 * thread, without the database. The filter remembers the fingerprints of the
 * last quarter of a million (smsc-id, message id) pairs or so, in fixed
 * memory. "Yes" is sure but for a chance of one in 2^60; "no" may only mean
 * that it was long ago, and then the receipt takes the slower way through
 * the database.
 *
 * Any thread; one leaf lock.
 */

#ifndef CONVOY_FILTER_H
#define CONVOY_FILTER_H

#include <stdbool.h>

typedef struct Filter Filter;

Filter *filter_create(void);
void filter_destroy(Filter *filter);
void filter_add(Filter *filter, const char *smsc_id, const char *message_id);
bool filter_has(Filter *filter, const char *smsc_id, const char *message_id);

#endif

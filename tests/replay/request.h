/*
 * request.h - the request that a recorded push becomes.
 */
#ifndef REQUEST_H
#define REQUEST_H

#include "post.h"
#include "rewrite.h"
#include "trace.h"

/* To the PPG at `url`, with the query of the recorded URL added to its own.
 * NULL if it must not be sent (rewrite.h) or the trace does not know its
 * headers or its body. It is the caller's. */
struct post *request_make(const struct trace_record *push, const char *url,
                          const struct rewrite *rewrite);

#endif

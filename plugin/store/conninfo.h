/*
 * conninfo.h - a connection string, made fit for a daemon
 *
 * libpq's defaults wait for ever: for a host that does not answer, and for
 * one that vanished without a word. What the operator does not set gets
 * values here under which a dead server is noticed within seconds, and a
 * standby is not taken for the primary.
 */

#ifndef CONVOY_STORE_CONNINFO_H
#define CONVOY_STORE_CONNINFO_H

typedef struct Conninfo Conninfo;

/* `name` is what pg_stat_activity shows. Returns NULL for a text that libpq
 * cannot read, and says why in *error, to be freed with PQfreemem(). */
Conninfo *conninfo_parse(const char *text, const char *name, char **error);
void conninfo_free(Conninfo *conninfo);

/* How long one attempt to connect may take. */
int conninfo_timeout_s(const Conninfo *conninfo);

/*
 * Makes the next attempt begin with the next of several hosts. libpq goes on
 * to the next by itself if one refuses; one that is silent until the time is
 * over would be asked first, and alone, again and again.
 */
void conninfo_next_host(Conninfo *conninfo);

/* For PQconnectStartParams; both valid until the next call with this
 * Conninfo. */
const char *const *conninfo_keywords(const Conninfo *conninfo);
const char *const *conninfo_values(const Conninfo *conninfo);

#endif

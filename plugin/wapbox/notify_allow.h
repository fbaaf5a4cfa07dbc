/*
 * notify_allow.h - where notifications may go
 *
 * A PI names the URL of its result, so a PI could make the gateway talk to
 * whatever it reaches. Refused by default: this machine (loopback,
 * unspecified), the link around it (link-local), multicast, and the servers
 * of the database. The check is on the address that a name resolved to, just
 * before the connection to that very address, so that no name server can say
 * one thing now and another later, and no spelling of an address hides it:
 * an IPv6 address that stands for an IPv4 one (mapped, IPv4-compatible, 6to4,
 * NAT64's 64:ff9b::/96) is refused where that one is.
 *
 * `notify-allow` is a list of host names, addresses and networks. What it
 * names is allowed, or, with a `!` before it, refused; the first that fits
 * decides, and the default where none does.
 */

#ifndef CONVOY_NOTIFY_ALLOW_H
#define CONVOY_NOTIFY_ALLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

typedef struct NotifyAllow NotifyAllow;

/*
 * `list`: host names, addresses and networks (10.0.0.0/8, fd00::/8), each
 * with an optional `!`, with spaces or commas between. Returns NULL with a
 * message in `wrong`, of `size` octets, if one is malformed or there is no
 * memory.
 */
NotifyAllow *notify_allow_create(const char *list, char *wrong, size_t size);

/* NULL is allowed. */
void notify_allow_destroy(NotifyAllow *allow);

/* Refuses this address by default: it is the database's. The oldest of these
 * are forgotten when there are too many. */
void notify_allow_bar(NotifyAllow *allow, const struct sockaddr *address);

/* May a notification to the host of a URL go to `address`, to which that
 * host resolved? */
bool notify_allow_check(const NotifyAllow *allow, const char *host,
                        const struct sockaddr *address);

#endif

/*
 * notify_allow.h - where notifications may go
 *
 * A PI names the URL of its result, so a PI could make the gateway talk to
 * whatever it reaches. Refused by default: this machine (loopback,
 * unspecified), the link around it (link-local), multicast. The check is on
 * the address that a name resolved to, just before the connection, so that
 * no name server can say one thing now and another later. `notify-allow`
 * lists what is allowed all the same.
 */

#ifndef CONVOY_NOTIFY_ALLOW_H
#define CONVOY_NOTIFY_ALLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

typedef struct NotifyAllow NotifyAllow;

/*
 * `list`: host names, addresses and networks (10.0.0.0/8, fd00::/8), with
 * spaces or commas between. Returns NULL with a message in `wrong`, of
 * `size` octets, if one is malformed or there is no memory.
 */
NotifyAllow *notify_allow_create(const char *list, char *wrong, size_t size);

/* NULL is allowed. */
void notify_allow_destroy(NotifyAllow *allow);

/* May a notification to the host of a URL go to `address`, to which that
 * host resolved? Any thread. */
bool notify_allow_check(const NotifyAllow *allow, const char *host,
                        const struct sockaddr *address);

#endif

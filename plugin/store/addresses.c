/*
 * addresses.c - where the servers of a connection string are
 *
 * For whoever must keep away from them.
 */

#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "store/store.h"

typedef void Each(void *arg, const struct sockaddr *address);

static void resolve(const char *host, Each *each, void *arg)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo *found, *one;

    if (getaddrinfo(host, NULL, &hints, &found) != 0)
        return;
    for (one = found; one != NULL; one = one->ai_next)
        each(arg, one->ai_addr);
    freeaddrinfo(found);
}

/* A comma-separated list, as libpq takes it. It is cut up. */
static void resolve_list(char *list, Each *each, void *arg)
{
    char *rest = NULL, *host;

    for (host = strtok_r(list, ",", &rest); host != NULL;
         host = strtok_r(NULL, ",", &rest))
        if (*host != '/' && *host != '@')       /* no socket */
            resolve(host, each, arg);
}

void store_addresses(const char *conninfo, Each *each, void *arg)
{
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL), *option;

    if (options == NULL)
        return;
    for (option = options; option->keyword != NULL; ++option)
        if (option->val != NULL && (strcmp(option->keyword, "host") == 0 ||
                                    strcmp(option->keyword, "hostaddr") == 0))
            resolve_list(option->val, each, arg);
    PQconninfoFree(options);
}

/*
 * notify_allow.c - see notify_allow.h
 *
 * All addresses are compared as IPv6; an IPv4 address is its mapped form
 * ::ffff:a.b.c.d, so that the mapped form in a URL is nothing special.
 */

#include "wapbox/notify_allow.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SEPARATORS ", \t"
#define MAX_HOST 253            /* RFC 1035 */

typedef struct {
    struct in6_addr address;
    int bits;                   /* of the 128 that count */
} Network;

/* A host name, or a network if there is no name. */
typedef struct {
    char *name;
    Network network;
    bool refused;
} Entry;

#define MAX_BARRED 32

struct NotifyAllow {
    Entry *entries;
    size_t count;
    struct in6_addr barred[MAX_BARRED];
    size_t n_barred;
};

/* --- networks ----------------------------------------------------------- */

static void map_ipv4(const struct in_addr *v4, struct in6_addr *v6)
{
    memset(v6, 0, sizeof(*v6));
    memset(v6->s6_addr + 10, 0xFF, 2);
    memcpy(v6->s6_addr + 12, v4, 4);
}

/* Parses ADDRESS[/BITS]. */
static bool parse_network(const char *text, Network *network)
{
    char copy[INET6_ADDRSTRLEN + 4], *slash, *end;
    struct in_addr v4;
    long bits;
    int widest;

    if (strlen(text) >= sizeof(copy))
        return false;
    strcpy(copy, text);
    slash = strchr(copy, '/');
    if (slash != NULL)
        *slash = '\0';
    if (inet_pton(AF_INET, copy, &v4) == 1) {
        map_ipv4(&v4, &network->address);
        widest = 32;
    } else if (inet_pton(AF_INET6, copy, &network->address) == 1)
        widest = 128;
    else
        return false;
    bits = widest;
    if (slash != NULL) {
        bits = strtol(slash + 1, &end, 10);
        if (slash[1] < '0' || slash[1] > '9' || *end != '\0' ||
            bits > widest)
            return false;
    }
    network->bits = (int)bits + 128 - widest;
    return true;
}

static bool is_within(const struct in6_addr *address, const Network *network)
{
    const int octets = network->bits / 8, rest = network->bits % 8;
    const unsigned char *a = address->s6_addr;
    const unsigned char *n = network->address.s6_addr;

    return memcmp(a, n, (size_t)octets) == 0 &&
           (rest == 0 || (a[octets] ^ n[octets]) >> (8 - rest) == 0);
}

/* --- the default rule --------------------------------------------------- */

static bool is_in(const struct in6_addr *address, const char *network_text)
{
    Network network;

    return parse_network(network_text, &network) &&
           is_within(address, &network);
}

/* Networks that translate to IPv4, and where its octets stand in them. */
static const struct {
    const char *network;
    int offset;
} translators[] = {
    { "64:ff9b::/96", 12 },         /* RFC 6052 */
    { "2002::/16", 2 },             /* RFC 3056, 6to4 */
    { "::/96", 12 }                 /* RFC 4291, "IPv4-compatible" */
};

/* The address behind a translator; itself if it is none's. */
static struct in6_addr translated(const struct in6_addr *address)
{
    struct in6_addr v6 = *address;
    struct in_addr v4;
    size_t i;

    for (i = 0; i < sizeof(translators) / sizeof(translators[0]); ++i)
        if (is_in(address, translators[i].network)) {
            memcpy(&v4, address->s6_addr + translators[i].offset, 4);
            map_ipv4(&v4, &v6);
            break;
        }
    return v6;
}

static bool is_public(const struct in6_addr *address)
{
    static const char *const refused[] = {
        "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4",
        "255.255.255.255", "fe80::/10", "ff00::/8"
    };
    const struct in6_addr v6 = translated(address);
    size_t i;

    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); ++i)
        if (is_in(&v6, refused[i]))
            return false;
    return true;
}

static bool is_barred(const NotifyAllow *allow,
                      const struct in6_addr *address)
{
    const struct in6_addr v6 = translated(address);
    size_t i;

    for (i = 0; i < allow->n_barred; ++i)
        if (memcmp(&allow->barred[i], &v6, sizeof(v6)) == 0)
            return true;
    return false;
}

/* --- the list ----------------------------------------------------------- */

static bool is_host_name(const char *text)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_";

    return strlen(text) <= MAX_HOST && text[strspn(text, allowed)] == '\0' &&
           text[strspn(text, "0123456789.")] != '\0';
}

static bool add_entry(NotifyAllow *allow, const char *text)
{
    Entry *more = realloc(allow->entries,
                          (allow->count + 1) * sizeof(*more));
    Entry entry = { NULL, { IN6ADDR_ANY_INIT, 0 }, *text == '!' };

    if (more == NULL)
        return false;
    allow->entries = more;
    text += entry.refused;
    if (!parse_network(text, &entry.network)) {
        if (!is_host_name(text))
            return false;
        entry.name = strdup(text);
        if (entry.name == NULL)
            return false;
    }
    allow->entries[allow->count++] = entry;
    return true;
}

NotifyAllow *notify_allow_create(const char *list, char *wrong, size_t size)
{
    NotifyAllow *allow = calloc(1, sizeof(*allow));
    char item[MAX_HOST + 2];
    size_t len;
    bool good = allow != NULL;

    if (!good)
        snprintf(wrong, size, "out of memory");
    while (good) {
        list += strspn(list, SEPARATORS);
        len = strcspn(list, SEPARATORS);
        if (len == 0)
            break;
        snprintf(item, sizeof(item), "%.*s", (int)len, list);
        good = len < sizeof(item) && add_entry(allow, item);
        if (!good)
            snprintf(wrong, size, "\"%s\" is neither a host name nor an "
                     "address nor a network such as 10.0.0.0/8", item);
        list += len;
    }
    if (good)
        return allow;
    notify_allow_destroy(allow);
    return NULL;
}

void notify_allow_destroy(NotifyAllow *allow)
{
    size_t i;

    if (allow == NULL)
        return;
    for (i = 0; i < allow->count; ++i)
        free(allow->entries[i].name);
    free(allow->entries);
    free(allow);
}

/* As IPv6; false for another family. */
static bool read_address(const struct sockaddr *from, struct in6_addr *to)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (from->sa_family == AF_INET) {
        memcpy(&v4, from, sizeof(v4));
        map_ipv4(&v4.sin_addr, to);
        return true;
    }
    if (from->sa_family == AF_INET6) {
        memcpy(&v6, from, sizeof(v6));
        *to = v6.sin6_addr;
        return true;
    }
    return false;
}

void notify_allow_bar(NotifyAllow *allow, const struct sockaddr *address)
{
    struct in6_addr v6;

    if (!read_address(address, &v6) || is_barred(allow, &v6))
        return;
    if (allow->n_barred == MAX_BARRED)
        memmove(allow->barred, allow->barred + 1,
                --allow->n_barred * sizeof(v6));
    allow->barred[allow->n_barred++] = v6;
}

/* Without the dot that may end a name. */
static size_t name_length(const char *name)
{
    const size_t len = strlen(name);

    return len > 0 && name[len - 1] == '.' ? len - 1 : len;
}

static bool is_same_name(const char *one, const char *other)
{
    const size_t len = name_length(one);

    return len == name_length(other) && strncasecmp(one, other, len) == 0;
}

static bool fits(const Entry *entry, const char *host,
                 const struct in6_addr *address)
{
    struct in6_addr behind;

    if (entry->name != NULL)
        return is_same_name(entry->name, host);
    behind = translated(address);
    return is_within(address, &entry->network) ||
           (entry->refused && is_within(&behind, &entry->network));
}

bool notify_allow_check(const NotifyAllow *allow, const char *host,
                        const struct sockaddr *address)
{
    struct in6_addr v6;
    size_t i;

    if (!read_address(address, &v6))
        return false;
    for (i = 0; i < allow->count; ++i)
        if (fits(&allow->entries[i], host, &v6))
            return !allow->entries[i].refused;
    return is_public(&v6) && !is_barred(allow, &v6);
}

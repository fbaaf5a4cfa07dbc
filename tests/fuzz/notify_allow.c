/*
 * notify_allow.c - where notifications may go
 *
 * Three lines: the value of notify-allow, the URL that a PI named, and an
 * address to which its host resolved. The verdict is held against rules
 * written with the system's own idea of loopback, link-local and multicast.
 */

#include "fuzz.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>

#include "wapbox/notify_allow.h"
#include "wapbox/poster.h"

typedef union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} Address;

static bool read_address(const char *text, Address *address)
{
    memset(address, 0, sizeof(*address));
    if (inet_pton(AF_INET, text, &address->v4.sin_addr) == 1)
        address->any.sa_family = AF_INET;
    else if (inet_pton(AF_INET6, text, &address->v6.sin6_addr) == 1)
        address->any.sa_family = AF_INET6;
    else
        return false;
    return true;
}

static bool is_barred_v4(uint32_t a)
{
    return a >> 24 == 0 || a >> 24 == IN_LOOPBACKNET ||
           a >> 16 == 0xa9fe || IN_MULTICAST(a) || a == INADDR_BROADCAST;
}

/* Where the octets of an IPv4 address are that IPv6 reaches under this one:
 * mapped, "compatible", behind NAT64 (64:ff9b::/96) or 6to4 (2002::/16). */
static const uint8_t *ipv4_within(const struct in6_addr *v6)
{
    static const uint8_t nat64[12] = { 0x00, 0x64, 0xff, 0x9b };

    if (IN6_IS_ADDR_V4MAPPED(v6) || IN6_IS_ADDR_V4COMPAT(v6) ||
        memcmp(v6->s6_addr, nat64, sizeof(nat64)) == 0)
        return v6->s6_addr + 12;
    if (v6->s6_addr[0] == 0x20 && v6->s6_addr[1] == 0x02)
        return v6->s6_addr + 2;
    return NULL;
}

static bool is_barred(const Address *address)
{
    const struct in6_addr *v6 = &address->v6.sin6_addr;
    const uint8_t *octets;
    uint32_t v4;

    if (address->any.sa_family == AF_INET)
        return is_barred_v4(ntohl(address->v4.sin_addr.s_addr));
    octets = ipv4_within(v6);
    if (octets != NULL) {
        memcpy(&v4, octets, sizeof(v4));
        return is_barred_v4(ntohl(v4));
    }
    return IN6_IS_ADDR_UNSPECIFIED(v6) || IN6_IS_ADDR_LOOPBACK(v6) ||
           IN6_IS_ADDR_LINKLOCAL(v6) || IN6_IS_ADDR_MULTICAST(v6);
}

/* The verdict of a list that is "", and of one that is not. */
static bool verdict(const char *list, const char *host,
                    const Address *address, bool otherwise)
{
    char wrong[200] = "";
    NotifyAllow *allow = notify_allow_create(list, wrong, sizeof(wrong));
    bool may = otherwise;

    if (allow == NULL)
        REQUIRE(wrong[0] != '\0');
    else
        may = notify_allow_check(allow, host, &address->any);
    notify_allow_destroy(allow);
    return may;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *list = fuzz_line(&data, &size), *url = fuzz_line(&data, &size);
    char *last = fuzz_line(&data, &size), *host = poster_host(url);
    char shut[1 + INET6_ADDRSTRLEN];
    bool open;
    Address address;

    if (read_address(last, &address)) {
        open = !is_barred(&address);
        REQUIRE(verdict("", "pi.example", &address, open) == open);
        /* To name an address opens it, with a `!` it shuts it; nothing else
         * in a list shuts what is open. */
        REQUIRE(verdict(list, host == NULL ? "" : host, &address, open) ||
                !open || strchr(list, '!') != NULL);
        REQUIRE(verdict(last, "pi.example", &address, false));
        snprintf(shut, sizeof(shut), "!%s", last);
        REQUIRE(!verdict(shut, "pi.example", &address, true));
        REQUIRE(verdict("other.example", "pi.example", &address, open) ==
                open);
    } else {
        memset(&address, 0, sizeof(address));
        verdict(list, "", &address, false);
    }
    free(host);
    free(list);
    free(url);
    free(last);
    return 0;
}

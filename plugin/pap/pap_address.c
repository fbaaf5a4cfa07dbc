/*
 * pap_address.c - is this a client address the gateway can serve?
 *
 * Splits the address from the front into value, type and host and checks
 * each by its own rule.
 */

#include "pap/pap_address.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define DIGITS "0123456789"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/* E.164 allows 15 digits; national prefixes may come on top. */
#define MAX_DIGITS 20

static const char *check_number(const char *value)
{
    const char *p;
    int n = 0;

    if (strncasecmp(value, "%2B", 3) == 0)
        return "the number must begin with a plain +, not with %2B";
    if (*value != '+')
        return "a number of TYPE=PLMN must begin with +";
    for (p = value + 1; *p != '\0'; ++p) {
        if (*p >= '0' && *p <= '9')
            ++n;
        else if (*p != '-' && *p != '.')
            return "a number of TYPE=PLMN is + and digits, with - and . "
                   "between them";
    }
    if (n == 0)
        return "the number has no digits";
    if (n > MAX_DIGITS)
        return "the number has too many digits";
    return NULL;
}

static const char *check_ip(const char *value, const char *characters)
{
    if (*value == '\0' || value[strspn(value, characters)] != '\0')
        return "the IP address is malformed";
    return NULL;
}

/* The host part names this gateway; only its form matters. */
static const char *check_host(const char *host)
{
    const char *p = host;
    size_t len;

    do {
        len = strspn(p, LETTERS DIGITS "-");
        if (len == 0 || p[0] == '-' || p[len - 1] == '-' ||
            (p[len] != '.' && p[len] != '\0'))
            return "what follows the @ is not a host name";
        p += len;
    } while (*p++ == '.');
    return NULL;
}

static const char *check_typed(const char *value, const char *type)
{
    if (strcasecmp(type, "PLMN") == 0)
        return check_number(value);
    if (strcasecmp(type, "IPv4") == 0)
        return check_ip(value, DIGITS ".");
    if (strcasecmp(type, "IPv6") == 0)
        return check_ip(value, DIGITS "ABCDEFabcdef:.");
    if (strcasecmp(type, "USER") == 0)
        return "addresses of TYPE=USER are not supported";
    return "the TYPE of an address must be PLMN, IPv4 or IPv6";
}

const char *pap_address_check(const char *address)
{
    char copy[PAP_MAX_ADDRESS + 1], *value, *type, *host;
    const char *wrong = NULL;

    if (strlen(address) > PAP_MAX_ADDRESS)
        return "the address is too long";
    strcpy(copy, address);
    value = copy + (copy[0] == '/');
    if (strncasecmp(value, "WAPPUSH=", 8) != 0)
        return "an address must begin with WAPPUSH=";
    value += 8;
    host = strchr(value, '@');
    if (host != NULL) {
        *host = '\0';
        wrong = check_host(host + 1);
    }
    if (wrong != NULL)
        return wrong;
    type = strchr(value, '/');
    if (type == NULL || strncasecmp(type, "/TYPE=", 6) != 0)
        return "an address must name its type by /TYPE= after the value";
    *type = '\0';
    return check_typed(value, type + 6);
}

const char *pap_address_key(const char *address,
                            char key[PAP_MAX_ADDRESS + 1])
{
    const char *wrong = pap_address_check(address);
    const char *p = address + (address[0] == '/');
    const bool number = wrong == NULL && strchr(p, '+') != NULL;

    if (wrong != NULL)
        return wrong;
    for (; *p != '\0' && *p != '@'; ++p)
        if (!number || (*p != '-' && *p != '.'))
            *key++ = (char)toupper((unsigned char)*p);
    *key = '\0';
    return NULL;
}

bool pap_address_number(const char *address, char number[PAP_MAX_ADDRESS + 1])
{
    const char *value = strchr(address, '=') + 1;
    const size_t len = strcspn(value, "/");

    if (*value != '+')
        return false;
    memcpy(number, value, len);
    number[len] = '\0';
    return true;
}

/*
 * trace_text.c - which texts a trace may have; see trace_rules.h.
 */
#include <string.h>
#include <strings.h>

#include "octets.h"
#include "trace_rules.h"

bool trace_is_text(const void *bytes, size_t size)
{
    return octets_are_text(bytes, size);
}

bool trace_is_printable(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text < ' ' || *text > '~')
            return false;
    return true;
}

bool trace_is_plain(const char *text)
{
    const char *at;

    for (at = text; *at != '\0'; at++)
        if (((uint8_t) *at < ' ' && *at != '\t') || *at == 0x7f)
            return false;
    return octets_are_text((const uint8_t *) text, strlen(text));
}

bool trace_is_token(const char *text)
{
    return text[0] != '\0'
           && text[strspn(text, "!#$%&'*+-.^_`|~0123456789"
                          "abcdefghijklmnopqrstuvwxyz"
                          "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0';
}

/* Whether a variable of a query, which begins here, is a credential. */
static bool is_credential(const char *variable)
{
    static const char *const names[] = { "username", "password" };
    size_t length = strcspn(variable, "=&"), i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strlen(names[i]) == length
            && strncasecmp(variable, names[i], length) == 0)
            return true;
    return false;
}

static bool has_credential(const char *url)
{
    const char *at = strchr(url, '?');

    for (; at != NULL; at = strchr(at + 1, '&'))
        if (is_credential(at + 1))
            return true;
    return false;
}

bool trace_is_url(const char *url)
{
    return url[0] == '/' && trace_is_printable(url)
           && strchr(url, ' ') == NULL && strchr(url, '#') == NULL
           && !has_credential(url);
}

bool trace_is_secret_header(const char *name)
{
    return strcasecmp(name, "Authorization") == 0
           || strcasecmp(name, "Proxy-Authorization") == 0
           || strcasecmp(name, "Cookie") == 0;
}

/*
 * conninfo.c - see conninfo.h
 */

#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "store/conninfo.h"
#include "store/memory.h"

enum { MAX_OPTIONS = 64, CONNECT_TIMEOUT_S = 3 };

struct Conninfo {
    PQconninfoOption *options;
    const char *keywords[MAX_OPTIONS + 1];
    char *values[MAX_OPTIONS + 1];
    int n;
};

static const struct {
    const char *keyword, *value;
} DEFAULTS[] = {
    { "connect_timeout", "3" },
    { "keepalives_idle", "10" },
    { "keepalives_interval", "3" },
    { "keepalives_count", "3" },
    { "tcp_user_timeout", "5000" },
    { "target_session_attrs", "read-write" }
};

static char *copy(const char *text)
{
    size_t size = strlen(text) + 1;

    return memcpy(memory_resize(NULL, size, 1), text, size);
}

static char **value_of(const Conninfo *conninfo, const char *keyword)
{
    int i;

    for (i = 0; i < conninfo->n; i++) {
        if (strcmp(conninfo->keywords[i], keyword) == 0)
            return (char **) (uintptr_t) &conninfo->values[i];
    }
    return NULL;
}

static void set(Conninfo *conninfo, const char *keyword, const char *value)
{
    char **old = value_of(conninfo, keyword);

    if (old != NULL) {
        free(*old);
        *old = copy(value);
    } else {
        if (conninfo->n == MAX_OPTIONS)
            abort();
        conninfo->keywords[conninfo->n] = keyword;
        conninfo->values[conninfo->n++] = copy(value);
    }
}

Conninfo *conninfo_parse(const char *text, const char *name, char **error)
{
    Conninfo *conninfo;
    PQconninfoOption *options = PQconninfoParse(text, error), *option;
    size_t i;

    if (options == NULL)
        return NULL;
    conninfo = memory_resize(NULL, 1, sizeof(*conninfo));
    memset(conninfo, 0, sizeof(*conninfo));
    conninfo->options = options;
    for (option = options; option->keyword != NULL; option++) {
        if (option->val != NULL)
            set(conninfo, option->keyword, option->val);
    }
    for (i = 0; i < sizeof(DEFAULTS) / sizeof(*DEFAULTS); i++) {
        if (value_of(conninfo, DEFAULTS[i].keyword) == NULL)
            set(conninfo, DEFAULTS[i].keyword, DEFAULTS[i].value);
    }
    if (value_of(conninfo, "application_name") == NULL)
        set(conninfo, "application_name", name);
    set(conninfo, "client_encoding", "UTF8");
    return conninfo;
}

void conninfo_free(Conninfo *conninfo)
{
    int i;

    if (conninfo == NULL)
        return;
    for (i = 0; i < conninfo->n; i++)
        free(conninfo->values[i]);
    PQconninfoFree(conninfo->options);
    free(conninfo);
}

int conninfo_timeout_s(const Conninfo *conninfo)
{
    int timeout = atoi(*value_of(conninfo, "connect_timeout"));

    return timeout > 0 ? timeout : CONNECT_TIMEOUT_S;
}

/* "a,b,c" becomes "b,c,a". */
static void rotate(char *list)
{
    char *comma = list == NULL ? NULL : strchr(list, ',');
    size_t first, rest;
    char *head;

    if (comma == NULL)
        return;
    *comma = '\0';
    head = copy(list);
    first = strlen(head);
    rest = strlen(comma + 1);
    memmove(list, comma + 1, rest);
    list[rest] = ',';
    memcpy(list + rest + 1, head, first + 1);
    free(head);
}

void conninfo_next_host(Conninfo *conninfo)
{
    static const char *const LISTS[] = { "host", "hostaddr", "port" };
    size_t i;

    for (i = 0; i < sizeof(LISTS) / sizeof(*LISTS); i++) {
        char **list = value_of(conninfo, LISTS[i]);

        if (list != NULL)
            rotate(*list);
    }
}

const char *const *conninfo_keywords(const Conninfo *conninfo)
{
    return conninfo->keywords;
}

const char *const *conninfo_values(const Conninfo *conninfo)
{
    return (const char *const *) conninfo->values;
}

/*
 * news.c - see news.h
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bearerbox/news.h"
#include "now.h"

static char *copy(const char *text)
{
    return text == NULL ? NULL : strdup(text);
}

LinkNews *link_news_create(NewsKind kind, unsigned long serial,
                           uint64_t ticket, const char *smsc_id,
                           const char *message_id, const char *text)
{
    LinkNews *news = calloc(1, sizeof(*news));

    if (news == NULL)
        abort();
    news->head.kind = kind;
    news->serial = serial;
    news->ticket = ticket;
    news->at_us = now_us();
    news->smsc_id = copy(smsc_id);
    news->message_id = copy(message_id);
    news->text = copy(text);
    return news;
}

LeaseNews *lease_news_create(const char *instance, const StoreLease *leases,
                             int n, int64_t until_us)
{
    LeaseNews *news = calloc(1, sizeof(*news) + n * sizeof(news->held[0]));
    int i;

    if (news == NULL)
        abort();
    news->head.kind = NEWS_LEASES;
    snprintf(news->instance, sizeof(news->instance), "%s", instance);
    news->until_us = until_us;
    news->n = n;
    for (i = 0; i < n; i++) {
        news->held[i].id = leases[i].id;
        news->held[i].epoch = leases[i].epoch;
        news->held[i].fresh = leases[i].fresh;
        news->held[i].yielding = leases[i].yielding;
        snprintf(news->held[i].route, sizeof(news->held[i].route), "%s",
                 leases[i].route);
    }
    return news;
}

void news_free(News *news)
{
    LinkNews *link;

    if (news->kind != NEWS_LEASES) {
        link = (LinkNews *) news;
        free(link->smsc_id);
        free(link->message_id);
        free(link->text);
    }
    free(news);
}

/*
 * figures.c - what the scheduler shows of itself
 *
 * The worker copies its figures under a lock, so that whoever asks for them
 * never waits for it nor touches what it owns.
 */

#include <stdio.h>
#include <string.h>

#include "bearerbox/scheduler_int.h"

static const int64_t DETAILS_US = 250 * 1000;

static RouteFigures *route_of(SchedulerDetails *details, const char *route)
{
    RouteFigures *its;
    int i;

    for (i = 0; i < details->n_routes; i++) {
        if (strcmp(details->routes[i].route, route) == 0)
            return &details->routes[i];
    }
    if (details->n_routes == FIGURES_MAX)
        return NULL;
    its = &details->routes[details->n_routes++];
    memset(its, 0, sizeof(*its));
    snprintf(its->route, sizeof(its->route), "%s", route);
    return its;
}

static void routes_now(Scheduler *s, SchedulerDetails *details)
{
    RouteFigures *its;
    int i;

    for (i = 0; i < s->n_held; i++) {
        its = route_of(details, s->held[i].route);
        if (its != NULL)
            its->leases++;
    }
    for (i = 0; i < details->n_routes; i++)
        details->routes[i].waiting =
            handover_of_route(s, details->routes[i].route);
}

static void links_now(Scheduler *s, SchedulerDetails *details)
{
    WireLink links[FIGURES_MAX];
    const LinkQueue *queue;
    LinkFigures *its;
    int i;

    details->n_links = s->setup.wire->links(NULL, NULL, links, FIGURES_MAX);
    for (i = 0; i < details->n_links; i++) {
        its = &details->links[i];
        queue = handover_of_link(s, links[i].serial);
        its->serial = links[i].serial;
        memcpy(its->smsc_id, links[i].smsc_id, sizeof(its->smsc_id));
        its->active = links[i].active;
        its->unanswered = tickets_unanswered(s->setup.tickets, its->serial);
        its->bound = queue->bound.n;
        its->waiting = queue->unbound.n;
        its->speed = links_speed(s->links, its->serial);
        its->held_to = links_rate(s->links, its->serial);
    }
}

void figures_show(Scheduler *s, int64_t now)
{
    bool detailed = now >= s->next_details;
    SchedulerDetails details;

    s->figures.leases = s->n_held;
    s->figures.groups = actives_count(s->actives);
    s->figures.waiting = handover_unbound(s);
    if (detailed) {
        s->next_details = now + DETAILS_US;
        details.n_routes = details.n_links = 0;
        routes_now(s, &details);
        links_now(s, &details);
    }
    pthread_mutex_lock(&s->figures_lock);
    s->shown = s->figures;
    if (detailed)
        s->details = details;
    pthread_mutex_unlock(&s->figures_lock);
}

void scheduler_figures(Scheduler *s, SchedulerFigures *figures)
{
    pthread_mutex_lock(&s->figures_lock);
    *figures = s->shown;
    pthread_mutex_unlock(&s->figures_lock);
}

void scheduler_details(Scheduler *s, SchedulerDetails *details)
{
    pthread_mutex_lock(&s->figures_lock);
    *details = s->details;
    pthread_mutex_unlock(&s->figures_lock);
}

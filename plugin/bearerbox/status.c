/*
 * status.c - see status.h
 */

#include "gwlib/gwlib.h"
#include "gw/bearerbox.h"

#include "bearerbox/status.h"

static Octstr *summary(Scheduler *scheduler, const char *br)
{
    SchedulerFigures f;

    scheduler_figures(scheduler, &f);
    return octstr_format(
        "Convoy: database %s, %d leases, %d groups in hand (%d waiting)%s"
        "Convoy: claimed %ld, finished %ld, submitted %ld, accepted %ld, "
        "refused %ld, in doubt %ld, receipts %ld, cancelled %ld, "
        "fenced %ld%s",
        f.database_up ? "up" : "down", f.leases, f.groups, f.waiting, br,
        (long) f.claimed, (long) f.finished, (long) f.submitted,
        (long) f.accepted, (long) f.refused, (long) f.doubted,
        (long) f.receipts, (long) f.cancelled, (long) f.fenced, br);
}

/* --- XML ------------------------------------------------------------------ */

static void xml_number(Octstr *xml, const char *name, int64_t value)
{
    octstr_format_append(xml, "\t<%s>%ld</%s>\n", name, (long) value, name);
}

static void xml_text(Octstr *xml, const char *name, const char *value)
{
    Octstr *text = octstr_create(value);

    octstr_convert_to_html_entities(text);
    octstr_format_append(xml, "\t<%s>%S</%s>\n", name, text, name);
    octstr_destroy(text);
}

static void xml_route(Octstr *xml, const RouteFigures *r)
{
    octstr_append_cstr(xml, "\t<route>\n");
    xml_text(xml, "smsc-id", r->route);
    xml_number(xml, "leases", r->leases);
    xml_number(xml, "waiting", r->waiting);
    octstr_append_cstr(xml, "\t</route>\n");
}

static void xml_link(Octstr *xml, const LinkFigures *l)
{
    octstr_append_cstr(xml, "\t<link>\n");
    xml_number(xml, "number", (int64_t) l->serial);
    xml_text(xml, "smsc-id", l->smsc_id);
    xml_text(xml, "status", l->active ? "active" : "not active");
    xml_number(xml, "unanswered", l->unanswered);
    xml_number(xml, "begun", l->bound);
    xml_number(xml, "waiting", l->waiting);
    octstr_format_append(xml, "\t<speed>%.1f</speed>\n", l->speed);
    if (l->held_to > 0)
        octstr_format_append(xml, "\t<held-to>%.1f</held-to>\n", l->held_to);
    octstr_append_cstr(xml, "\t</link>\n");
}

static Octstr *xml_block(Scheduler *scheduler)
{
    Octstr *xml = octstr_create("<convoy>\n");
    SchedulerFigures f;
    SchedulerDetails d;
    int i;

    scheduler_figures(scheduler, &f);
    scheduler_details(scheduler, &d);
    xml_text(xml, "database", f.database_up ? "up" : "down");
    xml_number(xml, "leases", f.leases);
    xml_number(xml, "groups", f.groups);
    xml_number(xml, "waiting", f.waiting);
    xml_number(xml, "claimed", f.claimed);
    xml_number(xml, "finished", f.finished);
    xml_number(xml, "submitted", f.submitted);
    xml_number(xml, "accepted", f.accepted);
    xml_number(xml, "refused", f.refused);
    xml_number(xml, "in-doubt", f.doubted);
    xml_number(xml, "receipts", f.receipts);
    xml_number(xml, "cancelled", f.cancelled);
    xml_number(xml, "fenced", f.fenced);
    for (i = 0; i < d.n_routes; i++)
        xml_route(xml, &d.routes[i]);
    for (i = 0; i < d.n_links; i++)
        xml_link(xml, &d.links[i]);
    octstr_append_cstr(xml, "</convoy>\n");
    return xml;
}

Octstr *status_block(Scheduler *scheduler, int status_type)
{
    if (status_type == BBSTATUS_XML)
        return scheduler == NULL ? octstr_create("<convoy></convoy>\n")
                                 : xml_block(scheduler);
    if (scheduler == NULL)
        return octstr_create("Convoy: starting\n");
    return summary(scheduler, status_type == BBSTATUS_HTML ? "<br>\n"
                              : status_type == BBSTATUS_WML ? "<br/>\n"
                                                            : "\n");
}

/* --- text ----------------------------------------------------------------- */

static void text_route(Octstr *text, const RouteFigures *r)
{
    octstr_format_append(text, "route %s: %d leases, %d groups wait\n",
                         r->route[0] == '\0' ? "(any)" : r->route, r->leases,
                         r->waiting);
}

static void text_link(Octstr *text, const LinkFigures *l)
{
    octstr_format_append(
        text, "link %lu <%s>: %s, %d unanswered, %d begun, %d wait, "
        "%.1f segments/s", l->serial, l->smsc_id,
        l->active ? "active" : "not active", l->unanswered, l->bound,
        l->waiting, l->speed);
    if (l->held_to > 0)
        octstr_format_append(text, ", throttled: held to %.1f", l->held_to);
    octstr_append_char(text, '\n');
}

Octstr *status_text(Scheduler *scheduler)
{
    SchedulerDetails d;
    Octstr *text;
    int i;

    if (scheduler == NULL)
        return octstr_create("Convoy: starting\n");
    text = summary(scheduler, "\n");
    scheduler_details(scheduler, &d);
    for (i = 0; i < d.n_routes; i++)
        text_route(text, &d.routes[i]);
    for (i = 0; i < d.n_links; i++)
        text_link(text, &d.links[i]);
    return text;
}

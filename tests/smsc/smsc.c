/*
 * smsc.c - puts the parts of the simulator together; see smsc.h.
 */
#include <unistd.h>

#include "control.h"
#include "delivery.h"
#include "link.h"
#include "message.h"
#include "recorded.h"
#include "smsc.h"

/* The end of a round: write what it produced, then tell who waits. */
static void smsc_settle(struct loop *loop)
{
    struct smsc *smsc = loop_owner(loop, struct smsc, loop);

    link_settle_all(smsc);
    control_settle(smsc);
}

static void arm_plan_timer(struct smsc *smsc)
{
    int64_t next = plan_next_phone_change(smsc->plan, smsc_plan_age(smsc));

    loop_timer_clear(&smsc->loop, &smsc->plan_timer);
    if (next != INT64_MAX)
        loop_timer_set(&smsc->loop, &smsc->plan_timer,
                       smsc->plan_began_us + next);
}

static void plan_timer_due(struct loop_timer *timer)
{
    struct smsc *smsc = loop_owner(timer, struct smsc, plan_timer);

    message_retry_waiting(smsc);
    arm_plan_timer(smsc);
}

int64_t smsc_plan_age(const struct smsc *smsc)
{
    return loop_now() - smsc->plan_began_us;
}

bool smsc_phone_is_on(const struct smsc *smsc, const char *receiver)
{
    return phone_is_on(&smsc->phones, smsc->plan, smsc_plan_age(smsc),
                       receiver)
           && !outages_phone_is_off(&smsc->outages, receiver);
}

void smsc_set_plan(struct smsc *smsc, struct plan *plan)
{
    if (smsc->plan != NULL)
        plan_free(smsc->plan);
    smsc->plan = plan;
    smsc->plan_began_us = loop_now();
    message_retry_waiting(smsc);
    arm_plan_timer(smsc);
}

int smsc_init(struct smsc *smsc, struct plan *plan, const char *journal_path,
              int64_t phone_window_us)
{
    *smsc = (struct smsc) {
        .listener.fd = -1, .control.fd = -1,
        .plan_timer.fire = plan_timer_due,
        /* so ids do not come again after a restart: a microsecond each */
        .last_message = (uint64_t) loop_wall_clock()
    };
    TAILQ_INIT(&smsc->links);
    TAILQ_INIT(&smsc->closed_links);
    TAILQ_INIT(&smsc->accounts);
    TAILQ_INIT(&smsc->waiting_messages);
    TAILQ_INIT(&smsc->final_messages);
    TAILQ_INIT(&smsc->control_clients);
    if (loop_init(&smsc->loop) < 0
        || journal_open(&smsc->journal, &smsc->loop, journal_path) < 0)
        return -1;
    smsc->loop.settle = smsc_settle;
    phones_init(&smsc->phones, &smsc->loop, &smsc->journal, phone_window_us);
    smsc_set_plan(smsc, plan);
    return 0;
}

void smsc_free(struct smsc *smsc)
{
    if (smsc->listener.fd >= 0)
        close(smsc->listener.fd);
    smsc->listener.fd = -1;
    link_close_all(smsc);
    control_close(smsc);
    delivery_free_all(smsc);
    message_free_all(smsc);
    phones_free(&smsc->phones);
    table_free(&smsc->attempts);
    plan_free(smsc->plan);
    recorded_free(smsc->recorded);
    outages_free(&smsc->outages);
    journal_close(&smsc->journal);
    loop_free(&smsc->loop);
}

/*
 * wapbox.c - the module in wapbox: intake and notifier
 *
 * Joins the parts: ppg.c takes pushes over from the PPG, intake.c stores
 * and answers them, notifier.c reports their results.
 */

#include "wapbox/wapbox.h"

#include "pap/pap_read.h"
#include "wapbox/intake.h"
#include "wapbox/notifier.h"
#include "wapbox/ppg.h"

static void running(void)
{
    intake_run();
    notifier_run();
}

/* The PPG is closed by now; clients that are still held get their answer. */
static void drain(void)
{
    notifier_drain();
    intake_drain();
}

static void stop(void)
{
    notifier_stop();
    intake_stop();
}

int wapbox_start(const Config *config, const GwHost *host, GwHooks *hooks)
{
    (void)host;
    pap_read_init();
    if (intake_init(config) == -1 || notifier_init(config) == -1)
        return -1;
    ppg_init(config, hooks);
    hooks->running = running;
    hooks->drain = drain;
    hooks->stop = stop;
    return 0;
}

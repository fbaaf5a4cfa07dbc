/*
 * wapbox.c - the module in wapbox: intake and notifier
 *
 * Joins the parts: ppg.c takes pushes over from the PPG, intake.c stores
 * and answers them, notifier.c reports their results.
 */

#include "wapbox/wapbox.h"

#include <sys/resource.h>

#include "gwlib/http_limits.h"

#include "pap/pap_read.h"
#include "wapbox/intake.h"
#include "wapbox/loans.h"
#include "wapbox/notifier.h"
#include "wapbox/ppg.h"

/* Octets: of an HTTP head; of a request, some more than ppg.c takes, so that
 * a PI is told so in PAP; and of all that wait for their answer. */
#define MAX_HEAD (64L << 10)
#define MAX_REQUEST ((1L << 20) + MAX_HEAD)
#define MAX_PENDING (64L << 20)

/* Files that wapbox needs beside its clients: log, database, bearerbox, and
 * a connection for each notification under way. */
#define OTHER_FILES (LOANS_MAX + 300)

/* Lets this process have so many files, as far as its user may. */
static void raise_files(rlim_t needed)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == -1 || limit.rlim_cur >= needed)
        return;
    limit.rlim_cur = limit.rlim_max < needed ? limit.rlim_max : needed;
    if (setrlimit(RLIMIT_NOFILE, &limit) == -1 || limit.rlim_cur < needed)
        warning(0, "convoy: max-clients needs %lu open files, only %lu are "
                "allowed: raise `ulimit -n', or clients may be turned away",
                (unsigned long)needed, (unsigned long)limit.rlim_cur);
}

static void limit_clients(const Config *config)
{
    const HTTPServerLimits limits = {
        .clients = config->max_clients,
        .seconds = (long)(config->client_timeout_us / 1000000),
        .head = MAX_HEAD,
        .request = MAX_REQUEST,
        .pending = MAX_PENDING
    };

    raise_files((rlim_t)config->max_clients + OTHER_FILES);
    http_server_limits(&limits);
}

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
    pap_read_init();
    if (intake_init(config) == -1 || notifier_init(config) == -1)
        return -1;
    ppg_init(config, host, hooks);
    limit_clients(config);
    hooks->running = running;
    hooks->drain = drain;
    hooks->stop = stop;
    return 0;
}

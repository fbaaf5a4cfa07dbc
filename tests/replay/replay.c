/*
 * replay.c - see replay.h.
 *
 * The sending is open: a push leaves when it is due, whether those before it
 * have been answered or not, and if that fails (no connection is free, the
 * machine is busy) it is late, which is counted. Of the trace only the next
 * push is in memory.
 */
#include "replay.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "../smsc/json.h"
#include "collector.h"
#include "lateness.h"
#include "post.h"
#include "request.h"
#include "survey.h"
#include "trace.h"

/* As fast as possible begins with FIRST_POSTS at a time, as many as Kannel
 * lets wait to be connected, and one more after every ANSWERS_A_POST: more
 * connections at once would be dropped, and tried again after seconds. */
enum { FIRST_POSTS = 8, ANSWERS_A_POST = 16 };
enum { READ_AT_A_TIME = 500, PROGRESS_US = 250000, SECOND_US = 1000000 };
enum { REPORT_TAKEN = 202 };

struct replay {
    const struct replay_options *options;
    FILE *out;
    struct loop loop;
    struct poster poster;
    struct collector collector;
    struct survey survey;
    struct lateness lateness;
    struct trace_reader *reader;
    struct loop_timer send_timer, progress_timer;
    struct loop_watch signals;
    struct buffer line;

    struct trace_record next;   /* the push to be sent next, if has_next */
    bool has_next;
    bool ended;                 /* no more pushes will be sent */
    bool told;                  /* and the file says so */
    bool interrupted, failed;
    int64_t begin_us, wall_us;  /* both clocks, when it began */
    int64_t sent, withheld, answered, accepted, notified;
};

/* --- what happened ------------------------------------------------------ */

static int64_t wall_clock(const struct replay *replay, int64_t loop_us)
{
    return replay->wall_us + loop_us - replay->begin_us;
}

static void line_begin(struct replay *replay, const char *event,
                       int64_t loop_us)
{
    json_begin(&replay->line);
    json_string(&replay->line, "ev", event);
    json_time(&replay->line, "t", wall_clock(replay, loop_us));
}

static void line_end(struct replay *replay)
{
    json_end(&replay->line);
    fwrite(buffer_bytes(&replay->line), 1, buffer_length(&replay->line),
           replay->out);
    buffer_consume(&replay->line, buffer_length(&replay->line));
}

/* Documents are short, and JSON here takes any octet. */
static void line_document(struct replay *replay, const uint8_t *octets,
                          size_t size)
{
    struct buffer text = { .data = NULL };

    buffer_append(&text, octets, size);
    buffer_append(&text, "", 1);
    json_string(&replay->line, "document",
                (const char *) buffer_bytes(&text));
    buffer_free(&text);
}

static void tell_begin(struct replay *replay)
{
    line_begin(replay, "begin", replay->begin_us);
    json_string(&replay->line, "trace", replay->options->trace);
    json_number(&replay->line, "pushes", replay->survey.pushes);
    line_end(replay);
}

static void tell_sent(struct replay *replay)
{
    struct lateness *lateness = &replay->lateness;

    replay->told = true;
    line_begin(replay, "sent", loop_now());
    json_boolean(&replay->line, "interrupted", replay->interrupted);
    json_number(&replay->line, "sent", replay->sent);
    json_number(&replay->line, "withheld", replay->withheld);
    json_number(&replay->line, "late_p50_us",
                lateness_percentile(lateness, 50));
    json_number(&replay->line, "late_p99_us",
                lateness_percentile(lateness, 99));
    json_number(&replay->line, "late_max_us", lateness->max);
    line_end(replay);
}

static void show_progress(struct replay *replay, const char *end)
{
    fprintf(stderr, "\r%6.1f s  sent %" PRId64 " of %" PRId64
            ", accepted %" PRId64 ", under way %u, notified %" PRId64
            ", late at most %.0f ms  %s",
            (double) (loop_now() - replay->begin_us) / SECOND_US,
            replay->sent, replay->survey.pushes, replay->accepted,
            replay->poster.running, replay->notified,
            (double) replay->lateness.max / 1000,
            end);
}

static void progress_due(struct loop_timer *timer)
{
    struct replay *replay = loop_owner(timer, struct replay, progress_timer);

    show_progress(replay, "");
    loop_timer_set(&replay->loop, timer, loop_now() + PROGRESS_US);
}

/* --- sending ------------------------------------------------------------ */

static int64_t due_of(const struct replay *replay,
                      const struct trace_record *push)
{
    double speed = replay->options->speed;

    return speed > 0
        ? replay->begin_us + (int64_t) ((double) push->t / speed)
        : loop_now();
}

/* The request for a recorded push, or NULL if it must not be sent. */
static struct post *make_post(struct replay *replay,
                              const struct trace_record *push)
{
    char notify_url[COLLECTOR_URL_SIZE];
    struct rewrite rewrite = {
        .notify_url = notify_url,
        .drops_routes = replay->options->is_sandbox
    };

    collector_url(&replay->collector, push->push, notify_url);
    if (replay->survey.begin_known)
        rewrite.later_s = loop_wall_clock() / SECOND_US
            - replay->survey.begin_s - push->t / SECOND_US;
    return request_make(push, replay->options->url, &rewrite);
}

static void send_next(struct replay *replay)
{
    struct post *post = make_post(replay, &replay->next);

    replay->has_next = false;
    if (post == NULL) {
        replay->withheld++;
        line_begin(replay, "withheld", loop_now());
        json_number(&replay->line, "push", replay->next.push);
        line_end(replay);
        return;
    }
    post->due_us = due_of(replay, &replay->next);
    post->sent_us = loop_now();
    if (replay->options->speed > 0)
        lateness_add(&replay->lateness, post->sent_us - post->due_us);
    replay->sent++;
    poster_send(&replay->poster, post);
}

static bool may_send(const struct replay *replay)
{
    const struct replay_options *options = replay->options;

    return replay->poster.running < options->connections
        && (options->speed > 0
            || replay->poster.running
               < FIRST_POSTS + replay->answered / ANSWERS_A_POST);
}

/* Looks for the next push, for a moment; false if it has to look on. */
static bool read_next(struct replay *replay)
{
    int i, found;

    for (i = 0; i < READ_AT_A_TIME; i++) {
        found = trace_read(replay->reader, &replay->next);
        if (found <= 0) {
            replay->ended = true;
            replay->failed = found < 0;
            return true;
        }
        if (replay->next.event == TRACE_PUSH) {
            replay->has_next = true;
            return true;
        }
    }
    return false;
}

/* Sends what is due and may be sent, and sets the timer for what comes. */
static void send_due(struct loop_timer *timer)
{
    struct replay *replay = loop_owner(timer, struct replay, send_timer);
    int64_t due;

    while (!replay->ended) {
        if (!replay->has_next && !read_next(replay)) {
            loop_timer_set(&replay->loop, timer, loop_now() + 1);
            return;
        }
        if (!replay->has_next)
            return;
        due = due_of(replay, &replay->next);
        if (due > loop_now()) {
            loop_timer_set(&replay->loop, timer, due);
            return;
        }
        if (!may_send(replay))
            return;             /* until one is answered */
        send_next(replay);
    }
}

static bool is_accepted(const struct post *post)
{
    static const char code[] = "\"1001\"";

    return buffer_length(&post->answer) > 0
        && memmem(buffer_bytes(&post->answer), buffer_length(&post->answer),
                  code, sizeof(code) - 1) != NULL;
}

static void answered(struct poster *poster, struct post *post)
{
    struct replay *replay = loop_owner(poster, struct replay, poster);

    replay->accepted += is_accepted(post);
    replay->answered++;
    line_begin(replay, "push", post->sent_us);
    json_number(&replay->line, "push", post->push);
    json_time(&replay->line, "due", wall_clock(replay, post->due_us));
    json_time(&replay->line, "answered",
              wall_clock(replay, post->answered_us));
    json_known(&replay->line, "http", post->status > 0 ? post->status : -1);
    line_document(replay, buffer_bytes(&post->answer),
                  buffer_length(&post->answer));
    line_end(replay);
    if (!replay->ended && replay->send_timer.place == 0)
        loop_timer_set(&replay->loop, &replay->send_timer, loop_now());
}

static int notified(struct collector *collector, int64_t push,
                    const uint8_t *document, size_t size)
{
    struct replay *replay = loop_owner(collector, struct replay, collector);
    int http;

    if (size == 0)
        return REPORT_TAKEN;    /* a report for X-Kannel-DLR-Url */
    http = survey_answer(&replay->survey, push);
    replay->notified++;
    line_begin(replay, "notification", loop_now());
    json_number(&replay->line, "push", push);
    json_known(&replay->line, "http", http);
    line_document(replay, document, size);
    line_end(replay);
    return http == TRACE_NONE ? COLLECTOR_NO_ANSWER : http;
}

/* --- begin and end ------------------------------------------------------ */

static void settle(struct loop *loop)
{
    struct replay *replay = loop_owner(loop, struct replay, loop);

    poster_settle(&replay->poster);
    collector_settle(&replay->collector);
    if (replay->ended && !replay->told && replay->poster.running == 0)
        tell_sent(replay);
    if (replay->failed)
        loop->stop = true;
    fflush(replay->out);
}

static void signalled(struct loop_watch *watch, uint32_t events)
{
    struct replay *replay = loop_owner(watch, struct replay, signals);
    struct signalfd_siginfo info;

    (void) events;
    if (read(watch->fd, &info, sizeof(info)) != (ssize_t) sizeof(info))
        return;
    if (info.ssi_signo == SIGINT && !replay->ended) {
        replay->ended = replay->interrupted = true;
        loop_timer_clear(&replay->loop, &replay->send_timer);
        fputs("\nconvoy-replay: interrupted: no more pushes are sent, what"
              " comes of those that were is still collected\n", stderr);
    } else {
        replay->loop.stop = true;
    }
}

static bool watch_signals(struct replay *replay)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return false;
    replay->signals.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    replay->signals.ready = signalled;
    return replay->signals.fd >= 0
        && loop_watch_add(&replay->loop, &replay->signals, EPOLLIN) == 0;
}

/* Opens everything; true if the loop may run. */
static bool begin(struct replay *replay)
{
    char error[TRACE_ERROR_SIZE];

    if (!survey_take(&replay->survey, replay->options->trace, error)
        || (replay->reader = trace_open(replay->options->trace, error))
           == NULL) {
        fprintf(stderr, "convoy-replay: %s\n", error);
        return false;
    }
    if (loop_init(&replay->loop) < 0) {
        fprintf(stderr, "convoy-replay: %s\n", strerror(errno));
        return false;
    }
    replay->loop.settle = settle;
    if (!watch_signals(replay)
        || collector_init(&replay->collector, &replay->loop) < 0
        || !poster_init(&replay->poster, &replay->loop,
                        replay->options->connections)) {
        fprintf(stderr, "convoy-replay: %s\n", strerror(errno));
        return false;
    }
    replay->poster.done = answered;
    replay->collector.took = notified;
    replay->send_timer.fire = send_due;
    replay->progress_timer.fire = progress_due;
    replay->begin_us = loop_now();
    replay->wall_us = loop_wall_clock();
    tell_begin(replay);
    loop_timer_set(&replay->loop, &replay->send_timer, replay->begin_us);
    if (replay->options->progress)
        loop_timer_set(&replay->loop, &replay->progress_timer,
                       replay->begin_us);
    return true;
}

bool replay_run(const struct replay_options *options, FILE *out)
{
    struct replay replay = { .options = options, .out = out };
    bool done = begin(&replay) && loop_run(&replay.loop) == 0
        && !replay.failed;

    if (replay.failed)
        fprintf(stderr, "convoy-replay: %s\n", trace_error(replay.reader));
    if (done && options->progress)
        show_progress(&replay, "\n");
    if (done && !replay.told)
        tell_sent(&replay);
    if (replay.poster.multi != NULL)
        poster_free(&replay.poster);
    if (replay.collector.loop != NULL)
        collector_free(&replay.collector);
    if (replay.loop.settle != NULL)
        loop_free(&replay.loop);
    trace_close(replay.reader);
    survey_free(&replay.survey);
    lateness_free(&replay.lateness);
    buffer_free(&replay.line);
    return done;
}

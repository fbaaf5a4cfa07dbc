/*
 * main.c - convoy-smsc, an SMSC for tests; README.md describes it.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "control.h"
#include "json.h"
#include "link.h"
#include "recorded.h"

enum { FILES_RESERVED = 32 };

struct options {
    const char *listen, *port_file, *journal, *plan, *trace, *control;
    double trace_speed;
    uint64_t seed;
    int64_t phone_window_us;
};

static struct smsc smsc;
static struct loop_watch signals;

static void die(const char *what, const char *why)
{
    fprintf(stderr, "convoy-smsc: %s: %s\n", what, why);
    exit(1);
}

static void print_usage(FILE *stream)
{
    fputs("usage: convoy-smsc [--listen HOST:PORT] [--port-file FILE]\n"
          "       [--journal FILE] [--plan FILE] [--seed N]\n"
          "       [--trace FILE] [--trace-speed X]\n"
          "       [--control PATH] [--phone-window SECONDS]\n", stream);
}

static double parse_positive(const char *option, const char *text,
                             const char *otherwise)
{
    char *end;
    double number = strtod(text, &end);

    if (end == text || *end != '\0' || !(number >= 0) || number > 1e9)
        die(option, otherwise);
    return number;
}

static uint64_t parse_seed(const char *text)
{
    char *end;
    uint64_t seed;

    errno = 0;
    seed = strtoull(text, &end, 0);
    if (end == text || *end != '\0' || errno != 0 || text[0] == '-')
        die("--seed", "is no number from 0 to 2^64-1");
    return seed;
}

static struct options parse_options(int argc, char **argv)
{
    static const struct option known[] = {
        { "listen", required_argument, NULL, 'l' },
        { "port-file", required_argument, NULL, 'f' },
        { "journal", required_argument, NULL, 'j' },
        { "plan", required_argument, NULL, 'p' },
        { "seed", required_argument, NULL, 's' },
        { "trace", required_argument, NULL, 't' },
        { "trace-speed", required_argument, NULL, 'x' },
        { "control", required_argument, NULL, 'c' },
        { "phone-window", required_argument, NULL, 'w' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 }
    };
    struct options options = {
        .listen = "127.0.0.1:0", .seed = 1, .phone_window_us = 300000000,
        .trace_speed = 1
    };
    int letter;

    while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (letter) {
        case 'l': options.listen = optarg; break;
        case 'f': options.port_file = optarg; break;
        case 'j': options.journal = optarg; break;
        case 'p': options.plan = optarg; break;
        case 'c': options.control = optarg; break;
        case 't': options.trace = optarg; break;
        case 's': options.seed = parse_seed(optarg); break;
        case 'x':
            options.trace_speed = parse_positive("--trace-speed", optarg,
                                                 "is no factor");
            if (options.trace_speed <= 0)
                die("--trace-speed", "is no factor");
            break;
        case 'w':
            options.phone_window_us = (int64_t)
                (parse_positive("--phone-window", optarg,
                                "is no number of seconds") * 1e6);
            break;
        case 'h':
            print_usage(stdout);
            exit(0);
        default:
            print_usage(stderr);
            exit(2);
        }
    }
    if (optind < argc) {
        print_usage(stderr);
        exit(2);
    }
    return options;
}

/* As many links as the system allows; a few descriptors are kept for the
 * journal, plans and the control socket. */
static unsigned link_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        die("getrlimit", strerror(errno));
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        die("setrlimit", strerror(errno));
    if (limit.rlim_cur < 2 * FILES_RESERVED)
        die("start", "too few open files are allowed");
    return limit.rlim_cur > UINT_MAX ? UINT_MAX
                                     : (unsigned) limit.rlim_cur
                                       - FILES_RESERVED;
}

static void signal_ready(struct loop_watch *watch, uint32_t events)
{
    struct signalfd_siginfo info;

    (void) events;
    if (read(watch->fd, &info, sizeof(info)) == (ssize_t) sizeof(info))
        smsc.loop.stop = true;
}

/* SIGTERM and SIGINT end the loop; the journal is written after it. */
static void watch_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signals.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    signals.ready = signal_ready;
    if (signals.fd < 0 || loop_watch_add(&smsc.loop, &signals, EPOLLIN) < 0)
        die("signals", strerror(errno));
}

/* Who waits for the file finds it only when it is whole. */
static void write_port_file(const char *path, unsigned port)
{
    size_t room = strlen(path) + 16;
    char *temporary = mem_new(room);
    FILE *file;

    snprintf(temporary, room, "%s.%d", path, (int) getpid());
    file = fopen(temporary, "we");
    if (file == NULL || fprintf(file, "%u\n", port) < 0 || fclose(file) != 0
        || rename(temporary, path) < 0)
        die(path, strerror(errno));
    free(temporary);
}

static void journal_listen(const struct options *options, unsigned port)
{
    struct buffer *event = journal_begin(&smsc.journal, "listen");
    char seed[24];

    /* as text: it may be more than a JSON reader's numbers hold */
    snprintf(seed, sizeof(seed), "%" PRIu64, options->seed);
    json_number(event, "port", port);
    json_number(event, "pid", getpid());
    json_string(event, "seed", seed);
    json_string(event, "plan", options->plan != NULL ? options->plan : "");
    json_string(event, "trace",
                options->trace != NULL ? options->trace : "");
    journal_end(&smsc.journal);
    journal_flush(&smsc.journal);
}

int main(int argc, char **argv)
{
    struct options options = parse_options(argc, argv);
    char error[512];
    struct plan *plan = options.plan == NULL
        ? plan_new(options.seed)
        : plan_load(options.plan, options.seed, error, sizeof(error));

    if (plan == NULL)
        die("plan", error);
    if (smsc_init(&smsc, plan, options.journal, options.phone_window_us) < 0)
        die(options.journal != NULL ? options.journal : "start",
            strerror(errno));
    smsc.link_max = link_limit();
    if (options.trace != NULL) {
        smsc.recorded = recorded_load(options.trace, options.trace_speed,
                                      &smsc.outages, error, sizeof(error));
        if (smsc.recorded == NULL)
            die("--trace", error);
    }
    watch_signals();
    if (link_listen(&smsc, options.listen, error, sizeof(error)) < 0)
        die("--listen", error);
    if (options.control != NULL
        && control_listen(&smsc, options.control, error, sizeof(error)) < 0)
        die("--control", error);
    journal_listen(&options, link_port(&smsc));
    if (options.port_file != NULL)
        write_port_file(options.port_file, link_port(&smsc));
    else
        printf("%u\n", link_port(&smsc));
    fflush(stdout);
    if (loop_run(&smsc.loop) < 0)
        die("epoll_wait", strerror(errno));
    smsc_free(&smsc);
    close(signals.fd);
    return 0;
}

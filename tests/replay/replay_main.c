/*
 * replay_main.c - convoy-replay, which sends the pushes of a trace; README.md
 * describes it, and tests/replay/run uses it.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "replay.h"

enum { CONNECTIONS = 200, CONNECTIONS_MAX = 10000, URL_SIZE = 1024 };

static void print_usage(FILE *stream)
{
    fputs("usage: convoy-replay --sandbox DIR [OPTIONS] TRACE\n\n"
          "    --sandbox DIR      to the PPG of this sandbox\n"
          "    --ppg URL          to this one, which takes the flag below\n"
          "    --messages-may-reach-real-phones\n"
          "    --speed N|max      N times as fast as recorded (default 1)\n"
          "    --connections N    at most (default 200)\n"
          "    --out FILE         what happened (default standard output)\n"
          "    --no-progress      show none, even on a terminal\n",
          stream);
}

static void die(const char *what, const char *why)
{
    fprintf(stderr, "convoy-replay: %s: %s\n", what, why);
    exit(1);
}

static void die_of_usage(void)
{
    print_usage(stderr);
    exit(2);
}

/* The value of this line of the file env; what there is not stays. */
static void take_variable(const char *line, const char *name,
                          char value[URL_SIZE])
{
    size_t length = strlen(name);

    if (strncmp(line, name, length) == 0)
        snprintf(value, URL_SIZE, "%s", line + length);
}

/* Whether the simulator listens there. */
static bool has_simulator(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    bool connected;
    int fd;

    if (strlen(path) >= sizeof(address.sun_path))
        return false;
    strcpy(address.sun_path, path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        die("socket", strerror(errno));
    connected = connect(fd, (struct sockaddr *) &address,
                        sizeof(address)) == 0;
    close(fd);
    return connected;
}

/* PPG_URL in the file env of a sandbox. Its links must be bound to the
 * simulator, for behind another SMSC there are phones. */
static void read_sandbox(const char *folder, char url[URL_SIZE])
{
    char path[4096], line[URL_SIZE], control[URL_SIZE] = "";
    FILE *file;

    snprintf(path, sizeof(path), "%s/env", folder);
    file = fopen(path, "r");
    if (file == NULL)
        die(path, strerror(errno));
    url[0] = '\0';
    while (fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        take_variable(line, "PPG_URL=", url);
        take_variable(line, "SMSC_CONTROL=", control);
    }
    fclose(file);
    if (url[0] == '\0')
        die(path, "names no PPG_URL: this is no sandbox");
    if (control[0] == '\0')
        die(path, "names no SMSC_CONTROL: its SMSC is not the simulator, and"
            " messages may reach real phones");
    if (!has_simulator(control))
        die(path, "no simulator listens at its SMSC_CONTROL: the sandbox is"
            " down, or is none");
}

static double parse_speed(const char *text)
{
    char *end;
    double speed;

    if (strcmp(text, "max") == 0)
        return 0;
    speed = strtod(text, &end);
    if (end == text || *end != '\0' || !(speed >= 0.001) || speed > 1e6)
        die("--speed", "is neither max nor a number from 0.001 to 1000000");
    return speed;
}

static unsigned parse_connections(const char *text)
{
    char *end;
    long number = strtol(text, &end, 10);

    if (end == text || *end != '\0' || number < 1
        || number > CONNECTIONS_MAX)
        die("--connections", "is no number from 1 to 10000");
    return (unsigned) number;
}

int main(int argc, char **argv)
{
    static const struct option known[] = {
        { "sandbox", required_argument, NULL, 'b' },
        { "ppg", required_argument, NULL, 'p' },
        { "messages-may-reach-real-phones", no_argument, NULL, 'r' },
        { "speed", required_argument, NULL, 's' },
        { "connections", required_argument, NULL, 'c' },
        { "out", required_argument, NULL, 'o' },
        { "no-progress", no_argument, NULL, 'n' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 }
    };
    struct replay_options options = {
        .speed = 1, .connections = CONNECTIONS,
        .progress = isatty(STDERR_FILENO) == 1
    };
    const char *sandbox = NULL, *path = NULL;
    char url[URL_SIZE];
    bool is_real = false, done;
    FILE *out = stdout;
    int letter;

    while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (letter) {
        case 'b': sandbox = optarg; break;
        case 'p': options.url = optarg; break;
        case 'r': is_real = true; break;
        case 's': options.speed = parse_speed(optarg); break;
        case 'c': options.connections = parse_connections(optarg); break;
        case 'o': path = optarg; break;
        case 'n': options.progress = false; break;
        case 'h':
            print_usage(stdout);
            return 0;
        default:
            die_of_usage();
        }
    }
    if (optind != argc - 1 || (sandbox == NULL) == (options.url == NULL))
        die_of_usage();
    options.trace = argv[optind];
    if (sandbox != NULL) {
        read_sandbox(sandbox, url);
        options.url = url;
        options.is_sandbox = true;
    } else if (!is_real) {
        die(options.url, "this is no sandbox; say"
            " --messages-may-reach-real-phones to push there all the same");
    }
    if (path != NULL && (out = fopen(path, "w")) == NULL)
        die(path, strerror(errno));
    done = replay_run(&options, out);
    if (fflush(out) != 0 || ferror(out))
        die(path != NULL ? path : "(standard output)", strerror(errno));
    return done ? 0 : 1;
}

/*
 * pap_command.c - convoy-trace pap: a trace from a folder of PAP files.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../smsc/buffer.h"
#include "commands.h"
#include "posted.h"

enum { INTERVAL_US = 1000000, BOUNDARY_MAX = 70 };

struct folder {
    const char *path;
    const char *file;           /* that is read now */
    struct recorder *recorder;
    int64_t pushes;
    const char *wrong;
};

static void take(void *context, const struct http_message *message,
                 struct tcp_moment moment)
{
    struct folder *folder = context;
    struct posted posted;

    (void) moment;
    posted_read(&posted, message, NULL);
    posted.record.push = folder->pushes + 1;
    posted.record.t = folder->pushes * INTERVAL_US;
    if (posted.record.operation == NULL)
        folder->wrong = "it has no PAP document that can be posted to a PPG";
    else if (posted.record.body.size >= TRACE_LINE_MAX)
        folder->wrong = "it is too long for a trace";
    else if (!recorder_write(folder->recorder, &posted.record))
        folder->wrong = recorder_error(folder->recorder);
    else
        folder->pushes++;
    posted_free(&posted);
}

static void take_request(struct folder *folder, const struct buffer *octets)
{
    struct http_reader reader = {
        .requests = true, .take = take, .context = folder
    };
    struct tcp_moment moment = { 0, 0 };
    int64_t before = folder->pushes;
    const char *why;

    http_begin(&reader);
    why = http_octets(&reader, buffer_bytes(octets), buffer_length(octets),
                      moment);
    if (why == NULL && http_is_busy(&reader))
        why = "the request ends too early";
    if (why == NULL && folder->pushes == before)
        why = "there is no request";
    if (folder->wrong == NULL)
        folder->wrong = why;
    http_free(&reader);
}

/* What was posted; a multipart body begins with its boundary. */
static void take_body(struct folder *folder, const struct buffer *octets)
{
    char type[BOUNDARY_MAX + 64] = "application/xml";
    struct trace_header header = { "Content-Type", type };
    const char *bytes = (const char *) buffer_bytes(octets);
    size_t size = buffer_length(octets), length = 2;
    struct http_message message = {
        .method = "POST", .headers = { &header, 1 },
        .body = { buffer_bytes(octets), size }
    };

    if (size > 2 && memcmp(bytes, "--", 2) == 0) {
        while (length < size && bytes[length] > ' ' && bytes[length] <= '~'
               && bytes[length] != '"')
            length++;
        if (length - 2 > BOUNDARY_MAX) {
            folder->wrong = "its boundary is too long";
            return;
        }
        snprintf(type, sizeof(type), "multipart/related; boundary=\"%.*s\"; "
                 "type=\"application/xml\"", (int) length - 2, bytes + 2);
    }
    take(folder, &message, (struct tcp_moment) { 0, 0 });
}

static bool read_file(const char *path, struct buffer *octets)
{
    FILE *file = fopen(path, "r");
    size_t size = 1;

    if (file == NULL)
        return false;
    while (size > 0 && buffer_length(octets) <= 2 * TRACE_LINE_MAX) {
        uint8_t *place = buffer_reserve(octets, 65536);
        size = fread(place, 1, 65536, file);
        buffer_commit(octets, size);
    }
    return fclose(file) == 0;
}

/* False, and why in `error`, if the file is no PAP. */
static bool take_file(struct folder *folder, char error[TRACE_ERROR_SIZE])
{
    struct buffer octets = { 0 };
    struct stat status;
    char *path;

    folder->wrong = NULL;
    if (asprintf(&path, "%s/%s", folder->path, folder->file) < 0)
        abort();
    if (stat(path, &status) < 0 || (S_ISREG(status.st_mode)
                                    && !read_file(path, &octets)))
        folder->wrong = strerror(errno);
    else if (!S_ISREG(status.st_mode))
        folder->wrong = NULL;   /* a folder in it */
    else if (buffer_length(&octets) == 0)
        folder->wrong = "it is empty";
    else if (http_is_begin(true, buffer_bytes(&octets),
                           buffer_length(&octets)))
        take_request(folder, &octets);
    else
        take_body(folder, &octets);
    if (folder->wrong != NULL)
        snprintf(error, TRACE_ERROR_SIZE, "%.300s: %s", path, folder->wrong);
    free(path);
    buffer_free(&octets);
    return folder->wrong == NULL;
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static bool take_files(struct folder *folder, char error[TRACE_ERROR_SIZE])
{
    struct dirent **names;
    int count = scandir(folder->path, &names, is_visible, alphasort), i;
    bool good = true;

    if (count < 0) {
        snprintf(error, TRACE_ERROR_SIZE, "%.300s: %s", folder->path,
                 strerror(errno));
        return false;
    }
    for (i = 0; i < count; i++) {
        folder->file = names[i]->d_name;
        good = good && take_file(folder, error);
        free(names[i]);
    }
    free(names);
    return good;
}

static enum command_status run(const struct settings *settings, int count,
                               char **paths)
{
    struct trace_begin begin = {
        .source = "pap", .time_unknown = true,
        .unknown = ((1u << TRACE_EVENTS) - 1) & ~(1u << TRACE_PUSH)
    };
    struct folder folder = { .path = paths[0] };
    enum command_status status = COMMAND_DONE;
    char error[TRACE_ERROR_SIZE];

    (void) count;
    folder.recorder = recorder_open(&settings->recorder, begin, error);
    if (folder.recorder == NULL)
        return command_failed(error);
    if (!take_files(&folder, error))
        status = command_failed(error);
    if (!recorder_close(folder.recorder, error) && status == COMMAND_DONE)
        status = command_failed(error);
    return status;
}

static const struct option options[] = { RECORDER_OPTIONS, COMMAND_HELP };

const struct command pap_command = {
    .name = "pap", .summary = "make a trace from files of PAP",
    .usage =
        "usage: convoy-trace pap [options] DIR\n\n"
        "Makes a trace of pushes, a second apart, from the files of DIR in"
        " the order of\ntheir names. A file is a whole HTTP request"
        " (POST ...), or what was posted: a\nmultipart body, from its first"
        " boundary on, or a PAP document alone.\n\n" RECORDER_HELP,
    .options = options, .letters = RECORDER_LETTERS, .most = 1, .run = run
};

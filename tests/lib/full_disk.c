/*
 * full_disk.c - makes a program believe that its disk is full
 *
 * Preloaded into PostgreSQL by the sandbox (--disk). As long as the file that
 * FULL_DISK names exists, no file can grow: ENOSPC, which no limit of a
 * process gives, and a small file system would need rights to mount it.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static int is_full(int fd, off_t end)
{
    const char *flag = getenv("FULL_DISK");
    struct stat st;

    if (flag == NULL || access(flag, F_OK) != 0 || fstat(fd, &st) != 0 ||
        !S_ISREG(st.st_mode) || end <= st.st_size)
        return 0;
    errno = ENOSPC;
    return 1;
}

ssize_t pwrite(int fd, const void *data, size_t n, off_t at)
{
    ssize_t (*real)(int, const void *, size_t, off_t) =
        (ssize_t (*)(int, const void *, size_t, off_t))
        dlsym(RTLD_NEXT, "pwrite");

    return is_full(fd, at + (off_t) n) ? -1 : real(fd, data, n, at);
}

ssize_t pwritev(int fd, const struct iovec *parts, int n, off_t at)
{
    ssize_t (*real)(int, const struct iovec *, int, off_t) =
        (ssize_t (*)(int, const struct iovec *, int, off_t))
        dlsym(RTLD_NEXT, "pwritev");
    off_t end = at;
    int i;

    for (i = 0; i < n; i++)
        end += (off_t) parts[i].iov_len;
    return is_full(fd, end) ? -1 : real(fd, parts, n, at);
}

int posix_fallocate(int fd, off_t at, off_t n)
{
    int (*real)(int, off_t, off_t) =
        (int (*)(int, off_t, off_t)) dlsym(RTLD_NEXT, "posix_fallocate");

    return is_full(fd, at + n) ? ENOSPC : real(fd, at, n);
}

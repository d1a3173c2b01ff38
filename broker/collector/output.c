#include "output.h"

#include "log.h"
#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_BYTES (64 * 1024)

struct output {
    int fd;
    char *path;      /* the final name; "stdout" for messages */
    char *part;      /* NULL when written straight */
    buffer_t buffer; /* whole rows, but for the one being filled */
    bool failed;
};

static int fail (output_t *self, const char *what, const char *name)
{
    self->failed = true;
    log_error ("cannot %s %s: %s", what, name, strerror (errno));
    return -1;
}

/* Between our open and our lock the run that held it may have renamed the file: then we hold its
 * PATH. */
static bool is_still_at (int fd, const char *path)
{
    struct stat ours, there;
    return fstat (fd, &ours) == 0 && stat (path, &there) == 0 && ours.st_dev == there.st_dev &&
           ours.st_ino == there.st_ino;
}

static int open_part (output_t *self)
{
    for (;;) {
        self->fd = open (self->part, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
        if (self->fd < 0) {
            return fail (self, "create", self->part);
        }
        if (flock (self->fd, LOCK_EX | LOCK_NB) < 0) {
            if (errno == EWOULDBLOCK) {
                log_error ("%s is being written by another run", self->part);
                return -1;
            }
            return fail (self, "lock", self->part);
        }
        if (is_still_at (self->fd, self->part)) {
            break;
        }
        close (self->fd);
    }
    return ftruncate (self->fd, 0) == 0 ? 0 : fail (self, "empty", self->part);
}

static int open_stdout (output_t *self)
{
    self->path = memory_text ("stdout");
    self->fd = fcntl (STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
    return self->fd >= 0 ? 0 : fail (self, "write", self->path);
}

static int open_straight (output_t *self, const char *path)
{
    self->path = memory_text (path);
    self->fd = open (path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    return self->fd >= 0 ? 0 : fail (self, "write", path);
}

static int open_beside (output_t *self, const char *path)
{
    struct stat there;
    bool is_link = lstat (path, &there) == 0 && S_ISLNK (there.st_mode);
    char *file = is_link ? realpath (path, NULL) : NULL; /* a rename would replace the link */
    self->path = file ? file : memory_text (path);
    self->part = memory_format ("%s.part", self->path);
    return open_part (self);
}

static int open_path (output_t *self, const char *path)
{
    struct stat there;
    if (strcmp (path, "-") == 0) {
        return open_stdout (self);
    }
    if (stat (path, &there) == 0 && !S_ISREG (there.st_mode)) {
        return open_straight (self, path);
    }
    return open_beside (self, path);
}

static void destroy (output_t **self)
{
    free ((*self)->path);
    free ((*self)->part);
    buffer_free (&(*self)->buffer);
    free (*self);
    *self = NULL;
}

output_t *output_open (const char *path)
{
    output_t *self = memory_new (sizeof *self);
    self->fd = -1;
    if (open_path (self, path) < 0) {
        if (self->fd >= 0) {
            close (self->fd);
        }
        destroy (&self);
    }
    return self;
}

char *output_reserve (output_t *self, size_t size)
{
    return buffer_reserve (&self->buffer, size);
}

int output_advance (output_t *self, const char *end)
{
    self->buffer.size = (size_t) (end - self->buffer.bytes);
    if (self->buffer.size < BUFFER_BYTES && !self->failed) {
        return 0;
    }
    return output_flush (self);
}

/* A reader that has read enough is no error of ours: `| head` is an ordinary thing to do. */
static int fail_write (output_t *self)
{
    if (errno == EPIPE) {
        self->failed = true;
        log_info ("%s: its reader has gone", self->path);
        return -1;
    }
    return fail (self, "write", self->part ? self->part : self->path);
}

/* 0 when write (2) is to be called again. */
static int wait_until_writable (const output_t *self)
{
    if (errno == EINTR) {
        return 0;
    }
    if (errno != EAGAIN) {
        return -1;
    }
    struct pollfd writable = {.fd = self->fd,
                              .events = POLLOUT}; /* a stdout that others made non-blocking */
    return poll (&writable, 1, -1) >= 0 || errno == EINTR ? 0 : -1;
}

int output_flush (output_t *self)
{
    size_t done = 0;
    while (!self->failed && done < self->buffer.size) {
        ssize_t written = write (self->fd, self->buffer.bytes + done, self->buffer.size - done);
        if (written >= 0) {
            done += (size_t) written;
        } else if (wait_until_writable (self) < 0) {
            fail_write (self);
        }
    }
    self->buffer.size = 0;
    return self->failed ? -1 : 0;
}

/* The name survives a power cut once the directory is synced; a file system that cannot do that
 * loses no data. */
static void sync_directory (const char *path)
{
    const char *slash = strrchr (path, '/');
    size_t length = slash ? (size_t) (slash - path) + 1 : 0;
    char *directory = memory_format ("%.*s.", (int) length, path);
    int fd = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void) fsync (fd);
        close (fd);
    }
    free (directory);
}

static void finish (output_t *self)
{
    if (fsync (self->fd) < 0) {
        fail (self, "sync", self->part);
    } else if (rename (self->part, self->path) < 0) {
        fail (self, "rename to its final name", self->part);
    } else {
        sync_directory (self->path);
    }
}

int output_close (output_t **self_p, bool whole)
{
    output_t *self = *self_p;
    if (!self) {
        return 0;
    }
    if (output_flush (self) == 0 && whole && self->part) {
        finish (self);
    }
    if (close (self->fd) < 0 && !self->failed) {
        fail (self, "close", self->path);
    }
    int result = self->failed ? -1 : 0;
    destroy (self_p);
    return result;
}

const char *output_part (const output_t *self)
{
    return self->part;
}

#include "output.h"

#include "log.h"
#include "output_inside.h"

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

int output_fail (output_t *self, const char *what, const char *name)
{
    self->failed = true;
    fault_set (self->fault, "cannot %s %s: %s", what, name, strerror (errno));
    return -1;
}

/* Between our open and our lock the run that held it may have renamed the file: then we hold its
 * PATH. */
bool output_is_at (const output_t *self, const char *name)
{
    struct stat ours, there;
    return fstat (self->fd, &ours) == 0 && stat (name, &there) == 0 &&
           ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

int output_lock (output_t *self, const char *name, int flags)
{
    for (;;) {
        self->fd = open (name, flags | O_CREAT | O_CLOEXEC, 0666);
        if (self->fd < 0) {
            return output_fail (self, "create", name);
        }
        if (flock (self->fd, LOCK_EX | LOCK_NB) < 0) {
            if (errno != EWOULDBLOCK) {
                return output_fail (self, "lock", name);
            }
            fault_set (self->fault, "%s is being written by another run", name);
            return -1;
        }
        if (output_is_at (self, name)) {
            return 0;
        }
        close (self->fd);
    }
}

static int open_part (output_t *self)
{
    if (output_lock (self, self->part, O_WRONLY) < 0) {
        return -1;
    }
    return ftruncate (self->fd, 0) == 0 ? 0 : output_fail (self, "empty", self->part);
}

static int open_stdout (output_t *self)
{
    self->path = memory_text ("stdout");
    self->fd = fcntl (STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
    return self->fd >= 0 ? 0 : output_fail (self, "write", self->path);
}

static int open_straight (output_t *self, const char *path)
{
    self->path = memory_text (path);
    self->fd = open (path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    return self->fd >= 0 ? 0 : output_fail (self, "write", path);
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

output_t *output_abandon (output_t *self)
{
    if (self->fd >= 0) {
        close (self->fd);
    }
    free (self->path);
    free (self->part);
    buffer_free (&self->buffer);
    free (self);
    return NULL;
}

output_t *output_open (const char *path)
{
    output_t *self = memory_new (sizeof *self);
    self->fd = -1;
    return open_path (self, path) == 0 ? self : output_abandon (self);
}

char *output_reserve (output_t *self, size_t size)
{
    return buffer_reserve (&self->buffer, size);
}

int output_advance (output_t *self, const char *end)
{
    self->buffer.size = (size_t) (end - self->buffer.bytes);
    if (self->stream || (self->buffer.size < BUFFER_BYTES && !self->failed)) {
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
    return output_fail (self, "write", self->part ? self->part : self->path);
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
    if (self->in_place && self->buffer.size > 0) {
        output_check_place (self);
    }
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

void output_sync_directory (const char *path)
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
        output_fail (self, "sync", self->part);
    } else if (rename (self->part, self->path) < 0) {
        output_fail (self, "rename to its final name", self->part);
    } else {
        output_sync_directory (self->path);
    }
}

/* What a live run has not marked would be written again. */
static void cut_back (output_t *self)
{
    self->buffer.size = 0;
    if (self->dirty) {
        (void) !ftruncate (self->fd, (off_t) self->synced);
    }
}

int output_close (output_t **self_p, bool whole)
{
    output_t *self = *self_p;
    if (!self) {
        return 0;
    }
    if (self->in_place) {
        cut_back (self);
    } else if (!self->stream && output_flush (self) == 0 && whole && self->part) {
        finish (self);
    }
    if (close (self->fd) < 0 && !self->failed) {
        output_fail (self, "close", self->path);
    }
    self->fd = -1;
    int result = self->failed ? -1 : 0;
    *self_p = output_abandon (self);
    return result;
}

const char *output_part (const output_t *self)
{
    return self->part;
}

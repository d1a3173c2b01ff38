#include "output.h"

#include "output_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static output_t *new_output (const char *path, fault_t *fault)
{
    output_t *self = memory_new (sizeof *self);
    self->fd = -1;
    self->path = memory_text (strcmp (path, "-") == 0 ? "stdout" : path);
    self->fault = fault;
    return self;
}

/* ---- a file ---- */

output_t *output_resume (const char *path, fault_t *fault, uint64_t *length)
{
    struct stat there;
    output_t *self = new_output (path, fault);
    if (output_lock (self, path, O_RDWR) < 0) {
        return output_abandon (self);
    }
    if (fstat (self->fd, &there) < 0) {
        output_fail (self, "read", path);
        return output_abandon (self);
    }
    *length = (uint64_t) there.st_size;
    return self;
}

size_t output_head (const output_t *self, char *bytes, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t count = pread (self->fd, bytes + done, size - done, (off_t) done);
        if (count == 0 || (count < 0 && errno != EINTR)) {
            break;
        }
        done += count > 0 ? (size_t) count : 0;
    }
    return done;
}

int output_cut (output_t *self, uint64_t length)
{
    self->buffer.size = 0;
    if (ftruncate (self->fd, (off_t) length) < 0 ||
        lseek (self->fd, (off_t) length, SEEK_SET) < 0) {
        return output_fail (self, "cut", self->path);
    }
    self->in_place = true;
    self->synced = length;
    return 0;
}

/* Who empties, renames or removes a file that we have open wants it otherwise: it is opened again, and
 * what its cursor says then decides. */
int output_check_place (output_t *self)
{
    struct stat there;
    if (self->dirty) {
        return 0;
    }
    self->dirty = true;
    if (fstat (self->fd, &there) == 0 && (uint64_t) there.st_size == self->synced &&
        output_is_at (self, self->path)) {
        return 0;
    }
    self->failed = true;
    self->in_place = false; /* what is behind the mark is not ours to cut */
    fault_set (self->fault, "%s was changed, removed or renamed by another program", self->path);
    return -1;
}

int output_sync (output_t *self, uint64_t *length)
{
    if (output_flush (self) < 0) {
        return -1;
    }
    if (fsync (self->fd) < 0) {
        return output_fail (self, "sync", self->path);
    }
    off_t end = lseek (self->fd, 0, SEEK_CUR);
    if (end < 0) {
        return output_fail (self, "read", self->path);
    }
    if (self->synced == 0) {
        output_sync_directory (self->path);
    }
    self->dirty = false;
    self->synced = *length = (uint64_t) end;
    return 0;
}

/* ---- a stream ---- */

output_t *output_stream (const char *path, fault_t *fault)
{
    output_t *self = new_output (path, fault);
    self->stream = true;
    if (strcmp (path, "-") == 0) {
        self->fd = fcntl (STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
    } else {
        self->fd = open (path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    }
    if (self->fd >= 0) {
        return self;
    }
    if (errno == ENXIO) {
        fault_set (fault, "%s: nobody reads it yet", path);
    } else {
        output_fail (self, "write", self->path);
    }
    return output_abandon (self);
}

/* stdout's file may be shared with others, who want it blocking: where poll says that it can be
 * written, PIPE_BUF bytes go without waiting. */
static bool can_write (const output_t *self)
{
    struct pollfd writable = {.fd = self->fd, .events = POLLOUT};
    return poll (&writable, 1, 0) == 1;
}

output_drain_t output_drain (output_t *self)
{
    while (self->sent < self->buffer.size) {
        if (!can_write (self)) {
            return OUTPUT_WAITS;
        }
        size_t left = self->buffer.size - self->sent;
        ssize_t count =
            write (self->fd, self->buffer.bytes + self->sent, left < PIPE_BUF ? left : PIPE_BUF);
        if (count >= 0) {
            self->sent += (size_t) count;
        } else if (errno == EAGAIN) {
            return OUTPUT_WAITS;
        } else if (errno == EPIPE) {
            fault_set (self->fault, "%s: its reader has gone", self->path);
            return OUTPUT_GONE;
        } else if (errno != EINTR) {
            fault_set (self->fault, "cannot write %s: %s", self->path, strerror (errno));
            return OUTPUT_FAILS;
        }
    }
    self->buffer.size = self->sent = 0;
    return OUTPUT_DRAINED;
}

int output_fd (const output_t *self)
{
    return self->fd;
}

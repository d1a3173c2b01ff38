/* stdout, a pipe or a device that follows the journal, and is never waited for:
 *
 *     rows behind the cursor --> buffer, one stretch --> drain, PIPE_BUF at a time --> cursor
 *
 * A row whose writing was not known to be done is written again: at least once. A pipe that lost its
 * reader is opened again until it has one; stdout that lost its reader is over.
 */
#include "follow.h"

#include "memory.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    follow_file_t target;
    journal_t *journal;
    void *handle; /* NULL: to be opened */
    fault_t fault;
    uint64_t row;     /* its reader has all up to here */
    uint64_t written; /* and the buffer up to here */
    bool waits;       /* the buffer's rest, until it can be written */
    bool over;
} stream_t;

void *follow_stream_open (feed_t *feed, const follow_file_t *target)
{
    char mark[JOURNAL_MARK_MAX + 1];
    stream_t *self = memory_new (sizeof *self);
    self->target = *target;
    self->journal = feed->journal;
    if (!journal_cursor (self->journal, self->target.cursor, &self->row, mark)) {
        self->row = journal_rows (self->journal); /* hits as they come, not the journal's history */
        journal_move_cursor (self->journal, self->target.cursor, self->row, "");
    }
    self->written = self->row;
    return self;
}

static void close_stream (stream_t *self)
{
    if (self->handle) {
        self->target.backend->close (self->handle, false);
        self->handle = NULL;
    }
    self->written = self->row;
    self->waits = false;
}

static bool open_stream (stream_t *self)
{
    if (!self->handle) {
        self->target.file.path = self->target.path;
        self->handle =
            self->target.backend->stream (self->target.backend, &self->target.file, &self->fault);
    }
    return self->handle != NULL;
}

static void put_rows (stream_t *self, const feed_t *feed)
{
    for (size_t i = 0; i < feed->count; i++) {
        const journal_row_t *row = &feed->rows[i];
        long scan = follow_scan (&self->target, &row->hit);
        if (scan >= 0) {
            self->target.backend->write (self->handle, row->symbol, (size_t) scan, &row->hit);
        }
    }
    self->written = feed->last;
}

/* What could not be written stays in the buffer, for the next try; without a reader it is of no
 * use. */
static int drain (stream_t *self)
{
    output_drain_t result = output_drain (self->target.backend->output (self->handle));
    self->waits = result == OUTPUT_WAITS;
    if (result == OUTPUT_GONE) {
        self->over = strcmp (self->target.path, "-") == 0;
        close_stream (self);
    }
    if (result == OUTPUT_WAITS) {
        return 0;
    }
    if (result != OUTPUT_DRAINED) {
        return -1;
    }
    if (self->written > self->row &&
        journal_move_cursor (self->journal, self->target.cursor, self->written, "") < 0) {
        return -1;
    }
    self->row = self->written;
    return 1;
}

/* 1: it took what there was; 0: nothing to do, or it waits; -1: it failed. */
static int take (stream_t *self, feed_t *feed)
{
    if (!open_stream (self)) {
        return -1;
    }
    if (self->written == self->row) {
        int more = feed_read (feed, self->row);
        if (more < 0) {
            return -1;
        }
        if (more > 0) {
            put_rows (self, feed);
        }
    }
    return drain (self);
}

static bool stream_step (void *handle, feed_t *feed, int64_t now_ms)
{
    stream_t *self = handle;
    if (self->over || !fault_is_due (&self->fault, now_ms)) {
        return false;
    }
    int taken = take (self, feed);
    if (taken < 0) {
        fault_set (&self->fault, "%s: cannot go on from the journal", self->target.path);
        fault_wait (&self->fault, now_ms);
    } else if (taken > 0) {
        fault_clear (&self->fault, self->target.path);
    }
    return taken > 0 && self->row < journal_synced (self->journal);
}

static int stream_poll (const void *handle, short *events)
{
    const stream_t *self = handle;
    *events = POLLOUT;
    return self->waits && self->handle ? output_fd (self->target.backend->output (self->handle))
                                       : -1;
}

static int64_t stream_due_ms (const void *handle, int64_t now_ms)
{
    const stream_t *self = handle;
    return self->over ? -1 : fault_due_ms (&self->fault, now_ms);
}

static uint64_t stream_row (const void *handle)
{
    const stream_t *self = handle;
    return self->over ? UINT64_MAX : self->row; /* nothing is owed to it */
}

static bool stream_failing (const void *handle)
{
    const stream_t *self = handle;
    return self->fault.failing;
}

/* One that is over keeps nothing from being forgotten. */
static const char *stream_cursor (const void *handle)
{
    const stream_t *self = handle;
    return self->over ? NULL : self->target.cursor;
}

static void stream_destroy (void *handle)
{
    stream_t *self = handle;
    close_stream (self);
    follow_file_free (&self->target);
    free (self);
}

const follow_t follow_stream = {
    .step = stream_step,
    .poll = stream_poll,
    .due_ms = stream_due_ms,
    .row = stream_row,
    .failing = stream_failing,
    .cursor = stream_cursor,
    .destroy = stream_destroy,
};

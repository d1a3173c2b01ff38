/* A file that follows the journal:
 *
 *     rows behind the cursor --> write --> mark (durable) --> cursor
 *              ^                                                 |
 *              +------- any failure: closed, opened again at its cursor ... what is behind is cut off
 */
#include "follow.h"

#include "log.h"
#include "memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* A cursor that only passed over others' rows may stay behind so far: coming back to it writes
 * nothing twice. */
#define CURSOR_LAG 5000

typedef struct {
    follow_file_t target;
    journal_t *journal;
    void *handle; /* NULL: to be opened */
    fault_t fault;
    uint64_t row;    /* it has all up to here */
    uint64_t cursor; /* as the journal has it */
    char mark[JOURNAL_MARK_MAX + 1];
} file_t;

/* ---- opening ---- */

static int move_cursor (file_t *self, uint64_t row, const char *mark)
{
    if (journal_move_cursor (self->journal, self->target.cursor, row, mark) < 0) {
        return -1;
    }
    self->row = self->cursor = row;
    if (mark != self->mark) {
        snprintf (self->mark, sizeof self->mark, "%s", mark);
    }
    return 0;
}

static int mark_at (file_t *self, uint64_t row)
{
    char mark[SINK_MARK_MAX + 1];
    if (self->target.backend->mark (self->handle, mark) < 0) {
        return -1;
    }
    return move_cursor (self, row, mark);
}

/* A file that gets every row. Its cursor is set back before it is touched, so that a crash between the
 * two leaves no file that is shorter than its cursor says, and none that is not known. */
static int begin (file_t *self, bool known)
{
    if (known && self->row > 0) {
        log_warning ("%s has less than its cursor says: it is filled again from row %" PRIu64
                     ", the oldest that is kept",
                     self->target.path, journal_oldest (self->journal));
    }
    return move_cursor (self, 0, "") < 0 ? -1 : mark_at (self, 0);
}

static void close_file (file_t *self)
{
    if (self->handle) {
        self->target.backend->close (self->handle, false);
        self->handle = NULL;
    }
}

/* Opens it where its cursor is. */
static sink_found_t resume (file_t *self)
{
    sink_found_t found = SINK_FAILS;
    sink_cursor_t cursor = {.mark = self->mark, .fault = &self->fault};
    self->row = self->cursor = 0;
    self->mark[0] = '\0';
    cursor.known = journal_cursor (self->journal, self->target.cursor, &self->cursor, self->mark);
    self->row = self->cursor;
    self->target.file.path = self->target.path;
    self->handle =
        self->target.backend->resume (self->target.backend, &self->target.file, &cursor, &found);
    if (found == SINK_BEGINS && begin (self, cursor.known) < 0) {
        close_file (self);
        return SINK_FAILS;
    }
    return found;
}

void *follow_file_open (feed_t *feed, const follow_file_t *target, bool *usage)
{
    file_t *self = memory_new (sizeof *self);
    self->target = *target;
    self->journal = feed->journal;
    if (resume (self) == SINK_FOREIGN) {
        *usage = true;
        follow_file.destroy (self);
        return NULL;
    }
    return self;
}

/* ---- rows ---- */

/* Writes the feed's rows that go there: how many, or -1. */
static long write_rows (file_t *self, const feed_t *feed)
{
    long count = 0;
    for (size_t i = 0; i < feed->count; i++) {
        const journal_row_t *row = &feed->rows[i];
        long scan = follow_scan (&self->target, &row->hit);
        if (scan < 0) {
            continue;
        }
        if (self->target.backend->write (self->handle, row->symbol, (size_t) scan, &row->hit) < 0) {
            return -1;
        }
        count++;
    }
    return count;
}

/* Takes the next stretch: 1, 0 when there is none, -1 when it failed. */
static int take (file_t *self, feed_t *feed)
{
    int more = feed_read (feed, self->row);
    if (more <= 0) {
        return more;
    }
    long count = write_rows (self, feed);
    if (count < 0) {
        return -1;
    }
    if (count > 0) {
        return mark_at (self, feed->last) < 0 ? -1 : 1;
    }
    self->row = feed->last;
    if (self->row - self->cursor >= CURSOR_LAG && move_cursor (self, self->row, self->mark) < 0) {
        return -1;
    }
    return 1;
}

static bool file_step (void *handle, feed_t *feed, int64_t now_ms)
{
    file_t *self = handle;
    if (!fault_is_due (&self->fault, now_ms)) {
        return false;
    }
    if (!self->handle) {
        resume (self);
    }
    int taken = self->handle ? take (self, feed) : -1;
    if (taken < 0) {
        fault_set (&self->fault, "%s: cannot go on from the journal", self->target.path);
        close_file (self);
        fault_wait (&self->fault, now_ms);
        return false;
    }
    fault_clear (&self->fault, self->target.path);
    return taken > 0 && self->row < journal_synced (self->journal);
}

static int64_t file_due_ms (const void *handle, int64_t now_ms)
{
    const file_t *self = handle;
    return fault_due_ms (&self->fault, now_ms);
}

static uint64_t file_row (const void *handle)
{
    const file_t *self = handle;
    return self->row;
}

static bool file_failing (const void *handle)
{
    const file_t *self = handle;
    return self->fault.failing;
}

static const char *file_cursor (const void *handle)
{
    const file_t *self = handle;
    return self->target.cursor;
}

static void file_destroy (void *handle)
{
    file_t *self = handle;
    close_file (self);
    follow_file_free (&self->target);
    free (self);
}

const follow_t follow_file = {
    .step = file_step,
    .due_ms = file_due_ms,
    .row = file_row,
    .failing = file_failing,
    .cursor = file_cursor,
    .destroy = file_destroy,
};

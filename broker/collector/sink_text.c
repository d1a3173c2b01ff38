#include "sink_text.h"

#include "log.h"
#include "memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Bytes that a row may need at most, and the header. */
static size_t row_max (const sink_text_t *self, const char *symbol)
{
    size_t column = self->format->column_bytes + sizeof (scan_column_t) + LAYOUT_VALUE_TEXT;
    size_t fixed =
        64 + SCAN_ID_MAX + DATETIME_TEXT; /* 64: the names and marks of jsonl's text members */
    size_t escaped = 6 * strlen (symbol); /* \u001f is the longest */
    return fixed + escaped + self->layout.count * column;
}

static sink_text_t *new_text (const sink_backend_t *backend, const sink_file_t *file,
                              output_t *output)
{
    sink_text_t *self = memory_new (sizeof *self);
    self->format = backend->format;
    self->output = output;
    layout_init (&self->layout, file->scans, file->scan_count, file->names_scan);
    return self;
}

static int write_header (sink_text_t *self)
{
    char *at = output_reserve (self->output, row_max (self, ""));
    return output_advance (self->output, self->format->header (&self->layout, at));
}

void *sink_text_open (const sink_backend_t *backend, const sink_file_t *file)
{
    output_t *output = output_open (file->path);
    if (!output) {
        return NULL;
    }
    sink_text_t *self = new_text (backend, file, output);
    if (write_header (self) < 0) {
        sink_text_close (self, false);
        return NULL;
    }
    return self;
}

void *sink_text_stream (const sink_backend_t *backend, const sink_file_t *file, fault_t *fault)
{
    output_t *output = output_stream (file->path, fault);
    if (!output) {
        return NULL;
    }
    sink_text_t *self = new_text (backend, file, output);
    write_header (self);
    return self;
}

/* ---- a live run's file ---- */

/* Whether the file begins with our first line, as far as it goes; `*size` is that line's. */
static bool has_our_header (const sink_text_t *self, size_t *size)
{
    size_t most = row_max (self, "");
    char *expected = memory_new (most), *found = memory_new (most);
    *size = (size_t) (self->format->header (&self->layout, expected) - expected);
    size_t length = output_head (self->output, found, *size);
    bool same = memcmp (expected, found, length) == 0;
    free (expected);
    free (found);
    return same;
}

/* Is the file ours, and where does it go on? */
static sink_found_t place (sink_text_t *self, const char *path, const sink_cursor_t *cursor,
                           uint64_t length)
{
    uint64_t mark = strtoull (cursor->mark, NULL, 10);
    size_t header;
    if (!cursor->known && length > 0) {
        fault_set (
            cursor->fault,
            "%s has something in it that is not of this --state: choose another path, or the "
            "--state that belongs to it",
            path);
        return SINK_FOREIGN;
    }
    if (!has_our_header (self, &header)) {
        fault_set (cursor->fault,
                   "%s: its first line does not name the columns of this run: choose another path",
                   path);
        return SINK_FOREIGN;
    }
    if (!cursor->known || length < mark || mark < header) {
        self->begins = true;
        return SINK_BEGINS;
    }
    if (length > mark && !cursor->fault->failing) {
        log_info ("%s: its last %" PRIu64
                  " bytes, which its cursor does not have, are written again",
                  path, length - mark);
    }
    return output_cut (self->output, mark) == 0 ? SINK_GOES_ON : SINK_FAILS;
}

void *sink_text_resume (const sink_backend_t *backend, const sink_file_t *file,
                        const sink_cursor_t *cursor, sink_found_t *found)
{
    uint64_t length;
    output_t *output = output_resume (file->path, cursor->fault, &length);
    *found = SINK_FAILS;
    if (!output) {
        return NULL;
    }
    sink_text_t *self = new_text (backend, file, output);
    *found = place (self, file->path, cursor, length);
    if (*found != SINK_GOES_ON && *found != SINK_BEGINS) {
        sink_text_close (self, false);
        return NULL;
    }
    return self;
}

static int begin (sink_text_t *self)
{
    if (!self->begins) {
        return 0;
    }
    self->begins = false;
    return output_cut (self->output, 0) == 0 ? write_header (self) : -1;
}

int sink_text_mark (void *handle, char mark[static SINK_MARK_MAX + 1])
{
    sink_text_t *self = handle;
    uint64_t length;
    if (begin (self) < 0 || output_sync (self->output, &length) < 0) {
        return -1;
    }
    snprintf (mark, SINK_MARK_MAX + 1, "%" PRIu64, length);
    return 0;
}

/* ---- rows ---- */

int sink_text_write (void *handle, const char *symbol, size_t scan, const hit_t *hit)
{
    sink_text_t *self = handle;
    if (begin (self) < 0) {
        return -1;
    }
    char *at = output_reserve (self->output, row_max (self, symbol));
    return output_advance (self->output, self->format->row (&self->layout, symbol, scan, hit, at));
}

int sink_text_flush (void *handle)
{
    sink_text_t *self = handle;
    return output_flush (self->output);
}

output_t *sink_text_output (void *handle)
{
    sink_text_t *self = handle;
    return self->output;
}

int sink_text_close (void *handle, bool whole)
{
    sink_text_t *self = handle;
    int result = output_close (&self->output, whole);
    layout_free (&self->layout);
    free (self);
    return result;
}

const char *sink_text_part (const void *handle)
{
    const sink_text_t *self = handle;
    return output_part (self->output);
}

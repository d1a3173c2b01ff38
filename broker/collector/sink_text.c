#include "sink_text.h"

#include "memory.h"

#include <stdlib.h>

void *sink_text_open (const char *path, const scan_t *scans, size_t scan_count, bool names_scan)
{
    output_t *output = output_open (path);
    if (!output) {
        return NULL;
    }
    sink_text_t *self = memory_new (sizeof *self);
    self->output = output;
    layout_init (&self->layout, scans, scan_count, names_scan);
    return self;
}

int sink_text_flush (void *handle)
{
    sink_text_t *self = handle;
    return output_flush (self->output);
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

size_t sink_text_row_max (const sink_text_t *self, const char *symbol, size_t column_bytes)
{
    size_t fixed =
        64 + SCAN_ID_MAX + DATETIME_TEXT; /* 64: the names and marks of jsonl's text members */
    size_t escaped = 6 * strlen (symbol); /* \u001f is the longest */
    return fixed + escaped + self->layout.count * (column_bytes + LAYOUT_VALUE_TEXT);
}

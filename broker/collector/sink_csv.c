#include "sink_backend.h"
#include "sink_text.h"

static int write_header (sink_text_t *self)
{
    const layout_t *layout = &self->layout;
    char *at = output_reserve (self->output, sink_text_row_max (self, "", sizeof (scan_column_t)));
    at = stpcpy (at, layout->names_scan ? "scan,symbol,datetime" : "symbol,datetime");
    for (size_t i = 0; i < layout->count; i++) {
        *at++ = ',';
        at = stpcpy (at, layout->columns[i].name);
    }
    *at++ = '\n';
    return output_advance (self->output, at);
}

static void *csv_open (const char *path, const scan_t *scans, size_t scan_count, bool names_scan)
{
    sink_text_t *self = sink_text_open (path, scans, scan_count, names_scan);
    if (self && write_header (self) < 0) {
        sink_text_close (self, false);
        return NULL;
    }
    return self;
}

/* Nothing needs quotes: a symbol and a scan's id have no character that a CSV file gives a meaning.
 * */
static int csv_write (void *handle, const char *symbol, size_t scan, const hit_t *hit)
{
    sink_text_t *self = handle;
    const layout_t *layout = &self->layout;
    char *at = output_reserve (self->output, sink_text_row_max (self, symbol, 1));
    if (layout->names_scan) {
        at = stpcpy (at, layout->scans[scan].id);
        *at++ = ',';
    }
    at = stpcpy (at, symbol);
    *at++ = ',';
    exchange_format (hit->ts, at);
    at += DATETIME_TEXT;
    for (size_t i = 0; i < layout->count; i++) {
        double value = layout_value (layout, scan, hit, i);
        *at++ = ',';
        if (isfinite (value)) {
            at = layout_print (&layout->columns[i], value, at);
        }
    }
    *at++ = '\n';
    return output_advance (self->output, at);
}

const sink_backend_t sink_csv = {
    .open = csv_open,
    .write = csv_write,
    .flush = sink_text_flush,
    .close = sink_text_close,
    .part = sink_text_part,
};

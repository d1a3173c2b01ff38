#include "sink_text.h"

static char *csv_header (const layout_t *layout, char *at)
{
    at = stpcpy (at, layout->names_scan ? "scan,symbol,datetime" : "symbol,datetime");
    for (size_t i = 0; i < layout->count; i++) {
        *at++ = ',';
        at = stpcpy (at, layout->columns[i].name);
    }
    *at++ = '\n';
    return at;
}

/* Nothing needs quotes: a symbol and a scan's id have no character that a CSV file gives a meaning.
 * */
static char *csv_row (const layout_t *layout, const char *symbol, size_t scan, const hit_t *hit,
                      char *at)
{
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
    return at;
}

static const sink_format_t format = {.header = csv_header, .row = csv_row, .column_bytes = 1};

const sink_backend_t sink_csv = {
    .format = &format,
    .open = sink_text_open,
    .resume = sink_text_resume,
    .stream = sink_text_stream,
    .write = sink_text_write,
    .flush = sink_text_flush,
    .mark = sink_text_mark,
    .output = sink_text_output,
    .close = sink_text_close,
    .part = sink_text_part,
};

#include "sink_text.h"

static char *put_string (char *at, const char *text)
{
    static const char digits[] = "0123456789abcdef";
    *at++ = '"';
    for (; *text; text++) {
        unsigned char c = (unsigned char) *text;
        if (c < 0x20) {
            at = stpcpy (at, "\\u00");
            *at++ = digits[c >> 4];
            *at++ = digits[c & 15];
            continue;
        }
        if (c == '"' || c == '\\') {
            *at++ = '\\';
        }
        *at++ = (char) c;
    }
    *at++ = '"';
    return at;
}

static char *put_value (char *at, const scan_column_t *column, double value)
{
    if (!isfinite (value)) {
        return stpcpy (at, "null");
    }
    if (!column->alert) {
        return layout_print (column, value, at);
    }
    *at++ = '"';
    at = layout_print (column, value, at);
    *at++ = '"';
    return at;
}

static char *jsonl_header (const layout_t *layout, char *at)
{
    (void) layout;
    return at;
}

static char *jsonl_row (const layout_t *layout, const char *symbol, size_t scan, const hit_t *hit,
                        char *at)
{
    *at++ = '{';
    if (layout->names_scan) {
        at = put_string (stpcpy (at, "\"scan\":"), layout->scans[scan].id);
        *at++ = ',';
    }
    at = put_string (stpcpy (at, "\"symbol\":"), symbol);
    at = stpcpy (at, ",\"datetime\":\"");
    exchange_format (hit->ts, at);
    at = stpcpy (at + DATETIME_TEXT, "\"");
    for (size_t i = 0; i < layout->count; i++) {
        *at++ = ',';
        *at++ = '"';
        at = stpcpy (
            at, layout->columns[i].name); /* a name of the scanners' table: nothing to escape */
        *at++ = '"';
        *at++ = ':';
        at = put_value (at, &layout->columns[i], layout_value (layout, scan, hit, i));
    }
    return stpcpy (at, "}\n");
}

/* 6: quotes, colon, comma, and the quotes of an alert. */
static const sink_format_t format = {
    .header = jsonl_header, .row = jsonl_row, .column_bytes = sizeof (scan_column_t) + 6};

const sink_backend_t sink_jsonl = {
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

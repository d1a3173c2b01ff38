/* sink_text - what csv and jsonl share: an output, a layout, and the four calls that are the same.
 * */
#ifndef SINK_TEXT_H
#define SINK_TEXT_H

#include "layout.h"
#include "output.h"

#define DATETIME_TEXT 25 /* characters of a datetime */

typedef struct {
    output_t *output;
    layout_t layout;
} sink_text_t;

/* The backend's open, flush, close and part. */
void *sink_text_open (const char *path, const scan_t *scans, size_t scan_count, bool names_scan);
int sink_text_flush (void *handle);
int sink_text_close (void *handle, bool whole);
const char *sink_text_part (const void *handle);

/* Bytes that a row may need at most when a column takes `column_bytes` besides its value. */
size_t sink_text_row_max (const sink_text_t *self, const char *symbol, size_t column_bytes);

#endif

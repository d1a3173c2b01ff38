/* Hits of a live run for the person at the terminal: each as it comes, one aligned line, with the
 * header again every 40 lines.
 *
 * Widths must be known before the rows are: wide enough for what is usual. On a terminal a line first
 * wipes what stands where it begins: another program's status line. */
#include "sink_backend.h"

#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define HEADER_EVERY 40
#define SYMBOL_WIDTH 6
#define MINUTE_WIDTH 16
#define NUMBER_WIDTH 9
#define WIPE         "\r\033[K"

typedef struct {
    output_t *output;
    table_t table;
    uint64_t rows;
    bool terminal;
    buffer_t line;
} sink_lines_t;

static size_t width_of (const table_t *table, size_t column)
{
    static const size_t usual[TABLE_TEXT_COLUMNS] = {0, SYMBOL_WIDTH, MINUTE_WIDTH};
    const layout_t *layout = &table->layout;
    size_t width = strlen (table_column (table, column));
    size_t least = column < TABLE_TEXT_COLUMNS ? usual[column] : NUMBER_WIDTH;
    if (column == 0 && !layout->names_scan) {
        return 0;
    }
    for (size_t i = 0; column == 0 && i < layout->scan_count; i++) {
        size_t length = strlen (layout->scans[i].id);
        least = length > least ? length : least;
    }
    return width > least ? width : least;
}

static void *lines_stream (const sink_backend_t *backend, const sink_file_t *file, fault_t *fault)
{
    (void) backend;
    output_t *output = output_stream (file->path, fault);
    if (!output) {
        return NULL;
    }
    sink_lines_t *self = memory_new (sizeof *self);
    self->output = output;
    self->terminal = isatty (output_fd (output));
    table_init (&self->table, file->scans, file->scan_count, file->names_scan);
    for (size_t i = 0; i < table_columns (&self->table); i++) {
        self->table.widths[i] = width_of (&self->table, i);
    }
    table_fit (&self->table);
    return self;
}

/* A line of the table; the header's when `row` is NULL. */
static void put_line (sink_lines_t *self, const table_row_t *row)
{
    self->line.size = 0;
    if (self->terminal) {
        buffer_append (&self->line, WIPE, sizeof WIPE - 1);
    }
    table_print (&self->table, row, &self->line);
    char *at = output_reserve (self->output, self->line.size);
    memcpy (at, self->line.bytes, self->line.size);
    output_advance (self->output, at + self->line.size);
}

static int lines_write (void *handle, const char *symbol, size_t scan, const hit_t *hit)
{
    sink_lines_t *self = handle;
    table_row_t row = {.scan = scan, .hit = *hit};
    snprintf (row.symbol, sizeof row.symbol, "%s", symbol);
    if (self->rows++ % HEADER_EVERY == 0) {
        put_line (self, NULL);
    }
    put_line (self, &row);
    return 0;
}

static output_t *lines_output (void *handle)
{
    sink_lines_t *self = handle;
    return self->output;
}

static int lines_close (void *handle, bool whole)
{
    sink_lines_t *self = handle;
    int result = output_close (&self->output, whole);
    table_free (&self->table);
    buffer_free (&self->line);
    free (self);
    return result;
}

const sink_backend_t sink_lines = {
    .stream = lines_stream,
    .write = lines_write,
    .output = lines_output,
    .close = lines_close,
};

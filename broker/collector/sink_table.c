/* The first hits of a scan for the person at the terminal: aligned, rounded, no wider than the
 * terminal. Widths are known when all rows are, so it is printed at the end.
 *
 *     symbol  datetime           close   volume      gap  signal
 *     AAPL    2023-03-13 09:31   150.2   120500  -0.0212  1.8311
 *     ... and 1,234 more: add --out csv:hits.csv to save all
 */
#include "sink_backend.h"

#include "table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define ROWS_MAX 20

typedef struct {
    output_t *output;
    table_t table;
    table_row_t rows[ROWS_MAX];
    size_t row_count;
    uint64_t more; /* hits that came after those rows */
} sink_table_t;

static void *table_open (const sink_backend_t *backend, const sink_file_t *file)
{
    (void) backend;
    output_t *output = output_open (file->path);
    if (!output) {
        return NULL;
    }
    sink_table_t *self = memory_new (sizeof *self);
    self->output = output;
    table_init (&self->table, file->scans, file->scan_count, file->names_scan);
    return self;
}

static int table_write (void *handle, const char *symbol, size_t scan, const hit_t *hit)
{
    sink_table_t *self = handle;
    if (self->row_count == ROWS_MAX) {
        self->more++;
        return 0;
    }
    table_row_t *row = &self->rows[self->row_count++];
    snprintf (row->symbol, sizeof row->symbol, "%s", symbol);
    row->scan = scan;
    row->hit = *hit;
    return 0;
}

static int table_flush (void *handle)
{
    (void) handle;
    return 0;
}

static size_t column_width (const sink_table_t *self, size_t column)
{
    char text[TABLE_CELL];
    size_t width = strlen (table_column (&self->table, column));
    for (size_t i = 0; i < self->row_count; i++) {
        table_cell (&self->table, &self->rows[i], column, text);
        size_t length = strlen (text);
        width = length > width ? length : width;
    }
    return width;
}

/* Sets the widths; returns how many columns are left out. */
static size_t fit_columns (const sink_table_t *self)
{
    const table_t *table = &self->table;
    for (size_t i = 0; i < table_columns (table); i++) {
        bool shown = i > 0 || table->layout.names_scan;
        table->widths[i] = shown ? column_width (self, i) : 0;
    }
    return table_fit (table);
}

static void print_grouped (uint64_t number, buffer_t *out)
{
    if (number >= 1000) {
        print_grouped (number / 1000, out);
        buffer_printf (out, ",%03u", (unsigned) (number % 1000));
    } else {
        buffer_printf (out, "%u", (unsigned) number);
    }
}

static void print_notes (const sink_table_t *self, size_t dropped, buffer_t *out)
{
    if (dropped > 0) {
        buffer_printf (out, "(%zu columns are left out to fit the terminal)\n", dropped);
    }
    if (self->more > 0) {
        buffer_printf (out, "... and ");
        print_grouped (self->more, out);
        buffer_printf (out, " more: add --out csv:hits.csv to save all\n");
    }
}

static int print_table (const sink_table_t *self)
{
    buffer_t out = {0};
    size_t dropped = fit_columns (self);
    table_print (&self->table, NULL, &out);
    for (size_t i = 0; i < self->row_count; i++) {
        table_print (&self->table, &self->rows[i], &out);
    }
    print_notes (self, dropped, &out);
    char *at = output_reserve (self->output, out.size);
    memcpy (at, out.bytes, out.size);
    int result = output_advance (self->output, at + out.size);
    buffer_free (&out);
    return result;
}

static int table_close (void *handle, bool whole)
{
    sink_table_t *self = handle;
    if (self->row_count > 0) {
        print_table (self); /* what goes wrong is known to the output's close */
    }
    int result = output_close (&self->output, whole);
    table_free (&self->table);
    free (self);
    return result;
}

const sink_backend_t sink_table = {
    .open = table_open,
    .write = table_write,
    .flush = table_flush,
    .close = table_close,
};

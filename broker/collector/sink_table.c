/* The first hits of a scan for the person at the terminal: aligned, rounded, no wider than the
 * terminal. Widths are known when all rows are, so it is printed at the end.
 *
 *     symbol  datetime           close   volume      gap  signal
 *     AAPL    2023-03-13 09:31   150.2   120500  -0.0212  1.8311
 *     ... and 1,234 more: add --out csv:hits.csv to save all
 */
#include "sink_backend.h"

#include "layout.h"
#include "memory.h"
#include "output.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define ROWS_MAX      20
#define WIDTH_UNKNOWN 80
#define GAP           2  /* spaces between columns */
#define MINUTE_TEXT   16 /* characters of "2023-03-13 09:31" */
#define CELL_TEXT     80 /* bytes of the longest cell with its NUL: a scan id */
#define TEXT_COLUMNS  3  /* scan, symbol, datetime: always shown, scan when there are several */

typedef struct {
    char symbol[SYMBOL_MAX + 1];
    size_t scan;
    hit_t hit;
} row_t;

typedef struct {
    output_t *output;
    layout_t layout;
    row_t rows[ROWS_MAX];
    size_t row_count;
    uint64_t more;  /* hits that came after those rows */
    size_t *widths; /* of the text columns, then the layout's; 0 = not shown */
} sink_table_t;

static void *table_open (const char *path, const scan_t *scans, size_t scan_count, bool names_scan)
{
    output_t *output = output_open (path);
    if (!output) {
        return NULL;
    }
    sink_table_t *self = memory_new (sizeof *self);
    self->output = output;
    layout_init (&self->layout, scans, scan_count, names_scan);
    self->widths = memory_new ((TEXT_COLUMNS + self->layout.count) * sizeof *self->widths);
    return self;
}

static int table_write (void *handle, const char *symbol, size_t scan, const hit_t *hit)
{
    sink_table_t *self = handle;
    if (self->row_count == ROWS_MAX) {
        self->more++;
        return 0;
    }
    row_t *row = &self->rows[self->row_count++];
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

static const char *column_name (const sink_table_t *self, size_t column)
{
    static const char *const names[TEXT_COLUMNS] = {"scan", "symbol", "datetime"};
    return column < TEXT_COLUMNS ? names[column] : self->layout.columns[column - TEXT_COLUMNS].name;
}

/* At most four decimals, without trailing zeros. */
static void round_number (double value, char text[static NUMBER_TEXT])
{
    if (fabs (value) >= 1e15) {
        snprintf (text, NUMBER_TEXT, "%.4g", value);
        return;
    }
    int length = snprintf (text, NUMBER_TEXT, "%.4f", value);
    while (text[length - 1] == '0') {
        length--;
    }
    length -= text[length - 1] == '.';
    text[length] = '\0';
    if (strcmp (text, "-0") == 0) {
        snprintf (text, NUMBER_TEXT, "0");
    }
}

static void format_cell (const sink_table_t *self, const row_t *row, size_t column,
                         char text[static CELL_TEXT])
{
    if (column == 0) {
        snprintf (text, CELL_TEXT, "%s", self->layout.scans[row->scan].id);
    } else if (column == 1) {
        snprintf (text, CELL_TEXT, "%s", row->symbol);
    } else if (column == 2) {
        exchange_format (row->hit.ts, text);
        text[MINUTE_TEXT] = '\0';
    } else {
        size_t i = column - TEXT_COLUMNS;
        double value = layout_value (&self->layout, row->scan, &row->hit, i);
        *text = '\0';
        if (isfinite (value)) {
            bool alert = self->layout.columns[i].alert;
            round_number (value, alert ? stpcpy (text, "change_") : text);
        }
    }
}

static size_t column_width (const sink_table_t *self, size_t column)
{
    char text[CELL_TEXT];
    size_t width = strlen (column_name (self, column));
    for (size_t i = 0; i < self->row_count; i++) {
        format_cell (self, &self->rows[i], column, text);
        size_t length = strlen (text);
        width = length > width ? length : width;
    }
    return width;
}

static size_t terminal_width (void)
{
    struct winsize size;
    return ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col
                                                                        : WIDTH_UNKNOWN;
}

/* The column that gives way as number `n`: open, high, low, then from the right. */
static size_t yielding_column (const sink_table_t *self, size_t n)
{
    return TEXT_COLUMNS + (n < 3 ? n : self->layout.count - 1 - (n - 3));
}

/* Sets the widths; returns how many columns are left out. */
static size_t fit_columns (const sink_table_t *self)
{
    size_t total = 0, dropped = 0, limit = terminal_width () + GAP;
    for (size_t i = 0; i < TEXT_COLUMNS + self->layout.count; i++) {
        bool shown = i > 0 || self->layout.names_scan;
        self->widths[i] = shown ? column_width (self, i) : 0;
        total += shown ? self->widths[i] + GAP : 0;
    }
    while (total > limit && dropped < self->layout.count) {
        size_t *width = &self->widths[yielding_column (self, dropped++)];
        total -= *width + GAP;
        *width = 0;
    }
    return dropped;
}

/* Appends a line of the table; of the header when `row` is NULL. Text stands left, numbers right.
 * */
static void print_row (const sink_table_t *self, const row_t *row, buffer_t *out)
{
    char text[CELL_TEXT];
    const char *gap = "";
    for (size_t i = 0; i < TEXT_COLUMNS + self->layout.count; i++) {
        if (self->widths[i] == 0) {
            continue;
        }
        if (row) {
            format_cell (self, row, i, text);
        } else {
            snprintf (text, sizeof text, "%s", column_name (self, i));
        }
        int width = (int) self->widths[i];
        buffer_printf (out, "%s%*s", gap, i < TEXT_COLUMNS ? -width : width, text);
        gap = "  ";
    }
    buffer_append (out, "\n", 1);
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
    print_row (self, NULL, &out);
    for (size_t i = 0; i < self->row_count; i++) {
        print_row (self, &self->rows[i], &out);
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
    layout_free (&self->layout);
    free (self->widths);
    free (self);
    return result;
}

const sink_backend_t sink_table = {
    .open = table_open,
    .write = table_write,
    .flush = table_flush,
    .close = table_close,
};

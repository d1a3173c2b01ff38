#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_UNKNOWN 80
#define GAP           2  /* spaces between columns */
#define MINUTE_TEXT   16 /* characters of "2023-03-13 09:31" */

void table_init (table_t *self, const scan_t *scans, size_t scan_count, bool names_scan)
{
    layout_init (&self->layout, scans, scan_count, names_scan);
    self->widths = memory_new (table_columns (self) * sizeof *self->widths);
}

void table_free (table_t *self)
{
    layout_free (&self->layout);
    free (self->widths);
    self->widths = NULL;
}

size_t table_columns (const table_t *self)
{
    return TABLE_TEXT_COLUMNS + self->layout.count;
}

const char *table_column (const table_t *self, size_t column)
{
    static const char *const names[TABLE_TEXT_COLUMNS] = {"scan", "symbol", "datetime"};
    return column < TABLE_TEXT_COLUMNS ? names[column]
                                       : self->layout.columns[column - TABLE_TEXT_COLUMNS].name;
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

void table_cell (const table_t *self, const table_row_t *row, size_t column,
                 char text[static TABLE_CELL])
{
    if (column == 0) {
        snprintf (text, TABLE_CELL, "%s", self->layout.scans[row->scan].id);
    } else if (column == 1) {
        snprintf (text, TABLE_CELL, "%s", row->symbol);
    } else if (column == 2) {
        exchange_format (row->hit.ts, text);
        text[MINUTE_TEXT] = '\0';
    } else {
        size_t i = column - TABLE_TEXT_COLUMNS;
        double value = layout_value (&self->layout, row->scan, &row->hit, i);
        *text = '\0';
        if (isfinite (value)) {
            bool alert = self->layout.columns[i].alert;
            round_number (value, alert ? stpcpy (text, "change_") : text);
        }
    }
}

static size_t terminal_width (void)
{
    struct winsize size;
    return ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col
                                                                        : WIDTH_UNKNOWN;
}

/* The column that gives way as number `n`: open, high, low, then from the right. */
static size_t yielding_column (const table_t *self, size_t n)
{
    return TABLE_TEXT_COLUMNS + (n < 3 ? n : self->layout.count - 1 - (n - 3));
}

size_t table_fit (const table_t *self)
{
    size_t total = 0, dropped = 0, limit = terminal_width () + GAP;
    for (size_t i = 0; i < table_columns (self); i++) {
        total += self->widths[i] ? self->widths[i] + GAP : 0;
    }
    while (total > limit && dropped < self->layout.count) {
        size_t *width = &self->widths[yielding_column (self, dropped++)];
        total -= *width + GAP;
        *width = 0;
    }
    return dropped;
}

void table_print (const table_t *self, const table_row_t *row, buffer_t *out)
{
    char text[TABLE_CELL];
    const char *gap = "";
    for (size_t i = 0; i < table_columns (self); i++) {
        if (self->widths[i] == 0) {
            continue;
        }
        if (row) {
            table_cell (self, row, i, text);
        } else {
            snprintf (text, sizeof text, "%s", table_column (self, i));
        }
        int width = (int) self->widths[i];
        buffer_printf (out, "%s%*s", gap, i < TABLE_TEXT_COLUMNS ? -width : width, text);
        gap = "  ";
    }
    buffer_append (out, "\n", 1);
}

/* table - hits as aligned lines of text for a person: rounded, no wider than the terminal.
 *
 *     symbol  datetime           close   volume      gap  signal
 *     AAPL    2023-03-13 09:31   150.2   120500  -0.0212  1.8311
 */
#ifndef TABLE_H
#define TABLE_H

#include "layout.h"
#include "memory.h"

#define TABLE_TEXT_COLUMNS 3 /* scan, symbol, datetime: always shown, scan when there are several */
#define TABLE_CELL         80 /* bytes of the longest cell with its NUL: a scan id */

typedef struct {
    char symbol[SYMBOL_MAX + 1];
    size_t scan;
    hit_t hit;
} table_row_t;

/* A value that you embed. The scans live longer than it. */
typedef struct {
    layout_t layout;
    size_t *widths; /* of the text columns, then the layout's; 0 = not shown */
} table_t;

void table_init (table_t *self, const scan_t *scans, size_t scan_count, bool names_scan);
void table_free (table_t *self);

size_t table_columns (const table_t *self);

/* The name of a column, and its cell of a row. */
const char *table_column (const table_t *self, size_t column);
void table_cell (const table_t *self, const table_row_t *row, size_t column,
                 char text[static TABLE_CELL]);

/* Leaves out columns until a line of these widths fits the terminal that stdout is (80 where it is
 * none); returns how many. */
size_t table_fit (const table_t *self);

/* Appends a line; the header's when `row` is NULL. Text stands left, numbers right. */
void table_print (const table_t *self, const table_row_t *row, buffer_t *out);

#endif

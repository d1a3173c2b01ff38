#include "hits.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "spawn.h"

enum { SHOWN = 8 }; /* differences put into words */

typedef struct {
    const char **cells; /* as many as the file has columns */
    const char *symbol;
    long long moment; /* seconds since 1970 */
} row_t;

struct hits {
    char *text; /* the file, cut into cells */
    const char **columns;
    size_t column_count;
    row_t *rows; /* by symbol and moment */
    size_t count;
    bool one_of_many; /* the hits of one scan out of a file of several */
};

static const char *const candle[] = {"open", "high", "low", "close", "volume"};

/* Cuts a line into cells at its commas; their count. The cells live in `line`. */
static size_t split (char *line, const char ***cells)
{
    size_t count = 1;
    for (const char *at = line; *at; at++) {
        count += *at == ',';
    }
    *cells = memory_new (count * sizeof **cells);
    for (size_t i = 0; i < count; i++) {
        (*cells)[i] = strsep (&line, ",");
    }
    return count;
}

/* The next line of the text without its end, or NULL. */
static char *next_line (char **text)
{
    char *line = strsep (text, "\n");
    if (!line || (!*line && !*text)) {
        return NULL; /* what follows the last LF */
    }
    size_t size = strlen (line);
    if (size > 0 && line[size - 1] == '\r') {
        line[size - 1] = '\0';
    }
    return line;
}

static const char *const *column (const hits_t *self, const char *name)
{
    for (size_t i = 0; i < self->column_count; i++) {
        if (strcmp (self->columns[i], name) == 0) {
            return &self->columns[i];
        }
    }
    return NULL;
}

/* The cell of a column, NULL without that column. */
static const char *cell (const hits_t *self, const row_t *row, const char *name)
{
    const char *const *at = column (self, name);
    return at ? row->cells[at - self->columns] : NULL;
}

/* 2023-03-13 09:31:00-04:00 */
static bool moment_parse (const char *text, long long *moment)
{
    struct tm tm = {0};
    int hours, minutes, size = 0;
    char sign;
    if (sscanf (text, "%4d-%2d-%2d %2d:%2d:%2d%c%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
                &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &sign, &hours, &minutes, &size) != 9 ||
        size != 25 || text[size] || (sign != '+' && sign != '-')) {
        return false;
    }
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    int offset = hours * 3600 + minutes * 60;
    *moment = (long long) timegm (&tm) - (sign == '+' ? offset : -offset);
    return true;
}

static int row_order (const void *a, const void *b)
{
    const row_t *x = a, *y = b;
    int order = strcmp (x->symbol, y->symbol);
    return order ? order : (x->moment > y->moment) - (x->moment < y->moment);
}

/* Reads the rows that follow the header. */
static bool read_rows (hits_t *self, char *text, const char *scan, buffer_t *why)
{
    size_t capacity = 64, number = 1;
    self->rows = memory_new (capacity * sizeof *self->rows);
    for (char *line; (line = next_line (&text));) {
        number++;
        if (self->count == capacity) {
            capacity *= 2;
            self->rows = memory_resize (self->rows, capacity, sizeof *self->rows);
        }
        row_t *row = &self->rows[self->count];
        size_t cells = split (line, &row->cells);
        if (cells != self->column_count) {
            buffer_printf (why, "line %zu: %zu cells, %zu columns\n", number, cells,
                           self->column_count);
            free (row->cells);
            return false;
        }
        if (scan && strcmp (cell (self, row, "scan"), scan) != 0) {
            free (row->cells);
            continue;
        }
        self->count++;
        row->symbol = cell (self, row, "symbol");
        if (!moment_parse (cell (self, row, "datetime"), &row->moment)) {
            buffer_printf (why, "line %zu: no moment: %s\n", number, cell (self, row, "datetime"));
            return false;
        }
    }
    qsort (self->rows, self->count, sizeof *self->rows, row_order);
    return true;
}

hits_t *hits_read (const char *path, const char *scan, buffer_t *why)
{
    char *text = file_read (path, NULL);
    if (!text) {
        buffer_printf (why, "%s: cannot be read\n", path);
        return NULL;
    }
    hits_t *self = memory_new (sizeof *self);
    self->text = text;
    self->one_of_many = scan != NULL;
    char *header = next_line (&text);
    self->column_count = split (header ? header : self->text, &self->columns);
    bool good =
        column (self, "symbol") && column (self, "datetime") && (!scan || column (self, "scan"));
    if (!good) {
        buffer_printf (why, "%s: a column is missing: symbol, datetime%s\n", path,
                       scan ? " or scan" : "");
    }
    if (!good || !read_rows (self, text, scan, why)) {
        hits_destroy (&self);
    }
    return self;
}

void hits_destroy (hits_t **self_p)
{
    hits_t *self = *self_p;
    if (!self) {
        return;
    }
    for (size_t i = 0; i < self->count; i++) {
        free (self->rows[i].cells);
    }
    free (self->rows);
    free (self->columns);
    free (self->text);
    free (self);
    *self_p = NULL;
}

size_t hits_count (const hits_t *self)
{
    return self->count;
}

/* Differences are counted, and the first few put into words. */
typedef struct {
    const hits_t *expected, *actual;
    size_t count;
    buffer_t *why;
} comparison_t;

static void differ (comparison_t *self, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

static void differ (comparison_t *self, const char *format, ...)
{
    if (self->count++ < SHOWN) {
        char line[512];
        va_list arguments;
        va_start (arguments, format);
        vsnprintf (line, sizeof line, format, arguments);
        va_end (arguments);
        buffer_printf (self->why, "  %s\n", line);
    }
}

static bool number (const char *text, double *value)
{
    char *end;
    *value = strtod (text, &end);
    return *text && !*end;
}

static bool same (const char *a, const char *b)
{
    if (strcmp (a, b) == 0) {
        return true;
    }
    double x, y;
    if (!number (a, &x) || !number (b, &y) || !isfinite (x) || !isfinite (y)) {
        return false;
    }
    return fabs (x - y) <= fmax (1e-9 * fmax (fabs (x), fabs (y)), 1e-12);
}

static bool is_candle (const char *name)
{
    for (size_t i = 0; i < sizeof candle / sizeof *candle; i++) {
        if (strcmp (candle[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* Columns that are names of the row, not values of the hit. */
static bool is_name (const char *name)
{
    return strcmp (name, "symbol") == 0 || strcmp (name, "datetime") == 0 ||
           strcmp (name, "scan") == 0;
}

static const char *shown (const char *text)
{
    return *text ? text : "empty";
}

static void compare_rows (comparison_t *self, const row_t *expected, const row_t *actual)
{
    for (size_t i = 0; i < self->expected->column_count; i++) {
        const char *name = self->expected->columns[i], *a = expected->cells[i];
        const char *b = cell (self->actual, actual, name);
        if (!b || is_name (name) || (!*a && is_candle (name)) || same (a, b)) {
            continue;
        }
        differ (self, "%s %s %s: expected %s, got %s", expected->symbol,
                cell (self->expected, expected, "datetime"), name, shown (a), shown (b));
    }
}

static bool has_value (const hits_t *self, size_t index)
{
    for (size_t i = 0; i < self->count; i++) {
        if (*self->rows[i].cells[index]) {
            return true;
        }
    }
    return false;
}

static void compare_columns (comparison_t *self)
{
    const hits_t *expected = self->expected, *actual = self->actual;
    for (size_t i = 0; i < expected->column_count; i++) {
        if (!column (actual, expected->columns[i]) && !is_name (expected->columns[i])) {
            differ (self, "no column %s", expected->columns[i]);
        }
    }
    for (size_t i = 0; i < actual->column_count; i++) {
        const char *name = actual->columns[i];
        if (!column (expected, name) && !is_name (name) &&
            (!actual->one_of_many || has_value (actual, i))) {
            differ (self, "extra column %s", name);
        }
    }
}

static void compare_repeats (comparison_t *self, const hits_t *hits, const char *whose)
{
    for (size_t i = 1; i < hits->count; i++) {
        if (row_order (&hits->rows[i - 1], &hits->rows[i]) == 0) {
            differ (self, "%s: repeated %s %s", whose, hits->rows[i].symbol,
                    cell (hits, &hits->rows[i], "datetime"));
        }
    }
}

size_t hits_compare (const hits_t *expected, const hits_t *actual, buffer_t *why)
{
    comparison_t self = {.expected = expected, .actual = actual, .why = why};
    compare_repeats (&self, expected, "expected");
    compare_repeats (&self, actual, "actual");
    if (expected->count > 0) {
        compare_columns (&self);
    }
    size_t i = 0, j = 0;
    while (i < expected->count || j < actual->count) {
        const row_t *a = &expected->rows[i], *b = &actual->rows[j];
        int order = i == expected->count ? 1 : j == actual->count ? -1 : row_order (a, b);
        if (order < 0) {
            differ (&self, "missing %s %s", a->symbol, cell (expected, a, "datetime"));
        } else if (order > 0) {
            differ (&self, "extra %s %s", b->symbol, cell (actual, b, "datetime"));
        } else {
            compare_rows (&self, a, b);
        }
        i += order <= 0;
        j += order >= 0;
    }
    return self.count;
}

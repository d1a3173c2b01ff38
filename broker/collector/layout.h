/* layout - the columns of a file of hits: which there are, and where a hit keeps the value of each.
 *
 *     scan, symbol, datetime | open high low close volume | columns of the first scan, new ones of the second, ...
 *          (text: not here)  |                       a layout's columns
 */
#ifndef LAYOUT_H
#define LAYOUT_H

#include "hit.h"

#include <math.h>
#include <string.h>

#define LAYOUT_CANDLE     5                 /* the first columns of every layout: the candle's */
#define LAYOUT_VALUE_TEXT (NUMBER_TEXT + 8) /* bytes of the longest value with its NUL */

/* A value that you embed. The scans live longer than it; it owns the rest. The columns are the
 * candle's, then the union of the scans' in order of first appearance. */
typedef struct {
    const scan_t *scans;
    size_t scan_count;
    bool names_scan; /* each row begins with its scan's id */
    scan_column_t *columns;
    size_t count;
    size_t *offsets; /* of a double in hit_t: [scan * count + column]; 0 = not this scan's */
} layout_t;

void layout_init (layout_t *self, const scan_t *scans, size_t scan_count, bool names_scan);
void layout_free (layout_t *self);

/* The index of the column of that name; `count` when there is none. */
size_t layout_find (const layout_t *self, const char *name);

/* A column's value in a hit of the layout's scan number `scan`; NAN when it is missing. Whether
 * hit->scan counts from the same first scan does not matter: it is not read. */
static inline double layout_value (const layout_t *self, size_t scan, const hit_t *hit,
                                   size_t column)
{
    double value = NAN;
    size_t offset = self->offsets[scan * self->count + column];
    if (offset) {
        memcpy (&value, (const char *) hit + offset, sizeof value);
    }
    return value;
}

/* Writes a value that is not missing as the column has it, "9.5" or "change_2", and a NUL; returns
 * the NUL's address. */
char *layout_print (const scan_column_t *column, double value, char text[static LAYOUT_VALUE_TEXT]);

#endif

/* hits - files of hits and whether two of them say the same.
 *
 * Hits are matched by symbol and moment, which no file may repeat. Both files must have the same
 * columns, in any order. Numbers agree within a relative 1e-9 (absolute 1e-12), text and empty
 * cells exactly; only the candle's five cells are skipped where the expected file leaves them
 * empty. A file without hits matches one without hits.
 */
#ifndef HITS_H
#define HITS_H

#include <stddef.h>

#include "memory.h"

typedef struct hits hits_t;

/* Reads a CSV file of hits (no quotes; LF or CRLF). With `scan`, only the hits of that scan, of a
 * file that has a column `scan`: its other columns are the union of all scans' and count as there
 * only when a hit has a value in them. A column `scan` is never compared. Returns NULL when the
 * file cannot be read, has no columns symbol and datetime, or has a row with another count of cells
 * or a moment that is none, and says why in `why`. */
hits_t *hits_read (const char *path, const char *scan, buffer_t *why);

void hits_destroy (hits_t **self);

size_t hits_count (const hits_t *self);

/* The number of differences; the first few are appended to `why`, one a line. */
size_t hits_compare (const hits_t *expected, const hits_t *actual, buffer_t *why);

#endif

/* windows - sums over the last rows before a day, for that day and for those that follow.
 *
 *     rows:   r r r r r r r r r r r r
 *             [asked for ]                 each window is summed up from its oldest row on, as the
 *               [ tomorrow's ]             formulas say: s = s * decay + term (row)
 *                 [ the day after ]  ...
 *
 * Each step of such a sum waits for the step before it, six cycles long, while the sums of other
 * windows could go on. So a window is summed up together with the WINDOWS_AHEAD - 1 that follow it
 * if the symbol trades every day: sixteen of 112 rows take 0.28 us, one alone 0.25 us. No sum is
 * made from its neighbour by taking a row away: that would round differently. Only a window that
 * grew at its young end alone goes on from where it was.
 */
#ifndef WINDOWS_H
#define WINDOWS_H

#include "candle.h"

#define WINDOWS_AHEAD 16

/* What is summed up of a row. */
typedef enum {
    WINDOW_VOLUME,
    WINDOW_RANGE,     /* (high - low) / close */
    WINDOW_TRUE_RANGE /* max (|h - l|, |h - c|, |l - c|) with c the close before; |h - l| of the
                       * window's first row */
} window_term_t;

/* A value: `window_t w = {.term = .., .decay = ..};` knows nothing yet. It owns `terms`. */
typedef struct {
    window_term_t term;
    double decay;               /* 1 for a plain sum */
    size_t start, end;          /* of the first window that is known */
    size_t count;               /* known are [start + k, end + k), k < count */
    double sums[WINDOWS_AHEAD]; /* theirs */
    size_t from, to, capacity;  /* rows whose terms are known */
    double *terms;              /* by row, as of one that is not its window's first */
    double weight;              /* what terms of 1 would sum up to in */
    size_t weight_rows;         /* so many rows */
} window_t;

void window_free (window_t *self);

/* The rows changed: what is known is of others. */
void window_forget (window_t *self);

/* The sum over rows [start, end), start < end <= count, of `count` rows in all. */
double window_sum (window_t *self, const candle_t *rows, size_t count, size_t start, size_t end);

/* The same sum with 1 for each of `size` > 0 rows' terms: what a weighted mean is divided by. */
double window_weight (window_t *self, size_t size);

#endif

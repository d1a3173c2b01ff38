#include "windows.h"

#include "memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Two doubles that the processor adds and multiplies as one. Left to itself the compiler shuffles
 * the sums between registers and takes twice the time. */
typedef double pair_t __attribute__ ((vector_size (16)));
#define PAIRS (WINDOWS_AHEAD / 2)

void window_free (window_t *self)
{
    free (self->terms);
    self->terms = NULL;
    self->capacity = 0;
    window_forget (self);
}

void window_forget (window_t *self)
{
    self->count = 0;
    self->from = self->to = 0;
}

static double greater (double a, double b)
{
    return a > b ? a : b;
}

/* The term of row `i`, the first one of its window or not. */
static inline double term_of (window_term_t term, const candle_t *rows, size_t i, bool is_first)
{
    const candle_t *row = &rows[i];
    if (term == WINDOW_VOLUME) {
        return row->volume;
    }
    if (term == WINDOW_RANGE) {
        return (row->high - row->low) / row->close;
    }
    double range = fabs (row->high - row->low);
    if (is_first) {
        return range;
    }
    double close = rows[i - 1].close;
    return greater (greater (range, fabs (row->high - close)), fabs (row->low - close));
}

/* Sees to it that the terms of rows [from, to) are known, of `count` rows in all. Each is worked out
 * once: the windows that come next have most of their rows in common with these. */
static void know_terms (window_t *self, const candle_t *rows, size_t count, size_t from, size_t to)
{
    if (count + WINDOWS_AHEAD > self->capacity) {
        free (self->terms);
        self->capacity = count + WINDOWS_AHEAD;
        self->terms = memory_new (self->capacity * sizeof *self->terms);
        self->from = self->to = 0;
    }
    if (from < self->from || from > self->to) {
        self->from = self->to = from;
    }
    for (; self->to < to; self->to++) {
        self->terms[self->to] = term_of (self->term, rows, self->to, false);
    }
}

/* Takes the terms of `steps` rows into all sums: sum k takes terms[k], terms[k + 1], ... */
static void take_steps (double sums[static WINDOWS_AHEAD], const double *terms, size_t steps,
                        double decay)
{
    pair_t pairs[PAIRS];
    const pair_t decays = {decay, decay};
    memcpy (pairs, sums, sizeof pairs);
    for (size_t i = 0; i < steps; i++) {
        pair_t next[PAIRS];
        memcpy (next, terms + i, sizeof next);
        for (size_t k = 0; k < PAIRS; k++) {
            pairs[k] = pairs[k] * decays + next[k];
        }
    }
    memcpy (sums, pairs, sizeof pairs);
}

/* Sums up [start + k, end + k) for every k < self->count; the places of the others get nothing of
 * use. */
static void sum_up (window_t *self, const candle_t *rows, size_t count)
{
    size_t second = self->start + 1;
    for (size_t k = 0; k < WINDOWS_AHEAD; k++) {
        self->sums[k] =
            k < self->count ? 0.0 + term_of (self->term, rows, self->start + k, true) : 0;
    }
    know_terms (self, rows, count, second, self->end + self->count - 1);
    take_steps (self->sums, self->terms + second, self->end - second, self->decay);
}

/* The first window grew to `end`. */
static void grow (window_t *self, const candle_t *rows, size_t end)
{
    for (size_t i = self->end; i < end; i++) {
        self->sums[0] = self->sums[0] * self->decay + term_of (self->term, rows, i, false);
    }
    self->end = end;
    self->count = 1;
}

double window_sum (window_t *self, const candle_t *rows, size_t count, size_t start, size_t end)
{
    size_t ahead = start - self->start; /* wraps, and is too large, when it lies before */
    if (ahead < self->count && end - self->end == ahead) {
        return self->sums[ahead];
    }
    if (self->count > 0 && ahead == 0 && end > self->end) {
        grow (self, rows, end);
        return self->sums[0];
    }
    self->start = start;
    self->end = end;
    self->count = count - end < WINDOWS_AHEAD ? count - end + 1 : WINDOWS_AHEAD;
    sum_up (self, rows, count);
    return self->sums[0];
}

double window_weight (window_t *self, size_t size)
{
    if (size < self->weight_rows) {
        self->weight_rows = 0;
        self->weight = 0;
    }
    for (; self->weight_rows < size; self->weight_rows++) {
        self->weight = self->weight * self->decay + 1;
    }
    return self->weight;
}

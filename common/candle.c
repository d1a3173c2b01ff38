#include "candle.h"

#include "memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_FIRST 64

bool candle_is_finite (const candle_t *self)
{
    return isfinite (self->open) && isfinite (self->high) && isfinite (self->low) &&
           isfinite (self->close) && isfinite (self->volume);
}

void candles_reserve (candles_t *self, size_t count)
{
    if (count > self->capacity - self->count) {
        size_t grown = self->capacity ? self->capacity + self->capacity / 2 : CAPACITY_FIRST;
        self->capacity = self->count + count > grown ? self->count + count : grown;
        self->rows = memory_resize (self->rows, self->capacity, sizeof *self->rows);
    }
}

void candles_free (candles_t *self)
{
    free (self->rows);
    *self = (candles_t){0};
}

static bool in_order (const candles_t *self)
{
    for (size_t i = 1; i < self->count; i++) {
        if (self->rows[i - 1].ts >= self->rows[i].ts) {
            return false;
        }
    }
    return true;
}

/* Merges the sorted a[0, a_count) and b[0, b_count) to `out`; of equals a's come first. */
static void merge (const candle_t *a, size_t a_count, const candle_t *b, size_t b_count,
                   candle_t *out)
{
    while (a_count > 0 && b_count > 0) {
        if (a->ts <= b->ts) {
            *out++ = *a++;
            a_count--;
        } else {
            *out++ = *b++;
            b_count--;
        }
    }
    if (a_count > 0) {
        memcpy (out, a, a_count * sizeof *a);
    }
    if (b_count > 0) {
        memcpy (out + a_count, b, b_count * sizeof *b);
    }
}

/* Merge sort from the bottom up: qsort would not keep the order of equal times. */
static void sort_stable (candles_t *self)
{
    candle_t *from = self->rows;
    candle_t *to = memory_resize (NULL, self->capacity, sizeof *to);
    for (size_t run = 1; run < self->count; run *= 2) {
        for (size_t start = 0; start < self->count; start += 2 * run) {
            size_t left = self->count - start;
            size_t a_count = left < run ? left : run;
            size_t b_count = left - a_count < run ? left - a_count : run;
            merge (from + start, a_count, from + start + a_count, b_count, to + start);
        }
        candle_t *swap = from;
        from = to;
        to = swap;
    }
    self->rows = from;
    free (to);
}

void candles_sort (candles_t *self)
{
    if (in_order (self)) {
        return;
    }
    sort_stable (self);
    size_t kept = 0;
    for (size_t i = 0; i < self->count; i++) {
        if (i + 1 == self->count || self->rows[i].ts != self->rows[i + 1].ts) {
            self->rows[kept++] = self->rows[i];
        }
    }
    self->count = kept;
}

size_t candles_find (const candles_t *self, int64_t ts)
{
    size_t first = 0, end = self->count;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (self->rows[middle].ts < ts) {
            first = middle + 1;
        } else {
            end = middle;
        }
    }
    return first;
}

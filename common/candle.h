/* candle - one bar, and an array of them that grows. */
#ifndef CANDLE_H
#define CANDLE_H

#include "exchange.h"

/* `ts` is the start: Unix seconds of a full minute. A daily candle has no time: its ts is its date
 * at 00:00 UTC, so that candle_day () needs no zone. */
typedef struct {
    int64_t ts;
    double open, high, low, close;
    double volume;
} candle_t;

/* A daily candle's date. */
static inline day_t candle_day (const candle_t *candle)
{
    return (day_t) (candle->ts / 86400 - (candle->ts % 86400 < 0));
}

/* A value: `candles_t c = {0};` is empty and valid. The struct owns `rows`. */
typedef struct {
    candle_t *rows;
    size_t count;
    size_t capacity;
} candles_t;

/* A sum of volumes, or a split, may pass the largest double: such a candle cannot be reported. */
bool candle_is_finite (const candle_t *self);

/* Room for `count` more, so that they are pushed without moving those that are there. */
void candles_reserve (candles_t *self, size_t count);
static inline void candles_push (candles_t *self, const candle_t *candle)
{
    if (self->count == self->capacity) {
        candles_reserve (self, 1);
    }
    self->rows[self->count++] = *candle;
}
void candles_free (candles_t *self);

/* Sorts by time; of candles with one time the last pushed stays. */
void candles_sort (candles_t *self);

/* The index of the first candle with time >= ts; `count` when there is none. The array is sorted.
 * */
size_t candles_find (const candles_t *self, int64_t ts);

#endif

/* minute_window - the candles of some minutes of all symbols, in order of time: what a replay at the
 * speed of a clock holds of its files.
 *
 *     symbol after symbol --minute_window_put--> minute: A, B, C...
 *                                                minute: A, C...     --minute_window_next--> in order
 *
 * Of each symbol and minute at most one: so its memory is bounded by symbols * minutes.
 */
#ifndef MINUTE_WINDOW_H
#define MINUTE_WINDOW_H

#include "candle.h"

typedef struct {
    candle_t candle;
    uint32_t symbol;
    uint32_t next; /* of the same minute: place + 1; 0: none */
} minute_row_t;

typedef struct {
    uint32_t first, last; /* place + 1; 0: none */
} minute_list_t;

/* A value that is filled, emptied and used again. The struct owns what it points to. */
typedef struct {
    int64_t start;    /* the first minute's; Unix seconds */
    uint32_t minutes; /* how many */
    uint32_t minute;  /* of the next candle, or the first that may have one */
    uint32_t count;   /* rows */
    size_t capacity;
    minute_row_t *rows;   /* untouched memory costs nothing */
    minute_list_t *lists; /* of each minute */
} minute_window_t;

void minute_window_init (minute_window_t *self, size_t symbols, uint32_t minutes);
void minute_window_free (minute_window_t *self);

/* Empties it, for the minutes from `start` (a full minute) on. */
void minute_window_begin (minute_window_t *self, int64_t start);

/* The first second behind it. */
static inline int64_t minute_window_end (const minute_window_t *self)
{
    return self->start + (int64_t) self->minutes * 60;
}

/* A candle in its minutes. Nothing may have been taken out since the beginning. */
void minute_window_put (minute_window_t *self, uint32_t symbol, const candle_t *candle);

/* The next row, oldest first, in each minute in the order of putting; it stays until it is dropped.
 * NULL when there is none. */
const minute_row_t *minute_window_next (minute_window_t *self);
void minute_window_drop (minute_window_t *self);

#endif

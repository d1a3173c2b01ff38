/* series - a symbol's candles as they come: which of them count.
 *
 *     entry (ts, arrival) --> series_take --> a candle of the open date, of a new one, or dropped
 *
 * Broker and worker judge by this one function, so that both see the same dates open and closed. A
 * candle counts when it is newer than the symbol's last one and its date is not closed. A date
 * closes with a candle of a later date, or `day_timeout_ms` after the later of the date's end and
 * the symbol's last arrival. A verdict depends on the symbol's own entries alone: whoever is given
 * them again, from a date's first entry on, comes to the same.
 */
#ifndef SERIES_H
#define SERIES_H

#include "exchange.h"

/* A value. */
typedef struct {
    int64_t last_ts;    /* of the newest candle that counted; INT64_MIN before the first */
    int64_t arrival_ms; /* of the entry that counted last */
    int64_t end_ms;     /* when `day` ends; Unix milliseconds */
    day_t day;          /* the date of the newest candle; DAY_NONE before the first */
    day_t closed;       /* dates up to this one are closed; DAY_NONE: none is */
} series_t;

typedef enum {
    SERIES_TAKE,      /* the next candle of the open date */
    SERIES_NEW_DATE,  /* the first candle of a later date: the one before is closed */
    SERIES_DUPLICATE, /* not newer than the last one */
    SERIES_LATE       /* its date is closed */
} series_verdict_t;

/* Nothing came yet, and dates up to `closed` (DAY_NONE: none) are closed. */
void series_init (series_t *self, day_t closed);

/* Judges a candle that starts at `ts` (Unix seconds), and takes it when it counts. `*day` (may be
 * NULL) is its exchange date. */
series_verdict_t series_take (series_t *self, int64_t ts, int64_t arrival_ms,
                              int64_t day_timeout_ms, day_t *day);

/* Is the newest date closed, at `clock_ms` of the source's clock? False before the first candle. */
bool series_is_over (const series_t *self, int64_t clock_ms, int64_t day_timeout_ms);

#endif

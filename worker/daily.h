/* daily - what is known of a symbol on a day D before D's first candle: the indicators of
 * SEMANTICS.md 2.
 *
 *     daily rows + splits + fundamentals --> daily_set_day (D) --> daily_adv (14), daily_atr (14, 112), ...
 *
 * One object serves one symbol; days are asked in rising order (going back is allowed, only
 * slower). Each value is computed at its first use on a day and kept for the other scans of the
 * run. Missing is NAN. No file, no socket, no clock: batch and live use it alike.
 */
#ifndef DAILY_H
#define DAILY_H

#include "calendar.h"
#include "candle.h"
#include "fundamentals.h"

typedef struct {
    day_t day;     /* execution date */
    double factor; /* split_from / split_to */
} split_t;

typedef struct daily daily_t;

/* The calendar must live as long. */
daily_t *daily_new (const calendar_t *calendar);
void daily_destroy (daily_t **self);

/* A new symbol: forgets the old one. */
void daily_clear (daily_t *self);
/* The array to fill with the symbol's daily candles (raw, sorted by candles_sort) before the first
 * daily_set_day. */
candles_t *daily_candles (daily_t *self);
/* Splits in the order of their file; copied. */
void daily_set_splits (daily_t *self, const split_t *splits, size_t count);
/* Takes the contents; the caller's value is empty afterwards. */
void daily_set_fundamentals (daily_t *self, fundamentals_t *fundamentals);

/* Makes D the day that the values below are of. */
void daily_set_day (daily_t *self, day_t day);
day_t daily_day (const daily_t *self);

double daily_adv (daily_t *self);               /* adv(14) */
double daily_adr (daily_t *self);               /* adr(14) */
double daily_atr (daily_t *self, int lookback); /* daily_atr(14), lookback K */
/* The candle dated back (D, 1), adjusted as of D; NULL when it did not trade that day. */
const candle_t *daily_previous (daily_t *self);
double daily_previous_2_close (daily_t *self); /* prev_day(close, 2) */
double daily_max_high (daily_t *self, int days);
double daily_min_low (daily_t *self, int days);
double daily_market_cap (daily_t *self);
double daily_from_earnings (daily_t *self);
double daily_to_earnings (daily_t *self);
double daily_since_ipo (daily_t *self);

/* `candle` dated `day` (< D allowed) with the splits known on D. */
candle_t daily_adjust (const daily_t *self, candle_t candle, day_t day);

#endif

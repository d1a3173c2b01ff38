/* daily - what is known of a symbol on a day D before D's first candle.
 *
 *     daily rows + splits + fundamentals --> daily_set_day (D) --> daily_adv, daily_atr (112), ...
 *
 * W (D, n) stands for the symbol's daily candles dated from the n-th trading day before D to the day
 * before D, oldest first, r1 .. rm; never D itself. Formulas are those of FastScanner, the Python
 * system whose hits these are; they are evaluated as written, left to right, oldest first, in IEEE
 * doubles, so that a threshold falls the same way on every machine.
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

/* Average daily volume: the mean volume of the last 14 rows of W (D, 15), of fewer if there are
 * fewer. Shares. */
double daily_adv (daily_t *self);

/* Average daily range: the mean of (high - low) / close over the same rows. A share of the price. */
double daily_adr (daily_t *self);

/* Average true range (J. W. Wilder, "New Concepts in Technical Trading Systems", 1978) with
 * exponential weights, over W (D, lookback): TR1 = |h1 - l1|, TRi = max (|hi - li|, |hi - c[i-1]|,
 * |li - c[i-1]|); sum ((1 - a)^(m - i) TRi) / sum ((1 - a)^(m - i)) with a = 1/14. A price. */
double daily_atr (daily_t *self, int lookback);

/* The candle dated back (D, 1), adjusted as of D; NULL when the symbol did not trade that day. */
const candle_t *daily_previous (daily_t *self);

/* The close of the candle dated back (D, 2), unless that day or back (D, 1) has none. */
double daily_previous_2_close (daily_t *self);

/* The highest high and the lowest low of W (D, days). Prices. */
double daily_max_high (daily_t *self, int days);
double daily_min_low (daily_t *self, int days);

/* The last historical_market_cap with date <= D. */
double daily_market_cap (daily_t *self);

/* Calendar days since the last earnings date <= D, to the next one >= D, and since the IPO (missing
 * before it). */
double daily_from_earnings (daily_t *self);
double daily_to_earnings (daily_t *self);
double daily_since_ipo (daily_t *self);

/* `candle` dated `day` (< D allowed) with the splits known on D. */
candle_t daily_adjust (const daily_t *self, candle_t candle, day_t day);

#endif

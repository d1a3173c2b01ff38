/* generator - a synthetic stock market: symbols and candles, the same for the same seed.
 *
 * `fastscanner sample` writes it as a data directory; the load generator sends it. Pure computation: no file, no clock.
 * A symbol's day depends on (seed, symbol index, date) and on the day before, so days are made in order.
 */
#ifndef GENERATOR_H
#define GENERATOR_H

#include "calendar.h"
#include "candle.h"

typedef struct {
    uint64_t seed;
    size_t count;     /* symbols */
    day_t from, to;   /* days with intraday candles, inclusive */
    day_t daily_from; /* the first daily candle, before `from` by the lookback that scans need */
} generator_plan_t;

typedef struct generator generator_t;

generator_t *generator_new (const generator_plan_t *plan, const calendar_t *calendar);
void generator_destroy (generator_t **self);

/* The name of symbol `index` (< count): 1-5 letters, unique; lives with the generator. A few are awkward on purpose
 * (BRK.B, NA, NAN). */
const char *generator_symbol (const generator_t *self, size_t index);

typedef struct {
    day_t day;
    double from, to; /* split_from, split_to: prices before are multiplied by from / to */
} generator_split_t;

/* Starts symbol `index` at daily_from. Splits of the symbol: at most `*count` 4, in order. */
void generator_start (generator_t *self, size_t index);
const generator_split_t *generator_splits (const generator_t *self, size_t *count);
day_t generator_ipo (const generator_t *self);              /* DAY_NONE when unknown */
double generator_shares (const generator_t *self);          /* shares outstanding, for market caps; NAN when unknown */

/* The symbol's next trading day: its daily candle (regular session) and, for days in from..to, its 1-minute candles in
 * time order, premarket 04:00 to after hours 19:59, with gaps and now and then a halt. `minutes` is overwritten. Returns
 * the date, or DAY_NONE past `to`. `*traded` is false on a day without a trade (no candles then). Prices are rounded to
 * cents (at least 0.01), unadjusted for later splits. */
day_t generator_next (generator_t *self, candle_t *daily, candles_t *minutes, bool *traded);

#endif

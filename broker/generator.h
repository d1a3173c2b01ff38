/* generator - a synthetic stock market: symbols and candles, the same for the same seed.
 *
 *     (seed, symbol)      --> profile, listing, splits
 *     (seed, symbol, day) --> outline --> daily candle
 *                                    \--> sessions --> minutes
 *
 * `fastscanner sample` writes it as a data directory; the load generator sends it. Pure
 * computation: no file, no clock, no libm, so that every machine makes the same bytes. A symbol's
 * day depends on (seed, symbol index, date) and on the day before, so days are made in order. The
 * daily candles do not depend on which days have minutes.
 */
#ifndef GENERATOR_H
#define GENERATOR_H

#include "calendar.h"
#include "candle.h"

#define GENERATOR_SYMBOLS_MAX 400000
#define GENERATOR_SPLITS_MAX  4

typedef struct {
    uint64_t seed;
    size_t count;     /* symbols, at most GENERATOR_SYMBOLS_MAX */
    day_t from, to;   /* days with intraday candles, inclusive */
    day_t daily_from; /* the first daily candle, before `from` by the lookback that scans need */
} generator_plan_t;

typedef struct generator generator_t;

/* The calendar must live as long. */
generator_t *generator_new (const generator_plan_t *plan, const calendar_t *calendar);
void generator_destroy (generator_t **self);

/* The name of symbol `index` (< count): 2-5 characters, unique, whatever the seed; lives with the
 * generator. The first are awkward on purpose (BRK.B, NA, NAN). */
const char *generator_symbol (const generator_t *self, size_t index);

typedef struct {
    day_t day;
    double from, to; /* split_from, split_to: prices before are multiplied by from / to */
} generator_split_t;

/* Starts symbol `index` at daily_from. The three below tell of the symbol started last. */
void generator_start (generator_t *self, size_t index);
/* Its splits in daily_from..to, in order: `*count` at most GENERATOR_SPLITS_MAX. */
const generator_split_t *generator_splits (const generator_t *self, size_t *count);
/* Its listing; before that day it has no candle. DAY_NONE when unknown. */
day_t generator_ipo (const generator_t *self);
/* Shares outstanding at daily_from, for market caps; each split since then multiplies them by to /
 * from. NAN when unknown. */
double generator_shares (const generator_t *self);

/* The symbol's next trading day: its daily candle (regular session) and, for days in from..to, its
 * 1-minute candles in time order, premarket 04:00 to after hours 19:59, with gaps and now and then
 * a halt. `minutes` is overwritten; NULL when only the daily candle is wanted. Returns the date, or
 * DAY_NONE past `to`. `*traded` is false on a day without a trade (no candles then). Prices are
 * rounded to cents (at least 0.01), unadjusted for later splits. */
day_t generator_next (generator_t *self, candle_t *daily, candles_t *minutes, bool *traded);

#endif

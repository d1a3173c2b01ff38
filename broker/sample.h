/* sample - writes a synthetic market as a data directory, in the form that the README
 * describes under "Your own data".
 *
 *     DIR/data/candles/SYMBOL/FREQ/KEY.csv          the generator's; daily ones begin before `from`
 *     DIR/data/holidays/US_exchange_holidays.json   by rule (holidays.h)
 *     DIR/data/polygon_splits.json                  the generator's splits
 *     DIR/data/fundamentals/SYMBOL.json             for most symbols
 */
#ifndef SAMPLE_H
#define SAMPLE_H

#include "frequency.h"

/* Daily candles begin this many trading days before `from`: an ATR lookback of 112, and room. */
#define SAMPLE_LOOKBACK 170

#define SAMPLE_FREQUENCIES_MAX 16

typedef struct {
    const char *directory; /* made when it does not exist; its parent must */
    uint64_t seed;
    size_t count;   /* symbols, 1 to GENERATOR_SYMBOLS_MAX */
    day_t from, to; /* days with intraday candles, inclusive */
    const frequency_t
        *frequencies; /* those wanted beside 1d, which is always written; repeats do no harm */
    size_t frequency_count; /* at most SAMPLE_FREQUENCIES_MAX */
    bool no_fundamentals;
} sample_plan_t;

/* What was written. */
typedef struct {
    uint64_t files; /* of all kinds */
    uint64_t rows;  /* candles */
} sample_summary_t;

/* Writes it. A directory that already has candles is refused: nothing is ever overwritten. 0, or -1
 * with one error logged; then what was written so far stays, and `*summary` is not set. */
int sample_write (const sample_plan_t *plan, sample_summary_t *summary);

#endif

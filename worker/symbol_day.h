/* symbol_day - a symbol's date under the scans whose gate let it pass: their rules, and the buckets of
 * candles longer than a minute.
 *
 *     1-minute candle --+--> rules at 1min ------------------------------------> found (hit, arrival)
 *                       +--> bucket of each longer frequency --complete--> rules -------^
 *     clock, end --------------------------------^
 *
 * A bucket is complete when its last minute or a candle of a later bucket has come. Else a candle, not
 * the bucket's first, is late for it when it arrived more than `candle_timeout_ms` after the later of
 * the bucket's end and the arrival of the bucket's newest candle: it is dropped for that frequency,
 * counted, and the bucket is complete. The clock completes a bucket once any candle would be late.
 * So what a bucket holds depends on the symbol's own candles alone.
 */
#ifndef SYMBOL_DAY_H
#define SYMBOL_DAY_H

#include "pack.h"
#include "rules.h"
#include "run.h"

/* What all symbols' days have in common. */
typedef struct {
    const run_t *run;
    int64_t since_ms; /* a hit of an entry that arrived before is not found, and is not the first */
    int64_t candle_timeout_ms;
    uint64_t late;     /* counts candles that came too late for a bucket */
    int64_t minute_ts; /* what `minute` is of: most candles have the time of the one before */
    int minute;
    /* Called for each hit, or the first of each scan unless the run is for all. `arrival_ms`: of the
     * candle, or of the bucket's newest. */
    void (*found) (void *argument, const hit_t *hit, int64_t arrival_ms);
    void *argument;
} symbol_day_rules_t;

typedef struct symbol_day symbol_day_t;

#define SYMBOL_DAY_LINES 4 /* cache lines of a day of one scan, about */

/* The gate of each intraday scan for the day that `daily` is set to, and the start of those that
 * pass. NULL when none does. Nothing of `daily` is kept. */
symbol_day_t *symbol_day_new (const run_t *run, daily_t *daily, const calendar_t *calendar);
void symbol_day_destroy (symbol_day_t **self);

/* The day (or NULL) as bytes, of the same run and program (desk_state.h): appends them. */
void symbol_day_save (const symbol_day_t *self, const run_t *run, buffer_t *state);
/* The day that they are, or NULL for none. False when they are no day of the run: `*self` is NULL then. */
bool symbol_day_load (symbol_day_t **self, const run_t *run, unpack_t *from);

/* Asks for the day (or NULL) to be brought into the cache: its candle comes soon. */
static inline void symbol_day_fetch (const symbol_day_t *self)
{
    for (int line = 0; self && line < SYMBOL_DAY_LINES; line++) {
        __builtin_prefetch ((const char *) self + (ptrdiff_t) (line * 64), 1);
    }
}

/* The date's next candle. True when a bucket began: ask again when it is due. */
bool symbol_day_take (symbol_day_t *self, symbol_day_rules_t *rules, const candle_t *candle,
                      int64_t arrival_ms);

/* Completes the buckets in which every candle would be late that arrives at `clock_ms`, or all of
 * them. */
void symbol_day_clock (symbol_day_t *self, symbol_day_rules_t *rules, int64_t clock_ms, bool all);

/* The last clock that completes no bucket, if no candle comes; INT64_MAX when none is open. */
int64_t symbol_day_due (const symbol_day_t *self, const symbol_day_rules_t *rules);

#endif

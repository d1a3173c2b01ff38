/* rules - the scanners' code: a gate for every symbol and day, a rule for every candle of a day
 * that passed.
 *
 *     rules_gate (scan, daily) --> rules_begin --> rules_feed (candle)* --> hits           intraday scanners
 *                             \--> rules_daily --> hit                                     1d scanners
 *
 * One definition serves batch, live and `explain`: each condition is one call of a checking
 * function. While scanning it stops at the first that fails; with an explanation to fill it goes on
 * and writes each condition down. No file, no socket, no clock.
 */
#ifndef RULES_H
#define RULES_H

#include "daily.h"
#include "hit.h"

/* One condition as `explain` shows it. `value` NAN = missing. */
typedef struct {
    const char
        *what;      /* "adv_14", "close < open", "time": lives as long as the program or the scan */
    const char *op; /* ">=", "<=", ">", "<", "in" or "is": how value compares with threshold */
    double value;
    double threshold;
    bool is_time; /* both are minutes of the day */
    bool passed;
} condition_t;

#define CONDITIONS_MAX (24 + SCAN_SHIFTS_MAX)

/* Filled by a gate or rule that explains. A value; start with count 0. */
typedef struct {
    int count;
    condition_t conditions[CONDITIONS_MAX];
} explanation_t;

/* A symbol's day under one intraday scan: what the rule remembers from candle to candle. A value
 * without pointers. */
typedef struct {
    double adv, adr, atr, market_cap, previous_close,
        extreme;         /* the day's daily values that the rule reads */
    double total_volume; /* the whole day so far */
    double premarket_volume;
    bool has_premarket;
    double day_high;       /* the day's highest high so far */
    double window_volume;  /* from start_time on */
    double window_extreme; /* lowest low or highest high from start_time on */
    uint32_t candles;      /* fed so far */
    uint32_t lows_mask;    /* size of the ring of lows minus one */
    double *
        lows; /* ring for shift (low, k); the owner's memory, rules_lows () doubles, or NULL when 0 */
} rule_state_t;

/* How many doubles of ring the scan's rule needs (a power of two, or 0). */
size_t rules_lows (const scan_t *scan);

/* Does the day that `daily` is set to pass the scan's gate? `explanation` may be NULL. */
bool rules_gate (const scan_t *scan, daily_t *daily, const calendar_t *calendar,
                 explanation_t *explanation);

/* Starts a day that passed. `lows` has rules_lows () doubles and lives as long as the state. */
void rules_begin (rule_state_t *self, const scan_t *scan, daily_t *daily, double *lows);

/* Feeds the day's next candle of the scan's frequency; `minute` is its local minute of the day.
 * True when it hits: then `values` (SCAN_COLUMNS_MAX) has the scan's columns. With an explanation
 * all conditions are evaluated and written. */
bool rules_feed (rule_state_t *self, const scan_t *scan, const candle_t *candle, int minute,
                 double *values, explanation_t *explanation);

/* Does the scan (a daily one) read the 1-minute candles of the day before? */
bool rules_reads_prev_allday (const scan_t *scan);

/* The rule of a 1d scanner on the day that `daily` is set to. `allday_close`, `allday_high`:
 * prev_allday, NAN when missing or not read. True when it hits: values are the columns, `candle`
 * that of back (D, 1). */
bool rules_daily (const scan_t *scan, daily_t *daily, double allday_close, double allday_high,
                  double *values, candle_t *candle, explanation_t *explanation);

#endif

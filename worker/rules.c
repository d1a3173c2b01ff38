/* Gate and rules as chains of checks (verdict.h), cheap ones first. A missing value is NAN, and
 * every comparison with it is false. */
#include "rules.h"

#include "verdict.h"

#include <math.h>
#include <string.h>

#define MARKET_OPEN    (9 * 60 + 30) /* minute of the day; earlier candles are premarket */
#define EXTREME_MARGIN 0.0001        /* how near to the extreme is the extreme */

/* ------------------------------------------------------------------ gate */

static bool gate_weekday (verdict_t *verdict, const scan_t *scan, const daily_t *daily,
                          const calendar_t *calendar)
{
    if (!check_is (verdict, "trading day", calendar_is_trading (calendar, daily_day (daily)))) {
        return false;
    }
    if (scan->days_of_week == 0) {
        return true;
    }
    int weekday = day_weekday (daily_day (daily));
    return check_decided (verdict, (condition_t){.what = "weekday",
                                                 .op = "in",
                                                 .value = weekday,
                                                 .threshold = scan->days_of_week,
                                                 .passed = scan->days_of_week >> weekday & 1});
}

static bool gate_range (verdict_t *verdict, const scan_t *scan, daily_t *daily)
{
    if (!scan_scanner (scan)->has_adv) {
        return true;
    }
    if (!check (verdict, "adv_14", daily_adv (daily), ">=", scan->min_adv)) {
        return false;
    }
    double adr = daily_adr (daily);
    return check (verdict, "adr_14", adr, ">=", scan->min_adr) &&
           check_given (verdict, "adr_14", adr, "<=", scan->max_adr);
}

static bool gate_market_cap (verdict_t *verdict, const scan_t *scan, daily_t *daily)
{
    double cap = daily_market_cap (daily);
    if (isnan (cap)) {
        return check_is (verdict, "market_cap missing: include_null_market_cap",
                         scan->include_null_market_cap);
    }
    return check (verdict, "market_cap", cap, ">=", scan->min_market_cap) &&
           check (verdict, "market_cap", cap, "<=", scan->max_market_cap);
}

static bool gate_dates (verdict_t *verdict, const scan_t *scan, daily_t *daily)
{
    if (!isnan (scan->min_days_from_earnings) || !isnan (scan->max_days_from_earnings)) {
        double days = daily_from_earnings (daily);
        const char *what = "days_from_earnings";
        if (!check_given (verdict, what, days, ">=", scan->min_days_from_earnings) ||
            !check_given (verdict, what, days, "<=", scan->max_days_from_earnings)) {
            return false;
        }
    }
    if (isnan (scan->min_days_since_ipo)) {
        return true;
    }
    double days = daily_since_ipo (daily);
    return isnan (days) ? check_is (verdict, "days_since_ipo missing", true)
                        : check (verdict, "days_since_ipo", days, ">=", scan->min_days_since_ipo);
}

bool rules_gate (const scan_t *scan, daily_t *daily, const calendar_t *calendar,
                 explanation_t *explanation)
{
    verdict_t verdict = {.explanation = explanation};
    return gate_weekday (&verdict, scan, daily, calendar) && gate_range (&verdict, scan, daily) &&
           gate_market_cap (&verdict, scan, daily) && gate_dates (&verdict, scan, daily) &&
           !verdict.failed;
}

/* ------------------------------------------------------------------ intraday rules */

/* The side of a candle that a scanner looks at. */
static inline double reach (const scan_t *scan, const candle_t *candle)
{
    return scan_scanner (scan)->up ? candle->high : candle->low;
}

static inline double gap_of (const rule_state_t *self, double price)
{
    return (price - self->previous_close) / self->previous_close;
}

static bool atr_gap (const rule_state_t *self, const scan_t *scan, const candle_t *candle,
                     verdict_t *verdict, double *values)
{
    bool up = scan_scanner (scan)->up;
    if (!check (verdict, "cumulative_daily_volume", self->total_volume, ">=", scan->min_volume) ||
        !(up ? check (verdict, "close > open", candle->close, ">", candle->open)
             : check (verdict, "close < open", candle->close, "<", candle->open))) {
        return false;
    }
    double gap = gap_of (self, reach (scan, candle));
    double in_atrs = gap * self->previous_close / self->atr;
    if (!check (verdict, "prev_day_close", self->previous_close, ">", 0) ||
        !check (verdict, "daily_atr_14", self->atr, ">", 0) ||
        !(up ? check (verdict, "atr_gap", in_atrs, ">", 0)
             : check (verdict, "atr_gap", in_atrs, "<", 0)) ||
        !check (verdict, "abs(atr_gap)", fabs (in_atrs), ">=", scan->min_atr_multiplier) ||
        !check_given (verdict, "abs(atr_gap)", fabs (in_atrs), "<=", scan->max_atr_multiplier) ||
        verdict->failed) {
        return false;
    }
    const double columns[] = {self->total_volume, self->adv, self->adr,
                              self->market_cap,   gap,       in_atrs};
    memcpy (values, columns, sizeof columns);
    return true;
}

static bool atr_parabolic (const rule_state_t *self, const scan_t *scan, const candle_t *candle,
                           verdict_t *verdict, double *values)
{
    bool up = scan_scanner (scan)->up;
    if (!check (verdict, "cumulative_daily_volume", self->window_volume, ">=", scan->min_volume) ||
        !check (verdict, "daily_atr_14", self->atr, ">", 0)) {
        return false;
    }
    double rise = up ? candle->close - candle->open : candle->open - candle->close;
    double signal = rise / self->atr;
    if (!check (verdict, "signal", signal, ">", scan->min_atr_multiplier)) {
        return false;
    }
    if (scan->new_extreme) {
        double distance = fabs (self->window_extreme - reach (scan, candle));
        const char *what = up ? "abs(highest_high - high)" : "abs(lowest_low - low)";
        check (verdict, what, distance, "<", EXTREME_MARGIN);
    }
    if (verdict->failed) {
        return false;
    }
    const double columns[] = {self->window_extreme,
                              self->window_volume,
                              self->adv,
                              self->adr,
                              self->atr,
                              self->market_cap,
                              signal};
    memcpy (values, columns, sizeof columns);
    return true;
}

static bool range_gap (const rule_state_t *self, const scan_t *scan, const candle_t *candle,
                       verdict_t *verdict, double *values)
{
    double premarket = self->has_premarket ? self->premarket_volume : NAN;
    if (!check (verdict, "premarket_total_volume", premarket, ">=", scan->min_volume) ||
        !(scan_scanner (scan)->up
              ? check (verdict, "high > max_high", candle->high, ">", self->extreme)
              : check (verdict, "low < min_low", candle->low, "<", self->extreme))) {
        return false;
    }
    double gap = gap_of (self, reach (scan, candle));
    double in_atrs = gap * self->previous_close / self->atr;
    check_given (verdict, "atr_gap", in_atrs, ">=", scan->min_atr_gap);
    if (verdict->failed) {
        return false;
    }
    const double columns[] = {premarket, gap,           in_atrs,         self->adv,
                              self->adr, self->extreme, self->market_cap};
    memcpy (values, columns, sizeof columns);
    return true;
}

/* The low of the k-th candle before this one. */
static double low_shift (const rule_state_t *self, int k)
{
    uint32_t current = self->candles - 1;
    return (uint32_t) k <= current ? self->lows[(current - (uint32_t) k) & self->lows_mask] : NAN;
}

/* Writes the pairs low_shift_K, change_K to `pairs`. The last K whose change exceeds its minimum,
 * or NAN. */
static double find_alert (const rule_state_t *self, const scan_t *scan, const candle_t *candle,
                          verdict_t *verdict, double *pairs)
{
    double alert = NAN;
    for (int i = 0; i < scan->shift_count; i++) {
        double low = low_shift (self, scan->shift_periods[i]);
        double change = (candle->high - low) / low;
        bool passed = change > scan->shift_min_changes[i];
        if (passed) {
            alert = scan->shift_periods[i];
        }
        if (verdict->explanation) {
            /* Written down without deciding anything: one of them is enough. The columns start with
             * the cumulative volume, then the pairs. */
            check_note (verdict, (condition_t){.what = scan->columns[2 + 2 * i].name,
                                               .op = ">",
                                               .value = change,
                                               .threshold = scan->shift_min_changes[i],
                                               .passed = passed});
        }
        *pairs++ = low;
        *pairs++ = change;
    }
    return alert;
}

static bool small_cap_up (const rule_state_t *self, const scan_t *scan, const candle_t *candle,
                          verdict_t *verdict, double *values)
{
    if (!check (verdict, "close", candle->close, ">=", scan->min_price) ||
        !check (verdict, "close", candle->close, "<=", scan->max_price) ||
        !check (verdict, "cumulative_daily_volume", self->total_volume, ">=", scan->min_volume)) {
        return false;
    }
    double gap = gap_of (self, candle->high);
    if (!check (verdict, "gap", gap, ">=", scan->min_gap)) {
        return false;
    }
    if (scan->new_extreme && !check (verdict, "abs(highest_high - high)",
                                     fabs (self->day_high - candle->high), "<", EXTREME_MARGIN)) {
        return false;
    }
    double pairs[2 * SCAN_SHIFTS_MAX] = {0};
    double alert = find_alert (self, scan, candle, verdict, pairs);
    check (verdict, "triggered_alert", alert, ">", 0);
    if (verdict->failed) {
        return false;
    }
    *values++ = self->total_volume;
    for (int i = 0; i < 2 * scan->shift_count; i++) {
        *values++ = pairs[i];
    }
    if (scan->new_extreme) {
        *values++ = self->day_high;
    }
    *values++ = alert;
    *values++ = self->market_cap;
    *values = gap;
    return true;
}

/* ------------------------------------------------------------------ rules of a day */

/* The 1-minute candles of the day before, all sessions. */
typedef struct {
    double close, high;
} allday_t;

static bool daily_atr_parabolic (const scan_t *scan, daily_t *daily, const allday_t *allday,
                                 verdict_t *verdict, double *values)
{
    (void) allday;
    const candle_t *previous = daily_previous (daily);
    double open = previous ? previous->open : NAN;
    double close = previous ? previous->close : NAN;
    double rise = scan_scanner (scan)->up ? close - open : open - close;
    /* Without a rise no ATR can lift the signal above 0. */
    if (!verdict->explanation && !(rise > 0) && scan->min_atr_multiplier > 0) {
        return false;
    }
    double atr = daily_atr (daily, scan->atr_lookback);
    double signal = rise / atr;
    if (!check (verdict, "prev_day_close", close, ">", 0) ||
        !check (verdict, "daily_atr_14", atr, ">", 0) ||
        !check (verdict, "signal", signal, ">=", scan->min_atr_multiplier) ||
        !check_given (verdict, "signal", signal, "<=", scan->max_atr_multiplier) ||
        verdict->failed) {
        return false;
    }
    const double columns[] = {daily_adv (daily),
                              daily_adr (daily),
                              atr,
                              close,
                              open,
                              daily_market_cap (daily),
                              daily_from_earnings (daily),
                              daily_since_ipo (daily),
                              signal};
    memcpy (values, columns, sizeof columns);
    return true;
}

static bool day2_gap (const scan_t *scan, daily_t *daily, const allday_t *allday,
                      verdict_t *verdict, double *values)
{
    double before = daily_previous_2_close (daily);
    double retrace = (allday->high - allday->close) / allday->close;
    double gain = (allday->high - before) / before;
    if (!check (verdict, "prev_allday_close", allday->close, ">=", scan->min_price) ||
        !check (verdict, "retrace", retrace, ">", scan->min_retrace) ||
        !check (verdict, "prev_2day_close", before, ">", 0) ||
        !check (verdict, "gain_all_sessions", gain, ">", scan->min_gap) || verdict->failed) {
        return false;
    }
    const double columns[] = {
        daily_adv (daily),        daily_adr (daily),       allday->close, allday->high, before,
        daily_market_cap (daily), daily_since_ipo (daily), retrace,       gain};
    memcpy (values, columns, sizeof columns);
    return true;
}

/* ------------------------------------------------------------------ the table */

typedef bool (feed_fn) (const rule_state_t *self, const scan_t *scan, const candle_t *candle,
                        verdict_t *verdict, double *values);
typedef bool (daily_fn) (const scan_t *scan, daily_t *daily, const allday_t *allday,
                         verdict_t *verdict, double *values);

/* One of the two. */
typedef struct {
    feed_fn *feed;
    daily_fn *daily;
} rule_t;

static const rule_t rules[SCANNER_COUNT] = {
    [SCAN_ATR_GAP_DOWN] = {.feed = atr_gap},
    [SCAN_ATR_GAP_UP] = {.feed = atr_gap},
    [SCAN_ATR_PARABOLIC_DOWN] = {.feed = atr_parabolic},
    [SCAN_ATR_PARABOLIC_UP] = {.feed = atr_parabolic},
    [SCAN_DAILY_ATR_PARABOLIC_DOWN] = {.daily = daily_atr_parabolic},
    [SCAN_DAILY_ATR_PARABOLIC_UP] = {.daily = daily_atr_parabolic},
    [SCAN_HIGH_RANGE_GAP_UP] = {.feed = range_gap},
    [SCAN_LOW_RANGE_GAP_DOWN] = {.feed = range_gap},
    [SCAN_SMALL_CAP_UP] = {.feed = small_cap_up},
    [SCAN_DAY2_GAP] = {.daily = day2_gap},
};

size_t rules_lows (const scan_t *scan)
{
    if (scan->shift_count == 0) {
        return 0;
    }
    size_t size = 1;
    for (int i = 0; i < scan->shift_count; i++) {
        while (size <= (size_t) scan->shift_periods[i]) {
            size *= 2;
        }
    }
    return size;
}

void rules_begin (rule_state_t *self, const scan_t *scan, daily_t *daily, double *lows)
{
    const scanner_t *scanner = scan_scanner (scan);
    const candle_t *previous = daily_previous (daily);
    double atr = scan->atr_lookback > 0 ? daily_atr (daily, scan->atr_lookback) : NAN;
    size_t ring = rules_lows (scan);
    *self = (rule_state_t){
        .adv = scanner->has_adv ? daily_adv (daily) : NAN,
        .adr = scanner->has_adv ? daily_adr (daily) : NAN,
        .atr = atr > 0 ? atr : NAN, /* a gap or signal in ATRs of 0 is missing */
        .market_cap = daily_market_cap (daily),
        .previous_close = previous ? previous->close : NAN,
        .extreme = NAN,
        .day_high = NAN,
        .window_extreme = NAN,
        .lows_mask = ring ? (uint32_t) ring - 1 : 0,
        .lows = ring ? lows : NULL,
    };
    if (scan->n_days > 0) {
        self->extreme = scanner->up ? daily_max_high (daily, scan->n_days)
                                    : daily_min_low (daily, scan->n_days);
    }
}

/* What the rules remember of a candle, whether it can hit or not. A comparison with NAN, the state
 * before the first candle, is false: so the candle's own value is taken. */
static inline void observe (rule_state_t *self, const scan_t *scan, const candle_t *candle,
                            int minute)
{
    self->total_volume += candle->volume;
    if (!(self->day_high >= candle->high)) {
        self->day_high = candle->high;
    }
    if (minute < MARKET_OPEN) {
        self->premarket_volume += candle->volume;
        self->has_premarket = true;
    }
    if (minute >= scan->start_time) {
        double price = reach (scan, candle);
        bool kept =
            scan_scanner (scan)->up ? self->window_extreme >= price : self->window_extreme <= price;
        self->window_volume += candle->volume;
        self->window_extreme = kept ? self->window_extreme : price;
    }
    if (self->lows) {
        self->lows[self->candles & self->lows_mask] = candle->low;
    }
    self->candles++;
}

bool rules_feed (rule_state_t *self, const scan_t *scan, const candle_t *candle, int minute,
                 double *values, explanation_t *explanation)
{
    verdict_t verdict = {.explanation = explanation};
    observe (self, scan, candle, minute);
    return check_time (&verdict, minute, ">=", scan->start_time) &&
           check_time (&verdict, minute, "<=", scan->end_time) &&
           rules[scan->kind].feed (self, scan, candle, &verdict, values);
}

bool rules_reads_prev_allday (const scan_t *scan)
{
    return scan_scanner (scan)->reads_prev_allday;
}

bool rules_daily (const scan_t *scan, daily_t *daily, double allday_close, double allday_high,
                  double *values, candle_t *candle, explanation_t *explanation)
{
    verdict_t verdict = {.explanation = explanation};
    const allday_t allday = {.close = allday_close, .high = allday_high};
    if (!rules[scan->kind].daily (scan, daily, &allday, &verdict, values)) {
        return false;
    }
    *candle = *daily_previous (daily);
    return true;
}

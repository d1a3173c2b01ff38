/* The daily rows as of D lie in one sorted array, and every window ends where D begins:
 *
 *     rows:   r r r r r r r r r r r r r r | r r r
 *                     ^                   ^
 *         window_start (n)               end: first row dated >= D
 *
 * A split changes the rows of all days before it, but only for days D on or after it. So a symbol
 * with splits has a second array, built anew when D crosses an execution date; a symbol without has
 * its raw rows and no copy. */
#include "daily.h"

#include "memory.h"
#include "windows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PERIOD      14
#define DAY_SECONDS INT64_C (86400)
#define KEYED_MASK  63 /* values by n: n and n + 64 share a slot, which costs time alone */
#define ATR_MASK    7  /* the same for windows of an ATR */

/* A value and the day it is of. */
typedef struct {
    uint64_t stamp;
    int n;
    double value;
} kept_t;

struct daily {
    const calendar_t *calendar;
    candles_t raw;
    candles_t adjusted; /* empty without splits */
    split_t *splits;    /* in file order */
    size_t split_count;
    day_t known_from,
        known_to; /* the days on which `adjusted` is right: the same splits are known */
    fundamentals_t fundamentals;

    day_t day;      /* D; DAY_NONE before the first */
    uint64_t stamp; /* changes with D: what is kept under another stamp is of another day */
    candle_t *rows; /* the rows as of D: raw or adjusted */
    size_t end;     /* of every window */
    window_t volumes, ranges, true_ranges[ATR_MASK + 1];
    const candle_t *previous; /* of back (D, 1), or NULL */
    uint64_t previous_stamp;  /* of which day */
    kept_t adv, adr, market_cap;
    kept_t atr[KEYED_MASK + 1], max_high[KEYED_MASK + 1], min_low[KEYED_MASK + 1];
};

daily_t *daily_new (const calendar_t *calendar)
{
    daily_t *self = memory_new (sizeof *self);
    self->calendar = calendar;
    self->fundamentals.ipo = DAY_NONE;
    self->day = DAY_NONE;
    self->known_to = DAY_NONE;
    self->volumes = (window_t){.term = WINDOW_VOLUME, .decay = 1};
    self->ranges = (window_t){.term = WINDOW_RANGE, .decay = 1};
    for (size_t i = 0; i <= ATR_MASK; i++) {
        self->true_ranges[i] = (window_t){.term = WINDOW_TRUE_RANGE, .decay = 1 - 1.0 / PERIOD};
    }
    return self;
}

void daily_destroy (daily_t **self)
{
    if (*self) {
        candles_free (&(*self)->raw);
        candles_free (&(*self)->adjusted);
        fundamentals_free (&(*self)->fundamentals);
        free ((*self)->splits);
        window_free (&(*self)->volumes);
        window_free (&(*self)->ranges);
        for (size_t i = 0; i <= ATR_MASK; i++) {
            window_free (&(*self)->true_ranges[i]);
        }
        free (*self);
        *self = NULL;
    }
}

static void forget_windows (daily_t *self)
{
    window_forget (&self->volumes);
    window_forget (&self->ranges);
    for (size_t i = 0; i <= ATR_MASK; i++) {
        window_forget (&self->true_ranges[i]);
    }
}

/* The next daily_set_day computes everything anew. */
static void forget_day (daily_t *self)
{
    self->day = DAY_NONE;
    self->known_to = DAY_NONE;
    forget_windows (self);
}

void daily_clear (daily_t *self)
{
    self->raw.count = 0;
    self->adjusted.count = 0;
    self->split_count = 0;
    fundamentals_free (&self->fundamentals);
    forget_day (self);
}

candles_t *daily_candles (daily_t *self)
{
    forget_windows (self);
    return &self->raw;
}

void daily_set_splits (daily_t *self, const split_t *splits, size_t count)
{
    if (count > 0) {
        self->splits = memory_resize (self->splits, count, sizeof *splits);
        memcpy (self->splits, splits, count * sizeof *splits);
    }
    self->split_count = count;
    forget_day (self);
}

void daily_set_fundamentals (daily_t *self, fundamentals_t *fundamentals)
{
    fundamentals_free (&self->fundamentals);
    self->fundamentals = *fundamentals;
    *fundamentals = (fundamentals_t){.ipo = DAY_NONE};
    forget_day (self);
}

/* ------------------------------------------------------------------ the day */

candle_t daily_adjust (const daily_t *self, candle_t candle, day_t day)
{
    for (size_t i = 0; i < self->split_count; i++) {
        const split_t *split = &self->splits[i];
        if (split->day <= self->day && day < split->day) {
            candle.open *= split->factor;
            candle.high *= split->factor;
            candle.low *= split->factor;
            candle.close *= split->factor;
        }
    }
    return candle;
}

/* The days around D on which the same splits are known. */
static void find_known (daily_t *self)
{
    self->known_from = DAY_FIRST;
    self->known_to = DAY_LAST;
    for (size_t i = 0; i < self->split_count; i++) {
        day_t day = self->splits[i].day;
        if (day <= self->day && day > self->known_from) {
            self->known_from = day;
        }
        if (day > self->day && day <= self->known_to) {
            self->known_to = day - 1;
        }
    }
}

static void adjust_rows (daily_t *self)
{
    self->adjusted.count = 0;
    for (size_t i = 0; i < self->raw.count; i++) {
        const candle_t *row = &self->raw.rows[i];
        candle_t adjusted = daily_adjust (self, *row, candle_day (row));
        candles_push (&self->adjusted, &adjusted);
    }
}

static void choose_rows (daily_t *self)
{
    if (self->split_count == 0) {
        self->rows = self->raw.rows;
    } else if (self->day < self->known_from || self->day > self->known_to) {
        find_known (self);
        adjust_rows (self);
        forget_windows (self);
        self->rows = self->adjusted.rows;
    }
}

static size_t find_end (const daily_t *self, day_t before)
{
    int64_t ts = self->day * DAY_SECONDS;
    if (before == DAY_NONE || self->day < before) {
        return candles_find (&self->raw, ts);
    }
    size_t end = self->end;
    while (end < self->raw.count && self->rows[end].ts < ts) {
        end++;
    }
    return end;
}

void daily_set_day (daily_t *self, day_t day)
{
    if (day == self->day) {
        return;
    }
    day_t before = self->day;
    self->day = day;
    self->stamp++;
    choose_rows (self);
    self->end = find_end (self, before);
}

day_t daily_day (const daily_t *self)
{
    return self->day;
}

/* ------------------------------------------------------------------ windows */

/* The index of the first row of W(D, n). A symbol that trades every day has n rows there: looked at
 * first. */
static size_t window_start (const daily_t *self, int n)
{
    int64_t ts = calendar_back (self->calendar, self->day, n) * DAY_SECONDS;
    size_t guess = self->end > (size_t) n ? self->end - (size_t) n : 0;
    bool reaches = guess == self->end || self->rows[guess].ts >= ts;
    if (reaches && (guess == 0 || self->rows[guess - 1].ts < ts)) {
        return guess;
    }
    return candles_find (&self->raw, ts); /* splits change no time */
}

/* The first of the last PERIOD rows of W(D, PERIOD + 1). */
static size_t mean_start (const daily_t *self)
{
    size_t start = window_start (self, PERIOD + 1);
    return self->end - start > PERIOD ? self->end - PERIOD : start;
}

/* The candle dated `day` < D, or NULL. It is near the end. */
static const candle_t *find_row (const daily_t *self, day_t day)
{
    int64_t ts = day * DAY_SECONDS;
    size_t i = self->end;
    while (i > 0 && self->rows[i - 1].ts > ts) {
        i--;
    }
    return i > 0 && self->rows[i - 1].ts == ts ? &self->rows[i - 1] : NULL;
}

/* True when the value must be computed: the caller does. */
static inline bool renew (const daily_t *self, kept_t *kept, int n)
{
    if (kept->stamp == self->stamp && kept->n == n) {
        return false;
    }
    kept->stamp = self->stamp;
    kept->n = n;
    return true;
}

/* ------------------------------------------------------------------ indicators */

/* The mean of the rows of W(D, PERIOD + 1) that count. */
static double mean (const daily_t *self, window_t *window)
{
    size_t start = mean_start (self);
    if (start == self->end) {
        return NAN;
    }
    double sum = window_sum (window, self->rows, self->raw.count, start, self->end);
    return sum / (double) (self->end - start);
}

static double greater (double a, double b)
{
    return a > b ? a : b;
}

/* Both weighted sums in Horner form: each step ages what is there by (1 - a). */
static double mean_true_range (daily_t *self, int lookback)
{
    window_t *window = &self->true_ranges[lookback & ATR_MASK];
    size_t start = window_start (self, lookback);
    if (start == self->end) {
        return NAN;
    }
    double sum = window_sum (window, self->rows, self->raw.count, start, self->end);
    return sum / window_weight (window, self->end - start);
}

double daily_adv (daily_t *self)
{
    if (renew (self, &self->adv, PERIOD)) {
        self->adv.value = mean (self, &self->volumes);
    }
    return self->adv.value;
}

double daily_adr (daily_t *self)
{
    if (renew (self, &self->adr, PERIOD)) {
        self->adr.value = mean (self, &self->ranges);
    }
    return self->adr.value;
}

double daily_atr (daily_t *self, int lookback)
{
    kept_t *kept = &self->atr[lookback & KEYED_MASK];
    if (renew (self, kept, lookback)) {
        kept->value = mean_true_range (self, lookback);
    }
    return kept->value;
}

const candle_t *daily_previous (daily_t *self)
{
    if (self->previous_stamp != self->stamp) {
        self->previous_stamp = self->stamp;
        self->previous = find_row (self, calendar_back (self->calendar, self->day, 1));
    }
    return self->previous;
}

double daily_previous_2_close (daily_t *self)
{
    const candle_t *row = find_row (self, calendar_back (self->calendar, self->day, 2));
    return row && daily_previous (self) ? row->close : NAN;
}

double daily_max_high (daily_t *self, int days)
{
    kept_t *kept = &self->max_high[days & KEYED_MASK];
    if (renew (self, kept, days)) {
        size_t i = window_start (self, days);
        kept->value = i < self->end ? self->rows[i].high : NAN;
        for (; i < self->end; i++) {
            kept->value = greater (kept->value, self->rows[i].high);
        }
    }
    return kept->value;
}

double daily_min_low (daily_t *self, int days)
{
    kept_t *kept = &self->min_low[days & KEYED_MASK];
    if (renew (self, kept, days)) {
        size_t i = window_start (self, days);
        kept->value = i < self->end ? self->rows[i].low : NAN;
        for (; i < self->end; i++) {
            kept->value = self->rows[i].low < kept->value ? self->rows[i].low : kept->value;
        }
    }
    return kept->value;
}

/* How many of the sorted days are <= day. */
static size_t count_until (const day_t *days, size_t count, day_t day)
{
    size_t low = 0;
    while (low < count) {
        size_t middle = low + (count - low) / 2;
        if (days[middle] <= day) {
            low = middle + 1;
        } else {
            count = middle;
        }
    }
    return low;
}

double daily_market_cap (daily_t *self)
{
    if (renew (self, &self->market_cap, 0)) {
        const fundamentals_t *known = &self->fundamentals;
        size_t count = count_until (known->cap_days, known->cap_count, self->day);
        self->market_cap.value = count > 0 ? known->caps[count - 1] : NAN;
    }
    return self->market_cap.value;
}

double daily_from_earnings (daily_t *self)
{
    const fundamentals_t *known = &self->fundamentals;
    size_t count = count_until (known->earnings, known->earnings_count, self->day);
    return count > 0 ? (double) (self->day - known->earnings[count - 1]) : NAN;
}

double daily_to_earnings (daily_t *self)
{
    const fundamentals_t *known = &self->fundamentals;
    size_t count = count_until (known->earnings, known->earnings_count, self->day - 1);
    return count < known->earnings_count ? (double) (known->earnings[count] - self->day) : NAN;
}

double daily_since_ipo (daily_t *self)
{
    day_t ipo = self->fundamentals.ipo;
    return ipo == DAY_NONE || self->day < ipo ? NAN : (double) (self->day - ipo);
}

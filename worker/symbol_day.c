#include "symbol_day.h"

#include "memory.h"
#include "wire.h"

#include <stdlib.h>
#include <string.h>

/* A scan's day. */
typedef struct {
    rule_state_t state;
    uint32_t scan; /* its index in the run */
    bool done;     /* nothing more can be found */
} watch_t;

/* Candles of a longer frequency, as they are gathered. */
typedef struct {
    bucket_t bucket;
    int64_t end_ts;     /* of the bucket that began last; INT64_MIN before the first */
    int64_t arrival_ms; /* of its newest candle */
} bin_t;

/* The scans of one frequency. */
typedef struct {
    watch_t *watches;
    bin_t *bin; /* NULL at 1min */
    uint32_t count;
    uint32_t left; /* not done */
} group_t;

/* One block: what a 1-minute candle needs is in its first lines. */
struct symbol_day {
    uint32_t group_count;
    group_t groups[]; /* then the watches, the rings of lows, the bins */
};

/* ---- the start ---- */

/* Bit s: the run's scan s passes its gate. A 1d scan has no candle to wait for: it does not run
 * live. */
static uint64_t pass_gates (const run_t *run, daily_t *daily, const calendar_t *calendar)
{
    uint64_t passed = 0;
    for (size_t s = 0; s < run->scan_count; s++) {
        bool in = run->frequency_of[s] >= 0 && rules_gate (&run->scans[s], daily, calendar, NULL);
        passed |= (uint64_t) in << s;
    }
    return passed;
}

/* Those of `scans` that run at the run's i-th frequency. */
static uint64_t scans_at (const run_t *run, uint64_t scans, size_t i)
{
    for (size_t s = 0; s < run->scan_count; s++) {
        if (run->frequency_of[s] != (int) i) {
            scans &= ~(UINT64_C (1) << s);
        }
    }
    return scans;
}

/* The free places of the block. */
typedef struct {
    watch_t *watch;
    double *lows;
    bin_t *bin;
} places_t;

/* Makes the next group, with its watches behind those of the groups before: their rules have not begun. */
static void add_group (symbol_day_t *self, const run_t *run, size_t i, uint64_t scans,
                       places_t *places)
{
    group_t *group = &self->groups[self->group_count++];
    group->watches = places->watch;
    if (frequency_minutes (run->frequencies[i]) > 1) {
        group->bin = places->bin++;
        group->bin->end_ts = INT64_MIN;
        bucket_init (&group->bin->bucket, run->frequencies[i]);
    }
    for (size_t s = 0; s < run->scan_count; s++) {
        if (scans >> s & 1) {
            watch_t *watch = places->watch++;
            watch->scan = (uint32_t) s;
            watch->state.lows = places->lows;
            places->lows += rules_lows (&run->scans[s]);
            group->count++;
        }
    }
    group->left = group->count;
}

/* A day of the scans that `passed` names, one at least. */
static symbol_day_t *make_day (const run_t *run, uint64_t passed)
{
    size_t groups = 0, bins = 0, watches = 0, lows = 0;
    for (size_t i = 0; i < run->frequency_count; i++) {
        bool any = scans_at (run, passed, i) != 0;
        groups += any;
        bins += any && frequency_minutes (run->frequencies[i]) > 1;
    }
    for (size_t s = 0; s < run->scan_count; s++) {
        watches += passed >> s & 1;
        lows += passed >> s & 1 ? rules_lows (&run->scans[s]) : 0;
    }
    symbol_day_t *self =
        memory_new (sizeof *self + groups * sizeof (group_t) + watches * sizeof (watch_t) +
                    lows * sizeof (double) + bins * sizeof (bin_t));
    places_t places = {.watch = (watch_t *) (self->groups + groups)};
    places.lows = (double *) (places.watch + watches);
    places.bin = (bin_t *) (places.lows + lows);
    for (size_t i = 0; i < run->frequency_count; i++) {
        uint64_t scans = scans_at (run, passed, i);
        if (scans) {
            add_group (self, run, i, scans, &places);
        }
    }
    return self;
}

symbol_day_t *symbol_day_new (const run_t *run, daily_t *daily, const calendar_t *calendar)
{
    uint64_t passed = pass_gates (run, daily, calendar);
    symbol_day_t *self = passed ? make_day (run, passed) : NULL;
    for (uint32_t i = 0; self && i < self->group_count; i++) {
        for (uint32_t k = 0; k < self->groups[i].count; k++) {
            watch_t *watch = &self->groups[i].watches[k];
            rules_begin (&watch->state, &run->scans[watch->scan], daily, watch->state.lows);
        }
    }
    return self;
}

void symbol_day_destroy (symbol_day_t **self)
{
    free (*self);
    *self = NULL;
}

/* ---- candles ---- */

/* One candle of its frequency to one rule. False when nothing more can be found. */
static bool feed_rule (watch_t *watch, symbol_day_rules_t *rules, const candle_t *candle,
                       int64_t arrival_ms)
{
    const scan_t *scan = &rules->run->scans[watch->scan];
    int minute = rules->minute;
    if (minute > scan->end_time) {
        return false; /* nothing after the window can hit */
    }
    hit_t hit;
    if (!rules_feed (&watch->state, scan, candle, minute, hit.values, NULL) ||
        arrival_ms < rules->since_ms || !candle_is_finite (candle)) {
        return true;
    }
    hit.scan = watch->scan;
    hit.ts = candle->ts;
    hit.candle = *candle;
    hit.value_count = scan->column_count;
    rules->found (rules->argument, &hit, arrival_ms);
    return rules->run->all_hits;
}

static void feed_rules (group_t *self, symbol_day_rules_t *rules, const candle_t *candle,
                        int64_t arrival_ms)
{
    if (candle->ts != rules->minute_ts) {
        rules->minute_ts = candle->ts;
        rules->minute = exchange_minute (candle->ts);
    }
    for (uint32_t i = 0; i < self->count; i++) {
        watch_t *watch = &self->watches[i];
        if (!watch->done && !feed_rule (watch, rules, candle, arrival_ms)) {
            watch->done = true;
            self->left--;
        }
    }
}

static void complete (group_t *self, symbol_day_rules_t *rules)
{
    candle_t closed;
    if (bucket_close (&self->bin->bucket, &closed)) {
        feed_rules (self, rules, &closed, self->bin->arrival_ms);
    }
}

/* A candle of the open bucket that arrives after this is late for it. */
static int64_t limit_ms (const bin_t *self, const symbol_day_rules_t *rules)
{
    int64_t end_ms = self->end_ts * 1000;
    return (end_ms > self->arrival_ms ? end_ms : self->arrival_ms) + rules->candle_timeout_ms;
}

/* A candle to its bucket. True when that began. */
static bool feed_bucket (group_t *self, symbol_day_rules_t *rules, const candle_t *candle,
                         int64_t arrival_ms)
{
    bin_t *bin = self->bin;
    bucket_t *bucket = &bin->bucket;
    bool same = candle->ts < bin->end_ts && bucket_has (bucket, candle->ts);
    if (same && (!bucket->open || arrival_ms > limit_ms (bin, rules))) {
        rules->late++;
        complete (self, rules);
        return false;
    }
    if (!same) {
        complete (self, rules);
        if (self->left == 0) {
            return false;
        }
    }
    candle_t closed;
    bucket_feed (bucket, candle, &closed); /* closes none: the one before is complete */
    if (!same) {
        bin->end_ts = bucket_end (bucket);
    }
    bin->arrival_ms = arrival_ms;
    if (candle->ts + 60 >= bin->end_ts) {
        complete (self, rules);
    }
    return bucket->open && !same;
}

bool symbol_day_take (symbol_day_t *self, symbol_day_rules_t *rules, const candle_t *candle,
                      int64_t arrival_ms)
{
    bool began = false;
    for (uint32_t i = 0; i < self->group_count; i++) {
        group_t *group = &self->groups[i];
        if (group->left == 0) {
            continue;
        }
        if (group->bin) {
            began |= feed_bucket (group, rules, candle, arrival_ms);
        } else {
            feed_rules (group, rules, candle, arrival_ms);
        }
    }
    return began;
}

/* ---- the clock ---- */

void symbol_day_clock (symbol_day_t *self, symbol_day_rules_t *rules, int64_t clock_ms, bool all)
{
    for (uint32_t i = 0; i < self->group_count; i++) {
        group_t *group = &self->groups[i];
        bool open = group->bin && group->bin->bucket.open;
        if (open && (all || clock_ms > limit_ms (group->bin, rules))) {
            complete (group, rules);
        }
    }
}

int64_t symbol_day_due (const symbol_day_t *self, const symbol_day_rules_t *rules)
{
    int64_t due = INT64_MAX;
    for (uint32_t i = 0; i < self->group_count; i++) {
        const bin_t *bin = self->groups[i].bin;
        if (bin && bin->bucket.open && limit_ms (bin, rules) < due) {
            due = limit_ms (bin, rules);
        }
    }
    return due;
}

/* ---- as bytes ---- */

#define RULE_NUMBERS 11

/* The numbers of a rule that is under way, in the order of their bytes. */
static void name_numbers (rule_state_t *state, double *numbers[RULE_NUMBERS])
{
    double *all[RULE_NUMBERS] = {&state->adv,
                                 &state->adr,
                                 &state->atr,
                                 &state->market_cap,
                                 &state->previous_close,
                                 &state->extreme,
                                 &state->total_volume,
                                 &state->premarket_volume,
                                 &state->day_high,
                                 &state->window_volume,
                                 &state->window_extreme};
    memcpy (numbers, all, sizeof all);
}

static void save_watch (const watch_t *self, const run_t *run, buffer_t *state)
{
    rule_state_t rule = self->state;
    double *numbers[RULE_NUMBERS];
    uint8_t flags[] = {self->done, rule.has_premarket};
    name_numbers (&rule, numbers);
    PACK (state, flags);
    PACK (state, rule.candles);
    for (size_t i = 0; i < RULE_NUMBERS; i++) {
        PACK (state, *numbers[i]);
    }
    buffer_append (state, (const char *) rule.lows,
                   rules_lows (&run->scans[self->scan]) * sizeof *rule.lows);
}

static bool load_watch (watch_t *self, const run_t *run, unpack_t *from)
{
    rule_state_t *rule = &self->state;
    double *numbers[RULE_NUMBERS];
    size_t lows = rules_lows (&run->scans[self->scan]);
    name_numbers (rule, numbers);
    self->done = unpack_flag (from);
    rule->has_premarket = unpack_flag (from);
    UNPACK (from, rule->candles);
    for (size_t i = 0; i < RULE_NUMBERS; i++) {
        UNPACK (from, *numbers[i]);
    }
    rule->lows_mask = lows > 0 ? (uint32_t) lows - 1 : 0;
    unpack_bytes (from, rule->lows, lows * sizeof *rule->lows);
    rule->lows = lows > 0 ? rule->lows : NULL;
    return !from->bad;
}

static void save_bin (const bin_t *self, buffer_t *state)
{
    uint8_t open = self->bucket.open;
    PACK (state, open);
    PACK (state, self->end_ts);
    PACK (state, self->arrival_ms);
    PACK (state, self->bucket.candle);
}

/* A bin that never began has no candle and no end. */
static bool load_bin (bin_t *self, unpack_t *from)
{
    candle_t *candle = &self->bucket.candle;
    self->bucket.open = unpack_flag (from);
    UNPACK (from, self->end_ts);
    self->arrival_ms = unpack_within (from, INT64_MIN, WIRE_MS_MAX);
    UNPACK (from, *candle);
    bool began = self->end_ts != INT64_MIN;
    bool good = candle->ts >= WIRE_TS_FIRST && candle->ts <= WIRE_TS_LAST &&
                self->end_ts > candle->ts && self->end_ts <= candle->ts + 90000;
    return !from->bad && (began ? good : !self->bucket.open);
}

void symbol_day_save (const symbol_day_t *self, const run_t *run, buffer_t *state)
{
    uint64_t passed = 0;
    for (uint32_t i = 0; self && i < self->group_count; i++) {
        for (uint32_t k = 0; k < self->groups[i].count; k++) {
            passed |= UINT64_C (1) << self->groups[i].watches[k].scan;
        }
    }
    PACK (state, passed);
    for (uint32_t i = 0; self && i < self->group_count; i++) {
        const group_t *group = &self->groups[i];
        if (group->bin) {
            save_bin (group->bin, state);
        }
        for (uint32_t k = 0; k < group->count; k++) {
            save_watch (&group->watches[k], run, state);
        }
    }
}

/* Those of the run that have candles to wait for. */
static uint64_t intraday_scans (const run_t *run)
{
    uint64_t scans = 0;
    for (size_t s = 0; s < run->scan_count; s++) {
        scans |= (uint64_t) (run->frequency_of[s] >= 0) << s;
    }
    return scans;
}

static bool load_group (group_t *self, const run_t *run, unpack_t *from)
{
    bool good = !self->bin || load_bin (self->bin, from);
    self->left = self->count;
    for (uint32_t k = 0; k < self->count && good; k++) {
        good = load_watch (&self->watches[k], run, from);
        self->left -= self->watches[k].done;
    }
    return good;
}

bool symbol_day_load (symbol_day_t **self, const run_t *run, unpack_t *from)
{
    uint64_t passed;
    UNPACK (from, passed);
    bool good = !from->bad && (passed & ~intraday_scans (run)) == 0;
    *self = good && passed ? make_day (run, passed) : NULL;
    for (uint32_t i = 0; *self && i < (*self)->group_count && good; i++) {
        good = load_group (&(*self)->groups[i], run, from);
    }
    if (!good) {
        symbol_day_destroy (self);
    }
    return good;
}

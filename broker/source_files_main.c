#include "source_files_inside.h"

#include "market.h"

#define PASS_AT_ONCE 64  /* entries between two looks at room and time */
#define ROOM_MS      10  /* how soon to look again for room */
#define CLOCK_MS     200 /* how often the replay's clock is told while nothing is due */
#define GAP_MS       (10 * 60 * 1000)

static void pass (source_files_t *self, size_t symbol, const candle_t *candle)
{
    feed_t *feed = &self->feeds[symbol];
    entry_id_t id = source_files_id (candle->ts);
    if (candle->ts < self->end_ts &&
        entry_id_compare (id, flow_position (self->flow, feed->stream)) > 0) {
        flow_entry (self->flow, feed->stream, id, market_symbol (self->market, symbol), candle);
        feed->passed_ms = id.ms;
        self->counts.entries++;
    }
}

/* Opens a week of a symbol for the main reader; what is rejected in it counts the first time. */
static bool open_week (source_files_t *self, size_t symbol, day_t week)
{
    feed_t *feed = &self->feeds[symbol];
    bool quiet = feed->reported != DAY_NONE && week <= feed->reported;
    feed->reported = quiet ? feed->reported : week;
    return minute_file_open (&self->file, market_symbol (self->market, symbol), week, self->from,
                             self->to, quiet);
}

/* Nothing of the symbol that is still to be passed arrived before `ts`. */
static void tell_clock (source_files_t *self, size_t symbol, int64_t clock_ms)
{
    if (self->feeds[symbol].stream != SOURCE_FILES_NO_STREAM) {
        flow_clock (self->flow, self->feeds[symbol].stream, clock_ms);
    }
}

static void tell_clocks (source_files_t *self, int64_t clock_ms)
{
    for (size_t i = 0; i < self->count; i++) {
        tell_clock (self, i, clock_ms);
    }
}

static void wait_until (source_files_t *self, mono_t now, int64_t ms)
{
    self->due = (mono_t){now.us + ms * 1000};
}

/* Without room it is called again by whoever makes some, and soon in any case. */
static bool has_room (source_files_t *self, mono_t now)
{
    if (flow_has_room (self->flow)) {
        return true;
    }
    wait_until (self, now, ROOM_MS);
    return false;
}

static void end (source_files_t *self)
{
    tell_clocks (self, self->end_ts * 1000);
    self->over = true;
    self->counts.caught_up = true;
    self->counts.lag_ms = 0;
}

/* ---- as fast as it goes ---- */

static void end_symbol (source_files_t *self, size_t symbol)
{
    int64_t ts = exchange_midnight (self->week + 7);
    tell_clock (self, symbol, (ts < self->end_ts ? ts : self->end_ts) * 1000);
    self->loaded = false;
}

/* The next symbol's file of this week, or the first one's of the next. */
static void next_file (source_files_t *self)
{
    if (self->symbol == self->count) {
        self->symbol = 0;
        self->week += 7;
    }
    if (self->count == 0 || self->week > self->to) {
        end (self);
        return;
    }
    size_t symbol = self->symbol++;
    const feed_t *feed = &self->feeds[symbol];
    self->at = 0;
    self->loaded = feed->stream != SOURCE_FILES_NO_STREAM &&
                   feed->next_ts < exchange_midnight (self->week + 7) &&
                   open_week (self, symbol, self->week);
    if (!self->loaded) {
        end_symbol (self, symbol);
    }
}

/* A step of the main reader. False: there is nothing to do now. */
static bool step_max (source_files_t *self, mono_t now)
{
    if (minute_file_is_open (&self->file)) {
        minute_file_step (&self->file);
    } else if (!self->loaded) {
        next_file (self);
    } else if (self->at == self->file.candles.count) {
        end_symbol (self, self->symbol - 1);
    } else if (!has_room (self, now)) {
        return false;
    } else {
        size_t left = self->file.candles.count - self->at;
        for (size_t n = left < PASS_AT_ONCE ? left : PASS_AT_ONCE; n > 0; n--) {
            pass (self, self->symbol - 1, &self->file.candles.rows[self->at++]);
        }
    }
    return true;
}

/* ---- by the clock ---- */

/* The week of `next_ts` has no more. */
static void next_week (source_files_t *self, feed_t *feed)
{
    int64_t ts = exchange_midnight (source_files_week (feed->next_ts) + 7);
    feed->next_ts = ts < self->end_ts ? ts : SOURCE_FILES_NEVER;
}

/* Puts what was read into the window, as far as it reaches. */
static void put_file (source_files_t *self, minute_window_t *window)
{
    feed_t *feed = &self->feeds[self->symbol];
    const candles_t *candles = &self->file.candles;
    for (size_t i = candles_find (candles, feed->next_ts); i < candles->count; i++) {
        const candle_t *candle = &candles->rows[i];
        if (candle->ts >= self->end_ts) {
            feed->next_ts = SOURCE_FILES_NEVER;
            return;
        }
        if (candle->ts >= minute_window_end (window)) {
            feed->next_ts = candle->ts;
            return;
        }
        minute_window_put (window, (uint32_t) self->symbol, candle);
    }
    next_week (self, feed);
}

/* Begins a window with the oldest candle that is left. False: there is none. */
static bool begin_window (source_files_t *self, minute_window_t *window)
{
    int64_t start = SOURCE_FILES_NEVER;
    for (size_t i = 0; i < self->count; i++) {
        start = self->feeds[i].next_ts < start ? self->feeds[i].next_ts : start;
    }
    if (start == SOURCE_FILES_NEVER) {
        return false;
    }
    minute_window_begin (window, start - start % 60);
    self->symbol = 0;
    self->filling = true;
    return true;
}

/* A step of filling the other window. False: it is full, or there is nothing left. */
static bool fill (source_files_t *self)
{
    minute_window_t *window = &self->windows[!self->current];
    if (self->ready || (!self->filling && !begin_window (self, window))) {
        return false;
    }
    if (minute_file_is_open (&self->file)) {
        if (minute_file_step (&self->file)) {
            put_file (self, window);
        }
        return true;
    }
    while (self->symbol < self->count &&
           self->feeds[self->symbol].next_ts >= minute_window_end (window)) {
        self->symbol++;
    }
    if (self->symbol == self->count) {
        self->filling = false;
        self->ready = true;
        return true;
    }
    feed_t *feed = &self->feeds[self->symbol];
    if (!open_week (self, self->symbol, source_files_week (feed->next_ts))) {
        next_week (self, feed);
    }
    return true;
}

static int64_t replay_ms (const source_files_t *self, mono_t now)
{
    return self->base_ms + (int64_t) ((double) (now.us - self->base.us) / 1000 * self->speed);
}

/* The row is not due yet: says when it is, and tells the time meanwhile. */
static void await (source_files_t *self, int64_t arrival_ms, mono_t now)
{
    int64_t now_ms = replay_ms (self, now);
    int64_t ms = (int64_t) ((double) (arrival_ms - now_ms) / self->speed) + 1;
    if (mono_ms (self->told, now) >= CLOCK_MS) {
        tell_clocks (self, now_ms);
        self->told = now;
    }
    self->counts.lag_ms = 0;
    wait_until (self, now, ms < CLOCK_MS ? ms : CLOCK_MS);
}

/* Passes the rows of one minute, some at a time. All have been passed: so much is clear of every stream. */
static void pass_minute (source_files_t *self, minute_window_t *window, int64_t ts)
{
    const minute_row_t *row = minute_window_next (window);
    for (int n = 0; n < PASS_AT_ONCE && row && row->candle.ts == ts; n++) {
        pass (self, row->symbol, &row->candle);
        minute_window_drop (window);
        row = minute_window_next (window);
    }
    if (!row || row->candle.ts != ts) {
        tell_clocks (self, source_files_arrival (ts));
    }
}

/* A step of passing on what is due. False: nothing is. */
static bool emit (source_files_t *self, mono_t now)
{
    minute_window_t *window = &self->windows[self->current];
    const minute_row_t *row = minute_window_next (window);
    if (!row) {
        if (self->ready) {
            self->current = !self->current;
            self->ready = false;
            return true;
        }
        return false;
    }
    int64_t arrival_ms = source_files_arrival (row->candle.ts);
    if (!self->started || arrival_ms - self->last_ms > GAP_MS) {
        self->base = now;
        self->base_ms = arrival_ms;
        self->started = true;
    }
    self->last_ms = arrival_ms;
    if (replay_ms (self, now) < arrival_ms) {
        await (self, arrival_ms, now);
        return false;
    }
    self->counts.lag_ms = replay_ms (self, now) - arrival_ms;
    if (!has_room (self, now)) {
        return false;
    }
    pass_minute (self, window, row->candle.ts);
    return true;
}

static bool step_timed (source_files_t *self, mono_t now)
{
    bool passed = emit (self, now), filled = fill (self);
    if (!passed && !filled && !self->ready && !minute_window_next (&self->windows[self->current])) {
        end (self);
    }
    return passed || filled;
}

bool source_files_pass (source_files_t *self, mono_t now)
{
    return self->speed > 0 ? step_timed (self, now) : step_max (self, now);
}

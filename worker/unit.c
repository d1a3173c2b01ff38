#include "unit_inside.h"

#include "clock.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

unit_t *unit_new (const run_t *run, const calendar_t *calendar, const wire_unit_t *order)
{
    unit_t *self = memory_new (sizeof *self);
    self->run = run;
    self->calendar = calendar;
    self->order = *order;
    self->order.splits = NULL;
    self->daily = daily_new (calendar);
    self->daily_next = DAY_NONE;
    self->csv = csv_new ();
    split_t *splits = memory_new (order->split_count * sizeof *splits);
    for (size_t i = 0; i < order->split_count; i++) {
        splits[i] = (split_t){order->splits[i].day, order->splits[i].factor};
    }
    daily_set_splits (self->daily, splits, order->split_count);
    free (splits);
    self->scanning = memory_new (run->scan_count * sizeof *self->scanning);
    for (size_t i = 0; i < run->scan_count; i++) {
        size_t lows = rules_lows (&run->scans[i]);
        self->scanning[i].lows = lows ? memory_new (lows * sizeof (double)) : NULL;
    }
    return self;
}

void unit_destroy (unit_t **unit)
{
    unit_t *self = *unit;
    if (!self) {
        return;
    }
    for (size_t i = 0; i < self->part_count; i++) {
        candles_free (&self->parts[i].candles);
    }
    for (size_t i = 0; i < self->run->scan_count; i++) {
        free (self->scanning[i].lows);
    }
    daily_destroy (&self->daily);
    csv_destroy (&self->csv);
    buffer_free (&self->fundamentals);
    candles_free (&self->incoming);
    candles_free (&self->built);
    free (self->planned);
    free (self->parts);
    free (self->wanted);
    free (self->scanning);
    free (self->hits);
    free (self->minutes);
    free (self);
    *unit = NULL;
}

uint32_t unit_id (const unit_t *self)
{
    return self->order.unit;
}

uint32_t unit_attempt (const unit_t *self)
{
    return self->order.attempt;
}

bool unit_is_done (const unit_t *self)
{
    return self->done;
}

static hit_t *new_hit (unit_t *self)
{
    if (self->hit_count == self->hit_capacity) {
        self->hit_capacity = self->hit_capacity * 2 + 16;
        self->hits = memory_resize (self->hits, self->hit_capacity, sizeof *self->hits);
    }
    return &self->hits[self->hit_count];
}

static void scan_candles (unit_t *self, size_t s, const candle_t *rows, size_t count)
{
    const scan_t *scan = &self->run->scans[s];
    scanning_t *scanning = &self->scanning[s];
    rules_begin (&scanning->state, scan, self->daily, scanning->lows);
    for (size_t k = 0; k < count; k++) {
        int minute = self->minutes[k];
        if (minute > scan->end_time) {
            return; /* nothing after the window can hit */
        }
        hit_t *hit = new_hit (self);
        if (rules_feed (&scanning->state, scan, &rows[k], minute, hit->values, NULL) &&
            candle_is_finite (&rows[k])) {
            hit->scan = (uint32_t) s;
            hit->ts = rows[k].ts;
            hit->candle = rows[k];
            hit->value_count = scan->column_count;
            self->hit_count++;
            if (!self->run->all_hits) {
                return;
            }
        }
    }
}

static void scan_daily (unit_t *self, size_t s, day_t day)
{
    const scan_t *scan = &self->run->scans[s];
    double close = NAN, high = NAN;
    if (rules_reads_prev_allday (scan)) {
        unit_previous_allday (self, day, &close, &high);
    }
    hit_t *hit = new_hit (self);
    if (rules_daily (scan, self->daily, close, high, hit->values, &hit->candle, NULL) &&
        candle_is_finite (&hit->candle)) {
        hit->scan = (uint32_t) s;
        hit->ts = exchange_midnight (day);
        hit->value_count = scan->column_count;
        self->hit_count++;
    }
}

static void put_hits (unit_t *self, outbox_t *out)
{
    if (self->hit_count == 0) {
        return;
    }
    if (self->hit_count > 1 && self->run->scan_count > 1) {
        qsort (self->hits, self->hit_count, sizeof *self->hits, hit_compare);
    }
    wire_hit_t item = {.unit = self->order.unit, .attempt = self->order.attempt};
    memcpy (item.symbol, self->order.symbol, sizeof item.symbol);
    for (size_t i = 0; i < self->hit_count; i++) {
        item.hit = self->hits[i];
        wire_put_hit (outbox_message (out), &item);
    }
    self->hit_count = 0;
}

/* Local times of the day's candles, once for all scans: each would ask for every one. */
static void find_minutes (unit_t *self, const candle_t *rows, size_t count)
{
    if (count > self->minute_capacity) {
        self->minute_capacity = count;
        self->minutes = memory_resize (self->minutes, count, sizeof *self->minutes);
    }
    for (size_t k = 0; k < count; k++) {
        self->minutes[k] = exchange_minute (rows[k].ts);
    }
}

/* One pass over the day's candles of each frequency, all its scans at once. `daily` is set to the
 * day. */
static void scan_day (unit_t *self, const planned_t *planned, outbox_t *out)
{
    const run_t *run = self->run;
    for (size_t s = 0; s < run->scan_count; s++) {
        if ((planned->scans >> s & 1) && run->frequency_of[s] < 0) {
            scan_daily (self, s, planned->day);
        }
    }
    for (size_t i = 0; i < run->frequency_count; i++) {
        const candle_t *rows = NULL;
        size_t count = 0;
        bool read = false;
        for (size_t s = 0; s < run->scan_count; s++) {
            if ((planned->scans >> s & 1) && run->frequency_of[s] == (int) i) {
                if (!read) {
                    rows = unit_day_candles (self, i, planned->day, &count);
                    find_minutes (self, rows, count);
                    read = true;
                }
                scan_candles (self, s, rows, count);
            }
        }
    }
    put_hits (self, out);
}

static void put_done (unit_t *self, outbox_t *out)
{
    wire_done_t item = {.unit = self->order.unit,
                        .attempt = self->order.attempt,
                        .counts = self->counts,
                        .note_count = self->note_count,
                        .notes = (const char (*)[WIRE_NOTE_MAX + 1]) self->notes};
    memcpy (item.symbol, self->order.symbol, sizeof item.symbol);
    wire_put_done (outbox_message (out), &item);
    self->done = true;
}

/* Scans the planned days whose partitions are there, in order, and ends the unit when that was all.
 * */
void unit_advance (unit_t *self, outbox_t *out)
{
    while (self->planned_next < self->planned_count) {
        const planned_t *planned = &self->planned[self->planned_next];
        if (!unit_is_there (self, planned)) {
            return;
        }
        daily_set_day (self->daily, planned->day);
        if (self->order.explain) {
            unit_explain_day (self, planned->day, out);
        } else {
            scan_day (self, planned, out);
        }
        self->planned_next++;
        unit_drop_parts (self, planned->day);
    }
    put_done (self, out);
}

static void plan_day (unit_t *self, day_t day, uint64_t scans)
{
    self->planned = memory_resize (self->planned, self->planned_count + 1, sizeof *self->planned);
    self->planned[self->planned_count++] = (planned_t){day, scans};
}

void unit_ready (unit_t *self, outbox_t *out, unit_times_t *times)
{
    if (self->gated) {
        return;
    }
    int64_t start = cpu_thread_ns ();
    const run_t *run = self->run;
    uint64_t need_files = unit_allday_scans (run);
    for (size_t s = 0; s < run->scan_count; s++) {
        need_files |= (uint64_t) (run->frequency_of[s] >= 0) << s;
    }
    self->gated = true;
    self->reading = false;
    candles_sort (daily_candles (self->daily));
    day_t day = calendar_next (self->calendar, self->order.first);
    for (; day != DAY_NONE && day <= self->order.last;
         day = calendar_next (self->calendar, day + 1)) {
        uint64_t scans = 0;
        daily_set_day (self->daily, day);
        for (size_t s = 0; s < run->scan_count; s++) {
            bool in = self->order.explain ||
                      rules_gate (&run->scans[s], self->daily, self->calendar, NULL);
            scans |= (uint64_t) in << s;
        }
        bool waits = self->planned_count > 0 || (scans & need_files);
        if (scans && (waits || self->order.explain)) {
            plan_day (self, day, scans);
        } else if (scans) {
            scan_day (self, &(planned_t){day, scans},
                      out); /* daily is set to it, no file to wait for */
        }
    }
    unit_plan_parts (self);
    unit_advance (self, out);
    times->scan_ns += cpu_thread_ns () - start;
}

#include "unit.h"

#include "clock.h"
#include "csv.h"
#include "rules.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A day whose gate lets scans through: bit i of `scans` is the run's scan i. */
typedef struct {
    day_t day;
    uint64_t scans;
} planned_t;

/* A partition that planned days read. */
typedef struct {
    partition_t partition;
    day_t last_use; /* dropped when this day is scanned */
    bool whole;
    candles_t candles;
} part_t;

/* What a scan keeps for itself. */
typedef struct {
    rule_state_t state;
    double *lows;
} scanning_t;

struct unit {
    const run_t *run;
    const calendar_t *calendar;
    wire_unit_t order; /* its splits are not kept: daily has them */
    daily_t *daily;
    buffer_t fundamentals; /* the JSON text as it comes */
    csv_t *csv;
    bool reading;            /* a file's candles are coming */
    partition_t current;     /* which file's */
    size_t received;         /* its bytes so far, or those of the fundamentals */
    size_t notes_before;     /* it came */
    part_t *target;          /* whose; NULL: daily */
    candles_t incoming;      /* rows of the file that is being read */
    day_t daily_next;        /* daily partitions come in order: no older one is taken any more */
    bool fundamentals_whole; /* they came, or cannot be read */
    size_t planned_count, planned_next;
    planned_t *planned;
    size_t part_count, part_next; /* part_next: the first that has not begun to come */
    part_t *parts;                /* in order of first date, then frequency */
    partition_t *wanted;          /* the same, as needs go out */
    scanning_t *scanning;         /* one for each scan of the run */
    candles_t built;              /* a day's candles of a frequency built from 1min */
    size_t hit_count, hit_capacity;
    hit_t *hits; /* of the day that is being scanned */
    wire_counts_t counts;
    size_t note_count;
    char notes[WIRE_NOTES_MAX][WIRE_NOTE_MAX + 1];
    bool gated, done;
    const wire_file_t *file; /* the one being taken, for notes */
};

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

/* ---- files ---- */

/* The dates whose rows this unit counts: its own, and what lies before the first and after the last
 * unit. */
static day_t counts_from (const unit_t *self)
{
    return self->order.is_first ? DAY_FIRST : self->order.first;
}

static day_t counts_to (const unit_t *self)
{
    return self->order.is_last ? DAY_LAST : self->order.last;
}

static void note (unit_t *self, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

/* A located message: "data/candles/A/1d/2023.csv:12: reason". */
static void note (unit_t *self, const char *format, ...)
{
    if (self->note_count == WIRE_NOTES_MAX) {
        return;
    }
    char *text = self->notes[self->note_count++];
    const wire_file_t *file = self->file;
    int used;
    if (file->content == WIRE_FUNDAMENTALS) {
        used = snprintf (text, WIRE_NOTE_MAX + 1, "data/fundamentals/%s.json", self->order.symbol);
    } else {
        char frequency[FREQUENCY_TEXT], key[PARTITION_TEXT];
        used = snprintf (text, WIRE_NOTE_MAX + 1, "data/candles/%s/%s/%s.csv", self->order.symbol,
                         frequency_format (file->partition.frequency, frequency),
                         partition_format (file->partition.frequency, file->partition.key, key));
    }
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (text + used, (size_t) (WIRE_NOTE_MAX + 1 - used), format, arguments);
    va_end (arguments);
    /* A reason may repeat what stands in the file; on the wire a control would make the message a
     * bad one, and the collector would take the worker for a broken one. */
    for (; *text; text++) {
        if ((unsigned char) *text < ' ' || *text == 0x7f) {
            *text = '?';
        }
    }
}

static void reject_row (void *argument, uint64_t line, const char *reason)
{
    note (argument, ":%llu: %s", (unsigned long long) line, reason);
}

/* Is a file that is rejected whole this unit's to count? A week may lie in two units, and which of
 * them reads it depends on the gates: each that does counts it, because none may be silent. */
static bool counts_file (const unit_t *self, const wire_file_t *file)
{
    if (file->content == WIRE_FUNDAMENTALS) {
        return self->order.is_first;
    }
    if (file->partition.frequency.unit != 'd') {
        return true;
    }
    day_t first = file->partition.key;
    return first >= counts_from (self) && first <= counts_to (self);
}

static void reject_file (unit_t *self, const char *reason)
{
    if (counts_file (self, self->file)) {
        uint64_t *count = self->file->content == WIRE_FUNDAMENTALS ? &self->counts.rejected_json
                                                                   : &self->counts.rejected_files;
        ++*count;
        note (self, ": %s", reason);
    }
}

static void take_fundamentals (unit_t *self, const wire_file_t *file)
{
    buffer_append (&self->fundamentals, file->bytes.bytes, file->bytes.size);
    if (!file->is_last) {
        return;
    }
    fundamentals_t fundamentals = {0};
    char error[WIRE_NOTE_MAX / 2];
    if (fundamentals_parse (&fundamentals, self->fundamentals.bytes, self->fundamentals.size, error,
                            sizeof error) != 0) {
        reject_file (self, error);
    }
    daily_set_fundamentals (self->daily, &fundamentals);
    buffer_free (&self->fundamentals);
}

/* The part that the file is; NULL when nobody asked for it. */
static part_t *find_part (unit_t *self, const partition_t *partition)
{
    for (size_t i = 0; i < self->part_count; i++) {
        part_t *part = &self->parts[i];
        if (part->partition.key == partition->key &&
            frequency_equal (part->partition.frequency, partition->frequency)) {
            return part;
        }
    }
    return NULL;
}

/* The file's rows are there: daily ones join the others, a partition's stay its own. */
static void keep_rows (unit_t *self)
{
    if (self->target) {
        self->target->candles = self->incoming;
        self->incoming = (candles_t){0};
        return;
    }
    candles_t *daily = daily_candles (self->daily);
    if (daily->count == 0) {
        candles_t empty = *daily;
        *daily = self->incoming;
        self->incoming = empty;
    } else {
        for (size_t i = 0; i < self->incoming.count; i++) {
            candles_push (daily, &self->incoming.rows[i]);
        }
    }
    self->incoming.count = 0;
}

static void take_candles (unit_t *self, const wire_file_t *file)
{
    if (!self->reading) {
        self->incoming.count = 0;
        self->notes_before = self->note_count;
        csv_begin (self->csv, file->partition.frequency, file->partition.key, counts_from (self),
                   counts_to (self), &self->incoming, reject_row, self);
        self->reading = true;
    }
    csv_feed (self->csv, file->bytes.bytes, file->bytes.size);
    if (!file->is_last) {
        return;
    }
    csv_counts_t found;
    self->reading = false;
    if (csv_end (self->csv, &found) != 0) {
        if (counts_file (self, file)) {
            self->counts.rejected_files++;
        } else {
            self->note_count = self->notes_before; /* said by the unit that counts it */
        }
    } else {
        self->counts.candles += found.candles;
        self->counts.rejected_rows += found.rejected;
        self->counts.unsorted_rows += found.unsorted;
        self->counts.duplicate_rows += found.duplicates;
        keep_rows (self);
    }
}

/* ---- which partitions ---- */

/* The frequency of the files that candles of the run's i-th frequency come from. */
static frequency_t source_of (const unit_t *self, size_t i)
{
    bool has_folder = self->order.folders >> i & 1;
    return has_folder ? self->run->frequencies[i] : FREQUENCY_1MIN;
}

static void want (unit_t *self, frequency_t frequency, day_t day, day_t use)
{
    partition_t partition = {frequency, partition_first (frequency, day)};
    part_t *part = find_part (self, &partition);
    if (!part) {
        self->parts = memory_resize (self->parts, self->part_count + 1, sizeof *self->parts);
        part = &self->parts[self->part_count++];
        *part = (part_t){.partition = partition};
    }
    part->last_use = use;
}

static uint64_t allday_scans (const run_t *run)
{
    uint64_t scans = 0;
    for (size_t i = 0; i < run->scan_count; i++) {
        scans |= (uint64_t) rules_reads_prev_allday (&run->scans[i]) << i;
    }
    return scans;
}

/* The partitions that a planned day reads. */
static void want_for (unit_t *self, const planned_t *planned)
{
    const run_t *run = self->run;
    for (size_t i = 0; i < run->scan_count; i++) {
        if ((planned->scans >> i & 1) && run->frequency_of[i] >= 0) {
            want (self, source_of (self, (size_t) run->frequency_of[i]), planned->day,
                  planned->day);
        }
    }
    if (planned->scans & allday_scans (run)) {
        want (self, FREQUENCY_1MIN, calendar_back (self->calendar, planned->day, 1), planned->day);
    }
}

static int compare_parts (const void *a, const void *b)
{
    const part_t *left = a, *right = b;
    if (left->partition.key != right->partition.key) {
        return left->partition.key < right->partition.key ? -1 : 1;
    }
    int l = frequency_minutes (left->partition.frequency);
    int r = frequency_minutes (right->partition.frequency);
    if (l != r) {
        return l < r ? -1 : 1;
    }
    return (int) left->partition.frequency.unit - (int) right->partition.frequency.unit;
}

static void plan_parts (unit_t *self)
{
    for (size_t i = 0; i < self->planned_count; i++) {
        want_for (self, &self->planned[i]);
    }
    if (self->part_count > 0) {
        qsort (self->parts, self->part_count, sizeof *self->parts, compare_parts);
        self->wanted = memory_new (self->part_count * sizeof *self->wanted);
        for (size_t i = 0; i < self->part_count; i++) {
            self->wanted[i] = self->parts[i].partition;
        }
    }
}

uint32_t unit_needs (const unit_t *self, const partition_t **partitions)
{
    *partitions = self->wanted;
    return self->part_next == 0 ? (uint32_t) self->part_count : 0;
}

/* Are the partitions that the day reads there? */
static bool is_there (unit_t *self, const planned_t *planned)
{
    for (size_t i = 0; i < self->part_count; i++) {
        const part_t *part = &self->parts[i];
        if (!part->whole && part->partition.key <= planned->day && part->last_use >= planned->day) {
            return false;
        }
    }
    return true;
}

/* ---- scanning a day ---- */

/* The rows of `day` in the partition that holds them; none when it has none. */
static const candle_t *rows_of (unit_t *self, frequency_t frequency, day_t day, size_t *count)
{
    partition_t partition = {frequency, partition_first (frequency, day)};
    part_t *part = find_part (self, &partition);
    *count = 0;
    if (!part) {
        return NULL;
    }
    size_t first = candles_find (&part->candles, exchange_midnight (day));
    *count = candles_find (&part->candles, exchange_midnight (day + 1)) - first;
    return part->candles.rows + first;
}

/* The day's candles of the run's i-th frequency, built from 1min where the symbol has no folder of
 * it. */
static const candle_t *day_candles (unit_t *self, size_t i, day_t day, size_t *count)
{
    frequency_t source = source_of (self, i);
    const candle_t *rows = rows_of (self, source, day, count);
    if (frequency_equal (source, self->run->frequencies[i])) {
        return rows;
    }
    bucket_t bucket;
    candle_t closed;
    bucket_init (&bucket, self->run->frequencies[i]);
    self->built.count = 0;
    for (size_t k = 0; k < *count; k++) {
        if (bucket_feed (&bucket, &rows[k], &closed)) {
            candles_push (&self->built, &closed);
        }
    }
    if (bucket_close (&bucket, &closed)) {
        candles_push (&self->built, &closed);
    }
    *count = self->built.count;
    return self->built.rows;
}

static hit_t *new_hit (unit_t *self)
{
    if (self->hit_count == self->hit_capacity) {
        self->hit_capacity = self->hit_capacity * 2 + 16;
        self->hits = memory_resize (self->hits, self->hit_capacity, sizeof *self->hits);
    }
    return &self->hits[self->hit_count];
}

/* A sum of volumes, or a split, may pass the largest double. Such a candle cannot be reported. */
static bool is_finite (const candle_t *candle)
{
    return isfinite (candle->open) && isfinite (candle->high) && isfinite (candle->low) &&
           isfinite (candle->close) && isfinite (candle->volume);
}

static void scan_candles (unit_t *self, size_t s, const candle_t *rows, size_t count)
{
    const scan_t *scan = &self->run->scans[s];
    scanning_t *scanning = &self->scanning[s];
    rules_begin (&scanning->state, scan, self->daily, scanning->lows);
    for (size_t k = 0; k < count; k++) {
        int minute = exchange_minute (rows[k].ts);
        if (minute > scan->end_time) {
            return; /* nothing after the window can hit */
        }
        hit_t *hit = new_hit (self);
        if (rules_feed (&scanning->state, scan, &rows[k], minute, hit->values, NULL) &&
            is_finite (&rows[k])) {
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

/* prev_allday: the last close and the highest high of the trading day before, every session, with
 * the splits known on the day. */
static void previous_allday (unit_t *self, day_t day, double *close, double *high)
{
    size_t count;
    day_t before = calendar_back (self->calendar, day, 1);
    const candle_t *rows = rows_of (self, FREQUENCY_1MIN, before, &count);
    *close = *high = NAN;
    for (size_t i = 0; i < count; i++) {
        candle_t candle = daily_adjust (self->daily, rows[i], before);
        *close = candle.close;
        *high = i == 0 || candle.high > *high ? candle.high : *high;
    }
}

static void scan_daily (unit_t *self, size_t s, day_t day)
{
    const scan_t *scan = &self->run->scans[s];
    double close = NAN, high = NAN;
    if (rules_reads_prev_allday (scan)) {
        previous_allday (self, day, &close, &high);
    }
    hit_t *hit = new_hit (self);
    if (rules_daily (scan, self->daily, close, high, hit->values, &hit->candle, NULL) &&
        is_finite (&hit->candle)) {
        hit->scan = (uint32_t) s;
        hit->ts = exchange_midnight (day);
        hit->value_count = scan->column_count;
        self->hit_count++;
    }
}

static void put_hits (unit_t *self, outbox_t *out)
{
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
                    rows = day_candles (self, i, planned->day, &count);
                    read = true;
                }
                scan_candles (self, s, rows, count);
            }
        }
    }
    put_hits (self, out);
}

/* ---- explaining ---- */

static void put_explanation (unit_t *self, size_t s, bool is_rule, bool hit, const char *text,
                             const explanation_t *explanation, outbox_t *out)
{
    wire_condition_t conditions[CONDITIONS_MAX];
    for (int i = 0; i < explanation->count; i++) {
        const condition_t *from = &explanation->conditions[i];
        wire_condition_t *to = &conditions[i];
        *to = (wire_condition_t){.value = from->value,
                                 .threshold = from->threshold,
                                 .is_time = from->is_time,
                                 .passed = from->passed};
        snprintf (to->what, sizeof to->what, "%s", from->what);
        snprintf (to->op, sizeof to->op, "%s", from->op);
    }
    wire_explain_t item = {.unit = self->order.unit,
                           .attempt = self->order.attempt,
                           .scan = (uint32_t) s,
                           .is_rule = is_rule,
                           .hit = hit,
                           .condition_count = (size_t) explanation->count,
                           .conditions = conditions};
    snprintf (item.note, sizeof item.note, "%s", text);
    wire_put_explain (outbox_message (out), &item);
}

/* "no candle ...": what the day has instead. */
static void describe_day (const candle_t *rows, size_t count, char *text, size_t size)
{
    if (count == 0) {
        snprintf (text, size, "no candle at that time: the day has none");
        return;
    }
    int first = exchange_minute (rows[0].ts), last = exchange_minute (rows[count - 1].ts);
    snprintf (text, size, "no candle at that time: the day has %zu, from %02d:%02d to %02d:%02d",
              count, first / 60, first % 60, last / 60, last % 60);
}

static void explain_candles (unit_t *self, size_t s, day_t day, outbox_t *out)
{
    const scan_t *scan = &self->run->scans[s];
    scanning_t *scanning = &self->scanning[s];
    size_t count, k = 0;
    const candle_t *rows = day_candles (self, (size_t) self->run->frequency_of[s], day, &count);
    int64_t length = 60 * (int64_t) frequency_minutes (scan->frequency);
    double values[SCAN_COLUMNS_MAX];
    explanation_t explanation = {0};
    char text[WIRE_NOTE_MAX] = "";
    bool hit = false;
    rules_begin (&scanning->state, scan, self->daily, scanning->lows);
    while (k < count && rows[k].ts + length <= self->order.when) {
        rules_feed (&scanning->state, scan, &rows[k], exchange_minute (rows[k].ts), values, NULL);
        k++;
    }
    if (k < count && rows[k].ts <= self->order.when) {
        int minute = exchange_minute (rows[k].ts);
        hit = rules_feed (&scanning->state, scan, &rows[k], minute, values, &explanation);
    } else {
        describe_day (rows, count, text, sizeof text);
    }
    put_explanation (self, s, true, hit, text, &explanation, out);
}

static void explain_day (unit_t *self, day_t day, outbox_t *out)
{
    for (size_t s = 0; s < self->run->scan_count; s++) {
        const scan_t *scan = &self->run->scans[s];
        explanation_t gate = {0}, rule = {0};
        bool passed = rules_gate (scan, self->daily, self->calendar, &gate);
        put_explanation (self, s, false, passed, "", &gate, out);
        if (self->run->frequency_of[s] >= 0) {
            explain_candles (self, s, day, out);
            continue;
        }
        double close = NAN, high = NAN, values[SCAN_COLUMNS_MAX];
        candle_t candle;
        if (rules_reads_prev_allday (scan)) {
            previous_allday (self, day, &close, &high);
        }
        bool hit = rules_daily (scan, self->daily, close, high, values, &candle, &rule);
        put_explanation (self, s, true, hit, "", &rule, out);
    }
}

/* ---- the way of a unit ---- */

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

/* Partitions that no planned day from here on reads. */
static void drop_parts (unit_t *self, day_t scanned)
{
    for (size_t i = 0; i < self->part_count; i++) {
        if (self->parts[i].whole && self->parts[i].last_use <= scanned) {
            candles_free (&self->parts[i].candles);
        }
    }
}

/* Scans the planned days whose partitions are there, in order, and ends the unit when that was all.
 * */
static void advance (unit_t *self, outbox_t *out)
{
    while (self->planned_next < self->planned_count) {
        const planned_t *planned = &self->planned[self->planned_next];
        if (!is_there (self, planned)) {
            return;
        }
        daily_set_day (self->daily, planned->day);
        if (self->order.explain) {
            explain_day (self, planned->day, out);
        } else {
            scan_day (self, planned, out);
        }
        self->planned_next++;
        drop_parts (self, planned->day);
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
    uint64_t need_files = allday_scans (run);
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
    plan_parts (self);
    advance (self, out);
    times->scan_ns += cpu_thread_ns () - start;
}

/* The partition is there, or known not to be. */
static void end_part (unit_t *self, part_t *part, outbox_t *out, unit_times_t *times)
{
    int64_t start = cpu_thread_ns ();
    part->whole = true;
    advance (self, out);
    times->scan_ns += cpu_thread_ns () - start;
}

/* Is the file one that may come now: a daily partition or the fundamentals before READY, after it a
 * partition that was asked for (`part`), each once? */
static bool may_come (const unit_t *self, const wire_file_t *file, const part_t *part)
{
    if (self->done || self->gated) {
        return !self->done && part && !part->whole;
    }
    if (file->content == WIRE_FUNDAMENTALS) {
        return !self->fundamentals_whole;
    }
    return file->partition.frequency.unit == 'd' && file->partition.key >= self->daily_next;
}

/* Another file begins: what came of one that never ended is dropped. */
static void begin_file (unit_t *self, const wire_file_t *file)
{
    bool same = self->current.key == file->partition.key &&
                frequency_equal (self->current.frequency, file->partition.frequency) &&
                (file->content == WIRE_FUNDAMENTALS ? self->fundamentals.size > 0 : self->reading);
    if (!same) {
        self->reading = false;
        self->fundamentals.size = 0;
        self->current = file->partition;
        self->received = 0;
    }
}

static void take_file (unit_t *self, const wire_file_t *file, const char *problem)
{
    if (problem[0]) {
        self->reading = false;
        buffer_free (&self->fundamentals);
        reject_file (self, problem);
    } else if (file->content == WIRE_FUNDAMENTALS) {
        take_fundamentals (self, file);
    } else {
        take_candles (self, file);
    }
}

void unit_file (unit_t *self, const wire_file_t *file, outbox_t *out, unit_times_t *times)
{
    part_t *part =
        file->content == WIRE_PARTITION && self->gated ? find_part (self, &file->partition) : NULL;
    if (!may_come (self, file, part)) {
        return;
    }
    int64_t start = cpu_thread_ns ();
    self->file = file;
    self->target = part;
    if (part) {
        self->part_next = (size_t) (part - self->parts) + 1;
    }
    begin_file (self, file);
    self->received += file->bytes.size;
    bool too_large = self->received > WIRE_FILE_MAX;
    take_file (self, file, too_large ? "more of it came than a file may have" : file->problem);
    self->file = NULL;
    times->parse_ns += cpu_thread_ns () - start;
    if (!file->is_last && !file->problem[0] && !too_large) {
        return;
    }
    if (part) {
        end_part (self, part, out, times);
    } else if (file->content == WIRE_FUNDAMENTALS) {
        self->fundamentals_whole = true;
    } else {
        self->daily_next = file->partition.key + 1;
    }
}

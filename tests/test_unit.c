/* A unit of work, driven by the structs of its messages: what it asks for, what it finds, what it
 * counts. What it sends is read back from the wire. */
#include "check.h"

#include "rules.h"
#include "unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPEN  (9 * 60 + 30)
#define ITEMS 4096

#define PARABOLIC                                                                                  \
    "atr_parabolic_up,min_adv=0,min_adr=0,min_atr_multiplier=0.1,min_volume=0,"                    \
    "start_time=09:30,end_time=16:00,include_null_market_cap"
#define DAY2                                                                                       \
    "day2_gap,min_adv=0,min_adr=0,min_gap=0.1,min_retrace=0.01,min_price=1,"                       \
    "include_null_market_cap"
/* A run, one unit of it, and what the unit sent. */
#define DAILY                                                                                      \
    "daily_atr_parabolic_up,min_adv=0,min_adr=0,min_atr_multiplier=0.1,include_null_market_cap"
typedef struct {
    run_t run;
    calendar_t *calendar;
    bus_t *bus;
    channel_t *push, *pull;
    wire_reader_t *reader;
    outbox_t *out;
    unit_times_t times;
    unit_t *unit;
    uint32_t id;
    size_t hit_count, explain_count, done_count, note_count;
    wire_hit_t hits[ITEMS];
    wire_explain_t explains[16];
    wire_condition_t conditions[16][CONDITIONS_MAX];
    wire_done_t done;
    char notes[WIRE_NOTES_MAX][WIRE_NOTE_MAX + 1];
} bench_t;

static day_t day_of (const char *text)
{
    day_t day = DAY_NONE;
    assert_true (day_parse (text, strlen (text), &day));
    return day;
}

static int bench_open (void **state)
{
    bench_t *self = memory_new (sizeof *self);
    self->calendar = calendar_new (NULL, 0);
    self->bus = bus_new (NULL);
    self->pull = channel_bind (self->bus, CHANNEL_PULL, "inproc://hits");
    self->push = channel_connect (self->bus, CHANNEL_PUSH, "inproc://hits");
    self->reader = wire_reader_new ();
    self->out = outbox_new ();
    *state = self;
    return self->pull && self->push ? 0 : -1;
}

static int bench_close (void **state)
{
    bench_t *self = *state;
    unit_destroy (&self->unit);
    outbox_destroy (&self->out);
    wire_reader_destroy (&self->reader);
    channel_destroy (&self->push, 0);
    channel_destroy (&self->pull, 0);
    bus_destroy (&self->bus);
    calendar_destroy (&self->calendar);
    free (self);
    return 0;
}

/* The run's scans, at 1min where they do not say otherwise. */
static void bench_run (bench_t *self, bool all_hits, const char *const *texts, size_t count)
{
    scan_t scans[SCANS_MAX];
    char error[256] = "";
    unit_destroy (&self->unit);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal (scan_parse (texts[i], FREQUENCY_1MIN, &scans[i], error, sizeof error), 0);
    }
    assert_int_equal (run_init (&self->run, scans, count, all_hits, error, sizeof error), 0);
}

static void bench_scan (bench_t *self, bool all_hits, const char *text)
{
    bench_run (self, all_hits, &text, 1);
}

/* A new unit; what the one before sent is forgotten. */
static void bench_order (bench_t *self, wire_unit_t order)
{
    unit_destroy (&self->unit);
    snprintf (order.symbol, sizeof order.symbol, "AAA");
    order.unit = ++self->id;
    order.attempt = 2;
    self->hit_count = self->explain_count = self->done_count = self->note_count = 0;
    outbox_begin (self->out, 3, (session_t){1, self->id});
    self->unit = unit_new (&self->run, self->calendar, &order);
}

/* The only unit of its symbol. */
static void bench_unit (bench_t *self, const char *first, const char *last)
{
    bench_order (self, (wire_unit_t){.first = day_of (first),
                                     .last = day_of (last),
                                     .is_first = true,
                                     .is_last = true});
}

static void keep_item (bench_t *self, const wire_object_t *object)
{
    if (object->kind == WIRE_HIT) {
        assert_true (self->hit_count < ITEMS);
        assert_int_equal (object->hit.unit, self->id);
        assert_int_equal (object->hit.attempt, 2);
        assert_string_equal (object->hit.symbol, "AAA");
        self->hits[self->hit_count++] = object->hit;
    } else if (object->kind == WIRE_EXPLAIN) {
        assert_true (self->explain_count < 16);
        size_t i = self->explain_count++;
        self->explains[i] = object->explain;
        self->explains[i].conditions = self->conditions[i];
        memcpy (self->conditions[i], object->explain.conditions,
                object->explain.condition_count * sizeof *self->conditions[i]);
    } else {
        assert_int_equal (object->kind, WIRE_DONE);
        assert_string_equal (object->done.symbol, "AAA");
        self->done = object->done;
        self->done_count++;
        self->note_count = object->done.note_count;
        memcpy (self->notes, object->done.notes, self->note_count * sizeof *self->notes);
    }
}

/* Sends what the unit made and reads it back: every message must be one that a collector takes. */
static void bench_collect (bench_t *self)
{
    const char *bytes;
    size_t size;
    uint64_t refused = 0;
    bool all;
    do {
        all = outbox_flush (self->out, self->push, true);
        while (channel_receive (self->pull, NULL, &bytes, &size, &refused)) {
            wire_object_t object;
            int rc;
            wire_reader_begin (self->reader, bytes, size);
            assert_int_equal (wire_next (self->reader, &object), 1);
            assert_int_equal (object.kind, WIRE_LINK);
            while ((rc = wire_next (self->reader, &object)) == 1) {
                keep_item (self, &object);
            }
            assert_int_equal (rc, 0);
        }
    } while (!all);
    assert_int_equal (refused, 0);
    assert_int_equal (self->done_count, unit_is_done (self->unit));
}

/* Gives the unit a file in chunks of `chunk` bytes. */
static void give_chunks (bench_t *self, wire_content_t content, partition_t partition,
                         const char *text, size_t chunk)
{
    size_t size = strlen (text), at = 0;
    do {
        size_t part = size - at < chunk ? size - at : chunk;
        wire_file_t file = {.unit = self->id,
                            .attempt = 2,
                            .content = content,
                            .partition = partition,
                            .is_last = at + part == size,
                            .bytes = {text + at, part}};
        unit_file (self->unit, &file, self->out, &self->times);
        at += part;
    } while (at < size);
}

static partition_t partition_of (const char *frequency, const char *first)
{
    partition_t partition = {.key = day_of (first)};
    assert_true (frequency_parse (frequency, &partition.frequency));
    assert_int_equal (partition_first (partition.frequency, partition.key), partition.key);
    return partition;
}

static void give (bench_t *self, const char *frequency, const char *first, const char *text)
{
    give_chunks (self, WIRE_PARTITION, partition_of (frequency, first), text, SIZE_MAX);
}

static void give_fundamentals (bench_t *self, const char *text)
{
    give_chunks (self, WIRE_FUNDAMENTALS, (partition_t){FREQUENCY_1D, 0}, text, SIZE_MAX);
}

static void give_problem (bench_t *self, wire_content_t content, partition_t partition,
                          const char *problem)
{
    wire_file_t file = {.unit = self->id,
                        .attempt = 2,
                        .content = content,
                        .partition = partition,
                        .is_last = true};
    snprintf (file.problem, sizeof file.problem, "%s", problem);
    unit_file (self->unit, &file, self->out, &self->times);
}

static void ready (bench_t *self)
{
    unit_ready (self->unit, self->out, &self->times);
    bench_collect (self);
}

/* What the unit asks for, as "1min/2023-03-13 5min/2023-03-13". */
static void check_needs (bench_t *self, const char *expected)
{
    const partition_t *partitions;
    uint32_t count = unit_needs (self->unit, &partitions);
    char found[1024] = "";
    for (uint32_t i = 0; i < count; i++) {
        char frequency[FREQUENCY_TEXT], key[PARTITION_TEXT];
        size_t used = strlen (found);
        snprintf (found + used, sizeof found - used, "%s%s/%s", i ? " " : "",
                  frequency_format (partitions[i].frequency, frequency),
                  partition_format (partitions[i].frequency, partitions[i].key, key));
    }
    assert_string_equal (found, expected);
}

/* ---- files of the tests */

#define HEADER "datetime,open,high,low,close,volume\n"

static void add_candle (buffer_t *file, const candle_t *candle, bool daily)
{
    char date[11];
    if (file->size == 0) {
        buffer_printf (file, HEADER);
    }
    buffer_printf (file, "%s", day_format (candle_day (candle), date));
    if (!daily) {
        int minute = (int) (candle->ts % 86400 / 60);
        buffer_printf (file, " %02d:%02d:00", minute / 60, minute % 60);
    }
    buffer_printf (file, ",%.17g,%.17g,%.17g,%.17g,%.17g\n", candle->open, candle->high,
                   candle->low, candle->close, candle->volume);
}

/* The text; the next candle begins a new one. The caller frees it. */
static char *take_text (buffer_t *file)
{
    buffer_append (file, "", 1);
    char *text = file->bytes;
    *file = (buffer_t){0};
    return text;
}

/* A daily file with a candle on every trading day of [first, last]: a true range of 2, so the ATR
 * is 2, and a rise of 0.5. */
static char *daily_text (const char *first, const char *last)
{
    buffer_t file = {0};
    for (day_t day = day_of (first); day <= day_of (last); day++) {
        if (day_weekday (day) < 5) {
            candle_t candle = {(int64_t) day * 86400, 10, 11, 9, 10.5, 1000};
            add_candle (&file, &candle, true);
        }
    }
    return take_text (&file);
}

/* A candle at a local time; it rises by `rise`. */
static candle_t minute_candle (day_t day, int minute, double rise)
{
    return (candle_t){exchange_ts (day, minute), 10, 10 + rise + 0.25, 9.75, 10 + rise, 100};
}

/* An intraday file with `count` candles from 09:30 on, each `step` minutes, on each day of the week
 * that starts at `monday`; each candle rises by 1. */
static char *week_text (const char *monday, int count, int step)
{
    buffer_t file = {0};
    for (day_t day = day_of (monday); day < day_of (monday) + 5; day++) {
        for (int i = 0; i < count; i++) {
            candle_t candle = minute_candle (day, OPEN + i * step, 1);
            add_candle (&file, &candle, false);
        }
    }
    return take_text (&file);
}

static void give_text (bench_t *self, const char *frequency, const char *first, char *text)
{
    give (self, frequency, first, text);
    free (text);
}

/* The year 2023, and a gate that lets `days` through. */
static void give_daily (bench_t *self)
{
    give_text (self, "1d", "2023-01-01", daily_text ("2023-01-02", "2023-12-29"));
}

/* ---- what it asks for */

/* Partitions of the weeks whose days passed the gate are asked for, and no others. */
static void test_only_days_that_passed (void **state)
{
    bench_t *self = *state;
    bench_scan (self, false, PARABOLIC ",days_of_week=wed,min_market_cap=100");
    bench_unit (self, "2023-03-13", "2023-03-31");
    give_daily (self);
    give_fundamentals (self, "{\"historical_market_cap\": {\"2023-01-01\": 500, "
                             "\"2023-03-20\": 50, \"2023-03-27\": 500}}");
    ready (self);
    check_needs (self, "1min/2023-03-13 1min/2023-03-27");
    give_text (self, "1min", "2023-03-13", week_text ("2023-03-13", 3, 1));
    bench_collect (self);
    check_needs (self, ""); /* what is being served is not asked for again */
    assert_int_equal (self->hit_count, 1);
    assert_int_equal (self->hits[0].hit.ts, exchange_ts (day_of ("2023-03-15"), OPEN));
    assert_int_equal (self->done_count, 0);
    give_text (self, "1min", "2023-03-27", week_text ("2023-03-27", 3, 1));
    bench_collect (self);
    assert_int_equal (self->hit_count, 2);
    assert_int_equal (self->hits[1].hit.ts, exchange_ts (day_of ("2023-03-29"), OPEN));
    assert_int_equal (self->done_count, 1);
}

/* A unit of which no day passes asks for nothing and is done at once. */
static void test_no_day_passes (void **state)
{
    bench_t *self = *state;
    bench_scan (self, false, PARABOLIC ",days_of_week=sun");
    bench_unit (self, "2023-03-13", "2023-03-31");
    give_daily (self);
    ready (self);
    check_needs (self, "");
    assert_int_equal (self->done_count, 1);
    assert_int_equal (self->done.counts.candles, 260);
    ready (self); /* said again, it does nothing */
    assert_int_equal (self->done_count, 1);
}

/* Partitions are asked for in order of their first date, then of their frequency, each once. */
static void test_order_of_needs (void **state)
{
    bench_t *self = *state;
    const char *scans[] = {"a:" PARABOLIC ",freq=5min", "b:" PARABOLIC ",freq=1h",
                           "c:" PARABOLIC ",freq=3min", "d:" PARABOLIC ",freq=1min"};
    bench_run (self, false, scans, 4);
    bench_order (self, (wire_unit_t){.first = day_of ("2023-03-30"),
                                     .last = day_of ("2023-04-04"),
                                     .is_first = true,
                                     .is_last = true,
                                     .folders = 1 | 2 | 8});
    give_daily (self);
    ready (self);
    check_needs (self, "1h/2023-03 1min/2023-03-27 5min/2023-03-27 1h/2023-04 1min/2023-04-03 "
                       "5min/2023-04-03");
}

/* day2_gap asks for the week of the trading day before, in 1min, and takes its last close and
 * highest high. */
static void test_day_before (void **state)
{
    bench_t *self = *state;
    bench_scan (self, false, DAY2);
    bench_unit (self, "2023-03-13", "2023-03-13");
    give_daily (self);
    ready (self);
    check_needs (self, "1min/2023-03-06");
    buffer_t file = {0};
    day_t friday = day_of ("2023-03-10");
    candle_t rows[] = {minute_candle (friday - 1, 600, 90), minute_candle (friday, 4 * 60, 9),
                       minute_candle (friday, OPEN, 8), minute_candle (friday, 20 * 60, 5)};
    for (size_t i = 0; i < 4; i++) {
        add_candle (&file, &rows[i], false);
    }
    give_text (self, "1min", "2023-03-06", take_text (&file));
    bench_collect (self);
    assert_int_equal (self->hit_count, 1);
    const hit_t *hit = &self->hits[0].hit;
    assert_int_equal (hit->ts, exchange_midnight (day_of ("2023-03-13")));
    assert_int_equal (candle_day (&hit->candle), friday);
    assert_true (hit->values[2] == 15);    /* prev_allday_close */
    assert_true (hit->values[3] == 19.25); /* prev_allday_high */
    assert_int_equal (self->done_count, 1);
}

/* ---- what it finds */

/* The candles of a frequency without a folder are those that a bucket builds of the 1-minute ones.
 */
static void test_built_frequency (void **state)
{
    bench_t *self = *state;
    day_t day = day_of ("2023-03-14");
    bench_scan (self, true, PARABOLIC ",freq=5min");
    bench_unit (self, "2023-03-14", "2023-03-14");
    give_daily (self);
    ready (self);
    check_needs (self, "1min/2023-03-13");

    candles_t expected = {0};
    buffer_t file = {0};
    bucket_t bucket;
    candle_t closed;
    bucket_init (&bucket, self->run.frequencies[0]);
    for (int minute = OPEN - 7; minute < OPEN + 61; minute += 1 + minute % 3) {
        candle_t candle = minute_candle (day, minute, 1 + minute * 0.01);
        add_candle (&file, &candle, false);
        if (bucket_feed (&bucket, &candle, &closed)) {
            candles_push (&expected, &closed);
        }
    }
    assert_true (bucket_close (&bucket, &closed));
    candles_push (&expected, &closed);
    give_text (self, "1min", "2023-03-13", take_text (&file));
    bench_collect (self);

    size_t before = candles_find (&expected, exchange_ts (day, OPEN));
    assert_int_equal (self->hit_count, expected.count - before);
    for (size_t i = 0; i < self->hit_count; i++) {
        assert_memory_equal (&self->hits[i].hit.candle, &expected.rows[before + i],
                             sizeof (candle_t));
    }
    candles_free (&expected);
}

/* A symbol with a folder of the frequency is scanned from its files. */
static void test_folder (void **state)
{
    bench_t *self = *state;
    bench_scan (self, true, PARABOLIC ",freq=5min");
    bench_order (self, (wire_unit_t){.first = day_of ("2023-03-14"),
                                     .last = day_of ("2023-03-14"),
                                     .is_first = true,
                                     .is_last = true,
                                     .folders = UINT64_MAX}); /* bits of no frequency: no harm */
    give_daily (self);
    ready (self);
    check_needs (self, "5min/2023-03-13");
    give_text (self, "5min", "2023-03-13", week_text ("2023-03-13", 2, 5));
    bench_collect (self);
    assert_int_equal (self->hit_count, 2);
    assert_int_equal (self->done_count, 1);
}

/* Scans a week in chunks of `chunk` bytes. */
static void scan_in_chunks (bench_t *self, size_t chunk)
{
    char *daily = daily_text ("2023-01-02", "2023-12-29");
    char *week = week_text ("2023-03-13", 5, 1);
    bench_unit (self, "2023-03-13", "2023-03-17");
    give_chunks (self, WIRE_PARTITION, partition_of ("1d", "2023-01-01"), daily, chunk);
    give_chunks (self, WIRE_FUNDAMENTALS, (partition_t){FREQUENCY_1D, 0},
                 "{\"historical_market_cap\": {\"2023-01-01\": 500}}", chunk);
    ready (self);
    give_chunks (self, WIRE_PARTITION, partition_of ("1min", "2023-03-13"), week, chunk);
    bench_collect (self);
    assert_int_equal (self->done_count, 1);
    free (daily);
    free (week);
}

/* A file in many chunks gives what it gives in one. */
static void test_chunks (void **state)
{
    bench_t *self = *state;
    static wire_hit_t whole[25];
    bench_scan (self, true, PARABOLIC ",min_market_cap=100");
    scan_in_chunks (self, SIZE_MAX);
    assert_int_equal (self->hit_count, 25);
    memcpy (whole, self->hits, sizeof whole);
    wire_counts_t counts = self->done.counts;
    const size_t sizes[] = {1, 7, 64, 1000};
    for (size_t i = 0; i < 4; i++) {
        scan_in_chunks (self, sizes[i]);
        assert_int_equal (self->hit_count, 25);
        for (size_t k = 0; k < 25; k++) {
            assert_memory_equal (&self->hits[k].hit.candle, &whole[k].hit.candle,
                                 sizeof (candle_t));
            assert_memory_equal (self->hits[k].hit.values, whole[k].hit.values,
                                 (size_t) whole[k].hit.value_count * sizeof (double));
        }
        assert_memory_equal (&self->done.counts, &counts, sizeof counts);
    }
}

/* The first hit of each day is kept, or every one. */
static void test_first_and_all_hits (void **state)
{
    bench_t *self = *state;
    for (int all = 0; all < 2; all++) {
        bench_scan (self, all, PARABOLIC);
        bench_unit (self, "2023-03-13", "2023-03-17");
        give_daily (self);
        ready (self);
        give_text (self, "1min", "2023-03-13", week_text ("2023-03-13", 4, 1));
        bench_collect (self);
        assert_int_equal (self->hit_count, all ? 20 : 5);
        for (size_t i = 0; i < self->hit_count; i++) {
            day_t day = day_of ("2023-03-13") + (day_t) (all ? i / 4 : i);
            int minute = OPEN + (all ? (int) i % 4 : 0);
            assert_int_equal (self->hits[i].hit.ts, exchange_ts (day, minute));
        }
    }
}

/* Several scans run in one pass over the day, and their hits are ordered by time, then scan. */
static void test_several_scans (void **state)
{
    bench_t *self = *state;
    const char *scans[] = {"late:" PARABOLIC ",freq=5min", "one:" PARABOLIC, "day:" DAILY,
                           "two:" PARABOLIC};
    bench_run (self, true, scans, 4);
    bench_unit (self, "2023-03-13", "2023-03-17");
    give_daily (self);
    ready (self);
    check_needs (self, "1min/2023-03-13");
    give_text (self, "1min", "2023-03-13", week_text ("2023-03-13", 10, 1));
    bench_collect (self);
    assert_int_equal (self->hit_count, 5 * (2 + 10 + 1 + 10));
    for (size_t i = 0; i < self->hit_count; i++) {
        const hit_t *hit = &self->hits[i].hit;
        assert_int_equal (hit->value_count, self->run.scans[hit->scan].column_count);
        assert_true (i == 0 || hit_compare (&self->hits[i - 1].hit, hit) < 0);
    }
    const uint32_t first[] = {2, 0, 1, 3, 1, 3};
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal (self->hits[i].hit.scan, first[i]);
    }
}

/* Days of a scan without files wait for those before them that need some: hits come in order. */
static void test_order_over_days (void **state)
{
    bench_t *self = *state;
    const char *scans[] = {"min:" PARABOLIC ",days_of_week=tue", "day:" DAILY};
    bench_run (self, false, scans, 2);
    bench_unit (self, "2023-03-13", "2023-03-17");
    give_daily (self);
    ready (self);
    assert_int_equal (self->hit_count, 1); /* Monday's */
    give_text (self, "1min", "2023-03-13", week_text ("2023-03-13", 1, 1));
    bench_collect (self);
    assert_int_equal (self->hit_count, 6);
    for (size_t i = 1; i < 6; i++) {
        assert_true (self->hits[i - 1].hit.ts < self->hits[i].hit.ts);
    }
}

/* A split between the day before and the day changes prices as of the day on which it is known, and
 * no earlier. */
static void test_splits (void **state)
{
    bench_t *self = *state;
    wire_split_t split = {day_of ("2023-03-15"), 0.5};
    bench_scan (self, false, DAILY);
    bench_order (self, (wire_unit_t){.first = day_of ("2023-03-14"),
                                     .last = day_of ("2023-03-16"),
                                     .is_first = true,
                                     .is_last = true,
                                     .split_count = 1,
                                     .splits = &split});
    give_daily (self);
    ready (self);
    assert_int_equal (self->hit_count, 3);
    assert_true (self->hits[0].hit.candle.close == 10.5);
    assert_true (self->hits[1].hit.candle.close == 5.25);
    assert_true (self->hits[1].hit.values[2] > 0.99 && self->hits[1].hit.values[2] < 1.01);
    assert_true (self->hits[2].hit.candle.close == 10.5); /* 15 March's own, after the split */
    assert_true (self->hits[0].hit.candle.volume == self->hits[1].hit.candle.volume);
}

/* A volume that passes the largest double makes no hit that a collector could not take. */
static void test_infinite_sum (void **state)
{
    bench_t *self = *state;
    bench_scan (self, true, PARABOLIC ",freq=5min");
    bench_unit (self, "2023-03-14", "2023-03-14");
    give_daily (self);
    ready (self);
    buffer_t file = {0};
    for (int i = 0; i < 10; i++) {
        candle_t candle = minute_candle (day_of ("2023-03-14"), OPEN + i, 1);
        candle.volume = i < 5 ? 1 : 1e308;
        add_candle (&file, &candle, false);
    }
    give_text (self, "1min", "2023-03-13", take_text (&file));
    bench_collect (self);
    assert_int_equal (self->hit_count, 1);
    assert_int_equal (self->done_count, 1);
}

/* ---- what it counts */

static void add_counts (wire_counts_t *sum, const wire_counts_t *counts)
{
    sum->candles += counts->candles;
    sum->rejected_rows += counts->rejected_rows;
    sum->unsorted_rows += counts->unsorted_rows;
    sum->duplicate_rows += counts->duplicate_rows;
    sum->rejected_files += counts->rejected_files;
    sum->rejected_json += counts->rejected_json;
}

/* Over a symbol's units every row is counted once: lookback rows and a broken JSON by the first,
 * rows after the range by the last, a week that two of them read by dates. */
static void test_rows_counted_once (void **state)
{
    bench_t *self = *state;
    wire_counts_t sum = {0};
    bench_scan (self, false, DAY2);
    for (int i = 0; i < 2; i++) {
        bench_order (self, (wire_unit_t){.first = day_of (i ? "2023-04-01" : "2023-03-31"),
                                         .last = day_of (i ? "2023-04-04" : "2023-03-31"),
                                         .is_first = i == 0,
                                         .is_last = i == 1});
        give (self, "1d", "2022-01-01",
              HEADER "2022-06-01,1,1,1,1,1\n"
                     "2022-06-02,1,1,1,1,-1\n" /* rejected */
                     "2022-12-30,9,9,9,9,9\n");
        give (self, "1d", "2023-01-01",
              HEADER "2023-03-30,10,11,9,10,1\n"
                     "2023-03-31,10,11,9,10,1\n"
                     "2023-03-31,10,11,9,10,1\n" /* a repeat */
                     "2023-04-02,10,11,9,10,1\n" /* a Sunday */
                     "2023-04-01,10,11,9,10,1\n" /* unsorted */
                     "2023-04-03,10,11,9,10,x\n" /* rejected */
                     "2023-12-29,10,11,9,10,1\n");
        give_fundamentals (self, "[");
        ready (self);
        check_needs (self, i ? "1min/2023-03-27 1min/2023-04-03" : "1min/2023-03-27");
        give (self, "1min", "2023-03-27",
              HEADER "2023-03-30 14:00:00,10,20,10,10,1\n"
                     "2023-03-31 14:00:00,10,20,10,12,1\n"
                     "2023-03-31 14:00:30,10,20,10,12,1\n" /* rejected */
                     "2023-04-01 14:00:00,10,20,10,12,1\n");
        give (self, "1min", "2023-04-03", HEADER);
        bench_collect (self);
        assert_int_equal (self->done_count, 1);
        assert_int_equal (self->done.counts.rejected_json, i == 0);
        add_counts (&sum, &self->done.counts);
    }
    assert_int_equal (sum.candles, 2 + 5 + 3);
    assert_int_equal (sum.rejected_rows, 1 + 1 + 1);
    assert_int_equal (sum.duplicate_rows, 1);
    assert_int_equal (sum.unsorted_rows, 1);
    assert_int_equal (sum.rejected_files, 0);
    assert_int_equal (sum.rejected_json, 1);
}

/* Each rejection says which file, line and why, and there are no more than a message carries; the many
 * rows of one file leave room for the next file's reason. */
static void test_notes (void **state)
{
    bench_t *self = *state;
    bench_scan (self, false, PARABOLIC);
    bench_unit (self, "2023-03-14", "2023-03-20");
    give (self, "1d", "2023-01-01",
          HEADER "2023-03-13,10,11,9,10,1\n2023-03-14,0,11,9,10,1\n2024-03-14,1,1,1,1,1\n");
    give_problem (self, WIRE_PARTITION, partition_of ("1d", "2024-01-01"), "Input/output error");
    give_fundamentals (self, "{\"ipo_date\": 7}");
    ready (self);
    buffer_t file = {0};
    buffer_printf (&file, HEADER);
    for (int i = 0; i < 20; i++) {
        buffer_printf (&file, "2023-03-14 14:00:00,a,1,1,1,1\n");
    }
    give_text (self, "1min", "2023-03-13", take_text (&file));
    give (self, "1min", "2023-03-20", "datetime,open,high,low,close\n");
    bench_collect (self);
    assert_int_equal (self->done.counts.rejected_rows, 22);
    assert_int_equal (self->done.counts.rejected_files, 2);
    assert_int_equal (self->done.counts.rejected_json, 1);
    assert_in_range (self->note_count, 5, WIRE_NOTES_MAX);
    assert_string_equal (self->notes[self->note_count - 1],
                         "data/candles/AAA/1min/2023-03-20.csv:1: no column 'volume'");
    assert_string_equal (self->notes[0], "data/candles/AAA/1d/2023.csv:3: price is not > 0");
    assert_string_equal (self->notes[1],
                         "data/candles/AAA/1d/2023.csv:4: date belongs to another partition");
    assert_string_equal (self->notes[2], "data/candles/AAA/1d/2024.csv: Input/output error");
    assert_string_equal (self->notes[3],
                         "data/fundamentals/AAA.json: ipo_date: neither a date nor null");
    assert_string_equal (self->notes[4],
                         "data/candles/AAA/1min/2023-03-13.csv:2: 'a' is not a number");
}

/* A daily file that is rejected whole is said once, by the unit that counts it. */
static void test_rejected_file_said_once (void **state)
{
    bench_t *self = *state;
    bench_scan (self, false, DAILY);
    for (int i = 0; i < 2; i++) {
        bench_order (self, (wire_unit_t){.first = day_of (i ? "2023-04-01" : "2023-01-02"),
                                         .last = day_of (i ? "2023-06-30" : "2023-03-31"),
                                         .is_first = i == 0,
                                         .is_last = i == 1});
        give (self, "1d", "2022-01-01", "datetime,open\n2022-01-03,1\n");
        give (self, "1d", "2023-01-01", "datetime,open\n2023-01-03,1\n");
        ready (self);
        assert_int_equal (self->done.counts.rejected_files, i == 0 ? 2 : 0);
        assert_int_equal (self->note_count, i == 0 ? 2 : 0);
    }
}

/* Controls from a broken file do not make a message that a collector refuses. */
static void test_controls_in_a_note (void **state)
{
    bench_t *self = *state;
    bench_scan (self, false, DAILY);
    bench_unit (self, "2023-03-14", "2023-03-14");
    give_fundamentals (self, "{\"historical_market_cap\": {\"\\u0001\\u007f\": 1}}");
    ready (self);
    assert_int_equal (self->done.counts.rejected_json, 1);
    assert_string_equal (self->notes[0], "data/fundamentals/AAA.json: historical_market_cap: "
                                         "'?\?' is not a date");
    bench_unit (self, "2023-03-14", "2023-03-14");
    give_fundamentals (self, "{\"a\": \x01}");
    ready (self);
    assert_int_equal (self->done.counts.rejected_json, 1);
}

/* ---- explaining */

static void explain_unit (bench_t *self, const char *day, int minute)
{
    bench_order (self, (wire_unit_t){.first = day_of (day),
                                     .last = day_of (day),
                                     .is_first = true,
                                     .is_last = true,
                                     .explain = true,
                                     .when = exchange_ts (day_of (day), minute)});
    give_daily (self);
    ready (self);
    check_needs (self, "1min/2023-03-13");
    give_text (self, "1min", "2023-03-13", week_text ("2023-03-13", 12, 1));
    bench_collect (self);
    assert_int_equal (self->done_count, 1);
    assert_int_equal (self->hit_count, 0);
    assert_int_equal (self->explain_count, 2);
    assert_false (self->explains[0].is_rule);
    assert_true (self->explains[1].is_rule);
}

static const wire_condition_t *find_condition (const wire_explain_t *item, const char *what)
{
    for (size_t i = 0; i < item->condition_count; i++) {
        if (strcmp (item->conditions[i].what, what) == 0) {
            return &item->conditions[i];
        }
    }
    fail_msg ("no condition '%s'", what);
    return NULL;
}

/* A time inside a bucket of 5 minutes explains the candle that holds it. */
static void test_explain (void **state)
{
    bench_t *self = *state;
    bench_scan (self, false, PARABOLIC ",freq=5min");
    explain_unit (self, "2023-03-14", OPEN + 8);
    assert_true (self->explains[0].hit);
    assert_true (self->explains[1].hit);
    assert_string_equal (self->explains[1].note, "");
    const wire_condition_t *time = find_condition (&self->explains[1], "time");
    assert_true (time->is_time && time->value == OPEN + 5);
    /* Two buckets of 5 candles with a volume of 100 each: those before the one asked for are fed.
     */
    assert_true (find_condition (&self->explains[1], "cumulative_daily_volume")->value == 1000);
}

/* A day that does not pass the gate is explained to the end all the same. */
static void test_explain_failed_gate (void **state)
{
    bench_t *self = *state;
    bench_scan (self, false, PARABOLIC ",days_of_week=mon");
    explain_unit (self, "2023-03-14", OPEN + 1);
    assert_false (self->explains[0].hit);
    assert_false (find_condition (&self->explains[0], "weekday")->passed);
    assert_true (find_condition (&self->explains[0], "adv_14")->passed);
    assert_true (self->explains[1].hit);
}

/* A time without a candle is answered with what the day has; one far away does no harm. */
static void test_explain_no_candle (void **state)
{
    bench_t *self = *state;
    const int minutes[] = {OPEN - 1, OPEN + 12, -2000000, 2000000};
    bench_scan (self, false, PARABOLIC);
    for (size_t i = 0; i < 4; i++) {
        explain_unit (self, "2023-03-14", minutes[i]);
        assert_false (self->explains[1].hit);
        assert_int_equal (self->explains[1].condition_count, 0);
        assert_string_equal (self->explains[1].note,
                             "no candle at that time: the day has 12, from 09:30 to 09:41");
    }
    bench_order (self, (wire_unit_t){.first = day_of ("2023-03-14"),
                                     .last = day_of ("2023-03-14"),
                                     .explain = true,
                                     .when = exchange_ts (day_of ("2023-03-14"), OPEN)});
    ready (self);
    give (self, "1min", "2023-03-13", "");
    bench_collect (self);
    assert_int_equal (self->done_count, 1);
    assert_string_equal (self->explains[1].note, "no candle at that time: the day has none");
}

/* ---- what must not come */

/* Files that nobody asked for, or that come again, change nothing. */
static void test_unexpected_files (void **state)
{
    bench_t *self = *state;
    bench_scan (self, true, PARABOLIC);
    bench_unit (self, "2023-03-13", "2023-03-24");
    give_text (self, "1min", "2023-03-13", week_text ("2023-03-13", 9, 1)); /* before READY */
    give_text (self, "1d", "2022-01-01", daily_text ("2022-01-03", "2022-12-30"));
    give_daily (self);
    give_daily (self);                                                             /* again */
    give_text (self, "1d", "2022-01-01", daily_text ("2022-01-03", "2022-12-30")); /* backwards */
    give_fundamentals (self, "{}");
    give_fundamentals (self, "broken");
    ready (self);
    check_needs (self, "1min/2023-03-13 1min/2023-03-20");
    give_daily (self);
    give_fundamentals (self, "broken");
    give_text (self, "1min", "2023-03-27", week_text ("2023-03-27", 9, 1)); /* not asked for */
    give_text (self, "5min", "2023-03-13", week_text ("2023-03-13", 9, 5));
    check_needs (self, "1min/2023-03-13 1min/2023-03-20");
    give_text (self, "1min", "2023-03-13", week_text ("2023-03-13", 2, 1));
    give_text (self, "1min", "2023-03-13", week_text ("2023-03-13", 9, 1)); /* again */
    give_text (self, "1min", "2023-03-20", week_text ("2023-03-20", 2, 1));
    give_text (self, "1min", "2023-03-20", week_text ("2023-03-20", 2, 1)); /* after the end */
    bench_collect (self);
    assert_int_equal (self->done_count, 1);
    assert_int_equal (self->hit_count, 20);
    assert_int_equal (self->done.counts.candles, 260 + 260 + 20);
    assert_int_equal (self->done.counts.rejected_json, 0);
    assert_int_equal (self->note_count, 0);
}

/* Gives the first bytes of a file, and never its end. */
static void give_start (bench_t *self, wire_content_t content, partition_t partition)
{
    wire_file_t file = {.unit = self->id,
                        .attempt = 2,
                        .content = content,
                        .partition = partition,
                        .bytes = {"datetime,volume\n", 16}};
    unit_file (self->unit, &file, self->out, &self->times);
}

/* A file that begins before another has ended is read as its own, not as more of the other. */
static void test_interleaved_files (void **state)
{
    bench_t *self = *state;
    bench_scan (self, true, PARABOLIC);
    bench_unit (self, "2023-03-13", "2023-03-24");
    give_start (self, WIRE_FUNDAMENTALS, (partition_t){FREQUENCY_1D, 0});
    give_start (self, WIRE_PARTITION, partition_of ("1d", "2022-01-01"));
    give_text (self, "1d", "2022-01-01", daily_text ("2022-01-03", "2022-12-30"));
    give_daily (self);
    give_start (self, WIRE_PARTITION, partition_of ("1d", "2024-01-01"));
    ready (self);
    give_start (self, WIRE_PARTITION, partition_of ("1min", "2023-03-13"));
    give_text (self, "1min", "2023-03-20", week_text ("2023-03-20", 2, 1));
    bench_collect (self);
    assert_int_equal (self->hit_count, 0); /* days are scanned in order */
    give_text (self, "1min", "2023-03-13", week_text ("2023-03-13", 2, 1));
    bench_collect (self);
    assert_int_equal (self->hit_count, 20);
    assert_int_equal (self->done_count, 1);
}

/* A file that never ends is rejected when it is larger than a file may be, and takes no more
 * memory. */
static void test_endless_file (void **state)
{
    bench_t *self = *state;
    char *chunk = memory_new (WIRE_CHUNK);
    memset (chunk, ' ', WIRE_CHUNK);
    wire_file_t file = {
        .content = WIRE_FUNDAMENTALS, .partition = {FREQUENCY_1D, 0}, .bytes = {chunk, WIRE_CHUNK}};
    bench_scan (self, false, DAILY);
    bench_unit (self, "2023-03-13", "2023-03-13");
    for (int i = 0; i < 70; i++) {
        unit_file (self->unit, &file, self->out, &self->times);
    }
    ready (self);
    assert_int_equal (self->done.counts.rejected_json, 1);
    assert_int_equal (self->note_count, 1);
    free (chunk);
}

/* A partition that does not exist or cannot be read ends as one without candles. */
static void test_absent_and_unreadable (void **state)
{
    bench_t *self = *state;
    bench_scan (self, true, PARABOLIC);
    bench_unit (self, "2023-03-13", "2023-03-24");
    give_daily (self);
    ready (self);
    give (self, "1min", "2023-03-13", "");
    give_problem (self, WIRE_PARTITION, partition_of ("1min", "2023-03-20"), "Permission denied");
    bench_collect (self);
    assert_int_equal (self->done_count, 1);
    assert_int_equal (self->hit_count, 0);
    assert_int_equal (self->done.counts.rejected_files, 1);
    assert_string_equal (self->notes[0], "data/candles/AAA/1min/2023-03-20.csv: Permission denied");
}

int main (void)
{
    if (exchange_init () != 0) {
        return 1;
    }
#define TEST(name) cmocka_unit_test_setup_teardown (name, bench_open, bench_close)
    const struct CMUnitTest tests[] = {
        TEST (test_only_days_that_passed),
        TEST (test_no_day_passes),
        TEST (test_order_of_needs),
        TEST (test_day_before),
        TEST (test_built_frequency),
        TEST (test_folder),
        TEST (test_chunks),
        TEST (test_first_and_all_hits),
        TEST (test_several_scans),
        TEST (test_order_over_days),
        TEST (test_splits),
        TEST (test_infinite_sum),
        TEST (test_rows_counted_once),
        TEST (test_notes),
        TEST (test_rejected_file_said_once),
        TEST (test_controls_in_a_note),
        TEST (test_explain),
        TEST (test_explain_failed_gate),
        TEST (test_explain_no_candle),
        TEST (test_unexpected_files),
        TEST (test_interleaved_files),
        TEST (test_endless_file),
        TEST (test_absent_and_unreadable),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

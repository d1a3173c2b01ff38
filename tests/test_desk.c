/* The desk, driven by the structs of its items: which candles are of which bucket, when a bucket goes
 * to its rule, which hits are said, and what items make it say that some were lost.
 *
 * The scans hit with every candle: what a hit carries shows what its bucket held. A minute's volume is
 * a power of two, so that a bucket's volume names its minutes. */
#include "check.h"

#include "clock.h"
#include "desk.h"
#include "rows.h"
#include "shard.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVERY(id, freq, rest)                                                                      \
    id ":atr_parabolic_up,freq=" freq                                                              \
       ",min_adv=0,min_adr=0,min_atr_multiplier=-1000000,min_volume=0,"                            \
       "include_null_market_cap," rest
#define ALL_DAY "start_time=00:00,end_time=23:59"

#define SHARD          7
#define OTHER_SHARD    8
#define CANDLE_TIMEOUT 20000
#define DAY_TIMEOUT    (6 * INT64_C (3600) * 1000)
#define ITEMS          4096

typedef struct {
    run_t run;
    calendar_t *calendar;
    desk_rules_t rules;
    desk_t *desk;
    outbox_t *out;
    wire_reader_t *reader;
    rows_t rows;
    day_t day;            /* of candles below */
    session_t generation; /* of items below */
    uint64_t sequence;    /* of the last one */
    size_t hit_count, hit_next, progress_count;
    wire_live_hit_t hits[ITEMS];
    wire_progress_t progress[ITEMS];
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
    self->rules =
        (desk_rules_t){.candle_timeout_ms = CANDLE_TIMEOUT, .day_timeout_ms = DAY_TIMEOUT};
    self->out = outbox_new ();
    outbox_begin (self->out, 1, (session_t){1, 1});
    self->reader = wire_reader_new ();
    self->day = day_of ("2023-03-14");
    *state = self;
    return 0;
}

static int bench_close (void **state)
{
    bench_t *self = *state;
    desk_destroy (&self->desk);
    desk_destroy (&self->desk); /* NULL by now */
    outbox_destroy (&self->out);
    wire_reader_destroy (&self->reader);
    calendar_destroy (&self->calendar);
    rows_free (&self->rows);
    free (self);
    return 0;
}

static void read_message (bench_t *self, const buffer_t *message)
{
    wire_object_t object;
    int rc;
    wire_reader_begin (self->reader, message->bytes, message->size);
    assert_int_equal (wire_next (self->reader, &object), 1);
    assert_int_equal (object.kind, WIRE_LINK);
    while ((rc = wire_next (self->reader, &object)) == 1) {
        if (object.kind == WIRE_LIVE_HIT) {
            assert_true (self->hit_count < ITEMS);
            self->hits[self->hit_count++] = object.live_hit;
        } else {
            assert_int_equal (object.kind, WIRE_PROGRESS);
            assert_true (self->progress_count < ITEMS);
            self->progress[self->progress_count++] = object.progress;
        }
    }
    assert_int_equal (rc, 0);
}

static void collect (bench_t *self)
{
    buffer_t message;
    while (outbox_pop (self->out, true, &message)) {
        read_message (self, &message);
        buffer_free (&message);
    }
}

static bool take (bench_t *self, const wire_object_t *item)
{
    bool taken = desk_take (self->desk, item, self->out);
    collect (self);
    return taken;
}

/* ---- items ---- */

static bool give_begin (bench_t *self, uint32_t shard, session_t generation,
                        const wire_closed_t *closed, size_t count)
{
    wire_object_t item = {
        .kind = WIRE_BEGIN,
        .begin = {
            .shard = shard, .generation = generation, .symbol_count = count, .symbols = closed}};
    return take (self, &item);
}

/* Daily candles of the two weeks before, which give a scan its ATR of 1. The caller frees the text. */
static char *daily_text (day_t day)
{
    buffer_t text = {0};
    buffer_printf (&text, "datetime,open,high,low,close,volume\n");
    for (day_t before = day - 14; before < day; before++) {
        char date[11];
        buffer_printf (&text, "%s,10,11,10,10,1000\n", day_format (before, date));
    }
    buffer_append (&text, "", 1);
    return text.bytes;
}

static wire_reference_file_t partition_file (day_t key, const char *text)
{
    return (wire_reference_file_t){
        .content = WIRE_PARTITION, .key = key, .bytes = {text, strlen (text)}};
}

static bool give_files (bench_t *self, const char *symbol, day_t day,
                        const wire_reference_file_t *files, size_t count)
{
    wire_object_t item = {.kind = WIRE_REFERENCE,
                          .reference = {.shard = SHARD,
                                        .generation = self->generation,
                                        .day = day,
                                        .file_count = count,
                                        .files = files}};
    snprintf (item.reference.symbol, sizeof item.reference.symbol, "%s", symbol);
    return take (self, &item);
}

/* Reference data with which the scans pass. */
static void give_reference (bench_t *self, const char *symbol, day_t day)
{
    char *text = daily_text (day);
    wire_reference_file_t file = partition_file (partition_first (FREQUENCY_1D, day), text);
    assert_true (give_files (self, symbol, day, &file, 1));
    free (text);
}

static bool give_rows (bench_t *self, uint64_t sequence)
{
    wire_object_t item = rows_item (&self->rows, SHARD, self->generation, sequence);
    bool taken = take (self, &item);
    rows_clear (&self->rows);
    return taken;
}

static int64_t ts_at (const bench_t *self, const char *time)
{
    char text[32], date[11];
    int64_t ts;
    bool is_date;
    snprintf (text, sizeof text, "%s %s", day_format (self->day, date), time);
    assert_true (exchange_parse (text, &ts, &is_date));
    return ts;
}

/* The candle of a local time of our day: its volume is 2^(minute % 60). */
static candle_t candle_at (const bench_t *self, const char *time)
{
    int64_t ts = ts_at (self, time);
    double volume = (double) (UINT64_C (1) << exchange_minute (ts) % 60);
    return (candle_t){ts, 10, 12, 9, 11, volume};
}

/* A candle of AAA that arrives at a local time. */
static bool offer_at (bench_t *self, const char *time, const char *arrival)
{
    candle_t candle = candle_at (self, time);
    rows_add (&self->rows, "AAA", &candle, ts_at (self, arrival) * 1000);
    bool taken = give_rows (self, self->sequence + 1);
    self->sequence += taken;
    return taken;
}

static void give_at (bench_t *self, const char *time, const char *arrival)
{
    assert_true (offer_at (self, time, arrival));
}

/* One that arrives a minute after its start. */
static void give (bench_t *self, const char *time)
{
    candle_t candle = candle_at (self, time);
    rows_add (&self->rows, "AAA", &candle, candle.ts * 1000 + 60000);
    assert_true (give_rows (self, ++self->sequence));
}

static wire_object_t clock_item (const bench_t *self, uint64_t sequence, int64_t clock_ms)
{
    return (wire_object_t){.kind = WIRE_CLOCK,
                           .clock = {.shard = SHARD,
                                     .generation = self->generation,
                                     .sequence = sequence,
                                     .clock_ms = clock_ms}};
}

static void give_clock_ms (bench_t *self, int64_t clock_ms)
{
    wire_object_t item = clock_item (self, ++self->sequence, clock_ms);
    assert_true (take (self, &item));
}

static void give_clock (bench_t *self, const char *time)
{
    give_clock_ms (self, ts_at (self, time) * 1000);
}

static void give_end (bench_t *self)
{
    wire_object_t item = clock_item (self, ++self->sequence, 0);
    item.clock.is_end = true;
    assert_true (take (self, &item));
}

/* ---- a desk that waits for its day's candles ---- */

static void bench_desk (bench_t *self, bool all_hits, const char *const *texts, size_t count)
{
    scan_t scans[SCANS_MAX];
    char error[256] = "";
    for (size_t i = 0; i < count; i++) {
        assert_int_equal (scan_parse (texts[i], FREQUENCY_1MIN, &scans[i], error, sizeof error), 0);
    }
    assert_int_equal (run_init (&self->run, scans, count, all_hits, error, sizeof error), 0);
    desk_destroy (&self->desk);
    self->desk = desk_new (&self->run, self->calendar, &self->rules);
    self->generation = (session_t){1, 5};
    self->sequence = 0;
    assert_true (give_begin (self, SHARD, self->generation, NULL, 0));
}

/* With AAA's reference data of the day. */
static void bench_day (bench_t *self, bool all_hits, const char *scan)
{
    bench_desk (self, all_hits, &scan, 1);
    give_reference (self, "AAA", self->day);
}

/* The next hit: the scan, the candle's start, the minutes that it holds (as volumes), and when its
 * newest arrived. */
static void check_hit (bench_t *self, uint32_t scan, const char *start, uint64_t minutes,
                       const char *arrival)
{
    assert_true (self->hit_next < self->hit_count);
    const wire_live_hit_t *item = &self->hits[self->hit_next++];
    assert_int_equal (item->shard, SHARD);
    assert_int_equal (session_compare (item->generation, self->generation), 0);
    assert_string_equal (item->symbol, "AAA");
    assert_int_equal (item->day, self->day);
    assert_int_equal (item->hit.scan, scan);
    assert_int_equal (item->hit.ts, ts_at (self, start));
    assert_int_equal (item->hit.candle.ts, item->hit.ts);
    assert_int_equal ((uint64_t) item->hit.candle.volume, minutes);
    assert_int_equal (item->arrival_ms, ts_at (self, arrival) * 1000);
    assert_int_equal (item->hit.value_count, self->run.scans[scan].column_count);
}

static void check_no_more (const bench_t *self)
{
    assert_int_equal (self->hit_count, self->hit_next);
}

static uint64_t bits (int first, int last)
{
    uint64_t minutes = 0;
    for (int i = first; i <= last; i++) {
        minutes |= UINT64_C (1) << i;
    }
    return minutes;
}

/* ---- buckets ---- */

#define EVERY_1MIN EVERY ("a", "1min", ALL_DAY)
#define EVERY_5MIN EVERY ("a", "5min", ALL_DAY)

/* A 1-minute candle goes to its rule at once. */
static void test_minute (void **state)
{
    bench_t *self = *state;
    bench_day (self, true, EVERY_1MIN);
    give (self, "09:30");
    check_hit (self, 0, "09:30", bits (30, 30), "09:31");
    give (self, "09:32");
    check_hit (self, 0, "09:32", bits (32, 32), "09:33");
    check_no_more (self);
    assert_int_equal (desk_counts (self->desk)->candles, 2);
}

/* A hit has the stamp of the candles that made it, one that a clock made has none; PROGRESS has the oldest
 * of a message, and how many candles there were. A new generation does not count those before it. */
static void test_stamps (void **state)
{
    bench_t *self = *state;
    bench_day (self, true, EVERY_5MIN);
    const char *times[] = {"09:30", "09:34", "09:35"};
    const int64_t stamps[] = {7000, 5000, 9000};
    for (int i = 0; i < 3; i++) {
        candle_t candle = candle_at (self, times[i]);
        rows_add (&self->rows, "AAA", &candle, candle.ts * 1000 + 60000);
        wire_object_t item = rows_item (&self->rows, SHARD, self->generation, ++self->sequence);
        item.candles.stamp_us = stamps[i];
        assert_true (desk_take (self->desk, &item, self->out));
        rows_clear (&self->rows);
    }
    desk_end_message (self->desk, self->out);
    collect (self);
    assert_int_equal (self->hit_count, 1);
    assert_int_equal (self->hits[0].stamp_us, 5000);
    assert_int_equal (self->progress_count, 1);
    assert_int_equal (self->progress[0].candles, 3);
    assert_int_equal (self->progress[0].stamp_us, 5000);
    give_clock (self, "10:00");
    assert_int_equal (self->hit_count, 2);
    assert_int_equal (self->hits[1].stamp_us, 0);
    desk_end_message (self->desk, self->out);
    collect (self);
    assert_int_equal (self->progress[1].candles, 0);
    give (self, "10:01");
    self->generation.counter++;
    assert_true (give_begin (self, SHARD, self->generation, NULL, 0));
    self->sequence = 0;
    give_clock (self, "10:02");
    desk_end_message (self->desk, self->out);
    collect (self);
    assert_int_equal (self->progress_count, 3);
    assert_int_equal (self->progress[2].candles, 0);
}

/* A bucket goes to its rule with its last minute, however many came before. */
static void test_last_minute (void **state)
{
    bench_t *self = *state;
    bench_day (self, true, EVERY_5MIN);
    give (self, "09:30");
    give (self, "09:31");
    give (self, "09:33");
    check_no_more (self);
    give (self, "09:34");
    check_hit (self, 0, "09:30", bits (30, 31) | bits (33, 34), "09:35");
    give (self, "09:39");
    check_hit (self, 0, "09:35", bits (39, 39), "09:40");
    check_no_more (self);
    assert_int_equal (self->hits[0].hit.candle.open, 10);
    assert_int_equal (self->hits[0].hit.candle.high, 12);
}

/* A candle of a later bucket completes the one before, whose newest arrival stays its own. */
static void test_later_bucket (void **state)
{
    bench_t *self = *state;
    bench_day (self, true, EVERY_5MIN);
    give (self, "09:30");
    give (self, "09:32");
    give (self, "09:46");
    check_hit (self, 0, "09:30", bits (30, 30) | bits (32, 32), "09:33");
    check_no_more (self);
    give (self, "09:50");
    check_hit (self, 0, "09:45", bits (46, 46), "09:47");
    check_no_more (self);
}

/* The day's last bucket is complete with 23:59. */
static void test_last_bucket_of_day (void **state)
{
    bench_t *self = *state;
    bench_day (self, true, EVERY ("a", "8h", ALL_DAY));
    give (self, "15:59");
    check_hit (self, 0, "08:00", bits (59, 59), "16:00");
    give (self, "16:10");
    check_no_more (self);
    give_at (self, "23:59", "23:59:30");
    check_hit (self, 0, "16:00", bits (10, 10) | bits (59, 59), "23:59:30");
}

/* A candle is in time up to 20 s after its bucket's end, and late a second after that. Then it is
 * dropped, counted, and the bucket goes to its rule without it. */
static void test_late_after_end (void **state)
{
    bench_t *self = *state;
    bench_day (self, true, EVERY_5MIN);
    give (self, "09:30");
    give_at (self, "09:31", "09:35:20");
    check_no_more (self);
    give (self, "09:36"); /* its arrival, 09:37, makes the bucket that it begins no less good */
    check_hit (self, 0, "09:30", bits (30, 31), "09:35:20");
    give_at (self, "09:37", "09:40:21");
    check_hit (self, 0, "09:35", bits (36, 36), "09:37");
    assert_int_equal (desk_counts (self->desk)->late, 1);
    give_at (self, "09:38", "09:40:22"); /* late too: the bucket is closed */
    give_at (self, "09:39", "09:40:23");
    check_no_more (self);
    assert_int_equal (desk_counts (self->desk)->late, 3);
    give_at (self, "09:40", "09:41");
    give_at (self, "09:45", "09:46");
    check_hit (self, 0, "09:40", bits (40, 40), "09:41");
    check_no_more (self);
    assert_int_equal (desk_counts (self->desk)->candles, 8);
}

/* The time counts from the bucket's newest candle when that came after its end: candles that are
 * added later are as good as fresh ones, but not when they dawdle. */
static void test_late_after_newest (void **state)
{
    bench_t *self = *state;
    bench_day (self, true, EVERY_5MIN);
    give_at (self, "09:30", "12:00:00");
    give_at (self, "09:31", "12:00:20");
    give_at (self, "09:32", "12:00:40");
    check_no_more (self);
    give_at (self, "09:33", "12:01:01");
    check_hit (self, 0, "09:30", bits (30, 32), "12:00:40");
    assert_int_equal (desk_counts (self->desk)->late, 1);
}

/* A bucket's first candle is never late, and so a bucket that begins with its last minute is whole. */
static void test_first_is_never_late (void **state)
{
    bench_t *self = *state;
    bench_day (self, true, EVERY_5MIN);
    give_at (self, "09:30", "12:00");
    give_at (self, "09:36", "13:00");
    check_hit (self, 0, "09:30", bits (30, 30), "12:00");
    give_at (self, "09:44", "14:00");
    check_hit (self, 0, "09:35", bits (36, 36), "13:00");
    check_hit (self, 0, "09:40", bits (44, 44), "14:00");
    assert_int_equal (desk_counts (self->desk)->late, 0);
}

/* A candle is late for the frequency whose bucket is over, and for no other. */
static void test_late_for_one_frequency (void **state)
{
    bench_t *self = *state;
    const char *scans[] = {EVERY_5MIN, EVERY ("b", "1h", ALL_DAY), EVERY ("c", "1min", ALL_DAY)};
    bench_desk (self, true, scans, 3);
    give_reference (self, "AAA", self->day);
    give (self, "09:30");
    check_hit (self, 2, "09:30", bits (30, 30), "09:31");
    give_at (self, "09:31", "09:36");
    check_hit (self, 0, "09:30", bits (30, 30), "09:31");
    check_hit (self, 2, "09:31", bits (31, 31), "09:36");
    give (self, "09:59");
    check_hit (self, 0, "09:55", bits (59, 59), "10:00");
    check_hit (self, 1, "09:00", bits (30, 31) | bits (59, 59), "10:00");
    assert_int_equal (desk_counts (self->desk)->late, 1);
}

/* ---- the clock ---- */

/* The clock completes a bucket once every candle of it would be late: more than 20 s after its end. */
static void test_clock (void **state)
{
    bench_t *self = *state;
    bench_day (self, true, EVERY_5MIN);
    give (self, "09:31");
    give_clock (self, "09:35");
    give_clock (self, "09:35:20");
    check_no_more (self);
    give_clock_ms (self, ts_at (self, "09:35:20") * 1000 + 1);
    check_hit (self, 0, "09:30", bits (31, 31), "09:32");
    give_at (self, "09:32", "09:35:21"); /* it cannot join any more */
    give_clock (self, "12:00");
    check_no_more (self);
    assert_int_equal (desk_counts (self->desk)->late, 1);
}

/* ... or after its newest candle's arrival. */
static void test_clock_after_newest (void **state)
{
    bench_t *self = *state;
    bench_day (self, true, EVERY_5MIN);
    give_at (self, "09:30", "12:00:00");
    give_clock (self, "12:00:15");
    give_at (self, "09:31", "12:00:15"); /* puts off what the clock waits for */
    give_clock (self, "12:00:35");
    check_no_more (self);
    give_clock (self, "12:00:36");
    check_hit (self, 0, "09:30", bits (30, 31), "12:00:15");
}

/* Each bucket has its own time: that of the shorter frequency comes first, and of two symbols that of
 * the earlier one. */
static void test_clock_of_several (void **state)
{
    bench_t *self = *state;
    const char *scans[] = {EVERY_5MIN, EVERY ("b", "15min", ALL_DAY)};
    bench_desk (self, true, scans, 2);
    give_reference (self, "AAA", self->day);
    give_reference (self, "BBB", self->day);
    candle_t candle = candle_at (self, "09:36");
    give (self, "09:31");
    rows_add (&self->rows, "BBB", &candle, candle.ts * 1000 + 60000);
    assert_true (give_rows (self, ++self->sequence));
    give_clock (self, "09:36");
    check_hit (self, 0, "09:30", bits (31, 31), "09:32");
    check_no_more (self);
    give_clock (self, "09:41");
    assert_int_equal (self->hit_count, self->hit_next + 1);
    assert_string_equal (self->hits[self->hit_next++].symbol, "BBB");
    give_clock (self, "09:46");
    assert_int_equal (self->hit_count, self->hit_next + 2);
    give_clock (self, "10:46");
    assert_int_equal (self->hit_count, self->hit_next + 2);
}

/* A date that the clock closes has no open bucket left, however long candles may take. */
static void test_clock_closes_date (void **state)
{
    bench_t *self = *state;
    self->rules.candle_timeout_ms = 8 * DAY_TIMEOUT;
    bench_day (self, true, EVERY_5MIN);
    int64_t over_ms = exchange_midnight (self->day + 1) * 1000 + DAY_TIMEOUT;
    give (self, "09:30");
    give_clock_ms (self, over_ms);
    check_no_more (self);
    give_clock_ms (self, over_ms + 1);
    check_hit (self, 0, "09:30", bits (30, 30), "09:31");
}

/* The end of a replay completes every open bucket of the shard, at whatever clock. */
static void test_end (void **state)
{
    bench_t *self = *state;
    const char *scans[] = {EVERY_5MIN, EVERY ("b", "1h", ALL_DAY)};
    bench_desk (self, true, scans, 2);
    give_reference (self, "AAA", self->day);
    give_reference (self, "BBB", self->day);
    candle_t candle = candle_at (self, "10:00");
    give (self, "09:30");
    rows_add (&self->rows, "BBB", &candle, candle.ts * 1000 + 60000);
    assert_true (give_rows (self, ++self->sequence));
    check_no_more (self);
    give_end (self);
    check_hit (self, 0, "09:30", bits (30, 30), "09:31");
    check_hit (self, 1, "09:00", bits (30, 30), "09:31");
    assert_int_equal (self->hit_count, self->hit_next + 2); /* BBB's */
    give_end (self);
    assert_int_equal (self->hit_count, self->hit_next + 2);
}

/* A new date completes what the old one left open, under the old date. */
static void test_new_date (void **state)
{
    bench_t *self = *state;
    bench_day (self, true, EVERY ("a", "1h", ALL_DAY));
    give (self, "15:58");
    day_t before = self->day++;
    give_reference (self, "AAA", self->day);
    check_no_more (self);
    give (self, "04:10");
    assert_int_equal (self->hit_count, 1);
    assert_int_equal (self->hits[0].day, before);
    assert_int_equal (self->hits[0].hit.ts, exchange_ts (before, 15 * 60));
    self->hit_next = 1;
    give (self, "04:59");
    check_hit (self, 0, "04:00", bits (10, 10) | bits (59, 59), "05:00");
}

/* Where the clocks go forward within a trading day (9 February 1942, 2:00) buckets end by local time:
 * that of 2:00 begins at 3:00 and is an hour long, that of 0:00 has all of its two hours. */
static void test_clocks_change (void **state)
{
    bench_t *self = *state;
    self->day = day_of ("1942-02-09");
    assert_int_equal (exchange_midnight (self->day + 1) - exchange_midnight (self->day), 23 * 3600);
    bench_day (self, true, EVERY ("a", "2h", ALL_DAY));
    int64_t before = exchange_midnight (self->day);
    /* Arrivals before 1970 do not come: these were added later. */
    const int64_t starts[] = {before + 60, before + 119 * 60, before + 120 * 60, before + 179 * 60,
                              before + 180 * 60};
    for (size_t i = 0; i < 5; i++) {
        candle_t candle = {starts[i], 10, 12, 9, 11, (double) (1u << i)};
        rows_add (&self->rows, "AAA", &candle, 1000 + (int64_t) i);
        assert_true (give_rows (self, ++self->sequence));
        assert_int_equal (self->hit_count, i == 0 ? 0 : i < 3 ? 1 : 2);
    }
    assert_int_equal (self->hits[0].hit.ts, before);
    assert_int_equal (self->hits[0].hit.candle.volume, 1 | 2);
    assert_int_equal (self->hits[1].hit.ts, before + 120 * 60);
    assert_int_equal (self->hits[1].hit.candle.volume, 4 | 8);
    assert_int_equal (exchange_minute (self->hits[1].hit.ts), 180);
}

/* ---- hits ---- */

/* The first hit of each scan and day is said, unless all are asked for. */
static void test_first_hit (void **state)
{
    bench_t *self = *state;
    const char *scans[] = {EVERY_1MIN, EVERY ("b", "1min", "start_time=09:32,end_time=16:00"),
                           EVERY ("c", "5min", ALL_DAY)};
    bench_desk (self, false, scans, 3);
    give_reference (self, "AAA", self->day);
    const char *times[] = {"09:30", "09:31", "09:32", "09:33", "09:34", "09:39"};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        give (self, times[i]);
    }
    check_hit (self, 0, "09:30", bits (30, 30), "09:31");
    check_hit (self, 1, "09:32", bits (32, 32), "09:33");
    check_hit (self, 2, "09:30", bits (30, 34), "09:35");
    check_no_more (self);
    give_reference (self, "AAA", ++self->day);
    give (self, "09:30");
    check_hit (self, 0, "09:30", bits (30, 30), "09:31");
    check_no_more (self);
}

/* Outside of its window a rule gets the candles and does not hit; the window's ends are in it. */
static void test_window (void **state)
{
    bench_t *self = *state;
    bench_day (self, true, EVERY ("a", "1min", "start_time=09:31,end_time=09:32"));
    give (self, "09:30");
    give (self, "09:31");
    give (self, "09:32");
    give (self, "09:33");
    check_hit (self, 0, "09:31", bits (31, 31), "09:32");
    check_hit (self, 0, "09:32", bits (32, 32), "09:33");
    check_no_more (self);
}

/* Hits of entries that arrived before `since` are not said and are not the day's first; the state is
 * the whole day's. */
static void test_since (void **state)
{
    bench_t *self = *state;
    self->rules.since_ms = ts_at (self, "09:33") * 1000;
    bench_day (self, false, EVERY_1MIN);
    give (self, "09:30");
    give (self, "09:31");
    check_no_more (self);
    give (self, "09:32"); /* arrives at 09:33 */
    check_hit (self, 0, "09:32", bits (32, 32), "09:33");
    assert_true (self->hits[0].hit.values[1] == (double) bits (30, 32)); /* cumulative volume */
    give (self, "09:33");
    check_no_more (self);
}

/* A bucket's entry is its newest candle, though the clock completes it later. */
static void test_since_of_bucket (void **state)
{
    bench_t *self = *state;
    self->rules.since_ms = ts_at (self, "09:33") * 1000;
    bench_day (self, true, EVERY_5MIN);
    give (self, "09:31");
    give_clock (self, "09:40");
    check_no_more (self);
    give (self, "09:40");
    give (self, "09:45");
    check_hit (self, 0, "09:40", bits (40, 40), "09:41");
}

/* A volume past the largest double cannot be said; the next candle can. */
static void test_not_finite (void **state)
{
    bench_t *self = *state;
    bench_day (self, true, EVERY_5MIN);
    candle_t candle = candle_at (self, "09:30");
    candle.volume = 1.7e308;
    for (int i = 0; i < 5; i++) {
        rows_add (&self->rows, "AAA", &candle, candle.ts * 1000 + 60000);
        candle.ts += 60;
    }
    assert_true (give_rows (self, ++self->sequence));
    check_no_more (self);
    give (self, "09:39");
    check_hit (self, 0, "09:35", bits (39, 39), "09:40");
}

/* ---- dates and their reference data ---- */

/* A date's first candle without its reference data means that a message was lost; so does a symbol
 * that was never named. */
static void test_reference_missing (void **state)
{
    bench_t *self = *state;
    bench_desk (self, true, (const char *const[]){EVERY_1MIN}, 1);
    assert_false (offer_at (self, "09:30", "09:31"));
    give_reference (self, "AAA", self->day + 1); /* of another date */
    assert_false (offer_at (self, "09:30", "09:31"));
    give_reference (self, "BBB", self->day);
    check_no_more (self);
    assert_int_equal (desk_counts (self->desk)->candles, 0);
}

/* Candles go on naming where the generation's items before them ended: with any other number known, names
 * were lost. A symbol that was named keeps its number, and an item that was refused named nobody. */
static void test_names_missing (void **state)
{
    bench_t *self = *state;
    bench_day (self, true, EVERY_1MIN);
    give (self, "09:30");
    candle_t candle = {.ts = ts_at (self, "09:31"), .open = 9, .high = 11, .low = 8, .close = 10};
    rows_add (&self->rows, "AAA", &candle, candle.ts * 1000 + 60000);
    wire_object_t item = rows_item (&self->rows, SHARD, self->generation, self->sequence + 1);
    assert_int_equal (item.candles.known, 1);
    item.candles.known = 0;
    assert_false (take (self, &item));
    item.candles.known = 2;
    assert_false (take (self, &item));
    assert_int_equal (desk_counts (self->desk)->candles, 1);
    item.candles.known = 1; /* AAA is number 0, and number 1 too */
    assert_true (take (self, &item));
    item.candles.sequence++;
    item.candles.known = 2;
    item.candles.symbol_count = 0;
    memcpy (self->rows.index.bytes, &(uint32_t){0}, 4);
    candle.ts += 60;
    memcpy (self->rows.columns[WIRE_COLUMN_TS].bytes, &candle.ts, 8);
    assert_true (take (self, &item));
    assert_int_equal (desk_counts (self->desk)->candles, 3);
}

/* Reference data is of one date: the next date needs its own. */
static void test_reference_is_of_one_date (void **state)
{
    bench_t *self = *state;
    bench_day (self, true, EVERY_1MIN);
    give (self, "09:30");
    self->day++;
    assert_false (offer_at (self, "09:30", "09:31"));
}

/* Reference data that comes again replaces the one before. */
static void test_reference_again (void **state)
{
    bench_t *self = *state;
    bench_day (self, true, EVERY_1MIN);
    assert_true (give_files (self, "AAA", self->day, NULL, 0)); /* no ATR */
    give (self, "09:30");
    check_no_more (self);
}

/* A gate that does not pass, or a day that is no trading day, costs the symbol its day, and only
 * that. */
static void test_gate (void **state)
{
    bench_t *self = *state;
    const char *scans[] = {"a:atr_parabolic_up,min_adv=1001,min_adr=0,min_atr_multiplier=-1000000,"
                           "min_volume=0,include_null_market_cap," ALL_DAY,
                           EVERY ("b", "1min", ALL_DAY ",days_of_week=tue")};
    bench_desk (self, true, scans, 2);
    give_reference (self, "AAA", self->day);
    give (self, "09:30"); /* a Tuesday */
    check_hit (self, 1, "09:30", bits (30, 30), "09:31");
    give_reference (self, "AAA", ++self->day);
    give (self, "09:30"); /* a Wednesday */
    self->day = day_of ("2023-03-18");
    give_reference (self, "AAA", self->day);
    give (self, "09:30"); /* a Saturday */
    check_no_more (self);
    assert_int_equal (desk_counts (self->desk)->candles, 3);
}

/* A trading day is none on a holiday. */
static void test_holiday (void **state)
{
    bench_t *self = *state;
    calendar_destroy (&self->calendar);
    self->calendar = calendar_new (&self->day, 1);
    bench_day (self, true, EVERY_1MIN);
    give (self, "09:30");
    check_no_more (self);
}

/* A split between the daily candles and the date adjusts them: the ATR of the day is half of what it
 * was. The candles of the day are as they come. */
static void test_splits (void **state)
{
    bench_t *self = *state;
    bench_desk (self, true, (const char *const[]){EVERY_1MIN}, 1);
    char *text = daily_text (self->day);
    wire_reference_file_t file = partition_file (partition_first (FREQUENCY_1D, self->day), text);
    wire_split_t split = {self->day, 0.5};
    wire_object_t item = {.kind = WIRE_REFERENCE,
                          .reference = {.shard = SHARD,
                                        .generation = self->generation,
                                        .symbol = "AAA",
                                        .day = self->day,
                                        .split_count = 1,
                                        .splits = &split,
                                        .file_count = 1,
                                        .files = &file}};
    assert_true (take (self, &item));
    give (self, "09:30");
    check_hit (self, 0, "09:30", bits (30, 30), "09:31");
    assert_true (self->hits[0].hit.values[4] == 0.5); /* daily_atr_14 */
    assert_true (self->hits[0].hit.candle.close == 11);
    free (text);
}

/* Bad rows and files are counted and named once, however often they come; those of another file, or
 * another symbol, are others. */
static void test_rejections (void **state)
{
    bench_t *self = *state;
    bench_desk (self, true, (const char *const[]){EVERY_1MIN}, 1);
    const desk_counts_t *counts = desk_counts (self->desk);
    const char *bad = "datetime,open,high,low,close,volume\n2023-03-10,10,11,10,10,1000\n"
                      "2023-03-13,0,11,10,10,1000\n2023-03-09,10,11,10\n";
    wire_reference_file_t files[] = {
        partition_file (day_of ("2022-01-01"), "datetime,open\n"),
        partition_file (day_of ("2023-01-01"), bad),
        {.content = WIRE_FUNDAMENTALS, .key = DAY_NONE, .bytes = {"{", 1}},
        {.content = WIRE_PARTITION, .key = day_of ("2021-01-01"), .problem = "is a directory"}};
    for (int i = 0; i < 3; i++) {
        assert_true (give_files (self, "AAA", self->day + i, files, 4));
        assert_int_equal (counts->rejected_rows, 2);
        assert_int_equal (counts->rejected_files, 3);
        assert_int_equal (counts->note_count, 5);
    }
    assert_non_null (strstr (counts->notes[0], "data/candles/AAA/1d/2022.csv:1: "));
    assert_non_null (strstr (counts->notes[1], "data/candles/AAA/1d/2023.csv:3: "));
    assert_non_null (strstr (counts->notes[2], "data/candles/AAA/1d/2023.csv:4: "));
    assert_non_null (strstr (counts->notes[3], "data/fundamentals/AAA.json: line 1"));
    assert_string_equal (counts->notes[4], "data/candles/AAA/1d/2021.csv: is a directory");
    self->day += 2;
    give (self, "09:30"); /* the good row serves */
    check_hit (self, 0, "09:30", bits (30, 30), "09:31");
    desk_drop (self->desk); /* a new session is no new life */
    assert_true (give_begin (self, SHARD, self->generation, NULL, 0));
    assert_true (give_files (self, "AAA", self->day, files, 4));
    assert_int_equal (counts->rejected_rows, 2);
    for (int i = 0; i < 100; i++) {
        char symbol[8];
        snprintf (symbol, sizeof symbol, "B%d", i);
        assert_true (give_files (self, symbol, self->day, files, 4));
        assert_true (give_files (self, symbol, self->day, files, 4));
    }
    assert_int_equal (counts->rejected_rows, 202);
    assert_int_equal (counts->rejected_files, 303);
    assert_int_equal (counts->note_count, WIRE_NOTES_MAX);
}

/* ---- candles that do not count ---- */

/* A repeat, an older candle and one of a closed date are dropped: the broker counts them. */
static void test_dropped (void **state)
{
    bench_t *self = *state;
    bench_day (self, true, EVERY_1MIN);
    give (self, "09:31");
    give (self, "09:31");
    give (self, "09:30");
    self->day--;
    give (self, "09:32");
    self->day++;
    check_hit (self, 0, "09:31", bits (31, 31), "09:32");
    check_no_more (self);
    assert_int_equal (desk_counts (self->desk)->candles, 1);
    give_at (self, "09:32", "09:33");
    assert_int_equal (desk_counts (self->desk)->candles, 2);
}

/* A generation begins with the dates that are closed: their candles are late and need no reference
 * data. */
static void test_closed_dates (void **state)
{
    bench_t *self = *state;
    bench_desk (self, true, (const char *const[]){EVERY_1MIN}, 1);
    const wire_closed_t closed[] = {{"BBB", self->day}, {"AAA", self->day - 1}};
    self->generation.counter++;
    assert_true (give_begin (self, SHARD, self->generation, closed, 2));
    assert_int_equal (desk_symbols (self->desk), 2);
    give_reference (self, "AAA", self->day);
    assert_int_equal (desk_symbols (self->desk), 2);
    self->day--;
    give (self, "09:30");
    check_no_more (self);
    self->day++;
    give (self, "09:30");
    check_hit (self, 0, "09:30", bits (30, 30), "09:31");
}

/* ---- generations and sequences ---- */

/* Within a generation the only item taken is the next one. */
static void test_sequence (void **state)
{
    bench_t *self = *state;
    bench_day (self, true, EVERY_1MIN);
    wire_object_t skipped = clock_item (self, 2, 1000), repeated = clock_item (self, 1, 1000);
    assert_false (take (self, &skipped));
    give (self, "09:30");
    assert_false (take (self, &repeated));
    candle_t candle = candle_at (self, "09:31");
    rows_add (&self->rows, "AAA", &candle, 0);
    assert_false (give_rows (self, 3));
    rows_add (&self->rows, "AAA", &candle, 0);
    assert_false (give_rows (self, 1));
    rows_add (&self->rows, "AAA", &candle, 0);
    assert_true (give_rows (self, 2));
    assert_int_equal (self->hit_count, 2);
}

/* Items of a shard that never began, or of a generation whose BEGIN did not come, say that messages
 * were lost; those of an older generation are ignored. */
static void test_generations (void **state)
{
    bench_t *self = *state;
    bench_day (self, true, EVERY_1MIN);
    wire_object_t item = clock_item (self, 1, 1000);
    item.clock.shard = OTHER_SHARD;
    assert_false (take (self, &item));
    const session_t older = {1, 4}, newer = {1, 6}, now = self->generation;
    candle_t candle = candle_at (self, "09:30");
    for (int i = 0; i < 2; i++) {
        self->generation = i == 0 ? older : newer;
        rows_add (&self->rows, "AAA", &candle, 0);
        assert_int_equal (give_rows (self, 1), i == 0);
        item = clock_item (self, 1, 1000);
        assert_int_equal (take (self, &item), i == 0);
        assert_int_equal (give_files (self, "AAA", self->day, NULL, 0), i == 0);
    }
    self->generation = now;
    give (self,
          "09:30"); /* nothing of that counted, and the reference data is still the right one */
    check_hit (self, 0, "09:30", bits (30, 30), "09:31");
}

/* A higher generation drops the shard's state and counts from 1; an equal or lower one is ignored. */
static void test_begin (void **state)
{
    bench_t *self = *state;
    bench_day (self, true, EVERY_5MIN);
    give (self, "09:30");
    assert_true (give_begin (self, SHARD, self->generation, NULL, 0));
    assert_true (give_begin (self, SHARD, (session_t){1, 4}, NULL, 0));
    assert_int_equal (desk_symbols (self->desk), 1);
    give (self, "09:31");
    self->generation = (session_t){2, 1};
    self->sequence = 0;
    assert_true (give_begin (self, SHARD, self->generation, NULL, 0));
    assert_int_equal (desk_shards (self->desk), 1);
    assert_int_equal (desk_symbols (self->desk), 0);
    give_reference (self, "AAA", self->day);
    give (self, "09:31"); /* what was a repeat before */
    give (self, "09:34");
    check_hit (self, 0, "09:30", bits (31, 31) | bits (34, 34), "09:35");
    check_no_more (self);
}

/* What is no item for a desk is refused. */
static void test_other_items (void **state)
{
    bench_t *self = *state;
    bench_day (self, true, EVERY_1MIN);
    const wire_kind_t kinds[] = {WIRE_UNIT, WIRE_LINK, WIRE_LIVE_HIT, WIRE_PROGRESS, WIRE_HELLO};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        assert_false (take (self, &(wire_object_t){.kind = kinds[i]}));
    }
}

/* A new session drops every shard. */
static void test_drop (void **state)
{
    bench_t *self = *state;
    bench_day (self, true, EVERY_1MIN);
    assert_true (give_begin (self, OTHER_SHARD, self->generation, NULL, 0));
    assert_int_equal (desk_shards (self->desk), 2);
    assert_int_equal (desk_symbols (self->desk), 1);
    desk_drop (self->desk);
    assert_int_equal (desk_shards (self->desk), 0);
    assert_int_equal (desk_symbols (self->desk), 0);
    assert_false (offer_at (self, "09:30", "09:31"));
    desk_end_message (self->desk, self->out);
    collect (self);
    assert_int_equal (self->progress_count, 0);
}

/* ---- messages ---- */

/* At a message's end each shard that it touched says once how far it is, after its hits. */
static void test_progress (void **state)
{
    bench_t *self = *state;
    bench_day (self, true, EVERY_1MIN);
    const session_t other = {1, 9};
    assert_true (give_begin (self, OTHER_SHARD, other, NULL, 0));
    desk_end_message (self->desk, self->out);
    collect (self);
    assert_int_equal (self->progress_count, 0); /* nothing numbered came */
    give (self, "09:30");
    give (self, "09:31");
    wire_object_t item = clock_item (self, 1, 1000);
    item.clock.shard = OTHER_SHARD;
    item.clock.generation = other;
    assert_true (take (self, &item));
    assert_int_equal (self->progress_count, 0);
    desk_end_message (self->desk, self->out);
    desk_end_message (self->desk, self->out);
    collect (self);
    assert_int_equal (self->progress_count, 2);
    assert_int_equal (self->progress[0].shard, SHARD);
    assert_int_equal (self->progress[0].sequence, 2);
    assert_int_equal (session_compare (self->progress[0].generation, self->generation), 0);
    assert_int_equal (self->progress[1].shard, OTHER_SHARD);
    assert_int_equal (self->progress[1].sequence, 1);
    assert_int_equal (session_compare (self->progress[1].generation, other), 0);
}

/* A generation that ends within a message has no progress to say; the new one has its own. */
static void test_progress_of_new_generation (void **state)
{
    bench_t *self = *state;
    bench_day (self, true, EVERY_1MIN);
    give (self, "09:30");
    self->generation.counter++;
    self->sequence = 0;
    assert_true (give_begin (self, SHARD, self->generation, NULL, 0));
    desk_end_message (self->desk, self->out);
    collect (self);
    assert_int_equal (self->progress_count, 0);
    give_clock_ms (self, 1000);
    desk_end_message (self->desk, self->out);
    collect (self);
    assert_int_equal (self->progress_count, 1);
    assert_int_equal (self->progress[0].sequence, 1);
}

static void hear (bench_t *self, uint32_t worker, session_t generation)
{
    wire_owner_t owner = {.shard = SHARD, .worker = worker, .generation = generation};
    wire_live_broker_t broker = {.owner_count = 1, .owners = &owner};
    desk_hear (self->desk, &broker, 3);
}

/* A shard of which a higher generation is somebody else's is dropped, and what is still under way to
 * us is old; of an equal or lower one, or our own, nothing changes. */
static void test_hear (void **state)
{
    bench_t *self = *state;
    bench_day (self, true, EVERY_1MIN);
    const session_t now = self->generation, lower = {1, 4}, higher = {1, 6};
    hear (self, 4, lower);
    hear (self, 4, now);
    hear (self, 3, higher);
    assert_int_equal (desk_shards (self->desk), 1);
    give (self, "09:30");
    hear (self, 4, higher);
    assert_int_equal (desk_shards (self->desk), 0);
    assert_int_equal (desk_symbols (self->desk), 0);
    desk_end_message (self->desk, self->out);
    give (self, "09:31");
    collect (self);
    assert_int_equal (self->hit_count, 1);
    assert_int_equal (self->progress_count, 0);
    assert_true (give_begin (self, SHARD, now, NULL, 0));
    assert_int_equal (desk_shards (self->desk), 0);
    self->generation = (session_t){1, 7}; /* it comes back to us */
    assert_true (give_begin (self, SHARD, self->generation, NULL, 0));
    assert_int_equal (desk_shards (self->desk), 1);
}

/* ---- size and speed ---- */

static size_t bytes_in_use (void)
{
    return mallinfo2 ().uordblks;
}

/* A symbol without a passing scan costs less than 300 bytes, one with five passing scans in three
 * frequencies less than 5,000 with the next day's at hand: 10,000 of them have room in 96 MB. (A
 * sanitizer's allocator has no figures, and passes.) */
static void test_size (void **state)
{
    bench_t *self = *state;
    enum { SYMBOLS = 2000 };
    const char *scans[] = {EVERY ("a", "1min", ALL_DAY ",days_of_week=tue/wed"),
                           EVERY ("b", "5min", ALL_DAY ",days_of_week=tue/wed"),
                           EVERY ("c", "15min", ALL_DAY ",days_of_week=tue/wed"),
                           EVERY ("d", "5min", ALL_DAY ",days_of_week=tue/wed"),
                           EVERY ("e", "1min", ALL_DAY ",days_of_week=tue/wed")};
    bench_desk (self, true, scans, 5);
    for (int part = 0; part < 2; part++) {
        give_reference (self, part == 0 ? "ZA" : "ZB", self->day); /* what they share */
        size_t before = bytes_in_use ();
        for (int i = 0; i < SYMBOLS; i++) {
            char symbol[16];
            snprintf (symbol, sizeof symbol, "%c%d", part == 0 ? 'A' : 'B', i);
            day_t days[] = {part == 0 ? day_of ("2023-03-16") : self->day,
                            part == 0 ? day_of ("2023-03-17") : self->day + 1};
            candle_t candle = {exchange_ts (days[0], 600), 10, 12, 9, 11, 1};
            give_reference (self, symbol, days[0]);
            rows_add (&self->rows, symbol, &candle, candle.ts * 1000);
            assert_true (give_rows (self, ++self->sequence));
            give_reference (self, symbol, days[1]);
            self->hit_count = 0;
        }
        size_t each = (bytes_in_use () - before) / SYMBOLS;
        print_message ("%zu bytes a symbol\n", each);
        assert_true (each < (part == 0 ? 300 : 5000));
    }
}

/* Candles at full speed: the figure is for people. */
static void test_speed (void **state)
{
    bench_t *self = *state;
    enum { SYMBOLS = 40, MINUTES = 390, ROUNDS = 20 };
    const char *scans[] = {
        EVERY ("a", "1min", "start_time=09:30,end_time=23:59,new_extreme"),
        "b:atr_gap_up,min_adv=0,min_adr=0,max_adr=9,min_atr_multiplier=50,"
        "max_atr_multiplier=99,min_volume=0,include_null_market_cap," ALL_DAY,
        "c:high_range_gap_up,min_adv=0,min_adr=0,max_adr=9,min_volume=1e18,"
        "n_days=20,include_null_market_cap," ALL_DAY,
        "d:small_cap_up,min_volume=1e18,min_gap=5,include_null_market_cap," ALL_DAY,
        EVERY ("e", "5min", "start_time=23:58,end_time=23:59")};
    for (int with_buckets = 0; with_buckets < 2; with_buckets++) {
        int64_t used_ns = 0;
        bench_desk (self, false, scans, with_buckets ? 5 : 4);
        for (int round = 0; round < ROUNDS; round++) {
            char symbol[16];
            for (int i = 0; i < SYMBOLS; i++) {
                snprintf (symbol, sizeof symbol, "S%d", i);
                give_reference (self, symbol, self->day + round);
            }
            for (int minute = 0; minute < MINUTES; minute++) {
                for (int i = 0; i < SYMBOLS; i++) {
                    candle_t candle = {
                        exchange_ts (self->day + round, 570 + minute), 10, 12, 9, 11, 100};
                    snprintf (symbol, sizeof symbol, "S%d", i);
                    rows_add (&self->rows, symbol, &candle, candle.ts * 1000);
                }
                wire_object_t item =
                    rows_item (&self->rows, SHARD, self->generation, ++self->sequence);
                int64_t start = cpu_thread_ns ();
                assert_true (desk_take (self->desk, &item, self->out));
                used_ns += cpu_thread_ns () - start;
                rows_clear (&self->rows);
            }
            self->hit_count = 0;
            collect (self);
        }
        print_message ("%.1f M candles/s %s\n",
                       (double) SYMBOLS * MINUTES * ROUNDS * 1e3 / (double) used_ns,
                       with_buckets ? "at 1min and 5min" : "at 1min");
    }
}

int main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, bench_open, bench_close)
    const struct CMUnitTest tests[] = {
        TEST (test_minute),
        TEST (test_stamps),
        TEST (test_last_minute),
        TEST (test_later_bucket),
        TEST (test_last_bucket_of_day),
        TEST (test_late_after_end),
        TEST (test_late_after_newest),
        TEST (test_first_is_never_late),
        TEST (test_late_for_one_frequency),
        TEST (test_clock),
        TEST (test_clock_after_newest),
        TEST (test_clock_of_several),
        TEST (test_clock_closes_date),
        TEST (test_end),
        TEST (test_new_date),
        TEST (test_clocks_change),
        TEST (test_first_hit),
        TEST (test_window),
        TEST (test_since),
        TEST (test_since_of_bucket),
        TEST (test_not_finite),
        TEST (test_reference_missing),
        TEST (test_names_missing),
        TEST (test_reference_is_of_one_date),
        TEST (test_reference_again),
        TEST (test_gate),
        TEST (test_holiday),
        TEST (test_splits),
        TEST (test_rejections),
        TEST (test_dropped),
        TEST (test_closed_dates),
        TEST (test_sequence),
        TEST (test_generations),
        TEST (test_begin),
        TEST (test_other_items),
        TEST (test_drop),
        TEST (test_progress),
        TEST (test_progress_of_new_generation),
        TEST (test_hear),
        TEST (test_size),
        TEST (test_speed),
    };
    if (exchange_init () != 0) {
        return 1;
    }
    return cmocka_run_group_tests (tests, NULL, NULL);
}

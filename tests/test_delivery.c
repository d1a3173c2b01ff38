/* The files of a unit on their way: which, in what order, in what chunks, and what stands in for
 * those that cannot be read. */
#include "check.h"

#include "delivery.h"
#include "log.h"
#include "spawn.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PARABOLIC                                                                                  \
    "atr_parabolic_up,min_adv=0,min_adr=0,min_atr_multiplier=1,min_volume=0,"                      \
    "start_time=09:30,end_time=16:00"

/* A market of A and B in a directory of the test's own, and a run over it. */
typedef struct {
    char *directory;
    market_t *market;
    run_t run;
    delivery_plan_t plan;
    delivery_t delivery;
    buffer_t message;
    wire_reader_t *reader;
    wire_object_t object;
} bench_t;

static day_t day_of (const char *text)
{
    day_t day = DAY_NONE;
    assert_true (day_parse (text, strlen (text), &day));
    return day;
}

static int bench_open (void **state)
{
    static const char *const folders[] = {
        "data",           "data/candles",        "data/candles/A",     "data/candles/A/1d",
        "data/candles/B", "data/candles/A/1min", "data/candles/B/5min"};
    bench_t *self = memory_new (sizeof *self);
    *state = self;
    self->directory = directory_new ();
    self->reader = wire_reader_new ();
    if (chdir (self->directory) != 0) {
        return -1;
    }
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        if (mkdir (folders[i], 0777) != 0) {
            return -1;
        }
    }
    return 0;
}

static int bench_close (void **state)
{
    bench_t *self = *state;
    delivery_drop (&self->delivery);
    wire_reader_destroy (&self->reader);
    buffer_free (&self->message);
    market_destroy (&self->market);
    int rc = chdir ("/");
    directory_destroy (&self->directory);
    free (self);
    return rc;
}

/* Opens what the test wrote, for a run of `text` over the days. */
static void bench_plan (bench_t *self, const char *text, const char *from, const char *to)
{
    scan_t scan;
    char error[256];
    assert_int_equal (scan_parse (text, FREQUENCY_1MIN, &scan, error, sizeof error), 0);
    assert_int_equal (run_init (&self->run, &scan, 1, false, error, sizeof error), 0);
    self->market = market_open (".", NULL);
    assert_non_null (self->market);
    self->plan =
        (delivery_plan_t){.market = self->market,
                          .run = &self->run,
                          .from = day_of (from),
                          .to = day_of (to),
                          .ranges = delivery_ranges (&self->run, day_of (from), day_of (to))};
}

static void begin_reading (bench_t *self)
{
    wire_reader_begin (self->reader, self->message.bytes, self->message.size);
}

static const wire_object_t *next (bench_t *self, wire_kind_t kind)
{
    assert_int_equal (wire_next (self->reader, &self->object), 1);
    assert_int_equal (self->object.kind, kind);
    return &self->object;
}

static void check_end (bench_t *self)
{
    assert_int_equal (wire_next (self->reader, &self->object), 0);
    self->message.size = 0;
}

/* The next object is a FILE of that partition with that text, whole. */
static void check_file (bench_t *self, const char *key, const char *text)
{
    const wire_file_t *file = &next (self, WIRE_FILE)->file;
    char found[PARTITION_TEXT];
    assert_int_equal (file->content, WIRE_PARTITION);
    assert_string_equal (partition_format (file->partition.frequency, file->partition.key, found),
                         key);
    assert_int_equal (file->bytes.size, strlen (text));
    assert_memory_equal (file->bytes.bytes, text, strlen (text));
    assert_true (file->is_last);
    assert_string_equal (file->problem, "");
}

static void check_ready (bench_t *self, uint32_t unit, uint32_t attempt)
{
    const wire_ready_t *item = &next (self, WIRE_READY)->ready;
    assert_int_equal (item->unit, unit);
    assert_int_equal (item->attempt, attempt);
    check_end (self);
}

/* Descriptors that this process has open. */
static int open_files (void)
{
    DIR *folder = opendir ("/proc/self/fd");
    int count = 0;
    while (readdir (folder)) {
        count++;
    }
    closedir (folder);
    return count;
}

static uint32_t ranges (const run_t *run, const char *from, const char *to)
{
    return delivery_ranges (run, day_of (from), day_of (to));
}

/* A range touches as many units as it touches calendar quarters; of a run that reads daily files
 * alone, calendar years. */
static void test_ranges (void **state)
{
    (void) state;
    const run_t quarters = {.reads_minutes = true}, years = {0};
    assert_int_equal (ranges (&quarters, "2023-01-01", "2023-03-31"), 1);
    assert_int_equal (ranges (&quarters, "2023-03-31", "2023-04-01"), 2);
    assert_int_equal (ranges (&quarters, "2023-12-31", "2024-01-01"), 2);
    assert_int_equal (ranges (&quarters, "2022-02-15", "2023-11-15"), 8);
    assert_int_equal (delivery_ranges (&quarters, DAY_FIRST, DAY_LAST), 1200);
    assert_int_equal (ranges (&years, "2023-01-01", "2023-12-31"), 1);
    assert_int_equal (ranges (&years, "2023-03-31", "2023-04-01"), 1);
    assert_int_equal (ranges (&years, "2023-12-31", "2024-01-01"), 2);
    assert_int_equal (ranges (&years, "2022-02-15", "2024-01-01"), 3);
    assert_int_equal (delivery_ranges (&years, DAY_FIRST, DAY_LAST), 300);
}

/* Six units of which A and B have three each, with these days; the first and last of a symbol are
 * told. */
static void check_units (bench_t *self, const char *const days[3][2])
{
    for (uint32_t unit = 0; unit < 6; unit++) {
        self->message.size = 0;
        delivery_start (&self->delivery, &self->plan, unit, 4, &self->message);
        begin_reading (self);
        const wire_unit_t *order = &next (self, WIRE_UNIT)->unit;
        assert_int_equal (order->unit, unit);
        assert_int_equal (order->attempt, 4);
        assert_string_equal (order->symbol, unit < 3 ? "A" : "B");
        assert_int_equal (order->first, day_of (days[unit % 3][0]));
        assert_int_equal (order->last, day_of (days[unit % 3][1]));
        assert_int_equal (order->is_first, unit % 3 == 0);
        assert_int_equal (order->is_last, unit % 3 == 2);
        assert_int_equal (order->folders, self->run.frequency_count && unit < 3);
        assert_false (order->explain);
        assert_int_equal (order->split_count, 0);
        check_end (self);
    }
}

/* The units of a symbol are the quarters of the range, cut to it. */
static void test_quarters (void **state)
{
    static const char *const days[][2] = {
        {"2022-11-15", "2022-12-31"}, {"2023-01-01", "2023-03-31"}, {"2023-04-01", "2023-06-02"}};
    bench_plan (*state, PARABOLIC, "2022-11-15", "2023-06-02");
    check_units (*state, days);
}

/* The units of a run that reads daily files alone are the years of the range: so every file is read
 * once, but for the lookback. A daily scanner that reads 1-minute candles too has quarters. */
static void test_years (void **state)
{
    static const char *const days[][2] = {
        {"2021-11-15", "2021-12-31"}, {"2022-01-01", "2022-12-31"}, {"2023-01-01", "2023-06-02"}};
    bench_plan (*state, "daily_atr_parabolic_up,min_adv=0,min_adr=0,min_atr_multiplier=1",
                "2021-11-15", "2023-06-02");
    check_units (*state, days);
    bench_t *self = *state;
    scan_t scan;
    char error[256];
    assert_int_equal (scan_parse ("day2_gap,min_adv=0,min_adr=0,min_gap=0,min_retrace=0,"
                                  "min_price=0",
                                  FREQUENCY_1MIN, &scan, error, sizeof error),
                      0);
    assert_int_equal (run_init (&self->run, &scan, 1, false, error, sizeof error), 0);
    assert_int_equal (ranges (&self->run, "2021-11-15", "2023-06-02"), 7);
}

/* A unit's start: header with its splits, the daily partitions of range and lookback that exist,
 * fundamentals, READY. */
static void test_start (void **state)
{
    bench_t *self = *state;
    file_write ("data/candles/A/1d/2020.csv", "too old\n");
    file_write ("data/candles/A/1d/2021.csv", "the year\n");
    file_write ("data/candles/A/1d/2023.csv", "");
    file_write ("data/candles/A/1d/2024.csv", "not yet\n");
    assert_int_equal (mkdir ("data/fundamentals", 0777), 0);
    file_write ("data/fundamentals/A.json", "{}");
    file_write ("data/polygon_splits.json",
                "{\"A\": [{\"execution_date\": \"2023-06-01\", \"split_from\": 1,"
                " \"split_to\": 2}]}");
    bench_plan (self, PARABOLIC ",atr_lookback=500", "2023-02-01", "2023-02-28");
    self->plan.explain = true;
    self->plan.when = exchange_ts (day_of ("2023-02-01"), 570);
    delivery_start (&self->delivery, &self->plan, 0, 1, &self->message);
    assert_true (delivery_fill (&self->delivery, &self->message, SIZE_MAX));
    begin_reading (self);
    const wire_unit_t *order = &next (self, WIRE_UNIT)->unit;
    assert_true (order->explain);
    assert_int_equal (order->when, self->plan.when);
    assert_int_equal (order->split_count, 1);
    assert_true (order->splits[0].factor == 0.5);
    check_file (self, "2021", "the year\n"); /* 2022 does not exist */
    check_file (self, "2023", "");
    const wire_file_t *file = &next (self, WIRE_FILE)->file;
    assert_int_equal (file->content, WIRE_FUNDAMENTALS);
    assert_memory_equal (file->bytes.bytes, "{}", 2);
    assert_true (file->is_last);
    check_ready (self, 0, 1);
    assert_int_equal (self->delivery.read_bytes, strlen ("the year\n") + 2);
}

/* A symbol without any file is a header and READY. */
static void test_start_without_files (void **state)
{
    bench_t *self = *state;
    bench_plan (self, PARABOLIC, "2023-02-01", "2023-02-28");
    delivery_start (&self->delivery, &self->plan, 1, 1, &self->message);
    assert_true (delivery_fill (&self->delivery, &self->message, SIZE_MAX));
    begin_reading (self);
    next (self, WIRE_UNIT);
    check_ready (self, 1, 1);
}

/* Files that cannot be read are told with the reason, and nothing waits for them. */
static void test_problems (void **state)
{
    bench_t *self = *state;
    assert_int_equal (mkdir ("data/candles/A/1d/2022.csv", 0777), 0);
    assert_int_equal (mkfifo ("data/candles/A/1d/2023.csv", 0666), 0);
    bench_plan (self, PARABOLIC, "2023-02-01", "2023-02-28");
    delivery_start (&self->delivery, &self->plan, 0, 1, &self->message);
    assert_true (delivery_fill (&self->delivery, &self->message, SIZE_MAX));
    begin_reading (self);
    next (self, WIRE_UNIT);
    for (int i = 0; i < 2; i++) {
        const wire_file_t *file = &next (self, WIRE_FILE)->file;
        assert_string_not_equal (file->problem, "");
        assert_true (file->is_last);
        assert_int_equal (file->bytes.size, 0);
    }
    check_ready (self, 0, 1);
}

#define LARGE ((size_t) 3 << 20)

static void write_large (const char *path)
{
    char *text = memory_new (LARGE + 1);
    for (size_t i = 0; i < LARGE; i++) {
        text[i] = (char) ('a' + i / 1000 % 26);
    }
    file_write (path, text);
    free (text);
}

static const partition_t week = {{1, 'm'}, 19429}; /* 2023-03-13 */
#define WEEK "data/candles/A/1min/2023-03-13.csv"

/* A file of 3 MiB travels in 3 chunks of 1 MiB, byte for byte, and each message stays near its
 * size. */
static void test_chunks (void **state)
{
    bench_t *self = *state;
    write_large (WEEK);
    bench_plan (self, PARABOLIC, "2023-03-13", "2023-03-13");
    delivery_serve (&self->delivery, &self->plan, 0, 1, &week, 1);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal (delivery_fill (&self->delivery, &self->message, 1), i == 2);
        assert_true (self->message.size <= WIRE_CHUNK + 100);
        begin_reading (self);
        const wire_file_t *file = &next (self, WIRE_FILE)->file;
        assert_int_equal (file->bytes.size, WIRE_CHUNK);
        assert_int_equal (file->is_last, i == 2);
        for (size_t k = 0; k < WIRE_CHUNK; k += 500) {
            assert_int_equal (file->bytes.bytes[k], 'a' + (i * WIRE_CHUNK + k) / 1000 % 26);
        }
        check_end (self);
    }
    assert_int_equal (self->delivery.read_bytes, LARGE);
}

/* Needs are served in the order asked for; a partition that is absent is one empty last FILE. */
static void test_serve (void **state)
{
    bench_t *self = *state;
    const partition_t partitions[] = {
        {{1, 'm'}, week.key - 7}, week, {{1, 'm'}, week.key + 7}, {{5, 'm'}, week.key}};
    file_write (WEEK, "some\nrows");
    bench_plan (self, PARABOLIC, "2023-03-13", "2023-03-13");
    delivery_serve (&self->delivery, &self->plan, 0, 3, partitions, 4);
    assert_true (delivery_fill (&self->delivery, &self->message, SIZE_MAX));
    begin_reading (self);
    check_file (self, "2023-03-06", "");
    check_file (self, "2023-03-13", "some\nrows");
    check_file (self, "2023-03-20", "");
    check_file (self, "2023-03-13", "");
    assert_int_equal (self->object.file.partition.frequency.count, 5);
    check_end (self);
}

/* A file that shrinks while it is read ends where it ends. */
static void test_shrinking (void **state)
{
    bench_t *self = *state;
    const off_t sizes[] = {(off_t) WIRE_CHUNK + 17, (off_t) WIRE_CHUNK};
    for (size_t i = 0; i < 2; i++) {
        int before = open_files ();
        write_large (WEEK);
        if (!self->market) {
            bench_plan (self, PARABOLIC, "2023-03-13", "2023-03-13");
            before = open_files ();
        }
        delivery_serve (&self->delivery, &self->plan, 0, 1, &week, 1);
        assert_false (delivery_fill (&self->delivery, &self->message, 1));
        assert_int_equal (truncate (WEEK, sizes[i]), 0);
        assert_true (delivery_fill (&self->delivery, &self->message, SIZE_MAX));
        begin_reading (self);
        assert_false (next (self, WIRE_FILE)->file.is_last);
        const wire_file_t *file = &next (self, WIRE_FILE)->file;
        assert_int_equal (file->bytes.size, sizes[i] - (off_t) WIRE_CHUNK);
        assert_true (file->is_last);
        check_end (self);
        assert_int_equal (open_files (), before);
    }
}

/* Dropping closes the file that was being read. */
static void test_drop (void **state)
{
    bench_t *self = *state;
    write_large (WEEK);
    bench_plan (self, PARABOLIC, "2023-03-13", "2023-03-13");
    int before = open_files ();
    delivery_serve (&self->delivery, &self->plan, 0, 1, &week, 1);
    assert_false (delivery_fill (&self->delivery, &self->message, 1));
    assert_int_equal (open_files (), before + 1);
    delivery_drop (&self->delivery);
    assert_int_equal (open_files (), before);
    assert_null (self->delivery.plan);
    delivery_drop (&self->delivery); /* nothing more to drop */
}

int main (void)
{
    if (exchange_init () != 0) {
        return 1;
    }
    log_init ("test_delivery", LOG_ERROR, LOG_TEXT);
#define TEST(name) cmocka_unit_test_setup_teardown (name, bench_open, bench_close)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_ranges),
        TEST (test_quarters),
        TEST (test_years),
        TEST (test_start),
        TEST (test_start_without_files),
        TEST (test_problems),
        TEST (test_chunks),
        TEST (test_serve),
        TEST (test_shrinking),
        TEST (test_drop),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

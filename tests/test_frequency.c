/* Frequencies, the files that hold them, and longer candles built from 1-minute ones. */
#include "frequency.h"

#include <string.h>

#include "check.h"

static int setup (void **state)
{
    (void) state;
    return exchange_init ();
}

static frequency_t frequency_of (const char *text)
{
    frequency_t frequency = {0};
    assert_true (frequency_parse (text, &frequency));
    return frequency;
}

/* Every frequency that divides a day is read, and written as it was. */
static void test_text (void **state)
{
    (void) state;
    static const struct {
        const char *text;
        int minutes;
    } right[] = {{"1min", 1}, {"3min", 3},   {"60min", 60}, {"1440min", 1440},
                 {"1h", 60},  {"24h", 1440}, {"45min", 45}, {"1d", 1440}};
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        char text[FREQUENCY_TEXT];
        frequency_t frequency = frequency_of (right[i].text);
        assert_int_equal (frequency_minutes (frequency), right[i].minutes);
        assert_string_equal (frequency_format (frequency, text), right[i].text);
    }
}

/* One that does not divide a day, has another unit or is written in another way is refused. */
static void test_text_wrong (void **state)
{
    (void) state;
    static const char *const wrong[] = {"",
                                        "min",
                                        "0min",
                                        "7min",
                                        "01min",
                                        "-1min",
                                        "+1min",
                                        "1440",
                                        "1mins",
                                        "5h",
                                        "25h",
                                        "48h",
                                        "2d",
                                        "1 min",
                                        "2880min",
                                        "1D",
                                        "1m",
                                        "1w",
                                        "65537min",
                                        "4294967297min",
                                        "99999999999999999999min"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        frequency_t frequency;
        assert_false (frequency_parse (wrong[i], &frequency));
    }
}

/* What came from outside as numbers is held to the same rules. */
static void test_valid (void **state)
{
    (void) state;
    static const frequency_t right[] = {{1, 'm'}, {45, 'm'}, {1440, 'm'}, {24, 'h'}, {1, 'd'}};
    static const frequency_t wrong[] = {{0, 'm'}, {7, 'm'}, {2880, 'm'}, {5, 'h'}, {48, 'h'},
                                        {2, 'd'}, {1, 'w'}, {1, '\0'},   {0, 'd'}, {65535, 'h'}};
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        assert_true (frequency_valid (right[i]));
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false (frequency_valid (wrong[i]));
    }
}

/* 60min and 1h are as long but not the same. */
static void test_equal (void **state)
{
    (void) state;
    assert_true (frequency_equal (frequency_of ("1d"), FREQUENCY_1D));
    assert_true (frequency_equal (frequency_of ("1min"), FREQUENCY_1MIN));
    assert_false (frequency_equal (frequency_of ("60min"), frequency_of ("1h")));
    assert_false (frequency_equal (frequency_of ("3min"), frequency_of ("5min")));
}

static void check_partition (const char *frequency, const char *day, const char *first,
                             const char *last, const char *key)
{
    frequency_t f = frequency_of (frequency);
    day_t date;
    char text[11], name[PARTITION_TEXT];
    assert_true (day_parse (day, strlen (day), &date));
    day_t start = partition_first (f, date);
    assert_string_equal (day_format (start, text), first);
    assert_string_equal (day_format (partition_last (f, start), text), last);
    assert_int_equal (partition_next (f, start), partition_last (f, start) + 1);
    assert_string_equal (partition_format (f, start, name), key);
}

/* Weeks for minutes, months for hours, years for days, with their names. */
static void test_partitions (void **state)
{
    (void) state;
    check_partition ("1min", "2023-03-12", "2023-03-06", "2023-03-12", "2023-03-06");
    check_partition ("3min", "2023-03-13", "2023-03-13", "2023-03-19", "2023-03-13");
    check_partition ("1min", "1969-12-31", "1969-12-29", "1970-01-04", "1969-12-29");
    check_partition ("1h", "2023-03-31", "2023-03-01", "2023-03-31", "2023-03");
    check_partition ("1h", "2024-02-29", "2024-02-01", "2024-02-29", "2024-02");
    check_partition ("4h", "2023-12-01", "2023-12-01", "2023-12-31", "2023-12");
    check_partition ("1d", "2024-12-31", "2024-01-01", "2024-12-31", "2024");
    check_partition ("1d", "2023-01-01", "2023-01-01", "2023-12-31", "2023");
    check_partition ("60min", "2023-03-31", "2023-03-27", "2023-04-02", "2023-03-27");
}

/* Partitions of every frequency follow each other without a gap over all accepted days. */
static void test_partitions_tile (void **state)
{
    (void) state;
    static const char *const frequencies[] = {"1min", "1h", "1d"};
    for (size_t i = 0; i < sizeof frequencies / sizeof frequencies[0]; i++) {
        frequency_t frequency = frequency_of (frequencies[i]);
        day_t first = partition_first (frequency, DAY_FIRST);
        for (day_t day = DAY_FIRST; day <= DAY_LAST; day++) {
            if (day == partition_next (frequency, first)) {
                first = day;
            }
            assert_int_equal (partition_first (frequency, day), first);
            assert_true (day <= partition_last (frequency, first));
        }
    }
}

/* Feeds 1-minute candles of those times, the i-th with prices around i + 1; the candles built. */
static candles_t build (const char *frequency, const int64_t *times, size_t count)
{
    candles_t built = {0};
    bucket_t bucket;
    candle_t closed;
    bucket_init (&bucket, frequency_of (frequency));
    assert_false (bucket_close (&bucket, &closed));
    for (size_t i = 0; i < count; i++) {
        double price = (double) i + 1;
        candle_t minute = {times[i], price, price + 0.5, price - 0.5, price + 0.25, 10};
        if (bucket_feed (&bucket, &minute, &closed)) {
            candles_push (&built, &closed);
        }
    }
    if (bucket_close (&bucket, &closed)) {
        candles_push (&built, &closed);
    }
    assert_false (bucket_close (&bucket, &closed));
    return built;
}

static void check_candle (const candle_t *candle, int64_t ts, double open, double high, double low,
                          double close, double volume)
{
    assert_int_equal (candle->ts, ts);
    assert_true (candle->open == open && candle->high == high && candle->low == low);
    assert_true (candle->close == close && candle->volume == volume);
}

/* Open is the first, high the highest, low the lowest, close the last, volume the sum; a bin
 * without candles is absent.
 */
static void test_bins (void **state)
{
    (void) state;
    const int64_t start = 1678714200; /* 2023-03-13 09:30 */
    const int64_t times[] = {start + 60, start + 120, start + 180, start + 540, start + 660};
    candles_t built = build ("3min", times, 5);
    assert_int_equal (built.count, 3);
    check_candle (&built.rows[0], start, 1, 2.5, 0.5, 2.25, 20);
    check_candle (&built.rows[1], start + 180, 3, 3.5, 2.5, 3.25, 10);
    check_candle (&built.rows[2], start + 540, 4, 5.5, 3.5, 5.25, 20);
    candles_free (&built);
}

/* A later minute may be lower and higher than all before. */
static void test_bin_extremes (void **state)
{
    (void) state;
    bucket_t bucket;
    candle_t closed;
    bucket_init (&bucket, frequency_of ("5min"));
    assert_false (bucket_feed (&bucket, &(candle_t){1678714200, 5, 6, 4, 5, 1}, &closed));
    assert_false (bucket_feed (&bucket, &(candle_t){1678714260, 5, 9, 5, 6, 2}, &closed));
    assert_false (bucket_feed (&bucket, &(candle_t){1678714320, 3, 4, 2, 3, 4}, &closed));
    assert_true (bucket_close (&bucket, &closed));
    check_candle (&closed, 1678714200, 5, 9, 2, 3, 7);
}

/* Bins start at local midnight: those of 8 hours are three a day, and a new day is a new bin. */
static void test_bins_by_local_day (void **state)
{
    (void) state;
    day_t day = day_from (2023, 3, 13);
    const int64_t times[] = {exchange_ts (day, 959), exchange_ts (day, 960),
                             exchange_ts (day, 1439), exchange_midnight (day + 1)};
    candles_t built = build ("8h", times, 4);
    assert_int_equal (built.count, 3);
    assert_int_equal (built.rows[0].ts, exchange_ts (day, 480));
    assert_int_equal (built.rows[1].ts, exchange_ts (day, 960));
    assert_int_equal (built.rows[2].ts, exchange_midnight (day + 1));
    candles_free (&built);
}

/* On the days when the clocks change every bin still has its own start, in order, and no candle is
 * lost. */
static void test_bins_when_clocks_change (void **state)
{
    (void) state;
    static const char *const frequencies[] = {"1min", "30min", "80min", "90min", "1h", "2h", "24h"};
    const day_t days[] = {day_from (2023, 3, 12), day_from (2023, 11, 5)};
    for (size_t i = 0; i < sizeof frequencies / sizeof frequencies[0]; i++) {
        for (size_t k = 0; k < 2; k++) {
            int64_t times[25 * 60];
            size_t count = 0;
            for (int64_t ts = exchange_midnight (days[k]); ts < exchange_midnight (days[k] + 1);
                 ts += 60) {
                times[count++] = ts;
            }
            assert_int_equal (count, k == 0 ? 23 * 60 : 25 * 60);
            candles_t built = build (frequencies[i], times, count);
            double volume = 0;
            for (size_t j = 0; j < built.count; j++) {
                volume += built.rows[j].volume;
                assert_true (j == 0 || built.rows[j].ts > built.rows[j - 1].ts);
                assert_int_equal (exchange_day (built.rows[j].ts), days[k]);
            }
            assert_true (volume == 10.0 * (double) count);
            assert_int_equal (built.rows[0].ts, times[0]);
            candles_free (&built);
        }
    }
    const int64_t late[] = {exchange_ts (days[0], 190)}; /* 03:10; 02:40 does not come */
    candles_t built = build ("80min", late, 1);
    assert_int_equal (built.rows[0].ts, exchange_ts (days[0], 180));
    candles_free (&built);
}

/* The end of a bin is where no later minute of the date can belong to it, and the minute before can:
 * on every date, whichever of its minutes came first. */
static void test_bin_ends (void **state)
{
    (void) state;
    static const char *const frequencies[] = {"3min", "80min", "90min", "1h", "2h", "24h"};
    const day_t days[] = {day_from (2023, 3, 14), day_from (2023, 3, 12), day_from (2023, 11, 5)};
    for (size_t i = 0; i < sizeof frequencies / sizeof *frequencies; i++) {
        for (size_t k = 0; k < 3; k++) {
            int64_t midnight = exchange_midnight (days[k] + 1);
            for (int64_t ts = exchange_midnight (days[k]); ts < midnight; ts += 11 * 60) {
                bucket_t bucket;
                candle_t closed;
                bucket_init (&bucket, frequency_of (frequencies[i]));
                bucket_feed (&bucket, &(candle_t){ts, 1, 1, 1, 1, 1}, &closed);
                int64_t end = bucket_end (&bucket);
                assert_true (end > ts && end <= midnight);
                assert_true (bucket_has (&bucket, end - 60));
                for (int64_t later = end; later < midnight; later += 60) {
                    assert_false (bucket_has (&bucket, later));
                }
                assert_true (k > 0 || end == bucket.candle.ts + bucket.minutes * 60);
            }
        }
    }
}

/* An hour that is left out or comes again makes bins shorter and longer. */
static void test_bin_ends_when_clocks_change (void **state)
{
    (void) state;
    static const struct {
        const char *frequency, *first;
        int minutes;
    } ends[] = {
        {"2h", "2023-03-12 00:00", 120}, {"2h", "2023-03-12 03:00", 60},
        {"4h", "2023-03-12 00:00", 180}, {"24h", "2023-03-12 00:00", 23 * 60},
        {"1h", "2023-11-05 01:00", 60},  {"1h", "2023-11-05 01:00-05:00", 60},
        {"2h", "2023-11-05 00:00", 180}, {"24h", "2023-11-05 00:00", 25 * 60},
    };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        bucket_t bucket;
        candle_t closed, first = {0};
        bool is_date;
        assert_true (exchange_parse (ends[i].first, &first.ts, &is_date));
        bucket_init (&bucket, frequency_of (ends[i].frequency));
        bucket_feed (&bucket, &first, &closed);
        assert_int_equal (bucket_end (&bucket) - first.ts, ends[i].minutes * 60);
        bucket_close (&bucket, &closed);
        assert_true (bucket_has (&bucket, first.ts + 60)); /* closed, it is still the last one */
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_text),
        cmocka_unit_test (test_text_wrong),
        cmocka_unit_test (test_valid),
        cmocka_unit_test (test_equal),
        cmocka_unit_test (test_partitions),
        cmocka_unit_test (test_partitions_tile),
        cmocka_unit_test (test_bins),
        cmocka_unit_test (test_bin_extremes),
        cmocka_unit_test (test_bins_by_local_day),
        cmocka_unit_test (test_bins_when_clocks_change),
        cmocka_unit_test (test_bin_ends),
        cmocka_unit_test (test_bin_ends_when_clocks_change),
    };
    return cmocka_run_group_tests (tests, setup, NULL);
}

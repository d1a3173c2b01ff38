/* Which of a symbol's candles count, and when its dates close. */
#include "check.h"

#include "series.h"

#include <string.h>

#define TIMEOUT (6 * INT64_C (3600) * 1000)

static day_t day_of (const char *text)
{
    day_t day = DAY_NONE;
    assert_true (day_parse (text, strlen (text), &day));
    return day;
}

static int64_t ts_of (const char *text)
{
    int64_t ts;
    bool is_date;
    assert_true (exchange_parse (text, &ts, &is_date));
    return ts;
}

/* A candle that arrives when it is over. */
static series_verdict_t take (series_t *series, const char *start)
{
    int64_t ts = ts_of (start);
    return series_take (series, ts, ts * 1000 + 60000, TIMEOUT, NULL);
}

static series_verdict_t take_at (series_t *series, const char *start, const char *arrival)
{
    return series_take (series, ts_of (start), ts_of (arrival) * 1000, TIMEOUT, NULL);
}

/* A date's first candle is a new date's, the next ones are not, and the next date's first is again;
 * `day` is the exchange's date, whatever UTC says. */
static void test_dates (void **state)
{
    (void) state;
    series_t series;
    day_t day = DAY_NONE;
    series_init (&series, DAY_NONE);
    assert_int_equal (series.day, DAY_NONE);
    assert_int_equal (take (&series, "2023-03-14 09:30"), SERIES_NEW_DATE);
    assert_int_equal (series.day, day_of ("2023-03-14"));
    assert_int_equal (take (&series, "2023-03-14 09:31"), SERIES_TAKE);
    int64_t ts = ts_of ("2023-03-14 23:59");
    assert_int_equal (series_take (&series, ts, ts * 1000, TIMEOUT, &day), SERIES_TAKE);
    assert_int_equal (day, day_of ("2023-03-14"));
    assert_int_equal (take (&series, "2023-03-15 00:00"), SERIES_NEW_DATE);
    assert_int_equal (series.day, day_of ("2023-03-15"));
    assert_int_equal (series.end_ms, exchange_midnight (day_of ("2023-03-16")) * 1000);
}

/* A candle that is not newer than the last one is a duplicate and changes nothing. */
static void test_duplicates (void **state)
{
    (void) state;
    series_t series;
    series_init (&series, DAY_NONE);
    take (&series, "2023-03-14 09:30");
    take (&series, "2023-03-14 09:35");
    series_t before = series;
    assert_int_equal (take_at (&series, "2023-03-14 09:35", "2023-03-14 09:40"), SERIES_DUPLICATE);
    assert_int_equal (take_at (&series, "2023-03-14 09:31", "2023-03-14 09:40"), SERIES_DUPLICATE);
    assert_memory_equal (&series, &before, sizeof series);
    assert_int_equal (take (&series, "2023-03-14 09:36"), SERIES_TAKE);
}

/* A candle of a later date closes the date before: what still comes of it is late. */
static void test_later_date_closes (void **state)
{
    (void) state;
    series_t series;
    day_t day = DAY_NONE;
    series_init (&series, DAY_NONE);
    take (&series, "2023-03-14 09:30");
    take (&series, "2023-03-15 04:00");
    int64_t ts = ts_of ("2023-03-14 09:31");
    assert_int_equal (series_take (&series, ts, ts_of ("2023-03-15 04:01") * 1000, TIMEOUT, &day),
                      SERIES_LATE);
    assert_int_equal (day, day_of ("2023-03-14"));
    assert_int_equal (series.day, day_of ("2023-03-15"));
}

/* Dates that were closed before we began are late, the one after is not. */
static void test_closed (void **state)
{
    (void) state;
    series_t series;
    series_init (&series, day_of ("2023-03-14"));
    assert_int_equal (take (&series, "2023-03-13 09:30"), SERIES_LATE);
    assert_int_equal (take (&series, "2023-03-14 23:59"), SERIES_LATE);
    assert_int_equal (series.day, DAY_NONE);
    assert_int_equal (take (&series, "2023-03-15 00:00"), SERIES_NEW_DATE);
}

/* A date closes when the timeout has passed since its end, to the millisecond. */
static void test_closes_after_its_end (void **state)
{
    (void) state;
    series_t series;
    series_init (&series, DAY_NONE);
    int64_t end_ms = exchange_midnight (day_of ("2023-03-15")) * 1000, ts;
    assert_false (series_is_over (&series, INT64_MAX, TIMEOUT));
    take (&series, "2023-03-14 15:59");
    assert_false (series_is_over (&series, end_ms + TIMEOUT, TIMEOUT));
    assert_true (series_is_over (&series, end_ms + TIMEOUT + 1, TIMEOUT));
    ts = ts_of ("2023-03-14 16:00");
    assert_int_equal (series_take (&series, ts, end_ms + TIMEOUT + 1, TIMEOUT, NULL), SERIES_LATE);
    assert_int_equal (series_take (&series, ts, end_ms + TIMEOUT, TIMEOUT, NULL), SERIES_TAKE);
}

/* Old candles that are added later are as good as fresh ones: the timeout counts from the last
 * arrival. */
static void test_closes_after_last_arrival (void **state)
{
    (void) state;
    series_t series;
    series_init (&series, DAY_NONE);
    assert_int_equal (take_at (&series, "2023-03-14 09:30", "2023-04-20 12:00"), SERIES_NEW_DATE);
    assert_int_equal (take_at (&series, "2023-03-14 09:31", "2023-04-20 17:59"), SERIES_TAKE);
    int64_t over_ms = ts_of ("2023-04-20 17:59") * 1000 + TIMEOUT;
    assert_false (series_is_over (&series, over_ms, TIMEOUT));
    assert_true (series_is_over (&series, over_ms + 1, TIMEOUT));
    assert_int_equal (take_at (&series, "2023-03-14 09:32", "2023-04-21 00:00"), SERIES_LATE);
}

/* A duplicate does not keep a date open. */
static void test_duplicate_keeps_nothing_open (void **state)
{
    (void) state;
    series_t series;
    series_init (&series, DAY_NONE);
    take_at (&series, "2023-03-14 09:30", "2023-04-20 12:00");
    assert_int_equal (take_at (&series, "2023-03-14 09:30", "2023-04-20 17:00"), SERIES_DUPLICATE);
    assert_int_equal (take_at (&series, "2023-03-14 09:31", "2023-04-20 18:01"), SERIES_LATE);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_dates),
        cmocka_unit_test (test_duplicates),
        cmocka_unit_test (test_later_date_closes),
        cmocka_unit_test (test_closed),
        cmocka_unit_test (test_closes_after_its_end),
        cmocka_unit_test (test_closes_after_last_arrival),
        cmocka_unit_test (test_duplicate_keeps_nothing_open),
    };
    if (exchange_init () != 0) {
        return 1;
    }
    return cmocka_run_group_tests (tests, NULL, NULL);
}

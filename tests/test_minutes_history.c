/* The minute report's memory of the days before the run. */
#include "check.h"

#include "log.h"
#include "minutes_history.h"
#include "spawn.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *name_of (const void *argument, uint32_t symbol)
{
    return ((const char *const *) argument)[symbol];
}

#define HEADER "datetime,open,high,low,close,volume\n"
#define ROW    ":00,1,1,1,1,1\n"

/* Of the last five trading days before today, over two weeks, the candles of each symbol are known, one
 * that nobody listed too; older ones and today's are not; a bad file is passed over. */
static void test_seed (void **state)
{
    (void) state;
    char *directory = directory_new ();
    assert_int_equal (chdir (directory), 0);
    static const char *const folders[] = {"data",
                                          "data/candles",
                                          "data/candles/A",
                                          "data/candles/A/1min",
                                          "data/candles/BAD",
                                          "data/candles/BAD/1min"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        assert_int_equal (mkdir (folders[i], 0777), 0);
    }
    /* Today is Wednesday the 22nd: 15, 16, 17, 20, 21 are known. */
    file_write ("data/candles/A/1min/2023-03-13.csv",
                HEADER "2023-03-14 14:31" ROW "2023-03-15 14:30" ROW "2023-03-16 14:30" ROW);
    file_write ("data/candles/A/1min/2023-03-20.csv",
                HEADER "2023-03-20 14:30" ROW "2023-03-22 14:32" ROW);
    file_write ("data/candles/BAD/1min/2023-03-20.csv", "nonsense");
    market_t *market = market_open_live (".", "A");
    minutes_t *minutes = minutes_new (market_calendar (market));
    minutes_history_t history;
    minutes_history_init (&history, market, minutes);
    static const char *const names[] = {"NONE", "BAD", "A"};
    day_t today = day_from (2023, 3, 22);
    mono_t later = {INT64_MAX};
    assert_true (minutes_history_turn (&history, 3, today, (mono_t){0}, name_of, names));
    assert_false (minutes_history_turn (&history, 2, today, later, name_of, names));
    assert_false (minutes_history_turn (&history, 3, today, later, name_of, names));
    assert_int_equal (history.next, 3);

    const int expected_days[] = {3, 0, 0};
    for (int i = 0; i < 3; i++) { /* 10:30, and 10:31, 10:32 of which nothing is known */
        int64_t ts = exchange_ts (today, 630 + i);
        minute_report_t report;
        minutes_take (minutes, 1, ts, (ts + 60) * 1000);
        minutes_clock (minutes, (ts + 60) * 1000 + MINUTES_WAIT_MS);
        assert_true (minutes_next (minutes, &report));
        assert_int_equal (report.days, expected_days[i]);
        if (i == 0) {
            assert_int_equal (report.expected, 1);
            assert_int_equal (report.names[0], 2);
        }
    }
    minutes_history_free (&history);
    minutes_destroy (&minutes);
    market_destroy (&market);
    assert_int_equal (chdir ("/"), 0);
    directory_destroy (&directory);
}

int main (void)
{
    if (exchange_init () != 0) {
        return 1;
    }
    log_init ("test_minutes_history", LOG_ERROR, LOG_TEXT);
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_seed)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}

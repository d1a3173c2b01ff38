/* --since and --speed. */
#include "check.h"

#include "job.h"
#include "live_options.h"
#include "log.h"

#define NOW_MS INT64_C (1678714261500) /* 2023-03-13 09:31:01.5 in New York */

static void check_since (const char *text, int64_t expected_ms)
{
    int64_t since_ms = -1;
    assert_int_equal (live_since (text, NOW_MS, &since_ms), 0);
    assert_int_equal (since_ms, expected_ms);
}

/* Each form of --since is the moment that the header says, the day being the exchange's. */
static void test_since (void **state)
{
    (void) state;
    check_since ("now", NOW_MS);
    check_since ("start", 0);
    check_since ("day", INT64_C (1678680000000));
    check_since ("2023-03-13", INT64_C (1678680000000));
    check_since ("2023-03-13 09:31", INT64_C (1678714260000));
    check_since ("2023-03-13T13:31:05Z", INT64_C (1678714265000));
    int64_t late_ms = INT64_C (1678680000000) - 1; /* the last of Sunday, 23 hours long */
    int64_t since_ms;
    assert_int_equal (live_since ("day", late_ms, &since_ms), 0);
    assert_int_equal (since_ms, INT64_C (1678680000000) - INT64_C (23) * 3600 * 1000);
}

/* What is no time is refused. */
static void test_no_since (void **state)
{
    (void) state;
    static const char *const wrong[] = {"",           "Day",        "yesterday", "1678714260",
                                        "2023-02-30", "1969-01-01", "now "};
    int64_t since_ms;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal (live_since (wrong[i], NOW_MS, &since_ms), -1);
    }
}

static void check_speed (const char *text, double expected)
{
    double speed = -1;
    assert_int_equal (live_speed (text, &speed), 0);
    assert_true (speed == expected);
}

/* Speeds are positive numbers of a sane size, with or without an x, or max. */
static void test_speed (void **state)
{
    (void) state;
    check_speed ("max", 0);
    check_speed ("1x", 1);
    check_speed ("60", 60);
    check_speed ("0.5x", 0.5);
    check_speed ("1000000x", 1e6);
    static const char *const wrong[] = {"",    "x",    "0x",  "0",   "-1x",
                                        "1xx", "fast", "1e9", "nan", "inf"};
    double speed;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal (live_speed (wrong[i], &speed), -1);
    }
}

#define GATE    ",min_adv=0,min_adr=0,min_atr_multiplier=1"
#define MINUTES "atr_gap_up" GATE ",min_volume=0,start_time=09:30,end_time=15:59"
#define DAILY   "daily_atr_parabolic_up" GATE

/* A 1d scan, and one that looks back for years, are usage errors of a live run; others pass. */
static void test_refused_scans (void **state)
{
    (void) state;
    scan_t scans[2];
    run_t run;
    char error[256];
    assert_int_equal (scan_parse (MINUTES, FREQUENCY_1MIN, &scans[0], error, sizeof error), 0);
    assert_int_equal (scan_parse (DAILY, FREQUENCY_1MIN, &scans[1], error, sizeof error), 0);
    assert_int_equal (run_init (&run, scans, 1, false, error, sizeof error), 0);
    assert_int_equal (job_check_live (&run), 0);
    assert_int_equal (run_init (&run, scans, 2, false, error, sizeof error), 0);
    assert_int_equal (job_check_live (&run), EXIT_USAGE);
    assert_int_equal (
        scan_parse (MINUTES ",atr_lookback=500", FREQUENCY_1MIN, &scans[0], error, sizeof error),
        0);
    assert_int_equal (scan_parse ("x:" MINUTES ",atr_lookback=501", FREQUENCY_1MIN, &scans[1],
                                  error, sizeof error),
                      0);
    assert_int_equal (run_init (&run, scans, 1, false, error, sizeof error), 0);
    assert_int_equal (job_check_live (&run), 0);
    assert_int_equal (run_init (&run, scans, 2, false, error, sizeof error), 0);
    assert_int_equal (job_check_live (&run), EXIT_USAGE);
}

int main (void)
{
    if (exchange_init () != 0) {
        return 1;
    }
    log_init ("test_live_options", LOG_ERROR, LOG_TEXT);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_since),
        cmocka_unit_test (test_no_since),
        cmocka_unit_test (test_speed),
        cmocka_unit_test (test_refused_scans),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

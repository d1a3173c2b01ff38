/* What follows from a run's scans: frequencies, lookback, and which lists of scans are refused. */
#include "run.h"

#include "check.h"

#include <stdio.h>
#include <string.h>

#define SMALL "small_cap_up,min_volume=1,min_gap=2,start_time=04:00,end_time=19:59"
#define DAY2  "day2_gap,min_adv=1,min_adr=2,min_gap=3,min_retrace=4,min_price=5"
#define DAILY "daily_atr_parabolic_up,min_adv=1,min_adr=2,min_atr_multiplier=3"
#define RANGE "high_range_gap_up,min_adv=1,min_adr=2,min_volume=3,start_time=08:00,end_time=09:29"

static char error[256];

/* Parses the texts, with 1 minute where they name no frequency. */
static int init (run_t *run, const char *const *texts, size_t count)
{
    static scan_t scans[SCANS_MAX + 1];
    for (size_t i = 0; i < count; i++) {
        assert_int_equal (scan_parse (texts[i], FREQUENCY_1MIN, &scans[i], error, sizeof error), 0);
    }
    return run_init (run, scans, count, true, error, sizeof error);
}

/* Scans of one frequency share it, 60min and 1h are two, and daily scans add none. */
static void test_frequencies (void **state)
{
    (void) state;
    static const char *const texts[] = {"a:" SMALL ",freq=3min", "b:" DAY2, "c:" SMALL ",freq=1h",
                                        "d:" SMALL ",freq=3min", "e:" SMALL ",freq=60min"};
    static const int expected[] = {0, -1, 1, 0, 2};
    run_t run;
    assert_int_equal (init (&run, texts, 5), 0);
    assert_int_equal (run.scan_count, 5);
    assert_true (run.all_hits);
    assert_int_equal (run.frequency_count, 3);
    assert_true (frequency_equal (run.frequencies[0], (frequency_t){3, 'm'}));
    assert_true (frequency_equal (run.frequencies[1], (frequency_t){1, 'h'}));
    assert_true (frequency_equal (run.frequencies[2], (frequency_t){60, 'm'}));
    for (int i = 0; i < 5; i++) {
        assert_int_equal (run.frequency_of[i], expected[i]);
        assert_int_equal (run.scans[i].id[0], 'a' + i);
    }
}

/* A run reads daily files alone when each of its scans does; day2_gap, a daily one, does not. */
static void test_reads_minutes (void **state)
{
    (void) state;
    static const char *const texts[] = {"a:" DAILY, "b:" DAILY ",atr_lookback=15", "c:" DAY2,
                                        "d:" SMALL};
    run_t run;
    assert_int_equal (init (&run, texts, 2), 0);
    assert_false (run.reads_minutes);
    assert_int_equal (init (&run, texts, 3), 0);
    assert_true (run.reads_minutes);
    assert_int_equal (init (&run, texts + 3, 1), 0);
    assert_true (run.reads_minutes);
}

/* The run reaches back as far as the scan that reaches back most, wherever it stands. */
static void test_lookback (void **state)
{
    (void) state;
    static const char *const texts[] = {"a:" SMALL, "b:" RANGE ",n_days=40", "c:" DAY2};
    run_t run;
    assert_int_equal (init (&run, texts, 1), 0);
    int least = run.lookback;
    assert_true (least >= 15);
    assert_int_equal (init (&run, texts, 3), 0);
    assert_int_equal (run.lookback, scan_lookback (&run.scans[1]));
    assert_true (run.lookback >= 40);
}

/* A run without scans, with one too many, or with an id twice is refused, and the words say what to
 * do. */
static void test_refused (void **state)
{
    (void) state;
    run_t run;
    assert_int_equal (init (&run, NULL, 0), -1);
    assert_non_null (strstr (error, "--scan"));

    static const char *const twice[] = {"x:" SMALL, "y:" DAY2, "x:" DAY2};
    assert_int_equal (init (&run, twice, 3), -1);
    assert_non_null (strstr (error, "'x'"));
    assert_non_null (strstr (error, "day2_gap"));

    static char many[SCANS_MAX + 1][160];
    const char *texts[SCANS_MAX + 1];
    for (int i = 0; i <= SCANS_MAX; i++) {
        snprintf (many[i], sizeof many[i], "s%d:%s,freq=%dmin", i, SMALL, i % 2 ? 5 : 10);
        texts[i] = many[i];
    }
    assert_int_equal (init (&run, texts, SCANS_MAX), 0);
    assert_int_equal (run.frequency_count, 2);
    assert_int_equal (init (&run, texts, SCANS_MAX + 1), -1);
    assert_non_null (strstr (error, "65"));
}

/* Canonical texts, as a welcome carries them, give the run that they were written from; a bad one
 * is refused. */
static void test_read (void **state)
{
    (void) state;
    static const char *const texts[] = {"a:" SMALL ",freq=3min", "b:" DAY2, RANGE ",n_days=20"};
    static char canonical[3][SCAN_TEXT_MAX];
    run_t run, again;
    assert_int_equal (init (&run, texts, 3), 0);
    for (size_t i = 0; i < 3; i++) {
        scan_format (&run.scans[i], canonical[i]);
    }
    const char (*welcome)[SCAN_TEXT_MAX] = (const char (*)[SCAN_TEXT_MAX]) canonical;
    assert_int_equal (run_read (&again, welcome, 3, false, error, sizeof error), 0);
    assert_false (again.all_hits);
    assert_int_equal (again.scan_count, 3);
    assert_int_equal (again.lookback, run.lookback);
    assert_int_equal (again.frequency_count, run.frequency_count);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal (again.scans[i].id, run.scans[i].id);
        assert_true (again.scans[i].hash == run.scans[i].hash);
        assert_int_equal (again.frequency_of[i], run.frequency_of[i]);
    }
    strcpy (canonical[2], "no_such_scanner");
    assert_int_equal (run_read (&again, welcome, 3, false, error, sizeof error), -1);
    assert_non_null (strstr (error, "no_such_scanner"));
    assert_int_equal (run_read (&again, welcome, 0, false, error, sizeof error), -1);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_frequencies), cmocka_unit_test (test_reads_minutes),
        cmocka_unit_test (test_lookback),    cmocka_unit_test (test_refused),
        cmocka_unit_test (test_read),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

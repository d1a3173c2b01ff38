/* A run's figures: stages, shares, counts and rates as a person reads them. */
#include "stats.h"

#include "check.h"

#include <stdlib.h>

/* Transport is what the processes used beyond the measured stages, idle what the cores had left;
 * neither is below zero when clocks disagree. */
static void test_close (void **state)
{
    (void) state;
    stats_t stats = {
        .us = {[STAGE_READ] = 10, [STAGE_PARSE] = 20, [STAGE_SCAN] = 30, [STAGE_SINK] = 5}};
    stats_close (&stats, 100, 50, 4);
    assert_int_equal (stats.us[STAGE_TRANSPORT], 35);
    assert_int_equal (stats.us[STAGE_IDLE], 100);
    assert_int_equal (stats.us[STAGE_READ], 10);
    stats_close (&stats, 60, 10, 4);
    assert_int_equal (stats.us[STAGE_TRANSPORT], 0);
    assert_int_equal (stats.us[STAGE_IDLE], 0);
}

static int sum_of_shares (const stats_t *stats)
{
    int shares[STAGE_COUNT];
    int sum = 0;
    stats_shares (stats, shares);
    for (int i = 0; i < STAGE_COUNT; i++) {
        assert_in_range (shares[i], 0, 100);
        sum += shares[i];
    }
    return sum;
}

/* Shares sum to 100 whatever the times, each within one of its own value; of nothing all are 0. */
static void test_shares (void **state)
{
    (void) state;
    stats_t stats = {0};
    assert_int_equal (sum_of_shares (&stats), 0);
    uint64_t random = 1;
    for (int round = 0; round < 10000; round++) {
        double total = 0;
        for (int i = 0; i < STAGE_COUNT; i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            stats.us[i] = (int64_t) (random >> 33) % (round % 3 ? 7 : 1000000007);
            total += (double) stats.us[i];
        }
        if (total > 0) {
            int shares[STAGE_COUNT];
            assert_int_equal (sum_of_shares (&stats), 100);
            stats_shares (&stats, shares);
            for (int i = 0; i < STAGE_COUNT; i++) {
                double error = shares[i] - 100.0 * (double) stats.us[i] / total;
                assert_true (error <= 1 && error >= -1);
            }
        }
    }
    stats = (stats_t){.us = {1, 1, 1, 1, 1, 1}};
    assert_int_equal (sum_of_shares (&stats), 100);
    /* a week on 256 cores */
    stats = (stats_t){.us = {[STAGE_SCAN] = 256 * 604800 * INT64_C (1000000)}};
    int shares[STAGE_COUNT];
    stats_shares (&stats, shares);
    assert_int_equal (shares[STAGE_SCAN], 100);
    assert_int_equal (shares[STAGE_IDLE], 0);
}

/* Every stage has its name, in the order of the enum. */
static void test_names (void **state)
{
    (void) state;
    assert_string_equal (stage_name (STAGE_READ), "read");
    assert_string_equal (stage_name (STAGE_PARSE), "parse");
    assert_string_equal (stage_name (STAGE_TRANSPORT), "transport");
    assert_string_equal (stage_name (STAGE_SCAN), "scan");
    assert_string_equal (stage_name (STAGE_SINK), "sink");
    assert_string_equal (stage_name (STAGE_IDLE), "idle");
}

/* Counts have a comma after every third digit from the end, up to the highest. */
static void test_counts (void **state)
{
    (void) state;
    char text[32];
    assert_string_equal (stats_count (0, text), "0");
    assert_string_equal (stats_count (999, text), "999");
    assert_string_equal (stats_count (1000, text), "1,000");
    assert_string_equal (stats_count (100000, text), "100,000");
    assert_string_equal (stats_count (1234567, text), "1,234,567");
    assert_string_equal (stats_count (UINT64_MAX, text), "18,446,744,073,709,551,615");
    assert_ptr_equal (stats_count (1, text), text);
}

/* Rates have the digits that matter: tenths below 10, whole ones, then millions. */
static void test_rates (void **state)
{
    (void) state;
    char text[32];
    assert_string_equal (stats_rate (0, text), "0.0");
    assert_string_equal (stats_rate (0.25, text), "0.2");
    assert_string_equal (stats_rate (9.5, text), "9.5");
    assert_string_equal (stats_rate (10, text), "10");
    assert_string_equal (stats_rate (4760.6, text), "4,761");
    assert_string_equal (stats_rate (999999.4, text), "999,999");
    assert_string_equal (stats_rate (1e6, text), "1.00 M");
    assert_string_equal (stats_rate (1.234e6, text), "1.23 M");
    assert_string_equal (stats_rate (12.34e6, text), "12.3 M");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_close), cmocka_unit_test (test_shares),
        cmocka_unit_test (test_names), cmocka_unit_test (test_counts),
        cmocka_unit_test (test_rates),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* Trading days: back (D, n) with and without holidays. */
#include "calendar.h"

#include "check.h"

/* The exchange's holidays of 2023, not in order, one twice and one of no accepted year. */
static calendar_t *calendar_2023 (void)
{
    const day_t holidays[] = {
        day_from (2023, 12, 25), day_from (2023, 1, 2), day_from (2023, 1, 16),
        day_from (2023, 2, 20),  day_from (2023, 4, 7), day_from (2023, 5, 29),
        day_from (2023, 6, 19),  day_from (2023, 7, 4), day_from (2023, 9, 4),
        day_from (2023, 11, 23), day_from (2023, 7, 4), DAY_LAST + 1,
        DAY_FIRST - 1,
    };
    return calendar_new (holidays, sizeof holidays / sizeof holidays[0]);
}

/* Known steps back over weekends and holidays. */
static void test_back_known (void **state)
{
    (void) state;
    calendar_t *calendar = calendar_2023 ();
    day_t monday = day_from (2023, 3, 13);
    assert_int_equal (calendar_back (calendar, monday, 1), day_from (2023, 3, 10));
    assert_int_equal (calendar_back (calendar, monday, 15), day_from (2023, 2, 17));
    assert_int_equal (calendar_back (calendar, day_from (2023, 4, 10), 1), day_from (2023, 4, 6));
    assert_int_equal (calendar_back (calendar, day_from (2023, 4, 8), 1), day_from (2023, 4, 6));
    assert_int_equal (calendar_back (calendar, day_from (2023, 2, 21), 1), day_from (2023, 2, 17));
    assert_int_equal (calendar_back (calendar, day_from (2023, 12, 29), 112),
                      day_from (2023, 7, 21));
    calendar_destroy (&calendar);
    assert_null (calendar);
    calendar_destroy (&calendar);
}

/* back (D, n) is what its definition says: one calendar day at a time, counting trading days. */
static void test_back_as_defined (void **state)
{
    (void) state;
    calendar_t *calendar = calendar_2023 ();
    for (day_t day = day_from (2022, 12, 1); day < day_from (2024, 2, 1); day++) {
        day_t back = day;
        for (int n = 1; n <= 120; n++) {
            do {
                back--;
            } while (!calendar_is_trading (calendar, back));
            assert_int_equal (calendar_back (calendar, day, n), back);
        }
    }
    calendar_destroy (&calendar);
}

/* Weekends and holidays are no trading days; the next one is found from each. */
static void test_next (void **state)
{
    (void) state;
    calendar_t *calendar = calendar_2023 ();
    assert_true (calendar_is_trading (calendar, day_from (2023, 4, 6)));
    assert_false (calendar_is_trading (calendar, day_from (2023, 4, 7)));
    assert_false (calendar_is_trading (calendar, day_from (2023, 4, 8)));
    assert_int_equal (calendar_next (calendar, day_from (2023, 4, 6)), day_from (2023, 4, 6));
    assert_int_equal (calendar_next (calendar, day_from (2023, 4, 7)), day_from (2023, 4, 10));
    calendar_destroy (&calendar);
}

/* Counts of a year, of one day, of none and of all there are. */
static void test_count (void **state)
{
    (void) state;
    calendar_t *plain = calendar_new (NULL, 0), *calendar = calendar_2023 ();
    day_t first = day_from (2023, 1, 1), last = day_from (2023, 12, 31);
    assert_int_equal (calendar_count (plain, first, last), 260);
    assert_int_equal (calendar_count (calendar, first, last), 250);
    assert_int_equal (calendar_count (calendar, first, first), 0);
    assert_int_equal (calendar_count (calendar, last, first), 0);
    assert_int_equal (calendar_count (plain, DAY_FIRST, DAY_LAST), 78267);
    assert_int_equal (calendar_count (plain, INT32_MIN, INT32_MAX), 78267);
    calendar_destroy (&plain);
    calendar_destroy (&calendar);
}

/* The ends of the calendar are ends, not overruns. */
static void test_ends (void **state)
{
    (void) state;
    calendar_t *calendar = calendar_new (NULL, 0);
    assert_int_equal (calendar_back (calendar, DAY_FIRST + 1, 1), DAY_FIRST);
    assert_int_equal (calendar_back (calendar, DAY_FIRST, 1), DAY_FIRST);
    assert_int_equal (calendar_back (calendar, DAY_FIRST + 30, 1000), DAY_FIRST);
    assert_int_equal (calendar_back (calendar, DAY_NONE, 1), DAY_FIRST);
    assert_int_equal (calendar_back (calendar, INT32_MAX, 1), DAY_LAST);
    assert_int_equal (calendar_next (calendar, DAY_NONE), DAY_FIRST);
    assert_int_equal (calendar_next (calendar, DAY_LAST), DAY_LAST);
    assert_int_equal (calendar_next (calendar, DAY_LAST + 1), DAY_NONE);
    assert_false (calendar_is_trading (calendar, DAY_LAST + 1));
    assert_false (calendar_is_trading (calendar, DAY_FIRST - 1));
    calendar_destroy (&calendar);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_back_known), cmocka_unit_test (test_back_as_defined),
        cmocka_unit_test (test_next),       cmocka_unit_test (test_count),
        cmocka_unit_test (test_ends),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* The holidays of known years are those on which the exchange was closed. */
#include "check.h"
#include "holidays.h"

#include <string.h>

/* `expected`: dates of the year as "MM-DD", blanks between. */
static void check_year (int year, const char *expected)
{
    day_t days[HOLIDAYS_MAX];
    char found[HOLIDAYS_MAX * 6 + 1] = "";
    int count = holidays_of_year (year, days);
    for (int i = 0; i < count; i++) {
        char date[11];
        day_format (days[i], date);
        strcat (strcat (found, i ? " " : ""), date + 5);
        assert_true (day_weekday (days[i]) < 5);
    }
    assert_string_equal (found, expected);
}

/* The published calendars, among them years in which fixed dates fall on Saturdays and Sundays. */
static void test_known_years (void **state)
{
    (void) state;
    check_year (2015, "01-01 01-19 02-16 04-03 05-25 07-03 09-07 11-26 12-25");
    check_year (2016, "01-01 01-18 02-15 03-25 05-30 07-04 09-05 11-24 12-26");
    check_year (2017, "01-02 01-16 02-20 04-14 05-29 07-04 09-04 11-23 12-25");
    check_year (2020, "01-01 01-20 02-17 04-10 05-25 07-03 09-07 11-26 12-25");
    check_year (2021, "01-01 01-18 02-15 04-02 05-31 07-05 09-06 11-25 12-24");
    check_year (2023, "01-02 01-16 02-20 04-07 05-29 06-19 07-04 09-04 11-23 12-25");
    check_year (2024, "01-01 01-15 02-19 03-29 05-27 06-19 07-04 09-02 11-28 12-25");
    check_year (2026, "01-01 01-19 02-16 04-03 05-25 06-19 07-03 09-07 11-26 12-25");
}

/* A New Year on a Saturday is not kept, and Juneteenth is from 2022 on. */
static void test_exceptions (void **state)
{
    (void) state;
    check_year (2022, "01-17 02-21 04-15 05-30 06-20 07-04 09-05 11-24 12-26");
    check_year (2011, "01-17 02-21 04-22 05-30 07-04 09-05 11-24 12-26");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_known_years),
        cmocka_unit_test (test_exceptions),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

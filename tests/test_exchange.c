/* Dates and times of the exchange. The expected values come from Python's zoneinfo. */
#include "exchange.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "check.h"

/* A machine without the tz database is told of, not taken for UTC. (Runs first: the zone is loaded
 * once.) */
static void test_zone_missing (void **state)
{
    (void) state;
    setenv ("TZDIR", "/nonexistent", 1);
    assert_int_equal (exchange_init (), -1);
    unsetenv ("TZDIR");
    setenv ("TZ", "UTC0", 1);
    tzset ();
    assert_int_equal (exchange_init (), 0);
}

/* Known days have their known numbers, and every accepted one comes back from its parts. */
static void test_days (void **state)
{
    (void) state;
    assert_int_equal (day_from (1970, 1, 1), 0);
    assert_int_equal (day_from (1969, 12, 31), -1);
    assert_int_equal (day_from (2023, 3, 13), 19429);
    assert_int_equal (day_from (2024, 2, 29), 19782);
    assert_int_equal (day_from (1900, 3, 1), -25508);
    assert_int_equal (day_from (2100, 3, 1), 47541);
    assert_int_equal (day_from (1900, 1, 1), DAY_FIRST);
    assert_int_equal (day_from (2199, 12, 31), DAY_LAST);
    for (day_t day = DAY_FIRST; day <= DAY_LAST; day++) {
        int year, month, day_of_month;
        day_split (day, &year, &month, &day_of_month);
        assert_int_equal (day_from (year, month, day_of_month), day);
        assert_in_range (month, 1, 12);
        assert_in_range (day_of_month, 1, 31);
    }
}

/* Weekdays are right on both sides of 1970. */
static void test_weekdays (void **state)
{
    (void) state;
    assert_int_equal (day_weekday (DAY_FIRST), 0);
    assert_int_equal (day_weekday (day_from (1969, 12, 31)), 2);
    assert_int_equal (day_weekday (day_from (1970, 1, 1)), 3);
    assert_int_equal (day_weekday (day_from (2024, 2, 29)), 3);
    assert_int_equal (day_weekday (day_from (2023, 3, 12)), 6);
}

/* A date's text is exactly YYYY-MM-DD of a day that there is, 1900 to 2199. */
static void test_day_text (void **state)
{
    (void) state;
    static const char *const wrong[] = {
        "2023-02-29", "2100-02-29", "2023-13-01", "2023-00-10", "2023-01-00", "2023-01-32",
        "2023-06-31", "1899-12-31", "2200-01-01", "0000-01-01", "2023/03/13", "2023-3-013",
        "-023-03-13", "2023-03-1x", " 023-03-13", "2023-03- 1", "",
    };
    day_t day = 7;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false (day_parse (wrong[i], strlen (wrong[i]), &day));
    }
    assert_false (day_parse ("2023-03-13x", 11, &day));
    assert_false (day_parse ("2023-03-13", 9, &day));
    assert_int_equal (day, 7);

    assert_true (day_parse ("2023-03-13 and more", 10, &day));
    assert_int_equal (day, 19429);
    char text[11];
    for (day = DAY_FIRST; day <= DAY_LAST; day += 13) {
        day_t again;
        assert_true (day_parse (day_format (day, text), 10, &again));
        assert_int_equal (again, day);
    }
    assert_string_equal (day_format (DAY_FIRST, text), "1900-01-01");
    assert_string_equal (day_format (day_from (2024, 2, 29), text), "2024-02-29");
}

/* Offsets change at the right second, in both directions, war time and the year-round summer of
 * 1974 too. */
static void test_offsets (void **state)
{
    (void) state;
    static const struct {
        int64_t change; /* the first second of the new offset */
        int before, after;
    } changes[] = {
        {-1633280400, -18000, -14400}, /* 1918-03-31 */
        {-880218000, -18000, -14400},  /* 1942-02-09, war time */
        {-765396000, -14400, -18000},  /* 1945-09-30 */
        {126687600, -18000, -14400},   /* 1974-01-06 */
        {1143961200, -18000, -14400},  /* 2006-04-02, the old rule */
        {1173596400, -18000, -14400},  /* 2007-03-11, the new one */
        {1678604400, -18000, -14400},  /* 2023-03-12 */
        {1699164000, -14400, -18000},  /* 2023-11-05 */
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        assert_int_equal (exchange_offset (changes[i].change - 1), changes[i].before);
        assert_int_equal (exchange_offset (changes[i].change), changes[i].after);
    }
}

/* What is kept is what the C library says, in any order of asking, 1900 to 2199. */
static void test_offsets_as_library (void **state)
{
    (void) state;
    uint64_t bits = 88172645463325252;
    for (int i = 0; i < 200000; i++) {
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        int64_t ts = DAY_FIRST * INT64_C (86400) +
                     (int64_t) (bits % ((DAY_LAST - DAY_FIRST) * UINT64_C (86400)));
        time_t time = ts;
        struct tm local;
        assert_non_null (localtime_r (&time, &local));
        assert_int_equal (exchange_offset (ts), local.tm_gmtoff);
        assert_int_equal (exchange_minute (ts), local.tm_hour * 60 + local.tm_min);
        assert_int_equal (exchange_day (ts),
                          day_from (local.tm_year + 1900, local.tm_mon + 1, local.tm_mday));
    }
}

static uint64_t hash_add (uint64_t hash, int64_t value)
{
    return (hash ^ (uint64_t) value) * UINT64_C (0x100000001b3);
}

/* 0, 1, 3 and 12 o'clock of each day 1900 to 2024 are the very instants that Python's zoneinfo
 * finds. */
static void test_known_instants (void **state)
{
    (void) state;
    uint64_t hash = UINT64_C (0xcbf29ce484222325);
    for (day_t day = DAY_FIRST; day < day_from (2025, 1, 1); day++) {
        hash = hash_add (hash, exchange_midnight (day));
        hash = hash_add (hash, exchange_ts (day, 60));
        hash = hash_add (hash, exchange_ts (day, 180));
        hash = hash_add (hash, exchange_ts (day, 720));
    }
    assert_true (hash == UINT64_C (0x455df0f299d1ade5));
}

/* Each day starts where its first second is and the second before is the day before; the ends of
 * the range too. */
static void test_midnights (void **state)
{
    (void) state;
    for (day_t day = DAY_FIRST; day <= DAY_LAST + 1; day++) {
        int64_t ts = exchange_midnight (day);
        assert_int_equal (exchange_day (ts), day);
        assert_int_equal (exchange_day (ts - 1), day - 1);
        assert_int_equal (exchange_minute (ts), 0);
        assert_int_equal (exchange_minute (ts - 1), 1439);
    }
}

/* Where the clocks go back the earlier time is meant; where they go forward, the end of what is
 * left out. */
static void test_twice_and_never (void **state)
{
    (void) state;
    day_t autumn = day_from (2023, 11, 5), spring = day_from (2023, 3, 12);
    assert_int_equal (exchange_ts (autumn, 90), 1699162200);
    assert_int_equal (exchange_ts (autumn, 120), 1699167600);
    assert_int_equal (exchange_ts (spring, 119), 1678604340);
    assert_int_equal (exchange_ts (spring, 120), 1678604400);
    assert_int_equal (exchange_ts (spring, 150), 1678604400);
    assert_int_equal (exchange_ts (spring, 180), 1678604400);
    assert_int_equal (exchange_ts (spring, 181), 1678604460);
}

/* A garbage timestamp gives a date that nothing accepts, and no overflow. */
static void test_far_away (void **state)
{
    (void) state;
    assert_true (exchange_day (INT64_MAX) > DAY_LAST);
    assert_true (exchange_day (INT64_MIN) < DAY_FIRST);
    char text[26];
    assert_int_equal (strlen (exchange_format (INT64_MAX, text)), 25);
    assert_int_equal (strlen (exchange_format (INT64_MIN, text)), 25);
    assert_in_range (exchange_minute (INT64_MIN), 0, 1439);
}

/* A time is written local with its offset, winter and summer. */
static void test_format (void **state)
{
    (void) state;
    char text[26];
    assert_string_equal (exchange_format (1678714260, text), "2023-03-13 09:31:00-04:00");
    assert_string_equal (exchange_format (1678604399, text), "2023-03-12 01:59:59-05:00");
    assert_string_equal (exchange_format (1678604400, text), "2023-03-12 03:00:00-04:00");
    assert_string_equal (exchange_format (-1, text), "1969-12-31 18:59:59-05:00");
}

/* Each form that is offered is read: local, with an offset, UTC, with and without seconds. */
static void test_parse (void **state)
{
    (void) state;
    static const struct {
        const char *text;
        int64_t ts;
        bool is_date;
    } right[] = {
        {"2023-03-13", 1678680000, true},
        {"2023-03-13 09:31", 1678714260, false},
        {"2023-03-13T09:31:05", 1678714265, false},
        {"2023-03-13 13:31:00Z", 1678714260, false},
        {"2023-03-13T13:31Z", 1678714260, false},
        {"2023-03-13 09:31:00-04:00", 1678714260, false},
        {"2023-03-13 19:01+05:30", 1678714260, false},
        {"2023-11-05 01:30", 1699162200, false},
        {"2023-11-05 01:30-05:00", 1699165800, false},
    };
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        int64_t ts;
        bool is_date;
        assert_true (exchange_parse (right[i].text, &ts, &is_date));
        assert_int_equal (ts, right[i].ts);
        assert_int_equal (is_date, right[i].is_date);
    }
}

/* Whatever is near a form but not it is refused. */
static void test_parse_wrong (void **state)
{
    (void) state;
    static const char *const wrong[] = {
        "",
        "2023",
        "2023-03-1",
        "2023-03-13 ",
        "2023-03-13x",
        "2023-03-13Z",
        "2023-03-13-04:00",
        "2023-03-13 9:31",
        "2023-03-13 24:00",
        "2023-03-13 09:60",
        "2023-03-13 09:31:",
        "2023-03-13 09:31:60",
        "2023-03-13 09:31:00.5",
        "2023-03-13 09:31:00 Z",
        "2023-03-13 09:31:00z",
        "2023-03-13 09:31:00-0400",
        "2023-03-13 09:31:00-04",
        "2023-03-13 09:31:00-04:00x",
        "2023-02-30 09:31",
        "yesterday!",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        int64_t ts;
        bool is_date;
        assert_false (exchange_parse (wrong[i], &ts, &is_date));
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_zone_missing),    cmocka_unit_test (test_days),
        cmocka_unit_test (test_weekdays),        cmocka_unit_test (test_day_text),
        cmocka_unit_test (test_offsets),         cmocka_unit_test (test_offsets_as_library),
        cmocka_unit_test (test_known_instants),  cmocka_unit_test (test_midnights),
        cmocka_unit_test (test_twice_and_never), cmocka_unit_test (test_far_away),
        cmocka_unit_test (test_format),          cmocka_unit_test (test_parse),
        cmocka_unit_test (test_parse_wrong),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

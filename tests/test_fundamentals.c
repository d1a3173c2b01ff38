/* The fundamentals' JSON: what is taken, and that nothing doubtful is. */
#include "fundamentals.h"

#include <string.h>

#include "check.h"

static void refuse_bytes (const char *json, size_t size, const char *reason)
{
    fundamentals_t self;
    char error[128] = "";
    assert_int_equal (fundamentals_parse (&self, json, size, error, sizeof error), -1);
    if (strncmp (error, reason, strlen (reason)) != 0) {
        fail_msg ("'%s' does not begin with '%s'", error, reason);
    }
    assert_null (strchr (error, '\n'));
    assert_true (!self.caps && !self.cap_days && !self.earnings && self.ipo == DAY_NONE);
    assert_true (self.cap_count == 0 && self.earnings_count == 0);
}

static void refuse (const char *json, const char *reason)
{
    refuse_bytes (json, strlen (json), reason);
}

static fundamentals_t parse (const char *json)
{
    fundamentals_t self;
    char error[128] = "";
    if (fundamentals_parse (&self, json, strlen (json), error, sizeof error)) {
        fail_msg ("%s", error);
    }
    return self;
}

static day_t day (const char *text)
{
    day_t value;
    assert_true (day_parse (text, 10, &value));
    return value;
}

/* Dates come out sorted, each capitalization with its own; whole numbers of any length and other
 * fields are taken. */
static void test_read (void **state)
{
    (void) state;
    fundamentals_t self = parse (
        "{\"type\": null, \"beta\": 1.5,\n"
        " \"historical_market_cap\": {\"2023-01-10\": 2.5, \"2022-06-01\": "
        "100000000000000000000, \"2023-01-03\": -3},\n"
        " \"earnings_dates\": [\"2023-05-01\", \"2022-11-02\"], \"ipo_date\": \"1999-12-31\"}");
    assert_int_equal (self.cap_count, 3);
    assert_int_equal (self.cap_days[0], day ("2022-06-01"));
    assert_int_equal (self.cap_days[1], day ("2023-01-03"));
    assert_int_equal (self.cap_days[2], day ("2023-01-10"));
    assert_true (self.caps[0] == 1e20 && self.caps[1] == -3 && self.caps[2] == 2.5);
    assert_int_equal (self.earnings_count, 2);
    assert_int_equal (self.earnings[0], day ("2022-11-02"));
    assert_int_equal (self.earnings[1], day ("2023-05-01"));
    assert_int_equal (self.ipo, day ("1999-12-31"));
    fundamentals_free (&self);
    assert_null (self.caps);
    fundamentals_free (&self);
}

/* Parts that are absent or empty are missing, and so is a null IPO. */
static void test_missing (void **state)
{
    (void) state;
    static const char *const texts[] = {
        "{}", "{\"historical_market_cap\":{},\"earnings_dates\":[],\"ipo_date\":null}"};
    for (int i = 0; i < 2; i++) {
        fundamentals_t self = parse (texts[i]);
        assert_int_equal (self.cap_count, 0);
        assert_int_equal (self.earnings_count, 0);
        assert_int_equal (self.ipo, DAY_NONE);
        fundamentals_free (&self);
    }
}

/* Broken JSON is refused with its line: cut short, trailing garbage, NUL bytes, repeated keys, not
 * JSON's numbers. */
static void test_broken (void **state)
{
    (void) state;
    refuse ("", "line 1: ");
    refuse ("{\n\"ipo_date\":\n", "line 3: ");
    refuse ("{}\n{}", "line 2: ");
    refuse ("{} x", "line 1: ");
    refuse_bytes ("{}\0", 3, "line 1: ");
    refuse_bytes ("{\"ipo_date\": \"1999-12-31\0\"}", 27, "line 1: ");
    refuse ("{\"ipo_date\": \"1999-12-31\\u0000\"}", "line 1: ");
    refuse ("{\"ipo_date\": null,\n\"ipo_date\": null}", "line 2: ");
    refuse ("{\"historical_market_cap\": {\"2023-01-03\": NaN}}", "line 1: ");
    refuse ("{\"historical_market_cap\": {\"2023-01-03\": 1e999}}", "line 1: ");
    refuse ("{\"type\": \"\xff\"}", "line 1: ");
}

/* A part of another type than it must have is refused by its name. */
static void test_types (void **state)
{
    (void) state;
    refuse ("[]", "line 1: not a JSON object");
    refuse ("{\"historical_market_cap\": null}",
            "historical_market_cap: not an object of dates and numbers");
    refuse ("{\"historical_market_cap\": {\"2023-01-03\": \"5\"}}",
            "historical_market_cap: 2023-01-03: not a number");
    refuse ("{\"earnings_dates\": \"2023-01-03\"}", "earnings_dates: not an array of dates");
    refuse ("{\"earnings_dates\": [\"2023-01-03\", 5]}", "earnings_dates[1]: not a date");
    refuse ("{\"ipo_date\": 5}", "ipo_date: neither a date nor null");
}

/* A date that is none is refused, and what was read before it is given back. */
static void test_dates (void **state)
{
    (void) state;
    refuse ("{\"historical_market_cap\": {\"2023-01-03\": 1, \"2023-02-30\": 1}}",
            "historical_market_cap: '2023-02-30' is not a date");
    refuse ("{\"historical_market_cap\": {\"2023-01-03\": 1}, \"earnings_dates\": [\"2023-1-3\"]}",
            "earnings_dates[0]: not a date");
    refuse ("{\"earnings_dates\": [\"2023-01-03\"], \"ipo_date\": \"\"}",
            "ipo_date: neither a date nor null");
    refuse ("{\"ipo_date\": \"2023-01-03T00:00\"}", "ipo_date: neither a date nor null");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_read),   cmocka_unit_test (test_missing),
        cmocka_unit_test (test_broken), cmocka_unit_test (test_types),
        cmocka_unit_test (test_dates),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* The daily indicators. Expected values come from the rules in plain Python, run on the same rows;
 * both evaluate the same doubles in the same order, so they are equal to the last bit. */
#include "daily.h"

#include <math.h>
#include <stdlib.h>

#include "check.h"

typedef struct {
    calendar_t *calendar;
    daily_t *daily;
} fixture_t;

static day_t day (const char *text)
{
    day_t value;
    assert_true (day_parse (text, 10, &value));
    return value;
}

/* Rows of December 2022 to March 2023 by a formula: every trading day but two that the symbol did
 * not trade, and one on a Saturday. */
static void fill (const calendar_t *calendar, candles_t *rows)
{
    for (int i = 0; i < 121; i++) {
        day_t date = day ("2022-12-01") + i;
        bool halted = date == day ("2023-02-15") || date == day ("2023-03-10");
        if (halted || (!calendar_is_trading (calendar, date) && date != day ("2023-03-04"))) {
            continue;
        }
        candle_t row = {.ts = (int64_t) date * 86400,
                        .open = 100 + i % 5,
                        .high = 110 + i % 7,
                        .low = 90 - i % 3,
                        .close = 100 + i * 3 % 11,
                        .volume = 1000 + 10 * i};
        candles_push (rows, &row);
    }
}

static int setup (void **state)
{
    const day_t holidays[] = {day ("2022-12-26"), day ("2023-01-02"), day ("2023-01-16"),
                              day ("2023-02-20")};
    fixture_t *self = calloc (1, sizeof *self);
    self->calendar = calendar_new (holidays, 4);
    self->daily = daily_new (self->calendar);
    fill (self->calendar, daily_candles (self->daily));
    *state = self;
    return 0;
}

static int teardown (void **state)
{
    fixture_t *self = *state;
    daily_destroy (&self->daily);
    assert_null (self->daily);
    daily_destroy (&self->daily);
    calendar_destroy (&self->calendar);
    free (self);
    return 0;
}

static void same (double actual, double expected)
{
    if (isnan (expected) ? !isnan (actual) : actual != expected) {
        fail_msg ("%.17g, expected %.17g", actual, expected);
    }
}

/* adv, adr, ATR of 112, 15 and 1 days, closes one and two days back, 5-day high and low, 69-day
 * high. */
typedef struct {
    const char *date;
    double values[10];
} expected_t;

static void check_day (daily_t *daily, const expected_t *expected)
{
    daily_set_day (daily, day (expected->date));
    assert_int_equal (daily_day (daily), day (expected->date));
    for (int again = 0; again < 2; again++) {
        const double *values = expected->values;
        same (daily_adv (daily), values[0]);
        same (daily_adr (daily), values[1]);
        same (daily_atr (daily, 112), values[2]);
        same (daily_atr (daily, 15), values[3]);
        same (daily_atr (daily, 1), values[4]);
        const candle_t *previous = daily_previous (daily);
        same (previous ? previous->close : NAN, values[5]);
        same (daily_previous_2_close (daily), values[6]);
        same (daily_max_high (daily, 5), values[7]);
        same (daily_min_low (daily, 5), values[8]);
        same (daily_max_high (daily, 69), values[9]); /* shares a slot with 5 */
    }
}

static const expected_t plain[] = {
    {"2022-12-01", {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN}},
    {"2022-12-02", {1000.0, 0.2, 20.0, 20.0, 20.0, 100.0, NAN, 110.0, 90.0, 110.0}},
    {"2022-12-05",
     {1005.0, 0.20679611650485435, 21.037037037037035, 21.037037037037035, 22.0, 103.0, 100.0,
      111.0, 89.0, 111.0}},
    {"2023-01-03",
     {1196.4285714285713, 0.23105757407312127, 23.895198898202167, 23.94693951523578, 23.0, 110.0,
      107.0, 116.0, 88.0, 116.0}},
    {"2023-03-06",
     {1843.5714285714287, 0.229672008486875, 23.82029225800231, 23.689789781784157,
      22.481481481481485, 101.0, 109.0, 116.0, 88.0, 116.0}},
    {"2023-03-07",
     {1858.5714285714287, 0.2283478424568266, 23.97735418829038, 23.959884067386238, 26.0, 110.0,
      101.0, 116.0, 88.0, 116.0}},
    {"2023-03-13",
     {1902.142857142857, 0.23148826151549642, 24.10043854124949, 24.120440026152124, NAN, NAN, NAN,
      116.0, 88.0, 116.0}},
    {"2023-03-14",
     {1916.4285714285713, 0.22935851053253442, 24.093217582296337, 24.216916437156495, 24.0, 109.0,
      NAN, 116.0, 88.0, 116.0}},
    {"2023-03-15",
     {1930.7142857142858, 0.22905447478850607, 24.230240559891868, 24.344279548788172, 26.0, 101.0,
      109.0, 116.0, 88.0, 116.0}},
    {"2023-03-31",
     {2103.5714285714284, 0.23152000050397917, 24.30141017823012, 24.41093228082065, 22.0, 105.0,
      102.0, 116.0, 88.0, 116.0}},
};
#define PLAIN_COUNT ((int) (sizeof plain / sizeof *plain))

/* Windows at their edges: no row yet, one row, fewer than 14, a Saturday's row, days without trade,
 * holidays. */
static void test_windows (void **state)
{
    const fixture_t *self = *state;
    for (int i = 0; i < PLAIN_COUNT; i++) {
        check_day (self->daily, &plain[i]);
    }
}

/* Days asked in falling order, or again, give the same values. */
static void test_going_back (void **state)
{
    const fixture_t *self = *state;
    for (int i = PLAIN_COUNT - 1; i >= 0; i--) {
        check_day (self->daily, &plain[i]);
    }
    check_day (self->daily, &plain[4]);
    check_day (self->daily, &plain[4]);
}

/* A symbol without rows has every value missing. */
static void test_no_rows (void **state)
{
    const fixture_t *self = *state;
    daily_clear (self->daily);
    check_day (self->daily,
               &(expected_t){"2023-03-15", {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN}});
    assert_true (isnan (daily_min_low (self->daily, 69)));
}

/* Not in order of date, one after the last row, one on a day asked for, a reverse split among them.
 * */
static const char *const split_dates[] = {"2023-03-14", "2023-02-01", "2023-03-31", "2023-03-08"};
static const double split_factors[] = {1.0 / 3.0, 7.0 / 10.0, 1.0 / 2.0, 10.0 / 1.0};

static void set_splits (daily_t *daily)
{
    split_t splits[4];
    for (int i = 0; i < 4; i++) {
        splits[i] = (split_t){day (split_dates[i]), split_factors[i]};
    }
    daily_set_splits (daily, splits, 4);
}

static const expected_t adjusted[] = {
    {"2023-01-31",
     {1496.4285714285713, 0.22990264624538984, 23.936068110925955, 23.991263001020556, 24.0, 104.0,
      106.0, 116.0, 88.0, 116.0}},
    {"2023-02-01",
     {1511.4285714285713, 0.23037600466267352, 16.86363723757129, 16.94335794333714,
      18.200000000000003, 74.89999999999999, 72.8, 81.19999999999999, 61.599999999999994,
      81.19999999999999}},
    {"2023-03-13",
     {1902.142857142857, 0.23148826151549642, 262.29964679003865, 285.46686629999317, NAN, NAN, NAN,
      1150.0, 88.0, 1160.0}},
    {"2023-03-14",
     {1916.4285714285713, 0.2293585105325344, 81.722419898087, 86.75858227444495, 8.0,
      36.33333333333333, NAN, 383.33333333333326, 29.333333333333332, 386.66666666666663}},
    {"2023-03-31",
     {2103.5714285714284, 0.23152000050397917, 23.876848947786872, 13.064914802020374, 11.0, 52.5,
      51.0, 58.0, 44.0, 193.33333333333331}},
};
#define ADJUSTED_COUNT ((int) (sizeof adjusted / sizeof *adjusted))

/* On each D the rows have the splits known on D, multiplied in file order, and volume is left
 * alone. */
static void test_splits (void **state)
{
    const fixture_t *self = *state;
    set_splits (self->daily);
    for (int i = 0; i < ADJUSTED_COUNT; i++) {
        check_day (self->daily, &adjusted[i]);
    }
    for (int i = ADJUSTED_COUNT - 1; i >= 0; i--) {
        check_day (self->daily, &adjusted[i]);
    }
}

/* A candle is adjusted by the splits after its date that D knows: not by one of its own date, not
 * by a later one. */
static void test_adjust (void **state)
{
    const fixture_t *self = *state;
    const candle_t raw = {.ts = 7, .open = 3, .high = 30, .low = 0.3, .close = 9, .volume = 5};
    set_splits (self->daily);
    daily_set_day (self->daily, day ("2023-03-14"));
    candle_t candle = daily_adjust (self->daily, raw, day ("2023-03-13"));
    same (candle.open, 3 * (1.0 / 3));
    same (candle.high, 30 * (1.0 / 3));
    same (candle.low, 0.3 * (1.0 / 3));
    same (candle.close, 9 * (1.0 / 3));
    same (candle.volume, 5);
    assert_int_equal (candle.ts, 7);
    same (daily_adjust (self->daily, raw, day ("2023-03-14")).close, 9);
    same (daily_adjust (self->daily, raw, day ("2023-03-08")).close, 9 * (1.0 / 3));
    same (daily_adjust (self->daily, raw, day ("2023-03-07")).close, 9 * (1.0 / 3) * 10);
    same (daily_adjust (self->daily, raw, day ("2023-01-31")).close, 9 * (1.0 / 3) * 0.7 * 10);
    daily_set_day (self->daily, day ("2023-03-13"));
    same (daily_adjust (self->daily, raw, day ("2023-03-07")).close, 90);
}

/* A new symbol has nothing of the old one: no rows, no splits, no fundamentals, no kept value of
 * the same day. */
static void test_clear (void **state)
{
    const fixture_t *self = *state;
    daily_t *daily = self->daily;
    fundamentals_t known;
    const char json[] = "{\"historical_market_cap\":{\"2022-01-03\":5},"
                        "\"earnings_dates\":[\"2023-03-01\"],\"ipo_date\":\"2020-01-01\"}";
    assert_int_equal (fundamentals_parse (&known, json, sizeof json - 1, NULL, 0), 0);
    daily_set_fundamentals (daily, &known);
    set_splits (daily);
    check_day (daily, &adjusted[ADJUSTED_COUNT - 1]);
    same (daily_market_cap (daily), 5);
    daily_clear (daily);
    fill (self->calendar, daily_candles (daily));
    check_day (daily, &plain[PLAIN_COUNT - 1]);
    assert_true (isnan (daily_market_cap (daily)) && isnan (daily_since_ipo (daily)));
    assert_true (isnan (daily_from_earnings (daily)) && isnan (daily_to_earnings (daily)));
}

/* Splits and fundamentals that come after a day was set count from the next daily_set_day on, of
 * the same day too. */
static void test_set_again (void **state)
{
    const fixture_t *self = *state;
    check_day (self->daily, &plain[PLAIN_COUNT - 1]);
    set_splits (self->daily);
    check_day (self->daily, &adjusted[ADJUSTED_COUNT - 1]);
    daily_set_splits (self->daily, NULL, 0);
    check_day (self->daily, &plain[PLAIN_COUNT - 1]);
}

/* The capitalization is the last known on D; days to and from earnings count D itself as 0; an IPO
 * after D is missing. */
static void test_fundamentals (void **state)
{
    const fixture_t *self = *state;
    daily_t *daily = self->daily;
    const char json[] =
        "{\"historical_market_cap\":{\"2023-03-07\":2e9,\"2023-01-03\":1e9},"
        "\"earnings_dates\":[\"2023-03-07\",\"2023-01-10\"],\"ipo_date\":\"2023-01-05\"}";
    static const struct {
        const char *date;
        double cap, from, to, since;
    } expected[] = {
        {"2023-01-02", NAN, NAN, 8, NAN}, {"2023-01-03", 1e9, NAN, 7, NAN},
        {"2023-01-05", 1e9, NAN, 5, 0},   {"2023-01-10", 1e9, 0, 0, 5},
        {"2023-03-06", 1e9, 55, 1, 60},   {"2023-03-07", 2e9, 0, 0, 61},
        {"2023-03-31", 2e9, 24, NAN, 85},
    };
    fundamentals_t known;
    assert_int_equal (fundamentals_parse (&known, json, sizeof json - 1, NULL, 0), 0);
    daily_set_fundamentals (daily, &known);
    assert_null (known.caps);
    assert_int_equal (known.cap_count, 0);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        daily_set_day (daily, day (expected[i].date));
        same (daily_market_cap (daily), expected[i].cap);
        same (daily_from_earnings (daily), expected[i].from);
        same (daily_to_earnings (daily), expected[i].to);
        same (daily_since_ipo (daily), expected[i].since);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (test_windows, setup, teardown),
        cmocka_unit_test_setup_teardown (test_going_back, setup, teardown),
        cmocka_unit_test_setup_teardown (test_no_rows, setup, teardown),
        cmocka_unit_test_setup_teardown (test_splits, setup, teardown),
        cmocka_unit_test_setup_teardown (test_adjust, setup, teardown),
        cmocka_unit_test_setup_teardown (test_clear, setup, teardown),
        cmocka_unit_test_setup_teardown (test_set_again, setup, teardown),
        cmocka_unit_test_setup_teardown (test_fundamentals, setup, teardown),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

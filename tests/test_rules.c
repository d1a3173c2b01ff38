/* Gate and rules on a market made to be computed by hand: every daily row is open 128, high 132,
 * low 124, close 128, volume 1000, so on D = Wednesday 2023-03-15
 *
 *     adv_14 1000   adr_14 8/128 = 0.0625   daily_atr_14 8   prev_day_close 128   max_high 132   min_low 124
 *
 * exactly, and so are all gaps and signals below. */
#include "rules.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define UNTOUCHED 12345.678 /* what `values` holds before a rule fills it */

#define GATE "min_adv=0,min_adr=0,include_null_market_cap"
#define DAY  "start_time=00:00,end_time=23:59"

typedef struct {
    calendar_t *calendar;
    daily_t *daily;
} fixture_t;

/* A candle of D by its minute of the day. */
typedef struct {
    int minute;
    double open, high, low, close, volume;
} bar_t;

static day_t day (const char *text)
{
    day_t value;
    assert_true (day_parse (text, 10, &value));
    return value;
}

static int setup (void **state)
{
    const day_t holidays[] = {day ("2023-02-20")};
    fixture_t *self = calloc (1, sizeof *self);
    self->calendar = calendar_new (holidays, 1);
    self->daily = daily_new (self->calendar);
    for (day_t date = day ("2022-09-01"); date <= day ("2023-03-31"); date++) {
        if (calendar_is_trading (self->calendar, date)) {
            candle_t row = {(int64_t) date * 86400, 128, 132, 124, 128, 1000};
            candles_push (daily_candles (self->daily), &row);
        }
    }
    daily_set_day (self->daily, day ("2023-03-15"));
    *state = self;
    return 0;
}

static int teardown (void **state)
{
    fixture_t *self = *state;
    daily_destroy (&self->daily);
    calendar_destroy (&self->calendar);
    free (self);
    return 0;
}

/* The daily row of a date, to change it before the day is set (again). */
static candle_t *row_of (const fixture_t *self, const char *date)
{
    candles_t *rows = daily_candles (self->daily);
    return &rows->rows[candles_find (rows, (int64_t) day (date) * 86400)];
}

static void remove_row (const fixture_t *self, const char *date)
{
    candles_t *rows = daily_candles (self->daily);
    candle_t *row = row_of (self, date);
    memmove (row, row + 1, (size_t) (rows->rows + rows->count - row - 1) * sizeof *row);
    rows->count--;
}

/* Values kept of the old rows are computed anew. */
static void set_day (const fixture_t *self, const char *date)
{
    daily_set_splits (self->daily, NULL, 0);
    daily_set_day (self->daily, day (date));
}

static void set_fundamentals (const fixture_t *self, const char *json)
{
    fundamentals_t known;
    assert_int_equal (fundamentals_parse (&known, json, strlen (json), NULL, 0), 0);
    daily_set_fundamentals (self->daily, &known);
    daily_set_day (self->daily, day ("2023-03-15"));
}

static scan_t parse (const char *text)
{
    scan_t scan;
    char error[256] = "";
    if (scan_parse (text, FREQUENCY_1MIN, &scan, error, sizeof error)) {
        fail_msg ("%s: %s", text, error);
    }
    return scan;
}

static scan_t parse_more (const char *text, const char *more)
{
    char whole[SCAN_TEXT_MAX];
    snprintf (whole, sizeof whole, "%s%s%s", text, *more ? "," : "", more);
    return parse (whole);
}

static void same (double actual, double expected)
{
    if (isnan (expected) ? !isnan (actual) : actual != expected) {
        fail_msg ("%.17g, expected %.17g", actual, expected);
    }
}

static void clear_values (double values[static SCAN_COLUMNS_MAX])
{
    for (int i = 0; i < SCAN_COLUMNS_MAX; i++) {
        values[i] = UNTOUCHED;
    }
}

/* A rule fills exactly the scan's columns when it hits, and nothing otherwise. */
static void check_filled (const scan_t *scan, const double *values, bool hit)
{
    for (int i = 0; i < SCAN_COLUMNS_MAX; i++) {
        bool filled = isnan (values[i]) || values[i] != UNTOUCHED;
        assert_int_equal (filled, hit && i < scan->column_count);
    }
}

static void check_explained (const explanation_t *explanation)
{
    assert_in_range (explanation->count, 1, CONDITIONS_MAX);
    for (int i = 0; i < explanation->count; i++) {
        assert_non_null (explanation->conditions[i].what);
        assert_non_null (explanation->conditions[i].op);
    }
}

static bool gate (const fixture_t *self, const scan_t *scan)
{
    explanation_t explanation = {0};
    bool passed = rules_gate (scan, self->daily, self->calendar, NULL);
    assert_int_equal (rules_gate (scan, self->daily, self->calendar, &explanation), passed);
    check_explained (&explanation);
    return passed;
}

/* Feeds D's candles; bit i of the result: bars[i] hits. `values` has the columns of the last that
 * does. Each candle is explained too, from the same state: the verdict and the columns are the
 * same. */
static unsigned feed (const fixture_t *self, const scan_t *scan, const bar_t *bars, int count,
                      double *last)
{
    double *lows = calloc (rules_lows (scan) + 1, sizeof *lows);
    unsigned hits = 0;
    rule_state_t state;
    rules_begin (&state, scan, self->daily, lows);
    for (int i = 0; i < count; i++) {
        const bar_t *bar = &bars[i];
        candle_t candle = {exchange_ts (daily_day (self->daily), bar->minute),
                           bar->open,
                           bar->high,
                           bar->low,
                           bar->close,
                           bar->volume};
        double values[SCAN_COLUMNS_MAX], explained[SCAN_COLUMNS_MAX];
        clear_values (values);
        clear_values (explained);
        rule_state_t copy = state;
        explanation_t explanation = {0};
        bool hit = rules_feed (&state, scan, &candle, bar->minute, values, NULL);
        assert_int_equal (rules_feed (&copy, scan, &candle, bar->minute, explained, &explanation),
                          hit);
        assert_memory_equal (values, explained, sizeof values);
        check_explained (&explanation);
        check_filled (scan, values, hit);
        if (hit) {
            hits |= 1u << i;
            memcpy (last, values, sizeof values);
        }
    }
    free (lows);
    return hits;
}

/* Does the one candle hit, as the day's only one? */
static bool hits (const fixture_t *self, const char *text, const char *more, bar_t bar)
{
    double values[SCAN_COLUMNS_MAX];
    scan_t scan = parse_more (text, more);
    return feed (self, &scan, &bar, 1, values) != 0;
}

static bool hits_daily (const fixture_t *self, const scan_t *scan, double close, double high,
                        double *values, candle_t *candle)
{
    double explained[SCAN_COLUMNS_MAX];
    candle_t other;
    explanation_t explanation = {0};
    clear_values (values);
    clear_values (explained);
    bool hit = rules_daily (scan, self->daily, close, high, values, candle, NULL);
    assert_int_equal (rules_daily (scan, self->daily, close, high, explained, &other, &explanation),
                      hit);
    assert_memory_equal (values, explained, SCAN_COLUMNS_MAX * sizeof *values);
    check_explained (&explanation);
    check_filled (scan, values, hit);
    return hit;
}

typedef struct {
    const char *name;
    double value;
} column_t;

/* The columns have these names, in this order, and the values these. */
static void check_columns (const scan_t *scan, const double *values, const column_t *expected,
                           int count)
{
    assert_int_equal (scan->column_count, count);
    for (int i = 0; i < count; i++) {
        assert_string_equal (scan->columns[i].name, expected[i].name);
        same (values[i], expected[i].value);
    }
}

#define COUNT(array) ((int) (sizeof (array) / sizeof *(array)))

/* ------------------------------------------------------------------ gate */

/* What passes at its bound fails just beyond it: each condition of the gate by itself. */
static void test_gate_bounds (void **state)
{
    const fixture_t *self = *state;
    static const struct {
        const char *passes, *fails;
    } bounds[] = {
        {"min_adv=1000,min_adr=0", "min_adv=1000.001,min_adr=0"},
        {"min_adv=0,min_adr=0.0625", "min_adv=0,min_adr=0.06251"},
        {"min_adv=0,min_adr=0,max_adr=0.0625", "min_adv=0,min_adr=0,max_adr=0.06249"},
        {"min_adv=0,min_adr=0,min_market_cap=1e9", "min_adv=0,min_adr=0,min_market_cap=1000000001"},
        {"min_adv=0,min_adr=0,max_market_cap=1e9", "min_adv=0,min_adr=0,max_market_cap=999999999"},
        {"min_adv=0,min_adr=0,min_days_from_earnings=14",
         "min_adv=0,min_adr=0,min_days_from_earnings=15"},
        {"min_adv=0,min_adr=0,max_days_from_earnings=14",
         "min_adv=0,min_adr=0,max_days_from_earnings=13"},
        {"min_adv=0,min_adr=0,min_days_since_ipo=365",
         "min_adv=0,min_adr=0,min_days_since_ipo=366"},
        {"min_adv=0,min_adr=0,days_of_week=wed", "min_adv=0,min_adr=0,days_of_week=0/1/3/4"},
    };
    set_fundamentals (self, "{\"historical_market_cap\":{\"2023-01-03\":1e9},"
                            "\"earnings_dates\":[\"2023-03-01\",\"2023-03-16\"],"
                            "\"ipo_date\":\"2022-03-15\"}");
    const char *text = "atr_gap_down,min_atr_multiplier=1,min_volume=0," DAY;
    for (int i = 0; i < COUNT (bounds); i++) {
        scan_t passes = parse_more (text, bounds[i].passes);
        scan_t fails = parse_more (text, bounds[i].fails);
        assert_true (gate (self, &passes));
        assert_false (gate (self, &fails));
    }
}

/* Missing values: the cap passes only when asked to, earnings fail where they are asked about, an
 * IPO passes. */
static void test_gate_missing (void **state)
{
    const fixture_t *self = *state;
    static const struct {
        const char *more;
        bool passed;
    } cases[] = {
        {"", false},
        {"min_market_cap=0", false},
        {"include_null_market_cap", true},
        {"include_null_market_cap,min_market_cap=5", true},
        {"include_null_market_cap,min_days_from_earnings=0", false},
        {"include_null_market_cap,max_days_from_earnings=inf", false},
        {"include_null_market_cap,min_days_since_ipo=1000", true},
    };
    const char *text = "day2_gap,min_adv=0,min_adr=0,min_gap=0,min_retrace=0,min_price=0";
    for (int i = 0; i < COUNT (cases); i++) {
        scan_t scan = parse_more (text, cases[i].more);
        assert_int_equal (gate (self, &scan), cases[i].passed);
    }
}

/* Without daily rows the average volume is missing: no scanner that has min_adv passes,
 * small_cap_up does. */
static void test_gate_no_rows (void **state)
{
    const fixture_t *self = *state;
    daily_clear (self->daily);
    daily_set_day (self->daily, day ("2023-03-15"));
    scan_t gap = parse ("atr_gap_up,min_atr_multiplier=1,min_volume=0," GATE "," DAY);
    scan_t small = parse ("small_cap_up,min_volume=0,min_gap=0,include_null_market_cap," DAY);
    assert_false (gate (self, &gap));
    assert_true (gate (self, &small));
}

/* A Saturday and a holiday are no days of a scan. */
static void test_gate_trading_day (void **state)
{
    const fixture_t *self = *state;
    scan_t scan = parse ("small_cap_up,min_volume=0,min_gap=0,include_null_market_cap," DAY);
    daily_set_day (self->daily, day ("2023-03-18"));
    assert_false (gate (self, &scan));
    daily_set_day (self->daily, day ("2023-02-20"));
    assert_false (gate (self, &scan));
    daily_set_day (self->daily, day ("2023-02-21"));
    assert_true (gate (self, &scan));
}

/* An explanation lists every condition of the gate, those after a failed one too. */
static void test_gate_explained (void **state)
{
    const fixture_t *self = *state;
    static const condition_t expected[] = {
        {"trading day", "is", 1, 1, false, true},
        {"weekday", "in", 2, 3, false, false},
        {"adv_14", ">=", 1000, 2000, false, false},
        {"adr_14", ">=", 0.0625, 0, false, true},
        {"adr_14", "<=", 0.0625, 0.5, false, true},
        {"market_cap", ">=", 7, 5, false, true},
        {"market_cap", "<=", 7, 6, false, false},
        {"days_from_earnings", ">=", NAN, 1, false, false},
        {"days_from_earnings", "<=", NAN, 90, false, false},
        {"days_since_ipo", ">=", 73, 73, false, true},
    };
    set_fundamentals (self,
                      "{\"historical_market_cap\":{\"2023-03-15\":7},\"ipo_date\":\"2023-01-01\"}");
    scan_t scan = parse ("atr_gap_up,min_atr_multiplier=1,min_volume=0,min_adv=2000,min_adr=0,"
                         "max_adr=0.5,min_market_cap=5,max_market_cap=6,days_of_week=0/1,"
                         "min_days_from_earnings=1,max_days_from_earnings=90,"
                         "min_days_since_ipo=73," DAY);
    explanation_t explanation = {0};
    assert_false (rules_gate (&scan, self->daily, self->calendar, &explanation));
    assert_int_equal (explanation.count, COUNT (expected));
    for (int i = 0; i < COUNT (expected); i++) {
        const condition_t *actual = &explanation.conditions[i];
        assert_string_equal (actual->what, expected[i].what);
        assert_string_equal (actual->op, expected[i].op);
        same (actual->value, expected[i].value);
        same (actual->threshold, expected[i].threshold);
        assert_int_equal (actual->passed, expected[i].passed);
    }
}

/* ------------------------------------------------------------------ intraday rules */

static const char gap_down[] = "atr_gap_down," GATE;
static const char gap_up[] = "atr_gap_up," GATE;

/* The gap is the low's (down) or high's (up) distance from the close before, in ATRs; both columns
 * and all bounds. */
static void test_atr_gap (void **state)
{
    const fixture_t *self = *state;
    const bar_t down = {600, 124, 125, 120, 121, 500}; /* gap -8/128, one ATR */
    const bar_t up = {600, 124, 136, 123, 125, 500};
    static const struct {
        const char *more;
        bool hit;
    } bounds[] = {
        {"min_atr_multiplier=1,min_volume=0," DAY, true},
        {"min_atr_multiplier=1.001,min_volume=0," DAY, false},
        {"min_atr_multiplier=0,max_atr_multiplier=1,min_volume=0," DAY, true},
        {"min_atr_multiplier=0,max_atr_multiplier=0.999,min_volume=0," DAY, false},
        {"min_atr_multiplier=1,min_volume=500," DAY, true},
        {"min_atr_multiplier=1,min_volume=500.5," DAY, false},
        {"min_atr_multiplier=1,min_volume=0,start_time=10:00,end_time=10:00", true},
        {"min_atr_multiplier=1,min_volume=0,start_time=10:01,end_time=12:00", false},
        {"min_atr_multiplier=1,min_volume=0,start_time=09:00,end_time=09:59", false},
        {"min_atr_multiplier=1,min_volume=0,atr_lookback=1," DAY, true},
    };
    for (int i = 0; i < COUNT (bounds); i++) {
        assert_int_equal (hits (self, gap_down, bounds[i].more, down), bounds[i].hit);
        assert_int_equal (hits (self, gap_up, bounds[i].more, up), bounds[i].hit);
    }
    const column_t expected_down[] = {{"cumulative_daily_volume", 500},
                                      {"adv_14", 1000},
                                      {"adr_14", 0.0625},
                                      {"market_cap", NAN},
                                      {"gap", -0.0625},
                                      {"atr_gap", -1}};
    const column_t expected_up[] = {{"cumulative_daily_volume", 500},
                                    {"adv_14", 1000},
                                    {"adr_14", 0.0625},
                                    {"market_cap", NAN},
                                    {"gap", 0.0625},
                                    {"atr_gap", 1}};
    double values[SCAN_COLUMNS_MAX];
    scan_t scan = parse_more (gap_down, bounds[0].more);
    assert_int_equal (feed (self, &scan, &down, 1, values), 1);
    check_columns (&scan, values, expected_down, COUNT (expected_down));
    scan = parse_more (gap_up, bounds[0].more);
    assert_int_equal (feed (self, &scan, &up, 1, values), 1);
    check_columns (&scan, values, expected_up, COUNT (expected_up));
}

/* The candle must go the gap's way, and the gap must be on the scanner's side: equal is not enough.
 * */
static void test_atr_gap_sides (void **state)
{
    const fixture_t *self = *state;
    const char *more = "min_atr_multiplier=0,min_volume=0," DAY;
    assert_false (hits (self, gap_down, more, (bar_t){600, 121, 125, 120, 121, 1}));
    assert_false (hits (self, gap_down, more, (bar_t){600, 130, 131, 128, 129, 1}));
    assert_true (hits (self, gap_down, more, (bar_t){600, 130, 131, 127, 129, 1}));
    assert_false (hits (self, gap_up, more, (bar_t){600, 135, 136, 130, 135, 1}));
    assert_false (hits (self, gap_up, more, (bar_t){600, 120, 128, 119, 122, 1}));
    assert_true (hits (self, gap_up, more, (bar_t){600, 120, 129, 119, 122, 1}));
}

/* atr_gap counts the whole day's volume, from before start_time too. */
static void test_atr_gap_volume (void **state)
{
    const fixture_t *self = *state;
    const bar_t bars[] = {{240, 124, 125, 120, 121, 300},
                          {570, 124, 125, 120, 121, 199},
                          {571, 124, 125, 120, 121, 1},
                          {960, 124, 125, 120, 121, 1}};
    double values[SCAN_COLUMNS_MAX];
    scan_t scan = parse_more (gap_down, "min_atr_multiplier=1,min_volume=500,start_time=09:30,"
                                        "end_time=15:59");
    assert_int_equal (feed (self, &scan, bars, COUNT (bars), values), 1u << 2);
    same (values[0], 500);
}

/* Without a candle of the day before, or with an ATR of 0, the gap is missing: no hit, however low
 * the bounds. */
static void test_atr_gap_missing (void **state)
{
    const fixture_t *self = *state;
    const char *more = "min_atr_multiplier=0,min_volume=0,atr_lookback=1," DAY;
    const bar_t bar = {600, 124, 125, 120, 121, 500};
    candle_t *previous = row_of (self, "2023-03-14");
    previous->high = previous->low = 128;
    set_day (self, "2023-03-15");
    assert_false (hits (self, gap_down, more, bar));
    remove_row (self, "2023-03-14");
    set_day (self, "2023-03-15");
    assert_false (hits (self, gap_down, "min_atr_multiplier=0,min_volume=0," DAY, bar));
}

static const char parabolic_down[] = "atr_parabolic_down," GATE;
static const char parabolic_up[] = "atr_parabolic_up," GATE;

/* The signal is the candle's body in ATRs and must exceed the multiplier; volume counts from
 * start_time. */
static void test_atr_parabolic (void **state)
{
    const fixture_t *self = *state;
    const bar_t down[] = {
        {569, 130, 131, 100, 126, 900}, /* before the window: its volume and low do not count */
        {570, 130, 131, 125, 126, 300},
        {571, 130, 131, 127, 126, 200},
        {572, 130, 131, 126, 128, 200},
        {573, 130, 131, 126, 120, 200}};
    const bar_t up[] = {{569, 126, 190, 125, 130, 900},
                        {570, 126, 131, 125, 130, 300},
                        {571, 126, 129, 125, 130, 200},
                        {572, 128, 131, 125, 130, 200},
                        {573, 120, 131, 119, 130, 200}};
    const char *more = "min_atr_multiplier=0.25,min_volume=500,start_time=09:30,end_time=09:32";
    double values[SCAN_COLUMNS_MAX];
    scan_t scan = parse_more (parabolic_down, more);
    assert_int_equal (feed (self, &scan, down, COUNT (down), values), 1u << 2);
    const column_t expected_down[] = {{"lowest_low", 125}, {"cumulative_daily_volume", 500},
                                      {"adv_14", 1000},    {"adr_14", 0.0625},
                                      {"daily_atr_14", 8}, {"market_cap", NAN},
                                      {"signal", 0.5}};
    check_columns (&scan, values, expected_down, COUNT (expected_down));
    scan = parse_more (parabolic_up, more);
    assert_int_equal (feed (self, &scan, up, COUNT (up), values), 1u << 2);
    const column_t expected_up[] = {{"highest_high", 131}, {"cumulative_daily_volume", 500},
                                    {"adv_14", 1000},      {"adr_14", 0.0625},
                                    {"daily_atr_14", 8},   {"market_cap", NAN},
                                    {"signal", 0.5}};
    check_columns (&scan, values, expected_up, COUNT (expected_up));
}

/* At the multiplier itself there is no signal, one volume short neither. */
static void test_atr_parabolic_bounds (void **state)
{
    const fixture_t *self = *state;
    const bar_t down = {570, 130, 131, 125, 126, 300};
    const bar_t up = {570, 126, 131, 125, 130, 300};
    static const struct {
        const char *more;
        bool hit;
    } bounds[] = {
        {"min_atr_multiplier=0.499,min_volume=300," DAY, true},
        {"min_atr_multiplier=0.5,min_volume=300," DAY, false},
        {"min_atr_multiplier=0.499,min_volume=301," DAY, false},
        {"min_atr_multiplier=0.499,min_volume=0,start_time=09:30,end_time=09:30", true},
        {"min_atr_multiplier=0.499,min_volume=0,start_time=09:31,end_time=09:31", false},
        {"min_atr_multiplier=0.499,min_volume=0,start_time=09:29,end_time=09:29", false},
        {"min_atr_multiplier=-1,min_volume=0,atr_lookback=3," DAY, true},
    };
    for (int i = 0; i < COUNT (bounds); i++) {
        assert_int_equal (hits (self, parabolic_down, bounds[i].more, down), bounds[i].hit);
        assert_int_equal (hits (self, parabolic_up, bounds[i].more, up), bounds[i].hit);
    }
    candle_t *previous = row_of (self, "2023-03-14");
    previous->high = previous->low = 128;
    set_day (self, "2023-03-15");
    assert_false (
        hits (self, parabolic_up, "min_atr_multiplier=-1,min_volume=0,atr_lookback=1," DAY, up));
}

/* new_extreme: the candle's low (high) is within 0.0001 of the window's extreme; what came before
 * start_time does not count, and an equal low is new too. */
static void test_atr_parabolic_new_extreme (void **state)
{
    const fixture_t *self = *state;
    const bar_t down[] = {{569, 130, 131, 90, 126, 1},       {570, 130, 131, 125, 126, 1},
                          {571, 130, 131, 125, 126, 1},      {572, 130, 131, 125.00005, 126, 1},
                          {573, 130, 131, 125.0002, 126, 1}, {574, 130, 131, 124, 126, 1},
                          {575, 130, 131, 125, 126, 1}};
    const bar_t up[] = {{569, 126, 190, 125, 130, 1},      {570, 126, 131, 125, 130, 1},
                        {571, 126, 131, 125, 130, 1},      {572, 126, 130.99995, 125, 130, 1},
                        {573, 126, 130.9998, 125, 130, 1}, {574, 126, 132, 125, 130, 1},
                        {575, 126, 131, 125, 130, 1}};
    const char *more = "new_extreme,min_atr_multiplier=0.25,min_volume=0,start_time=09:30,"
                       "end_time=16:00";
    double values[SCAN_COLUMNS_MAX];
    scan_t scan = parse_more (parabolic_down, more);
    assert_int_equal (feed (self, &scan, down, COUNT (down), values), 0x2e);
    same (values[0], 124);
    scan = parse_more (parabolic_up, more);
    assert_int_equal (feed (self, &scan, up, COUNT (up), values), 0x2e);
    same (values[0], 132);
}

static const char high_range[] = "high_range_gap_up,n_days=5," GATE;
static const char low_range[] = "low_range_gap_down,n_days=5," GATE;

/* The range must be passed, not reached; the gap has a lower bound on both sides; volume is the
 * premarket's. */
static void test_range_gap (void **state)
{
    const fixture_t *self = *state;
    const bar_t high = {500, 130, 144, 129, 131, 300}; /* 2 ATRs above the close before */
    const bar_t low = {500, 120, 121, 112, 119, 300};  /* 2 ATRs below */
    static const struct {
        const char *more;
        bool high, low;
    } bounds[] = {
        {"min_volume=300," DAY, true, true},
        {"min_volume=301," DAY, false, false},
        {"min_volume=0,min_atr_gap=2," DAY, true, false},
        {"min_volume=0,min_atr_gap=2.001," DAY, false, false},
        {"min_volume=0,min_atr_gap=-2," DAY, true, true},
        {"min_volume=0,min_atr_gap=-1.999," DAY, true, false},
        {"min_volume=0,start_time=08:20,end_time=08:20", true, true},
        {"min_volume=0,start_time=08:21,end_time=08:30", false, false},
        {"min_volume=0,start_time=08:00,end_time=08:19", false, false},
    };
    for (int i = 0; i < COUNT (bounds); i++) {
        assert_int_equal (hits (self, high_range, bounds[i].more, high), bounds[i].high);
        assert_int_equal (hits (self, low_range, bounds[i].more, low), bounds[i].low);
    }
    assert_false (hits (self, high_range, bounds[0].more, (bar_t){500, 130, 132, 129, 131, 300}));
    assert_false (hits (self, low_range, bounds[0].more, (bar_t){500, 126, 127, 124, 125, 300}));
    double values[SCAN_COLUMNS_MAX];
    scan_t scan = parse_more (high_range, bounds[0].more);
    feed (self, &scan, &high, 1, values);
    const column_t expected_high[] = {{"premarket_total_volume", 300},
                                      {"gap", 0.125},
                                      {"atr_gap", 2},
                                      {"adv_14", 1000},
                                      {"adr_14", 0.0625},
                                      {"max_high_5d", 132},
                                      {"market_cap", NAN}};
    check_columns (&scan, values, expected_high, COUNT (expected_high));
    scan = parse_more (low_range, bounds[0].more);
    feed (self, &scan, &low, 1, values);
    const column_t expected_low[] = {{"premarket_total_volume", 300},
                                     {"gap", -0.125},
                                     {"atr_gap", -2},
                                     {"adv_14", 1000},
                                     {"adr_14", 0.0625},
                                     {"min_low_5d", 124},
                                     {"market_cap", NAN}};
    check_columns (&scan, values, expected_low, COUNT (expected_low));
}

/* n_days reaches back that many trading days and not one more. */
static void test_range_gap_days (void **state)
{
    const fixture_t *self = *state;
    const bar_t high = {500, 130, 140, 129, 131, 300};
    const char *text = "high_range_gap_up,min_volume=0," GATE "," DAY;
    row_of (self, "2023-03-08")->high = 150; /* back (D, 5) */
    set_day (self, "2023-03-15");
    assert_true (hits (self, text, "n_days=4", high));
    assert_false (hits (self, text, "n_days=5", high));
    row_of (self, "2023-03-08")->high = 132;
    row_of (self, "2023-03-08")->low = 100;
    set_day (self, "2023-03-15");
    const bar_t low = {500, 120, 121, 110, 119, 300};
    text = "low_range_gap_down,min_volume=0," GATE "," DAY;
    assert_true (hits (self, text, "n_days=4", low));
    assert_false (hits (self, text, "n_days=5", low));
}

/* The premarket's volume runs until 09:29, stands from 09:30 on, and is missing when there was
 * none: then nothing hits, min_volume=0 or not. */
static void test_range_gap_premarket (void **state)
{
    const fixture_t *self = *state;
    const bar_t bars[] = {{500, 130, 133, 129, 131, 200},
                          {569, 130, 133, 129, 131, 100},
                          {570, 130, 133, 129, 131, 900},
                          {571, 130, 133, 129, 131, 900}};
    double values[SCAN_COLUMNS_MAX];
    scan_t scan = parse_more (high_range, "min_volume=300," DAY);
    assert_int_equal (feed (self, &scan, bars, 4, values), 0xe);
    same (values[0], 300);
    scan = parse_more (high_range, "min_volume=0," DAY);
    assert_int_equal (feed (self, &scan, bars + 2, 2, values), 0);
}

/* Without a candle of the day before, the gap is missing: a hit without min_atr_gap, none with it.
 * */
static void test_range_gap_missing (void **state)
{
    const fixture_t *self = *state;
    const bar_t bar = {500, 130, 133, 129, 131, 200};
    remove_row (self, "2023-03-14");
    set_day (self, "2023-03-15");
    assert_false (hits (self, high_range, "min_volume=0,min_atr_gap=-100," DAY, bar));
    double values[SCAN_COLUMNS_MAX];
    scan_t scan = parse_more (high_range, "min_volume=0," DAY);
    assert_int_equal (feed (self, &scan, &bar, 1, values), 1);
    assert_true (isnan (values[1]) && isnan (values[2]));
    daily_clear (self->daily);
    daily_set_day (self->daily, day ("2023-03-15"));
    assert_int_equal (feed (self, &scan, &bar, 1, values), 0);
}

/* With an ATR of 0 the gap is known and the gap in ATRs is missing, not infinite. */
static void test_range_gap_no_atr (void **state)
{
    const fixture_t *self = *state;
    const bar_t bar = {500, 130, 144, 129, 131, 200};
    candle_t *previous = row_of (self, "2023-03-14");
    previous->high = previous->low = 128;
    set_day (self, "2023-03-15");
    double values[SCAN_COLUMNS_MAX];
    scan_t scan = parse_more (high_range, "min_volume=0,atr_lookback=1," DAY);
    assert_int_equal (feed (self, &scan, &bar, 1, values), 1);
    same (values[1], 0.125);
    assert_true (isnan (values[2]));
    assert_false (hits (self, high_range, "min_volume=0,atr_lookback=1,min_atr_gap=0," DAY, bar));
}

static const char small_cap[] = "small_cap_up,include_null_market_cap";

/* Each bound of small_cap_up by itself; the change must exceed its minimum, the gap may equal it.
 * */
static void test_small_cap (void **state)
{
    const fixture_t *self = *state;
    const bar_t bars[] = {{570, 127, 130, 128, 129, 300}, {571, 130, 144, 129, 140, 200}};
    static const struct {
        const char *more;
        bool hit;
    } bounds[] = {
        {"min_volume=500,min_gap=0.125,shift_periods=1,shift_min_changes=0.1," DAY, true},
        {"min_volume=501,min_gap=0.125,shift_periods=1,shift_min_changes=0.1," DAY, false},
        {"min_volume=0,min_gap=0.126,shift_periods=1,shift_min_changes=0.1," DAY, false},
        {"min_volume=0,min_gap=0,shift_periods=1,shift_min_changes=0.124," DAY, true},
        {"min_volume=0,min_gap=0,shift_periods=1,shift_min_changes=0.125," DAY, false},
        {"min_volume=0,min_gap=0,shift_periods=2,shift_min_changes=-9," DAY, false},
        {"min_volume=0,min_gap=0,min_price=140,shift_periods=1,shift_min_changes=0," DAY, true},
        {"min_volume=0,min_gap=0,min_price=140.01,shift_periods=1,shift_min_changes=0," DAY, false},
        {"min_volume=0,min_gap=0,max_price=140,shift_periods=1,shift_min_changes=0," DAY, true},
        {"min_volume=0,min_gap=0,max_price=139.9,shift_periods=1,shift_min_changes=0," DAY, false},
        {"min_volume=0,min_gap=0,shift_periods=1,shift_min_changes=0,start_time=09:31,"
         "end_time=09:31",
         true},
        {"min_volume=0,min_gap=0,shift_periods=1,shift_min_changes=0,start_time=09:32,"
         "end_time=09:40",
         false},
        {"min_volume=0,min_gap=0,shift_periods=1,shift_min_changes=0,start_time=09:00,"
         "end_time=09:30",
         false},
    };
    double values[SCAN_COLUMNS_MAX];
    for (int i = 0; i < COUNT (bounds); i++) {
        scan_t scan = parse_more (small_cap, bounds[i].more);
        assert_int_equal (feed (self, &scan, bars, 2, values), bounds[i].hit ? 2 : 0);
    }
    remove_row (self, "2023-03-14");
    set_day (self, "2023-03-15");
    scan_t scan =
        parse_more (small_cap, "min_volume=0,min_gap=-9,shift_periods=1,shift_min_changes=0," DAY);
    assert_int_equal (feed (self, &scan, bars, 2, values), 0);
}

/* The alert is the last of the list that exceeds its minimum; pairs of rows that are not there yet
 * are missing. */
static void test_small_cap_alert (void **state)
{
    const fixture_t *self = *state;
    const bar_t bars[] = {{570, 127, 130, 128, 129, 1}, /* a gap in time: rows count, not minutes */
                          {575, 127, 130, 64, 129, 1},
                          {600, 127, 160, 128, 129, 1}};
    scan_t scan = parse_more (small_cap, "new_extreme,min_volume=0,min_gap=0.2,shift_periods=2/1/7,"
                                         "shift_min_changes=0.2/1.4/0," DAY);
    double values[SCAN_COLUMNS_MAX];
    assert_int_equal (feed (self, &scan, bars, 3, values), 4);
    const column_t expected[] = {{"cumulative_daily_volume", 3},
                                 {"low_shift_2", 128},
                                 {"change_2", 0.25},
                                 {"low_shift_1", 64},
                                 {"change_1", 1.5},
                                 {"low_shift_7", NAN},
                                 {"change_7", NAN},
                                 {"highest_high", 160},
                                 {"triggered_alert", 1},
                                 {"market_cap", NAN},
                                 {"gap", 0.25}};
    check_columns (&scan, values, expected, COUNT (expected));
    assert_true (scan.columns[8].alert);
    scan = parse_more (small_cap, "min_volume=0,min_gap=0.2,shift_periods=2/1,"
                                  "shift_min_changes=0.2/1.5," DAY);
    assert_int_equal (feed (self, &scan, bars, 3, values), 4);
    same (values[5], 2);
}

/* small_cap_up counts the whole day's volume, from before start_time too. */
static void test_small_cap_volume (void **state)
{
    const fixture_t *self = *state;
    const bar_t bars[] = {{500, 127, 150, 128, 129, 300},
                          {570, 127, 150, 128, 129, 199},
                          {571, 127, 150, 128, 129, 1}};
    scan_t scan = parse_more (small_cap, "min_volume=500,min_gap=0,shift_periods=1,"
                                         "shift_min_changes=0,start_time=09:30,end_time=16:00");
    double values[SCAN_COLUMNS_MAX];
    assert_int_equal (feed (self, &scan, bars, 3, values), 4);
    same (values[0], 500);
}

/* new_extreme counts the whole day's high, from before start_time too. */
static void test_small_cap_new_extreme (void **state)
{
    const fixture_t *self = *state;
    const bar_t bars[] = {{500, 127, 150, 128, 129, 1},
                          {570, 127, 149, 128, 129, 1},
                          {571, 127, 149.99995, 128, 129, 1},
                          {572, 127, 151, 128, 129, 1}};
    const char *more = "min_volume=0,min_gap=0,shift_periods=1,shift_min_changes=0,"
                       "start_time=09:30,end_time=16:00";
    double values[SCAN_COLUMNS_MAX];
    scan_t scan = parse_more (small_cap, more);
    assert_int_equal (feed (self, &scan, bars, 4, values), 0xe);
    scan = parse_more ("small_cap_up,new_extreme,include_null_market_cap", more);
    assert_int_equal (feed (self, &scan, bars, 4, values), 0xc);
    same (values[3], 151);
}

/* The ring of lows has room for the longest shift and gives the k-th row before at every turn. */
static void test_shift_ring (void **state)
{
    const fixture_t *self = *state;
    static const int sizes[][2] = {{1, 2}, {2, 4}, {3, 4}, {4, 8}, {15, 16}, {10000, 16384}};
    for (int i = 0; i < COUNT (sizes); i++) {
        scan_t scan = {.kind = SCAN_SMALL_CAP_UP, .shift_count = 2, .shift_periods = {1}};
        scan.shift_periods[1] = sizes[i][0];
        assert_int_equal (rules_lows (&scan), sizes[i][1]);
    }
    scan_t none = parse_more (gap_down, "min_atr_multiplier=0,min_volume=0," DAY);
    assert_int_equal (rules_lows (&none), 0);

    scan_t scan = parse_more (small_cap, "min_volume=0,min_gap=-1,shift_periods=1/3,"
                                         "shift_min_changes=-1/-1," DAY);
    double lows[4];
    rule_state_t rule;
    assert_int_equal (rules_lows (&scan), 4);
    rules_begin (&rule, &scan, self->daily, lows);
    for (int i = 0; i < 50; i++) {
        double values[SCAN_COLUMNS_MAX];
        candle_t candle = {0, 150, 200, 100 + i, 150, 1};
        assert_int_equal (rules_feed (&rule, &scan, &candle, i, values, NULL), i > 0);
        if (i > 0) {
            same (values[1], 100 + i - 1);
            same (values[3], i >= 3 ? 100.0 + i - 3 : NAN);
        }
    }
}

/* An explanation of a rule has its time window in minutes, every condition after a failed one, and
 * each change of small_cap_up, of which one is enough. */
static void test_rule_explained (void **state)
{
    const fixture_t *self = *state;
    static const condition_t expected[] = {
        {"time", ">=", 571, 570, true, true},
        {"time", "<=", 571, 580, true, true},
        {"close", ">=", 140, 150, false, false},
        {"close", "<=", 140, INFINITY, false, true},
        {"cumulative_daily_volume", ">=", 500, 0, false, true},
        {"gap", ">=", 0.125, 0.25, false, false},
        {"abs(highest_high - high)", "<", 0, 0.0001, false, true},
        {"change_1", ">", 0.125, 0, false, true},
        {"change_2", ">", NAN, 0, false, false},
        {"triggered_alert", ">", 1, 0, false, true},
    };
    scan_t scan = parse_more (small_cap, "new_extreme,min_volume=0,min_gap=0.25,min_price=150,"
                                         "shift_periods=1/2,shift_min_changes=0/0,"
                                         "start_time=09:30,end_time=09:40");
    double lows[4], values[SCAN_COLUMNS_MAX];
    rule_state_t rule;
    rules_begin (&rule, &scan, self->daily, lows);
    rules_feed (&rule, &scan, &(candle_t){0, 127, 130, 128, 129, 300}, 570, values, NULL);
    explanation_t explanation = {0};
    assert_false (rules_feed (&rule, &scan, &(candle_t){60, 130, 144, 129, 140, 200}, 571, values,
                              &explanation));
    assert_int_equal (explanation.count, COUNT (expected));
    for (int i = 0; i < COUNT (expected); i++) {
        const condition_t *actual = &explanation.conditions[i];
        assert_string_equal (actual->what, expected[i].what);
        assert_string_equal (actual->op, expected[i].op);
        same (actual->value, expected[i].value);
        same (actual->threshold, expected[i].threshold);
        assert_int_equal (actual->is_time, expected[i].is_time);
        assert_int_equal (actual->passed, expected[i].passed);
    }
}

/* ------------------------------------------------------------------ rules of a day */

/* The day before fell (rose) by half an ATR: both bounds include it; the candle is that of the day
 * before. */
static void test_daily_atr_parabolic (void **state)
{
    const fixture_t *self = *state;
    static const struct {
        const char *more;
        bool hit;
    } bounds[] = {
        {"min_atr_multiplier=0.5", true},
        {"min_atr_multiplier=0.501", false},
        {"min_atr_multiplier=0,max_atr_multiplier=0.5", true},
        {"min_atr_multiplier=0,max_atr_multiplier=0.499", false},
        {"min_atr_multiplier=-1,atr_lookback=2", true},
    };
    set_fundamentals (self, "{\"historical_market_cap\":{\"2023-01-03\":6},\"earnings_dates\":"
                            "[\"2023-03-01\"],\"ipo_date\":\"2022-03-15\"}");
    for (int up = 0; up < 2; up++) {
        const char *text = up ? "daily_atr_parabolic_up," GATE : "daily_atr_parabolic_down," GATE;
        double values[SCAN_COLUMNS_MAX];
        candle_t candle;
        double open = up ? 124 : 132;
        row_of (self, "2023-03-14")->open = open;
        set_day (self, "2023-03-15");
        for (int i = 0; i < COUNT (bounds); i++) {
            scan_t scan = parse_more (text, bounds[i].more);
            assert_int_equal (hits_daily (self, &scan, NAN, NAN, values, &candle), bounds[i].hit);
        }
        scan_t scan = parse_more (text, bounds[0].more);
        assert_false (rules_reads_prev_allday (&scan));
        assert_true (hits_daily (self, &scan, NAN, NAN, values, &candle));
        const column_t expected[] = {
            {"adv_14", 1000},           {"adr_14", 0.0625},      {"daily_atr_14", 8},
            {"prev_day_close", 128},    {"prev_day_open", open}, {"market_cap", 6},
            {"days_from_earnings", 14}, {"days_since_ipo", 365}, {"signal", 0.5}};
        check_columns (&scan, values, expected, COUNT (expected));
        assert_int_equal (candle_day (&candle), day ("2023-03-14"));
        assert_true (candle.open == open && candle.close == 128 && candle.volume == 1000);
        row_of (self, "2023-03-14")->open = 256 - open; /* the other way */
        set_day (self, "2023-03-15");
        assert_false (hits_daily (self, &scan, NAN, NAN, values, &candle));
        scan = parse_more (text, "min_atr_multiplier=-0.5");
        assert_true (hits_daily (self, &scan, NAN, NAN, values, &candle));
        same (values[8], -0.5);
    }
}

/* A symbol that did not trade the day before, or whose ATR is 0, does not hit. */
static void test_daily_atr_parabolic_missing (void **state)
{
    const fixture_t *self = *state;
    double values[SCAN_COLUMNS_MAX];
    candle_t candle;
    scan_t scan = parse ("daily_atr_parabolic_down,min_atr_multiplier=-9,atr_lookback=1," GATE);
    assert_true (hits_daily (self, &scan, NAN, NAN, values, &candle));
    candle_t *previous = row_of (self, "2023-03-14");
    previous->high = previous->low = 128;
    set_day (self, "2023-03-15");
    assert_false (hits_daily (self, &scan, NAN, NAN, values, &candle));
    remove_row (self, "2023-03-14");
    set_day (self, "2023-03-15");
    assert_false (hits_daily (self, &scan, NAN, NAN, values, &candle));
}

/* day2_gap: the price may equal its minimum, retrace and gain must exceed theirs; each value must
 * be there. */
static void test_day2_gap (void **state)
{
    const fixture_t *self = *state;
    static const struct {
        const char *more;
        bool hit;
    } bounds[] = {
        {"min_price=128,min_retrace=0.124,min_gap=0.124", true},
        {"min_price=128.01,min_retrace=0.124,min_gap=0.124", false},
        {"min_price=128,min_retrace=0.125,min_gap=0.124", false},
        {"min_price=128,min_retrace=0.124,min_gap=0.125", false},
    };
    double values[SCAN_COLUMNS_MAX];
    candle_t candle;
    for (int i = 0; i < COUNT (bounds); i++) {
        scan_t scan = parse_more ("day2_gap," GATE, bounds[i].more);
        assert_true (rules_reads_prev_allday (&scan));
        assert_int_equal (hits_daily (self, &scan, 128, 144, values, &candle), bounds[i].hit);
    }
    scan_t scan = parse_more ("day2_gap," GATE, bounds[0].more);
    assert_false (hits_daily (self, &scan, NAN, NAN, values, &candle));
    row_of (self, "2023-03-13")->close = 96;
    set_day (self, "2023-03-15");
    assert_true (hits_daily (self, &scan, 128, 144, values, &candle));
    const column_t expected[] = {
        {"adv_14", 1000},           {"adr_14", (13 * 0.0625 + 8.0 / 96) / 14},
        {"prev_allday_close", 128}, {"prev_allday_high", 144},
        {"prev_2day_close", 96},    {"market_cap", NAN},
        {"days_since_ipo", NAN},    {"retrace", 0.125},
        {"gain_all_sessions", 0.5}};
    values[1] = fabs (values[1] - expected[1].value) < 1e-15 ? expected[1].value : values[1];
    check_columns (&scan, values, expected, COUNT (expected));
    assert_int_equal (candle_day (&candle), day ("2023-03-14"));
    remove_row (self, "2023-03-13");
    set_day (self, "2023-03-15");
    assert_false (hits_daily (self, &scan, 128, 144, values, &candle));
    remove_row (self, "2023-03-14");
    set_day (self, "2023-03-14");
    assert_false (hits_daily (self, &scan, 128, 144, values, &candle));
}

/* A value that every parameter of the type takes. */
static const char *value_of (const char *name)
{
    for (size_t i = 0; i < scan_parameter_count; i++) {
        if (strcmp (scan_parameters[i].name, name) == 0) {
            return scan_parameters[i].type == PARAMETER_TIME ? "10:00" : "1";
        }
    }
    fail_msg ("no parameter %s", name);
    return "";
}

/* Every scanner of the table has its rule: a scan of its required parameters alone can be run. (An
 * entry without a function ends this test by a signal.) */
static void test_table_tied (void **state)
{
    const fixture_t *self = *state;
    for (int kind = 0; kind < SCANNER_COUNT; kind++) {
        char text[SCAN_TEXT_MAX];
        size_t used = (size_t) snprintf (text, sizeof text, "%s", scanners[kind].name);
        for (const scanner_parameter_t *p = scanners[kind].parameters; p->name; p++) {
            if (!p->otherwise) {
                used += (size_t) snprintf (text + used, sizeof text - used, ",%s=%s", p->name,
                                           value_of (p->name));
            }
        }
        scan_t scan = parse (text);
        assert_int_equal (scan.kind, kind);
        double values[SCAN_COLUMNS_MAX];
        if (scanners[kind].daily) {
            candle_t candle;
            hits_daily (self, &scan, 128, 144, values, &candle);
        } else {
            const bar_t bar = {600, 124, 125, 120, 121, 500};
            assert_false (rules_reads_prev_allday (&scan));
            feed (self, &scan, &bar, 1, values);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    if (exchange_init ()) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        TEST (test_table_tied),
        TEST (test_gate_bounds),
        TEST (test_gate_missing),
        TEST (test_gate_no_rows),
        TEST (test_gate_trading_day),
        TEST (test_gate_explained),
        TEST (test_atr_gap),
        TEST (test_atr_gap_sides),
        TEST (test_atr_gap_volume),
        TEST (test_atr_gap_missing),
        TEST (test_atr_parabolic),
        TEST (test_atr_parabolic_bounds),
        TEST (test_atr_parabolic_new_extreme),
        TEST (test_range_gap),
        TEST (test_range_gap_days),
        TEST (test_range_gap_premarket),
        TEST (test_range_gap_missing),
        TEST (test_range_gap_no_atr),
        TEST (test_small_cap),
        TEST (test_small_cap_alert),
        TEST (test_small_cap_new_extreme),
        TEST (test_small_cap_volume),
        TEST (test_shift_ring),
        TEST (test_rule_explained),
        TEST (test_daily_atr_parabolic),
        TEST (test_daily_atr_parabolic_missing),
        TEST (test_day2_gap),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

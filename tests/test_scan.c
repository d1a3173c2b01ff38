/* A scan's text: what is read, what is refused and with which words, and that it is written back
 * the same. */
#include "scan.h"

#include "hit.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define GAP "min_adv=1,min_adr=2,min_atr_multiplier=3,min_volume=4,start_time=09:30,end_time=15:59"

/* A scanner in the order of its enum: the least that it needs, what else it takes, and its columns,
 * as the definition of the scanners has them. */
typedef struct {
    const char *name;
    const char *least;
    const char *optional;
    const char *columns;
} expected_t;

#define ALL "min_market_cap max_market_cap include_null_market_cap min_days_since_ipo "
#define ADV "min_days_from_earnings max_days_from_earnings days_of_week "

static const expected_t expected[SCANNER_COUNT] = {
    {"atr_gap_down", GAP, ALL ADV "atr_lookback max_adr max_atr_multiplier",
     "cumulative_daily_volume adv_14 adr_14 market_cap gap atr_gap"},
    {"atr_gap_up", GAP, ALL ADV "atr_lookback max_adr max_atr_multiplier",
     "cumulative_daily_volume adv_14 adr_14 market_cap gap atr_gap"},
    {"atr_parabolic_down", GAP, ALL ADV "atr_lookback new_extreme",
     "lowest_low cumulative_daily_volume adv_14 adr_14 daily_atr_14 market_cap signal"},
    {"atr_parabolic_up", GAP, ALL ADV "atr_lookback new_extreme",
     "highest_high cumulative_daily_volume adv_14 adr_14 daily_atr_14 market_cap signal"},
    {"daily_atr_parabolic_down", "min_adv=1,min_adr=2,min_atr_multiplier=3",
     ALL ADV "atr_lookback max_atr_multiplier",
     "adv_14 adr_14 daily_atr_14 prev_day_close prev_day_open market_cap days_from_earnings "
     "days_since_ipo signal"},
    {"daily_atr_parabolic_up", "min_adv=1,min_adr=2,min_atr_multiplier=3",
     ALL ADV "atr_lookback max_atr_multiplier",
     "adv_14 adr_14 daily_atr_14 prev_day_close prev_day_open market_cap days_from_earnings "
     "days_since_ipo signal"},
    {"high_range_gap_up",
     "min_adv=1,min_adr=2,min_volume=3,n_days=5,start_time=08:00,end_time=09:29",
     ALL ADV "atr_lookback max_adr min_atr_gap",
     "premarket_total_volume gap atr_gap adv_14 adr_14 max_high_5d market_cap"},
    {"low_range_gap_down",
     "min_adv=1,min_adr=2,min_volume=3,n_days=20,start_time=08:00,end_time=09:29",
     ALL ADV "atr_lookback max_adr min_atr_gap",
     "premarket_total_volume gap atr_gap adv_14 adr_14 min_low_20d market_cap"},
    {"small_cap_up", "min_volume=1,min_gap=2,start_time=04:00,end_time=19:59",
     ALL "min_price max_price shift_periods shift_min_changes new_extreme",
     "cumulative_daily_volume low_shift_2 change_2 low_shift_10 change_10 low_shift_15 change_15 "
     "triggered_alert market_cap gap"},
    {"day2_gap", "min_adv=1,min_adr=2,min_gap=3,min_retrace=4,min_price=5", ALL ADV,
     "adv_14 adr_14 prev_allday_close prev_allday_high prev_2day_close market_cap days_since_ipo "
     "retrace gain_all_sessions"},
};

static scan_t parse_at (const char *text, frequency_t frequency)
{
    scan_t scan;
    char error[256] = "";
    if (scan_parse (text, frequency, &scan, error, sizeof error)) {
        fail_msg ("%s: %s", text, error);
    }
    return scan;
}

static scan_t parse (const char *text)
{
    return parse_at (text, FREQUENCY_1MIN);
}

static void refuse (const char *text, const char *reason)
{
    scan_t scan;
    char error[256] = "";
    assert_int_equal (scan_parse (text, FREQUENCY_1MIN, &scan, error, sizeof error), -1);
    assert_string_equal (error, reason);
}

static void append (char *text, size_t size, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

static void append (char *text, size_t size, const char *format, ...)
{
    size_t length = strlen (text);
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (text + length, size - length, format, arguments);
    va_end (arguments);
}

/* Whether `word` is one of `words`, apart by `separators`, up to a "=". */
static bool has_word (const char *words, const char *separators, const char *word)
{
    char copy[512];
    char *rest;
    snprintf (copy, sizeof copy, "%s", words);
    for (char *w = strtok_r (copy, separators, &rest); w; w = strtok_r (NULL, separators, &rest)) {
        w[strcspn (w, "=")] = '\0';
        if (strcmp (w, word) == 0) {
            return true;
        }
    }
    return false;
}

/* The table's order is the enum's, and names are found. */
static void test_scanner_names (void **state)
{
    (void) state;
    for (int i = 0; i < SCANNER_COUNT; i++) {
        assert_string_equal (scanners[i].name, expected[i].name);
        assert_ptr_equal (scanner_find (expected[i].name), &scanners[i]);
        assert_true (scanners[i].summary && scanners[i].rule);
    }
    assert_null (scanner_find ("atr_gap"));
    assert_null (scanner_find (""));
}

/* Every scanner takes exactly the parameters of its definition, and each that is required is named
 * when it lacks. */
static void test_who_takes_what (void **state)
{
    (void) state;
    for (int i = 0; i < SCANNER_COUNT; i++) {
        const expected_t *e = &expected[i];
        size_t taken = 0;
        for (const scanner_parameter_t *p = scanners[i].parameters; p->name; p++) {
            assert_int_equal (has_word (e->least, ",", p->name), p->otherwise == NULL);
            assert_int_equal (has_word (e->optional, " ", p->name), p->otherwise != NULL);
            taken++;
        }
        size_t wanted = 0;
        for (size_t k = 0; k < scan_parameter_count; k++) {
            wanted += has_word (e->least, ",", scan_parameters[k].name);
            wanted += has_word (e->optional, " ", scan_parameters[k].name);
        }
        assert_int_equal (taken, wanted);
    }
}

/* Without one of its required parameters a scan is refused, and the error names it. */
static void test_required (void **state)
{
    (void) state;
    for (int i = 0; i < SCANNER_COUNT; i++) {
        for (const scanner_parameter_t *p = scanners[i].parameters; p->name; p++) {
            if (p->otherwise) {
                continue;
            }
            char text[512], reason[256], copy[512];
            char *rest;
            snprintf (text, sizeof text, "%s", expected[i].name);
            snprintf (copy, sizeof copy, "%s", expected[i].least);
            for (char *w = strtok_r (copy, ",", &rest); w; w = strtok_r (NULL, ",", &rest)) {
                if (strncmp (w, p->name, strlen (p->name)) != 0) {
                    append (text, sizeof text, ",%s", w);
                }
            }
            snprintf (reason, sizeof reason, "%s: parameter %s is required", expected[i].name,
                      p->name);
            refuse (text, reason);
        }
    }
}

/* The columns have the names and the order of their definition. */
static void test_columns (void **state)
{
    (void) state;
    for (int i = 0; i < SCANNER_COUNT; i++) {
        char text[512], columns[512] = "";
        snprintf (text, sizeof text, "%s,%s", expected[i].name, expected[i].least);
        scan_t scan = parse (text);
        assert_int_equal (scan.kind, i);
        for (int k = 0; k < scan.column_count; k++) {
            append (columns, sizeof columns, "%s%s", k ? " " : "", scan.columns[k].name);
            assert_int_equal (scan.columns[k].alert,
                              strcmp (scan.columns[k].name, "triggered_alert") == 0);
        }
        assert_string_equal (columns, expected[i].columns);
    }
}

/* small_cap_up: pairs in the list's order, and highest_high only with new_extreme. The longest list
 * has room. */
static void test_small_cap_columns (void **state)
{
    (void) state;
    const char *text =
        "small_cap_up,min_volume=1,min_gap=2,start_time=04:00,end_time=19:59,new_extreme,";
    char longer[512];
    snprintf (longer, sizeof longer, "%sshift_periods=7/1,shift_min_changes=0.1/0.2", text);
    scan_t scan = parse (longer);
    static const char *const names[] = {"cumulative_daily_volume",
                                        "low_shift_7",
                                        "change_7",
                                        "low_shift_1",
                                        "change_1",
                                        "highest_high",
                                        "triggered_alert",
                                        "market_cap",
                                        "gap"};
    assert_int_equal (scan.column_count, 9);
    for (int i = 0; i < 9; i++) {
        assert_string_equal (scan.columns[i].name, names[i]);
    }
    snprintf (longer, sizeof longer,
              "%sshift_periods=10000/2/3/4/5/6/7/8/9/10/11/12,shift_min_changes="
              "1/2/3/4/5/6/7/8/9/10/11/12",
              text);
    scan = parse (longer);
    assert_int_equal (scan.column_count, 29);
    assert_string_equal (scan.columns[1].name, "low_shift_10000");
}

/* What is not given has its default; what has none is not set. */
static void test_defaults (void **state)
{
    (void) state;
    scan_t scan = parse ("atr_gap_up," GAP);
    assert_string_equal (scan.id, "atr_gap_up");
    assert_true (scan.min_adv == 1 && scan.min_adr == 2 && scan.min_atr_multiplier == 3);
    assert_true (scan.min_volume == 4);
    assert_int_equal (scan.start_time, 570);
    assert_int_equal (scan.end_time, 959);
    assert_int_equal (scan.atr_lookback, 112);
    assert_true (scan.min_market_cap == 0 && isinf (scan.max_market_cap));
    assert_false (scan.include_null_market_cap);
    assert_true (isnan (scan.max_adr) && isnan (scan.max_atr_multiplier));
    assert_true (isnan (scan.min_days_from_earnings) && isnan (scan.max_days_from_earnings));
    assert_true (isnan (scan.min_days_since_ipo));
    assert_int_equal (scan.days_of_week, 0);
    scan = parse ("high_range_gap_up,min_adv=1,min_adr=1,min_volume=1,n_days=5,start_time=04:00,"
                  "end_time=09:29");
    assert_true (isnan (scan.min_atr_gap));
    scan = parse ("small_cap_up,min_volume=1,min_gap=2,start_time=04:00,end_time=19:59");
    assert_true (scan.min_price == 0 && isinf (scan.max_price) && !scan.new_extreme);
    assert_int_equal (scan.shift_count, 3);
    assert_int_equal (scan.shift_periods[0], 2);
    assert_int_equal (scan.shift_periods[1], 10);
    assert_int_equal (scan.shift_periods[2], 15);
    assert_true (scan.shift_min_changes[0] == 0.12 && scan.shift_min_changes[1] == 0.14 &&
                 scan.shift_min_changes[2] == 0.16);
}

/* Each kind of value is read in every form that is offered. */
static void test_values (void **state)
{
    (void) state;
    scan_t scan = parse ("atr_gap_up," GAP ",days_of_week=0/1/3,max_market_cap=1e9,max_adr=inf,"
                         "include_null_market_cap=true,atr_lookback=10000,min_market_cap=-.5");
    assert_int_equal (scan.days_of_week, 0xb);
    assert_true (scan.max_market_cap == 1e9 && isinf (scan.max_adr) && scan.min_market_cap == -0.5);
    assert_true (scan.include_null_market_cap);
    assert_int_equal (scan.atr_lookback, 10000);
    scan = parse ("atr_gap_up," GAP ",days_of_week=mon/Fri/6,include_null_market_cap=false");
    assert_int_equal (scan.days_of_week, 0x51);
    assert_false (scan.include_null_market_cap);
    scan = parse ("atr_parabolic_up,min_adv=1,min_adr=2,min_atr_multiplier=3,min_volume=4,"
                  "start_time=00:00,end_time=23:59,new_extreme");
    assert_int_equal (scan.start_time, 0);
    assert_int_equal (scan.end_time, 1439);
    assert_true (scan.new_extreme);
}

/* freq= overrides the run's frequency; scanners of days run at 1d whatever is said. */
static void test_frequency (void **state)
{
    (void) state;
    const char *daily = "day2_gap,min_adv=1,min_adr=2,min_gap=3,min_retrace=4,min_price=5";
    assert_true (frequency_equal (parse_at ("atr_gap_up," GAP, (frequency_t){3, 'm'}).frequency,
                                  (frequency_t){3, 'm'}));
    assert_true (
        frequency_equal (parse ("atr_gap_up,freq=1h," GAP).frequency, (frequency_t){1, 'h'}));
    assert_true (frequency_equal (parse_at ("atr_gap_up,freq=5min," GAP, FREQUENCY_1D).frequency,
                                  (frequency_t){5, 'm'}));
    assert_true (frequency_equal (parse (daily).frequency, FREQUENCY_1D));
    char text[256];
    snprintf (text, sizeof text, "%s,freq=5min", daily);
    assert_true (frequency_equal (parse (text).frequency, FREQUENCY_1D));
    refuse ("atr_gap_up,freq=1d," GAP,
            "atr_gap_up scans within the day, not at 1d: give freq=1min, for example");
    refuse ("atr_gap_up,freq=7min," GAP,
            "atr_gap_up: freq=7min: give a frequency that divides a day, such as 1min or 1h");
    refuse ("atr_gap_up,freq," GAP,
            "atr_gap_up: freq=: give a frequency that divides a day, such as 1min or 1h");
    refuse ("atr_gap_up,freq=1h,freq=1h," GAP, "atr_gap_up: freq is given twice");
}

/* An id stands before the first comma; without one the scanner's name serves. */
static void test_id (void **state)
{
    (void) state;
    const char *id = "0123456789abcdef0123456789ABCDEF_.-x0123456789abcdef0123456789ab";
    char text[512];
    snprintf (text, sizeof text, "%s:atr_gap_up," GAP, id);
    assert_string_equal (parse (text).id, id);
    snprintf (text, sizeof text, "%sx:atr_gap_up," GAP, id);
    refuse (text,
            "scan id '0123456789abcdef0123456789ABCDEF_.-x0123456789ab': give 1 to 64 letters, "
            "digits, '_', '.' or '-'");
    refuse (":atr_gap_up," GAP, "scan id '': give 1 to 64 letters, digits, '_', '.' or '-'");
    refuse ("a b:atr_gap_up," GAP, "scan id 'a b': give 1 to 64 letters, digits, '_', '.' or '-'");
}

/* A mistyped name gets the nearest one, a value that cannot be read gets a form to follow. */
static void test_errors (void **state)
{
    (void) state;
    refuse ("atr_gap_dwn," GAP, "unknown scanner 'atr_gap_dwn': did you mean atr_gap_down?");
    refuse ("zzz", "unknown scanner 'zzz': 'fastscanner scanners' lists them");
    refuse ("", "unknown scanner '': 'fastscanner scanners' lists them");
    refuse ("atr_gap_down,min_advv=1",
            "atr_gap_down has no parameter 'min_advv': did you mean min_adv?");
    refuse ("atr_gap_down,frq=1min", "atr_gap_down has no parameter 'frq': did you mean freq?");
    refuse (
        "atr_gap_down,qqqqqqqq=1",
        "atr_gap_down has no parameter 'qqqqqqqq': 'fastscanner scanners atr_gap_down' lists them");
    refuse ("day2_gap,atr_lookback=15",
            "day2_gap takes no atr_lookback: 'fastscanner scanners day2_gap' lists what it takes");
    refuse ("atr_gap_down,min_adv=1,min_adv=1", "atr_gap_down: min_adv is given twice");
    refuse ("atr_gap_down,min_adv", "atr_gap_down: min_adv needs a value: write min_adv=...");
    refuse ("atr_gap_down,,min_adv=1", "atr_gap_down: a parameter is empty: remove one comma");
    refuse ("atr_gap_down," GAP ",", "atr_gap_down: a parameter is empty: remove one comma");
    refuse ("atr_gap_down,min_adv=", "atr_gap_down: min_adv=: give a number, such as 0.5 or 1e9");
    refuse ("atr_gap_down,min_adv=nan",
            "atr_gap_down: min_adv=nan: give a number, such as 0.5 or 1e9");
    refuse ("atr_gap_down,min_adv=inf",
            "atr_gap_down: min_adv=inf: give a number, such as 0.5 or 1e9");
    refuse ("atr_gap_down,min_adv=1e999",
            "atr_gap_down: min_adv=1e999: give a number, such as 0.5 or 1e9");
    refuse ("atr_gap_down,min_adv=0x10",
            "atr_gap_down: min_adv=0x10: give a number, such as 0.5 or 1e9");
    refuse ("atr_gap_down,max_adr=nan",
            "atr_gap_down: max_adr=nan: give a number, such as 0.5 or 1e9, or inf");
    refuse ("atr_gap_down,max_adr=-inf",
            "atr_gap_down: max_adr=-inf: give a number, such as 0.5 or 1e9, or inf");
    refuse ("atr_gap_down,atr_lookback=0",
            "atr_gap_down: atr_lookback=0: give a whole number from 1 to 10000");
    refuse ("atr_gap_down,atr_lookback=10001",
            "atr_gap_down: atr_lookback=10001: give a whole number from 1 to 10000");
    refuse ("atr_gap_down,atr_lookback=1.5",
            "atr_gap_down: atr_lookback=1.5: give a whole number from 1 to 10000");
    refuse ("atr_gap_down,include_null_market_cap=yes",
            "atr_gap_down: include_null_market_cap=yes: give true or false");
    refuse ("atr_gap_down,days_of_week=0/7", "atr_gap_down: days_of_week=0/7: give weekdays, such "
                                             "as 0/1/3 (0 is Monday) or mon/tue/thu");
    refuse (
        "atr_gap_down,days_of_week=",
        "atr_gap_down: days_of_week=: give weekdays, such as 0/1/3 (0 is Monday) or mon/tue/thu");
    static const char *const times[] = {"9:30", "24:00", "09:60", "09.30", "09:30:00", "-1:30", ""};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        char text[64], reason[128];
        snprintf (text, sizeof text, "atr_gap_down,start_time=%s", times[i]);
        snprintf (reason, sizeof reason,
                  "atr_gap_down: start_time=%s: give a time from 00:00 to 23:59, such as 09:30",
                  times[i]);
        refuse (text, reason);
    }
}

/* Parameters that contradict each other are refused. */
static void test_contradictions (void **state)
{
    (void) state;
    const char *small = "small_cap_up,min_volume=1,min_gap=2,start_time=04:00,end_time=19:59";
    char text[512];
    refuse ("small_cap_up,min_volume=1,min_gap=2,start_time=10:01,end_time=10:00",
            "small_cap_up: start_time 10:01 is after end_time 10:00: swap them");
    snprintf (text, sizeof text, "%s,shift_periods=1/5", small);
    refuse (text, "small_cap_up: shift_periods has 2 values, shift_min_changes 3: give as many");
    snprintf (text, sizeof text, "%s,shift_periods=1/2/3/4/5/6/7/8/9/10/11/12/13", small);
    refuse (text,
            "small_cap_up: shift_periods=1/2/3/4/5/6/7/8/9/10/11/12/13: too many: give at most 12");
    snprintf (text, sizeof text, "%s,shift_min_changes=1/2/3/4/5/6/7/8/9/10/11/12/13", small);
    refuse (
        text,
        "small_cap_up: shift_min_changes=1/2/3/4/5/6/7/8/9/10/11/12/13: too many: give at most 12");
    snprintf (text, sizeof text, "%s,shift_periods=2/2", small);
    refuse (text, "small_cap_up: shift_periods=2/2: give each number once");
    snprintf (text, sizeof text, "%s,shift_periods=2/x", small);
    refuse (text,
            "small_cap_up: shift_periods=2/x: give whole numbers from 1 to 10000, such as 2/10/15");
    snprintf (text, sizeof text, "%s,shift_min_changes=", small);
    refuse (text, "small_cap_up: shift_min_changes=: give numbers, such as 0.12/0.14/0.16");
}

/* The canonical text and its hash never move: hits already written are known by them. The hashes
 * are FNV-1a by another program. */
static void test_pinned (void **state)
{
    (void) state;
    char text[SCAN_TEXT_MAX];
    scan_t scan = parse ("x:atr_gap_down,end_time=15:59,start_time=09:30,min_volume=2e4,"
                         "min_atr_multiplier=.8,min_adr=0.020,min_adv=50000,min_market_cap=-0");
    size_t size = scan_format (&scan, text);
    assert_int_equal (size, strlen (text));
    assert_string_equal (
        text, "x:atr_gap_down,freq=1min,min_adv=50000,min_adr=0.02,min_market_cap=0,"
              "max_market_cap=inf,atr_lookback=112,min_atr_multiplier=0.8,min_volume=20000,"
              "start_time=09:30,end_time=15:59");
    assert_true (scan.hash == UINT64_C (0xf26556146eab8959));
    scan = parse_at ("small_cap_up,min_volume=1000,min_gap=0.02,start_time=04:00,end_time=19:59,"
                     "new_extreme=true,include_null_market_cap,max_market_cap=5e10,"
                     "shift_periods=1/5,shift_min_changes=0.03/0.05",
                     (frequency_t){5, 'm'});
    scan_format (&scan, text);
    assert_string_equal (
        text,
        "small_cap_up:small_cap_up,freq=5min,min_market_cap=0,max_market_cap=50000000000,"
        "include_null_market_cap,min_volume=1000,start_time=04:00,end_time=19:59,new_extreme,"
        "min_gap=0.02,min_price=0,max_price=inf,shift_periods=1/5,shift_min_changes=0.03/0.05");
    assert_true (scan.hash == UINT64_C (0x22de86fc86f3f748));
}

/* The hash is of the definition: another id keeps it, another value or frequency changes it. */
static void test_hash (void **state)
{
    (void) state;
    uint64_t hash = parse ("atr_gap_up," GAP).hash;
    assert_true (parse ("other:atr_gap_up," GAP).hash == hash);
    assert_true (parse ("atr_gap_up," GAP ",atr_lookback=112").hash == hash);
    assert_true (parse ("atr_gap_down," GAP).hash != hash);
    assert_true (parse ("atr_gap_up,freq=3min," GAP).hash != hash);
    assert_true (parse ("atr_gap_up," GAP ",atr_lookback=15").hash != hash);
    assert_true (parse ("atr_gap_up," GAP ",max_adr=inf").hash != hash);
}

/* Text of a parameter's kind, as long as it can be. */
static const char *longest_value (parameter_type_t type)
{
    switch (type) {
    case PARAMETER_NUMBER:
        return "-1.2345678901234567e-300";
    case PARAMETER_INTEGER:
        return "10000";
    case PARAMETER_FLAG:
        return "true";
    case PARAMETER_TIME:
        return "12:34";
    case PARAMETER_WEEKDAYS:
        return "0/1/2/3/4/5/6";
    case PARAMETER_INTEGERS:
        return "10000/9999/9998/9997/9996/9995/9994/9993/9992/9991/9990/9989";
    case PARAMETER_NUMBERS:
        return "-1.1111111111111117e-300/-1.1111111111111117e-300/-1.1111111111111117e-300/"
               "-1.1111111111111117e-300/-1.1111111111111117e-300/-1.1111111111111117e-300/"
               "-1.1111111111111117e-300/-1.1111111111111117e-300/-1.1111111111111117e-300/"
               "-1.1111111111111117e-300/-1.1111111111111117e-300/-1.1111111111111117e-300";
    }
    return "";
}

/* Every scanner, with the least and with every parameter set as long as can be, is read back the
 * same: its text has the fewest digits that keep each double, so equal texts are equal values. */
static void test_round_trip (void **state)
{
    (void) state;
    for (int i = 0; i < SCANNER_COUNT; i++) {
        char least[2048], full[2048], text[SCAN_TEXT_MAX];
        snprintf (least, sizeof least, "%s,%s", expected[i].name, expected[i].least);
        snprintf (full, sizeof full, "%064d:%s", 0, expected[i].name);
        for (size_t k = 0; k < scan_parameter_count; k++) {
            const char *name = scan_parameters[k].name;
            if (has_word (expected[i].least, ",", name) ||
                has_word (expected[i].optional, " ", name)) {
                const char *value = longest_value (scan_parameters[k].type);
                append (full, sizeof full, ",%s=%s", name, value);
            }
        }
        const char *texts[] = {least, full};
        for (int k = 0; k < 2; k++) {
            scan_t scan = parse (texts[k]);
            scan_format (&scan, text);
            scan_t again = parse_at (text, (frequency_t){2, 'h'});
            char once_more[SCAN_TEXT_MAX];
            scan_format (&again, once_more);
            assert_string_equal (once_more, text);
            assert_true (again.hash == scan.hash);
            assert_int_equal (again.column_count, scan.column_count);
            assert_memory_equal (again.columns, scan.columns, sizeof scan.columns);
        }
    }
}

/* The lookback covers the mean of 14 days, the ATR's days and the range's days. */
static void test_lookback (void **state)
{
    (void) state;
    const char *range = "low_range_gap_down,min_adv=1,min_adr=2,min_volume=3,start_time=08:00,"
                        "end_time=09:29";
    char text[256];
    assert_int_equal (scan_lookback (&(scan_t){.kind = SCAN_DAY2_GAP}), 15);
    snprintf (text, sizeof text, "%s,n_days=20", range);
    scan_t scan = parse (text);
    assert_int_equal (scan_lookback (&scan), 112);
    snprintf (text, sizeof text, "%s,n_days=20,atr_lookback=10", range);
    scan = parse (text);
    assert_int_equal (scan_lookback (&scan), 20);
    snprintf (text, sizeof text, "%s,n_days=1,atr_lookback=1", range);
    scan = parse (text);
    assert_int_equal (scan_lookback (&scan), 15);
}

/* Hits of a symbol are ordered by time, then by scan. */
static void test_hit_order (void **state)
{
    (void) state;
    hit_t hits[] = {{.ts = 120, .scan = 0}, {.ts = 60, .scan = 2}, {.ts = 60, .scan = 1}};
    qsort (hits, 3, sizeof *hits, hit_compare);
    assert_true (hits[0].ts == 60 && hits[0].scan == 1);
    assert_true (hits[1].ts == 60 && hits[1].scan == 2);
    assert_true (hits[2].ts == 120);
    assert_int_equal (hit_compare (&hits[0], &hits[0]), 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_scanner_names),
        cmocka_unit_test (test_who_takes_what),
        cmocka_unit_test (test_required),
        cmocka_unit_test (test_columns),
        cmocka_unit_test (test_small_cap_columns),
        cmocka_unit_test (test_defaults),
        cmocka_unit_test (test_values),
        cmocka_unit_test (test_frequency),
        cmocka_unit_test (test_id),
        cmocka_unit_test (test_errors),
        cmocka_unit_test (test_contradictions),
        cmocka_unit_test (test_pinned),
        cmocka_unit_test (test_hash),
        cmocka_unit_test (test_round_trip),
        cmocka_unit_test (test_lookback),
        cmocka_unit_test (test_hit_order),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

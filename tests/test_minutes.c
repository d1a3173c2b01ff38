/* The report of each minute: which symbols are expected, when it is made, what it says. */
#include "check.h"

#include "minutes.h"
#include "symbol_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    calendar_t *calendar;
    minutes_t *minutes;
} fixture_t;

static int set_up (void **state)
{
    fixture_t *self = memory_new (sizeof *self);
    self->calendar = calendar_new (NULL, 0);
    self->minutes = minutes_new (self->calendar);
    *state = self;
    return 0;
}

static int tear_down (void **state)
{
    fixture_t *self = *state;
    minutes_destroy (&self->minutes);
    minutes_destroy (&self->minutes); /* NULL by now */
    calendar_destroy (&self->calendar);
    free (self);
    return 0;
}

static day_t day_of (int date)
{
    return day_from (2023, 3, date); /* March 2023; the 13th is a Monday */
}

static int64_t ts_of (int date, int hour, int minute)
{
    return exchange_ts (day_of (date), hour * 60 + minute);
}

/* A candle of HH:MM that arrived so long after its end. */
static void take_at (fixture_t *self, uint32_t symbol, int64_t ts, int64_t after_ms)
{
    minutes_take (self->minutes, symbol, ts, (ts + 60) * 1000 + after_ms);
}

static void clock_at (fixture_t *self, int64_t ts, int64_t after_ms)
{
    minutes_clock (self->minutes, (ts + 60) * 1000 + after_ms);
}

static void seed (fixture_t *self, uint32_t symbol, int date, int hour, int minute)
{
    minutes_seed (self->minutes, symbol, day_of (date), hour * 60 + minute);
}

static void check_none (fixture_t *self)
{
    minute_report_t report;
    assert_false (minutes_next (self->minutes, &report));
}

static minute_report_t next (fixture_t *self)
{
    minute_report_t report;
    assert_true (minutes_next (self->minutes, &report));
    return report;
}

static const char *name_of (const void *argument, uint32_t symbol)
{
    return (const char *) argument + symbol * 2;
}

static void check_text (const minute_report_t *report, const char *expected)
{
    static const char names[] = "A\0B\0C\0D\0E\0F\0G\0H\0I\0J\0K\0L";
    buffer_t text = {0};
    minute_report_format (report, name_of, names, &text);
    buffer_append (&text, "", 1);
    assert_string_equal (text.bytes, expected);
    buffer_free (&text);
}

/* A symbol is expected in a minute when it had a candle in it on more than half of the last five days
 * on which any symbol had. */
static void test_expected (void **state)
{
    fixture_t *self = *state;
    for (int i = 0; i < 5; i++) { /* symbol n traded on n of the days */
        for (uint32_t symbol = 0; symbol <= 5; symbol++) {
            if ((uint32_t) i < symbol) {
                seed (self, symbol, 13 + i, 10, 31);
            }
        }
    }
    seed (self, 7, 13, 10, 32); /* another minute says nothing of this one */
    int64_t ts = ts_of (20, 10, 31);
    take_at (self, 0, ts, 100);
    take_at (self, 5, ts, 800);
    clock_at (self, ts, MINUTES_WAIT_MS);
    minute_report_t report = next (self);
    assert_int_equal (report.ts, ts);
    assert_int_equal (report.day, day_of (20));
    assert_int_equal (report.days, 5);
    assert_int_equal (report.symbols, 2);
    assert_int_equal (report.expected, 3);
    assert_int_equal (report.missing, 2);
    assert_int_equal (report.name_count, 2);
    assert_int_equal (report.names[0], 3);
    assert_int_equal (report.names[1], 4);
    assert_int_equal (report.last_ms, 800);
    check_text (&report, "minute 10:31: 1 of 3 symbols, 2 missing (D, E), 1 more, last candle "
                         "+0.8 s");
    check_none (self);
}

/* A day on which nobody had a candle in that minute says nothing of it; only the last five count. */
static void test_days (void **state)
{
    fixture_t *self = *state;
    seed (self, 1, 13, 10, 31);
    seed (self, 2, 14, 10, 31);
    seed (self, 1, 14, 10, 31);
    seed (self, 3, 15, 10, 32);
    int64_t ts = ts_of (16, 10, 31);
    take_at (self, 1, ts, 0);
    clock_at (self, ts, MINUTES_WAIT_MS);
    minute_report_t report = next (self);
    assert_int_equal (report.days, 2);
    assert_int_equal (report.expected, 1); /* 2 traded on one day of two: not more than half */
    for (int date = 17; date <= 21; date++) {
        if (day_weekday (day_of (date)) < 5) {
            seed (self, 4, date, 10, 31);
        }
    }
    seed (self, 1, 22, 10, 31);
    ts = ts_of (23, 10, 31); /* 16, 17, 20, 21, 22 */
    take_at (self, 1, ts, 0);
    clock_at (self, ts, MINUTES_WAIT_MS);
    report = next (self);
    assert_int_equal (report.days, 5);
    assert_int_equal (report.expected, 1);
    assert_int_equal (report.names[0], 4);
}

/* Without any day before, the symbols that had a candle earlier that day are expected. */
static void test_so_far (void **state)
{
    fixture_t *self = *state;
    int64_t first = ts_of (13, 9, 30), second = ts_of (13, 9, 31);
    for (uint32_t symbol = 0; symbol < 12; symbol++) {
        take_at (self, symbol, first, 50 * symbol);
    }
    clock_at (self, first, MINUTES_WAIT_MS - 1);
    check_none (self); /* nobody knows who is still to come: it waits, though none is missing */
    clock_at (self, first, MINUTES_WAIT_MS);
    minute_report_t report = next (self);
    assert_int_equal (report.days, 0);
    check_text (&report, "minute 09:30: 12 of 12 symbols seen so far today, 0 missing, last "
                         "candle +0.6 s");
    take_at (self, 11, second, -200);
    take_at (self, 200, second, -100);
    clock_at (self, second, MINUTES_WAIT_MS);
    report = next (self);
    assert_int_equal (report.symbols, 2);
    check_text (&report, "minute 09:31: 2 of 13 symbols seen so far today, 11 missing (A, B, C, "
                         "D, E, F, G, H, ...), last candle -0.1 s");
    take_at (self, 300, first, 20000); /* was there earlier, as it turns out */
    int64_t third = ts_of (13, 9, 32);
    take_at (self, 0, third, 0);
    clock_at (self, third, MINUTES_WAIT_MS);
    assert_int_equal (next (self).expected, 14);
    assert_int_equal (minutes_counts (self->minutes)->after, 1);
}

/* The report is made as soon as the clock is past the minute's end and every expected symbol is
 * there. */
static void test_early (void **state)
{
    fixture_t *self = *state;
    seed (self, 1, 13, 10, 31);
    seed (self, 2, 13, 10, 31);
    int64_t ts = ts_of (14, 10, 31);
    take_at (self, 1, ts, 0);
    take_at (self, 1, ts, 10); /* again: does not stand for another */
    take_at (self, 3, ts, 20); /* nobody waited for it */
    clock_at (self, ts, 500);
    check_none (self);
    take_at (self, 2, ts, 700);
    check_none (self);
    clock_at (self, ts, 700);
    minute_report_t report = next (self);
    assert_int_equal (report.expected, 2);
    assert_int_equal (report.missing, 0);
    check_text (&report, "minute 10:31: 2 of 2 symbols, 0 missing, 1 more, last candle +0.7 s");
    clock_at (self, ts, MINUTES_WAIT_MS);
    check_none (self);
}

/* All there before the clock passes the end: the report comes with the clock. */
static void test_complete_before_end (void **state)
{
    fixture_t *self = *state;
    seed (self, 1, 13, 10, 31);
    int64_t ts = ts_of (14, 10, 31);
    take_at (self, 1, ts, -30);
    clock_at (self, ts, -1);
    check_none (self);
    clock_at (self, ts, 0);
    assert_int_equal (next (self).missing, 0);
}

/* Minutes come out in the order of time, whatever the order of candles. */
static void test_order (void **state)
{
    fixture_t *self = *state;
    const int64_t minutes[] = {ts_of (14, 10, 0), ts_of (13, 15, 0), ts_of (13, 15, 1),
                               ts_of (14, 9, 59)};
    for (size_t i = 0; i < 4; i++) {
        take_at (self, 1, minutes[i], 0);
    }
    clock_at (self, ts_of (13, 15, 0), MINUTES_WAIT_MS);
    assert_int_equal (next (self).ts, minutes[1]);
    check_none (self);
    clock_at (self, ts_of (14, 20, 0), 0);
    assert_int_equal (next (self).ts, minutes[2]);
    assert_int_equal (next (self).ts, minutes[3]);
    assert_int_equal (next (self).ts, minutes[0]);
    check_none (self);
}

/* History that is filled in later makes no report, and is known from then on. */
static void test_history (void **state)
{
    fixture_t *self = *state;
    int64_t ts = ts_of (13, 10, 31);
    take_at (self, 1, ts, MINUTES_LIVE_MS + 1);
    clock_at (self, ts, 3 * MINUTES_LIVE_MS);
    check_none (self);
    ts = ts_of (14, 10, 31);
    take_at (self, 2, ts, MINUTES_LIVE_MS);
    clock_at (self, ts, 2 * MINUTES_LIVE_MS);
    minute_report_t report = next (self);
    assert_int_equal (report.days, 1);
    assert_int_equal (report.missing, 1);
    assert_int_equal (report.last_ms, MINUTES_LIVE_MS);
}

/* Days that are no trading days, and older than those that are kept, are counted alone; a day from
 * far ahead costs one of those that are kept. */
static void test_other_days (void **state)
{
    fixture_t *self = *state;
    for (int date = 13; date <= 20; date++) { /* six trading days, and a weekend */
        take_at (self, 1, ts_of (date, 10, 31), 0);
    }
    assert_int_equal (minutes_counts (self->minutes)->old, 2);
    take_at (self, 1, ts_of (10, 10, 31), 0);
    assert_int_equal (minutes_counts (self->minutes)->old, 3);
    take_at (self, 1, exchange_ts (DAY_LAST, 631), 0);
    take_at (self, 1, ts_of (21, 10, 31), 0);
    clock_at (self, ts_of (22, 0, 0), 0);
    int reports = 0;
    minute_report_t report = {0};
    while (minutes_next (self->minutes, &report)) {
        reports++;
    }
    assert_int_equal (reports, 7); /* 13, 14: when they were forgotten */
    assert_int_equal (report.day, day_of (21));
    assert_int_equal (report.days, 4); /* 15, 16, 17, 20 */
    assert_int_equal (minutes_counts (self->minutes)->candles, 11);
}

/* Any symbol number is good, and reports that nobody takes are waited with, not lost. */
static void test_bounds (void **state)
{
    fixture_t *self = *state;
    const int count = MINUTES_QUEUE + 300;
    for (int i = 0; i < count; i++) {
        take_at (self, (uint32_t) i * 7, ts_of (13 + i / 1000, 4, i % 1000), 0);
    }
    clock_at (self, ts_of (15, 0, 0), 0);
    clock_at (self, ts_of (15, 0, 0), 0);
    minute_report_t report;
    int64_t last_ts = 0;
    int taken = 0;
    while (minutes_next (self->minutes, &report)) {
        assert_true (report.ts > last_ts);
        last_ts = report.ts;
        taken++;
        clock_at (self, ts_of (15, 0, 0), 0);
    }
    assert_int_equal (taken, count);
    assert_int_equal (minutes_counts (self->minutes)->dropped, 0);
}

/* A set holds what was added; the majority is of more than half, for each number of sets. */
static void test_sets (void **state)
{
    (void) state;
    symbol_set_t sets[7] = {0}, joined = {0};
    const symbol_set_t *pointers[7];
    uint32_t room = 0;
    for (int i = 0; i < 7; i++) {
        pointers[i] = &sets[i];
        for (uint32_t symbol = 0; symbol < 8; symbol++) {
            if (symbol > (uint32_t) i) { /* symbol n is in the first n sets */
                assert_true (symbol_set_add (&sets[i], 100 + symbol, &room));
                assert_false (symbol_set_add (&sets[i], 100 + symbol, &room));
            }
        }
    }
    for (int count = 1; count <= 7; count++) {
        uint64_t word = symbol_set_majority (pointers, count, 1);
        for (int symbol = 0; symbol < 8; symbol++) {
            int in = symbol < count ? symbol : count;
            assert_int_equal (word >> (36 + symbol) & 1, in * 2 > count);
        }
        assert_int_equal (symbol_set_majority (pointers, count, 1000), 0);
    }
    assert_true (symbol_set_add (&joined, 3, &room));
    symbol_set_join (&joined, &sets[6]);
    assert_int_equal (symbol_set_word (&joined, 0), 1 << 3);
    assert_int_equal (symbol_set_word (&joined, 1), UINT64_C (1) << 43);
    for (int i = 0; i < 7; i++) {
        symbol_set_free (&sets[i]);
    }
    symbol_set_free (&joined);
}

int main (void)
{
    if (exchange_init () != 0) {
        return 1;
    }
#define TEST(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST (test_expected), TEST (test_days),
        TEST (test_so_far),   TEST (test_early),
        TEST (test_order),    TEST (test_complete_before_end),
        TEST (test_history),  TEST (test_other_days),
        TEST (test_bounds),   cmocka_unit_test (test_sets),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

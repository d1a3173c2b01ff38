/* The reader of candle files: forms, order, rejections, and chunks of any size. */
#include "csv.h"
#include "memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define HEADER    "datetime,open,high,low,close,volume\n"
#define ROW(time) "2023-03-13 " time ",10,12,9,11,100\n"
#define TS_0801   1678694460 /* 2023-03-13 08:01 UTC */

static int setup (void **state)
{
    (void) state;
    return exchange_init ();
}

/* What reading a file gave. */
typedef struct {
    int result;
    candles_t candles;
    csv_counts_t counts;
    buffer_t reasons; /* "line: reason\n" each */
} outcome_t;

static void note (void *argument, uint64_t line, const char *reason)
{
    buffer_printf (argument, "%llu: %s\n", (unsigned long long) line, reason);
}

typedef struct {
    const char *frequency;
    const char *key;
    const char *first, *last;
} question_t;

static const question_t week = {"1min", "2023-03-13", "1900-01-01", "2199-12-31"};
static const question_t year = {"1d", "2023-01-01", "1900-01-01", "2199-12-31"};

static day_t day_of (const char *text)
{
    day_t day = DAY_NONE;
    assert_true (day_parse (text, strlen (text), &day));
    return day;
}

static outcome_t read_chunks (question_t question, const char *bytes, size_t size, size_t chunk)
{
    outcome_t outcome = {0};
    frequency_t frequency;
    assert_true (frequency_parse (question.frequency, &frequency));
    csv_t *csv = csv_new ();
    csv_begin (csv, frequency, day_of (question.key), day_of (question.first),
               day_of (question.last), &outcome.candles, note, &outcome.reasons);
    for (size_t i = 0; i < size; i += chunk) {
        csv_feed (csv, bytes + i, size - i < chunk ? size - i : chunk);
    }
    outcome.result = csv_end (csv, &outcome.counts);
    csv_destroy (&csv);
    assert_null (csv);
    buffer_append (&outcome.reasons, "", 1);
    return outcome;
}

static outcome_t read_text (question_t question, const char *text)
{
    return read_chunks (question, text, strlen (text), SIZE_MAX / 2);
}

static void outcome_free (outcome_t *self)
{
    candles_free (&self->candles);
    buffer_free (&self->reasons);
}

/* The file gives these reasons and no others, and so many candles. */
static void check_reasons (question_t question, const char *text, uint64_t candles,
                           const char *reasons)
{
    outcome_t outcome = read_text (question, text);
    assert_string_equal (outcome.reasons.bytes, reasons);
    assert_int_equal (outcome.counts.candles, candles);
    assert_int_equal (outcome.candles.count, candles);
    outcome_free (&outcome);
}

/* A row's six fields arrive in the right places, with its UTC time. */
static void test_row (void **state)
{
    (void) state;
    outcome_t outcome =
        read_text (week, HEADER "2023-03-13 08:01:00,204.96,209.09,204.94,208.72,763.0\n");
    assert_int_equal (outcome.result, 0);
    assert_int_equal (outcome.candles.count, 1);
    const candle_t *candle = &outcome.candles.rows[0];
    assert_int_equal (candle->ts, TS_0801);
    assert_true (candle->open == 204.96 && candle->high == 209.09 && candle->low == 204.94);
    assert_true (candle->close == 208.72 && candle->volume == 763);
    assert_int_equal (outcome.counts.candles, 1);
    assert_int_equal (outcome.counts.rejected, 0);
    outcome_free (&outcome);
}

/* Columns are found by name in any order, between and after others; of two of one name the first
 * counts. */
static void test_columns (void **state)
{
    (void) state;
    outcome_t outcome = read_text (week, "x,volume,close,datetime,,low,close,high,open,y\n"
                                         "a,100,11,2023-03-13 08:01:00,,9,77,12,10,b,c,d\n"
                                         "a,100,11,2023-03-13 08:02:00,,9,,12,10\n");
    assert_string_equal (outcome.reasons.bytes, "");
    assert_int_equal (outcome.candles.count, 2);
    const candle_t *candle = &outcome.candles.rows[0];
    assert_int_equal (candle->ts, TS_0801);
    assert_true (candle->open == 10 && candle->high == 12 && candle->low == 9);
    assert_true (candle->close == 11 && candle->volume == 100);
    outcome_free (&outcome);
}

/* A header that lacks a column rejects the file whole, naming it; nothing of the file is delivered.
 * */
static void test_header_wrong (void **state)
{
    (void) state;
    static const struct {
        const char *text, *reason;
    } wrong[] = {
        {"datetime,open,high,low,volume\n" ROW ("08:01:00"), "1: no column 'close'\n"},
        {"open,high,low,close,volume\n1,2,3,4,5\n", "1: no column 'datetime'\n"},
        {"Datetime,open,high,low,close,volume\n", "1: no column 'datetime'\n"},
        {"datetime,open,high,low,close,volume \n", "1: no column 'volume'\n"},
        {ROW ("08:01:00"), "1: no column 'datetime'\n"},
        {",", "1: no column 'datetime'\n"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        outcome_t outcome = read_text (week, wrong[i].text);
        assert_int_equal (outcome.result, -1);
        assert_string_equal (outcome.reasons.bytes, wrong[i].reason);
        assert_int_equal (outcome.candles.count, 0);
        assert_int_equal (outcome.counts.candles + outcome.counts.rejected, 0);
        outcome_free (&outcome);
    }
}

/* An empty file and one with a header alone have no candles and no error. */
static void test_empty (void **state)
{
    (void) state;
    static const char *const empty[] = {"",
                                        "\n",
                                        "\r\n\n",
                                        HEADER,
                                        "\xEF\xBB\xBF",
                                        ("\n" HEADER),
                                        "datetime,open,high,low,close,volume"};
    for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++) {
        outcome_t outcome = read_text (week, empty[i]);
        assert_int_equal (outcome.result, 0);
        assert_string_equal (outcome.reasons.bytes, "");
        assert_int_equal (outcome.candles.count, 0);
        outcome_free (&outcome);
    }
}

/* CRLF, a byte order mark, blank lines and a last line without its end are as good as plain lines.
 * */
static void test_line_forms (void **state)
{
    (void) state;
    check_reasons (week,
                   "\xEF\xBB\xBF"
                   "datetime,open,high,low,close,volume\r\n"
                   "2023-03-13 08:01:00,10,12,9,11,100\r\n\r\n\n"
                   "2023-03-13 08:02:00,10,12,9,11,100",
                   2, "");
    /* blank lines count as lines; a mark elsewhere is part of the line; CR alone ends none */
    check_reasons (week, "\n" HEADER "\n\nx\n\xEF\xBB\xBF" ROW ("08:01:00") "\r\r\n", 0,
                   "5: datetime is not YYYY-MM-DD HH:MM:SS\n"
                   "6: datetime is not YYYY-MM-DD HH:MM:SS\n"
                   "7: datetime is not YYYY-MM-DD HH:MM:SS\n");
}

/* Each thing that can be wrong with a row has its reason; the rows around it are read. */
static void test_rejections (void **state)
{
    (void) state;
    static const struct {
        const char *row, *reason;
    } wrong[] = {
        {"2023-03-13 08:02:00,0,12,9,11,100", "price is not > 0"},
        {"2023-03-13 08:02:00,10,12,9,-11,100", "price is not > 0"},
        {"2023-03-13 08:02:00,10,12,1e-400,11,100", "price is not > 0"},
        {"2023-03-13 08:02:00,10,12,9,11,-1", "volume is negative"},
        {"2023-03-13 08:02:00,10,9,12,11,100", "high is below low"},
        {"2023-03-20 08:02:00,10,12,9,11,100", "date belongs to another partition"},
        {"2023-03-13 03:59:00,10,12,9,11,100", "date belongs to another partition"},
        {"2023-03-20 04:00:00,10,12,9,11,100", "date belongs to another partition"},
        {"2023-03-13 08:02:00,10,12,9", "no field 'close'"},
        {"2023-03-13 08:02:00", "no field 'open'"},
        {"2023-03-13 08:02:00,10,12,9,11", "no field 'volume'"},
        {"2023-03-13 08:02:00,10,12,9,11,", "'' is not a number"},
        {"2023-03-13 08:02:00,10,abc,9,11,100", "'abc' is not a number"},
        {"2023-03-13 08:02:00,10,12,9,nan,100", "'nan' is not a number"},
        {"2023-03-13 08:02:00,10,inf,9,11,100", "'inf' is not a number"},
        {"2023-03-13 08:02:00,10,1e999,9,11,100", "'1e999' is not a number"},
        {"2023-03-13 08:02:00,10,\"12\",9,11,100", "'\"12\"' is not a number"},
        {"2023-03-13 08:02:00,10, 12,9,11,100", "' 12' is not a number"},
        {"2023-03-13 08:02:00,10,12,9,11,100\r\r", "'100\\x0d' is not a number"},
        {"2023-03-13 08:02:00,10,12,9,\x1b[31m\\,100", "'\\x1b[31m\\x5c' is not a number"},
        {"2023-03-13 08:02:00,10,12,9,12345678901234567890x,100",
         "'12345678901234567890...' is not a number"},
        {"2023-03-13 08:02:30,10,12,9,11,100", "datetime is not on a full minute"},
        {"2023-03-13 8:02:00,10,12,9,11,100", "datetime is not YYYY-MM-DD HH:MM:SS"},
        {"2023-03-13T08:02:00,10,12,9,11,100", "datetime is not YYYY-MM-DD HH:MM:SS"},
        {"2023-03-13 08:02:00Z,10,12,9,11,100", "datetime is not YYYY-MM-DD HH:MM:SS"},
        {"2023-03-13 24:00:00,10,12,9,11,100", "datetime is not YYYY-MM-DD HH:MM:SS"},
        {"2023-03-13 08:60:00,10,12,9,11,100", "datetime is not YYYY-MM-DD HH:MM:SS"},
        {"2023-03-13 08:02:60,10,12,9,11,100", "datetime is not YYYY-MM-DD HH:MM:SS"},
        {"2023-03-13 08:02:0/,10,12,9,11,100", "datetime is not YYYY-MM-DD HH:MM:SS"},
        {"2023-03-13,10,12,9,11,100", "datetime is not YYYY-MM-DD HH:MM:SS"},
        {"2023-02-30 08:02:00,10,12,9,11,100", "datetime is not YYYY-MM-DD HH:MM:SS"},
        {",10,12,9,11,100", "datetime is not YYYY-MM-DD HH:MM:SS"},
        {"\"2023-03-13 08:02:00\",10,12,9,11,100", "datetime is not YYYY-MM-DD HH:MM:SS"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char *text =
            memory_format ("%s%s\n%s", HEADER ROW ("08:01:00"), wrong[i].row, ROW ("08:03:00"));
        char *reason = memory_format ("3: %s\n", wrong[i].reason);
        check_reasons (week, text, 2, reason);
        free (text);
        free (reason);
    }
}

/* A column that comes before datetime may be wrong or missing: the row's reason and date are found
 * all the same. */
static void test_rejections_datetime_last (void **state)
{
    (void) state;
    question_t monday = week;
    monday.first = monday.last = "2023-03-13";
    check_reasons (monday,
                   "open,high,low,close,volume,datetime\n"
                   "x,12,9,11,100,2023-03-13 08:01:00\n"
                   "x,12,9,11,100,2023-03-14 08:01:00\n"
                   "10,12\n"
                   "10,12,9,11,100,2023-03-13 08:01:00\n",
                   1, "2: 'x' is not a number\n");
}

/* Daily candles have a local date and nothing else; their time is the date at 00:00 UTC. */
static void test_daily (void **state)
{
    (void) state;
    outcome_t outcome = read_text (year, HEADER "2023-01-03,10,12,9,11,100\n"
                                                "2023-01-04 00:00:00,10,12,9,11,100\n"
                                                "2024-01-01,10,12,9,11,100\n"
                                                "2022-12-31,10,12,9,11,100\n"
                                                "2023-1-5,10,12,9,11,100\n"
                                                "2023-12-31,10,12,9,11,100\n");
    assert_string_equal (outcome.reasons.bytes, "3: datetime is not YYYY-MM-DD\n"
                                                "4: date belongs to another partition\n"
                                                "5: date belongs to another partition\n"
                                                "6: datetime is not YYYY-MM-DD\n");
    assert_int_equal (outcome.candles.count, 2);
    assert_int_equal (outcome.candles.rows[0].ts, day_from (2023, 1, 3) * INT64_C (86400));
    assert_int_equal (candle_day (&outcome.candles.rows[1]), day_from (2023, 12, 31));
    outcome_free (&outcome);
}

/* A partition's local days are UTC hours apart from it: its last evening is the next UTC day, in
 * summer and winter. */
static void test_local_days (void **state)
{
    (void) state;
    check_reasons (week,
                   HEADER "2023-03-13 04:00:00,10,12,9,11,100\n"
                          "2023-03-20 03:59:00,10,12,9,11,100\n",
                   2, "");
    question_t winter = week;
    winter.key = "2023-03-06"; /* its Sunday is the day the clocks go forward */
    check_reasons (winter,
                   HEADER "2023-03-06 04:59:00,10,12,9,11,100\n"
                          "2023-03-06 05:00:00,10,12,9,11,100\n"
                          "2023-03-13 03:59:00,10,12,9,11,100\n"
                          "2023-03-13 04:00:00,10,12,9,11,100\n",
                   2,
                   "2: date belongs to another partition\n"
                   "5: date belongs to another partition\n");
    question_t hours = {"1h", "2023-03-01", "1900-01-01", "2199-12-31"};
    check_reasons (hours,
                   HEADER "2023-03-01 05:00:00,10,12,9,11,100\n"
                          "2023-04-01 03:00:00,10,12,9,11,100\n"
                          "2023-04-01 04:00:00,10,12,9,11,100\n",
                   2, "4: date belongs to another partition\n");
}

/* Rows out of order are sorted and counted; of one time the last in the file stays. */
static void test_order (void **state)
{
    (void) state;
    outcome_t outcome =
        read_text (week, HEADER ROW ("08:03:00") ROW ("08:01:00")
                             ROW ("08:02:00") "2023-03-13 08:01:00,10,12,9,11,200\n"
                                              "2023-03-13 08:01:00,10,12,9,11,300\n");
    assert_int_equal (outcome.counts.candles, 3);
    assert_int_equal (outcome.counts.unsorted, 2);
    assert_int_equal (outcome.counts.duplicates, 2);
    assert_int_equal (outcome.candles.count, 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal (outcome.candles.rows[i].ts, TS_0801 + i * 60);
    }
    assert_true (outcome.candles.rows[0].volume == 300);
    outcome_free (&outcome);
}

/* Only rows of the asked dates are counted; all valid ones are delivered; an undated row counts as
 * the one before. */
static void test_counted_dates (void **state)
{
    (void) state;
    question_t tuesday = week;
    tuesday.first = tuesday.last = "2023-03-14";
    static const char text[] = HEADER "undated, as the partition's first date\n"
                                      "2023-03-13 08:02:00,10,12,9,11,100\n"
                                      "2023-03-13 08:01:00,10,12,9,11,100\n"
                                      "2023-03-13 08:01:00,10,12,9,11,100\n"
                                      "2023-03-13 08:03:00,0,12,9,11,100\n"
                                      "undated on Monday\n"
                                      "2023-03-14 08:02:00,10,12,9,11,100\n"
                                      "2023-03-14 08:01:00,10,12,9,11,100\n"
                                      "2023-03-14 08:01:00,10,12,9,11,100\n"
                                      "2023-03-14 08:03:00,0,12,9,11,100\n"
                                      "undated on Tuesday\n"
                                      "2023-03-15 03:59:00,0,12,9,11,100\n"
                                      "2023-03-15 04:00:00,0,12,9,11,100\n"
                                      "undated on Wednesday\n";
    outcome_t outcome = read_text (tuesday, text);
    assert_int_equal (outcome.candles.count, 4);
    assert_int_equal (outcome.counts.candles, 2);
    assert_int_equal (outcome.counts.rejected, 3);
    assert_int_equal (outcome.counts.unsorted, 1);
    assert_int_equal (outcome.counts.duplicates, 1);
    assert_string_equal (outcome.reasons.bytes, "11: price is not > 0\n"
                                                "12: datetime is not YYYY-MM-DD HH:MM:SS\n"
                                                "13: price is not > 0\n");
    outcome_free (&outcome);
}

/* A line of CSV_LINE_MAX bytes is read; one more and it is rejected, however it comes; the next
 * line is whole. */
static void test_long_lines (void **state)
{
    (void) state;
    for (size_t extra = 0; extra < 3; extra++) {
        buffer_t text = {0};
        buffer_printf (&text, HEADER "2023-03-13 08:01:00,10,12,9,11,100,");
        size_t rest = CSV_LINE_MAX + extra - (text.size - strlen (HEADER));
        memset (buffer_reserve (&text, rest), 'x', rest);
        text.size += rest;
        buffer_printf (&text, "\n" ROW ("08:02:00"));
        static const size_t chunks[] = {1, 7, 4000, 4096, 4097, 1000000};
        for (size_t i = 0; i < sizeof chunks / sizeof chunks[0]; i++) {
            outcome_t outcome = read_chunks (week, text.bytes, text.size, chunks[i]);
            assert_string_equal (outcome.reasons.bytes,
                                 extra ? "2: line is longer than 4096 bytes\n" : "");
            assert_int_equal (outcome.candles.count, extra ? 1 : 2);
            outcome_free (&outcome);
        }
        buffer_free (&text);
    }
}

/* A header that is too long to hold rejects the file; so does an endless one. */
static void test_long_header (void **state)
{
    (void) state;
    buffer_t text = {0};
    memset (buffer_reserve (&text, 100000), 'x', 100000);
    text.size = 100000;
    for (int ended = 0; ended < 2; ended++) {
        outcome_t outcome = read_chunks (week, text.bytes, text.size, 1000);
        assert_int_equal (outcome.result, -1);
        assert_string_equal (outcome.reasons.bytes, "1: line is longer than 4096 bytes\n");
        outcome_free (&outcome);
        text.bytes[50000] = '\n';
    }
    buffer_free (&text);
}

/* The outcome does not depend on how the bytes are cut: everything above in one file, in chunks of
 * 1 to 80 bytes. */
static void test_chunks (void **state)
{
    (void) state;
    static const char text[] = "\xEF\xBB\xBF"
                               "datetime,open,high,low,close,volume\r\n"
                               "2023-03-13 08:02:00,204.96,209.09,204.94,208.72,763.0\r\n\r\n"
                               "2023-03-14 08:01:00,10,12,9,11,1e3\n"
                               "2023-03-13 08:01:00,10.000000000000000001,12,9,11,100\n"
                               "2023-03-13 08:01:00,10,12,9,11,\n"
                               "\n2023-03-13 08:02:00,10,12,9,11,100";
    outcome_t whole = read_text (week, text);
    assert_int_equal (whole.candles.count, 3);
    for (size_t chunk = 1; chunk <= 80; chunk++) {
        outcome_t cut = read_chunks (week, text, sizeof text - 1, chunk);
        assert_int_equal (cut.candles.count, whole.candles.count);
        assert_memory_equal (cut.candles.rows, whole.candles.rows,
                             whole.candles.count * sizeof (candle_t));
        assert_memory_equal (&cut.counts, &whole.counts, sizeof cut.counts);
        assert_string_equal (cut.reasons.bytes, whole.reasons.bytes);
        outcome_free (&cut);
    }
    outcome_free (&whole);
}

/* One reader serves file after file: nothing of one gets into the next. */
static void test_again (void **state)
{
    (void) state;
    csv_t *csv = csv_new ();
    csv_counts_t counts;
    buffer_t reasons = {0};
    candles_t candles = {0};
    day_t key = day_of (week.key);
    csv_begin (csv, FREQUENCY_1MIN, key, DAY_FIRST, DAY_LAST, &candles, note, &reasons);
    csv_feed (csv, "open\nx", 6);
    assert_int_equal (csv_end (csv, &counts), -1);

    csv_begin (csv, FREQUENCY_1MIN, key, DAY_FIRST, DAY_LAST, &candles, note, &reasons);
    csv_feed (csv, HEADER ROW ("08:01:00") "2023", strlen (HEADER ROW ("08:01:00") "2023"));
    assert_int_equal (csv_end (csv, &counts), 0);
    assert_int_equal (counts.candles, 1);
    assert_int_equal (counts.rejected, 1);

    candles.count = 0;
    csv_begin (csv, FREQUENCY_1D, day_of ("2023-01-01"), DAY_FIRST, DAY_LAST, &candles, note,
               &reasons);
    csv_feed (csv, HEADER "2023-03-13,1,1,1,1,0\n", strlen (HEADER "2023-03-13,1,1,1,1,0\n"));
    assert_int_equal (csv_end (csv, &counts), 0);
    assert_int_equal (counts.candles, 1);
    assert_int_equal (counts.rejected, 0);
    candles_free (&candles);
    buffer_free (&reasons);
    csv_destroy (&csv);
}

/* Numbers of the form are exactly the doubles that strtod makes of them, on the short way and on
 * the long one. */
static void test_number (void **state)
{
    (void) state;
    static const char *const right[] = {
        "0",
        "-0",
        "+1",
        "007",
        "204.96",
        ".5",
        "-.5",
        "+.25",
        "0.1",
        "1e3",
        "1e+3",
        "1e-3",
        "1.5e10",
        ".5e1",
        "9007199254740992",
        "9007199254740993",
        "9007199254740993e1",
        "18446744073709551615",
        "18446744073709551616",
        "99999999999999999999",
        "1e22",
        "1e23",
        "3e-22",
        "3e-23",
        "0.30000000000000004",
        "1.7976931348623157e308",
        "5e-324",
        "1e-400",
        "0e99999999999999999999",
        "2.2250738585072011e-308",
        "0.000000000000000000000001",
        "123456789012345678901234567890.123456789012345678901234567890",
        "1e-0",
        "1e007",
        "6.02214076e23",
        "8.5e-310",
        "0.0000000000000000000",
    };
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        double value, expected = strtod (right[i], NULL);
        assert_true (csv_number (right[i], strlen (right[i]), &value));
        assert_memory_equal (&value, &expected, sizeof value);
    }
}

/* What strtod would take beyond the form, and what is not finite, is refused. */
static void test_number_wrong (void **state)
{
    (void) state;
    static const char *const wrong[] = {
        "",         "+",
        "-",        ".",
        "-.",       "e5",
        "1e",       "1e+",
        "1.",       "1.e5",
        "1E5",      " 1",
        "1 ",       "--1",
        "+-1",      "0x1",
        "nan",      "inf",
        "1e309",    "-1e309",
        "1,0",      "1_000",
        "1e5.5",    "1..2",
        "1.2.3",    "1e99999999999999999999",
        "1f",       "NaN",
        "Infinity", "\xD9\xA1",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        double value;
        assert_false (csv_number (wrong[i], strlen (wrong[i]), &value));
    }
    double value;
    assert_false (csv_number ("1\0", 2, &value));
    assert_true (csv_number ("12345", 2, &value)); /* only what is in the bounds is looked at */
    assert_true (value == 12);
}

/* Decimals of all lengths and powers read as strtod reads them. */
static void test_number_as_strtod (void **state)
{
    (void) state;
    uint64_t bits = 88172645463325252;
    for (int i = 0; i < 200000; i++) {
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        char text[64];
        unsigned shift = (unsigned) (bits & 63);
        int power = (int) (bits >> 6 & 63) - 32;
        unsigned long long digits = bits >> shift;
        snprintf (text, sizeof text, i % 2 ? "%llue%d" : "%llu.%de-1", digits,
                  i % 2 ? power : abs (power));
        double value, expected = strtod (text, NULL);
        assert_true (csv_number (text, strlen (text), &value));
        assert_true (value == expected);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_row),
        cmocka_unit_test (test_columns),
        cmocka_unit_test (test_header_wrong),
        cmocka_unit_test (test_empty),
        cmocka_unit_test (test_line_forms),
        cmocka_unit_test (test_rejections),
        cmocka_unit_test (test_rejections_datetime_last),
        cmocka_unit_test (test_daily),
        cmocka_unit_test (test_local_days),
        cmocka_unit_test (test_order),
        cmocka_unit_test (test_counted_dates),
        cmocka_unit_test (test_long_lines),
        cmocka_unit_test (test_long_header),
        cmocka_unit_test (test_chunks),
        cmocka_unit_test (test_again),
        cmocka_unit_test (test_number),
        cmocka_unit_test (test_number_wrong),
        cmocka_unit_test (test_number_as_strtod),
    };
    return cmocka_run_group_tests (tests, setup, NULL);
}

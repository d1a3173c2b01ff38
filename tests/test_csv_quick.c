/* The quick way to read a row, against the way that reads every row: what it takes, the other takes
 * too, and the candle has the same bits. */
#include "csv_quick.h"
#include "memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define HEADER "datetime,open,high,low,close,volume"
#define BEHIND "\n2023-03-13 08:02:00,1,2,1,2,3\n2023-03-13 08:03:00,1,2,1,2,3\n"

static csv_row_t rows_of (const char *header, bool daily)
{
    csv_row_t row;
    csv_row_init (&row, daily);
    assert_null (csv_row_header (&row, header, header + strlen (header)));
    return row;
}

/* Reads the first line of `text` both ways. True when the quick way took it: then the other did, and
 * they agree. `text` lies at the very end of its block, so that a look beyond is seen. */
static bool is_taken (csv_row_t *row, const char *text, size_t size)
{
    char *block = memory_new (size);
    memcpy (block, text, size);
    candle_t quick, plain;
    csv_row_t copy = *row;
    const char *lf = csv_quick_read (row, block, block + size, &quick);
    if (lf) {
        const char *line = memchr (block, '\n', size);
        assert_ptr_equal (lf, line);
        line -= line[-1] == '\r';
        const char *last = csv_row_read (&copy, block, line, &plain);
        assert_non_null (last);
        assert_true (last == line || *last == ',');
        assert_memory_equal (&quick, &plain, sizeof quick);
    }
    free (block);
    return lf != NULL;
}

static bool takes (csv_row_t *row, const char *line)
{
    char *text = memory_format ("%s" BEHIND, line);
    bool taken = is_taken (row, text, strlen (text));
    free (text);
    return taken;
}

/* The usual rows are taken, of every length of number that a market has. */
static void test_usual (void **state)
{
    (void) state;
    csv_row_t row = rows_of (HEADER, false), daily = rows_of (HEADER, true);
    assert_true (row.is_usual);
    assert_true (takes (&row, "2023-03-13 08:01:00,10,12,9,11,100"));
    assert_true (takes (&row, "2023-03-13 08:01:00,10.25,12.5,9.0,11.125,1500.0"));
    assert_true (takes (&row, "2023-03-13 08:01:00,0.0001,1234567.8,9,12345678,0"));
    assert_true (takes (&row, "2023-03-13 08:01:00,1,1,1,1,99999999.1234567"));
    assert_true (takes (&row, "2023-03-13 08:01:00,1,2,1,2,3\r"));
    assert_true (takes (&row, "2023-03-13 08:01:00,1,2,1,2,3,and,more"));
    assert_true (takes (&row, "2023-03-13 08:01:00,1,2,1,2,3,"));
    assert_true (takes (&daily, "2023-03-13,165.68,167.91,164.81,167.90,11438693.0"));
    assert_true (takes (&daily, "2023-03-13,1,2,1,2,3"));
}

/* What is unusual, or wrong, is left to the other way. */
static void test_left (void **state)
{
    (void) state;
    static const char *const lines[] = {
        "2023-03-13 08:01:00,123456789,2,1,2,3",
        "2023-03-13 08:01:00,1.23456789,2,1,2,3",
        "2023-03-13 08:01:00,1,2,1,2,123456789",
        "2023-03-13 08:01:00,1,2,1,2,1.23456789",
        "2023-03-13 08:01:00,1e2,2,1,2,3",
        "2023-03-13 08:01:00,+1,2,1,2,3",
        "2023-03-13 08:01:00,.5,2,1,2,3",
        "2023-03-13 08:01:00,1.,2,1,2,3",
        "2023-03-13 08:01:00,1.2.3,2,1,2,3",
        "2023-03-13 08:01:00,,2,1,2,3",
        "2023-03-13 08:01:00,1,2,1,2,",
        "2023-03-13 08:01:00,1,2,1,2",
        "2023-03-13 08:01:00,1,2,1,2,3\r\r",
        "2023-03-13 08:01:00,1,2,1,2,3 ",
        "2023-03-13 08:01:00,1,2,1,2,-3",
        "2023-03-13 08:01,1,2,1,2,3",
        "2023-02-29 08:01:00,1,2,1,2,3",
        "2023-03-13 08:01:00.5,1,2,1,2,3",
        "",
        "\r",
        "2023-03-13 08:01:00,1.0000,2.0000,1.0000,2.0000,3000.0,and one that goes on and on",
    };
    csv_row_t row = rows_of (HEADER, false);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (takes (&row, lines[i])) {
            fail_msg ("taken: %s", lines[i]);
        }
    }
}

/* Near the end of what is there nothing is taken: it would look beyond. */
static void test_end (void **state)
{
    (void) state;
    csv_row_t row = rows_of (HEADER, false);
    const char text[] = "2023-03-13 08:01:00,1,2,1,2,3\n2023-03-13 08:02:00,1,2,1,2,3\n1234";
    assert_int_equal (sizeof text - 1, 64);
    assert_true (is_taken (&row, text, 64));
    assert_false (is_taken (&row, text, 63));
    assert_false (is_taken (&row, text, 30));
}

/* Other headers are not usual. */
static void test_headers (void **state)
{
    (void) state;
    assert_true (rows_of (HEADER ",vwap", false).is_usual);
    assert_false (rows_of ("x," HEADER, false).is_usual);
    assert_false (rows_of ("datetime,x,open,high,low,close,volume", false).is_usual);
    assert_false (rows_of ("datetime,high,open,low,close,volume", false).is_usual);
    assert_false (rows_of ("open,high,low,close,volume,datetime", false).is_usual);
    csv_row_t again = rows_of ("x," HEADER, false);
    static const char header[] = HEADER;
    assert_null (csv_row_header (&again, header, header + sizeof header - 1));
    assert_true (again.is_usual);
}

static unsigned next_random (uint64_t *bits) /* Marsaglia's xorshift */
{
    *bits ^= *bits << 13;
    *bits ^= *bits >> 7;
    *bits ^= *bits << 17;
    return (unsigned) (*bits >> 32);
}

/* Rows of every shape, some with a byte that does not belong there: never does the quick way take
 * what the other refuses, or read it differently. Most of the whole ones it takes. */
static void test_random (void **state)
{
    (void) state;
    static const char bytes[] = "0123456789.,-+e \r\nx\0/:";
    uint64_t bits = 88172645463325252;
    csv_row_t row = rows_of (HEADER, true);
    int whole = 0, taken = 0;
    for (int i = 0; i < 300000; i++) {
        char text[256];
        double scale[5] = {0};
        for (int k = 0; k < 5; k++) {
            scale[k] = (double) (next_random (&bits) >> next_random (&bits) % 32);
        }
        unsigned places = next_random (&bits) % 4;
        int size =
            snprintf (text, sizeof text, "2023-%02u-%02u,%.*f,%.*f,%.*f,%.*f,%.1f%s",
                      1 + next_random (&bits) % 12, 1 + next_random (&bits) % 28, (int) places,
                      scale[0] / 1000, (int) places, scale[1] / 1000, (int) places, scale[2] / 1000,
                      (int) places, scale[3] / 1000, scale[4], BEHIND);
        bool is_whole = i % 2 == 0;
        if (!is_whole) {
            text[next_random (&bits) % 48] = bytes[next_random (&bits) % (sizeof bytes - 1)];
        }
        bool is = is_taken (&row, text, (size_t) size);
        whole += is_whole;
        taken += is_whole && is;
    }
    assert_true (taken > whole / 2);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_usual),  cmocka_unit_test (test_left),
        cmocka_unit_test (test_end),    cmocka_unit_test (test_headers),
        cmocka_unit_test (test_random),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

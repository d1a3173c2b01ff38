/* The comparer of hit files finds each kind of difference, and nothing where there is none. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "hits.h"
#include "spawn.h"

#define HEADER "symbol,datetime,open,high,low,close,volume,adv_14,signal\n"
#define FIRST  "AA,2023-03-10 00:00:00-05:00,1,2,0.5,1.5,100,12345.678901234567,0.25\n"
#define SECOND "NAN,2023-03-13 09:31:00-04:00,1,2,0.5,1.5,100,77,\n"

static size_t differences_of (const char *expected, const char *actual, const char *scan,
                              char **why)
{
    char *directory = directory_new ();
    char *paths[] = {memory_format ("%s/expected", directory),
                     memory_format ("%s/actual", directory)};
    file_write (paths[0], expected);
    file_write (paths[1], actual);
    buffer_t text = {0};
    hits_t *a = hits_read (paths[0], NULL, &text), *b = hits_read (paths[1], scan, &text);
    assert_non_null (a);
    assert_non_null (b);
    size_t count = hits_compare (a, b, &text);
    buffer_append (&text, "", 1);
    if (why) {
        *why = text.bytes;
    } else {
        buffer_free (&text);
    }
    hits_destroy (&a);
    hits_destroy (&b);
    free (paths[0]);
    free (paths[1]);
    directory_destroy (&directory);
    return count;
}

static size_t differences (const char *expected, const char *actual)
{
    return differences_of (expected, actual, NULL, NULL);
}

static void test_same (void **state)
{
    (void) state;
    assert_int_equal (differences (HEADER FIRST SECOND, HEADER FIRST SECOND), 0);
    assert_int_equal (differences (HEADER FIRST SECOND, HEADER SECOND FIRST), 0);
    assert_int_equal (differences (HEADER, HEADER), 0);
    /* other order of columns, CRLF, the same moment in another offset, the same number in another
     * form */
    assert_int_equal (differences (HEADER FIRST,
                                   "signal,symbol,adv_14,datetime,open,high,low,close,volume\r\n"
                                   "2.5e-1,AA,12345.678901234567,2023-03-10 05:00:00+00:00,"
                                   "1.0,2,.5,1.50,1e2\r\n"),
                      0);
    /* no hits: any columns */
    assert_int_equal (differences (HEADER, "symbol,datetime\n"), 0);
}

static void test_numbers_agree_within_tolerance (void **state)
{
    (void) state;
#define WITH(adv, signal) HEADER "AA,2023-03-10 00:00:00-05:00,1,2,0.5,1.5,100," adv "," signal "\n"
    assert_int_equal (differences (HEADER FIRST, WITH ("12345.678901", "0.25")), 0);
    assert_int_equal (differences (HEADER FIRST, WITH ("12345.6788", "0.25")), 1);
    assert_int_equal (differences (HEADER FIRST, WITH ("12345.678901234567", "")), 1);
    assert_int_equal (differences (HEADER FIRST, WITH ("12345.678901234567", "nan")), 1);
    assert_int_equal (differences (HEADER FIRST, WITH ("12345.678901234567", "0.25x")), 1);
    assert_int_equal (differences (WITH ("0", "1e-13"), WITH ("0", "0")), 0);
    assert_int_equal (differences (WITH ("0", "1e-11"), WITH ("0", "0")), 1);
    assert_int_equal (differences (WITH ("0", ""), WITH ("0", "0")), 1);
#undef WITH
}

static void test_rows (void **state)
{
    (void) state;
    char *why = NULL;
    assert_int_equal (differences_of (HEADER FIRST SECOND, HEADER SECOND, NULL, &why), 1);
    assert_string_equal (why, "  missing AA 2023-03-10 00:00:00-05:00\n");
    free (why);
    assert_int_equal (differences (HEADER FIRST, HEADER FIRST SECOND), 1);
    assert_int_equal (differences (HEADER, HEADER FIRST SECOND), 2);
    assert_int_equal (differences (HEADER FIRST, HEADER FIRST FIRST), 2); /* extra, and repeated */
}

static void test_columns (void **state)
{
    (void) state;
    const char *less = "symbol,datetime,open,high,low,close,volume,adv_14\n"
                       "AA,2023-03-10 00:00:00-05:00,1,2,0.5,1.5,100,12345.678901234567\n";
    assert_int_equal (differences (HEADER FIRST, less), 1);
    assert_int_equal (differences (less, HEADER FIRST), 1);
}

/* An expected file that leaves the candle out does not ask for it. */
static void test_empty_candle (void **state)
{
    (void) state;
    const char *without = HEADER "AA,2023-03-10 00:00:00-05:00,,,,,,12345.678901234567,0.25\n";
    assert_int_equal (differences (without, HEADER FIRST), 0);
    assert_int_equal (differences (HEADER FIRST, without), 5);
}

/* Out of a file of several scans: the hits of one, without the columns that only the others fill.
 * */
static void test_one_of_many (void **state)
{
    (void) state;
    const char *many = "scan,symbol,datetime,open,high,low,close,volume,gap,adv_14,signal\n"
                       "one,AA,2023-03-10 00:00:00-05:00,1,2,0.5,1.5,100,,12345.678901234567,0.25\n"
                       "two,AA,2023-03-10 00:00:00-05:00,1,2,0.5,1.5,100,9,,\n";
    assert_int_equal (differences_of (HEADER FIRST, many, "one", NULL), 0);
    assert_int_equal (differences_of (HEADER FIRST, many, "two", NULL),
                      3); /* adv_14, signal, extra gap */
    assert_int_equal (differences_of (HEADER, many, "three", NULL), 0);
}

static void test_bad_files (void **state)
{
    (void) state;
    const char *const bad[] = {"", "symbol,close\n", HEADER "AA,2023-03-10 00:00:00-05:00,1\n",
                               HEADER "AA,2023-03-10,1,2,0.5,1.5,100,1,2\n"};
    char *directory = directory_new (), *path = memory_format ("%s/hits", directory);
    buffer_t why = {0};
    assert_null (hits_read (path, NULL, &why));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        file_write (path, bad[i]);
        assert_null (hits_read (path, NULL, &why));
    }
    assert_true (why.size > 0);
    buffer_free (&why);
    free (path);
    directory_destroy (&directory);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_same),
        cmocka_unit_test (test_numbers_agree_within_tolerance),
        cmocka_unit_test (test_rows),
        cmocka_unit_test (test_columns),
        cmocka_unit_test (test_empty_candle),
        cmocka_unit_test (test_one_of_many),
        cmocka_unit_test (test_bad_files),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

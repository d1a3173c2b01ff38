/* Numbers as text, names, and the nearest name. */
#include "text.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static void check_number (double value, const char *expected)
{
    char text[NUMBER_TEXT];
    size_t size = number_format (value, text);
    assert_string_equal (text, expected);
    assert_int_equal (size, strlen (expected));
}

/* Prices, volumes and ratios get the fewest digits, and whole numbers below 1e15 no point. */
static void test_number_form (void **state)
{
    (void) state;
    check_number (0, "0");
    check_number (-0.0, "-0");
    check_number (1, "1");
    check_number (-1, "-1");
    check_number (10, "10");
    check_number (763, "763");
    check_number (204.96, "204.96");
    check_number (-0.05, "-0.05");
    check_number (0.1 + 0.2, "0.30000000000000004");
    check_number (1.0 / 3, "0.3333333333333333");
    check_number (2.0 / 3, "0.6666666666666666");
    check_number (0.0001, "0.0001");
    check_number (0.00001, "1e-05");
    check_number (999999999999999, "999999999999999");
    check_number (-999999999999999, "-999999999999999");
    check_number (1e15, "1e+15");
    check_number (1.2345678901234568e17, "1.2345678901234568e+17");
    check_number (1e22, "1e+22");
    check_number (DBL_MAX, "1.7976931348623157e+308");
    check_number (DBL_MIN, "2.2250738585072014e-308");
    check_number (5e-324, "5e-324"); /* the smallest: one digit says it */
    check_number (12345678.000000001, "12345678.000000002");
}

/* Whatever the bits, the text reads back to the same double. */
static void test_number_reads_back (void **state)
{
    (void) state;
    uint64_t bits = 88172645463325252; /* Marsaglia's xorshift */
    for (int i = 0; i < 200000; i++) {
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        double values[3];
        memcpy (&values[0], &bits, sizeof bits);
        values[1] = (double) (bits % 100000000) / 1000; /* a decimal */
        values[2] = (double) (bits >> 11) * 0x1p-43;    /* any value up to 1024 */
        for (int k = 0; k < 3; k++) {
            char text[NUMBER_TEXT];
            if (isfinite (values[k])) {
                assert_true (number_format (values[k], text) < sizeof text);
                assert_true (strtod (text, NULL) == values[k]);
            }
        }
    }
}

/* The caller's business does no harm. */
static void test_number_not_finite (void **state)
{
    (void) state;
    check_number (INFINITY, "inf");
    check_number (-INFINITY, "-inf");
    char text[NUMBER_TEXT];
    assert_true (number_format (NAN, text) < sizeof text);
}

static bool is_symbol (const char *text)
{
    return symbol_valid (text, strlen (text));
}

/* A symbol becomes a path: nothing that leads elsewhere is one. */
static void test_symbols (void **state)
{
    (void) state;
    assert_true (is_symbol ("A"));
    assert_true (is_symbol ("BRK.B"));
    assert_true (is_symbol ("NAN"));
    assert_true (is_symbol ("-x_9."));
    assert_true (is_symbol ("abcdefghijklmnopqrstuvwxyz012345"));
    assert_false (is_symbol ("abcdefghijklmnopqrstuvwxyz0123456"));
    assert_false (is_symbol (""));
    assert_false (is_symbol ("."));
    assert_false (is_symbol (".."));
    assert_false (is_symbol (".A"));
    assert_false (is_symbol ("A/B"));
    assert_false (is_symbol ("A B"));
    assert_false (is_symbol ("\xC3\x84"));
    assert_false (symbol_valid ("A\0B", 3));
}

/* A scan's id is longer and may start with a dot; it never is a path. */
static void test_scan_ids (void **state)
{
    (void) state;
    char id[SCAN_ID_MAX + 1];
    memset (id, 'a', sizeof id);
    assert_true (scan_id_valid (id, SCAN_ID_MAX));
    assert_false (scan_id_valid (id, SCAN_ID_MAX + 1));
    assert_false (scan_id_valid (id, 0));
    assert_true (scan_id_valid (".gap-2_b", 8));
    assert_false (scan_id_valid ("a:b", 3));
    assert_false (scan_id_valid ("a,b", 3));
}

typedef struct {
    const char *name;
    int other;
} entry_t;

static const char *nearest (const char *name)
{
    static const entry_t entries[] = {
        {"atr_gap_up", 1}, {"atr_gap_down", 2}, {"small_cap_up", 3}, {"day2_gap", 4}, {"ab", 5},
    };
    return text_nearest (name, entries, sizeof entries / sizeof entries[0], sizeof entries[0]);
}

/* Each kind of slip finds the name that was meant. */
static void test_nearest (void **state)
{
    (void) state;
    assert_string_equal (nearest ("atr_gap_up"), "atr_gap_up");
    assert_string_equal (nearest ("atr_gap_ups"), "atr_gap_up");    /* one more */
    assert_string_equal (nearest ("atr_ga_up"), "atr_gap_up");      /* one less */
    assert_string_equal (nearest ("atr_gab_up"), "atr_gap_up");     /* another */
    assert_string_equal (nearest ("smlal_cpa_up"), "small_cap_up"); /* two swaps */
    assert_string_equal (nearest ("atr_gap_dwon"), "atr_gap_down");
}

/* What is near no name gets none. */
static void test_nearest_none (void **state)
{
    (void) state;
    assert_null (nearest ("parabolic"));
    assert_null (nearest ("gap_down")); /* four edits from atr_gap_down, two are near enough */
    assert_null (nearest (""));
    assert_null (nearest ("x"));
    assert_null (nearest ("xy"));
    const char *const options[] = {"from"};
    assert_null (text_nearest ("foo", options, 1, sizeof options[0]));
    assert_string_equal (text_nearest ("frmo", options, 1, sizeof options[0]), "from");
    assert_null (text_nearest ("x", NULL, 0, sizeof (entry_t)));
    char longest[1000];
    memset (longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_null (nearest (longest));
}

/* Digits end where it says, from the least to the largest; nothing is written behind them. */
static void test_whole (void **state)
{
    (void) state;
    static const struct {
        uint64_t number;
        const char *text;
    } cases[] = {{0, "0"},     {9, "9"},
                 {10, "10"},   {1234567890, "1234567890"},
                 {100, "100"}, {UINT64_MAX, "18446744073709551615"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[24];
        memset (text, '#', sizeof text);
        const char *end = text_put_whole (text, cases[i].number);
        assert_int_equal (end - text, strlen (cases[i].text));
        assert_memory_equal (text, cases[i].text, strlen (cases[i].text));
        assert_int_equal (*end, '#');
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_whole),
        cmocka_unit_test (test_number_form),
        cmocka_unit_test (test_number_reads_back),
        cmocka_unit_test (test_number_not_finite),
        cmocka_unit_test (test_symbols),
        cmocka_unit_test (test_scan_ids),
        cmocka_unit_test (test_nearest),
        cmocka_unit_test (test_nearest_none),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* The shortest decimals, against printf and strtod: another way, digit by digit the same text. */
#include "decimal.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define LEAST 1e-4
#define LIMIT 1e15

static bool in_range (double value)
{
    return (fabs (value) >= LEAST && fabs (value) < LIMIT) || value == 0;
}

/* The fewest digits of printf's that strtod reads back to the value. */
static void by_trial (double value, char text[static 64])
{
    for (int digits = 1; digits <= 17; digits++) {
        snprintf (text, 64, "%.*g", digits, value);
        if (strtod (text, NULL) == value && !strchr (text, 'e')) {
            return;
        }
    }
}

/* The two say the same, and the refused text is left alone. */
static void check_value (double value)
{
    char text[DECIMAL_TEXT], expected[64];
    memset (text, 'x', sizeof text);
    size_t size = decimal_format (value, text);
    if (!in_range (value)) {
        assert_int_equal (size, 0);
        assert_int_equal (text[0], 'x');
        return;
    }
    by_trial (value, expected);
    if (strcmp (text, expected) != 0) {
        fail_msg ("%s instead of %s (%a)", text, expected, value);
    }
    assert_int_equal (size, strlen (text));
}

static double of_bits (uint64_t bits)
{
    double value;
    memcpy (&value, &bits, sizeof value);
    return value;
}

static uint64_t next_bits (uint64_t *bits) /* Marsaglia's xorshift */
{
    *bits ^= *bits << 13;
    *bits ^= *bits >> 7;
    *bits ^= *bits << 17;
    return *bits;
}

/* Values of every size, as they come out of quotients and as they stand in files, get the text that
 * trying out gives them. */
static void test_random (void **state)
{
    (void) state;
    static const double scales[] = {1, 10, 100, 1000, 1e4, 1e5, 1e6, 1e9, 1e12, 1e15, 1e18};
    uint64_t bits = 88172645463325252;
    long rounds = getenv ("TEST_LONG") ? 1000000 : 50000;
    for (long i = 0; i < rounds; i++) {
        uint64_t some = next_bits (&bits);
        uint64_t exponent = 1023 - 15 + some % 67; /* 2^-15 .. 2^51: the range and a bit more */
        check_value (of_bits (some >> 12 | exponent << 52));
        check_value (-(double) (some % 100000000000) /
                     scales[(some >> 32) % (sizeof scales / sizeof *scales)]);
        check_value ((double) (some >> 32) / (double) (uint32_t) some);
    }
}

/* Where it could go wrong by one: powers of two and of ten, the doubles beside them, ties between two
 * decimals, the ends of the range. */
static void test_nasty (void **state)
{
    (void) state;
    for (int exponent = -20; exponent <= 52; exponent++) {
        for (int i = -3; i <= 3; i++) {
            check_value (ldexp (1 + i * DBL_EPSILON, exponent));
            check_value (ldexp (3 + i * DBL_EPSILON, exponent));
        }
    }
    for (int exponent = -6; exponent <= 16; exponent++) {
        double power =
            strtod ((char[]){'1', 'e', exponent < 0 ? '-' : '+', (char) ('0' + abs (exponent) / 10),
                             (char) ('0' + abs (exponent) % 10), '\0'},
                    NULL);
        check_value (power);
        check_value (nextafter (power, 0));
        check_value (nextafter (power, DBL_MAX));
        check_value (power * 9);
        check_value (power / 3);
    }
    for (int i = 0; i < 1000; i++) {
        check_value (600000000000000 + i * 0.125); /* .25 in 16 digits: .2 and .3 are as near */
        check_value (99999999999999 + i * 0.015625);
        check_value (i / 8.0);
    }
    check_value (0);
    check_value (-0.0);
    check_value (LIMIT);
    check_value (nextafter (LIMIT, 0));
    check_value (LEAST);
    check_value (nextafter (LEAST, 0));
    check_value (DBL_MIN);
    check_value (5e-324);
    check_value (DBL_MAX);
}

/* What is no number is refused. */
static void test_not_finite (void **state)
{
    (void) state;
    char text[DECIMAL_TEXT];
    assert_int_equal (decimal_format (NAN, text), 0);
    assert_int_equal (decimal_format (INFINITY, text), 0);
    assert_int_equal (decimal_format (-INFINITY, text), 0);
}

/* The longest text fits its place. */
static void test_longest (void **state)
{
    (void) state;
    char text[DECIMAL_TEXT];
    size_t longest = 0;
    double value = -0.0001;
    for (int i = 0; i < 10000; i++) {
        size_t size = decimal_format (value, text);
        longest = size > longest ? size : longest;
        value = nextafter (value, -1);
    }
    assert_int_equal (longest, DECIMAL_TEXT - 2);
    assert_int_equal (decimal_format (-123456789012345.67, text), 19);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_random),
        cmocka_unit_test (test_nasty),
        cmocka_unit_test (test_not_finite),
        cmocka_unit_test (test_longest),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

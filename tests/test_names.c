/* names: each name has one number, found again after the table grew. */
#include "check.h"
#include "names.h"

#include <stdio.h>

/* Ten thousand names keep the numbers in whose order they came, and their texts. */
static void test_many (void **state)
{
    (void) state;
    names_t names = {0};
    char text[16];
    assert_int_equal (names_find (&names, "A"), NAMES_NONE);
    for (uint32_t i = 0; i < 10000; i++) {
        snprintf (text, sizeof text, "S%u", i);
        assert_int_equal (names_add (&names, text), i);
    }
    for (uint32_t i = 0; i < 10000; i++) {
        snprintf (text, sizeof text, "S%u", i);
        assert_int_equal (names_find (&names, text), i);
        assert_string_equal (names_text (&names, i), text);
    }
    names_free (&names);
    assert_int_equal (names.count, 0);
}

/* A name that comes again is not added again; one that only begins alike is another. */
static void test_once (void **state)
{
    (void) state;
    names_t names = {0};
    assert_int_equal (names_add (&names, "BRK.B"), 0);
    assert_int_equal (names_add (&names, "BRK"), 1);
    assert_int_equal (names_add (&names, "BRK.B"), 0);
    assert_int_equal (names_add (&names, ""), 2);
    assert_int_equal (names.count, 3);
    assert_int_equal (names_find (&names, "BRK.BB"), NAMES_NONE);
    names_free (&names);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_many), cmocka_unit_test (test_once)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}

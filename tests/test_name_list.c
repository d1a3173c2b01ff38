/* A sorted set of names. */
#include "check.h"

#include "name_list.h"

/* Names are sorted by bytes, each is there once, and found; others are not. */
static void test_set (void **state)
{
    (void) state;
    name_list_t names = {0};
    name_list_sort (&names);
    assert_int_equal (name_list_find (&names, "A"), -1);
    static const char *const given[] = {"B", "a", "A", "AB", "B", "BRK.B", "A"};
    static const char *const expected[] = {"A", "AB", "B", "BRK.B", "a"};
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        name_list_add (&names, given[i]);
    }
    name_list_sort (&names);
    assert_int_equal (names.count, sizeof expected / sizeof *expected);
    for (size_t i = 0; i < names.count; i++) {
        assert_string_equal (name_list_at (&names, i), expected[i]);
        assert_int_equal (name_list_find (&names, expected[i]), i);
    }
    assert_int_equal (name_list_find (&names, ""), -1);
    assert_int_equal (name_list_find (&names, "AC"), -1);
    assert_int_equal (name_list_find (&names, "b"), -1);
    name_list_free (&names);
    assert_int_equal (names.count, 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_set)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}

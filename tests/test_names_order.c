/* names_order: finds what names_find finds, in whatever order names come, and knows who comes next. */
#include "check.h"
#include "names_order.h"

#include <stdio.h>

enum { NAMES = 1000 };

typedef struct {
    names_t names;
    names_order_t order;
} bench_t;

static const char *name_of (uint32_t number)
{
    static char text[16];
    snprintf (text, sizeof text, "S%u", number);
    return text;
}

static void add_names (bench_t *self, uint32_t count)
{
    for (uint32_t i = self->names.count; i < count; i++) {
        names_add (&self->names, name_of (i));
    }
}

static uint32_t find (bench_t *self, uint32_t number)
{
    return names_order_find (&self->order, &self->names, name_of (number));
}

static void close_bench (bench_t *self)
{
    names_order_free (&self->order);
    names_free (&self->names);
}

/* In any order, the same or another one each time, each name is found under its number. */
static void test_finds (void **state)
{
    (void) state;
    bench_t self = {0};
    uint32_t seed = 1;
    add_names (&self, NAMES);
    for (int round = 0; round < 4; round++) {
        for (uint32_t i = 0; i < NAMES; i++) {
            assert_int_equal (find (&self, i), i);
        }
    }
    for (int i = 0; i < 20 * NAMES; i++) {
        seed = seed * 1664525 + 1013904223;
        assert_int_equal (find (&self, seed >> 8 & 511), seed >> 8 & 511);
    }
    for (uint32_t i = NAMES; i-- > 0;) {
        assert_int_equal (find (&self, i), i);
        assert_int_equal (find (&self, i), i); /* after itself */
    }
    close_bench (&self);
}

/* A name that is not there is not found, though it comes where another one is expected, and changes
 * nothing; once it is added it is found, also when there are many more names than before. */
static void test_new (void **state)
{
    (void) state;
    bench_t self = {0};
    assert_int_equal (find (&self, 0), NAMES_NONE);
    assert_int_equal (names_order_ahead (&self.order), NAMES_NONE);
    add_names (&self, 3);
    for (int round = 0; round < 2; round++) {
        assert_int_equal (find (&self, 0), 0);
        assert_int_equal (find (&self, 5), NAMES_NONE);
        assert_int_equal (find (&self, 1), 1);
        assert_int_equal (find (&self, 2), 2);
    }
    add_names (&self, 50 * NAMES);
    assert_int_equal (find (&self, 5), 5);
    assert_int_equal (find (&self, 50 * NAMES - 1), 50 * NAMES - 1);
    assert_int_equal (find (&self, 0), 0);
    close_bench (&self);
}

/* When the order has come twice, it is known who comes NAMES_ORDER_AHEAD names later; where it changed,
 * what came last is expected. */
static void test_ahead (void **state)
{
    (void) state;
    bench_t self = {0};
    add_names (&self, NAMES);
    for (uint32_t i = 0; i < 2 * NAMES; i++) {
        find (&self, i % NAMES);
    }
    for (uint32_t i = 0; i < NAMES; i++) {
        find (&self, i);
        assert_int_equal (names_order_ahead (&self.order), (i + NAMES_ORDER_AHEAD) % NAMES);
    }
    find (&self, 7); /* not 0 */
    assert_int_equal (names_order_ahead (&self.order), 7 + NAMES_ORDER_AHEAD);
    find (&self, 0);
    find (&self, 7);
    assert_int_equal (names_order_ahead (&self.order), 7); /* 7 and 0 follow each other by now */
    close_bench (&self);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_finds),
        cmocka_unit_test (test_new),
        cmocka_unit_test (test_ahead),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* Candles: an array that grows, sorts and is searched. */
#include "candle.h"

#include "check.h"

static void push (candles_t *candles, int64_t ts, double volume)
{
    candles_push (candles, &(candle_t){ts, 1, 2, 0.5, 1.5, volume});
}

/* A daily candle's date needs no zone, before 1970 either. */
static void test_day (void **state)
{
    (void) state;
    assert_int_equal (candle_day (&(candle_t){.ts = 0}), 0);
    assert_int_equal (candle_day (&(candle_t){.ts = 86399}), 0);
    assert_int_equal (candle_day (&(candle_t){.ts = 86400}), 1);
    assert_int_equal (candle_day (&(candle_t){.ts = -1}), -1);
    assert_int_equal (candle_day (&(candle_t){.ts = -86400}), -1);
    assert_int_equal (candle_day (&(candle_t){.ts = -86401}), -2);
}

/* Nothing is lost while the array grows, and freed it is empty and can be used again. */
static void test_grows (void **state)
{
    (void) state;
    candles_t candles = {0};
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 10000; i++) {
            push (&candles, i * 60, i);
        }
        assert_int_equal (candles.count, 10000);
        for (int i = 0; i < 10000; i++) {
            assert_int_equal (candles.rows[i].ts, i * 60);
            assert_true (candles.rows[i].volume == i);
        }
        candles_free (&candles);
        assert_null (candles.rows);
        assert_int_equal (candles.count, 0);
    }
}

/* Sorted, every time is there once, with the candle that was pushed last, whatever the order and
 * number. */
static void test_sort (void **state)
{
    (void) state;
    enum { TIMES = 97 };
    uint64_t bits = 88172645463325252;
    for (int count = 0; count < 300; count++) {
        candles_t candles = {0};
        int last[TIMES];
        for (int i = 0; i < TIMES; i++) {
            last[i] = -1;
        }
        for (int i = 0; i < count; i++) {
            bits ^= bits << 13;
            bits ^= bits >> 7;
            bits ^= bits << 17;
            int time = (int) (bits % TIMES);
            last[time] = i;
            push (&candles, (time - TIMES / 2) * 60, i);
        }
        candles_sort (&candles);
        size_t next = 0;
        for (int i = 0; i < TIMES; i++) {
            if (last[i] >= 0) {
                assert_true (next < candles.count);
                assert_int_equal (candles.rows[next].ts, (i - TIMES / 2) * 60);
                assert_true (candles.rows[next].volume == last[i]);
                next++;
            }
        }
        assert_int_equal (next, candles.count);
        candles_free (&candles);
    }
}

/* What is in order stays where it is: no copy is made. */
static void test_sorted_already (void **state)
{
    (void) state;
    candles_t candles = {0};
    for (int i = 0; i < 100; i++) {
        push (&candles, i * 60, i);
    }
    const candle_t *rows = candles.rows;
    candles_sort (&candles);
    assert_ptr_equal (candles.rows, rows);
    assert_int_equal (candles.count, 100);
    candles_free (&candles);
}

/* The first candle at or after a time, at both ends, between and in an empty array. */
static void test_find (void **state)
{
    (void) state;
    candles_t candles = {0};
    assert_int_equal (candles_find (&candles, 0), 0);
    for (int i = 0; i < 7; i++) {
        push (&candles, i * 60, i);
    }
    for (int i = 0; i < 7; i++) {
        assert_int_equal (candles_find (&candles, i * 60), i);
        assert_int_equal (candles_find (&candles, i * 60 - 1), i);
        assert_int_equal (candles_find (&candles, i * 60 + 1), i + 1);
    }
    assert_int_equal (candles_find (&candles, INT64_MIN), 0);
    assert_int_equal (candles_find (&candles, INT64_MAX), 7);
    candles_free (&candles);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_day),  cmocka_unit_test (test_grows),
        cmocka_unit_test (test_sort), cmocka_unit_test (test_sorted_already),
        cmocka_unit_test (test_find),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

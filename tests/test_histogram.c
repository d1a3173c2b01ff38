/* The histogram: what its buckets hold, its quantiles against sorted values, its bytes. */
#include "histogram.h"

#include "check.h"

#include <stdlib.h>
#include <string.h>

static histogram_t of (const int64_t *values, size_t count)
{
    histogram_t self = {0};
    for (size_t i = 0; i < count; i++) {
        histogram_record (&self, values[i], 1);
    }
    return self;
}

/* An empty one has nothing, at any part. */
static void test_empty (void **state)
{
    (void) state;
    histogram_t self = {0};
    histogram_record (&self, 100, 0);
    assert_int_equal (histogram_count (&self), 0);
    assert_int_equal (histogram_quantile (&self, 0), 0);
    assert_int_equal (histogram_quantile (&self, 0.5), 0);
    assert_int_equal (histogram_quantile (&self, 1), 0);
}

/* Whatever its size, a value alone is given back between itself and 1/32 more; as the longest, exactly;
 * and as the shorter of two never above the longer. */
static void test_widths (void **state)
{
    (void) state;
    for (int bit = 0; bit < 36; bit++) {
        for (int64_t less = -1; less < 2; less++) {
            int64_t value = (INT64_C (1) << bit) + less * ((INT64_C (1) << bit) / 3);
            histogram_t self = of ((int64_t[]){value, value, INT64_C (1) << 40}, 3);
            uint64_t middle = histogram_quantile (&self, 0.5);
            assert_true (middle >= (uint64_t) value && middle - (uint64_t) value <= middle / 32);
            assert_int_equal (histogram_quantile (&self, 1), INT64_C (1) << 40);
            self = of (&value, 1);
            assert_int_equal (histogram_quantile (&self, 0.5), value);
            assert_int_equal (histogram_quantile (&self, 1), value);
        }
    }
    for (int64_t value = 0; value < 64; value++) {
        histogram_t self = of ((int64_t[]){value, 1000}, 2);
        assert_int_equal (histogram_quantile (&self, 0.5), value);
    }
}

/* A time before the beginning, as of a clock that was set, is none; the longest there is fits. */
static void test_ends (void **state)
{
    (void) state;
    histogram_t self = of ((int64_t[]){-5, INT64_MIN, INT64_MAX}, 3);
    assert_int_equal (histogram_quantile (&self, 0.6), 0);
    assert_int_equal (histogram_quantile (&self, 1), INT64_MAX);
    assert_int_equal (histogram_count (&self), 3);
    assert_int_equal (self.counts[HISTOGRAM_BUCKETS - 1], 1);
}

static int compare (const void *a, const void *b)
{
    int64_t x = *(const int64_t *) a, y = *(const int64_t *) b;
    return (x > y) - (x < y);
}

/* Quantiles of many values of all sizes are those of the sorted values, at most 1/32 above. */
static void test_quantiles (void **state)
{
    (void) state;
    enum { COUNT = 20000 };
    static int64_t values[COUNT];
    uint64_t dice = 1;
    for (size_t i = 0; i < COUNT; i++) {
        dice = dice * 6364136223846793005u + 1442695040888963407u;
        values[i] = (int64_t) (dice >> 33 >> (dice >> 60));
    }
    histogram_t self = of (values, COUNT);
    qsort (values, COUNT, sizeof *values, compare);
    for (int percent = 1; percent <= 100; percent++) {
        int64_t exact = values[COUNT / 100 * percent - 1];
        uint64_t said = histogram_quantile (&self, percent / 100.0);
        assert_true (said >= (uint64_t) exact && said - (uint64_t) exact <= said / 32 + 1);
    }
    assert_int_equal (histogram_quantile (&self, 1), values[COUNT - 1]);
}

/* A weight counts as so many; two histograms added are that of all. */
static void test_weights (void **state)
{
    (void) state;
    histogram_t self = {0}, other = {0};
    histogram_record (&self, 10, 900);
    histogram_record (&self, 20, 95);
    histogram_record (&other, 3000, 5);
    histogram_merge (&self, &other);
    assert_int_equal (histogram_count (&self), 1000);
    assert_int_equal (histogram_quantile (&self, 0.9), 10);
    assert_int_equal (histogram_quantile (&self, 0.995), 20);
    assert_int_equal (histogram_quantile (&self, 0.996), 3000);
    histogram_record (&self, 10, UINT64_MAX);
    histogram_record (&self, 10, UINT64_MAX);
    assert_int_equal (self.counts[10], HISTOGRAM_COUNT_MAX);
}

/* The sparse form carries all of it, adds to what is there, and is nothing when there is nothing. */
static void test_sparse (void **state)
{
    (void) state;
    buffer_t bytes = {0};
    histogram_t self = {0}, again = {0};
    histogram_put (&self, &bytes);
    assert_int_equal (bytes.size, 0);
    assert_true (histogram_add (&again, bytes.bytes, bytes.size));
    for (int64_t value = 1; value < INT64_C (1) << 45; value *= 3) {
        histogram_record (&self, value, (uint64_t) value);
    }
    histogram_put (&self, &bytes);
    assert_true (histogram_add (&again, bytes.bytes, bytes.size));
    assert_memory_equal (&self, &again, sizeof self);
    assert_true (histogram_add (&again, bytes.bytes, bytes.size));
    assert_int_equal (histogram_count (&again), 2 * histogram_count (&self));
    assert_int_equal (again.max_us, self.max_us);
    buffer_free (&bytes);
}

/* Bytes that histogram_put does not write are refused, and add nothing: cut short, a bucket that there is
 * not, twice or out of order, a count of 0 or too high, a longest that lies elsewhere. */
static void test_damage (void **state)
{
    (void) state;
    histogram_t self = of ((int64_t[]){7, 7, 5000}, 3), again = {0};
    buffer_t bytes = {0};
    histogram_put (&self, &bytes);
    assert_int_equal (bytes.size, 28);
    for (size_t size = 1; size < bytes.size; size++) {
        bool whole = size == 18; /* but then the longest is not in its last bucket */
        assert_false (histogram_is_valid (bytes.bytes, size));
        assert_true (!whole || size % 10 == 8);
    }
    const struct {
        size_t at;
        unsigned char byte;
    } changes[] = {{0, 0},  {6, 1},  {7, 0x80}, {9, 1},     {9, 4},  {9, 0xff},
                   {10, 0}, {17, 4}, {18, 8},   {19, 0xff}, {20, 0}, {27, 0x80}};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        char damaged[28];
        memcpy (damaged, bytes.bytes, sizeof damaged);
        damaged[changes[i].at] = (char) changes[i].byte;
        assert_false (histogram_add (&again, damaged, sizeof damaged));
    }
    assert_int_equal (histogram_count (&again), 0);
    buffer_free (&bytes);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_empty),   cmocka_unit_test (test_widths),
        cmocka_unit_test (test_ends),    cmocka_unit_test (test_quantiles),
        cmocka_unit_test (test_weights), cmocka_unit_test (test_sparse),
        cmocka_unit_test (test_damage),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

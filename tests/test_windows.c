/* Sums over windows of rows: computed ahead and kept, and yet to the last bit what the plain loop of
 * the formula gives. */
#include "windows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define ROWS 400

typedef struct {
    candle_t rows[ROWS];
} fixture_t;

static unsigned next_random (uint64_t *bits) /* Marsaglia's xorshift */
{
    *bits ^= *bits << 13;
    *bits ^= *bits >> 7;
    *bits ^= *bits << 17;
    return (unsigned) (*bits >> 32);
}

static int setup (void **state)
{
    fixture_t *self = calloc (1, sizeof *self);
    uint64_t bits = 88172645463325252;
    for (size_t i = 0; i < ROWS; i++) {
        double low = 10 + next_random (&bits) % 1000 / 7.0;
        double high = low + next_random (&bits) % 100 / 3.0;
        self->rows[i] = (candle_t){.low = low,
                                   .high = high,
                                   .open = low,
                                   .close = low + (high - low) * (next_random (&bits) % 64) / 64,
                                   .volume = next_random (&bits) / 3.0};
    }
    *state = self;
    return 0;
}

static int teardown (void **state)
{
    free (*state);
    return 0;
}

static double term_of (window_term_t term, const candle_t *rows, size_t i, size_t start)
{
    const candle_t *row = &rows[i];
    if (term == WINDOW_VOLUME) {
        return row->volume;
    }
    if (term == WINDOW_RANGE) {
        return (row->high - row->low) / row->close;
    }
    double range = fabs (row->high - row->low);
    if (i > start) {
        double up = fabs (row->high - rows[i - 1].close),
               down = fabs (row->low - rows[i - 1].close);
        range = up > range ? up : range;
        range = down > range ? down : range;
    }
    return range;
}

/* The formula as it is written. */
static double plain_sum (const window_t *window, const candle_t *rows, size_t start, size_t end)
{
    double sum = 0;
    for (size_t i = start; i < end; i++) {
        sum = sum * window->decay + term_of (window->term, rows, i, start);
    }
    return sum;
}

static void check_sum (window_t *window, const candle_t *rows, size_t count, size_t start,
                       size_t end)
{
    double expected = plain_sum (window, rows, start, end);
    double found = window_sum (window, rows, count, start, end);
    if (memcmp (&found, &expected, sizeof found) != 0) {
        fail_msg ("[%zu, %zu): %.17g, expected %.17g", start, end, found, expected);
    }
}

static const window_t kinds[] = {{.term = WINDOW_VOLUME, .decay = 1},
                                 {.term = WINDOW_RANGE, .decay = 1},
                                 {.term = WINDOW_TRUE_RANGE, .decay = 1 - 1.0 / 14}};
#define KINDS (sizeof kinds / sizeof *kinds)

/* As a run asks: the window grows from the first row on, then moves on by a row a day, and now and
 * then by two, or not at its old end. */
static void test_days (void **state)
{
    const fixture_t *self = *state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        for (size_t width = 1; width <= 130; width += 43) {
            window_t window = kinds[kind];
            for (size_t end = 1; end <= ROWS; end += end % 29 == 0 ? 2 : 1) {
                size_t start = end > width ? end - width : 0;
                start += end % 31 == 0 && start + 1 < end; /* a day without a row left the window */
                check_sum (&window, self->rows, ROWS, start, end);
            }
            window_free (&window);
        }
    }
}

/* In any order, back too. */
static void test_any_order (void **state)
{
    const fixture_t *self = *state;
    uint64_t bits = 362436069;
    for (size_t kind = 0; kind < KINDS; kind++) {
        window_t window = kinds[kind];
        for (int i = 0; i < 3000; i++) {
            size_t end = 1 + next_random (&bits) % ROWS;
            size_t width = 1 + next_random (&bits) % (end < 150 ? end : 150);
            check_sum (&window, self->rows, ROWS, end - width, end);
        }
        window_free (&window);
    }
}

/* At the rows' end there is nothing ahead; more rows may come, when the window was told. */
static void test_end (void **state)
{
    const fixture_t *self = *state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        window_t window = kinds[kind];
        check_sum (&window, self->rows, 1, 0, 1);
        for (size_t count = 20; count < 60; count++) {
            window_forget (&window);
            check_sum (&window, self->rows, count, count - 14, count);
            check_sum (&window, self->rows, count, count - 16, count - 2);
        }
        window_free (&window);
    }
}

/* Other rows: nothing of the old ones is left. */
static void test_forget (void **state)
{
    const fixture_t *self = *state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        window_t window = kinds[kind];
        check_sum (&window, self->rows, 100, 10, 40);
        window_forget (&window);
        check_sum (&window, self->rows + 100, 100, 10, 40);
        check_sum (&window, self->rows + 100, 100, 12, 42);
        window_free (&window);
        check_sum (&window, self->rows, 100, 10, 40);
        window_free (&window);
    }
}

/* Weights are the sum of so many ones, aged alike, whichever were asked for before. */
static void test_weight (void **state)
{
    (void) state;
    window_t window = kinds[2];
    static const size_t sizes[] = {1, 2, 112, 112, 15, 16, 500, 3};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        double expected = 0;
        for (size_t k = 0; k < sizes[i]; k++) {
            expected = expected * window.decay + 1;
        }
        assert_true (window_weight (&window, sizes[i]) == expected);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (test_days, setup, teardown),
        cmocka_unit_test_setup_teardown (test_any_order, setup, teardown),
        cmocka_unit_test_setup_teardown (test_end, setup, teardown),
        cmocka_unit_test_setup_teardown (test_forget, setup, teardown),
        cmocka_unit_test (test_weight),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

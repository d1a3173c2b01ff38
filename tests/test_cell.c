/* Which symbols and streams are of which broker's part: values that producers rest on. */
#include "cell.h"

#include "check.h"

#include <stdio.h>

static void test_parse (void **state)
{
    (void) state;
    cell_t cell;
    assert_true (cell_parse ("0/1", &cell));
    assert_true (cell.index == 0 && cell.count == 1);
    assert_true (cell_parse ("3/4", &cell));
    assert_true (cell.index == 3 && cell.count == 4);
    assert_true (cell_parse ("255/256", &cell));
    assert_true (cell.index == 255 && cell.count == 256);
    const char *bad[] = {"",      "/",
                         "1",     "1/",
                         "/2",    "2/2",
                         "0/0",   "-1/2",
                         "1/-2",  "0/257",
                         "01/2",  "1/02",
                         " 0/2",  "0/2 ",
                         "0/2/4", "0.5/2",
                         "0x1/2", "99999999999999999999/2",
                         "a/b",   "1//2",
                         "0/2\n", "0/9999999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (cell_parse (bad[i], &cell)) {
            fail_msg ("'%s' was taken for %u/%u", bad[i], cell.index, cell.count);
        }
    }
}

/* Of any number of parts each shard is in exactly one. */
static void test_shards (void **state)
{
    (void) state;
    for (unsigned count = 1; count <= SHARD_COUNT; count++) {
        for (unsigned shard = 0; shard < SHARD_COUNT; shard++) {
            unsigned owners = 0;
            for (unsigned i = 0; i < count; i++) {
                owners += cell_has_shard ((cell_t){i, count}, shard);
            }
            assert_int_equal (owners, 1);
        }
    }
    assert_true (cell_has_shard ((cell_t){0}, 255));
    assert_true (cell_has_symbol ((cell_t){0}, "AAPL"));
}

/* What producers cut by. */
static void test_symbols (void **state)
{
    (void) state;
    unsigned shard = shard_of ("AAPL");
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal (cell_has_symbol ((cell_t){i, 4}, "AAPL"), shard % 4 == i);
    }
}

static void test_streams (void **state)
{
    (void) state;
    cell_t all = {0}, one = {1, 2};
    assert_int_equal (cell_stream (all, "candles", NULL), CELL_OURS);
    assert_int_equal (cell_stream (all, "candles:1/4", NULL), CELL_OURS);
    assert_int_equal (cell_stream (one, "candles", NULL), CELL_MIXED);
    assert_int_equal (cell_stream (one, "candles:1/3", NULL), CELL_MIXED);
    assert_int_equal (cell_stream (one, "candles:0/1", NULL), CELL_MIXED);
    assert_int_equal (cell_stream (one, "candles:4/4", NULL), CELL_MIXED);
    assert_int_equal (cell_stream (one, "candles:1/2", NULL), CELL_OURS);
    assert_int_equal (cell_stream (one, "candles:3/4", NULL), CELL_OURS);
    assert_int_equal (cell_stream (one, "candles:x:3/4", NULL), CELL_OURS);
    assert_int_equal (cell_stream (one, "candles:2/4", NULL), CELL_THEIRS);
    unsigned mine = shard_of ("AAPL") % 2;
    assert_int_equal (cell_stream ((cell_t){mine, 2}, "candles_min_AAPL", "AAPL"), CELL_OURS);
    assert_int_equal (cell_stream ((cell_t){1 - mine, 2}, "candles_min_AAPL", "AAPL"), CELL_THEIRS);
}

/* A stream that is cut in M is of one part of any N that divides M, and its shards are. */
static void test_cut_streams (void **state)
{
    (void) state;
    for (unsigned part = 0; part < 16; part++) {
        char name[32];
        snprintf (name, sizeof name, "c:%u/16", part);
        for (unsigned count = 2; count <= 16; count *= 2) {
            for (unsigned i = 0; i < count; i++) {
                cell_t self = {i, count};
                bool ours = cell_stream (self, name, NULL) == CELL_OURS;
                for (unsigned shard = part; shard < SHARD_COUNT; shard += 16) {
                    assert_int_equal (cell_has_shard (self, shard), ours);
                }
            }
        }
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_parse),       cmocka_unit_test (test_shards),
        cmocka_unit_test (test_symbols),     cmocka_unit_test (test_streams),
        cmocka_unit_test (test_cut_streams),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

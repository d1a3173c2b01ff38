/* The market of a load test: time without end, candles that are candles, hits that can be counted, reference data
 * that gives them: held against the rules of the product. */
#include "load_market.h"

#include "desk.h"
#include "rows.h"
#include "shard.h"

#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 37, LOOKBACK = 20 };

static int open_market (void **state)
{
    *state = load_market_new (5, COUNT, LOOKBACK);
    return 0;
}

static int close_market (void **state)
{
    load_market_t *self = *state;
    load_market_destroy (&self);
    assert_null (self);
    load_market_destroy (&self);
    return 0;
}

/* Minutes are those of weekdays, 04:00 to 19:59 exchange time, each later than the one before; a minute is found
 * by its time, in whatever order; the last days there are end it. */
static void test_time (void **state)
{
    load_market_t *self = *state;
    int64_t before = 0;
    for (uint64_t m = 0; m < 300 * LOAD_DAY_MINUTES; m += m % LOAD_DAY_MINUTES ? 1 : 959) {
        int64_t ts = load_market_ts (self, m);
        assert_true (ts > before && ts % 60 == 0);
        assert_int_equal (exchange_minute (ts), 240 + (int) (m % LOAD_DAY_MINUTES));
        assert_true (day_weekday (exchange_day (ts)) < 5);
        assert_int_equal (load_market_day (self, m), exchange_day (ts));
        assert_int_equal (load_market_minute (self, ts), m);
        before = ts;
    }
    assert_int_equal (load_market_minute (self, load_market_ts (self, 7)), 7);
    assert_int_equal (load_market_day (self, 0), LOAD_FIRST_DAY);
    assert_int_equal (load_market_next_day (self, 4 * LOAD_DAY_MINUTES), LOAD_FIRST_DAY + 7);
    uint64_t most = UINT64_C (60000) * LOAD_DAY_MINUTES;
    assert_int_equal (load_market_ts (self, most), -1);
    assert_int_equal (load_market_day (self, most), DAY_NONE);
}

/* Every candle is one that live takes. */
static void test_candles (void **state)
{
    load_market_t *self = *state;
    assert_int_equal (load_market_count (self), COUNT);
    for (uint32_t s = 0; s < COUNT; s++) {
        const char *name = load_market_symbol (self, s);
        assert_true (symbol_valid (name, strlen (name)));
        assert_int_equal (load_market_find (self, name), s);
        for (uint64_t m = 0; m < 2000; m++) {
            candle_t candle = {.ts = load_market_ts (self, m)};
            load_market_candle (self, s, m, &candle);
            assert_true (candle_is_finite (&candle) && candle.low > 0 && candle.volume >= 0);
            assert_true (candle.low <= candle.open && candle.low <= candle.close);
            assert_true (candle.high >= candle.open && candle.high >= candle.close);
        }
    }
    assert_int_equal (load_market_find (self, "nobody"), UINT32_MAX);
}

/* The same seed makes the same market, another one another. */
static void test_seeds (void **state)
{
    load_market_t *self = *state;
    load_market_t *same = load_market_new (5, COUNT, LOOKBACK);
    load_market_t *other = load_market_new (6, COUNT, LOOKBACK);
    int differ = 0;
    for (uint64_t m = 0; m < 100; m++) {
        candle_t a = {0}, b = {0}, c = {0};
        load_market_candle (self, 3, m, &a);
        load_market_candle (same, 3, m, &b);
        load_market_candle (other, 3, m, &c);
        assert_memory_equal (&a, &b, sizeof a);
        differ += memcmp (&a, &c, sizeof a) != 0;
    }
    assert_true (differ > 50);
    load_market_destroy (&same);
    load_market_destroy (&other);
}

/* ---- hits ---- */

typedef struct {
    desk_t *desk;
    outbox_t *out;
    wire_reader_t *reader;
    rows_t rows;
    uint64_t sequences[SHARD_COUNT];
    uint64_t hits;
} bench_t;

static const session_t generation = {1, 1};

static void collect (bench_t *bench)
{
    buffer_t message;
    while (outbox_pop (bench->out, true, &message)) {
        wire_object_t object;
        wire_reader_begin (bench->reader, message.bytes, message.size);
        while (wire_next (bench->reader, &object) == 1) {
            bench->hits += object.kind == WIRE_LIVE_HIT;
        }
        buffer_free (&message);
    }
}

static void give_reference (bench_t *bench, load_market_t *market, uint32_t symbol, day_t day)
{
    const char *name = load_market_symbol (market, symbol);
    buffer_t message = {0};
    wire_object_t object;
    load_market_reference (market, &message, shard_of (name), generation, name, day);
    wire_reader_begin (bench->reader, message.bytes, message.size);
    assert_int_equal (wire_next (bench->reader, &object), 1);
    assert_int_equal (object.kind, WIRE_REFERENCE);
    assert_string_equal (object.reference.symbol, name);
    assert_true (object.reference.file_count >= 1);
    assert_true (desk_take (bench->desk, &object, bench->out));
    buffer_free (&message);
}

static void give_candle (bench_t *bench, load_market_t *market, uint32_t symbol, uint64_t minute)
{
    const char *name = load_market_symbol (market, symbol);
    candle_t candle = {.ts = load_market_ts (market, minute)};
    unsigned shard = shard_of (name);
    load_market_candle (market, symbol, minute, &candle);
    rows_add (&bench->rows, name, &candle, candle.ts * 1000 + 60000);
    wire_object_t item = rows_item (&bench->rows, shard, generation, ++bench->sequences[shard]);
    assert_true (desk_take (bench->desk, &item, bench->out));
    rows_clear (&bench->rows);
}

static desk_t *make_desk (run_t *run, const calendar_t *calendar, desk_rules_t *rules)
{
    scan_t scan;
    char error[256];
    assert_int_equal (scan_parse (LOAD_SCAN, FREQUENCY_1MIN, &scan, error, sizeof error), 0);
    assert_int_equal (run_init (run, &scan, 1, true, error, sizeof error), 0);
    assert_true (run->lookback <= LOOKBACK);
    *rules = (desk_rules_t){.candle_timeout_ms = 20000, .day_timeout_ms = 21600000};
    return desk_new (run, calendar, rules);
}

/* A desk, given the market's candles in the order of the plan, has after each just the hits that the market says,
 * over days, a turn of the year and the ring's end. */
static void test_hits (void **state)
{
    load_market_t *market = *state;
    run_t *run = memory_new (sizeof *run);
    desk_rules_t rules;
    calendar_t *calendar = calendar_new (NULL, 0);
    bench_t *bench = memory_new (sizeof *bench);
    bench->desk = make_desk (run, calendar, &rules);
    bench->out = outbox_new ();
    outbox_begin (bench->out, 1, generation);
    bench->reader = wire_reader_new ();
    for (uint32_t s = 0; s < SHARD_COUNT; s++) {
        wire_object_t begin = {.kind = WIRE_BEGIN, .begin = {.shard = s, .generation = generation}};
        assert_true (desk_take (bench->desk, &begin, bench->out));
    }
    for (uint64_t m = 0; m < 5 * LOAD_DAY_MINUTES / 2; m++) {
        for (uint32_t s = 0; s < COUNT; s++) {
            if (m % LOAD_DAY_MINUTES == 0) {
                give_reference (bench, market, s, load_market_day (market, m));
            }
            give_candle (bench, market, s, m);
            collect (bench);
            bool last = s == COUNT - 1;
            assert_int_equal (bench->hits,
                              load_market_hits (market, last ? m + 1 : m, last ? 0 : s + 1));
        }
    }
    uint64_t candles = COUNT * 5 * LOAD_DAY_MINUTES / 2;
    assert_in_range (bench->hits, candles / LOAD_HIT_EVERY / 2, candles / LOAD_HIT_EVERY * 2);
    assert_int_equal (desk_counts (bench->desk)->rejected_rows, 0);
    desk_destroy (&bench->desk);
    outbox_destroy (&bench->out);
    wire_reader_destroy (&bench->reader);
    rows_free (&bench->rows);
    calendar_destroy (&calendar);
    free (bench);
    free (run);
}

/* The reference data of a day lies before it, on as many trading days as scans look back, in files of years that
 * fit a message; a stranger has none. */
static void test_reference (void **state)
{
    (void) state;
    load_market_t *self = load_market_new (1, 2, 500);
    wire_reader_t *reader = wire_reader_new ();
    buffer_t message = {0};
    wire_object_t object;
    day_t day = day_from (2003, 1, 2);
    load_market_reference (self, &message, 1, generation, load_market_symbol (self, 1), day);
    load_market_reference (self, &message, 1, generation, "nobody", day);
    wire_reader_begin (reader, message.bytes, message.size);
    assert_int_equal (wire_next (reader, &object), 1);
    const wire_reference_t *reference = &object.reference;
    assert_int_equal (reference->file_count, 3);
    size_t lines = 0;
    for (size_t i = 0; i < reference->file_count; i++) {
        assert_int_equal (reference->files[i].key, day_from (2001 + (int) i, 1, 1));
        for (size_t at = 0; at < reference->files[i].bytes.size; at++) {
            lines += reference->files[i].bytes.bytes[at] == '\n';
        }
    }
    assert_in_range (lines, 3 + 500, 3 + 510); /* a header each */
    assert_non_null (memmem (message.bytes, message.size, "2003-01-01", 10));
    assert_null (memmem (message.bytes, message.size, "2003-01-02", 10));
    assert_int_equal (wire_next (reader, &object), 1);
    assert_int_equal (object.reference.file_count, 0);
    buffer_free (&message);
    wire_reader_destroy (&reader);
    load_market_destroy (&self);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, open_market, close_market)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_time),
        TEST (test_candles),
        TEST (test_seeds),
        TEST (test_hits),
        cmocka_unit_test (test_reference),
    };
    return exchange_init () ? 1 : cmocka_run_group_tests (tests, NULL, NULL);
}

/* A shard's state as bytes: who loads it goes on as if it had been given everything from the beginning.
 *
 *     items --> desk R, undisturbed ------------------------------------> hits
 *         \--> desk A up to a cut --YIELD--> STATE --> BEGIN --> desk B --> the same hits, A's and B's
 */
#include "check.h"

#include "clock.h"
#include "desk.h"
#include "desk_state.h"
#include "shard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SYMBOLS = 6, DAYS = 3, MINUTES = 90, STEPS = DAYS * MINUTES * 3, HITS = 200000 };

#define SHARD        7
#define FIRST_DAY    19423 /* 2023-03-07, a Tuesday */
#define FIRST_MINUTE 570

static const char *const names[SYMBOLS] = {"AAA", "B.B", "CC_C", "NA", "E-5", "F"};

static const char *const scans_text[] = {
    "a:small_cap_up,freq=1min,min_volume=1,min_gap=-1,include_null_market_cap,shift_periods=1/3,"
    "shift_min_changes=0.01/0.02,start_time=00:00,end_time=23:59",
    "b:atr_gap_up,freq=5min,min_volume=1,min_adv=0,min_adr=0,min_atr_multiplier=0.1,"
    "include_null_market_cap,start_time=00:00,end_time=23:59",
    "c:atr_parabolic_up,freq=15min,min_adv=0,min_adr=0,min_atr_multiplier=-1000000,min_volume=0,"
    "include_null_market_cap,start_time=09:40,end_time=10:30",
    "d:atr_parabolic_up,freq=1min,min_adv=0,min_adr=0,min_atr_multiplier=-1000000,min_volume=0,"
    "include_null_market_cap,start_time=00:00,end_time=23:59"};
enum { SCANS = sizeof scans_text / sizeof *scans_text };

static uint64_t next_random (uint64_t *random)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random;
}

static uint32_t below (uint64_t *random, uint32_t limit)
{
    return (uint32_t) (next_random (random) % limit);
}

/* ---- a market's items, the same for each seed ---- */

typedef enum { STEP_NOTHING, STEP_REFERENCE, STEP_CANDLE, STEP_CLOCK } step_kind_t;

typedef struct {
    step_kind_t kind;
    unsigned symbol;
    day_t day;
    candle_t candle;
    int64_t arrival_ms; /* of a candle; the clock */
} step_t;

static size_t make_steps (uint64_t seed, step_t *steps)
{
    uint64_t random = seed * 0x9e3779b97f4a7c15u + 1;
    size_t count = 0;
    for (day_t day = FIRST_DAY; day < FIRST_DAY + DAYS; day++) {
        for (unsigned s = 0; s < SYMBOLS; s++) {
            steps[count++] = (step_t){.kind = STEP_REFERENCE, .symbol = s, .day = day};
        }
        for (int minute = FIRST_MINUTE; minute < FIRST_MINUTE + MINUTES; minute++) {
            int64_t ts = exchange_ts (day, minute);
            for (unsigned s = below (&random, 3); s < SYMBOLS; s += 1 + below (&random, 3)) {
                double price = 10 + below (&random, 400) / 100.0;
                steps[count++] = (step_t){
                    .kind = STEP_CANDLE,
                    .symbol = s,
                    .day = day,
                    .candle = {ts, price, price + 1, price - 1, price, 1000 + below (&random, 100)},
                    .arrival_ms = (ts + 60 + below (&random, 90)) * 1000};
            }
            if (below (&random, 4) == 0) {
                steps[count++] =
                    (step_t){.kind = STEP_CLOCK, .arrival_ms = (ts + below (&random, 90)) * 1000};
            }
        }
    }
    return count;
}

/* ---- a desk, fed ---- */

typedef struct {
    desk_t *desk;
    outbox_t *out;
    session_t generation;
    uint64_t sequence;
    uint32_t known;
    bool named[SYMBOLS];
    uint32_t number[SYMBOLS];
} feed_t;

typedef struct {
    run_t run;
    calendar_t *calendar;
    desk_rules_t rules;
    wire_reader_t *reader;
} bench_t;

static int bench_open (void **state)
{
    bench_t *self = memory_new (sizeof *self);
    scan_t scans[SCANS];
    char error[200];
    for (size_t i = 0; i < SCANS; i++) {
        assert_int_equal (
            scan_parse (scans_text[i], FREQUENCY_1MIN, &scans[i], error, sizeof error), 0);
    }
    assert_int_equal (run_init (&self->run, scans, SCANS, true, error, sizeof error), 0);
    self->calendar = calendar_new (NULL, 0);
    self->rules = (desk_rules_t){.candle_timeout_ms = 20000, .day_timeout_ms = 21600000};
    self->reader = wire_reader_new ();
    *state = self;
    return 0;
}

static int bench_close (void **state)
{
    bench_t *self = *state;
    calendar_destroy (&self->calendar);
    wire_reader_destroy (&self->reader);
    free (self);
    return 0;
}

static void begin (feed_t *self, session_t generation, wire_bytes_t state, uint64_t sequence)
{
    wire_object_t item = {
        .kind = WIRE_BEGIN,
        .begin = {.shard = SHARD, .generation = generation, .sequence = sequence, .state = state}};
    assert_true (desk_take (self->desk, &item, self->out));
    desk_end_message (self->desk, self->out);
    self->generation = generation;
    self->sequence = sequence;
}

static feed_t feed_new (const bench_t *bench)
{
    feed_t self = {.desk = desk_new (&bench->run, bench->calendar, &bench->rules),
                   .out = outbox_new ()};
    outbox_begin (self.out, 1, (session_t){1, 1});
    return self;
}

static void feed_free (feed_t *self)
{
    desk_destroy (&self->desk);
    outbox_destroy (&self->out);
}

static bool give_reference (feed_t *self, const step_t *step)
{
    buffer_t text = {0};
    buffer_printf (&text, "datetime,open,high,low,close,volume\n");
    for (day_t day = step->day - 20; day < step->day; day++) {
        char date[11];
        buffer_printf (&text, "%s,10,11,10,10,1000\n", day_format (day, date));
    }
    wire_reference_file_t file = {.content = WIRE_PARTITION,
                                  .key = partition_first (FREQUENCY_1D, step->day),
                                  .bytes = {text.bytes, text.size}};
    wire_object_t item = {.kind = WIRE_REFERENCE,
                          .reference = {.shard = SHARD,
                                        .generation = self->generation,
                                        .day = step->day,
                                        .file_count = 1,
                                        .files = &file}};
    snprintf (item.reference.symbol, sizeof item.reference.symbol, "%s", names[step->symbol]);
    bool taken = desk_take (self->desk, &item, self->out);
    buffer_free (&text);
    return taken;
}

static bool give_candle (feed_t *self, const step_t *step)
{
    char name[1][SYMBOL_MAX + 1];
    bool is_new = !self->named[step->symbol];
    snprintf (name[0], sizeof name[0], "%s", names[step->symbol]);
    if (is_new) {
        self->named[step->symbol] = true;
        self->number[step->symbol] = self->known;
    }
    const candle_t *candle = &step->candle;
    wire_candles_t candles = {.shard = SHARD,
                              .generation = self->generation,
                              .sequence = ++self->sequence,
                              .known = self->known,
                              .symbol_count = is_new,
                              .symbols = (const char (*)[SYMBOL_MAX + 1]) name,
                              .count = 1,
                              .symbol = {(const char *) &self->number[step->symbol], 4},
                              .columns = {{(const char *) &candle->ts, 8},
                                          {(const char *) &step->arrival_ms, 8},
                                          {(const char *) &candle->open, 8},
                                          {(const char *) &candle->high, 8},
                                          {(const char *) &candle->low, 8},
                                          {(const char *) &candle->close, 8},
                                          {(const char *) &candle->volume, 8}}};
    self->known += is_new;
    wire_object_t item = {.kind = WIRE_CANDLES, .candles = candles};
    return desk_take (self->desk, &item, self->out);
}

static bool give_clock (feed_t *self, const step_t *step)
{
    wire_object_t item = {.kind = WIRE_CLOCK,
                          .clock = {.shard = SHARD,
                                    .generation = self->generation,
                                    .sequence = ++self->sequence,
                                    .clock_ms = step->arrival_ms}};
    return desk_take (self->desk, &item, self->out);
}

static bool give (feed_t *self, const step_t *step)
{
    bool taken = step->kind == STEP_REFERENCE ? give_reference (self, step)
                 : step->kind == STEP_CANDLE  ? give_candle (self, step)
                                              : give_clock (self, step);
    desk_end_message (self->desk, self->out);
    return taken;
}

/* What the desk found, as bytes without the generation and the links. */
static void collect (const bench_t *bench, feed_t *feed, buffer_t *hits)
{
    buffer_t message;
    while (outbox_pop (feed->out, true, &message)) {
        wire_object_t object;
        wire_reader_begin (bench->reader, message.bytes, message.size);
        while (wire_next (bench->reader, &object) == 1) {
            if (object.kind == WIRE_LIVE_HIT) {
                object.live_hit.generation = (session_t){1, 1};
                wire_put_live_hit (hits, &object.live_hit);
            }
        }
        buffer_free (&message);
    }
}

/* Asks for the shard: the STATE message, whose bytes `state` points into. */
static buffer_t yield (const bench_t *bench, feed_t *feed, wire_state_t *state)
{
    wire_object_t item = {
        .kind = WIRE_YIELD,
        .yield = {.shard = SHARD, .generation = feed->generation, .sequence = feed->sequence}};
    buffer_t message = {0};
    assert_true (desk_take (feed->desk, &item, feed->out));
    desk_end_message (feed->desk, feed->out);
    assert_true (desk_next_state (feed->desk, &message));
    wire_object_t object;
    wire_reader_begin (bench->reader, message.bytes, message.size);
    assert_int_equal (wire_next (bench->reader, &object), 1);
    assert_int_equal (object.kind, WIRE_STATE);
    *state = object.state;
    assert_int_equal (state->sequence, feed->sequence);
    assert_int_equal (desk_shards (feed->desk), 0);
    assert_int_equal (desk_symbols (feed->desk), 0);
    return message;
}

/* The shard of `from` goes on in `to`. */
static void move (const bench_t *bench, feed_t *from, feed_t *to)
{
    wire_state_t state;
    buffer_t message = yield (bench, from, &state);
    begin (to, (session_t){1, from->generation.counter + 1}, state.bytes, state.sequence);
    to->known = from->known;
    memcpy (to->named, from->named, sizeof to->named);
    memcpy (to->number, from->number, sizeof to->number);
    buffer_free (&message);
}

/* ---- tests ---- */

/* Wherever it is cut, once or again and again, a history in two desks gives the hits of one. */
static void test_cuts (void **state)
{
    const bench_t *bench = *state;
    step_t *steps = memory_new ((STEPS + DAYS * (SYMBOLS + MINUTES) * SYMBOLS) * sizeof *steps);
    size_t moves = 0, total = 0;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        uint64_t random = seed;
        size_t count = make_steps (seed, steps);
        feed_t one = feed_new (bench), two[2] = {feed_new (bench), feed_new (bench)};
        buffer_t wanted = {0}, got = {0};
        unsigned holder = 0, often = 1 + below (&random, 300);
        begin (&one, (session_t){1, 1}, (wire_bytes_t){0}, 0);
        begin (&two[0], (session_t){1, 1}, (wire_bytes_t){0}, 0);
        for (size_t i = 0; i < count; i++) {
            if (below (&random, often) == 0) {
                move (bench, &two[holder], &two[!holder]);
                collect (bench, &two[holder], &got);
                holder = !holder;
                moves++;
            }
            assert_true (give (&one, &steps[i]));
            assert_true (give (&two[holder], &steps[i]));
            collect (bench, &one, &wanted);
            collect (bench, &two[holder], &got);
        }
        assert_true (wanted.size > 10000);
        assert_int_equal (wanted.size, got.size);
        assert_memory_equal (wanted.bytes, got.bytes, wanted.size);
        total += wanted.size;
        buffer_free (&wanted);
        buffer_free (&got);
        feed_free (&one);
        feed_free (&two[0]);
        feed_free (&two[1]);
    }
    assert_true (moves > 100 && total > 0);
    free (steps);
}

/* A desk in the middle of its second day, with open buckets and a prepared day. */
static feed_t half_way (const bench_t *bench)
{
    step_t *steps = memory_new ((STEPS + DAYS * (SYMBOLS + MINUTES) * SYMBOLS) * sizeof *steps);
    size_t count = make_steps (3, steps);
    feed_t feed = feed_new (bench);
    begin (&feed, (session_t){1, 1}, (wire_bytes_t){0}, 0);
    for (size_t i = 0; i < count / 2; i++) {
        assert_true (give (&feed, &steps[i]));
    }
    free (steps);
    return feed;
}

/* What was loaded is saved as the same bytes: nothing is left out, and nothing depends on who has it. */
static void test_again (void **state)
{
    const bench_t *bench = *state;
    feed_t a = half_way (bench), b = feed_new (bench);
    wire_state_t first, second;
    buffer_t message = yield (bench, &a, &first);
    begin (&b, (session_t){1, 2}, first.bytes, first.sequence);
    buffer_t again = yield (bench, &b, &second);
    assert_int_equal (first.bytes.size, second.bytes.size);
    assert_memory_equal (first.bytes.bytes, second.bytes.bytes, first.bytes.size);
    buffer_free (&message);
    buffer_free (&again);
    feed_free (&a);
    feed_free (&b);
}

static bool loads (const run_t *run, const char *bytes, size_t size)
{
    desk_shard_t shard = {0};
    char *copy = malloc (size > 0 ? size : 1); /* of its own size: what reads past it is seen */
    memcpy (copy, bytes, size);
    bool loaded = desk_state_load (&shard, run, (wire_bytes_t){copy, size});
    if (!loaded) {
        assert_int_equal (shard.symbol_count, 0);
    }
    desk_shard_drop (&shard);
    free (copy);
    return loaded;
}

/* A state that is cut short, or has bytes too many, is refused; one with a changed byte is refused or is a state,
 * but never breaks the worker. */
static void test_damage (void **state)
{
    const bench_t *bench = *state;
    feed_t feed = half_way (bench);
    wire_state_t whole;
    buffer_t message = yield (bench, &feed, &whole);
    size_t size = whole.bytes.size, refused = 0;
    assert_true (loads (&bench->run, whole.bytes.bytes, size));
    char *damaged = memory_new (size + 1);
    for (size_t length = 0; length < size; length += length < 200 ? 1 : 37) {
        assert_false (loads (&bench->run, whole.bytes.bytes, length));
    }
    memcpy (damaged, whole.bytes.bytes, size);
    assert_false (loads (&bench->run, damaged, size + 1));
    uint64_t random = 11;
    for (int i = 0; i < 20000; i++) {
        size_t at = i < 400 ? (size_t) i : below (&random, (uint32_t) size);
        char was = damaged[at];
        damaged[at] = (char) (was ^ (1 << below (&random, 8)));
        refused += !loads (&bench->run, damaged, size);
        damaged[at] = was;
    }
    assert_true (refused > 1000);
    free (damaged);
    buffer_free (&message);
    feed_free (&feed);
}

/* The state of a run with other scans, or of one that reports first hits alone, is refused; a desk that is given it
 * says that something is wrong, and has nothing of the shard. */
static void test_other_run (void **state)
{
    const bench_t *bench = *state;
    feed_t feed = half_way (bench);
    wire_state_t whole;
    buffer_t message = yield (bench, &feed, &whole);
    run_t *other = memory_new (sizeof *other);
    char error[200];
    assert_int_equal (run_init (other, bench->run.scans, SCANS - 1, true, error, sizeof error), 0);
    assert_false (loads (other, whole.bytes.bytes, whole.bytes.size));
    assert_int_equal (run_init (other, bench->run.scans, SCANS, false, error, sizeof error), 0);
    assert_false (loads (other, whole.bytes.bytes, whole.bytes.size));
    desk_t *desk = desk_new (other, bench->calendar, &bench->rules);
    wire_object_t item = {.kind = WIRE_BEGIN,
                          .begin = {.shard = SHARD,
                                    .generation = {1, 9},
                                    .sequence = whole.sequence,
                                    .state = whole.bytes}};
    assert_false (desk_take (desk, &item, feed.out));
    assert_int_equal (desk_symbols (desk), 0);
    desk_destroy (&desk);
    free (other);
    buffer_free (&message);
    feed_free (&feed);
}

/* A YIELD that does not come next is a lost message; one of an older generation is nothing. */
static void test_yield_in_turn (void **state)
{
    const bench_t *bench = *state;
    feed_t feed = half_way (bench);
    buffer_t message = {0};
    wire_object_t item = {
        .kind = WIRE_YIELD,
        .yield = {.shard = SHARD, .generation = feed.generation, .sequence = feed.sequence + 1}};
    assert_false (desk_take (feed.desk, &item, feed.out));
    item.yield.sequence = feed.sequence;
    item.yield.generation = (session_t){0, 9};
    assert_true (desk_take (feed.desk, &item, feed.out));
    assert_false (desk_next_state (feed.desk, &message));
    assert_int_equal (desk_shards (feed.desk), 1);
    feed_free (&feed);
}

/* A shard of 40 symbols is saved and loaded in a moment: how long is printed. */
static void test_time (void **state)
{
    const bench_t *bench = *state;
    enum { TIMES = 200 };
    feed_t feed = half_way (bench);
    wire_state_t whole;
    buffer_t message = yield (bench, &feed, &whole);
    size_t bytes = 0;
    int64_t start = cpu_thread_ns ();
    for (int i = 0; i < TIMES; i++) {
        desk_shard_t shard = {0};
        buffer_t again = {0};
        assert_true (desk_state_load (&shard, &bench->run, whole.bytes));
        assert_true (desk_state_save (&shard, &bench->run, &again));
        bytes = again.size;
        desk_shard_drop (&shard);
        buffer_free (&again);
    }
    int64_t us = (cpu_thread_ns () - start) / TIMES / 1000;
    print_message ("%d symbols, %d scans: %zu bytes, loaded and saved in %lld us\n", SYMBOLS, SCANS,
                   bytes, (long long) us);
    assert_true (bytes > 0);
    buffer_free (&message);
    feed_free (&feed);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (test_cuts, bench_open, bench_close),
        cmocka_unit_test_setup_teardown (test_again, bench_open, bench_close),
        cmocka_unit_test_setup_teardown (test_damage, bench_open, bench_close),
        cmocka_unit_test_setup_teardown (test_other_run, bench_open, bench_close),
        cmocka_unit_test_setup_teardown (test_yield_in_turn, bench_open, bench_close),
        cmocka_unit_test_setup_teardown (test_time, bench_open, bench_close),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* test_flow - the broker's decisions, one at a time: what flow.h promises. Whole runs with faults are
 * test_live_histories'. */
#include "flow.h"

#include "check.h"
#include "log.h"
#include "named.h"
#include "shard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EPOCH      5
#define WORKERS    3
#define EVENTS_MAX 4096
#define DAY        19423 /* 2023-03-07, a Tuesday */

/* An item that a worker was sent. */
typedef struct {
    wire_kind_t kind;
    uint32_t worker, shard;
    session_t generation;
    uint64_t sequence;
    char symbol[SYMBOL_MAX + 1];
    int64_t ts; /* of a candle; of a clock its milliseconds */
    day_t day;  /* of a reference, or the closed date of a BEGIN's first symbol */
    bool is_end;
    uint64_t candles;  /* of its generation so far */
    size_t state_size; /* that a BEGIN brings along */
    int64_t stamp_us;
} event_t;

typedef struct {
    flow_config_t config;
    flow_t *flow;
    wire_reader_t *reader;
    named_t named;
    uint64_t now;
    size_t event_count;
    event_t events[EVENTS_MAX];
    session_t session[WORKERS]; /* of the last message */
    uint64_t last[WORKERS], bytes[WORKERS], serial[WORKERS];
    uint64_t collector, collector_serial;
    wire_shard_state_t shards[SHARD_COUNT]; /* what was sent last, of each */
    uint64_t places;                        /* number of the last PLACES */
    wire_place_t place;                     /* its first symbol */
    size_t place_count, stream_count;
    entry_id_t stream_position;
    uint64_t taken;
} bench_t;

/* ---- entries ---- */

static candle_t candle_at (day_t day, int minute)
{
    return (candle_t){exchange_ts (day, 600 + minute), 10, 11, 9, 10, 100};
}

/* A minute after the candle's start. */
static entry_id_t id_at (day_t day, int minute)
{
    return (entry_id_t){(uint64_t) (exchange_ts (day, 600 + minute) + 60) * 1000, 0};
}

static void enter (bench_t *self, uint32_t stream, const char *symbol, day_t day, int minute)
{
    candle_t candle = candle_at (day, minute);
    flow_entry (self->flow, stream, id_at (day, minute), symbol, &candle);
}

/* ---- the bench ---- */

static void put_reference (void *argument, buffer_t *message, uint32_t shard, session_t generation,
                           const char *symbol, day_t day)
{
    (void) argument;
    wire_reference_t item = {.shard = shard, .generation = generation, .day = day};
    snprintf (item.symbol, sizeof item.symbol, "%s", symbol);
    wire_put_reference (message, &item);
}

static void count_taken (void *argument, uint32_t symbol, int64_t ts, int64_t arrival_ms)
{
    bench_t *self = argument;
    assert_true (symbol < flow_symbol_count (self->flow));
    assert_true (ts * 1000 < arrival_ms);
    self->taken++;
}

static bench_t *bench_new (void)
{
    bench_t *self = memory_new (sizeof *self);
    self->config = (flow_config_t){.broker = 77,
                                   .day_timeout_ms = 6 * 3600 * INT64_C (1000),
                                   .dead_after_ms = 3000,
                                   .window_bytes = 1 << 20,
                                   .max_symbols = 50,
                                   .argument = self,
                                   .reference = put_reference,
                                   .taken = count_taken};
    self->now = 1000000;
    self->collector = 1;
    self->reader = wire_reader_new ();
    return self;
}

static void bench_destroy (bench_t *self)
{
    flow_destroy (&self->flow);
    wire_reader_destroy (&self->reader);
    named_free (&self->named);
    free (self);
}

static void take_object (bench_t *self, uint32_t w, const wire_object_t *object)
{
    event_t event = {.kind = object->kind, .worker = w};
    switch (object->kind) {
    case WIRE_BEGIN:
        event.shard = object->begin.shard;
        event.generation = object->begin.generation;
        event.day = object->begin.symbol_count ? object->begin.symbols[0].closed : DAY_NONE;
        event.state_size = object->begin.state.size;
        if (event.state_size > 0) { /* it goes on behind what its last owner did */
            named_move (&self->named, event.shard, event.generation);
            self->shards[event.shard] = (wire_shard_state_t){event.shard, EPOCH, event.generation,
                                                             object->begin.sequence, 0};
        }
        break;
    case WIRE_YIELD:
        event.shard = object->yield.shard;
        event.generation = object->yield.generation;
        event.day = DAY_NONE;
        assert_int_equal (
            object->yield.sequence,
            session_compare (self->shards[event.shard].generation, event.generation) == 0
                ? self->shards[event.shard].sequence
                : 0);
        break;
    case WIRE_REFERENCE:
        event.shard = object->reference.shard;
        event.generation = object->reference.generation;
        event.day = object->reference.day;
        memcpy (event.symbol, object->reference.symbol, sizeof event.symbol);
        break;
    case WIRE_CLOCK:
        event.shard = object->clock.shard;
        event.generation = object->clock.generation;
        event.sequence = object->clock.sequence;
        event.ts = object->clock.clock_ms;
        event.is_end = object->clock.is_end;
        break;
    default:
        assert_int_equal (object->kind, WIRE_CANDLES);
        event.shard = object->candles.shard;
        event.generation = object->candles.generation;
        event.sequence = object->candles.sequence;
        event.candles = object->candles.count;
        event.stamp_us = object->candles.stamp_us;
        assert_true (named_take (&self->named, &object->candles));
        break;
    }
    if (event.sequence > 0) {
        wire_shard_state_t *state = &self->shards[event.shard];
        bool same = session_compare (state->generation, event.generation) == 0;
        assert_true (event.sequence == (same ? state->sequence + 1 : 1));
        event.candles += same ? state->candles : 0;
        *state = (wire_shard_state_t){event.shard, EPOCH, event.generation, event.sequence,
                                      event.candles};
    }
    for (size_t i = 0; i < (object->kind == WIRE_CANDLES ? object->candles.count : 1); i++) {
        if (object->kind == WIRE_CANDLES) {
            memcpy (&event.ts, object->candles.columns[WIRE_COLUMN_TS].bytes + i * 8, 8);
            memcpy (event.symbol, named_symbol (&self->named, &object->candles, i),
                    sizeof event.symbol);
        }
        assert_true (self->event_count < EVENTS_MAX);
        self->events[self->event_count++] = event;
    }
}

/* Takes what the worker is to be sent: its numbers must be without a gap. */
static void take_messages (bench_t *self, uint32_t w)
{
    buffer_t message;
    while (flow_next_message (self->flow, w, &message)) {
        wire_object_t object;
        wire_reader_begin (self->reader, message.bytes, message.size);
        assert_int_equal (wire_next (self->reader, &object), 1);
        assert_int_equal (object.kind, WIRE_LINK);
        if (session_compare (object.link.session, self->session[w]) != 0) {
            assert_true (session_compare (object.link.session, self->session[w]) > 0);
            self->session[w] = object.link.session;
            self->last[w] = self->bytes[w] = 0;
        }
        assert_int_equal (object.link.n, self->last[w] + 1);
        self->last[w] = object.link.n;
        self->bytes[w] += message.size;
        int rc;
        while ((rc = wire_next (self->reader, &object)) == 1) {
            take_object (self, w, &object);
        }
        assert_int_equal (rc, 0);
        buffer_free (&message);
    }
}

/* The flow's turn; what is to be sent is taken. */
static void turn (bench_t *self)
{
    self->now += 100;
    flow_turn (self->flow, self->now);
    flow_flush (self->flow, self->now, false);
    for (uint32_t w = 0; w < WORKERS; w++) {
        take_messages (self, w);
    }
}

static void say_worker (bench_t *self, uint32_t w, wire_live_worker_t state)
{
    state.serial = ++self->serial[w];
    state.link.session = self->session[w];
    flow_worker_state (self->flow, w, &state, self->now);
}

/* The worker has taken all. */
static void hear_worker (bench_t *self, uint32_t w)
{
    say_worker (self, w,
                (wire_live_worker_t){.link = {.last = self->last[w]}, .consumed = self->bytes[w]});
}

static void say_collector (bench_t *self, wire_live_collector_t state)
{
    state.serial = ++self->collector_serial;
    state.incarnation = self->collector;
    state.broker = self->config.broker;
    state.epoch = state.epoch ? state.epoch : EPOCH;
    state.places = state.places ? state.places : self->places;
    flow_collector_state (self->flow, &state, self->now);
}

/* The collector has committed all that was sent, and PLACES. */
static void hear_collector (bench_t *self)
{
    say_collector (self, (wire_live_collector_t){
                             .able = true, .shard_count = SHARD_COUNT, .shards = self->shards});
}

/* The next PLACES, if there are any; they are not stored yet. */
static bool take_places (bench_t *self)
{
    buffer_t message = {0};
    wire_object_t object;
    if (!flow_next_places (self->flow, &message, self->now)) {
        return false;
    }
    wire_reader_begin (self->reader, message.bytes, message.size);
    assert_int_equal (wire_next (self->reader, &object), 1);
    assert_int_equal (object.kind, WIRE_PLACES);
    assert_int_equal (object.places.epoch, EPOCH);
    self->places = object.places.number;
    self->place_count = object.places.symbol_count;
    self->stream_count = object.places.stream_count;
    if (self->place_count > 0) {
        self->place = object.places.symbols[0];
    }
    if (self->stream_count > 0) {
        self->stream_position = object.places.streams[0].position;
    }
    buffer_free (&message);
    return true;
}

/* All is taken, committed and stored, and nobody is silent. */
static void settle (bench_t *self)
{
    for (int i = 0; i < 6; i++) {
        turn (self);
        for (uint32_t w = 0; w < WORKERS; w++) {
            if (self->serial[w] > 0) {
                hear_worker (self, w);
            }
        }
        take_places (self);
        hear_collector (self);
    }
}

static void join (bench_t *self, uint32_t w)
{
    char name[16];
    snprintf (name, sizeof name, "worker-%u", w);
    self->session[w] = flow_joined (self->flow, w, name, self->now);
    self->last[w] = self->bytes[w] = 0;
    self->serial[w] = 0;
    turn (self);
    hear_worker (self, w);
}

/* The worker's life ends; it says nothing more. */
static void lose (bench_t *self, uint32_t w, bool fault, bool returns)
{
    flow_lost (self->flow, w, fault, returns, self->now);
    self->serial[w] = 0;
}

/* The worker's answer to YIELD, as of `sequence`. */
static void hand_over (bench_t *self, const event_t *yield, uint64_t sequence)
{
    wire_state_t state = {.shard = yield->shard,
                          .generation = yield->generation,
                          .sequence = sequence,
                          .bytes = {"state", 5}};
    flow_take_state (self->flow, yield->worker, &state);
}

/* A flow that serves, with so many workers; `known` may be NULL. */
static bench_t *bench_start (bench_t *self, uint32_t workers, const wire_places_t *known)
{
    self->flow = flow_new (&self->config);
    if (known) {
        flow_know (self->flow, known);
    }
    assert_int_equal (flow_epoch (self->flow), 0);
    flow_start (self->flow, EPOCH, self->now);
    assert_int_equal (flow_epoch (self->flow), EPOCH);
    hear_collector (self);
    for (uint32_t w = 0; w < workers; w++) {
        join (self, w);
    }
    settle (self);
    return self;
}

static uint32_t add_stream (bench_t *self, const char *name)
{
    long stream = flow_add_stream (self->flow, name, NULL, (entry_id_t){0, 0});
    assert_true (stream >= 0);
    return (uint32_t) stream;
}

static size_t count_events (const bench_t *self, wire_kind_t kind, const char *symbol)
{
    size_t count = 0;
    for (size_t i = 0; i < self->event_count; i++) {
        count += self->events[i].kind == kind &&
                 (!symbol || strcmp (self->events[i].symbol, symbol) == 0);
    }
    return count;
}

static const event_t *last_event (const bench_t *self, wire_kind_t kind)
{
    for (size_t i = self->event_count; i-- > 0;) {
        if (self->events[i].kind == kind) {
            return &self->events[i];
        }
    }
    return NULL;
}

static flow_stats_t stats_of (const bench_t *self)
{
    flow_stats_t stats;
    flow_stats (self->flow, &stats);
    return stats;
}

static uint32_t owner_of (const bench_t *self, unsigned shard)
{
    size_t count;
    return flow_owners (self->flow, &count)[shard].worker;
}

static session_t generation_of (const bench_t *self, unsigned shard)
{
    size_t count;
    return flow_owners (self->flow, &count)[shard].generation;
}

/* Answers a request: minutes `first` to `last` of one symbol in its only stream. */
static void answer (bench_t *self, const flow_read_t *read, const char *symbol, day_t day,
                    int first, int last)
{
    for (int i = first; i <= last; i++) {
        candle_t candle = candle_at (day, i);
        if (entry_id_compare (id_at (day, i), read->after[0]) > 0) {
            flow_again (self->flow, read, 0, id_at (day, i), symbol, &candle);
        }
    }
    flow_again_end (self->flow, read);
}

/* A symbol, of which minute 0 was read and passed on. Its stream. */
static uint32_t begin_symbol (bench_t *self, const char *stream_name, const char *symbol)
{
    uint32_t stream = add_stream (self, stream_name);
    enter (self, stream, symbol, DAY, 0);
    settle (self);
    const flow_read_t *read = flow_next_read (self->flow);
    assert_non_null (read);
    answer (self, read, symbol, DAY, 0, 0);
    settle (self);
    assert_int_equal (count_events (self, WIRE_CANDLES, symbol), 1);
    return stream;
}

/* ---- placing ---- */

/* Nothing of a symbol goes to a worker before the journal has its stream; then its first entries are
 * read again, and it is attached. */
static void test_placed_first (void **state)
{
    (void) state;
    bench_t *self = bench_start (bench_new (), 1, NULL);
    uint32_t stream = add_stream (self, "s");
    enter (self, stream, "AAA", DAY, 0);
    turn (self);
    assert_null (flow_next_read (self->flow));
    assert_true (take_places (self));
    assert_int_equal (self->place_count, 1);
    assert_string_equal (self->place.stream, "s");
    assert_int_equal (self->place.day, DAY);
    assert_true (entry_id_compare (self->place.floor, id_at (DAY, 0)) == 0);
    assert_null (flow_next_read (self->flow));
    hear_collector (self);
    const flow_read_t *read = flow_next_read (self->flow);
    assert_non_null (read);
    answer (self, read, "AAA", DAY, 0, 0);
    assert_int_equal (stats_of (self).unattached, 0);
    enter (self, stream, "AAA", DAY, 1);
    turn (self);
    assert_int_equal (count_events (self, WIRE_REFERENCE, "AAA"), 1);
    assert_int_equal (count_events (self, WIRE_CANDLES, "AAA"), 2);
    assert_int_equal (self->taken, 2);
    bench_destroy (self);
}

/* A batch has the stamp of its oldest entry, be it the last that came; the next begins anew. Of the
 * candles that went out the flow counts those that are committed, in the present generation. */
static void test_stamps (void **state)
{
    (void) state;
    bench_t *self = bench_start (bench_new (), 1, NULL);
    uint32_t stream = begin_symbol (self, "s", "AAA");
    assert_int_equal (last_event (self, WIRE_CANDLES)->stamp_us, 0); /* it was never said */
    flow_stamp (self->flow, 7000);
    enter (self, stream, "AAA", DAY, 1);
    flow_stamp (self->flow, 5000);
    enter (self, stream, "AAA", DAY, 2);
    flow_stamp (self->flow, 9000);
    enter (self, stream, "AAA", DAY, 3);
    turn (self);
    assert_int_equal (last_event (self, WIRE_CANDLES)->stamp_us, 5000);
    assert_int_equal (stats_of (self).passed, 4);
    assert_int_equal (stats_of (self).committed, 1);
    enter (self, stream, "AAA", DAY, 4);
    settle (self);
    assert_int_equal (last_event (self, WIRE_CANDLES)->stamp_us, 9000);
    assert_int_equal (stats_of (self).committed, 5);
    flow_changed (self->flow, "AAA");
    assert_int_equal (stats_of (self).passed, 0);
    flow_stamp (self->flow, 11000);
    answer (self, flow_next_read (self->flow), "AAA", DAY, 0, 4);
    settle (self);
    assert_int_equal (last_event (self, WIRE_CANDLES)->stamp_us, 11000);
    assert_int_equal (stats_of (self).passed, 5);
    assert_int_equal (stats_of (self).committed, 5);
    bench_destroy (self);
}

/* A symbol that is only expected in a stream is placed too, and then has nothing to be read again. */
static void test_expected_symbol (void **state)
{
    (void) state;
    bench_t *self = bench_start (bench_new (), 1, NULL);
    long stream = flow_add_stream (self->flow, "s", "AAA", (entry_id_t){0, 0});
    settle (self);
    assert_null (flow_next_read (self->flow));
    assert_int_equal (stats_of (self).unattached, 0);
    enter (self, (uint32_t) stream, "AAA", DAY, 0);
    turn (self);
    assert_int_equal (count_events (self, WIRE_CANDLES, "AAA"), 1);
    bench_destroy (self);
}

/* A symbol belongs to the stream where it was first seen, after a restart too. */
static void test_misplaced (void **state)
{
    (void) state;
    wire_place_t place = {.symbol = "AAA", .stream = "home", .closed = DAY_NONE, .day = DAY_NONE};
    bench_t *self =
        bench_start (bench_new (), 1, &(wire_places_t){.symbol_count = 1, .symbols = &place});
    uint32_t other = add_stream (self, "other"), home = add_stream (self, "home");
    enter (self, other, "AAA", DAY, 0);
    enter (self, home, "AAA", DAY, 1);
    turn (self);
    assert_int_equal (stats_of (self).misplaced, 1);
    assert_int_equal (stats_of (self).candles, 1);
    assert_int_equal (last_event (self, WIRE_CANDLES)->ts, exchange_ts (DAY, 601));
    bench_destroy (self);
}

static bool wants_bbb (void *argument, const char *symbol)
{
    (void) argument;
    return strcmp (symbol, "BBB") == 0;
}

/* A broker of a part has its shards alone: symbols of others are passed over, also the journal's. */
static void test_cell (void **state)
{
    (void) state;
    bench_t *self = bench_new ();
    char ours[] = "A", theirs[] = "A";
    self->config.cell = (cell_t){1, 4};
    while (shard_of (ours) % 4 != 1) {
        ++*ours;
    }
    while (shard_of (theirs) % 4 == 1) {
        ++*theirs;
    }
    wire_place_t places[2] = {{.day = DAY_NONE, .closed = DAY_NONE, .stream = "s"},
                              {.day = DAY_NONE, .closed = DAY_NONE, .stream = "s"}};
    snprintf (places[0].symbol, sizeof places[0].symbol, "%s", theirs);
    bench_start (self, 2, &(wire_places_t){.symbol_count = 1, .symbols = places});
    assert_int_equal (flow_symbol_count (self->flow), 0);
    uint32_t s = add_stream (self, "s");
    enter (self, s, theirs, DAY, 0);
    enter (self, s, ours, DAY, 0);
    settle (self);
    assert_int_equal (stats_of (self).unwanted, 1);
    assert_int_equal (flow_symbol_count (self->flow), 1);
    assert_string_equal (flow_symbol (self->flow, 0), ours);
    size_t count;
    const wire_owner_t *owners = flow_owners (self->flow, &count);
    assert_int_equal (count, SHARD_COUNT / 4);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal (owners[i].shard % 4, 1);
    }
    /* A newer broker's claim on a shard of another part is not ours to heed; on one of ours it is. */
    self->shards[2] = (wire_shard_state_t){.shard = 2, .claim = EPOCH + 1};
    hear_collector (self);
    assert_false (flow_is_replaced (self->flow));
    self->shards[5] = (wire_shard_state_t){.shard = 5, .claim = EPOCH + 1};
    hear_collector (self);
    assert_true (flow_is_replaced (self->flow));
    bench_destroy (self);
}

/* Symbols that the run does not want are left alone, those that the journal knows too; and streams of the
 * journal that are not read keep nobody from being even. */
static void test_unwanted (void **state)
{
    (void) state;
    const wire_place_t places[] = {
        {.symbol = "AAA", .stream = "s", .closed = DAY_NONE, .day = DAY_NONE},
        {.symbol = "BBB", .stream = "gone", .closed = DAY_NONE, .day = DAY_NONE}};
    bench_t *self = bench_new ();
    self->config.wants = wants_bbb;
    bench_start (self, 1, &(wire_places_t){.symbol_count = 2, .symbols = places});
    uint32_t stream = add_stream (self, "s");
    enter (self, stream, "AAA", DAY, 0);
    settle (self);
    assert_int_equal (stats_of (self).symbols, 1);
    assert_int_equal (stats_of (self).unwanted, 1);
    assert_int_equal (stats_of (self).candles, 0);
    flow_end (self->flow);
    settle (self);
    assert_true (flow_is_even (self->flow));
    bench_destroy (self);
}

/* Symbols and streams over the limit are refused and counted; those before them go on. */
static void test_limits (void **state)
{
    (void) state;
    bench_t *self = bench_new ();
    self->config.max_symbols = 2;
    bench_start (self, 1, NULL);
    uint32_t stream = add_stream (self, "s");
    add_stream (self, "t");
    assert_int_equal (flow_add_stream (self->flow, "u", NULL, (entry_id_t){0, 0}), -1);
    assert_int_equal (flow_add_stream (self->flow, "s", NULL, (entry_id_t){0, 0}), stream);
    enter (self, stream, "AAA", DAY, 0);
    enter (self, stream, "BBB", DAY, 1);
    enter (self, stream, "CCC", DAY, 2);
    enter (self, stream, "AAA", DAY, 3);
    flow_stats_t stats = stats_of (self);
    assert_int_equal (stats.refused_streams, 1);
    assert_int_equal (stats.refused_symbols, 1);
    assert_int_equal (stats.candles, 3);
    assert_int_equal (stats.entries, 4);
    bench_destroy (self);
}

/* Late and repeated candles are counted and not sent; rejected entries move the position alone. */
static void test_late (void **state)
{
    (void) state;
    bench_t *self = bench_start (bench_new (), 1, NULL);
    uint32_t stream = begin_symbol (self, "s", "AAA");
    enter (self, stream, "AAA", DAY + 1, 0);
    candle_t again = candle_at (DAY + 1, 0), late = candle_at (DAY, 5);
    flow_entry (self->flow, stream, id_at (DAY + 1, 1), "AAA", &again);
    flow_entry (self->flow, stream, id_at (DAY + 1, 2), "AAA", &late);
    flow_skip (self->flow, stream, id_at (DAY + 1, 3));
    turn (self);
    flow_stats_t stats = stats_of (self);
    assert_int_equal (stats.duplicates, 1);
    assert_int_equal (stats.late, 1);
    assert_int_equal (stats.entries, 5);
    assert_int_equal (count_events (self, WIRE_CANDLES, "AAA"), 2);
    assert_true (entry_id_compare (flow_position (self->flow, stream), id_at (DAY + 1, 3)) == 0);
    bench_destroy (self);
}

/* ---- floors ---- */

/* The floor is the first entry of the oldest open date, and moves once a later date has begun and
 * all of the older one is committed. */
static void test_floor_moves (void **state)
{
    (void) state;
    bench_t *self = bench_start (bench_new (), 1, NULL);
    uint32_t stream = begin_symbol (self, "s", "AAA");
    enter (self, stream, "AAA", DAY, 1);
    settle (self);
    assert_true (entry_id_compare (self->place.floor, id_at (DAY, 0)) == 0);
    enter (self, stream, "AAA", DAY + 1, 0);
    turn (self);
    assert_true (take_places (self));
    assert_int_equal (self->place.day, DAY); /* nothing of the second date is committed */
    settle (self);
    assert_int_equal (self->place.closed, DAY);
    assert_int_equal (self->place.day, DAY + 1);
    assert_true (entry_id_compare (self->place.floor, id_at (DAY + 1, 0)) == 0);
    assert_true (flow_is_even (self->flow));
    bench_destroy (self);
}

/* With long candles a date's last one is complete with the next date's first entry: until that is
 * committed, the date stays. */
static void test_floor_waits_for_buckets (void **state)
{
    (void) state;
    bench_t *self = bench_new ();
    self->config.clocks = true;
    bench_start (self, 1, NULL);
    uint32_t stream = begin_symbol (self, "s", "AAA");
    settle (self); /* all of the first date is committed */
    enter (self, stream, "AAA", DAY + 1, 0);
    turn (self);
    wire_shard_state_t *shard = &self->shards[shard_of ("AAA")];
    shard->sequence--; /* but for the last item */
    self->places = 1;
    hear_collector (self);
    while (take_places (self)) {
        assert_int_equal (self->place.closed, DAY_NONE);
        hear_collector (self);
    }
    shard->sequence++;
    settle (self);
    assert_int_equal (self->place.closed, DAY);
    bench_destroy (self);
}

/* The clock closes a date; where candles are long, it is let go when that clock is committed. */
static void test_clock_closes (void **state)
{
    (void) state;
    for (int clocks = 0; clocks < 2; clocks++) {
        bench_t *self = bench_new ();
        self->config.clocks = clocks;
        bench_start (self, 1, NULL);
        uint32_t stream = begin_symbol (self, "s", "AAA");
        int64_t end_ms = exchange_midnight (DAY + 1) * 1000;
        flow_clock (self->flow, stream, end_ms + self->config.day_timeout_ms);
        for (int i = 0; i < 3; i++) {
            settle (self);
        }
        assert_int_equal (self->place.closed, DAY_NONE);
        flow_clock (self->flow, stream, end_ms + self->config.day_timeout_ms + 1000);
        for (int i = 0; i < 3; i++) {
            settle (self);
        }
        assert_int_equal (self->place.closed, DAY);
        assert_int_equal (self->place.day, DAY_NONE);
        assert_true (entry_id_compare (self->place.floor, id_at (DAY, 0)) == 0);
        assert_int_equal (count_events (self, WIRE_CLOCK, NULL) > 0, clocks);
        bench_destroy (self);
    }
}

/* A stream's position is journaled only when no symbol waits to be: of those seen up to it, all are in
 * the journal. PLACES are repeated until they are stored. */
static void test_places (void **state)
{
    (void) state;
    bench_t *self = bench_start (bench_new (), 1, NULL);
    uint32_t stream = add_stream (self, "s");
    enter (self, stream, "AAA", DAY, 0);
    enter (self, stream, "BBB", DAY, 1);
    assert_true (take_places (self));
    assert_int_equal (self->place_count, 2);
    assert_int_equal (self->stream_count, 1);
    assert_true (entry_id_compare (self->stream_position, id_at (DAY, 1)) == 0);
    uint64_t number = self->places;
    enter (self, stream, "CCC", DAY, 2);
    assert_false (take_places (self)); /* one at a time */
    self->now += 1000;
    assert_true (take_places (self));
    assert_int_equal (self->places, number);
    assert_false (flow_is_even (self->flow));
    hear_collector (self);
    assert_true (take_places (self));
    assert_int_equal (self->places, number + 1);
    assert_string_equal (self->place.symbol, "CCC");
    bench_destroy (self);
}

/* After a restart the main reader begins at the least floor, and each symbol at its own. */
static void test_known (void **state)
{
    (void) state;
    wire_place_t places[2] = {
        {.symbol = "AAA", .stream = "s", .closed = DAY - 1, .day = DAY, .floor = id_at (DAY, 3)},
        {.symbol = "BBB", .stream = "s", .closed = DAY, .day = DAY_NONE, .floor = id_at (DAY, 5)}};
    wire_stream_place_t position = {"s", id_at (DAY, 9)};
    bench_t *self = bench_start (
        bench_new (), 1,
        &(wire_places_t){
            .symbol_count = 2, .symbols = places, .stream_count = 1, .streams = &position});
    uint32_t stream = add_stream (self, "s");
    assert_true (entry_id_compare (flow_position (self->flow, stream),
                                   entry_id_before (id_at (DAY, 3))) == 0);
    enter (self, stream, "AAA", DAY, 3);
    enter (self, stream, "BBB", DAY, 4); /* lies behind its place */
    enter (self, stream, "BBB", DAY, 6); /* its date is closed */
    settle (self);
    assert_int_equal (stats_of (self).candles, 1);
    assert_int_equal (stats_of (self).late, 1);
    assert_int_equal (stats_of (self).unattached, 0);
    assert_int_equal (count_events (self, WIRE_CANDLES, "AAA"), 1);
    assert_int_equal (count_events (self, WIRE_CANDLES, "BBB"), 0);
    assert_int_equal (stats_of (self).gaps, 0);
    bench_destroy (self);
}

/* ---- gaps ---- */

/* A known date whose first entry is gone gives nothing; with --incomplete scan it is scanned from what
 * there is. The next date is as good as ever. */
static void test_gap (void **state)
{
    (void) state;
    for (int incomplete = 0; incomplete < 2; incomplete++) {
        wire_place_t place = {
            .symbol = "AAA", .stream = "s", .closed = DAY - 1, .day = DAY, .floor = id_at (DAY, 0)};
        bench_t *self = bench_new ();
        self->config.incomplete_scan = incomplete;
        bench_start (self, 1, &(wire_places_t){.symbol_count = 1, .symbols = &place});
        uint32_t stream = add_stream (self, "s");
        enter (self, stream, "AAA", DAY, 4);
        enter (self, stream, "AAA", DAY, 5);
        settle (self);
        const flow_read_t *read = flow_next_read (self->flow);
        if (read) {
            answer (self, read, "AAA", DAY, 4, 5);
        }
        settle (self);
        assert_int_equal (stats_of (self).gaps, 1);
        assert_int_equal (count_events (self, WIRE_CANDLES, "AAA"), incomplete ? 2 : 0);
        enter (self, stream, "AAA", DAY + 1, 0);
        settle (self);
        while ((read = flow_next_read (self->flow))) {
            answer (self, read, "AAA", DAY + 1, 0, 0);
        }
        settle (self);
        assert_int_equal (last_event (self, WIRE_CANDLES)->ts, exchange_ts (DAY + 1, 600));
        bench_destroy (self);
    }
}

/* A stream that is trimmed between the first reading of a symbol's first entry and the second: the
 * date is given up, and the worker never gets a candle without its reference data. */
static void test_gap_before_attach (void **state)
{
    (void) state;
    bench_t *self = bench_start (bench_new (), 1, NULL);
    uint32_t stream = add_stream (self, "s");
    enter (self, stream, "AAA", DAY, 0);
    settle (self);
    const flow_read_t *read = flow_next_read (self->flow);
    assert_non_null (read);
    flow_again_end (self->flow, read); /* nothing is left of it */
    enter (self, stream, "AAA", DAY, 1);
    settle (self);
    assert_int_equal (stats_of (self).gaps, 1);
    assert_int_equal (count_events (self, WIRE_CANDLES, "AAA"), 0);
    bench_destroy (self);
}

/* Of two open dates both beginnings are gone: neither gives anything, though the second was read before
 * the stream was trimmed. */
static void test_gap_of_two (void **state)
{
    (void) state;
    bench_t *self = bench_start (bench_new (), 1, NULL);
    uint32_t stream = begin_symbol (self, "s", "AAA");
    enter (self, stream, "AAA", DAY + 1, 0);
    enter (self, stream, "AAA", DAY + 1, 1);
    flow_changed (self->flow, "AAA");
    self->event_count = 0;
    answer (self, flow_next_read (self->flow), "AAA", DAY + 1, 1, 1);
    settle (self);
    assert_int_equal (stats_of (self).gaps, 2);
    assert_int_equal (count_events (self, WIRE_CANDLES, "AAA"), 0);
    assert_int_equal (self->place.closed, DAY + 1);
    bench_destroy (self);
}

/* A stream that is trimmed past what is still to be read again, of a date that had begun: the shard begins
 * anew, and finds that the date's beginning is gone. While all is attached nothing happens. */
static void test_hole (void **state)
{
    (void) state;
    bench_t *self = bench_new ();
    self->config.window_bytes = 12000;
    bench_start (self, 1, NULL);
    uint32_t stream = begin_symbol (self, "s", "AAA");
    uint64_t rewinds = stats_of (self).rewinds;
    flow_look (self->flow, stream, true, id_at (DAY, 1), id_at (DAY, 1));
    assert_int_equal (stats_of (self).rewinds, rewinds);
    int minute = 1;
    while (stats_of (self).detaches == 0) {
        enter (self, stream, "AAA", DAY, minute++);
        flow_flush (self->flow, self->now, false);
    }
    enter (self, stream, "AAA", DAY, minute);
    flow_look (self->flow, stream, true, id_at (DAY, minute), id_at (DAY, minute));
    assert_int_equal (stats_of (self).rewinds, rewinds + 1);
    turn (self);
    hear_worker (self, 0);
    self->event_count = 0;
    answer (self, flow_next_read (self->flow), "AAA", DAY, minute, minute);
    settle (self);
    assert_int_equal (stats_of (self).gaps, 1);
    assert_int_equal (count_events (self, WIRE_CANDLES, "AAA"), 0);
    bench_destroy (self);
}

/* Ids that went backwards: the stream is read from its start, open dates are given up, said and
 * counted. */
static void test_backwards (void **state)
{
    (void) state;
    bench_t *self = bench_start (bench_new (), 1, NULL);
    uint32_t stream = begin_symbol (self, "s", "AAA");
    flow_look (self->flow, stream, true, id_at (DAY, 0), id_at (DAY, 0));
    assert_int_equal (stats_of (self).backwards, 0);
    entry_id_t newest = id_at (DAY, -5);
    flow_look (self->flow, stream, true, newest, newest);
    assert_int_equal (stats_of (self).backwards, 1);
    assert_int_equal (stats_of (self).gaps, 1);
    assert_true (entry_id_compare (flow_position (self->flow, stream), (entry_id_t){0, 0}) == 0);
    settle (self);
    assert_int_equal (self->place.closed, DAY);
    assert_int_equal (self->place.day, DAY_NONE);
    enter (self, stream, "AAA", DAY + 1, 0);
    settle (self);
    assert_int_equal (last_event (self, WIRE_CANDLES)->ts, exchange_ts (DAY + 1, 600));
    bench_destroy (self);
}

/* ---- windows ---- */

/* A worker without room is detached: what comes is read again, nothing is lost, nothing doubled, and
 * not before half of its window is free. */
static void test_detach (void **state)
{
    (void) state;
    bench_t *self = bench_new ();
    self->config.window_bytes = 12000;
    bench_start (self, 1, NULL);
    uint32_t stream = begin_symbol (self, "s", "AAA");
    int minute = 1;
    while (stats_of (self).detaches == 0) {
        assert_true (minute < 500);
        enter (self, stream, "AAA", DAY, minute++);
        flow_flush (self->flow, self->now, false);
    }
    assert_int_equal (stats_of (self).unattached, 1);
    enter (self, stream, "AAA", DAY, minute++);
    assert_null (flow_next_read (self->flow)); /* no room */
    turn (self);
    hear_worker (self, 0);
    const flow_read_t *read = flow_next_read (self->flow);
    assert_non_null (read);
    assert_null (flow_next_read (self->flow)); /* one at a time */
    assert_true (entry_id_compare (read->after[0], id_at (DAY, minute - 3)) == 0);
    answer (self, read, "AAA", DAY, 1, minute - 1);
    turn (self);
    assert_int_equal (stats_of (self).unattached, 0);
    assert_int_equal (count_events (self, WIRE_CANDLES, "AAA"), minute);
    assert_int_equal (last_event (self, WIRE_CANDLES)->ts, exchange_ts (DAY, 600 + minute - 1));
    assert_int_equal (stats_of (self).again, 3); /* its first, and the last two */
    bench_destroy (self);
}

/* The main reader waits while the only worker is behind, for symbols that attach and for room; not for
 * symbols that never attach, and not when another worker is there to go on for. */
static void test_waits (void **state)
{
    (void) state;
    bench_t *self = bench_new ();
    self->config.window_bytes = 12000;
    bench_start (self, 1, NULL);
    uint32_t stream = add_stream (self, "s");
    assert_true (flow_has_room (self->flow));
    enter (self, stream, "AAA", DAY, 0);
    for (int i = 0; i < 9; i++) {
        turn (self);
        assert_false (flow_has_room (self->flow));
    }
    turn (self);
    assert_true (flow_has_room (self->flow));
    settle (self);
    answer (self, flow_next_read (self->flow), "AAA", DAY, 0, 0);
    assert_true (flow_has_room (self->flow));
    for (int minute = 1; flow_has_room (self->flow); minute++) {
        assert_true (minute < 500);
        enter (self, stream, "AAA", DAY, minute);
        flow_flush (self->flow, self->now, false);
    }
    assert_int_equal (stats_of (self).detaches, 0);
    join (self, 1);
    assert_true (flow_has_room (self->flow));
    bench_destroy (self);
}

/* A worker joins and is to own a symbol's shard: its owner is asked for it, its state goes along, its sequence
 * goes on, and nothing is read again. Until all is committed and the state is there, it is the old owner's. */
static void test_move (void **state)
{
    (void) state;
    bench_t *self = bench_new ();
    bench_start (self, 1, NULL);
    uint32_t stream = begin_symbol (self, "s", "AAA");
    unsigned shard = shard_of ("AAA");
    const char *names[] = {"worker-0", "worker-1", "worker-2"};
    int next =
        shard_owner (shard, names, WORKERS); /* whoever takes it over, if it is not worker-0 */
    if (next == 0) {
        fail_msg ("AAA is worker-0's whoever lives: take another symbol");
    }
    enter (self, stream, "AAA", DAY, 1);
    session_t before = generation_of (self, shard);
    uint64_t rewinds = stats_of (self).rewinds;
    for (uint32_t w = 1; w < WORKERS; w++) {
        join (self, w);
    }
    const event_t *yield = NULL;
    for (int i = 0; i < 200 && !yield; i++) { /* a few shards move at a time */
        turn (self);
        for (size_t e = self->event_count; e-- > 0 && !yield;) {
            bool is_it = self->events[e].kind == WIRE_YIELD && self->events[e].shard == shard;
            yield = is_it ? &self->events[e] : NULL;
        }
    }
    assert_non_null (yield);
    assert_int_equal (owner_of (self, shard), 0);
    uint64_t sequence = self->shards[shard].sequence;
    hand_over (self, yield, sequence - 1); /* not of what was sent */
    event_t old = *yield;
    old.generation.counter--;
    hand_over (self, &old, sequence); /* of an older generation */
    hand_over (self, yield, sequence);
    assert_int_equal (owner_of (self, shard), 0); /* not committed yet */
    hear_collector (self);
    assert_int_equal (owner_of (self, shard), next);
    assert_true (session_compare (generation_of (self, shard), before) > 0);
    turn (self);
    const event_t *begin = last_event (self, WIRE_BEGIN);
    assert_int_equal (begin->shard, shard);
    assert_int_equal (begin->worker, next);
    assert_int_equal (begin->state_size, 5);
    assert_null (flow_next_read (self->flow));
    enter (self, stream, "AAA", DAY, 2); /* take_object holds the sequence against the one before */
    turn (self);
    assert_int_equal (last_event (self, WIRE_CANDLES)->worker, next);
    assert_int_equal (count_events (self, WIRE_CANDLES, "AAA"), 3);
    assert_int_equal (count_events (self, WIRE_REFERENCE, "AAA"), 1);
    assert_true (stats_of (self).handed >= 1);
    assert_true (stats_of (self).rewinds >= rewinds);
    bench_destroy (self);
}

/* A worker that wants to leave, and does not answer for a second: its symbol is read again by the other. It has
 * left when nothing is its own. */
static void test_leave (void **state)
{
    (void) state;
    bench_t *self = bench_new ();
    bench_start (self, 2, NULL);
    begin_symbol (self, "s", "AAA");
    unsigned shard = shard_of ("AAA");
    uint32_t owner = owner_of (self, shard), other = 1 - owner;
    assert_false (flow_has_left (self->flow, owner));
    for (int i = 0; i < 100 && !flow_has_left (self->flow, owner); i++) {
        say_worker (self, owner,
                    (wire_live_worker_t){.link = {.last = self->last[owner]},
                                         .consumed = self->bytes[owner],
                                         .leaving = true});
        hear_worker (self, other);
        turn (self);
        hear_collector (self);
    }
    assert_true (flow_has_left (self->flow, owner));
    assert_int_equal (owner_of (self, shard), other);
    assert_true (stats_of (self).moves > 0);
    assert_int_equal (stats_of (self).handed, 0);
    const flow_read_t *read = flow_next_read (self->flow);
    assert_non_null (read);
    assert_int_equal (read->worker, other);
    bench_destroy (self);
}

/* Reference data is counted before it is read: of symbols that lack it no more are read again than have
 * room with it. */
static void test_reference_has_room (void **state)
{
    enum { SYMBOLS = 50, FIT = 10 };
    (void) state;
    bench_t *self = bench_new ();
    self->config.window_bytes = 2 * FIT * 16384;
    bench_start (self, 1, NULL);
    for (int i = 0; i < SYMBOLS; i++) {
        char name[8];
        snprintf (name, sizeof name, "S%d", i);
        enter (self, add_stream (self, name), name, DAY, 0);
    }
    settle (self);
    const flow_read_t *read = flow_next_read (self->flow);
    assert_non_null (read);
    assert_int_equal (read->count, FIT);
    bench_destroy (self);
}

/* The main reader moved on while a request was under way: the next one holds it, and they meet. */
static void test_holds (void **state)
{
    (void) state;
    bench_t *self = bench_start (bench_new (), 1, NULL);
    uint32_t stream = add_stream (self, "s");
    enter (self, stream, "AAA", DAY, 0);
    settle (self);
    const flow_read_t *read = flow_next_read (self->flow);
    assert_non_null (read);
    assert_false (read->holds);
    enter (self, stream, "AAA", DAY, 1);
    answer (self, read, "AAA", DAY, 0, 0);
    assert_int_equal (stats_of (self).unattached, 1);
    read = flow_next_read (self->flow);
    assert_non_null (read);
    assert_true (read->holds);
    assert_true (entry_id_compare (read->after[0], id_at (DAY, 0)) == 0);
    answer (self, read, "AAA", DAY, 1, 1);
    assert_int_equal (stats_of (self).unattached, 0);
    turn (self);
    assert_int_equal (count_events (self, WIRE_CANDLES, "AAA"), 2);
    bench_destroy (self);
}

/* A request that failed is made again; the answer to one from before a rewind is dropped. */
static void test_old_answer (void **state)
{
    (void) state;
    bench_t *self = bench_start (bench_new (), 1, NULL);
    uint32_t stream = add_stream (self, "s");
    enter (self, stream, "AAA", DAY, 0);
    settle (self);
    flow_again_fail (self->flow, flow_next_read (self->flow));
    const flow_read_t *read = flow_next_read (self->flow);
    assert_non_null (read);
    flow_changed (self->flow, "AAA");
    answer (self, read, "AAA", DAY, 0, 0);
    turn (self);
    assert_int_equal (count_events (self, WIRE_CANDLES, "AAA"), 0);
    read = flow_next_read (self->flow);
    assert_non_null (read);
    answer (self, read, "AAA", DAY, 0, 0);
    turn (self);
    assert_int_equal (count_events (self, WIRE_CANDLES, "AAA"), 1);
    bench_destroy (self);
}

/* ---- reference data ---- */

/* Changed files: the symbol's shard begins anew, with its reference data, from its floor. */
static void test_changed (void **state)
{
    (void) state;
    bench_t *self = bench_start (bench_new (), 1, NULL);
    begin_symbol (self, "s", "AAA");
    session_t before = generation_of (self, shard_of ("AAA"));
    flow_changed (self->flow, "AAA");
    flow_changed (self->flow, "never seen");
    session_t after = generation_of (self, shard_of ("AAA"));
    assert_true (session_compare (before, after) < 0);
    const flow_read_t *read = flow_next_read (self->flow);
    assert_non_null (read);
    answer (self, read, "AAA", DAY, 0, 0);
    turn (self);
    assert_int_equal (count_events (self, WIRE_REFERENCE, "AAA"), 2);
    const event_t *candle = last_event (self, WIRE_CANDLES);
    assert_true (session_compare (candle->generation, after) == 0);
    assert_int_equal (candle->sequence, 1);
    bench_destroy (self);
}

/* Reference data sent ahead is sent once, and not again with the first candle. */
static void test_prepare (void **state)
{
    (void) state;
    bench_t *self = bench_start (bench_new (), 1, NULL);
    uint32_t stream = begin_symbol (self, "s", "AAA");
    begin_symbol (self, "t", "BBB");
    assert_int_equal (flow_prepare (self->flow, DAY + 1, 1), FLOW_PREPARES);
    assert_int_equal (flow_prepare (self->flow, DAY + 1, 10), FLOW_PREPARED);
    assert_int_equal (flow_prepare (self->flow, DAY + 1, 10), FLOW_PREPARED);
    assert_int_equal (flow_prepare (self->flow, DAY, 10), FLOW_PREPARED); /* it is under way */
    assert_int_equal (stats_of (self).prepared, 2);
    enter (self, stream, "AAA", DAY + 1, 0);
    turn (self);
    assert_int_equal (count_events (self, WIRE_REFERENCE, "AAA"), 2);
    assert_int_equal (count_events (self, WIRE_REFERENCE, "BBB"), 2);
    assert_int_equal (last_event (self, WIRE_CANDLES)->ts, exchange_ts (DAY + 1, 600));
    bench_destroy (self);
}

/* ---- sessions ---- */

/* A gap on either hop, and a new collector, begin a new session, with a BEGIN for every shard. */
static void test_sessions (void **state)
{
    (void) state;
    bench_t *self = bench_start (bench_new (), 1, NULL);
    uint64_t sessions = stats_of (self).sessions;
    session_t first = self->session[0];
    say_worker (self, 0, (wire_live_worker_t){.link = {.gap = true}});
    turn (self);
    assert_int_equal (stats_of (self).sessions, ++sessions);
    assert_true (session_compare (self->session[0], first) > 0);
    assert_int_equal (count_events (self, WIRE_BEGIN, NULL), 2 * SHARD_COUNT);
    wire_link_state_t link = {.worker = 0, .link = {.session = first, .gap = true}};
    say_collector (self, (wire_live_collector_t){.able = true, .link_count = 1, .links = &link});
    assert_int_equal (stats_of (self).sessions, sessions); /* of the one before */
    link.link.session = self->session[0];
    say_collector (self, (wire_live_collector_t){.able = true, .link_count = 1, .links = &link});
    assert_int_equal (stats_of (self).sessions, ++sessions);
    self->collector++;
    self->collector_serial = 0;
    hear_collector (self);
    assert_int_equal (stats_of (self).sessions, ++sessions);
    bench_destroy (self);
}

/* Commits of another generation, and states that are older than one heard, count for nothing. */
static void test_old_states (void **state)
{
    (void) state;
    bench_t *self = bench_start (bench_new (), 1, NULL);
    uint32_t stream = begin_symbol (self, "s", "AAA");
    enter (self, stream, "AAA", DAY, 1);
    turn (self);
    assert_int_equal (stats_of (self).outstanding_shards, 1);
    wire_shard_state_t committed = self->shards[shard_of ("AAA")];
    committed.generation.counter--;
    wire_live_collector_t said = {.able = true, .shard_count = 1, .shards = &committed};
    say_collector (self, said);
    assert_int_equal (stats_of (self).outstanding_shards, 1);
    committed.generation.counter++;
    self->collector_serial -= 2;
    say_collector (self, said);
    assert_int_equal (stats_of (self).outstanding_shards, 1);
    self->collector_serial++;
    say_collector (self, said);
    assert_int_equal (stats_of (self).outstanding_shards, 0);
    bench_destroy (self);
}

/* A link on which something is outstanding and nothing moves for 10 s, though both ends are able, begins
 * a new session; while an end is not able, the time does not count. */
static void test_standing_link (void **state)
{
    (void) state;
    bench_t *self = bench_start (bench_new (), 1, NULL);
    uint32_t stream = begin_symbol (self, "s", "AAA");
    uint64_t sessions = stats_of (self).sessions;
    enter (self, stream, "AAA", DAY, 1);
    turn (self);
    wire_live_worker_t standing = {.link = {.last = self->last[0] - 1}};
    say_worker (self, 0, standing);
    for (int i = 0; i < 300; i++) {
        say_worker (self, 0, standing);
        say_collector (self, (wire_live_collector_t){.able = i >= 100});
        turn (self);
        if (i == 150) {
            assert_int_equal (stats_of (self).sessions, sessions);
        }
        if (stats_of (self).sessions > sessions) {
            assert_in_range (i, 195, 205);
            bench_destroy (self);
            return;
        }
    }
    fail_msg ("the standing link was not noticed");
}

/* ---- workers lost ---- */

/* A worker is lost after 3 s of silence in the turns of a loop that runs; a pause of our own is
 * nobody's silence. One that is heard again begins a new session. */
static void test_silence (void **state)
{
    (void) state;
    bench_t *self = bench_start (bench_new (), 2, NULL);
    self->now += 60000;
    turn (self);
    flow_worker_stats_t stats;
    flow_worker_stats (self->flow, 1, self->now, &stats);
    assert_true (stats.live);
    assert_true (stats.shards > 50);
    for (int i = 0; i < 32; i++) {
        turn (self);
        hear_worker (self, 0);
    }
    flow_worker_stats (self->flow, 1, self->now, &stats);
    assert_false (stats.live);
    assert_int_equal (stats.shards, 0);
    uint64_t sessions = stats_of (self).sessions;
    hear_worker (self, 1);
    assert_int_equal (stats_of (self).sessions, sessions + 1);
    settle (self);
    flow_worker_stats (self->flow, 1, self->now, &stats);
    assert_true (stats.shards > 50);
    bench_destroy (self);
}

/* A worker that is being started again keeps its shards for a second; then they go to others. */
static void test_returns (void **state)
{
    (void) state;
    bench_t *self = bench_start (bench_new (), 2, NULL);
    flow_worker_stats_t stats;
    lose (self, 1, false, true);
    for (int i = 0; i < 9; i++) {
        turn (self);
        hear_worker (self, 0);
    }
    flow_worker_stats (self->flow, 1, self->now, &stats);
    assert_true (stats.shards > 50);
    for (int i = 0; i < 3; i++) {
        turn (self);
        hear_worker (self, 0);
    }
    flow_worker_stats (self->flow, 1, self->now, &stats);
    assert_int_equal (stats.shards, 0);
    lose (self, 0, false, false);
    turn (self);
    assert_int_equal (owner_of (self, 0), UINT32_MAX); /* nobody is left */
    join (self, 1);
    settle (self);
    assert_int_equal (owner_of (self, 0), 1);
    bench_destroy (self);
}

/* After a fault a worker gets nothing for 10 s while others live, then 20 s; alone it gets all. */
static void test_probation (void **state)
{
    (void) state;
    bench_t *self = bench_start (bench_new (), 2, NULL);
    flow_worker_stats_t stats;
    for (int death = 1; death <= 2; death++) {
        lose (self, 1, true, true);
        turn (self);
        join (self, 1);
        uint64_t from = self->now;
        do {
            assert_true (self->now - from < 60000);
            settle (self);
            flow_worker_stats (self->flow, 1, self->now, &stats);
        } while (stats.shards == 0);
        assert_in_range (self->now - from, (uint64_t) death * 10000 - 200,
                         (uint64_t) death * 10000 + 1500);
    }
    lose (self, 1, true, true);
    lose (self, 0, false, false);
    turn (self);
    join (self, 1);
    settle (self);
    assert_int_equal (owner_of (self, 0), 1);
    bench_destroy (self);
}

/* Answers with the first minute of each stream, whose names are its symbols. How many there were. */
static uint32_t answer_all (bench_t *self, const flow_read_t *read)
{
    uint32_t count = read->count;
    for (uint32_t k = 0; k < count; k++) {
        candle_t candle = candle_at (DAY, 0);
        const char *symbol = flow_stream_name (self->flow, read->streams[k]);
        flow_again (self->flow, read, k, id_at (DAY, 0), symbol, &candle);
    }
    flow_again_end (self->flow, read);
    return count;
}

/* What kills its workers is read alone, after all others, and set aside at the third death; nothing
 * else is. */
static void test_aside (void **state)
{
    (void) state;
    bench_t *self = bench_start (bench_new (), 1, NULL);
    begin_symbol (self, "AAA", "AAA");
    begin_symbol (self, "BBB", "BBB");
    flow_changed (self->flow, "AAA");
    flow_changed (self->flow, "BBB");
    assert_int_equal (answer_all (self, flow_next_read (self->flow)), 2);
    turn (self); /* both are outstanding: either may be it */
    unsigned innocent = shard_of ("AAA") < shard_of ("BBB") ? shard_of ("AAA") : shard_of ("BBB");
    for (int death = 1; death <= 3; death++) {
        lose (self, 0, true, true);
        turn (self);
        join (self, 0);
        settle (self);
        const flow_read_t *read = flow_next_read (self->flow);
        assert_non_null (read);
        assert_int_equal (answer_all (self, read), 1);
        if (death == 1) {
            turn (self);
            assert_int_equal (last_event (self, WIRE_CANDLES)->shard, innocent);
            assert_null (flow_next_read (self->flow)); /* not before that is committed */
        }
        settle (self);
        read = flow_next_read (self->flow);
        assert_true (death == 3 ? !read : read && answer_all (self, read) == 1);
        turn (self);
    }
    assert_int_equal (stats_of (self).aside, 1);
    assert_int_equal (owner_of (self, innocent), 0);
    settle (self);
    assert_true (flow_is_even (self->flow));
    bench_destroy (self);
}

/* ---- brokers, replays ---- */

/* A shard that a newer broker claimed, or a newer epoch, says that we are to stop. */
static void test_replaced (void **state)
{
    (void) state;
    bench_t *self = bench_start (bench_new (), 1, NULL);
    assert_false (flow_is_replaced (self->flow));
    wire_shard_state_t claimed = {.shard = 3, .claim = EPOCH + 1};
    say_collector (self,
                   (wire_live_collector_t){.able = true, .shard_count = 1, .shards = &claimed});
    assert_true (flow_is_replaced (self->flow));
    bench_destroy (self);
    self = bench_start (bench_new (), 1, NULL);
    say_collector (self, (wire_live_collector_t){.able = true, .epoch = EPOCH + 1});
    assert_true (flow_is_replaced (self->flow));
    bench_destroy (self);
}

/* The minutes first to last, the source having more or not; what is sent is taken. Returns how many candles
 * the worker was sent so far. */
static size_t enter_run (bench_t *self, uint32_t stream, int first, int last, bool more)
{
    for (int minute = first; minute <= last; minute++) {
        enter (self, stream, "AAA", DAY, minute);
    }
    flow_flush (self->flow, self->now, more);
    take_messages (self, 0);
    return count_events (self, WIRE_CANDLES, "AAA");
}

static uint64_t under_way (const bench_t *self)
{
    flow_worker_stats_t stats;
    flow_worker_stats (self->flow, 0, self->now, &stats);
    return stats.in_flight;
}

/* While the source has more, what is for a worker that has enough to do gathers; it goes when the source
 * has no more, or when the worker has less. What is gathered counts as under way to the worker. */
static void test_gathering (void **state)
{
    (void) state;
    enum { WINDOW = 40000, ENOUGH = WINDOW / 8, ROW = 60 };
    bench_t *self = bench_new ();
    self->config.window_bytes = WINDOW;
    bench_start (self, 1, NULL);
    uint32_t stream = begin_symbol (self, "s", "AAA");
    int minute = 1;
    for (; under_way (self) < ENOUGH; minute++) {
        assert_int_equal (enter_run (self, stream, minute, minute, true), minute + 1);
    }
    uint64_t before = under_way (self);
    assert_int_equal (enter_run (self, stream, minute, minute + 4, true), minute);
    assert_int_equal (under_way (self), before + (uint64_t) 5 * ROW);
    assert_int_equal (enter_run (self, stream, minute + 5, minute + 5, false), minute + 6);
    const event_t *last = last_event (self, WIRE_CANDLES);
    assert_int_equal (last[-5].sequence, last->sequence); /* six in one item */
    assert_int_equal (last[-6].sequence, last->sequence - 1);
    minute += 6;
    assert_int_equal (enter_run (self, stream, minute, minute, true), minute);
    hear_worker (self, 0);
    assert_int_equal (under_way (self), ROW);
    assert_int_equal (enter_run (self, stream, minute + 1, minute + 1, true), minute + 2);
    flow_changed (self->flow, "AAA"); /* what a shard gathered goes with its generation */
    settle (self);
    assert_int_equal (under_way (self), 0);
    bench_destroy (self);
}

/* While there is more, the shards' batches are closed in turn, and only until the worker has enough: those that
 * were left are the first of the next time, and by then twice as long. */
static void test_in_turn (void **state)
{
    (void) state;
    enum { WINDOW = 40000, ENOUGH = WINDOW / 8, ROW = 60, SHARDS = 8, ROWS = 20 };
    static const char *const names[SHARDS] = {"AAA", "BBB", "CCC", "DDD",
                                              "EEE", "FFF", "GGG", "HHH"};
    bench_t *self = bench_new ();
    self->config.window_bytes = WINDOW;
    bench_start (self, 1, NULL);
    uint32_t streams[SHARDS];
    for (int i = 0; i < SHARDS; i++) {
        streams[i] = begin_symbol (self, names[i], names[i]);
    }
    hear_worker (self, 0);
    size_t went[3] = {
        0}; /* shards whose rows went in the first and in the second time, and how many rows */
    bool first[SHARDS] = {false};
    for (int time = 0; time < 2; time++) {
        assert_int_equal (under_way (self), went[0] ? (SHARDS - went[0]) * (size_t) ROWS * ROW : 0);
        for (int i = 0; i < SHARDS; i++) {
            for (int minute = 1; minute <= ROWS; minute++) {
                enter (self, streams[i], names[i], DAY, time * ROWS + minute);
            }
        }
        flow_flush (self->flow, self->now, true);
        take_messages (self, 0);
        for (int i = 0; i < SHARDS; i++) {
            size_t rows = count_events (self, WIRE_CANDLES, names[i]) - 1;
            if (time == 0) {
                first[i] = rows > 0;
                assert_int_equal (rows, first[i] ? ROWS : 0);
                went[0] += first[i];
            } else if (!first[i]) {
                assert_true (rows == 0 || rows == (size_t) 2 * ROWS);
                went[1] += rows > 0;
            }
            went[2] += time == 1 && first[i] && rows > ROWS;
        }
        hear_worker (self, 0);
    }
    assert_in_range (went[0], ENOUGH / (ROWS * ROW + 300), ENOUGH / (ROWS * ROW) + 1);
    assert_in_range (went[1], 1, went[0] - 1); /* they are longer */
    assert_int_equal (went[2], 0);             /* not yet their turn */
    flow_flush (self->flow, self->now, false);
    take_messages (self, 0);
    for (int i = 0; i < SHARDS; i++) {
        assert_int_equal (count_events (self, WIRE_CANDLES, names[i]), 1 + 2 * ROWS);
    }
    bench_destroy (self);
}

/* Reference data goes ahead only while little is under way to the worker: candles would wait behind it. */
static void test_prepare_waits (void **state)
{
    (void) state;
    bench_t *self = bench_new ();
    self->config.window_bytes = 16000;
    bench_start (self, 1, NULL);
    uint32_t stream = begin_symbol (self, "s", "AAA");
    hear_worker (self, 0);
    enter_run (self, stream, 1, 20, false);
    assert_int_equal (flow_prepare (self->flow, DAY + 1, 10), FLOW_PREPARE_WAITS);
    assert_int_equal (stats_of (self).prepared, 0);
    hear_worker (self, 0);
    assert_int_equal (flow_prepare (self->flow, DAY + 1, 10), FLOW_PREPARED);
    assert_int_equal (stats_of (self).prepared, 1);
    bench_destroy (self);
}

/* What is gathered for a worker that has enough is bounded: by half of its window. */
static void test_gathered_bound (void **state)
{
    (void) state;
    enum { WINDOW = 40000, ROW = 60 };
    bench_t *self = bench_new ();
    self->config.window_bytes = WINDOW;
    bench_start (self, 1, NULL);
    uint32_t stream = begin_symbol (self, "s", "AAA");
    hear_worker (self, 0);
    size_t taken = enter_run (self, stream, 1, 100, true); /* it has enough: 6,000 bytes */
    assert_int_equal (taken, 101);
    assert_int_equal (enter_run (self, stream, 101, 101 + WINDOW / 2 / ROW - 1, true), taken);
    assert_true (enter_run (self, stream, 500, 501, true) > taken);
    bench_destroy (self);
}

/* A batch is closed when it is long enough, whatever the worker has to do. */
static void test_long_batch (void **state)
{
    (void) state;
    bench_t *self = bench_start (bench_new (), 1, NULL);
    uint32_t stream = begin_symbol (self, "s", "AAA");
    assert_int_equal (enter_run (self, stream, 1, 600, false), 601);
    const event_t *last = last_event (self, WIRE_CANDLES);
    assert_int_equal (last->sequence, 3);
    assert_int_equal (last[-88].sequence, 2);
    assert_int_equal (last[-87].sequence, 3); /* the 513th of the run */
    bench_destroy (self);
}

/* A symbol is named once in a generation: with its first candle. */
static void test_named_once (void **state)
{
    (void) state;
    bench_t *self = bench_start (bench_new (), 1, NULL);
    uint32_t stream = begin_symbol (self, "s", "AAA");
    unsigned shard = shard_of ("AAA");
    assert_int_equal (self->named.shards[shard].count, 1);
    enter_run (self, stream, 1, 3, false);
    assert_int_equal (self->named.shards[shard].count, 1);
    flow_changed (self->flow, "AAA");
    settle (self);
    answer (self, flow_next_read (self->flow), "AAA", DAY, 0, 3);
    settle (self);
    assert_int_equal (count_events (self, WIRE_CANDLES, "AAA"), 8);
    assert_int_equal (self->named.shards[shard].count, 1);
    assert_true (
        session_compare (self->named.shards[shard].generation, generation_of (self, shard)) == 0);
    bench_destroy (self);
}

/* A replay waits for room instead of detaching; at its end, once all is attached, each shard is told, and
 * the flow is even when that is committed. */
static void test_replay_end (void **state)
{
    (void) state;
    bench_t *self = bench_new ();
    self->config.waits = true;
    self->config.window_bytes = 12000;
    bench_start (self, 1, NULL);
    uint32_t stream = begin_symbol (self, "s", "AAA");
    int minute = 1;
    while (flow_has_room (self->flow)) {
        assert_true (minute < 500);
        enter (self, stream, "AAA", DAY, minute++);
        flow_flush (self->flow, self->now, false);
    }
    enter (self, stream, "AAA", DAY, minute++);
    flow_end (self->flow);
    settle (self);
    assert_int_equal (stats_of (self).detaches, 0);
    assert_true (flow_has_room (self->flow));
    assert_int_equal (count_events (self, WIRE_CANDLES, "AAA"), minute);
    assert_int_equal (count_events (self, WIRE_CLOCK, NULL), 1);
    assert_true (last_event (self, WIRE_CLOCK)->is_end);
    assert_true (flow_is_even (self->flow));
    flow_changed (self->flow, "AAA"); /* a new generation must be told again */
    assert_false (flow_is_even (self->flow));
    answer (self, flow_next_read (self->flow), "AAA", DAY, 0, minute - 1);
    settle (self);
    assert_int_equal (count_events (self, WIRE_CLOCK, NULL), 2);
    assert_true (flow_is_even (self->flow));
    bench_destroy (self);
}

int main (void)
{
    if (exchange_init () != 0) {
        return 77;
    }
    log_init ("test_flow", LOG_ERROR, LOG_TEXT);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_placed_first),
        cmocka_unit_test (test_expected_symbol),
        cmocka_unit_test (test_stamps),
        cmocka_unit_test (test_misplaced),
        cmocka_unit_test (test_unwanted),
        cmocka_unit_test (test_cell),
        cmocka_unit_test (test_limits),
        cmocka_unit_test (test_late),
        cmocka_unit_test (test_floor_moves),
        cmocka_unit_test (test_floor_waits_for_buckets),
        cmocka_unit_test (test_clock_closes),
        cmocka_unit_test (test_places),
        cmocka_unit_test (test_known),
        cmocka_unit_test (test_gap),
        cmocka_unit_test (test_gap_before_attach),
        cmocka_unit_test (test_gap_of_two),
        cmocka_unit_test (test_hole),
        cmocka_unit_test (test_backwards),
        cmocka_unit_test (test_detach),
        cmocka_unit_test (test_move),
        cmocka_unit_test (test_leave),
        cmocka_unit_test (test_waits),
        cmocka_unit_test (test_reference_has_room),
        cmocka_unit_test (test_holds),
        cmocka_unit_test (test_old_answer),
        cmocka_unit_test (test_changed),
        cmocka_unit_test (test_prepare),
        cmocka_unit_test (test_sessions),
        cmocka_unit_test (test_old_states),
        cmocka_unit_test (test_standing_link),
        cmocka_unit_test (test_silence),
        cmocka_unit_test (test_returns),
        cmocka_unit_test (test_probation),
        cmocka_unit_test (test_aside),
        cmocka_unit_test (test_replaced),
        cmocka_unit_test (test_gathering),
        cmocka_unit_test (test_in_turn),
        cmocka_unit_test (test_gathered_bound),
        cmocka_unit_test (test_prepare_waits),
        cmocka_unit_test (test_long_batch),
        cmocka_unit_test (test_named_once),
        cmocka_unit_test (test_replay_end),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

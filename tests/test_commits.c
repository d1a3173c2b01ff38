/* The collector's decisions in a live run: what is taken, what one transaction holds, in which order,
 * and what is said of it. The store is one in memory, which fails where a test wants it to. */
#include "commits.h"

#include "check.h"
#include "histogram.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BROKER  70
#define COLUMNS 3
#define FULL    4096 /* workers whose links are remembered */

/* What was written, a line for each call: "hit A 60", "shard 3 1.2 17". */
typedef struct {
    buffer_t committed, open; /* of the transaction that is open */
    long calls, fail_at;      /* the call that fails, from 1; 0: none */
    bool in_transaction;
    int transactions;
    int64_t now_us; /* of stamps */
} memory_t;

static int call (memory_t *self)
{
    return ++self->calls == self->fail_at ? -1 : 0;
}

static int memory_begin (void *handle)
{
    memory_t *self = handle;
    assert_false (self->in_transaction);
    self->in_transaction = true;
    self->open.size = 0;
    return call (self);
}

static int memory_epoch (void *handle, uint64_t broker, uint64_t epoch)
{
    memory_t *self = handle;
    buffer_printf (&self->open, "epoch %d of %d\n", (int) epoch, (int) broker);
    return call (self);
}

static int memory_claim (void *handle, uint32_t shard, uint64_t epoch)
{
    memory_t *self = handle;
    if (shard == 0 || shard == SHARD_COUNT - 1) { /* for all */
        buffer_printf (&self->open, "claim %d by %d\n", (int) shard, (int) epoch);
    }
    return call (self);
}

static bool has_line (const buffer_t *lines, const char *line)
{
    return memmem (lines->bytes, lines->size, line, strlen (line)) != NULL;
}

static int memory_hit (void *handle, const wire_live_hit_t *hit)
{
    memory_t *self = handle;
    char line[64];
    snprintf (line, sizeof line, "hit %s %d\n", hit->symbol, (int) hit->hit.ts);
    if (call (self) != 0) {
        return -1;
    }
    if (has_line (&self->committed, line) || has_line (&self->open, line)) {
        return 0;
    }
    for (int i = 0; i < hit->hit.value_count; i++) {
        assert_true (hit->hit.values[i] == (double) hit->hit.ts + i);
    }
    buffer_append (&self->open, line, strlen (line));
    return 1;
}

static int memory_shard (void *handle, uint32_t shard, session_t generation, uint64_t sequence)
{
    memory_t *self = handle;
    buffer_printf (&self->open, "shard %d %d.%d %d\n", (int) shard, (int) generation.epoch,
                   (int) generation.counter, (int) sequence);
    return call (self);
}

static int memory_place (void *handle, const wire_place_t *place)
{
    memory_t *self = handle;
    buffer_printf (&self->open, "place %s %d\n", place->symbol, (int) place->floor.ms);
    return call (self);
}

static int memory_stream (void *handle, const wire_stream_place_t *stream)
{
    memory_t *self = handle;
    buffer_printf (&self->open, "stream %s %d\n", stream->stream, (int) stream->position.ms);
    return call (self);
}

static int memory_commit (void *handle)
{
    memory_t *self = handle;
    assert_true (self->in_transaction);
    if (call (self) != 0) {
        return -1;
    }
    self->in_transaction = false;
    self->transactions++;
    buffer_append (&self->committed, self->open.bytes, self->open.size);
    return 0;
}

static void memory_abandon (void *handle)
{
    memory_t *self = handle;
    self->in_transaction = false;
}

/* ---- a test's collector ---- */

typedef struct {
    run_t run;
    memory_t memory;
    commits_start_t start;
    commits_t *commits;
    uint64_t broker; /* that greeted last */
    buffer_t message;
} bench_t;

static int64_t memory_now (void *handle)
{
    const memory_t *self = handle;
    return self->now_us;
}

static void renew (bench_t *bench)
{
    const store_t store = {.handle = &bench->memory,
                           .begin = memory_begin,
                           .epoch = memory_epoch,
                           .claim = memory_claim,
                           .hit = memory_hit,
                           .shard = memory_shard,
                           .place = memory_place,
                           .stream = memory_stream,
                           .commit = memory_commit,
                           .abandon = memory_abandon,
                           .now_us = memory_now};
    commits_destroy (&bench->commits);
    bench->commits = commits_new (&bench->run, &store, &bench->start);
}

/* A broker of all shards that has no epoch yet. */
static void greet (bench_t *bench, uint64_t broker)
{
    bench->broker = broker;
    commits_greet (bench->commits, broker, 0, (cell_t){0});
}

static int set_up (void **state)
{
    bench_t *bench = memory_new (sizeof *bench);
    bench->run.scan_count = 2;
    bench->run.scans[0].column_count = COLUMNS;
    bench->run.scans[1].column_count = COLUMNS;
    renew (bench);
    *state = bench;
    return 0;
}

/* The same, when a broker has claimed everything: epoch 1. */
static int set_up_claimed (void **state)
{
    set_up (state);
    bench_t *bench = *state;
    greet (bench, BROKER);
    int rc = commits_write (bench->commits);
    bench->memory.committed.size = 0;
    bench->memory.calls = 0;
    return rc;
}

static int tear_down (void **state)
{
    bench_t *bench = *state;
    commits_destroy (&bench->commits);
    buffer_free (&bench->memory.committed);
    buffer_free (&bench->memory.open);
    buffer_free (&bench->message);
    free (bench);
    return 0;
}

static void begin (bench_t *bench, uint32_t worker, session_t session, uint64_t n)
{
    bench->message.size = 0;
    wire_put_link (&bench->message, &(wire_link_t){.worker = worker, .session = session, .n = n});
}

static wire_live_hit_t make_hit (uint32_t shard, session_t generation, const char *symbol,
                                 int64_t ts)
{
    wire_live_hit_t hit = {.shard = shard,
                           .generation = generation,
                           .arrival_ms = ts * 1000,
                           .day = 19000,
                           .hit = {.ts = ts, .value_count = COLUMNS}};
    snprintf (hit.symbol, sizeof hit.symbol, "%s", symbol);
    for (int i = 0; i < COLUMNS; i++) {
        hit.hit.values[i] = (double) ts + i;
    }
    return hit;
}

static void put_hit (bench_t *bench, uint32_t shard, session_t generation, const char *symbol,
                     int64_t ts)
{
    wire_live_hit_t hit = make_hit (shard, generation, symbol, ts);
    wire_put_live_hit (&bench->message, &hit);
}

static void put_progress (bench_t *bench, uint32_t shard, session_t generation, uint64_t sequence)
{
    wire_put_progress (&bench->message, &(wire_progress_t){shard, generation, sequence, 0, 0});
}

static bool take (bench_t *bench)
{
    return commits_take (bench->commits, bench->message.bytes, bench->message.size);
}

/* A message of worker 1 in the epoch's one session, with one PROGRESS. */
static void progress (bench_t *bench, uint64_t n, uint32_t shard, session_t generation,
                      uint64_t sequence)
{
    begin (bench, 1, (session_t){generation.epoch, 1}, n);
    put_progress (bench, shard, generation, sequence);
    assert_true (take (bench));
}

static wire_live_collector_t state_for (bench_t *bench, uint64_t broker)
{
    wire_live_collector_t state = {0};
    commits_state (bench->commits, broker, (cell_t){0}, &state);
    return state;
}

/* As the broker that greeted last is told. */
static wire_live_collector_t state_of (bench_t *bench)
{
    return state_for (bench, bench->broker);
}

/* Writes, and checks all that was committed since the last look. */
static void check_write (bench_t *bench, const char *expected)
{
    assert_int_equal (commits_write (bench->commits), 0);
    assert_false (commits_pending (bench->commits));
    assert_int_equal (commits_pending_bytes (bench->commits), 0);
    buffer_append (&bench->memory.committed, "", 1);
    assert_string_equal (bench->memory.committed.bytes, expected);
    bench->memory.committed.size = 0;
}

/* ---- what is taken ---- */

/* Of each worker a message is taken only as its link's next: repeats do nothing, after a gap nothing
 * is taken until a new session begins, and other workers' links are their own. */
static void test_links (void **state)
{
    bench_t *bench = *state;
    const session_t one = {1, 1}, two = {1, 2};
    begin (bench, 4, one, 1);
    put_hit (bench, 3, one, "A", 60);
    assert_true (take (bench));
    assert_true (take (bench));
    begin (bench, 4, one, 3);
    put_hit (bench, 3, one, "A", 180);
    assert_true (take (bench));
    begin (bench, 4, one, 2);
    put_hit (bench, 3, one, "A", 120);
    assert_true (take (bench));
    begin (bench, 9, one, 1);
    put_hit (bench, 5, one, "B", 60);
    assert_true (take (bench));
    wire_live_collector_t said = state_of (bench);
    assert_int_equal (said.link_count, 2);
    assert_int_equal (said.links[0].worker, 4);
    assert_true (said.links[0].link.gap && said.links[0].link.last == 1);
    assert_int_equal (said.links[1].worker, 9);
    assert_true (!said.links[1].link.gap && said.links[1].link.last == 1);
    check_write (bench, "hit A 60\nhit B 60\n");
    begin (bench, 4, two, 1);
    put_hit (bench, 3, one, "A", 240);
    assert_true (take (bench));
    assert_false (state_of (bench).links[0].link.gap);
    check_write (bench, "hit A 240\n");
    assert_int_equal (state_of (bench).refused, 0);
}

/* When more workers come than are remembered, the link of the oldest session makes room; one that
 * was forgotten and is alive all the same shows a gap, by which it gets a new session. */
static void test_many_links (void **state)
{
    bench_t *bench = *state;
    for (uint32_t worker = 0; worker < FULL; worker++) {
        begin (bench, worker, (session_t){1, worker == 77 ? 1 : worker + 10}, 1);
        assert_true (take (bench));
    }
    begin (bench, FULL, (session_t){1, 2 * FULL}, 1);
    assert_true (take (bench));
    wire_live_collector_t said = state_of (bench);
    assert_int_equal (said.link_count, FULL);
    assert_int_equal (said.links[77].worker, FULL);
    begin (bench, 77, (session_t){1, 1}, 2);
    assert_true (take (bench));
    said = state_of (bench);
    assert_int_equal (said.links[0].worker, 77);
    assert_true (said.links[0].link.gap);
}

/* A shard takes nothing of a lower generation than it has seen, be it in a hit alone, and nothing of
 * an epoch below its claim; that is no fault of the message, and other shards are not concerned. */
static void test_fences (void **state)
{
    bench_t *bench = *state;
    const session_t old = {1, 4}, new = {1, 5};
    begin (bench, 1, (session_t){1, 1}, 1);
    put_hit (bench, 3, old, "A", 60);
    put_progress (bench, 3, old, 7);
    put_hit (bench, 3, new, "A", 120);
    put_hit (bench, 3, old, "A", 180);
    put_progress (bench, 3, old, 8);
    put_progress (bench, 4, old, 9);
    assert_true (take (bench));
    assert_false (state_of (bench).links[0].link.gap);
    check_write (bench, "hit A 60\nhit A 120\nshard 3 1.4 7\nshard 4 1.4 9\n");
    progress (bench, 2, 3, old, 10); /* the fence outlives the transaction */
    assert_false (commits_pending (bench->commits));
    greet (bench, BROKER + 1);
    check_write (bench, "epoch 2 of 71\nclaim 0 by 2\nclaim 255 by 2\n");
    progress (bench, 3, 5, (session_t){1, 99}, 3); /* of a term that is over */
    assert_false (commits_pending (bench->commits));
    begin (bench, 1, (session_t){2, 1}, 1);
    put_hit (bench, 5, (session_t){1, 99}, "A", 240);
    put_progress (bench, 5, (session_t){1, 99}, 3);
    put_hit (bench, 5, (session_t){2, 1}, "A", 300);
    assert_true (take (bench));
    check_write (bench, "hit A 300\n");
}

/* Before any broker has claimed a shard, nothing of it is taken. */
static void test_unclaimed (void **state)
{
    bench_t *bench = *state;
    begin (bench, 1, (session_t){5, 1}, 1);
    put_hit (bench, 3, (session_t){5, 1}, "A", 60);
    put_progress (bench, 3, (session_t){5, 1}, 1);
    assert_true (take (bench));
    assert_false (commits_pending (bench->commits));
}

/* What is committed of a shard never goes back: the highest sequence of the newest generation is
 * kept, over transactions and over a restart. */
static void test_progress (void **state)
{
    bench_t *bench = *state;
    progress (bench, 1, 3, (session_t){1, 4}, 7);
    progress (bench, 2, 3, (session_t){1, 4}, 9);
    progress (bench, 3, 3, (session_t){1, 4}, 8);
    check_write (bench, "shard 3 1.4 9\n");
    progress (bench, 4, 3, (session_t){1, 4}, 9);
    progress (bench, 5, 3, (session_t){1, 4}, 2);
    assert_false (commits_pending (bench->commits));
    progress (bench, 6, 3, (session_t){1, 5}, 1);
    check_write (bench, "shard 3 1.5 1\n");
    bench->start.epoch = 1;
    bench->start.terms[bench->start.term_count++] = (commits_term_t){BROKER, bench->start.epoch};
    bench->start.shards[3] = (wire_shard_state_t){3, 1, {1, 5}, 1, 0};
    bench->start.shards[4] = (wire_shard_state_t){4, 1, {0, 0}, 0, 0};
    renew (bench);
    progress (bench, 1, 3, (session_t){1, 4}, 20);
    progress (bench, 2, 3, (session_t){1, 5}, 1);
    assert_false (commits_pending (bench->commits));
    progress (bench, 3, 3, (session_t){1, 5}, 2);
    progress (bench, 4, 4, (session_t){1, 1}, 1);
    check_write (bench, "shard 3 1.5 2\nshard 4 1.1 1\n");
}

/* A bad message is dropped whole: what stood before the bad item leaves no trace, also not in the
 * fences; it is counted, and its link has a gap. What comes before its LINK names no link. */
static void test_bad_messages (void **state)
{
    bench_t *bench = *state;
    const session_t session = {1, 1}, generation = {1, 4}, later = {1, 9};
    for (int kind = 0; kind < 6; kind++) {
        wire_live_hit_t bad = make_hit (3, later, "A", 120);
        begin (bench, 10 + (uint32_t) kind, session, 1);
        put_hit (bench, 3, later, "A", 60);
        put_progress (bench, 3, later, 50);
        switch (kind) {
        case 0:
            bad.hit.scan = 2;
            break;
        case 1:
            bad.hit.value_count = COLUMNS - 1;
            break;
        case 2:
            bad.hit.value_count = COLUMNS + 1;
            break;
        case 3:
            wire_put_ready (&bench->message, &(wire_ready_t){1, 1});
            break;
        case 4:
            put_progress (bench, SHARD_COUNT, later, 1);
            break;
        default:
            bench->message.size -= 1;
        }
        wire_put_live_hit (&bench->message, &bad);
        assert_false (take (bench));
        wire_live_collector_t said = state_of (bench);
        assert_int_equal (said.refused, kind + 1);
        assert_int_equal (said.link_count, kind + 1);
        assert_true (said.links[kind].link.gap);
        assert_false (commits_pending (bench->commits));
    }
    progress (bench, 1, 3, generation, 7);
    check_write (bench, "shard 3 1.4 7\n");
    assert_false (commits_take (bench->commits, "", 0));
    bench->message.size = 0;
    put_progress (bench, 3, later, 1);
    assert_false (take (bench));
    assert_int_equal (state_of (bench).refused, 8);
    assert_int_equal (state_of (bench).link_count, 7);
}

/* ---- transactions ---- */

/* All that is pending is one transaction: the epoch and its claims, hits in the order in which they
 * came, what is committed, places. An empty one is not begun. */
static void test_order (void **state)
{
    bench_t *bench = *state;
    const session_t session = {2, 1};
    wire_place_t symbol = {.symbol = "A", .stream = "s", .day = 1, .floor = {5, 0}};
    wire_stream_place_t stream = {.stream = "s", .position = {6, 0}};
    assert_int_equal (commits_write (bench->commits), 0);
    assert_int_equal (bench->memory.calls, 0);
    greet (bench, BROKER + 1);
    commits_places (bench->commits, &(wire_places_t){.epoch = 2,
                                                     .number = 1,
                                                     .symbol_count = 1,
                                                     .symbols = &symbol,
                                                     .stream_count = 1,
                                                     .streams = &stream});
    for (uint64_t n = 1; n <= 3; n++) {
        begin (bench, 1, session, n);
        put_progress (bench, 200, session, n);
        put_hit (bench, 200, session, "B", (int64_t) (240 - 60 * n));
        put_hit (bench, 3, session, "A", (int64_t) (60 * n));
        assert_true (take (bench));
    }
    uint64_t bytes = commits_pending_bytes (bench->commits);
    assert_true (commits_pending (bench->commits) && bytes > 0);
    assert_int_equal (state_of (bench).pending, bytes);
    check_write (bench, "epoch 2 of 71\nclaim 0 by 2\nclaim 255 by 2\n"
                        "hit B 180\nhit A 60\nhit B 120\nhit A 120\nhit B 60\nhit A 180\n"
                        "shard 200 2.1 3\nplace A 5\nstream s 6\n");
    assert_int_equal (bench->memory.transactions, 2);
}

/* Hits that are there already, or came twice in one transaction, are repeats and no rows. */
static void test_repeats (void **state)
{
    bench_t *bench = *state;
    const session_t session = {1, 1};
    begin (bench, 1, session, 1);
    put_hit (bench, 3, session, "A", 60);
    put_hit (bench, 3, session, "A", 60);
    assert_true (take (bench));
    assert_int_equal (state_of (bench).hits, 0);
    assert_int_equal (commits_write (bench->commits), 0);
    begin (bench, 1, session, 2);
    put_hit (bench, 3, session, "A", 60);
    put_hit (bench, 3, session, "A", 120);
    assert_true (take (bench));
    check_write (bench, "hit A 60\nhit A 120\n");
    assert_int_equal (state_of (bench).hits, 2);
    assert_int_equal (state_of (bench).repeats, 2);
}

/* Everything that can be pending, into a collector at epoch 1. */
static void fill (bench_t *bench)
{
    const session_t session = {1, 1};
    wire_place_t symbols[2] = {{.symbol = "A", .stream = "s", .day = 1, .floor = {5, 0}},
                               {.symbol = "B", .stream = "s", .day = 1, .floor = {6, 0}}};
    begin (bench, 1, session, 1);
    put_hit (bench, 3, session, "A", 60);
    put_hit (bench, 3, session, "A", 60);
    put_hit (bench, 3, session, "A", 120);
    put_progress (bench, 3, session, 9);
    assert_true (take (bench));
    commits_places (
        bench->commits,
        &(wire_places_t){.epoch = 1, .number = 4, .symbol_count = 2, .symbols = symbols});
    greet (bench, BROKER + 1);
}

/* Whichever call of the store fails, and however often: nothing of the transaction counts, nothing is
 * said of it, everything stays, and the next try writes the same in the same order. */
static void test_failures (void **state)
{
    bench_t *bench = *state;
    fill (bench);
    for (long call_count = 1; bench->memory.transactions == 1; call_count++) {
        uint64_t bytes = commits_pending_bytes (bench->commits);
        bench->memory.calls = 0;
        bench->memory.fail_at = call_count;
        if (commits_write (bench->commits) == 0) {
            assert_int_equal (call_count, 2 + 1 + SHARD_COUNT + 3 + 1 + 2 + 1);
            break;
        }
        assert_int_equal (bench->memory.calls, call_count); /* nothing after it */
        assert_false (bench->memory.in_transaction);
        assert_false (commits_able (bench->commits));
        assert_true (commits_pending (bench->commits));
        assert_int_equal (commits_pending_bytes (bench->commits), bytes);
        wire_live_collector_t said = state_for (bench, BROKER);
        assert_true (!said.able && said.epoch == 1 && said.broker == BROKER && said.hits == 0);
        assert_true (said.repeats == 0 && said.places == 0);
        assert_int_equal (said.shards[3].claim, 1);
        assert_int_equal (said.shards[3].sequence, 0);
    }
    assert_true (commits_able (bench->commits));
    wire_live_collector_t said = state_of (bench);
    assert_true (said.able && said.epoch == 2 && said.broker == BROKER + 1 && said.hits == 2);
    assert_true (said.repeats == 1);
    assert_int_equal (said.shards[3].claim, 2);
    assert_int_equal (said.shards[3].sequence, 9);
    check_write (bench, "epoch 2 of 71\nclaim 0 by 2\nclaim 255 by 2\nhit A 60\nhit A 120\n"
                        "shard 3 1.1 9\nplace A 5\nplace B 6\n");
}

/* While nothing can be written no places are taken, so that what is pending does not grow; those that
 * come again later are. */
static void test_unable (void **state)
{
    bench_t *bench = *state;
    wire_place_t symbol = {.symbol = "C", .stream = "s", .closed = DAY_NONE, .floor = {7, 0}};
    wire_places_t places = {.epoch = 1, .number = 5, .symbol_count = 1, .symbols = &symbol};
    progress (bench, 1, 3, (session_t){1, 1}, 1);
    bench->memory.fail_at = bench->memory.calls + 1;
    assert_int_equal (commits_write (bench->commits), -1);
    commits_places (bench->commits, &places);
    check_write (bench, "shard 3 1.1 1\n");
    assert_int_equal (state_of (bench).places, 0);
    commits_places (bench->commits, &places);
    check_write (bench, "place C 7\n");
    assert_int_equal (state_of (bench).places, 5);
}

/* ---- brokers ---- */

/* A broker gets an epoch of its own, once: above all that were given, said when it is stored. Its
 * claims shut out the one before it at once, stored or not. */
static void test_epochs (void **state)
{
    bench_t *bench = *state;
    bench->start.epoch = 6;
    bench->start.terms[bench->start.term_count++] = (commits_term_t){BROKER, bench->start.epoch};
    for (uint32_t i = 0; i < SHARD_COUNT; i++) {
        bench->start.shards[i].claim = 6;
    }
    renew (bench);
    greet (bench, BROKER);
    assert_false (commits_pending (bench->commits));
    progress (bench, 1, 3, (session_t){6, 8}, 1);
    greet (bench, BROKER + 1);
    greet (bench, BROKER + 1);
    assert_true (commits_pending (bench->commits));
    progress (bench, 2, 3, (session_t){6, 8}, 2);
    progress (bench, 3, 4, (session_t){6, 8}, 2);
    progress (bench, 1, 5, (session_t){7, 1}, 3);
    assert_int_equal (state_of (bench).epoch, 0);
    wire_live_collector_t said = state_for (bench, BROKER);
    assert_true (said.epoch == 6 && said.broker == BROKER);
    assert_int_equal (said.shard_count, SHARD_COUNT);
    assert_int_equal (said.shards[255].claim, 6);
    check_write (bench, "epoch 7 of 71\nclaim 0 by 7\nclaim 255 by 7\n"
                        "shard 3 6.8 1\nshard 5 7.1 3\n");
    said = state_of (bench);
    assert_true (said.epoch == 7 && said.broker == BROKER + 1);
    assert_int_equal (said.shards[255].shard, 255);
    assert_int_equal (said.shards[255].claim, 7);
    greet (bench, BROKER + 2);
    greet (bench, BROKER + 3); /* two before one is stored: each has its own */
    check_write (bench, "epoch 9 of 73\nclaim 0 by 9\nclaim 255 by 9\n");
}

static wire_live_collector_t state_in (bench_t *bench, uint64_t broker, cell_t cell)
{
    wire_live_collector_t state = {0};
    commits_state (bench->commits, broker, cell, &state);
    return state;
}

static void check_claims (bench_t *bench, uint64_t broker, cell_t cell, uint64_t epoch)
{
    wire_live_collector_t said = state_in (bench, broker, cell);
    assert_true (said.broker == broker && said.epoch == epoch);
    assert_int_equal (said.shard_count, SHARD_COUNT / cell.count);
    for (size_t i = 0; i < said.shard_count; i++) {
        assert_int_equal (said.shards[i].shard % cell.count, cell.index);
        assert_int_equal (said.shards[i].claim, epoch);
    }
}

/* Brokers of different parts serve side by side: each has its epoch, its links, its places, and what is of another's
 * shards is not taken from it. */
static void test_cells (void **state)
{
    bench_t *bench = *state;
    const cell_t even = {0, 2}, odd = {1, 2};
    const session_t first = {1, 1}, second = {2, 1};
    wire_place_t symbol = {.symbol = "A", .stream = "s", .day = 1};
    commits_greet (bench->commits, BROKER, 0, even);
    commits_greet (bench->commits, BROKER + 1, 0, odd);
    commits_greet (bench->commits, BROKER, 0, even);
    check_write (bench, "epoch 1 of 70\nepoch 2 of 71\nclaim 0 by 1\nclaim 255 by 2\n");
    check_claims (bench, BROKER, even, 1);
    check_claims (bench, BROKER + 1, odd, 2);
    for (uint64_t n = 1; n <= 2; n++) { /* workers of one number, each its own link */
        begin (bench, 0, first, n);
        put_progress (bench, 4, (session_t){1, 5}, n);
        put_progress (bench, 5, (session_t){1, 5}, n); /* not its shard */
        assert_true (take (bench));
        begin (bench, 0, second, n);
        put_progress (bench, 4, (session_t){2, 5}, n);
        put_progress (bench, 5, (session_t){2, 5}, n);
        assert_true (take (bench));
    }
    commits_places (bench->commits, &(wire_places_t){.epoch = 1, .number = 9, .symbols = &symbol});
    commits_places (bench->commits, &(wire_places_t){.epoch = 2, .number = 3, .symbols = &symbol});
    check_write (bench, "shard 4 1.5 2\nshard 5 2.5 2\n");
    wire_live_collector_t said = state_in (bench, BROKER, even);
    assert_true (said.places == 9 && said.link_count == 1 && said.shards[2].sequence == 2);
    assert_true (session_compare (said.links[0].link.session, first) == 0);
    said = state_in (bench, BROKER + 1, odd);
    assert_true (said.places == 3 && said.link_count == 1 && said.shards[2].sequence == 2);
    assert_true (session_compare (said.links[0].link.session, second) == 0);
}

/* The market is cut anew while old brokers are there: a term that lost some shards stays for the rest, and its broker
 * sees what it lost; one that lost all is over, and does not come back. */
static void test_cut_anew (void **state)
{
    bench_t *bench = *state;
    const cell_t even = {0, 2}, odd = {1, 2};
    commits_greet (bench->commits, BROKER, 0, even);
    commits_greet (bench->commits, BROKER + 1, 0, odd);
    commits_greet (bench->commits, BROKER + 2, 0, (cell_t){2, 4});
    assert_int_equal (commits_write (bench->commits), 0);
    wire_live_collector_t said = state_in (bench, BROKER, even);
    assert_true (said.broker == BROKER && said.epoch == 1);
    assert_true (said.shards[0].claim == 1 && said.shards[1].shard == 2 &&
                 said.shards[1].claim == 3);
    check_claims (bench, BROKER + 1, odd, 2);
    check_claims (bench, BROKER + 2, (cell_t){2, 4}, 3);
    commits_greet (bench->commits, BROKER + 3, 0, (cell_t){0, 4});
    commits_greet (bench->commits, BROKER, 0, even); /* has nothing left */
    assert_int_equal (commits_write (bench->commits), 0);
    said = state_in (bench, BROKER, even);
    assert_true (said.broker == 0 && said.epoch == 0 && said.link_count == 0);
    assert_true (said.shards[0].claim == 4 && said.shards[1].claim == 3);
    check_claims (bench, BROKER + 1, odd, 2);
}

/* A broker that has an epoch which this journal does not know was replaced while it did not look: it gets none. */
static void test_stranger (void **state)
{
    bench_t *bench = *state;
    commits_greet (bench->commits, BROKER + 5, 3, (cell_t){0});
    assert_false (commits_pending (bench->commits));
    greet (bench, BROKER + 1);
    assert_int_equal (commits_write (bench->commits), 0);
    commits_greet (bench->commits, BROKER + 1, 1, (cell_t){0});
    assert_false (commits_pending (bench->commits));
    assert_int_equal (state_of (bench).epoch, 1);
}

/* A broker whose incarnation is 0, which a new journal's is too, gets an epoch all the same. */
static void test_broker_zero (void **state)
{
    bench_t *bench = *state;
    greet (bench, 0);
    check_write (bench, "epoch 1 of 0\nclaim 0 by 1\nclaim 255 by 1\n");
    greet (bench, 0);
    assert_false (commits_pending (bench->commits));
}

/* Places are taken of the epoch that serves, each number once and rising; what they say is written
 * in the order in which it came, and the last number is said once it is stored. */
static void test_places (void **state)
{
    bench_t *bench = *state;
    wire_place_t symbol = {.symbol = "A", .stream = "s", .day = 1};
    wire_places_t places = {.epoch = 1, .symbol_count = 1, .symbols = &symbol};
    static const uint64_t numbers[] = {1, 1, 3, 2, 3, 4};
    for (size_t i = 0; i < 6; i++) {
        places.number = numbers[i];
        symbol.floor.ms = 10 + i;
        commits_places (bench->commits, &places);
    }
    symbol.floor.ms = 99;
    places.number = 5;
    places.epoch = 2;
    commits_places (bench->commits, &places);
    places.epoch = 0;
    commits_places (bench->commits, &places);
    assert_int_equal (state_of (bench).places, 0);
    check_write (bench, "place A 10\nplace A 12\nplace A 15\n");
    assert_int_equal (state_of (bench).places, 4);
    greet (bench, BROKER + 1);
    places.epoch = 1;
    commits_places (bench->commits, &places); /* of the broker that was replaced */
    assert_int_equal (state_for (bench, BROKER).places, 4);
    places.epoch = 2;
    places.number = 1;
    commits_places (bench->commits, &places);
    check_write (bench, "epoch 2 of 71\nclaim 0 by 2\nclaim 255 by 2\nplace A 99\n");
    assert_int_equal (state_of (bench).places, 1);
}

static void put_aged (bench_t *bench, uint64_t sequence, uint32_t candles, int64_t stamp_us)
{
    wire_put_progress (&bench->message,
                       &(wire_progress_t){3, (session_t){1, 5}, sequence, candles, stamp_us});
}

static uint64_t quantile_of (wire_bytes_t bytes, double part, uint64_t *count)
{
    histogram_t histogram = {0};
    assert_true (histogram_add (&histogram, bytes.bytes, bytes.size));
    *count = histogram_count (&histogram);
    return histogram_quantile (&histogram, part);
}

/* A hit is as old as it is when its message is taken; candles, when their transaction is through, each
 * as old as the oldest of its PROGRESS. Nothing of a bad message, of a repeat or of a lower generation
 * counts; what has no stamp has no age, and candles count all the same. */
static void test_ages (void **state)
{
    bench_t *bench = *state;
    const session_t one = {1, 1}, generation = {1, 5};
    uint64_t hits, candles;
    wire_live_hit_t hit = make_hit (3, generation, "A", 60);
    hit.stamp_us = 1000;
    bench->memory.now_us = 1010;
    begin (bench, 1, one, 1);
    wire_put_live_hit (&bench->message, &hit);
    put_aged (bench, 1, 50, 1000);
    assert_true (take (bench));
    bench->memory.now_us = 1025;
    begin (bench, 2, one, 1); /* bad: its last item is none for a collector */
    wire_put_live_hit (&bench->message, &hit);
    put_aged (bench, 2, 50, 1000);
    wire_put_clock (&bench->message, &(wire_clock_t){3, one, 1, 0, false});
    assert_false (take (bench));
    begin (bench, 1, one, 2);
    put_aged (bench, 2, 7, 1005);
    put_aged (bench, 2, 9, 1);
    put_aged (bench, 3, 11, 0);
    wire_put_progress (&bench->message, &(wire_progress_t){3, {1, 4}, 9, 13, 1});
    assert_true (take (bench));
    wire_live_collector_t said = state_of (bench);
    assert_int_equal (said.candles, 0);
    assert_int_equal (quantile_of (said.hit_age, 1, &hits), 10);
    assert_int_equal (hits, 1);
    assert_int_equal (quantile_of (said.commit_age, 1, &candles), 0);
    bench->memory.fail_at = bench->memory.calls + 1;
    assert_int_equal (commits_write (bench->commits), -1);
    assert_int_equal (state_of (bench).candles, 0);
    bench->memory.fail_at = 0;
    bench->memory.now_us = 1030;
    assert_int_equal (commits_write (bench->commits), 0);
    said = state_of (bench);
    assert_int_equal (said.candles, 68);
    assert_int_equal (said.shards[3].candles, 68);
    assert_int_equal (quantile_of (said.commit_age, 0.1, &candles), 25);
    assert_int_equal (quantile_of (said.commit_age, 0.2, &candles), 30);
    assert_int_equal (candles, 57);
    assert_true (said.taken > 0);
    begin (bench, 1, one, 3); /* a new generation of the shard counts anew */
    wire_put_progress (&bench->message, &(wire_progress_t){3, {1, 6}, 1, 5, 0});
    assert_true (take (bench));
    assert_int_equal (commits_write (bench->commits), 0);
    assert_int_equal (state_of (bench).candles, 73);
    assert_int_equal (state_of (bench).shards[3].candles, 5);
}

#define CLAIMED(test) cmocka_unit_test_setup_teardown (test, set_up_claimed, tear_down)
#define NEW(test)     cmocka_unit_test_setup_teardown (test, set_up, tear_down)

int main (void)
{
    const struct CMUnitTest tests[] = {
        CLAIMED (test_links),  CLAIMED (test_many_links), CLAIMED (test_fences),
        NEW (test_unclaimed),  CLAIMED (test_progress),   CLAIMED (test_bad_messages),
        CLAIMED (test_order),  CLAIMED (test_repeats),    CLAIMED (test_failures),
        CLAIMED (test_unable), NEW (test_epochs),         NEW (test_cells),
        NEW (test_cut_anew),   NEW (test_stranger),       NEW (test_broker_zero),
        CLAIMED (test_places), CLAIMED (test_ages),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

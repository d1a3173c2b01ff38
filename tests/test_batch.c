/* test_batch - each clause of broker/batch.h, one at a time. What they make together is the business
 * of test_histories. */
#include "batch.h"

#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORKERS_MAX 8
#define WINDOW      1000

/* A broker with its workers and collector, as far as batch can see them. */
typedef struct {
    batch_t *batch;
    uint64_t now;
    wire_collector_state_t collector;
    char held[WIRE_REACH / 8];
    wire_link_state_t links[WORKERS_MAX];
    session_t sessions[WORKERS_MAX];
    uint64_t serials[WORKERS_MAX], n[WORKERS_MAX], sent[WORKERS_MAX], consumed[WORKERS_MAX];
} world_t;

static void world_init (world_t *self, uint32_t symbols, uint32_t ranges, uint32_t workers)
{
    *self = (world_t){.now = 1, .batch = batch_new (symbols, ranges, workers, WINDOW)};
    self->collector = (wire_collector_state_t){.able = true};
}

static void world_free (world_t *self)
{
    batch_destroy (&self->batch);
    assert_null (self->batch);
}

static void join (world_t *self, uint32_t w)
{
    static uint64_t counter;
    self->sessions[w] = (session_t){1, ++counter};
    self->serials[w] = self->n[w] = self->sent[w] = self->consumed[w] = 0;
    batch_joined (self->batch, w, self->sessions[w], self->now);
}

/* The worker's next state, as it is to be; `need` may be NULL. */
static void say (world_t *self, uint32_t w, bool blocked, const wire_need_t *need)
{
    wire_worker_state_t state = {.serial = ++self->serials[w],
                                 .link = {.session = self->sessions[w], .last = self->n[w]},
                                 .blocked = blocked,
                                 .consumed = self->consumed[w],
                                 .need_count = need != NULL,
                                 .needs = need};
    batch_worker_state (self->batch, w, &state, self->now);
}

static void collect (world_t *self)
{
    self->collector.serial++;
    self->collector.held = (wire_bytes_t){self->held, sizeof self->held};
    batch_collector_state (self->batch, &self->collector, self->now);
}

static void send_bytes (world_t *self, uint32_t w, uint64_t bytes)
{
    self->sent[w] += bytes;
    batch_sent (self->batch, w, bytes, ++self->n[w], self->now);
}

static void consume (world_t *self, uint32_t w)
{
    self->consumed[w] = self->sent[w];
    say (self, w, false, NULL);
}

/* The next step is WAIT. */
static void check_wait (world_t *self)
{
    batch_step_t step = batch_next (self->batch, self->now);
    assert_int_equal (step.action, BATCH_WAIT);
}

static batch_step_t check_step (world_t *self, batch_action_t action)
{
    batch_step_t step = batch_next (self->batch, self->now);
    assert_int_equal (step.action, action);
    return step;
}

/* The next step starts `unit`; returns where. It is delivered in `bytes` bytes, which are consumed
 * if `consumed`. */
static uint32_t check_start (world_t *self, uint32_t unit, uint64_t bytes, bool consumed)
{
    batch_step_t step = check_step (self, BATCH_START);
    assert_int_equal (step.unit, unit);
    assert_true (batch_wants (self->batch, step.worker, unit));
    batch_delivered (self->batch, step.worker);
    send_bytes (self, step.worker, bytes);
    if (consumed) {
        consume (self, step.worker);
    }
    return step.worker;
}

/* The collector holds the unit. */
static void hold (world_t *self, uint32_t unit)
{
    uint32_t bit = unit - self->collector.released;
    self->held[bit / 8] = (char) (self->held[bit / 8] | 1 << (bit % 8));
    collect (self);
}

static void release (world_t *self, uint32_t released)
{
    self->collector.released = released;
    memset (self->held, 0, sizeof self->held);
    collect (self);
}

static void kill_worker (world_t *self, uint32_t w)
{
    batch_lost (self->batch, w);
    join (self, w);
}

static const partition_t partitions[3] = {{.key = 1}, {.key = 2}, {.key = 3}};

static wire_need_t need_of (uint32_t unit, uint32_t attempt)
{
    return (wire_need_t){unit, attempt, 3, partitions};
}

/* Units start in order, at most 256 from the oldest unfinished one on, however many behind it are
 * held. */
static void test_ahead (void **state)
{
    (void) state;
    world_t world;
    world_init (&world, 1000, 1, 1);
    check_wait (&world);
    join (&world, 0);
    for (uint32_t u = 0; u < BATCH_AHEAD; u++) {
        check_start (&world, u, 10, true);
    }
    check_wait (&world);
    for (uint32_t u = 1; u < BATCH_AHEAD; u++) {
        hold (&world, u);
    }
    check_wait (&world);
    assert_int_equal (batch_finished (world.batch), BATCH_AHEAD - 1);
    assert_int_equal (batch_oldest (world.batch), 0);
    release (&world, 2);
    assert_int_equal (batch_oldest (world.batch), BATCH_AHEAD);
    for (uint32_t u = BATCH_AHEAD; u < 2 * BATCH_AHEAD; u++) {
        check_start (&world, u, 10, true);
    }
    check_wait (&world);
    release (&world, BATCH_AHEAD + 1);
    check_start (&world, 2 * BATCH_AHEAD, 10, true);
    check_wait (&world);
    world_free (&world);
}

/* A run ends when all units are released or held; and a run of nothing is done at once. */
static void test_done (void **state)
{
    (void) state;
    world_t world;
    world_init (&world, 0, 5, 1);
    assert_true (batch_done (world.batch));
    world_free (&world);
    world_init (&world, 1, 3, 1);
    join (&world, 0);
    for (uint32_t u = 0; u < 3; u++) {
        check_start (&world, u, 1, true);
    }
    hold (&world, 2);
    hold (&world, 0);
    assert_false (batch_done (world.batch));
    hold (&world, 1);
    assert_true (batch_done (world.batch));
    assert_int_equal (batch_finished (world.batch), 3);
    assert_int_equal (batch_oldest (world.batch), batch_units (world.batch));
    check_wait (&world);
    world_free (&world);
}

/* While the collector holds too much, no unit starts but the oldest. */
static void test_held_bytes (void **state)
{
    (void) state;
    world_t world;
    world_init (&world, 10, 1, 2);
    join (&world, 0);
    join (&world, 1);
    check_start (&world, 0, 1, true);
    world.collector.held_bytes = BATCH_HELD_BYTES + 1;
    collect (&world);
    check_wait (&world);
    release (&world, 1);
    check_start (&world, 1, 1, true); /* it is the oldest now */
    check_wait (&world);
    world.collector.held_bytes = BATCH_HELD_BYTES;
    collect (&world);
    check_start (&world, 2, 1, true);
    world_free (&world);
}

/* Suspects too wait while the collector holds too much, but for the oldest. */
static void test_held_bytes_and_suspects (void **state)
{
    (void) state;
    world_t world;
    world_init (&world, 10, 1, 2);
    join (&world, 0);
    for (uint32_t u = 0; u < 2; u++) {
        check_start (&world, u, 1, true);
    }
    join (&world, 1);
    world.collector.held_bytes = BATCH_HELD_BYTES + 1;
    collect (&world);
    kill_worker (&world, 0);
    check_start (&world, 0, 1, true);
    check_wait (&world);
    hold (&world, 0);
    check_start (&world, 1, 1, true);
    world_free (&world);
}

/* A unit goes to the free worker with most window, and none to one whose window is full. */
static void test_windows (void **state)
{
    (void) state;
    world_t world;
    world_init (&world, 10, 1, 2);
    join (&world, 0);
    join (&world, 1);
    uint32_t first = check_start (&world, 0, WINDOW / 2, false);
    uint32_t second = check_start (&world, 1, WINDOW - 1, false);
    assert_int_not_equal (first, second);
    assert_int_equal (check_start (&world, 2, WINDOW, false), first);
    assert_int_equal (check_start (&world, 3, 1, false), second);
    check_wait (&world);
    consume (&world, first);
    assert_int_equal (check_start (&world, 4, 1, true), first);
    world_free (&world);
}

/* A worker has one delivery at a time. */
static void test_one_delivery (void **state)
{
    (void) state;
    world_t world;
    world_init (&world, 10, 1, 1);
    join (&world, 0);
    check_step (&world, BATCH_START);
    check_wait (&world);
    batch_delivered (world.batch, 0);
    check_step (&world, BATCH_START);
    world_free (&world);
}

/* Needs go before new units, the oldest unit's first; they are served once, with the partitions that
 * were asked for, and they wait for the window. */
static void test_needs (void **state)
{
    (void) state;
    world_t world;
    world_init (&world, 10, 1, 1);
    join (&world, 0);
    for (uint32_t u = 0; u < 3; u++) {
        check_start (&world, u, 1, true);
    }
    const wire_need_t two = need_of (2, 1), one = need_of (1, 1);
    say (&world, 0, false, &two);
    say (&world, 0, false, &one);
    batch_step_t step = check_step (&world, BATCH_SERVE);
    assert_int_equal (step.unit, 1);
    assert_int_equal (step.attempt, 1);
    assert_int_equal (step.partition_count, 3);
    assert_memory_equal (step.partitions, partitions, sizeof partitions);
    assert_ptr_not_equal (step.partitions, partitions);
    say (&world, 0, false, &one);
    hold (&world, 1); /* another attempt's; the partitions live until it is delivered */
    assert_memory_equal (step.partitions, partitions, sizeof partitions);
    assert_false (batch_wants (world.batch, 0, 1));
    batch_delivered (world.batch, 0);
    send_bytes (&world, 0, WINDOW);
    check_wait (&world);
    assert_false (batch_may_send (world.batch, 0, 2));
    consume (&world, 0);
    step = check_step (&world, BATCH_SERVE);
    assert_int_equal (step.unit, 2);
    batch_delivered (world.batch, 0);
    say (&world, 0, false, &two); /* said before it heard of ours */
    check_start (&world, 3, 1, true);
    world_free (&world);
}

/* The oldest unfinished unit is served, and its messages are sent, whatever the window says. */
static void test_oldest (void **state)
{
    (void) state;
    world_t world;
    world_init (&world, 10, 1, 1);
    join (&world, 0);
    check_start (&world, 0, WINDOW, false);
    assert_true (batch_may_send (world.batch, 0, 0));
    assert_false (batch_may_send (world.batch, 0, 1));
    const wire_need_t need = need_of (0, 1);
    say (&world, 0, false, &need);
    assert_int_equal (check_step (&world, BATCH_SERVE).unit, 0);
    assert_true (batch_may_send (world.batch, 0, 0));
    world_free (&world);
}

/* After a death the units that were in the worker run again with the next attempt, each alone in a
 * worker, before any other unit starts; then others go on, but not beside a suspect. */
static void test_suspects (void **state)
{
    (void) state;
    world_t world;
    world_init (&world, 10, 1, 2);
    join (&world, 0);
    for (uint32_t u = 0; u < 3; u++) {
        check_start (&world, u, 1, true);
    }
    join (&world, 1);
    send_bytes (&world, 0, 1);
    assert_int_equal (check_start (&world, 3, 1, false), 1);
    batch_lost (world.batch, 0);
    check_wait (&world); /* 1 is not empty */
    join (&world, 0);
    batch_step_t step = check_step (&world, BATCH_START);
    assert_int_equal (step.unit, 0);
    assert_int_equal (step.attempt, 2);
    batch_delivered (world.batch, 0);
    send_bytes (&world, 0, 1);
    consume (&world, 0);
    hold (&world, 3);
    check_wait (&world); /* 1 has no unit, but what it was sent is not consumed */
    consume (&world, 1);
    assert_int_equal (check_start (&world, 1, 1, true), 1);
    check_wait (&world);
    hold (&world, 0);
    assert_int_equal (check_start (&world, 2, 1, true), 0);
    check_wait (&world); /* nothing beside suspects */
    hold (&world, 2);
    assert_int_equal (check_start (&world, 4, 1, true), 0);
    assert_int_equal (check_start (&world, 5, 1, true), 0);
    world_free (&world);
}

/* Lets `unit`, the only suspect, run alone and kill its worker. */
static void die_alone (world_t *self, uint32_t unit)
{
    kill_worker (self, check_start (self, unit, 1, true));
}

/* A unit that was alone in two workers that died takes its symbol out of the run: what of it is
 * finished stays so, what runs is stopped, what comes later is skipped. */
static void test_aside (void **state)
{
    (void) state;
    world_t world;
    world_init (&world, 3, 4, 2);
    join (&world, 0);
    check_start (&world, 0, 1, true);
    check_start (&world, 1, 1, true);
    hold (&world, 1);
    join (&world, 1);
    send_bytes (&world, 0, 1);
    uint32_t beside = check_start (&world, 2, 1, true);
    assert_int_equal (beside, 1);
    consume (&world, 0);
    kill_worker (&world, 0);
    assert_int_equal (batch_aside_count (world.batch), 0);
    die_alone (&world, 0);
    assert_int_equal (batch_aside_count (world.batch), 0);
    die_alone (&world, 0);
    assert_int_equal (batch_aside_count (world.batch), 1);
    assert_int_equal (batch_aside (world.batch, 0), 0);
    assert_false (batch_wants (world.batch, beside, 2));
    uint32_t voids[BATCH_AHEAD];
    check_start (&world, 4, 1, true);
    assert_int_equal (batch_voids (world.batch, voids), 4);
    assert_int_equal (batch_finished (world.batch), 4);
    release (&world, 2);
    assert_int_equal (batch_voids (world.batch, voids), 2);
    assert_int_equal (voids[0], 2);
    assert_int_equal (voids[1], 3);
    release (&world, 4);
    assert_int_equal (batch_voids (world.batch, voids), 0);
    world_free (&world);
}

/* A death that a suspect shared with nothing counts; one of a unit that was alone by chance, before
 * it was suspect, does not. And an attempt that another worker's hits made needless ends suspicion. */
static void test_not_aside (void **state)
{
    (void) state;
    world_t world;
    world_init (&world, 2, 1, 1);
    join (&world, 0);
    kill_worker (&world, check_start (&world, 0, 1, true));
    die_alone (&world, 0);
    hold (&world, 0); /* of its first attempt: late, and good */
    check_start (&world, 1, 1, true);
    hold (&world, 1);
    assert_true (batch_done (world.batch));
    assert_int_equal (batch_aside_count (world.batch), 0);
    world_free (&world);
}

/* With many ranges a symbol set aside is skipped over all its units, and voids are told in order, so
 * that the collector can always pass the first of them, whichever symbol went first. */
static void test_many_ranges (void **state)
{
    (void) state;
    world_t world;
    uint32_t voids[BATCH_AHEAD];
    world_init (&world, 3, 300, 2);
    join (&world, 0);
    uint32_t u = 0;
    for (; u < 299; u++) {
        check_start (&world, u, 1, true);
        release (&world, u);
    }
    check_start (&world, 299, 1, true); /* the last of symbol 0 */
    release (&world, 299);
    join (&world, 1);
    send_bytes (&world, 0, 1);
    assert_int_equal (check_start (&world, 300, 1, true), 1); /* the first of symbol 1 */
    kill_worker (&world, 1);
    die_alone (&world, 300);
    die_alone (&world, 300);
    assert_int_equal (batch_aside (world.batch, 0), 1);
    check_wait (&world); /* 256 ahead of 299: all void */
    assert_int_equal (batch_voids (world.batch, voids), 255);
    consume (&world, 0);
    kill_worker (&world, 0);
    die_alone (&world, 299);
    die_alone (&world, 299);
    assert_int_equal (batch_aside (world.batch, 1), 0);
    check_start (&world, 600, 1, true);
    assert_int_equal (batch_voids (world.batch, voids), BATCH_AHEAD);
    assert_int_equal (voids[0], 299);
    assert_int_equal (voids[255], 299 + 255);
    release (&world, 299 + 256);
    assert_int_equal (batch_voids (world.batch, voids), 600 - 299 - 256);
    assert_int_equal (batch_finished (world.batch), 600);
    world_free (&world);
}

/* Void units do not carry the run out of the collector's reach: it waits until they were passed. */
static void test_reach (void **state)
{
    (void) state;
    world_t world;
    uint32_t voids[BATCH_AHEAD];
    world_init (&world, 2, 3000, 1);
    join (&world, 0);
    kill_worker (&world, check_start (&world, 0, 1, true));
    die_alone (&world, 0);
    die_alone (&world, 0);
    check_wait (&world);
    assert_int_equal (batch_oldest (world.batch), WIRE_REACH);
    for (uint32_t passed = 0; passed < 3000;) {
        uint32_t told = (uint32_t) batch_voids (world.batch, voids);
        assert_true (told > 0);
        passed += told;
        release (&world, passed);
        if (passed + WIRE_REACH <= 3000) {
            check_wait (&world);
        } else if (passed < 3000 && batch_oldest (world.batch) < 3000) {
            check_start (&world, 3000, 1, true);
        }
    }
    assert_int_equal (batch_oldest (world.batch), 3000);
    world_free (&world);
}

/* Old states, states of other sessions, and needs for other attempts, workers or units change
 * nothing, whatever they say. */
static void test_stale (void **state)
{
    (void) state;
    world_t world;
    world_init (&world, 10, 1, 1);
    join (&world, 0);
    session_t old = world.sessions[0];
    kill_worker (&world, check_start (&world, 0, 1, true));
    check_start (&world, 0, 1, true);
    const wire_need_t needs[] = {
        need_of (0, 1), need_of (0, 3), need_of (1, 1), need_of (300, 1), {0, 2, 0, NULL}};
    for (size_t i = 0; i < 5; i++) {
        say (&world, 0, false, &needs[i]);
    }
    check_wait (&world);
    const wire_need_t good = need_of (0, 2);
    wire_worker_state_t stale = {.serial = 1000000,
                                 .link = {.session = old, .last = 99, .gap = true},
                                 .need_count = 1,
                                 .needs = &good};
    batch_worker_state (world.batch, 0, &stale, world.now);
    stale.serial = world.serials[0];
    stale.link.session = world.sessions[0];
    batch_worker_state (world.batch, 0, &stale, world.now);
    check_wait (&world);
    world.collector.link_count = 2; /* the old life's gap, and a worker that is not ours */
    world.collector.links = world.links;
    world.links[0] = (wire_link_state_t){0, {old, 5, true}};
    world.links[1] = (wire_link_state_t){77, {world.sessions[0], 5, true}};
    collect (&world);
    check_wait (&world);
    wire_collector_state_t repeat = world.collector;
    repeat.released = 1;
    batch_collector_state (world.batch, &repeat, world.now);
    assert_int_equal (batch_oldest (world.batch), 0);
    say (&world, 0, false, &good); /* and a good one still counts */
    check_step (&world, BATCH_SERVE);
    world_free (&world);
}

/* A gap on either link ends the worker, whose units then run again. */
static void test_gap (void **state)
{
    (void) state;
    for (int side = 0; side < 2; side++) {
        world_t world;
        world_init (&world, 10, 1, 1);
        join (&world, 0);
        check_start (&world, 0, 1, true);
        if (side == 0) {
            wire_worker_state_t gap = {.serial = 99, .link = {world.sessions[0], 0, true}};
            batch_worker_state (world.batch, 0, &gap, world.now);
        } else {
            world.links[0] = (wire_link_state_t){0, {world.sessions[0], 0, true}};
            world.collector.links = world.links;
            world.collector.link_count = 1;
            collect (&world);
        }
        batch_step_t step = check_step (&world, BATCH_KILL);
        assert_int_equal (step.worker, 0);
        assert_string_equal (step.why, "a gap in its link");
        kill_worker (&world, 0);
        assert_int_equal (check_step (&world, BATCH_START).attempt, 2);
        world_free (&world);
    }
}

/* Time passes: every second all of us turn, the collector says its state, worker 0 says its own. */
static void seconds (world_t *self, int count, bool blocked)
{
    for (int i = 0; i < count; i++) {
        check_wait (self);
        self->now += 1000;
        say (self, 0, blocked, NULL);
        collect (self);
    }
}

/* A world of one worker with one unit in it, all of whose bytes it has consumed: it owes the end. */
static void world_owing (world_t *self)
{
    world_init (self, 1, 1, 1);
    join (self, 0);
    collect (self);
    check_start (self, 0, 1, true);
}

/* A link with something outstanding on which nothing moves for 10 s has lost something: the worker
 * is ended. */
static void test_standing_still (void **state)
{
    (void) state;
    world_t world;
    world_owing (&world);
    seconds (&world, 10, false);
    check_wait (&world);
    world.now++;
    assert_string_equal (check_step (&world, BATCH_KILL).why, "its link stands still");
    world_free (&world);
}

/* What moves on either link begins the 10 s anew. */
static void test_moving (void **state)
{
    (void) state;
    world_t world;
    world_owing (&world);
    world.collector.links = world.links;
    world.collector.link_count = 1;
    for (uint64_t n = 1; n < 5; n++) {
        seconds (&world, 9, false);
        world.links[0] = (wire_link_state_t){0, {world.sessions[0], n, false}};
        collect (&world);
    }
    for (uint64_t n = 1; n < 5; n++) {
        seconds (&world, 9, false);
        world.n[0]++;
        say (&world, 0, false, NULL);
    }
    seconds (&world, 10, false);
    world.now++;
    check_step (&world, BATCH_KILL);
    world_free (&world);
}

/* Nothing outstanding, nothing to lose: an idle worker lives as long as it likes, and a unit that it
 * is then given has its own 10 s, of which slow reading on our side takes nothing. */
static void test_idle (void **state)
{
    (void) state;
    world_t world;
    world_init (&world, 1, 1, 1);
    world.collector.held_bytes = 0;
    batch_stop (world.batch);
    join (&world, 0);
    collect (&world);
    seconds (&world, 60, false);
    world_free (&world);

    world_init (&world, 2, 1, 2);
    join (&world, 0);
    collect (&world);
    check_start (&world, 0, 1, true);
    world.collector.held_bytes = BATCH_HELD_BYTES + 1; /* so that it stays idle */
    hold (&world, 0);
    release (&world, 0);
    check_step (&world, BATCH_START); /* 1 is the oldest: it starts all the same */
    seconds (&world, 30, false);      /* and is read for long */
    batch_delivered (world.batch, 0);
    check_wait (&world);
    send_bytes (&world, 0, 1);
    seconds (&world, 10, false);
    check_wait (&world);
    world_free (&world);
}

/* A worker that was idle for long is not ended in the moment in which it is given a unit. */
static void test_start_after_idling (void **state)
{
    (void) state;
    world_t world;
    world_init (&world, 3, 1, 2);
    join (&world, 0);
    collect (&world);
    check_start (&world, 0, 1, true);
    world.collector.held_bytes = BATCH_HELD_BYTES + 1;
    collect (&world);
    join (&world, 1);
    for (int i = 0; i < 30; i++) {
        world.now += 1000;
        say (&world, 0, true, NULL); /* the oldest's worker is blocked, 1 idles */
        collect (&world);
        check_wait (&world);
    }
    world.collector.held_bytes = 0;
    collect (&world);
    send_bytes (&world, 0, 1);
    assert_int_equal (check_step (&world, BATCH_START).worker, 1);
    assert_int_equal (check_step (&world, BATCH_START).worker, 0);
    check_wait (&world);
    batch_delivered (world.batch, 1);
    check_wait (&world);
    world_free (&world);
}

/* A blocked worker is waited for, and a collector that is not able; then the 10 s begin anew. */
static void test_waited_for (void **state)
{
    (void) state;
    world_t world;
    world_owing (&world);
    seconds (&world, 60, true);
    seconds (&world, 10, false);
    check_wait (&world);
    world.collector.able = false;
    collect (&world);
    seconds (&world, 60, false);
    world.collector.able = true;
    seconds (&world, 10, false);
    check_wait (&world);
    world.now++;
    check_step (&world, BATCH_KILL);
    world_free (&world);
}

/* A collector that says nothing is waited for: nobody can know what it has. Once it speaks again the
 * 10 s begin anew. */
static void test_silent_collector (void **state)
{
    (void) state;
    world_t world;
    world_owing (&world);
    for (int i = 0; i < 60; i++) {
        world.now += 1000;
        say (&world, 0, false, NULL);
        check_wait (&world);
    }
    collect (&world);
    seconds (&world, 10, false);
    check_wait (&world);
    world.now++;
    check_step (&world, BATCH_KILL);
    world_free (&world);
}

/* After a pause of the broker itself, as by ctrl-Z, nobody is blamed for it. */
static void test_own_pause (void **state)
{
    (void) state;
    world_t world;
    world_owing (&world);
    seconds (&world, 5, false);
    check_wait (&world);
    world.now += 60000;
    check_wait (&world);
    say (&world, 0, false, NULL);
    check_wait (&world);
    collect (&world);
    seconds (&world, 10, false);
    check_wait (&world);
    world_free (&world);
}

/* Time in which it is our turn does not count: needs that wait for their turn. */
static void test_our_turn (void **state)
{
    (void) state;
    world_t world;
    world_init (&world, 2, 1, 1);
    join (&world, 0);
    collect (&world);
    check_start (&world, 0, 1, true);
    const wire_need_t need = need_of (0, 1);
    say (&world, 0, false, &need);
    check_step (&world, BATCH_SERVE);
    seconds (&world, 30, false);
    batch_delivered (world.batch, 0);
    batch_stop (world.batch);
    send_bytes (&world, 0, 1);
    consume (&world, 0);
    seconds (&world, 10, false);
    world.now++;
    check_step (&world, BATCH_KILL);
    world_free (&world);
}

/* A worker that died three times in a row before it joined is given up; when all are, it cannot work.
 * Joining begins the count anew, and deaths of workers that had joined do not count. */
static void test_hopeless (void **state)
{
    (void) state;
    world_t world;
    world_init (&world, 1, 1, 1);
    for (int i = 0; i < 5; i++) {
        join (&world, 0);
        batch_lost (world.batch, 0);
    }
    batch_lost (world.batch, 0);
    batch_lost (world.batch, 0);
    assert_false (batch_gave_up (world.batch, 0));
    join (&world, 0);
    batch_lost (world.batch, 0);
    batch_lost (world.batch, 0);
    batch_lost (world.batch, 0);
    assert_false (batch_hopeless (world.batch));
    batch_lost (world.batch, 0);
    assert_true (batch_gave_up (world.batch, 0));
    assert_true (batch_hopeless (world.batch));
    world_free (&world);
    world_init (&world, 1, 1, 2);
    for (int i = 0; i < 3; i++) {
        batch_lost (world.batch, 0);
    }
    assert_true (batch_gave_up (world.batch, 0));
    assert_false (batch_hopeless (world.batch));
    world_free (&world);
}

/* After ctrl-C no unit starts, new or suspect; what runs is still served. */
static void test_stop (void **state)
{
    (void) state;
    world_t world;
    world_init (&world, 10, 1, 2);
    join (&world, 0);
    check_start (&world, 0, 1, true);
    join (&world, 1);
    send_bytes (&world, 0, 1);
    assert_int_equal (check_start (&world, 1, 1, true), 1);
    batch_stop (world.batch);
    check_wait (&world);
    const wire_need_t need = need_of (0, 1);
    say (&world, 0, false, &need);
    check_step (&world, BATCH_SERVE);
    kill_worker (&world, 1);
    check_wait (&world);
    world_free (&world);
}

/* A delivery to a worker that was lost is not wanted any more, and that it ended is no news. */
static void test_lost_while_delivering (void **state)
{
    (void) state;
    world_t world;
    world_init (&world, 10, 1, 1);
    join (&world, 0);
    check_step (&world, BATCH_START);
    batch_lost (world.batch, 0);
    assert_false (batch_wants (world.batch, 0, 0));
    batch_delivered (world.batch, 0);
    join (&world, 0);
    check_start (&world, 0, 1, true);
    const wire_need_t need = need_of (0, 2);
    say (&world, 0, false, &need);
    check_step (&world, BATCH_SERVE);
    batch_lost (world.batch, 0); /* frees what it served */
    world_free (&world);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_ahead),
        cmocka_unit_test (test_done),
        cmocka_unit_test (test_held_bytes),
        cmocka_unit_test (test_held_bytes_and_suspects),
        cmocka_unit_test (test_windows),
        cmocka_unit_test (test_one_delivery),
        cmocka_unit_test (test_needs),
        cmocka_unit_test (test_oldest),
        cmocka_unit_test (test_suspects),
        cmocka_unit_test (test_aside),
        cmocka_unit_test (test_not_aside),
        cmocka_unit_test (test_many_ranges),
        cmocka_unit_test (test_reach),
        cmocka_unit_test (test_stale),
        cmocka_unit_test (test_gap),
        cmocka_unit_test (test_standing_still),
        cmocka_unit_test (test_moving),
        cmocka_unit_test (test_idle),
        cmocka_unit_test (test_start_after_idling),
        cmocka_unit_test (test_waited_for),
        cmocka_unit_test (test_silent_collector),
        cmocka_unit_test (test_own_pause),
        cmocka_unit_test (test_our_turn),
        cmocka_unit_test (test_hopeless),
        cmocka_unit_test (test_stop),
        cmocka_unit_test (test_lost_while_delivering),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

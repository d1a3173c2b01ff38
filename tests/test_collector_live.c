/* The collector's process in a live run, between a broker and a worker that the test plays:
 *
 *     test: ROUTER <-- control --> fastscanner-collector <-- hits -- PUSH: test
 *                                    |  state/, hits.csv
 */
#include "check.h"

#include "channel.h"
#include "clock.h"
#include "followed.h"
#include "log.h"
#include "spawn.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BROKER 77
#define SHARD  5

typedef struct {
    followed_t *followed; /* a directory, a run; its journal is not used */
    bus_t *bus;
    channel_t *control, *hits;
    wire_reader_t *reader;
    spawn_t *collector;
    channel_peer_t peer;
    uint64_t broker, serial;
    uint64_t n; /* of the link's last message */
    uint64_t counter;
    char scans[SCANS_MAX][SCAN_TEXT_MAX];
    wire_live_collector_t state; /* the last; without what it pointed to */
    wire_shard_state_t shard;    /* SHARD in it */
    wire_sink_state_t sink;      /* the first in it */
    size_t hellos, known;        /* messages so far */
    bool known_last;
    size_t known_symbols;
} bench_t;

static char *endpoint (const bench_t *bench, const char *name)
{
    return memory_format ("ipc://%s/%s", bench->followed->directory, name);
}

static int set_up (void **state)
{
    bench_t *bench = memory_new (sizeof *bench);
    int rc = followed_set_up ((void **) &bench->followed);
    journal_destroy (&bench->followed->journal);
    bench->bus = bus_new (NULL);
    bench->reader = wire_reader_new ();
    char *control = endpoint (bench, "control");
    bench->control = channel_bind (bench->bus, CHANNEL_ROUTER, control);
    free (control);
    bench->broker = BROKER;
    for (size_t i = 0; i < bench->followed->run->scan_count; i++) {
        scan_format (&bench->followed->run->scans[i], bench->scans[i]);
    }
    *state = bench;
    return rc;
}

static int tear_down (void **state)
{
    bench_t *bench = *state;
    spawn_destroy (&bench->collector);
    channel_destroy (&bench->hits, 0);
    channel_destroy (&bench->control, 0);
    wire_reader_destroy (&bench->reader);
    bus_destroy (&bench->bus);
    int rc = followed_tear_down ((void **) &bench->followed);
    free (bench);
    return rc;
}

static void start (bench_t *bench, const char *state, const char *incarnation)
{
    char *control = endpoint (bench, "control"), *hits = endpoint (bench, "hits");
    spawn_destroy (&bench->collector);
    channel_destroy (&bench->hits, 0);
    const char *program = TEST_BIN "/fastscanner-collector";
    bench->collector = spawn_start ((const char *[]){program, "--broker", control, "--listen", hits,
                                                     "--state", state, "--out", "csv:hits.csv",
                                                     "--incarnation", incarnation, NULL});
    bench->hits = channel_connect (bench->bus, CHANNEL_PUSH, hits);
    bench->state = (wire_live_collector_t){0};
    bench->hellos = bench->known = 0;
    bench->known_last = false;
    free (control);
    free (hits);
}

/* ---- control ---- */

static void take_state (bench_t *bench, const wire_live_collector_t *state)
{
    bench->state = *state;
    for (size_t i = 0; i < state->shard_count; i++) {
        if (state->shards[i].shard == SHARD) {
            bench->shard = state->shards[i];
        }
    }
    assert_int_equal (state->sink_count, 1);
    bench->sink = state->sinks[0];
}

static void take (bench_t *bench, const wire_object_t *object)
{
    switch (object->kind) {
    case WIRE_HELLO:
        assert_int_equal (object->hello.role, WIRE_ROLE_COLLECTOR);
        bench->hellos++;
        break;
    case WIRE_LIVE_COLLECTOR:
        take_state (bench, &object->live_collector);
        break;
    case WIRE_KNOWN:
        assert_int_equal (object->places.number, bench->known++);
        assert_int_equal (object->places.epoch, bench->state.epoch); /* said before */
        bench->known_last = object->places.last;
        bench->known_symbols = object->places.symbol_count;
        break;
    default:
        fail_msg ("a message of kind %d", (int) object->kind);
    }
}

/* Takes control messages until it is so; fails the test when it does not come to that. */
static void wait_until (bench_t *bench, bool (*until) (const bench_t *bench))
{
    mono_t begin = mono_now ();
    while (!until (bench)) {
        const char *bytes;
        size_t size;
        uint64_t refused = 0;
        zmq_pollitem_t item = channel_poll (bench->control, ZMQ_POLLIN);
        if (mono_ms (begin, mono_now ()) > FOLLOWED_MS) {
            spawn_wait (bench->collector, 0);
            fail_msg ("it did not come to that: %s", spawn_err (bench->collector));
        }
        zmq_poll (&item, 1, 100);
        while (channel_receive (bench->control, &bench->peer, &bytes, &size, &refused)) {
            wire_object_t object;
            wire_reader_begin (bench->reader, bytes, size);
            assert_int_equal (wire_next (bench->reader, &object), 1);
            take (bench, &object);
        }
        assert_int_equal (refused, 0);
    }
}

static void say (bench_t *bench, buffer_t *message)
{
    assert_true (channel_send_to (bench->control, &bench->peer, message));
}

static void welcome (bench_t *bench)
{
    wire_live_welcome_t welcome = {.broker = bench->broker,
                                   .since_ms = 1,
                                   .candle_timeout_ms = 20000,
                                   .day_timeout_ms = 21600000,
                                   .all_hits = true,
                                   .scan_count = bench->followed->run->scan_count,
                                   .scans = (const char (*)[SCAN_TEXT_MAX]) bench->scans};
    buffer_t message = {0};
    bench->known = 0;
    bench->known_last = false;
    wire_put_live_welcome (&message, &welcome);
    say (bench, &message);
}

static void say_phase (bench_t *bench, wire_phase_t phase)
{
    wire_live_broker_t state = {.serial = ++bench->serial,
                                .broker = bench->broker,
                                .epoch = bench->state.epoch,
                                .phase = phase};
    buffer_t message = {0};
    wire_put_live_broker (&message, &state);
    say (bench, &message);
}

static bool has_hello (const bench_t *bench)
{
    return bench->hellos > 0;
}

static bool has_known (const bench_t *bench)
{
    return bench->known_last;
}

static bool is_committed (const bench_t *bench)
{
    return bench->shard.generation.epoch == bench->state.epoch &&
           bench->shard.generation.counter == bench->counter && bench->shard.sequence == bench->n;
}

/* And its sink has it. */
static bool is_written (const bench_t *bench)
{
    return is_committed (bench) && bench->sink.behind == 0 &&
           bench->state.synced >= bench->state.hits;
}

static bool has_places (const bench_t *bench)
{
    return bench->state.places == 1;
}

/* Starts a collector and greets it until it has told what it knows. */
static void begin (bench_t *bench, const char *incarnation)
{
    start (bench, "live", incarnation);
    wait_until (bench, has_hello);
    welcome (bench);
    wait_until (bench, has_known);
    assert_true (bench->state.epoch > 0);
    assert_int_equal (bench->state.broker, bench->broker);
    assert_true (bench->state.able);
    bench->n = 0;
    bench->counter++;
}

/* ---- hits ---- */

/* A worker's message with hits [first, first + count), in the session that began last. */
static void send_hits (bench_t *bench, uint64_t first, uint64_t count)
{
    buffer_t message = {0};
    session_t session = {bench->state.epoch, bench->counter};
    wire_put_link (&message, &(wire_link_t){.session = session, .n = ++bench->n});
    for (uint64_t i = first; i < first + count; i++) {
        wire_live_hit_t hit = followed_hit (bench->followed->run, i);
        hit.shard = SHARD;
        hit.generation = session;
        wire_put_live_hit (&message, &hit);
    }
    wire_put_progress (
        &message, &(wire_progress_t){.shard = SHARD, .generation = session, .sequence = bench->n});
    if (!channel_send (bench->hits, &message)) {
        zmq_pollitem_t item = channel_poll (bench->hits, ZMQ_POLLOUT);
        while (!channel_flush (bench->hits)) {
            assert_true (zmq_poll (&item, 1, FOLLOWED_MS) > 0);
        }
    }
}

/* The file has hits [0, count), once and in order. */
static void assert_file (bench_t *bench, uint64_t count)
{
    bench->followed->hits = count;
    followed_expect (bench->followed, "csv:expected.csv");
    char *found = file_read ("hits.csv", NULL), *expected = file_read ("expected.csv", NULL);
    assert_non_null (found);
    assert_string_equal (found, expected);
    free (found);
    free (expected);
}

/* ---- tests ---- */

/* A hit's way: committed and synced, said, and in the file; over a kill -9 as well, when what was
 * computed again comes again. */
static void test_hits_over_a_kill (void **state)
{
    bench_t *bench = *state;
    begin (bench, "1");
    send_hits (bench, 0, 3);
    wait_until (bench, is_written);
    assert_file (bench, 3);
    assert_int_equal (bench->state.hits, 3);
    spawn_signal (bench->collector, SIGKILL);
    assert_int_equal (spawn_wait (bench->collector, FOLLOWED_MS), 128 + SIGKILL);
    begin (bench, "2");
    assert_int_equal (bench->shard.sequence, 1); /* it knows what it committed */
    send_hits (bench, 0, 5);
    wait_until (bench, is_written);
    assert_int_equal (bench->state.hits, 2);
    assert_int_equal (bench->state.repeats, 3);
    assert_file (bench, 5);
}

/* The broker says EXIT when all is committed; sinks that are behind get even first. */
static void test_exit_waits_for_sinks (void **state)
{
    bench_t *bench = *state;
    begin (bench, "1");
    for (uint64_t i = 0; i < 40; i++) {
        send_hits (bench, i * 100, 100);
    }
    wait_until (bench, is_committed);
    say_phase (bench, WIRE_PHASE_STOP);
    say_phase (bench, WIRE_PHASE_EXIT);
    assert_int_equal (spawn_wait (bench->collector, FOLLOWED_MS), 0);
    assert_file (bench, 4000);
}

/* Floors are kept, and told to every broker that greets. */
static void test_places (void **state)
{
    bench_t *bench = *state;
    begin (bench, "1");
    assert_int_equal (bench->known_symbols, 0);
    wire_place_t place = {.symbol = "A", .stream = "s", .closed = 19000, .day = 19001};
    wire_places_t places = {
        .epoch = bench->state.epoch, .number = 1, .symbol_count = 1, .symbols = &place};
    buffer_t message = {0};
    wire_put_places (&message, &places);
    say (bench, &message);
    wait_until (bench, has_places);
    welcome (bench);
    wait_until (bench, has_known);
    assert_int_equal (bench->known_symbols, 1);
    uint64_t epoch = bench->state.epoch;
    bench->broker++; /* another broker: an epoch of its own, and the same places */
    welcome (bench);
    wait_until (bench, has_known);
    assert_true (bench->state.epoch > epoch);
    assert_int_equal (bench->known_symbols, 1);
}

/* The word of a broker that does not serve us is not heard. */
static void test_strange_exit (void **state)
{
    bench_t *bench = *state;
    begin (bench, "1");
    bench->broker++;
    say_phase (bench, WIRE_PHASE_EXIT);
    bench->broker--;
    send_hits (bench, 0, 1);
    wait_until (bench, is_written);
    say_phase (bench, WIRE_PHASE_EXIT);
    assert_int_equal (spawn_wait (bench->collector, FOLLOWED_MS), 0);
}

/* A broker that is silent may be a new one that does not know us: we say hello again. */
static void test_silent_broker (void **state)
{
    bench_t *bench = *state;
    begin (bench, "1");
    bench->hellos = 0;
    wait_until (bench, has_hello);
    bench->broker++;
    welcome (bench);
    wait_until (bench, has_known);
}

/* A broker with other scans needs another collector. */
static void test_other_scans (void **state)
{
    bench_t *bench = *state;
    begin (bench, "1");
    strcat (bench->scans[1], ",max_price=7");
    welcome (bench);
    assert_int_equal (spawn_wait (bench->collector, FOLLOWED_MS), 1);
    assert_non_null (strstr (spawn_err (bench->collector), "other scans"));
}

static int code_of_start (bench_t *bench, const char *state)
{
    start (bench, state, "1");
    wait_until (bench, has_hello);
    welcome (bench);
    return spawn_wait (bench->collector, FOLLOWED_MS);
}

/* What the user must choose otherwise is exit code 2, a journal that cannot be opened 1. */
static void test_exit_codes (void **state)
{
    bench_t *bench = *state;
    assert_int_equal (code_of_start (bench, "/dev/null/state"), 1);
    file_write ("hits.csv", "mine\n");
    assert_int_equal (code_of_start (bench, "live"), 2);
    assert_non_null (strstr (spawn_err (bench->collector), "choose another path"));
    char *text = file_read ("hits.csv", NULL);
    assert_string_equal (text, "mine\n");
    free (text);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int main (void)
{
    static const struct CMUnitTest tests[] = {
        TEST (test_hits_over_a_kill), TEST (test_exit_waits_for_sinks), TEST (test_places),
        TEST (test_strange_exit),     TEST (test_silent_broker),        TEST (test_other_scans),
        TEST (test_exit_codes),
    };
    signal (SIGPIPE, SIG_IGN);
    log_init ("test_collector_live", LOG_INFO, LOG_TEXT);
    return exchange_init () < 0 ? 1 : cmocka_run_group_tests (tests, NULL, NULL);
}

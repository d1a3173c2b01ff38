/* The worker program in a live run, against a broker and a collector that are this test.
 *
 *     control ROUTER <-- HELLO, LIVE_WORKER --- fastscanner-worker --- LIVE_HIT, PROGRESS --> hits PULL
 *                    --- LIVE_WELCOME -------->         ^
 *     data PUSH ------------------- LINK BEGIN ... -----+
 */
#include "check.h"

#include "channel.h"
#include "clock.h"
#include "rows.h"
#include "spawn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCAN                                                                                       \
    "a:atr_parabolic_up,freq=1min,min_adv=0,min_adr=0,min_atr_multiplier=-1000000,min_volume=0,"   \
    "start_time=00:00,end_time=23:59,include_null_market_cap"
#define OPEN_TS    1678800600 /* 2023-03-14 09:30 */
#define GENERATION ((session_t){1, 10})
#define SHARD      200
#define WAIT_MS    10000

static const char daily[] = "datetime,open,high,low,close,volume\n"
                            "2023-03-10,10,11,10,10,1000\n2023-03-13,10,11,10,10,1000\n";

typedef struct {
    char *directory, *control_endpoint, *data_endpoint, *hits_endpoint;
    bus_t *bus;
    channel_t *control, *data, *hits;
    channel_peer_t peer;
    wire_reader_t *reader;
    spawn_t *worker;
    rows_t rows;
    uint64_t n;
    size_t states; /* heard */
    wire_live_worker_t state;
    size_t hit_count;
    uint64_t progress;
} fixture_t;

static int setup (void **state)
{
    fixture_t *self = calloc (1, sizeof *self);
    self->directory = directory_new ();
    self->control_endpoint = memory_format ("ipc://%s/control", self->directory);
    self->data_endpoint = memory_format ("ipc://%s/data", self->directory);
    self->hits_endpoint = memory_format ("ipc://%s/hits", self->directory);
    self->bus = bus_new (NULL);
    self->control = channel_bind (self->bus, CHANNEL_ROUTER, self->control_endpoint);
    self->data = channel_bind (self->bus, CHANNEL_PUSH, self->data_endpoint);
    self->reader = wire_reader_new ();
    const char *program = TEST_BIN "/fastscanner-worker";
    const char *argv[] = {program, "--broker", self->control_endpoint, "--name", "worker-9", NULL};
    self->worker = spawn_start (argv);
    *state = self;
    return self->control && self->data ? 0 : -1;
}

static int teardown (void **state)
{
    fixture_t *self = *state;
    spawn_destroy (&self->worker);
    channel_destroy (&self->control, 0);
    channel_destroy (&self->data, 0);
    channel_destroy (&self->hits, 0);
    bus_destroy (&self->bus);
    wire_reader_destroy (&self->reader);
    rows_free (&self->rows);
    free (self->control_endpoint);
    free (self->data_endpoint);
    free (self->hits_endpoint);
    directory_destroy (&self->directory);
    free (self);
    return 0;
}

/* ---- control ---- */

/* The worker's next control message. */
static wire_object_t hear (fixture_t *self)
{
    const char *bytes;
    size_t size;
    uint64_t refused = 0;
    wire_object_t object;
    zmq_pollitem_t item = channel_poll (self->control, ZMQ_POLLIN);
    while (!channel_receive (self->control, &self->peer, &bytes, &size, &refused)) {
        assert_int_equal (zmq_poll (&item, 1, WAIT_MS), 1);
    }
    wire_reader_begin (self->reader, bytes, size);
    assert_int_equal (wire_next (self->reader, &object), 1);
    assert_int_equal (refused, 0);
    if (object.kind == WIRE_LIVE_WORKER) {
        assert_true (object.live_worker.serial > self->state.serial);
        self->states++;
        self->state = object.live_worker;
    }
    return object;
}

static void hear_hello (fixture_t *self)
{
    wire_object_t object = hear (self);
    assert_int_equal (object.kind, WIRE_HELLO);
    assert_int_equal (object.hello.role, WIRE_ROLE_WORKER);
    assert_string_equal (object.hello.name, "worker-9");
}

/* Waits for a state with `last`; hellos that were under way before are passed over. */
static void hear_last (fixture_t *self, uint64_t last)
{
    do {
        hear (self);
    } while (self->state.link.last < last);
    assert_int_equal (self->state.link.last, last);
    assert_false (self->state.link.gap);
}

static void say_welcome (fixture_t *self, uint32_t number)
{
    char scans[1][SCAN_TEXT_MAX] = {SCAN};
    wire_live_welcome_t welcome = {.worker = number,
                                   .session = {1, 1},
                                   .broker = 77,
                                   .candle_timeout_ms = 20000,
                                   .day_timeout_ms = 6 * 3600 * 1000,
                                   .all_hits = true,
                                   .scan_count = 1,
                                   .scans = (const char (*)[SCAN_TEXT_MAX]) scans};
    buffer_t message = {0};
    snprintf (welcome.data_endpoint, sizeof welcome.data_endpoint, "%s", self->data_endpoint);
    snprintf (welcome.collector_endpoint, sizeof welcome.collector_endpoint, "%s",
              self->hits_endpoint);
    wire_put_live_welcome (&message, &welcome);
    assert_true (channel_send_to (self->control, &self->peer, &message));
}

static void say_phase (fixture_t *self, wire_phase_t phase)
{
    buffer_t message = {0};
    wire_put_live_broker (
        &message, &(wire_live_broker_t){.serial = 1, .broker = 77, .epoch = 1, .phase = phase});
    assert_true (channel_send_to (self->control, &self->peer, &message));
}

/* ---- data ---- */

static void put_candle (fixture_t *self, buffer_t *message, uint64_t sequence)
{
    const candle_t candle = {OPEN_TS + (int64_t) sequence * 60, 10, 11, 9, 10.5, 100};
    rows_clear (&self->rows);
    rows_add (&self->rows, "AAA", &candle, candle.ts * 1000 + 60000);
    wire_object_t item = rows_item (&self->rows, SHARD, GENERATION, sequence);
    wire_put_candles (message, &item.candles);
}

/* Sends message n; waits until it went. */
static void send_data (fixture_t *self, buffer_t *message)
{
    zmq_pollitem_t item = channel_poll (self->data, ZMQ_POLLOUT);
    for (bool gone = channel_send (self->data, message); !gone; gone = channel_flush (self->data)) {
        assert_int_equal (zmq_poll (&item, 1, WAIT_MS), 1);
    }
}

static void begin_message (fixture_t *self, buffer_t *message)
{
    wire_put_link (message, &(wire_link_t){.worker = 3, .session = {1, 1}, .n = ++self->n});
}

/* The first message: the shard, the symbol's reference data. */
static void send_start (fixture_t *self)
{
    const wire_reference_file_t file = {.content = WIRE_PARTITION,
                                        .key = day_from (2023, 1, 1),
                                        .bytes = {daily, sizeof daily - 1}};
    buffer_t message = {0};
    begin_message (self, &message);
    wire_put_begin (&message, &(wire_begin_t){.shard = SHARD, .generation = GENERATION});
    wire_put_reference (&message, &(wire_reference_t){.shard = SHARD,
                                                      .generation = GENERATION,
                                                      .symbol = "AAA",
                                                      .day = day_from (2023, 3, 14),
                                                      .file_count = 1,
                                                      .files = &file});
    send_data (self, &message);
}

static void send_candle (fixture_t *self, uint64_t sequence)
{
    buffer_t message = {0};
    begin_message (self, &message);
    put_candle (self, &message, sequence);
    send_data (self, &message);
}

/* ---- hits ---- */

static void bind_hits (fixture_t *self)
{
    self->hits = channel_bind (self->bus, CHANNEL_PULL, self->hits_endpoint);
    assert_non_null (self->hits);
}

/* Waits until the progress of `sequence` came. */
static void receive_progress (fixture_t *self, uint64_t sequence)
{
    const char *bytes;
    size_t size;
    uint64_t refused = 0;
    wire_object_t object;
    zmq_pollitem_t item = channel_poll (self->hits, ZMQ_POLLIN);
    while (self->progress < sequence) {
        if (!channel_receive (self->hits, NULL, &bytes, &size, &refused)) {
            assert_int_equal (zmq_poll (&item, 1, WAIT_MS), 1);
            continue;
        }
        wire_reader_begin (self->reader, bytes, size);
        assert_int_equal (wire_next (self->reader, &object), 1);
        assert_int_equal (object.link.worker, 3);
        while (wire_next (self->reader, &object) == 1) {
            self->hit_count += object.kind == WIRE_LIVE_HIT;
            self->progress =
                object.kind == WIRE_PROGRESS ? object.progress.sequence : self->progress;
        }
    }
    assert_int_equal (refused, 0);
}

/* ---- tests ---- */

/* Greeted for a live run the worker takes candles, sends hits and progress, says how far it is and
 * what it uses, and ends at the broker's word. A second welcome changes nothing. */
static void test_live (void **state)
{
    fixture_t *self = *state;
    bind_hits (self);
    hear_hello (self);
    say_welcome (self, 3);
    say_welcome (self, 4);
    send_start (self);
    send_candle (self, 1);
    receive_progress (self, 1);
    hear_last (self, 2);
    say_welcome (self, 5);
    say_phase (self, WIRE_PHASE_STOP);
    send_candle (self, 2);
    receive_progress (self, 2);
    hear_last (self, 3);
    assert_int_equal (self->hit_count, 2);
    assert_int_equal (self->state.candles, 2);
    assert_int_equal (self->state.refused, 0);
    assert_true (self->state.consumed > 0);
    assert_true (self->state.memory_bytes > 1000000);
    assert_true (self->state.cpu_us > 0);
    say_phase (self, WIRE_PHASE_EXIT);
    assert_int_equal (spawn_wait (self->worker, WAIT_MS), 0);
    assert_string_equal (spawn_err (self->worker), "");
}

/* Without a change it says its state again and again, and not all the time. */
static void test_states_repeat (void **state)
{
    fixture_t *self = *state;
    bind_hits (self);
    hear_hello (self);
    say_welcome (self, 3);
    hear (self);
    mono_t start = mono_now ();
    size_t before = self->states;
    while (self->states < before + 2) {
        hear (self);
    }
    assert_true (mono_ms (start, mono_now ()) >= 300); /* the first may have been under way */
}

/* Under load a state covers many messages: they do not cost throughput. */
static void test_states_are_paced (void **state)
{
    fixture_t *self = *state;
    enum { MESSAGES = 800 }; /* a candle each: they are all of one date */
    bind_hits (self);
    hear_hello (self);
    say_welcome (self, 3);
    send_start (self);
    for (uint64_t i = 1; i <= MESSAGES; i++) {
        send_candle (self, i);
    }
    receive_progress (self, MESSAGES);
    hear_last (self, MESSAGES + 1);
    assert_int_equal (self->hit_count, MESSAGES);
    print_message ("%zu states\n", self->states);
    assert_true (self->states < MESSAGES / 2);
}

/* While nobody takes its hits the worker takes no data and says so, every second; then it goes on
 * where it was. */
static void test_blocked (void **state)
{
    fixture_t *self = *state;
    hear_hello (self);
    say_welcome (self, 3);
    send_start (self);
    send_candle (self, 1);
    while (!self->state.blocked) {
        hear (self);
    }
    uint64_t last = self->state.link.last;
    send_candle (self, 2);
    for (size_t before = self->states; self->states < before + 2;) {
        hear (self);
        assert_true (self->state.blocked);
        assert_int_equal (self->state.link.last, last);
    }
    bind_hits (self);
    receive_progress (self, 2);
    assert_int_equal (self->hit_count, 2);
    while (self->state.blocked || self->state.link.last < 3) {
        hear (self);
    }
}

/* A welcome that is not understood ends it: it could only compute something else. */
static void test_bad_welcome (void **state)
{
    fixture_t *self = *state;
    hear_hello (self);
    char scans[1][SCAN_TEXT_MAX] = {"nonsense"};
    buffer_t message = {0};
    wire_put_live_welcome (
        &message,
        &(wire_live_welcome_t){.scan_count = 1, .scans = (const char (*)[SCAN_TEXT_MAX]) scans});
    assert_true (channel_send_to (self->control, &self->peer, &message));
    assert_int_equal (spawn_wait (self->worker, WAIT_MS), 0);
    assert_non_null (strstr (spawn_err (self->worker), "nonsense"));
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {TEST (test_live), TEST (test_states_repeat),
                                       TEST (test_states_are_paced), TEST (test_blocked),
                                       TEST (test_bad_welcome)};
    return exchange_init () ? 1 : cmocka_run_group_tests (tests, NULL, NULL);
}

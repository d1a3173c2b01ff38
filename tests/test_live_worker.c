/* A live worker given the bytes of messages: links, sessions, what is sent, what is said. */
#include "check.h"

#include "live_worker.h"
#include "rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCAN                                                                                       \
    "a:atr_parabolic_up,freq=1min,min_adv=0,min_adr=0,min_atr_multiplier=-1000000,min_volume=0,"   \
    "start_time=00:00,end_time=23:59,include_null_market_cap"
#define OPEN_TS 1678800600 /* 2023-03-14 09:30 */
#define SHARD   200
#define NUMBER  6

static const char daily[] = "datetime,open,high,low,close,volume\n"
                            "2023-03-10,10,11,10,10,1000\n2023-03-13,10,11,10,10,1000\n";

typedef struct {
    live_worker_t *worker;
    session_t session, generation;
    uint64_t n, sequence; /* of the last message, and item, given */
    rows_t rows;
    buffer_t message; /* that is being made */
    wire_reader_t *reader;
    /* what came out */
    uint64_t sent_n; /* of the last message */
    session_t sent_session;
    size_t hits;
    wire_live_hit_t hit;
    size_t progresses;
    wire_progress_t progress;
} bench_t;

static live_worker_t *new_worker (const char *scan)
{
    char scans[1][SCAN_TEXT_MAX];
    snprintf (scans[0], sizeof scans[0], "%s", scan);
    const wire_live_welcome_t welcome = {.worker = NUMBER,
                                         .session = {1, 1},
                                         .broker = 77,
                                         .candle_timeout_ms = 20000,
                                         .day_timeout_ms = 6 * 3600 * 1000,
                                         .all_hits = true,
                                         .scan_count = 1,
                                         .scans = (const char (*)[SCAN_TEXT_MAX]) scans};
    return live_worker_new (&welcome);
}

static int bench_open (void **state)
{
    bench_t *self = memory_new (sizeof *self);
    self->worker = new_worker (SCAN);
    self->reader = wire_reader_new ();
    self->session = (session_t){1, 1};
    self->generation = (session_t){1, 10};
    *state = self;
    return self->worker ? 0 : -1;
}

static int bench_close (void **state)
{
    bench_t *self = *state;
    live_worker_destroy (&self->worker);
    live_worker_destroy (&self->worker); /* NULL by now */
    wire_reader_destroy (&self->reader);
    rows_free (&self->rows);
    buffer_free (&self->message);
    free (self);
    return 0;
}

/* ---- messages ---- */

static void begin_message (bench_t *self, uint64_t n)
{
    self->message.size = 0;
    wire_put_link (&self->message,
                   &(wire_link_t){.worker = NUMBER, .session = self->session, .n = n});
}

static bool give_message (bench_t *self)
{
    return live_worker_take (self->worker, self->message.bytes, self->message.size);
}

/* BEGIN and AAA's reference data. */
static void put_start (bench_t *self)
{
    const wire_reference_file_t file = {.content = WIRE_PARTITION,
                                        .key = day_from (2023, 1, 1),
                                        .bytes = {daily, sizeof daily - 1}};
    wire_put_begin (&self->message,
                    &(wire_begin_t){.shard = SHARD, .generation = self->generation});
    wire_put_reference (&self->message, &(wire_reference_t){.shard = SHARD,
                                                            .generation = self->generation,
                                                            .symbol = "AAA",
                                                            .day = day_from (2023, 3, 14),
                                                            .file_count = 1,
                                                            .files = &file});
    self->sequence = 0;
}

static void put_candle (bench_t *self, uint64_t sequence, int minute)
{
    const candle_t candle = {OPEN_TS + minute * INT64_C (60), 10, 11, 9, 10.5, 100};
    rows_add (&self->rows, "AAA", &candle, candle.ts * 1000 + 60000);
    wire_object_t item = rows_item (&self->rows, SHARD, self->generation, sequence);
    wire_put_candles (&self->message, &item.candles);
    rows_clear (&self->rows);
}

/* The first message of the session, with the shard's start and a candle. */
static void give_start (bench_t *self)
{
    begin_message (self, self->n = 1);
    put_start (self);
    put_candle (self, ++self->sequence, 0);
    assert_true (give_message (self));
}

static void keep_item (bench_t *self, const wire_object_t *object)
{
    if (object->kind == WIRE_LIVE_HIT) {
        self->hits++;
        self->hit = object->live_hit;
    } else {
        assert_int_equal (object->kind, WIRE_PROGRESS);
        self->progresses++;
        self->progress = object->progress;
    }
}

/* Takes what the worker would send. */
static void collect (bench_t *self)
{
    buffer_t message;
    while (outbox_pop (live_worker_outbox (self->worker), true, &message)) {
        wire_object_t object;
        int rc;
        wire_reader_begin (self->reader, message.bytes, message.size);
        assert_int_equal (wire_next (self->reader, &object), 1);
        assert_int_equal (object.kind, WIRE_LINK);
        assert_int_equal (object.link.worker, NUMBER);
        self->sent_n = object.link.n;
        self->sent_session = object.link.session;
        while ((rc = wire_next (self->reader, &object)) == 1) {
            keep_item (self, &object);
        }
        assert_int_equal (rc, 0);
        buffer_free (&message);
    }
}

static wire_live_worker_t state_of (bench_t *self)
{
    wire_live_worker_t state;
    live_worker_state (self->worker, false, &state);
    return state;
}

static void check_link (bench_t *self, uint64_t last, bool gap)
{
    wire_live_worker_t state = state_of (self);
    assert_int_equal (session_compare (state.link.session, self->session), 0);
    assert_int_equal (state.link.last, last);
    assert_int_equal (state.link.gap, gap);
}

/* ---- tests ---- */

/* A message's items are applied; hits and the shard's progress go out on a link of the same session.
 */
static void test_message (void **state)
{
    bench_t *self = *state;
    give_start (self);
    collect (self);
    assert_int_equal (self->sent_n, 1);
    assert_int_equal (session_compare (self->sent_session, self->session), 0);
    assert_int_equal (self->hits, 1);
    assert_string_equal (self->hit.symbol, "AAA");
    assert_int_equal (self->hit.day, day_from (2023, 3, 14));
    assert_int_equal (self->progresses, 1);
    assert_int_equal (self->progress.sequence, 1);
    check_link (self, 1, false);
    begin_message (self, 2);
    put_candle (self, 2, 1);
    assert_true (give_message (self));
    collect (self);
    assert_int_equal (self->sent_n, 2);
    assert_int_equal (self->hits, 2);
    assert_int_equal (self->progress.sequence, 2);
}

/* Bytes of messages that were applied are counted, for the broker's window; a repeat is not. */
static void test_consumed (void **state)
{
    bench_t *self = *state;
    give_start (self);
    uint64_t size = self->message.size;
    assert_int_equal (state_of (self).consumed, size);
    assert_true (give_message (self)); /* n = 1 again */
    assert_int_equal (state_of (self).consumed, size);
    begin_message (self, 2);
    put_candle (self, 2, 1);
    assert_true (give_message (self));
    assert_int_equal (state_of (self).consumed, size + self->message.size);
    check_link (self, 2, false);
    collect (self);
    assert_int_equal (self->hits, 2);
}

/* A missing message makes a gap: nothing more of the session is taken. */
static void test_gap (void **state)
{
    bench_t *self = *state;
    give_start (self);
    begin_message (self, 3);
    put_candle (self, 3, 2);
    assert_true (give_message (self));
    check_link (self, 1, true);
    begin_message (self, 2);
    put_candle (self, 2, 1);
    assert_true (give_message (self));
    check_link (self, 1, true);
    collect (self);
    assert_int_equal (self->hits, 1);
    assert_int_equal (state_of (self).refused, 0);
}

/* A higher session's first message drops every shard and starts our own link anew. */
static void test_session (void **state)
{
    bench_t *self = *state;
    give_start (self); /* its hit is never sent */
    session_t old = self->session;
    self->session = (session_t){1, 2};
    self->generation.counter++;
    give_start (self);
    uint64_t size = self->message.size;
    collect (self);
    assert_int_equal (self->sent_n, 1);
    assert_int_equal (session_compare (self->sent_session, self->session), 0);
    assert_int_equal (self->hits, 1);
    assert_int_equal (session_compare (self->hit.generation, self->generation), 0);
    check_link (self, 1, false);
    assert_int_equal (state_of (self).consumed, size);
    session_t now = self->session;
    self->session = old; /* what is still under way of the old one */
    begin_message (self, 2);
    put_candle (self, 2, 1);
    assert_true (give_message (self));
    self->session = now;
    check_link (self, 1, false);
    assert_int_equal (state_of (self).candles, 2); /* of our life */
}

/* An item that the desk cannot take, or that cannot be read, makes a gap; what came before it in the
 * message was applied and says so. */
static void test_bad_item (void **state)
{
    for (int i = 0; i < 2; i++) {
        if (i > 0) {
            bench_close (state);
            bench_open (state);
        }
        bench_t *self = *state;
        give_start (self);
        begin_message (self, 2);
        put_candle (self, 2, 1);
        if (i == 0) {
            put_candle (self, 4, 2);
        } else {
            buffer_append (&self->message, "\xc1", 1);
        }
        put_candle (self, 3, 2);
        assert_false (give_message (self));
        check_link (self, 2, true);
        assert_int_equal (state_of (self).refused, 1);
        collect (self);
        assert_int_equal (self->hits, 2);
        assert_int_equal (self->progress.sequence, 2);
    }
}

/* A message without a LINK is refused, and is no reason for a gap: nobody knows whose it is. */
static void test_bad_message (void **state)
{
    bench_t *self = *state;
    give_start (self);
    self->message.size = 0;
    put_candle (self, 2, 1);
    assert_false (give_message (self));
    assert_false (live_worker_take (self->worker, "", 0));
    assert_false (live_worker_take (self->worker, "\x93\x10", 2));
    check_link (self, 1, false);
    assert_int_equal (state_of (self).refused, 3);
    begin_message (self, 2);
    put_candle (self, 2, 1);
    assert_true (give_message (self));
}

static void hear (bench_t *self, uint64_t broker, uint64_t epoch, uint64_t serial, uint64_t counter)
{
    wire_owner_t owner = {.shard = SHARD, .worker = NUMBER + 1, .generation = {epoch, counter}};
    wire_live_broker_t state = {
        .serial = serial, .broker = broker, .epoch = epoch, .owner_count = 1, .owners = &owner};
    live_worker_hear (self->worker, &state);
}

/* Is the shard still ours? Its next candle hits, and else is ignored. */
static bool has_shard (bench_t *self)
{
    size_t before = self->hits;
    begin_message (self, ++self->n);
    self->sequence++;
    put_candle (self, self->sequence, (int) self->sequence);
    assert_true (give_message (self));
    collect (self);
    return self->hits > before;
}

/* A state of the broker that gives a higher generation of the shard to another worker drops it. An
 * older state does nothing, nor does one of a broker of before. */
static void test_hear (void **state)
{
    bench_t *self = *state;
    give_start (self);
    hear (self, 77, 1, 5, 9); /* a lower generation */
    assert_true (has_shard (self));
    hear (self, 77, 1, 4, 11); /* an older state */
    hear (self, 77, 1, 5, 11); /* the same again */
    assert_true (has_shard (self));
    hear (self, 76, 0, 900, 11); /* an older broker */
    assert_true (has_shard (self));
    hear (self, 77, 1, 6, 11);
    assert_false (has_shard (self));
}

/* A newer broker's serial is its own: its first state counts. */
static void test_hear_newer_broker (void **state)
{
    bench_t *self = *state;
    give_start (self);
    hear (self, 77, 1, 500, 9);
    assert_true (has_shard (self));
    hear (self, 78, 2, 1, 1);
    assert_false (has_shard (self));
}

/* States are numbered, and say what was counted. */
static void test_state (void **state)
{
    bench_t *self = *state;
    wire_live_worker_t first = state_of (self), second;
    give_start (self);
    live_worker_state (self->worker, true, &second);
    assert_false (first.blocked);
    assert_true (second.blocked);
    assert_true (second.serial > first.serial);
    assert_int_equal (first.candles, 0);
    assert_int_equal (second.candles, 1);
    const wire_reference_file_t file = {
        .content = WIRE_FUNDAMENTALS, .key = DAY_NONE, .bytes = {"{", 1}};
    begin_message (self, 2);
    wire_put_reference (&self->message, &(wire_reference_t){.shard = SHARD,
                                                            .generation = self->generation,
                                                            .symbol = "AAA",
                                                            .day = day_from (2023, 3, 15),
                                                            .file_count = 1,
                                                            .files = &file});
    assert_true (give_message (self));
    second = state_of (self);
    assert_int_equal (second.rejected_files, 1);
    assert_int_equal (second.note_count, 1);
    assert_non_null (strstr (second.notes[0], "data/fundamentals/AAA.json"));
    buffer_t message = {0}; /* it can be sent */
    wire_object_t object;
    wire_put_live_worker (&message, &second);
    wire_reader_begin (self->reader, message.bytes, message.size);
    assert_int_equal (wire_next (self->reader, &object), 1);
    assert_int_equal (object.kind, WIRE_LIVE_WORKER);
    buffer_free (&message);
}

/* Scans that are not understood make no worker. */
static void test_bad_welcome (void **state)
{
    (void) state;
    assert_null (new_worker ("nonsense"));
}

int main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, bench_open, bench_close)
    const struct CMUnitTest tests[] = {
        TEST (test_message),     TEST (test_consumed),          TEST (test_gap),
        TEST (test_session),     TEST (test_bad_item),          TEST (test_bad_message),
        TEST (test_hear),        TEST (test_hear_newer_broker), TEST (test_state),
        TEST (test_bad_welcome),
    };
    if (exchange_init () != 0) {
        return 1;
    }
    return cmocka_run_group_tests (tests, NULL, NULL);
}

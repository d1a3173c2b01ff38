/* The outbox: items gathered into numbered messages, and what happens when nobody takes them. */
#include "check.h"

#include "outbox.h"

#include <stdio.h>
#include <stdlib.h>

#define SESSION ((session_t){7, 9})

typedef struct {
    bus_t *bus;
    channel_t *push, *pull;
    outbox_t *out;
    wire_reader_t *reader;
    uint64_t next_n;   /* of the next message */
    uint32_t next_hit; /* the unit of the next item: items are numbered by it */
    size_t messages, largest;
} bench_t;

static int bench_open (void **state)
{
    bench_t *self = memory_new (sizeof *self);
    self->bus = bus_new (NULL);
    self->pull = channel_bind (self->bus, CHANNEL_PULL, "inproc://hits");
    self->push = channel_connect (self->bus, CHANNEL_PUSH, "inproc://hits");
    self->out = outbox_new ();
    self->reader = wire_reader_new ();
    outbox_begin (self->out, 5, SESSION);
    *state = self;
    return 0;
}

static int bench_close (void **state)
{
    bench_t *self = *state;
    outbox_destroy (&self->out);
    outbox_destroy (&self->out); /* NULL by now */
    wire_reader_destroy (&self->reader);
    channel_destroy (&self->push, 0);
    channel_destroy (&self->pull, 0);
    bus_destroy (&self->bus);
    free (self);
    return 0;
}

static void put (bench_t *self, uint32_t from, uint32_t count)
{
    for (uint32_t i = from; i < from + count; i++) {
        wire_put_ready (outbox_message (self->out), &(wire_ready_t){i, 1});
    }
}

/* Takes what has arrived: every message is numbered behind the one before, and so is every item. */
static void take (bench_t *self, session_t session)
{
    const char *bytes;
    size_t size;
    uint64_t refused = 0;
    while (channel_receive (self->pull, NULL, &bytes, &size, &refused)) {
        wire_object_t object;
        int rc;
        wire_reader_begin (self->reader, bytes, size);
        assert_int_equal (wire_next (self->reader, &object), 1);
        assert_int_equal (object.kind, WIRE_LINK);
        assert_int_equal (object.link.worker, 5);
        assert_int_equal (session_compare (object.link.session, session), 0);
        assert_int_equal (object.link.n, ++self->next_n);
        while ((rc = wire_next (self->reader, &object)) == 1) {
            assert_int_equal (object.ready.unit, self->next_hit++);
        }
        assert_int_equal (rc, 0);
        self->messages++;
        self->largest = size > self->largest ? size : self->largest;
    }
    assert_int_equal (refused, 0);
}

/* Small items share a message, which goes when all is asked for and not before. */
static void test_items_share_a_message (void **state)
{
    bench_t *self = *state;
    put (self, 0, 100);
    assert_true (outbox_flush (self->out, self->push, false));
    take (self, SESSION);
    assert_int_equal (self->messages, 0);
    assert_true (outbox_flush (self->out, self->push, true));
    take (self, SESSION);
    assert_int_equal (self->messages, 1);
    assert_int_equal (self->next_hit, 100);
    assert_true (outbox_flush (self->out, self->push, true)); /* nothing more to say */
    take (self, SESSION);
    assert_int_equal (self->messages, 1);
}

/* A message is closed at a good size, and many come in the order in which they were made. */
static void test_large_messages (void **state)
{
    bench_t *self = *state;
    put (self, 0, 100000);
    assert_true (outbox_flush (self->out, self->push, false));
    take (self, SESSION);
    assert_true (self->messages > 10);
    assert_true (self->largest >= OUTBOX_MESSAGE && self->largest < OUTBOX_MESSAGE + 100);
    assert_true (outbox_flush (self->out, self->push, true));
    take (self, SESSION);
    assert_int_equal (self->next_hit, 100000);
}

/* Blocked by a collector that takes nothing it keeps everything, in order, and goes on when there
 * is room. */
static void test_blocked (void **state)
{
    bench_t *self = *state;
    uint32_t made = 0;
    while (outbox_flush (self->out, self->push, false)) {
        put (self, made, 20000);
        made += 20000;
        assert_true (made < 100000000); /* or the queues have no bound */
    }
    put (self, made, 50000); /* what is being made when it blocks */
    made += 50000;
    assert_false (outbox_flush (self->out, self->push, true));
    bool all = false;
    while (!all || self->next_hit < made) {
        take (self, SESSION);
        all = outbox_flush (self->out, self->push, true);
    }
    assert_int_equal (self->next_hit, made);
}

/* A new session drops what an ended one left, and counts from 1. */
static void test_new_session (void **state)
{
    bench_t *self = *state;
    put (self, 0, 10);
    assert_true (outbox_flush (self->out, self->push, true));
    take (self, SESSION);
    put (self, 1000, 50000); /* several closed ones, and an open one */
    session_t later = {7, 10};
    outbox_begin (self->out, 5, later);
    assert_true (outbox_flush (self->out, self->push, true));
    put (self, 10, 10);
    assert_true (outbox_flush (self->out, self->push, true));
    self->next_n = 0;
    take (self, later);
    assert_int_equal (self->next_n, 1);
    assert_int_equal (self->next_hit, 20);
}

/* Without a channel messages are popped: closed ones at once, the open one when all is asked for. */
static void test_pop (void **state)
{
    bench_t *self = *state;
    buffer_t message;
    size_t popped = 0;
    assert_false (outbox_pop (self->out, true, &message));
    put (self, 0, 20000);
    while (outbox_pop (self->out, false, &message)) {
        assert_true (message.size >= OUTBOX_MESSAGE);
        buffer_free (&message);
        popped++;
    }
    assert_true (popped > 1);
    assert_true (outbox_pop (self->out, true, &message));
    assert_true (message.size < OUTBOX_MESSAGE);
    buffer_free (&message);
    assert_false (outbox_pop (self->out, true, &message));
    put (self, 0, 1);
    assert_true (outbox_flush (self->out, self->push, true));
    self->next_n = popped + 1; /* numbers go on */
    take (self, SESSION);
    assert_int_equal (self->messages, 1);
}

int main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, bench_open, bench_close)
    const struct CMUnitTest tests[] = {
        TEST (test_items_share_a_message),
        TEST (test_large_messages),
        TEST (test_blocked),
        TEST (test_new_session),
        TEST (test_pop),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

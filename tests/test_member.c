/* A member of a run against a broker that is this test: hello, welcome, state, data. */
#include "member.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "spawn.h"

#define SCAN    "day2_gap:day2_gap,min_adv=1,min_adr=0,min_gap=0,min_retrace=0,min_price=0"
#define WAIT_MS 10000

typedef struct {
    char *directory, *endpoint;
    bus_t *bus;
    channel_t *control; /* the broker's ROUTER */
    channel_peer_t peer;
    wire_reader_t *reader;
    member_t member;
} fixture_t;

static int setup (void **state)
{
    fixture_t *self = calloc (1, sizeof *self);
    self->directory = directory_new ();
    self->endpoint = memory_format ("ipc://%s/control", self->directory);
    self->bus = bus_new (NULL);
    self->control = channel_bind (self->bus, CHANNEL_ROUTER, self->endpoint);
    self->reader = wire_reader_new ();
    wire_hello_t hello = {.role = WIRE_ROLE_WORKER, .incarnation = 7};
    snprintf (hello.name, sizeof hello.name, "worker-0");
    assert_int_equal (member_open (&self->member, &hello, self->endpoint, NULL), 0);
    *state = self;
    return 0;
}

static int teardown (void **state)
{
    fixture_t *self = *state;
    member_close (&self->member);
    channel_destroy (&self->control, 0);
    bus_destroy (&self->bus);
    wire_reader_destroy (&self->reader);
    free (self->endpoint);
    directory_destroy (&self->directory);
    free (self);
    return 0;
}

/* Lets the member speak until the broker has an object from it. */
static wire_object_t hear (fixture_t *self)
{
    const char *bytes;
    size_t size;
    uint64_t refused = 0;
    wire_object_t object;
    zmq_pollitem_t item = channel_poll (self->control, ZMQ_POLLIN);
    while (!channel_receive (self->control, &self->peer, &bytes, &size, &refused)) {
        assert_false (member_is_due (&self->member) && !self->member.run);
        member_wait (&self->member, NULL, true);
        assert_true (zmq_poll (&item, 1, self->member.changed ? 1 : WAIT_MS) >= 0);
    }
    wire_reader_begin (self->reader, bytes, size);
    assert_int_equal (wire_next (self->reader, &object), 1);
    assert_int_equal (refused, 0);
    return object;
}

/* What the broker says comes to the member. */
static wire_object_t say (fixture_t *self, buffer_t *message)
{
    wire_object_t object = {0};
    assert_true (channel_send_to (self->control, &self->peer, message));
    zmq_pollitem_t item = channel_poll (self->member.control, ZMQ_POLLIN);
    assert_int_equal (zmq_poll (&item, 1, WAIT_MS), 1);
    if (!member_hear (&self->member, &object)) {
        object.kind = (wire_kind_t) 0;
    }
    return object;
}

static void put_welcome (buffer_t *message, const char *scan)
{
    char scans[1][SCAN_TEXT_MAX];
    snprintf (scans[0], sizeof scans[0], "%s", scan);
    wire_welcome_t welcome = {.worker = 3,
                              .session = {1, 2},
                              .scan_count = 1,
                              .scans = (const char (*)[SCAN_TEXT_MAX]) scans};
    snprintf (welcome.data_endpoint, sizeof welcome.data_endpoint, "inproc://data");
    snprintf (welcome.collector_endpoint, sizeof welcome.collector_endpoint, "inproc://hits");
    wire_put_welcome (message, &welcome);
}

/* A member says hello at once, as who it is, and again every time it is due; the welcome gives it
 * the run, once. */
static void test_hello_and_welcome (void **state)
{
    fixture_t *self = *state;
    wire_object_t object = hear (self);
    assert_int_equal (object.kind, WIRE_HELLO);
    assert_string_equal (object.hello.name, "worker-0");
    assert_int_equal (object.hello.incarnation, 7);
    assert_null (self->member.run);
    buffer_t message = {0};
    put_welcome (&message, SCAN);
    object = say (self, &message);
    assert_int_equal (object.kind, WIRE_WELCOME);
    assert_true (member_take_welcome (&self->member, &object.welcome));
    assert_int_equal (self->member.run->scan_count, 1);
    assert_false (member_take_welcome (&self->member, &object.welcome));
    assert_true (member_is_due (&self->member));
    assert_false (self->member.over);
}

/* A welcome whose scans are not understood ends the member: it could only compute something else. */
static void test_bad_welcome (void **state)
{
    fixture_t *self = *state;
    hear (self);
    buffer_t message = {0};
    put_welcome (&message, "no_such_scanner,min_adv=1");
    wire_object_t object = say (self, &message);
    assert_int_equal (object.kind, WIRE_WELCOME);
    assert_false (member_take_welcome (&self->member, &object.welcome));
    assert_true (self->member.over);
    assert_null (self->member.run);
}

/* A control message that is none is counted and dropped. */
static void test_bad_control (void **state)
{
    fixture_t *self = *state;
    hear (self);
    buffer_t message = {0};
    buffer_append (&message, "\xdd\xff\xff\xff\xff", 5);
    assert_int_equal (say (self, &message).kind, 0);
    assert_int_equal (self->member.refused, 1);
}

typedef struct {
    int taken, wanted;
} taker_t;

static bool take (void *owner, const wire_object_t *item)
{
    taker_t *self = owner;
    assert_int_equal (item->kind, WIRE_READY);
    return self->taken++ < self->wanted;
}

/* A data message is its LINK and its items; one that cannot be read to the end, or has an item that
 * nobody wants, is a gap in the link, and what came before is taken. */
static void test_data (void **state)
{
    fixture_t *self = *state;
    const struct {
        const char *tail; /* behind the items */
        size_t size;
        int wanted, taken;
        bool gap;
    } cases[] = {{"", 0, 9, 2, false}, {"\xc1", 1, 9, 2, true}, {"", 0, 1, 2, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buffer_t message = {0};
        wire_link_t header;
        link_t link = {0};
        taker_t taker = {.wanted = cases[i].wanted};
        wire_put_link (&message, &(wire_link_t){4, {1, 1}, 5});
        wire_put_ready (&message, &(wire_ready_t){1, 1});
        wire_put_ready (&message, &(wire_ready_t){2, 1});
        buffer_append (&message, cases[i].tail, cases[i].size);
        assert_true (member_begin_data (&self->member, message.bytes, message.size, &header));
        assert_int_equal (header.worker, 4);
        assert_int_equal (header.n, 5);
        member_take_items (&self->member, &link, take, &taker);
        assert_int_equal (taker.taken, cases[i].taken);
        assert_int_equal (link.gap, cases[i].gap);
        buffer_free (&message);
    }
    assert_int_equal (self->member.refused, 2);
}

/* A data message without a LINK is counted and not taken. */
static void test_data_without_link (void **state)
{
    fixture_t *self = *state;
    buffer_t message = {0};
    wire_link_t header;
    wire_put_ready (&message, &(wire_ready_t){1, 1});
    assert_false (member_begin_data (&self->member, message.bytes, message.size, &header));
    assert_int_equal (self->member.refused, 1);
    buffer_free (&message);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {TEST (test_hello_and_welcome), TEST (test_bad_welcome),
                                       TEST (test_bad_control), TEST (test_data),
                                       TEST (test_data_without_link)};
    return exchange_init () ? 1 : cmocka_run_group_tests (tests, NULL, NULL);
}

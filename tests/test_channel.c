/* Messages between two ends of a socket: without a copy, held until they can go, refused when they
 * are not ours. Sockets are ipc in a directory of the test's own; waits are for their events. */
#include "channel.h"
#include "log.h"
#include "wire.h"

#include "check.h"
#include "spawn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WAIT_MS 20000

typedef struct {
    bus_t *bus;
    char *directory;
    char *endpoint;
    int monitors; /* started, for their names */
} sockets_t;

static int set_up (void **state)
{
    sockets_t *self = memory_new (sizeof *self);
    self->bus = bus_new (NULL);
    self->directory = directory_new ();
    self->endpoint = memory_format ("ipc://%s/socket", self->directory);
    *state = self;
    return 0;
}

/* All sockets of a test are closed by it. After a test that failed they are not, and this does not
 * return: the alarm in main ends it. */
static int tear_down (void **state)
{
    sockets_t *self = *state;
    bus_destroy (&self->bus);
    directory_destroy (&self->directory);
    free (self->endpoint);
    free (self);
    return 0;
}

static channel_t *bind_end (const sockets_t *self, channel_type_t type)
{
    channel_t *channel = channel_bind (self->bus, type, self->endpoint);
    assert_non_null (channel);
    return channel;
}

static channel_t *connect_end (const sockets_t *self, channel_type_t type)
{
    channel_t *channel = channel_connect (self->bus, type, self->endpoint);
    assert_non_null (channel);
    return channel;
}

static void wait_for (const channel_t *channel, short events)
{
    zmq_pollitem_t item = channel_poll (channel, events);
    assert_int_equal (zmq_poll (&item, 1, WAIT_MS), 1);
}

static buffer_t text_message (const char *text)
{
    buffer_t message = {0};
    buffer_append (&message, text, strlen (text));
    return message;
}

/* Sends when the socket can: the peer may not be there yet. */
static void send_text (channel_t *channel, const char *text)
{
    wait_for (channel, ZMQ_POLLOUT);
    buffer_t message = text_message (text);
    assert_true (channel_send (channel, &message));
    assert_null (message.bytes);
    assert_int_equal (message.size + message.capacity, 0);
}

/* Waits for the next message that is not refused. */
static void receive (channel_t *channel, channel_peer_t *peer, const char **bytes, size_t *size,
                     uint64_t *refused)
{
    while (!channel_receive (channel, peer, bytes, size, refused)) {
        wait_for (channel, ZMQ_POLLIN);
    }
}

static void check_text (channel_t *channel, channel_peer_t *peer, const char *text,
                        uint64_t refused)
{
    const char *bytes;
    size_t size;
    uint64_t count = 0;
    receive (channel, peer, &bytes, &size, &count);
    assert_int_equal (size, strlen (text));
    assert_memory_equal (bytes, text, size);
    assert_int_equal (count, refused);
}

static void check_nothing (channel_t *channel)
{
    const char *bytes;
    size_t size;
    uint64_t refused = 0;
    channel_peer_t peer;
    assert_false (channel_receive (channel, &peer, &bytes, &size, &refused));
    assert_int_equal (refused, 0);
}

/* A socket that tells the events of a channel. */
static void *monitor (sockets_t *self, const channel_t *channel, int events)
{
    char name[64];
    snprintf (name, sizeof name, "inproc://monitor-%d", self->monitors++);
    assert_int_equal (zmq_socket_monitor (channel_poll (channel, ZMQ_POLLIN).socket, name, events),
                      0);
    void *socket = zmq_socket (bus_context (self->bus), ZMQ_PAIR);
    assert_int_equal (zmq_connect (socket, name), 0);
    return socket;
}

static void wait_for_event (void *monitor_socket, int event)
{
    uint16_t told = 0;
    while (told != event) {
        zmq_pollitem_t item = {.socket = monitor_socket, .events = ZMQ_POLLIN};
        assert_int_equal (zmq_poll (&item, 1, WAIT_MS), 1);
        char frame[256];
        assert_true (zmq_recv (monitor_socket, frame, sizeof frame, 0) >= 2);
        memcpy (&told, frame, sizeof told);
        assert_true (zmq_recv (monitor_socket, frame, sizeof frame, 0) >= 0); /* the address */
    }
}

/* A message is handed over, not copied: within the process it arrives at the address where it was
 * written. */
static void test_no_copy (void **state)
{
    sockets_t *sockets = *state;
    channel_t *pull = channel_bind (sockets->bus, CHANNEL_PULL, "inproc://no-copy");
    channel_t *push = channel_connect (sockets->bus, CHANNEL_PUSH, "inproc://no-copy");
    static const size_t sizes[] = {1, 40, 100000};
    for (size_t i = 0; i < 3; i++) {
        buffer_t message = {0};
        memset (buffer_reserve (&message, sizes[i]), 'x', sizes[i]);
        message.size = sizes[i];
        const char *written = message.bytes;
        assert_true (channel_send (push, &message));
        const char *bytes;
        size_t size;
        uint64_t refused = 0;
        receive (pull, NULL, &bytes, &size, &refused);
        assert_ptr_equal (bytes, written);
        assert_int_equal (size, sizes[i]);
    }
    channel_destroy (&push, 0);
    channel_destroy (&pull, 0);
    assert_null (pull);
    channel_destroy (&pull, 0);
}

/* Before anyone is there a PUSH holds the one message that cannot go, and it goes when the peer
 * comes. */
static void test_held (void **state)
{
    sockets_t *sockets = *state;
    channel_t *push = connect_end (sockets, CHANNEL_PUSH);
    buffer_t message = text_message ("first");
    assert_false (channel_send (push, &message));
    assert_null (message.bytes);
    assert_false (channel_flush (push));
    channel_t *pull = bind_end (sockets, CHANNEL_PULL);
    wait_for (push, ZMQ_POLLOUT);
    assert_true (channel_flush (push));
    assert_true (channel_flush (push)); /* nothing is held any more */
    send_text (push, "second");
    check_text (pull, NULL, "first", 0);
    check_text (pull, NULL, "second", 0);
    check_nothing (pull);
    channel_destroy (&push, 0);
    channel_destroy (&pull, 0);
}

/* A held message is freed with its channel. */
static void test_held_destroyed (void **state)
{
    channel_t *push = connect_end (*state, CHANNEL_PUSH);
    buffer_t message = text_message ("never");
    assert_false (channel_send (push, &message));
    channel_destroy (&push, WAIT_MS);
}

/* With a full queue a PUSH holds one message more; nothing is lost and the order stays. */
static void test_full_queue (void **state)
{
    sockets_t *sockets = *state;
    channel_t *pull = bind_end (sockets, CHANNEL_PULL);
    channel_t *push = connect_end (sockets, CHANNEL_PUSH);
    wait_for (push, ZMQ_POLLOUT);
    uint32_t sent = 0, received = 0;
    bool went = true;
    while (went) {
        buffer_t message = {0};
        buffer_append (&message, &sent, sizeof sent);
        memset (buffer_reserve (&message, 20000), 0, 20000);
        message.size += 20000;
        went = channel_send (push, &message);
        sent++;
        assert_true (sent < 100000);
    }
    assert_true (sent > CHANNEL_DATA_QUEUE);
    while (received < sent) {
        const char *bytes;
        size_t size;
        uint64_t refused = 0;
        receive (pull, NULL, &bytes, &size, &refused);
        assert_int_equal (size, 20004);
        assert_memory_equal (bytes, &received, sizeof received);
        received++;
        channel_flush (push);
    }
    assert_true (channel_flush (push));
    check_nothing (pull);
    channel_destroy (&push, 0);
    channel_destroy (&pull, 0);
}

/* What was sent before the channel was destroyed arrives after it, within the linger. */
static void test_linger (void **state)
{
    sockets_t *sockets = *state;
    channel_t *pull = bind_end (sockets, CHANNEL_PULL);
    channel_t *push = connect_end (sockets, CHANNEL_PUSH);
    for (int i = 0; i < 10; i++) {
        send_text (push, "last words");
    }
    channel_destroy (&push, WAIT_MS);
    for (int i = 0; i < 10; i++) {
        check_text (pull, NULL, "last words", 0);
    }
    channel_destroy (&pull, 0);
}

/* States are repeated: a DEALER without a peer drops them, holds none, and sends the next. */
static void test_dealer_drops (void **state)
{
    sockets_t *sockets = *state;
    channel_t *dealer = connect_end (sockets, CHANNEL_DEALER);
    for (int i = 0; i < 3; i++) {
        buffer_t message = text_message ("dropped");
        assert_false (channel_send (dealer, &message));
        assert_null (message.bytes);
        assert_true (channel_flush (dealer));
    }
    channel_t *router = bind_end (sockets, CHANNEL_ROUTER);
    send_text (dealer, "state");
    channel_peer_t peer;
    check_text (router, &peer, "state", 0);
    channel_destroy (&dealer, 0);
    channel_destroy (&router, 0);
}

/* A ROUTER tells its peers apart, and answers each alone. */
static void test_router (void **state)
{
    sockets_t *sockets = *state;
    channel_t *router = bind_end (sockets, CHANNEL_ROUTER);
    channel_t *dealers[2];
    channel_peer_t peers[2];
    for (int i = 0; i < 2; i++) {
        dealers[i] = connect_end (sockets, CHANNEL_DEALER);
        send_text (dealers[i], "hello");
        check_text (router, &peers[i], "hello", 0);
    }
    assert_false (channel_peer_equal (&peers[0], &peers[1]));
    assert_true (channel_peer_equal (&peers[0], &peers[0]));
    for (int i = 1; i >= 0; i--) {
        buffer_t message = text_message (i == 0 ? "to the first" : "to the second");
        assert_true (channel_send_to (router, &peers[i], &message));
        assert_null (message.bytes);
    }
    check_text (dealers[0], NULL, "to the first", 0);
    check_text (dealers[1], NULL, "to the second", 0);
    send_text (dealers[1], "again");
    channel_peer_t peer;
    check_text (router, &peer, "again", 0);
    assert_true (channel_peer_equal (&peer, &peers[1]));
    for (int i = 0; i < 2; i++) {
        check_nothing (dealers[i]);
        channel_destroy (&dealers[i], 0);
    }
    channel_destroy (&router, 0);
}

/* Sending to a peer that never was, or that has gone, says so and drops the message. */
static void test_unknown_peer (void **state)
{
    sockets_t *sockets = *state;
    channel_t *router = bind_end (sockets, CHANNEL_ROUTER);
    channel_t *dealer = connect_end (sockets, CHANNEL_DEALER);
    void *events = monitor (sockets, router, ZMQ_EVENT_DISCONNECTED);
    channel_peer_t peer = {.size = 5, .bytes = {0, 1, 2, 3, 4}};
    buffer_t message = text_message ("nobody");
    assert_false (channel_send_to (router, &peer, &message));
    assert_null (message.bytes);

    send_text (dealer, "hello");
    check_text (router, &peer, "hello", 0);
    channel_destroy (&dealer, 0);
    wait_for_event (events, ZMQ_EVENT_DISCONNECTED);
    bool went = true;
    for (int i = 0; went && i < 1000; i++) { /* the socket hears of it in its next calls */
        zmq_pollitem_t item = channel_poll (router, ZMQ_POLLIN);
        zmq_poll (&item, 1, 10);
        message = text_message ("gone");
        went = channel_send_to (router, &peer, &message);
        assert_null (message.bytes);
    }
    assert_false (went);
    zmq_close (events);
    channel_destroy (&router, 0);
}

/* A message over the largest size ends its connection and never arrives; one of just that size
 * does, and so do those of the connection that follows. */
static void test_oversized (void **state)
{
    sockets_t *sockets = *state;
    channel_t *pull = bind_end (sockets, CHANNEL_PULL);
    channel_t *push = connect_end (sockets, CHANNEL_PUSH);
    void *pull_events = monitor (sockets, pull, ZMQ_EVENT_DISCONNECTED);
    void *push_events =
        monitor (sockets, push, ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    for (size_t over = 0; over < 2; over++) {
        buffer_t message = {.bytes = memory_new (WIRE_MESSAGE_MAX + over)};
        message.size = message.capacity = WIRE_MESSAGE_MAX + over;
        wait_for (push, ZMQ_POLLOUT);
        assert_true (channel_send (push, &message));
        if (over == 0) {
            const char *bytes;
            size_t size;
            uint64_t refused = 0;
            receive (pull, NULL, &bytes, &size, &refused);
            assert_int_equal (size, WIRE_MESSAGE_MAX);
        }
    }
    wait_for_event (pull_events, ZMQ_EVENT_DISCONNECTED);
    wait_for_event (push_events, ZMQ_EVENT_DISCONNECTED);
    wait_for_event (push_events, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    send_text (push, "small");
    check_text (pull, NULL, "small", 0);
    check_nothing (pull);
    zmq_close (pull_events);
    zmq_close (push_events);
    channel_destroy (&push, 0);
    channel_destroy (&pull, 0);
}

/* A socket that is not ours, connected to the test's endpoint. */
static void *stranger (const sockets_t *self, int type)
{
    void *socket = zmq_socket (bus_context (self->bus), type);
    int linger = 0;
    zmq_setsockopt (socket, ZMQ_LINGER, &linger, sizeof linger);
    assert_int_equal (zmq_connect (socket, self->endpoint), 0);
    return socket;
}

static void send_frames (void *socket, int count)
{
    for (int i = 0; i < count; i++) {
        assert_int_equal (zmq_send (socket, "junk", 4, i + 1 < count ? ZMQ_SNDMORE : 0), 4);
    }
}

/* Messages of several frames are counted and dropped whole; those between them arrive. */
static void test_frames_pull (void **state)
{
    sockets_t *sockets = *state;
    channel_t *pull = bind_end (sockets, CHANNEL_PULL);
    void *push = stranger (sockets, ZMQ_PUSH);
    send_frames (push, 2);
    send_frames (push, 50);
    zmq_send (push, "good", 4, 0);
    send_frames (push, 3);
    zmq_send (push, "", 0, 0);
    check_text (pull, NULL, "good", 2);
    check_text (pull, NULL, "", 1);
    check_nothing (pull);
    zmq_close (push);
    channel_destroy (&pull, 0);
}

/* So they are at a ROUTER; and so are the messages of a peer whose name is longer than ours are. */
static void test_frames_router (void **state)
{
    sockets_t *sockets = *state;
    channel_t *router = bind_end (sockets, CHANNEL_ROUTER);
    void *dealer = stranger (sockets, ZMQ_DEALER);
    send_frames (dealer, 2);
    send_frames (dealer, 9);
    zmq_send (dealer, "good", 4, 0);
    channel_peer_t peer;
    check_text (router, &peer, "good", 2);
    zmq_close (dealer);

    for (size_t size = 32; size <= 33; size++) {
        char name[33];
        memset (name, 'n', sizeof name);
        dealer = zmq_socket (bus_context (sockets->bus), ZMQ_DEALER);
        zmq_setsockopt (dealer, ZMQ_ROUTING_ID, name, size);
        assert_int_equal (zmq_connect (dealer, sockets->endpoint), 0);
        assert_int_equal (zmq_send (dealer, "named", 5, 0), 5);
        if (size == 32) {
            check_text (router, &peer, "named", 0);
            assert_int_equal (peer.size, 32);
        } else {
            const char *bytes;
            uint64_t refused = 0;
            wait_for (router, ZMQ_POLLIN);
            assert_false (channel_receive (router, &peer, &bytes, &size, &refused));
            assert_int_equal (refused, 1);
            size = 33;
        }
        int linger = 0;
        zmq_setsockopt (dealer, ZMQ_LINGER, &linger, sizeof linger);
        zmq_close (dealer);
    }
    channel_destroy (&router, 0);
}

/* An endpoint that cannot be used gives no channel and one line of why. */
static void test_bad_endpoint (void **state)
{
    sockets_t *sockets = *state;
    assert_null (channel_bind (sockets->bus, CHANNEL_PULL, "ipc:///no/such/directory/socket"));
    assert_null (channel_bind (sockets->bus, CHANNEL_ROUTER, "nonsense"));
    /* (not "tcp://": libzmq 4.3.4 leaks the address of an endpoint that it takes for TCP and cannot
     * resolve) */
    assert_null (channel_connect (sockets->bus, CHANNEL_PUSH, "nowhere"));
}

int main (void)
{
    log_init ("test_channel", LOG_ERROR, LOG_TEXT);
    alarm (300);
#define TEST(function) cmocka_unit_test_setup_teardown (function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST (test_no_copy),     TEST (test_held),          TEST (test_held_destroyed),
        TEST (test_full_queue),  TEST (test_linger),        TEST (test_dealer_drops),
        TEST (test_router),      TEST (test_unknown_peer),  TEST (test_oversized),
        TEST (test_frames_pull), TEST (test_frames_router), TEST (test_bad_endpoint),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

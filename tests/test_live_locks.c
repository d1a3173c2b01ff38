/* A live run behind locked doors: who must not come in is kept out and counted, and the run does not feel it. */
#include "away.h"
#include "bus.h"
#include "channel.h"
#include "check.h"
#include "doors.h"
#include "wire.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FLOOD = 300, PEERS_WAIT_MS = 20000 };

/* A peer with the keys of a role, in this process. */
typedef struct {
    bus_t *bus;
    channel_t *control;
    char *keys;
} peer_t;

static peer_t peer_new (away_t *self, const char *role, keys_role_t as)
{
    peer_t peer = {.keys = memory_format ("%s/%s", self->keys, role)};
    const bus_config_t locks = {.curve_dir = peer.keys, .role = as};
    peer.bus = bus_new (&locks);
    peer.control = channel_connect (peer.bus, CHANNEL_DEALER, self->endpoints[0]);
    assert_non_null (peer.control);
    return peer;
}

static void peer_free (peer_t *self)
{
    channel_destroy (&self->control, 1000);
    bus_destroy (&self->bus);
    free (self->keys);
}

static void say (peer_t *self, buffer_t *message)
{
    zmq_pollitem_t item = channel_poll (self->control, ZMQ_POLLOUT);
    assert_int_equal (zmq_poll (&item, 1, PEERS_WAIT_MS), 1);
    assert_true (channel_send (self->control, message));
}

/* A worker's key does not make a collector: neither its hello nor what it says then counts. Nor does one that may come in
 * get far with bytes that are no message, or with too many. */
static void intrude_with_key (away_t *self)
{
    peer_t peer = peer_new (self, "worker", KEYS_WORKER);
    buffer_t message = {0};
    wire_hello_t hello = {.role = WIRE_ROLE_COLLECTOR, .incarnation = UINT64_MAX};
    snprintf (hello.name, sizeof hello.name, "thief");
    snprintf (hello.endpoint, sizeof hello.endpoint, "%s", self->endpoints[1]);
    wire_put_hello (&message, &hello);
    say (&peer, &message);
    wire_put_live_collector (&message,
                             &(wire_live_collector_t){.serial = 1, .incarnation = UINT64_MAX});
    say (&peer, &message);
    buffer_printf (&message, "GET / HTTP/1.1\r\n\r\n");
    say (&peer, &message);
    say (&peer, &message); /* nothing at all */
    live_case_wait (self->live, "messages_refused>2");
    buffer_reserve (&message, WIRE_MESSAGE_MAX + 1000);
    memset (message.bytes, 'x', WIRE_MESSAGE_MAX + 1000);
    message.size = WIRE_MESSAGE_MAX + 1000;
    int64_t ended = live_run_number (self->live->run, "peers_ended");
    say (&peer, &message);
    live_case_wait (self->live,
                    stage_text (self->live->stage, "peers_ended>%d", (int) ended)); /* cut off */
    peer_free (&peer);
}

/* Connections that say nothing, many at once, and go when they are told to. */
static void flood (away_t *self)
{
    int files[FLOOD];
    for (int i = 0; i < FLOOD; i++) {
        files[i] = doors_knock (self->endpoints[0]);
        assert_true (files[i] >= 0);
    }
    live_case_produce (self->live, LIVE_DAY_2, LIVE_DAY_3, 60); /* with all of them there */
    for (int i = 0; i < FLOOD; i++) {
        close (files[i]);
    }
    live_case_wait (self->live, "unattached=0 peers_gone>100");
}

static void test_strangers (void **state)
{
    away_t *self = *state;
    away_keys (self);
    char *others = stage_path (self->live->stage, "others");
    stage_must (self->live->stage, TEST_BIN "/fastscanner", "keys", others, NULL);
    /* It knows whom it dials, as a former worker would. */
    stage_must (self->live->stage, "cp",
                stage_text (self->live->stage, "%s/worker/broker-1.pub", self->keys),
                stage_text (self->live->stage, "%s/worker/broker-1.pub", others), NULL);
    away_start (self, "0/1");
    away_worker (self, 0, "a");
    spawn_t *second = away_worker (self, 0, "b");
    live_case_produce (self->live, LIVE_DAY_2, LIVE_DAY_3, 30);
    live_case_wait (self->live, "unattached=0 workers.0.candles>0");
    int64_t rewinds = live_run_number (self->live->run, "rewinds");
    spawn_t *stranger = stage_spawn (self->live->stage, TEST_BIN "/fastscanner-worker", "--broker",
                                     self->endpoints[0], "--name", "c", "--curve-dir",
                                     stage_text (self->live->stage, "%s/worker", others), NULL);
    spawn_t *plain = stage_spawn (self->live->stage, TEST_BIN "/fastscanner-worker", "--broker",
                                  self->endpoints[0], "--name", "d", "--insecure", NULL);
    assert_true (spawn_wait_err (plain, "does not let us in", AWAY_MS));
    live_case_wait (self->live, "peers_unknown_key>0 peers_foreign>0");
    intrude_with_key (self);
    flood (self);
    assert_int_equal (live_run_number (self->live->run, "rewinds"), rewinds);
    away_kill (stranger);
    away_kill (plain);
    away_stop (second); /* others do as they should */
    live_case_finish (self->live);
    away_stop (self->collector);
    live_case_compare (self->live, NULL);
}

static void forget (away_t *self, const char *role)
{
    assert_int_equal (
        unlink (stage_text (self->live->stage, "%s/%s/worker-1.pub", self->keys, role)), 0);
}

/* The worker's key is changed while it runs: a second one is made and trusted, workers are started with it, and the first
 * is removed; who still has that is not heard any more. */
static void test_rotation (void **state)
{
    away_t *self = *state;
    away_keys (self);
    away_start (self, "0/1");
    spawn_t *old = away_worker (self, 0, "a");
    live_case_produce (self->live, LIVE_DAY_2, LIVE_DAY_3, 30);
    live_case_wait (self->live, "unattached=0 workers.0.candles>0");
    stage_must (self->live->stage, TEST_BIN "/fastscanner", "keys", self->keys, "--rotate",
                "worker", NULL);
    assert_int_equal (rename (stage_text (self->live->stage, "%s/worker/next.key", self->keys),
                              stage_text (self->live->stage, "%s/worker/secret.key", self->keys)),
                      0);
    spawn_t *next = away_worker (self, 0, "b");
    live_case_wait (self->live, "unattached=0 workers.1.shards>0");
    live_case_produce (self->live, LIVE_DAY_2, LIVE_DAY_3, 50);
    forget (self, "broker");
    forget (self, "collector");
    live_case_wait (self->live, "messages_of_removed_keys>0 workers.0.live=0");
    live_case_produce (self->live, LIVE_DAY_2, LIVE_DAY_3, 80);
    away_kill (old);
    live_case_wait (self->live, "unattached=0");
    live_case_finish (self->live);
    away_stop (next);
    away_stop (self->collector);
    live_case_compare (self->live, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, away_open, away_close)

int main (void)
{
    const struct CMUnitTest tests[] = {TEST (test_strangers), TEST (test_rotation)};
    return cmocka_run_group_tests (tests, live_market_open, live_market_close);
}

/* Who is let in at a tcp endpoint, and what becomes of the others: each is refused and counted, and those who are in
 * go on. */
#include "bus.h"

#include "check.h"
#include "doors.h"
#include "key_files.h"
#include "log.h"
#include "refusals.h"
#include "spawn.h"
#include "wire.h"

#include <dirent.h>
#include <dlfcn.h>
#include <netdb.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- a name server that does not answer: what libzmq calls is this program's ---- */

#define SLOW "slow.test"

static sem_t asked, answered;

int getaddrinfo (const char *restrict node, const char *restrict service,
                 const struct addrinfo *restrict hints, struct addrinfo **restrict found)
{
    typedef int (function_t) (const char *, const char *, const struct addrinfo *,
                              struct addrinfo **);
    function_t *real;
    *(void **) &real = dlsym (RTLD_NEXT, "getaddrinfo");
    if (node && strcmp (node, SLOW) == 0) {
        sem_post (&asked);
        sem_wait (&answered);
        return EAI_AGAIN;
    }
    return real (node, service, hints, found);
}

/* ---- */

/* Copies a file of keys over another. */
static void copy (const char *from, const char *to)
{
    char *text = file_read (from, NULL);
    assert_non_null (text);
    file_write (to, text);
    free (text);
}

/* A second set of keys, of others: nobody of the first one trusts them. */
static char *strangers_directory (const doors_t *self)
{
    char *directory = memory_format ("%s/strangers", self->directory);
    assert_int_equal (key_files_make (directory), 0);
    return directory;
}

/* After those who were refused: a worker with a trusted key comes in, and is heard. */
static void check_open (const doors_t *self)
{
    bus_t *bus = doors_bus (self, KEYS_WORKER);
    channel_t *dealer = channel_connect (bus, CHANNEL_DEALER, self->endpoint);
    assert_non_null (dealer);
    channel_peer_t peer;
    doors_send (dealer, "honest");
    doors_hear (self->router, &peer, "honest");
    assert_int_equal (peer.role, KEYS_WORKER);
    channel_destroy (&dealer, 0);
    bus_destroy (&bus);
}

/* A worker and a collector with trusted keys are let in, heard with their role, and answered; neither may say that
 * it is the other. */
static void test_trusted (void **state)
{
    doors_t *self = *state;
    for (keys_role_t role = KEYS_COLLECTOR; role <= KEYS_WORKER; role++) {
        bus_t *bus = doors_bus (self, role);
        channel_t *dealer = channel_connect (bus, CHANNEL_DEALER, self->endpoint);
        channel_peer_t peer;
        doors_send (dealer, "hello");
        doors_hear (self->router, &peer, "hello");
        assert_int_equal (peer.role, role);
        assert_true (channel_peer_may (&peer, role));
        assert_false (channel_peer_may (&peer, role == KEYS_WORKER ? KEYS_COLLECTOR : KEYS_WORKER));
        buffer_t message = {0};
        buffer_append (&message, "welcome", 7);
        assert_true (channel_send_to (self->router, &peer, &message));
        doors_hear (dealer, NULL, "welcome");
        channel_destroy (&dealer, 0);
        bus_destroy (&bus);
    }
    assert_int_equal (doors_count (self->broker, BUS_UNKNOWN), 0);
    assert_int_equal (doors_count (self->broker, BUS_FOREIGN), 0);
}

/* A key that the broker does not trust is refused, counted at both ends, and nothing of it arrives. */
static void test_unknown_key (void **state)
{
    doors_t *self = *state;
    char *directory = strangers_directory (self), *own = memory_format ("%s/worker", directory),
         *from = doors_path (self, "worker", "broker-1.pub"),
         *to = memory_format ("%s/broker-1.pub", own);
    copy (from, to); /* it knows the broker */
    bus_t *bus = bus_new (&(bus_config_t){.curve_dir = own, .role = KEYS_WORKER});
    channel_t *dealer = channel_connect (bus, CHANNEL_DEALER, self->endpoint);
    zmq_pollitem_t item = channel_poll (dealer, ZMQ_POLLOUT);
    doors_wait (self->broker, BUS_UNKNOWN, doors_count (self->broker, BUS_UNKNOWN) + 1);
    while (doors_count (bus, BUS_DENIED) == 0) {
        assert_int_equal (zmq_poll (&item, 1, 5), 0);
    }
    channel_destroy (&dealer, 0);
    bus_destroy (&bus);
    doors_hear_nothing (self->router);
    check_open (self);
    assert_int_equal (doors_count (self->broker, BUS_FOREIGN), 0);
    free (from);
    free (to);
    free (own);
    free (directory);
}

/* A peer that dials with the key of another broker is refused by that, and told so by its own log and count. */
static void test_wrong_server_key (void **state)
{
    doors_t *self = *state;
    char *directory = strangers_directory (self),
         *from = memory_format ("%s/worker/broker-1.pub", directory),
         *to = doors_path (self, "worker", "broker-1.pub"), *kept = file_read (to, NULL);
    copy (from, to);
    bus_t *bus = doors_bus (self, KEYS_WORKER);
    channel_t *dealer = channel_connect (bus, CHANNEL_DEALER, self->endpoint);
    assert_non_null (dealer);
    zmq_pollitem_t item = channel_poll (dealer, ZMQ_POLLOUT);
    while (doors_count (bus, BUS_DENIED) == 0 || doors_count (self->broker, BUS_FOREIGN) == 0) {
        assert_int_equal (zmq_poll (&item, 1, 5), 0);
    }
    channel_destroy (&dealer, 0);
    bus_destroy (&bus);
    file_write (to, kept);
    doors_hear_nothing (self->router);
    check_open (self);
    free (from);
    free (to);
    free (kept);
    free (directory);
}

/* A plain ZeroMQ peer is refused: nothing that it sends arrives. (It sees for itself that this is not its kind, and
 * may have gone before we do.) */
static void test_plain_peer (void **state)
{
    doors_t *self = *state;
    bus_t *bus = bus_new (&(bus_config_t){.insecure = true});
    channel_t *dealer = channel_connect (bus, CHANNEL_DEALER, self->endpoint);
    zmq_pollitem_t item = channel_poll (dealer, ZMQ_POLLOUT);
    while (doors_count (self->broker, BUS_FOREIGN) + doors_count (self->broker, BUS_GONE) == 0) {
        assert_int_equal (zmq_poll (&item, 1, 5), 0);
    }
    channel_destroy (&dealer, 0);
    bus_destroy (&bus);
    doors_hear_nothing (self->router);
    check_open (self);
}

/* A port scanner, which connects and goes; garbage; and a browser's question: each is counted once. */
static void test_scanners (void **state)
{
    doors_t *self = *state;
    close (doors_knock (self->endpoint));
    doors_wait (self->broker, BUS_GONE, 1);
    char greeting[64] =
        "\xff\0\0\0\0\0\0\0\1\x7f\3\0WRONG"; /* ZeroMQ's, with a lock that nobody knows */
    const struct {
        const char *bytes;
        size_t size;
    } talks[] = {{"GET / HTTP/1.1\r\n\r\n", 18},
                 {"\x16\x03\x01\x02garbage garbage garbage garbage", 35},
                 {greeting, sizeof greeting}};
    for (size_t i = 0; i < sizeof talks / sizeof *talks; i++) {
        char rest[256];
        int file = doors_knock (self->endpoint);
        assert_int_equal (send (file, talks[i].bytes, talks[i].size, MSG_NOSIGNAL), talks[i].size);
        while (recv (file, rest, sizeof rest, 0) > 0) {
        }
        close (file);
        doors_wait (self->broker, BUS_FOREIGN, i + 1);
    }
    assert_int_equal (doors_count (self->broker, BUS_GONE), 1);
    check_open (self);
}

/* A peer that connects and says nothing, and one that stops in the middle of its greeting, are cut off when their
 * time is over, and counted as that. */
static void test_silent (void **state)
{
    doors_t *self = *state;
    int files[2] = {doors_knock (self->endpoint), doors_knock (self->endpoint)};
    assert_int_equal (send (files[1], "\xff\0\0\0", 4, MSG_NOSIGNAL), 4);
    check_open (self); /* meanwhile */
    for (size_t i = 0; i < 2; i++) {
        char rest[256];
        while (recv (files[i], rest, sizeof rest, 0) > 0) {
        }
        close (files[i]);
    }
    doors_wait (self->broker, BUS_SILENT, 2);
    assert_int_equal (doors_count (self->broker, BUS_GONE), 0);
    check_open (self);
}

/* A worker's door is no collector's: where hits are taken, and where data is given out, a collector's key is refused
 * as it connects. */
static void test_doors_of_workers (void **state)
{
    doors_t *self = *state;
    char endpoint[64];
    channel_t *push = doors_bind (self->broker, CHANNEL_PUSH, endpoint);
    bus_t *collector = doors_bus (self, KEYS_COLLECTOR), *worker = doors_bus (self, KEYS_WORKER);
    channel_t *pull = channel_connect (collector, CHANNEL_PULL, endpoint);
    zmq_pollitem_t item = channel_poll (push, ZMQ_POLLOUT);
    while (doors_count (self->broker, BUS_UNKNOWN) == 0) {
        assert_int_equal (zmq_poll (&item, 1, 5), 0);
    }
    channel_t *honest = channel_connect (worker, CHANNEL_PULL, endpoint);
    doors_send (push, "data");
    doors_hear (honest, NULL, "data");
    channel_destroy (&pull, 0);
    channel_destroy (&honest, 0);
    channel_destroy (&push, 0);
    bus_destroy (&collector);
    bus_destroy (&worker);
}

/* tcp without keys is an error, of which the reason is said; with `insecure` it is plain and works; ipc works without
 * either, even where a directory is named that is not there. */
static void test_without_keys (void **state)
{
    doors_t *self = *state;
    bus_t *bus = bus_new (NULL);
    assert_null (channel_bind (bus, CHANNEL_ROUTER, "tcp://127.0.0.1:*"));
    assert_null (channel_connect (bus, CHANNEL_DEALER, self->endpoint));
    bus_destroy (&bus);
    assert_false (bus_may_use (&(bus_config_t){0}, "tcp://127.0.0.1:5555"));
    assert_true (bus_may_use (&(bus_config_t){0}, "ipc:///run/x"));
    assert_true (bus_may_use (&(bus_config_t){.insecure = true}, "tcp://127.0.0.1:5555"));

    char endpoint[64];
    bus = bus_new (&(bus_config_t){.insecure = true});
    channel_t *router = doors_bind (bus, CHANNEL_ROUTER, endpoint);
    channel_t *dealer = channel_connect (bus, CHANNEL_DEALER, endpoint);
    channel_peer_t peer;
    doors_send (dealer, "plain");
    doors_hear (router, &peer, "plain");
    assert_true (channel_peer_may (&peer, KEYS_WORKER) && channel_peer_may (&peer, KEYS_COLLECTOR));
    channel_destroy (&dealer, 0);
    channel_destroy (&router, 0);
    bus_destroy (&bus);

    char *ipc = memory_format ("ipc://%s/socket", self->directory);
    bus = bus_new (&(bus_config_t){.curve_dir = "/nowhere", .role = KEYS_WORKER});
    router = channel_bind (bus, CHANNEL_ROUTER, ipc);
    dealer = channel_connect (bus, CHANNEL_DEALER, ipc);
    doors_send (dealer, "local");
    doors_hear (router, &peer, "local");
    assert_null (channel_bind (bus, CHANNEL_ROUTER, "tcp://127.0.0.1:*"));
    channel_destroy (&dealer, 0);
    channel_destroy (&router, 0);
    bus_destroy (&bus);
    free (ipc);
}

/* One ROUTER has local children on ipc, which need no key, and others on tcp, which do. */
static void test_both (void **state)
{
    doors_t *self = *state;
    char *ipc = memory_format ("ipc://%s/socket", self->directory);
    assert_int_equal (channel_also_bind (self->router, ipc), 0);
    channel_t *local = channel_connect (self->broker, CHANNEL_DEALER, ipc);
    channel_peer_t peer;
    doors_send (local, "local");
    doors_hear (self->router, &peer, "local");
    assert_true (channel_peer_may (&peer, KEYS_WORKER) && channel_peer_may (&peer, KEYS_COLLECTOR));
    assert_int_equal (channel_also_bind (self->router, "tcp://127.0.0.1:*"), 0);
    check_open (self);
    channel_destroy (&local, 0);
    free (ipc);
}

static size_t count_threads (void)
{
    size_t count = 0;
    DIR *tasks = opendir ("/proc/self/task");
    while (readdir (tasks)) {
        count++;
    }
    closedir (tasks);
    return count;
}

/* A run that has no tcp endpoint has no thread for its doors. */
static void test_costs_nothing (void **state)
{
    doors_t *self = *state;
    char *ipc = memory_format ("ipc://%s/socket", self->directory);
    void *context = zmq_ctx_new (), *socket = zmq_socket (context, ZMQ_ROUTER);
    size_t plain = count_threads ();
    zmq_close (socket);
    zmq_ctx_term (context);
    bus_t *bus = doors_bus (self, KEYS_BROKER);
    channel_t *channel = channel_bind (bus, CHANNEL_ROUTER, ipc);
    assert_int_equal (count_threads (), plain);
    channel_destroy (&channel, 0);
    channel = channel_bind (bus, CHANNEL_ROUTER, "tcp://127.0.0.1:*");
    assert_int_equal (count_threads (), plain + 1);
    channel_destroy (&channel, 0);
    bus_destroy (&bus);
    free (ipc);
}

static size_t count_lines (const char *text)
{
    size_t count = 0;
    for (; *text; text++) {
        count += *text == '\n';
    }
    return count;
}

/* Of a thousand refusals of a kind one line is written, with the first one's address; another after a minute, which
 * says how many there were. All are counted. */
static void test_log_is_not_flooded (void **state)
{
    doors_t *self = *state;
    char *path = memory_format ("%s/log", self->directory);
    guard_counts_t counts = {0};
    refusals_t refusals;
    mono_t now = {1000000};
    fflush (stderr);
    int kept = dup (STDERR_FILENO);
    assert_non_null (freopen (path, "w", stderr));
    log_init ("test_bus", LOG_WARNING, LOG_TEXT);
    refusals_init (&refusals, &counts);
    for (int i = 0; i < 1000; i++) {
        refusals_add (&refusals, BUS_FOREIGN, "tcp://here", "10.0.0.7", NULL, now);
        refusals_add (&refusals, BUS_ENDED, "tcp://here", "10.0.0.7", NULL, now);
        now.us += 59;
    }
    char *first = file_read (path, NULL);
    now.us += INT64_C (1000) * REFUSALS_SAID_MS;
    refusals_add (&refusals, BUS_FOREIGN, "tcp://here", "10.0.0.8", NULL, now);
    char *both = file_read (path, NULL);
    log_init ("test_bus", LOG_ERROR, LOG_TEXT);
    dup2 (kept, STDERR_FILENO);
    close (kept);
    assert_int_equal (count_lines (first), 1);
    assert_non_null (strstr (first, "10.0.0.7"));
    assert_int_equal (count_lines (both), 2);
    assert_non_null (strstr (both, "999 others"));
    assert_int_equal (counts[BUS_FOREIGN], 1001);
    assert_int_equal (counts[BUS_ENDED], 1000);
    free (first);
    free (both);
    free (path);
}

/* Looking up the name of one host, for as long as that takes, holds up nothing but the dial to it. */
static void test_slow_name (void **state)
{
    doors_t *self = *state;
    char *keys = doors_path (self, "worker", NULL);
    assert_int_equal (sem_init (&asked, 0, 0) | sem_init (&answered, 0, 0), 0);
    bus_t *bus = bus_new (&(bus_config_t){.curve_dir = keys, .role = KEYS_WORKER, .dials = 2});
    channel_t *push = channel_connect (bus, CHANNEL_PUSH, "tcp://" SLOW ":5600");
    assert_non_null (push);
    assert_int_equal (sem_wait (&asked), 0);
    channel_t *dealer = channel_connect (bus, CHANNEL_DEALER, self->endpoint);
    channel_peer_t peer;
    doors_send (dealer, "hello");
    doors_hear (self->router, &peer, "hello");
    for (int i = 0; i < 1000; i++) {
        sem_post (&answered);
    }
    channel_destroy (&push, 0);
    channel_destroy (&dealer, 0);
    bus_destroy (&bus);
    free (keys);
}

int main (void)
{
    log_init ("test_bus", LOG_ERROR, LOG_TEXT);
    alarm (300);
#define TEST(function) cmocka_unit_test_setup_teardown (function, doors_set_up, doors_tear_down)
    const struct CMUnitTest tests[] = {
        TEST (test_trusted),          TEST (test_unknown_key),   TEST (test_wrong_server_key),
        TEST (test_plain_peer),       TEST (test_scanners),      TEST (test_silent),
        TEST (test_doors_of_workers), TEST (test_without_keys),  TEST (test_both),
        TEST (test_slow_name),        TEST (test_costs_nothing), TEST (test_log_is_not_flooded),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

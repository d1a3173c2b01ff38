/* What strangers, and one of ours that has gone wrong, can do at a door: those who are in do not notice. */
#include "bus.h"

#include "check.h"
#include "clock.h"
#include "doors.h"
#include "log.h"
#include "process.h"
#include "spawn.h"
#include "wire.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define STRANGERS 3000
#define KEPT      100 /* connections that are kept open */

/* ---- pairs ---- */

/* Two honest pairs: a worker that speaks with the broker, and data that goes to it. */
typedef struct {
    bus_t *worker;
    channel_t *dealer, *push, *pull;
    uint32_t said, heard, sent, taken;
} pairs_t;

static void open_pairs (pairs_t *self, const doors_t *doors)
{
    char endpoint[64];
    *self = (pairs_t){.worker = doors_bus (doors, KEYS_WORKER)};
    self->dealer = channel_connect (self->worker, CHANNEL_DEALER, doors->endpoint);
    self->push = doors_bind (doors->broker, CHANNEL_PUSH, endpoint);
    self->pull = channel_connect (self->worker, CHANNEL_PULL, endpoint);
    doors_send (self->dealer, "hello");
    doors_hear (doors->router, NULL, "hello");
    doors_send (self->push, "data");
    doors_hear (self->pull, NULL, "data");
}

static void close_pairs (pairs_t *self)
{
    channel_destroy (&self->dealer, 0);
    channel_destroy (&self->push, 0);
    channel_destroy (&self->pull, 0);
    bus_destroy (&self->worker);
}

static bool say_number (channel_t *channel, uint32_t number)
{
    zmq_pollitem_t item = channel_poll (channel, ZMQ_POLLOUT);
    if (zmq_poll (&item, 1, 0) != 1) {
        return false;
    }
    buffer_t message = {0};
    buffer_append (&message, &number, sizeof number);
    memset (buffer_reserve (&message, 1000), 0, 1000);
    message.size += 1000;
    return channel_send (channel, &message);
}

static bool hear_number (channel_t *channel, uint32_t number)
{
    const char *bytes;
    size_t size;
    channel_peer_t peer;
    uint64_t refused = 0;
    if (!channel_receive (channel, &peer, &bytes, &size, &refused)) {
        return false;
    }
    assert_int_equal (refused, 0);
    assert_int_equal (size, sizeof number + 1000);
    assert_memory_equal (bytes, &number, sizeof number); /* in order */
    return true;
}

/* Goes on with both; waits a moment when nothing can. */
static void turn (pairs_t *self, const doors_t *doors, uint32_t most)
{
    self->said += self->said < most && say_number (self->dealer, self->said);
    self->sent += self->sent < most && say_number (self->push, self->sent);
    bool any = false;
    while (hear_number (doors->router, self->heard)) {
        self->heard++;
        any = true;
    }
    while (hear_number (self->pull, self->taken)) {
        self->taken++;
        any = true;
    }
    if (!any) {
        zmq_pollitem_t items[] = {channel_poll (doors->router, ZMQ_POLLIN),
                                  channel_poll (self->pull, ZMQ_POLLIN)};
        zmq_poll (items, 2, 1);
    }
}

static void check_all_came (pairs_t *self, const doors_t *doors)
{
    uint32_t most = self->said > self->sent ? self->said : self->sent;
    most += 100; /* and some afterwards */
    for (mono_t start = mono_now (); self->heard < most || self->taken < most;) {
        assert_true (mono_ms (start, mono_now ()) < DOORS_WAIT_MS);
        turn (self, doors, most);
    }
    assert_int_equal (self->heard, most);
    assert_int_equal (self->taken, most);
}

/* ---- strangers ---- */

/* A process that comes to the door again and again; some stay for a while. */
static void be_strangers (const char *endpoint, int count)
{
    static const char *const talks[] = {"", "GET / HTTP/1.0\r\n\r\n", "\xff\x01\x02",
                                        "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f garbage"};
    int kept[KEPT];
    prctl (PR_SET_PDEATHSIG, SIGKILL);
    for (int i = 0; i < KEPT; i++) {
        kept[i] = -1;
    }
    for (int i = 0; i < count; i++) {
        const char *talk = talks[i % 4];
        int file = doors_knock (endpoint), *place = &kept[i % KEPT];
        if (file < 0) {
            _exit (1);
        }
        if (send (file, talk, strlen (talk), MSG_NOSIGNAL) < 0 && errno != EPIPE &&
            errno != ECONNRESET) {
            _exit (1);
        }
        if (*place >= 0) {
            close (*place);
        }
        *place = file;
    }
    _exit (0);
}

static uint64_t count_strangers (const bus_t *bus)
{
    return doors_count (bus, BUS_FOREIGN) + doors_count (bus, BUS_GONE) +
           doors_count (bus, BUS_SILENT);
}

/* Until all have gone, and are counted. */
static void wait_for_strangers (pairs_t *pairs, const doors_t *doors, uint64_t count)
{
    for (mono_t start = mono_now (); count_strangers (doors->broker) < count;) {
        assert_true (mono_ms (start, mono_now ()) < DOORS_WAIT_MS);
        turn (pairs, doors, pairs->said);
    }
    assert_int_equal (count_strangers (doors->broker), count);
}

/* While strangers come by the thousand, everything of two honest pairs arrives, in order; each stranger is counted,
 * and one more worker comes in. */
static void test_flood (void **state)
{
    doors_t *self = *state;
    pairs_t pairs;
    open_pairs (&pairs, self);
    pid_t child = fork ();
    if (child == 0) {
        be_strangers (self->endpoint, STRANGERS);
    }
    int status = 0;
    while (waitpid (child, &status, WNOHANG) == 0) {
        turn (&pairs, self, UINT32_MAX);
    }
    assert_int_equal (status, 0);
    assert_true (pairs.heard > 100 && pairs.taken > 100);
    check_all_came (&pairs, self);
    wait_for_strangers (&pairs, self, STRANGERS);
    assert_int_equal (doors_count (self->broker, BUS_ENDED), 0);
    channel_t *late = channel_connect (pairs.worker, CHANNEL_DEALER, self->endpoint);
    doors_send (late, "late");
    doors_hear (self->router, NULL, "late");
    channel_destroy (&late, 0);
    close_pairs (&pairs);
}

/* ---- one of ours ---- */

/* A message of the largest size arrives, over CURVE too; one that is larger ends its peer's connection, and is never
 * seen; one of several parts is refused. Others are not disturbed. */
static void test_oversized (void **state)
{
    doors_t *self = *state;
    pairs_t pairs;
    open_pairs (&pairs, self);
    bus_t *bus = doors_bus (self, KEYS_WORKER);
    channel_t *bad = channel_connect (bus, CHANNEL_DEALER, self->endpoint);
    const char *bytes;
    size_t size;
    channel_peer_t peer;
    uint64_t refused = 0;
    zmq_pollitem_t item = channel_poll (self->router, ZMQ_POLLIN);
    for (size_t over = 0; over < 2; over++) {
        doors_send (bad, "I am here");
        doors_hear (self->router, NULL, "I am here");
        buffer_t message = {.bytes = memory_new (WIRE_MESSAGE_MAX + over * 1000)};
        message.size = message.capacity = WIRE_MESSAGE_MAX + over * 1000;
        assert_true (channel_send (bad, &message));
        while (over == 0 && !channel_receive (self->router, &peer, &bytes, &size, &refused)) {
            assert_int_equal (zmq_poll (&item, 1, DOORS_WAIT_MS), 1);
        }
    }
    assert_int_equal (size, WIRE_MESSAGE_MAX);
    doors_wait (self->broker, BUS_ENDED, 1);
    while (zmq_poll (&item, 1, 10) ==
           0) { /* what it says before it sees that it was cut off is lost */
        doors_send (bad, "once more");
    }
    doors_hear (self->router, NULL, "once more");
    void *socket = channel_poll (bad, 0).socket;
    zmq_send (socket, "one", 3, ZMQ_SNDMORE);
    zmq_send (socket, "two", 3, 0);
    doors_send (bad, "after it");
    for (bool after = false; !after;) {
        if (channel_receive (self->router, &peer, &bytes, &size, &refused)) {
            after = size == strlen ("after it");
        } else {
            assert_int_equal (zmq_poll (&item, 1, DOORS_WAIT_MS), 1);
        }
    }
    assert_int_equal (refused, 1);
    check_all_came (&pairs, self);
    assert_int_equal (doors_count (self->broker, BUS_ENDED), 1);
    channel_destroy (&bad, 0);
    bus_destroy (&bus);
    close_pairs (&pairs);
}

/* ---- no open files ---- */

static void limit_files (rlim_t more)
{
    struct rlimit limit;
    int next = dup (0);
    close (next);
    getrlimit (RLIMIT_NOFILE, &limit);
    limit.rlim_cur = (rlim_t) next + more;
    setrlimit (RLIMIT_NOFILE, &limit);
}

/* In a process of its own: its limit is changed. */
static void run_out_of_files (void)
{
    doors_t *doors = NULL;
    pairs_t pairs;
    assert_int_equal (doors_set_up ((void **) &doors), 0);
    open_pairs (&pairs, doors);
    pid_t child = fork ();
    if (child == 0) {
        int files[KEPT];
        prctl (PR_SET_PDEATHSIG, SIGKILL);
        for (int i = 0; i < KEPT; i++) {
            files[i] = doors_knock (doors->endpoint);
        }
        pause ();
        _exit (files[0]);
    }
    limit_files (16);
    for (mono_t start = mono_now (); doors_count (doors->broker, BUS_NO_FILE) == 0;) {
        assert_true (mono_ms (start, mono_now ()) < DOORS_WAIT_MS);
        turn (&pairs, doors, UINT32_MAX);
    }
    uint64_t memory = process_memory_bytes ();
    for (mono_t start = mono_now (); mono_ms (start, mono_now ()) < 1000;) {
        turn (&pairs, doors, UINT32_MAX); /* it goes on all the time */
    }
    check_all_came (&pairs, doors);
    assert_true (process_memory_bytes () < memory + (64u << 20));
    kill (child, SIGKILL);
    waitpid (child, NULL, 0);
    wait_for_strangers (&pairs, doors, KEPT);
    channel_t *late = channel_connect (pairs.worker, CHANNEL_DEALER, doors->endpoint);
    doors_send (late, "late");
    doors_hear (doors->router, NULL, "late");
    channel_destroy (&late, 0);
    close_pairs (&pairs);
    doors_tear_down ((void **) &doors);
}

static const char *myself;

/* When strangers have taken every open file that the process may have, those who are in go on; when they have gone,
 * the next worker comes in. */
static void test_no_files (void **state)
{
    (void) state;
    spawn_t *run = spawn_run ((const char *[]){myself, "--few-files", NULL}, 60000);
    if (spawn_code (run) != 0) {
        print_error ("%s%s", spawn_out (run), spawn_err (run));
    }
    assert_int_equal (spawn_code (run), 0);
    spawn_destroy (&run);
}

static void test_few_files (void **state)
{
    (void) state;
    run_out_of_files ();
}

int main (int argc, char **argv)
{
    log_init ("test_bus_flood", LOG_ERROR, LOG_TEXT);
    alarm (300);
    myself = argv[0];
    if (argc > 1 && strcmp (argv[1], "--few-files") == 0) {
        const struct CMUnitTest few[] = {cmocka_unit_test (test_few_files)};
        return cmocka_run_group_tests (few, NULL, NULL);
    }
#define TEST(function) cmocka_unit_test_setup_teardown (function, doors_set_up, doors_tear_down)
    const struct CMUnitTest tests[] = {TEST (test_flood), TEST (test_oversized),
                                       cmocka_unit_test (test_no_files)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}

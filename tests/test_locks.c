/* Our programs at locked doors: each with keys, without, and with the wrong ones. */
#include "check.h"
#include "doors.h"
#include "log.h"
#include "spawn.h"
#include "wire.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const char fastscanner_program[] = TEST_BIN "/fastscanner";
static const char worker_program[] = TEST_BIN "/fastscanner-worker";
static const char collector_program[] = TEST_BIN "/fastscanner-collector";

/* The next hello at the broker's door: its role is that of the key. */
static void hear_hello (const doors_t *self, wire_role_t role, keys_role_t key)
{
    const char *bytes;
    size_t size;
    channel_peer_t peer;
    uint64_t refused = 0;
    wire_object_t object;
    wire_reader_t *reader = wire_reader_new ();
    zmq_pollitem_t item = channel_poll (self->router, ZMQ_POLLIN);
    while (!channel_receive (self->router, &peer, &bytes, &size, &refused)) {
        assert_int_equal (zmq_poll (&item, 1, DOORS_WAIT_MS), 1);
    }
    wire_reader_begin (reader, bytes, size);
    assert_int_equal (wire_next (reader, &object), 1);
    assert_int_equal (object.kind, WIRE_HELLO);
    assert_int_equal (object.hello.role, role);
    assert_int_equal (peer.role, key);
    wire_reader_destroy (&reader);
}

static void check_run (const char *const argv[], int code, const char *said)
{
    spawn_t *run = spawn_run (argv, DOORS_WAIT_MS);
    if (spawn_code (run) != code || !strstr (spawn_err (run), said)) {
        print_error ("%d: %s\n", spawn_code (run), spawn_err (run));
    }
    assert_int_equal (spawn_code (run), code);
    assert_non_null (strstr (spawn_err (run), said));
    spawn_destroy (&run);
}

/* A worker finds the broker by its address and its keys alone, which the environment may name. */
static void test_worker (void **state)
{
    doors_t *self = *state;
    char *keys = doors_path (self, "worker", NULL);
    spawn_t *worker = spawn_start (
        (const char *[]){worker_program, "--broker", self->endpoint, "--curve-dir", keys, NULL});
    hear_hello (self, WIRE_ROLE_WORKER, KEYS_WORKER);
    spawn_signal (worker, SIGTERM);
    assert_int_equal (spawn_wait (worker, DOORS_WAIT_MS), 0);
    spawn_destroy (&worker);
    setenv ("FASTSCANNER_CURVE_DIR", keys, 1);
    worker = spawn_start ((const char *[]){worker_program, "--broker", self->endpoint, NULL});
    unsetenv ("FASTSCANNER_CURVE_DIR");
    hear_hello (self, WIRE_ROLE_WORKER, KEYS_WORKER);
    spawn_destroy (&worker);
    free (keys);
}

/* Something else that answers at the broker's address once does not keep a worker away for good: the broker comes, and
 * is found. */
static void test_another_program (void **state)
{
    doors_t *self = *state;
    char *keys = doors_path (self, "worker", NULL), byte;
    channel_destroy (&self->router, 0);
    bus_destroy (&self->broker);
    int door = doors_listen (self->endpoint);
    assert_true (door >= 0);
    spawn_t *worker = spawn_start (
        (const char *[]){worker_program, "--broker", self->endpoint, "--curve-dir", keys, NULL});
    int file = accept (door, NULL, NULL);
    assert_true (file >= 0);
    static const char answer[] = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
    assert_int_equal (send (file, answer, strlen (answer), MSG_NOSIGNAL), strlen (answer));
    while (recv (file, &byte, 1, 0) > 0) {
    }
    close (file);
    close (door);
    self->broker = doors_bus (self, KEYS_BROKER);
    self->router = channel_bind (self->broker, CHANNEL_ROUTER, self->endpoint);
    assert_non_null (self->router);
    hear_hello (self, WIRE_ROLE_WORKER, KEYS_WORKER);
    spawn_destroy (&worker);
    free (keys);
}

/* tcp without keys is a usage error that says what to give; a secret that others may read, or another role's, ends the
 * program, with the file's name. */
static void test_refused_at_start (void **state)
{
    doors_t *self = *state;
    char *keys = doors_path (self, "worker", NULL), *broker = doors_path (self, "broker", NULL),
         *secret = doors_path (self, "worker", "secret.key");
    check_run ((const char *[]){worker_program, "--broker", self->endpoint, NULL}, 2,
               "--curve-dir DIR");
    check_run ((const char *[]){collector_program, "--broker", "ipc:///tmp/none", "--listen",
                                "tcp://127.0.0.1:1", "--out", "csv:-", NULL},
               2, "--insecure");
    check_run (
        (const char *[]){worker_program, "--broker", self->endpoint, "--curve-dir", broker, NULL},
        1, "is the key of a broker, this is a worker");
    chmod (secret, 0644);
    check_run (
        (const char *[]){worker_program, "--broker", self->endpoint, "--curve-dir", keys, NULL}, 1,
        "mode 0644");
    check_run (
        (const char *[]){worker_program, "--broker", self->endpoint, "--curve-dir", keys, NULL}, 1,
        "chmod 600");
    free (keys);
    free (broker);
    free (secret);
}

/* A worker without keys is not heard where keys are asked for, and says that it is not let in. */
static void test_insecure_worker (void **state)
{
    doors_t *self = *state;
    spawn_t *worker = spawn_start (
        (const char *[]){worker_program, "--broker", self->endpoint, "--insecure", NULL});
    assert_true (spawn_wait_err (worker, "does not let us in", DOORS_WAIT_MS));
    doors_hear_nothing (self->router);
    spawn_destroy (&worker);
}

/* The collector says hello with its key, takes hits of workers, and refuses others at its door by name. */
static void test_collector (void **state)
{
    doors_t *self = *state;
    char *keys = doors_path (self, "collector", NULL), listen[64],
         *out = memory_format ("csv:%s/hits.csv", self->directory);
    bus_t *worker = doors_bus (self, KEYS_WORKER), *other = doors_bus (self, KEYS_COLLECTOR);
    channel_t *place = doors_bind (self->broker, CHANNEL_PULL, listen);
    channel_destroy (&place, 0);
    spawn_t *collector =
        spawn_start ((const char *[]){collector_program, "--broker", self->endpoint, "--listen",
                                      listen, "--out", out, "--curve-dir", keys, NULL});
    hear_hello (self, WIRE_ROLE_COLLECTOR, KEYS_COLLECTOR);
    channel_t *push = channel_connect (worker, CHANNEL_PUSH, listen);
    zmq_pollitem_t item = channel_poll (push, ZMQ_POLLOUT);
    assert_int_equal (zmq_poll (&item, 1, DOORS_WAIT_MS), 1); /* it is let in */
    channel_destroy (&push, 0);

    char *from = doors_path (self, "worker", "collector-1.pub"),
         *to = doors_path (self, "collector", "collector-1.pub"), *text = file_read (from, NULL);
    file_write (to, text); /* so that one collector can dial the other */
    push = channel_connect (other, CHANNEL_PUSH, listen);
    assert_true (spawn_wait_err (collector, "its key is not trusted here", DOORS_WAIT_MS));
    item = channel_poll (push, ZMQ_POLLOUT);
    assert_int_equal (zmq_poll (&item, 1, 0), 0);
    channel_destroy (&push, 0);
    bus_destroy (&worker);
    bus_destroy (&other);
    spawn_destroy (&collector);
    free (from);
    free (to);
    free (text);
    free (keys);
    free (out);
}

/* `keys` makes three directories, says each file, keeps what is there, and rotates one role at a time. */
static void test_keys_command (void **state)
{
    doors_t *self = *state;
    char *directory = memory_format ("%s/made", self->directory), path[512];
    struct stat status;
    check_run ((const char *[]){fastscanner_program, "keys", directory, NULL}, 0,
               "/worker/secret.key");
    static const char *const files[] = {
        "broker/secret.key",    "broker/worker-1.pub",    "broker/collector-1.pub",
        "collector/secret.key", "collector/worker-1.pub", "collector/broker-1.pub",
        "worker/secret.key",    "worker/broker-1.pub",    "worker/collector-1.pub"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf (path, sizeof path, "%s/%s", directory, files[i]);
        assert_int_equal (stat (path, &status), 0);
        assert_int_equal (status.st_mode & 0777, strstr (path, "secret") ? 0600 : 0644);
    }
    check_run ((const char *[]){fastscanner_program, "keys", directory, NULL}, 0, "it stays");
    const char *const rotate[] = {fastscanner_program, "keys",   directory,
                                  "--rotate",          "worker", NULL};
    check_run (rotate, 0, "worker-2.pub");
    check_run (rotate, 1, "next.key is there already");
    check_run ((const char *[]){fastscanner_program, "keys", directory, "--rotate", "all", NULL}, 2,
               "broker");
    check_run ((const char *[]){fastscanner_program, "keys", "/nowhere/else", NULL}, 1,
               "/nowhere/else");
    free (directory);
}

int main (void)
{
    log_init ("test_locks", LOG_ERROR, LOG_TEXT);
    alarm (300);
#define TEST(function) cmocka_unit_test_setup_teardown (function, doors_set_up, doors_tear_down)
    const struct CMUnitTest tests[] = {TEST (test_worker),           TEST (test_another_program),
                                       TEST (test_refused_at_start), TEST (test_insecure_worker),
                                       TEST (test_collector),        TEST (test_keys_command)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* The directory of --curve-dir: who may read its secret, how it is mounted, and how keys are changed while all run. */
#include "keys.h"

#include "check.h"
#include "clock.h"
#include "certificate.h"
#include "doors.h"
#include "key_files.h"
#include "log.h"
#include "spawn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534

static void copy (const char *from, const char *to)
{
    char *text = file_read (from, NULL);
    assert_non_null (text);
    file_write (to, text);
    free (text);
}

static char *public_key (const char *path)
{
    certificate_t read;
    assert_null (certificate_read (path, false, &read));
    return memory_text (read.public_key);
}

/* ---- modes ---- */

/* What a process of that user says to the file. */
static bool is_taken (const char *path, uid_t user)
{
    pid_t child = fork ();
    if (child == 0) {
        certificate_t read;
        bool good = (user == 0 || setuid (user) == 0) && !certificate_read (path, true, &read);
        _exit (good ? 0 : 1);
    }
    int status;
    assert_int_equal (waitpid (child, &status, 0), child);
    return WIFEXITED (status) && WEXITSTATUS (status) == 0;
}

/* A secret that others may read is refused, with its mode and the command that mends it. */
static void test_modes (void **state)
{
    doors_t *self = *state;
    char *path = doors_path (self, "worker", "secret.key");
    struct stat status;
    assert_int_equal (stat (path, &status), 0);
    assert_int_equal (status.st_mode & 07777, 0600); /* as `keys` makes it */
    static const mode_t refused[] = {0644, 0604, 0640, 0660, 0602, 0440, 0777};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        certificate_t read;
        char mode[8];
        chmod (path, refused[i]);
        snprintf (mode, sizeof mode, "%04o", (unsigned) refused[i]);
        char *problem = certificate_read (path, true, &read);
        assert_non_null (problem);
        assert_non_null (strstr (problem, path));
        assert_non_null (strstr (problem, mode));
        assert_non_null (strstr (problem, "chmod 600"));
        free (problem);
        bus_t *bus = doors_bus (self, KEYS_WORKER);
        assert_null (channel_connect (bus, CHANNEL_DEALER, self->endpoint));
        bus_destroy (&bus);
    }
    static const mode_t taken[] = {0600, 0400};
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        chmod (path, taken[i]);
        assert_true (is_taken (path, geteuid ()));
    }
    free (path);
}

/* A Secret's file belongs to root and to the pod's group: its group may read it when we are another user. Nobody else
 * may, and a file of another user is none of ours. */
static void test_secret_of_a_group (void **state)
{
    doors_t *self = *state;
    if (geteuid () != 0) {
        skip ();
    }
    char *path = doors_path (self, "worker", "secret.key"),
         *directory = doors_path (self, "worker", NULL);
    chmod (self->directory, 0755);
    chmod (directory, 0755);
    assert_int_equal (chown (path, 0, getgid ()), 0);
    chmod (path, 0440); /* setuid leaves us our groups, as fsGroup gives them */
    assert_true (is_taken (path, NOBODY));
    assert_false (is_taken (path, 0));
    chmod (path, 0444);
    assert_false (is_taken (path, NOBODY));
    chmod (path, 0460);
    assert_false (is_taken (path, NOBODY));
    chmod (path, 0400);
    assert_int_equal (chown (path, NOBODY, getgid ()), 0);
    assert_true (is_taken (path, NOBODY));
    assert_false (is_taken (path, 0));
    free (path);
    free (directory);
}

/* ---- files ---- */

/* What is no certificate is named, and is none. */
static void test_bad_files (void **state)
{
    doors_t *self = *state;
    static const struct {
        const char *text;
        bool secret;
        const char *why;
    } cases[] = {
        {"", false, "no line public-key"},
        {"curve\n    public-key = \"short\"\n", false, "no line public-key"},
        {"curve\n    public-key = \"k1k}e6zI*FPW<>qcmxp4qbL(7HNdoweJWTi<w9A,\"\n", false,
         "no line"},
        {"curve\n    public-key = \"k1k}e6zI*FPW<>qcmxp4qbL(7HNdoweJWTi<w9AY\n", false, "no line"},
        {"curve\n    public-key = \"k1k}e6zI*FPW<>qcmxp4qbL(7HNdoweJWTi<w9AY\"\n", true,
         "no line secret"},
        {"public-key = \"k1k}e6zI*FPW<>qcmxp4qbL(7HNdoweJWTi<w9AY\"\n"
         "secret-key = \"/tm4UV2rgn:#gC.9w/!TjLt9{4:rBc-4$P1M7^5$\"\n",
         true, "do not belong together"},
        {"public-key = \"!/HgSpLs<ij0IGqbg65fkuN{<J7!OArVY(DH=ZFZ\"\n"
         "secret-key = \"/tm4UV2rgn:#gC.9w/!TjLt9{4:rBc-4$P1M7^5$\"\n",
         false, "has a secret key"},
    };
    char *path = doors_path (self, "worker", "tried");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        certificate_t read;
        file_write (path, cases[i].text);
        chmod (path, 0600);
        char *problem = certificate_read (path, cases[i].secret, &read);
        assert_non_null (problem);
        assert_non_null (strstr (problem, cases[i].why));
        assert_int_equal (read.secret_key[0], 0);
        free (problem);
    }
    certificate_t read;
    char *problem = certificate_read (self->directory, false, &read);
    assert_non_null (strstr (problem, "not a regular file"));
    free (problem);
    free (path);
}

/* A key is trusted in the role that its file's name says, once; not in two, and not against what the file says; and
 * a process is not started with the secret of another role. */
static void test_roles (void **state)
{
    doors_t *self = *state;
    char *broker = doors_path (self, "broker", NULL),
         *worker = doors_path (self, "broker", "worker-1.pub"),
         *twice = doors_path (self, "broker", "worker-again.pub"),
         *wrong = doors_path (self, "broker", "collector-0.pub"), *key = public_key (worker);
    copy (worker, twice);
    copy (worker, wrong);
    keys_t *keys = keys_open (broker, KEYS_BROKER);
    assert_non_null (keys);
    assert_int_equal (keys_find (keys, key), KEYS_WORKER);
    assert_int_equal (keys_count (keys, KEYS_WORKER), 1);
    assert_int_equal (keys_count (keys, KEYS_COLLECTOR), 1);
    assert_int_equal (keys_find (keys, ""), KEYS_NOBODY);
    keys_destroy (&keys);
    assert_null (keys_open (broker, KEYS_WORKER));
    assert_null (keys_open ("/nowhere", KEYS_WORKER));
    free (broker);
    free (worker);
    free (twice);
    free (wrong);
    free (key);
}

/* `keys` makes what is missing, and writes over nothing: a second time every file is as it was. */
static void test_never_overwritten (void **state)
{
    doors_t *self = *state;
    char *secret = doors_path (self, "broker", "secret.key"),
         *trusted = doors_path (self, "worker", "broker-1.pub"), *before = file_read (secret, NULL),
         *public_before = file_read (trusted, NULL);
    assert_int_equal (key_files_make (self->directory), 0);
    char *after = file_read (secret, NULL), *public_after = file_read (trusted, NULL);
    assert_string_equal (before, after);
    assert_string_equal (public_before, public_after);
    unlink (trusted);
    assert_int_equal (key_files_make (self->directory), 0);
    char *again = public_key (trusted);
    assert_non_null (strstr (public_before, again));
    char *second = doors_path (self, "worker", "broker-2.pub");
    assert_int_equal (access (second, F_OK), -1);
    free (second);
    free (again);
    free (after);
    free (public_after);
    free (before);
    free (public_before);
    free (secret);
    free (trusted);
}

/* A Secret as Kubernetes mounts it: links to a directory behind a link, which is changed for another at once. */
static void test_mounted_secret (void **state)
{
    doors_t *self = *state;
    char *mount = memory_format ("%s/mount", self->directory), path[512], target[512];
    static const char *const files[] = {"secret.key", "worker-1.pub", "collector-1.pub"};
    mkdir (mount, 0700);
    for (int version = 1; version <= 2; version++) {
        snprintf (path, sizeof path, "%s/..%d", mount, version);
        mkdir (path, 0700);
        for (size_t i = 0; i < 3 - (size_t) (version == 2); i++) { /* the second has no collector */
            char *from = doors_path (self, "broker", files[i]);
            snprintf (path, sizeof path, "%s/..%d/%s", mount, version, files[i]);
            copy (from, path);
            chmod (path, 0400);
            free (from);
            snprintf (path, sizeof path, "%s/%s", mount, files[i]);
            snprintf (target, sizeof target, "..data/%s", files[i]);
            assert_true (symlink (target, path) == 0 || errno == EEXIST);
        }
    }
    snprintf (path, sizeof path, "%s/..data", mount);
    assert_int_equal (symlink ("..1", path), 0);
    keys_t *keys = keys_open (mount, KEYS_BROKER);
    assert_non_null (keys);
    assert_int_equal (keys_count (keys, KEYS_WORKER), 1);
    assert_int_equal (keys_count (keys, KEYS_COLLECTOR), 1);
    assert_false (keys_refresh (keys));
    snprintf (target, sizeof target, "%s/..tmp", mount);
    assert_int_equal (symlink ("..2", target), 0);
    assert_int_equal (rename (target, path), 0);
    assert_true (keys_refresh (keys));
    assert_int_equal (keys_count (keys, KEYS_WORKER), 1);
    assert_int_equal (keys_count (keys, KEYS_COLLECTOR), 0);
    keys_destroy (&keys);
    free (mount);
}

/* ---- keys that change ---- */

static void say_until_refused (channel_t *dealer, const doors_t *self)
{
    const char *bytes;
    size_t size;
    channel_peer_t peer;
    uint64_t refused = 0;
    zmq_pollitem_t item = channel_poll (self->router, ZMQ_POLLIN);
    for (mono_t start = mono_now (); refused == 0;) {
        assert_true (mono_ms (start, mono_now ()) < DOORS_WAIT_MS);
        buffer_t message = {0};
        buffer_append (&message, "still here", 10);
        channel_send (dealer, &message);
        zmq_poll (&item, 1, 1);
        channel_receive (self->router, &peer, &bytes, &size, &refused);
    }
    while (channel_receive (self->router, &peer, &bytes, &size, &refused)) {
    }
}

/* A key that is removed while its peer is connected: its messages are refused within a second or two, and it comes in
 * no more. Put back, it comes in again. The broker is the same all the time. */
static void test_removed_key (void **state)
{
    doors_t *self = *state;
    char *path = doors_path (self, "broker", "worker-1.pub"), *kept = file_read (path, NULL);
    bus_t *bus = doors_bus (self, KEYS_WORKER);
    channel_t *dealer = channel_connect (bus, CHANNEL_DEALER, self->endpoint);
    doors_send (dealer, "hello");
    doors_hear (self->router, NULL, "hello");
    unlink (path);
    say_until_refused (dealer, self);
    assert_true (doors_count (self->broker, BUS_REVOKED) > 0);
    channel_destroy (&dealer, 0);

    dealer = channel_connect (bus, CHANNEL_DEALER, self->endpoint);
    zmq_pollitem_t item = channel_poll (dealer, ZMQ_POLLOUT);
    while (doors_count (self->broker, BUS_UNKNOWN) == 0) {
        assert_int_equal (zmq_poll (&item, 1, 5), 0);
    }
    file_write (path, kept);
    doors_send (dealer, "back");
    doors_hear_at_last (self->router, "back"); /* behind what was under way before */
    channel_destroy (&dealer, 0);
    bus_destroy (&bus);
    free (path);
    free (kept);
}

static void say_hello (doors_t *self, const char *text)
{
    bus_t *bus = doors_bus (self, KEYS_WORKER);
    channel_t *dealer = channel_connect (bus, CHANNEL_DEALER, self->endpoint);
    assert_non_null (dealer);
    doors_send (dealer, text);
    doors_hear (self->router, NULL, text);
    channel_destroy (&dealer, 0);
    bus_destroy (&bus);
}

static void move (const doors_t *self, const char *role)
{
    char *next = doors_path (self, role, KEY_FILES_NEXT), *own = doors_path (self, role, KEYS_OWN);
    assert_int_equal (rename (next, own), 0);
    free (next);
    free (own);
}

/* The runbook's way, for a worker's key: the second is trusted beside the first, a worker comes in with either, and
 * the first is removed; the broker runs on. */
static void test_rotate_worker (void **state)
{
    doors_t *self = *state;
    assert_int_equal (key_files_rotate (self->directory, KEYS_WORKER), 0);
    assert_int_equal (key_files_rotate (self->directory, KEYS_WORKER), -1); /* one at a time */
    say_hello (self, "with the first");
    move (self, "worker");
    say_hello (self, "with the second");
    char *first = doors_path (self, "broker", "worker-1.pub"), *key = public_key (first);
    unlink (first);
    say_hello (self, "with the second alone");
    char *broker = doors_path (self, "broker", NULL);
    keys_t *keys = keys_open (broker, KEYS_BROKER);
    assert_int_equal (keys_find (keys, key), KEYS_NOBODY);
    assert_int_equal (keys_count (keys, KEYS_WORKER), 1);
    keys_destroy (&keys);
    free (broker);
    free (first);
    free (key);
}

/* And for the broker's: who trusts both keys of it comes in before and after it was started again with the second. */
static void test_rotate_broker (void **state)
{
    doors_t *self = *state;
    assert_int_equal (key_files_rotate (self->directory, KEYS_BROKER), 0);
    bus_t *bus = doors_bus (self, KEYS_WORKER);
    channel_t *dealer = channel_connect (bus, CHANNEL_DEALER, self->endpoint);
    doors_send (dealer, "to the first");
    doors_hear (self->router, NULL, "to the first");
    channel_destroy (&self->router, 0);
    bus_destroy (&self->broker);
    move (self, "broker");
    self->broker = doors_bus (self, KEYS_BROKER);
    self->router = channel_bind (self->broker, CHANNEL_ROUTER, self->endpoint);
    assert_non_null (self->router);
    doors_send (dealer, "to the second");
    doors_hear (self->router, NULL, "to the second");
    channel_destroy (&dealer, 0);
    bus_destroy (&bus);
}

int main (void)
{
    log_init ("test_bus_keys", LOG_ERROR, LOG_TEXT);
    alarm (300);
#define TEST(function) cmocka_unit_test_setup_teardown (function, doors_set_up, doors_tear_down)
    const struct CMUnitTest tests[] = {
        TEST (test_modes),       TEST (test_secret_of_a_group), TEST (test_bad_files),
        TEST (test_roles),       TEST (test_never_overwritten), TEST (test_mounted_secret),
        TEST (test_removed_key), TEST (test_rotate_worker),     TEST (test_rotate_broker),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

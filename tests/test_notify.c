/* What is told to who started us, on a socket of the test's. */
#include "check.h"

#include "log.h"
#include "memory.h"
#include "notify.h"
#include "pulse.h"
#include "spawn.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const mono_t start = {INT64_C (5000000)};

typedef struct {
    char *directory, *path;
    int socket;
} fixture_t;

static mono_t later (int64_t ms)
{
    return (mono_t){start.us + ms * 1000};
}

/* A datagram socket with that name; an abstract one when it begins with `@`. */
static int listen_at (const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf (address.sun_path, sizeof address.sun_path, "%s", name);
    socklen_t size = (socklen_t) (offsetof (struct sockaddr_un, sun_path) + strlen (name));
    if (name[0] == '@') {
        address.sun_path[0] = '\0';
    }
    int listening = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal (bind (listening, (struct sockaddr *) &address, size), 0);
    return listening;
}

static int set_up (void **state)
{
    fixture_t *self = calloc (1, sizeof *self);
    self->directory = directory_new ();
    self->path = memory_format ("%s/notify", self->directory);
    self->socket = listen_at (self->path);
    unsetenv ("WATCHDOG_USEC");
    unsetenv ("WATCHDOG_PID");
    setenv ("NOTIFY_SOCKET", self->path, 1);
    *state = self;
    return 0;
}

static int tear_down (void **state)
{
    fixture_t *self = *state;
    unsetenv ("NOTIFY_SOCKET");
    close (self->socket);
    directory_destroy (&self->directory);
    free (self->path);
    free (self);
    return 0;
}

static void expect (int listening, const char *text)
{
    char said[512] = "";
    ssize_t size = recv (listening, said, sizeof said - 1, 0);
    if (size < 0) {
        fail_msg ("%s was not said", text);
    }
    assert_string_equal (said, text);
}

static void expect_nothing (int listening)
{
    char said[512] = "";
    ssize_t size = recv (listening, said, sizeof said - 1, 0);
    if (size >= 0) {
        fail_msg ("%s was said", said);
    }
    assert_int_equal (errno, EAGAIN);
}

/* READY=1 comes once, at the first turn that is ready, and STOPPING=1 once, at the end at the latest. */
static void test_ready (void **state)
{
    const fixture_t *self = *state;
    notify_t *notify = notify_new ();
    assert_non_null (notify);
    notify_turn (notify, start, false, false, "no broker yet");
    expect (self->socket, "STATUS=no broker yet");
    expect_nothing (self->socket);
    notify_turn (notify, later (2000), true, false, "ok");
    expect (self->socket, "READY=1");
    expect (self->socket, "STATUS=ok");
    notify_turn (notify, later (4000), false, false, "ok");
    notify_turn (notify, later (6000), true, false, "ok");
    expect_nothing (self->socket);
    notify_turn (notify, later (8000), false, true, "draining");
    expect (self->socket, "STOPPING=1");
    expect (self->socket, "STATUS=draining");
    notify_destroy (&notify);
    expect_nothing (self->socket);
    notify = notify_new ();
    notify_destroy (&notify);
    expect (self->socket, "STOPPING=1");
}

/* A status that changes all the time is said once a second; one that stays is said once. */
static void test_status (void **state)
{
    const fixture_t *self = *state;
    char *long_text = memory_new (1000);
    notify_t *notify = notify_new ();
    notify_turn (notify, start, false, false, "a");
    for (int ms = 0; ms < NOTIFY_STATUS_MS; ms += 100) {
        notify_turn (notify, later (ms), false, false, ms % 200 ? "b" : "c");
    }
    expect (self->socket, "STATUS=a");
    expect_nothing (self->socket);
    notify_turn (notify, later (NOTIFY_STATUS_MS), false, false, "c");
    expect (self->socket, "STATUS=c");
    notify_turn (notify, later (10 * NOTIFY_STATUS_MS), false, false, "c");
    expect_nothing (self->socket);
    memset (long_text, 'x', 999);
    notify_turn (notify, later (20 * NOTIFY_STATUS_MS), false, false, long_text);
    notify_turn (notify, later (30 * NOTIFY_STATUS_MS), false, false, long_text);
    char said[512];
    assert_true (recv (self->socket, said, sizeof said, 0) > 0);
    expect_nothing (self->socket);
    notify_destroy (&notify);
    free (long_text);
}

/* The watchdog is fed at half of its period, as long as the loop turns, and only if it is ours. */
static void test_watchdog (void **state)
{
    const fixture_t *self = *state;
    setenv ("WATCHDOG_USEC", "2000000", 1);
    notify_t *notify = notify_new ();
    notify_turn (notify, start, false, false, "a");
    expect (self->socket, "STATUS=a");
    expect (self->socket, "WATCHDOG=1");
    notify_turn (notify, later (999), false, false, "a");
    expect_nothing (self->socket);
    notify_turn (notify, later (1000), false, false, "a");
    expect (self->socket, "WATCHDOG=1");
    notify_turn (notify, later (5000), false, false, "a");
    expect (self->socket, "WATCHDOG=1");
    expect_nothing (self->socket);
    notify_destroy (&notify);
    expect (self->socket, "STOPPING=1");
}

static void check_unfed (const fixture_t *self, const char *period, const char *pid)
{
    setenv ("WATCHDOG_USEC", period, 1);
    setenv ("WATCHDOG_PID", pid, 1);
    notify_t *notify = notify_new ();
    notify_turn (notify, start, false, false, "a");
    notify_turn (notify, later (INT64_C (1000000)), false, false, "a");
    expect (self->socket, "STATUS=a");
    expect_nothing (self->socket);
    notify_destroy (&notify);
    expect (self->socket, "STOPPING=1");
}

/* Another process's watchdog, or a period that is none, is left alone. */
static void test_no_watchdog (void **state)
{
    const fixture_t *self = *state;
    char *own = memory_format ("%d", (int) getpid ());
    check_unfed (self, "1000000", "1");
    check_unfed (self, "1000000", "x");
    check_unfed (self, "0", own);
    check_unfed (self, "-5", own);
    check_unfed (self, "99999999999999999999999", own);
    check_unfed (self, "1s", own);
    setenv ("WATCHDOG_USEC", "1000000", 1);
    notify_t *notify = notify_new ();
    notify_turn (notify, start, false, false, "a");
    expect (self->socket, "STATUS=a");
    expect (self->socket, "WATCHDOG=1");
    notify_destroy (&notify);
    free (own);
}

/* An abstract socket is as good as one in a directory. */
static void test_abstract (void **state)
{
    (void) state;
    char *name = memory_format ("@fastscanner-test-%d", (int) getpid ());
    int listening = listen_at (name);
    setenv ("NOTIFY_SOCKET", name, 1);
    notify_t *notify = notify_new ();
    notify_turn (notify, start, true, false, "ok");
    expect (listening, "READY=1");
    expect (listening, "STATUS=ok");
    notify_destroy (&notify);
    close (listening);
    free (name);
}

/* Without the variable, or with one that names no socket, there is nobody to tell, and that is no error. */
static void test_nobody (void **state)
{
    (void) state;
    static const char *const wrong[] = {"", "relative", "/", "@"};
    char *long_name = memory_new (200);
    memset (long_name, '/', 199);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        setenv ("NOTIFY_SOCKET", wrong[i], 1);
        assert_null (notify_new ());
    }
    setenv ("NOTIFY_SOCKET", long_name, 1);
    assert_null (notify_new ());
    unsetenv ("NOTIFY_SOCKET");
    assert_null (notify_new ());
    notify_turn (NULL, start, true, false, "ok");
    free (long_name);
}

/* Nobody takes what is said, and nothing is waited for: what counts is said when it can be. */
static void test_full (void **state)
{
    const fixture_t *self = *state;
    char text[32], said[512];
    notify_t *notify = notify_new ();
    for (int i = 0; i < 3000; i++) { /* more than a socket holds */
        snprintf (text, sizeof text, "%d", i);
        notify_turn (notify, later (i * INT64_C (2000)), false, false, text);
    }
    notify_turn (notify, later (INT64_C (6000000)), true, false, text);
    while (recv (self->socket, said, sizeof said, 0) >= 0) {
    }
    notify_turn (notify, later (INT64_C (6002000)), true, false, text);
    expect (self->socket, "READY=1");
    notify_destroy (&notify);
}

/* A socket that goes away is no error of ours, and what comes back is told. */
static void test_gone (void **state)
{
    fixture_t *self = *state;
    notify_t *notify = notify_new ();
    close (self->socket);
    unlink (self->path);
    notify_turn (notify, start, true, false, "ok");
    self->socket = listen_at (self->path);
    notify_turn (notify, later (2000), true, false, "ok");
    expect (self->socket, "READY=1");
    expect (self->socket, "STATUS=ok");
    notify_destroy (&notify);
}

/* A process's states are told as they are said: that turns is started, whatever it waits for, and draining is stopping. */
static void test_pulse (void **state)
{
    const fixture_t *self = *state;
    pulse_t *pulse = pulse_new (NULL);
    pulse_turn (pulse, (health_state_t){HEALTH_READ_AGAIN, 12});
    expect (self->socket, "READY=1");
    expect (self->socket, "STATUS=symbols are read again: 12");
    pulse_turn (pulse, (health_state_t){.reason = HEALTH_READY});
    expect_nothing (self->socket);
    pulse_turn (pulse, (health_state_t){.reason = HEALTH_DRAINING});
    expect (self->socket, "STOPPING=1");
    expect_nothing (self->socket);
    pulse_destroy (&pulse);
    expect_nothing (self->socket);
    pulse_turn (NULL, (health_state_t){.reason = HEALTH_READY});
}

int main (void)
{
    log_init ("test_notify", LOG_ERROR, LOG_TEXT);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (test_ready, set_up, tear_down),
        cmocka_unit_test_setup_teardown (test_status, set_up, tear_down),
        cmocka_unit_test_setup_teardown (test_watchdog, set_up, tear_down),
        cmocka_unit_test_setup_teardown (test_no_watchdog, set_up, tear_down),
        cmocka_unit_test_setup_teardown (test_abstract, set_up, tear_down),
        cmocka_unit_test_setup_teardown (test_nobody, set_up, tear_down),
        cmocka_unit_test_setup_teardown (test_full, set_up, tear_down),
        cmocka_unit_test_setup_teardown (test_gone, set_up, tear_down),
        cmocka_unit_test_setup_teardown (test_pulse, set_up, tear_down),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

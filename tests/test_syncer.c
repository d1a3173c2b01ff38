/* The syncer: it ends with what the disk said, says so by its descriptor, and holds nobody up meanwhile. */
#include "syncer.h"

#include "check.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#define WAIT_MS 10000

/* A disk of the test's own, which answers when it is let, with what it is told. The syncer calls this one
 * in the place of libc's. */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool holds;
    int interrupts; /* so many times EINTR first */
    int error;
    int asked; /* how often, and the descriptor of the last time */
    int fd;
} disk = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

int fdatasync (int fd)
{
    pthread_mutex_lock (&disk.mutex);
    disk.asked++;
    disk.fd = fd;
    pthread_cond_broadcast (&disk.changed);
    while (disk.holds) {
        pthread_cond_wait (&disk.changed, &disk.mutex);
    }
    int error = disk.interrupts > 0 ? EINTR : disk.error;
    disk.interrupts -= disk.interrupts > 0;
    pthread_mutex_unlock (&disk.mutex);
    errno = error;
    return error ? -1 : 0;
}

static void hold (bool holds)
{
    pthread_mutex_lock (&disk.mutex);
    disk.holds = holds;
    pthread_cond_broadcast (&disk.changed);
    pthread_mutex_unlock (&disk.mutex);
}

/* The disk was asked for the `count`th time, and has not answered. */
static void wait_asked (int count)
{
    pthread_mutex_lock (&disk.mutex);
    while (disk.asked < count) {
        pthread_cond_wait (&disk.changed, &disk.mutex);
    }
    pthread_mutex_unlock (&disk.mutex);
}

static bool is_readable (const syncer_t *syncer, int ms)
{
    struct pollfd item = {.fd = syncer_fd (syncer), .events = POLLIN};
    return poll (&item, 1, ms) == 1;
}

static int set_up (void **state)
{
    disk.holds = false;
    disk.interrupts = disk.error = disk.asked = 0;
    *state = syncer_new ();
    return *state ? 0 : -1;
}

static int tear_down (void **state)
{
    syncer_t *syncer = *state;
    syncer_destroy (&syncer);
    return syncer ? -1 : 0;
}

/* While the disk takes its time the caller goes on: it is told that none has ended, and when one has. */
static void test_holds_nobody_up (void **state)
{
    syncer_t *syncer = *state;
    assert_false (syncer_is_busy (syncer));
    assert_int_equal (syncer_end (syncer, true), -1); /* there is none: nothing to wait for */
    hold (true);
    syncer_begin (syncer, 7);
    wait_asked (1);
    assert_int_equal (disk.fd, 7);
    assert_true (syncer_is_busy (syncer));
    assert_false (is_readable (syncer, 0));
    assert_int_equal (syncer_end (syncer, false), -1);
    assert_true (syncer_is_busy (syncer));
    hold (false);
    assert_true (is_readable (syncer, WAIT_MS));
    assert_int_equal (syncer_end (syncer, false), 0);
    assert_false (syncer_is_busy (syncer));
    assert_false (is_readable (syncer, 0));
    assert_int_equal (syncer_end (syncer, false), -1);
}

/* One after the other, each of its own file, by waiting too. */
static void test_again_and_again (void **state)
{
    syncer_t *syncer = *state;
    for (int i = 1; i <= 100; i++) {
        syncer_begin (syncer, i);
        assert_int_equal (syncer_end (syncer, true), 0);
        assert_int_equal (disk.asked, i);
        assert_int_equal (disk.fd, i);
        assert_false (is_readable (syncer, 0));
    }
}

/* What the disk refused is said; a signal is no refusal. */
static void test_refusal (void **state)
{
    syncer_t *syncer = *state;
    disk.error = EIO;
    disk.interrupts = 2;
    syncer_begin (syncer, 1);
    assert_int_equal (syncer_end (syncer, true), EIO);
    assert_int_equal (disk.asked, 3);
    disk.error = 0;
    syncer_begin (syncer, 1);
    assert_int_equal (syncer_end (syncer, true), 0);
}

static void *let_go (void *argument)
{
    (void) argument;
    wait_asked (1);
    hold (false);
    return NULL;
}

/* Its end waits for the one that is under way: the file may be closed behind it. */
static void test_end_waits (void **state)
{
    (void) state;
    syncer_t *syncer = syncer_new ();
    pthread_t thread;
    assert_non_null (syncer);
    hold (true);
    syncer_begin (syncer, 3);
    assert_int_equal (pthread_create (&thread, NULL, let_go, NULL), 0);
    syncer_destroy (&syncer);
    assert_null (syncer);
    assert_int_equal (disk.asked, 1);
    assert_false (disk.holds);
    pthread_join (thread, NULL);
    syncer_destroy (&syncer); /* none: nothing */
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (test_holds_nobody_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown (test_again_and_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown (test_refusal, set_up, tear_down),
        cmocka_unit_test_setup_teardown (test_end_waits, set_up, tear_down),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

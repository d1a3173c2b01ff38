/* What every program does first. Each test is a process of its own: signals and the environment are
 * a process's. */
#include "process.h"

#include "check.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Ends the child with the line of what does not hold. */
#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            print_error ("%s:%d: %s\n", __FILE__, __LINE__, #condition);                           \
            _exit (1);                                                                             \
        }                                                                                          \
    } while (0)

/* Runs `act` in a child: its exit code, or 128 and the signal that ended it. */
static int code_of (void (*act) (void))
{
    pid_t child = fork ();
    assert_true (child >= 0);
    if (child == 0) {
        alarm (60);
        act ();
        _exit (0);
    }
    int status;
    assert_int_equal (waitpid (child, &status, 0), child);
    return WIFEXITED (status) ? WEXITSTATUS (status) : 128 + WTERMSIG (status);
}

static bool readable (int fd, int timeout_ms)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    return poll (&poll_fd, 1, timeout_ms) == 1;
}

static void read_signals (void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    process_init ();
    int signals = process_signals ();
    REQUIRE (signals >= 0);
    REQUIRE (process_next_signal (signals) == 0);
    for (int i = 0; i < 3; i++) {
        kill (getpid (), numbers[i]);
        REQUIRE (readable (signals, -1));
        REQUIRE (process_next_signal (signals) == numbers[i]);
        REQUIRE (process_next_signal (signals) == 0);
    }
}

/* INT, TERM and HUP do not end the process: they are read, each once. */
static void test_signals_are_read (void **state)
{
    (void) state;
    assert_int_equal (code_of (read_signals), 0);
}

static void read_child (void)
{
    process_init ();
    int signals = process_signals ();
    pid_t child = fork ();
    if (child == 0) {
        _exit (7);
    }
    REQUIRE (readable (signals, -1));
    REQUIRE (process_next_signal (signals) == SIGCHLD);
    int status;
    REQUIRE (waitpid (child, &status, WNOHANG) == child && WEXITSTATUS (status) == 7);
}

static void read_child_ignored (void)
{
    signal (SIGCHLD, SIG_IGN);
    read_child ();
}

/* A child's end is read, and its exit code is there, also when our own parent ignored the ends of
 * its children and left us so. */
static void test_child (void **state)
{
    (void) state;
    assert_int_equal (code_of (read_child), 0);
    assert_int_equal (code_of (read_child_ignored), 0);
}

static void ignore_signals (void)
{
    signal (SIGINT, SIG_IGN);
    signal (SIGTERM, SIG_IGN);
    process_init ();
    int signals = process_signals ();
    kill (getpid (), SIGINT);
    kill (getpid (), SIGTERM);
    REQUIRE (!readable (signals, 0));
    REQUIRE (process_next_signal (signals) == 0);
    kill (getpid (), SIGHUP);
    REQUIRE (process_next_signal (signals) == SIGHUP);
}

/* Signals that the parent said to ignore stay ignored: local children end by the broker's word. */
static void test_ignored_stay_ignored (void **state)
{
    (void) state;
    assert_int_equal (code_of (ignore_signals), 0);
}

static void write_to_nobody (void)
{
    int ends[2];
    process_init ();
    REQUIRE (pipe (ends) == 0);
    close (ends[0]);
    REQUIRE (write (ends[1], "x", 1) == -1);
}

/* A reader that went away is an error of the write, not the end of the process. */
static void test_pipe (void **state)
{
    (void) state;
    assert_int_equal (code_of (write_to_nobody), 0);
}

static void forget_zsys (void)
{
    char *environment[] = {"ZSYS_LINGER=1", "ZSYS_A=", "PATH=/bin", "ZSYS_NO_VALUE", "ZSYS",
                           "XZSYS_=1",      "ZSYS_=2", "LAST=1",    "ZSYS_LINGER=2", NULL};
    environ = environment;
    process_init ();
    static const char *const expected[] = {"PATH=/bin", "ZSYS", "XZSYS_=1", "LAST=1"};
    for (int i = 0; i < 4; i++) {
        REQUIRE (environ[i] && strcmp (environ[i], expected[i]) == 0);
    }
    REQUIRE (!environ[4]);
}

static void forget_nothing (void)
{
    char *environment[] = {NULL};
    environ = environment;
    process_init ();
    REQUIRE (!environ[0]);
    environ = NULL; /* after clearenv */
    process_init ();
}

/* All ZSYS_ variables are gone, next to each other, twice, and without a value; no others are. */
static void test_zsys (void **state)
{
    (void) state;
    assert_int_equal (code_of (forget_zsys), 0);
    assert_int_equal (code_of (forget_nothing), 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_signals_are_read),
        cmocka_unit_test (test_child),
        cmocka_unit_test (test_ignored_stay_ignored),
        cmocka_unit_test (test_pipe),
        cmocka_unit_test (test_zsys),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

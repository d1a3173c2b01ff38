/* The progress of a run, on a terminal and elsewhere. Time is what the tests say it is. */
#include "check.h"

#include "log.h"
#include "memory.h"
#include "progress.h"

#include <poll.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* stderr leads to a terminal or a pipe whose other end the test reads. */
typedef struct {
    int other, own; /* own: the real stderr */
    progress_t progress;
} bench_t;

static bench_t *bench_new (int other, int end)
{
    bench_t *self = memory_new (sizeof *self);
    self->other = other;
    self->own = dup (STDERR_FILENO);
    dup2 (end, STDERR_FILENO);
    close (end);
    return self;
}

static bench_t *bench_terminal (unsigned short columns)
{
    int master, slave;
    struct winsize size = {.ws_row = 24, .ws_col = columns};
    assert_int_equal (openpty (&master, &slave, NULL, NULL, &size), 0);
    return bench_new (master, slave);
}

static void bench_destroy (bench_t **self)
{
    log_around (NULL, NULL, NULL);
    dup2 ((*self)->own, STDERR_FILENO);
    close ((*self)->own);
    close ((*self)->other);
    free (*self);
    *self = NULL;
}

static mono_t at_ms (int64_t ms)
{
    return (mono_t){5000000 + ms * 1000};
}

/* The next bytes that were written are these. */
static void expect (const bench_t *self, const char *text)
{
    char found[1024] = "";
    size_t used = 0;
    while (used < strlen (text)) {
        struct pollfd item = {.fd = self->other, .events = POLLIN};
        assert_int_equal (poll (&item, 1, 60000), 1);
        ssize_t got = read (self->other, found + used, strlen (text) - used);
        assert_true (got > 0);
        used += (size_t) got;
    }
    assert_string_equal (found, text);
}

/* Nothing else was written before this mark. */
static void expect_nothing (const bench_t *self)
{
    assert_int_equal (write (STDERR_FILENO, "mark", 4), 4);
    expect (self, "mark");
}

static void show (bench_t *self, uint64_t done, uint64_t total, uint64_t hits, int64_t ms)
{
    progress_show (&self->progress, done, total, hits, at_ms (ms));
}

/* On a terminal a bar is redrawn in place, ten times a second at most. */
static void test_bar (void **state)
{
    (void) state;
    bench_t *self = bench_terminal (100);
    progress_init (&self->progress, true, at_ms (0));
    assert_int_equal (progress_due (&self->progress, at_ms (0)), 100);
    assert_int_equal (progress_due (&self->progress, at_ms (40)), 60);
    show (self, 1, 10, 0, 99);
    expect_nothing (self);
    assert_int_equal (progress_due (&self->progress, at_ms (100)), 0);
    show (self, 0, 10, 0, 100);
    expect (self, "\r[..............................]   0 %  0 hits\033[K");
    show (self, 5, 10, 7, 199);
    expect_nothing (self);
    show (self, 5, 10, 7, 10000);
    expect (self, "\r[###############...............]  50 %  7 hits, ETA 10 s\033[K");
    show (self, 10, 10, 8, 20000);
    expect (self, "\r[##############################] 100 %  8 hits, ETA 0 s\033[K");
    progress_clear (&self->progress);
    expect (self, "\r\033[K");
    progress_clear (&self->progress); /* it is gone */
    expect_nothing (self);
    bench_destroy (&self);
}

/* Numbers that make no sense draw a full bar or an empty one, and nothing beside it. */
static void test_strange_numbers (void **state)
{
    (void) state;
    bench_t *self = bench_terminal (100);
    progress_init (&self->progress, true, at_ms (0));
    show (self, 1000, 10, 0, 10000);
    expect (self, "\r[##############################] 100 %  0 hits, ETA 0 s\033[K");
    show (self, 0, 0, 0, 20000);
    expect (self, "\r[..............................]   0 %  0 hits\033[K");
    bench_destroy (&self);
}

/* The time left is guessed from the time gone, once there is something to guess from. */
static void test_eta (void **state)
{
    (void) state;
    bench_t *self = bench_terminal (100);
    progress_init (&self->progress, true, at_ms (0));
    show (self, 3, 30, 0, 200);
    expect (self, "\r[###...........................]  10 %  0 hits\033[K");
    show (self, 3, 30, 0, 6600);
    expect (self, "\r[###...........................]  10 %  0 hits, ETA 59 s\033[K");
    show (self, 3, 30, 0, 20000);
    expect (self, "\r[###...........................]  10 %  0 hits, ETA 3 min 0 s\033[K");
    bench_destroy (&self);
}

/* The bar is cut to the terminal's width; without one it is taken to have 80 columns. */
static void test_width (void **state)
{
    (void) state;
    bench_t *self = bench_terminal (40);
    progress_init (&self->progress, true, at_ms (0));
    show (self, 5, 10, 123456, 10000);
    expect (self, "\r[###############...............]  50 % \033[K");
    bench_destroy (&self);
    self = bench_terminal (1);
    progress_init (&self->progress, true, at_ms (0));
    show (self, 5, 10, 123456, 10000);
    expect (self, "\r\033[K");
    bench_destroy (&self);
    self = bench_terminal (0);
    progress_init (&self->progress, true, at_ms (0));
    show (self, 5, 10, UINT64_MAX, 10000000);
    expect (self,
            "\r[###############...............]  50 %  18446744073709551615 hits, ETA 166 min "
            "\033[K");
    bench_destroy (&self);
}

/* A line of the log takes the bar off first. */
static void test_log_line (void **state)
{
    (void) state;
    bench_t *self = bench_terminal (100);
    progress_init (&self->progress, true, at_ms (0));
    log_info ("before");
    expect (self, "test_progress: before\r\n");
    show (self, 0, 10, 0, 100);
    expect (self, "\r[..............................]   0 %  0 hits\033[K");
    log_info ("between");
    expect (self, "\r\033[Ktest_progress: between\r\n");
    bench_destroy (&self);
}

/* Elsewhere it is a line of the log once a second. */
static void test_lines (void **state)
{
    (void) state;
    int ends[2];
    assert_int_equal (pipe (ends), 0);
    bench_t *self = bench_new (ends[0], ends[1]);
    progress_init (&self->progress, true, at_ms (0));
    assert_int_equal (progress_due (&self->progress, at_ms (1)), 999);
    show (self, 1, 10, 0, 999);
    expect_nothing (self);
    show (self, 0, 10, 0, 1000);
    expect (self, "test_progress: 0 of 10 units, 0 hits\n");
    show (self, 1, 10, 0, 1999);
    expect_nothing (self);
    show (self, 5, 10, 3, 2000);
    expect (self, "test_progress: 5 of 10 units, 3 hits, ETA 2 s\n");
    progress_clear (&self->progress);
    expect_nothing (self);
    bench_destroy (&self);
}

/* With --progress never nothing is shown, and nothing is waited for. */
static void test_never (void **state)
{
    (void) state;
    bench_t *self = bench_terminal (100);
    progress_init (&self->progress, false, at_ms (0));
    assert_int_equal (progress_due (&self->progress, at_ms (5000)), -1);
    show (self, 5, 10, 0, 5000);
    progress_clear (&self->progress);
    expect_nothing (self);
    bench_destroy (&self);
}

int main (void)
{
    log_init ("test_progress", LOG_INFO, LOG_TEXT);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_bar),      cmocka_unit_test (test_strange_numbers),
        cmocka_unit_test (test_eta),      cmocka_unit_test (test_width),
        cmocka_unit_test (test_log_line), cmocka_unit_test (test_lines),
        cmocka_unit_test (test_never),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

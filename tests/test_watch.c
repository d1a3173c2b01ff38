/* Changed reference files: what is seen, when it is given out, what is only said. */
#include "check.h"

#include "gather.h"
#include "log.h"
#include "spawn.h"
#include "watch.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MORNING INT64_C (1678705200) /* 2023-03-13 07:00 in New York */
#define NOON    INT64_C (1678723200)

typedef struct {
    char *directory;
    market_t *market;
    watch_t *watch;
    int64_t clock_ts;
    mono_t now;
} fixture_t;

static void make_symbol (const char *symbol)
{
    char path[64];
    snprintf (path, sizeof path, "data/candles/%s", symbol);
    assert_int_equal (mkdir (path, 0777), 0);
    strcat (path, "/1d");
    assert_int_equal (mkdir (path, 0777), 0);
    strcat (path, "/2023.csv");
    file_write (path, "first");
}

/* Time passes, with a turn every second. */
static void pass (fixture_t *self, int seconds)
{
    for (int i = 0; i < seconds; i++) {
        self->now.us += 1000000;
        watch_turn (self->watch, 1000, self->clock_ts * 1000, self->now);
    }
}

/* The test's directory is the working directory; two symbols are watched. */
static int set_up (void **state)
{
    fixture_t *self = memory_new (sizeof *self);
    *state = self;
    self->directory = directory_new ();
    if (chdir (self->directory) != 0 || mkdir ("data", 0777) != 0 ||
        mkdir ("data/candles", 0777) != 0 || mkdir ("data/fundamentals", 0777) != 0) {
        return -1;
    }
    make_symbol ("A");
    self->market = market_open_live (".", NULL);
    make_symbol ("B");
    self->watch = watch_new (self->market); /* A */
    watch_add (self->watch, "B");
    watch_add (self->watch, "A");
    self->clock_ts = MORNING;
    self->now = (mono_t){1000000};
    pass (self, 7); /* the years are not today's: a first look */
    return 0;
}

static int tear_down (void **state)
{
    fixture_t *self = *state;
    int rc = chdir ("/");
    watch_destroy (&self->watch);
    watch_destroy (&self->watch); /* NULL by now */
    market_destroy (&self->market);
    directory_destroy (&self->directory);
    free (self);
    return rc;
}

/* The symbols given out now, each once, in any order. */
static void check_changed (fixture_t *self, const char *expected)
{
    bool given[2] = {false};
    const char *symbol;
    while ((symbol = watch_changed (self->watch))) {
        bool *is_given = &given[symbol[0] - 'A'];
        assert_false (*is_given);
        *is_given = true;
    }
    assert_int_equal (given[0], strchr (expected, 'A') != NULL);
    assert_int_equal (given[1], strchr (expected, 'B') != NULL);
}

/* Nothing changes, nothing is given out. */
static void test_quiet (void **state)
{
    fixture_t *self = *state;
    pass (self, 100);
    check_changed (self, "");
    assert_in_range (watch_counts (self->watch)->looks, 42, 47); /* two, every five seconds */
    assert_in_range (watch_counts (self->watch)->sweep_ms, 4000, 6000);
}

/* Before 09:30 each changed symbol is given out once, when the changes are through. */
static void test_change (void **state)
{
    fixture_t *self = *state;
    pass (self, 6);
    file_write ("data/candles/B/1d/2023.csv", "second one");
    pass (self, 9);
    check_changed (self, ""); /* they may go on */
    file_write ("data/fundamentals/A.json", "{}");
    pass (self, 7);
    file_write ("data/fundamentals/A.json", "{ }");
    pass (self, 9);
    check_changed (self, "");
    pass (self, 6);
    check_changed (self, "A B");
    pass (self, 30);
    check_changed (self, "");
    assert_int_equal (watch_counts (self->watch)->changes, 2);
}

/* A file of the same size and time, but another one, is a change; so is one that is gone, and one of
 * the year before. The year before that is nobody's business. */
static void test_kinds (void **state)
{
    fixture_t *self = *state;
    struct stat status;
    assert_int_equal (stat ("data/candles/A/1d/2023.csv", &status), 0);
    file_write ("data/candles/A/1d/new", "other");
    const struct timespec times[] = {status.st_atim, status.st_mtim};
    assert_int_equal (utimensat (AT_FDCWD, "data/candles/A/1d/new", times, 0), 0);
    assert_int_equal (rename ("data/candles/A/1d/new", "data/candles/A/1d/2023.csv"), 0);
    pass (self, 20);
    check_changed (self, "A");
    assert_int_equal (unlink ("data/candles/A/1d/2023.csv"), 0);
    file_write ("data/candles/B/1d/2022.csv", "");
    pass (self, 20);
    check_changed (self, "A B");
    file_write ("data/candles/B/1d/2021.csv", "");
    pass (self, 20);
    check_changed (self, "");
}

/* A change after 09:30 is counted and not given out; it is not remembered for the next morning. */
static void test_late (void **state)
{
    fixture_t *self = *state;
    self->clock_ts = NOON;
    file_write ("data/candles/B/1d/2023.csv", "second");
    pass (self, 30);
    check_changed (self, "");
    assert_int_equal (watch_counts (self->watch)->late, 1);
    self->clock_ts = MORNING + 86400;
    pass (self, 30);
    check_changed (self, "");
    file_write ("data/candles/B/1d/2023.csv", "the third");
    pass (self, 20);
    check_changed (self, "B");
}

/* What was seen before 09:30 is given out, also when it is through only after. */
static void test_border (void **state)
{
    fixture_t *self = *state;
    self->clock_ts = MORNING + 2 * 3600 + 1800 - 1;
    file_write ("data/candles/B/1d/2023.csv", "second");
    pass (self, 7);
    self->clock_ts++;
    file_write ("data/candles/A/1d/2023.csv", "second");
    pass (self, 20);
    check_changed (self, "B");
    assert_int_equal (watch_counts (self->watch)->late, 1);
}

/* A change of a symbol that is being given out is a new one. */
static void test_again (void **state)
{
    fixture_t *self = *state;
    file_write ("data/candles/A/1d/2023.csv", "second");
    file_write ("data/candles/B/1d/2023.csv", "second");
    pass (self, 20);
    assert_string_equal (watch_changed (self->watch), "A");
    file_write ("data/candles/A/1d/2023.csv", "the third");
    pass (self, 20);
    check_changed (self, "B");
    pass (self, 1);
    check_changed (self, "A");
}

/* Changes that never pause are given out after a minute all the same. */
static void test_no_pause (void **state)
{
    fixture_t *self = *state;
    char text[16];
    int given = 0;
    for (int i = 0; i < 100; i++) {
        snprintf (text, sizeof text, "%.*s", 1 + i % 7, "1234567");
        file_write ("data/candles/A/1d/2023.csv", text);
        pass (self, 1);
        given += watch_changed (self->watch) != NULL;
    }
    assert_int_equal (given, 1);
}

/* A new year's files are not taken for changed ones, and those of the years that are watched then
 * are seen. */
static void test_new_year (void **state)
{
    fixture_t *self = *state;
    pass (self, 6);
    self->clock_ts = exchange_ts (day_from (2024, 1, 1), 60);
    pass (self, 30);
    check_changed (self, "");
    file_write ("data/candles/A/1d/2024.csv", "");
    pass (self, 20);
    check_changed (self, "A");
}

/* Changes are through after ten seconds without one, or a minute after the first. */
static void test_gather (void **state)
{
    (void) state;
    gather_t gather = {0};
    mono_t start = {5000000}, now = start;
    assert_int_equal (gather_due_ms (&gather, now), -1);
    assert_false (gather_is_due (&gather, now));
    gather_add (&gather, 1000, now);
    gather_add (&gather, 3, now);
    gather_add (&gather, 1000, now);
    assert_int_equal (gather.count, 2);
    assert_int_equal (gather_due_ms (&gather, now), GATHER_QUIET_MS);
    for (int i = 0; i < 6; i++) {
        now.us += 9500000;
        assert_false (gather_is_due (&gather, now));
        gather_add (&gather, 3, now);
    }
    assert_int_equal (gather_due_ms (&gather, now), GATHER_MAX_MS - 57000);
    now.us += 3000000;
    assert_true (gather_is_due (&gather, now));
    gather_clear (&gather);
    assert_false (gather_is_due (&gather, now));
    gather_add (&gather, 3, now);
    assert_int_equal (gather.count, 1);
    assert_int_equal (gather.items[0], 3);
    now.us += GATHER_QUIET_MS * 1000;
    assert_true (gather_is_due (&gather, now));
    gather_free (&gather);
}

int main (void)
{
    if (exchange_init () != 0) {
        return 1;
    }
    log_init ("test_watch", LOG_ERROR, LOG_TEXT);
#define TEST(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST (test_quiet),    TEST (test_change),   TEST (test_kinds),
        TEST (test_late),     TEST (test_border),   TEST (test_again),
        TEST (test_no_pause), TEST (test_new_year), cmocka_unit_test (test_gather),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

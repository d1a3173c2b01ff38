#include "followed.h"

#include "check.h"

#include "clock.h"
#include "spawn.h"

#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SMALL "small_cap_up,min_volume=1,min_gap=2,start_time=04:00,end_time=19:59"

static const char *const scans[] = {"down:" SMALL, "caps:" SMALL ",min_price=5"};

run_t *followed_run (const char *const *texts, size_t count, bool all_hits)
{
    char error[256];
    scan_t *parsed = memory_new (count * sizeof *parsed);
    run_t *run = memory_new (sizeof *run);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal (scan_parse (texts[i], FREQUENCY_1MIN, &parsed[i], error, sizeof error),
                          0);
    }
    assert_int_equal (run_init (run, parsed, count, all_hits, error, sizeof error), 0);
    free (parsed);
    return run;
}

int followed_set_up (void **state)
{
    followed_t *self = memory_new (sizeof *self);
    self->directory = directory_new ();
    if (chdir (self->directory) != 0) {
        return -1;
    }
    self->stderr_kept = -1;
    self->run = followed_run (scans, 2, true);
    self->config.run = self->run;
    self->now_ms = mono_now ().us / 1000;
    followed_reopen (self, NULL);
    *state = self;
    return 0;
}

int followed_tear_down (void **state)
{
    followed_t *self = *state;
    if (self->stderr_kept >= 0) {
        free (followed_log (self));
    }
    journal_destroy (&self->journal);
    int rc = chdir ("/");
    directory_destroy (&self->directory);
    free (self->run);
    free (self);
    return rc;
}

void followed_reopen (followed_t *self, run_t *run)
{
    journal_destroy (&self->journal);
    if (run) {
        free (self->run);
        self->run = run;
        self->config.run = run;
    }
    self->journal = journal_open ("state", self->run, 1);
    assert_non_null (self->journal);
}

wire_live_hit_t followed_hit (const run_t *run, uint64_t i)
{
    uint32_t scan = (uint32_t) (i % run->scan_count);
    int64_t ts = 1678714260 + 60 * (int64_t) i;
    double price = 10 + (double) i / 8;
    wire_live_hit_t hit = {.arrival_ms = ts * 1000 + 60000, .day = exchange_day (ts)};
    snprintf (hit.symbol, sizeof hit.symbol, "S%d", (int) (i % 7));
    hit.hit = (hit_t){.scan = scan,
                      .ts = ts,
                      .candle = {ts, price, price + 1, price - 1, price + 0.5, 120500},
                      .value_count = run->scans[scan].column_count};
    for (int k = 0; k < hit.hit.value_count; k++) {
        hit.hit.values[k] = k == 1 ? NAN : price + k / 7.0;
    }
    return hit;
}

void followed_put (followed_t *self, size_t count)
{
    store_t store = journal_store (self->journal);
    assert_int_equal (store.begin (store.handle), 0);
    for (size_t i = 0; i < count; i++) {
        wire_live_hit_t hit = followed_hit (self->run, self->hits++);
        assert_int_equal (store.hit (store.handle, &hit), 1);
    }
    assert_int_equal (store.commit (store.handle), 0);
    assert_int_equal (journal_sync (self->journal), 0);
}

follower_t *followed_open (followed_t *self, const char *text)
{
    bool usage;
    follower_t *follower = follower_open (self->journal, text, &self->config, &usage);
    assert_non_null (follower);
    return follower;
}

void followed_wait (followed_t *self, follower_t *follower)
{
    mono_t start = mono_now ();
    while (!follower_is_even (follower) && mono_ms (start, mono_now ()) < FOLLOWED_MS) {
        struct pollfd item = {.fd = -1};
        item.fd = follower_poll (follower, &item.events);
        int64_t due_ms = follower_due_ms (follower, self->now_ms);
        if (due_ms > 0 && item.fd < 0) {
            self->now_ms += due_ms; /* nobody else is waited for */
        }
        if (!follower_step (follower, self->now_ms) && item.fd >= 0) {
            poll (&item, 1, 10);
            self->now_ms += 10;
        }
    }
    if (!follower_is_even (follower)) {
        char *log = self->stderr_kept >= 0 ? followed_log (self) : memory_text ("");
        print_error ("%s", log);
        free (log);
        fail_msg ("a sink did not get even");
    }
}

void followed_write (followed_t *self, const char *text)
{
    follower_t *follower = followed_open (self, text);
    followed_wait (self, follower);
    follower_destroy (&follower);
}

void followed_step (followed_t *self, follower_t *follower, int64_t ms)
{
    self->now_ms += ms;
    while (follower_step (follower, self->now_ms)) {
    }
}

bool followed_fails (const follower_t *follower)
{
    wire_sink_state_t state;
    follower_state (follower, &state);
    return state.failing;
}

void followed_expect (const followed_t *self, const char *text)
{
    sink_run_t run = {self->run->scans, self->run->scan_count};
    sink_t *sink = sink_open (text, &run);
    assert_non_null (sink);
    for (uint64_t i = 0; i < self->hits; i++) {
        wire_live_hit_t hit = followed_hit (self->run, i);
        assert_int_equal (sink_write (sink, hit.symbol, &hit.hit), 0);
    }
    assert_int_equal (sink_close (&sink, true), 0);
}

void followed_listen (followed_t *self)
{
    int file = open ("log", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    self->stderr_kept = fcntl (STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    assert_true (file >= 0 && self->stderr_kept >= 0 && dup2 (file, STDERR_FILENO) >= 0);
    close (file);
}

char *followed_log (followed_t *self)
{
    assert_true (dup2 (self->stderr_kept, STDERR_FILENO) >= 0);
    close (self->stderr_kept);
    self->stderr_kept = -1;
    char *text = file_read ("log", NULL);
    assert_non_null (text);
    return text;
}

size_t followed_count (const char *text, const char *part)
{
    size_t count = 0;
    for (; (text = strstr (text, part)); text += strlen (part)) {
        count++;
    }
    return count;
}

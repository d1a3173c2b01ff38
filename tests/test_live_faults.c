/* Processes of a live run that stand still, are slow, or have no room on their disk: no hit is lost, none is
 * doubled, and nobody else waits.
 */
#include "live_market.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

enum {
    PAUSE_MS = 1500,
    AT_ONCE_MS = 1000,
    SAID_MS = 10000,
    FLOOD = 150000,
    FLOOD_SYMBOLS = 500,
    FLOOD_STREAMS = 4
};

static const char *const dead_soon[] = {"--dead-after", "1", NULL};
static const char *const dead_never[] = {"--dead-after", "600", NULL};

static pid_t child_of (live_case_t *self, stage_role_t role)
{
    pid_t pid = live_run_child (self->run, role, 0);
    assert_true (pid > 0);
    return pid;
}

/* Starts it, and waits until candles came through. */
static void begin (live_case_t *self, const char *const *more)
{
    live_case_produce (self, "", LIVE_DAY_2, 20);
    live_case_start (self, more);
    live_case_wait (self, "candles>0 unattached=0 hits>0 workers.0.live=1 workers.1.live=1");
}

/* ---- standing still */

static void stop_worker (live_case_t *self, const char *from, const char *to, unsigned share)
{
    begin (self, dead_soon);
    live_case_produce (self, "", LIVE_DAY_2, 40);
    pid_t worker = child_of (self, STAGE_WORKER);
    kill (worker, SIGSTOP);
    live_case_produce (self, from, to, share);
    live_case_says (self, "has been silent", SAID_MS);
    live_case_wait (self, "unattached=0 shards_outstanding=0");
    kill (worker, SIGCONT);
    live_case_says (self, "is heard again", SAID_MS);
    live_case_finish (self);
    live_case_compare (self, NULL);
}

/* A worker that is silent for longer than --dead-after loses its shards to the other, which gives their
 * hits, and its own late ones, when it goes on, change nothing. */
static void test_worker_stands_still (void **state)
{
    stop_worker (*state, "", LIVE_DAY_2, 60);
}

/* The same when the day ends meanwhile: what it had of the day before is not told again. */
static void test_worker_sleeps_over_a_day (void **state)
{
    stop_worker (*state, LIVE_DAY_2, LIVE_DAY_3, 30);
}

/* A broker that stood still counts its workers' silence anew: nobody is taken for dead, nothing lost. */
static void test_broker_stands_still (void **state)
{
    live_case_t *self = *state;
    begin (self, dead_soon);
    spawn_signal (live_run_process (self->run), SIGSTOP);
    live_case_produce (self, LIVE_DAY_2, LIVE_DAY_3, 10);
    live_run_runs (self->run, PAUSE_MS);
    spawn_signal (live_run_process (self->run), SIGCONT);
    live_case_finish (self);
    assert_null (strstr (live_run_log (self->run), "has been silent"));
    live_case_compare (self, NULL);
}

/* A collector that stands still is waited for. */
static void test_collector_stands_still (void **state)
{
    live_case_t *self = *state;
    begin (self, dead_soon);
    pid_t collector = child_of (self, STAGE_COLLECTOR);
    kill (collector, SIGSTOP);
    live_case_produce (self, LIVE_DAY_2, LIVE_DAY_3, 10);
    live_run_runs (self->run, PAUSE_MS);
    kill (collector, SIGCONT);
    live_case_finish (self);
    live_case_compare (self, NULL);
}

/* ---- being slow */

/* Candles of symbols that no file knows, so that a worker has more to take than its window. */
static void flood (live_case_t *self)
{
    redisContext *context = redis_server_connect (self->server);
    for (int i = 0, waiting = 0; i < FLOOD; i++) {
        redisAppendCommand (context,
                            "XADD candles_min_flood%d * symbol F%d timestamp %lld open 10 high 11 "
                            "low 9 close 10 volume 100",
                            i % FLOOD_SYMBOLS % FLOOD_STREAMS, i % FLOOD_SYMBOLS,
                            1678096800000LL + i / FLOOD_SYMBOLS * 60000LL);
        if (++waiting == 1000 || i + 1 == FLOOD) {
            for (; waiting > 0; waiting--) {
                redisReply *reply;
                assert_int_equal (redisGetReply (context, (void **) &reply), REDIS_OK);
                assert_int_equal (reply->type, REDIS_REPLY_STRING);
                freeReplyObject (reply);
            }
            live_run_runs (self->run, 0);
        }
    }
    redisFree (context);
}

/* A worker that takes nothing is named within a second; the other's symbols get all their hits
 * meanwhile, and what the broker keeps for the slow one is bounded. */
static void test_a_slow_worker (void **state)
{
    live_case_t *self = *state;
    begin (self, dead_never);
    live_case_produce (self, "", LIVE_DAY_2, 30);
    pid_t worker = child_of (self, STAGE_WORKER); /* the lowest pid is that of worker-0 */
    kill (worker, SIGSTOP);
    live_case_produce (self, "", "9", 100);
    int64_t stopped_ms = live_case_now_ms ();
    live_case_wait (self, "workers.0.slow=1 workers.1.slow=0");
    int64_t named_ms = live_case_now_ms () - stopped_ms;
    print_message ("named after %d ms\n", (int) named_ms);
    assert_true (named_ms < AT_ONCE_MS);
    flood (self);
    live_case_wait (self,
                    "caught_up=1 workers.0.unattached>0 workers.1.oldest_ms<500 workers.1.slow=0");
    assert_true (live_run_number (self->run, "workers.0.in_flight") <= 5 << 20);
    assert_true (live_run_number (self->run, "broker_memory") < LIVE_MEMORY_MAX);
    size_t complete = 0;
    for (size_t i = 0; i < producer_symbols (self->producer); i++) {
        sink_rows_t *all = live_run_rows (live_market_undisturbed (), LIVE_CSV),
                    *now = live_run_rows (self->run, LIVE_CSV);
        sink_rows_keep (all, live_market_symbol (i));
        sink_rows_keep (now, live_market_symbol (i));
        complete += sink_rows_count (all) > 0 && sink_rows_count (now) == sink_rows_count (all);
        sink_rows_destroy (&all);
        sink_rows_destroy (&now);
    }
    assert_in_range (complete, 1, producer_symbols (self->producer) - 1);
    kill (worker, SIGCONT);
    live_case_wait (self, "workers.0.slow=0 unattached=0");
    live_case_finish (self);
    live_case_compare (self, NULL);
}

/* A worker that gets a tenth of the time falls behind and catches up, again and again. */
static void test_a_worker_in_slices (void **state)
{
    live_case_t *self = *state;
    begin (self, dead_soon);
    pid_t worker = child_of (self, STAGE_WORKER);
    for (unsigned i = 1; i <= 30; i++) {
        kill (worker, SIGSTOP);
        live_case_produce (self, "", "9", 3 * i);
        live_run_runs (self->run, 45);
        kill (worker, SIGCONT);
        live_run_runs (self->run, 5);
    }
    live_case_finish (self);
    live_case_compare (self, NULL);
}

/* ---- a full disk */

/* Writes until there is no room. */
static char *fill (live_case_t *self)
{
    static const char zeros[4096];
    char *path = stage_path (self->stage, "run/filler");
    int fd = open (path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true (fd >= 0);
    while (write (fd, zeros, sizeof zeros) > 0) {
    }
    assert_int_equal (errno, ENOSPC);
    close (fd);
    return path;
}

/* While the disk of journal and files is full nothing is committed, and that is said; when there is room
 * again all goes on. */
static void test_full_disk (void **state)
{
    live_case_t *self = *state;
    if (mount ("tmpfs", self->plan.directory, "tmpfs", 0, "size=24m") != 0) {
        print_message ("skipped: a small file system cannot be mounted here: %s\n",
                       strerror (errno));
        skip ();
    }
    begin (self, NULL);
    char *filler = fill (self);
    live_case_produce (self, "", LIVE_DAY_2, 100);
    live_case_says (self, "disk is full", SAID_MS);
    live_case_produce (self, LIVE_DAY_2, LIVE_DAY_3, 50);
    live_run_runs (self->run, PAUSE_MS);
    unlink (filler);
    live_case_finish (self);
    live_case_compare (self, NULL);
    umount2 (self->plan.directory, MNT_DETACH);
}

static int close_full (void **state)
{
    live_case_t *self = *state;
    live_run_destroy (&self->run);
    umount2 (self->plan.directory, MNT_DETACH); /* when the test failed */
    return live_case_close (state);
}

int main (void)
{
    if (!redis_server_is_there ()) {
        print_message ("no redis-server here\n");
        return 77;
    }
#define TEST(name) cmocka_unit_test_setup_teardown (name, live_case_open, live_case_close)
    const struct CMUnitTest tests[] = {
        TEST (test_worker_stands_still),
        TEST (test_worker_sleeps_over_a_day),
        TEST (test_broker_stands_still),
        TEST (test_collector_stands_still),
        TEST (test_a_slow_worker),
        TEST (test_a_worker_in_slices),
        cmocka_unit_test_setup_teardown (test_full_disk, live_case_open, close_full),
    };
    return cmocka_run_group_tests (tests, live_market_open, live_market_close);
}

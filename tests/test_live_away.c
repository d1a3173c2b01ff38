/* Workers, a collector and brokers that are processes of their own, over tcp on the loopback: they come, go, are killed, are
 * there twice, and the market is cut in partitions. Each time the hits are those of a run that nothing disturbed. */
#include "check.h"
#include "live_market.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BROKERS = 2, BASE = 20000, SLOTS = 15, SLOT = 800, DATA = 260, WAIT_MS = 30000 };

typedef struct {
    live_case_t *live; /* its run is the first broker */
    live_run_t *other; /* a second broker; or NULL */
    live_plan_t other_plan;
    char *endpoints[BROKERS], *hits;
    const char *more[BROKERS][7];
    spawn_t *collector;
} away_t;

static bool is_free (int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons ((uint16_t) port),
                                  .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
    int one = 1, file = socket (AF_INET, SOCK_STREAM, 0);
    setsockopt (file, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    bool free = bind (file, (struct sockaddr *) &address, sizeof address) == 0;
    close (file);
    return free;
}

/* Below the ports that the system gives out; each has those of the workers' data behind it. */
static char *endpoint_of (away_t *self, int number)
{
    for (int i = 0; i < SLOTS; i++) {
        int port = BASE + (getpid () + i) % SLOTS * SLOT + number * DATA;
        if (is_free (port)) {
            return stage_text (self->live->stage, "tcp://127.0.0.1:%d", port);
        }
    }
    fail_msg ("no port is free");
    return NULL;
}

static int set_up (void **state)
{
    away_t *self = memory_new (sizeof *self);
    void *opened;
    live_case_open (&opened);
    self->live = opened;
    self->live->plan.away = true;
    self->endpoints[0] = endpoint_of (self, 0);
    self->endpoints[1] = endpoint_of (self, 1);
    self->hits = endpoint_of (self, 2);
    *state = self;
    return 0;
}

static int tear_down (void **state)
{
    away_t *self = *state;
    live_run_destroy (&self->other);
    void *opened = self->live;
    free (self);
    return live_case_close (&opened);
}

/* Arguments of a broker; they stay as long as the stage. */
static const char *const *arguments (away_t *self, int broker, const char *part)
{
    const char *words[] = {"--no-local",  "--insecure", "--listen", self->endpoints[broker],
                           "--partition", part,         NULL};
    const char **more = self->more[broker];
    memcpy (more, words, sizeof words);
    return more;
}

static spawn_t *start_worker (away_t *self, int broker, const char *name)
{
    return stage_spawn (self->live->stage, TEST_BIN "/fastscanner-worker", "--broker",
                        self->endpoints[broker], "--name", name, "--insecure", NULL);
}

/* With a sink of each kind, where the first broker's run would have them. */
static spawn_t *start_collector (away_t *self, const char *hits)
{
    stage_t *stage = self->live->stage;
    const live_plan_t *plan = &self->live->plan;
    return stage_spawn (stage, TEST_BIN "/fastscanner-collector", "--broker", self->endpoints[0],
                        "--broker", self->endpoints[1], "--listen", hits, "--insecure", "--state",
                        stage_path (stage, "run/live.state"), "--out",
                        stage_text (stage, "csv:%s/live.csv", plan->directory), "--out",
                        stage_text (stage, "jsonl:%s/live.jsonl", plan->directory), "--out",
                        stage_text (stage, "sqlite:%s/live.db", plan->directory), "--out",
                        stage_text (stage, "redis:%s?stream=live:hits", plan->url), NULL);
}

static void start (away_t *self, const char *part)
{
    stage_write (self->live->stage, "run/live.state/test", "");
    live_case_start (self->live, arguments (self, 0, part));
    self->collector = start_collector (self, self->hits);
}

static void start_other (away_t *self, const char *part)
{
    stage_write (self->live->stage, "run/other.state/test", "");
    self->other_plan = self->live->plan;
    self->other_plan.name = "other";
    self->other_plan.more = arguments (self, 1, part);
    self->other = live_run_new (&self->other_plan);
    live_run_start (self->other);
}

static void stop (spawn_t *process)
{
    spawn_signal (process, SIGTERM);
    int code = spawn_wait (process, WAIT_MS);
    if (code != 0) {
        fail_msg ("it ended with %d: %s", code, spawn_err (process));
    }
}

static void kill_it (spawn_t *process)
{
    spawn_signal (process, SIGKILL);
    assert_int_equal (spawn_wait (process, WAIT_MS), 128 + SIGKILL);
}

static void other_waits (away_t *self, const char *what)
{
    if (!live_run_wait (self->other, what, LIVE_RUN_MS)) {
        fail_msg ("%s: %s", what, live_run_log (self->other));
    }
}

/* A part of 100 of the second day, which is read at once. */
static void produce (away_t *self, unsigned share)
{
    live_case_produce (self->live, LIVE_DAY_2, LIVE_DAY_3, share);
}

/* ---- */

/* Workers join while candles come, leave when they are told to, with their state, and are killed. One that has another's
 * name is left out, and is in when the other is gone. */
static void test_come_and_go (void **state)
{
    away_t *self = *state;
    start (self, "0/1");
    spawn_t *first = start_worker (self, 0, "a"), *second, *third, *same;
    produce (self, 10);
    live_case_wait (self->live, "unattached=0 workers.0.candles>0");
    second = start_worker (self, 0, "b");
    live_case_wait (self->live, "unattached=0 moves>0 workers.1.shards>0");
    produce (self, 30);
    third = start_worker (self, 0, "c");
    live_case_wait (self->live, "unattached=0 workers.2.shards>0");
    produce (self, 50);
    int64_t rewinds = live_run_number (self->live->run, "rewinds");
    stop (second);
    live_case_says (self->live, "b leaves", WAIT_MS);
    produce (self, 70);
    live_case_wait (self->live, "unattached=0 moves_with_state>0");
    assert_true (live_run_number (self->live->run, "rewinds") >= rewinds);
    same = start_worker (self, 0, "c"); /* it began later: it is the one */
    live_case_says (self->live, "c begins a new life", WAIT_MS);
    kill_it (third);
    produce (self, 90);
    kill_it (first);
    live_case_finish (self->live);
    stop (same);
    stop (self->collector);
    live_case_compare (self->live, NULL);
}

/* A collector that is killed is replaced by one elsewhere, which has waited for the journal; one with another journal is
 * left out. */
static void test_two_collectors (void **state)
{
    away_t *self = *state;
    start (self, "0/1");
    start_worker (self, 0, "a");
    start_worker (self, 0, "b");
    produce (self, 30);
    live_case_wait (self->live, "unattached=0 workers.0.candles>0");
    spawn_t *second = start_collector (self, self->endpoints[1]);
    assert_true (spawn_wait_err (second, "waiting for it to end", WAIT_MS));
    produce (self, 60);
    kill_it (self->collector);
    live_case_says (self->live, stage_text (self->live->stage, "%s joins", self->endpoints[1]),
                    WAIT_MS);
    spawn_t *stranger =
        stage_spawn (self->live->stage, TEST_BIN "/fastscanner-collector", "--broker",
                     self->endpoints[0], "--listen", self->hits, "--insecure", "--state",
                     stage_path (self->live->stage, "run/another.state"), NULL);
    live_case_says (self->live, "another journal wants to join", WAIT_MS);
    live_case_finish (self->live);
    stop (stranger);
    stop (second);
    live_case_compare (self->live, NULL);
}

/* Two brokers of a part each, with a worker each, and one collector; the second broker is killed and comes again. No
 * candle is read by both. */
static void test_cells (void **state)
{
    away_t *self = *state;
    start (self, "0/2");
    start_other (self, "1/2");
    start_worker (self, 0, "a");
    start_worker (self, 1, "b");
    produce (self, 40);
    other_waits (self, "partition=1 partitions=2 unattached=0 workers.0.candles>0");
    live_run_kill (self->other);
    produce (self, 60);
    live_run_start (self->other);
    produce (self, 80);
    live_case_produce (self->live, "", "9", 100);
    assert_true (live_run_settle (self->other, LIVE_RUN_MS));
    int64_t symbols = live_run_number (self->other, "symbols");
    live_case_wait (self->live, "unattached=0");
    assert_true (symbols > 0);
    assert_int_equal (symbols + live_run_number (self->live->run, "symbols"),
                      producer_symbols (self->live->producer));
    live_case_finish (self->live);
    assert_int_equal (live_run_stop (self->other), 0);
    stop (self->collector);
    live_case_compare (self->live, NULL);
}

/* Of two brokers of one part the newer serves; the older says so, and ends with its own code. Nothing is lost or doubled. */
static void test_replaced (void **state)
{
    away_t *self = *state;
    start (self, "0/1");
    start_worker (self, 0, "a");
    produce (self, 40);
    live_case_wait (self->live, "unattached=0 workers.0.candles>0");
    start_other (self, "0/1");
    start_worker (self, 1, "b");
    live_case_says (self->live, "another broker has taken over", WAIT_MS);
    live_case_says (self->live, "this broker ends in 60 s", WAIT_MS);
    spawn_signal (live_run_process (self->live->run), SIGTERM);
    assert_int_equal (spawn_wait (live_run_process (self->live->run), WAIT_MS), 5);
    producer_t *producer = self->live->producer;
    while (producer_send (producer, 500) > 0) {
        producer_settle (producer);
    }
    assert_true (live_run_settle (self->other, LIVE_RUN_MS));
    assert_int_equal (live_run_stop (self->other), 0);
    stop (self->collector);
    live_case_compare (self->live, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_come_and_go),
        TEST (test_two_collectors),
        TEST (test_cells),
        TEST (test_replaced),
    };
    return cmocka_run_group_tests (tests, live_market_open, live_market_close);
}

/* Workers, a collector and brokers that are processes of their own, over tcp on the loopback: they come, go, are killed, are
 * there twice, and the market is cut in partitions. Each time the hits are those of a run that nothing disturbed. */
#include "away.h"
#include "check.h"

#include <signal.h>
#include <string.h>

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
    away_start (self, "0/1");
    spawn_t *first = away_worker (self, 0, "a"), *second, *third, *same;
    produce (self, 10);
    live_case_wait (self->live, "unattached=0 workers.0.candles>0");
    second = away_worker (self, 0, "b");
    live_case_wait (self->live, "unattached=0 moves>0 workers.1.shards>0");
    produce (self, 30);
    third = away_worker (self, 0, "c");
    live_case_wait (self->live, "unattached=0 workers.2.shards>0");
    produce (self, 50);
    int64_t rewinds = live_run_number (self->live->run, "rewinds");
    away_stop (second);
    live_case_says (self->live, "b leaves", AWAY_MS);
    produce (self, 70);
    live_case_wait (self->live, "unattached=0 moves_with_state>0");
    assert_true (live_run_number (self->live->run, "rewinds") >= rewinds);
    same = away_worker (self, 0, "c"); /* it began later: it is the one */
    live_case_says (self->live, "c begins a new life", AWAY_MS);
    away_kill (third);
    produce (self, 90);
    away_kill (first);
    live_case_finish (self->live);
    away_stop (same);
    away_stop (self->collector);
    live_case_compare (self->live, NULL);
}

/* A collector that is killed is replaced by one elsewhere, which has waited for the journal; one with another journal is
 * left out. */
static void test_two_collectors (void **state)
{
    away_t *self = *state;
    away_start (self, "0/1");
    away_worker (self, 0, "a");
    away_worker (self, 0, "b");
    produce (self, 30);
    live_case_wait (self->live, "unattached=0 workers.0.candles>0");
    spawn_t *second = away_collector (self, self->endpoints[1]);
    assert_true (spawn_wait_err (second, "waiting for it to end", AWAY_MS));
    produce (self, 60);
    away_kill (self->collector);
    live_case_says (self->live, stage_text (self->live->stage, "%s joins", self->endpoints[1]),
                    AWAY_MS);
    spawn_t *stranger =
        stage_spawn (self->live->stage, TEST_BIN "/fastscanner-collector", "--broker",
                     self->endpoints[0], "--listen", self->hits, "--insecure", "--state",
                     stage_path (self->live->stage, "run/another.state"), NULL);
    live_case_says (self->live, "another journal wants to join", AWAY_MS);
    live_case_finish (self->live);
    away_stop (stranger);
    away_stop (second);
    live_case_compare (self->live, NULL);
}

/* Two brokers of a part each, with a worker each, and one collector; the second broker is killed and comes again, and so does
 * the collector, whose journal both know again. No candle is read by both. */
static void test_cells (void **state)
{
    away_t *self = *state;
    away_start (self, "0/2");
    away_start_other (self, "1/2");
    away_worker (self, 0, "a");
    away_worker (self, 1, "b");
    produce (self, 40);
    away_other_waits (self, "partition=1 partitions=2 unattached=0 workers.0.candles>0");
    live_run_kill (self->other);
    produce (self, 60);
    live_run_start (self->other);
    produce (self, 70);
    away_other_waits (self, "unattached=0 workers.0.candles>0");
    for (int i = 0; i < 2; i++) {
        away_kill (self->collector);
        if (i == 1) {
            live_case_says (self->live, "the collector has been silent", AWAY_MS);
        }
        self->collector = away_collector (self, self->hits);
        produce (self, i == 0 ? 75 : 80);
        live_case_wait (self->live, "unattached=0 collector_able=1 shards_outstanding=0");
        away_other_waits (self, "unattached=0 collector_able=1 shards_outstanding=0");
    }
    live_case_produce (self->live, "", "9", 100);
    assert_true (live_run_settle (self->other, LIVE_RUN_MS));
    int64_t symbols = live_run_number (self->other, "symbols");
    live_case_wait (self->live, "unattached=0");
    assert_true (symbols > 0);
    assert_int_equal (symbols + live_run_number (self->live->run, "symbols"),
                      producer_symbols (self->live->producer));
    live_case_says (self->live, "the collector is heard again", AWAY_MS);
    assert_null (strstr (live_run_log (self->live->run), "another journal"));
    assert_null (strstr (live_run_log (self->other), "another journal"));
    live_case_finish (self->live);
    assert_int_equal (live_run_stop (self->other), 0);
    away_stop (self->collector);
    live_case_compare (self->live, NULL);
}

/* Of two brokers of one part the newer serves; the older says so, and ends with its own code. Nothing is lost or doubled. */
static void test_replaced (void **state)
{
    away_t *self = *state;
    away_start (self, "0/1");
    away_worker (self, 0, "a");
    produce (self, 40);
    live_case_wait (self->live, "unattached=0 workers.0.candles>0");
    away_start_other (self, "0/1");
    away_worker (self, 1, "b");
    live_case_says (self->live, "another broker has taken over", AWAY_MS);
    live_case_says (self->live, "this broker ends in 60 s", AWAY_MS);
    spawn_signal (live_run_process (self->live->run), SIGTERM);
    assert_int_equal (spawn_wait (live_run_process (self->live->run), AWAY_MS), 5);
    producer_t *producer = self->live->producer;
    while (producer_send (producer, 500) > 0) {
        producer_settle (producer);
    }
    assert_true (live_run_settle (self->other, LIVE_RUN_MS));
    assert_int_equal (live_run_stop (self->other), 0);
    away_stop (self->collector);
    live_case_compare (self->live, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, away_open, away_close)

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

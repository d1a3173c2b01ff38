/* How a live run begins and ends: stopped in order, at once, at any moment of its start, and two of them on
 * one journal.
 */
#include "live_market.h"

#include <signal.h>
#include <string.h>

enum { AT_ONCE_MS = 2000, SOON_MS = 4000, MOMENTS = 24, STEP_MS = 9 };

/* SIGTERM finishes what was read: without another word everything is in the journal and in every sink,
 * and the exit code is 0. */
static void test_a_stop_finishes (void **state)
{
    live_case_t *self = *state;
    buffer_t why = {0};
    live_case_start (self, NULL);
    live_case_produce (self, "", "9", 100);
    buffer_printf (&why, "entries=%zu", producer_count (self->producer));
    live_case_wait (self, why.bytes);
    assert_int_equal (live_run_stop (self->run), 0);
    live_case_compare (self, NULL);
    buffer_free (&why);
}

/* A stop in the middle, and a run on the same state afterwards: together they give every hit once. */
static void test_a_run_goes_on (void **state)
{
    live_case_t *self = *state;
    live_case_start (self, NULL);
    for (unsigned i = 1; i <= 4; i++) {
        live_case_produce (self, "", "9", 23 * i);
        live_case_wait (self, "entries>0");
        assert_int_equal (live_run_stop (self->run), 0);
        live_run_start (self->run);
    }
    live_case_finish (self);
    live_case_compare (self, NULL);
}

/* When the first signal cannot be followed, because a worker stands, the second one ends the run at
 * once; nothing is lost by it. */
static void test_the_second_signal (void **state)
{
    live_case_t *self = *state;
    static const char *const more[] = {"--dead-after", "600", "--drain", "600", NULL};
    live_case_produce (self, "", "9", 30);
    live_case_start (self, more);
    live_case_wait (self, "candles>0 unattached=0 shards_outstanding=0");
    kill (live_run_child (self->run, STAGE_WORKER, 0), SIGSTOP);
    kill (live_run_child (self->run, STAGE_WORKER, 1), SIGSTOP);
    live_case_produce (self, "", "9", 60);
    live_case_wait (self, "caught_up=1 shards_outstanding>0");
    pid_t group = spawn_pid (live_run_process (self->run));
    spawn_signal (live_run_process (self->run), SIGTERM);
    live_case_says (self, "stopping", AT_ONCE_MS);
    spawn_signal (live_run_process (self->run), SIGINT);
    assert_false (live_run_runs (self->run, AT_ONCE_MS));
    assert_int_equal (spawn_code (live_run_process (self->run)), 130);
    assert_false (stage_group_lives (group));
    live_run_start (self->run);
    live_case_finish (self);
    live_case_compare (self, NULL);
}

/* --drain bounds a stop that cannot finish: exit 0, and the next run reads again what was not. */
static void test_a_bounded_stop (void **state)
{
    live_case_t *self = *state;
    static const char *const more[] = {"--dead-after", "600", "--drain", "1", NULL};
    live_case_produce (self, "", "9", 30);
    live_case_start (self, more);
    live_case_wait (self, "candles>0 unattached=0 shards_outstanding=0");
    kill (live_run_child (self->run, STAGE_WORKER, 0), SIGSTOP);
    live_case_produce (self, "", "9", 60);
    live_case_wait (self, "caught_up=1 shards_outstanding>0");
    assert_int_equal (live_run_stop (self->run), 0);
    assert_non_null (strstr (live_run_log (self->run), "--drain"));
    live_run_start (self->run);
    live_case_finish (self);
    live_case_compare (self, NULL);
}

/* A second run on the same state says why it cannot, and the first does not notice. */
static void test_two_on_one_state (void **state)
{
    live_case_t *self = *state;
    live_case_produce (self, "", "9", 30);
    live_case_start (self, NULL);
    live_case_wait (self, "candles>0");
    live_run_t *second = live_run_new (&self->plan);
    live_run_start (second);
    assert_false (live_run_runs (second, LIVE_RUN_MS));
    assert_int_equal (spawn_code (live_run_process (second)), 1);
    assert_non_null (strstr (live_run_log (second), "is in use by another fastscanner"));
    print_message ("%s", live_run_log (second));
    live_run_destroy (&second);
    live_case_finish (self);
    live_case_compare (self, NULL);
}

/* ctrl-C at any moment of the start ends the run in order or by the signal itself, and leaves neither
 * processes nor directories behind. */
static void test_ctrl_c_while_it_starts (void **state)
{
    live_case_t *self = *state;
    live_case_produce (self, "", "9", 50);
    live_case_start (self, NULL);
    for (int i = 0; i < MOMENTS; i++) {
        pid_t group = spawn_pid (live_run_process (self->run));
        live_run_runs (self->run, i * STEP_MS);
        kill (-group, SIGINT); /* a terminal's goes to the whole group */
        if (live_run_runs (self->run, SOON_MS)) {
            fail_msg ("moment %d: it goes on\n%s", i, live_run_log (self->run));
        }
        int code = spawn_code (live_run_process (self->run));
        if (code != 0 && code != 130) {
            fail_msg ("moment %d: exit code %d\n%s", i, code, live_run_log (self->run));
        }
        assert_false (stage_group_lives (group));
        assert_int_equal (stage_left (self->stage), 0);
        live_run_start (self->run);
    }
    live_case_finish (self);
    live_case_compare (self, NULL);
}

int main (void)
{
    if (!redis_server_is_there ()) {
        print_message ("no redis-server here\n");
        return 77;
    }
#define TEST(name) cmocka_unit_test_setup_teardown (name, live_case_open, live_case_close)
    const struct CMUnitTest tests[] = {
        TEST (test_a_stop_finishes),   TEST (test_a_run_goes_on),
        TEST (test_the_second_signal), TEST (test_a_bounded_stop),
        TEST (test_two_on_one_state),  TEST (test_ctrl_c_while_it_starts),
    };
    return cmocka_run_group_tests (tests, live_market_open, live_market_close);
}

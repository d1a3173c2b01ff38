/* Load tests end to end: that what is said adds up, that a fault loses nothing and shows in the latencies, and
 * that a load test through Redis leaves nothing behind. How fast it is, is not looked at. */
#include "memory.h"
#include "redis_server.h"
#include "stage.h"

#include "check.h"

#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <time.h>
#include <unistd.h>

enum { STALL_MS = 1000, SHOWN_US = 800000, MANY_US = 150000, WAIT_MS = 30000 };

/* ---- what was said ---- */

static const json_t *member (const json_t *json, const char *path)
{
    char *copy = memory_text (path), *rest = copy, *part;
    while ((part = strsep (&rest, "."))) {
        json = json_is_array (json) ? json_array_get (json, strtoul (part, NULL, 10))
                                    : json_object_get (json, part);
    }
    free (copy);
    if (!json) {
        fail_msg ("the JSON has no %s", path);
    }
    return json;
}

static json_int_t number (const json_t *json, const char *path)
{
    const json_t *value = member (json, path);
    if (!json_is_integer (value)) {
        fail_msg ("%s is no whole number", path);
    }
    return json_integer_value (value);
}

static double real (const json_t *json, const char *path)
{
    return json_number_value (member (json, path));
}

static bool truth (const json_t *json, const char *path)
{
    return json_is_true (member (json, path));
}

/* The longer part is the later one. */
static void check_ages (const json_t *json, const char *name, json_int_t count)
{
    static const char *const parts[] = {"p50", "p90", "p99", "p999", "max"};
    json_int_t before = 0;
    const json_t *age = member (json, name);
    assert_int_equal (number (age, "count"), count);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        json_int_t us = number (age, parts[i]);
        assert_true (us >= before && us < WAIT_MS * 1000);
        before = us;
    }
    assert_true (count == 0 || before > 0);
}

static void check_stages (const json_t *json)
{
    json_int_t sent = number (json, "candles.sent"), scanned = number (json, "candles.scanned");
    const json_t *stages = member (json, "stages");
    assert_int_equal (json_array_size (stages), 5);
    for (size_t i = 0; i < 5; i++) {
        const json_t *stage = json_array_get (stages, i);
        assert_int_equal (number (stage, "candles"), i < 2 ? sent : scanned);
        assert_true (number (stage, "bytes") > 0);
        double seconds = real (json, i == 0 ? "sending_seconds" : "seconds");
        double rate = real (stage, "candles_per_second");
        double expected = (double) number (stage, "candles") / seconds;
        assert_true (rate > 0.999 * expected && rate < 1.001 * expected);
    }
}

static void check_processes (const json_t *json, size_t count)
{
    const json_t *processes = member (json, "processes");
    json_int_t of_workers = 0;
    assert_int_equal (json_array_size (processes), count);
    for (size_t i = 0; i < count; i++) {
        const json_t *process = json_array_get (processes, i);
        bool worker = strncmp (json_string_value (member (process, "name")), "worker", 6) == 0;
        of_workers += worker ? number (process, "candles") : 0;
        assert_true (number (process, "cpu_us") > 0);
        assert_in_range (number (process, "memory_bytes"), 1 << 20, 1 << 30);
    }
    /* Some of the first candles may be said a little late. */
    json_int_t scanned = number (json, "candles.scanned"), warm = number (json, "candles.warm_up");
    assert_true (of_workers >= scanned && of_workers <= scanned + warm);
}

/* Of a run that nothing disturbed. */
static void check_whole (const json_t *json, size_t processes)
{
    json_int_t sent = number (json, "candles.sent");
    assert_int_equal (number (json, "candles.scanned"), sent);
    assert_int_equal (number (json, "candles.committed"), sent);
    assert_int_equal (number (json, "candles.again"), 0);
    assert_int_equal (number (json, "candles.lost"), 0);
    assert_int_equal (number (json, "candles.doubled"), 0);
    assert_int_equal (number (json, "shards_anew"), 0);
    assert_int_equal (number (json, "processes_anew"), 0);
    assert_true (truth (json, "even"));
    check_ages (json, "candle_to_commit_us", sent);
    check_stages (json);
    check_processes (json, processes);
}

static void check_hits (const json_t *json)
{
    json_int_t rows = number (json, "hits.rows");
    assert_true (rows > 0);
    assert_int_equal (number (json, "hits.expected"), rows);
    assert_int_equal (number (json, "hits.distinct"), rows);
    assert_int_equal (number (json, "hits.lost"), 0);
    assert_int_equal (number (json, "hits.repeated"), 0);
}

/* ---- runs ---- */

static json_t *read_json (stage_t *stage, const char *path)
{
    char *text = stage_read (stage, path, NULL);
    json_error_t error;
    json_t *json = text ? json_loads (text, 0, &error) : NULL;
    if (!json) {
        fail_msg ("%s is no JSON", path);
    }
    return json;
}

static spawn_t *start (stage_t *stage, const char *count, const char *rate, const char *seconds,
                       const char *url)
{
    const char *json = stage_path (stage, "load.json");
    unlink (json);
    if (url) {
        return stage_start (stage, "load", "--count", count, "--rate", rate, "--seconds", seconds,
                            "--workers", "2", "--json", json, "--redis", url, NULL);
    }
    return stage_start (stage, "load", "--count", count, "--rate", rate, "--seconds", seconds,
                        "--workers", "2", "--json", json, NULL);
}

static void wait_begin (spawn_t *run)
{
    if (!spawn_wait_err (run, "the test begins", WAIT_MS)) {
        fail_msg ("it does not begin: %s", spawn_err (run));
    }
}

/* Waits until candles of the plan were sent for a while: two of its reports, a second apart. */
static void wait_under_way (spawn_t *run)
{
    wait_begin (run);
    for (int ms = 0; ms < WAIT_MS; ms += 20) {
        const char *report = strstr (strstr (spawn_err (run), "the test begins"), " lag ");
        if (report && strstr (report + 1, " lag ")) {
            return;
        }
        assert_int_equal (spawn_wait (run, 20), SPAWN_RUNS);
    }
    fail_msg ("it reports nothing: %s", spawn_err (run));
}

/* Its end with the code, and what it measured: json_decref. */
static json_t *finish (stage_t *stage, spawn_t *run, int code)
{
    int ended = spawn_wait (run, STAGE_MS);
    if (ended != code) {
        fail_msg ("it ended with %d, not %d: %s\n%s", ended, code, spawn_err (run),
                  spawn_out (run));
    }
    assert_int_equal (stage_left (stage), 0);
    return read_json (stage, stage_path (stage, "load.json"));
}

/* ---- whole runs ---- */

/* As fast as it goes: all that was sent is scanned and committed once, each hit that must be there is, and the
 * sums agree. The table on stdout fits 80 columns. */
static void test_as_fast_as_it_goes (void **state)
{
    stage_t *stage = *state;
    const char *path = stage_path (stage, "load.json");
    spawn_t *run = stage_start (stage, "load", "--count", "200", "--seconds", "1", "--workers", "2",
                                "--json", path, NULL);
    json_t *json = finish (stage, run, 0);
    check_whole (json, 4);
    check_hits (json);
    assert_true (truth (json, "good"));
    assert_int_equal (number (json, "candles.warm_up"), 200);
    assert_true (json_is_null (member (json, "candles.planned")));
    assert_true (json_is_null (member (json, "settings.rate")));
    json_int_t hits = number (json, "hits.rows"), timed = number (json, "candle_to_hit_us.count");
    assert_true (timed <= hits && hits - timed < 200); /* those of the first minute are not */
    check_ages (json, "candle_to_hit_us", timed);
    size_t lines = 0;
    for (const char *at = spawn_out (run); *at; at += strcspn (at, "\n") + 1, lines++) {
        assert_in_range (strcspn (at, "\n"), 0, 80);
    }
    assert_in_range (lines, 20, 40);
    json_decref (json);
}

/* At a rate just the planned number of candles is sent, in the planned time; with several scans of the user's
 * own and a sink, of which nobody knows how many hits there must be. */
static void test_at_a_rate (void **state)
{
    stage_t *stage = *state;
    const char *sink = stage_text (stage, "csv:%s", stage_path (stage, "hits.csv"));
    spawn_t *run =
        stage_run (stage, "load", "--count", "300", "--rate", "5000", "--seconds", "1", "--workers",
                   "2", "--scan",
                   "a:atr_gap_up,min_atr_multiplier=0.1,min_volume=0,min_adv=0,min_adr=0,"
                   "start_time=04:00,end_time=19:59,include_null_market_cap",
                   "--scan",
                   "b:atr_parabolic_down,min_atr_multiplier=0.01,min_volume=0,min_adv=0,min_adr=0,"
                   "start_time=04:00,end_time=19:59,include_null_market_cap,freq=5min",
                   "--all-hits", "--out", sink, "--json", "-", NULL);
    assert_int_equal (spawn_code (run), 0);
    json_t *json = json_loads (spawn_out (run), 0, NULL);
    assert_non_null (json);
    check_whole (json, 4);
    assert_int_equal (number (json, "candles.planned"), 5000);
    assert_int_equal (number (json, "candles.sent"), 5000);
    assert_true (real (json, "sending_seconds") > 0.99);
    assert_true (json_is_null (member (json, "hits.expected")));
    assert_int_equal (json_array_size (member (json, "settings.scans")), 2);
    json_int_t rows = 0;
    for (const char *at = stage_read (stage, stage_path (stage, "hits.csv"), NULL);
         at && (at = strchr (at, '\n')); at++) {
        rows++; /* a header, and an end of line behind the last */
    }
    assert_true (rows > 1);
    assert_int_equal (number (json, "hits.rows"), rows - 1);
    json_decref (json);
}

/* The same seed sends the same candles: the journals of two runs have the same hits. */
static void test_seeds (void **state)
{
    stage_t *stage = *state;
    char *texts[3];
    for (int i = 0; i < 3; i++) {
        const char *path = stage_path (stage, "seed%d.csv", i);
        spawn_t *run = stage_run (stage, "load", "--count", "50", "--rate", "10000", "--seconds",
                                  "1", "--workers", "1", "--seed", i < 2 ? "7" : "8", "--out",
                                  stage_text (stage, "csv:%s", path), NULL);
        assert_int_equal (spawn_code (run), 0);
        texts[i] = stage_read (stage, path, NULL);
        assert_non_null (texts[i]);
    }
    assert_int_equal (strlen (texts[0]), strlen (texts[1]));
    assert_string_not_equal (texts[0], texts[2]);
}

/* ---- faults ---- */

static pid_t child (spawn_t *run, stage_role_t role)
{
    pid_t pids[8];
    assert_true (stage_children (spawn_pid (run), role, pids, 8) > 0);
    return pids[0];
}

/* Of a worker that is killed nothing is lost and no hit doubled: what it had is scanned again, and that is
 * said. */
static void test_a_worker_is_killed (void **state)
{
    stage_t *stage = *state;
    spawn_t *run = start (stage, "300", "20000", "3", NULL);
    wait_begin (run);
    kill (child (run, STAGE_WORKER), SIGKILL);
    json_t *json = finish (stage, run, 0);
    assert_int_equal (number (json, "candles.sent"), 60000);
    assert_int_equal (number (json, "candles.lost"), 0);
    assert_int_equal (number (json, "candles.doubled"), 0);
    assert_true (number (json, "candles.scanned") >= 60000);
    assert_int_equal (number (json, "candles.again"), number (json, "candles.scanned") - 60000);
    assert_true (number (json, "processes_anew") >= 1);
    assert_true (number (json, "shards_anew") >= 1);
    check_hits (json);
    json_decref (json);
}

/* The same of the collector, which takes what it had not written with it. */
static void test_the_collector_is_killed (void **state)
{
    stage_t *stage = *state;
    spawn_t *run = start (stage, "300", "20000", "3", NULL);
    wait_begin (run);
    kill (child (run, STAGE_COLLECTOR), SIGKILL);
    json_t *json = finish (stage, run, 0);
    assert_int_equal (number (json, "candles.sent"), 60000);
    assert_int_equal (number (json, "candles.lost"), 0);
    assert_true (number (json, "processes_anew") >= 1);
    check_hits (json);
    json_decref (json);
}

/* Nothing is waited for: it is the length of the stall that is tested. */
static void stall (void)
{
    nanosleep (&(struct timespec){STALL_MS / 1000, STALL_MS % 1000 * 1000000}, NULL);
}

/* A process that stands for a second is seen in the time of many candles, not of one: those that were planned
 * meanwhile all waited for it. Nothing is lost. */
static void check_stall (stage_t *stage, spawn_t *run, pid_t pid)
{
    kill (pid, SIGSTOP);
    stall ();
    kill (pid, SIGCONT);
    json_t *json = finish (stage, run, 0);
    assert_int_equal (number (json, "candles.sent"), 6000);
    assert_int_equal (number (json, "candles.lost"), 0);
    assert_true (number (json, "candle_to_commit_us.max") >= SHOWN_US);
    assert_true (number (json, "candle_to_commit_us.p90") >= MANY_US);
    check_hits (json);
    json_decref (json);
}

static void test_a_worker_stands (void **state)
{
    spawn_t *run = start (*state, "200", "2000", "3", NULL);
    wait_begin (run);
    check_stall (*state, run, child (run, STAGE_WORKER));
}

static void test_the_collector_stands (void **state)
{
    spawn_t *run = start (*state, "200", "2000", "3", NULL);
    wait_begin (run);
    check_stall (*state, run, child (run, STAGE_COLLECTOR));
}

/* The one who sends is no exception: this is what open loop means. */
static void test_the_broker_stands (void **state)
{
    spawn_t *run = start (*state, "200", "2000", "3", NULL);
    wait_begin (run);
    check_stall (*state, run, spawn_pid (run));
}

/* Ctrl-C ends it early: what there is is reported, nothing is lost, exit 130. */
static void test_interrupted (void **state)
{
    stage_t *stage = *state;
    spawn_t *run = start (stage, "200", "5000", "600", NULL);
    wait_under_way (run);
    spawn_signal (run, SIGINT);
    json_t *json = finish (stage, run, 130);
    assert_true (truth (json, "interrupted"));
    assert_true (number (json, "candles.sent") < number (json, "candles.planned"));
    check_whole (json, 4);
    assert_int_equal (number (json, "hits.expected"), number (json, "hits.rows"));
    json_decref (json);
}

/* ---- through Redis ---- */

/* All that could remove streams has ended. */
static void check_empty (redis_server_t *server)
{
    assert_string_equal (redis_server_do (server, "DBSIZE"), "0");
}

/* Through streams that symbols share, and through one of each: all comes, once, and the streams are gone
 * afterwards. */
static void test_redis (void **state)
{
    stage_t *stage = *state;
    redis_server_t *server = redis_server_start (NULL);
    for (int own = 0; own < 2; own++) {
        const char *path = stage_path (stage, "load.json");
        spawn_t *run =
            stage_start (stage, "load", "--count", "300", "--rate", "5000", "--seconds", "1",
                         "--workers", "2", "--json", path, "--redis", redis_server_url (server),
                         "--stream-count", own ? "1000" : "7", NULL);
        json_t *json = finish (stage, run, 0);
        check_whole (json, 5);
        check_hits (json);
        assert_int_equal (number (json, "candles.sent"), 5000);
        assert_int_equal (number (json, "settings.streams"), own ? 300 : 7);
        check_empty (server);
        json_decref (json);
    }
    redis_server_destroy (&server);
}

/* As fast as it goes, too. */
static void test_redis_at_once (void **state)
{
    stage_t *stage = *state;
    redis_server_t *server = redis_server_start (NULL);
    const char *path = stage_path (stage, "load.json");
    spawn_t *run = stage_start (stage, "load", "--count", "300", "--seconds", "1", "--workers", "2",
                                "--redis", redis_server_url (server), "--json", path, NULL);
    json_t *json = finish (stage, run, 0);
    assert_int_equal (number (json, "candles.lost"), 0);
    assert_int_equal (number (json, "candles.committed"), number (json, "candles.sent"));
    check_hits (json);
    check_empty (server);
    json_decref (json);
    redis_server_destroy (&server);
}

/* A server that stands is seen in the candles' time as any other stall is. */
static void test_redis_stands (void **state)
{
    redis_server_t *server = redis_server_start (NULL);
    spawn_t *run = start (*state, "200", "2000", "3", redis_server_url (server));
    wait_begin (run);
    redis_server_pause (server, true);
    stall ();
    redis_server_pause (server, false);
    json_t *json = finish (*state, run, 0);
    assert_int_equal (number (json, "candles.lost"), 0);
    assert_true (number (json, "candle_to_commit_us.max") >= SHOWN_US);
    assert_true (number (json, "candle_to_commit_us.p90") >= MANY_US);
    json_decref (json);
    redis_server_destroy (&server);
}

/* Descriptors that are readable when the run's children have ended. */
static size_t open_children (spawn_t *run, int *children, size_t max)
{
    pid_t pids[8];
    size_t count = stage_children (spawn_pid (run), STAGE_ANY, pids, max);
    assert_in_range (count, 4, max); /* two workers, the collector, the one that sends */
    for (size_t i = 0; i < count; i++) {
        children[i] = pidfd_open (pids[i], 0);
        assert_true (children[i] >= 0);
    }
    return count;
}

static void wait_children (const int *children, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct pollfd item = {.fd = children[i], .events = POLLIN};
        assert_int_equal (poll (&item, 1, WAIT_MS), 1);
        close (children[i]);
    }
}

/* After ctrl-C, and even when the broker is killed, the streams are removed. */
static void test_redis_is_left_empty (void **state)
{
    static const int signals[] = {SIGINT, SIGKILL};
    redis_server_t *server = redis_server_start (NULL);
    for (int i = 0; i < 2; i++) {
        spawn_t *run = start (*state, "200", "2000", "600", redis_server_url (server));
        wait_begin (run);
        assert_string_not_equal (redis_server_do (server, "DBSIZE"), "0");
        int children[8]; /* the one that sends outlives a broker that is killed, to clean up */
        size_t count = open_children (run, children, 8);
        spawn_signal (run, signals[i]);
        assert_int_equal (spawn_wait (run, STAGE_MS), i ? 128 + SIGKILL : 130);
        wait_children (children, count);
        check_empty (server);
    }
    redis_server_destroy (&server);
}

/* A server that goes away in the middle fails the test, with the reason. */
static void test_redis_goes_away (void **state)
{
    redis_server_t *server = redis_server_start (NULL);
    spawn_t *run = start (*state, "200", "2000", "600", redis_server_url (server));
    wait_begin (run);
    redis_server_kill (server);
    assert_int_equal (spawn_wait (run, STAGE_MS), 1);
    assert_non_null (strstr (spawn_err (run), "the connection"));
    redis_server_destroy (&server);
}

/* ---- usage ---- */

/* Wrong values are said, and nothing runs. */
static void test_usage (void **state)
{
    stage_t *stage = *state;
    const char *journal = stage_write (stage, "old/journal", "x");
    char *old = memory_format ("%.*s", (int) (strlen (journal) - strlen ("/journal")), journal);
    const struct {
        const char *name, *value, *says;
    } cases[] = {
        {"--rate", "0", "--rate"},
        {"--rate", "fast", "--rate"},
        {"--count", "0", "--count"},
        {"--count", "100001", "--count"},
        {"--seconds", "0", "--seconds"},
        {"--stream-count", "-1", "--stream-count"},
        {"--workers", "0", "--workers"},
        {"--scan", "no_such_scan", "no_such_scan"},
        {"--scan", "day2_gap,min_gap=1", "day2_gap"},
        {"--out", "xml:hits", "xml"},
        {"--redis", "http://localhost", "--redis"},
        {"--json", "/no/such/place", "--json"},
        {"--state", old, "new directory"},
        {"--data", ".", "--data"},
        {"--speed", "max", "--speed"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        spawn_t *run = stage_run (stage, "load", cases[i].name, cases[i].value, NULL);
        if (spawn_code (run) != 2 || !strstr (spawn_err (run), cases[i].says)) {
            fail_msg ("%s %s: %d, %s", cases[i].name, cases[i].value, spawn_code (run),
                      spawn_err (run));
        }
        assert_int_equal (strlen (spawn_out (run)), 0);
    }
    free (old);
}

/* No server: exit 1, and it is said within seconds. */
static void test_no_redis (void **state)
{
    spawn_t *run =
        stage_run (*state, "load", "--count", "10", "--redis", "unix:///no/such/socket", NULL);
    assert_int_equal (spawn_code (run), 1);
    assert_non_null (strstr (spawn_err (run), "no answer of /no/such/socket"));
    assert_int_equal (strlen (spawn_out (run)), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, stage_open, stage_close)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_as_fast_as_it_goes),
        TEST (test_at_a_rate),
        TEST (test_seeds),
        TEST (test_a_worker_is_killed),
        TEST (test_the_collector_is_killed),
        TEST (test_a_worker_stands),
        TEST (test_the_collector_stands),
        TEST (test_the_broker_stands),
        TEST (test_interrupted),
        TEST (test_usage),
        TEST (test_no_redis),
    };
    const struct CMUnitTest through_redis[] = {
        TEST (test_redis),           TEST (test_redis_at_once),
        TEST (test_redis_stands),    TEST (test_redis_is_left_empty),
        TEST (test_redis_goes_away),
    };
    int failed = cmocka_run_group_tests (tests, NULL, NULL);
    if (redis_server_is_there ()) {
        failed += cmocka_run_group_tests (through_redis, NULL, NULL);
    }
    return failed;
}

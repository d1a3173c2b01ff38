/* How fast `fastscanner live` is: two workers, 10,000 symbols, three scans of 1-minute candles with every
 * hit, one sink in Redis. Each figure is printed with its limit beside it.
 *
 *     XADD --> redis-server --> fastscanner live --> journal --> XADD hits:all   <-- what is waited for
 *
 * A hit that is in the sink was committed and synced before. Symbols that give none because their gate
 * fails were found out by a minute in which all moved.
 */
#include "live_load.h"

#include "check.h"
#include "memory.h"
#include "spawn.h"
#include "stage.h"

#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    SYMBOLS = 10000,
    SHARED = 16,
    MINUTES = 100,
    TIMES = 5,
    DAY_MINUTES = 24 * 60,
    HOURS_BEFORE = 5, /* of the opening */
    EVERY = 25,
    LAST = 16,
    WAIT_MS = 60000,
    RATE_MIN = 100000,
    BURST_MS = 300,
    BACK_MS = 5000,
    MEMORY_MIB = 96,
    IDLE_MS = 2000,
    STEADY_RATE = 20000,
    STEADY_STEPS = 100,
    STEP_MS = 20
};

typedef struct {
    stage_t *stage;
    char *data, *state;
    redis_server_t *server;
    redisContext *sink;
    char last[64]; /* of the sink's entries, the last that was seen */
    live_load_t *load;
    spawn_t *live;
    size_t able; /* symbols that hit when they move */
} bench_t;

/* ---- figures */

static int compare_numbers (const void *a, const void *b)
{
    double x = *(const double *) a, y = *(const double *) b;
    return x < y ? -1 : x > y;
}

static double share_of (double *values, size_t count, double share)
{
    qsort (values, count, sizeof *values, compare_numbers);
    return values[(size_t) ((double) (count - 1) * share + 0.5)];
}

static double ms_between (mono_t from, mono_t to)
{
    return (double) (to.us - from.us) / 1000;
}

/* A sample of a series (bench/samples.h) goes where BENCH_SAMPLES says, if it says so. */
__attribute__ ((format (printf, 3, 4))) static void sample (const char *row, const char *series,
                                                            const char *format, ...)
{
    const char *path = getenv ("BENCH_SAMPLES");
    FILE *file = path ? fopen (path, "a") : NULL;
    if (file) {
        va_list values;
        va_start (values, format);
        fprintf (file, "{\"series\":\"%s.%s\",", row, series);
        vfprintf (file, format, values);
        fprintf (file, "}\n");
        va_end (values);
        fclose (file);
    }
}

/* ---- the run */

static int64_t stat_of (const bench_t *self, const char *name)
{
    char *path = memory_format ("%s/stats.json", self->state);
    json_t *json = json_load_file (path, 0, NULL);
    const json_t *value = json_object_get (json, name);
    int64_t number = json_is_integer (value) ? json_integer_value (value) : -1;
    json_decref (json);
    free (path);
    return number;
}

static void fail_live (bench_t *self, const char *what)
{
    char *path = memory_format ("%s/stats.json", self->state);
    char *stats = file_read (path, NULL);
    fail_msg ("%s\n%s%s", what, spawn_err (self->live), stats ? stats : "");
}

static void wait_stat (bench_t *self, const char *name, int64_t least)
{
    mono_t start = mono_now ();
    while (stat_of (self, name) < least) {
        if (mono_ms (start, mono_now ()) > WAIT_MS || spawn_wait (self->live, 50) != SPAWN_RUNS) {
            fail_live (self, name);
        }
    }
}

/* Waits until a second's report says that so many candles are all committed and in the sink. */
static void settle (bench_t *self, int64_t candles)
{
    mono_t start = mono_now ();
    while (stat_of (self, "candles") < candles || stat_of (self, "unattached") != 0 ||
           stat_of (self, "shards_outstanding") != 0 || stat_of (self, "sinks_behind") != 0) {
        if (mono_ms (start, mono_now ()) > WAIT_MS || spawn_wait (self->live, 50) != SPAWN_RUNS) {
            fail_live (self, "it does not settle");
        }
    }
}

static void start (bench_t *self, unsigned shared)
{
    bool is_shared = shared > 0;
    char *streams = memory_text ("candles_min_*");
    self->server = redis_server_start (NULL);
    self->sink = redis_server_connect (self->server);
    strcpy (self->last, "0");
    self->load = live_load_new (self->server, self->data, shared, "made");
    assert_int_equal (live_load_symbols (self->load), SYMBOLS);
    for (unsigned k = 0; k < shared; k++) {
        char *longer = k ? memory_format ("%s,candles:%u", streams, k) : memory_text ("candles:0");
        free (streams);
        streams = longer;
    }
    self->state = stage_path (self->stage, "state-%d", is_shared);
    self->live = stage_start (
        self->stage, "live", "--data", self->data, "--state", self->state, "--redis",
        redis_server_url (self->server), "--streams", stage_text (self->stage, "%s", streams),
        "--since", "start", "--workers", "2", "--progress", "never", "--log-level", "warning",
        "--all-hits", "--out",
        stage_text (self->stage, "redis:%s", redis_server_url (self->server)), "--scan",
        "all:atr_parabolic_up,min_atr_multiplier=0.5,min_volume=0,min_adv=0,min_adr=0,"
        "include_null_market_cap,start_time=09:30,end_time=15:59",
        "--scan",
        "gap:atr_gap_up,min_atr_multiplier=2,min_volume=500000,min_adv=1000000,min_adr=0.02,"
        "start_time=09:30,end_time=15:59",
        "--scan",
        "range:high_range_gap_up,n_days=20,min_volume=100000,min_adv=1000000,min_adr=0.02,"
        "start_time=09:30,end_time=15:59",
        NULL);
    free (streams);
    settle (self, 0);
}

static void stop (bench_t *self)
{
    spawn_signal (self->live, SIGTERM);
    assert_int_equal (spawn_wait (self->live, WAIT_MS), 0);
    redisFree (self->sink);
    live_load_destroy (&self->load);
    redis_server_destroy (&self->server);
}

/* ---- hits */

/* Takes what is in the sink, after a wait of at most a second: how many. */
static size_t take_hits (bench_t *self)
{
    redisReply *reply =
        redisCommand (self->sink, "XREAD COUNT 20000 BLOCK 1000 STREAMS hits:all %s", self->last);
    assert_non_null (reply);
    size_t count = 0;
    if (reply->type == REDIS_REPLY_ARRAY) {
        const redisReply *entries = reply->element[0]->element[1];
        count = entries->elements;
        snprintf (self->last, sizeof self->last, "%s",
                  entries->element[count - 1]->element[0]->str);
    }
    freeReplyObject (reply);
    return count;
}

/* Waits until so many more hits are in the sink: the moment of the last. */
static mono_t wait_hits (bench_t *self, size_t count)
{
    mono_t begun = mono_now ();
    for (size_t seen = 0; seen < count;) {
        seen += take_hits (self);
        assert_true (seen <= count);
        if (mono_ms (begun, mono_now ()) > WAIT_MS || spawn_wait (self->live, 0) != SPAWN_RUNS) {
            fail_live (self, "hits are missing");
        }
    }
    return mono_now ();
}

/* A minute of the day before; then the day's first candle, before the market opens, has the reference data
 * of all go ahead. */
static void begin_day (bench_t *self)
{
    live_load_minute (self->load, -DAY_MINUTES, 0, SYMBOLS, 0, 0);
    live_load_send (self->load);
    settle (self, SYMBOLS);
    int64_t ahead = stat_of (self, "references_ahead") + SYMBOLS - 1;
    live_load_minute (self->load, -HOURS_BEFORE * 60, 0, 1, 0, 0);
    live_load_send (self->load);
    wait_stat (self, "references_ahead", ahead);
    settle (self, SYMBOLS + 1);
}

/* Every symbol moves: those hit that can. */
static void find_able (bench_t *self, int minute)
{
    int64_t candles = stat_of (self, "candles");
    live_load_minute (self->load, minute, 0, SYMBOLS, 1, 0);
    live_load_send (self->load);
    settle (self, candles + SYMBOLS);
    self->able = 0;
    for (size_t taken; (taken = take_hits (self)) > 0;) {
        self->able += taken;
    }
    assert_true (self->able > SYMBOLS / 2);
}

/* ---- processes */

static double memory_mib (pid_t pid)
{
    char *path = memory_format ("/proc/%d/status", (int) pid), *bytes = file_read (path, NULL);
    const char *line = bytes ? strstr (bytes, "VmHWM:") : NULL;
    double kib = line ? strtod (line + 6, NULL) : 0;
    free (bytes);
    free (path);
    return kib / 1024;
}

static double cpu_ms (pid_t pid)
{
    char *path = memory_format ("/proc/%d/stat", (int) pid), *bytes = file_read (path, NULL);
    const char *rest = bytes ? strrchr (bytes, ')') : NULL;
    unsigned long user = 0, system = 0;
    if (rest) {
        sscanf (rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
    }
    free (bytes);
    free (path);
    return (double) (user + system) * 1000 / (double) sysconf (_SC_CLK_TCK);
}

enum { BROKER, COLLECTOR, WORKER_0, WORKER_1, REDIS, PROCESSES };
static const char *const names[] = {"broker", "collector", "worker 0", "worker 1", "redis-server"};
static const char *const kinds[] = {"broker", "collector", "worker", "worker"};

static void find_processes (bench_t *self, pid_t pids[static PROCESSES])
{
    pids[BROKER] = spawn_pid (self->live);
    assert_int_equal (stage_children (pids[BROKER], STAGE_COLLECTOR, &pids[COLLECTOR], 1), 1);
    assert_int_equal (stage_children (pids[BROKER], STAGE_WORKER, &pids[WORKER_0], 2), 2);
    const char *info = strstr (redis_server_do (self->server, "INFO server"), "process_id:");
    pids[REDIS] = info ? atoi (info + strlen ("process_id:")) : 0;
}

static void take_cpu (const pid_t *pids, double cpu[static PROCESSES])
{
    for (int i = 0; i < PROCESSES; i++) {
        cpu[i] = cpu_ms (pids[i]);
    }
}

static void print_cpu (const pid_t *pids, const double *before, int times)
{
    print_message ("      CPU:");
    for (int i = 0; i < PROCESSES; i++) {
        print_message (" %s %.0f ms%s", names[i], (cpu_ms (pids[i]) - before[i]) / times,
                       i + 1 < PROCESSES ? "," : "\n");
    }
}

static void check_memory (bench_t *self, const char *row)
{
    pid_t pids[PROCESSES];
    find_processes (self, pids);
    for (int i = 0; i < REDIS; i++) {
        double mib = memory_mib (pids[i]);
        print_message ("    %-14s %6.1f MiB        (< %d)\n", names[i], mib, MEMORY_MIB);
        assert_true (mib > 0 && mib < MEMORY_MIB);
        sample (row, kinds[i], "\"bytes\":%.0f", mib * 1024 * 1024);
    }
}

/* ---- what is measured */

/* A worker is killed while a whole day of its symbols is open: from then until a minute in which all
 * symbols move, and which is produced right after, is in the sink. */
static void measure_kill (bench_t *self, int minute)
{
    pid_t pids[PROCESSES];
    find_processes (self, pids);
    live_load_minute (self->load, minute, 0, SYMBOLS, 1, 0);
    double cpu[PROCESSES];
    take_cpu (pids, cpu);
    mono_t killed = mono_now ();
    kill (pids[WORKER_0], SIGKILL);
    live_load_send (self->load);
    double ms = ms_between (killed, wait_hits (self, self->able));
    print_message (
        "    worker killed  %6.0f ms         (< %d) until the next minute is committed\n", ms,
        BACK_MS);
    settle (self, 0);
    assert_true (ms < BACK_MS);
}

/* A minute of all symbols, of which some hit: milliseconds from its first XADD until the last hit is in the
 * sink; `*sent`: until the server has answered all XADDs. */
static double burst (bench_t *self, int minute, size_t every, double *sent)
{
    size_t hits = live_load_minute (self->load, minute, 0, SYMBOLS, every, LAST);
    mono_t begun = live_load_send (self->load);
    *sent = ms_between (begun, mono_now ());
    return ms_between (begun, wait_hits (self, every == 1 ? self->able : hits));
}

static void measure_first (bench_t *self)
{
    double sent, ms = burst (self, 0, EVERY, &sent);
    print_message ("    first minute   %6.0f ms         of the day; the XADDs alone %.0f\n", ms,
                   sent);
}

static double measure_bursts (bench_t *self, int minute, size_t every, const char *what)
{
    pid_t pids[PROCESSES];
    double cpu[PROCESSES], ms[TIMES], sent[TIMES];
    find_processes (self, pids);
    take_cpu (pids, cpu);
    for (int i = 0; i < TIMES; i++) {
        ms[i] = burst (self, minute + i, every, &sent[i]);
        if (every == EVERY) {
            sample ("streams", "burst", "\"ms\":%.3f,\"sent_ms\":%.3f", ms[i], sent[i]);
        }
        settle (self, 0); /* what follows a burst is not of the next */
    }
    double best = share_of (ms, TIMES, 0);
    print_message (
        "    %s %6.0f ms         (< %d) best; median %.0f, worst %.0f; the XADDs alone %.0f\n",
        what, best, BURST_MS, share_of (ms, TIMES, 0.5), share_of (ms, TIMES, 1),
        share_of (sent, TIMES, 0.5));
    print_cpu (pids, cpu, TIMES);
    return best;
}

static void measure_idle (bench_t *self)
{
    pid_t pids[PROCESSES];
    double before[PROCESSES];
    find_processes (self, pids);
    for (int i = 0; i < PROCESSES; i++) {
        before[i] = cpu_ms (pids[i]);
    }
    mono_t begun = mono_now ();
    spawn_wait (self->live, IDLE_MS);
    double passed = ms_between (begun, mono_now ());
    for (int i = 0; i < PROCESSES; i++) {
        print_message ("    %-14s %6.1f %%          of a core, when nothing comes\n", names[i],
                       (cpu_ms (pids[i]) - before[i]) * 100 / passed);
    }
}

static void test_streams_of_symbols (void **state)
{
    bench_t *self = *state;
    start (self, 0);
    begin_day (self);
    print_message ("10,000 streams\n");
    measure_first (self);
    find_able (self, 1);
    for (int minute = 2; minute < MINUTES; minute++) {
        live_load_minute (self->load, minute, 0, SYMBOLS, 0, 0);
        live_load_send (self->load);
    }
    settle (self, (int64_t) SYMBOLS * (MINUTES + 1));
    assert_true (measure_bursts (self, MINUTES, EVERY, "minute burst  ") < BURST_MS);
    measure_bursts (self, MINUTES + TIMES, 1, "... all hit   ");
    measure_kill (self, MINUTES + 2 * TIMES);
    check_memory (self, "streams");
    measure_idle (self);
    stop (self);
}

/* A backlog, of a day whose reference data went ahead, that is there all at once: until the last of it is in
 * the sink. */
static void measure_rate (bench_t *self)
{
    mono_t begun = mono_now ();
    uint64_t entries = live_load_drain (self->load);
    double raw_ms = ms_between (begun, mono_now ());
    assert_int_equal (entries, (uint64_t) SYMBOLS * (MINUTES + 1));
    pid_t pids[PROCESSES];
    double cpu[PROCESSES];
    find_processes (self, pids);
    take_cpu (pids, cpu);
    begun = mono_now ();
    live_load_rename (self->load, "candles");
    double ms = ms_between (begun, wait_hits (self, LAST));
    double rate = (double) SYMBOLS * MINUTES / ms * 1000, raw = (double) entries / raw_ms * 1000;
    print_message ("    rate           %6.0f k/s        (> %d) %.0f %% of the %.0f k/s that XREAD "
                   "alone gives\n",
                   rate / 1000, RATE_MIN / 1000, rate / raw * 100, raw / 1000);
    print_cpu (pids, cpu, 1);
    sample ("shared", "bare", "\"rows_per_s\":%.0f", raw);
    sample ("shared", "ours", "\"rows_per_s\":%.0f", rate);
    assert_true (rate > RATE_MIN);
}

/* Candles at a steady rate, one hit in each step: from its XADD until it is in the sink. */
static void measure_latency (bench_t *self, int minute)
{
    enum { STEP = STEADY_RATE / 1000 * STEP_MS, STEPS_A_MINUTE = SYMBOLS / STEP };
    double ms[STEADY_STEPS];
    mono_t begun = mono_now ();
    for (int i = 0; i < STEADY_STEPS; i++) {
        size_t from = (size_t) (i % STEPS_A_MINUTE) * STEP;
        live_load_minute (self->load, minute + i / STEPS_A_MINUTE, from, from + STEP, 0, 1);
        int64_t early = (int64_t) i * STEP_MS - mono_ms (begun, mono_now ());
        poll (NULL, 0, early > 0 ? (int) early : 0);
        mono_t sent = live_load_send (self->load);
        ms[i] = ms_between (sent, wait_hits (self, 1));
    }
    double rate = STEADY_STEPS * STEP / ms_between (begun, mono_now ());
    print_message ("    latency        %6.1f ms         median, %.1f p99, from XADD to the hit in "
                   "the sink, at "
                   "%.0f k/s\n",
                   share_of (ms, STEADY_STEPS, 0.5), share_of (ms, STEADY_STEPS, 0.99), rate);
}

static void test_shared_streams (void **state)
{
    bench_t *self = *state;
    if (!self->able) {
        self->able = 9999; /* run alone */
    }
    start (self, SHARED);
    live_load_minute (self->load, -HOURS_BEFORE * 60, 0, SYMBOLS, 0, 0);
    live_load_send (self->load);
    live_load_copy (self->load, "candles");
    settle (self, SYMBOLS);
    for (int minute = 0; minute < MINUTES; minute++) {
        live_load_minute (self->load, minute, 0, SYMBOLS, 0, minute == MINUTES - 1 ? LAST : 0);
        live_load_send (self->load);
    }
    print_message ("16 shared streams\n");
    measure_rate (self);
    settle (self, (int64_t) SYMBOLS * (MINUTES + 1));
    measure_kill (self, MINUTES);
    measure_latency (self, MINUTES + 1);
    check_memory (self, "shared");
    stop (self);
}

/* ---- the program */

static int open_bench (void **state)
{
    bench_t *self = memory_new (sizeof *self);
    void *stage;
    stage_open (&stage);
    self->stage = stage;
    self->data = stage_path (stage, "market");
    spawn_t *sample = stage_run (self->stage, "sample", self->data, "--count",
                                 stage_text (self->stage, "%d", SYMBOLS), "--freq", "1d", "--from",
                                 LIVE_LOAD_FIRST, NULL);
    *state = self;
    return spawn_code (sample);
}

static int close_bench (void **state)
{
    bench_t *self = *state;
    void *stage = self->stage;
    redis_server_destroy (&self->server);
    free (self);
    return stage_close (&stage);
}

int main (int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_streams_of_symbols),
                                       cmocka_unit_test (test_shared_streams)};
    if (SANITIZED) {
        print_message ("no speed to be measured: this build has sanitizers\n");
        return 77;
    }
    if (!redis_server_is_there ()) {
        print_message ("no redis-server here\n");
        return 77;
    }
    if (argc > 1) {
        cmocka_set_test_filter (argv[1]);
    }
    return cmocka_run_group_tests (tests, open_bench, close_bench);
}

/* One run of `fastscanner scan` as a whole: stopped, hurt and filled up at known moments, it never
 * puts a wrong result in place, loses no hit, doubles none and leaves nothing behind.
 *
 *     fastscanner --> workers --> collector --> csv:PATH (PATH.part, renamed)
 *                                         +---> csv:FIFO --> the test
 *
 * The test is the FIFO's reader: as long as it does not read, the collector stands, and the run
 * with it, so "in the middle" is a place in the output and not a time.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "hits.h"
#include "memory.h"
#include "sink_rows.h"
#include "stage.h"

#define SCAN                                                                                       \
    "daily_atr_parabolic_up,min_adv=0,min_adr=0,min_atr_multiplier=-1000,include_null_market_cap"
#define FROM "2023-01-03"
#define TO   "2023-03-30"
/* far more units than may be under way at once, and some 10 KB of hits each */
#define SYMBOLS "1500"

static struct {
    char *directory;
    char *hits; /* of the undisturbed run */
    size_t size;
} market;

static int open_market (void **state)
{
    void *opened;
    market.directory = directory_new (); /* outside the stage's, which ends here */
    stage_open (&opened);
    stage_t *stage = opened;
    char *out = stage_path (stage, "hits.csv"), *data;
    data = stage_text (stage, "%s/market", market.directory);
    stage_must (stage, TEST_BIN "/fastscanner", "sample", data, "--freq", "1d", "--count", SYMBOLS,
                "--from", FROM, "--to", TO, NULL);
    stage_must (stage, TEST_BIN "/fastscanner", "scan", "--data", data, "--from", FROM, "--to", TO,
                "--scan", SCAN, "--out", stage_text (stage, "csv:%s", out), NULL);
    market.hits = file_read (out, &market.size);
    (void) state;
    return stage_close (&opened);
}

static int close_market (void **state)
{
    (void) state;
    directory_destroy (&market.directory);
    free (market.hits);
    return 0;
}

/* ---- a run with a tap */

typedef struct {
    stage_t *stage;
    spawn_t *process;
    char *path, *part; /* of the result */
    int fifo;
    buffer_t seen; /* what came through the FIFO */
} tapped_t;

static tapped_t start_tapped (stage_t *stage, const char *workers)
{
    tapped_t self = {.stage = stage,
                     .path = stage_path (stage, "hits.csv"),
                     .part = stage_path (stage, "hits.csv.part")};
    char *fifo = stage_path (stage, "tap");
    unlink (self.part);
    unlink (fifo);
    file_write (self.path, "an earlier result\n");
    assert_int_equal (mkfifo (fifo, 0600), 0);
    self.fifo = open (fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true (self.fifo >= 0);
    fcntl (self.fifo, F_SETPIPE_SZ, 4096);
    self.process = stage_start (
        stage, "scan", "--data", stage_text (stage, "%s/market", market.directory), "--from", FROM,
        "--to", TO, "--scan", SCAN, "--workers", workers, "--progress", "never", "--out",
        stage_text (stage, "csv:%s", self.path), "--out", stage_text (stage, "csv:%s", fifo), NULL);
    return self;
}

/* Reads what is there; false when nothing is. */
static bool tap (tapped_t *self)
{
    ssize_t got = read (self->fifo, buffer_reserve (&self->seen, 65536), 65536);
    self->seen.size += got > 0 ? (size_t) got : 0;
    return got > 0;
}

static void wait_tap (tapped_t *self)
{
    struct pollfd fifo = {.fd = self->fifo, .events = POLLIN};
    poll (&fifo, 1, 10);
    if (fifo.revents & POLLHUP) {
        poll (NULL, 0, 1); /* no writer: it is always ready */
    }
}

/* Reads until so many bytes have come. */
static void tap_until (tapped_t *self, size_t size)
{
    while (self->seen.size < size) {
        if (!tap (self)) {
            wait_tap (self);
            if (spawn_wait (self->process, 0) != SPAWN_RUNS) {
                fail_msg ("it ended after %zu bytes of %zu: %s", self->seen.size, size,
                          spawn_err (self->process));
            }
        }
    }
}

/* Reads until the run ends; its exit code. */
static int tap_rest (tapped_t *self)
{
    while (spawn_wait (self->process, 0) == SPAWN_RUNS) {
        if (!tap (self)) {
            wait_tap (self);
        }
    }
    while (tap (self)) {
    }
    return spawn_code (self->process);
}

static void end_tapped (tapped_t *self)
{
    close (self->fifo);
    buffer_free (&self->seen);
}

/* ---- what must hold afterwards */

static void assert_said (const spawn_t *process, const char *text)
{
    if (!strstr (spawn_err (process), text)) {
        fail_msg ("not said: %s\n%s", text, spawn_err (process));
    }
}

static void assert_nothing_left (const tapped_t *self)
{
    assert_false (stage_group_lives (spawn_pid (self->process)));
    assert_int_equal (stage_left (self->stage), 0);
}

static void assert_untouched (const tapped_t *self)
{
    const char *text = stage_read (self->stage, self->path, NULL);
    assert_non_null (text);
    assert_string_equal (text, "an earlier result\n");
}

static void assert_same_bytes (const char *actual, size_t size)
{
    assert_non_null (actual);
    assert_int_equal (size, market.size);
    assert_memory_equal (actual, market.hits, size);
}

/* The bytes from a line's start that belong to its unit: all lines of its symbol (the range is one
 * quarter). */
static size_t unit_size (const char *text)
{
    size_t symbol = strcspn (text, ",") + 1;
    const char *line = text;
    while (*line && strncmp (line, text, symbol) == 0) {
        line += strcspn (line, "\n") + 1;
    }
    return (size_t) (line - text);
}

/* `text` is the header and whole units of the full result, in its order; their number. */
static size_t assert_whole_units (const char *text)
{
    size_t units = 0, header = strcspn (market.hits, "\n") + 1;
    const char *full = market.hits + header;
    if (!*text) {
        return 0;
    }
    assert_memory_equal (text, market.hits, header);
    for (text += header; *text; units++) {
        size_t size = unit_size (text);
        while (*full && (unit_size (full) != size || memcmp (full, text, size) != 0)) {
            full += unit_size (full);
        }
        if (!*full) {
            fail_msg ("not a whole unit of the result, or not in order: %.40s", text);
        }
        text += size;
        full += size;
    }
    return units;
}

/* ---- stopped */

/* When the signal comes: as soon as there are so many workers, or so many bytes have come. */
typedef struct {
    size_t workers, bytes;
    bool part; /* as soon as PATH.part is there */
} moment_t;

static const moment_t moments[] = {
    {.workers = 0},     {.workers = 1},     {.part = true},     {.bytes = 1},
    {.bytes = 5000},    {.bytes = 70000},   {.bytes = 300000},  {.bytes = 1000000},
    {.bytes = 3000000}, {.bytes = 6000000}, {.bytes = 9000000}, {.bytes = 14000000},
};

static void wait_for_moment (tapped_t *self, const moment_t *moment)
{
    if (moment->bytes > 0) {
        tap_until (self, moment->bytes);
    } else if (moment->part) {
        assert_true (stage_wait_file (self->stage, self->part));
    } else if (moment->workers > 0) {
        assert_true (
            stage_wait_children (spawn_pid (self->process), STAGE_WORKER, moment->workers));
    } else {
        while (stage_left (self->stage) == 0) {
            wait_tap (self);
            assert_int_equal (spawn_wait (self->process, 0), SPAWN_RUNS);
        }
    }
}

/* Sends the signal at the moment; the number of units that are in PATH.part afterwards. */
static size_t stop_at (stage_t *stage, const moment_t *moment, int number, const char *workers)
{
    tapped_t run = start_tapped (stage, workers);
    wait_for_moment (&run, moment);
    spawn_signal (run.process, number);
    assert_int_equal (tap_rest (&run), 130);
    if (strstr (spawn_err (run.process), "error")) { /* nobody may die of it */
        fail_msg ("%s", spawn_err (run.process));
    }
    assert_nothing_left (&run);
    assert_untouched (&run);
    size_t size = 0, units = 0;
    const char *part = stage_read (stage, run.part, &size);
    if (part) {
        units = assert_whole_units (part);
        assert_said (run.process, run.part);
        assert_int_equal (run.seen.size, size);
        assert_memory_equal (run.seen.bytes, part, size);
        assert_true (size <= market.size);
    }
    end_tapped (&run);
    return units;
}

static void test_interrupt_at_any_moment (void **state)
{
    /* ctrl-C leaves PATH as it was and whole units in PATH.part, exits 130 and leaves no process
     * and no directory. */
    static const char *const workers[] = {"1", "2", "5"};
    size_t most = 0;
    for (size_t w = 0; w < 3; w++) {
        for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
            size_t units = stop_at (*state, &moments[i], SIGINT, workers[w]);
            most = units > most ? units : most;
        }
    }
    assert_true (most > 100);
}

static void test_terminate (void **state)
{
    /* SIGTERM does what ctrl-C does. */
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i += 3) {
        stop_at (*state, &moments[i], SIGTERM, "2");
    }
}

static void test_second_interrupt (void **state)
{
    /* With a collector that cannot write on, the first ctrl-C waits for it and the second ends the
     * run at once. */
    tapped_t run = start_tapped (*state, "2");
    tap_until (&run, 100000);
    spawn_signal (run.process, SIGINT);
    assert_true (spawn_wait_err (run.process, "once more", STAGE_MS));
    spawn_signal (run.process, SIGINT);
    assert_int_equal (spawn_wait (run.process, 5000), 130);
    assert_nothing_left (&run);
    assert_untouched (&run);
    end_tapped (&run);
}

/* ---- hurt */

static pid_t child_of (const tapped_t *self, stage_role_t role)
{
    pid_t pid = 0;
    assert_true (stage_wait_children (spawn_pid (self->process), role, 1));
    assert_int_equal (stage_children (spawn_pid (self->process), role, &pid, 1), 1);
    return pid;
}

/* Kills a worker each time so many more bytes have come: far enough apart that no innocent unit is
 * twice alone in one that is killed. */
static void kill_workers (stage_t *stage, const char *workers)
{
    tapped_t run = start_tapped (stage, workers);
    size_t kills = 0;
    for (size_t at = 50000; at < market.size - 1000000; at += 3500000) {
        tap_until (&run, at);
        assert_int_equal (kill (child_of (&run, STAGE_WORKER), SIGKILL), 0);
        kills++;
    }
    int code = tap_rest (&run);
    if (code != 0) {
        fail_msg ("%s workers, %zu killed: exit code %d\n%s", workers, kills, code,
                  spawn_err (run.process));
    }
    assert_true (kills >= 4);
    assert_said (run.process, "was killed by signal 9");
    size_t size;
    const char *hits = stage_read (stage, run.path, &size);
    assert_same_bytes (hits, size);
    assert_same_bytes (run.seen.bytes, run.seen.size);
    assert_nothing_left (&run);
    end_tapped (&run);
}

static void test_killed_workers (void **state)
{
    /* Workers killed -9 in the middle of their units, again and again, change not one byte. */
    kill_workers (*state, "1");
    kill_workers (*state, "2");
    kill_workers (*state, "5");
}

static void test_killed_starting_worker (void **state)
{
    /* A worker that is killed before it could join is started again, and nothing is missing. */
    for (int i = 0; i < 5; i++) {
        tapped_t run = start_tapped (*state, "1");
        kill (child_of (&run, STAGE_WORKER), SIGKILL);
        assert_int_equal (tap_rest (&run), 0);
        assert_same_bytes (run.seen.bytes, run.seen.size);
        assert_nothing_left (&run);
        end_tapped (&run);
    }
}

static void test_stopped_worker (void **state)
{
    /* A worker that stands still is ended, and what it had comes from the next. It is the only one:
     * beside another it might get no more units, and the run would not need it. */
    tapped_t run = start_tapped (*state, "1");
    tap_until (&run, 100000);
    kill (child_of (&run, STAGE_WORKER), SIGSTOP);
    assert_int_equal (tap_rest (&run), 0);
    assert_said (run.process, "stands still");
    assert_same_bytes (run.seen.bytes, run.seen.size);
    assert_nothing_left (&run);
    end_tapped (&run);
}

static void test_killed_collector (void **state)
{
    /* The collector's death ends the run with exit 1 and an error, and PATH stays as it was. */
    static const size_t at[] = {0, 1, 100000, 5000000};
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        tapped_t run = start_tapped (*state, "2");
        tap_until (&run, at[i]);
        kill (child_of (&run, STAGE_COLLECTOR), SIGKILL);
        assert_int_equal (tap_rest (&run), 1);
        assert_said (run.process, "error: the collector was killed");
        assert_untouched (&run);
        assert_nothing_left (&run);
        end_tapped (&run);
    }
}

/* Kills the broker when so many bytes have come, and waits for the end of each of its children. */
static void kill_broker (tapped_t *self, size_t at)
{
    pid_t children[16];
    struct pollfd ends[16];
    tap_until (self, at);
    assert_true (stage_wait_children (spawn_pid (self->process), STAGE_ANY, 3));
    size_t count = stage_children (spawn_pid (self->process), STAGE_ANY, children, 16);
    for (size_t i = 0; i < count; i++) {
        ends[i] = (struct pollfd){.fd = pidfd_open (children[i], 0), .events = POLLIN};
        assert_true (ends[i].fd >= 0);
    }
    spawn_signal (self->process, SIGKILL);
    assert_int_equal (tap_rest (self), 128 + SIGKILL);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal (poll (&ends[i], 1, 10000), 1);
        close (ends[i].fd);
    }
}

static void test_killed_broker (void **state)
{
    /* A broker killed -9 takes its children with it, and the next run sweeps its directory. */
    stage_t *stage = *state;
    for (size_t at = 1; at < 10000000; at = at * 100) {
        tapped_t run = start_tapped (stage, "2");
        kill_broker (&run, at);
        assert_int_equal (stage_left (stage), 1);
        assert_untouched (&run);
        end_tapped (&run);

        run = start_tapped (stage, "2");
        assert_int_equal (tap_rest (&run), 0);
        assert_same_bytes (run.seen.bytes, run.seen.size);
        assert_nothing_left (&run);
        end_tapped (&run);
    }
}

/* ---- other programs beside it */

/* A directory with copies of the programs, the worker from `worker`. */
static void exchange_worker (stage_t *stage, const char *worker)
{
    char *directory = stage_path (stage, "bin");
    mkdir (directory, 0700);
    stage_must (stage, "cp", TEST_BIN "/fastscanner", TEST_BIN "/fastscanner-collector", directory,
                NULL);
    stage_must (stage, "cp", worker, stage_text (stage, "%s/fastscanner-worker", directory), NULL);
    stage_programs (stage, directory);
}

static spawn_t *run_small (stage_t *stage, const char *data, const char *workers, const char *out)
{
    return stage_run (stage, "scan", "--data", data, "--from", FROM, "--to", "2023-05-15", "--scan",
                      SCAN, "--workers", workers, "--progress", "never", "--out",
                      stage_text (stage, "csv:%s", out), NULL);
}

static void test_symbol_that_kills (void **state)
{
    /* A symbol that kills two workers alone is set aside and named; the output has all hits of the
     * others, the same bytes for any number of workers, and the run exits 1. */
    stage_t *stage = *state;
    static const char *const workers[] = {"1", "2", "5", "16"};
    char *data = stage_path (stage, "market"), *out = stage_path (stage, "hits.csv");
    size_t full_size, size;
    stage_must (stage, TEST_BIN "/fastscanner", "sample", data, "--freq", "1d", "--count", "80",
                "--from", FROM, "--to", "2023-05-15", NULL);
    assert_int_equal (spawn_code (run_small (stage, data, "2", out)), 0);
    const char *full = stage_read (stage, out, &full_size);
    stage_must (stage, "cp", "-r", stage_text (stage, "%s/data/candles/BRK.B", data),
                stage_text (stage, "%s/data/candles/BAD", data), NULL);
    exchange_worker (stage, TEST_FAULTY);
    for (size_t i = 0; i < 4; i++) {
        unlink (out);
        spawn_t *process = run_small (stage, data, workers[i], out);
        assert_int_equal (spawn_code (process), 1);
        assert_said (process, "error: BAD killed two workers alone");
        assert_null (strstr (strstr (spawn_err (process), "killed two") + 1, "killed two"));
        const char *hits = stage_read (stage, out, &size);
        assert_non_null (hits);
        assert_int_equal (size, full_size);
        assert_memory_equal (hits, full, size);
        assert_int_equal (stage_left (stage), 0);
    }
}

static void test_workers_that_cannot_start (void **state)
{
    /* Workers that end before they can work, or are not there, end the run with exit 1 and say so;
     * no result appears. */
    stage_t *stage = *state;
    char *data = stage_text (stage, "%s/market", market.directory),
         *out = stage_path (stage, "hits.csv");
    exchange_worker (stage, "/bin/false");
    spawn_t *process = run_small (stage, data, "2", out);
    assert_int_equal (spawn_code (process), 1);
    assert_said (process, "workers end before they can work");
    assert_int_equal (unlink (stage_path (stage, "bin/fastscanner-worker")), 0);
    process = run_small (stage, data, "2", out);
    assert_int_equal (spawn_code (process), 1);
    assert_said (process, "fastscanner-worker: it must lie beside");
    assert_null (stage_read (stage, out, NULL));
    assert_int_equal (stage_left (stage), 0);
}

/* ---- the number of workers */

static void test_same_bytes (void **state)
{
    /* 1, 2, 5 and 16 workers write the same bytes. */
    static const char *const workers[] = {"1", "2", "5", "16"};
    for (size_t i = 0; i < 4; i++) {
        tapped_t run = start_tapped (*state, workers[i]);
        assert_int_equal (tap_rest (&run), 0);
        assert_same_bytes (run.seen.bytes, run.seen.size);
        size_t size;
        const char *hits = stage_read (run.stage, run.path, &size);
        assert_same_bytes (hits, size);
        assert_int_equal (access (run.part, F_OK), -1);
        assert_nothing_left (&run);
        end_tapped (&run);
    }
}

/* ---- sinks */

static void test_reader_that_goes (void **state)
{
    /* `fastscanner scan | head` ends soon and without an error on stderr. */
    stage_t *stage = *state;
    char *script = stage_text (stage,
                               TEST_BIN "/fastscanner scan --data %s/market --from " FROM
                                        " --to " TO " --scan " SCAN " --progress never | head -n 3",
                               market.directory);
    spawn_t *process = stage_spawn (stage, "sh", "-c", script, NULL);
    assert_int_equal (spawn_wait (process, STAGE_MS), 0);
    size_t header = strcspn (market.hits, "\n") + 1;
    assert_memory_equal (spawn_out (process), market.hits, header);
    assert_null (strstr (spawn_err (process), "error"));
    assert_null (strstr (spawn_err (process), "warning"));
    assert_int_equal (stage_left (stage), 0);
}

static void test_full_disk (void **state)
{
    /* A disk that is full is an error that names the file, and exit 1; a second sink has no result
     * put in place. */
    stage_t *stage = *state;
    char *out = stage_path (stage, "hits.csv");
    spawn_t *process =
        stage_run (stage, "scan", "--data", stage_text (stage, "%s/market", market.directory),
                   "--from", FROM, "--to", TO, "--scan", SCAN, "--progress", "never", "--out",
                   "csv:/dev/full", "--out", stage_text (stage, "csv:%s", out), NULL);
    assert_int_equal (spawn_code (process), 1);
    assert_said (process, "error: cannot write /dev/full: No space left on device");
    assert_null (stage_read (stage, out, NULL));
    assert_int_equal (stage_left (stage), 0);
}

static void test_file_too_large (void **state)
{
    /* A file that may not grow further (ulimit -f) is an error that names it, not a death. */
    stage_t *stage = *state;
    char *out = stage_path (stage, "hits.csv");
    char *script = stage_text (stage,
                               "ulimit -f 100 && exec " TEST_BIN
                               "/fastscanner scan --data %s/market --from " FROM " --to " TO
                               " --scan " SCAN " --progress never --out csv:%s",
                               market.directory, out);
    spawn_t *process = stage_spawn (stage, "sh", "-c", script, NULL);
    assert_int_equal (spawn_wait (process, STAGE_MS), 1);
    assert_said (process, stage_text (stage, "cannot write %s.part: File too large", out));
    assert_null (stage_read (stage, out, NULL));
}

static size_t count_lines (const char *text)
{
    size_t lines = 0;
    for (; *text; text++) {
        lines += *text == '\n';
    }
    return lines;
}

static long long sqlite_count (const char *path, const char *query)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    assert_int_equal (sqlite3_open_v2 (path, &database, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    if (sqlite3_prepare_v2 (database, query, -1, &statement, NULL) != SQLITE_OK) {
        fail_msg ("%s", sqlite3_errmsg (database));
    }
    assert_int_equal (sqlite3_step (statement), SQLITE_ROW);
    long long count = sqlite3_column_int64 (statement, 0);
    sqlite3_finalize (statement);
    sqlite3_close (database);
    return count;
}

/* The scan's hits in the file of all scans are those of its own file. */
static void assert_same_hits (stage_t *stage, const char *all, const char *own, const char *scan)
{
    buffer_t why = {0};
    hits_t *expected = hits_read (all, scan, &why), *actual = hits_read (own, NULL, &why);
    size_t differences = expected && actual ? hits_compare (expected, actual, &why) : 1;
    char *text = stage_text (stage, "%.*s", (int) why.size, why.bytes ? why.bytes : "");
    hits_destroy (&expected);
    hits_destroy (&actual);
    buffer_free (&why);
    if (differences > 0) {
        fail_msg ("%s", text);
    }
}

/* Every line is an object with the symbol and moment of the CSV file's line of that number. */
static void assert_same_rows (const char *csv, const char *jsonl)
{
    csv += strcspn (csv, "\n") + 1;
    while (*csv && *jsonl) {
        char start[128];
        size_t size = strcspn (jsonl, "\n");
        json_t *row = json_loadb (jsonl, size, 0, NULL);
        assert_non_null (row);
        int length = snprintf (start, sizeof start, "%s,%s,%s,",
                               json_string_value (json_object_get (row, "scan")),
                               json_string_value (json_object_get (row, "symbol")),
                               json_string_value (json_object_get (row, "datetime")));
        assert_memory_equal (csv, start, (size_t) length);
        json_decref (row);
        csv += strcspn (csv, "\n") + 1;
        jsonl += size + 1;
    }
    assert_true (!*csv && !*jsonl);
}

static void test_sinks_together (void **state)
{
    /* csv, jsonl, sqlite and a file for each scan, written by one run, hold the same hits; a second
     * run adds none to the database. */
    stage_t *stage = *state;
    char *csv = stage_path (stage, "all.csv"), *jsonl = stage_path (stage, "all.jsonl"),
         *sqlite = stage_path (stage, "all.db");
    for (int i = 0; i < 2; i++) {
        spawn_t *process = stage_run (
            stage, "scan", "--data", stage_text (stage, "%s/market", market.directory), "--from",
            "2023-03-01", "--to", "2023-03-10", "--scan", "up:" SCAN, "--scan",
            "down:daily_atr_parabolic_down,min_adv=0,min_adr=0,min_atr_multiplier=0.5", "--out",
            stage_text (stage, "csv:%s", csv), "--out", stage_text (stage, "jsonl:%s", jsonl),
            "--out", stage_text (stage, "sqlite:%s", sqlite), "--out",
            stage_text (stage, "csv:%s", stage_path (stage, "{scan}.csv")), NULL);
        assert_int_equal (spawn_code (process), 0);
    }
    const char *rows = stage_read (stage, csv, NULL), *objects = stage_read (stage, jsonl, NULL);
    long long count = (long long) count_lines (rows) - 1;
    assert_true (count > 1000);
    assert_same_rows (rows, objects);
    assert_same_hits (stage, csv, stage_path (stage, "up.csv"), "up");
    assert_same_hits (stage, csv, stage_path (stage, "down.csv"), "down");
    assert_int_equal (sqlite_count (sqlite, "SELECT count(*) FROM hits"), count);
    assert_int_equal (sqlite_count (sqlite, "SELECT count(DISTINCT scan) FROM hits"), 2);
}

static void test_one_writer (void **state)
{
    /* A second run to the same PATH is refused while the first writes it, and the first is whole. */
    tapped_t run = start_tapped (*state, "1");
    tap_until (&run, 100000);
    spawn_t *second =
        run_small (run.stage, stage_text (run.stage, "%s/market", market.directory), "1", run.path);
    assert_int_equal (spawn_code (second), 1);
    assert_said (second, "is being written by another run");
    assert_int_equal (tap_rest (&run), 0);
    size_t size;
    const char *hits = stage_read (run.stage, run.path, &size);
    assert_same_bytes (hits, size);
    end_tapped (&run);
}

#define PARTS_SCAN                                                                                 \
    "up:atr_parabolic_up,freq=1min,min_atr_multiplier=0.05,min_volume=0,min_adv=0,min_adr=0,"      \
    "include_null_market_cap,start_time=09:30,end_time=15:59"

/* Scans a part of the market; the path of its hits. */
static char *scan_part (stage_t *stage, const char *cut, const char *part, const char *name)
{
    char *out = stage_path (stage, "%s", name);
    spawn_t *process = stage_run (stage, "scan", "--data", cut, "--from", "2023-03-06", "--to",
                                  "2023-03-07", "--all-hits", "--scan", PARTS_SCAN, "--partition",
                                  part, "--out", stage_text (stage, "csv:%s", out), NULL);
    if (spawn_code (process) != 0) {
        fail_msg ("%s", spawn_err (process));
    }
    return out;
}

/* The parts of a market that is cut have the hits of the whole, each in one of them. */
static void test_parts (void **state)
{
    stage_t *stage = *state;
    buffer_t why = {0}, all = {0};
    char *cut = stage_path (stage, "cut");
    stage_must (stage, TEST_BIN "/fastscanner", "sample", cut, "--count", "40", "--from",
                "2023-03-06", "--to", "2023-03-07", NULL);
    for (int i = 0; i < 3; i++) {
        size_t size;
        char *text = stage_read (stage,
                                 scan_part (stage, cut, stage_text (stage, "%d/3", i),
                                            stage_text (stage, "part%d.csv", i)),
                                 &size);
        size_t head = (size_t) (strchr (text, '\n') + 1 - text);
        assert_true (size > head); /* each has some */
        buffer_append (&all, i == 0 ? text : text + head, i == 0 ? size : size - head);
    }
    buffer_append (&all, "", 1);
    sink_rows_t *parts = sink_rows_of_file (stage_write (stage, "all.csv", all.bytes));
    sink_rows_t *whole = sink_rows_of_file (scan_part (stage, cut, "0/1", "whole.csv"));
    assert_true (sink_rows_count (whole) > 20);
    if (sink_rows_compare (whole, parts, &why) > 0) {
        fail_msg ("%.*s", (int) why.size, why.bytes);
    }
    sink_rows_destroy (&parts);
    sink_rows_destroy (&whole);
    buffer_free (&all);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, stage_open, stage_close)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_same_bytes),
        TEST (test_parts),
        TEST (test_interrupt_at_any_moment),
        TEST (test_terminate),
        TEST (test_second_interrupt),
        TEST (test_killed_workers),
        TEST (test_killed_starting_worker),
        TEST (test_stopped_worker),
        TEST (test_killed_collector),
        TEST (test_killed_broker),
        TEST (test_symbol_that_kills),
        TEST (test_workers_that_cannot_start),
        TEST (test_reader_that_goes),
        TEST (test_full_disk),
        TEST (test_file_too_large),
        TEST (test_sinks_together),
        TEST (test_one_writer),
    };
    return cmocka_run_group_tests (tests, open_market, close_market);
}

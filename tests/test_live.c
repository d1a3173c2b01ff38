/* `fastscanner live` gives the hits that `scan` gives, and `replay` the rows of live.
 *
 *     tests/golden/market-a: 1min files --XADD--> redis-server --> fastscanner live, every intraday job at once
 *                            hits/JOB.csv  ----------------------- the same hits
 *                                             \--> fastscanner replay ---- the same rows
 */
#include "jobs.h"

#include "check.h"
#include "csv.h"
#include "memory.h"
#include "redis_server.h"
#include "text.h"
#include "spawn.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RUN_MS = 120000, POLL_MS = 50, PIPELINE = 500, SHARED = 4 };

/* One row of a 1min file, as text. */
typedef struct {
    char symbol[SYMBOL_MAX + 1];
    char datetime[20];
    char values[5][24];
} row_t;

typedef struct {
    jobs_t jobs;
    size_t count, capacity;
    row_t *rows; /* of all symbols, in the order of time */
    redis_server_t *redis;
    char last_id[48]; /* of the entry added last */
    size_t added;
} fixture_t;

/* ---- the market's rows ---- */

static void take_file (fixture_t *self, const char *path, const char *symbol)
{
    char *bytes = file_read (path, NULL), *rest = bytes, *line;
    assert_non_null (bytes);
    while ((line = strsep (&rest, "\n"))) {
        row_t row = {0};
        snprintf (row.symbol, sizeof row.symbol, "%.32s", symbol);
        if (sscanf (line, "%19[^,],%23[^,],%23[^,],%23[^,],%23[^,],%23[^,\r]", row.datetime,
                    row.values[0], row.values[1], row.values[2], row.values[3],
                    row.values[4]) != 6 ||
            row.datetime[0] != '2' || strcmp (row.datetime, "2023-03-07 05:00:00") < 0) {
            continue; /* the header, and days before those of the jobs */
        }
        if (self->count == self->capacity) {
            self->capacity = self->capacity * 2 + 1024;
            self->rows = memory_resize (self->rows, self->capacity, sizeof *self->rows);
        }
        self->rows[self->count++] = row;
    }
    free (bytes);
}

static void take_symbol (fixture_t *self, const char *symbol)
{
    char *folder = memory_format ("%s/market/data/candles/%s/1min", self->jobs.folder, symbol);
    DIR *files = opendir (folder);
    const struct dirent *entry;
    while (files && (entry = readdir (files))) {
        if (entry->d_name[0] != '.') {
            char *path = memory_format ("%s/%s", folder, entry->d_name);
            take_file (self, path, symbol);
            free (path);
        }
    }
    if (files) {
        closedir (files);
    }
    free (folder);
}

static int compare_rows (const void *a, const void *b)
{
    const row_t *x = a, *y = b;
    int order = strcmp (x->datetime, y->datetime);
    return order ? order : strcmp (x->symbol, y->symbol);
}

static void take_market (fixture_t *self)
{
    char *path = memory_format ("%s/market/data/candles", self->jobs.folder);
    DIR *symbols = opendir (path);
    const struct dirent *entry;
    while (symbols && (entry = readdir (symbols))) {
        if (entry->d_name[0] != '.') {
            take_symbol (self, entry->d_name);
        }
    }
    closedir (symbols);
    free (path);
    assert_true (self->count > 1000);
    qsort (self->rows, self->count, sizeof *self->rows, compare_rows);
}

/* ---- producing ---- */

static int64_t milliseconds (const char *datetime)
{
    day_t day;
    int hour, minute;
    assert_true (day_parse (datetime, 10, &day));
    assert_int_equal (sscanf (datetime + 11, "%d:%d", &hour, &minute), 2);
    return ((int64_t) day * 86400 + hour * 3600 + minute * 60) * 1000;
}

static void take_replies (fixture_t *self, redisContext *context, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        redisReply *reply;
        assert_int_equal (redisGetReply (context, (void **) &reply), REDIS_OK);
        assert_int_equal (reply->type, REDIS_REPLY_STRING);
        snprintf (self->last_id, sizeof self->last_id, "%s", reply->str);
        freeReplyObject (reply);
    }
}

/* Adds the rows [from, to) to a stream for each symbol, or to a few that are shared. */
static void produce (fixture_t *self, bool shared, size_t from, size_t to)
{
    redisContext *context = redis_server_connect (self->redis);
    size_t waiting = 0;
    for (size_t i = from; i < to; i++) {
        const row_t *row = &self->rows[i];
        char key[64];
        snprintf (key, sizeof key, "candles_min_%s", row->symbol);
        if (shared) {
            snprintf (key, sizeof key, "candles:%d", row->symbol[0] % SHARED);
        }
        redisAppendCommand (context,
                            "XADD %s * symbol %s timestamp %lld open %s high %s low %s close %s "
                            "volume %s",
                            key, row->symbol, (long long) milliseconds (row->datetime),
                            row->values[0], row->values[1], row->values[2], row->values[3],
                            row->values[4]);
        if (++waiting == PIPELINE) {
            take_replies (self, context, waiting);
            waiting = 0;
        }
    }
    take_replies (self, context, waiting);
    redisFree (context);
    self->added = to;
}

/* ---- runs ---- */

static const char *streams_of (bool shared)
{
    return shared ? "candles:0,candles:1,candles:2,candles:3" : "candles_min_*";
}

static void add_scans (const fixture_t *self, command_line_t *line)
{
    size_t i;
    const json_t *job;
    json_array_foreach (self->jobs.jobs, i, job)
    {
        if (strcmp (jobs_text (job, "freq"), "1d") != 0) {
            command_line_add (line, "--scan");
            command_line_own (line, jobs_scan (job, true));
        }
    }
}

/* fastscanner COMMAND over the server's streams, into `out`. */
static void make_line (const fixture_t *self, command_line_t *line, const char *command,
                       bool shared, const char *out)
{
    *line = (command_line_t){0};
    command_line_add (line, TEST_BIN "/fastscanner");
    command_line_add (line, command);
    command_line_add (line, "--data");
    command_line_own (line, memory_format ("%s/market", self->jobs.folder));
    command_line_add (line, "--redis");
    command_line_add (line, redis_server_url (self->redis));
    command_line_add (line, "--streams");
    command_line_add (line, streams_of (shared));
    command_line_add (line, "--since");
    command_line_add (line, "start");
    command_line_add (line, "--state");
    command_line_own (line, memory_format ("%s/state-%s", self->jobs.folder, command));
    command_line_add (line, "--candle-timeout");
    command_line_add (line, "1");
    command_line_add (line, "--all-hits");
    command_line_add (line, "--workers");
    command_line_add (line, "2");
    command_line_add (line, "--progress");
    command_line_add (line, "never");
    command_line_add (line, "--out");
    command_line_own (line, memory_format ("csv:%s", out));
    add_scans (self, line);
}

/* A number of STATE/stats.json; -1 when it is not there yet. */
static long long stat_of (const fixture_t *self, const char *name)
{
    char *path = memory_format ("%s/state-live/stats.json", self->jobs.folder);
    char *bytes = file_read (path, NULL);
    char *key = memory_format ("\"%s\":", name);
    const char *at = bytes ? strstr (bytes, key) : NULL;
    long long value = at ? strtoll (at + strlen (key), NULL, 10) : -1;
    free (path);
    free (bytes);
    free (key);
    return value;
}

/* Everything that was added is read, committed and written, and the clock has passed every bucket. */
static bool has_settled (const fixture_t *self)
{
    return stat_of (self, "entries") >= (long long) self->added &&
           stat_of (self, "unattached") == 0 && stat_of (self, "shards_outstanding") == 0 &&
           stat_of (self, "sinks_behind") == 0 &&
           stat_of (self, "source_time_ms") > strtoll (self->last_id, NULL, 10) + 4000;
}

static void wait_until (bool (*is_so) (const fixture_t *), const fixture_t *self, spawn_t *live)
{
    for (int waited = 0; !is_so (self); waited += POLL_MS) {
        if (spawn_wait (live, POLL_MS) != SPAWN_RUNS || waited > RUN_MS) {
            fail_msg ("live did not get there: exit code %d\n%s", spawn_code (live),
                      spawn_err (live));
        }
    }
}

static bool has_begun (const fixture_t *self)
{
    return stat_of (self, "entries") > 0;
}

/* ---- comparing ---- */

static int compare_lines (const void *a, const void *b)
{
    return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* The file's lines, sorted by bytes, as one text. */
static char *sorted (const char *path)
{
    size_t size, count = 0, capacity = 0;
    char *bytes = file_read (path, &size), *rest = bytes, *line;
    const char **lines = NULL;
    assert_non_null (bytes);
    while ((line = strsep (&rest, "\n"))) {
        if (count == capacity) {
            capacity = capacity * 2 + 1024;
            lines = memory_resize (lines, capacity, sizeof *lines);
        }
        lines[count++] = line;
    }
    assert_non_null (lines);
    qsort (lines, count, sizeof *lines, compare_lines);
    buffer_t text = {0};
    for (size_t i = 0; i < count; i++) {
        buffer_printf (&text, "%s\n", lines[i]);
    }
    buffer_append (&text, "", 1);
    free (lines);
    free (bytes);
    return text.bytes;
}

static void check_jobs (fixture_t *self, const char *out)
{
    size_t i;
    const json_t *job;
    json_array_foreach (self->jobs.jobs, i, job)
    {
        if (strcmp (jobs_text (job, "freq"), "1d") != 0) {
            self->jobs.wrong += !jobs_as_expected (&self->jobs, job, out, true);
        }
    }
}

/* The row with which a day begins, about in the middle: a bucket that was open while live starts would
 * lose its next candles, which come too late for it. */
static size_t find_middle (const fixture_t *self)
{
    size_t i = self->count / 2;
    while (i < self->count && strcmp (self->rows[i].datetime + 11, "06:00:00") < 0) {
        i++; /* past midnight, exchange time */
    }
    for (; i < self->count; i++) {
        if (strncmp (self->rows[i].datetime, self->rows[i - 1].datetime, 10) != 0 &&
            strcmp (self->rows[i].datetime + 11, "05:00:00") >= 0) {
            return i;
        }
    }
    return self->count;
}

/* Half of the candles are there before live starts, half come while it runs. */
static void check_shape (bool shared)
{
    fixture_t self = {0};
    jobs_open (&self.jobs, "market-a");
    take_market (&self);
    self.redis = redis_server_start (NULL);
    char *live_out = memory_format ("%s/live.csv", self.jobs.folder),
         *replay_out = memory_format ("%s/replay.csv", self.jobs.folder);
    command_line_t line;
    size_t middle = find_middle (&self);
    produce (&self, shared, 0, middle);
    make_line (&self, &line, "live", shared, live_out);
    spawn_t *live = spawn_start (line.argv);
    wait_until (has_begun, &self, live);
    produce (&self, shared, middle, self.count);
    wait_until (has_settled, &self, live);
    spawn_signal (live, SIGTERM);
    if (spawn_wait (live, RUN_MS) != 0) {
        fail_msg ("exit code %d\n%s", spawn_code (live), spawn_err (live));
    }
    spawn_destroy (&live);
    command_line_free (&line);
    check_jobs (&self, live_out);

    make_line (&self, &line, "replay", shared, replay_out);
    spawn_t *replay = spawn_run (line.argv, RUN_MS);
    if (spawn_code (replay) != 0) {
        fail_msg ("replay: exit code %d\n%s", spawn_code (replay), spawn_err (replay));
    }
    char *a = sorted (live_out), *b = sorted (replay_out);
    assert_string_equal (a, b);
    free (a);
    free (b);
    spawn_destroy (&replay);
    command_line_free (&line);
    free (live_out);
    free (replay_out);
    free (self.rows);
    redis_server_destroy (&self.redis);
    jobs_close (&self.jobs);
}

/* A stream for each symbol, found by their pattern. */
static void test_streams_of_symbols (void **state)
{
    (void) state;
    check_shape (false);
}

/* A few streams that carry all symbols. */
static void test_shared_streams (void **state)
{
    (void) state;
    check_shape (true);
}

int main (void)
{
    if (!redis_server_is_there ()) {
        print_message ("no redis-server here\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_streams_of_symbols),
        cmocka_unit_test (test_shared_streams),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

#include "live_run.h"

#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { WORDS = 64, LOOK_MS = 10 };

#define COMMON "min_adv=0,min_adr=0,include_null_market_cap,start_time=09:30,end_time=15:59"

struct live_run {
    live_plan_t plan;
    spawn_t *process;
    char *state, *stats;
    buffer_t log; /* of lives that ended */
    buffer_t text;
};

/* A command line. */
typedef struct {
    const char *words[WORDS + 1];
    char *owned[WORDS];
    size_t count, owned_count;
} words_t;

static void add (words_t *self, const char *word)
{
    if (self->count == WORDS) {
        abort ();
    }
    self->words[self->count++] = word;
}

static void own (words_t *self, char *word)
{
    self->owned[self->owned_count++] = word;
    add (self, word);
}

static void words_free (words_t *self)
{
    for (size_t i = 0; i < self->owned_count; i++) {
        free (self->owned[i]);
    }
}

static void add_sinks (words_t *words, const live_plan_t *plan)
{
    const char *url = plan->sink_url ? plan->sink_url : plan->url;
    static const char *const files[][2] = {{"csv", "csv"}, {"jsonl", "jsonl"}, {"sqlite", "db"}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        add (words, "--out");
        own (words,
             memory_format ("%s:%s/%s.%s", files[i][0], plan->directory, plan->name, files[i][1]));
    }
    add (words, "--out");
    own (words, memory_format ("redis:%s?stream=%s:hits", url, plan->name));
}

static words_t make_words (const live_plan_t *plan)
{
    static const char *const fixed[] = {
        "--since",
        "start",
        "--progress",
        "never",
        "--scan",
        "up:atr_parabolic_up,min_atr_multiplier=0.05,min_volume=0," COMMON,
        "--scan",
        "gap:atr_gap_up,freq=5min,min_atr_multiplier=0.5,min_volume=10000," COMMON,
        "--scan",
        "range:high_range_gap_up,n_days=5,min_volume=0," COMMON,
        "--scan",
        "down:atr_parabolic_down,freq=5min,new_extreme,min_atr_multiplier=0.05,min_volume="
        "1000," COMMON,
    };
    words_t self = {0};
    add (&self, TEST_BIN "/fastscanner");
    add (&self, plan->command);
    add (&self, "--data");
    add (&self, plan->data);
    add (&self, "--redis");
    add (&self, plan->url);
    add (&self, "--streams");
    add (&self, plan->streams);
    add (&self, "--state");
    own (&self, memory_format ("%s/%s.state", plan->directory, plan->name));
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        add (&self, fixed[i]);
    }
    if (plan->all_hits) {
        add (&self, "--all-hits");
    }
    if (plan->patient) {
        add (&self, "--candle-timeout");
        add (&self, "3600");
    }
    if (!plan->away) {
        add (&self, "--workers");
        add (&self, "2");
        add_sinks (&self, plan);
    }
    for (const char *const *more = plan->more; more && *more; more++) {
        add (&self, *more);
    }
    return self;
}

live_run_t *live_run_new (const live_plan_t *plan)
{
    live_run_t *self = memory_new (sizeof *self);
    self->plan = *plan;
    self->state = memory_format ("%s/%s.state", plan->directory, plan->name);
    self->stats = memory_format ("%s/stats.json", self->state);
    return self;
}

/* Keeps what a life said, and forgets it. */
static void bury (live_run_t *self)
{
    if (self->process) {
        spawn_wait (self->process, 0);
        buffer_printf (&self->log, "%s", spawn_err (self->process));
        spawn_destroy (&self->process);
    }
}

void live_run_destroy (live_run_t **self)
{
    if (*self) {
        bury (*self);
        buffer_free (&(*self)->log);
        buffer_free (&(*self)->text);
        free ((*self)->state);
        free ((*self)->stats);
        free (*self);
        *self = NULL;
    }
}

void live_run_start (live_run_t *self)
{
    words_t words = make_words (&self->plan);
    bury (self);
    self->process = spawn_start (words.words);
    words_free (&words);
}

spawn_t *live_run_process (const live_run_t *self)
{
    return self->process;
}

pid_t live_run_child (const live_run_t *self, stage_role_t role, size_t index)
{
    pid_t pids[16];
    size_t count = stage_children (spawn_pid (self->process), role, pids, 16);
    return index < count ? pids[index] : 0;
}

void live_run_kill (live_run_t *self)
{
    spawn_signal (self->process, SIGKILL);
    spawn_wait (self->process, LIVE_RUN_MS);
    bury (self);
}

int live_run_stop (live_run_t *self)
{
    spawn_signal (self->process, SIGTERM);
    int code = spawn_wait (self->process, LIVE_RUN_MS);
    bury (self);
    return code;
}

bool live_run_runs (live_run_t *self, int ms)
{
    return spawn_wait (self->process, ms) == SPAWN_RUNS;
}

/* ---- numbers */

static int64_t number_of (const json_t *json, const char *path)
{
    char *copy = memory_text (path), *rest = copy, *part;
    while ((part = strsep (&rest, "."))) {
        json = json_is_array (json) ? json_array_get (json, strtoul (part, NULL, 10))
                                    : json_object_get (json, part);
    }
    free (copy);
    return json_is_boolean (json)   ? json_is_true (json)
           : json_is_integer (json) ? json_integer_value (json)
                                    : -1;
}

int64_t live_run_number (const live_run_t *self, const char *name)
{
    json_t *json = json_load_file (self->stats, 0, NULL);
    int64_t number = number_of (json, name);
    json_decref (json);
    return number;
}

static bool is_so (const json_t *json, const char *what)
{
    bool so = true;
    char *copy = memory_text (what), *rest = copy, *part;
    while (so && (part = strsep (&rest, " "))) {
        size_t size = strcspn (part, "=<>");
        char operation = part[size];
        int64_t wanted = strtoll (part + size + 1, NULL, 10), number;
        part[size] = '\0';
        number = number_of (json, part);
        so = number >= 0 && (operation == '='   ? number == wanted
                             : operation == '<' ? number < wanted
                                                : number > wanted);
    }
    free (copy);
    return so;
}

static int64_t now_ms (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Each report is a file of its own. */
static ino_t report_of (const live_run_t *self, struct timespec *written)
{
    struct stat file = {0};
    stat (self->stats, &file);
    *written = file.st_mtim;
    return file.st_ino;
}

/* The next report, or NULL. */
static json_t *next_report (live_run_t *self, int64_t end_ms)
{
    struct timespec first, next;
    report_of (self, &first);
    do {
        if (now_ms () > end_ms || !live_run_runs (self, LOOK_MS)) {
            return NULL;
        }
        report_of (self, &next);
    } while (next.tv_sec == first.tv_sec && next.tv_nsec == first.tv_nsec);
    return json_load_file (self->stats, 0, NULL);
}

static bool wait_reports (live_run_t *self, const char *what, int times, int ms)
{
    int64_t end_ms = now_ms () + ms;
    for (int so = 0; so < times;) {
        json_t *json = next_report (self, end_ms);
        if (!json) {
            return false;
        }
        so = is_so (json, what) ? so + 1 : 0;
        json_decref (json);
    }
    return true;
}

bool live_run_wait (live_run_t *self, const char *what, int ms)
{
    return wait_reports (self, what, 1, ms);
}

bool live_run_settle (live_run_t *self, int ms)
{
    return wait_reports (self,
                         self->plan.away
                             ? "connected=1 caught_up=1 unattached=0 sinks_behind=0 "
                               "sinks_failing=0 collector_able=1"
                             : "connected=1 caught_up=1 unattached=0 workers.0.oldest_ms<500 "
                               "workers.1.oldest_ms<500 workers.0.live=1 workers.1.live=1 "
                               "sinks_behind=0 sinks_failing=0 collector_able=1",
                         2, ms);
}

/* ---- words */

const char *live_run_log (live_run_t *self)
{
    self->text.size = 0;
    *buffer_reserve (&self->text, 1) = '\0';
    buffer_printf (&self->text, "%.*s%s", (int) self->log.size,
                   self->log.size ? self->log.bytes : "",
                   self->process ? spawn_err (self->process) : "");
    return self->text.bytes;
}

bool live_run_says (live_run_t *self, const char *text, int ms)
{
    return spawn_wait_err (self->process, text, ms);
}

/* ---- what came of it */

int live_run_whole (live_run_t *self, buffer_t *why)
{
    live_run_start (self);
    int code = spawn_wait (self->process, LIVE_RUN_MS);
    if (code != 0) {
        buffer_printf (why, "%s: exit code %d\n%s", self->plan.name, code,
                       spawn_err (self->process));
    }
    bury (self);
    return code;
}

static const char *const place_names[] = {"csv", "jsonl", "db", "redis", "journal"};

static sink_rows_t *read_stream (const live_run_t *self)
{
    const char *url = self->plan.sink_url ? self->plan.sink_url : self->plan.url;
    redisContext *context = redisConnectUnix (url + strlen ("unix://"));
    if (!context || context->err) {
        fprintf (stderr, "live_run: cannot connect to %s\n", url);
        abort ();
    }
    char *stream = memory_format ("%s:hits", self->plan.name);
    sink_rows_t *rows = sink_rows_of_stream (context, stream);
    redisFree (context);
    free (stream);
    return rows;
}

sink_rows_t *live_run_rows (const live_run_t *self, live_place_t place)
{
    const live_plan_t *plan = &self->plan;
    if (place == LIVE_STREAM) {
        return read_stream (self);
    }
    char *path = place == LIVE_JOURNAL
                     ? memory_format ("%s/journal", self->state)
                     : memory_format ("%s/%s.%s", plan->directory, plan->name, place_names[place]);
    sink_rows_t *rows = place == LIVE_JOURNAL ? sink_rows_of_database (path, SINK_ROWS_OF_JOURNAL)
                        : place == LIVE_DATABASE ? sink_rows_of_database (path, SINK_ROWS_OF_SINK)
                                                 : sink_rows_of_file (path);
    free (path);
    return rows;
}

static size_t compare_place (const live_run_t *expected, const live_run_t *actual,
                             live_place_t place, const char *without, buffer_t *why)
{
    sink_rows_t *a = live_run_rows (expected, place), *b = live_run_rows (actual, place);
    buffer_t lines = {0};
    if (without) {
        sink_rows_drop (a, without);
        sink_rows_drop (b, without);
    }
    size_t found = sink_rows_compare (a, b, &lines);
    if (found > 0) {
        buffer_printf (why, "%s: %zu differences, %zu rows, expected %zu:\n%.*s",
                       place_names[place], found, sink_rows_count (b), sink_rows_count (a),
                       (int) lines.size, lines.bytes);
    }
    buffer_free (&lines);
    sink_rows_destroy (&a);
    sink_rows_destroy (&b);
    return found;
}

size_t live_run_compare (const live_run_t *expected, const live_run_t *actual, const char *without,
                         buffer_t *why)
{
    size_t found = 0;
    for (live_place_t place = 0; place < LIVE_PLACES; place++) {
        found += compare_place (expected, actual, place, without, why);
    }
    return found;
}

size_t live_run_hits (const live_run_t *self)
{
    sink_rows_t *rows = live_run_rows (self, LIVE_JOURNAL);
    size_t count = sink_rows_count (rows);
    sink_rows_destroy (&rows);
    return count;
}

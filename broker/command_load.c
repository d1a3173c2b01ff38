/* fastscanner load: how many candles a second the machine carries, and how fast. */
#include "bus_options.h"
#include "commands.h"
#include "load_report.h"
#include "log.h"
#include "redis.h"
#include "sink.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEEP_DAYS         36500 /* the candles' days are long past: their hits are to be kept */
#define CANDLE_TIMEOUT_MS 20000
#define DAY_TIMEOUT_MS    (6 * 3600 * 1000)

/* The user's scans, or the one whose hits can be counted. */
static int read_scans (load_run_t *self, const options_t *options)
{
    static const char *const own[] = {LOAD_SCAN};
    job_t *job = &self->live.job;
    self->own_scan = options_count (options, "scan") == 0;
    int rc = self->own_scan ? job_take_scans (job, own, 1, FREQUENCY_1MIN, true)
                            : job_read_scans (job, options);
    return rc ? rc : job_check_live (&job->run);
}

/* Without --out hits go no further than the journal. */
static int read_sinks (load_run_t *self, const options_t *options)
{
    char error[512];
    job_t *job = &self->live.job;
    job->sink_count = options_count (options, "out");
    job->sinks = memory_new ((job->sink_count + 1) * sizeof *job->sinks);
    for (size_t i = 0; i < job->sink_count; i++) {
        job->sinks[i] = options_item (options, "out", i);
    }
    sink_run_t run = {job->run.scans, job->run.scan_count};
    if (job->sink_count > 0 &&
        sink_check_all (job->sinks, job->sink_count, &run, SINK_LIVE, error, sizeof error) != 0) {
        log_error ("%s", error);
        return EXIT_USAGE;
    }
    self->live.config.sinks = job->sinks;
    self->live.config.sink_count = job->sink_count;
    return 0;
}

/* A journal of earlier candles would take ours for repeats. */
static int check_state (const options_t *options)
{
    const char *state = options_text (options, "state");
    char *journal = memory_format ("%s/journal", state ? state : "");
    bool is_used = state && access (journal, F_OK) == 0;
    free (journal);
    if (is_used) {
        log_error ("--state %s has a journal already: give a new directory", state);
    }
    return is_used ? EXIT_USAGE : 0;
}

static int check_redis (load_run_t *self, const options_t *options)
{
    char error[256];
    self->url = options_text (options, "redis");
    self->live.redis =
        (source_redis_config_t){.url = self->url,
                                .user = options_text (options, "redis-user"),
                                .password_file = options_text (options, "redis-password-file")};
    if (self->url && redis_check (self->url, error, sizeof error) != 0) {
        log_error ("--redis: %s", error);
        return EXIT_USAGE;
    }
    return 0;
}

static void read_numbers (load_run_t *self, const options_t *options)
{
    live_config_t *config = &self->live.config;
    self->count = (uint32_t) options_number (options, "count");
    self->seed = (uint64_t) options_number (options, "seed");
    self->rate = (uint64_t) options_number (options, "rate");
    self->seconds = options_number (options, "seconds");
    self->streams = (uint32_t) options_number (options, "stream-count");
    self->streams = self->streams < self->count ? self->streams : self->count;
    config->candle_timeout_ms = CANDLE_TIMEOUT_MS;
    config->day_timeout_ms = DAY_TIMEOUT_MS;
    config->drain_ms = options_number (options, "drain") * 1000;
    config->dead_after_ms = options_number (options, "dead-after") * 1000;
    config->keep_days = KEEP_DAYS;
    config->max_symbols = self->count;
    config->progress = options_text (options, "progress")[0] == 'a';
    config->locks = bus_options (options, KEYS_BROKER);
    config->log_level = options_text (options, "log-level");
    config->log_format = options_text (options, "log-format");
    config->redis_user = self->live.redis.user;
    config->redis_password_file = self->live.redis.password_file;
    config->state = options_text (options, "state");
    config->workers = job_workers (options);
}

/* ---- the report ---- */

static int write_file (const char *path, const buffer_t *bytes)
{
    FILE *file = fopen (path, "we");
    bool good = file && fwrite (bytes->bytes, 1, bytes->size, file) == bytes->size;
    good = file && fclose (file) == 0 && good;
    if (!good) {
        log_error ("--json %s: %s", path, strerror (errno));
    }
    return good ? 0 : EXIT_FAILED;
}

/* Opened before the run: what cannot be written is better said at once. */
static int check_json (const options_t *options)
{
    const char *path = options_text (options, "json");
    if (!path || strcmp (path, "-") == 0) {
        return 0;
    }
    FILE *file = fopen (path, "ae");
    if (!file) {
        log_error ("--json %s: %s", path, strerror (errno));
        return EXIT_USAGE;
    }
    fclose (file);
    return 0;
}

static int write_report (const load_run_t *run, const load_figures_t *figures, const char *json)
{
    buffer_t table = {0}, text = {0};
    int rc = 0;
    load_report_table (&table, run, figures);
    load_report_json (&text, run, figures);
    bool instead = json && strcmp (json, "-") == 0;
    if (json && !instead) {
        rc = write_file (json, &text);
    }
    const buffer_t *shown = instead ? &text : &table;
    fwrite (shown->bytes, 1, shown->size, stdout);
    buffer_free (&table);
    buffer_free (&text);
    return rc;
}

static int exit_code (const load_run_t *run, const load_figures_t *figures)
{
    const live_result_t *result = &run->result;
    bool ended_at_once = result->interrupted || (result->stopped && !run->begun);
    if (result->usage) {
        return EXIT_USAGE;
    }
    if (result->failed || (!ended_at_once && !load_figures_are_good (figures))) {
        return EXIT_FAILED;
    }
    return result->stopped || result->interrupted ? EXIT_INTERRUPTED : EXIT_DONE;
}

static int measure (load_run_t *run, const options_t *options)
{
    load_figures_t figures;
    if (load_run (run) != 0) {
        return EXIT_FAILED;
    }
    load_figures_find (&figures, run);
    int rc = exit_code (run, &figures);
    if (run->begun) {
        int written = write_report (run, &figures, options_text (options, "json"));
        rc = rc ? rc : written;
    }
    load_figures_free (&figures);
    return rc;
}

int command_load (const options_t *options)
{
    load_run_t *run = memory_new (sizeof *run);
    int rc = read_scans (run, options);
    rc = rc ? rc : read_sinks (run, options);
    rc = rc ? rc : check_state (options);
    rc = rc ? rc : check_redis (run, options);
    rc = rc ? rc : check_json (options);
    if (rc == 0) {
        read_numbers (run, options);
        rc = measure (run, options);
    }
    load_run_free (run);
    free (run);
    return rc;
}

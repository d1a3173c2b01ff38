/* fastscanner load: how much the machine carries. */
#include "commands.h"
#include "load_run.h"
#include "log.h"
#include "sink.h"

#include <stdio.h>
#include <stdlib.h>

#define KEEP_DAYS 36500 /* the candles' days are long past: their hits are to be kept */

/* The user's scans, or the one whose hits can be counted. */
static int read_scans (job_t *job, const options_t *options)
{
    static const char *const own[] = {LOAD_SCAN};
    int rc = options_count (options, "scan") > 0
                 ? job_read_scans (job, options)
                 : job_take_scans (job, own, 1, FREQUENCY_1MIN, true);
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

static void read_numbers (load_run_t *self, const options_t *options)
{
    live_config_t *config = &self->live.config;
    self->count = (uint32_t) options_number (options, "count");
    self->seed = (uint64_t) options_number (options, "seed");
    self->rate = (uint64_t) options_number (options, "rate");
    self->seconds = options_number (options, "seconds");
    self->streams = (uint32_t) options_number (options, "stream-count");
    self->streams = self->streams < self->count ? self->streams : self->count;
    config->candle_timeout_ms = 20000;
    config->day_timeout_ms = 6 * 3600 * 1000;
    config->drain_ms = options_number (options, "drain") * 1000;
    config->dead_after_ms = options_number (options, "dead-after") * 1000;
    config->keep_days = KEEP_DAYS;
    config->max_symbols = self->count;
    config->progress = options_text (options, "progress")[0] == 'a';
    config->log_level = options_text (options, "log-level");
    config->log_format = options_text (options, "log-format");
    config->state = options_text (options, "state");
    config->workers = job_workers (options);
}

int command_load (const options_t *options)
{
    load_run_t *run = memory_new (sizeof *run);
    int rc = read_scans (&run->live.job, options);
    rc = rc ? rc : read_sinks (run, options);
    if (rc == 0) {
        read_numbers (run, options);
        load_run (run);
        double seconds = (double) (run->end.at.us - run->begin.at.us) / 1e6;
        printf ("%.0f candles/s\n", (double) run->sent / seconds);
        rc = run->result.failed;
    }
    load_run_free (run);
    free (run);
    return rc;
}

#include "live_job.h"

#include "live_options.h"
#include "log.h"
#include "redis.h"
#include "sink.h"
#include "sink_path.h"
#include "sink_redis.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define REPLACED_S 60 /* until a broker that was replaced ends */
#define MINUTE_MS  60000

/* The sinks of --out; without any: a table on a terminal, else csv to stdout. */
static int read_sinks (live_job_t *self, const options_t *options)
{
    char error[512];
    job_t *job = &self->job;
    size_t given = options_count (options, "out");
    job->sink_count = given ? given : 1;
    job->sinks = memory_new (job->sink_count * sizeof *job->sinks);
    job->sinks[0] = isatty (STDOUT_FILENO) ? "table:" : "csv:-";
    for (size_t i = 0; i < given; i++) {
        job->sinks[i] = options_item (options, "out", i);
    }
    sink_run_t run = {job->run.scans, job->run.scan_count};
    if (sink_check_all (job->sinks, job->sink_count, &run, SINK_LIVE, error, sizeof error) != 0) {
        log_error ("%s", error);
        return EXIT_USAGE;
    }
    self->config.sinks = job->sinks;
    self->config.sink_count = job->sink_count;
    return 0;
}

static int read_since (live_job_t *self, const options_t *options)
{
    struct timespec now;
    clock_gettime (CLOCK_REALTIME, &now);
    int64_t now_ms = (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
    return live_since (options_text (options, "since"), now_ms, &self->config.since_ms) == 0
               ? 0
               : EXIT_USAGE;
}

static int read_redis (live_job_t *self, const options_t *options)
{
    char error[256];
    const char *url = options_text (options, "redis");
    self->redis =
        (source_redis_config_t){.url = url,
                                .user = options_text (options, "redis-user"),
                                .password_file = options_text (options, "redis-password-file"),
                                .streams = options_text (options, "streams")};
    if (url && redis_check (url, error, sizeof error) != 0) {
        log_error ("--redis: %s", error);
        return EXIT_USAGE;
    }
    return 0;
}

static int check_minutes (const options_t *options)
{
    const char *text = options_text (options, "minutes");
    sink_redis_place_t place = {0};
    char error[512];
    int rc = 0;
    if (text && strncmp (text, "redis:", 6) != 0) {
        snprintf (error, sizeof error, "'%s': give redis:URL?stream=NAME", text);
        rc = -1;
    } else if (text) {
        rc = sink_redis_read (text, &place, error, sizeof error);
        if (rc == 0 && sink_path_is_per_scan (place.stream)) {
            snprintf (error, sizeof error, "%s: name the stream: ?stream=minutes", text);
            rc = -1;
        }
        sink_redis_place_free (&place);
    }
    if (rc != 0) {
        log_error ("--minutes %s", error);
    }
    return rc == 0 ? 0 : EXIT_USAGE;
}

static void read_numbers (live_config_t *config, const options_t *options)
{
    config->candle_timeout_ms = options_number (options, "candle-timeout") * 1000;
    config->day_timeout_ms = options_number (options, "day-timeout") * 60 * MINUTE_MS;
    config->drain_ms = options_number (options, "drain") * 1000;
    config->dead_after_ms = options_number (options, "dead-after") * 1000;
    config->keep_days = options_number (options, "keep");
    config->max_symbols = (uint32_t) options_number (options, "max-symbols");
    config->incomplete_scan = options_text (options, "incomplete")[1] == 'c'; /* scan or skip */
    config->progress = options_text (options, "progress")[0] == 'a';
    config->log_level = options_text (options, "log-level");
    config->log_format = options_text (options, "log-format");
    config->redis_user = options_text (options, "redis-user");
    config->redis_password_file = options_text (options, "redis-password-file");
    config->minutes = options_text (options, "minutes");
    config->state = options_text (options, "state");
    config->workers = job_workers (options);
}

int live_job_open (live_job_t *self, const options_t *options)
{
    *self = (live_job_t){0};
    job_t *job = &self->job;
    const char *symbols = options_text (options, "symbols");
    int rc = job_read_scans (job, options);
    rc = rc ? rc : job_check_live (&job->run);
    rc = rc ? rc : live_listen (options, &self->config) == 0 ? 0 : EXIT_USAGE;
    rc = rc ? rc : job_read_cell (options, &self->config.cell);
    rc = rc ? rc : read_sinks (self, options);
    rc = rc ? rc : read_since (self, options);
    rc = rc ? rc : read_redis (self, options);
    rc = rc ? rc : check_minutes (options);
    if (rc) {
        return rc;
    }
    read_numbers (&self->config, options);
    job->market = market_open_live (options_text (options, "data"), symbols);
    if (!job->market) {
        return EXIT_USAGE;
    }
    self->config.only_listed = symbols != NULL;
    self->config.market = job->market;
    self->config.run = &job->run;
    self->config.argument = self;
    return 0;
}

void live_job_close (live_job_t *self)
{
    job_close (&self->job);
}

int live_job_open_redis (void *argument, source_t *source, flow_t *flow, entry_id_t begin)
{
    live_job_t *self = argument;
    char error[256];
    self->redis.begin = begin;
    if (source_redis_open (source, flow, &self->redis, error, sizeof error) != 0) {
        log_error ("%s", error);
        return -1;
    }
    return 0;
}

static int exit_code (const live_config_t *config, const live_result_t *result, bool strict)
{
    if (result->interrupted) {
        return EXIT_INTERRUPTED;
    }
    if (result->replaced) {
        return EXIT_REPLACED;
    }
    if (result->usage) {
        return EXIT_USAGE;
    }
    if (result->failed || result->flow.aside > 0) {
        return EXIT_FAILED;
    }
    if (config->is_replay && result->flow.candles == 0) {
        log_error ("nothing to scan: no candle was found");
        return EXIT_NOTHING;
    }
    return strict && result->rejected > 0 ? EXIT_STRICT : EXIT_DONE;
}

/* What starts us again at once would take over from the one that took over, and so on, all day: two brokers
 * are there where there should be one, which somebody has to put right. A signal ends the wait. */
static void back_off (void)
{
    const struct timespec pause = {.tv_sec = REPLACED_S};
    sigset_t signals;
    sigemptyset (&signals);
    sigaddset (&signals, SIGINT);
    sigaddset (&signals, SIGTERM);
    sigaddset (&signals, SIGHUP);
    pthread_sigmask (SIG_BLOCK, &signals, NULL);
    log_warning ("this broker ends in %d s: see that only one is started for its partition",
                 REPLACED_S);
    sigtimedwait (&signals, NULL, &pause);
}

int live_job_run (live_job_t *self, bool strict)
{
    live_result_t result;
    live_run (&self->config, &result);
    if (result.replaced && self->config.listen) {
        back_off ();
    }
    return exit_code (&self->config, &result, strict);
}

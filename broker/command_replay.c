/* fastscanner replay: past candles, of files or of streams, through the path of live. */
#include "commands.h"
#include "live_job.h"
#include "live_options.h"
#include "log.h"

static int open_files (void *argument, source_t *source, flow_t *flow, entry_id_t begin)
{
    live_job_t *self = argument;
    char error[256];
    (void) begin;
    if (source_files_open (source, flow, &self->files, error, sizeof error) != 0) {
        log_error ("%s", error);
        return -1;
    }
    return 0;
}

static int check (live_job_t *self, const options_t *options)
{
    double speed;
    if (live_speed (options_text (options, "speed"), &speed) != 0) {
        return EXIT_USAGE;
    }
    self->config.is_replay = true;
    self->redis.is_replay = true;
    self->redis.speed = self->files.speed = speed;
    self->config.open_source = live_job_open_redis;
    if (self->redis.url) {
        return 0;
    }
    self->files.market = self->job.market;
    self->config.open_source = open_files;
    return job_read_days (options, &self->files.from, &self->files.to);
}

int command_replay (const options_t *options)
{
    live_job_t job;
    int rc = live_job_open (&job, options);
    rc = rc ? rc : check (&job, options);
    rc = rc ? rc : live_job_run (&job, options_flag (options, "strict"));
    live_job_close (&job);
    return rc;
}

/* fastscanner live: scans Redis streams until told to stop. */
#include "commands.h"
#include "live_job.h"
#include "log.h"

static int check (live_job_t *self)
{
    if (!self->redis.url) {
        log_error ("--redis URL is required: redis://HOST:PORT/DB or unix:///PATH");
        return EXIT_USAGE;
    }
    self->config.open_source = live_job_open_redis;
    return 0;
}

int command_live (const options_t *options)
{
    live_job_t job;
    int rc = live_job_open (&job, options);
    rc = rc ? rc : check (&job);
    rc = rc ? rc : live_job_run (&job, false);
    live_job_close (&job);
    return rc;
}

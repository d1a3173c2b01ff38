/* live_job - what the user asked for in `live` or `replay`, checked; and the run of it. */
#ifndef LIVE_JOB_H
#define LIVE_JOB_H

#include "job.h"
#include "live.h"

typedef struct {
    job_t job;
    live_config_t config; /* but for its source */
    source_redis_config_t redis;
    source_files_config_t files;
} live_job_t;

/* Reads scans, sinks, market and everything that both commands take. 0, or an exit code with the error
 * logged. live_job_close in any case. */
int live_job_open (live_job_t *self, const options_t *options);
void live_job_close (live_job_t *self);

/* Runs it. The exit code; `strict`: 3 when anything was rejected. */
int live_job_run (live_job_t *self, bool strict);

/* The source that reads Redis, as live_config_t wants it; `argument` is the live_job_t. */
int live_job_open_redis (void *argument, source_t *source, flow_t *flow, entry_id_t begin);

#endif

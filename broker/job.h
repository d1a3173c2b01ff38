/* job - what the user asked for, checked: the market, the scans, the days, the sinks. What scan,
 * explain and check share. */
#ifndef JOB_H
#define JOB_H

#include "delivery.h"
#include "options.h"

/* Exit codes of every command. 1 beats 3 beats 0. */
enum {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_STRICT = 3,
    EXIT_NOTHING = 4,
    EXIT_REPLACED = 5,
    EXIT_INTERRUPTED = 130
};

typedef struct {
    run_t run;
    market_t *market;
    delivery_plan_t plan;
    size_t sink_count;
    const char **sinks; /* texts live with the options, or are constants */
    uint32_t workers;
} job_t;

/* Reads the scans of --scan into the run. 0 or EXIT_USAGE, with the error logged. */
int job_read_scans (job_t *self, const options_t *options);

/* The same of these texts. `frequency`: of scans that name none. */
int job_take_scans (job_t *self, const char *const *texts, size_t count, frequency_t frequency,
                    bool all_hits);

/* What a live run cannot scan: daily candles, and what looks back more than REFERENCE_LOOKBACK_MAX
 * days. 0, or EXIT_USAGE with the scan and the reason logged. */
int job_check_live (const run_t *run);

/* The whole of it, for `symbols` as market_open takes them and the days from..to. 0, or an exit
 * code with the error logged. job_close in any case. */
int job_open (job_t *self, const options_t *options, const char *symbols, day_t from, day_t to);
void job_close (job_t *self);

/* The days of --from and --to, and the sinks of --out, or without any: a
 * table on a terminal, else csv to stdout. */
/* --partition. */
int job_read_cell (const options_t *options, cell_t *cell);
int job_read_days (const options_t *options, day_t *from, day_t *to);
int job_read_sinks (job_t *self, const options_t *options);

/* --workers, or as many as there are cores. */
uint32_t job_workers (const options_t *options);

#endif

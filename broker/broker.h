/* broker - the loop of a batch run: it reads the market, feeds local workers, and watches over all
 * processes.
 *
 *      market files --> delivery --> message --> PUSH (one for each worker's life) --> worker
 *                          ^                                                             |
 *      batch (decides) <---+---- ROUTER: HELLO, WORKER_STATE, COLLECTOR_STATE <----------+-- collector
 *            |
 *            +--> start, serve, kill;   ROUTER: WELCOME, BROKER_STATE (run, finish | stop, exit)
 *
 * One loop: wait for a socket, a signal or a second to pass; take what came; then do all that
 * batch_next says. Sends never block. Signals are read from a signalfd: the first INT or TERM stops
 * the run in order, the second at once.
 */
#ifndef BROKER_H
#define BROKER_H

#include "delivery.h"
#include "stats.h"

typedef struct {
    delivery_plan_t plan;
    uint32_t workers;
    const char *const
        *sinks; /* as the collector takes them; none: explanations are wanted instead of hits */
    size_t sink_count;
    bool progress;                      /* may show progress on stderr */
    const char *log_level, *log_format; /* for the children */
    /* With plan.explain: takes what the worker says. */
    void (*explain) (void *argument, const wire_explain_t *item);
    void *argument;
} broker_config_t;

/* How a run ended. */
typedef struct {
    bool interrupted;
    bool failed; /* something that was logged: a sink, a collector, workers that do not start */
    uint64_t hits;
    wire_counts_t counts;
    size_t aside_count; /* symbols set aside, by index; the caller frees `aside` */
    uint32_t *aside;
    uint32_t units_done, units; /* finished, not void; of the whole run */
    uint64_t refused;           /* messages between our processes that were no valid ones */
    stats_t stats;              /* closed */
    int64_t wall_us;
} broker_result_t;

/* Runs to the end. From here on signals are blocked and read from a signalfd (process_signals). */
void broker_run (const broker_config_t *config, broker_result_t *result);

#endif

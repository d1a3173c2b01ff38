/* collector - takes the workers' hits and writes each once, in order: the collector process's loop.
 *
 *      workers ==PUSH==> PULL  link_take (one a worker) --> ledger (one attempt of each unit) --in order--> sinks
 *                                                             |
 *      broker <-- DEALER: COLLECTOR_STATE (released, held, links, counts), at each change and every second
 *      broker --> BROKER_STATE: run, finish (make the result whole), stop (keep the part), exit
 *
 * It never stops taking: what is held is bounded by what the broker lets start.
 */
#ifndef COLLECTOR_H
#define COLLECTOR_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    const char *broker; /* the broker's control endpoint */
    const char *listen; /* where hits are PULLed */
    const char *name;
    uint64_t incarnation;
    const char *const *sinks; /* as sink_open takes them */
    size_t sink_count;
} collector_config_t;

/* Runs until the broker's word, or SIGINT or SIGTERM (a local child ignores them). From here on
 * signals are blocked and read from a signalfd (process_signals). The exit code: 0, or 1 when a sink
 * failed. */
int collector_run (const collector_config_t *config);

#endif

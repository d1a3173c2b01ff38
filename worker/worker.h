/* worker - pure computation between two sockets: the worker process's loop.
 *
 *      broker  ==PUSH==>  PULL  what the welcome asked for:                   outbox  ==PUSH==>  collector
 *         ^                      batch: link_take --> unit_file, unit_ready ----^
 *         |                      live: live_worker_take --> desk ---------------+
 *         +---- DEALER: WORKER_STATE or LIVE_WORKER (session, last n, consumed, blocked, ...), at changes and
 *               every second
 *
 * It opens no file of the data directory and no Redis. While the collector cannot take what it has,
 * it takes nothing either, says so, and goes on with its states.
 */
#ifndef WORKER_H
#define WORKER_H

#include "bus.h"

#include <stdint.h>

typedef struct {
    const char *broker;   /* the broker's control endpoint */
    const char *name;     /* stable over restarts */
    uint64_t incarnation; /* this life's number, from who started it */
    bus_config_t locks;   /* for tcp */
    const char *http;     /* where it says how it is (pulse.h); NULL: nowhere */
} worker_config_t;

/* Runs until the broker's word, or SIGINT or SIGTERM (a local child ignores them). From here on
 * signals are blocked and read from a signalfd (process_signals). The exit code. */
int worker_run (const worker_config_t *config);

#endif

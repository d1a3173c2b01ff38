/* collector - takes the workers' hits and writes each once: the collector process's loop. The broker's
 * welcome says of which kind the run is.
 *
 * A batch (collector_batch.c): in order.
 *
 *      workers ==PUSH==> PULL  link_take (one a worker) --> ledger (one attempt of each unit) --in order--> sinks
 *                                                             |
 *      broker <-- DEALER: COLLECTOR_STATE (released, held, links, counts), at each change and every second
 *      broker --> BROKER_STATE: run, finish (make the result whole), stop (keep the part), exit
 *
 * It never stops taking: what is held is bounded by what the broker lets start.
 *
 * Live (collector_live.c): as they come, into the journal; what sinks get is there already.
 *
 *      workers ==PUSH==> PULL  commits_take --> commits_write --> journal --synced rows--> followers, one a sink
 *                                   |                               |
 *      broker <-- DEALER: LIVE_COLLECTOR (epoch, committed of shards), KNOWN (places)
 *      broker --> LIVE_WELCOME (epoch, please), PLACES (floors), LIVE_BROKER: run, stop, exit
 *
 * While the journal cannot be written it takes nothing, and says so.
 *
 * Where the market is cut in partitions, each has a broker of its own, and all have one collector: a control link to
 * each, a term in the journal for each (commits.h), states to each of its part alone.
 */
#ifndef COLLECTOR_H
#define COLLECTOR_H

#include "bus.h"

#include <stddef.h>
#include <stdint.h>

typedef struct {
    const char *const *brokers; /* the brokers' control endpoints: one for each partition */
    size_t broker_count;        /* 1 to MEMBER_JOIN_MAX */
    const char *listen;         /* where hits are PULLed */
    const char *advertise;      /* the same as workers are to dial it; NULL: `listen` */
    const char *name;
    uint64_t incarnation;
    bus_config_t locks;       /* for tcp */
    const char *http;         /* where it says how it is (pulse.h); NULL: nowhere */
    const char *const *sinks; /* as sink_open and follower_open take them */
    size_t sink_count;
    /* of a live run */
    const char *state; /* the journal's directory */
    long keep_days;    /* hits of closed dates that every sink has are kept so long */
    const char *redis_user, *redis_password_file; /* of redis: sinks; NULL: none */
} collector_config_t;

/* Runs until the broker's word, or SIGINT or SIGTERM (a local child ignores them). From here on
 * signals are blocked and read from a signalfd (process_signals). The exit code: 0; 1 when a sink
 * failed, or the journal cannot be opened; 2 when the user must choose another sink. */
int collector_run (const collector_config_t *config);

#endif

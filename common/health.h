/* health - what a process says of itself: whether its loop turns, and whether it can do its work, or why not.
 *
 *      loop --health_turned, health_say--> two atomics --health_is_alive, health_is_ready--> who asks, in any thread
 *
 * The loop only stores. A loop that stands still says nothing any more, and so it is neither alive nor ready,
 * whatever it said last.
 */
#ifndef HEALTH_H
#define HEALTH_H

#include "clock.h"
#include "memory.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* A loop that has not turned for so long is taken for dead. */
#define HEALTH_ALIVE_MS 10000
/* Processes tell each other their states once a second at least: one that was not heard for so long is silent. */
#define HEALTH_SILENT_MS 5000

typedef enum {
    HEALTH_READY,
    HEALTH_STARTING, /* before the first turn */
    HEALTH_DRAINING, /* it was told to stop, and finishes what it has */
    HEALTH_NO_BROKER,
    HEALTH_BROKER_SILENT,
    HEALTH_BROKERS_MISSING, /* `count` of several: not there yet, or silent */
    HEALTH_NO_COLLECTOR,
    HEALTH_COLLECTOR_SILENT,
    HEALTH_NO_WORKER,
    HEALTH_NO_SOURCE,   /* nothing is read yet */
    HEALTH_SOURCE_AWAY, /* it is not connected */
    HEALTH_BEHIND,      /* what comes is not read as fast as it comes */
    HEALTH_READ_AGAIN,  /* `count` symbols */
    HEALTH_NO_JOURNAL,  /* it cannot be written now */
    HEALTH_SINKS_FAIL,  /* `count` of them */
    HEALTH_SINK_BEHIND, /* by `count` rows */
    HEALTH_REASONS
} health_reason_t;

typedef struct {
    health_reason_t reason;
    uint32_t count; /* of what the reason speaks of; else 0 */
} health_state_t;

typedef struct {
    _Atomic int64_t turned_us;
    _Atomic uint64_t said; /* reason and count, in one store */
} health_t;

/* A count as states have it: what does not fit is as large as can be. */
uint32_t health_count (uint64_t count);

/* Starting, and as good as turned. */
void health_init (health_t *self, mono_t now);

/* For the loop alone: neither waits for anybody. */
void health_turned (health_t *self, mono_t now);
void health_say (health_t *self, health_state_t state);

/* Both append one line without its LF to `text` (NULL: none): "ok", or why not. */
bool health_is_alive (const health_t *self, mono_t now, buffer_t *text);
bool health_is_ready (const health_t *self, mono_t now, buffer_t *text);

/* The state in words: "ok", "no worker yet", "symbols are read again: 12". */
void health_put (health_state_t state, buffer_t *text);

#endif

/* live_worker - a worker in a live run, without its sockets: link, desk, outbox.
 *
 *     bytes --> live_worker_take: LINK --link_take--> desk --> outbox --> live_worker_next: bytes
 *
 * The process's loop (worker.c) moves the bytes; the simulator in tests/ moves them over links that
 * lose and stop.
 */
#ifndef LIVE_WORKER_H
#define LIVE_WORKER_H

#include "desk.h"

typedef struct live_worker live_worker_t;

/* NULL with the error logged when the welcome's scans are not understood. */
live_worker_t *live_worker_new (const wire_live_welcome_t *welcome);
void live_worker_destroy (live_worker_t **self);

/* Takes a data message. False when it is no valid one: it is counted and dropped, and when it was of
 * our session the link has a gap. */
bool live_worker_take (live_worker_t *self, const char *bytes, size_t size);

/* The broker's state. Older ones (by serial) are ignored. */
void live_worker_hear (live_worker_t *self, const wire_live_broker_t *state);

/* What is to be sent to the collector. */
outbox_t *live_worker_outbox (live_worker_t *self);

/* The next STATE (control) that the broker asked for; the caller's. False: there is none. */
bool live_worker_next_state (live_worker_t *self, buffer_t *message);

/* Fills our state; what it points to lives until the next call of any function here. `blocked`: the
 * collector takes nothing. CPU and memory are the caller's to fill. */
void live_worker_state (live_worker_t *self, bool blocked, wire_live_worker_t *state);

#endif

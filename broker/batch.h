/* batch - the broker's decisions in a batch run: who gets which unit, how much may be under way,
 * what a death means.
 *
 * Plain functions of state and message: no socket, no file, no clock, no process. The loop
 * (broker.c) tells what happened and does what batch_next says; a test drives this module through
 * any history.
 *
 *      unit u = symbol u / ranges, range u % ranges                       (symbol order, then time)
 *
 *      WAITING --start--> RUNNING (worker, attempt) --collector: released or held--> FINISHED
 *         ^                  |
 *         |                  +-- its worker was lost --> WAITING, suspect: runs alone, attempt + 1
 *         |                                                |
 *         +------------------------------------------------+-- killed two workers alone --> VOID, the whole symbol
 *
 * Bounds. Only BATCH_AHEAD units from the oldest unfinished on exist here at all: no unit starts
 * further ahead. None but the oldest starts while the collector holds more than BATCH_HELD_BYTES. A
 * worker's window is bytes sent and not consumed; within it a worker is given needs first, then new
 * units; the oldest unfinished unit is served whatever the window says, so nothing locks.
 *
 * Suspects. After a death the units that were in the worker are run again, each alone in a worker,
 * before any other unit starts. Alone is: everything that the worker was sent before is consumed. A
 * unit that was alone in two workers that died takes its symbol out of the run.
 *
 * Standing still. A worker whose links have something outstanding is ended when nothing of it moves
 * for BATCH_STILL_MS. Time does not count in which the worker was blocked, it was our turn, the
 * collector was silent or not able, or we did not run ourselves.
 */
#ifndef BATCH_H
#define BATCH_H

#include "wire.h"

#define BATCH_AHEAD      256
#define BATCH_HELD_BYTES (16u << 20)
/* a link with something outstanding that stands still so long has lost something */
#define BATCH_STILL_MS 10000
/* who says nothing for so long, though every second was promised, is not there */
#define BATCH_SILENT_MS 3000
/* lives of a worker in a row that ended before it could work: it is no use to start it again */
#define BATCH_EARLY_DEATHS 3

typedef struct batch batch_t;

/* `window` bytes for each worker. `now_ms` here and below: any clock that rises evenly. */
batch_t *batch_new (uint32_t symbols, uint32_t ranges, uint32_t workers, uint64_t window);
void batch_destroy (batch_t **self);

uint32_t batch_units (const batch_t *self);
/* Units that are finished or void, and the oldest that is neither (batch_units () when there is
 * none). */
uint32_t batch_finished (const batch_t *self);
/* How many of the finished are void. */
uint32_t batch_void_count (const batch_t *self);
uint32_t batch_oldest (const batch_t *self);

/* ---- what happened ---- */

/* A new life of worker `w` (< workers) is ready for data, in `session`. */
void batch_joined (batch_t *self, uint32_t w, session_t session, uint64_t now_ms);

/* The worker's process ended, or is to be ended. Its units become suspects. Once for each life. */
void batch_lost (batch_t *self, uint32_t w);

/* Its state. States of another session than its life's are ignored; so are needs for attempts that
 * ended. Until its first message a worker has no session: there is nothing to hear of it. */
void batch_worker_state (batch_t *self, uint32_t w, const wire_worker_state_t *state,
                         uint64_t now_ms);

/* The collector's. It knows a worker's link by the worker's number, w. */
void batch_collector_state (batch_t *self, const wire_collector_state_t *state, uint64_t now_ms);

/* `bytes` were sent to the worker, as message `n` of its session. */
void batch_sent (batch_t *self, uint32_t w, uint64_t bytes, uint64_t n, uint64_t now_ms);

/* The delivery that batch_next gave for the worker is whole on its way: the worker can be given
 * another. */
void batch_delivered (batch_t *self, uint32_t w);

/* Ctrl-C: no unit starts any more. */
void batch_stop (batch_t *self);

/* ---- what to do ---- */

typedef enum {
    BATCH_WAIT,  /* nothing now */
    BATCH_START, /* deliver the unit's daily files to the worker */
    BATCH_SERVE, /* deliver the partitions that the unit needs */
    BATCH_KILL /* end the worker's process (then batch_lost): its link has a gap or stands still */
} batch_action_t;

typedef struct {
    batch_action_t action;
    uint32_t worker;
    uint32_t unit, attempt;
    uint32_t partition_count; /* of BATCH_SERVE; lives until batch_delivered or batch_lost */
    const partition_t *partitions;
    const char *why; /* of BATCH_KILL */
} batch_step_t;

/* The next thing to do; call until BATCH_WAIT. */
batch_step_t batch_next (batch_t *self, uint64_t now_ms);

/* Does the unit still run in the worker? If not, its delivery is to be dropped (and batch_delivered
 * called). */
bool batch_wants (const batch_t *self, uint32_t w, uint32_t unit);

/* May the worker be sent the next message of the delivery of `unit`, which it wants? */
bool batch_may_send (const batch_t *self, uint32_t w, uint32_t unit);

/* Every unit is finished or void. */
bool batch_done (const batch_t *self);

/* Did the worker die so often before it joined that it is not to be started again? Did all? */
bool batch_gave_up (const batch_t *self, uint32_t w);
bool batch_hopeless (const batch_t *self);

/* Units of symbols set aside that the collector has not passed yet: the first of them, in order.
 * `voids` has BATCH_AHEAD places. */
size_t batch_voids (const batch_t *self, uint32_t *voids);

/* Symbols set aside, in the order it happened. */
size_t batch_aside_count (const batch_t *self);
uint32_t batch_aside (const batch_t *self, size_t index);

#endif

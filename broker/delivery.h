/* delivery - the files of a unit on their way to a worker: read raw, straight into messages.
 *
 *     UNIT, daily partitions, fundamentals, READY        delivery_start: range plus lookback
 *     partitions                                         delivery_serve: what the worker asked for
 *
 * Reading is the broker's, parsing the workers'. A file goes in chunks of WIRE_CHUNK at most. Small
 * files are read with open, fstat, read, close: mapping them is twice as slow, and nothing is kept.
 */
#ifndef DELIVERY_H
#define DELIVERY_H

#include "market.h"
#include "run.h"

/* What all deliveries of a run have in common. */
typedef struct {
    const market_t *market;
    const run_t *run;
    day_t from, to;  /* the run's days */
    uint32_t ranges; /* units of a symbol: delivery_ranges */
    bool explain;
    int64_t when;
} delivery_plan_t;

/* How many units the days from..to of a symbol are. A unit is a calendar quarter, which bounds what
 * of it is in memory; of a run that reads daily files alone, a year as they are: in quarters each
 * file would be read, sent and parsed four times (10,000 symbols of a year: 2.05 s of CPU time for
 * 1.15 s). */
uint32_t delivery_ranges (const run_t *run, day_t from, day_t to);

typedef struct {
    const delivery_plan_t *plan; /* NULL: nothing is being delivered */
    uint32_t unit, attempt;
    uint32_t count, next;          /* files, and the one that is sent or to be sent next */
    const partition_t *partitions; /* of a served need; NULL for a start */
    day_t first_key;               /* of a start: the first daily partition */
    bool start;
    int file;            /* the open one, or -1 */
    size_t left;         /* its bytes not read yet */
    uint64_t read_bytes; /* of all files, for statistics */
} delivery_t;

/* Starts a unit: its header is put into the message at once. */
void delivery_start (delivery_t *self, const delivery_plan_t *plan, uint32_t unit, uint32_t attempt,
                     buffer_t *message);

/* Serves a need; the partitions must live until it is whole or dropped. */
void delivery_serve (delivery_t *self, const delivery_plan_t *plan, uint32_t unit, uint32_t attempt,
                     const partition_t *partitions, uint32_t count);

/* Puts files into the message until it has `size` bytes or more, or all are in: then true. */
bool delivery_fill (delivery_t *self, buffer_t *message, size_t size);

/* Drops what is left. */
void delivery_drop (delivery_t *self);

#endif

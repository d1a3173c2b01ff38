/* unit - one unit of work in a worker: a symbol and a range of days, from its first file to its
 * last hit.
 *
 *     UNIT, FILE (daily, fundamentals)* READY --> every day through the gates --> needs (partitions of days that passed)
 *     FILE (partition)* --> candles --> each day whose partitions are there, in order --> HIT* --> DONE
 *
 * What it makes goes into an outbox; it knows no socket. Partitions are dropped when the last day
 * that reads them is scanned. A row is counted once: by the unit whose days its date belongs to; a
 * symbol's first unit counts what lies before its days too, the last one what lies after.
 */
#ifndef UNIT_H
#define UNIT_H

#include "outbox.h"
#include "run.h"

#define UNIT_DAYS_MAX 366 /* of its range: a calendar year */

/* Where CPU time went, in nanoseconds. */
typedef struct {
    int64_t parse_ns, scan_ns;
} unit_times_t;

typedef struct unit unit_t;

/* `run` and `calendar` must live longer. */
unit_t *unit_new (const run_t *run, const calendar_t *calendar, const wire_unit_t *order);
void unit_destroy (unit_t **self);

uint32_t unit_id (const unit_t *self);
uint32_t unit_attempt (const unit_t *self);

/* Takes bytes of a file; days that become ready are scanned. */
void unit_file (unit_t *self, const wire_file_t *file, outbox_t *out, unit_times_t *times);

/* Daily candles and fundamentals are there: gates, and scans what needs no more. */
void unit_ready (unit_t *self, outbox_t *out, unit_times_t *times);

/* What it waits for and has not begun to receive; 0 when nothing. */
uint32_t unit_needs (const unit_t *self, const partition_t **partitions);

/* DONE was put into the outbox. */
bool unit_is_done (const unit_t *self);

#endif

/* unit_inside - what the parts of a unit share: unit.c (its way, and scanning a day), unit_files.c
 * (what comes), unit_parts.c (which partitions, and the rows of a day) and unit_explain.c. For them
 * alone.
 */
#ifndef UNIT_INSIDE_H
#define UNIT_INSIDE_H

#include "csv.h"
#include "rules.h"
#include "unit.h"

/* A day whose gate lets scans through: bit i of `scans` is the run's scan i. */
typedef struct {
    day_t day;
    uint64_t scans;
} planned_t;

/* A partition that planned days read. */
typedef struct {
    partition_t partition;
    day_t last_use; /* dropped when this day is scanned */
    bool whole;
    candles_t candles;
} part_t;

/* What a scan keeps for itself. */
typedef struct {
    rule_state_t state;
    double *lows;
} scanning_t;

struct unit {
    const run_t *run;
    const calendar_t *calendar;
    wire_unit_t order; /* its splits are not kept: daily has them */
    daily_t *daily;
    buffer_t fundamentals; /* the JSON text as it comes */
    csv_t *csv;
    bool reading;            /* a file's candles are coming */
    partition_t current;     /* which file's */
    size_t received;         /* its bytes so far, or those of the fundamentals */
    size_t notes_before;     /* it came */
    part_t *target;          /* whose; NULL: daily */
    candles_t incoming;      /* rows of the file that is being read */
    day_t daily_next;        /* daily partitions come in order: no older one is taken any more */
    bool fundamentals_whole; /* they came, or cannot be read */
    size_t planned_count, planned_next;
    planned_t *planned;
    size_t part_count, part_next; /* part_next: the first that has not begun to come */
    part_t *parts;                /* in order of first date, then frequency */
    partition_t *wanted;          /* the same, as needs go out */
    scanning_t *scanning;         /* one for each scan of the run */
    candles_t built;              /* a day's candles of a frequency built from 1min */
    size_t minute_capacity;
    int *minutes; /* of the day's candles that are being scanned: their local minutes */
    size_t hit_count, hit_capacity;
    hit_t *hits; /* of the day that is being scanned */
    wire_counts_t counts;
    size_t note_count;
    char notes[WIRE_NOTES_MAX][WIRE_NOTE_MAX + 1];
    bool gated, done;
    const wire_file_t *file; /* the one being taken, for notes */
};

/* ---- unit.c ---- */

/* Scans the planned days whose partitions are there, in order, and ends the unit when that was all.
 */
void unit_advance (unit_t *self, outbox_t *out);

/* ---- unit_parts.c ---- */

/* The scans of the run, as bits, that read the day before in 1-minute candles. */
uint64_t unit_allday_scans (const run_t *run);

/* Finds out which partitions the planned days read, and wants them. */
void unit_plan_parts (unit_t *self);

/* The part that a partition is; NULL when nobody asked for it. */
part_t *unit_find_part (unit_t *self, const partition_t *partition);

/* Are the partitions that the day reads there? */
bool unit_is_there (unit_t *self, const planned_t *planned);

/* Frees the partitions that no planned day after `scanned` reads. */
void unit_drop_parts (unit_t *self, day_t scanned);

/* The day's candles of the run's i-th frequency, built from 1min where the symbol has no folder of
 * it; they live until the next call. */
const candle_t *unit_day_candles (unit_t *self, size_t i, day_t day, size_t *count);

/* prev_allday: the last close and the highest high of the trading day before, every session, with
 * the splits known on the day; NAN when there is no candle. */
void unit_previous_allday (unit_t *self, day_t day, double *close, double *high);

/* ---- unit_explain.c ---- */

/* Every condition of every scan's gate and rule, for the day that `daily` is set to. */
void unit_explain_day (unit_t *self, day_t day, outbox_t *out);

#endif

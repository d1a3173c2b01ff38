/* targets - the only list of what `scripts/bench` measures: each figure, what it is held against, and what
 * is to be reached. */
#ifndef TARGETS_H
#define TARGETS_H

#include "samples.h"

#define TARGET_OTHERS 2

/* REPORTED has no bound. CORES_4: a bound on 4 cores or more, reported on fewer. */
typedef enum { AT_MOST, AT_LEAST, AT_LEAST_CORES_4, REPORTED } sense_t;

typedef struct {
    const char *row, *figure, *unit;
    measure_t ours, others[TARGET_OTHERS]; /* the best of those there are counts */
    sense_t sense;
    double bound; /* of ours, or with others, of the ratio */
} target_t;

/* All, in the order of the table; ends with one without a row. */
extern const target_t targets[];

#endif

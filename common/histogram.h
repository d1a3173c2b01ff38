/* histogram - how long things took: a log-linear histogram of microseconds.
 *
 *     0 1 2 ... 31 | 32 33 ... 63 | 64 66 ... 126 | 128 132 ...      each octave in 32 buckets
 *
 * A bucket is at most 1/32 (3.1 %) as wide as what it holds; what is below 64 us is exact. Its size is
 * fixed, so it can be a part of any state, and to record costs a count of leading zeros and two
 * additions. It has no range to choose: from 0 to 19 hours; what is longer is in the last bucket.
 * The longest is kept exactly.
 *
 * A value; all zero is empty. */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include "memory.h"

#include <stdbool.h>
#include <stdint.h>

#define HISTOGRAM_BUCKETS 1024
/* The highest count of one bucket, so that sums of all do not overflow: what comes on top is not
 * counted. */
#define HISTOGRAM_COUNT_MAX (UINT64_C (1) << 50)

typedef struct {
    uint64_t max_us;
    uint64_t counts[HISTOGRAM_BUCKETS];
} histogram_t;

/* Adds `weight` things that took `us`; less than 0 (a clock that was set) is taken as 0. */
void histogram_record (histogram_t *self, int64_t us, uint64_t weight);

/* Adds all that `other` has. */
void histogram_merge (histogram_t *self, const histogram_t *other);

uint64_t histogram_count (const histogram_t *self);

/* What `part` (0 to 1) of all did not exceed: the upper end of the bucket, so never less than the true
 * value and at most 3.1 % more. 0 when it is empty; the longest for 1. */
uint64_t histogram_quantile (const histogram_t *self, double part);

/* The parts that people are told, in their order. */
typedef struct {
    const char *title, *name; /* "p99.9", "p999" */
    double part;
} histogram_part_t;

#define HISTOGRAM_PARTS 5
extern const histogram_part_t histogram_parts[HISTOGRAM_PARTS];

/* The sparse form, for the wire: nothing when it is empty, else the longest (8 bytes) and for each
 * bucket that has something, in their order, its index (2 bytes) and count (8 bytes), little endian.
 * The longest lies in the last of them. */
void histogram_put (const histogram_t *self, buffer_t *bytes);

/* Are the bytes what histogram_put writes? They may come from anywhere. */
bool histogram_is_valid (const char *bytes, size_t size);

/* Adds what the bytes have; false, and nothing is added, when they are not valid. */
bool histogram_add (histogram_t *self, const char *bytes, size_t size);

#endif

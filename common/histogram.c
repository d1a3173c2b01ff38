#include "histogram.h"

#include <string.h>

#define BITS         5 /* buckets of an octave: 2^5 */
#define PARTS        (1u << BITS)
#define HEAD_BYTES   8
#define RECORD_BYTES 10

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the sparse form is little endian");

const histogram_part_t histogram_parts[HISTOGRAM_PARTS] = {{"p50", "p50", 0.5},
                                                           {"p90", "p90", 0.9},
                                                           {"p99", "p99", 0.99},
                                                           {"p99.9", "p999", 0.999},
                                                           {"max", "max", 1}};

/* Below 2^5 each value has its bucket; above, the five bits behind the highest say which. */
static unsigned bucket_of (uint64_t us)
{
    if (us < PARTS) {
        return (unsigned) us;
    }
    unsigned high = 63 - (unsigned) __builtin_clzll (us);
    unsigned bucket = (high - BITS + 1) * PARTS + (unsigned) (us >> (high - BITS)) - PARTS;
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

/* The longest that lies in it. */
static uint64_t end_of (unsigned bucket)
{
    if (bucket < PARTS) {
        return bucket;
    }
    unsigned shift = bucket / PARTS - 1;
    return ((uint64_t) (PARTS + bucket % PARTS + 1) << shift) - 1;
}

static void add (histogram_t *self, unsigned bucket, uint64_t weight)
{
    uint64_t room = HISTOGRAM_COUNT_MAX - self->counts[bucket];
    self->counts[bucket] += weight < room ? weight : room;
}

void histogram_record (histogram_t *self, int64_t us, uint64_t weight)
{
    uint64_t taken = us > 0 ? (uint64_t) us : 0;
    if (weight > 0) {
        add (self, bucket_of (taken), weight);
        self->max_us = taken > self->max_us ? taken : self->max_us;
    }
}

void histogram_merge (histogram_t *self, const histogram_t *other)
{
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        add (self, i, other->counts[i]);
    }
    self->max_us = other->max_us > self->max_us ? other->max_us : self->max_us;
}

uint64_t histogram_count (const histogram_t *self)
{
    uint64_t count = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        count += self->counts[i];
    }
    return count;
}

uint64_t histogram_quantile (const histogram_t *self, double part)
{
    double wanted = part * (double) histogram_count (self);
    uint64_t seen = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += self->counts[i];
        if (self->counts[i] > 0 && (double) seen >= wanted && i < HISTOGRAM_BUCKETS - 1) {
            return end_of (i) < self->max_us ? end_of (i) : self->max_us;
        }
    }
    return self->max_us; /* the last bucket has no end */
}

/* ---- the sparse form ---- */

void histogram_put (const histogram_t *self, buffer_t *bytes)
{
    bool any = false;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        if (self->counts[i] > 0) {
            if (!any) {
                buffer_append (bytes, &self->max_us, HEAD_BYTES);
            }
            any = true;
            buffer_append (bytes, &(uint16_t){(uint16_t) i}, 2);
            buffer_append (bytes, &self->counts[i], 8);
        }
    }
}

static void read_record (const char *bytes, size_t at, uint16_t *bucket, uint64_t *count)
{
    memcpy (bucket, bytes + at, sizeof *bucket);
    memcpy (count, bytes + at + sizeof *bucket, sizeof *count);
}

bool histogram_is_valid (const char *bytes, size_t size)
{
    if (size == 0) {
        return true;
    }
    if (size < HEAD_BYTES + RECORD_BYTES || (size - HEAD_BYTES) % RECORD_BYTES != 0) {
        return false;
    }
    uint64_t max_us, count;
    uint16_t bucket;
    int last = -1;
    memcpy (&max_us, bytes, HEAD_BYTES);
    for (size_t at = HEAD_BYTES; at < size; at += RECORD_BYTES) {
        read_record (bytes, at, &bucket, &count);
        if (bucket <= last || bucket >= HISTOGRAM_BUCKETS || count == 0 ||
            count > HISTOGRAM_COUNT_MAX) {
            return false;
        }
        last = bucket;
    }
    return max_us <= INT64_MAX && bucket_of (max_us) == (unsigned) last;
}

bool histogram_add (histogram_t *self, const char *bytes, size_t size)
{
    if (!histogram_is_valid (bytes, size)) {
        return false;
    }
    if (size == 0) {
        return true;
    }
    uint64_t max_us = 0, count;
    uint16_t bucket;
    for (size_t at = HEAD_BYTES; at < size; at += RECORD_BYTES) {
        read_record (bytes, at, &bucket, &count);
        add (self, bucket, count);
    }
    memcpy (&max_us, bytes, HEAD_BYTES);
    self->max_us = max_us > self->max_us ? max_us : self->max_us;
    return true;
}

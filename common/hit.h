/* hit - what a scan found: a candle and the scanner's columns. */
#ifndef HIT_H
#define HIT_H

#include "candle.h"
#include "scan.h"

/* A value. Missing columns are NAN. */
typedef struct {
    uint32_t scan;   /* index of its scan in the run's list */
    int64_t ts;      /* candle start; for 1d scanners D at 00:00 local */
    candle_t candle; /* for 1d scanners that of back (D, 1) */
    int value_count; /* == the scan's column_count */
    double values[SCAN_COLUMNS_MAX];
} hit_t;

/* Order of hits of one symbol: time, then scan. For qsort. */
int hit_compare (const void *a, const void *b);

#endif

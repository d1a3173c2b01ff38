/* run - what one run scans: its scans, and what follows from them. The same in broker, worker and
 * collector. */
#ifndef RUN_H
#define RUN_H

#include "calendar.h"
#include "scan.h"

typedef struct {
    size_t scan_count;
    scan_t scans[SCANS_MAX];
    bool all_hits;
    int lookback; /* trading days before a day that its daily indicators reach back, the longest of all scans */
    /* The distinct intraday frequencies of the scans, in the scans' order; each scan's index in it,
     * -1 for 1d. A 1d scan that reads the day before in 1-minute candles adds none: it reads 1min
     * partitions. */
    size_t frequency_count;
    frequency_t frequencies[SCANS_MAX];
    int frequency_of[SCANS_MAX];
    bool reads_minutes; /* some scan reads more than daily files */
} run_t;

/* Takes parsed scans (copied). 0, or -1 with a line in `error`: no scan, more than SCANS_MAX, an id
 * twice. */
int run_init (run_t *self, const scan_t *scans, size_t count, bool all_hits, char *error,
              size_t error_size);

/* The same from canonical texts (scan_format), as a welcome carries them. */
int run_read (run_t *self, const char (*texts)[SCAN_TEXT_MAX], size_t count, bool all_hits,
              char *error, size_t error_size);

#endif

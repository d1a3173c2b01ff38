#include "run.h"

#include "memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The index of the frequency in the run's list; it is added if it is new. */
static int frequency_index (run_t *self, frequency_t frequency)
{
    for (size_t i = 0; i < self->frequency_count; i++) {
        if (frequency_equal (self->frequencies[i], frequency)) {
            return (int) i;
        }
    }
    self->frequencies[self->frequency_count] = frequency;
    return (int) self->frequency_count++;
}

int run_init (run_t *self, const scan_t *scans, size_t count, bool all_hits, char *error,
              size_t error_size)
{
    *self = (run_t){.all_hits = all_hits};
    if (count == 0) {
        snprintf (
            error, error_size,
            "nothing to scan for: give --scan NAME,k=v... ('fastscanner scanners' lists them)");
        return -1;
    }
    if (count > SCANS_MAX) {
        snprintf (error, error_size, "%zu scans are more than one run takes (%d)", count,
                  SCANS_MAX);
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp (scans[k].id, scans[i].id) == 0) {
                snprintf (
                    error, error_size,
                    "two scans have the id '%s': give each its own, as in --scan first:%s,...",
                    scans[i].id, scan_scanner (&scans[i])->name);
                return -1;
            }
        }
        self->scans[i] = scans[i];
        const scanner_t *scanner = scan_scanner (&scans[i]);
        self->frequency_of[i] = scanner->daily ? -1 : frequency_index (self, scans[i].frequency);
        self->reads_minutes |= !scanner->daily || scanner->reads_prev_allday;
        int lookback = scan_lookback (&scans[i]);
        self->lookback = lookback > self->lookback ? lookback : self->lookback;
    }
    self->scan_count = count;
    return 0;
}

int run_read (run_t *self, const char (*texts)[SCAN_TEXT_MAX], size_t count, bool all_hits,
              char *error, size_t error_size)
{
    scan_t *scans = memory_new (count * sizeof *scans);
    int rc = 0;
    for (size_t i = 0; i < count && rc == 0; i++) {
        rc = scan_parse (texts[i], FREQUENCY_1MIN, &scans[i], error, error_size);
    }
    if (rc == 0) {
        rc = run_init (self, scans, count, all_hits, error, error_size);
    }
    free (scans);
    return rc;
}

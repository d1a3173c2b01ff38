/* sink_backend - what a kind of sink is made of. For sink.c and the backends alone. */
#ifndef SINK_BACKEND_H
#define SINK_BACKEND_H

#include "hit.h"

/* The handle is what open returned. A call that fails has logged why; sink.c makes no further write
 * or flush then. */
typedef struct {
    /* Opens `path` for hits of `scans`, which live longer than the sink; with `names_scan` each row
     * names its scan. NULL when it fails. */
    void *(*open) (const char *path, const scan_t *scans, size_t scan_count, bool names_scan);

    /* Writes a hit of scans[scan]. hit->scan counts the run's scans, not these: it is not to be
     * read. 0 or -1. */
    int (*write) (void *handle, const char *symbol, size_t scan, const hit_t *hit);

    /* What was written becomes readable by others. 0 or -1. */
    int (*flush) (void *handle);

    /* Ends and frees, whole as sink_close has it. 0 or -1. */
    int (*close) (void *handle, bool whole);

    /* The file that stays when the sink is closed not whole; NULL when there is none, and NULL for
     * never. */
    const char *(*part) (const void *handle);
} sink_backend_t;

extern const sink_backend_t sink_csv;
extern const sink_backend_t sink_jsonl;
extern const sink_backend_t sink_sqlite;
extern const sink_backend_t sink_table;

#endif

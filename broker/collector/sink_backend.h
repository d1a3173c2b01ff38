/* sink_backend - what a kind of sink is made of. For sink.c, the followers and the backends alone.
 *
 *     batch  open   --> write*, flush* --> close: a result, whole or not
 *     live   resume --> write*, mark (durable: the cursor may move) --> ... --> close: back to the last mark
 *            stream --> write*, output_drain (never waited for)      --> ... --> close
 */
#ifndef SINK_BACKEND_H
#define SINK_BACKEND_H

#include "fault.h"
#include "hit.h"
#include "output.h"

#define SINK_MARK_MAX 20 /* characters of the longest mark */

typedef struct sink_format sink_format_t; /* sink_text.h */

/* A file of a sink. What it points to lives longer than the handle. */
typedef struct {
    const char *path; /* only while it is opened */
    const scan_t *scans;
    size_t scan_count;
    bool names_scan; /* each row names its scan */
} sink_file_t;

/* What a live run knows of a file. */
typedef struct {
    bool known;       /* the journal has a cursor of it */
    const char *mark; /* what `mark` gave then; "" when it never did */
    fault_t *fault;   /* takes errors; lives longer than the handle */
} sink_cursor_t;

typedef enum {
    SINK_GOES_ON, /* it has what its cursor says, and nothing else */
    SINK_BEGINS,  /* it is new, or has less than its cursor says: it gets every row */
    SINK_FAILS,   /* it cannot be opened now: the fault has why */
    SINK_FOREIGN  /* it is not ours to write: the fault has why, and what to do */
} sink_found_t;

/* The handle is what open, resume or stream returned. A call that fails has said why; there is no
 * further write, flush or mark then. */
typedef struct sink_backend sink_backend_t;
struct sink_backend {
    const sink_format_t *format; /* of a text */

    /* Opens a file for a batch run. NULL when it fails. */
    void *(*open) (const sink_backend_t *self, const sink_file_t *file);

    /* Opens it for a live run that goes on; NULL unless it goes on or begins. A file that begins is
     * changed first by write or mark, so that its cursor can be set back before. */
    void *(*resume) (const sink_backend_t *self, const sink_file_t *file,
                     const sink_cursor_t *cursor, sink_found_t *found);

    /* Opens stdout, a pipe or a device for a live run; NULL when it cannot be opened now. */
    void *(*stream) (const sink_backend_t *self, const sink_file_t *file, fault_t *fault);

    /* Writes a hit of scans[scan]. hit->scan counts the run's scans, not these: it is not to be
     * read. 0 or -1. */
    int (*write) (void *handle, const char *symbol, size_t scan, const hit_t *hit);

    /* What was written becomes readable by others. 0 or -1. */
    int (*flush) (void *handle);

    /* What was written survives a power cut. 0, with the mark that finds this state again, or -1. */
    int (*mark) (void *handle, char mark[static SINK_MARK_MAX + 1]);

    /* The output that a stream's rows stand in. */
    output_t *(*output) (void *handle);

    /* Ends and frees, whole as sink_close has it. 0 or -1. */
    int (*close) (void *handle, bool whole);

    /* The file that stays when the sink is closed not whole; NULL when there is none, and NULL for
     * never. */
    const char *(*part) (const void *handle);
};

extern const sink_backend_t sink_csv;
extern const sink_backend_t sink_jsonl;
extern const sink_backend_t sink_sqlite;
extern const sink_backend_t sink_table;
extern const sink_backend_t sink_lines;

#endif

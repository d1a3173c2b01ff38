/* follow - what a follower is made of: parts, each a file, a stream or a server. For follower.c and
 * the parts alone.
 *
 *     follower --> feed (rows) --> part: file    csv, jsonl, sqlite: write, mark, cursor
 *                                        stream  stdout, pipes: write, drain, cursor
 *                                        redis   XADDs and cursor in one MULTI
 */
#ifndef FOLLOW_H
#define FOLLOW_H

#include "feed.h"
#include "sink_kind.h"

/* A file of a sink, and of which scan's hits it is. */
typedef struct {
    const sink_backend_t *backend;
    sink_file_t file;
    char *path;    /* owned */
    char *cursor;  /* its name in the journal; owned */
    bool one_scan; /* only hits of `scan`, the index in the run, go there */
    uint32_t scan;
} follow_file_t;

/* The index of the hit's scan among the file's; -1 when it does not go there. */
long follow_scan (const follow_file_t *self, const hit_t *hit);
void follow_file_free (follow_file_t *self);

typedef struct {
    /* Goes on as far as it can without waiting. True when there is more to do at once. */
    bool (*step) (void *handle, feed_t *feed, int64_t now_ms);

    /* What poll waits for: a descriptor or -1; milliseconds until the next step or -1. NULL for
     * never. */
    int (*poll) (const void *handle, short *events);
    int64_t (*due_ms) (const void *handle, int64_t now_ms);

    uint64_t (*row) (const void *handle); /* it has all up to there */
    bool (*failing) (const void *handle);
    const char *(*cursor) (const void *handle); /* its name in the journal; NULL: no more */

    void (*destroy) (void *handle);
} follow_t;

extern const follow_t follow_file, follow_stream, follow_redis;

/* Opens a part. `file` is taken. NULL, and `*usage`, when the user must choose (logged); what cannot
 * be opened now is tried again. */
void *follow_file_open (feed_t *feed, const follow_file_t *file, bool *usage);
void *follow_stream_open (feed_t *feed, const follow_file_t *file);

#endif

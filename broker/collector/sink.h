/* sink - where hits go: csv, jsonl, sqlite, or a table on the terminal. A backend is a file behind
 * a few calls. What a live run has instead of sink_open is a follower (follower.h).
 *
 * The collector gives every hit once, in the order symbol, datetime, scan. Errors (a full disk, no
 * permission, a reader that went away) are logged once by the sink and returned; a sink that failed
 * is not written again.
 */
#ifndef SINK_H
#define SINK_H

#include "hit.h"

/* What every sink of a run needs to know. The scans live as long as the sinks. */
typedef struct {
    const scan_t *scans;
    size_t scan_count;
} sink_run_t;

typedef struct sink sink_t;

/* Which runs a sink is for. */
typedef enum { SINK_BATCH, SINK_LIVE } sink_mode_t;

/* Checks `csv:PATH`, `jsonl:PATH`, `sqlite:PATH`, and in live `redis:URL?stream=NAME`, without
 * touching anything: 0, or -1 with one line in `error` that says what to do (unknown kind: the
 * nearest; empty PATH; a directory that does not exist or cannot be written; a PATH that is a
 * directory; {scan} without need is fine; a URL that is none). `webhook:`, and in batch `redis:`,
 * are named as not part of such runs. */
int sink_check (const char *text, sink_mode_t mode, char *error, size_t error_size);

/* Checks every text as sink_check does, and that no file of the run would be written twice, however
 * its path is written: not as PATH, not as one scan's file, not as PATH.part or what SQLite has
 * beside a database; and no stream. */
int sink_check_all (const char *const *texts, size_t count, const sink_run_t *run, sink_mode_t mode,
                    char *error, size_t error_size);

/* Opens a sink of a batch run. `csv` and `jsonl` to a regular PATH write PATH.part; pipes, devices and `-`
 * (stdout) are written straight; `sqlite` is written in place. `{scan}` in PATH makes one file per
 * scan, each with its own scan's columns and no scan column. "table:" is the first 20 hits on
 * stdout, aligned, with a last line on how to save all. NULL with the error logged. */
sink_t *sink_open (const char *text, const sink_run_t *run);

/* Writes one hit of `symbol`, which is valid (symbol_valid), of a scan of the run. 0, or -1 when
 * the sink has failed. */
int sink_write (sink_t *self, const char *symbol, const hit_t *hit);

/* Hits written so far become readable by others (sqlite: a commit). 0 or -1. */
int sink_flush (sink_t *self);

/* Ends and destroys. `whole`: the result is complete, PATH.part becomes PATH (synced, renamed);
 * else PATH is untouched and PATH.part stays. 0 or -1. */
int sink_close (sink_t **self, bool whole);

/* The PATH.part files that a sink which is not whole leaves, for the last message; NULL when it
 * leaves none. */
const char *sink_part (const sink_t *self);

#endif

/* live_run - a live run that a test hurts: started again and again on the same state, with a sink of each
 * kind, and compared with a run that nothing disturbed.
 *
 *     streams --> fastscanner live   --> NAME.csv, NAME.jsonl, NAME.db, stream NAME:hits, NAME.state/journal
 *        \------> fastscanner replay --> the same under another name
 */
#ifndef LIVE_RUN_H
#define LIVE_RUN_H

#include "memory.h"
#include "sink_rows.h"
#include "spawn.h"
#include "stage.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define LIVE_RUN_MS 60000 /* what takes longer hangs */

typedef struct {
    const char *command;   /* live or replay */
    const char *name;      /* of all that it writes */
    const char *directory; /* all files are there */
    const char *data;
    const char *url;      /* of the source */
    const char *sink_url; /* of the redis sink; NULL: as the source */
    const char *streams;
    bool all_hits;
    bool patient; /* no candle is late: runs that were fed at other times are comparable */
    bool away;    /* workers and collector are processes of the test's: no sinks, no --workers */
    const char *const *more; /* further arguments up to NULL, or NULL */
} live_plan_t;

typedef struct live_run live_run_t;

/* Nothing is started yet. What `plan` points to must stay. */
live_run_t *live_run_new (const live_plan_t *plan);
/* Kills what runs. Takes NULL. */
void live_run_destroy (live_run_t **self);

/* Starts it, on what earlier ones left. */
void live_run_start (live_run_t *self);
spawn_t *live_run_process (const live_run_t *self);

/* The pid of a child of that role, the `index`-th; 0 when there is none now. */
pid_t live_run_child (const live_run_t *self, stage_role_t role, size_t index);

/* kill -9 of the whole run, and waits for the end of the broker alone. */
void live_run_kill (live_run_t *self);
/* SIGTERM; its exit code. */
int live_run_stop (live_run_t *self);

/* Is it running? Also takes what it wrote. Waits up to `ms` for its end. */
bool live_run_runs (live_run_t *self, int ms);

/* A number of the stats.json as it lies there; -1: none. */
int64_t live_run_number (const live_run_t *self, const char *name);

/* Waits until a stats.json that was written after the call says all of `what`: names, each with =, < or >
 * and a number, a space between; "workers.1.slow" is a path. False when `ms` have passed, or it
 * ended. */
bool live_run_wait (live_run_t *self, const char *what, int ms);

/* Waits until everything that the streams hold is committed and in every sink: two of its reports in turn,
 * a second apart, have to say that all is read and that nothing is long under way. (Something always is
 * under way: the clock.) */
bool live_run_settle (live_run_t *self, int ms);

/* What its lives wrote to stderr, the present one's included, as of the last wait: valid until the next
 * call. */
const char *live_run_log (live_run_t *self);
/* Waits until the present life has said it. */
bool live_run_says (live_run_t *self, const char *text, int ms);

/* Starts a replay and waits for its end. 0, or its exit code with what it said in `why`. */
int live_run_whole (live_run_t *self, buffer_t *why);

/* Where hits are. */
typedef enum {
    LIVE_CSV,
    LIVE_JSONL,
    LIVE_DATABASE,
    LIVE_STREAM,
    LIVE_JOURNAL,
    LIVE_PLACES
} live_place_t;

sink_rows_t *live_run_rows (const live_run_t *self, live_place_t place);

/* Compares every sink and the journal of two runs, without the rows of a symbol (or NULL): the number of
 * differences, the first of each place in `why`. */
size_t live_run_compare (const live_run_t *expected, const live_run_t *actual, const char *without,
                         buffer_t *why);

/* Hits in the journal. */
size_t live_run_hits (const live_run_t *self);

#endif

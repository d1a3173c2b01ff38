/* followed - a journal with hits in a directory of the test's own, and sinks that follow it. */
#ifndef FOLLOWED_H
#define FOLLOWED_H

#include "follower.h"

#define FOLLOWED_MS 20000 /* a wait that takes longer hangs */

typedef struct {
    char *directory; /* the working directory */
    run_t *run;      /* two scans, down and caps */
    journal_t *journal;
    uint64_t hits;  /* put so far */
    int64_t now_ms; /* the followers' time: passes when the test says so */
    follower_config_t config;
    int stderr_kept;
} followed_t;

/* cmocka's setup and teardown. */
int followed_set_up (void **state);
int followed_tear_down (void **state);

/* A run of these scans; the caller frees it. */
run_t *followed_run (const char *const *scans, size_t count, bool all_hits);

/* Hit number `i`, of scan i % scan_count. */
wire_live_hit_t followed_hit (const run_t *run, uint64_t i);

/* Closes the journal and opens it again, with `run` (NULL: the one it has). */
void followed_reopen (followed_t *self, run_t *run);

/* Commits and syncs `count` more hits. */
void followed_put (followed_t *self, size_t count);

/* Opens a sink, which must work. */
follower_t *followed_open (followed_t *self, const char *text);

/* Steps until it has every row; fails the test when it does not get there. */
void followed_wait (followed_t *self, follower_t *follower);

/* Opens a sink, waits, and closes it. */
void followed_write (followed_t *self, const char *text);

/* One step after so much time. */
void followed_step (followed_t *self, follower_t *follower, int64_t ms);

/* Is it failing? */
bool followed_fails (const follower_t *follower);

/* Writes hits [0, self->hits) as a batch's sink would. */
void followed_expect (const followed_t *self, const char *text);

/* What the process logs goes to a file from here on, until followed_log returns it: the caller frees
 * it. */
void followed_listen (followed_t *self);
char *followed_log (followed_t *self);

/* How often `part` is in `text`. */
size_t followed_count (const char *text, const char *part);

#endif

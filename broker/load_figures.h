/* load_figures - what a load test measured, reckoned from the facts at its two ends.
 *
 * Candles. `sent` are those of the plan that were handed over (or read from Redis); the flow says how many
 * counted, the workers how many they scanned, the collector how many it committed. A worker that dies has
 * its candles scanned again by another: these are `again`, and no fault; of the last that it scanned it could
 * not say how many, and those count that the journal has. What is lost or doubled is found
 * where it can be: of each shard's present generation the broker knows how many candles went out, and the
 * journal how many of them came in; and as long as no shard began anew, as many must be committed as were
 * sent.
 *
 * Hits. Of LOAD_SCAN it is known how many there must be; of all scans that the journal has each once. */
#ifndef LOAD_FIGURES_H
#define LOAD_FIGURES_H

#include "load_run.h"

typedef struct {
    const char *name;
    uint64_t candles, bytes;
    double seconds;
} load_stage_t;

#define LOAD_STAGES 5

typedef struct {
    char name[24];
    uint64_t candles; /* that it had to do with */
    uint64_t cpu_us, memory_bytes;
} load_process_t;

typedef struct {
    double sending, seconds; /* how long candles were sent; until all was committed */
    uint64_t warm;           /* candles before the test; in no other number */
    uint64_t planned;        /* 0: there was no rate */
    uint64_t sent, scanned, committed, again, lost, doubled;
    uint64_t rewinds, lives; /* shards that began anew, processes started again */
    bool even;               /* all that was sent is committed */
    /* Hits, those of the warm-up too. */
    bool expects; /* `hits_expected` is known */
    bool counted; /* the journal could be read */
    uint64_t hits_expected, hits_rows, hits_distinct, hits_lost, hits_repeated;
    uint64_t hits_again; /* that the journal had already */
    load_stage_t stages[LOAD_STAGES];
    size_t process_count;
    load_process_t *processes; /* the figures' own */
    live_ages_t ages;
} load_figures_t;

/* `run` has ended. The caller frees by load_figures_free. */
void load_figures_find (load_figures_t *self, const load_run_t *run);
void load_figures_free (load_figures_t *self);

/* Nothing was lost, nothing doubled, all is committed. */
bool load_figures_are_good (const load_figures_t *self);

#endif

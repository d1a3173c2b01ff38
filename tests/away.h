/* away - a live run whose workers, collector and brokers are processes of their own, over tcp on the loopback.
 *
 *     streams --> broker, and a second one --tcp--> workers --tcp--> the collector --> live.csv, live.jsonl, live.db, live:hits
 *
 * Without keys, unless the test makes some (away_keys) before it starts anything.
 */
#ifndef AWAY_H
#define AWAY_H

#include "live_market.h"

#define AWAY_MS      30000 /* what takes longer hangs */
#define AWAY_BROKERS 2

typedef struct {
    live_case_t *live; /* its run is the first broker */
    live_run_t *other; /* a second broker; or NULL */
    live_plan_t other_plan;
    char *endpoints[AWAY_BROKERS], *hits;
    char *keys; /* the directory of `fastscanner keys`; NULL: --insecure */
    const char *more[AWAY_BROKERS][9];
    spawn_t *collector;
} away_t;

/* For cmocka, each test: `*state` is the away_t. Inside live_market_open and live_market_close. */
int away_open (void **state);
int away_close (void **state);

/* From here on all have keys. */
void away_keys (away_t *self);

/* Starts the first broker, of that part ("0/1"), and the collector of both; and the second broker. */
void away_start (away_t *self, const char *part);
void away_start_other (away_t *self, const char *part);
spawn_t *away_worker (away_t *self, int broker, const char *name);
/* One that takes hits there, on the run's journal, with a sink of each kind. */
spawn_t *away_collector (away_t *self, const char *hits);

/* SIGTERM, and waits for the exit code 0; kill -9, and waits. */
void away_stop (spawn_t *process);
void away_kill (spawn_t *process);

/* live_case_wait of the second broker. */
void away_other_waits (away_t *self, const char *what);

#endif

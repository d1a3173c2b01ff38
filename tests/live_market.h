/* live_market - what tests of faults in a live run share: a small market of three days, the run of it that
 * nothing disturbed, and for each test a server, a producer and a live run of its own.
 *
 * Use the first two as cmocka's group setup and teardown, the next two for each test: `*state` is the
 * live_case_t.
 */
#ifndef LIVE_MARKET_H
#define LIVE_MARKET_H

#include "check.h"
#include "live_run.h"
#include "producer.h"
#include "redis_server.h"
#include "stage.h"

#define LIVE_DAY_2 "2023-03-07 05:00" /* UTC: midnight of the exchange */
#define LIVE_DAY_3 "2023-03-08 05:00"

/* Bytes that a process of a live run may have at most; sanitizers keep what was freed. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LIVE_MEMORY_MAX (1 << 30)
#endif
#endif
#ifndef LIVE_MEMORY_MAX
#define LIVE_MEMORY_MAX (96 << 20)
#endif

typedef struct {
    stage_t *stage;
    redis_server_t *server;
    producer_t *producer; /* of streams by symbol */
    live_plan_t plan;     /* as live_case_start takes it */
    live_run_t *run;
} live_case_t;

int live_market_open (void **state);
int live_market_close (void **state);

int live_case_open (void **state);
int live_case_close (void **state);

/* The run that nothing disturbed. */
const live_run_t *live_market_undisturbed (void);
/* A symbol of the market, the `index`-th. */
const char *live_market_symbol (size_t index);

/* Starts the case's run, with further arguments up to NULL; they must stay. */
void live_case_start (live_case_t *self, const char *const *more);

/* Produces up to a part of the candles: `share` of 100 of those between two moments, in UTC ("" and "9"
 * for begin and end). */
void live_case_produce (live_case_t *self, const char *from, const char *to, unsigned share);

/* Waits until a report says `what` (live_run_wait), or fails the test with what the run said. */
void live_case_wait (live_case_t *self, const char *what);
/* Waits until the run has said `text`, at most `ms`; else fails. */
void live_case_says (live_case_t *self, const char *text, int ms);

/* Produces the rest, waits until all is committed and in the sinks, and stops the run: exit code 0. */
void live_case_finish (live_case_t *self);
/* Fails when a hit of another symbol than `without` (NULL: of any) is missing, or there twice. */
void live_case_compare (live_case_t *self, const char *without);

int64_t live_case_now_ms (void);

#endif

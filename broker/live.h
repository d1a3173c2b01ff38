/* live - the loop of a live run: source, flow, workers and collector, our children or from elsewhere.
 *
 *      source (Redis, files) --entries--> flow (decides) --messages--> PUSH (one for each worker's life) --> worker
 *         ^      what to read again --------+   ^  |                                                        |
 *         +--------------------------------+   |  +-- LIVE_BROKER, PLACES --> ROUTER --> collector <--hits--+
 *                                              +----- LIVE_WORKER, LIVE_COLLECTOR <-- ROUTER
 *
 *      start:  collector greets -> epoch, KNOWN -> flow_start -> workers are welcomed -> the source is opened
 *      stop:   no new entries -> flow_is_even (or --drain is over) -> EXIT to all -> children end
 *
 * One loop: wait for a socket, a signal or a moment; take what came; let source and flow go on; send.
 * Nothing here blocks. Children are started again without end, with back-off. Who comes from elsewhere is somebody
 * else's to start again: it joins, leaves, and stays when we end.
 */
#ifndef LIVE_H
#define LIVE_H

#include "bus.h"
#include "flow.h"
#include "histogram.h"
#include "market.h"
#include "run.h"
#include "source.h"

/* What the loop knows of itself: live_find_facts. */
typedef struct live live_t;

/* What a load test does in its own way. Each may be NULL. */
typedef struct {
    /* In place of reference_put (reference.h). */
    void (*reference) (void *argument, buffer_t *message, uint32_t shard, session_t generation,
                       const char *symbol, day_t day);
    /* The stamp of a candle by its plan (flow.h). */
    int64_t (*planned) (void *argument, uint32_t symbol, int64_t ts, bool again);
    /* Is all there is read? Beside the source's own word. */
    bool (*is_over) (void *argument);
    /* The day whose reference data goes ahead now, DAY_NONE: none; in place of the source's next one. */
    day_t (*next_day) (void *argument);
    /* At every turn of the loop while entries are read. */
    void (*turn) (void *argument, live_t *live);
    /* When all is committed, until it is true, and in any case once in the end, with `last`: the processes
     * are told to go then. */
    bool (*end) (void *argument, const live_t *live, bool last);
} live_hooks_t;

typedef struct {
    const market_t *market;
    const run_t *run;
    uint32_t workers; /* our children */
    const char
        *listen;   /* tcp://HOST:PORT for workers and a collector from elsewhere; NULL: none come */
    bool no_local; /* ... and there are no children */
    cell_t cell;
    const char *const *sinks; /* as the collector takes them */
    size_t sink_count;
    const char *state; /* the journal's directory; NULL: one that goes with the run */
    long keep_days;
    const char *redis_user, *redis_password_file;
    int64_t since_ms; /* for a new journal */
    int64_t candle_timeout_ms, day_timeout_ms, drain_ms, dead_after_ms;
    uint32_t max_symbols;
    bool incomplete_scan;
    bool is_replay;
    bool only_listed;    /* --symbols was given: those of the market alone */
    const char *minutes; /* redis:URL?stream=NAME, or NULL */
    bool progress;
    const char *log_level, *log_format;
    bus_config_t locks; /* for tcp */
    const char *http;   /* where it says how it is (pulse.h); NULL: nowhere */
    /* Opens the source, when the journal's floors are known. 0, or -1 with the error logged. */
    int (*open_source) (void *argument, source_t *source, flow_t *flow, entry_id_t begin);
    const live_hooks_t *hooks; /* NULL: none; they get the same argument */
    void *argument;
} live_config_t;

/* How old candles were when the collector had them: microseconds after the source had read them, or by a
 * load test's plan. Of a batch of candles the oldest counts for all. Of all lives of the collector. */
typedef struct {
    uint64_t candles, taken; /* committed, again ones too; bytes that came from workers */
    histogram_t hit, commit; /* until a hit was taken, and a candle was committed */
} live_ages_t;

typedef struct {
    bool failed;      /* something that was logged */
    bool usage;       /* a sink that the user must choose anew */
    bool replaced;    /* another broker took over */
    bool stopped;     /* in order, by a signal */
    bool interrupted; /* at once, by a second signal */
    uint64_t hits;
    uint64_t rejected; /* entries, streams, rows and files */
    source_counts_t source;
    flow_stats_t flow;
    int64_t wall_us;
} live_result_t;

/* A process of the run: of all its lives, as far as they were heard. */
typedef struct {
    uint64_t candles; /* a worker's: applied, again ones too */
    uint64_t cpu_us, memory_bytes;
} live_process_t;

typedef struct {
    mono_t at;
    source_counts_t source;
    flow_stats_t flow;
    live_ages_t ages;
    live_process_t broker, collector;
    uint32_t worker_count;
    live_process_t *workers; /* the facts' own */
    uint64_t hits, repeats;  /* rows of the journal written, hits that it had already */
    uint64_t commit_us;      /* CPU time of transactions */
    uint64_t scan_us;        /* of scanning */
    uint64_t lives;          /* processes started */
    bool even;               /* all that was read is committed */
} live_facts_t;

/* For hooks. `*facts` is overwritten; live_facts_free frees what it points to. */
void live_find_facts (const live_t *self, live_facts_t *facts);
void live_facts_free (live_facts_t *facts);
flow_t *live_flow (live_t *self);
/* Ends the run; the reason was logged. */
void live_fail (live_t *self);

/* Appends the ages as members of a JSON object that has some. */
void live_put_ages (const live_ages_t *ages, buffer_t *json);

/* Runs until it is told to stop, or the replay's end. */
void live_run (const live_config_t *config, live_result_t *result);

#endif

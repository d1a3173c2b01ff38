/* history - whole live runs with faults, by seed: what the parts of the simulator share.
 *
 *     market (streams of entries) --> broker: flow, real --bytes--> [down] --> worker: live_worker, real
 *        ^  |                           ^                                          |
 *        |  +-> oracle: desk alone      | states, PLACES, KNOWN:                   | bytes
 *        |        |                     | [late, lost, in any order]               v
 *        |        v                     +----------------- collector: commits, real <-- [up]
 *        |      wanted hits == journal's hits at the end         |
 *        |                                                       v
 *        +-- trimmed                                   disk: what is committed survives
 *
 * Fake are links, clock, Redis and the disk; see test_live_histories.c for how it is run.
 */
#ifndef HISTORY_H
#define HISTORY_H

#include "commits.h"
#include "flow.h"
#include "live_worker.h"
#include "named.h"
#include "run.h"

#include <stdio.h>

#define STEP_MS       100
#define MINUTE_MS     500 /* of the simulation's time for a minute of the market's */
#define SYMBOLS_MAX   10
#define STREAMS_MAX   (SYMBOLS_MAX + 1)
#define SLOTS_MAX     4 /* workers */
#define DAYS          3
#define MINUTES_MAX   40 /* of a date, from its first candle on */
#define SCANS         2
#define BROKERS_MAX   16 /* lives, in a whole history */
#define CHUNK_MAX     64 /* entries of a stream in one reply */
#define HITS_MAX      (SCANS * SYMBOLS_MAX * DAYS * MINUTES_MAX)
#define REFERENCE_MAX 1024

/* What is done wrong, to show that it would be found. */
typedef enum {
    SOUND,
    DOWN_TAKES_ANY,       /* the worker takes what comes, whatever its number */
    UP_TAKES_ANY,         /* and so the collector */
    NO_FLOORS,            /* PLACES have positions for floors */
    REWIND_TO_POSITION,   /* a rewind reads on where the main reader is */
    DATES_GO_UNCOMMITTED, /* a closed date is let go before it is committed */
    ANY_COMMIT_COUNTS,    /* reports of ended sessions and generations are believed */
    NO_CLOSED,            /* KNOWN does not say which dates are closed */
    NO_WATCH,             /* a standing link is not noticed */
    PLACES_TOO_EARLY,     /* PLACES are acknowledged before they are stored */
    COMMITS_TOO_EARLY,    /* the disk's last transaction is not durable */
    FAILED_IS_FORGOTTEN,  /* a transaction that fails is not tried again */
    CLOCK_RUNS_AHEAD,     /* the clock is the server's, be there entries to be read */
    OLD_STATE_KEPT,       /* BEGIN does not drop what the worker had of the shard */
    ONE_EPOCH,            /* every broker gets the same epoch: none is shut out */
    MOVES_UNCOMMITTED,    /* a shard that moves begins before what its old owner did is committed */
    MOVES_SKIP,           /* what comes while a shard moves is not read again */
    MOVES_EMPTY,          /* the next owner gets no state */
    MUTANTS
} mutant_t;

/* ---- the market ---- */

typedef struct {
    uint64_t at_ms; /* when it can be read */
    entry_id_t id;
    uint32_t symbol;
    bool rejected;
    candle_t candle;
} entry_t;

typedef struct {
    char name[40];
    bool shared;
    size_t first; /* entries before this one were trimmed */
    size_t count, capacity;
    entry_t *entries;
} log_t;

typedef struct {
    char symbols[SYMBOLS_MAX][SYMBOL_MAX + 1];
    uint32_t symbol_count, stream_count;
    uint32_t home[SYMBOLS_MAX]; /* its stream */
    log_t streams[STREAMS_MAX];
    day_t days[DAYS];
    int first_minute, minutes;                          /* of each date; local */
    uint64_t begins_ms[DAYS], ends_ms[DAYS], freeze_ms; /* in the simulation's time */
    int64_t last_ms;                                    /* the market's time from freeze_ms on, */
    int64_t extra_ms;                                   /* and this more */
    uint64_t end_ms;                                    /* the last entry */
    bool replay;                                        /* all is there at once */
    bool clocks;                                        /* a scan is longer than a minute */
} market_log_t;

/* ---- hits ---- */

/* Indexed by (scan, symbol, date, minute), the last 0 where first hits count. */
typedef struct {
    bool is[HITS_MAX];
    int64_t arrival_ms[HITS_MAX];
    hit_t hits[HITS_MAX];
} hits_table_t;

/* ---- links ---- */

typedef struct {
    uint64_t due_ms;
    buffer_t bytes;
} packet_t;

/* Messages in their order. */
typedef struct {
    size_t first, end, capacity;
    packet_t *packets;
} pipe_t;

typedef enum { TO_BROKER, TO_COLLECTOR, TO_LIFE } receiver_t;

/* A message of the control sockets. */
typedef struct {
    uint64_t due_ms;
    receiver_t to;
    uint64_t number,
        from; /* lives of workers are named by their index, the others by incarnation */
    buffer_t bytes;
} letter_t;

/* ---- processes ---- */

typedef struct {
    bool alive, fault; /* how it ended */
    bool leaving;      /* it was told to go */
    bool noticed;      /* its broker knows of the end */
    uint64_t noticed_ms;
    uint32_t slot;
    uint64_t broker; /* incarnation */
    live_worker_t *worker;
    named_t *named;                       /* by the messages that it got */
    uint64_t pause_ms, slow_ms, state_ms; /* until when; the next state */
    uint64_t ends_ms;                     /* with its broker, which is gone; 0 */
    pipe_t down, up;
} life_t;

typedef struct {
    const flow_read_t *read;
    bool captured, fails;
    uint64_t capture_ms, due_ms;
    size_t from[STREAMS_MAX], to[STREAMS_MAX]; /* entries of each stream of the request */
} again_t;

typedef struct {
    bool alive, started;
    uint64_t incarnation, pause_ms;
    flow_t *flow;
    uint64_t epoch; /* granted */
    uint64_t known_epoch;
    size_t known_count; /* of KNOWN, once the last came; 0 */
    buffer_t known[SYMBOLS_MAX + 2];
    uint64_t collector, serial, greet_ms, state_ms;
    bool greeted;
    unsigned refusals;
    uint64_t gives_up_ms;            /* it greets no more; 0 */
    uint32_t number_of[STREAMS_MAX]; /* the flow's number of each stream; UINT32_MAX */
    uint64_t find_ms[STREAMS_MAX];   /* when it is discovered, or looked at next */
    struct sim *sim;
    bool has_reply;
    uint64_t reply_ms;
    size_t reply_from[STREAMS_MAX], reply_to[STREAMS_MAX];
    int64_t reply_clock[STREAMS_MAX];
    size_t again_count;
    again_t again[SLOTS_MAX];
    int life_of[SLOTS_MAX]; /* -1: none */
    uint64_t join_ms[SLOTS_MAX];
    int reference; /* version of the files that it saw */
    bool ended;
} broker_t;

/* What survives a collector. */
typedef struct {
    uint64_t epoch, broker;
    wire_shard_state_t shards[SHARD_COUNT];
    bool has_place[SYMBOLS_MAX], has_stream[STREAMS_MAX];
    wire_place_t places[SYMBOLS_MAX];
    wire_stream_place_t streams[STREAMS_MAX];
} kept_t;

typedef struct {
    uint32_t slot;
    int64_t arrival_ms;
    hit_t hit;
} staged_t;

typedef struct {
    kept_t kept, staged;
    hits_table_t hits;
    size_t staged_count, staged_capacity;
    staged_t *staged_hits;
    uint64_t full_ms; /* until when every write fails */
    uint64_t repeats;
    /* COMMITS_TOO_EARLY: what was said to be committed, and is not yet */
    kept_t late;
    bool has_late;
    size_t late_from; /* of the staged hits */
} disk_t;

typedef struct {
    uint64_t incarnation, pause_ms, serial, state_ms, write_ms;
    commits_t *commits;
    uint64_t known_to; /* a broker that wants KNOWN; 0 */
    uint64_t places;   /* PLACES_TOO_EARLY: heard of */
} collector_t;

/* What happened in all histories: to know that the faults are there. */
typedef struct {
    uint64_t runs, faults, deaths, hits, repeats, rewinds, sessions, detaches, again, brokers,
        replaced, asides, trims, gaps, steps, stills, moves, handed;
} tally_t;

typedef struct sim {
    uint64_t random, now;
    mutant_t mutant;
    bool tell;
    char failure[200]; /* "" while all is well */
    tally_t *tally;
    /* of the seed */
    run_t run;
    calendar_t *calendar;
    desk_rules_t rules;
    char scans[SCANS][SCAN_TEXT_MAX];
    uint32_t slots;
    uint64_t window;
    uint32_t bound;      /* messages of a link */
    uint32_t chunk;      /* entries of a reply */
    uint32_t lag_ms;     /* of messages, at most */
    bool own_workers;    /* each broker has its own: they end with it */
    unsigned fault_rate; /* in 10,000 a step */
    int fault_kinds;     /* bits: which happen */
    uint64_t calm_ms;    /* from then on none */
    unsigned dead_slots; /* bits: not started again */
    int faulty_deaths;   /* left */
    int poison;          /* a symbol that kills its worker; -1 */
    int64_t poison_ts;   /* from this candle on */
    bool changing;       /* reference data */
    int reference;       /* its version: dates whose daily candle is there */
    /* the world */
    market_log_t market;
    /* Something was. A stream that is trimmed while it is read again may leave a date without its beginning
     * at a worker: it refuses the candles, its session ends, and the gap is found. */
    bool trimmed;
    bool concerned[SYMBOLS_MAX]
                  [DAYS]; /* lost entries by trimming that the journal had not let go */
    size_t broker_count;
    broker_t brokers[BROKERS_MAX];
    uint64_t start_broker_ms; /* 0: none is to be started */
    collector_t collector;
    disk_t disk;
    size_t life_count, life_capacity;
    life_t **lives;
    size_t letter_count, letter_capacity;
    letter_t *letters;
    uint64_t incarnations;
    uint64_t uneven_ms; /* when something was still to be done last */
    wire_reader_t *reader;
    hits_table_t wanted;
} sim_t;

#define TELL(self, ...)                                                                            \
    do {                                                                                           \
        if ((self)->tell) {                                                                        \
            printf ("%8.1f  ", (double) (self)->now / 1000);                                       \
            printf (__VA_ARGS__);                                                                  \
            putchar ('\n');                                                                        \
        }                                                                                          \
    } while (0)

/* ---- history_market.c ---- */

uint32_t sim_below (sim_t *self, uint64_t limit);
bool sim_chance (sim_t *self, uint32_t percent);
void sim_wrong (sim_t *self, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

void market_make (sim_t *self);
void market_free (market_log_t *self);
/* The market's time at `now_ms` of the simulation's. */
int64_t market_time (const market_log_t *self, uint64_t now_ms);
/* The entries of a stream that can be read now: the index behind the last one. */
size_t market_visible (const log_t *stream, uint64_t now_ms);
int market_find (const sim_t *self, const char *symbol); /* -1 */
/* Which of its dates it is; DAYS: none. */
unsigned market_date (const market_log_t *self, day_t day);
/* Puts REFERENCE of a symbol, with the files as of `version`. */
void market_reference (const sim_t *self, buffer_t *message, uint32_t shard, session_t generation,
                       const char *symbol, day_t day, int version);
/* Which files there are at `now`. */
int market_version (const sim_t *self);

/* ---- history_oracle.c ---- */

/* The index of a hit in the table; -1 when it can be none of this market's. */
long hits_index (const sim_t *self, const wire_live_hit_t *hit);
/* Fills `wanted`: each symbol's entries in order, given to a desk. */
void oracle_fill (sim_t *self);
bool hits_same (const hits_table_t *a, const hits_table_t *b, long i);

/* ---- history_links.c ---- */

void pipe_push (sim_t *self, pipe_t *pipe, buffer_t *bytes);
/* The next message that has arrived; the caller's. */
bool pipe_pop (sim_t *self, pipe_t *pipe, buffer_t *bytes);
static inline size_t pipe_count (const pipe_t *pipe)
{
    return pipe->end - pipe->first;
}
void pipe_cut (pipe_t *pipe, size_t count);  /* its last `count` are lost */
void pipe_lose (pipe_t *pipe, size_t count); /* its first */
void pipe_free (pipe_t *pipe);

/* Takes the bytes. */
void letter_send (sim_t *self, receiver_t to, uint64_t number, uint64_t from, buffer_t *bytes);
/* The next that has arrived; the bytes are the caller's. */
bool letter_next (sim_t *self, receiver_t to, uint64_t number, uint64_t *from, buffer_t *bytes);
void letters_forget (sim_t *self, receiver_t to, uint64_t number);

/* ---- history_broker.c ---- */

void broker_start (sim_t *self);
void broker_turn (sim_t *self, broker_t *broker);
void broker_end (sim_t *self, broker_t *broker); /* its process ends */
bool broker_is_done (sim_t *self, const broker_t *broker);
void broker_tell (sim_t *self, const broker_t *broker); /* what keeps it from being done */
broker_t *broker_newest (sim_t *self);                  /* alive; NULL */
broker_t *broker_find (sim_t *self, uint64_t incarnation);

/* ---- history_redis.c ---- */

void broker_read (sim_t *self, broker_t *broker);
bool broker_has_read (sim_t *self, const broker_t *broker); /* all that there will be */

/* ---- history_worker.c ---- */

int life_start (sim_t *self, uint32_t slot, broker_t *broker, const wire_live_welcome_t *welcome);
void life_turn (sim_t *self, uint32_t number);
/* Its process ends; of what it sent, a suffix is lost. */
void life_end (sim_t *self, uint32_t number, bool fault);

/* ---- history_collector.c ---- */

void collector_start (sim_t *self);
void collector_end (sim_t *self);
void collector_turn (sim_t *self);

/* ---- history.c ---- */

/* Runs a seed. False, with the reason in `failure`, when something is wrong. */
bool history_run (uint64_t seed, mutant_t mutant, bool tell, tally_t *tally, char failure[200]);

/* ---- history_mutants.c ---- */

typedef enum { NOBODY_RUNS, BROKER_RUNS, WORKER_RUNS, COLLECTOR_RUNS } running_t;
/* For the functions that the mutants replace: which mutant, and whose code runs. */
void mutants_set (mutant_t mutant, bool tell);
void mutants_run (running_t who);

#endif

/* wire_live - the messages of a live run: their fields. wire.h says how all messages are formed and
 * read, and has the batch run's.
 *
 *         broker                               worker                               collector
 *           | <--------- HELLO ------------------+------------------------------------ |
 *           | ---------- LIVE_WELCOME (our incarnation, scans) ----------------------> |  grants an epoch
 *           | <--------- LIVE_COLLECTOR (epoch), KNOWN* (floors of symbols) ---------- |
 *           | ---------- LIVE_WELCOME ---------> |                                     |
 *           | == LINK BEGIN REFERENCE* CANDLES* CLOCK* ===> |  judge, scan             |
 *           |                                    | == LINK LIVE_HIT* PROGRESS* ======> |  one transaction
 *           | <--------- LIVE_WORKER (last n) -- |                                     |
 *           | <--------- LIVE_COLLECTOR (committed generation and sequence of shards) - |
 *           | ---------- LIVE_BROKER (owner of each shard) -> | (and the collector)    |
 *           | ---------- PLACES (floors that moved) ---------------------------------> |
 *           | == YIELD ========================> |  a shard is to move:                |
 *           | <--------- STATE ----------------- |  its state goes to the next owner   |
 *           | == BEGIN (with it) ==> another worker                                    |
 *
 * A shard's generation is a session_t: (epoch of the broker, counter). Within one the items CANDLES
 * and CLOCK are numbered 1, 2, 3...: their sequence. DAY_NONE travels as its number, and is refused
 * where a field's comment does not name it.
 */
#ifndef WIRE_LIVE_H
#define WIRE_LIVE_H

#include "entry.h"
#include "hit.h"
#include "memory.h"
#include "cell.h"
#include "wire_parts.h"

/* ---- control ---- */

/* LIVE_WELCOME: all that a worker or collector must know of the run. [worker, session epoch, session
 * counter, data endpoint, collector endpoint, broker, since_ms, candle_timeout_ms, day_timeout_ms,
 * all_hits, scans [text], holidays [day], I, N] */
typedef struct {
    uint32_t worker;   /* the number by which links name it */
    session_t session; /* the worker's first; to a collector: the epoch that the broker has, or 0 */
    char data_endpoint[WIRE_ENDPOINT_MAX + 1];      /* where the worker PULLs; "" for a collector */
    char collector_endpoint[WIRE_ENDPOINT_MAX + 1]; /* where the worker PUSHes */
    uint64_t broker; /* the broker's incarnation: a collector gives each an epoch */
    /* Hits of entries that arrived before are not reported. To a collector: for a new journal. */
    int64_t since_ms;
    int64_t candle_timeout_ms, day_timeout_ms;
    bool all_hits;
    size_t scan_count;
    const char (*scans)[SCAN_TEXT_MAX]; /* canonical texts (scan_format) */
    size_t holiday_count;
    const day_t *holidays;
    cell_t cell; /* the broker's */
} wire_live_welcome_t;

/* LIVE_WORKER: a worker's state. [serial, session epoch, session counter, last, gap, blocked,
 * consumed, refused, candles, late, rejected_rows, rejected_files, scan_us, cpu_us, memory_bytes,
 * notes [text], leaving] */
typedef struct {
    uint64_t serial;
    link_t link;       /* what it received from the broker */
    bool blocked;      /* it cannot send to the collector, and takes nothing until it can */
    uint64_t consumed; /* bytes of messages applied in this session */
    uint64_t refused;  /* bad messages dropped */
    uint64_t candles;  /* applied in this life; those that came again count again */
    uint64_t late;     /* candles that came too late for their bucket */
    uint64_t rejected_rows, rejected_files; /* of reference files */
    uint64_t scan_us, cpu_us, memory_bytes; /* CPU time; the largest resident size */
    size_t note_count;
    const char (*notes)[WIRE_NOTE_MAX + 1]; /* the first rejections of this life */
    bool leaving;                           /* it was told to go: its shards are to be taken back */
} wire_live_worker_t;

/* A shard as the journal has it. */
typedef struct {
    uint32_t shard;
    uint64_t claim;       /* the highest epoch that claimed it */
    session_t generation; /* of the newest commit; {0, 0}: none yet */
    uint64_t sequence;    /* committed of that generation */
    uint64_t candles;     /* the same, since the collector's life began */
} wire_shard_state_t;

/* How far a sink is. */
typedef struct {
    char name[WIRE_ENDPOINT_MAX + 1]; /* as the user wrote it, without what is secret */
    uint64_t behind;                  /* synced rows that it has not yet */
    bool failing;                     /* its last try failed */
} wire_sink_state_t;

/* LIVE_COLLECTOR: the collector's state. [serial, incarnation, broker, epoch, since_ms, able, failed,
 * places, hits, repeats, refused, synced, pending, commit_us, cpu_us, memory_bytes, links [[worker,
 * epoch, counter, last, gap], ...], shards [[shard, claim, epoch, counter, sequence, candles], ...],
 * sinks [[name, behind, failing], ...], candles, taken, hit age (bin), commit age (bin)] */
typedef struct {
    uint64_t serial;
    uint64_t incarnation;
    uint64_t broker; /* the broker's incarnation that `epoch` was given to */
    uint64_t epoch;  /* 0: none yet */
    int64_t since_ms;
    bool able;        /* its last commit succeeded */
    bool failed;      /* it cannot go on: the reason was logged */
    uint64_t places;  /* number of the last PLACES of this epoch that is in the journal */
    uint64_t hits;    /* rows of the journal written in this life */
    uint64_t repeats; /* hits that were in the journal already */
    uint64_t refused; /* bad messages dropped */
    uint64_t synced;  /* the last row that a power cut spares */
    uint64_t pending; /* bytes taken and not committed */
    uint64_t commit_us, cpu_us, memory_bytes;
    size_t link_count;
    const wire_link_state_t *links;
    size_t shard_count;
    const wire_shard_state_t *shards;
    size_t sink_count;
    const wire_sink_state_t *sinks;
    uint64_t candles; /* committed in this life; those that came again count again */
    uint64_t taken;   /* bytes of data messages in this life */
    /* histogram_put's bytes, of this life: how long after its stamp a hit was taken, and a candle was
     * committed */
    wire_bytes_t hit_age, commit_age;
} wire_live_collector_t;

typedef struct {
    uint32_t shard, worker;
    session_t generation;
} wire_owner_t;

/* LIVE_BROKER: the broker's state. [serial, broker, epoch, phase, owners [[shard, worker, epoch,
 * counter], ...]]. RUN; STOP: finish what came; EXIT: go. */
typedef struct {
    uint64_t serial;
    uint64_t broker; /* incarnation */
    uint64_t epoch;
    wire_phase_t phase;
    size_t owner_count;
    const wire_owner_t *owners;
} wire_live_broker_t;

/* STATE: a worker's answer to YIELD (control): all that it knew of the shard. [shard, epoch, counter, sequence,
 * bytes (bin)] */
typedef struct {
    uint32_t shard;
    session_t generation;
    uint64_t sequence;
    wire_bytes_t bytes; /* desk_state.h's: 1 to WIRE_STATE_MAX */
} wire_state_t;

/* What the journal keeps of a symbol. */
typedef struct {
    char symbol[SYMBOL_MAX + 1];
    char stream[WIRE_STREAM_MAX + 1]; /* where it was first seen: elsewhere it is refused */
    day_t closed;                     /* dates up to it are closed and committed; DAY_NONE */
    day_t day;        /* its oldest date that is not, behind `closed`; DAY_NONE: there is none */
    entry_id_t floor; /* `day`'s first entry; without one, the last entry read */
} wire_place_t;

/* ... and of a stream that carries several. */
typedef struct {
    char stream[WIRE_STREAM_MAX + 1];
    entry_id_t position; /* what came up to here is committed, or lies behind a symbol's floor */
} wire_stream_place_t;

/* PLACES: the broker's, to be journaled in one transaction. KNOWN: the journal's, to the broker that
 * got `epoch`; again whenever it says LIVE_WELCOME. [epoch, number, last, symbols [[symbol, stream,
 * closed, day, floor ms, floor sequence], ...], streams [[stream, ms, sequence], ...]] */
typedef struct {
    uint64_t epoch;
    uint64_t number; /* of PLACES: 1, 2, 3...; of KNOWN: 0, 1, 2... */
    bool last;       /* of KNOWN: this is all */
    size_t symbol_count;
    const wire_place_t *symbols;
    size_t stream_count;
    const wire_stream_place_t *streams;
} wire_places_t;

#define WIRE_PLACES_MAX 2000 /* symbols, and streams, of one message */

/* ---- data, broker -> worker ---- */

typedef struct {
    char symbol[SYMBOL_MAX + 1];
    day_t closed;
} wire_closed_t;

#define WIRE_STATE_MAX (4u << 20) /* bytes of a shard's state */

/* BEGIN: a new generation of a shard. What the worker knew of it is dropped. [shard, epoch, counter,
 * symbols [[symbol, closed], ...], sequence, state (bin)] */
typedef struct {
    uint32_t shard;
    session_t generation;
    size_t symbol_count; /* symbols with closed dates; others have none */
    const wire_closed_t *symbols;
    /* From a worker that had the shard (STATE), up to `sequence`: the next item is the one behind it. Empty, and
     * 0: it begins with nothing. */
    uint64_t sequence;
    wire_bytes_t state;
} wire_begin_t;

/* YIELD: the shard goes to another worker: its state up to `sequence`, which was the last item of it, is to be
 * said, and it is to be dropped. [shard, epoch, counter, sequence] */
typedef struct {
    uint32_t shard;
    session_t generation;
    uint64_t sequence;
} wire_yield_t;

/* A file of reference data, whole. */
typedef struct {
    wire_content_t content;
    day_t key; /* the year's first day; of WIRE_FUNDAMENTALS any, or DAY_NONE */
    char problem[WIRE_NOTE_MAX + 1]; /* why it could not be read: the file is rejected; else "" */
    wire_bytes_t bytes;
} wire_reference_file_t;

#define WIRE_REFERENCE_FILE_MAX (1u << 20) /* bytes: a larger file is rejected */
#define WIRE_REFERENCE_FILES    4          /* years of daily candles, and the fundamentals */

/* REFERENCE: what must be known of a symbol before the first candle of `day`. [shard, epoch, counter,
 * symbol, day, splits [[day, factor], ...], files [[content, key, problem, bytes (bin)], ...]] */
typedef struct {
    uint32_t shard;
    session_t generation;
    char symbol[SYMBOL_MAX + 1];
    day_t day;
    size_t split_count;
    const wire_split_t *splits;
    size_t file_count;
    const wire_reference_file_t *files;
} wire_reference_t;

#define WIRE_CANDLE_COLUMNS 7

/* The columns in their order, 8 bytes a row. */
typedef enum {
    WIRE_COLUMN_TS,      /* int64_t: seconds, a full minute, WIRE_TS_FIRST to WIRE_TS_LAST */
    WIRE_COLUMN_ARRIVAL, /* int64_t: milliseconds, 0 to WIRE_MS_MAX */
    WIRE_COLUMN_OPEN,    /* double: this and the other prices finite and > 0 */
    WIRE_COLUMN_HIGH,    /* >= low */
    WIRE_COLUMN_LOW,
    WIRE_COLUMN_CLOSE,
    WIRE_COLUMN_VOLUME /* double: finite, >= 0 */
} wire_column_t;

/* The first and last minute whose exchange date is accepted (DAY_FIRST, DAY_LAST). Both dates are in
 * winter: UTC-5. */
#define WIRE_TS_FIRST (DAY_FIRST * INT64_C (86400) + 18000)
#define WIRE_TS_LAST  ((DAY_LAST + 1) * INT64_C (86400) + 18000 - 60)

/* CANDLES: a batch of 1-minute candles of one shard, in columns that are read in place (little
 * endian). [shard, generation epoch, generation counter, sequence, known, symbols [text], symbol (bin
 * u32), ts (bin i64), arrival (bin i64), open, high, low, close, volume (bin f64 each), stamp_us]; every
 * column has the same number of rows, and every row is a valid candle: one that is not makes the message bad,
 * so that senders must not put it. Of each symbol the rows are in the order of its stream.
 *
 * A symbol is named once in a generation, by the item of its first candle: `symbols` are the names that
 * are new, numbered on from those `known`, which the generation's items before this one named. (A name in
 * every item cost half of what its candles did: it is copied, checked, hashed and found.) */
typedef struct {
    uint32_t shard;
    session_t generation;
    uint64_t sequence;
    uint32_t known; /* symbols named before */
    size_t symbol_count;
    const char (*symbols)[SYMBOL_MAX + 1]; /* numbers known, known + 1... */
    size_t count;                          /* rows */
    wire_bytes_t symbol;                   /* number, 4 bytes a row: < known + symbol_count */
    /* by wire_column_t, any alignment */
    wire_bytes_t columns[WIRE_CANDLE_COLUMNS];
    int64_t stamp_us; /* the oldest of its rows */
} wire_candles_t;

/* A row as who sends it gathers it: a cache line. Column i lies at 8 * i. */
typedef struct {
    int64_t ts, arrival_ms;
    double open, high, low, close, volume;
    uint32_t symbol;
} wire_row_t;

/* CLOCK: the source's clock of a shard: no entry of it that is still to come arrived before. [shard,
 * epoch, counter, sequence, clock_ms, is_end] */
typedef struct {
    uint32_t shard;
    session_t generation;
    uint64_t sequence;
    int64_t clock_ms;
    bool is_end; /* of a replay: nothing more comes, open buckets are complete */
} wire_clock_t;

/* ---- data, worker -> collector ---- */

/* LIVE_HIT: [shard, epoch, counter, symbol, arrival_ms, day, stamp_us, scan, ts, candle ts, open, high,
 * low, close, volume, value...] */
typedef struct {
    uint32_t shard;
    session_t generation;
    char symbol[SYMBOL_MAX + 1];
    int64_t arrival_ms; /* of the entry that made it */
    day_t day;          /* its date: the identity of a first hit */
    int64_t stamp_us;   /* of the item that made it; 0: a clock's */
    hit_t hit;
} wire_live_hit_t;

/* PROGRESS: the shard's items up to `sequence` are applied; what they hit lies before this. [shard,
 * epoch, counter, sequence, candles, stamp_us] */
typedef struct {
    uint32_t shard;
    session_t generation;
    uint64_t sequence;
    /* since the shard's last PROGRESS */
    uint32_t candles; /* applied */
    int64_t stamp_us; /* their oldest */
} wire_progress_t;

void wire_put_live_welcome (buffer_t *message, const wire_live_welcome_t *welcome);
void wire_put_live_worker (buffer_t *message, const wire_live_worker_t *state);
void wire_put_live_collector (buffer_t *message, const wire_live_collector_t *state);
void wire_put_live_broker (buffer_t *message, const wire_live_broker_t *state);
void wire_put_places (buffer_t *message, const wire_places_t *places);
void wire_put_known (buffer_t *message, const wire_places_t *known);
void wire_put_state (buffer_t *message, const wire_state_t *state);
void wire_put_begin (buffer_t *message, const wire_begin_t *begin);
void wire_put_yield (buffer_t *message, const wire_yield_t *yield);
void wire_put_reference (buffer_t *message, const wire_reference_t *reference);
/* Columns as they are, bad ones too: who makes messages for tests. */
void wire_put_candles (buffer_t *message, const wire_candles_t *candles);
/* What the broker sends: its columns made of `candles->count` rows: the item's own are not looked at. */
void wire_put_candle_rows (buffer_t *message, const wire_candles_t *candles,
                           const wire_row_t *rows);
void wire_put_clock (buffer_t *message, const wire_clock_t *clock);
void wire_put_live_hit (buffer_t *message, const wire_live_hit_t *hit);
void wire_put_progress (buffer_t *message, const wire_progress_t *progress);

#endif

/* flow_inside - what the parts of a flow share: flow.c (seats, shards, who owns what), flow_symbols.c
 * (streams, symbols, their dates and floors), flow_again.c (reading again), flow_message.c (what is
 * sent), flow_move.c (planned moves) and flow_places.c (what the journal is to keep). For them alone.
 */
#ifndef FLOW_INSIDE_H
#define FLOW_INSIDE_H

#include "flow.h"
#include "names_order.h"
#include "series.h"
#include "shard.h"

#define FLOW_NOBODY           (-1)
#define FLOW_DATES_MAX        4
#define FLOW_MESSAGE          (256u << 10) /* a message is closed when it is so large */
#define FLOW_BATCH_ROWS       512          /* a shard's batch is closed when it is so long */
#define FLOW_ROW              60    /* bytes of a candle on the wire, without what is around */
#define FLOW_STILL_MS         10000 /* a link with something outstanding that stands still so long */
#define FLOW_RETURN_MS        1000  /* a worker that is being started again is waited for so long */
#define FLOW_FAULTS           3     /* workers that died of a shard: it is set aside */
#define FLOW_PAUSE_MS         500 /* a turn that took longer was a pause of ours: it counts for nobody */
#define FLOW_REFERENCE        16384 /* bytes of a symbol's reference data, before any was sent */
#define FLOW_PROBATION_MS     10000
#define FLOW_PROBATION_MAX_MS 300000

/* A date of a symbol that is not both closed and wholly committed. Two that were merged, because there
 * was no room for more, are one: from `day` through `through`. */
typedef struct {
    day_t day, through;
    entry_id_t first, last;
    /* That left nothing of it open in the worker, in the shard's generation; 0: not sent in it. Where
     * candles are gathered into longer ones, what carried `last` is not enough: the last of those are
     * complete with the first entry of a later date, or the clock. */
    uint64_t sequence;
    bool closed;
} date_t;

/* What an entry of an attached symbol needs comes first: SYMBOL_LINES of the cache. */
typedef struct {
    uint16_t shard;
    bool attached; /* what the main reader reads goes to the worker */
    bool placed;   /* the journal has its stream: what it hits may be committed */
    bool dirty;    /* its place changed since it was sent to the journal */
    bool expects;  /* `first` was not seen yet by the reader that has to see it */
    uint8_t date_count;
    uint32_t stream;
    uint32_t number;              /* by which CANDLES name it ... */
    uint64_t numbered;            /* ... in the shard's generation with this counter */
    entry_id_t skip;              /* entries up to here are of no interest, whoever reads them */
    entry_id_t read;              /* the last entry that the main reader passed on */
    series_t series;              /* as the main reader sees it */
    date_t dates[FLOW_DATES_MAX]; /* oldest first */
    day_t closed;                 /* dates up to this one are closed and committed, or given up */
    day_t reference;              /* the date whose reference data its worker got last */
    day_t first_day;              /* of `first` */
    entry_id_t first; /* with `expects`: the entry with which its oldest open date begins */
    entry_id_t sent;  /* not attached: entries up to here were passed to the worker */
    series_t again;   /* not attached: as the worker sees it */
    uint64_t request; /* the request that reads for it; 0: none does */
} symbol_t;

#define SYMBOL_LINES 3

typedef struct {
    bool added;     /* the source reads it */
    bool has_known; /* `known`: its position, as the journal had it */
    bool dirty;     /* its position is to be journaled */
    bool trimmed_said;
    entry_id_t known, position, oldest;
    int64_t clock_ms;
    uint32_t symbol_count, symbol_capacity;
    uint32_t *symbols;
    uint32_t slot; /* in the request that is being made */
    uint64_t request;
} stream_t;

/* Candles of a shard that wait to become one item: in rows, not columns, of which eight lines of the cache would be
 * fetched for each, as a shard's next candle comes after those of 255 others. */
typedef struct {
    uint32_t count, capacity;
    uint32_t symbol_count, symbol_capacity; /* symbols named in it */
    int64_t stamp_us;                       /* the oldest of its rows */
    wire_row_t *rows;
    char (*names)[SYMBOL_MAX + 1];
} batch_rows_t;

/* A planned move that is under way. */
typedef struct {
    int to; /* the seat that is to have the shard; FLOW_NOBODY: it does not move */
    uint64_t begun_ms;
    buffer_t state; /* from the owner; empty: not here yet */
} move_t;

typedef struct {
    session_t generation;
    int owner;                          /* a seat, or FLOW_NOBODY */
    uint64_t sequence;                  /* of its last item */
    uint64_t committed;                 /* in this generation */
    uint64_t passed, committed_candles; /* candles in this generation, and of them committed */
    uint64_t outstanding_ms;            /* since when something is */
    uint32_t symbol_count, symbol_capacity;
    uint32_t *symbols;
    uint32_t unattached;   /* of those whose stream is read */
    uint32_t closed_dates; /* of all its symbols: what a commit may let go */
    int64_t clock_ms;      /* sent last */
    bool ended;            /* the end of the replay was sent */
    bool aside;
    unsigned faults; /* workers that died by a fault while it had something outstanding */
    move_t move;
    uint64_t paused_ms; /* since when a move holds up its symbols; 0: none does */
    uint32_t numbered;  /* symbols that were named in this generation, in `rows` too */
    batch_rows_t rows;
} shard_t;

/* A worker's place. */
typedef struct {
    bool known; /* it joined once */
    bool live;
    bool leaving;  /* it wants to hand back what it has */
    bool detached; /* it was said that it is slow */
    char name[WIRE_NAME_MAX + 1];
    session_t session;
    uint64_t serial; /* of its last state */
    uint64_t n;      /* of the last message begun */
    uint64_t last;   /* it received */
    uint64_t bytes;  /* of this session's messages, those not sent yet too */
    uint64_t consumed;
    uint64_t gathered;     /* bytes of the rows in its shards' batches */
    unsigned next_flushed; /* the shard whose batch is closed next */
    bool blocked;
    int64_t silent_ms, still_ms;
    uint64_t marker; /* of what moves on its links; see flow.c */
    uint64_t joined_ms, returns_ms, probation_until_ms;
    int64_t probation_ms;
    bool faulted;       /* its last life ended in a fault */
    buffer_t open;      /* the message that is being filled; empty, or begun with its LINK */
    size_t closed_size; /* of the last one closed: the next one gets such room at once */
    size_t queue_first, queue_count, queue_capacity;
    buffer_t *queue; /* closed messages */
    bool reading;    /* a request is under way */
    bool hold;       /* the next one is to hold the main reader */
    flow_read_t request;
    entry_id_t reached[FLOW_READ_MAX], known_end[FLOW_READ_MAX];
    uint32_t counted[FLOW_READ_MAX];
} flow_seat_t;

/* Symbols whose place is to be journaled, and the message that is under way. */
typedef struct {
    uint64_t number, stored;
    uint64_t sent_ms;
    buffer_t message; /* number `number`; empty when it is stored */
    uint32_t sent_count;
    uint32_t *sent; /* symbols in it */
    uint32_t dirty_count, dirty_capacity;
    uint32_t *dirty;
    bool streams_due;
    uint64_t streams_ms; /* streams were looked at last */
} flow_places_t;

struct flow {
    flow_config_t config;
    uint64_t epoch, counter;
    uint64_t now_ms, turned_ms, assigned_ms, swept_ms;
    uint64_t attached_ms; /* when a symbol attached last, or came */
    names_t symbol_names, stream_names;
    names_order_t order; /* in which the main reader's symbols come */
    uint32_t symbol_capacity, stream_capacity;
    symbol_t *symbols;
    stream_t *streams;
    shard_t shards[SHARD_COUNT];
    uint64_t unattached; /* symbols, of all shards */
    flow_seat_t seats[FLOW_WORKERS_MAX];
    uint32_t seat_count;
    int64_t newest_ms; /* the newest clock of all streams: asked for at every turn */
    int64_t stamp_us;  /* of the entries that come */
    uint32_t moves;    /* under way */
    bool assign;       /* who owns what is to be looked at */
    bool replaced, ending;
    bool collector_known, collector_able;
    uint64_t collector, collector_serial; /* incarnation */
    int64_t collector_silent_ms;
    uint64_t collector_moves; /* counts changes of the collector's links */
    link_t links[FLOW_WORKERS_MAX];
    flow_places_t places;
    flow_stats_t counts;
    wire_owner_t owners[SHARD_COUNT];
    uint64_t requests;
    uint64_t reference_bytes; /* that one symbol's reference data has, about */
    uint32_t prepared;        /* the symbol that flow_prepare looks at next */
    bool refusal_said;
};

/* ---- flow.c ---- */

/* A new generation of the shard for `owner` (or nobody): the one recovery. */
void flow_rewind (flow_t *self, unsigned shard, int owner);
bool flow_seat_has_room (const flow_t *self, const flow_seat_t *seat, uint64_t window);
/* Bytes that are under way to it, or gathered for it. */
uint64_t flow_seat_load (const flow_seat_t *seat);

/* ---- flow_symbols.c ---- */

uint32_t flow_put_symbol (flow_t *self, const char *name, uint32_t stream);
uint32_t flow_put_stream (flow_t *self, const char *name);
void flow_attach (flow_t *self, symbol_t *symbol);
/* From now on it is read again: what comes after `sent`, by a worker that saw it as `again`. A request
 * that is under way is not for it any more. */
void flow_detach (flow_t *self, symbol_t *symbol, entry_id_t sent, const series_t *again);
/* The beginning of its oldest open date is gone. */
void flow_gap (flow_t *self, uint32_t symbol);
/* Lets go of dates that are closed and wholly committed. */
void flow_let_go (flow_t *self, unsigned shard);
/* Closes dates by the streams' clocks. */
void flow_close_dates (flow_t *self);
/* The item `sequence` carries an entry of the symbol's date `day`. */
void flow_note_sequence (flow_t *self, symbol_t *symbol, entry_id_t id, day_t day,
                         uint64_t sequence);
/* The item `sequence` carries the clock to a shard whose symbols are all attached. */
void flow_note_clock (flow_t *self, unsigned shard, int64_t clock_ms, uint64_t sequence);
/* The symbol's oldest open date: false when it has none. */
bool flow_floor (const symbol_t *symbol, day_t *day, entry_id_t *first);

/* ---- flow_message.c ---- */

/* A candle of the symbol to its worker; `is_new`: the first of its date. */
void flow_pass (flow_t *self, uint32_t symbol, entry_id_t id, const candle_t *candle, day_t day,
                bool is_new);
/* `state`: the new generation goes on with it, behind the shard's sequence; NULL: it begins with nothing. */
void flow_put_begin (flow_t *self, unsigned shard, const buffer_t *state);
void flow_put_yield (flow_t *self, unsigned shard);
void flow_put_reference (flow_t *self, uint32_t symbol, day_t day);
void flow_put_clock (flow_t *self, unsigned shard, int64_t clock_ms, bool is_end);
void flow_close_batch (flow_t *self, unsigned shard);
/* Forgets what the shard's batch gathered. */
void flow_drop_batch (flow_t *self, unsigned shard);
void flow_drop_messages (flow_seat_t *seat);
void flow_free_rows (batch_rows_t *rows);

/* ---- flow_move.c ---- */

bool flow_is_moving (const shard_t *shard);
/* The owner is asked for the shard's state, which then goes to seat `to`; its symbols pause. False: too many
 * move already. */
bool flow_begin_move (flow_t *self, unsigned shard, int to);
/* Something came, or time passed: the move is finished, or given up for a rewind. */
void flow_go_on_moving (flow_t *self, unsigned shard);
void flow_cancel_move (flow_t *self, shard_t *shard);
/* All of the shard's symbols are attached again behind a move. */
void flow_note_pause (flow_t *self, shard_t *shard);

/* ---- flow_places.c ---- */

void flow_mark (flow_t *self, uint32_t symbol);
void flow_places_heard (flow_t *self, uint64_t stored, bool again);
bool flow_places_even (const flow_t *self);

/* ---- flow_again.c ---- */

/* Is the shard's turn to be read again? Suspects wait for the others, and then for each other. */
bool flow_may_read (const flow_t *self, unsigned shard);

#endif

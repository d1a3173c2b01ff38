/* redis_reader_inside - what the parts of the main reader share: redis_reader.c (replies, and the connection),
 * redis_reader_pass.c (entries to the flow) and redis_reader_ask.c (what to ask for, and when). For them
 * alone.
 */
#ifndef REDIS_READER_INSIDE_H
#define REDIS_READER_INSIDE_H

#include "redis_reader.h"
#include "redis_request.h"

#define READER_FEW        64   /* streams that are always read together */
#define READER_AHEAD      6    /* requests under way */
#define READER_EACH_MAX   2048 /* entries of a stream in a reply */
#define READER_PACED_EACH 2    /* the next entry, and when the one after it is due */

/* A time that an id may have. */
#define READER_ARRIVAL_MAX ((uint64_t) DAY_LAST * 86400000)

typedef enum { TIME, ENTRIES, PASSING } reader_stage_t;

struct redis_reader {
    redis_streams_t *streams;
    flow_t *flow;
    redis_t *redis;
    redis_entries_t *entries;
    bool is_replay;
    double speed;
    uint64_t life; /* of the connection that the requests are on */
    bool wants_look;
    mono_t now;

    /* Requests under way, oldest first, and where the oldest is. */
    redis_request_t requests[READER_AHEAD];
    unsigned first, count;
    reader_stage_t stage;
    int64_t read_us; /* when the reply was whole: the stamp of its entries */
    bool blocks;     /* it waits */
    bool time_known; /* of this request */
    int64_t time_ms; /* Redis' */
    size_t row;      /* the next to be passed on */
    uint32_t k;      /* the stream of the one before; UINT32_MAX: none */
    bool skips;      /* what comes of that stream is of no interest */
    bool partial;    /* the reply broke off; it has no end */
    bool has_giant;  /* and why: an entry that is too large */
    uint32_t giant_k;
    entry_id_t giant;

    /* What to ask for next. */
    uint32_t cursor; /* the next row of the sweep */
    bool sweeping;
    bool waits_next; /* the next cycle begins with a read that waits */
    bool cycling;    /* something was asked for since the last pause */
    bool rest_turn;
    uint32_t *rests; /* rows with more */
    uint32_t rest_count, rest_capacity;
    uint64_t found; /* entries of the cycle */
    bool cut;       /* of the cycle: a stream had more */
    mono_t cycle_began, sweep_began, pause_until, hard_at;
    int64_t refused_ms; /* pause after a refusal */
    bool caught_up;
    int64_t lag_ms;

    /* Paced replay. */
    bool has_base;
    int64_t base_ms; /* arrival of the first entry of all, */
    mono_t base;     /* which was passed on then */
    uint32_t paced_each;
};

static inline redis_request_t *reader_head (redis_reader_t *self)
{
    return &self->requests[self->first];
}

/* ---- redis_reader.c ---- */

/* The oldest request begins with the reply of its TIME. */
void reader_expect (redis_reader_t *self);
/* The oldest request is over. */
void reader_pop (redis_reader_t *self);

/* ---- redis_reader_pass.c ---- */

/* Is a paced replay's entry of that arrival due? When? */
bool reader_is_due (const redis_reader_t *self, int64_t arrival_ms);
mono_t reader_due_at (const redis_reader_t *self, int64_t arrival_ms);
/* The first sweep of a paced replay passes nothing on: it finds out where the replay's time begins. */
void reader_find_base (redis_reader_t *self);

void reader_begin_passing (redis_reader_t *self);
/* Passes on some of the reply's entries. False: there is no room for more now. */
bool reader_pass_some (redis_reader_t *self);
/* Its streams may be asked for again. */
void reader_release (redis_reader_t *self, const redis_request_t *request);

/* ---- redis_reader_ask.c ---- */

void reader_pause (redis_reader_t *self, int64_t us);
/* The row has more: it is read on at once. */
void reader_push_rest (redis_reader_t *self, uint32_t row);
/* Is the cycle (a read that waits, or a sweep, and its rests) over? Then: when does the next begin, and how? */
void reader_note_cycle (redis_reader_t *self);
/* Is there a stream to be asked for? */
bool reader_any_wanted (const redis_reader_t *self);
/* Sends the next request, if there is one to be sent now. */
bool reader_ask (redis_reader_t *self);

#endif

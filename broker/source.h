/* source - where a live run's entries come from. A backend is a file behind a few calls.
 *
 *     Redis streams   source_redis.c      XREAD from the flow's positions, again where the flow asks
 *     candle files    source_files.c      replay: a file of 1-minute candles is a stream, its ids
 *                                         are candle start + 60 s
 *
 * The source reads, decodes and rejects; which entry counts, where to read on and what to read again
 * is the flow's to say. It never blocks: what it waits for it names.
 */
#ifndef SOURCE_H
#define SOURCE_H

#include "clock.h"
#include "flow.h"

#include <poll.h>

/* What it counted. */
typedef struct {
    uint64_t entries; /* read, again ones too */
    uint64_t
        rejected; /* entries that are no candles; the first few were logged with stream and id */
    uint64_t refused_streams; /* names found that cannot be streams of ours */
    uint64_t lost;            /* connections lost */
    uint64_t retries;         /* tries to connect, or commands, that failed */
    uint64_t bytes;
    bool connected;
    bool caught_up; /* the last look at every stream found nothing more */
    int64_t
        lag_ms; /* the source's time now, less the arrival of the last entry passed on while behind; 0 when caught up */
} source_counts_t;

#define SOURCE_POLL_MAX 4

typedef struct {
    /* Descriptors to wait for: fills at most SOURCE_POLL_MAX, returns how many. */
    size_t (*poll) (void *self, struct pollfd *items);
    /* Milliseconds until it wants to be called without any; -1: never. */
    int64_t (*due_ms) (const void *self, mono_t now);
    /* Does what can be done without waiting, a bounded part of it. True: call again at once. With `stop` it
     * passes on no new entries, and only reads again what the flow asks for. */
    bool (*turn) (void *self, bool stop, mono_t now);
    /* Everything there is was read and passed on (replay). */
    bool (*is_over) (const void *self);
    /* It cannot go on, ever (a wrong password's user, a file that vanished): the reason was logged. */
    bool (*failed) (const void *self);
    void (*counts) (const void *self, source_counts_t *counts);
    void (*destroy) (void *self);
} source_kind_t;

typedef struct {
    const source_kind_t *kind;
    void *self;
} source_t;

typedef struct {
    const char *url;                  /* redis://HOST:PORT/DB, unix:///PATH */
    const char *user, *password_file; /* or NULL */
    const char *streams;              /* patterns and names, comma between */
    entry_id_t begin;                 /* of streams that the journal does not know */
    bool is_replay; /* ends when the streams' present end is reached; the clock is the ids' */
    double speed;   /* of a replay: times real time; 0: as fast as it goes */
} source_redis_config_t;

/* 0, or -1 with one line in `error` when the URL, or a pattern, is wrong. Connects later, by itself. */
int source_redis_open (source_t *source, flow_t *flow, const source_redis_config_t *config,
                       char *error, size_t error_size);

struct market;
typedef struct {
    const struct market *market;
    day_t from, to; /* inclusive */
    double speed;
} source_files_config_t;

int source_files_open (source_t *source, flow_t *flow, const source_files_config_t *config,
                       char *error, size_t error_size);

#endif

/* source_files_inside - what the parts of a replay of candle files share: source_files.c (streams, turns),
 * source_files_main.c (the main reader) and source_files_again.c (reading again). For them alone. */
#ifndef SOURCE_FILES_INSIDE_H
#define SOURCE_FILES_INSIDE_H

#include "minute_file.h"
#include "minute_window.h"
#include "source.h"

#define SOURCE_FILES_NEVER     INT64_MAX
#define SOURCE_FILES_NO_STREAM UINT32_MAX

/* A symbol of the market, by its index. */
typedef struct {
    uint32_t stream;    /* SOURCE_FILES_NO_STREAM: refused */
    day_t reported;     /* rejections of weeks up to this one are counted */
    int64_t next_ts;    /* no candle before it is to be passed or put into a window any more */
    uint64_t passed_ms; /* of the last entry passed in this life; 0: none */
} feed_t;

typedef struct {
    flow_t *flow;
    const market_t *market;
    day_t from, to;
    double speed;
    int64_t end_ts; /* the range's */
    size_t count;
    feed_t *feeds;
    uint32_t stream_count;
    uint32_t *feed_of; /* by stream; count of feeds: not ours */
    bool over, failed;
    source_counts_t counts;
    mono_t due; /* when it wants to be called; 0: never */

    /* the main reader */
    minute_file_t file;
    size_t symbol; /* max: the one behind that of `file`; Nx: the one that is put into the window */
    day_t week;    /* max */
    bool loaded;   /* max: `file` has candles, passed up to `at` */
    size_t at;

    minute_window_t windows[2]; /* Nx */
    int current;
    bool filling, ready; /* the other window */
    bool started;
    mono_t base; /* the replay's clock was `base_ms` then */
    int64_t base_ms, last_ms;
    mono_t told;

    /* reading again */
    const flow_read_t *read; /* the request under way, or NULL */
    minute_file_t again;
    uint32_t k, given;
    day_t again_week;
    entry_id_t reached;
} source_files_t;

/* Entries: arrival is the candle's end. */
static inline int64_t source_files_arrival (int64_t ts)
{
    return (ts + 60) * 1000;
}

static inline entry_id_t source_files_id (int64_t ts)
{
    return (entry_id_t){(uint64_t) source_files_arrival (ts), 0};
}

/* The first second at which a candle behind the entry may start; no later than the range's end. Of {0, 0}
 * the range's beginning. */
int64_t source_files_after (const source_files_t *self, entry_id_t id);

/* The Monday of the week. */
static inline day_t source_files_week (int64_t ts)
{
    return partition_first (FREQUENCY_1MIN, exchange_day (ts));
}

/* A step of the main reader. False: there is nothing to do now; `due` says when. */
bool source_files_pass (source_files_t *self, mono_t now);

/* A step of reading again. False: nothing is asked for. A request that was begun is ended before anything
 * else is passed on, so the main reader holds whenever it is to. */
bool source_files_again (source_files_t *self);

#endif

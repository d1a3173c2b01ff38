/* live_inside - what the parts of a live run's loop share: live.c (the loop), live_children.c (processes
 * and signals), live_control.c (control messages) and live_report.c (what people see). For them alone.
 */
#ifndef LIVE_INSIDE_H
#define LIVE_INSIDE_H

#include "channel.h"
#include "clock.h"
#include "live.h"
#include "local.h"
#include "minutes.h"
#include "minutes_history.h"
#include "progress.h"
#include "redis.h"
#include "reference.h"
#include "watch.h"

#define LIVE_STATE_MS 1000 /* our state is repeated so often */

/* A child's place: its process comes and goes. */
typedef struct {
    bool running;
    uint64_t incarnation; /* of the life that was started last */
    mono_t started, next; /* when it was, and when it may be started again */
    int64_t pause_ms;     /* grows while its lives are short */
} child_t;

/* A worker's place. */
typedef struct {
    child_t child;
    channel_peer_t peer;
    bool known;        /* the life said hello */
    session_t session; /* its first */
    channel_t *data;
    /* of this life, or of its last state */
    uint64_t candles, late, refused, rejected_rows, rejected_files, scan_us, memory_bytes, cpu_us;
    live_process_t past; /* of its lives that ended */
    size_t notes;        /* of its life that were logged */
    bool slow;           /* as it was looked at last */
} live_seat_t;

/* What the collector said last of the ages of candles; what its earlier lives did. */
typedef struct {
    live_ages_t past;
    live_process_t past_process;
    uint64_t past_hits, past_repeats, past_commit_us;
    uint64_t candles, taken;
    buffer_t hit, commit; /* histogram_put's bytes */
} aging_t;

typedef enum {
    LIVE_OPENING, /* until the journal's floors are known */
    LIVE_RUNNING,
    LIVE_ENDING, /* no new entries: what came is finished */
    LIVE_LEAVING /* all were told to go */
} live_phase_t;

struct live {
    const live_config_t *config;
    live_result_t *result;
    bus_t *bus;
    channel_t *control;
    local_t *local;
    char *state; /* the journal's directory */
    int signals;
    flow_t *flow;
    bool gathering;  /* what was read waits to be sent */
    mono_t flushed;  /* it was last */
    mono_t even_at;  /* the source was not behind */
    source_t source; /* kind NULL: not open yet */
    live_phase_t phase;
    bool over;
    int interrupts;
    mono_t started, told, turned, looked, phase_since, reported, slow_looked;
    uint64_t broker; /* our incarnation */
    uint64_t serial, owners_mark, lives, refused;
    bool owners_changed;
    /* collector */
    child_t collector_child;
    channel_peer_t collector;
    bool collector_known, collector_heard;
    char collector_endpoint[WIRE_ENDPOINT_MAX + 1];
    wire_live_collector_t heard; /* its last state, without what it points to */
    aging_t aging;
    uint64_t sinks_behind;
    uint32_t sinks_failing;
    uint64_t known_next; /* number of the KNOWN that comes next */
    bool known_whole;
    /* workers */
    uint32_t seat_count;
    live_seat_t *seats;
    char *control_endpoint, *hits_endpoint;
    char (*scans)[SCAN_TEXT_MAX];
    wire_reader_t *reader;
    zmq_pollitem_t *polled;
    reference_t reference;
    watch_t *watch;
    minutes_t *minutes;
    minutes_history_t history;
    redis_t *minutes_redis;
    char *minutes_stream;
    flow_prepare_t preparing; /* reference data is being sent ahead */
    progress_t progress;
    uint64_t rate_candles; /* counted at `reported` */
    double rate;
    uint64_t worker_rows, worker_files; /* rejected by lives that ended */
    day_t prepared;                     /* the day that `preparing` is of, where a hook says it */
    bool ended;                         /* the hook was called */
};

void live_enter (live_t *self, live_phase_t phase);

/* ---- live_children.c ---- */

int live_start_children (live_t *self);
void live_take_signals (live_t *self);
/* Starts again those whose pause is over. */
void live_tend_children (live_t *self);

/* ---- live_control.c ---- */

void live_take_control (live_t *self);
/* Our state, and PLACES. */
void live_speak (live_t *self);

/* ---- live_facts.c ---- */

/* Before `heard` is that state. */
void live_hear_ages (live_t *self, const wire_live_collector_t *state);
void live_find_ages (const live_t *self, live_ages_t *ages);
/* A worker's life ended: what it did is kept. */
void live_end_life (live_seat_t *seat);
void live_close_facts (live_t *self);

/* ---- live_report.c ---- */

void live_open_report (live_t *self);
void live_close_report (live_t *self);
/* Minute reports, the status line, STATE/stats.json. */
void live_report (live_t *self, mono_t now);
void live_summarize (live_t *self);
/* Earlier days' minutes, from files, a little at a time. True when there is more. */
bool live_read_history (live_t *self, mono_t now);

#endif

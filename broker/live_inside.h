/* live_inside - what the parts of a live run's loop share: live.c (the loop), live_children.c (processes
 * and signals), live_control.c (control messages), live_seats.c (workers), live_health.c (is all well?) and live_report.c
 * (what people see). For them alone.
 */
#ifndef LIVE_INSIDE_H
#define LIVE_INSIDE_H

#include "channel.h"
#include "clock.h"
#include "endpoint.h"
#include "live.h"
#include "local.h"
#include "minutes.h"
#include "minutes_history.h"
#include "progress.h"
#include "pulse.h"
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

/* A worker's place: our child's, for good, or that of one from elsewhere as long as it is there. */
typedef struct {
    bool taken; /* somebody has it */
    bool local; /* our child, the one of that number */
    child_t child;
    char name[WIRE_NAME_MAX + 1];
    uint64_t incarnation; /* of the life that said hello */
    channel_t *control;   /* by which it speaks, */
    channel_peer_t peer;  /* and as whom */
    bool known;           /* the life said hello */
    session_t session;    /* its first */
    channel_t *data;
    char endpoint[WIRE_ENDPOINT_MAX + 1]; /* of `data` */
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

/* A collector that said hello. */
typedef struct {
    bool known;
    channel_t *control;
    channel_peer_t peer;
    uint64_t hello;                       /* the incarnation that it says, */
    uint64_t incarnation;                 /* and the number of its life here */
    char endpoint[WIRE_ENDPOINT_MAX + 1]; /* where workers PUSH hits */
} collector_peer_t;

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
    channel_t *control; /* of our children */
    channel_t *remote;  /* of who comes from elsewhere; NULL without --listen */
    char listen_host[ENDPOINT_HOST_MAX + 1];
    uint16_t listen_port;
    uint32_t ports; /* of data that were given out */
    bool any_joined;
    pulse_t *pulse;
    bool caught_up; /* the source has been since it was opened */
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
    uint64_t serial, owners_mark, lives, collector_lives, refused;
    uint64_t seconds; /* workers that were left out */
    bool owners_changed;
    /* collector */
    child_t collector_child;
    collector_peer_t collector; /* the one that has the journal */
    collector_peer_t candidate; /* said hello, and has not said yet that it has it */
    bool collector_known, collector_heard;
    mono_t collector_at;         /* it was heard last */
    wire_live_collector_t heard; /* its last state, without what it points to */
    aging_t aging;
    uint64_t sinks_behind;
    uint32_t sinks_failing;
    uint64_t known_next; /* number of the KNOWN that comes next */
    bool known_whole;
    /* workers */
    uint32_t local_count; /* our children: the first seats */
    uint32_t seat_count;  /* seats that were ever taken */
    uint32_t seat_max;
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
/* The welcome of a run, with what `item` has of its receiver. */
void live_welcome (live_t *self, channel_t *control, const channel_peer_t *peer,
                   wire_live_welcome_t *item);

/* ---- live_seats.c ---- */

uint64_t live_now_ms (void);
uint64_t live_find_window (uint32_t workers);
void live_take_worker_hello (live_t *self, const wire_hello_t *hello, channel_t *control,
                             const channel_peer_t *peer);
void live_take_worker_state (live_t *self, const wire_live_worker_t *state, channel_t *control,
                             const channel_peer_t *peer);
void live_take_shard_state (live_t *self, const wire_state_t *state, channel_t *control,
                            const channel_peer_t *peer);
/* Welcomes all that said hello: there is an epoch now, or the collector is another one. */
void live_welcome_workers (live_t *self);
/* The life of the seat's worker is over. */
void live_close_seat (live_t *self, uint32_t w);
/* Seats of workers that handed all back are free again. */
void live_tend_seats (live_t *self);

/* ---- live_health.c ---- */

/* Says how we are to who asks: the loop turned. */
void live_tell_health (live_t *self, mono_t now);

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

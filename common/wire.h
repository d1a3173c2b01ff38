/* wire - every message between fastscanner's processes: its kind, fields and bytes.
 *
 *     message on a socket = one frame = one or more msgpack objects, one behind the other
 *     object              = array [kind, version, field, field, ...]
 *
 *     control (ROUTER of the broker <-> DEALER of worker and collector): one object a message
 *     data (PUSH -> PULL): a LINK object, then the items that travel together, so that small things share a message
 *
 *         broker                               worker                               collector
 *           | <--------- HELLO ----------------- |                                     |
 *           | <--------- HELLO ------------------+------------------------------------ |
 *           | ---------- WELCOME --------------> | (and the collector)                 |
 *           | == LINK UNIT FILE* READY ========> |  gate                               |
 *           | <--------- WORKER_STATE (needs) -- |                                     |
 *           | == LINK FILE* ===================> |  scan                               |
 *           |                                    | == LINK HIT* DONE ================> |  release in order
 *           | <--------- COLLECTOR_STATE (released, held) ---------------------------- |
 *           | ---------- BROKER_STATE (phase) -> | (and the collector)                 |
 *
 * States are whole and repeated: at every change and every second; one with a serial not above the
 * last is ignored. This file and wire_live.h, with wire_*.c, are the format: a version of every kind
 * (wire_version), pinned byte by byte in tests/test_wire.c. A new field goes to the end under a new
 * version of its kind; readers take the versions they know and refuse others.
 *
 * Every byte is untrusted. wire_next first walks an object and holds every count in it against the
 * bytes that are left, before msgpack-c allocates anything by it (an array header of five bytes can
 * ask for gigabytes); then every field's type, range and text is checked. A message that fails is
 * dropped and counted by its receiver, never an assert.
 */
#ifndef WIRE_H
#define WIRE_H

#include "hit.h"
#include "link.h"
#include "memory.h"
#include "wire_live.h"
#include "wire_parts.h"

#define WIRE_CHUNK    (1u << 20)  /* bytes of a file that travel in one FILE at most */
#define WIRE_FILE_MAX (64u << 20) /* bytes of a file that travels; a larger one is rejected */
/* bytes of a message; sockets refuse larger ones. A REFERENCE of full files has room. */
#define WIRE_MESSAGE_MAX (5u << 20)
/* units from the last one released that may be under way: what a collector keeps */
#define WIRE_REACH 1024

typedef enum {
    /* control */
    WIRE_HELLO = 1,
    WIRE_WELCOME = 2,
    WIRE_WORKER_STATE = 3,
    WIRE_COLLECTOR_STATE = 4,
    WIRE_BROKER_STATE = 5,
    /* control of a live run (wire_live.h) */
    WIRE_LIVE_WELCOME = 6,
    WIRE_LIVE_WORKER = 7,
    WIRE_LIVE_COLLECTOR = 8,
    WIRE_LIVE_BROKER = 9,
    WIRE_PLACES = 10,
    WIRE_KNOWN = 11,
    WIRE_STATE = 12,
    /* data: link header and items */
    WIRE_LINK = 16,
    WIRE_UNIT = 17,
    WIRE_FILE = 18,
    WIRE_READY = 19,
    WIRE_CANDLES = 20,
    WIRE_HIT = 21,
    WIRE_DONE = 22,
    WIRE_EXPLAIN = 23,
    /* items of a live run (wire_live.h); CANDLES too */
    WIRE_BEGIN = 32,
    WIRE_REFERENCE = 33,
    WIRE_CLOCK = 34,
    WIRE_LIVE_HIT = 35,
    WIRE_PROGRESS = 36,
    WIRE_YIELD = 37
} wire_kind_t;

typedef enum { WIRE_ROLE_WORKER = 1, WIRE_ROLE_COLLECTOR = 2 } wire_role_t;

/* HELLO: a process asks to take part. [role, name, incarnation, endpoint] */
typedef struct {
    wire_role_t role;
    char name[WIRE_NAME_MAX + 1]; /* stable over restarts: "worker-1" */
    uint64_t incarnation; /* of this life: a number that the broker gave, or the start time */
    char endpoint[WIRE_ENDPOINT_MAX + 1]; /* where a collector PULLs hits; "" for a worker */
} wire_hello_t;

/* WELCOME: all that a worker or collector must know of the run. [worker, session epoch, session
 * counter, data endpoint, collector endpoint, all_hits, scans [text], holidays [day]] */
typedef struct {
    uint32_t worker; /* the number by which links name it */
    session_t session;
    char data_endpoint[WIRE_ENDPOINT_MAX + 1];      /* where the worker PULLs; "" for a collector */
    char collector_endpoint[WIRE_ENDPOINT_MAX + 1]; /* where the worker PUSHes */
    bool all_hits;
    size_t scan_count;
    const char (
        *scans)[SCAN_TEXT_MAX]; /* canonical texts (scan_format); owned by sender or reader */
    size_t holiday_count;
    const day_t *holidays;
} wire_welcome_t;

/* What a unit waits for: partitions in the order in which the worker wants them. */
typedef struct {
    uint32_t unit, attempt;
    uint32_t partition_count;
    const partition_t *partitions;
} wire_need_t;

/* WORKER_STATE. [serial, session epoch, session counter, last, gap, blocked, consumed, refused,
 * parse_us, scan_us, cpu_us, needs [[unit, attempt, [[count, unit letter, key], ...]], ...]] */
typedef struct {
    uint64_t serial;
    link_t link;       /* what it received from the broker */
    bool blocked;      /* it cannot send to the collector, and takes nothing until it can */
    uint64_t consumed; /* bytes of messages applied in this session */
    uint64_t refused;  /* bad messages dropped */
    uint64_t parse_us, scan_us, cpu_us; /* CPU time: in those stages, and of the whole process */
    size_t need_count;
    const wire_need_t *needs;
} wire_worker_state_t;

/* What a unit, and so a run, counted. */
typedef struct {
    uint64_t candles, rejected_rows, unsorted_rows, duplicate_rows, rejected_files, rejected_json;
} wire_counts_t;

/* COLLECTOR_STATE. [serial, incarnation, released, held (bin), held_bytes, able, failed, closed,
 * hits, refused, candles, rejected_rows, unsorted_rows, duplicate_rows, rejected_files,
 * rejected_json, sink_us, cpu_us, links [[worker, epoch, counter, last, gap], ...], notes [text]]
 * */
typedef struct {
    uint64_t serial;
    uint64_t incarnation;
    uint32_t released; /* units below this one are written */
    wire_bytes_t
        held; /* bit i (of byte i / 8, lowest first): unit released + i is whole, and held */
    uint64_t held_bytes;  /* hits in memory */
    bool able;            /* it takes and writes */
    bool failed;          /* a sink failed: the run cannot succeed */
    bool closed;          /* told to finish or stop, it has: nothing more will change */
    uint64_t hits;        /* written */
    uint64_t refused;     /* bad messages dropped */
    wire_counts_t counts; /* of the units released */
    uint64_t sink_us, cpu_us;
    size_t link_count;
    const wire_link_state_t *links;
    size_t note_count;
    const char (*notes)[WIRE_NOTE_MAX + 1]; /* the run's first rejections, in output order */
} wire_collector_state_t;

/* BROKER_STATE. [serial, phase, units, void [unit]] */
typedef struct {
    uint64_t serial;
    wire_phase_t phase;
    uint32_t units; /* of the whole run */
    size_t void_count;
    const uint32_t *voids; /* units not released that will never come: set aside */
} wire_broker_state_t;

/* LINK: heads each data message. [worker, session epoch, session counter, n] */
typedef struct {
    uint32_t worker;
    session_t session;
    uint64_t n;
} wire_link_t;

/* UNIT: begins a unit of work: a symbol and a range of days. [unit, attempt, symbol, first, last,
 * is_first, is_last, folders, explain, when, splits [[day, factor], ...]] */
typedef struct {
    uint32_t unit, attempt;
    char symbol[SYMBOL_MAX + 1];
    day_t first, last;      /* days to scan */
    bool is_first, is_last; /* of its symbol: they count the rows before and after the range */
    uint64_t
        folders; /* bit i: the symbol has a folder for the run's i-th intraday frequency (scans' order) */
    bool explain; /* report every condition at `when` instead of hits */
    int64_t when; /* the candle's start; for 1d scans exchange_midnight (day) */
    size_t split_count;
    const wire_split_t *splits;
} wire_unit_t;

/* FILE: the next bytes of a file of a unit. A partition that was asked for and does not exist is
 * one empty FILE. [unit, attempt, content, frequency count, frequency unit letter, key, is_last,
 * problem, bytes (bin)] */
typedef struct {
    uint32_t unit, attempt;
    wire_content_t content;
    partition_t partition;           /* of WIRE_PARTITION */
    bool is_last;                    /* nothing of this file follows */
    char problem[WIRE_NOTE_MAX + 1]; /* why it could not be read: the file is rejected; else "" */
    wire_bytes_t bytes;
} wire_file_t;

/* READY: daily candles and fundamentals of a unit are there. [unit, attempt] */
typedef struct {
    uint32_t unit, attempt;
} wire_ready_t;

/* HIT: one hit of a unit. [unit, attempt, symbol, scan, ts, candle ts, open, high, low, close,
 * volume, value...] */
typedef struct {
    uint32_t unit, attempt;
    char symbol[SYMBOL_MAX + 1];
    hit_t hit;
} wire_hit_t;

/* DONE: a unit is whole. [unit, attempt, symbol, candles, rejected_rows, unsorted_rows,
 * duplicate_rows, rejected_files, rejected_json, notes [text]] */
typedef struct {
    uint32_t unit, attempt;
    char symbol[SYMBOL_MAX + 1];
    wire_counts_t counts;
    size_t note_count;
    const char (*notes)[WIRE_NOTE_MAX + 1]; /* "data/candles/A/1d/2023.csv:12: reason" */
} wire_done_t;

typedef struct {
    char what[64];
    char op[4];
    double value, threshold; /* NAN: missing */
    bool is_time;
    bool passed;
} wire_condition_t;

/* EXPLAIN: one scan's gate or rule at the candle that was asked for. [unit, attempt, scan, is_rule,
 * hit, note, conditions [[what, op, value, threshold, is_time, passed], ...]] */
typedef struct {
    uint32_t unit, attempt;
    uint32_t scan;
    bool is_rule;                 /* else the gate */
    bool hit;                     /* all conditions passed */
    char note[WIRE_NOTE_MAX + 1]; /* why there are no conditions, or "" */
    size_t condition_count;
    const wire_condition_t *conditions;
} wire_explain_t;

/* Writing: each appends one object to the message. */
void wire_put_hello (buffer_t *message, const wire_hello_t *hello);
void wire_put_welcome (buffer_t *message, const wire_welcome_t *welcome);
void wire_put_worker_state (buffer_t *message, const wire_worker_state_t *state);
void wire_put_collector_state (buffer_t *message, const wire_collector_state_t *state);
void wire_put_broker_state (buffer_t *message, const wire_broker_state_t *state);
void wire_put_link (buffer_t *message, const wire_link_t *link);
void wire_put_unit (buffer_t *message, const wire_unit_t *unit);
void wire_put_file (buffer_t *message, const wire_file_t *file);
void wire_put_ready (buffer_t *message, const wire_ready_t *ready);
void wire_put_hit (buffer_t *message, const wire_hit_t *hit);
void wire_put_done (buffer_t *message, const wire_done_t *done);
void wire_put_explain (buffer_t *message, const wire_explain_t *explain);

/* Writing a FILE around bytes that are read straight into the message, without a copy: begin
 * reserves `size` bytes and returns their address; end keeps the first `used` of them. Nothing else
 * may be put between. `file->bytes` and `file->is_last` are ignored by begin: end says what they
 * are. */
typedef struct {
    size_t is_last, bytes; /* where the two stand in the message */
} wire_slot_t;
char *wire_file_begin (buffer_t *message, const wire_file_t *file, size_t size, wire_slot_t *slot);
void wire_file_end (buffer_t *message, const wire_slot_t *slot, size_t used, bool is_last);

/* Reading. What `object` points to lives in the message and the reader until the next wire_next. */
typedef struct {
    wire_kind_t kind;
    union {
        wire_hello_t hello;
        wire_welcome_t welcome;
        wire_worker_state_t worker_state;
        wire_collector_state_t collector_state;
        wire_broker_state_t broker_state;
        wire_link_t link;
        wire_unit_t unit;
        wire_file_t file;
        wire_ready_t ready;
        wire_hit_t hit;
        wire_done_t done;
        wire_explain_t explain;
        wire_live_welcome_t live_welcome;
        wire_live_worker_t live_worker;
        wire_live_collector_t live_collector;
        wire_live_broker_t live_broker;
        wire_places_t places; /* of WIRE_PLACES and WIRE_KNOWN */
        wire_begin_t begin;
        wire_reference_t reference;
        wire_candles_t candles;
        wire_clock_t clock;
        wire_live_hit_t live_hit;
        wire_progress_t progress;
        wire_yield_t yield;
        wire_state_t state;
    };
} wire_object_t;

typedef struct wire_reader wire_reader_t;

wire_reader_t *wire_reader_new (void);
void wire_reader_destroy (wire_reader_t **self);

/* Starts a message; the bytes must stay until it is read. */
void wire_reader_begin (wire_reader_t *self, const void *bytes, size_t size);

/* The next object: 1, with `object` filled; 0 at the end of the message; -1 when the rest is no
 * valid message. */
int wire_next (wire_reader_t *self, wire_object_t *object);

#endif

/* desk - a live worker's part of the market: shards, their symbols, each symbol's day.
 *
 *     BEGIN ------> shard (generation, sequence 0)
 *     REFERENCE --> the gate of each scan for one date, and its rule's start; the files are dropped
 *     CANDLES ----> series_take --> buckets of each frequency --> rules --> LIVE_HIT
 *     CLOCK ------> buckets that can get no more candles --> rules --> LIVE_HIT
 *     YIELD ------> the shard as bytes (desk_state.h) --> STATE; BEGIN with them: it goes on
 *                                          at the message's end:   --> PROGRESS of each shard touched
 *
 * Plain functions of state and item: no socket, no file, no clock of its own. Items of a generation
 * lower than the shard's are ignored; within one, the only sequence taken is last + 1.
 */
#ifndef DESK_H
#define DESK_H

#include "outbox.h"
#include "run.h"

typedef struct {
    int64_t since_ms; /* hits of entries that arrived before are not reported */
    int64_t candle_timeout_ms, day_timeout_ms;
} desk_rules_t;

/* What it counted in its life. */
typedef struct {
    uint64_t candles, late, rejected_rows, rejected_files;
    size_t note_count;
    char notes[WIRE_NOTES_MAX][WIRE_NOTE_MAX + 1];
} desk_counts_t;

typedef struct desk desk_t;

/* `run` and `calendar` must live longer. */
desk_t *desk_new (const run_t *run, const calendar_t *calendar, const desk_rules_t *rules);
void desk_destroy (desk_t **self);

/* A new session: every shard is dropped. */
void desk_drop (desk_t *self);

/* Takes BEGIN, REFERENCE, CANDLES, CLOCK or YIELD; hits go to the outbox. False when it is none of these, or
 * it breaks the rules of its shard (a sequence that is missing, a candle without its date's reference
 * data): then messages were lost, and the link is to be reported as broken. */
bool desk_take (desk_t *self, const wire_object_t *item, outbox_t *out);

/* The end of a message: PROGRESS of each shard that it touched. */
void desk_end_message (desk_t *self, outbox_t *out);

/* The next STATE that the broker asked for by YIELD; the message is the caller's. False: there is none. */
bool desk_next_state (desk_t *self, buffer_t *message);

/* The broker's state: shards of which it says that a higher generation is somebody else's
 * are dropped. */
void desk_hear (desk_t *self, const wire_live_broker_t *state, uint32_t worker);

const desk_counts_t *desk_counts (const desk_t *self);

/* Shards and symbols that it holds. */
size_t desk_shards (const desk_t *self);
size_t desk_symbols (const desk_t *self);

#endif

/* What is sent:
 *
 *     candle --> rows of its shard's batch --full, or flow_flush--> CANDLES --> the seat's open message
 *                                 BEGIN, REFERENCE, CLOCK: at once -----------> --256 KiB, or flow_flush--> queue
 *
 * An item of a shard never overtakes its candles: the batch is closed first.
 */
#include "flow_inside.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows for which a shard keeps room when its batches are shorter again: after a worker's loss each would have 32 KiB
 * for good. */
#define ROWS_KEEP 128

#define ENOUGH 8 /* a worker has enough to do with such a part of its window under way */

/* ---- messages of a seat ---- */

static void close_message (flow_seat_t *seat)
{
    if (seat->open.size == 0) {
        return;
    }
    if (seat->queue_first + seat->queue_count == seat->queue_capacity) {
        if (seat->queue_first > 0) {
            memmove (seat->queue, seat->queue + seat->queue_first,
                     seat->queue_count * sizeof *seat->queue);
            seat->queue_first = 0;
        } else {
            seat->queue_capacity = seat->queue_capacity * 2 + 8;
            seat->queue = memory_resize (seat->queue, seat->queue_capacity, sizeof *seat->queue);
        }
    }
    seat->closed_size = seat->open.size;
    seat->queue[seat->queue_first + seat->queue_count++] = seat->open;
    seat->open = (buffer_t){0};
}

/* The message that the next item is put into. */
static buffer_t *open_message (flow_seat_t *seat, uint32_t w)
{
    if (seat->open.size == 0) {
        buffer_reserve (&seat->open, seat->closed_size);
        wire_put_link (&seat->open, &(wire_link_t){w, seat->session, ++seat->n});
        seat->bytes += seat->open.size;
    }
    return &seat->open;
}

/* An item was put into the message that had `before` bytes. */
static void end_item (flow_seat_t *seat, size_t before)
{
    seat->bytes += seat->open.size - before;
    if (seat->open.size >= FLOW_MESSAGE) {
        close_message (seat);
    }
}

void flow_drop_messages (flow_seat_t *seat)
{
    for (size_t i = 0; i < seat->queue_count; i++) {
        buffer_free (&seat->queue[seat->queue_first + i]);
    }
    seat->queue_first = seat->queue_count = 0;
    buffer_free (&seat->open);
}

bool flow_next_message (flow_t *self, uint32_t w, buffer_t *message)
{
    flow_seat_t *seat = &self->seats[w];
    if (seat->queue_count == 0) {
        return false;
    }
    *message = seat->queue[seat->queue_first++];
    seat->queue_count--;
    self->counts.sent_bytes += message->size;
    if (seat->queue_count == 0) {
        seat->queue_first = 0;
    }
    return true;
}

/* ---- items of a shard ---- */

/* The next sequence of the shard; from now on something of it is outstanding. */
static uint64_t next_sequence (flow_t *self, shard_t *shard)
{
    if (shard->sequence == shard->committed) {
        shard->outstanding_ms = self->now_ms;
    }
    return ++shard->sequence;
}

void flow_put_begin (flow_t *self, unsigned number, const buffer_t *state)
{
    const shard_t *shard = &self->shards[number];
    flow_seat_t *seat = &self->seats[shard->owner];
    bool goes_on = state != NULL;
    wire_closed_t *closed = memory_new ((shard->symbol_count + 1) * sizeof *closed);
    wire_begin_t begin = {
        .shard = number, .generation = shard->generation, .symbols = closed, .symbol_count = 0};
    if (goes_on) {
        begin.sequence = shard->sequence;
        begin.state = (wire_bytes_t){state->bytes, state->size};
    }
    for (uint32_t i = 0; i < shard->symbol_count && !goes_on; i++) {
        const symbol_t *symbol = &self->symbols[shard->symbols[i]];
        if (symbol->closed != DAY_NONE) {
            wire_closed_t *entry = &closed[begin.symbol_count++];
            snprintf (entry->symbol, sizeof entry->symbol, "%s",
                      flow_symbol (self, shard->symbols[i]));
            entry->closed = symbol->closed;
        }
    }
    buffer_t *message = open_message (seat, (uint32_t) shard->owner);
    size_t before = message->size;
    wire_put_begin (message, &begin);
    end_item (seat, before);
    free (closed);
}

void flow_put_yield (flow_t *self, unsigned number)
{
    flow_close_batch (self, number);
    const shard_t *shard = &self->shards[number];
    flow_seat_t *seat = &self->seats[shard->owner];
    wire_yield_t yield = {
        .shard = number, .generation = shard->generation, .sequence = shard->sequence};
    buffer_t *message = open_message (seat, (uint32_t) shard->owner);
    size_t before = message->size;
    wire_put_yield (message, &yield);
    end_item (seat, before);
}

void flow_put_reference (flow_t *self, uint32_t number, day_t day)
{
    symbol_t *symbol = &self->symbols[number];
    shard_t *shard = &self->shards[symbol->shard];
    flow_seat_t *seat = &self->seats[shard->owner];
    flow_close_batch (self, symbol->shard);
    buffer_t *message = open_message (seat, (uint32_t) shard->owner);
    size_t before = message->size;
    self->config.reference (self->config.argument, message, symbol->shard, shard->generation,
                            flow_symbol (self, number), day);
    self->reference_bytes = (self->reference_bytes * 7 + message->size - before) / 8;
    end_item (seat, before);
    symbol->reference = day;
}

void flow_put_clock (flow_t *self, unsigned number, int64_t clock_ms, bool is_end)
{
    shard_t *shard = &self->shards[number];
    flow_seat_t *seat = &self->seats[shard->owner];
    flow_close_batch (self, number);
    wire_clock_t clock = {.shard = number,
                          .generation = shard->generation,
                          .sequence = next_sequence (self, shard),
                          .clock_ms = clock_ms,
                          .is_end = is_end};
    buffer_t *message = open_message (seat, (uint32_t) shard->owner);
    size_t before = message->size;
    wire_put_clock (message, &clock);
    end_item (seat, before);
    shard->clock_ms = clock_ms;
    flow_note_clock (self, number, clock_ms, clock.sequence);
}

/* ---- the batch ---- */

void flow_free_rows (batch_rows_t *rows)
{
    free (rows->rows);
    free (rows->names);
    *rows = (batch_rows_t){0};
}

static void grow_rows (batch_rows_t *rows)
{
    uint32_t more = rows->capacity * 2 + 16;
    rows->capacity = more < FLOW_BATCH_ROWS ? more : FLOW_BATCH_ROWS;
    rows->rows = memory_resize (rows->rows, rows->capacity, sizeof *rows->rows);
}

/* The symbol's number in its shard's generation: at its first candle it is named. */
static uint32_t number_of (flow_t *self, uint32_t which)
{
    symbol_t *symbol = &self->symbols[which];
    shard_t *shard = &self->shards[symbol->shard];
    batch_rows_t *rows = &shard->rows;
    if (symbol->numbered == shard->generation.counter) {
        return symbol->number;
    }
    if (rows->symbol_count == rows->symbol_capacity) {
        rows->symbol_capacity = rows->symbol_capacity * 2 + 8;
        rows->names = memory_resize (rows->names, rows->symbol_capacity, sizeof *rows->names);
    }
    memcpy (rows->names[rows->symbol_count], flow_symbol (self, which),
            strlen (flow_symbol (self, which)) + 1);
    rows->symbol_count++;
    symbol->numbered = shard->generation.counter;
    symbol->number = shard->numbered++;
    return symbol->number;
}

static void put_row (batch_rows_t *rows, uint32_t number, entry_id_t id, const candle_t *candle,
                     int64_t stamp_us)
{
    if (rows->count == rows->capacity) {
        grow_rows (rows);
    }
    if (rows->count == 0 || stamp_us < rows->stamp_us) {
        rows->stamp_us = stamp_us;
    }
    rows->rows[rows->count++] = (wire_row_t){.ts = candle->ts,
                                             .arrival_ms = (int64_t) id.ms,
                                             .open = candle->open,
                                             .high = candle->high,
                                             .low = candle->low,
                                             .close = candle->close,
                                             .volume = candle->volume,
                                             .symbol = number};
    /* The line of the next one, which comes a few hundred candles later. */
    __builtin_prefetch (&rows->rows[rows->count], 1);
}

static int64_t stamp_of (const flow_t *self, uint32_t number, int64_t ts)
{
    const flow_config_t *config = &self->config;
    int64_t stamp_us = config->planned ? config->planned (config->argument, number, ts,
                                                          !self->symbols[number].attached)
                                       : -1;
    return stamp_us >= 0 ? stamp_us : self->stamp_us;
}

void flow_pass (flow_t *self, uint32_t number, entry_id_t id, const candle_t *candle, day_t day,
                bool is_new)
{
    symbol_t *symbol = &self->symbols[number];
    shard_t *shard = &self->shards[symbol->shard];
    if (is_new && symbol->reference != day) {
        flow_put_reference (self, number, day);
    }
    put_row (&shard->rows, number_of (self, number), id, candle,
             stamp_of (self, number, candle->ts));
    self->seats[shard->owner].gathered += FLOW_ROW;
    flow_note_sequence (self, symbol, id, day, shard->sequence + 1);
    if (shard->rows.count >= FLOW_BATCH_ROWS) {
        flow_close_batch (self, symbol->shard);
    }
}

void flow_close_batch (flow_t *self, unsigned number)
{
    shard_t *shard = &self->shards[number];
    batch_rows_t *rows = &shard->rows;
    if (rows->count == 0) {
        return;
    }
    assert (shard->owner != FLOW_NOBODY);
    flow_seat_t *seat = &self->seats[shard->owner];
    wire_candles_t candles = {.shard = number,
                              .generation = shard->generation,
                              .sequence = next_sequence (self, shard),
                              .known = shard->numbered - rows->symbol_count,
                              .symbol_count = rows->symbol_count,
                              .symbols = (const char (*)[SYMBOL_MAX + 1]) rows->names,
                              .count = rows->count,
                              .stamp_us = rows->stamp_us};
    buffer_t *message = open_message (seat, (uint32_t) shard->owner);
    size_t before = message->size;
    wire_put_candle_rows (message, &candles, rows->rows);
    end_item (seat, before);
    shard->passed += rows->count;
    seat->gathered -= (uint64_t) rows->count * FLOW_ROW;
    bool is_large = rows->capacity > ROWS_KEEP && rows->count < rows->capacity / 4;
    rows->count = rows->symbol_count = 0;
    if (is_large) {
        flow_free_rows (rows);
    }
}

void flow_drop_batch (flow_t *self, unsigned number)
{
    shard_t *shard = &self->shards[number];
    if (shard->owner != FLOW_NOBODY) {
        self->seats[shard->owner].gathered -= (uint64_t) shard->rows.count * FLOW_ROW;
    }
    shard->rows.count = shard->rows.symbol_count = 0;
    shard->numbered = 0;
}

/* Has the worker enough to do, and room for what is gathered? */
static bool has_enough (const flow_t *self, const flow_seat_t *seat)
{
    return seat->bytes - seat->consumed >= self->config.window_bytes / ENOUGH &&
           seat->gathered <= self->config.window_bytes / 2;
}

/* While more comes at once, batches are closed in turn and only until the worker has enough: each gathers
 * twice as long as if all were closed together. */
static void flush_seat (flow_t *self, int w, bool more)
{
    flow_seat_t *seat = &self->seats[w];
    if (more && has_enough (self, seat)) {
        return;
    }
    for (unsigned i = 0; i < SHARD_COUNT && !(more && has_enough (self, seat)); i++) {
        unsigned s = seat->next_flushed;
        seat->next_flushed = (s + 1) % SHARD_COUNT;
        if (self->shards[s].owner == w) {
            flow_close_batch (self, s);
        }
    }
    close_message (seat);
}

void flow_flush (flow_t *self, uint64_t now_ms, bool more)
{
    self->now_ms = now_ms > self->now_ms ? now_ms : self->now_ms;
    for (uint32_t w = 0; w < self->seat_count; w++) {
        flush_seat (self, (int) w, more);
    }
}

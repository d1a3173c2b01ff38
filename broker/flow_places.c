/* What the journal is to keep of symbols and streams:
 *
 *     flow_mark --> dirty --flow_next_places--> PLACES number k --LIVE_COLLECTOR says k--> stored: placed
 *
 * One message is under way at a time, and is repeated until it is stored. A stream's position is only put
 * into a message that leaves no symbol dirty: so every symbol that was seen up to it is in the journal.
 */
#include "flow_inside.h"

#include <stdio.h>
#include <stdlib.h>

#define REPEAT_MS  1000
#define STREAMS_MS 5000 /* positions of streams are journaled so often */

void flow_mark (flow_t *self, uint32_t number)
{
    flow_places_t *places = &self->places;
    symbol_t *symbol = &self->symbols[number];
    self->streams[symbol->stream].dirty = true;
    places->streams_due = true;
    if (symbol->dirty) {
        return;
    }
    symbol->dirty = true;
    if (places->dirty_count == places->dirty_capacity) {
        places->dirty_capacity = places->dirty_capacity * 2 + 64;
        places->dirty =
            memory_resize (places->dirty, places->dirty_capacity, sizeof *places->dirty);
    }
    places->dirty[places->dirty_count++] = number;
}

static wire_place_t place_of (const flow_t *self, uint32_t number)
{
    const symbol_t *symbol = &self->symbols[number];
    wire_place_t place = {.closed = symbol->closed, .day = DAY_NONE, .floor = symbol->read};
    snprintf (place.symbol, sizeof place.symbol, "%s", flow_symbol (self, number));
    snprintf (place.stream, sizeof place.stream, "%s", flow_stream_name (self, symbol->stream));
    flow_floor (symbol, &place.day, &place.floor);
    return place;
}

/* Takes dirty symbols into the message. */
static size_t take_symbols (flow_t *self, wire_place_t *symbols)
{
    flow_places_t *places = &self->places;
    uint32_t count = places->dirty_count < WIRE_PLACES_MAX ? places->dirty_count : WIRE_PLACES_MAX;
    places->sent = memory_resize (places->sent, count + 1, sizeof *places->sent);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t number = places->dirty[--places->dirty_count];
        symbols[i] = place_of (self, number);
        self->symbols[number].dirty = false;
        places->sent[i] = number;
    }
    places->sent_count = count;
    return count;
}

/* Takes positions of streams, when no symbol is dirty any more. */
static size_t take_streams (flow_t *self, wire_stream_place_t *streams)
{
    flow_places_t *places = &self->places;
    size_t count = 0;
    if (places->dirty_count > 0) {
        return 0;
    }
    places->streams_due = false;
    for (uint32_t i = 0; i < self->stream_names.count; i++) {
        stream_t *stream = &self->streams[i];
        if (!stream->dirty || !stream->added) {
            continue;
        }
        if (count == WIRE_PLACES_MAX) {
            places->streams_due = true;
            break;
        }
        wire_stream_place_t *place = &streams[count++];
        snprintf (place->stream, sizeof place->stream, "%s", flow_stream_name (self, i));
        place->position = stream->position;
        stream->dirty = false;
    }
    return count;
}

/* Positions of streams that carry several symbols move without any symbol's place. */
static void look_at_streams (flow_t *self)
{
    flow_places_t *places = &self->places;
    if (self->now_ms - places->streams_ms < STREAMS_MS) {
        return;
    }
    places->streams_ms = self->now_ms;
    for (uint32_t i = 0; i < self->stream_names.count; i++) {
        stream_t *stream = &self->streams[i];
        if (stream->added && stream->symbol_count > 1 &&
            entry_id_compare (stream->known, stream->position) != 0) {
            stream->known = stream->position;
            stream->dirty = true;
            places->streams_due = true;
        }
    }
}

static void make_message (flow_t *self)
{
    flow_places_t *places = &self->places;
    wire_place_t *symbols = memory_new (WIRE_PLACES_MAX * sizeof *symbols);
    wire_stream_place_t *streams = memory_new (WIRE_PLACES_MAX * sizeof *streams);
    wire_places_t item = {.epoch = self->epoch, .symbols = symbols, .streams = streams};
    item.symbol_count = take_symbols (self, symbols);
    item.stream_count = take_streams (self, streams);
    if (item.symbol_count + item.stream_count > 0) {
        item.number = ++places->number;
        wire_put_places (&places->message, &item);
    }
    free (symbols);
    free (streams);
}

bool flow_next_places (flow_t *self, buffer_t *message, uint64_t now_ms)
{
    flow_places_t *places = &self->places;
    self->now_ms = now_ms > self->now_ms ? now_ms : self->now_ms;
    if (!self->epoch) {
        return false;
    }
    look_at_streams (self);
    bool waits = places->message.size > 0;
    if (waits && places->sent_ms && now_ms - places->sent_ms < REPEAT_MS) {
        return false;
    }
    if (!waits && (places->dirty_count > 0 || places->streams_due)) {
        make_message (self);
    }
    if (places->message.size == 0) {
        return false;
    }
    places->sent_ms = now_ms;
    buffer_append (message, places->message.bytes, places->message.size);
    return true;
}

void flow_places_heard (flow_t *self, uint64_t stored, bool again)
{
    flow_places_t *places = &self->places;
    if (again) {
        places->sent_ms = 0; /* a new collector: it may never have got it */
    }
    if (places->message.size == 0 || stored < places->number) {
        return;
    }
    buffer_free (&places->message);
    places->sent_ms = 0;
    for (uint32_t i = 0; i < places->sent_count; i++) {
        symbol_t *symbol = &self->symbols[places->sent[i]];
        symbol->placed = true;
        bool moves = flow_is_moving (&self->shards[symbol->shard]);
        if (!symbol->attached && symbol->date_count == 0 && !symbol->expects && !moves) {
            flow_attach (self, symbol); /* nothing of it was read yet */
        }
    }
    places->sent_count = 0;
}

bool flow_places_even (const flow_t *self)
{
    return self->places.dirty_count == 0 && self->places.message.size == 0;
}

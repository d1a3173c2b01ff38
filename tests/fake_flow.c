#include "fake_flow.h"

#include "clock.h"
#include "memory.h"

#include <stdio.h>
#include <stdlib.h>

void fake_flow_free (flow_t *self)
{
    names_free (&self->names);
    free (self->streams);
    *self = (flow_t){0};
}

fake_stream_t *fake_flow_find (flow_t *self, const char *name)
{
    uint32_t number = names_find (&self->names, name);
    return number == NAMES_NONE ? NULL : &self->streams[number];
}

void fake_flow_ask (flow_t *self, const char *name, entry_id_t after)
{
    uint32_t k = self->read.count++;
    self->read.streams[k] = names_find (&self->names, name);
    self->read.after[k] = after;
    self->again_count[k] = 0;
}

long flow_add_stream (flow_t *self, const char *name, const char *symbol, entry_id_t begin)
{
    uint32_t count = self->names.count, number = names_add (&self->names, name);
    if (number == count) {
        self->streams = memory_resize (self->streams, count + 1, sizeof *self->streams);
        fake_stream_t *stream = &self->streams[number];
        *stream = (fake_stream_t){.position = begin, .has_symbol = symbol != NULL};
        snprintf (stream->symbol, sizeof stream->symbol, "%s", symbol ? symbol : "");
    }
    return number;
}

bool flow_wants (const flow_t *self, const char *symbol)
{
    return cell_has_symbol (self->cell, symbol);
}

cell_t flow_cell (const flow_t *self)
{
    return self->cell;
}

uint32_t flow_stream_count (const flow_t *self)
{
    return self->names.count;
}

const char *flow_stream_name (const flow_t *self, uint32_t stream)
{
    return names_text (&self->names, stream);
}

entry_id_t flow_position (const flow_t *self, uint32_t stream)
{
    return self->streams[stream].position;
}

static void move (flow_t *self, uint32_t number, entry_id_t id)
{
    fake_stream_t *stream = &self->streams[number];
    self->disorder += entry_id_compare (id, stream->position) <= 0;
    stream->position = id;
    self->events++;
}

static bool is_stamped (const flow_t *self)
{
    return self->stamp_us > 0 && self->stamp_us <= wall_now_us ();
}

void flow_entry (flow_t *self, uint32_t number, entry_id_t id, const char *symbol,
                 const candle_t *candle)
{
    fake_stream_t *stream = &self->streams[number];
    move (self, number, id);
    stream->entries++;
    stream->last = *candle;
    snprintf (stream->last_symbol, sizeof stream->last_symbol, "%s", symbol);
    self->entries++;
    self->unstamped += !is_stamped (self);
    self->first_event = self->first_event ? self->first_event : self->events;
}

void flow_stamp (flow_t *self, int64_t stamp_us)
{
    self->stamp_us = stamp_us;
}

void flow_skip (flow_t *self, uint32_t number, entry_id_t id)
{
    move (self, number, id);
    self->streams[number].skipped++;
}

void flow_clock (flow_t *self, uint32_t number, int64_t clock_ms)
{
    self->streams[number].clock_ms = clock_ms;
}

bool flow_has_room (const flow_t *self)
{
    return !self->full;
}

void flow_look (flow_t *self, uint32_t number, bool exists, entry_id_t oldest, entry_id_t newest)
{
    fake_stream_t *stream = &self->streams[number];
    stream->looks++;
    stream->exists = exists;
    stream->oldest = oldest;
    stream->newest = newest;
    if (exists && entry_id_compare (newest, stream->position) < 0) {
        stream->position = (entry_id_t){0, 0};
        self->backwards++;
    }
}

const flow_read_t *flow_next_read (flow_t *self)
{
    if (!self->wants || self->given) {
        return NULL;
    }
    self->given = true;
    return &self->read;
}

void flow_again (flow_t *self, const flow_read_t *read, uint32_t k, entry_id_t id,
                 const char *symbol, const candle_t *candle)
{
    (void) candle;
    entry_id_t before = self->again_count[k] == 0 ? read->after[k] : self->again_last[k];
    self->disorder += entry_id_compare (id, before) <= 0;
    self->again_last[k] = id;
    self->unstamped += !is_stamped (self);
    self->again_count[k]++;
    self->again += symbol != NULL;
    self->again_rejected += symbol == NULL;
}

static void answered (flow_t *self)
{
    self->given = self->wants = false;
    self->again_event = ++self->events;
}

void flow_again_end (flow_t *self, const flow_read_t *read)
{
    (void) read;
    self->again_ended++;
    answered (self);
}

void flow_again_fail (flow_t *self, const flow_read_t *read)
{
    (void) read;
    self->again_failed++;
    answered (self);
}

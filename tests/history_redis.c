/* A broker's readers of Redis: replies that are on their way for some time.
 *
 *     main reader:  ask --reply, later--> pass_on --flow_entry, flow_clock--> flow
 *     reading again: flow_next_read --> capture, then answer, each later --flow_again--> flow
 */
#include "history.h"

#include <string.h>

#define LOOK_MS 1500

static size_t index_after (const log_t *stream, entry_id_t id)
{
    size_t low = 0, high = stream->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (entry_id_compare (stream->entries[middle].id, id) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low > stream->first ? low : stream->first;
}

static const char *name_of (const sim_t *self, const entry_t *entry)
{
    return self->market.symbols[entry->symbol];
}

static void find_streams (sim_t *self, broker_t *broker)
{
    for (uint32_t s = 0; s < self->market.stream_count; s++) {
        const log_t *stream = &self->market.streams[s];
        size_t end = market_visible (stream, self->now);
        if (self->now < broker->find_ms[s] || end == 0) {
            continue;
        }
        broker->find_ms[s] = self->now + sim_below (self, LOOK_MS);
        if (broker->number_of[s] != UINT32_MAX) {
            flow_look (broker->flow, broker->number_of[s], true, stream->entries[stream->first].id,
                       stream->entries[end - 1].id);
            continue;
        }
        const char *symbol = stream->shared ? NULL : stream->name + strlen ("candles_min_");
        long number = flow_add_stream (broker->flow, stream->name,
                                       sim_chance (self, 50) ? symbol : NULL, (entry_id_t){0, 0});
        broker->number_of[s] = (uint32_t) number;
    }
}

static void ask (sim_t *self, broker_t *broker)
{
    broker->has_reply = true;
    broker->reply_ms = self->now + sim_below (self, self->lag_ms + 1);
    for (uint32_t s = 0; s < self->market.stream_count; s++) {
        const log_t *stream = &self->market.streams[s];
        broker->reply_from[s] = broker->reply_to[s] = 0;
        broker->reply_clock[s] = 0;
        if (broker->number_of[s] == UINT32_MAX) {
            continue;
        }
        size_t end = market_visible (stream, self->now);
        size_t from = index_after (stream, flow_position (broker->flow, broker->number_of[s]));
        size_t to = from + self->chunk < end ? from + self->chunk : end;
        broker->reply_from[s] = from;
        broker->reply_to[s] = to;
        bool empty = from >= to;
        if ((empty && !self->market.replay) || self->mutant == CLOCK_RUNS_AHEAD) {
            broker->reply_clock[s] = market_time (&self->market, self->now);
        } else if (!empty) {
            broker->reply_clock[s] = (int64_t) stream->entries[to - 1].id.ms;
        }
    }
}

static void pass_on (sim_t *self, broker_t *broker)
{
    broker->has_reply = false;
    uint32_t count = self->market.stream_count, start = sim_below (self, count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t s = (start + i) % count, number = broker->number_of[s];
        for (size_t k = broker->reply_from[s]; k < broker->reply_to[s]; k++) {
            const entry_t *entry = &self->market.streams[s].entries[k];
            if (entry->rejected) {
                flow_skip (broker->flow, number, entry->id);
            } else {
                flow_entry (broker->flow, number, entry->id, name_of (self, entry), &entry->candle);
            }
        }
        if (number != UINT32_MAX && broker->reply_clock[s] > 0) {
            flow_clock (broker->flow, number, broker->reply_clock[s]);
        }
    }
}

static uint32_t stream_of (const sim_t *self, const broker_t *broker, uint32_t number)
{
    uint32_t s = 0;
    while (s < self->market.stream_count - 1 && broker->number_of[s] != number) {
        s++;
    }
    return s;
}

static void capture (sim_t *self, broker_t *broker, again_t *again)
{
    again->captured = true;
    for (uint32_t k = 0; k < again->read->count; k++) {
        const log_t *stream =
            &self->market.streams[stream_of (self, broker, again->read->streams[k])];
        size_t end = market_visible (stream, self->now);
        size_t from = index_after (stream, again->read->after[k]);
        again->from[k] = from;
        again->to[k] = from + again->read->entries < end ? from + again->read->entries
                       : from < end                      ? end
                                                         : from;
    }
}

static void answer (sim_t *self, broker_t *broker, const again_t *again)
{
    if (again->fails) {
        flow_again_fail (broker->flow, again->read);
        return;
    }
    for (uint32_t k = 0; k < again->read->count; k++) {
        const log_t *stream =
            &self->market.streams[stream_of (self, broker, again->read->streams[k])];
        for (size_t i = again->from[k]; i < again->to[k]; i++) {
            const entry_t *entry = &stream->entries[i];
            flow_again (broker->flow, again->read, k, entry->id,
                        entry->rejected ? NULL : name_of (self, entry), &entry->candle);
        }
    }
    flow_again_end (broker->flow, again->read);
}

/* True when the main reader may go on. */
static bool read_again (sim_t *self, broker_t *broker)
{
    const flow_read_t *read;
    bool held = false;
    while (broker->again_count < SLOTS_MAX && (read = flow_next_read (broker->flow))) {
        again_t *again = &broker->again[broker->again_count++];
        *again = (again_t){.read = read,
                           .fails = sim_chance (self, 3),
                           .capture_ms = self->now + sim_below (self, self->lag_ms + 1)};
        again->due_ms = again->capture_ms + sim_below (self, self->lag_ms + 1);
    }
    for (size_t i = 0; i < broker->again_count; i++) {
        again_t *again = &broker->again[i];
        if (!again->captured && self->now >= again->capture_ms) {
            capture (self, broker, again);
        }
        held = held || again->read->holds;
        if (again->captured && self->now >= again->due_ms) {
            again_t done = *again;
            *again = broker->again[--broker->again_count];
            i--;
            answer (self, broker, &done);
        }
    }
    return !held;
}

bool broker_has_read (sim_t *self, const broker_t *broker)
{
    for (uint32_t s = 0; s < self->market.stream_count; s++) {
        const log_t *stream = &self->market.streams[s];
        if (stream->count == 0) {
            continue;
        }
        if (broker->number_of[s] == UINT32_MAX ||
            entry_id_compare (flow_position (broker->flow, broker->number_of[s]),
                              stream->entries[stream->count - 1].id) < 0) {
            return false;
        }
    }
    return true;
}

void broker_read (sim_t *self, broker_t *broker)
{
    find_streams (self, broker);
    bool may = read_again (self, broker);
    if (!broker->has_reply) {
        ask (self, broker);
    }
    if (may && self->now >= broker->reply_ms && flow_has_room (broker->flow)) {
        pass_on (self, broker);
    }
    if (self->market.replay && !broker->ended && broker_has_read (self, broker)) {
        broker->ended = true;
        flow_end (broker->flow);
    }
}

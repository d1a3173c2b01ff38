#include "wire_live.h"

#include "shard.h"
#include "wire_inside.h"

#include <float.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "columns on the wire are little endian");

/* ---- control ---- */

void wire_put_live_welcome (buffer_t *message, const wire_live_welcome_t *welcome)
{
    put_object (message, WIRE_LIVE_WELCOME, 14);
    put_uint (message, welcome->worker);
    put_session (message, welcome->session);
    put_text (message, welcome->data_endpoint);
    put_text (message, welcome->collector_endpoint);
    put_uint (message, welcome->broker);
    put_int (message, welcome->since_ms);
    put_int (message, welcome->candle_timeout_ms);
    put_int (message, welcome->day_timeout_ms);
    put_bool (message, welcome->all_hits);
    put_texts (message, welcome->scans, welcome->scan_count, SCAN_TEXT_MAX);
    put_days (message, welcome->holidays, welcome->holiday_count);
    put_uint (message, welcome->cell.index);
    put_uint (message, welcome->cell.count);
}

void read_live_welcome (room_t *room, fields_t *fields, wire_object_t *object)
{
    wire_live_welcome_t *welcome = &object->live_welcome;
    welcome->worker = get_u32 (fields);
    welcome->session = get_session (fields);
    get_text (fields, welcome->data_endpoint, sizeof welcome->data_endpoint);
    get_text (fields, welcome->collector_endpoint, sizeof welcome->collector_endpoint);
    welcome->broker = get_uint (fields, UINT64_MAX);
    welcome->since_ms = get_ms (fields);
    welcome->candle_timeout_ms = get_ms (fields);
    welcome->day_timeout_ms = get_ms (fields);
    welcome->all_hits = get_bool (fields);
    const void *scans;
    welcome->scan_count = get_texts (room, 0, fields, SCANS_MAX, SCAN_TEXT_MAX, &scans);
    welcome->scans = scans;
    welcome->holiday_count = get_days (room, 1, fields, &welcome->holidays);
    welcome->cell.index = (unsigned) get_uint (fields, SHARD_COUNT);
    welcome->cell.count = (unsigned) get_uint (fields, SHARD_COUNT);
    fields->bad =
        fields->bad || (welcome->cell.count == 0 ? welcome->cell.index != 0
                                                 : welcome->cell.index >= welcome->cell.count);
}

void wire_put_live_worker (buffer_t *message, const wire_live_worker_t *state)
{
    put_object (message, WIRE_LIVE_WORKER, 17);
    put_uint (message, state->serial);
    put_link (message, &state->link);
    put_bool (message, state->blocked);
    put_uint (message, state->consumed);
    put_uint (message, state->refused);
    put_uint (message, state->candles);
    put_uint (message, state->late);
    put_uint (message, state->rejected_rows);
    put_uint (message, state->rejected_files);
    put_uint (message, state->scan_us);
    put_uint (message, state->cpu_us);
    put_uint (message, state->memory_bytes);
    put_texts (message, state->notes, state->note_count, sizeof *state->notes);
    put_bool (message, state->leaving);
}

void read_live_worker (room_t *room, fields_t *fields, wire_object_t *object)
{
    wire_live_worker_t *state = &object->live_worker;
    state->serial = get_uint (fields, UINT64_MAX);
    state->link = get_link (fields);
    state->blocked = get_bool (fields);
    state->consumed = get_uint (fields, UINT64_MAX);
    state->refused = get_uint (fields, UINT64_MAX);
    state->candles = get_uint (fields, UINT64_MAX);
    state->late = get_uint (fields, UINT64_MAX);
    state->rejected_rows = get_uint (fields, UINT64_MAX);
    state->rejected_files = get_uint (fields, UINT64_MAX);
    state->scan_us = get_uint (fields, UINT64_MAX);
    state->cpu_us = get_uint (fields, UINT64_MAX);
    state->memory_bytes = get_uint (fields, UINT64_MAX);
    const void *notes;
    state->note_count = get_texts (room, 0, fields, WIRE_NOTES_MAX, sizeof *state->notes, &notes);
    state->notes = notes;
    state->leaving = get_bool (fields);
}

static void put_shards (buffer_t *message, const wire_shard_state_t *shards, size_t count)
{
    put_array (message, count);
    for (size_t i = 0; i < count; i++) {
        put_array (message, 6);
        put_uint (message, shards[i].shard);
        put_uint (message, shards[i].claim);
        put_session (message, shards[i].generation);
        put_uint (message, shards[i].sequence);
        put_uint (message, shards[i].candles);
    }
}

static void put_sinks (buffer_t *message, const wire_sink_state_t *sinks, size_t count)
{
    put_array (message, count);
    for (size_t i = 0; i < count; i++) {
        put_array (message, 3);
        put_text (message, sinks[i].name);
        put_uint (message, sinks[i].behind);
        put_bool (message, sinks[i].failing);
    }
}

void wire_put_live_collector (buffer_t *message, const wire_live_collector_t *state)
{
    put_object (message, WIRE_LIVE_COLLECTOR, 23);
    put_uint (message, state->serial);
    put_uint (message, state->incarnation);
    put_uint (message, state->broker);
    put_uint (message, state->epoch);
    put_int (message, state->since_ms);
    put_bool (message, state->able);
    put_bool (message, state->failed);
    put_uint (message, state->places);
    put_uint (message, state->hits);
    put_uint (message, state->repeats);
    put_uint (message, state->refused);
    put_uint (message, state->synced);
    put_uint (message, state->pending);
    put_uint (message, state->commit_us);
    put_uint (message, state->cpu_us);
    put_uint (message, state->memory_bytes);
    put_links (message, state->links, state->link_count);
    put_shards (message, state->shards, state->shard_count);
    put_sinks (message, state->sinks, state->sink_count);
    put_uint (message, state->candles);
    put_uint (message, state->taken);
    put_bytes (message, state->hit_age);
    put_bytes (message, state->commit_age);
}

static void get_shard_state (fields_t *fields, wire_shard_state_t *state)
{
    state->shard = get_shard (fields);
    state->claim = get_uint (fields, UINT64_MAX);
    state->generation = get_session (fields);
    state->sequence = get_uint (fields, UINT64_MAX);
    state->candles = get_uint (fields, UINT64_MAX);
    bool epoch = state->generation.epoch > 0, counter = state->generation.counter > 0;
    if (epoch != counter || (!epoch && state->sequence > 0)) {
        fields->bad = true;
    }
}

static size_t get_shards (room_t *room, int which, fields_t *fields,
                          const wire_shard_state_t **shards)
{
    fields_t list = get_array (fields);
    size_t count = list.left <= SHARD_COUNT ? list.left : 0;
    wire_shard_state_t *states = room_for (room, which, count, sizeof *states);
    *shards = states;
    for (size_t i = 0; i < count; i++) {
        fields_t one = get_array (&list);
        get_shard_state (&one, &states[i]);
        end_array (&list, &one);
    }
    end_array (fields, &list);
    return count;
}

static size_t get_sinks (room_t *room, int which, fields_t *fields, const wire_sink_state_t **sinks)
{
    fields_t list = get_array (fields);
    size_t count = list.left;
    wire_sink_state_t *states = room_for (room, which, count, sizeof *states);
    *sinks = states;
    for (size_t i = 0; i < count; i++) {
        fields_t one = get_array (&list);
        get_text (&one, states[i].name, sizeof states[i].name);
        states[i].behind = get_uint (&one, UINT64_MAX);
        states[i].failing = get_bool (&one);
        end_array (&list, &one);
    }
    end_array (fields, &list);
    return count;
}

void read_live_collector (room_t *room, fields_t *fields, wire_object_t *object)
{
    wire_live_collector_t *state = &object->live_collector;
    state->serial = get_uint (fields, UINT64_MAX);
    state->incarnation = get_uint (fields, UINT64_MAX);
    state->broker = get_uint (fields, UINT64_MAX);
    state->epoch = get_uint (fields, UINT64_MAX);
    state->since_ms = get_ms (fields);
    state->able = get_bool (fields);
    state->failed = get_bool (fields);
    state->places = get_uint (fields, UINT64_MAX);
    state->hits = get_uint (fields, UINT64_MAX);
    state->repeats = get_uint (fields, UINT64_MAX);
    state->refused = get_uint (fields, UINT64_MAX);
    state->synced = get_uint (fields, UINT64_MAX);
    state->pending = get_uint (fields, UINT64_MAX);
    state->commit_us = get_uint (fields, UINT64_MAX);
    state->cpu_us = get_uint (fields, UINT64_MAX);
    state->memory_bytes = get_uint (fields, UINT64_MAX);
    state->link_count = get_links (room, 0, fields, &state->links);
    state->shard_count = get_shards (room, 1, fields, &state->shards);
    state->sink_count = get_sinks (room, 2, fields, &state->sinks);
    state->candles = get_uint (fields, UINT64_MAX);
    state->taken = get_uint (fields, UINT64_MAX);
    state->hit_age = get_histogram (fields);
    state->commit_age = get_histogram (fields);
}

void wire_put_live_broker (buffer_t *message, const wire_live_broker_t *state)
{
    put_object (message, WIRE_LIVE_BROKER, 5);
    put_uint (message, state->serial);
    put_uint (message, state->broker);
    put_uint (message, state->epoch);
    put_uint (message, state->phase);
    put_array (message, state->owner_count);
    for (size_t i = 0; i < state->owner_count; i++) {
        put_array (message, 4);
        put_uint (message, state->owners[i].shard);
        put_uint (message, state->owners[i].worker);
        put_session (message, state->owners[i].generation);
    }
}

void read_live_broker (room_t *room, fields_t *fields, wire_object_t *object)
{
    wire_live_broker_t *state = &object->live_broker;
    state->serial = get_uint (fields, UINT64_MAX);
    state->broker = get_uint (fields, UINT64_MAX);
    state->epoch = get_uint (fields, UINT64_MAX);
    state->phase = (wire_phase_t) get_uint (fields, WIRE_PHASE_EXIT);
    fields_t list = get_array (fields);
    state->owner_count = list.left <= SHARD_COUNT ? list.left : 0;
    wire_owner_t *owners = room_for (room, 0, state->owner_count, sizeof *owners);
    state->owners = owners;
    for (size_t i = 0; i < state->owner_count; i++) {
        fields_t one = get_array (&list);
        owners[i].shard = get_shard (&one);
        owners[i].worker = get_u32 (&one);
        owners[i].generation = get_generation (&one);
        end_array (&list, &one);
    }
    end_array (fields, &list);
}

static void put_all_places (buffer_t *message, wire_kind_t kind, const wire_places_t *places)
{
    put_object (message, kind, 5);
    put_uint (message, places->epoch);
    put_uint (message, places->number);
    put_bool (message, places->last);
    put_array (message, places->symbol_count);
    for (size_t i = 0; i < places->symbol_count; i++) {
        const wire_place_t *place = &places->symbols[i];
        put_array (message, 6);
        put_text (message, place->symbol);
        put_text (message, place->stream);
        put_int (message, place->closed);
        put_int (message, place->day);
        put_entry (message, place->floor);
    }
    put_array (message, places->stream_count);
    for (size_t i = 0; i < places->stream_count; i++) {
        put_array (message, 3);
        put_text (message, places->streams[i].stream);
        put_entry (message, places->streams[i].position);
    }
}

void wire_put_places (buffer_t *message, const wire_places_t *places)
{
    put_all_places (message, WIRE_PLACES, places);
}

void wire_put_known (buffer_t *message, const wire_places_t *known)
{
    put_all_places (message, WIRE_KNOWN, known);
}

static void get_stream (fields_t *fields, char stream[WIRE_STREAM_MAX + 1])
{
    get_text (fields, stream, WIRE_STREAM_MAX + 1);
    if (stream[0] == '\0') {
        fields->bad = true;
    }
}

static void get_place (fields_t *fields, wire_place_t *place)
{
    get_symbol (fields, place->symbol);
    get_stream (fields, place->stream);
    place->closed = get_day_or_none (fields);
    place->day = get_day_or_none (fields);
    place->floor = get_entry (fields);
    if (place->day != DAY_NONE && place->day <= place->closed) {
        fields->bad = true;
    }
}

void read_places (room_t *room, fields_t *fields, wire_object_t *object)
{
    wire_places_t *places = &object->places;
    places->epoch = get_uint (fields, UINT64_MAX);
    places->number = get_uint (fields, UINT64_MAX);
    places->last = get_bool (fields);
    fields_t list = get_array (fields);
    places->symbol_count = list.left <= WIRE_PLACES_MAX ? list.left : 0;
    wire_place_t *symbols = room_for (room, 0, places->symbol_count, sizeof *symbols);
    places->symbols = symbols;
    for (size_t i = 0; i < places->symbol_count; i++) {
        fields_t one = get_array (&list);
        get_place (&one, &symbols[i]);
        end_array (&list, &one);
    }
    end_array (fields, &list);
    list = get_array (fields);
    places->stream_count = list.left <= WIRE_PLACES_MAX ? list.left : 0;
    wire_stream_place_t *streams = room_for (room, 1, places->stream_count, sizeof *streams);
    places->streams = streams;
    for (size_t i = 0; i < places->stream_count; i++) {
        fields_t one = get_array (&list);
        get_stream (&one, streams[i].stream);
        streams[i].position = get_entry (&one);
        end_array (&list, &one);
    }
    end_array (fields, &list);
    if (places->epoch == 0 || (object->kind == WIRE_PLACES && places->number == 0)) {
        fields->bad = true;
    }
}

#include "wire_inside.h"

#include <string.h>

/* ---- writing ---- */

static void put_partition (buffer_t *message, const partition_t *partition)
{
    put_uint (message, partition->frequency.count);
    put_text (message, (char[]){partition->frequency.unit, '\0'});
    put_int (message, partition->key);
}

static void put_counts (buffer_t *message, const wire_counts_t *counts)
{
    put_uint (message, counts->candles);
    put_uint (message, counts->rejected_rows);
    put_uint (message, counts->unsorted_rows);
    put_uint (message, counts->duplicate_rows);
    put_uint (message, counts->rejected_files);
    put_uint (message, counts->rejected_json);
}

void wire_put_welcome (buffer_t *message, const wire_welcome_t *welcome)
{
    put_object (message, WIRE_WELCOME, 8);
    put_uint (message, welcome->worker);
    put_session (message, welcome->session);
    put_text (message, welcome->data_endpoint);
    put_text (message, welcome->collector_endpoint);
    put_bool (message, welcome->all_hits);
    put_texts (message, welcome->scans, welcome->scan_count, SCAN_TEXT_MAX);
    put_days (message, welcome->holidays, welcome->holiday_count);
}

void wire_put_worker_state (buffer_t *message, const wire_worker_state_t *state)
{
    put_object (message, WIRE_WORKER_STATE, 12);
    put_uint (message, state->serial);
    put_link (message, &state->link);
    put_bool (message, state->blocked);
    put_uint (message, state->consumed);
    put_uint (message, state->refused);
    put_uint (message, state->parse_us);
    put_uint (message, state->scan_us);
    put_uint (message, state->cpu_us);
    put_array (message, state->need_count);
    for (size_t i = 0; i < state->need_count; i++) {
        const wire_need_t *need = &state->needs[i];
        put_array (message, 3);
        put_uint (message, need->unit);
        put_uint (message, need->attempt);
        put_array (message, need->partition_count);
        for (size_t k = 0; k < need->partition_count; k++) {
            put_array (message, 3);
            put_partition (message, &need->partitions[k]);
        }
    }
}

void wire_put_collector_state (buffer_t *message, const wire_collector_state_t *state)
{
    put_object (message, WIRE_COLLECTOR_STATE, 20);
    put_uint (message, state->serial);
    put_uint (message, state->incarnation);
    put_uint (message, state->released);
    put_bytes (message, state->held);
    put_uint (message, state->held_bytes);
    put_bool (message, state->able);
    put_bool (message, state->failed);
    put_bool (message, state->closed);
    put_uint (message, state->hits);
    put_uint (message, state->refused);
    put_counts (message, &state->counts);
    put_uint (message, state->sink_us);
    put_uint (message, state->cpu_us);
    put_links (message, state->links, state->link_count);
    put_texts (message, state->notes, state->note_count, sizeof *state->notes);
}

void wire_put_broker_state (buffer_t *message, const wire_broker_state_t *state)
{
    put_object (message, WIRE_BROKER_STATE, 4);
    put_uint (message, state->serial);
    put_uint (message, state->phase);
    put_uint (message, state->units);
    put_array (message, state->void_count);
    for (size_t i = 0; i < state->void_count; i++) {
        put_uint (message, state->voids[i]);
    }
}

void wire_put_unit (buffer_t *message, const wire_unit_t *unit)
{
    put_object (message, WIRE_UNIT, 11);
    put_uint (message, unit->unit);
    put_uint (message, unit->attempt);
    put_text (message, unit->symbol);
    put_int (message, unit->first);
    put_int (message, unit->last);
    put_bool (message, unit->is_first);
    put_bool (message, unit->is_last);
    put_uint (message, unit->folders);
    put_bool (message, unit->explain);
    put_int (message, unit->when);
    put_splits (message, unit->splits, unit->split_count);
}

char *wire_file_begin (buffer_t *message, const wire_file_t *file, size_t size, wire_slot_t *slot)
{
    put_object (message, WIRE_FILE, 9);
    put_uint (message, file->unit);
    put_uint (message, file->attempt);
    put_uint (message, file->content);
    put_partition (message, &file->partition);
    slot->is_last = message->size;
    put_bool (message, false);
    put_text (message, file->problem);
    slot->bytes = message->size;
    buffer_append (message, "\xc6\0\0\0\0", 5); /* bin 32: the length is written by end */
    return buffer_reserve (message, size);
}

void wire_file_end (buffer_t *message, const wire_slot_t *slot, size_t used, bool is_last)
{
    message->bytes[slot->is_last] = (char) (is_last ? 0xc3 : 0xc2);
    for (int i = 0; i < 4; i++) {
        message->bytes[slot->bytes + 1 + (size_t) i] = (char) (used >> (24 - 8 * i));
    }
    message->size = slot->bytes + 5 + used;
}

void wire_put_file (buffer_t *message, const wire_file_t *file)
{
    wire_slot_t slot;
    char *bytes = wire_file_begin (message, file, file->bytes.size, &slot);
    if (file->bytes.size > 0) {
        memcpy (bytes, file->bytes.bytes, file->bytes.size);
    }
    wire_file_end (message, &slot, file->bytes.size, file->is_last);
}

void wire_put_ready (buffer_t *message, const wire_ready_t *ready)
{
    put_object (message, WIRE_READY, 2);
    put_uint (message, ready->unit);
    put_uint (message, ready->attempt);
}

void wire_put_hit (buffer_t *message, const wire_hit_t *hit)
{
    put_object (message, WIRE_HIT, 3 + HIT_FIELDS + (size_t) hit->hit.value_count);
    put_uint (message, hit->unit);
    put_uint (message, hit->attempt);
    put_text (message, hit->symbol);
    put_hit (message, &hit->hit);
}

void wire_put_done (buffer_t *message, const wire_done_t *done)
{
    put_object (message, WIRE_DONE, 10);
    put_uint (message, done->unit);
    put_uint (message, done->attempt);
    put_text (message, done->symbol);
    put_counts (message, &done->counts);
    put_texts (message, done->notes, done->note_count, sizeof *done->notes);
}

void wire_put_explain (buffer_t *message, const wire_explain_t *explain)
{
    put_object (message, WIRE_EXPLAIN, 7);
    put_uint (message, explain->unit);
    put_uint (message, explain->attempt);
    put_uint (message, explain->scan);
    put_bool (message, explain->is_rule);
    put_bool (message, explain->hit);
    put_text (message, explain->note);
    put_array (message, explain->condition_count);
    for (size_t i = 0; i < explain->condition_count; i++) {
        const wire_condition_t *condition = &explain->conditions[i];
        put_array (message, 6);
        put_text (message, condition->what);
        put_text (message, condition->op);
        put_double (message, condition->value);
        put_double (message, condition->threshold);
        put_bool (message, condition->is_time);
        put_bool (message, condition->passed);
    }
}

/* ---- reading ---- */

static partition_t get_partition (fields_t *fields)
{
    partition_t partition = {.frequency.count = (uint16_t) get_uint (fields, UINT16_MAX)};
    char unit[2] = "";
    get_text (fields, unit, sizeof unit);
    partition.frequency.unit = unit[0];
    partition.key = get_day (fields);
    if (!frequency_valid (partition.frequency)) {
        fields->bad = true;
        return (partition_t){FREQUENCY_1D, 0};
    }
    if (partition_first (partition.frequency, partition.key) != partition.key) {
        fields->bad = true;
    }
    return partition;
}

static void get_counts (fields_t *fields, wire_counts_t *counts)
{
    counts->candles = get_uint (fields, UINT64_MAX);
    counts->rejected_rows = get_uint (fields, UINT64_MAX);
    counts->unsorted_rows = get_uint (fields, UINT64_MAX);
    counts->duplicate_rows = get_uint (fields, UINT64_MAX);
    counts->rejected_files = get_uint (fields, UINT64_MAX);
    counts->rejected_json = get_uint (fields, UINT64_MAX);
}

static size_t get_notes (room_t *room, fields_t *fields, const char (**notes)[WIRE_NOTE_MAX + 1])
{
    const void *texts;
    size_t count = get_texts (room, 1, fields, WIRE_NOTES_MAX, WIRE_NOTE_MAX + 1, &texts);
    *notes = texts;
    return count;
}

void read_welcome (room_t *room, fields_t *fields, wire_object_t *object)
{
    wire_welcome_t *welcome = &object->welcome;
    welcome->worker = get_u32 (fields);
    welcome->session = get_session (fields);
    get_text (fields, welcome->data_endpoint, sizeof welcome->data_endpoint);
    get_text (fields, welcome->collector_endpoint, sizeof welcome->collector_endpoint);
    welcome->all_hits = get_bool (fields);
    const void *scans;
    welcome->scan_count = get_texts (room, 0, fields, SCANS_MAX, SCAN_TEXT_MAX, &scans);
    welcome->scans = scans;
    welcome->holiday_count = get_days (room, 1, fields, &welcome->holidays);
}

/* Partitions of all needs lie in one array; they are counted first, so that the array does not
 * move. Takes a copy of the walk, and goes the way that read_worker_state goes. */
static size_t partitions_of (fields_t needs)
{
    size_t total = 0;
    for (size_t i = needs.left; i > 0; i--) {
        fields_t need = get_array (&needs);
        get_u32 (&need);
        get_u32 (&need);
        total += get_array (&need).left;
    }
    return total;
}

static void read_need (fields_t *fields, wire_need_t *need, partition_t **partitions)
{
    fields_t one = get_array (fields);
    need->unit = get_u32 (&one);
    need->attempt = get_u32 (&one);
    fields_t wanted = get_array (&one);
    need->partition_count = (uint32_t) wanted.left;
    need->partitions = *partitions;
    for (uint32_t i = 0; i < need->partition_count && !wanted.bad; i++) {
        fields_t partition = get_array (&wanted);
        *(*partitions)++ = get_partition (&partition);
        end_array (&wanted, &partition);
    }
    end_array (&one, &wanted);
    end_array (fields, &one);
}

void read_worker_state (room_t *room, fields_t *fields, wire_object_t *object)
{
    wire_worker_state_t *state = &object->worker_state;
    state->serial = get_uint (fields, UINT64_MAX);
    state->link = get_link (fields);
    state->blocked = get_bool (fields);
    state->consumed = get_uint (fields, UINT64_MAX);
    state->refused = get_uint (fields, UINT64_MAX);
    state->parse_us = get_uint (fields, UINT64_MAX);
    state->scan_us = get_uint (fields, UINT64_MAX);
    state->cpu_us = get_uint (fields, UINT64_MAX);
    fields_t list = get_array (fields);
    state->need_count = list.left;
    wire_need_t *needs = room_for (room, 0, list.left, sizeof *needs);
    partition_t *partitions = room_for (room, 1, partitions_of (list), sizeof *partitions);
    for (size_t i = 0; i < state->need_count && !list.bad; i++) {
        read_need (&list, &needs[i], &partitions);
    }
    end_array (fields, &list);
    state->needs = needs;
}

void read_collector_state (room_t *room, fields_t *fields, wire_object_t *object)
{
    wire_collector_state_t *state = &object->collector_state;
    state->serial = get_uint (fields, UINT64_MAX);
    state->incarnation = get_uint (fields, UINT64_MAX);
    state->released = get_u32 (fields);
    state->held = get_bytes (fields);
    state->held_bytes = get_uint (fields, UINT64_MAX);
    state->able = get_bool (fields);
    state->failed = get_bool (fields);
    state->closed = get_bool (fields);
    state->hits = get_uint (fields, UINT64_MAX);
    state->refused = get_uint (fields, UINT64_MAX);
    get_counts (fields, &state->counts);
    state->sink_us = get_uint (fields, UINT64_MAX);
    state->cpu_us = get_uint (fields, UINT64_MAX);
    state->link_count = get_links (room, 0, fields, &state->links);
    state->note_count = get_notes (room, fields, &state->notes);
}

void read_broker_state (room_t *room, fields_t *fields, wire_object_t *object)
{
    wire_broker_state_t *state = &object->broker_state;
    state->serial = get_uint (fields, UINT64_MAX);
    state->phase = (wire_phase_t) get_uint (fields, WIRE_PHASE_EXIT);
    state->units = get_u32 (fields);
    fields_t list = get_array (fields);
    state->void_count = list.left;
    uint32_t *voids = room_for (room, 0, list.left, sizeof *voids);
    for (size_t i = 0; i < state->void_count; i++) {
        voids[i] = get_u32 (&list);
    }
    end_array (fields, &list);
    state->voids = voids;
}

void read_unit (room_t *room, fields_t *fields, wire_object_t *object)
{
    wire_unit_t *unit = &object->unit;
    unit->unit = get_u32 (fields);
    unit->attempt = get_u32 (fields);
    get_symbol (fields, unit->symbol);
    unit->first = get_day (fields);
    unit->last = get_day (fields);
    unit->is_first = get_bool (fields);
    unit->is_last = get_bool (fields);
    unit->folders = get_uint (fields, UINT64_MAX);
    unit->explain = get_bool (fields);
    unit->when = get_ts (fields);
    unit->split_count = get_splits (room, 0, fields, &unit->splits);
    if (unit->last < unit->first) {
        fields->bad = true;
    }
}

void read_file (room_t *room, fields_t *fields, wire_object_t *object)
{
    (void) room;
    wire_file_t *file = &object->file;
    file->unit = get_u32 (fields);
    file->attempt = get_u32 (fields);
    file->content = (wire_content_t) get_uint (fields, WIRE_PARTITION);
    file->partition = get_partition (fields);
    file->is_last = get_bool (fields);
    get_text (fields, file->problem, sizeof file->problem);
    file->bytes = get_bytes (fields);
    if (file->bytes.size > WIRE_CHUNK) {
        fields->bad = true;
    }
}

void read_ready (room_t *room, fields_t *fields, wire_object_t *object)
{
    (void) room;
    object->ready.unit = get_u32 (fields);
    object->ready.attempt = get_u32 (fields);
}

void read_hit (room_t *room, fields_t *fields, wire_object_t *object)
{
    (void) room;
    wire_hit_t *hit = &object->hit;
    hit->unit = get_u32 (fields);
    hit->attempt = get_u32 (fields);
    get_symbol (fields, hit->symbol);
    get_hit (fields, &hit->hit);
}

void read_done (room_t *room, fields_t *fields, wire_object_t *object)
{
    wire_done_t *done = &object->done;
    done->unit = get_u32 (fields);
    done->attempt = get_u32 (fields);
    get_symbol (fields, done->symbol);
    get_counts (fields, &done->counts);
    done->note_count = get_notes (room, fields, &done->notes);
}

void read_explain (room_t *room, fields_t *fields, wire_object_t *object)
{
    wire_explain_t *explain = &object->explain;
    explain->unit = get_u32 (fields);
    explain->attempt = get_u32 (fields);
    explain->scan = (uint32_t) get_uint (fields, SCANS_MAX - 1);
    explain->is_rule = get_bool (fields);
    explain->hit = get_bool (fields);
    get_text (fields, explain->note, sizeof explain->note);
    fields_t list = get_array (fields);
    explain->condition_count = list.left;
    wire_condition_t *conditions = room_for (room, 0, list.left, sizeof *conditions);
    for (size_t i = 0; i < explain->condition_count; i++) {
        fields_t one = get_array (&list);
        get_text (&one, conditions[i].what, sizeof conditions[i].what);
        get_text (&one, conditions[i].op, sizeof conditions[i].op);
        conditions[i].value = get_double (&one);
        conditions[i].threshold = get_double (&one);
        conditions[i].is_time = get_bool (&one);
        conditions[i].passed = get_bool (&one);
        end_array (&list, &one);
    }
    end_array (fields, &list);
    explain->conditions = conditions;
}

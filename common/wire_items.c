/* The items of live runs' data messages, and STATE, which belongs to two of them; the other control messages are in
 * wire_live.c. */
#include "wire_live.h"

#include "wire_inside.h"

#include <assert.h>
#include <float.h>
#include <stddef.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "columns on the wire are little endian");

/* What every item begins with: which shard, in which of its lives. */
static void put_shard (buffer_t *message, uint32_t shard, session_t generation)
{
    put_uint (message, shard);
    put_session (message, generation);
}

/* Items are numbered from 1. */
static uint64_t get_sequence (fields_t *fields)
{
    uint64_t sequence = get_uint (fields, UINT64_MAX);
    if (sequence == 0) {
        fields->bad = true;
    }
    return sequence;
}

void wire_put_begin (buffer_t *message, const wire_begin_t *begin)
{
    put_object (message, WIRE_BEGIN, 6);
    put_shard (message, begin->shard, begin->generation);
    put_array (message, begin->symbol_count);
    for (size_t i = 0; i < begin->symbol_count; i++) {
        put_array (message, 2);
        put_text (message, begin->symbols[i].symbol);
        put_int (message, begin->symbols[i].closed);
    }
    put_uint (message, begin->sequence);
    put_bytes (message, begin->state);
}

void read_begin (room_t *room, fields_t *fields, wire_object_t *object)
{
    wire_begin_t *begin = &object->begin;
    begin->shard = get_shard (fields);
    begin->generation = get_generation (fields);
    fields_t list = get_array (fields);
    begin->symbol_count = list.left;
    wire_closed_t *symbols = room_for (room, 0, list.left, sizeof *symbols);
    begin->symbols = symbols;
    for (size_t i = 0; i < begin->symbol_count; i++) {
        fields_t one = get_array (&list);
        get_symbol (&one, symbols[i].symbol);
        symbols[i].closed = get_day (&one);
        end_array (&list, &one);
    }
    end_array (fields, &list);
    begin->sequence = get_uint (fields, UINT64_MAX);
    begin->state = get_bytes (fields);
    if (begin->state.size > WIRE_STATE_MAX || (begin->state.size == 0 && begin->sequence > 0)) {
        fields->bad = true;
    }
}

void wire_put_yield (buffer_t *message, const wire_yield_t *yield)
{
    put_object (message, WIRE_YIELD, 4);
    put_shard (message, yield->shard, yield->generation);
    put_uint (message, yield->sequence);
}

void read_yield (room_t *room, fields_t *fields, wire_object_t *object)
{
    wire_yield_t *yield = &object->yield;
    (void) room;
    yield->shard = get_shard (fields);
    yield->generation = get_generation (fields);
    yield->sequence = get_uint (fields, UINT64_MAX);
}

void wire_put_state (buffer_t *message, const wire_state_t *state)
{
    put_object (message, WIRE_STATE, 5);
    put_shard (message, state->shard, state->generation);
    put_uint (message, state->sequence);
    put_bytes (message, state->bytes);
}

void read_state (room_t *room, fields_t *fields, wire_object_t *object)
{
    wire_state_t *state = &object->state;
    (void) room;
    state->shard = get_shard (fields);
    state->generation = get_generation (fields);
    state->sequence = get_uint (fields, UINT64_MAX);
    state->bytes = get_bytes (fields);
    if (state->bytes.size == 0 || state->bytes.size > WIRE_STATE_MAX) {
        fields->bad = true;
    }
}

void wire_put_reference (buffer_t *message, const wire_reference_t *reference)
{
    put_object (message, WIRE_REFERENCE, 7);
    put_shard (message, reference->shard, reference->generation);
    put_text (message, reference->symbol);
    put_int (message, reference->day);
    put_splits (message, reference->splits, reference->split_count);
    put_array (message, reference->file_count);
    for (size_t i = 0; i < reference->file_count; i++) {
        const wire_reference_file_t *file = &reference->files[i];
        put_array (message, 4);
        put_uint (message, file->content);
        put_int (message, file->key);
        put_text (message, file->problem);
        put_bytes (message, file->bytes);
    }
}

static void get_reference_file (fields_t *fields, wire_reference_file_t *file)
{
    file->content = (wire_content_t) get_uint (fields, WIRE_PARTITION);
    file->key = file->content == WIRE_PARTITION ? get_day (fields) : get_day_or_none (fields);
    get_text (fields, file->problem, sizeof file->problem);
    file->bytes = get_bytes (fields);
    if (file->bytes.size > WIRE_REFERENCE_FILE_MAX ||
        (file->content == WIRE_PARTITION &&
         partition_first (FREQUENCY_1D, file->key) != file->key)) {
        fields->bad = true;
    }
}

void read_reference (room_t *room, fields_t *fields, wire_object_t *object)
{
    wire_reference_t *reference = &object->reference;
    reference->shard = get_shard (fields);
    reference->generation = get_generation (fields);
    get_symbol (fields, reference->symbol);
    reference->day = get_day (fields);
    reference->split_count = get_splits (room, 0, fields, &reference->splits);
    fields_t list = get_array (fields);
    reference->file_count = list.left <= WIRE_REFERENCE_FILES ? list.left : 0;
    wire_reference_file_t *files = room_for (room, 1, reference->file_count, sizeof *files);
    reference->files = files;
    for (size_t i = 0; i < reference->file_count; i++) {
        fields_t one = get_array (&list);
        get_reference_file (&one, &files[i]);
        end_array (&list, &one);
    }
    end_array (fields, &list);
}

static void put_candles_head (buffer_t *message, const wire_candles_t *candles)
{
    put_object (message, WIRE_CANDLES, 8 + WIRE_CANDLE_COLUMNS);
    put_shard (message, candles->shard, candles->generation);
    put_uint (message, candles->sequence);
    put_uint (message, candles->known);
    put_texts (message, candles->symbols, candles->symbol_count, sizeof *candles->symbols);
}

void wire_put_candles (buffer_t *message, const wire_candles_t *candles)
{
    put_candles_head (message, candles);
    put_bytes (message, candles->symbol);
    for (size_t i = 0; i < WIRE_CANDLE_COLUMNS; i++) {
        put_bytes (message, candles->columns[i]);
    }
    put_int (message, candles->stamp_us);
}

void wire_put_candle_rows (buffer_t *message, const wire_candles_t *candles, const wire_row_t *rows)
{
    static_assert (offsetof (wire_row_t, volume) == WIRE_COLUMN_VOLUME * sizeof (double),
                   "a row has its columns in their order");
    put_candles_head (message, candles);
    char *at = put_bytes_room (message, candles->count * sizeof rows->symbol);
    for (size_t row = 0; row < candles->count; row++) {
        memcpy (at + row * sizeof rows->symbol, &rows[row].symbol, sizeof rows->symbol);
    }
    for (size_t i = 0; i < WIRE_CANDLE_COLUMNS; i++) {
        at = put_bytes_room (message, candles->count * 8);
        for (size_t row = 0; row < candles->count; row++) {
            memcpy (at + row * 8, (const char *) &rows[row] + i * 8, 8);
        }
    }
    put_int (message, candles->stamp_us);
}

/* Each column is looked at by itself, from end to end: `bad` gathers instead of leaving, so that no
 * row costs a branch. */

static bool symbols_valid (wire_bytes_t column, size_t count)
{
    bool bad = false;
    for (size_t at = 0; at < column.size; at += 4) {
        uint32_t number;
        memcpy (&number, column.bytes + at, sizeof number);
        bad |= number >= count;
    }
    return !bad;
}

static bool minutes_valid (wire_bytes_t column)
{
    bool bad = false;
    for (size_t at = 0; at < column.size; at += 8) {
        int64_t ts;
        memcpy (&ts, column.bytes + at, sizeof ts);
        bad |= ts < WIRE_TS_FIRST || ts > WIRE_TS_LAST || ts % 60 != 0;
    }
    return !bad;
}

static bool arrivals_valid (wire_bytes_t column)
{
    bool bad = false;
    for (size_t at = 0; at < column.size; at += 8) {
        uint64_t ms; /* what is below 0 is far above the highest */
        memcpy (&ms, column.bytes + at, sizeof ms);
        bad |= ms > WIRE_MS_MAX;
    }
    return !bad;
}

static bool numbers_valid (wire_bytes_t column, double least)
{
    bool bad = false;
    for (size_t at = 0; at < column.size; at += 8) {
        double value;
        memcpy (&value, column.bytes + at, sizeof value);
        bad |= !(value >= least && value <= DBL_MAX);
    }
    return !bad;
}

/* Whether no number of `lower` is above that of `upper` in its row. */
static bool ordered (wire_bytes_t lower, wire_bytes_t upper)
{
    bool bad = false;
    for (size_t at = 0; at < lower.size; at += 8) {
        double low, high;
        memcpy (&low, lower.bytes + at, sizeof low);
        memcpy (&high, upper.bytes + at, sizeof high);
        bad |= !(low <= high);
    }
    return !bad;
}

static bool rows_valid (const wire_candles_t *candles)
{
    const wire_bytes_t *columns = candles->columns;
    return symbols_valid (candles->symbol, candles->known + candles->symbol_count) &&
           minutes_valid (columns[WIRE_COLUMN_TS]) &&
           arrivals_valid (columns[WIRE_COLUMN_ARRIVAL]) &&
           numbers_valid (columns[WIRE_COLUMN_OPEN], DBL_TRUE_MIN) &&
           numbers_valid (columns[WIRE_COLUMN_HIGH], DBL_TRUE_MIN) &&
           numbers_valid (columns[WIRE_COLUMN_LOW], DBL_TRUE_MIN) &&
           numbers_valid (columns[WIRE_COLUMN_CLOSE], DBL_TRUE_MIN) &&
           numbers_valid (columns[WIRE_COLUMN_VOLUME], 0) &&
           ordered (columns[WIRE_COLUMN_LOW], columns[WIRE_COLUMN_HIGH]);
}

void read_candles (room_t *room, fields_t *fields, wire_object_t *object)
{
    wire_candles_t *candles = &object->candles;
    candles->shard = get_shard (fields);
    candles->generation = get_generation (fields);
    candles->sequence = get_sequence (fields);
    candles->known = get_u32 (fields);
    fields_t list = get_array (fields);
    candles->symbol_count = list.left;
    char (*symbols)[SYMBOL_MAX + 1] = room_for (room, 0, list.left, sizeof *symbols);
    candles->symbols = (const char (*)[SYMBOL_MAX + 1]) symbols;
    for (size_t i = 0; i < candles->symbol_count; i++) {
        get_symbol (&list, symbols[i]);
    }
    end_array (fields, &list);
    candles->symbol = get_bytes (fields);
    candles->count = candles->symbol.size / 4;
    bool whole = candles->symbol.size % 4 == 0;
    for (size_t i = 0; i < WIRE_CANDLE_COLUMNS; i++) {
        candles->columns[i] = get_bytes (fields);
        whole = whole && candles->columns[i].size == candles->count * 8;
    }
    candles->stamp_us = get_stamp (fields);
    if (fields->bad || !whole || !rows_valid (candles)) {
        fields->bad = true;
    }
}

void wire_put_clock (buffer_t *message, const wire_clock_t *clock)
{
    put_object (message, WIRE_CLOCK, 6);
    put_shard (message, clock->shard, clock->generation);
    put_uint (message, clock->sequence);
    put_int (message, clock->clock_ms);
    put_bool (message, clock->is_end);
}

void read_clock (room_t *room, fields_t *fields, wire_object_t *object)
{
    (void) room;
    wire_clock_t *clock = &object->clock;
    clock->shard = get_shard (fields);
    clock->generation = get_generation (fields);
    clock->sequence = get_sequence (fields);
    clock->clock_ms = get_ms (fields);
    clock->is_end = get_bool (fields);
}

void wire_put_live_hit (buffer_t *message, const wire_live_hit_t *hit)
{
    put_object (message, WIRE_LIVE_HIT, 7 + HIT_FIELDS + (size_t) hit->hit.value_count);
    put_shard (message, hit->shard, hit->generation);
    put_text (message, hit->symbol);
    put_int (message, hit->arrival_ms);
    put_int (message, hit->day);
    put_int (message, hit->stamp_us);
    put_hit (message, &hit->hit);
}

void read_live_hit (room_t *room, fields_t *fields, wire_object_t *object)
{
    (void) room;
    wire_live_hit_t *hit = &object->live_hit;
    hit->shard = get_shard (fields);
    hit->generation = get_generation (fields);
    get_symbol (fields, hit->symbol);
    hit->arrival_ms = get_ms (fields);
    hit->day = get_day (fields);
    hit->stamp_us = get_stamp (fields);
    get_hit (fields, &hit->hit);
}

void wire_put_progress (buffer_t *message, const wire_progress_t *progress)
{
    put_object (message, WIRE_PROGRESS, 6);
    put_shard (message, progress->shard, progress->generation);
    put_uint (message, progress->sequence);
    put_uint (message, progress->candles);
    put_int (message, progress->stamp_us);
}

void read_progress (room_t *room, fields_t *fields, wire_object_t *object)
{
    (void) room;
    wire_progress_t *progress = &object->progress;
    progress->shard = get_shard (fields);
    progress->generation = get_generation (fields);
    progress->sequence = get_sequence (fields);
    progress->candles = get_u32 (fields);
    progress->stamp_us = get_stamp (fields);
}

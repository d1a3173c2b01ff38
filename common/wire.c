#include "wire.h"

#include "wire_check.h"

#include <math.h>
#include <msgpack.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "columns on the wire are little endian");

#define COUNT_OF(array) (sizeof (array) / sizeof *(array))

/* ---- writing ---- */

static int append (void *data, const char *bytes, size_t size)
{
    buffer_append (data, bytes, size);
    return 0;
}

/* An object with `fields` fields behind its kind and version. */
static msgpack_packer object (buffer_t *message, wire_kind_t kind, size_t fields)
{
    msgpack_packer packer;
    msgpack_packer_init (&packer, message, append);
    msgpack_pack_array (&packer, fields + 2);
    msgpack_pack_uint8 (&packer, (uint8_t) kind);
    msgpack_pack_uint8 (&packer, WIRE_VERSION);
    return packer;
}

static void put_uint (msgpack_packer *packer, uint64_t value)
{
    msgpack_pack_uint64 (packer, value);
}

static void put_int (msgpack_packer *packer, int64_t value)
{
    msgpack_pack_int64 (packer, value);
}

static void put_double (msgpack_packer *packer, double value)
{
    msgpack_pack_double (packer, value);
}

static void put_bool (msgpack_packer *packer, bool value)
{
    if (value) {
        msgpack_pack_true (packer);
    } else {
        msgpack_pack_false (packer);
    }
}

static void put_text (msgpack_packer *packer, const char *text)
{
    msgpack_pack_str_with_body (packer, text, strlen (text));
}

static void put_bytes (msgpack_packer *packer, wire_bytes_t bytes)
{
    msgpack_pack_bin_with_body (packer, bytes.bytes, bytes.size);
}

static void put_session (msgpack_packer *packer, session_t session)
{
    put_uint (packer, session.epoch);
    put_uint (packer, session.counter);
}

static void put_link (msgpack_packer *packer, const link_t *link)
{
    put_session (packer, link->session);
    put_uint (packer, link->last);
    put_bool (packer, link->gap);
}

static void put_partition (msgpack_packer *packer, const partition_t *partition)
{
    put_uint (packer, partition->frequency.count);
    msgpack_pack_str_with_body (packer, &partition->frequency.unit, 1);
    put_int (packer, partition->key);
}

static void put_notes (msgpack_packer *packer, const char (*notes)[WIRE_NOTE_MAX + 1], size_t count)
{
    msgpack_pack_array (packer, count);
    for (size_t i = 0; i < count; i++) {
        put_text (packer, notes[i]);
    }
}

static void put_counts (msgpack_packer *packer, const wire_counts_t *counts)
{
    put_uint (packer, counts->candles);
    put_uint (packer, counts->rejected_rows);
    put_uint (packer, counts->unsorted_rows);
    put_uint (packer, counts->duplicate_rows);
    put_uint (packer, counts->rejected_files);
    put_uint (packer, counts->rejected_json);
}

void wire_put_hello (buffer_t *message, const wire_hello_t *hello)
{
    msgpack_packer packer = object (message, WIRE_HELLO, 4);
    put_uint (&packer, hello->role);
    put_text (&packer, hello->name);
    put_uint (&packer, hello->incarnation);
    put_text (&packer, hello->endpoint);
}

void wire_put_welcome (buffer_t *message, const wire_welcome_t *welcome)
{
    msgpack_packer packer = object (message, WIRE_WELCOME, 8);
    put_uint (&packer, welcome->worker);
    put_session (&packer, welcome->session);
    put_text (&packer, welcome->data_endpoint);
    put_text (&packer, welcome->collector_endpoint);
    put_bool (&packer, welcome->all_hits);
    msgpack_pack_array (&packer, welcome->scan_count);
    for (size_t i = 0; i < welcome->scan_count; i++) {
        put_text (&packer, welcome->scans[i]);
    }
    msgpack_pack_array (&packer, welcome->holiday_count);
    for (size_t i = 0; i < welcome->holiday_count; i++) {
        put_int (&packer, welcome->holidays[i]);
    }
}

void wire_put_worker_state (buffer_t *message, const wire_worker_state_t *state)
{
    msgpack_packer packer = object (message, WIRE_WORKER_STATE, 12);
    put_uint (&packer, state->serial);
    put_link (&packer, &state->link);
    put_bool (&packer, state->blocked);
    put_uint (&packer, state->consumed);
    put_uint (&packer, state->refused);
    put_uint (&packer, state->parse_us);
    put_uint (&packer, state->scan_us);
    put_uint (&packer, state->cpu_us);
    msgpack_pack_array (&packer, state->need_count);
    for (size_t i = 0; i < state->need_count; i++) {
        const wire_need_t *need = &state->needs[i];
        msgpack_pack_array (&packer, 3);
        put_uint (&packer, need->unit);
        put_uint (&packer, need->attempt);
        msgpack_pack_array (&packer, need->partition_count);
        for (size_t k = 0; k < need->partition_count; k++) {
            msgpack_pack_array (&packer, 3);
            put_partition (&packer, &need->partitions[k]);
        }
    }
}

void wire_put_collector_state (buffer_t *message, const wire_collector_state_t *state)
{
    msgpack_packer packer = object (message, WIRE_COLLECTOR_STATE, 20);
    put_uint (&packer, state->serial);
    put_uint (&packer, state->incarnation);
    put_uint (&packer, state->released);
    put_bytes (&packer, state->held);
    put_uint (&packer, state->held_bytes);
    put_bool (&packer, state->able);
    put_bool (&packer, state->failed);
    put_bool (&packer, state->closed);
    put_uint (&packer, state->hits);
    put_uint (&packer, state->refused);
    put_counts (&packer, &state->counts);
    put_uint (&packer, state->sink_us);
    put_uint (&packer, state->cpu_us);
    msgpack_pack_array (&packer, state->link_count);
    for (size_t i = 0; i < state->link_count; i++) {
        msgpack_pack_array (&packer, 5);
        put_uint (&packer, state->links[i].worker);
        put_link (&packer, &state->links[i].link);
    }
    put_notes (&packer, state->notes, state->note_count);
}

void wire_put_broker_state (buffer_t *message, const wire_broker_state_t *state)
{
    msgpack_packer packer = object (message, WIRE_BROKER_STATE, 4);
    put_uint (&packer, state->serial);
    put_uint (&packer, state->phase);
    put_uint (&packer, state->units);
    msgpack_pack_array (&packer, state->void_count);
    for (size_t i = 0; i < state->void_count; i++) {
        put_uint (&packer, state->voids[i]);
    }
}

void wire_put_link (buffer_t *message, const wire_link_t *link)
{
    msgpack_packer packer = object (message, WIRE_LINK, 4);
    put_uint (&packer, link->worker);
    put_session (&packer, link->session);
    put_uint (&packer, link->n);
}

void wire_put_unit (buffer_t *message, const wire_unit_t *unit)
{
    msgpack_packer packer = object (message, WIRE_UNIT, 11);
    put_uint (&packer, unit->unit);
    put_uint (&packer, unit->attempt);
    put_text (&packer, unit->symbol);
    put_int (&packer, unit->first);
    put_int (&packer, unit->last);
    put_bool (&packer, unit->is_first);
    put_bool (&packer, unit->is_last);
    put_uint (&packer, unit->folders);
    put_bool (&packer, unit->explain);
    put_int (&packer, unit->when);
    msgpack_pack_array (&packer, unit->split_count);
    for (size_t i = 0; i < unit->split_count; i++) {
        msgpack_pack_array (&packer, 2);
        put_int (&packer, unit->splits[i].day);
        put_double (&packer, unit->splits[i].factor);
    }
}

char *wire_file_begin (buffer_t *message, const wire_file_t *file, size_t size, wire_slot_t *slot)
{
    msgpack_packer packer = object (message, WIRE_FILE, 9);
    put_uint (&packer, file->unit);
    put_uint (&packer, file->attempt);
    put_uint (&packer, file->content);
    put_partition (&packer, &file->partition);
    slot->is_last = message->size;
    put_bool (&packer, false);
    put_text (&packer, file->problem);
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
    msgpack_packer packer = object (message, WIRE_READY, 2);
    put_uint (&packer, ready->unit);
    put_uint (&packer, ready->attempt);
}

void wire_put_candles (buffer_t *message, const wire_candles_t *candles)
{
    msgpack_packer packer = object (message, WIRE_CANDLES, 12);
    put_uint (&packer, candles->shard);
    put_session (&packer, candles->generation);
    put_uint (&packer, candles->sequence);
    msgpack_pack_array (&packer, candles->symbol_count);
    for (size_t i = 0; i < candles->symbol_count; i++) {
        put_text (&packer, candles->symbols[i]);
    }
    put_bytes (&packer, candles->symbol);
    for (size_t i = 0; i < COUNT_OF (candles->columns); i++) {
        put_bytes (&packer, candles->columns[i]);
    }
}

void wire_put_hit (buffer_t *message, const wire_hit_t *hit)
{
    const candle_t *candle = &hit->hit.candle;
    msgpack_packer packer = object (message, WIRE_HIT, 11 + (size_t) hit->hit.value_count);
    put_uint (&packer, hit->unit);
    put_uint (&packer, hit->attempt);
    put_text (&packer, hit->symbol);
    put_uint (&packer, hit->hit.scan);
    put_int (&packer, hit->hit.ts);
    put_int (&packer, candle->ts);
    put_double (&packer, candle->open);
    put_double (&packer, candle->high);
    put_double (&packer, candle->low);
    put_double (&packer, candle->close);
    put_double (&packer, candle->volume);
    for (int i = 0; i < hit->hit.value_count; i++) {
        put_double (&packer, hit->hit.values[i]);
    }
}

void wire_put_done (buffer_t *message, const wire_done_t *done)
{
    msgpack_packer packer = object (message, WIRE_DONE, 10);
    put_uint (&packer, done->unit);
    put_uint (&packer, done->attempt);
    put_text (&packer, done->symbol);
    put_counts (&packer, &done->counts);
    put_notes (&packer, done->notes, done->note_count);
}

void wire_put_explain (buffer_t *message, const wire_explain_t *explain)
{
    msgpack_packer packer = object (message, WIRE_EXPLAIN, 7);
    put_uint (&packer, explain->unit);
    put_uint (&packer, explain->attempt);
    put_uint (&packer, explain->scan);
    put_bool (&packer, explain->is_rule);
    put_bool (&packer, explain->hit);
    put_text (&packer, explain->note);
    msgpack_pack_array (&packer, explain->condition_count);
    for (size_t i = 0; i < explain->condition_count; i++) {
        const wire_condition_t *condition = &explain->conditions[i];
        msgpack_pack_array (&packer, 6);
        put_text (&packer, condition->what);
        put_text (&packer, condition->op);
        put_double (&packer, condition->value);
        put_double (&packer, condition->threshold);
        put_bool (&packer, condition->is_time);
        put_bool (&packer, condition->passed);
    }
}

/* ---- reading ---- */

struct wire_reader {
    const char *bytes;
    size_t size;
    size_t at;
    bool bad;           /* the rest is no valid message */
    msgpack_zone *zone; /* the current object's tree */
    buffer_t arrays[2]; /* what the current object's pointers point to */
};

/* A walk over an array's elements. Once a field is not as it should be, `bad` stays. */
typedef struct {
    const msgpack_object *at;
    size_t left;
    bool bad;
} fields_t;

static const msgpack_object *take (fields_t *fields, msgpack_object_type type)
{
    if (fields->bad || fields->left == 0 || fields->at->type != type) {
        fields->bad = true;
        return NULL;
    }
    fields->left--;
    return fields->at++;
}

static uint64_t get_uint (fields_t *fields, uint64_t maximum)
{
    const msgpack_object *value = take (fields, MSGPACK_OBJECT_POSITIVE_INTEGER);
    if (!value || value->via.u64 > maximum) {
        fields->bad = true;
        return 0;
    }
    return value->via.u64;
}

static uint32_t get_u32 (fields_t *fields)
{
    return (uint32_t) get_uint (fields, UINT32_MAX);
}

static int64_t get_int (fields_t *fields, int64_t minimum, int64_t maximum)
{
    int64_t value = 0;
    if (fields->left > 0 && fields->at->type == MSGPACK_OBJECT_NEGATIVE_INTEGER) {
        const msgpack_object *taken = take (fields, MSGPACK_OBJECT_NEGATIVE_INTEGER);
        value = taken ? taken->via.i64 : 0;
    } else {
        value = (int64_t) get_uint (fields, INT64_MAX);
    }
    if (value < minimum || value > maximum) {
        fields->bad = true;
        return 0;
    }
    return value;
}

static day_t get_day (fields_t *fields)
{
    return (day_t) get_int (fields, DAY_FIRST, DAY_LAST);
}

/* A time of a candle: within the days that are accepted, a day to spare. */
static int64_t get_ts (fields_t *fields)
{
    return get_int (fields, (DAY_FIRST - 1) * (int64_t) 86400, (DAY_LAST + 2) * (int64_t) 86400);
}

static double get_double (fields_t *fields)
{
    const msgpack_object *value = take (fields, MSGPACK_OBJECT_FLOAT64);
    return value ? value->via.f64 : 0;
}

static double get_finite (fields_t *fields)
{
    double value = get_double (fields);
    if (!isfinite (value)) {
        fields->bad = true;
    }
    return value;
}

static bool get_bool (fields_t *fields)
{
    const msgpack_object *value = take (fields, MSGPACK_OBJECT_BOOLEAN);
    return value && value->via.boolean;
}

/* Text of at most `capacity` - 1 bytes without controls, which nobody needs and a terminal would
 * obey. */
static void get_text (fields_t *fields, char *text, size_t capacity)
{
    const msgpack_object *value = take (fields, MSGPACK_OBJECT_STR);
    text[0] = '\0';
    if (!value || value->via.str.size >= capacity) {
        fields->bad = true;
        return;
    }
    for (size_t i = 0; i < value->via.str.size; i++) {
        unsigned char c = (unsigned char) value->via.str.ptr[i];
        if (c < 0x20 || c == 0x7f) {
            fields->bad = true;
            text[0] = '\0'; /* callers may still look at it */
            return;
        }
        text[i] = (char) c;
    }
    text[value->via.str.size] = '\0';
}

static void get_symbol (fields_t *fields, char symbol[SYMBOL_MAX + 1])
{
    get_text (fields, symbol, SYMBOL_MAX + 1);
    if (!symbol_valid (symbol, strlen (symbol))) {
        fields->bad = true;
    }
}

static wire_bytes_t get_bytes (fields_t *fields)
{
    const msgpack_object *value = take (fields, MSGPACK_OBJECT_BIN);
    return value ? (wire_bytes_t){value->via.bin.ptr, value->via.bin.size}
                 : (wire_bytes_t){NULL, 0};
}

static fields_t get_array (fields_t *fields)
{
    const msgpack_object *value = take (fields, MSGPACK_OBJECT_ARRAY);
    return value ? (fields_t){value->via.array.ptr, value->via.array.size, false}
                 : (fields_t){NULL, 0, true};
}

/* An inner array is done: all of it must have been read, and well. */
static void end_array (fields_t *fields, const fields_t *inner)
{
    if (inner->bad || inner->left > 0) {
        fields->bad = true;
    }
}

static session_t get_session (fields_t *fields)
{
    uint64_t epoch = get_uint (fields, UINT64_MAX);
    return (session_t){epoch, get_uint (fields, UINT64_MAX)};
}

static link_t get_link (fields_t *fields)
{
    link_t link = {.session = get_session (fields)};
    link.last = get_uint (fields, UINT64_MAX);
    link.gap = get_bool (fields);
    return link;
}

static partition_t get_partition (fields_t *fields)
{
    partition_t partition = {.frequency.count = (uint16_t) get_uint (fields, UINT16_MAX)};
    char unit[2] = "";
    get_text (fields, unit, sizeof unit);
    partition.frequency.unit = unit[0];
    partition.key = get_day (fields);
    char text[32];
    frequency_t again;
    snprintf (text, sizeof text, "%u%s", partition.frequency.count, unit[0] == 'm' ? "min" : unit);
    if (!frequency_parse (text, &again) || !frequency_equal (again, partition.frequency)) {
        fields->bad = true;
        return (partition_t){FREQUENCY_1D, 0};
    }
    if (partition_first (partition.frequency, partition.key) != partition.key) {
        fields->bad = true;
    }
    return partition;
}

/* Room for `count` elements in the reader, as long as the object. The count is that of elements
 * received. */
static void *array_of (wire_reader_t *self, int which, size_t count, size_t size)
{
    buffer_t *array = &self->arrays[which];
    array->size = 0;
    return buffer_reserve (array, count * size + 1);
}

static size_t get_notes (wire_reader_t *self, fields_t *fields,
                         const char (**notes)[WIRE_NOTE_MAX + 1])
{
    fields_t list = get_array (fields);
    if (list.left > WIRE_NOTES_MAX) {
        fields->bad = true;
        return 0;
    }
    size_t count = list.left;
    char (*texts)[WIRE_NOTE_MAX + 1] = array_of (self, 1, count, sizeof *texts);
    for (size_t i = 0; i < count; i++) {
        get_text (&list, texts[i], sizeof texts[i]);
    }
    end_array (fields, &list);
    *notes = (const char (*)[WIRE_NOTE_MAX + 1]) texts;
    return count;
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

static void get_hello (wire_reader_t *self, fields_t *fields, wire_object_t *object)
{
    (void) self;
    wire_hello_t *hello = &object->hello;
    hello->role = (wire_role_t) get_uint (fields, WIRE_ROLE_COLLECTOR);
    get_text (fields, hello->name, sizeof hello->name);
    hello->incarnation = get_uint (fields, UINT64_MAX);
    get_text (fields, hello->endpoint, sizeof hello->endpoint);
    if (hello->role < WIRE_ROLE_WORKER) {
        fields->bad = true;
    }
}

static void get_welcome (wire_reader_t *self, fields_t *fields, wire_object_t *object)
{
    wire_welcome_t *welcome = &object->welcome;
    welcome->worker = get_u32 (fields);
    welcome->session = get_session (fields);
    get_text (fields, welcome->data_endpoint, sizeof welcome->data_endpoint);
    get_text (fields, welcome->collector_endpoint, sizeof welcome->collector_endpoint);
    welcome->all_hits = get_bool (fields);
    fields_t list = get_array (fields);
    welcome->scan_count = list.left <= SCANS_MAX ? list.left : 0;
    char (*scans)[SCAN_TEXT_MAX] = array_of (self, 0, welcome->scan_count, sizeof *scans);
    for (size_t i = 0; i < welcome->scan_count; i++) {
        get_text (&list, scans[i], sizeof scans[i]);
    }
    end_array (fields, &list);
    welcome->scans = (const char (*)[SCAN_TEXT_MAX]) scans;
    list = get_array (fields);
    welcome->holiday_count = list.left;
    day_t *holidays = array_of (self, 1, list.left, sizeof *holidays);
    for (size_t i = 0; i < welcome->holiday_count; i++) {
        holidays[i] = get_day (&list);
    }
    end_array (fields, &list);
    welcome->holidays = holidays;
}

/* Partitions of all needs lie in one array; they are counted first, so that the array does not
 * move. */
static size_t partitions_of (const fields_t *needs)
{
    size_t total = 0;
    for (size_t i = 0; i < needs->left; i++) {
        const msgpack_object *need = &needs->at[i];
        if (need->type == MSGPACK_OBJECT_ARRAY && need->via.array.size == 3 &&
            need->via.array.ptr[2].type == MSGPACK_OBJECT_ARRAY) {
            total += need->via.array.ptr[2].via.array.size;
        }
    }
    return total;
}

static void get_worker_state (wire_reader_t *self, fields_t *fields, wire_object_t *object)
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
    wire_need_t *needs = array_of (self, 0, list.left, sizeof *needs);
    partition_t *partitions = array_of (self, 1, partitions_of (&list), sizeof *partitions);
    for (size_t i = 0; i < state->need_count; i++) {
        fields_t need = get_array (&list);
        if (need.left != 3) { /* others were not counted: there is no room for their partitions */
            list.bad = true;
            break;
        }
        needs[i].unit = get_u32 (&need);
        needs[i].attempt = get_u32 (&need);
        fields_t wanted = get_array (&need);
        needs[i].partition_count = (uint32_t) wanted.left;
        needs[i].partitions = partitions;
        for (uint32_t k = 0; k < needs[i].partition_count && !wanted.bad; k++) {
            fields_t partition = get_array (&wanted);
            *partitions++ = get_partition (&partition);
            end_array (&wanted, &partition);
        }
        end_array (&need, &wanted);
        end_array (&list, &need);
        if (list.bad) {
            break;
        }
    }
    end_array (fields, &list);
    state->needs = needs;
}

static void get_collector_state (wire_reader_t *self, fields_t *fields, wire_object_t *object)
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
    fields_t list = get_array (fields);
    state->link_count = list.left;
    wire_link_state_t *links = array_of (self, 0, list.left, sizeof *links);
    for (size_t i = 0; i < state->link_count; i++) {
        fields_t one = get_array (&list);
        links[i].worker = get_u32 (&one);
        links[i].link = get_link (&one);
        end_array (&list, &one);
    }
    end_array (fields, &list);
    state->links = links;
    state->note_count = get_notes (self, fields, &state->notes);
}

static void get_broker_state (wire_reader_t *self, fields_t *fields, wire_object_t *object)
{
    wire_broker_state_t *state = &object->broker_state;
    state->serial = get_uint (fields, UINT64_MAX);
    state->phase = (wire_phase_t) get_uint (fields, WIRE_PHASE_EXIT);
    state->units = get_u32 (fields);
    fields_t list = get_array (fields);
    state->void_count = list.left;
    uint32_t *voids = array_of (self, 0, list.left, sizeof *voids);
    for (size_t i = 0; i < state->void_count; i++) {
        voids[i] = get_u32 (&list);
    }
    end_array (fields, &list);
    state->voids = voids;
}

static void get_link_header (wire_reader_t *self, fields_t *fields, wire_object_t *object)
{
    (void) self;
    object->link.worker = get_u32 (fields);
    object->link.session = get_session (fields);
    object->link.n = get_uint (fields, UINT64_MAX);
}

static void get_unit (wire_reader_t *self, fields_t *fields, wire_object_t *object)
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
    fields_t list = get_array (fields);
    unit->split_count = list.left;
    wire_split_t *splits = array_of (self, 0, list.left, sizeof *splits);
    for (size_t i = 0; i < unit->split_count; i++) {
        fields_t split = get_array (&list);
        splits[i].day = get_day (&split);
        splits[i].factor = get_finite (&split);
        end_array (&list, &split);
        if (!(splits[i].factor > 0)) {
            list.bad = true;
        }
    }
    end_array (fields, &list);
    unit->splits = splits;
    if (unit->last < unit->first) {
        fields->bad = true;
    }
}

static void get_file (wire_reader_t *self, fields_t *fields, wire_object_t *object)
{
    (void) self;
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

static void get_ready (wire_reader_t *self, fields_t *fields, wire_object_t *object)
{
    (void) self;
    object->ready.unit = get_u32 (fields);
    object->ready.attempt = get_u32 (fields);
}

static void get_candles (wire_reader_t *self, fields_t *fields, wire_object_t *object)
{
    wire_candles_t *candles = &object->candles;
    candles->shard = get_u32 (fields);
    candles->generation = get_session (fields);
    candles->sequence = get_uint (fields, UINT64_MAX);
    fields_t list = get_array (fields);
    candles->symbol_count = list.left;
    char (*symbols)[SYMBOL_MAX + 1] = array_of (self, 0, list.left, sizeof *symbols);
    for (size_t i = 0; i < candles->symbol_count; i++) {
        get_symbol (&list, symbols[i]);
    }
    end_array (fields, &list);
    candles->symbols = (const char (*)[SYMBOL_MAX + 1]) symbols;
    candles->symbol = get_bytes (fields);
    candles->count = candles->symbol.size / 4;
    bool whole = candles->symbol.size % 4 == 0;
    for (size_t i = 0; i < COUNT_OF (candles->columns); i++) {
        candles->columns[i] = get_bytes (fields);
        whole = whole && candles->columns[i].size == candles->count * 8;
    }
    if (!whole || fields->bad) {
        fields->bad = true;
        return;
    }
    for (size_t i = 0; i < candles->count; i++) {
        uint32_t index;
        memcpy (&index, candles->symbol.bytes + 4 * i, 4);
        if (index >= candles->symbol_count) {
            fields->bad = true;
        }
    }
}

static void get_hit (wire_reader_t *self, fields_t *fields, wire_object_t *object)
{
    (void) self;
    wire_hit_t *hit = &object->hit;
    hit->unit = get_u32 (fields);
    hit->attempt = get_u32 (fields);
    get_symbol (fields, hit->symbol);
    hit->hit.scan = (uint32_t) get_uint (fields, SCANS_MAX - 1);
    hit->hit.ts = get_ts (fields);
    hit->hit.candle.ts = get_ts (fields);
    hit->hit.candle.open = get_finite (fields);
    hit->hit.candle.high = get_finite (fields);
    hit->hit.candle.low = get_finite (fields);
    hit->hit.candle.close = get_finite (fields);
    hit->hit.candle.volume = get_finite (fields);
    if (fields->left > SCAN_COLUMNS_MAX) {
        fields->bad = true;
        return;
    }
    hit->hit.value_count = (int) fields->left;
    for (int i = 0; i < hit->hit.value_count; i++) {
        hit->hit.values[i] = get_double (fields);
    }
}

static void get_done (wire_reader_t *self, fields_t *fields, wire_object_t *object)
{
    wire_done_t *done = &object->done;
    done->unit = get_u32 (fields);
    done->attempt = get_u32 (fields);
    get_symbol (fields, done->symbol);
    get_counts (fields, &done->counts);
    done->note_count = get_notes (self, fields, &done->notes);
}

static void get_explain (wire_reader_t *self, fields_t *fields, wire_object_t *object)
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
    wire_condition_t *conditions = array_of (self, 0, list.left, sizeof *conditions);
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

/* The kinds: the one list that reading goes by. */
static const struct {
    wire_kind_t kind;
    void (*get) (wire_reader_t *, fields_t *, wire_object_t *);
} kinds[] = {
    {WIRE_HELLO, get_hello},
    {WIRE_WELCOME, get_welcome},
    {WIRE_WORKER_STATE, get_worker_state},
    {WIRE_COLLECTOR_STATE, get_collector_state},
    {WIRE_BROKER_STATE, get_broker_state},
    {WIRE_LINK, get_link_header},
    {WIRE_UNIT, get_unit},
    {WIRE_FILE, get_file},
    {WIRE_READY, get_ready},
    {WIRE_CANDLES, get_candles},
    {WIRE_HIT, get_hit},
    {WIRE_DONE, get_done},
    {WIRE_EXPLAIN, get_explain},
};

wire_reader_t *wire_reader_new (void)
{
    wire_reader_t *self = memory_new (sizeof *self);
    self->zone = msgpack_zone_new (MSGPACK_ZONE_CHUNK_SIZE);
    if (!self->zone) {
        abort ();
    }
    return self;
}

void wire_reader_destroy (wire_reader_t **self)
{
    if (*self) {
        msgpack_zone_free ((*self)->zone);
        buffer_free (&(*self)->arrays[0]);
        buffer_free (&(*self)->arrays[1]);
        free (*self);
        *self = NULL;
    }
}

void wire_reader_begin (wire_reader_t *self, const void *bytes, size_t size)
{
    self->bytes = bytes;
    self->size = size;
    self->at = 0;
    self->bad = false;
}

static int decode (wire_reader_t *self, const msgpack_object *tree, wire_object_t *object)
{
    fields_t outer = {tree, 1, false};
    fields_t fields = get_array (&outer);
    uint64_t kind = get_uint (&fields, UINT8_MAX);
    uint64_t version = get_uint (&fields, UINT8_MAX);
    if (fields.bad || version != WIRE_VERSION) {
        return -1;
    }
    for (size_t i = 0; i < COUNT_OF (kinds); i++) {
        if (kinds[i].kind == kind) {
            object->kind = kinds[i].kind;
            kinds[i].get (self, &fields, object);
            return fields.bad || fields.left > 0 ? -1 : 1;
        }
    }
    return -1;
}

/* The object at `at`, and past it. */
static int read_object (wire_reader_t *self, wire_object_t *object)
{
    const char *bytes = self->bytes + self->at;
    size_t size = wire_object_size (bytes, self->size - self->at);
    if (size == 0) {
        return -1;
    }
    msgpack_object tree;
    size_t read = 0;
    msgpack_zone_clear (self->zone);
    if (msgpack_unpack (bytes, size, &read, self->zone, &tree) != MSGPACK_UNPACK_SUCCESS) {
        return -1;
    }
    self->at += size;
    return decode (self, &tree, object);
}

int wire_next (wire_reader_t *self, wire_object_t *object)
{
    if (!self->bad && self->at == self->size) {
        return 0;
    }
    int result = self->bad ? -1 : read_object (self, object);
    self->bad = result < 0;
    return result;
}

#include "wire_fields.h"

#include "histogram.h"
#include "shard.h"

#include <math.h>
#include <msgpack.h>
#include <stdlib.h>
#include <string.h>

/* ---- writing ---- */

static int append (void *data, const char *bytes, size_t size)
{
    buffer_append (data, bytes, size);
    return 0;
}

static msgpack_packer packer_of (buffer_t *message)
{
    return (msgpack_packer){.data = message, .callback = append};
}

uint64_t wire_version (wire_kind_t kind)
{
    switch (kind) {
    case WIRE_CANDLES: /* 2: the stamp */
    case WIRE_LIVE_HIT:
    case WIRE_PROGRESS:
    case WIRE_LIVE_COLLECTOR: /* 2: candles, how old they were */
    case WIRE_LIVE_WORKER:    /* 2: leaving */
    case WIRE_BEGIN:          /* 2: with state */
    case WIRE_LIVE_WELCOME:   /* 2: the broker's part */
        return 2;
    default:
        return 1;
    }
}

void put_object (buffer_t *message, wire_kind_t kind, size_t fields)
{
    put_array (message, fields + 2);
    put_uint (message, kind);
    put_uint (message, wire_version (kind));
}

void put_array (buffer_t *message, size_t count)
{
    msgpack_packer packer = packer_of (message);
    msgpack_pack_array (&packer, count);
}

void put_uint (buffer_t *message, uint64_t value)
{
    msgpack_packer packer = packer_of (message);
    msgpack_pack_uint64 (&packer, value);
}

void put_int (buffer_t *message, int64_t value)
{
    msgpack_packer packer = packer_of (message);
    msgpack_pack_int64 (&packer, value);
}

void put_double (buffer_t *message, double value)
{
    msgpack_packer packer = packer_of (message);
    msgpack_pack_double (&packer, value);
}

void put_bool (buffer_t *message, bool value)
{
    buffer_append (message, value ? "\xc3" : "\xc2", 1);
}

void put_text (buffer_t *message, const char *text)
{
    msgpack_packer packer = packer_of (message);
    msgpack_pack_str_with_body (&packer, text, strlen (text));
}

void put_bytes (buffer_t *message, wire_bytes_t bytes)
{
    msgpack_packer packer = packer_of (message);
    msgpack_pack_bin_with_body (&packer, bytes.bytes, bytes.size);
}

char *put_bytes_room (buffer_t *message, size_t size)
{
    msgpack_packer packer = packer_of (message);
    msgpack_pack_bin (&packer, size);
    char *bytes = buffer_reserve (message, size);
    message->size += size;
    return bytes;
}

void put_texts (buffer_t *message, const void *texts, size_t count, size_t capacity)
{
    put_array (message, count);
    for (size_t i = 0; i < count; i++) {
        put_text (message, (const char *) texts + i * capacity);
    }
}

void put_days (buffer_t *message, const day_t *days, size_t count)
{
    put_array (message, count);
    for (size_t i = 0; i < count; i++) {
        put_int (message, days[i]);
    }
}

void put_splits (buffer_t *message, const wire_split_t *splits, size_t count)
{
    put_array (message, count);
    for (size_t i = 0; i < count; i++) {
        put_array (message, 2);
        put_int (message, splits[i].day);
        put_double (message, splits[i].factor);
    }
}

void put_session (buffer_t *message, session_t session)
{
    put_uint (message, session.epoch);
    put_uint (message, session.counter);
}

void put_link (buffer_t *message, const link_t *link)
{
    put_session (message, link->session);
    put_uint (message, link->last);
    put_bool (message, link->gap);
}

void put_links (buffer_t *message, const wire_link_state_t *links, size_t count)
{
    put_array (message, count);
    for (size_t i = 0; i < count; i++) {
        put_array (message, 5);
        put_uint (message, links[i].worker);
        put_link (message, &links[i].link);
    }
}

void put_entry (buffer_t *message, entry_id_t id)
{
    put_uint (message, id.ms);
    put_uint (message, id.sequence);
}

void put_hit (buffer_t *message, const hit_t *hit)
{
    put_uint (message, hit->scan);
    put_int (message, hit->ts);
    put_int (message, hit->candle.ts);
    put_double (message, hit->candle.open);
    put_double (message, hit->candle.high);
    put_double (message, hit->candle.low);
    put_double (message, hit->candle.close);
    put_double (message, hit->candle.volume);
    for (int i = 0; i < hit->value_count; i++) {
        put_double (message, hit->values[i]);
    }
}

/* ---- reading ---- */

struct tree {
    msgpack_zone *zone; /* the memory of all values but the first */
    msgpack_object first;
};

tree_t *tree_new (void)
{
    tree_t *self = memory_new (sizeof *self);
    self->zone = msgpack_zone_new (MSGPACK_ZONE_CHUNK_SIZE);
    if (!self->zone) {
        abort ();
    }
    return self;
}

void tree_destroy (tree_t **self)
{
    if (*self) {
        msgpack_zone_free ((*self)->zone);
        free (*self);
        *self = NULL;
    }
}

bool tree_read (tree_t *self, const char *bytes, size_t size, fields_t *fields)
{
    size_t read = 0;
    msgpack_zone_clear (self->zone);
    if (msgpack_unpack (bytes, size, &read, self->zone, &self->first) != MSGPACK_UNPACK_SUCCESS) {
        return false;
    }
    fields_t outer = {&self->first, 1, false};
    *fields = get_array (&outer);
    return !fields->bad;
}

void *room_for (room_t *self, int which, size_t count, size_t size)
{
    buffer_t *array = &self->arrays[which];
    array->size = 0;
    return buffer_reserve (array, count * size + 1);
}

void room_free (room_t *self)
{
    for (size_t i = 0; i < COUNT_OF (self->arrays); i++) {
        buffer_free (&self->arrays[i]);
    }
}

static const msgpack_object *take (fields_t *fields, msgpack_object_type type)
{
    if (fields->bad || fields->left == 0 || fields->at->type != type) {
        fields->bad = true;
        return NULL;
    }
    fields->left--;
    return fields->at++;
}

uint64_t get_uint (fields_t *fields, uint64_t maximum)
{
    const msgpack_object *value = take (fields, MSGPACK_OBJECT_POSITIVE_INTEGER);
    if (!value || value->via.u64 > maximum) {
        fields->bad = true;
        return 0;
    }
    return value->via.u64;
}

uint32_t get_u32 (fields_t *fields)
{
    return (uint32_t) get_uint (fields, UINT32_MAX);
}

int64_t get_int (fields_t *fields, int64_t minimum, int64_t maximum)
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

double get_double (fields_t *fields)
{
    const msgpack_object *value = take (fields, MSGPACK_OBJECT_FLOAT64);
    return value ? value->via.f64 : 0;
}

double get_finite (fields_t *fields)
{
    double value = get_double (fields);
    if (!isfinite (value)) {
        fields->bad = true;
    }
    return value;
}

bool get_bool (fields_t *fields)
{
    const msgpack_object *value = take (fields, MSGPACK_OBJECT_BOOLEAN);
    return value && value->via.boolean;
}

void get_text (fields_t *fields, char *text, size_t capacity)
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

void get_symbol (fields_t *fields, char symbol[SYMBOL_MAX + 1])
{
    get_text (fields, symbol, SYMBOL_MAX + 1);
    if (!symbol_valid (symbol, strlen (symbol))) {
        fields->bad = true;
    }
}

wire_bytes_t get_bytes (fields_t *fields)
{
    const msgpack_object *value = take (fields, MSGPACK_OBJECT_BIN);
    return value ? (wire_bytes_t){value->via.bin.ptr, value->via.bin.size}
                 : (wire_bytes_t){NULL, 0};
}

fields_t get_array (fields_t *fields)
{
    const msgpack_object *value = take (fields, MSGPACK_OBJECT_ARRAY);
    return value ? (fields_t){value->via.array.ptr, value->via.array.size, false}
                 : (fields_t){NULL, 0, true};
}

void end_array (fields_t *fields, const fields_t *inner)
{
    if (inner->bad || inner->left > 0) {
        fields->bad = true;
    }
}

day_t get_day (fields_t *fields)
{
    return (day_t) get_int (fields, DAY_FIRST, DAY_LAST);
}

day_t get_day_or_none (fields_t *fields)
{
    day_t day = (day_t) get_int (fields, DAY_NONE, DAY_LAST);
    if (day < DAY_FIRST && day != DAY_NONE) {
        fields->bad = true;
    }
    return day;
}

int64_t get_ts (fields_t *fields)
{
    return get_int (fields, (DAY_FIRST - 1) * (int64_t) 86400, (DAY_LAST + 2) * (int64_t) 86400);
}

int64_t get_ms (fields_t *fields)
{
    return get_int (fields, 0, WIRE_MS_MAX);
}

int64_t get_stamp (fields_t *fields)
{
    return get_int (fields, 0, WIRE_STAMP_MAX);
}

wire_bytes_t get_histogram (fields_t *fields)
{
    wire_bytes_t bytes = get_bytes (fields);
    if (!histogram_is_valid (bytes.bytes, bytes.size)) {
        fields->bad = true;
    }
    return bytes;
}

entry_id_t get_entry (fields_t *fields)
{
    uint64_t ms = get_uint (fields, UINT64_MAX);
    return (entry_id_t){ms, get_uint (fields, UINT64_MAX)};
}

session_t get_session (fields_t *fields)
{
    uint64_t epoch = get_uint (fields, UINT64_MAX);
    return (session_t){epoch, get_uint (fields, UINT64_MAX)};
}

session_t get_generation (fields_t *fields)
{
    session_t generation = get_session (fields);
    if (generation.epoch == 0 || generation.counter == 0) {
        fields->bad = true;
    }
    return generation;
}

uint32_t get_shard (fields_t *fields)
{
    return (uint32_t) get_uint (fields, SHARD_COUNT - 1);
}

link_t get_link (fields_t *fields)
{
    link_t link = {.session = get_session (fields)};
    link.last = get_uint (fields, UINT64_MAX);
    link.gap = get_bool (fields);
    return link;
}

void get_hit (fields_t *fields, hit_t *hit)
{
    hit->scan = (uint32_t) get_uint (fields, SCANS_MAX - 1);
    hit->ts = get_ts (fields);
    hit->candle.ts = get_ts (fields);
    hit->candle.open = get_finite (fields);
    hit->candle.high = get_finite (fields);
    hit->candle.low = get_finite (fields);
    hit->candle.close = get_finite (fields);
    hit->candle.volume = get_finite (fields);
    hit->value_count = 0;
    if (fields->left > SCAN_COLUMNS_MAX) {
        fields->bad = true;
        return;
    }
    hit->value_count = (int) fields->left;
    for (int i = 0; i < hit->value_count; i++) {
        hit->values[i] = get_double (fields);
    }
}

size_t get_texts (room_t *room, int which, fields_t *fields, size_t maximum, size_t capacity,
                  const void **texts)
{
    fields_t list = get_array (fields);
    size_t count = list.left <= maximum ? list.left : 0;
    char *text = room_for (room, which, count, capacity);
    *texts = text;
    for (size_t i = 0; i < count; i++) {
        get_text (&list, text + i * capacity, capacity);
    }
    end_array (fields, &list);
    return count;
}

size_t get_days (room_t *room, int which, fields_t *fields, const day_t **days)
{
    fields_t list = get_array (fields);
    size_t count = list.left;
    day_t *day = room_for (room, which, count, sizeof *day);
    *days = day;
    for (size_t i = 0; i < count; i++) {
        day[i] = get_day (&list);
    }
    end_array (fields, &list);
    return count;
}

size_t get_splits (room_t *room, int which, fields_t *fields, const wire_split_t **splits)
{
    fields_t list = get_array (fields);
    size_t count = list.left;
    wire_split_t *split = room_for (room, which, count, sizeof *split);
    *splits = split;
    for (size_t i = 0; i < count; i++) {
        fields_t one = get_array (&list);
        split[i].day = get_day (&one);
        split[i].factor = get_finite (&one);
        end_array (&list, &one);
        if (!(split[i].factor > 0)) {
            list.bad = true;
        }
    }
    end_array (fields, &list);
    return count;
}

size_t get_links (room_t *room, int which, fields_t *fields, const wire_link_state_t **links)
{
    fields_t list = get_array (fields);
    size_t count = list.left;
    wire_link_state_t *link = room_for (room, which, count, sizeof *link);
    *links = link;
    for (size_t i = 0; i < count; i++) {
        fields_t one = get_array (&list);
        link[i].worker = get_u32 (&one);
        link[i].link = get_link (&one);
        end_array (&list, &one);
    }
    end_array (fields, &list);
    return count;
}

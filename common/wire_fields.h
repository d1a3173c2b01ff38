/* wire_fields - what the objects of wire.h are made of on their way: fields. For wire*.c alone, and
 * so without a prefix.
 *
 *     writing   put_object (kind, fields), put_..., put_...     straight behind the message's bytes
 *     reading   bytes -> tree_read -> fields_t: a walk over an array -> get_..., get_...
 *
 * wire_fields.c alone knows msgpack. A get checks type, range and text; what does not fit makes the
 * walk bad, and it stays so: whoever reads looks at `bad` once, at the end, and until then reads
 * harmless values (0, "", nothing).
 */
#ifndef WIRE_FIELDS_H
#define WIRE_FIELDS_H

#include "wire.h"

#define COUNT_OF(array) (sizeof (array) / sizeof *(array))

/* ---- writing ---- */

/* The version of the kind that is written, and the only one that is read. */
uint64_t wire_version (wire_kind_t kind);

/* Begins an object with `fields` fields behind its kind and version. */
void put_object (buffer_t *message, wire_kind_t kind, size_t fields);
/* Begins an array of `count` values. */
void put_array (buffer_t *message, size_t count);
void put_uint (buffer_t *message, uint64_t value);
void put_int (buffer_t *message, int64_t value);
void put_double (buffer_t *message, double value);
void put_bool (buffer_t *message, bool value);
void put_text (buffer_t *message, const char *text);
void put_bytes (buffer_t *message, wire_bytes_t bytes);
/* The same with bytes that the caller is to fill in: `size` of them, any alignment. */
char *put_bytes_room (buffer_t *message, size_t size);
/* A list of texts that lie one behind the other, `capacity` bytes each. */
void put_texts (buffer_t *message, const void *texts, size_t count, size_t capacity);
void put_days (buffer_t *message, const day_t *days, size_t count);
void put_splits (buffer_t *message, const wire_split_t *splits, size_t count);
void put_session (buffer_t *message, session_t session);
void put_link (buffer_t *message, const link_t *link);
void put_links (buffer_t *message, const wire_link_state_t *links, size_t count);
void put_entry (buffer_t *message, entry_id_t id);
/* The last fields of an object: HIT_FIELDS and one for each value. */
#define HIT_FIELDS 8
void put_hit (buffer_t *message, const hit_t *hit);

/* ---- reading ---- */

/* The values of one object. */
typedef struct tree tree_t;

tree_t *tree_new (void);
void tree_destroy (tree_t **self);

/* A walk over an array's elements. Once a field is not as it should be, `bad` stays. */
typedef struct {
    const struct msgpack_object *at;
    size_t left;
    bool bad;
} fields_t;

/* Reads an object's bytes, of which wire_check has said that they are one; `fields` walks over its
 * fields. Lives until the next. False when it is no array. */
bool tree_read (tree_t *self, const char *bytes, size_t size, fields_t *fields);

/* Room for the arrays that the current object's pointers point to. All zero is empty. */
typedef struct {
    buffer_t arrays[3];
} room_t;

/* Room for `count` elements, as long as the object. The count is that of elements received. */
void *room_for (room_t *self, int which, size_t count, size_t size);
void room_free (room_t *self);

uint64_t get_uint (fields_t *fields, uint64_t maximum);
uint32_t get_u32 (fields_t *fields);
int64_t get_int (fields_t *fields, int64_t minimum, int64_t maximum);
double get_double (fields_t *fields);
double get_finite (fields_t *fields);
bool get_bool (fields_t *fields);
/* Text of at most `capacity` - 1 bytes without controls, which nobody needs and a terminal would
 * obey. */
void get_text (fields_t *fields, char *text, size_t capacity);
void get_symbol (fields_t *fields, char symbol[SYMBOL_MAX + 1]);
wire_bytes_t get_bytes (fields_t *fields);
/* An inner array: a walk of its own, at the end of which end_array must say so. */
fields_t get_array (fields_t *fields);
/* An inner array is done: all of it must have been read, and well. */
void end_array (fields_t *fields, const fields_t *inner);

day_t get_day (fields_t *fields);
day_t get_day_or_none (fields_t *fields);
/* A time of a candle in seconds: within the days that are accepted, a day to spare. */
int64_t get_ts (fields_t *fields);
/* A time, or a span of time, in milliseconds: 0 to WIRE_MS_MAX. */
int64_t get_ms (fields_t *fields);
/* A time in microseconds: 0 (none) to WIRE_STAMP_MAX. */
int64_t get_stamp (fields_t *fields);
/* The sparse form of a histogram. */
wire_bytes_t get_histogram (fields_t *fields);
entry_id_t get_entry (fields_t *fields);
session_t get_session (fields_t *fields);
/* The session that a shard's items are of: {0, 0} is none. */
session_t get_generation (fields_t *fields);
uint32_t get_shard (fields_t *fields);
link_t get_link (fields_t *fields);
/* All fields that are left. */
void get_hit (fields_t *fields, hit_t *hit);

/* Lists: their elements go to array `which` of the room. They return how many there are. */

/* At most `maximum` texts, `capacity` bytes each: `*texts` points to the first. */
size_t get_texts (room_t *room, int which, fields_t *fields, size_t maximum, size_t capacity,
                  const void **texts);
size_t get_days (room_t *room, int which, fields_t *fields, const day_t **days);
size_t get_splits (room_t *room, int which, fields_t *fields, const wire_split_t **splits);
size_t get_links (room_t *room, int which, fields_t *fields, const wire_link_state_t **links);

#endif

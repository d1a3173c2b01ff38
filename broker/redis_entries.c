#include "redis_entries.h"

#include "memory.h"
#include "number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ERROR_MAX   200
#define MINUTE_MS   60000
#define TS_FIRST    ((int64_t) (DAY_FIRST + 1) * 86400) /* of the local date too, whatever the zone */
#define TS_LAST     ((int64_t) DAY_LAST * 86400)
#define ARRIVAL_MAX ((uint64_t) DAY_LAST * 86400000)
#define DIGITS_MAX  15 /* of a time in milliseconds */

enum { SYMBOL, TIMESTAMP, OPEN, HIGH, LOW, CLOSE, VOLUME, FIELDS };

#define ALL_FIELDS ((1u << FIELDS) - 1)

static const struct {
    const char *name;
    size_t size;
} fields[FIELDS] = {{"symbol", 6}, {"timestamp", 9}, {"open", 4},  {"high", 4},
                    {"low", 3},    {"close", 5},     {"volume", 6}};

/* What an array is; its children know it by the object that we give hiredis for it. */
typedef enum { OUTSIDE, STREAMS, STREAM, ENTRIES, ENTRY, VALUES, CLOCK } level_t;

struct redis_entries {
    bool asks_time;
    uint32_t count, each; /* streams, and entries of each, that were asked for */
    const char *const *names;
    const entry_id_t *after;
    redis_answer_t answer;
    uint32_t next;   /* the first stream that can still come */
    entry_id_t last; /* of the stream that comes now */
    redis_entry_t *rows;
    size_t row_count, row_capacity;
    bool open;     /* rows[row_count] has its id and is not whole */
    unsigned seen; /* its fields so far, bit per field */
    int field;     /* whose value comes next; FIELDS: of no interest */
    int guess
        [FIELDS]; /* the field that came as number i of the entry before: most come again there */
    double values[FIELDS];
    int64_t ts_ms;
    int64_t time_ms;
    char error[ERROR_MAX];
};

/* ---- the entry that comes ---- */

static redis_entry_t *entry (redis_entries_t *self)
{
    return &self->rows[self->row_count];
}

/* The first thing that is wrong with an entry is its reason. */
static void reject (redis_entries_t *self, redis_reason_t reason, int field)
{
    redis_entry_t *row = entry (self);
    if (row->reason == REDIS_GOOD) {
        row->reason = (uint8_t) reason;
        row->field = (uint8_t) field;
    }
}

static bool entry_begin (redis_entries_t *self, const char *text, size_t size)
{
    if (self->row_count == self->row_capacity) {
        self->row_capacity = self->row_capacity ? 2 * self->row_capacity : 256;
        self->rows = memory_resize (self->rows, self->row_capacity, sizeof *self->rows);
    }
    redis_entry_t *row = entry (self);
    if (!entry_id_parse (text, size, &row->id) || entry_id_compare (row->id, self->last) <= 0) {
        return false;
    }
    row->k = self->next - 1;
    row->reason = REDIS_GOOD;
    self->last = row->id;
    self->seen = 0;
    self->open = true;
    return true;
}

static redis_reason_t judge (const redis_entries_t *self, uint64_t arrival_ms)
{
    const double *v = self->values;
    int64_t ts = self->ts_ms / 1000;
    if (self->ts_ms % MINUTE_MS != 0) {
        return REDIS_NOT_MINUTE;
    }
    if (ts < TS_FIRST || ts >= TS_LAST) {
        return REDIS_NOT_DAY;
    }
    if (!(v[OPEN] > 0 && v[HIGH] > 0 && v[LOW] > 0 && v[CLOSE] > 0)) {
        return REDIS_PRICE;
    }
    if (v[VOLUME] < 0) {
        return REDIS_VOLUME;
    }
    if (v[HIGH] < v[LOW]) {
        return REDIS_HIGH_LOW;
    }
    if (arrival_ms > ARRIVAL_MAX) {
        return REDIS_NO_ARRIVAL;
    }
    return self->ts_ms > (int64_t) arrival_ms + REDIS_AHEAD_MS ? REDIS_AHEAD : REDIS_GOOD;
}

static void entry_end (redis_entries_t *self)
{
    redis_entry_t *row = entry (self);
    for (int i = 0; self->seen != ALL_FIELDS && i < FIELDS; i++) {
        if (!(self->seen & 1u << i)) {
            reject (self, REDIS_FIELD_MISSING, i);
        }
    }
    if (row->reason == REDIS_GOOD) {
        row->reason = (uint8_t) judge (self, row->id.ms);
        row->candle = (candle_t){.ts = self->ts_ms / 1000,
                                 .open = self->values[OPEN],
                                 .high = self->values[HIGH],
                                 .low = self->values[LOW],
                                 .close = self->values[CLOSE],
                                 .volume = self->values[VOLUME]};
    }
    self->row_count++;
    self->open = false;
}

static bool is_field (int field, const char *text, size_t size)
{
    return fields[field].size == size && memcmp (fields[field].name, text, size) == 0;
}

/* Which field is it, as number `i` of the entry? */
static int find_field (redis_entries_t *self, size_t i, const char *text, size_t size)
{
    if (i < FIELDS && is_field (self->guess[i], text, size)) {
        return self->guess[i];
    }
    for (int field = 0; field < FIELDS; field++) {
        if (is_field (field, text, size)) {
            if (i < FIELDS) {
                self->guess[i] = field;
            }
            return field;
        }
    }
    return FIELDS;
}

/* Whole milliseconds: "[-]digits". */
static bool read_ms (const char *text, size_t size, int64_t *ms)
{
    bool negative = size > 0 && *text == '-';
    text += negative;
    size -= negative;
    *ms = 0;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9' || i == DIGITS_MAX) {
            return false;
        }
        *ms = *ms * 10 + (text[i] - '0');
    }
    *ms = negative ? -*ms : *ms;
    return size > 0;
}

static void take_value (redis_entries_t *self, const char *text, size_t size)
{
    int field = self->field;
    if (field == FIELDS) {
        return;
    }
    if (self->seen & 1u << field) {
        reject (self, REDIS_FIELD_TWICE, field);
        return;
    }
    self->seen |= 1u << field;
    if (size > REDIS_FIELD_MAX) {
        reject (self, REDIS_FIELD_LONG, field);
    } else if (field == SYMBOL) {
        if (symbol_valid (text, size)) {
            memcpy (entry (self)->symbol, text, size);
            entry (self)->symbol[size] = '\0';
        } else {
            reject (self, REDIS_NO_SYMBOL, field);
        }
    } else if (field == TIMESTAMP) {
        if (!read_ms (text, size, &self->ts_ms)) {
            reject (self, REDIS_NO_TIMESTAMP, field);
        }
    } else if (number_read (text, text + size, &self->values[field]) != text + size) {
        reject (self, REDIS_NOT_NUMBER, field);
    }
}

/* ---- the reader's calls ---- */

static void *object (redis_entries_t *self, level_t level)
{
    return (char *) self + level;
}

/* What the element is in. */
static level_t level_of (const redis_entries_t *self, const redisReadTask *task)
{
    return task->parent ? (level_t) ((char *) task->parent->obj - (const char *) self) : OUTSIDE;
}

/* The name of a stream: the next one asked for that has it. */
static bool stream_begin (redis_entries_t *self, const char *text, size_t size)
{
    for (; self->next < self->count; self->next++) {
        const char *name = self->names[self->next];
        if (strlen (name) == size && memcmp (name, text, size) == 0) {
            self->last = self->after[self->next++];
            return true;
        }
    }
    return false;
}

static bool take_time (redis_entries_t *self, int i, const char *text, size_t size)
{
    int64_t number;
    if (!read_ms (text, size, &number) || number < 0 || number > TS_LAST) {
        return false;
    }
    self->time_ms = i == 0 ? number * 1000 : self->time_ms + number / 1000;
    self->answer = REDIS_ANSWER_TIME;
    return true;
}

static void *create_string (const redisReadTask *task, char *text, size_t size)
{
    redis_entries_t *self = task->privdata;
    bool good = false;
    switch (level_of (self, task)) {
    case VALUES:
        good = true;
        if (task->idx % 2 == 0) {
            self->field = find_field (self, (size_t) task->idx / 2, text, size);
            break;
        }
        take_value (self, text, size);
        if (task->idx == task->parent->elements - 1) {
            entry_end (self);
        }
        break;
    case ENTRY:
        good = task->idx == 0 && entry_begin (self, text, size);
        break;
    case STREAM:
        good = task->idx == 0 && stream_begin (self, text, size);
        break;
    case CLOCK:
        good = take_time (self, task->idx, text, size);
        break;
    case OUTSIDE:
        good = task->type == REDIS_REPLY_ERROR;
        self->answer = REDIS_ANSWER_ERROR;
        snprintf (self->error, sizeof self->error, "%.*s",
                  size < ERROR_MAX ? (int) size : ERROR_MAX, text);
        break;
    case STREAMS:
    case ENTRIES:
        break;
    }
    return good ? self : NULL;
}

static void *create_array (const redisReadTask *task, int elements)
{
    redis_entries_t *self = task->privdata;
    unsigned count = (unsigned) elements;
    bool good = false;
    level_t level = level_of (self, task);
    switch (level) {
    case OUTSIDE:
        level = self->asks_time ? CLOCK - 1 : level;
        good = self->asks_time ? count == 2 : count > 0 && count <= self->count;
        break;
    case STREAMS:
    case ENTRIES:
        good = count == 2;
        break;
    case STREAM:
        good = task->idx == 1 && count <= self->each;
        break;
    case ENTRY:
        good = task->idx == 1 && count % 2 == 0;
        if (good && count == 0) {
            entry_end (self);
        }
        break;
    case VALUES:
    case CLOCK:
        break;
    }
    return good ? object (self, level + 1) : NULL;
}

/* XREAD found nothing. */
static void *create_nil (const redisReadTask *task)
{
    redis_entries_t *self = task->privdata;
    return task->parent || self->asks_time ? NULL : self;
}

static void *create_integer (const redisReadTask *task, long long number)
{
    (void) task;
    (void) number;
    return NULL;
}

static void free_object (void *of)
{
    (void) of;
}

redisReplyObjectFunctions *redis_entries_functions (void)
{
    static redisReplyObjectFunctions functions = {.createString = create_string,
                                                  .createArray = create_array,
                                                  .createInteger = create_integer,
                                                  .createNil = create_nil,
                                                  .freeObject = free_object};
    return &functions;
}

/* ---- from outside ---- */

redis_entries_t *redis_entries_new (void)
{
    redis_entries_t *self = memory_new (sizeof *self);
    for (int i = 0; i < FIELDS; i++) {
        self->guess[i] = i;
    }
    return self;
}

void redis_entries_destroy (redis_entries_t **self)
{
    if (*self) {
        free ((*self)->rows);
        free (*self);
        *self = NULL;
    }
}

static void ask (redis_entries_t *self)
{
    self->answer = REDIS_ANSWER_ENTRIES;
    self->row_count = 0;
    self->open = false;
    self->next = 0;
    self->error[0] = '\0';
}

void redis_entries_ask (redis_entries_t *self, uint32_t count, const char *const *names,
                        const entry_id_t *after, uint32_t each)
{
    ask (self);
    self->asks_time = false;
    self->count = count;
    self->names = names;
    self->after = after;
    self->each = each;
}

void redis_entries_ask_time (redis_entries_t *self)
{
    ask (self);
    self->asks_time = true;
}

redis_answer_t redis_entries_answer (const redis_entries_t *self)
{
    return self->answer;
}

const redis_entry_t *redis_entries_rows (const redis_entries_t *self, size_t *count)
{
    *count = self->row_count;
    return self->rows;
}

int64_t redis_entries_time_ms (const redis_entries_t *self)
{
    return self->time_ms;
}

const char *redis_entries_error (const redis_entries_t *self)
{
    return self->error;
}

bool redis_entries_broken (const redis_entries_t *self, uint32_t *k, entry_id_t *id)
{
    if (self->open) {
        *k = self->rows[self->row_count].k;
        *id = self->rows[self->row_count].id;
    }
    return self->open;
}

char *redis_entries_reason (const redis_entry_t *row, char text[static REDIS_REASON_TEXT])
{
    static const char *const reasons[] = {
        [REDIS_GOOD] = "good",
        [REDIS_FIELD_MISSING] = "no field '%s'",
        [REDIS_FIELD_TWICE] = "field '%s' comes twice",
        [REDIS_FIELD_LONG] = "field '%s' is longer than 64 bytes",
        [REDIS_NOT_NUMBER] = "%s is not a number",
        [REDIS_NO_SYMBOL] = "its symbol is none",
        [REDIS_NO_TIMESTAMP] = "timestamp is not a whole number of milliseconds",
        [REDIS_NOT_MINUTE] = "timestamp is not on a full minute",
        [REDIS_NOT_DAY] = "timestamp is not in 1900 to 2199",
        [REDIS_PRICE] = "price is not > 0",
        [REDIS_VOLUME] = "volume is negative",
        [REDIS_HIGH_LOW] = "high is below low",
        [REDIS_AHEAD] = "it starts more than 5 minutes after its arrival",
        [REDIS_NO_ARRIVAL] = "its id is no time of ours",
        [REDIS_TOO_LARGE] = "it is too large",
    };
    const char *reason = reasons[row->reason], *gap = strstr (reason, "%s");
    if (gap) {
        snprintf (text, REDIS_REASON_TEXT, "%.*s%s%s", (int) (gap - reason), reason,
                  fields[row->field].name, gap + 2);
    } else {
        snprintf (text, REDIS_REASON_TEXT, "%s", reason);
    }
    return text;
}

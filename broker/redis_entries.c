#include "redis_entries.h"

#include "memory.h"
#include "resp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ERROR_MAX 200
#define TS_LAST   ((int64_t) DAY_LAST * 86400)

/* The element that comes next. */
typedef enum { REPLY, STREAM, NAME, ENTRIES, ENTRY, ID, FIELDS, WORD, SECONDS, MICROS } place_t;

struct redis_entries {
    bool asks_time;
    uint32_t count, each; /* streams, and entries of each, that were asked for */
    const char *const *names;
    const entry_id_t *after;
    redis_answer_t answer;

    place_t place;
    int64_t streams, entries; /* still to come: of the reply, and of the stream */
    uint32_t words, word;     /* of the entry */
    uint32_t next;            /* the first stream that can still come */
    entry_id_t last;          /* of the stream that comes now */
    redis_entry_reader_t reader;
    redis_entry_t *rows;
    size_t row_count, row_capacity;
    bool open; /* rows[row_count] has its id and is not whole */
    int64_t time_ms;
    char error[ERROR_MAX];
};

/* ---- rows ---- */

static redis_entry_t *next_row (redis_entries_t *self)
{
    if (self->row_count == self->row_capacity) {
        self->row_capacity = self->row_capacity ? 2 * self->row_capacity : 256;
        self->rows = memory_resize (self->rows, self->row_capacity, sizeof *self->rows);
    }
    redis_entry_t *row = &self->rows[self->row_count];
    row->k = self->next - 1;
    return row;
}

/* rows[row_count] is whole: what comes behind it? */
static resp_result_t end_entry (redis_entries_t *self)
{
    self->row_count++;
    self->open = false;
    self->place = ENTRY;
    if (--self->entries > 0) {
        return RESP_MORE;
    }
    self->place = STREAM;
    return --self->streams > 0 ? RESP_MORE : RESP_DONE;
}

/* ---- elements: RESP_DONE is the end of the reply, RESP_MORE goes on ---- */

static resp_result_t take_error (redis_entries_t *self, const char *text, size_t size)
{
    self->answer = REDIS_ANSWER_ERROR;
    snprintf (self->error, sizeof self->error, "%.*s", size < ERROR_MAX ? (int) size : ERROR_MAX,
              text);
    return RESP_DONE;
}

/* The array of all: of streams, or of a time's two numbers; nil when XREAD found nothing. */
static resp_result_t take_reply (redis_entries_t *self, int64_t count)
{
    if (self->asks_time) {
        self->place = SECONDS;
        return count == 2 ? RESP_MORE : RESP_BAD;
    }
    self->place = STREAM;
    self->streams = count;
    return count < 0                                     ? RESP_DONE
           : count > 0 && count <= (int64_t) self->count ? RESP_MORE
                                                         : RESP_BAD;
}

static resp_result_t take_entries (redis_entries_t *self, int64_t count)
{
    if (count < 0 || count > (int64_t) self->each) {
        return RESP_BAD;
    }
    self->place = ENTRY;
    self->entries = count;
    if (count > 0) {
        return RESP_MORE;
    }
    self->place = STREAM;
    return --self->streams > 0 ? RESP_MORE : RESP_DONE;
}

static resp_result_t take_fields (redis_entries_t *self, int64_t count)
{
    if (count < 0 || count % 2 != 0) {
        return RESP_BAD;
    }
    self->place = WORD;
    self->words = (uint32_t) count;
    self->word = 0;
    if (count > 0) {
        return RESP_MORE;
    }
    redis_entry_end (&self->reader);
    return end_entry (self);
}

static resp_result_t take_header (redis_entries_t *self, int64_t count)
{
    switch (self->place) {
    case REPLY:
        return take_reply (self, count);
    case STREAM:
        self->place = NAME;
        return count == 2 ? RESP_MORE : RESP_BAD;
    case ENTRIES:
        return take_entries (self, count);
    case ENTRY:
        self->place = ID;
        return count == 2 ? RESP_MORE : RESP_BAD;
    default:
        return take_fields (self, count);
    }
}

/* The name of a stream: the next one asked for that has it. */
static resp_result_t take_name (redis_entries_t *self, const char *text, size_t size)
{
    self->place = ENTRIES;
    for (; self->next < self->count; self->next++) {
        const char *name = self->names[self->next];
        if (strlen (name) == size && memcmp (name, text, size) == 0) {
            self->last = self->after[self->next++];
            return RESP_MORE;
        }
    }
    return RESP_BAD;
}

static resp_result_t take_id (redis_entries_t *self, const char *text, size_t size)
{
    redis_entry_t *row = next_row (self);
    if (!entry_id_parse (text, size, &row->id) || entry_id_compare (row->id, self->last) <= 0) {
        return RESP_BAD;
    }
    redis_entry_begin (&self->reader, row);
    self->last = row->id;
    self->open = true;
    self->place = FIELDS;
    return RESP_MORE;
}

static resp_result_t take_time (redis_entries_t *self, const char *text, size_t size)
{
    int64_t number;
    if (!redis_entry_ms (text, size, &number) || number < 0 || number > TS_LAST) {
        return RESP_BAD;
    }
    if (self->place == SECONDS) {
        self->time_ms = number * 1000;
        self->place = MICROS;
        return RESP_MORE;
    }
    self->time_ms += number / 1000;
    self->answer = REDIS_ANSWER_TIME;
    return RESP_DONE;
}

static resp_result_t take_word (redis_entries_t *self, const char *text, size_t size)
{
    redis_entry_word (&self->reader, self->word, text, size);
    if (++self->word < self->words) {
        return RESP_MORE;
    }
    redis_entry_end (&self->reader);
    return end_entry (self);
}

static resp_result_t take_bulk (redis_entries_t *self, const char *text, size_t size)
{
    switch (self->place) {
    case NAME:
        return take_name (self, text, size);
    case ID:
        return take_id (self, text, size);
    case WORD:
        return take_word (self, text, size);
    default:
        return take_time (self, text, size);
    }
}

/* ---- reading ---- */

/* Entries, as long as they are as usual. */
static resp_result_t take_whole (redis_entries_t *self, resp_t *bytes)
{
    resp_result_t result = RESP_MORE;
    while (self->place == ENTRY && bytes->end - bytes->at >= REDIS_ENTRY_WHOLE) {
        redis_entry_t *row = next_row (self);
        const char *end = redis_entry_whole (&self->reader, bytes->at, row);
        if (!end || entry_id_compare (row->id, self->last) <= 0) {
            break; /* read in its elements, it says what is wrong */
        }
        self->last = row->id;
        bytes->at = end;
        result = end_entry (self);
    }
    return result;
}

/* One element. `*more`: it is not whole. */
static resp_result_t take_element (redis_entries_t *self, resp_t *bytes, bool *more)
{
    const char *text;
    size_t size;
    int64_t count;
    bool error = self->place == REPLY && bytes->at < bytes->end && *bytes->at == '-';
    bool bulk = self->place == NAME || self->place == ID || self->place >= WORD;
    resp_result_t there = error  ? resp_line (bytes, '-', &text, &size)
                          : bulk ? resp_bulk (bytes, &text, &size)
                                 : resp_header (bytes, '*', &count);
    *more = there == RESP_MORE;
    if (there != RESP_DONE) {
        return there;
    }
    return error  ? take_error (self, text, size)
           : bulk ? take_bulk (self, text, size)
                  : take_header (self, count);
}

int redis_entries_read (void *of, const char *bytes, size_t size, size_t *used)
{
    redis_entries_t *self = of;
    resp_t rest = {bytes, bytes + size};
    resp_result_t result = RESP_MORE;
    for (bool more = false; result == RESP_MORE && !more;) {
        result = take_whole (self, &rest);
        if (result == RESP_MORE) {
            result = take_element (self, &rest, &more);
        }
    }
    *used = (size_t) (rest.at - bytes);
    return (int) result;
}

/* ---- from outside ---- */

redis_entries_t *redis_entries_new (void)
{
    redis_entries_t *self = memory_new (sizeof *self);
    redis_entry_init (&self->reader);
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
    self->place = REPLY;
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

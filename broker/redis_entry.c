#include "redis_entry.h"

#include "number.h"

#include <stdio.h>
#include <string.h>

#define MINUTE_MS   60000
#define TS_FIRST    ((int64_t) (DAY_FIRST + 1) * 86400) /* of the local date too, whatever the zone */
#define TS_LAST     ((int64_t) DAY_LAST * 86400)
#define ARRIVAL_MAX ((uint64_t) DAY_LAST * 86400000)
#define DIGITS_MAX  15 /* of a time in milliseconds */
#define ALL_FIELDS  ((1u << ENTRY_FIELDS) - 1)

static const struct {
    const char *name;
    size_t size;
} fields[ENTRY_FIELDS] = {{"symbol", 6}, {"timestamp", 9}, {"open", 4},  {"high", 4},
                          {"low", 3},    {"close", 5},     {"volume", 6}};

void redis_entry_init (redis_entry_reader_t *self)
{
    *self = (redis_entry_reader_t){0};
    for (int i = 0; i < ENTRY_FIELDS; i++) {
        self->guess[i] = i;
    }
}

/* The first thing that is wrong with an entry is its reason. */
static void reject (redis_entry_reader_t *self, redis_reason_t reason, int field)
{
    if (self->row->reason == REDIS_GOOD) {
        self->row->reason = (uint8_t) reason;
        self->row->field = (uint8_t) field;
    }
}

void redis_entry_begin (redis_entry_reader_t *self, redis_entry_t *row)
{
    row->reason = REDIS_GOOD;
    self->row = row;
    self->seen = 0;
}

candle_t redis_entry_candle (const redis_entry_reader_t *self)
{
    return (candle_t){.ts = self->ts_ms / 1000,
                      .open = self->values[ENTRY_OPEN],
                      .high = self->values[ENTRY_HIGH],
                      .low = self->values[ENTRY_LOW],
                      .close = self->values[ENTRY_CLOSE],
                      .volume = self->values[ENTRY_VOLUME]};
}

redis_reason_t redis_entry_judge (const redis_entry_reader_t *self, uint64_t arrival_ms)
{
    const double *v = self->values;
    int64_t ts = self->ts_ms / 1000;
    if (self->ts_ms % MINUTE_MS != 0) {
        return REDIS_NOT_MINUTE;
    }
    if (ts < TS_FIRST || ts >= TS_LAST) {
        return REDIS_NOT_DAY;
    }
    if (!(v[ENTRY_OPEN] > 0 && v[ENTRY_HIGH] > 0 && v[ENTRY_LOW] > 0 && v[ENTRY_CLOSE] > 0)) {
        return REDIS_PRICE;
    }
    if (v[ENTRY_VOLUME] < 0) {
        return REDIS_VOLUME;
    }
    if (v[ENTRY_HIGH] < v[ENTRY_LOW]) {
        return REDIS_HIGH_LOW;
    }
    if (arrival_ms > ARRIVAL_MAX) {
        return REDIS_NO_ARRIVAL;
    }
    return self->ts_ms > (int64_t) arrival_ms + REDIS_AHEAD_MS ? REDIS_AHEAD : REDIS_GOOD;
}

void redis_entry_end (redis_entry_reader_t *self)
{
    redis_entry_t *row = self->row;
    for (int i = 0; self->seen != ALL_FIELDS && i < ENTRY_FIELDS; i++) {
        if (!(self->seen & 1u << i)) {
            reject (self, REDIS_FIELD_MISSING, i);
        }
    }
    if (row->reason == REDIS_GOOD) {
        row->reason = (uint8_t) redis_entry_judge (self, row->id.ms);
        row->candle = redis_entry_candle (self);
    }
}

static bool is_field (int field, const char *text, size_t size)
{
    return fields[field].size == size && memcmp (fields[field].name, text, size) == 0;
}

/* Which field is it, as number `i` of the entry? */
static int find_field (redis_entry_reader_t *self, size_t i, const char *text, size_t size)
{
    if (i < ENTRY_FIELDS && is_field (self->guess[i], text, size)) {
        return self->guess[i];
    }
    for (int field = 0; field < ENTRY_FIELDS; field++) {
        if (is_field (field, text, size)) {
            if (i < ENTRY_FIELDS) {
                self->guess[i] = field;
            }
            return field;
        }
    }
    return ENTRY_FIELDS;
}

bool redis_entry_ms (const char *text, size_t size, int64_t *ms)
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

static void take_value (redis_entry_reader_t *self, const char *text, size_t size)
{
    int field = self->field;
    if (field == ENTRY_FIELDS) {
        return;
    }
    if (self->seen & 1u << field) {
        reject (self, REDIS_FIELD_TWICE, field);
        return;
    }
    self->seen |= 1u << field;
    if (size > REDIS_FIELD_MAX) {
        reject (self, REDIS_FIELD_LONG, field);
    } else if (field == ENTRY_SYMBOL) {
        if (symbol_valid (text, size)) {
            memcpy (self->row->symbol, text, size);
            self->row->symbol[size] = '\0';
        } else {
            reject (self, REDIS_NO_SYMBOL, field);
        }
    } else if (field == ENTRY_TIMESTAMP) {
        if (!redis_entry_ms (text, size, &self->ts_ms)) {
            reject (self, REDIS_NO_TIMESTAMP, field);
        }
    } else if (number_read (text, text + size, &self->values[field]) != text + size) {
        reject (self, REDIS_NOT_NUMBER, field);
    }
}

void redis_entry_word (redis_entry_reader_t *self, uint32_t i, const char *text, size_t size)
{
    if (i % 2 == 0) {
        self->field = find_field (self, i / 2, text, size);
    } else {
        take_value (self, text, size);
    }
}

char *redis_entry_reason (const redis_entry_t *row, char text[static REDIS_REASON_TEXT])
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

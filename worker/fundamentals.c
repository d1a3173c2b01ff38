#include "fundamentals.h"

#include "fundamentals_quick.h"
#include "memory.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A name that an error repeats came from outside: no more of it than this. */
#define NAME_SHOWN 40

typedef struct {
    char *text;
    size_t size;
} reason_t;

typedef struct {
    day_t day;
    double value;
} cap_t;

static int fail (const reason_t *reason, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

static int fail (const reason_t *reason, const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (reason->text, reason->size, format, arguments);
    va_end (arguments);
    return -1;
}

static int compare_days (const void *a, const void *b)
{
    day_t left = *(const day_t *) a;
    day_t right = *(const day_t *) b;
    return (left > right) - (left < right);
}

static int compare_caps (const void *a, const void *b)
{
    return compare_days (&((const cap_t *) a)->day, &((const cap_t *) b)->day);
}

static bool read_day (const json_t *json, day_t *day)
{
    return json_is_string (json) &&
           day_parse (json_string_value (json), json_string_length (json), day);
}

static int fill_caps (cap_t *caps, json_t *json, const reason_t *reason)
{
    const char *key;
    json_t *value;
    size_t count = 0;
    json_object_foreach (json, key, value)
    {
        cap_t *cap = &caps[count++];
        if (!day_parse (key, strlen (key), &cap->day)) {
            return fail (reason, "historical_market_cap: '%.*s' is not a date", NAME_SHOWN, key);
        }
        if (!json_is_number (value)) {
            return fail (reason, "historical_market_cap: %s: not a number", key);
        }
        cap->value = json_number_value (value);
    }
    return 0;
}

static int read_caps (fundamentals_t *self, json_t *json, const reason_t *reason)
{
    if (!json) {
        return 0;
    }
    if (!json_is_object (json)) {
        return fail (reason, "historical_market_cap: not an object of dates and numbers");
    }
    size_t count = json_object_size (json);
    cap_t *caps = memory_new (count * sizeof *caps);
    if (fill_caps (caps, json, reason)) {
        free (caps);
        return -1;
    }
    qsort (caps, count, sizeof *caps, compare_caps);
    self->cap_days = memory_new (count * sizeof *self->cap_days);
    self->caps = memory_new (count * sizeof *self->caps);
    self->cap_count = count;
    for (size_t i = 0; i < count; i++) {
        self->cap_days[i] = caps[i].day;
        self->caps[i] = caps[i].value;
    }
    free (caps);
    return 0;
}

static int read_earnings (fundamentals_t *self, const json_t *json, const reason_t *reason)
{
    if (!json) {
        return 0;
    }
    if (!json_is_array (json)) {
        return fail (reason, "earnings_dates: not an array of dates");
    }
    size_t count = json_array_size (json);
    self->earnings = memory_new (count * sizeof *self->earnings);
    self->earnings_count = count;
    for (size_t i = 0; i < count; i++) {
        if (!read_day (json_array_get (json, i), &self->earnings[i])) {
            return fail (reason, "earnings_dates[%zu]: not a date", i);
        }
    }
    qsort (self->earnings, count, sizeof *self->earnings, compare_days);
    return 0;
}

static int read_ipo (fundamentals_t *self, const json_t *json, const reason_t *reason)
{
    if (!json || json_is_null (json)) {
        return 0;
    }
    return read_day (json, &self->ipo) ? 0 : fail (reason, "ipo_date: neither a date nor null");
}

static int read_parts (fundamentals_t *self, const json_t *json, const reason_t *reason)
{
    if (!json_is_object (json)) {
        return fail (reason, "line 1: not a JSON object");
    }
    if (read_caps (self, json_object_get (json, "historical_market_cap"), reason) ||
        read_earnings (self, json_object_get (json, "earnings_dates"), reason) ||
        read_ipo (self, json_object_get (json, "ipo_date"), reason)) {
        return -1;
    }
    return 0;
}

int fundamentals_parse (fundamentals_t *self, const char *text, size_t size, char *error,
                        size_t error_size)
{
    return fundamentals_quick (self, text, size)
               ? 0
               : fundamentals_parse_tree (self, text, size, error, error_size);
}

int fundamentals_parse_tree (fundamentals_t *self, const char *text, size_t size, char *error,
                             size_t error_size)
{
    const reason_t reason = {error, error_size};
    *self = (fundamentals_t){.ipo = DAY_NONE};
    /* Integers are read as reals: a capitalization has more digits than an integer of 64 bits may
     * have. */
    json_error_t broken;
    json_t *json =
        json_loadb (text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &broken);
    if (!json) {
        return fail (&reason, "line %d: %s", broken.line > 0 ? broken.line : 1, broken.text);
    }
    int rc = read_parts (self, json, &reason);
    json_decref (json);
    if (rc) {
        fundamentals_free (self);
    }
    return rc;
}

void fundamentals_free (fundamentals_t *self)
{
    free (self->cap_days);
    free (self->caps);
    free (self->earnings);
    *self = (fundamentals_t){.ipo = DAY_NONE};
}

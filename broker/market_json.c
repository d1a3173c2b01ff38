#include "market_inside.h"

#include "json_walk.h"
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where a symbol's splits lie while the file is read. */
typedef struct {
    size_t line; /* of the file; 0: not there */
    size_t first, count;
} place_t;

void market_reject_json (market_t *self, const char *format, ...)
{
    if (self->problems.rejected_json++ < MARKET_NOTES) {
        char text[512];
        va_list arguments;
        va_start (arguments, format);
        vsnprintf (text, sizeof text, format, arguments);
        va_end (arguments);
        log_warning ("%s/%s", self->directory, text);
    }
}

/* Opens the file, with its size; -1 when there is none (`*absent`) or it must not be read
 * (rejected). */
static int open_json (market_t *self, const char *name, size_t *size, bool *absent)
{
    char *path = memory_format ("%s/%s", self->directory, name);
    struct stat status;
    int file = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), good = -1;
    *absent = file < 0 && errno == ENOENT;
    if (file < 0 && !*absent) {
        market_reject_json (self, "%s: %s", name, strerror (errno));
    } else if (file >= 0 && (fstat (file, &status) != 0 || !S_ISREG (status.st_mode))) {
        market_reject_json (self, "%s: it is not a regular file", name);
    } else if (file >= 0 && status.st_size > MARKET_FILE_MAX) {
        market_reject_json (self, "%s: it is larger than %u MiB", name, MARKET_FILE_MAX >> 20);
    } else if (file >= 0) {
        *size = (size_t) status.st_size;
        good = file;
    }
    if (file >= 0 && good < 0) {
        close (file);
    }
    free (path);
    return good;
}

/* The file's bytes: 0, or -1 as open_json. They are read here and not by jansson, which would take
 * one at a time. */
static int read_json (market_t *self, const char *name, buffer_t *bytes, bool *absent)
{
    size_t size;
    ssize_t got = 1;
    int file = open_json (self, name, &size, absent);
    if (file < 0) {
        return -1;
    }
    buffer_reserve (bytes, size + 1);
    while (got > 0 && bytes->size < size) { /* it may have become shorter */
        got = read (file, bytes->bytes + bytes->size, size - bytes->size);
        bytes->size += got > 0 ? (size_t) got : 0;
    }
    if (got < 0) {
        market_reject_json (self, "%s: %s", name, strerror (errno));
    }
    close (file);
    return got < 0 ? -1 : 0;
}

/* ---- holidays ---- */

/* Each day once, in the order of the file. */
static void keep_holidays (market_t *self, const char *name, const json_t *days)
{
    size_t count = json_array_size (days);
    bool *known = memory_new (DAY_LAST - DAY_FIRST + 1);
    self->holidays = memory_new (MARKET_HOLIDAYS_MAX * sizeof *self->holidays);
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value (json_array_get (days, i));
        day_t day;
        if (!text || !day_parse (text, strlen (text), &day)) {
            market_reject_json (self, "%s: entry %zu is not a date \"YYYY-MM-DD\"", name, i + 1);
        } else if (known[day - DAY_FIRST]) {
            continue;
        } else if (self->holiday_count == MARKET_HOLIDAYS_MAX) {
            market_reject_json (
                self, "%s: more than %d holidays: entry %zu and all behind it are left out", name,
                MARKET_HOLIDAYS_MAX, i + 1);
            break;
        } else {
            known[day - DAY_FIRST] = true;
            self->holidays[self->holiday_count++] = day;
        }
    }
    free (known);
}

void market_load_holidays (market_t *self)
{
    const char *name = "data/holidays/US_exchange_holidays.json";
    json_error_t error;
    buffer_t bytes = {0};
    bool absent;
    int rc = read_json (self, name, &bytes, &absent);
    if (absent) {
        log_warning ("%s/%s: there is none: every Monday to Friday counts as a trading day",
                     self->directory, name);
    }
    if (rc == 0) {
        json_t *json = json_loadb (bytes.bytes, bytes.size, 0, &error);
        if (!json) {
            market_reject_json (self, "%s:%d: %s", name, error.line, error.text);
        } else if (!json_is_array (json)) {
            market_reject_json (self, "%s: it is not an array of dates", name);
        } else {
            keep_holidays (self, name, json);
        }
        json_decref (json);
    }
    buffer_free (&bytes);
    self->calendar = calendar_new (self->holidays, self->holiday_count);
}

/* ---- splits ---- */

static bool read_split (const json_t *entry, wire_split_t *split)
{
    const char *date = json_string_value (json_object_get (entry, "execution_date"));
    const json_t *from = json_object_get (entry, "split_from"),
                 *to = json_object_get (entry, "split_to");
    if (!date || !json_is_number (from) || !json_is_number (to)) {
        return false;
    }
    split->factor = json_number_value (from) / json_number_value (to);
    return day_parse (date, strlen (date), &split->day) && json_number_value (from) > 0 &&
           json_number_value (to) > 0 && isfinite (split->factor) && split->factor > 0;
}

/* Appends a symbol's splits, in the order of the file, to those of all symbols. */
static void take_splits (market_t *self, const char *path, const char *name,
                         const json_member_t *member, place_t *place)
{
    json_error_t error;
    const json_t *entry;
    size_t i;
    json_t *list = json_loadb (member->value.text, member->value.size, JSON_DECODE_ANY, &error);
    if (!list) {
        market_reject_json (self, "%s:%zu: %s: %s", path, member->line + (size_t) error.line - 1,
                            name, error.text);
    } else if (!json_is_array (list)) {
        market_reject_json (self, "%s:%zu: %s: it is not an array of splits", path, member->line,
                            name);
    }
    json_array_foreach (list, i, entry)
    {
        wire_split_t split;
        if (!read_split (entry, &split)) {
            market_reject_json (
                self, "%s:%zu: %s: split %zu lacks a good execution_date, split_from or split_to",
                path, member->line, name, i + 1);
        } else if (place->count == MARKET_SPLITS_MAX) {
            market_reject_json (
                self, "%s:%zu: %s: more than %d splits: split %zu and all behind it are left out",
                path, member->line, name, MARKET_SPLITS_MAX, i + 1);
            break;
        } else {
            self->splits = memory_resize (self->splits, self->split_count + 1, sizeof split);
            self->splits[self->split_count++] = split;
            place->count++;
        }
    }
    json_decref (list);
}

/* A member of the file: taken if its symbol is scanned and has not been there. */
static void take_member (market_t *self, const char *path, const json_member_t *member,
                         place_t *places)
{
    json_error_t error;
    json_t *key = json_loadb (member->name.text, member->name.size, JSON_DECODE_ANY, &error);
    if (!key) {
        market_reject_json (self, "%s:%zu: a name: %s", path, member->line, error.text);
        return;
    }
    const char *name = json_string_value (key);
    long symbol = name_list_find (market_split_names (self), name);
    place_t *place = symbol >= 0 ? &places[symbol] : NULL;
    if (place && place->line > 0) {
        market_reject_json (self, "%s:%zu: %s: it is in line %zu already", path, member->line, name,
                            place->line);
    } else if (place) {
        *place = (place_t){.line = member->line, .first = self->split_count};
        take_splits (self, path, name, member, place);
    }
    json_decref (key);
}

/* Live: any symbol may come, so all that the file names are taken. What is wrong with a name is told
 * by take_member. */
static void list_members (market_t *self, const buffer_t *bytes)
{
    json_walk_t walk;
    json_member_t member;
    json_walk_init (&walk, bytes->bytes, bytes->size);
    while (json_walk_next (&walk, &member)) {
        json_t *key = json_loadb (member.name.text, member.name.size, JSON_DECODE_ANY, NULL);
        const char *name = json_string_value (key);
        if (name && symbol_valid (name, strlen (name))) {
            name_list_add (&self->split_names, name);
        }
        json_decref (key);
    }
    name_list_sort (&self->split_names);
}

/* Lays the splits, so far in the order of the file, out by symbol. */
static void sort_splits (market_t *self, const place_t *places)
{
    if (self->split_count == 0) {
        return;
    }
    size_t count = market_split_names (self)->count;
    wire_split_t *sorted = memory_new (self->split_count * sizeof *sorted);
    self->first_split = memory_new ((count + 1) * sizeof *self->first_split);
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        self->first_split[i] = (uint32_t) at;
        memcpy (sorted + at, self->splits + places[i].first, places[i].count * sizeof *sorted);
        at += places[i].count;
    }
    self->first_split[count] = (uint32_t) at;
    free (self->splits);
    self->splits = sorted;
}

/* Symbol by symbol: what is in memory at once are the file's bytes and the tree of one symbol. */
void market_load_splits (market_t *self)
{
    const char *path = "data/polygon_splits.json";
    buffer_t bytes = {0};
    bool absent;
    if (read_json (self, path, &bytes, &absent) == 0) {
        if (self->is_live) {
            list_members (self, &bytes);
        }
        place_t *places = memory_new (market_split_names (self)->count * sizeof *places);
        json_walk_t walk;
        json_member_t member;
        json_walk_init (&walk, bytes.bytes, bytes.size);
        while (json_walk_next (&walk, &member)) {
            take_member (self, path, &member, places);
        }
        if (walk.problem) {
            market_reject_json (self, "%s:%zu: %s: nothing from here on is read", path, walk.line,
                                walk.problem);
        }
        sort_splits (self, places);
        free (places);
    }
    buffer_free (&bytes);
}

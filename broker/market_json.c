#include "market_inside.h"

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

typedef struct {
    uint32_t symbol; /* index */
    size_t place;    /* in the file */
    wire_split_t split;
} symbol_split_t;

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

/* The file's JSON; NULL when there is none (`*absent`) or it is broken (rejected). */
static json_t *load_json (market_t *self, const char *name, bool *absent)
{
    char *path = memory_format ("%s/%s", self->directory, name);
    struct stat status;
    json_error_t error = {0};
    json_t *json = NULL;
    *absent = stat (path, &status) != 0 && errno == ENOENT;
    if (*absent) {
        free (path);
        return NULL;
    }
    int file = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) {
        market_reject_json (self, "%s: %s", name, strerror (errno));
    } else if (fstat (file, &status) != 0 || !S_ISREG (status.st_mode)) {
        market_reject_json (self, "%s: it is not a regular file", name);
    } else if (status.st_size > MARKET_FILE_MAX) {
        market_reject_json (self, "%s: it is larger than %u MiB", name, MARKET_FILE_MAX >> 20);
    } else {
        json = json_loadfd (file, 0, &error);
        if (!json) {
            market_reject_json (self, "%s:%d: %s", name, error.line, error.text);
        }
    }
    if (file >= 0) {
        close (file);
    }
    free (path);
    return json;
}

void market_load_holidays (market_t *self)
{
    const char *name = "data/holidays/US_exchange_holidays.json";
    bool absent;
    json_t *json = load_json (self, name, &absent);
    if (absent) {
        log_warning ("%s/%s: there is none: every Monday to Friday counts as a trading day",
                     self->directory, name);
    } else if (json && !json_is_array (json)) {
        market_reject_json (self, "%s: it is not an array of dates", name);
    }
    size_t count = json_is_array (json) ? json_array_size (json) : 0;
    self->holidays = memory_new (count * sizeof *self->holidays);
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value (json_array_get (json, i));
        if (text && day_parse (text, strlen (text), &self->holidays[self->holiday_count])) {
            self->holiday_count++;
        } else {
            market_reject_json (self, "%s: entry %zu is not a date \"YYYY-MM-DD\"", name, i + 1);
        }
    }
    json_decref (json);
    self->calendar = calendar_new (self->holidays, self->holiday_count);
}

/* The symbol's index, or -1. */
static long find_symbol (const market_t *self, const char *name)
{
    size_t low = 0, high = self->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp (market_symbol (self, middle), name);
        if (order == 0) {
            return (long) middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return -1;
}

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

static int compare_splits (const void *a, const void *b)
{
    const symbol_split_t *left = a, *right = b;
    if (left->symbol != right->symbol) {
        return left->symbol < right->symbol ? -1 : 1;
    }
    return left->place < right->place ? -1 : left->place > right->place;
}

/* Lays the splits out by symbol; those of one symbol stay in the order of the file. */
static void keep_splits (market_t *self, symbol_split_t *found, size_t count)
{
    if (count == 0) {
        return;
    }
    qsort (found, count, sizeof *found, compare_splits);
    self->splits = memory_new (count * sizeof *self->splits);
    self->first_split = memory_new ((self->count + 1) * sizeof *self->first_split);
    size_t at = 0;
    for (size_t i = 0; i < self->count; i++) {
        self->first_split[i] = (uint32_t) at;
        while (at < count && found[at].symbol == i) {
            self->splits[at] = found[at].split;
            at++;
        }
    }
    self->first_split[self->count] = (uint32_t) at;
    self->split_count = at;
}

void market_load_splits (market_t *self)
{
    const char *path = "data/polygon_splits.json", *name;
    bool absent;
    json_t *json = load_json (self, path, &absent), *list, *entry;
    symbol_split_t *found = NULL;
    size_t count = 0, i;
    if (json && !json_is_object (json)) {
        market_reject_json (self, "%s: it is not an object of symbols", path);
    }
    json_object_foreach (json, name, list)
    {
        long symbol = find_symbol (self, name);
        if (symbol >= 0 && !json_is_array (list)) {
            market_reject_json (self, "%s: %s: it is not an array of splits", path, name);
            continue;
        }
        json_array_foreach (list, i, entry)
        {
            symbol_split_t split = {.symbol = (uint32_t) symbol, .place = count};
            if (symbol < 0) {
                continue;
            }
            if (!read_split (entry, &split.split)) {
                market_reject_json (
                    self, "%s: %s: split %zu lacks a good execution_date, split_from or split_to",
                    path, name, i + 1);
                continue;
            }
            found = memory_resize (found, count + 1, sizeof *found);
            found[count++] = split;
        }
    }
    keep_splits (self, found, count);
    free (found);
    json_decref (json);
}

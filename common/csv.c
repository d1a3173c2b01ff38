/* csv - the reader of candle files.
 *
 *     chunks --> csv_feed --> rows_take: good rows, one behind the other, till one is another thing
 *                  |
 *                  +-- lines --> line_take --> first line: header_take: where each column is
 *                  |     ^              `----> row_take --> csv_row_read --> candle_fault? --> candle
 *                  v     |                                     | no               | yes
 *                 held: the start of a line          csv_row_explain ---------> row_reject
 *                 whose end is in a later chunk
 */
#include "csv.h"

#include "csv_quick.h"
#include "memory.h"
#include "number.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_SECONDS 86400
#define ROW_LEAST   40 /* bytes of a usual row at least: so many candles a file has at most */

/* lo <= ts < hi */
typedef struct {
    int64_t lo, hi;
} range_t;

struct csv {
    bool daily;
    range_t partition; /* the file's dates */
    range_t counted;   /* the dates asked for */
    candles_t *candles;
    csv_reject_fn *reject;
    void *argument;

    bool has_header;
    bool failed; /* the file was rejected whole */
    csv_row_t row;

    uint64_t line;     /* number of the line being taken, from 1 */
    int64_t row_ts;    /* the last dated row's time, valid or not */
    int64_t newest_ts; /* the last valid row's time */
    bool in_order;     /* each valid row was newer than the one before */
    uint64_t rejected;
    uint64_t unsorted;

    size_t held_size; /* CSV_LINE_MAX + 1 when the line is longer than can be held */
    char held[CSV_LINE_MAX];
};

static bool range_has (range_t range, int64_t ts)
{
    return ts >= range.lo && ts < range.hi;
}

/* The times of candles dated first..last. */
static range_t range_of (const csv_t *self, day_t first, day_t last)
{
    if (self->daily) {
        return (range_t){(int64_t) first * DAY_SECONDS, ((int64_t) last + 1) * DAY_SECONDS};
    }
    return (range_t){exchange_midnight (first), exchange_midnight (last + 1)};
}

csv_t *csv_new (void)
{
    return memory_new (sizeof (csv_t));
}

void csv_destroy (csv_t **self)
{
    free (*self);
    *self = NULL;
}

void csv_begin (csv_t *self, frequency_t frequency, day_t key, day_t first, day_t last,
                candles_t *candles, csv_reject_fn *reject, void *argument)
{
    assert (candles->count == 0);
    self->daily = frequency.unit == 'd';
    self->partition = range_of (self, key, partition_last (frequency, key));
    self->counted = range_of (self, first, last);
    self->candles = candles;
    self->reject = reject;
    self->argument = argument;
    self->has_header = false;
    self->failed = false;
    self->line = 0;
    self->row_ts = self->partition.lo;
    self->newest_ts = INT64_MIN;
    self->in_order = true;
    self->rejected = 0;
    self->unsorted = 0;
    csv_row_init (&self->row, self->daily);
    self->held_size = 0;
}

bool csv_number (const char *text, size_t size, double *value)
{
    return number_read (text, text + size, value) == text + size;
}

/* What is wrong with a candle's values, or NULL. */
static inline const char *candle_fault (const csv_t *self, const candle_t *candle)
{
    if (!range_has (self->partition, candle->ts)) {
        return "date belongs to another partition";
    }
    if (candle->ts % 60 != 0) {
        return "datetime is not on a full minute";
    }
    if (!(candle->open > 0 && candle->high > 0 && candle->low > 0 && candle->close > 0)) {
        return "price is not > 0";
    }
    if (candle->volume < 0) {
        return "volume is negative";
    }
    return candle->high < candle->low ? "high is below low" : NULL;
}

/* Rejects the line; it counts when its row, dated self->row_ts, is asked for. */
static void row_reject (csv_t *self, const char *reason)
{
    if (range_has (self->counted, self->row_ts)) {
        self->rejected++;
        self->reject (self->argument, self->line, reason);
    }
}

/* Takes the candle of the line. */
static inline void candle_take (csv_t *self, const candle_t *candle)
{
    self->row_ts = candle->ts;
    const char *fault = candle_fault (self, candle);
    if (fault) {
        row_reject (self, fault);
        return;
    }
    if (candle->ts <= self->newest_ts) {
        self->in_order = false;
        self->unsorted += candle->ts < self->newest_ts && range_has (self->counted, candle->ts);
    }
    self->newest_ts = candle->ts;
    candles_push (self->candles, candle);
}

static void row_take (csv_t *self, const char *text, const char *end)
{
    candle_t candle;
    const char *next = csv_row_read (&self->row, text, end, &candle);
    if (!next || (next < end && *next != ',')) {
        char reason[CSV_REASON_TEXT];
        int64_t ts;
        if (csv_row_explain (&self->row, text, end, &ts, reason)) {
            self->row_ts = ts;
        }
        row_reject (self, reason);
        return;
    }
    candle_take (self, &candle);
}

static void file_reject (csv_t *self, const char *reason)
{
    self->failed = true;
    self->reject (self->argument, self->line, reason);
}

static void header_take (csv_t *self, const char *text, const char *end)
{
    const char *missing = csv_row_header (&self->row, text, end);
    if (missing) {
        char reason[CSV_REASON_TEXT];
        snprintf (reason, sizeof reason, "no column '%s'", missing);
        file_reject (self, reason);
        return;
    }
    self->has_header = true;
}

/* Takes a line without its LF. */
static void line_take (csv_t *self, const char *text, size_t size)
{
    self->line++;
    if (size > CSV_LINE_MAX) {
        char reason[CSV_REASON_TEXT];
        snprintf (reason, sizeof reason, "line is longer than %d bytes", CSV_LINE_MAX);
        (self->has_header ? row_reject : file_reject) (self, reason);
        return;
    }
    if (self->line == 1 && size >= 3 && memcmp (text, "\xEF\xBB\xBF", 3) == 0) {
        text += 3; /* UTF-8's byte order mark */
        size -= 3;
    }
    size -= size > 0 && text[size - 1] == '\r';
    if (size == 0) {
        return;
    }
    if (self->has_header) {
        row_take (self, text, text + size);
    } else {
        header_take (self, text, text + size);
    }
}

/* Holds bytes of a line whose end is still to come; of one that is too long only that it is. */
static void hold (csv_t *self, const char *bytes, size_t size)
{
    if (size > CSV_LINE_MAX || self->held_size + size > CSV_LINE_MAX) {
        self->held_size = CSV_LINE_MAX + 1;
        return;
    }
    memcpy (self->held + self->held_size, bytes, size);
    self->held_size += size;
}

static void held_take (csv_t *self)
{
    line_take (self, self->held, self->held_size);
    self->held_size = 0;
}

/* Reads the good row at `text`: the LF of its line, or NULL. Nobody has to look for the line's end
 * first: it is where the row's last number ends. */
static inline const char *row_read (csv_t *self, const char *text, const char *end,
                                    candle_t *candle)
{
    const char *last = self->row.is_usual ? csv_quick_read (&self->row, text, end, candle) : NULL;
    if (last) {
        return last;
    }
    last = csv_row_read (&self->row, text, end, candle);
    if (!last) {
        return NULL;
    }
    last += last < end && *last == '\r';
    return last < end && *last == '\n' && last - text <= CSV_LINE_MAX ? last : NULL;
}

/* Takes good rows as they come, up to one of another kind; where that one begins. */
static const char *rows_take (csv_t *self, const char *next, const char *end)
{
    candle_t candle;
    const char *last;
    while ((last = row_read (self, next, end, &candle))) {
        self->line++;
        candle_take (self, &candle);
        next = last + 1;
    }
    return next;
}

void csv_feed (csv_t *self, const char *bytes, size_t size)
{
    const char *next = bytes;
    const char *end = bytes + size;
    candles_reserve (self->candles, size / ROW_LEAST);
    while (next < end && !self->failed) {
        if (self->has_header && !self->row.skips && self->held_size == 0) {
            next = rows_take (self, next, end);
            if (next == end) {
                return;
            }
        }
        const char *lf = memchr (next, '\n', (size_t) (end - next));
        if (!lf) {
            hold (self, next, (size_t) (end - next));
            return;
        }
        if (self->held_size > 0) {
            hold (self, next, (size_t) (lf - next));
            held_take (self);
        } else {
            line_take (self, next, (size_t) (lf - next));
        }
        next = lf + 1;
    }
}

/* How many candles are counted ones. They need not be in order. */
static uint64_t counted (const csv_t *self)
{
    uint64_t count = 0;
    bool all = self->partition.lo >= self->counted.lo && self->partition.hi <= self->counted.hi;
    if (all) {
        return self->candles->count;
    }
    for (size_t i = 0; i < self->candles->count; i++) {
        count += range_has (self->counted, self->candles->rows[i].ts);
    }
    return count;
}

int csv_end (csv_t *self, csv_counts_t *counts)
{
    if (self->held_size > 0 && !self->failed) {
        held_take (self);
    }
    *counts = (csv_counts_t){0};
    if (self->failed) {
        return -1;
    }
    counts->candles = counted (self);
    counts->rejected = self->rejected;
    counts->unsorted = self->unsorted;
    if (!self->in_order) {
        uint64_t with_repeats = counts->candles;
        candles_sort (self->candles);
        counts->candles = counted (self);
        counts->duplicates = with_repeats - counts->candles;
    }
    return 0;
}

#include "delivery.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Months of a unit. */
static int months_of (const run_t *run)
{
    return run->reads_minutes ? 3 : 12;
}

/* The span of so many months that holds `day`, counted from year 0. */
static int span_of (day_t day, int months)
{
    int year, month, date;
    day_split (day, &year, &month, &date);
    return (year * 12 + month - 1) / months;
}

static day_t span_first (int span, int months)
{
    int month = span * months;
    return day_from (month / 12, month % 12 + 1, 1);
}

uint32_t delivery_ranges (const run_t *run, day_t from, day_t to)
{
    int months = months_of (run);
    return (uint32_t) (span_of (to, months) - span_of (from, months) + 1);
}

/* The symbol and days of a unit. */
static size_t unit_range (const delivery_plan_t *plan, uint32_t unit, day_t *first, day_t *last)
{
    int months = months_of (plan->run);
    int span = span_of (plan->from, months) + (int) (unit % plan->ranges);
    day_t begin = span_first (span, months), end = span_first (span + 1, months) - 1;
    *first = begin > plan->from ? begin : plan->from;
    *last = end < plan->to ? end : plan->to;
    return unit / plan->ranges;
}

static size_t symbol_of (const delivery_t *self)
{
    return self->unit / self->plan->ranges;
}

void delivery_start (delivery_t *self, const delivery_plan_t *plan, uint32_t unit, uint32_t attempt,
                     buffer_t *message)
{
    const market_t *market = plan->market;
    const run_t *run = plan->run;
    wire_unit_t order = {.unit = unit,
                         .attempt = attempt,
                         .is_first = unit % plan->ranges == 0,
                         .is_last = unit % plan->ranges == plan->ranges - 1,
                         .explain = plan->explain,
                         .when = plan->when};
    size_t symbol = unit_range (plan, unit, &order.first, &order.last);
    snprintf (order.symbol, sizeof order.symbol, "%s", market_symbol (market, symbol));
    order.splits = market_splits (market, symbol, &order.split_count);
    order.folders = market_folders (market, symbol, run->frequencies, run->frequency_count);
    wire_put_unit (message, &order);

    day_t oldest = calendar_back (market_calendar (market), order.first, run->lookback);
    *self = (delivery_t){.plan = plan, .unit = unit, .attempt = attempt, .start = true, .file = -1};
    self->first_key = partition_first (FREQUENCY_1D, oldest);
    for (day_t key = self->first_key; key <= order.last; key = partition_next (FREQUENCY_1D, key)) {
        self->count++;
    }
    self->count++; /* fundamentals, last */
}

void delivery_serve (delivery_t *self, const delivery_plan_t *plan, uint32_t unit, uint32_t attempt,
                     const partition_t *partitions, uint32_t count)
{
    *self = (delivery_t){.plan = plan,
                         .unit = unit,
                         .attempt = attempt,
                         .count = count,
                         .partitions = partitions,
                         .file = -1};
}

void delivery_drop (delivery_t *self)
{
    if (self->plan && self->file >= 0) {
        close (self->file);
    }
    self->plan = NULL;
}

/* The FILE header of the next file, without its bytes. */
static wire_file_t next_header (const delivery_t *self)
{
    wire_file_t file = {.unit = self->unit, .attempt = self->attempt, .content = WIRE_PARTITION};
    if (!self->start) {
        file.partition = self->partitions[self->next];
    } else if (self->next == self->count - 1) {
        file.content = WIRE_FUNDAMENTALS;
        file.partition = (partition_t){FREQUENCY_1D, 0};
    } else {
        int year, month, day;
        day_split (self->first_key, &year, &month, &day);
        file.partition = (partition_t){FREQUENCY_1D, day_from (year + (int) self->next, 1, 1)};
    }
    return file;
}

static void open_next (delivery_t *self, wire_file_t *file)
{
    const market_t *market = self->plan->market;
    self->file = file->content == WIRE_PARTITION
                     ? market_open_partition (market, symbol_of (self), file->partition,
                                              &self->left, file->problem, sizeof file->problem)
                     : market_open_fundamentals (market, symbol_of (self), &self->left,
                                                 file->problem, sizeof file->problem);
}

/* Reads up to `size` bytes; fewer only at the file's end. */
static ssize_t read_whole (int file, char *bytes, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t got = read (file, bytes + done, size - done);
        if (got == 0) {
            break;
        }
        if (got < 0 && errno != EINTR) {
            return -1;
        }
        done += got > 0 ? (size_t) got : 0;
    }
    return (ssize_t) done;
}

/* One chunk of the open file. True when the file is through. */
static bool put_chunk (delivery_t *self, wire_file_t *file, buffer_t *message)
{
    size_t size = self->left < WIRE_CHUNK ? self->left : WIRE_CHUNK;
    wire_slot_t slot;
    size_t before = message->size;
    char *bytes = wire_file_begin (message, file, size, &slot);
    ssize_t got = read_whole (self->file, bytes, size);
    if (got < 0) {
        snprintf (file->problem, sizeof file->problem, "%s", strerror (errno));
        message->size = before;
        return true;
    }
    self->left -= size;
    self->read_bytes += (uint64_t) got;
    bool is_last = self->left == 0 || (size_t) got < size; /* it may have shrunk */
    wire_file_end (message, &slot, (size_t) got, is_last);
    return is_last;
}

/* Instead of bytes: why the file could not be read, or, of one that was asked for, that there is
 * none. */
static void put_nothing (const delivery_t *self, wire_file_t *file, buffer_t *message)
{
    if (file->problem[0] || !self->start) {
        file->is_last = true;
        wire_put_file (message, file);
    }
}

static void put_next (delivery_t *self, buffer_t *message)
{
    wire_file_t file = next_header (self);
    if (self->file < 0) {
        open_next (self, &file);
    }
    if (self->file < 0) {
        put_nothing (self, &file, message);
        self->next++;
    } else if (put_chunk (self, &file, message)) {
        close (self->file);
        self->file = -1;
        self->next++;
        if (file.problem[0]) {
            put_nothing (self, &file, message);
        }
    }
}

bool delivery_fill (delivery_t *self, buffer_t *message, size_t size)
{
    while (self->next < self->count && message->size < size) {
        put_next (self, message);
    }
    if (self->next < self->count) {
        return false;
    }
    if (self->start) {
        wire_put_ready (message, &(wire_ready_t){self->unit, self->attempt});
    }
    return true;
}

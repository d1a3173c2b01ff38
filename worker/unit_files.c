#include "unit_inside.h"

#include "clock.h"
#include "note.h"

#include <stdarg.h>

/* The dates whose rows this unit counts: its own, and what lies before the first and after the last
 * unit. */
static day_t counts_from (const unit_t *self)
{
    return self->order.is_first ? DAY_FIRST : self->order.first;
}

static day_t counts_to (const unit_t *self)
{
    return self->order.is_last ? DAY_LAST : self->order.last;
}

static void note (unit_t *self, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

static void note (unit_t *self, const char *format, ...)
{
    if (self->note_count == WIRE_NOTES_MAX) {
        return;
    }
    va_list arguments;
    va_start (arguments, format);
    note_write (self->notes[self->note_count++], self->order.symbol, self->file->content,
                self->file->partition, format, arguments);
    va_end (arguments);
}

static void reject_row (void *argument, uint64_t line, const char *reason)
{
    unit_t *self = argument;
    bool is_first = self->note_count == self->notes_before;
    if (is_first || self->note_count < WIRE_NOTES_MAX - NOTE_PLACES_KEPT) {
        note (self, ":%llu: %s", (unsigned long long) line, reason);
    }
}

/* Is a file that is rejected whole this unit's to count? A week may lie in two units, and which of
 * them reads it depends on the gates: each that does says it, because none may be silent, and the
 * collector drops the second word. */
static bool counts_file (const unit_t *self, const wire_file_t *file)
{
    if (file->content == WIRE_FUNDAMENTALS) {
        return self->order.is_first;
    }
    if (file->partition.frequency.unit != 'd') {
        return true;
    }
    day_t first = file->partition.key;
    return first >= counts_from (self) && first <= counts_to (self);
}

static void reject_file (unit_t *self, const char *reason)
{
    if (counts_file (self, self->file)) {
        uint64_t *count = self->file->content == WIRE_FUNDAMENTALS ? &self->counts.rejected_json
                                                                   : &self->counts.rejected_files;
        ++*count;
        note (self, ": %s", reason);
    }
}

static void take_fundamentals (unit_t *self, const wire_file_t *file)
{
    buffer_append (&self->fundamentals, file->bytes.bytes, file->bytes.size);
    if (!file->is_last) {
        return;
    }
    fundamentals_t fundamentals = {0};
    char error[WIRE_NOTE_MAX / 2];
    if (fundamentals_parse (&fundamentals, self->fundamentals.bytes, self->fundamentals.size, error,
                            sizeof error) != 0) {
        reject_file (self, error);
    }
    daily_set_fundamentals (self->daily, &fundamentals);
    buffer_free (&self->fundamentals);
}

/* The file's rows are there: daily ones join the others, a partition's stay its own. */
static void keep_rows (unit_t *self)
{
    if (self->target) {
        self->target->candles = self->incoming;
        self->incoming = (candles_t){0};
        return;
    }
    candles_t *daily = daily_candles (self->daily);
    if (daily->count == 0) {
        candles_t empty = *daily;
        *daily = self->incoming;
        self->incoming = empty;
    } else {
        for (size_t i = 0; i < self->incoming.count; i++) {
            candles_push (daily, &self->incoming.rows[i]);
        }
    }
    self->incoming.count = 0;
}

static void take_candles (unit_t *self, const wire_file_t *file)
{
    if (!self->reading) {
        self->incoming.count = 0;
        self->notes_before = self->note_count;
        csv_begin (self->csv, file->partition.frequency, file->partition.key, counts_from (self),
                   counts_to (self), &self->incoming, reject_row, self);
        self->reading = true;
    }
    csv_feed (self->csv, file->bytes.bytes, file->bytes.size);
    if (!file->is_last) {
        return;
    }
    csv_counts_t found;
    self->reading = false;
    if (csv_end (self->csv, &found) != 0) {
        if (counts_file (self, file)) {
            self->counts.rejected_files++;
        } else {
            self->note_count = self->notes_before; /* said by the unit that counts it */
        }
    } else {
        self->counts.candles += found.candles;
        self->counts.rejected_rows += found.rejected;
        self->counts.unsorted_rows += found.unsorted;
        self->counts.duplicate_rows += found.duplicates;
        keep_rows (self);
    }
}

/* The partition is there, or known not to be. */
static void end_part (unit_t *self, part_t *part, outbox_t *out, unit_times_t *times)
{
    int64_t start = cpu_thread_ns ();
    part->whole = true;
    unit_advance (self, out);
    times->scan_ns += cpu_thread_ns () - start;
}

/* Is the file one that may come now: a daily partition or the fundamentals before READY, after it a
 * partition that was asked for (`part`), each once? */
static bool may_come (const unit_t *self, const wire_file_t *file, const part_t *part)
{
    if (self->done || self->gated) {
        return !self->done && part && !part->whole;
    }
    if (file->content == WIRE_FUNDAMENTALS) {
        return !self->fundamentals_whole;
    }
    return file->partition.frequency.unit == 'd' && file->partition.key >= self->daily_next;
}

/* Another file begins: what came of one that never ended is dropped. */
static void begin_file (unit_t *self, const wire_file_t *file)
{
    bool same = self->current.key == file->partition.key &&
                frequency_equal (self->current.frequency, file->partition.frequency) &&
                (file->content == WIRE_FUNDAMENTALS ? self->fundamentals.size > 0 : self->reading);
    if (!same) {
        self->reading = false;
        self->fundamentals.size = 0;
        self->current = file->partition;
        self->received = 0;
    }
}

static void take_file (unit_t *self, const wire_file_t *file, const char *problem)
{
    if (problem[0]) {
        self->reading = false;
        buffer_free (&self->fundamentals);
        reject_file (self, problem);
    } else if (file->content == WIRE_FUNDAMENTALS) {
        take_fundamentals (self, file);
    } else {
        take_candles (self, file);
    }
}

void unit_file (unit_t *self, const wire_file_t *file, outbox_t *out, unit_times_t *times)
{
    part_t *part = file->content == WIRE_PARTITION && self->gated
                       ? unit_find_part (self, &file->partition)
                       : NULL;
    if (!may_come (self, file, part)) {
        return;
    }
    int64_t start = cpu_thread_ns ();
    self->file = file;
    self->target = part;
    if (part) {
        self->part_next = (size_t) (part - self->parts) + 1;
    }
    begin_file (self, file);
    self->received += file->bytes.size;
    bool too_large = self->received > WIRE_FILE_MAX;
    take_file (self, file, too_large ? "more of it came than a file may have" : file->problem);
    self->file = NULL;
    times->parse_ns += cpu_thread_ns () - start;
    if (!file->is_last && !file->problem[0] && !too_large) {
        return;
    }
    if (part) {
        end_part (self, part, out, times);
    } else if (file->content == WIRE_FUNDAMENTALS) {
        self->fundamentals_whole = true;
    } else {
        self->daily_next = file->partition.key + 1;
    }
}

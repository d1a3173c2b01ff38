#include "desk_reference.h"

#include "csv.h"
#include "note.h"
#include "shard.h"

#include <stdlib.h>
#include <string.h>

#define FAULTY_FIRST 64 /* slots; a power of two */

struct desk_reference {
    const run_t *run;
    const calendar_t *calendar;
    desk_counts_t *counts;
    daily_t *daily;
    csv_t *csv;
    candles_t incoming; /* rows of the file that is being read */
    /* Files whose rejections are counted, by a hash of their names; 0: a free slot. */
    uint64_t *faulty;
    size_t faulty_count, faulty_capacity;
    /* the file that is being read */
    const char *symbol;
    const wire_reference_file_t *file;
    bool counted; /* its rejections are */
    size_t notes_before;
    uint64_t rejections;
};

desk_reference_t *desk_reference_new (const run_t *run, const calendar_t *calendar,
                                      desk_counts_t *counts)
{
    desk_reference_t *self = memory_new (sizeof *self);
    self->run = run;
    self->calendar = calendar;
    self->counts = counts;
    self->daily = daily_new (calendar);
    self->csv = csv_new ();
    return self;
}

void desk_reference_destroy (desk_reference_t **self)
{
    if (*self) {
        daily_destroy (&(*self)->daily);
        csv_destroy (&(*self)->csv);
        candles_free (&(*self)->incoming);
        free ((*self)->faulty);
        free (*self);
        *self = NULL;
    }
}

/* ---- which files' rejections are counted ---- */

static uint64_t file_hash (const char *symbol, const wire_reference_file_t *file)
{
    uint64_t hash = shard_hash (SHARD_HASH_START, symbol, strlen (symbol));
    bool is_fundamentals = file->content == WIRE_FUNDAMENTALS;
    const int32_t name[] = {is_fundamentals, is_fundamentals ? 0 : file->key};
    hash = shard_hash (hash, name, sizeof name);
    return hash ? hash : 1;
}

static uint64_t *faulty_slot (const desk_reference_t *self, uint64_t hash)
{
    size_t i = hash & (self->faulty_capacity - 1);
    while (self->faulty[i] && self->faulty[i] != hash) {
        i = (i + 1) & (self->faulty_capacity - 1);
    }
    return &self->faulty[i];
}

static bool is_faulty (const desk_reference_t *self, uint64_t hash)
{
    return self->faulty_capacity > 0 && *faulty_slot (self, hash);
}

static void grow_faulty (desk_reference_t *self)
{
    uint64_t *old = self->faulty;
    size_t count = self->faulty_capacity;
    self->faulty_capacity = count ? count * 2 : FAULTY_FIRST;
    self->faulty = memory_new (self->faulty_capacity * sizeof *self->faulty);
    for (size_t i = 0; i < count; i++) {
        if (old[i]) {
            *faulty_slot (self, old[i]) = old[i];
        }
    }
    free (old);
}

static void add_faulty (desk_reference_t *self, uint64_t hash)
{
    if (self->faulty_count * 2 >= self->faulty_capacity) {
        grow_faulty (self);
    }
    *faulty_slot (self, hash) = hash;
    self->faulty_count++;
}

/* ---- files ---- */

static void note (desk_reference_t *self, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

static void note (desk_reference_t *self, const char *format, ...)
{
    desk_counts_t *counts = self->counts;
    if (counts->note_count == WIRE_NOTES_MAX) {
        return;
    }
    va_list arguments;
    va_start (arguments, format);
    note_write (counts->notes[counts->note_count++], self->symbol, self->file->content,
                (partition_t){FREQUENCY_1D, self->file->key}, format, arguments);
    va_end (arguments);
}

static void reject_row (void *argument, uint64_t line, const char *reason)
{
    desk_reference_t *self = argument;
    bool is_first = self->counts->note_count == self->notes_before;
    bool has_place = is_first || self->counts->note_count < WIRE_NOTES_MAX - NOTE_PLACES_KEPT;
    self->rejections++;
    if (!self->counted && has_place) {
        note (self, ":%llu: %s", (unsigned long long) line, reason);
    }
}

static void reject_file (desk_reference_t *self, const char *reason)
{
    self->rejections++;
    if (!self->counted) {
        self->counts->rejected_files++;
        note (self, ": %s", reason);
    }
}

static void read_fundamentals (desk_reference_t *self)
{
    fundamentals_t fundamentals = {.ipo = DAY_NONE};
    char error[WIRE_NOTE_MAX / 2];
    if (fundamentals_parse (&fundamentals, self->file->bytes.bytes, self->file->bytes.size, error,
                            sizeof error) != 0) {
        reject_file (self, error);
    }
    daily_set_fundamentals (self->daily, &fundamentals);
}

static void read_candles (desk_reference_t *self)
{
    csv_counts_t found;
    self->incoming.count = 0;
    csv_begin (self->csv, FREQUENCY_1D, self->file->key, DAY_FIRST, DAY_LAST, &self->incoming,
               reject_row, self);
    if (self->file->bytes.size > 0) {
        csv_feed (self->csv, self->file->bytes.bytes, self->file->bytes.size);
    }
    bool is_whole = csv_end (self->csv, &found) == 0;
    if (!self->counted) {
        self->counts->rejected_files += !is_whole;
        self->counts->rejected_rows += is_whole ? found.rejected : 0;
    }
    for (size_t i = 0; is_whole && i < self->incoming.count; i++) {
        candles_push (daily_candles (self->daily), &self->incoming.rows[i]);
    }
}

static void read_file (desk_reference_t *self, const wire_reference_file_t *file)
{
    uint64_t hash = file_hash (self->symbol, file);
    self->file = file;
    self->counted = is_faulty (self, hash);
    self->notes_before = self->counts->note_count;
    self->rejections = 0;
    if (file->problem[0]) {
        reject_file (self, file->problem);
    } else if (file->content == WIRE_FUNDAMENTALS) {
        read_fundamentals (self);
    } else {
        read_candles (self);
    }
    if (self->rejections > 0 && !self->counted) {
        add_faulty (self, hash);
    }
    self->file = NULL;
}

symbol_day_t *desk_reference_day (desk_reference_t *self, const wire_reference_t *item)
{
    daily_clear (self->daily);
    self->symbol = item->symbol;
    for (size_t i = 0; i < item->file_count; i++) {
        read_file (self, &item->files[i]);
    }
    candles_sort (daily_candles (self->daily));
    split_t *splits = memory_new (item->split_count * sizeof *splits);
    for (size_t i = 0; i < item->split_count; i++) {
        splits[i] = (split_t){item->splits[i].day, item->splits[i].factor};
    }
    daily_set_splits (self->daily, splits, item->split_count);
    free (splits);
    daily_set_day (self->daily, item->day);
    symbol_day_t *day = symbol_day_new (self->run, self->daily, self->calendar);
    daily_clear (self->daily); /* fundamentals are as large as their file */
    return day;
}

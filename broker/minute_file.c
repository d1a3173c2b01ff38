#include "minute_file.h"

#include "log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK (128u << 10)
#define NOTES 10 /* rejections that are said */

void minute_file_init (minute_file_t *self, const market_t *market)
{
    *self = (minute_file_t){.market = market, .file = -1};
    self->csv = csv_new ();
    self->chunk = memory_new (CHUNK);
}

static void drop (minute_file_t *self)
{
    if (self->file >= 0) {
        close (self->file);
        self->file = -1;
    }
}

void minute_file_free (minute_file_t *self)
{
    drop (self);
    csv_destroy (&self->csv);
    candles_free (&self->candles);
    free (self->chunk);
    self->chunk = NULL;
}

/* `line` 0: the file as such. */
static void say (const minute_file_t *self, uint64_t line, const char *reason)
{
    char path[MARKET_PATH_TEXT], number[24] = "";
    if (self->quiet || self->rejected_rows + self->rejected_files >= NOTES) {
        return;
    }
    if (line > 0) {
        snprintf (number, sizeof number, ":%llu", (unsigned long long) line);
    }
    log_warning (
        "%s/%s%s: %s", market_directory (self->market),
        market_partition_path (self->symbol, (partition_t){FREQUENCY_1MIN, self->week}, path),
        number, reason);
}

static void reject_file (minute_file_t *self, uint64_t line, const char *reason)
{
    say (self, line, reason);
    self->rejected_files += !self->quiet;
    self->candles.count = 0;
}

static void reject_row (void *argument, uint64_t line, const char *reason)
{
    minute_file_t *self = argument;
    say (self, line, reason);
    self->rejected_rows += !self->quiet;
}

bool minute_file_open (minute_file_t *self, const char *symbol, day_t week, day_t first, day_t last,
                       bool quiet)
{
    char problem[128];
    size_t size;
    drop (self);
    self->symbol = symbol;
    self->week = week;
    self->quiet = quiet;
    self->candles.count = 0;
    self->file = market_open_partition_of (
        self->market, symbol, (partition_t){FREQUENCY_1MIN, week}, &size, problem, sizeof problem);
    if (self->file < 0) {
        if (problem[0]) {
            reject_file (self, 0, problem);
        }
        return false;
    }
    csv_begin (self->csv, FREQUENCY_1MIN, week, first, last, &self->candles, reject_row, self);
    return true;
}

/* All bytes are in. A file without a good header was rejected by its first line: as a file, not a row. */
static void finish (minute_file_t *self)
{
    csv_counts_t counts;
    drop (self);
    if (csv_end (self->csv, &counts) != 0) {
        self->rejected_rows -= !self->quiet;
        self->rejected_files += !self->quiet;
        self->candles.count = 0;
    }
}

bool minute_file_step (minute_file_t *self)
{
    ssize_t got = read (self->file, self->chunk, CHUNK);
    if (got > 0) {
        self->bytes += (uint64_t) got;
        csv_feed (self->csv, self->chunk, (size_t) got);
        return false;
    }
    if (got < 0 && errno == EINTR) {
        return false;
    }
    int error = errno;
    finish (self);
    if (got < 0) {
        reject_file (self, 0, strerror (error));
    }
    return true;
}

#include "reference.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define YEARS_MAX (WIRE_REFERENCE_FILES - 1)

void reference_init (reference_t *self, const market_t *market, int lookback)
{
    *self = (reference_t){.market = market, .lookback = lookback};
}

void reference_free (reference_t *self)
{
    buffer_free (&self->bytes);
}

/* Reads the open file behind the bytes there are. It may shrink meanwhile; of one that grows so many
 * bytes are taken as it had. */
static bool read_file (reference_t *self, int file, size_t size, wire_reference_file_t *entry)
{
    if (size > WIRE_REFERENCE_FILE_MAX) {
        snprintf (entry->problem, sizeof entry->problem, "it is larger than %u MiB",
                  WIRE_REFERENCE_FILE_MAX >> 20);
        return false;
    }
    if (self->bytes.size + size > REFERENCE_BYTES_MAX) {
        snprintf (entry->problem, sizeof entry->problem,
                  "together with the other files it is larger than %u MiB",
                  REFERENCE_BYTES_MAX >> 20);
        return false;
    }
    char *at = buffer_reserve (&self->bytes, size);
    ssize_t got = 1;
    while (entry->bytes.size < size && got != 0) {
        got = read (file, at + entry->bytes.size, size - entry->bytes.size);
        if (got < 0 && errno != EINTR) {
            snprintf (entry->problem, sizeof entry->problem, "%s", strerror (errno));
            return false;
        }
        entry->bytes.size += got > 0 ? (size_t) got : 0;
    }
    return true;
}

/* The file as an entry; its bytes have no address yet, because the buffer moves. False: there is none. */
static bool take_file (reference_t *self, int file, size_t size, wire_reference_file_t *entry)
{
    bool is_good = false;
    if (file >= 0) {
        is_good = read_file (self, file, size, entry);
        close (file);
    }
    if (!is_good) {
        entry->bytes.size = 0;
    }
    self->bytes.size += entry->bytes.size;
    self->files += is_good;
    self->problems += entry->problem[0] != '\0';
    return is_good || entry->problem[0];
}

/* The first of the years to read: at most YEARS_MAX, which any lookback over trading days stays
 * within by far. */
static day_t first_year (const reference_t *self, day_t day)
{
    const calendar_t *calendar = market_calendar (self->market);
    int year, oldest, month, date;
    day_split (day - 1, &year, &month, &date);
    day_split (self->lookback > 0 ? calendar_back (calendar, day, self->lookback) : day - 1,
               &oldest, &month, &date);
    return day_from (oldest > year - YEARS_MAX ? oldest : year - YEARS_MAX + 1, 1, 1);
}

void reference_put (reference_t *self, buffer_t *message, uint32_t shard, session_t generation,
                    const char *symbol, day_t day)
{
    wire_reference_file_t files[WIRE_REFERENCE_FILES];
    wire_reference_t reference = {
        .shard = shard, .generation = generation, .day = day, .files = files};
    snprintf (reference.symbol, sizeof reference.symbol, "%s", symbol);
    reference.splits = market_splits_of (self->market, symbol, &reference.split_count);
    self->bytes.size = 0;
    buffer_reserve (&self->bytes, 1); /* an address, of no files too */
    for (day_t key = first_year (self, day); key < day; key = partition_next (FREQUENCY_1D, key)) {
        wire_reference_file_t *entry = &files[reference.file_count];
        size_t size = 0;
        *entry = (wire_reference_file_t){.content = WIRE_PARTITION, .key = key};
        int file = market_open_partition_of (self->market, symbol, (partition_t){FREQUENCY_1D, key},
                                             &size, entry->problem, sizeof entry->problem);
        reference.file_count += take_file (self, file, size, entry);
    }
    wire_reference_file_t *entry = &files[reference.file_count];
    size_t size = 0;
    *entry = (wire_reference_file_t){.content = WIRE_FUNDAMENTALS};
    int file = market_open_fundamentals_of (self->market, symbol, &size, entry->problem,
                                            sizeof entry->problem);
    reference.file_count += take_file (self, file, size, entry);
    size_t at = 0;
    for (size_t i = 0; i < reference.file_count; i++) {
        files[i].bytes.bytes = self->bytes.bytes + at;
        at += files[i].bytes.size;
    }
    self->read_bytes += at;
    wire_put_reference (message, &reference);
}

#include "candle_file.h"
#include "files.h"

#include <stdlib.h>
#include <string.h>

#define ROW_MAX 160 /* bytes of the longest row: a date and time, four prices, a volume */

void candle_file_init (candle_file_t *self, frequency_t frequency)
{
    *self = (candle_file_t){.frequency = frequency, .partition = DAY_NONE, .utc_day = DAY_NONE};
}

void candle_file_free (candle_file_t *self)
{
    free (self->folder);
    buffer_free (&self->rows);
    candle_file_init (self, self->frequency);
}

int candle_file_start (candle_file_t *self, const char *symbol_folder)
{
    char frequency[FREQUENCY_TEXT];
    free (self->folder);
    self->folder =
        memory_format ("%s/%s", symbol_folder, frequency_format (self->frequency, frequency));
    bucket_init (&self->bucket, self->frequency);
    self->partition = DAY_NONE;
    return files_make_directory (self->folder);
}

static int write_partition (candle_file_t *self)
{
    if (self->partition == DAY_NONE) {
        return 0;
    }
    char key[PARTITION_TEXT];
    char *path = memory_format ("%s/%s.csv", self->folder,
                                partition_format (self->frequency, self->partition, key));
    int rc = files_write (path, &self->rows);
    free (path);
    self->partition = DAY_NONE;
    self->file_count++;
    return rc;
}

static void begin_partition (candle_file_t *self, day_t day)
{
    static const char header[] = "datetime,open,high,low,close,volume\n";
    self->partition = partition_first (self->frequency, day);
    self->partition_end = partition_last (self->frequency, self->partition);
    self->rows.size = 0;
    buffer_append (&self->rows, header, sizeof header - 1);
}

/* Writes at least `width` digits at `at`; returns the address behind them. Millions of rows are
 * written: snprintf would take most of the time. */
static char *put_number (char *at, uint64_t value, int width)
{
    char digits[20];
    int count = 0;
    while (value > 0 || count < width) {
        digits[count++] = (char) ('0' + value % 10);
        value /= 10;
    }
    while (count > 0) {
        *at++ = digits[--count];
    }
    return at;
}

static char *put_price (char *at, double price)
{
    uint64_t cents = (uint64_t) (price * 100 + 0.5);
    at = put_number (at, cents / 100, 1);
    *at++ = '.';
    return put_number (at, cents % 100, 2);
}

/* "2023-03-13 13:31:00" in UTC; a daily candle's ts is its date at 00:00 and its time is not
 * written. */
static char *put_datetime (candle_file_t *self, char *at, int64_t ts)
{
    day_t day = (day_t) (ts / 86400);
    if (day != self->utc_day) {
        self->utc_day = day;
        day_format (day, self->date);
    }
    memcpy (at, self->date, 10);
    at += 10;
    if (self->frequency.unit != 'd') {
        uint64_t second = (uint64_t) ts % 86400;
        *at++ = ' ';
        at = put_number (at, second / 3600, 2);
        *at++ = ':';
        at = put_number (at, second / 60 % 60, 2);
        memcpy (at, ":00", 3);
        at += 3;
    }
    return at;
}

static void append_row (candle_file_t *self, const candle_t *candle)
{
    const double prices[] = {candle->open, candle->high, candle->low, candle->close};
    char *row = buffer_reserve (&self->rows, ROW_MAX);
    char *at = put_datetime (self, row, candle->ts);
    for (size_t i = 0; i < sizeof prices / sizeof *prices; i++) {
        *at++ = ',';
        at = put_price (at, prices[i]);
    }
    *at++ = ',';
    at = put_number (at, (uint64_t) candle->volume, 1);
    memcpy (at, ".0\n", 3);
    self->rows.size += (size_t) (at + 3 - row);
}

int candle_file_row (candle_file_t *self, day_t day, const candle_t *candle)
{
    int rc = 0;
    if (self->partition == DAY_NONE || day > self->partition_end) {
        rc = write_partition (self);
        begin_partition (self, day);
    }
    append_row (self, candle);
    self->row_count++;
    return rc;
}

int candle_file_minutes (candle_file_t *self, day_t day, const candles_t *minutes)
{
    int rc = 0;
    candle_t closed;
    for (size_t i = 0; i < minutes->count; i++) {
        if (bucket_feed (&self->bucket, &minutes->rows[i], &closed)) {
            rc |= candle_file_row (self, day, &closed);
        }
    }
    if (bucket_close (&self->bucket, &closed)) {
        rc |= candle_file_row (self, day, &closed);
    }
    return rc;
}

int candle_file_end (candle_file_t *self)
{
    int rc = write_partition (self);
    free (self->folder);
    self->folder = NULL;
    return rc;
}

/* candle_file - a symbol's candles of one frequency on their way into partitions, FREQ/KEY.csv
 * (README, "Your own data").
 *
 *     1-minute candles --> candle_file_minutes --> bucket --> rows --> SYMBOL/5min/2023-03-06.csv
 *     daily candles    --> candle_file_row -----------------/
 *
 * Rows are gathered in memory and each partition is written at once, when the first row of the next
 * one comes.
 */
#ifndef CANDLE_FILE_H
#define CANDLE_FILE_H

#include "frequency.h"
#include "memory.h"

/* A value; the writer of one frequency, used for one symbol after the other. */
typedef struct {
    frequency_t frequency;
    bucket_t bucket;
    char *folder;        /* .../SYMBOL/FREQ, owned; NULL between symbols */
    day_t partition;     /* first date of the one being gathered; DAY_NONE when there is none */
    day_t partition_end; /* its last date */
    buffer_t rows;       /* its file */
    day_t utc_day;       /* the date whose text is `date` */
    char date[11];
    uint64_t file_count, row_count; /* written so far, of all symbols */
} candle_file_t;

void candle_file_init (candle_file_t *self, frequency_t frequency);
void candle_file_free (candle_file_t *self);

/* Starts a symbol whose folder is `symbol_folder`, and makes its FREQ in there. 0 or -1. */
int candle_file_start (candle_file_t *self, const char *symbol_folder);

/* Takes a candle of this frequency, of local date `day` (days rise), 1970 or later; prices in whole
 * cents, volume whole. 0 or -1. */
int candle_file_row (candle_file_t *self, day_t day, const candle_t *candle);

/* Takes a day's 1-minute candles, all of them, and makes its own of them. 0 or -1. */
int candle_file_minutes (candle_file_t *self, day_t day, const candles_t *minutes);

/* Ends the symbol: writes what was gathered. 0 or -1. */
int candle_file_end (candle_file_t *self);

#endif

/* frequency - how long a candle is, which file holds it, and building longer candles from 1-minute
 * ones. */
#ifndef FREQUENCY_H
#define FREQUENCY_H

#include "candle.h"

/* `3min`, `1h`, `1d`. 60min and 1h are different: other folders, other partitions. A value; compare
 * with frequency_equal. */
typedef struct {
    uint16_t count;
    char unit; /* 'm' min, 'h' h, 'd' d */
} frequency_t;

#define FREQUENCY_TEXT 12 /* bytes of the longest text with its NUL */
#define PARTITION_TEXT 11 /* bytes of the longest partition name with its NUL */
#define FREQUENCY_1MIN ((frequency_t){1, 'm'})
#define FREQUENCY_1D   ((frequency_t){1, 'd'})

/* "Nmin", "Nh", "1d", N dividing a day evenly. False otherwise. */
bool frequency_parse (const char *text, frequency_t *frequency);
/* Is it one that frequency_parse gives? For what came from outside. */
bool frequency_valid (frequency_t self);
char *frequency_format (frequency_t self, char text[static FREQUENCY_TEXT]);
bool frequency_equal (frequency_t a, frequency_t b);
int frequency_minutes (frequency_t self);

/* Partitions. One is named by its first date: the Monday, the first of the month, the first of the
 * year. */
day_t partition_first (frequency_t frequency, day_t day);
day_t partition_last (frequency_t frequency, day_t first);
/* The partition after the one that starts at `first`. */
day_t partition_next (frequency_t frequency, day_t first);
/* The KEY of DIR/data/candles/SYMBOL/FREQ/KEY.csv: "2023-03-06", "2023-03" or "2023". */
char *partition_format (frequency_t frequency, day_t first, char text[static PARTITION_TEXT]);

/* Builds candles of a longer frequency out of 1-minute ones. A value that you embed. Bins start at
 * local midnight: open = first, high = max, low = min, close = last, volume = sum; empty bins are
 * absent. Feed in time order. */
typedef struct {
    int minutes;
    bool open;       /* a bin is being built */
    candle_t candle; /* its ts is the bin's start */
} bucket_t;

void bucket_init (bucket_t *self, frequency_t frequency);
/* Takes a 1-minute candle. True when it closed the bin before: `*closed` is that bin's candle. */
bool bucket_feed (bucket_t *self, const candle_t *minute, candle_t *closed);
/* Takes what is open, at the day's end. False when nothing is. */
bool bucket_close (bucket_t *self, candle_t *closed);
/* Of the bin that began last, open or not: does a later minute `ts` belong to it? */
bool bucket_has (const bucket_t *self, int64_t ts);
/* The end of the bin that began last: no minute of its date from there on belongs to it. */
int64_t bucket_end (const bucket_t *self);

#endif

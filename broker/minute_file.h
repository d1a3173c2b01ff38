/* minute_file - a symbol's 1-minute candles of a week, read from its file a part at a time.
 *
 *     minute_file_open --> minute_file_step, until true --> candles, sorted, one of each minute
 */
#ifndef MINUTE_FILE_H
#define MINUTE_FILE_H

#include "csv.h"
#include "market.h"

/* A value that serves one file after the other. The struct owns what it points to, but the market. */
typedef struct {
    const market_t *market;
    csv_t *csv;
    candles_t candles; /* of the file that was read last; they may be changed */
    const char *symbol;
    day_t week;
    int file;   /* the open one, or -1 */
    bool quiet; /* rejections are known */
    char *chunk;
    uint64_t rejected_rows, rejected_files, bytes; /* of all files */
} minute_file_t;

/* The market must outlive it. */
void minute_file_init (minute_file_t *self, const market_t *market);
void minute_file_free (minute_file_t *self);

/* Starts the file of the week that begins on the Monday `week`, of any valid symbol, whose name must live
 * until the file is through; one that is open is dropped. What is
 * rejected of first..last is counted and said (`file:line: reason`, the first few), unless `quiet`. False
 * when there is no such file, or it cannot be read, which is said: then there are no candles. */
bool minute_file_open (minute_file_t *self, const char *symbol, day_t week, day_t first, day_t last,
                       bool quiet);

/* Is a file being read? */
static inline bool minute_file_is_open (const minute_file_t *self)
{
    return self->file >= 0;
}

/* Reads the next part, about a millisecond's work. True when the file is through. */
bool minute_file_step (minute_file_t *self);

#endif

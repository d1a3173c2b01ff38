/* sink_rows - what a sink holds, as lines in order, and whether two of them hold the same: nothing missing,
 * nothing twice. */
#ifndef SINK_ROWS_H
#define SINK_ROWS_H

#include "memory.h"

#include <hiredis/hiredis.h>
#include <stddef.h>

typedef struct sink_rows sink_rows_t;

/* The lines of a file; none when there is none. */
sink_rows_t *sink_rows_of_file (const char *path);

/* The rows of a query, values with | between. A database that cannot be read ends the test program. */
sink_rows_t *sink_rows_of_database (const char *path, const char *query);
#define SINK_ROWS_OF_SINK "SELECT * FROM hits"
/* The journal's, without the numbers that differ from run to run. */
#define SINK_ROWS_OF_JOURNAL                                                                       \
    "SELECT scan, hash, symbol, moment, whole_day, day, ts, candle_ts, hex (candle), hex (cells) " \
    "FROM hits JOIN definitions ON definitions.id = definition"

/* The entries of a stream, without their ids. */
sink_rows_t *sink_rows_of_stream (redisContext *context, const char *stream);

void sink_rows_destroy (sink_rows_t **self);
/* Leaves out the rows that name the word: whole, not as a part of another. */
void sink_rows_drop (sink_rows_t *self, const char *word);
/* Leaves only those. */
void sink_rows_keep (sink_rows_t *self, const char *word);
size_t sink_rows_count (const sink_rows_t *self);

/* The number of lines that are in one alone, counted as often as they are; the first few are appended
 * to `why`, one a line: "- line" is missing in `actual`, "+ line" too many there. */
size_t sink_rows_compare (const sink_rows_t *expected, const sink_rows_t *actual, buffer_t *why);

#endif

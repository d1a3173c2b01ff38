/* csv - the reader of candle files: bytes in, candles out, as they come in chunks of any size.
 *
 * The rules: columns by name, UTC full minutes or local dates, numbers of one
 * strict form, rows rejected one by one with line and reason. Doubles are exact: a mantissa up to
 * 2^53 and a power of ten up to 22 need one correctly rounded multiplication or division;
 * everything else goes to strtod. Nothing is allocated per row, and a line longer than CSV_LINE_MAX
 * is rejected without being held.
 */
#ifndef CSV_H
#define CSV_H

#include "frequency.h"

#define CSV_LINE_MAX 4096

typedef struct csv csv_t;

/* What was found in a file, of rows dated first..last of csv_begin alone. An undated row counts as
 * dated like the row before it (the partition's first date at the start). */
typedef struct {
    uint64_t candles;    /* valid rows, repeats left out */
    uint64_t rejected;   /* rows rejected */
    uint64_t unsorted;   /* valid rows older than the one before */
    uint64_t duplicates; /* valid rows replaced by a later one of the same time */
} csv_counts_t;

/* Called for each rejected row that counts; line is 1 for the header. `reason` lives for the call.
 * */
typedef void (csv_reject_fn) (void *argument, uint64_t line, const char *reason);

csv_t *csv_new (void);
void csv_destroy (csv_t **self);

/* Starts a file of `frequency`, the partition that starts at `key`; rows go to the end of `candles`
 * (owned by the caller), which must be empty. Rows dated first..last are counted; all valid rows
 * are delivered. */
void csv_begin (csv_t *self, frequency_t frequency, day_t key, day_t first, day_t last,
                candles_t *candles, csv_reject_fn *reject, void *argument);

/* Takes the next bytes. */
void csv_feed (csv_t *self, const char *bytes, size_t size);

/* Ends the file: the last line counts without a line end too; candles are sorted, one of each time.
 * 0, or -1 when the file was rejected whole (its header lacks a column: `reject` was called with
 * line 1). */
int csv_end (csv_t *self, csv_counts_t *counts);

/* Reads the number that is exactly [text, text + size): "[+-]digits[.digits][e[+-]digits]" or
 * ".digits". False when it has another form, is not finite or is longer than CSV_LINE_MAX. */
bool csv_number (const char *text, size_t size, double *value);

#endif

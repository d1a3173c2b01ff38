/* reference - what a worker must know of a symbol before its first candle of a day: its daily candles
 * and fundamentals, read whole and put raw into a message. Reading is the broker's, parsing the
 * worker's.
 *
 *     1d/2022.csv, 1d/2023.csv, fundamentals/A.json --> bytes --> REFERENCE item of the message
 */
#ifndef REFERENCE_H
#define REFERENCE_H

#include "market.h"

/* Bytes of all files of a symbol: with what a message has besides they stay below WIRE_MESSAGE_MAX. */
#define REFERENCE_BYTES_MAX (3u << 20)

/* The longest lookback, in trading days, whose years WIRE_REFERENCE_FILES has room for; of a longer one
 * the newest years would travel alone. */
#define REFERENCE_LOOKBACK_MAX 500

/* A value; what is said of a run's references, and a buffer that serves all of them. */
typedef struct {
    const market_t *market; /* must outlive it */
    int lookback;           /* trading days, of run_t */
    buffer_t bytes;
    uint64_t files, read_bytes, problems; /* counters of the run */
} reference_t;

void reference_init (reference_t *self, const market_t *market, int lookback);
void reference_free (reference_t *self);

/* Appends the REFERENCE of `symbol` for `day`: the daily partitions that hold [back (day, lookback),
 * day), the fundamentals, and the splits. A file that is not there is left out. One that cannot be
 * read, is larger than WIRE_REFERENCE_FILE_MAX, or would make all together larger than
 * REFERENCE_BYTES_MAX, is there with the reason as its `problem`: the worker counts and says it. */
void reference_put (reference_t *self, buffer_t *message, uint32_t shard, session_t generation,
                    const char *symbol, day_t day);

#endif

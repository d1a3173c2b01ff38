/* market - a data directory: its symbols, calendar and splits, and where its files are
 * (README, "Your own data").
 *
 *     DIR/data/candles/SYMBOL/FREQ/KEY.csv    DIR/data/fundamentals/SYMBOL.json
 *     DIR/data/polygon_splits.json            DIR/data/holidays/US_exchange_holidays.json
 */
#ifndef MARKET_H
#define MARKET_H

#include "calendar.h"
#include "cell.h"
#include "wire.h"

#define MARKET_FILE_MAX WIRE_FILE_MAX /* bytes: a larger file is rejected */

/* What opening found wrong. Each was logged where it is (the first MARKET_NOTES of a kind). */
typedef struct {
    uint64_t refused_symbols; /* names of directories, or from --symbols, that are no symbols */
    uint64_t rejected_json;   /* holidays, splits, or an entry of them */
} market_problems_t;

typedef struct market market_t;

/* Opens DIR. `symbols` is --symbols ("A,B,@FILE") or NULL for every symbol that has a directory.
 * NULL with the error logged when there is no data/candles, or a file of --symbols cannot be read.
 * Unknown names are a warning. */
market_t *market_open (const char *directory, const char *symbols);
/* Of these the symbols of one part of the market. */
market_t *market_open_cell (const char *directory, const char *symbols, cell_t cell);
/* The same for a live run, where symbols come that nobody listed: those of `symbols` need no
 * directory (one that has none is a warning), and splits are known of every symbol. */
market_t *market_open_live (const char *directory, const char *symbols);
/* A market without files, in which every weekday is a trading day: of a load test. */
market_t *market_empty (const char *name);
void market_destroy (market_t **self);

const char *market_directory (const market_t *self);
const market_problems_t *market_problems (const market_t *self);
const calendar_t *market_calendar (const market_t *self);
const day_t *market_holidays (const market_t *self, size_t *count);

/* The symbols to scan, sorted by bytes, each once. */
size_t market_symbol_count (const market_t *self);
const char *market_symbol (const market_t *self, size_t index);

/* The symbol's index, or -1: it is not one of those. */
long market_find (const market_t *self, const char *symbol);

/* The symbol's splits in the order of their file; NULL and 0 when it has none. */
const wire_split_t *market_splits (const market_t *self, size_t index, size_t *count);
const wire_split_t *market_splits_of (const market_t *self, const char *symbol, size_t *count);

/* Bit i: SYMBOL has a folder for frequencies[i]. */
uint64_t market_folders (const market_t *self, size_t index, const frequency_t *frequencies,
                         size_t count);

/* Where the symbol's file is, below the directory: "data/candles/A/1d/2023.csv". For messages. */
#define MARKET_PATH_TEXT (SYMBOL_MAX + FREQUENCY_TEXT + PARTITION_TEXT + 32)
char *market_partition_path (const char *symbol, partition_t partition,
                             char text[static MARKET_PATH_TEXT]);

/* Opens a file of the market for reading: the descriptor, with `*size`; -1 and an empty `problem`
 * when there is none; -1 and a one-line `problem` when it cannot be read or must not be (a
 * directory in its place, larger than MARKET_FILE_MAX, no permission). */
int market_open_partition (const market_t *self, size_t index, partition_t partition, size_t *size,
                           char *problem, size_t problem_size);
int market_open_fundamentals (const market_t *self, size_t index, size_t *size, char *problem,
                              size_t problem_size);

/* The same by name, for any valid symbol, listed or not. */
int market_open_partition_of (const market_t *self, const char *symbol, partition_t partition,
                              size_t *size, char *problem, size_t problem_size);
int market_open_fundamentals_of (const market_t *self, const char *symbol, size_t *size,
                                 char *problem, size_t problem_size);

/* By what a file that was changed, replaced or removed is told from before. A value; all zero: there is
 * no such file. */
typedef struct {
    int64_t size, mtime_ns;
    uint64_t inode;
} market_stamp_t;

market_stamp_t market_stamp_partition_of (const market_t *self, const char *symbol,
                                          partition_t partition);
market_stamp_t market_stamp_fundamentals_of (const market_t *self, const char *symbol);

#endif

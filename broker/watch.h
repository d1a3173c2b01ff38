/* watch - which symbols' reference files (daily candles of this year and the last, fundamentals) were
 * changed while a live run uses them.
 *
 *     stat, a slice of the symbols at a time --> changed? --before 09:30--> gathered --> watch_changed
 *                                                    `------after-------> gathered --> said
 *
 * Until 09:30 exchange time of the source clock's day a change counts at once: changes are gathered
 * until they are through (gather.h), then each symbol is given out once, to be read again. A later one
 * would make a day of two halves: it is said and counted, and used from the next day, whose reference
 * data is read then anyway.
 *
 * Every symbol is looked at every WATCH_SWEEP_MS, spread evenly over the turns: three stats a symbol,
 * some 3 us. Files are told apart by size, time and inode, so one that is replaced by renaming counts
 * too.
 */
#ifndef WATCH_H
#define WATCH_H

#include "clock.h"
#include "market.h"

#define WATCH_SWEEP_MS 5000
#define WATCH_LAST_START                                                                           \
    (9 * 60 + 30) /* minute of the day from which on a change counts tomorrow */

typedef struct watch watch_t;

typedef struct {
    uint64_t looks;   /* at symbols */
    uint64_t changes; /* of symbols, given out */
    uint64_t late;    /* of symbols, after 09:30 */
    int64_t sweep_ms; /* how long the last look at all symbols took; 0 before there was one */
} watch_counts_t;

/* Watches the files of the market's symbols as they are now. The market must outlive it. */
watch_t *watch_new (const market_t *market);
void watch_destroy (watch_t **self);

/* Watches another symbol's files as they are now; nothing for one that is watched. To be called before
 * the files are read for the first time, or a change between the two would go unseen. */
void watch_add (watch_t *self, const char *symbol);

/* Looks at the symbols that are due, at most `max` of them. `clock_ms`: the source's clock; 0: there is
 * none yet, and nothing is done. */
void watch_turn (watch_t *self, size_t max, int64_t clock_ms, mono_t now);

/* A symbol whose files are to be read again; lives until the next watch_add. NULL: none now. */
const char *watch_changed (watch_t *self);

const watch_counts_t *watch_counts (const watch_t *self);

#endif

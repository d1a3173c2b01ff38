/* minutes_history - tells the minute report of the trading days before the run: from the 1-minute files of
 * the data directory, as far as there are any, a symbol at a time as symbols come.
 *
 *     new symbol --> its files of the last MINUTES_DAYS trading days --> minutes_seed
 *
 * About half a millisecond a symbol; without files some microseconds.
 */
#ifndef MINUTES_HISTORY_H
#define MINUTES_HISTORY_H

#include "clock.h"
#include "minute_file.h"
#include "minutes.h"

/* A value. The struct owns what it points to, but market and minutes. */
typedef struct {
    const market_t *market;
    minutes_t *minutes;
    minute_file_t file;
    uint32_t next;     /* symbol; those below are through */
    bool busy;         /* with `next` */
    day_t first, last; /* its days */
    day_t week;
    char name[SYMBOL_MAX + 1];
} minutes_history_t;

void minutes_history_init (minutes_history_t *self, const market_t *market, minutes_t *minutes);
void minutes_history_free (minutes_history_t *self);

/* Goes on until `end`, or until all `count` symbols are through: then false. `today`: the days before it are
 * read. `name` gives a symbol's name. */
bool minutes_history_turn (minutes_history_t *self, uint32_t count, day_t today, mono_t end,
                           const char *(*name) (const void *argument, uint32_t symbol),
                           const void *argument);

#endif

/* market_inside - what the parts of a market share: market.c (directory, symbols, files) and
 * market_json.c (holidays and splits). For them alone. */
#ifndef MARKET_INSIDE_H
#define MARKET_INSIDE_H

#include "market.h"
#include "name_list.h"

#define MARKET_NOTES 10 /* messages of a kind that are logged */

/* More are rejected: they would make messages that no receiver takes (wire_check). */
#define MARKET_HOLIDAYS_MAX 20000
#define MARKET_SPLITS_MAX   1000 /* of a symbol */

struct market {
    cell_t cell; /* symbols of other parts are not here */
    char *directory;
    int candles, fundamentals; /* open directories; fundamentals -1 when there is none */
    market_problems_t problems;
    calendar_t *calendar;
    size_t holiday_count;
    day_t *holidays;
    name_list_t symbols;
    bool is_live;            /* symbols that are not listed may come */
    name_list_t split_names; /* live: the symbols that the file of splits names */
    size_t split_count;
    wire_split_t *splits;  /* of all symbols, one behind the other */
    uint32_t *first_split; /* places into splits, one more than names; NULL without splits */
};

/* Reads the holidays, each day once, and makes the calendar; reads the splits of the symbols that
 * are scanned, in a live run of all. What is wrong in them is logged and counted. */
void market_load_holidays (market_t *self);
void market_load_splits (market_t *self);

/* Whose splits `first_split` lays out. */
static inline const name_list_t *market_split_names (const market_t *self)
{
    return self->is_live ? &self->split_names : &self->symbols;
}

/* Counts one rejected file or entry and logs it, behind the directory's name. */
void market_reject_json (market_t *self, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

#endif

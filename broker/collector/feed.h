/* feed - a stretch of the journal's rows, for who follows it. A value that you embed. */
#ifndef FEED_H
#define FEED_H

#include "journal.h"

typedef struct {
    journal_t *journal;
    const char *name; /* of the sink, for messages */
    journal_row_t *rows;
    size_t count;
    bool filled;
    uint64_t after, last;      /* the rows behind `after`, up to `last` */
    uint64_t skipped, counted; /* rows passed over among those up to `counted` */
    bool said;
} feed_t;

/* `journal` and `name` live longer. */
void feed_init (feed_t *self, journal_t *journal, const char *name);
void feed_free (feed_t *self);

/* Reads synced rows behind `after`; those that are there already are not read again. 1: `last` is
 * behind `after`; 0: there are none; -1: they cannot be read (logged). */
int feed_read (feed_t *self, uint64_t after);

#endif

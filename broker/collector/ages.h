/* ages - how old candles are on arrival: when their hits are taken, and when they are committed.
 *
 *     message: LIVE_HIT, PROGRESS --note--> noted --ages_take--> hit
 *                                             |                   (a bad message: ages_forget)
 *                                             +--> waiting --ages_commit, behind the transaction--> commit
 *
 * The age is the wall clock less the stamp of the oldest candle of what is noted: no candle was
 * younger than it is said to be. What has no stamp has no age. A value; all zero is empty. */
#ifndef AGES_H
#define AGES_H

#include "histogram.h"

typedef struct {
    int64_t stamp_us;
    uint32_t candles; /* 0: a hit */
} ages_note_t;

typedef struct {
    histogram_t hit, commit;
    uint64_t candles; /* committed, those without a stamp too */
    size_t waiting;   /* of the notes: their message was taken */
    size_t count, capacity;
    ages_note_t *notes;
} ages_t;

void ages_free (ages_t *self);

/* A hit, or with `candles` a PROGRESS that counts, of the message that is being taken. */
void ages_note (ages_t *self, int64_t stamp_us, uint32_t candles);
/* The message was good: its hits are taken now. Or it was not, and nothing of it counts. */
void ages_take (ages_t *self, int64_t now_us);
void ages_forget (ages_t *self);
/* All that was taken is committed now. */
void ages_commit (ages_t *self, int64_t now_us);

#endif

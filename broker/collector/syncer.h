/* syncer - fdatasync on a thread of its own, so that a slow disk holds up nobody else.
 *
 *     syncer_begin (fd) --> thread: fdatasync --> syncer_fd is readable --> syncer_end
 *
 * One at a time, of one caller. What was written to the file before syncer_begin survives a power cut
 * once syncer_end gave 0. A disk answers within a millisecond nearly always, and now and then
 * takes 15 to 300: then everything behind the collector's loop waited for it, and 1 % of all
 * candles were committed 44 ms late.
 */
#ifndef SYNCER_H
#define SYNCER_H

#include <stdbool.h>

typedef struct syncer syncer_t;

/* NULL with the error logged. */
syncer_t *syncer_new (void);
/* Waits for one that is under way. */
void syncer_destroy (syncer_t **self);

/* None is under way, and what the last gave was taken. `fd` is the caller's, and stays open until the
 * end. Never blocks. */
void syncer_begin (syncer_t *self, int fd);
/* Begun, and syncer_end has not said yet how it ended. */
bool syncer_is_busy (const syncer_t *self);

/* Readable when one has ended: for poll. */
int syncer_fd (const syncer_t *self);
/* How the one that is under way ended: 0, or an errno. -1: it has not yet, or there is none. With `wait` it
 * blocks until it has. */
int syncer_end (syncer_t *self, bool wait);

#endif

/* link - numbered messages over sockets that may lose some without a word.
 *
 * The broker gives each worker a session. Both of its data links (broker -> worker, worker ->
 * collector) carry it with n = 1, 2, 3... A receiver takes only last + 1; of a higher session only
 * 1; of a lower one nothing. Anything else is a gap: the link is broken until a new session begins.
 * Pure functions of state and message.
 */
#ifndef LINK_H
#define LINK_H

#include <stdbool.h>
#include <stdint.h>

/* `epoch` rises with each run of a broker, `counter` with each session in it. {0, 0} is before
 * every session. */
typedef struct {
    uint64_t epoch;
    uint64_t counter;
} session_t;

/* < 0, 0, > 0 as `a` is older, the same, newer. */
int session_compare (session_t a, session_t b);

/* The receiving end. A value; all zero is "nothing received". */
typedef struct {
    session_t session;
    uint64_t last; /* the highest n taken in `session` */
    bool gap; /* something is missing in `session`, be it its start: nothing more is taken of it */
} link_t;

typedef enum {
    LINK_TAKE, /* the next message: apply it */
    LINK_FIRST, /* the first message of a new session: forget all state of older ones, then apply it */
    LINK_OLD, /* of an ended session, or a repeat: ignore */
    LINK_GAP  /* messages are missing before it: ignore, and say so to the broker */
} link_verdict_t;

link_verdict_t link_take (link_t *self, session_t session, uint64_t n);

#endif

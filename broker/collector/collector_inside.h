/* collector_inside - what the parts of the collector process share: collector.c (its loop and sockets),
 * collector_batch.c and collector_live.c (what it does in a batch, and live). For them alone. */
#ifndef COLLECTOR_INSIDE_H
#define COLLECTOR_INSIDE_H

#include "collector.h"
#include "member.h"

/* What every kind of run has. Lives longer than the run. */
typedef struct {
    const collector_config_t *config;
    member_t member;  /* of the first broker, */
    member_t *others; /* and those of the others, its `next` */
    channel_t *pull;
    int code; /* the exit code of what failed; 0 */
} collector_t;

/* The next data message; false when there is none. */
bool collector_receive (collector_t *self, const char **bytes, size_t *size);

/* What a collector does in a run: the broker's welcome chooses. */
typedef struct {
    /* Says our state to the member's broker. */
    void (*say) (void *self, member_t *member);
    /* A control message of the member's broker. */
    void (*hear) (void *self, member_t *member, const wire_object_t *object);
    /* A data message; not called while `able` (NULL: always) is false. */
    void (*take) (void *self, const char *bytes, size_t size);
    bool (*able) (void *self);
    /* Once in each turn of the loop, when what came was taken; `busy`: more is there already; `ready`:
     * something it waits for is. */
    void (*turn) (void *self, bool busy, bool ready);
    /* What else it waits for: up to `max` items; returns how many. `*due_ms`: no longer than that; -1. */
    size_t (*waits) (void *self, zmq_pollitem_t *items, size_t max, int64_t *due_ms);
    /* How it is, beside what member_health says; NULL: well. */
    health_state_t (*health) (void *self);
    /* Ends as the loop ends, and frees. */
    void (*end) (void *self);
} collector_kind_t;

extern const collector_kind_t collector_batch, collector_live;

/* The `self` of a kind, by the welcome that came first, of the member's broker. NULL, with the code and the reason
 * logged, when it is not understood or the run cannot begin. */
void *collector_batch_new (collector_t *base, const wire_welcome_t *welcome);
void *collector_live_new (collector_t *base, member_t *member, const wire_live_welcome_t *welcome);

#endif

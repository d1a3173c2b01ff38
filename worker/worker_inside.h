/* worker_inside - what the parts of the worker process share: worker.c (its loop and sockets),
 * worker_batch.c and worker_live.c (what it does in a batch, and live). For them alone. */
#ifndef WORKER_INSIDE_H
#define WORKER_INSIDE_H

#include "member.h"
#include "outbox.h"

/* What a worker does in a run: the broker's welcome chooses. */
typedef struct {
    /* A control message. */
    void (*hear) (void *self, const wire_object_t *object);
    /* A data message. It sets the member's `changed` when our state did. */
    void (*take) (void *self, const char *bytes, size_t size);
    /* Says our state; `blocked`: the collector takes nothing. */
    void (*say) (void *self, bool blocked);
    outbox_t *(*outbox) (void *self);
    void (*destroy) (void *self);
    bool at_once; /* what is made goes at each turn of the loop, not when a message of it is full */
} duty_kind_t;

extern const duty_kind_t worker_batch;
extern const duty_kind_t worker_live;

/* The `self` of a kind. The member must live longer. NULL when the welcome is not understood: that
 * is logged, and the member is over. */
void *worker_batch_new (member_t *member, const wire_welcome_t *welcome);
void *worker_live_new (member_t *member, const wire_live_welcome_t *welcome);

#endif

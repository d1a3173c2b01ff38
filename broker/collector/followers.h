/* followers - the sinks of a live run, all of them: each follows the journal by itself. */
#ifndef FOLLOWERS_H
#define FOLLOWERS_H

#include "clock.h"
#include "follower.h"

#include <zmq.h>

typedef struct followers followers_t;

/* Opens the sinks, whose texts must live as long. NULL with the error logged, and `*usage`, as
 * follower_open has it. */
followers_t *followers_open (journal_t *journal, const char *const *sinks, size_t count,
                             const follower_config_t *config, bool *usage);
void followers_destroy (followers_t **self);

/* Steps all of them, if there are new rows, `ready` (one of their descriptors is), or it is time to. */
void followers_turn (followers_t *self, bool ready, mono_t now);

/* What they wait for: up to `max` items; returns how many. `*due_ms`: until followers_turn wants to be
 * called again; -1: when there are new rows. */
size_t followers_waits (const followers_t *self, zmq_pollitem_t *items, size_t max, mono_t now,
                        int64_t *due_ms);

bool followers_are_even (const followers_t *self);

/* Their states, as many as there are sinks; they live until the next call. */
const wire_sink_state_t *followers_states (followers_t *self);

/* Lets the journal forget what all of them have, and what is older than `before_ms`. */
void followers_forget (followers_t *self, int64_t before_ms);

#endif

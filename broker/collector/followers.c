#include "followers.h"

#include "memory.h"

#include <poll.h>
#include <stdlib.h>

#define MANY_MS 50 /* sinks beyond those that can be waited for are looked at so often */

struct followers {
    journal_t *journal;
    size_t count;
    follower_t **items;
    wire_sink_state_t *states;
    uint64_t synced; /* when they were stepped last */
    bool more;       /* one of them has more to do at once */
};

followers_t *followers_open (journal_t *journal, const char *const *sinks, size_t count,
                             const follower_config_t *config, bool *usage)
{
    followers_t *self = memory_new (sizeof *self);
    self->journal = journal;
    self->items = memory_new (count * sizeof (follower_t *));
    self->states = memory_new (count * sizeof *self->states);
    self->more = true;
    *usage = false;
    for (size_t i = 0; i < count; i++) {
        self->items[i] = follower_open (journal, sinks[i], config, usage);
        if (!self->items[i]) {
            followers_destroy (&self);
            break;
        }
        self->count++;
    }
    return self;
}

void followers_destroy (followers_t **self_p)
{
    followers_t *self = *self_p;
    if (!self) {
        return;
    }
    for (size_t i = 0; i < self->count; i++) {
        follower_destroy (&self->items[i]);
    }
    free (self->items);
    free (self->states);
    free (self);
    *self_p = NULL;
}

static int64_t sooner (int64_t a, int64_t b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

static int64_t due (const followers_t *self, mono_t now)
{
    bool rows = journal_synced (self->journal) != self->synced;
    int64_t due_ms = self->more || rows ? 0 : -1;
    for (size_t i = 0; i < self->count && due_ms != 0; i++) {
        due_ms = sooner (due_ms, follower_due_ms (self->items[i], now.us / 1000));
    }
    return due_ms;
}

void followers_turn (followers_t *self, bool ready, mono_t now)
{
    if (!ready && due (self, now) != 0) {
        return;
    }
    self->synced = journal_synced (self->journal);
    self->more = false;
    for (size_t i = 0; i < self->count; i++) {
        self->more = follower_step (self->items[i], now.us / 1000) || self->more;
    }
}

size_t followers_waits (const followers_t *self, zmq_pollitem_t *items, size_t max, mono_t now,
                        int64_t *due_ms)
{
    size_t count = 0;
    *due_ms = due (self, now);
    for (size_t i = 0; i < self->count; i++) {
        short events = 0;
        int fd = follower_poll (self->items[i], &events);
        if (fd >= 0 && count < max) {
            short wanted =
                (short) ((events & POLLIN ? ZMQ_POLLIN : 0) | (events & POLLOUT ? ZMQ_POLLOUT : 0));
            items[count++] = (zmq_pollitem_t){.fd = fd, .events = wanted};
        } else if (fd >= 0) {
            *due_ms = sooner (*due_ms, MANY_MS);
        }
    }
    return count;
}

bool followers_are_even (const followers_t *self)
{
    for (size_t i = 0; i < self->count; i++) {
        if (!follower_is_even (self->items[i])) {
            return false;
        }
    }
    return true;
}

const wire_sink_state_t *followers_states (followers_t *self)
{
    for (size_t i = 0; i < self->count; i++) {
        follower_state (self->items[i], &self->states[i]);
    }
    return self->states;
}

void followers_forget (followers_t *self, int64_t before_ms)
{
    size_t count = 0;
    const char **names = NULL;
    for (size_t i = 0; i < self->count; i++) {
        const char *name;
        for (size_t k = 0; (name = follower_cursor (self->items[i], k)); k++) {
            names = memory_resize (names, count + 1, sizeof *names);
            names[count++] = name;
        }
    }
    journal_forget (self->journal, names, count, before_ms);
    free (names);
}

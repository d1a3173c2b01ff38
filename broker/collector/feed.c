#include "feed.h"

#include "follower.h"
#include "log.h"
#include "memory.h"

#include <inttypes.h>
#include <stdlib.h>

void feed_init (feed_t *self, journal_t *journal, const char *name)
{
    *self = (feed_t){.journal = journal, .name = name};
    self->rows = memory_new (FOLLOWER_ROWS * sizeof *self->rows);
}

void feed_free (feed_t *self)
{
    free (self->rows);
    *self = (feed_t){0};
}

/* Says once, with their number, what the run does not know: when the end is reached. */
static void say_skipped (feed_t *self)
{
    if (self->skipped > 0 && !self->said) {
        self->said = true;
        log_warning ("%s: %" PRIu64
                     " hits in the journal are of scans that this run does not have: "
                     "passed over",
                     self->name, self->skipped);
    }
}

int feed_read (feed_t *self, uint64_t after)
{
    if (self->filled && self->after == after && self->last > after) {
        return 1;
    }
    if (journal_synced (self->journal) <= after) {
        say_skipped (self);
        return 0;
    }
    uint64_t skipped = 0;
    self->last = after;
    long count =
        journal_read (self->journal, after, self->rows, FOLLOWER_ROWS, &self->last, &skipped);
    self->filled = count >= 0;
    if (count < 0) {
        return -1;
    }
    self->count = (size_t) count;
    self->after = after;
    if (self->last > self->counted) {
        self->counted = self->last;
        self->skipped += skipped;
    }
    return self->last > after;
}

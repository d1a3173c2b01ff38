#include "gather.h"

#include "memory.h"

#include <stdlib.h>
#include <string.h>

static bool *flag_of (gather_t *self, uint32_t item)
{
    if (item >= self->flags) {
        uint32_t flags = item + item / 2 + 64;
        self->is_in = memory_resize (self->is_in, flags, sizeof *self->is_in);
        memset (self->is_in + self->flags, 0, (flags - self->flags) * sizeof *self->is_in);
        self->flags = flags;
    }
    return &self->is_in[item];
}

void gather_add (gather_t *self, uint32_t item, mono_t now)
{
    bool *is_in = flag_of (self, item);
    if (self->count == 0) {
        self->first = now;
    }
    self->last = now;
    if (*is_in) {
        return;
    }
    *is_in = true;
    if (self->count == self->capacity) {
        self->capacity = self->capacity ? self->capacity * 2 : 64;
        self->items = memory_resize (self->items, self->capacity, sizeof *self->items);
    }
    self->items[self->count++] = item;
}

int64_t gather_due_ms (const gather_t *self, mono_t now)
{
    if (self->count == 0) {
        return -1;
    }
    int64_t quiet = GATHER_QUIET_MS - mono_ms (self->last, now);
    int64_t most = GATHER_MAX_MS - mono_ms (self->first, now);
    int64_t due = quiet < most ? quiet : most;
    return due > 0 ? due : 0;
}

bool gather_is_due (const gather_t *self, mono_t now)
{
    return gather_due_ms (self, now) == 0;
}

void gather_clear (gather_t *self)
{
    for (size_t i = 0; i < self->count; i++) {
        self->is_in[self->items[i]] = false;
    }
    self->count = 0;
}

void gather_free (gather_t *self)
{
    free (self->items);
    free (self->is_in);
    *self = (gather_t){0};
}

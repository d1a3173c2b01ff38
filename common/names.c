#include "names.h"

#include "shard.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS_MIN 64

void names_free (names_t *self)
{
    buffer_free (&self->text);
    free (self->offsets);
    free (self->slots);
    *self = (names_t){0};
}

const char *names_text (const names_t *self, uint32_t number)
{
    return self->text.bytes + self->offsets[number];
}

/* The slot that has the name, or the free one where it belongs. There is always a free one. */
static uint32_t *find_slot (const names_t *self, const char *name)
{
    uint64_t hash = shard_hash (SHARD_HASH_START, name, strlen (name));
    uint32_t at = (uint32_t) (hash ^ (hash >> 32)) & self->slot_mask;
    while (self->slots[at] != NAMES_NONE &&
           strcmp (names_text (self, self->slots[at]), name) != 0) {
        at = (at + 1) & self->slot_mask;
    }
    return &self->slots[at];
}

/* Makes room so that at most half of the slots are taken. */
static void grow (names_t *self)
{
    if (self->slots && (uint64_t) self->count * 2 < self->slot_mask) {
        return;
    }
    uint32_t slots = self->slots ? (self->slot_mask + 1) * 2 : SLOTS_MIN;
    self->slots = memory_resize (self->slots, slots, sizeof *self->slots);
    memset (self->slots, 0xff, slots * sizeof *self->slots);
    self->slot_mask = slots - 1;
    for (uint32_t i = 0; i < self->count; i++) {
        *find_slot (self, names_text (self, i)) = i;
    }
}

uint32_t names_find (const names_t *self, const char *name)
{
    return self->slots ? *find_slot (self, name) : NAMES_NONE;
}

uint32_t names_add (names_t *self, const char *name)
{
    uint32_t number = names_find (self, name);
    if (number != NAMES_NONE) {
        return number;
    }
    grow (self);
    if (self->count == self->capacity) {
        self->capacity = self->capacity * 2 + 64;
        self->offsets = memory_resize (self->offsets, self->capacity, sizeof *self->offsets);
    }
    self->offsets[self->count] = (uint32_t) self->text.size;
    buffer_append (&self->text, name, strlen (name) + 1);
    *find_slot (self, name) = self->count;
    return self->count++;
}

#include "desk_shard.h"

#include "memory.h"
#include "shard.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS_FIRST 16

static void drop_symbol (desk_symbol_t *symbol)
{
    symbol_day_destroy (&symbol->today);
    symbol_day_destroy (&symbol->next);
    free (symbol);
}

void desk_shard_drop (desk_shard_t *self)
{
    for (size_t i = 0; i < self->slot_count; i++) {
        if (self->slots[i]) {
            drop_symbol (self->slots[i]);
        }
    }
    free (self->slots);
    free (self->numbered);
    free (self->waiting);
    self->slots = self->numbered = self->waiting = NULL;
    self->symbol_count = self->slot_count = self->waiting_count = self->waiting_capacity = 0;
    self->numbered_count = self->numbered_capacity = 0;
    self->due_ms = INT64_MAX;
}

/* Where the name is, or is to be put. There is a free slot. */
static desk_symbol_t **slot_of (const desk_shard_t *self, const char *name)
{
    uint64_t hash = shard_hash (SHARD_HASH_START, name, strlen (name));
    size_t i = (hash ^ hash >> 32) & (self->slot_count - 1);
    while (self->slots[i] && strcmp (self->slots[i]->name, name) != 0) {
        i = (i + 1) & (self->slot_count - 1);
    }
    return &self->slots[i];
}

desk_symbol_t *desk_shard_find (const desk_shard_t *self, const char *name)
{
    return self->slot_count > 0 ? *slot_of (self, name) : NULL;
}

static void grow (desk_shard_t *self)
{
    desk_symbol_t **old = self->slots;
    size_t count = self->slot_count;
    self->slot_count = count ? count * 2 : SLOTS_FIRST;
    self->slots = memory_new (self->slot_count * sizeof (desk_symbol_t *));
    for (size_t i = 0; i < count; i++) {
        if (old[i]) {
            *slot_of (self, old[i]->name) = old[i];
        }
    }
    free (old);
}

desk_symbol_t *desk_shard_add (desk_shard_t *self, const char *name, day_t closed)
{
    if (self->symbol_count * 4 >= self->slot_count * 3) {
        grow (self);
    }
    desk_symbol_t **slot = slot_of (self, name);
    if (!*slot) {
        *slot = memory_new (sizeof **slot);
        memcpy ((*slot)->name, name, strlen (name) + 1);
        (*slot)->next_day = DAY_NONE;
        series_init (&(*slot)->series, closed);
        self->symbol_count++;
    }
    return *slot;
}

void desk_shard_number (desk_shard_t *self, desk_symbol_t *symbol)
{
    if (self->numbered_count == self->numbered_capacity) {
        self->numbered_capacity = self->numbered_capacity * 2 + 16;
        self->numbered =
            memory_resize (self->numbered, self->numbered_capacity, sizeof (desk_symbol_t *));
    }
    self->numbered[self->numbered_count++] = symbol;
}

void desk_shard_wait (desk_shard_t *self, desk_symbol_t *symbol)
{
    if (symbol->waits) {
        return;
    }
    symbol->waits = true;
    if (self->waiting_count == self->waiting_capacity) {
        self->waiting_capacity = self->waiting_capacity * 2 + 8;
        self->waiting =
            memory_resize (self->waiting, self->waiting_capacity, sizeof (desk_symbol_t *));
    }
    self->waiting[self->waiting_count++] = symbol;
}

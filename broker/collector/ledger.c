#include "ledger.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    uint32_t attempt; /* whose hits are held; 0 = none */
    bool whole;
    bool given; /* released over a gap: nothing of it is held any more */
    bool void_; /* will never come */
    char symbol[SYMBOL_MAX + 1];
    size_t hit_count;
    buffer_t hits; /* packed: each as long as its values */
    wire_counts_t counts;
    size_t note_count;
    char (*notes)[WIRE_NOTE_MAX + 1];
} slot_t;

struct ledger {
    uint32_t released;
    uint64_t held_bytes;
    slot_t reading;            /* the unit released last */
    size_t read;               /* bytes of its hits that were read */
    slot_t ring[LEDGER_REACH]; /* of units released .. released + LEDGER_REACH - 1 */
};

ledger_t *ledger_new (void)
{
    return memory_new (sizeof (ledger_t));
}

static void slot_clear (ledger_t *self, slot_t *slot)
{
    self->held_bytes -= slot->hits.size;
    buffer_free (&slot->hits);
    free (slot->notes);
    *slot = (slot_t){0};
}

void ledger_destroy (ledger_t **self)
{
    if (*self) {
        for (size_t i = 0; i < LEDGER_REACH; i++) {
            slot_clear (*self, &(*self)->ring[i]);
        }
        slot_clear (*self, &(*self)->reading);
        free (*self);
        *self = NULL;
    }
}

static slot_t *slot_at (ledger_t *self, uint32_t unit)
{
    return &self->ring[unit % LEDGER_REACH];
}

static bool in_reach (const ledger_t *self, uint32_t unit)
{
    return unit - self->released < LEDGER_REACH;
}

/* The slot that takes something of this attempt; NULL when there is nothing to take it for. */
static slot_t *taking (ledger_t *self, uint32_t unit, uint32_t attempt)
{
    slot_t *slot = slot_at (self, unit);
    if (slot->whole || attempt < slot->attempt) {
        return NULL;
    }
    if (attempt > slot->attempt) {
        bool void_ = slot->void_;
        slot_clear (self, slot);
        slot->void_ = void_;
        slot->attempt = attempt;
    }
    return slot;
}

static size_t packed_size (int value_count)
{
    return offsetof (hit_t, values) + (size_t) value_count * sizeof (double);
}

bool ledger_hit (ledger_t *self, const wire_hit_t *hit)
{
    if (hit->unit < self->released) {
        return true;
    }
    if (!in_reach (self, hit->unit)) {
        return false;
    }
    slot_t *slot = taking (self, hit->unit, hit->attempt);
    if (slot) {
        size_t size = packed_size (hit->hit.value_count);
        buffer_append (&slot->hits, &hit->hit, size);
        self->held_bytes += size;
        slot->hit_count++;
    }
    return true;
}

bool ledger_done (ledger_t *self, const wire_done_t *done)
{
    if (done->unit < self->released) {
        return true;
    }
    if (!in_reach (self, done->unit)) {
        return false;
    }
    slot_t *slot = taking (self, done->unit, done->attempt);
    if (slot) {
        slot->whole = true;
        memcpy (slot->symbol, done->symbol, sizeof slot->symbol);
        slot->counts = done->counts;
        slot->note_count = done->note_count;
        if (done->note_count > 0) {
            slot->notes = memory_new (done->note_count * sizeof *slot->notes);
            memcpy (slot->notes, done->notes, done->note_count * sizeof *slot->notes);
        }
    }
    return true;
}

void ledger_void (ledger_t *self, const uint32_t *units, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (units[i] >= self->released && in_reach (self, units[i])) {
            slot_at (self, units[i])->void_ = true;
        }
    }
}

/* Past units that were released over a gap, or will never come. */
static void pass (ledger_t *self)
{
    slot_t *slot = slot_at (self, self->released);
    while (slot->given || (slot->void_ && !slot->whole)) {
        slot_clear (self, slot);
        slot = slot_at (self, ++self->released);
    }
}

/* The first unit that can be released, or NULL. */
static slot_t *releasable (ledger_t *self, bool gaps, uint32_t *unit)
{
    for (uint32_t i = 0; i < (gaps ? LEDGER_REACH : 1); i++) {
        *unit = self->released + i;
        slot_t *slot = slot_at (self, *unit);
        if (slot->whole && !slot->given) {
            return slot;
        }
    }
    return NULL;
}

bool ledger_release (ledger_t *self, bool gaps, ledger_unit_t *unit)
{
    uint32_t id;
    slot_clear (self, &self->reading);
    self->read = 0;
    pass (self);
    slot_t *slot = releasable (self, gaps, &id);
    if (!slot) {
        return false;
    }
    slot_t *reading = &self->reading;
    *reading = *slot;
    *slot = (slot_t){.whole = true, .given = true};
    pass (self);
    *unit = (ledger_unit_t){.unit = id,
                            .symbol = reading->symbol,
                            .hit_count = reading->hit_count,
                            .counts = &reading->counts,
                            .note_count = reading->note_count,
                            .notes = (const char (*)[WIRE_NOTE_MAX + 1]) reading->notes};
    return true;
}

bool ledger_next_hit (ledger_t *self, hit_t *hit)
{
    if (self->read == self->reading.hits.size) {
        return false;
    }
    const char *at = self->reading.hits.bytes + self->read;
    memcpy (hit, at, packed_size (0));
    memcpy (hit->values, at + packed_size (0), (size_t) hit->value_count * sizeof (double));
    self->read += packed_size (hit->value_count);
    return true;
}

uint32_t ledger_released (const ledger_t *self)
{
    return self->released;
}

uint64_t ledger_held_bytes (const ledger_t *self)
{
    return self->held_bytes;
}

size_t ledger_held (const ledger_t *self, char *held)
{
    size_t used = 0;
    memset (held, 0, LEDGER_REACH / 8);
    for (uint32_t i = 0; i < LEDGER_REACH; i++) {
        if (self->ring[(self->released + i) % LEDGER_REACH].whole) {
            held[i / 8] = (char) (held[i / 8] | 1 << (i % 8));
            used = i / 8 + 1;
        }
    }
    return used;
}

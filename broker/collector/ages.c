#include "ages.h"

#include <stdlib.h>

void ages_free (ages_t *self)
{
    free (self->notes);
    *self = (ages_t){0};
}

void ages_note (ages_t *self, int64_t stamp_us, uint32_t candles)
{
    if (self->count == self->capacity) {
        self->capacity = self->capacity * 2 + 64;
        self->notes = memory_resize (self->notes, self->capacity, sizeof *self->notes);
    }
    self->notes[self->count++] = (ages_note_t){stamp_us, candles};
}

static void record (histogram_t *histogram, int64_t stamp_us, int64_t now_us, uint64_t weight)
{
    if (stamp_us > 0) {
        histogram_record (histogram, now_us - stamp_us, weight);
    }
}

void ages_take (ages_t *self, int64_t now_us)
{
    for (size_t i = self->waiting; i < self->count; i++) {
        const ages_note_t *note = &self->notes[i];
        if (note->candles > 0) {
            self->notes[self->waiting++] = *note;
        } else {
            record (&self->hit, note->stamp_us, now_us, 1);
        }
    }
    self->count = self->waiting;
}

void ages_forget (ages_t *self)
{
    self->count = self->waiting;
}

void ages_commit (ages_t *self, int64_t now_us)
{
    for (size_t i = 0; i < self->waiting; i++) {
        const ages_note_t *note = &self->notes[i];
        self->candles += note->candles;
        record (&self->commit, note->stamp_us, now_us, note->candles);
    }
    self->count = self->waiting = 0;
}

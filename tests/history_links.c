/* Links that lose: data in order, cut when a connection breaks; control messages late, lost, in any
 * order. */
#include "history.h"

#include <stdlib.h>
#include <string.h>

void pipe_push (sim_t *self, pipe_t *pipe, buffer_t *bytes)
{
    if (pipe->end == pipe->capacity) {
        if (pipe->first > pipe->capacity / 2) {
            memmove (pipe->packets, pipe->packets + pipe->first,
                     pipe_count (pipe) * sizeof *pipe->packets);
            pipe->end -= pipe->first;
            pipe->first = 0;
        } else {
            pipe->capacity = pipe->capacity * 2 + 8;
            pipe->packets = memory_resize (pipe->packets, pipe->capacity, sizeof *pipe->packets);
        }
    }
    uint64_t due_ms = self->now + sim_below (self, self->lag_ms + 1);
    if (pipe_count (pipe) > 0 && pipe->packets[pipe->end - 1].due_ms > due_ms) {
        due_ms = pipe->packets[pipe->end - 1].due_ms;
    }
    pipe->packets[pipe->end++] = (packet_t){due_ms, *bytes};
    *bytes = (buffer_t){0};
}

bool pipe_pop (sim_t *self, pipe_t *pipe, buffer_t *bytes)
{
    if (pipe_count (pipe) == 0 || pipe->packets[pipe->first].due_ms > self->now) {
        return false;
    }
    *bytes = pipe->packets[pipe->first++].bytes;
    if (pipe->first == pipe->end) {
        pipe->first = pipe->end = 0;
    }
    return true;
}

void pipe_cut (pipe_t *pipe, size_t count)
{
    while (count-- > 0) {
        buffer_free (&pipe->packets[--pipe->end].bytes);
    }
}

void pipe_lose (pipe_t *pipe, size_t count)
{
    while (count-- > 0) {
        buffer_free (&pipe->packets[pipe->first++].bytes);
    }
}

void pipe_free (pipe_t *pipe)
{
    pipe_cut (pipe, pipe_count (pipe));
    free (pipe->packets);
    *pipe = (pipe_t){0};
}

void letter_send (sim_t *self, receiver_t to, uint64_t number, uint64_t from, buffer_t *bytes)
{
    bool calm = self->fault_rate == 0 || self->now > self->calm_ms;
    if (!calm && sim_chance (self, 5)) {
        buffer_free (bytes);
        return;
    }
    if (self->letter_count == self->letter_capacity) {
        self->letter_capacity = self->letter_capacity * 2 + 32;
        self->letters = memory_resize (self->letters, self->letter_capacity, sizeof *self->letters);
    }
    uint32_t lag_ms = !calm && sim_chance (self, 3) ? 2500 : self->lag_ms;
    self->letters[self->letter_count++] =
        (letter_t){self->now + sim_below (self, lag_ms + 1), to, number, from, *bytes};
    *bytes = (buffer_t){0};
}

static void take_out (sim_t *self, size_t i)
{
    self->letter_count--;
    memmove (self->letters + i, self->letters + i + 1,
             (self->letter_count - i) * sizeof *self->letters);
}

bool letter_next (sim_t *self, receiver_t to, uint64_t number, uint64_t *from, buffer_t *bytes)
{
    for (size_t i = 0; i < self->letter_count; i++) {
        const letter_t *letter = &self->letters[i];
        if (letter->to == to && letter->number == number && letter->due_ms <= self->now) {
            *from = letter->from;
            *bytes = letter->bytes;
            take_out (self, i);
            return true;
        }
    }
    return false;
}

void letters_forget (sim_t *self, receiver_t to, uint64_t number)
{
    for (size_t i = self->letter_count; i-- > 0;) {
        if (self->letters[i].to == to && self->letters[i].number == number) {
            buffer_free (&self->letters[i].bytes);
            take_out (self, i);
        }
    }
}

#include "names_order.h"

#include <stdlib.h>
#include <string.h>

void names_order_free (names_order_t *self)
{
    free (self->next);
    *self = (names_order_t){0};
}

/* Room for all names that there are. */
static void grow (names_order_t *self, uint32_t count)
{
    uint32_t capacity = count + count / 2 + 64;
    self->next = memory_resize (self->next, capacity, sizeof *self->next);
    memset (self->next + self->capacity, 0, (capacity - self->capacity) * sizeof *self->next);
    self->capacity = capacity;
}

/* The one after it; 0 after 0. */
static uint32_t follow (const names_order_t *self, uint32_t one)
{
    return one > 0 ? self->next[one - 1] : 0;
}

/* The order was another one: what comes after `number` is looked up anew. */
static void learn (names_order_t *self, uint32_t number)
{
    if (self->last > 0) {
        self->next[self->last - 1] = number + 1;
    }
    self->ahead = number + 1;
    for (int i = 0; i < NAMES_ORDER_AHEAD; i++) {
        self->ahead = follow (self, self->ahead);
    }
}

uint32_t names_order_find (names_order_t *self, const names_t *names, const char *name)
{
    uint32_t guess = follow (self, self->last);
    if (guess > 0 && strcmp (names_text (names, guess - 1), name) == 0) {
        self->last = guess;
        self->ahead = follow (self, self->ahead);
        return guess - 1;
    }
    uint32_t number = names_find (names, name);
    if (number == NAMES_NONE) {
        return number;
    }
    if (number >= self->capacity) {
        grow (self, names->count);
    }
    learn (self, number);
    self->last = number + 1;
    return number;
}

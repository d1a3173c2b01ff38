#include "symbol_set.h"

#include "memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void grow (symbol_set_t *self, uint32_t count)
{
    if (count > self->count) {
        self->words = memory_resize (self->words, count, sizeof *self->words);
        memset (self->words + self->count, 0, (count - self->count) * sizeof *self->words);
        self->count = count;
    }
}

bool symbol_set_add (symbol_set_t *self, uint32_t symbol, uint32_t *room)
{
    uint32_t word = symbol / SYMBOL_SET_WORD;
    uint64_t bit = UINT64_C (1) << (symbol % SYMBOL_SET_WORD);
    if (word >= self->count) {
        *room = word < *room ? *room : word + word / 4 + 1;
        grow (self, *room);
    }
    bool is_new = !(self->words[word] & bit);
    self->words[word] |= bit;
    return is_new;
}

void symbol_set_join (symbol_set_t *self, const symbol_set_t *other)
{
    grow (self, other->count);
    for (uint32_t i = 0; i < other->count; i++) {
        self->words[i] |= other->words[i];
    }
}

/* `ones`, `twos` and `fours` are the digits of 64 binary numbers, to which each set adds. */
uint64_t symbol_set_majority (const symbol_set_t *const *sets, int count, uint32_t word)
{
    assert (count <= 7);
    uint64_t ones = 0, twos = 0, fours = 0;
    for (int i = 0; i < count; i++) {
        uint64_t add = symbol_set_word (sets[i], word);
        uint64_t carry = ones & add;
        ones ^= add;
        fours |= twos & carry;
        twos ^= carry;
    }
    switch (count / 2 + 1) { /* so many are needed */
    case 1:
        return ones | twos | fours;
    case 2:
        return twos | fours;
    case 3:
        return fours | (twos & ones);
    default:
        return fours;
    }
}

void symbol_set_free (symbol_set_t *self)
{
    free (self->words);
    *self = (symbol_set_t){0};
}

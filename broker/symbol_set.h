/* symbol_set - a set of symbols by their numbers, 64 in a word, so that sets of a whole market are
 * joined and counted in a microsecond.
 *
 * A value: all zero is the empty set.
 */
#ifndef SYMBOL_SET_H
#define SYMBOL_SET_H

#include <stdbool.h>
#include <stdint.h>

#define SYMBOL_SET_WORD 64 /* symbols of a word */

typedef struct {
    uint64_t *words;
    uint32_t count; /* of words; what lies behind is not in the set */
} symbol_set_t;

/* Adds a symbol; false when it was in there. `*room` is how many words a set that grows is given at
 * least: shared by sets of the same symbols it makes each grow once. */
bool symbol_set_add (symbol_set_t *self, uint32_t symbol, uint32_t *room);

/* Adds all symbols of another set. */
void symbol_set_join (symbol_set_t *self, const symbol_set_t *other);

/* Symbols 64 * word ... 64 * word + 63, lowest bit first. */
static inline uint64_t symbol_set_word (const symbol_set_t *self, uint32_t word)
{
    return word < self->count ? self->words[word] : 0;
}

/* The same of those symbols that are in more than half of up to 7 sets. */
uint64_t symbol_set_majority (const symbol_set_t *const *sets, int count, uint32_t word);

void symbol_set_free (symbol_set_t *self);

#endif

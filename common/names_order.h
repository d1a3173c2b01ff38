/* names_order - finds names that come in the same order again and again.
 *
 *     name --> the one that followed the name before, last time: is it that?  --yes--> its number, one comparison
 *                                                                     \--no--> names_find (hash, slot, text)
 *
 * A minute's candles come symbol by symbol, in about the order of the minute before. Who follows whom is
 * remembered, one number for each name; so it is also known who comes some names later, whose state can
 * be fetched into the cache meanwhile. (With 10,000 symbols, a name by its hash and its state were three
 * misses of the cache, one after the other: half of what an entry cost.)
 */
#ifndef NAMES_ORDER_H
#define NAMES_ORDER_H

#include "names.h"

#define NAMES_ORDER_AHEAD 4 /* names between the one that was found and names_order_ahead */

/* A value: all zero is empty. */
typedef struct {
    uint32_t capacity;
    uint32_t *next; /* of each name: the number that came after it last, plus 1; 0: none did */
    uint32_t last;  /* the name that was found last, plus 1; 0: none */
    uint32_t ahead; /* the one that is expected NAMES_ORDER_AHEAD names after `last`, plus 1 */
} names_order_t;

/* The number of the name, or NAMES_NONE: as names_find says. */
uint32_t names_order_find (names_order_t *self, const names_t *names, const char *name);

/* The number of a name that comes soon, if the order stays; NAMES_NONE when there is no order yet. */
static inline uint32_t names_order_ahead (const names_order_t *self)
{
    return self->ahead - 1; /* 0: NAMES_NONE */
}

void names_order_free (names_order_t *self);

#endif

/* names - a growing set of names: each has a number, 0, 1, 2... in the order in which they came.
 *
 * For symbols and streams that come from outside: a hash table beside one block of text, so that
 * 100,000 names cost two blocks. Its owner bounds how many there may be.
 */
#ifndef NAMES_H
#define NAMES_H

#include "memory.h"

#include <stdint.h>

#define NAMES_NONE UINT32_MAX

/* A value: `names_t n = {0};` is empty and valid. It owns what it points to. */
typedef struct {
    buffer_t text;     /* every name with its NUL */
    uint32_t *offsets; /* of each in `text` */
    uint32_t count;
    uint32_t capacity;  /* of offsets */
    uint32_t *slots;    /* numbers by hash, NAMES_NONE when free */
    uint32_t slot_mask; /* a power of two minus one; 0: no slots yet */
} names_t;

void names_free (names_t *self);

/* The name's number, or NAMES_NONE. */
uint32_t names_find (const names_t *self, const char *name);

/* The same; a new name is added. */
uint32_t names_add (names_t *self, const char *name);

/* Lives until the next names_add. */
const char *names_text (const names_t *self, uint32_t number);

#endif

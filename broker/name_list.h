/* name_list - a sorted set of short texts: the symbols of a market.
 *
 * A value: `name_list_t n = {0};` is empty and valid. 100,000 names cost 1 MB.
 */
#ifndef NAME_LIST_H
#define NAME_LIST_H

#include "memory.h"

#include <stdint.h>

typedef struct {
    size_t count;
    uint32_t *offsets; /* of each name in `texts`, once it is sorted */
    buffer_t texts;    /* each with its NUL */
} name_list_t;

/* Appends a name. Before anything else is asked the set must be sorted, once, behind the last name. */
void name_list_add (name_list_t *self, const char *name);

/* Sorts by bytes, and keeps each name once. */
void name_list_sort (name_list_t *self);

static inline const char *name_list_at (const name_list_t *self, size_t index)
{
    return self->texts.bytes + self->offsets[index];
}

/* The name's index, or -1. */
long name_list_find (const name_list_t *self, const char *name);

void name_list_free (name_list_t *self);

#endif

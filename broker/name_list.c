#include "name_list.h"

#include <stdlib.h>
#include <string.h>

void name_list_add (name_list_t *self, const char *name)
{
    self->count++;
    buffer_append (&self->texts, name, strlen (name) + 1);
}

static int compare (const void *a, const void *b, void *texts)
{
    const char *text = texts;
    return strcmp (text + *(const uint32_t *) a, text + *(const uint32_t *) b);
}

/* All at once, behind the texts: two arrays that grow in turn leave holes of their former sizes. */
static void find_offsets (name_list_t *self)
{
    self->offsets = memory_resize (self->offsets, self->count, sizeof *self->offsets);
    uint32_t at = 0;
    for (size_t i = 0; i < self->count; i++) {
        self->offsets[i] = at;
        at += (uint32_t) strlen (self->texts.bytes + at) + 1;
    }
}

void name_list_sort (name_list_t *self)
{
    if (self->count > 0) {
        find_offsets (self);
        qsort_r (self->offsets, self->count, sizeof *self->offsets, compare, self->texts.bytes);
    }
    size_t kept = 0;
    for (size_t i = 0; i < self->count; i++) {
        if (kept == 0 || strcmp (name_list_at (self, kept - 1), name_list_at (self, i)) != 0) {
            self->offsets[kept++] = self->offsets[i];
        }
    }
    self->count = kept;
}

long name_list_find (const name_list_t *self, const char *name)
{
    size_t low = 0, high = self->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp (name_list_at (self, middle), name);
        if (order == 0) {
            return (long) middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return -1;
}

void name_list_free (name_list_t *self)
{
    free (self->offsets);
    buffer_free (&self->texts);
    *self = (name_list_t){0};
}

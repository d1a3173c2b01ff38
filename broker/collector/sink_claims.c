#include "sink_claims.h"

#include "memory.h"
#include "sink_path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const sink_claim_t *find (const sink_claims_t *self, const char *file)
{
    for (size_t i = 0; i < self->count; i++) {
        if (strcmp (self->items[i].file, file) == 0) {
            return &self->items[i];
        }
    }
    return NULL;
}

static void explain (const sink_claim_t *held, const char *const *sink, char *error, size_t size)
{
    const char *file = strcmp (held->file, "-") == 0 ? "stdout" : held->file;
    if (held->sink == sink) {
        snprintf (error, size, "%s writes the same file, %s, twice: give it another path", *sink,
                  file);
    } else {
        snprintf (error, size, "%s and %s write the same file, %s: give each its own", *held->sink,
                  *sink, file);
    }
}

int sink_claims_add (sink_claims_t *self, const char *const *sink, const char *path, char *error,
                     size_t error_size)
{
    char *file = sink_path_identity (path);
    const sink_claim_t *held = find (self, file);
    if (held) {
        explain (held, sink, error, error_size);
        free (file);
        return -1;
    }
    self->items = memory_resize (self->items, self->count + 1, sizeof *self->items);
    self->items[self->count++] = (sink_claim_t){file, sink};
    return 0;
}

void sink_claims_free (sink_claims_t *self)
{
    for (size_t i = 0; i < self->count; i++) {
        free (self->items[i].file);
    }
    free (self->items);
    *self = (sink_claims_t){0};
}

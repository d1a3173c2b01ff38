#include "sink_claims.h"

#include "memory.h"
#include "sink_path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const sink_claim_t *find (const sink_claims_t *self, const sink_claim_t *claim)
{
    for (size_t i = 0; i < self->count; i++) {
        const sink_claim_t *held = &self->items[i];
        if (strcmp (held->noun, claim->noun) == 0 && strcmp (held->name, claim->name) == 0) {
            return held;
        }
    }
    return NULL;
}

static void explain (const sink_claim_t *held, const char *const *sink, char *error, size_t size)
{
    const char *name = strcmp (held->name, "-") == 0 ? "stdout" : held->name;
    if (held->sink == sink) {
        snprintf (error, size, "%s writes the same %s, %s, twice: give it another path", *sink,
                  held->noun, name);
    } else {
        snprintf (error, size, "%s and %s write the same %s, %s: give each its own", *held->sink,
                  *sink, held->noun, name);
    }
}

static int add (sink_claims_t *self, const sink_claim_t *claim, char *error, size_t error_size)
{
    const sink_claim_t *held = find (self, claim);
    if (held) {
        explain (held, claim->sink, error, error_size);
        free (claim->name);
        return -1;
    }
    self->items = memory_resize (self->items, self->count + 1, sizeof *self->items);
    self->items[self->count++] = *claim;
    return 0;
}

int sink_claims_add (sink_claims_t *self, const char *const *sink, const char *path, char *error,
                     size_t error_size)
{
    sink_claim_t claim = {"file", sink_path_identity (path), sink};
    return add (self, &claim, error, error_size);
}

int sink_claims_add_stream (sink_claims_t *self, const char *const *sink, char *name, char *error,
                            size_t error_size)
{
    sink_claim_t claim = {"stream", name, sink};
    return add (self, &claim, error, error_size);
}

void sink_claims_free (sink_claims_t *self)
{
    for (size_t i = 0; i < self->count; i++) {
        free (self->items[i].name);
    }
    free (self->items);
    *self = (sink_claims_t){0};
}

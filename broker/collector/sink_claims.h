/* sink_claims - the files and streams that the sinks of a run touch, each held by one sink. A value:
 * `sink_claims_t c = {0};` is empty and valid. */
#ifndef SINK_CLAIMS_H
#define SINK_CLAIMS_H

#include <stddef.h>

typedef struct {
    const char *noun;        /* what it is: "file" or "stream" */
    char *name;              /* of a file as sink_path_identity has it */
    const char *const *sink; /* its text; the address tells sinks of one text apart */
} sink_claim_t;

typedef struct {
    sink_claim_t *items;
    size_t count;
} sink_claims_t;

/* Claims `path` for `*sink`, a text that lives as long as the claims. 0, or -1 when it is claimed
 * already, with a line in `error` that names both sinks and says what to do. */
int sink_claims_add (sink_claims_t *self, const char *const *sink, const char *path, char *error,
                     size_t error_size);

/* The same for a stream; takes `name`. */
int sink_claims_add_stream (sink_claims_t *self, const char *const *sink, char *name, char *error,
                            size_t error_size);

/* Frees what it owns; the value is empty and valid again. */
void sink_claims_free (sink_claims_t *self);

#endif

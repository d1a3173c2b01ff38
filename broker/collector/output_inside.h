/* output_inside - what output.c and output_live.c share. */
#ifndef OUTPUT_INSIDE_H
#define OUTPUT_INSIDE_H

#include "fault.h"
#include "memory.h"
#include "output.h"

struct output {
    int fd;
    char *path;      /* the final name; "stdout" for messages */
    char *part;      /* NULL when written straight */
    buffer_t buffer; /* whole rows, but for the one being filled */
    size_t sent;     /* of a stream: bytes of the buffer that are written */
    bool failed;
    bool stream;     /* written by output_drain alone */
    bool in_place;   /* a live run's file: closing cuts it back to `synced` */
    bool dirty;      /* written since it was synced */
    uint64_t synced; /* its length when it was synced last */
    fault_t *fault;  /* takes errors; NULL: they are logged */
};

/* Says why, by errno; the output takes no more. -1. */
int output_fail (output_t *self, const char *what, const char *name);

/* Opens or creates `name` with `flags` and locks it, whoever renames it meanwhile. 0 or -1. */
int output_lock (output_t *self, const char *name, int flags);

/* Before a live run's file is written: 0, or -1 when it is not as it was synced. */
int output_check_place (output_t *self);

/* Is the file that is open the one of that name? */
bool output_is_at (const output_t *self, const char *name);

/* The name survives a power cut once the directory is synced; a file system that cannot do that
 * loses no data. */
void output_sync_directory (const char *path);

/* Frees what it owns, and closes; NULL. */
output_t *output_abandon (output_t *self);

#endif

/* pack - plain values as bytes, one behind the other, and back: for a state that one process of ours hands to
 * another of the same version. Little endian as in memory; doubles bit for bit.
 *
 * Reading never goes past the end: what is missing makes the reader bad, and reads as zeros.
 */
#ifndef PACK_H
#define PACK_H

#include "memory.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define PACK(buffer, value) buffer_append (buffer, (const char *) &(value), sizeof (value))

typedef struct {
    const char *at;
    size_t left;
    bool bad;
} unpack_t;

static inline void unpack_bytes (unpack_t *self, void *bytes, size_t size)
{
    memset (bytes, 0, size);
    if (self->left < size) {
        self->bad = true;
        self->left = 0;
        return;
    }
    memcpy (bytes, self->at, size);
    self->at += size;
    self->left -= size;
}

#define UNPACK(self, value) unpack_bytes (self, &(value), sizeof (value))

/* A flag, which was packed as a uint8_t. */
static inline bool unpack_flag (unpack_t *self)
{
    uint8_t value;
    UNPACK (self, value);
    self->bad = self->bad || value > 1;
    return value == 1;
}

/* A value that lies between two others, both included. */
static inline int64_t unpack_within (unpack_t *self, int64_t least, int64_t most)
{
    int64_t value;
    UNPACK (self, value);
    if (self->bad || value < least || value > most) {
        self->bad = true;
        value = least;
    }
    return value;
}

#endif

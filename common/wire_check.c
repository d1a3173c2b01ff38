#include "wire_check.h"

#include <stdbool.h>
#include <stdint.h>

/* of an object, all levels together: the unpacker takes 24 bytes for each */
#define ELEMENTS_MAX (1u << 18)
/* arrays in arrays: the object, its needs, a need, its partitions, a partition */
#define DEPTH_MAX 5

static uint64_t big_endian (const unsigned char *bytes, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) {
        value = value << 8 | bytes[i];
    }
    return value;
}

/* What a msgpack value's first byte, its tag, says of the bytes behind it. */
typedef struct {
    enum {
        NOTHING,  /* no value of this wire */
        SCALAR,   /* `width` bytes of value */
        BODY,     /* `width` bytes of length, and so many bytes */
        ELEMENTS, /* `width` bytes of count, and so many values */
    } shape;
    unsigned char width;
    unsigned char mask; /* with width 0: the bits of the tag that are the length or count */
} head_t;

static const head_t heads[256] = {
    [0x00 ... 0x7f] = {SCALAR, 0, 0},
    [0x90 ... 0x9f] = {ELEMENTS, 0, 0x0f},
    [0xa0 ... 0xbf] = {BODY, 0, 0x1f},
    [0xc0] = {SCALAR, 0, 0},
    [0xc2 ... 0xc3] = {SCALAR, 0, 0},
    [0xc4] = {BODY, 1, 0},
    [0xc5] = {BODY, 2, 0},
    [0xc6] = {BODY, 4, 0},
    [0xca] = {SCALAR, 4, 0},
    [0xcb] = {SCALAR, 8, 0},
    [0xcc] = {SCALAR, 1, 0},
    [0xcd] = {SCALAR, 2, 0},
    [0xce] = {SCALAR, 4, 0},
    [0xcf] = {SCALAR, 8, 0},
    [0xd0] = {SCALAR, 1, 0},
    [0xd1] = {SCALAR, 2, 0},
    [0xd2] = {SCALAR, 4, 0},
    [0xd3] = {SCALAR, 8, 0},
    [0xd9] = {BODY, 1, 0},
    [0xda] = {BODY, 2, 0},
    [0xdb] = {BODY, 4, 0},
    [0xdc] = {ELEMENTS, 2, 0},
    [0xdd] = {ELEMENTS, 4, 0},
    [0xe0 ... 0xff] = {SCALAR, 0, 0},
};

/* The head of the value at `at`: how long head and body are together, and how many values belong to
 * it. Of what lies behind `size`, which is not 0, nothing is read. */
static bool read_head (const unsigned char *at, size_t size, size_t *length, uint64_t *elements)
{
    const head_t *head = &heads[at[0]];
    *length = 1 + (size_t) head->width;
    *elements = 0;
    if (head->shape == NOTHING || *length > size) {
        return false;
    }
    if (head->shape == SCALAR) {
        return true;
    }
    uint64_t count = head->width > 0 ? big_endian (at + 1, head->width) : at[0] & head->mask;
    if (head->shape == ELEMENTS) {
        *elements = count;
        return true;
    }
    *length += count <= size ? (size_t) count : size;
    return *length <= size;
}

size_t wire_object_size (const char *bytes, size_t size)
{
    uint64_t open[DEPTH_MAX + 1]; /* elements still to come on each level */
    size_t depth = 0, at = 0;
    uint64_t promised = 1, total = 1;
    open[0] = 1;
    for (;;) {
        size_t length;
        uint64_t elements;
        if (at >= size ||
            !read_head ((const unsigned char *) bytes + at, size - at, &length, &elements)) {
            return 0;
        }
        at += length;
        open[depth]--;
        promised--;
        if (elements > 0) {
            if (depth == DEPTH_MAX || elements > size - at - promised) {
                return 0;
            }
            promised += elements;
            total += elements;
            if (total > ELEMENTS_MAX) {
                return 0;
            }
            open[++depth] = elements;
        }
        if (promised > size - at) {
            return 0;
        }
        while (open[depth] == 0) {
            if (depth == 0) {
                return at;
            }
            depth--;
        }
    }
}

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

/* The head of one msgpack value: how long head and body are, and how many elements it holds. Maps
 * and extensions have no place on this wire. Of what lies behind `size` nothing is read. */
static bool read_head (const unsigned char *at, size_t size, size_t *length, uint64_t *elements)
{
    unsigned char tag = at[0];
    size_t width = 0; /* bytes of a length that follows the tag */
    *length = 1;
    *elements = 0;
    if (tag <= 0x7f || tag >= 0xe0 || tag == 0xc0 || tag == 0xc2 || tag == 0xc3) {
        return true; /* small integers, nil, false, true */
    }
    if (tag >= 0x90 && tag <= 0x9f) {
        *elements = tag & 0x0f;
        return true;
    }
    if (tag >= 0xa0 && tag <= 0xbf) {
        *length += tag & 0x1f;
        return *length <= size;
    }
    switch (tag) {
    case 0xcc:
    case 0xd0:
        *length += 1;
        return *length <= size;
    case 0xcd:
    case 0xd1:
        *length += 2;
        return *length <= size;
    case 0xce:
    case 0xd2:
    case 0xca:
        *length += 4;
        return *length <= size;
    case 0xcf:
    case 0xd3:
    case 0xcb:
        *length += 8;
        return *length <= size;
    case 0xc4:
    case 0xd9:
        width = 1;
        break;
    case 0xc5:
    case 0xda:
    case 0xdc:
        width = 2;
        break;
    case 0xc6:
    case 0xdb:
    case 0xdd:
        width = 4;
        break;
    default:
        return false;
    }
    if (width > size - 1) {
        return false;
    }
    uint64_t count = big_endian (at + 1, width);
    *length += width;
    if (tag == 0xdc || tag == 0xdd) {
        *elements = count;
        return true;
    }
    if (count > size - *length) {
        return false;
    }
    *length += (size_t) count;
    return true;
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

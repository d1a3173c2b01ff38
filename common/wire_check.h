/* wire_check - is it a msgpack object at all? Asked of every message before msgpack-c sees it.
 *
 * An array header of five bytes can promise four billion elements, and msgpack-c reserves memory by
 * the promise. Here every count is held against the bytes that are left: each element that is
 * promised has at least one of them, so that what the unpacker allocates is bounded by what was
 * received. Maps and extensions have no place on this wire.
 */
#ifndef WIRE_CHECK_H
#define WIRE_CHECK_H

#include <stddef.h>

/* The size in bytes of the well-formed object at the start of `bytes`, or 0 when there is none. Nothing
 * behind `size` is read. */
size_t wire_object_size (const char *bytes, size_t size);

#endif

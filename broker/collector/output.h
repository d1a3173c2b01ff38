/* output - a file of results: PATH.part while it grows, PATH when it is whole.
 *
 *     output_reserve --> buffer, 64 KiB --> write (2) --> PATH.part -- close, whole --> fsync, rename --> PATH
 *     output_advance                             \--> stdout, a pipe, a device: straight
 *
 * Whoever reads PATH sees the last whole result, never half of one. Two runs that write one PATH
 * would mix their rows in PATH.part: it is locked (flock) while it grows. Errors are logged here,
 * once; an output that failed takes no more.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct output output_t;

/* Opens PATH.part, or what PATH is when it is a pipe or a device (a pipe is waited for until it has
 * a reader), or stdout for `-`. Of a symbolic link to a file, the file is meant. NULL with the
 * error logged. */
output_t *output_open (const char *path);

/* Room for a row of at most `size` bytes. The caller fills it and gives its end to output_advance;
 * other calls between the two are not allowed. Rows are never cut apart by a flush. */
char *output_reserve (output_t *self, size_t size);

/* Takes the row that ends before `end`. May write, and block while a pipe's reader is slow. 0, or
 * -1 when the output has failed. */
int output_advance (output_t *self, const char *end);

/* Writes what is buffered. 0, or -1 when the output has failed. */
int output_flush (output_t *self);

/* Writes what is buffered, closes and destroys. `whole` and nothing failed: PATH.part is synced and
 * becomes PATH; else it stays. 0 or -1. */
int output_close (output_t **self, bool whole);

/* PATH.part; NULL when written straight. Lives with the output. */
const char *output_part (const output_t *self);

#endif

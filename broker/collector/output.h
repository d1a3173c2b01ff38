/* output - a file of results: PATH.part while it grows, PATH when it is whole.
 *
 *     output_reserve --> buffer, 64 KiB --> write (2) --> PATH.part -- close, whole --> fsync, rename --> PATH
 *     output_advance                             \--> stdout, a pipe, a device: straight
 *
 * Whoever reads PATH sees the last whole result, never half of one. Two runs that write one PATH
 * would mix their rows in PATH.part: it is locked (flock) while it grows. Errors are logged here,
 * once; an output that failed takes no more.
 *
 * A live run has no whole result. It goes on with PATH itself, locked too, at the length that it
 * knows (output_resume); and it never waits for who reads its stdout or a pipe (output_stream). Their
 * errors go to a fault (fault.h).
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include "fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/* ---- live (output_live.c). `fault` lives longer than the output ---- */

/* Opens the file PATH as it is, or an empty one; `*length` is what it has. NULL when that fails. To
 * be written after output_cut. */
output_t *output_resume (const char *path, fault_t *fault, uint64_t *length);

/* Reads up to `size` of its first bytes; returns how many. */
size_t output_head (const output_t *self, char *bytes, size_t size);

/* Drops what is buffered, and of the file what is behind its first `length` bytes. 0 or -1. */
int output_cut (output_t *self, uint64_t length);

/* Writes what is buffered and makes it survive a power cut; `*length` is what the file has then. A
 * file that others changed, removed or renamed meanwhile has failed. 0 or -1. Closing cuts back to
 * here. */
int output_sync (output_t *self, uint64_t *length);

/* Opens `-` (stdout), a pipe or a device; NULL when that fails, as for a pipe that nobody reads. Rows
 * stay in the buffer, which grows, until output_drain writes them. */
output_t *output_stream (const char *path, fault_t *fault);

typedef enum {
    OUTPUT_DRAINED, /* nothing is left */
    OUTPUT_WAITS,   /* until output_fd can be written */
    OUTPUT_FAILS,   /* the fault has why; what is left may be tried again */
    OUTPUT_GONE     /* nobody will read it any more */
} output_drain_t;

/* Writes what goes without waiting. */
output_drain_t output_drain (output_t *self);
int output_fd (const output_t *self);

#endif

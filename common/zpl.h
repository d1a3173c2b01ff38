/* zpl - reads a flat ZPL file: `key = value`, one a line, `#` begins a comment.
 *
 * ZPL is ZeroMQ's configuration language (rfc.zeromq.org/spec:4) and czmq reads it. But czmq says
 * what it dislikes on stdout, where hits may go, takes a directory for an empty file, cuts a value
 * silently at a `#` and forgets the line's number. So the file and the form of each line are
 * checked here first, and a line at a time is given to it.
 */
#ifndef ZPL_H
#define ZPL_H

#include <stdbool.h>

#define ZPL_SIZE_MAX (1 << 20) /* bytes of the longest file */
/* bytes of the longest line: some versions of czmq misread 1024 and more */
#define ZPL_LINE_MAX 1000

typedef struct {
    const char *key, *value; /* until the next call */
    int line;                /* from 1 */
} zpl_entry_t;

typedef struct zpl zpl_t;

/* Reads the file whole. NULL with `*problem` ("file.zpl: Permission denied", the caller frees it)
 * when it is not a regular, readable file of at most ZPL_SIZE_MAX bytes. */
zpl_t *zpl_open (const char *path, char **problem);
void zpl_destroy (zpl_t **self);

/* The next entry. False at the end, or at a bad line: then `*problem` ("file.zpl: line 3: ...") is
 * set, else NULL. */
bool zpl_next (zpl_t *self, zpl_entry_t *entry, char **problem);

#endif

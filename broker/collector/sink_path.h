/* sink_path - the PATH of a sink: {scan} in it, whether and how it can be written, and which file it
 * is. */
#ifndef SINK_PATH_H
#define SINK_PATH_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the path has {scan}: a file for each scan. */
bool sink_path_is_per_scan (const char *path);

/* The path with every {scan} replaced. The caller frees it. */
char *sink_path_expand (const char *path, const char *id);

/* What a sink does with a path that is no pipe or device. */
typedef enum {
    SINK_PATH_BESIDE, /* it writes a file beside it, which takes its place */
    SINK_PATH_ITSELF, /* it writes the file itself */
    SINK_PATH_FILE    /* the same, has others beside it, and takes no pipe or device */
} sink_path_use_t;

/* Checks that a sink could write `path`, touching nothing. 0, or -1 with a line in `error` that
 * begins with `text`, what the user wrote. */
int sink_path_check (const char *text, const char *path, sink_path_use_t use, char *error,
                     size_t size);

/* Whether it is written straight, with no file beside it: stdout (`-`), a pipe, a device. */
bool sink_path_is_straight (const char *path);

/* One name for a file however its path is written; `-` for stdout. The file need not exist. The
 * caller frees it. */
char *sink_path_identity (const char *path);

#endif

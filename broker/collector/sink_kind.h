/* sink_kind - the kinds of sinks there are, and what each is: the one place that knows.
 *
 *     "csv:hits-{scan}.csv" --> sink_kind_split --> kind csv, path hits-{scan}.csv
 */
#ifndef SINK_KIND_H
#define SINK_KIND_H

#include "sink.h"
#include "sink_backend.h"

#define SINK_KIND_BESIDE_MAX 3

typedef struct {
    const char *name;
    const sink_backend_t *batch; /* NULL: not for batch runs */
    const sink_backend_t *live;  /* NULL: a server (sink_redis.h) */
    /* endings of the files that it has beside PATH for a time: of a batch's, of a live run's */
    const char *beside[SINK_KIND_BESIDE_MAX], *beside_live[SINK_KIND_BESIDE_MAX];
    bool stdout_only; /* takes no path */
    bool file_only;   /* PATH must be a regular file */
} sink_kind_t;

/* Takes KIND:PATH apart; `*path` points into the text, or is "-" for a kind that takes none. NULL,
 * with a line in `error`, when it has not that form or is not for `mode`. */
const sink_kind_t *sink_kind_split (const char *text, sink_mode_t mode, const char **path,
                                    char *error, size_t size);

/* How many files a sink of that path has, and file number `index` of them: `*own` is its path, which
 * the caller frees; `file` says what is in it. */
size_t sink_kind_files (const char *path, const sink_run_t *run);
void sink_kind_file (const char *path, const sink_run_t *run, size_t index, char **own,
                     sink_file_t *file);

#endif

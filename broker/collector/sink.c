/* From the user's text to files:
 *
 *     "csv:hits-{scan}.csv" --> kind csv, path --> expand, one file per scan --> backend's open, write, ...
 */
#include "sink.h"

#include "log.h"
#include "memory.h"
#include "sink_kind.h"
#include "sink_path.h"

#include <stdlib.h>

struct sink {
    const sink_backend_t *backend;
    bool per_scan; /* a file for each scan */
    void **files;
    size_t file_count;
    char *parts; /* NULL when there are none */
    bool failed;
};

static bool open_file (sink_t *self, const char *path, const sink_run_t *run, size_t index)
{
    char *own;
    sink_file_t file;
    sink_kind_file (path, run, index, &own, &file);
    self->files[index] = self->backend->open (self->backend, &file);
    free (own);
    return self->files[index] != NULL;
}

static int open_files (sink_t *self, const char *path, const sink_run_t *run)
{
    size_t count = sink_kind_files (path, run);
    self->files = memory_new (count * sizeof *self->files);
    for (size_t i = 0; i < count; i++) {
        if (!open_file (self, path, run, i)) {
            return -1;
        }
        self->file_count++;
    }
    return 0;
}

/* The parts' names, with commas between. */
static char *list_parts (const sink_t *self)
{
    buffer_t list = {0};
    for (size_t i = 0; i < self->file_count && self->backend->part; i++) {
        const char *part = self->backend->part (self->files[i]);
        if (part) {
            buffer_printf (&list, "%s%s", list.size ? ", " : "", part);
        }
    }
    return list.bytes;
}

sink_t *sink_open (const char *text, const sink_run_t *run)
{
    char error[256];
    const char *path;
    const sink_kind_t *kind = sink_kind_split (text, SINK_BATCH, &path, error, sizeof error);
    if (!kind) {
        log_error ("%s", error);
        return NULL;
    }
    sink_t *self = memory_new (sizeof *self);
    self->backend = kind->batch;
    self->per_scan = sink_path_is_per_scan (path);
    if (open_files (self, path, run) < 0) {
        sink_close (&self, false);
        return NULL;
    }
    self->parts = list_parts (self);
    return self;
}

int sink_write (sink_t *self, const char *symbol, const hit_t *hit)
{
    size_t file = self->per_scan ? hit->scan : 0;
    size_t scan = self->per_scan ? 0 : hit->scan;
    if (!self->failed && self->backend->write (self->files[file], symbol, scan, hit) < 0) {
        self->failed = true;
    }
    return self->failed ? -1 : 0;
}

int sink_flush (sink_t *self)
{
    for (size_t i = 0; i < self->file_count && !self->failed; i++) {
        self->failed = self->backend->flush (self->files[i]) < 0;
    }
    return self->failed ? -1 : 0;
}

int sink_close (sink_t **self_p, bool whole)
{
    sink_t *self = *self_p;
    if (!self) {
        return 0;
    }
    whole = whole && !self->failed; /* a file of one scan lacks what came after another's failure */
    for (size_t i = 0; i < self->file_count; i++) {
        if (self->backend->close (self->files[i], whole) < 0) {
            self->failed = true;
        }
    }
    int result = self->failed ? -1 : 0;
    free (self->files);
    free (self->parts);
    free (self);
    *self_p = NULL;
    return result;
}

const char *sink_part (const sink_t *self)
{
    return self->parts;
}

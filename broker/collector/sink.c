/* From the user's text to files:
 *
 *     "csv:hits-{scan}.csv" --> split --> kind csv, path --> expand, one file per scan --> backend's open, write, ...
 *
 * This is the one place that knows which backends there are.
 */
#include "sink.h"

#include "log.h"
#include "memory.h"
#include "sink_backend.h"
#include "sink_claims.h"
#include "sink_path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BESIDE_MAX 3

typedef struct {
    const char *name;
    const sink_backend_t *backend;
    const char *beside[BESIDE_MAX]; /* endings of the files that it has beside PATH for a time */
    bool stdout_only;               /* takes no path */
    bool in_place;                  /* writes PATH itself, which must be a regular file */
} sink_kind_t;

/* The order in which they are offered; what is not offered is last. */
static const sink_kind_t kinds[] = {
    {.name = "csv", .backend = &sink_csv, .beside = {".part"}},
    {.name = "jsonl", .backend = &sink_jsonl, .beside = {".part"}},
    {.name = "sqlite",
     .backend = &sink_sqlite,
     .beside = {"-journal", "-wal", "-shm"},
     .in_place = true},
    {.name = "table", .backend = &sink_table, .stdout_only = true},
};

#define KIND_COUNT (sizeof kinds / sizeof kinds[0])

struct sink {
    const sink_backend_t *backend;
    bool per_scan; /* a file for each scan */
    void **files;
    size_t file_count;
    char *parts; /* NULL when there are none */
    bool failed;
};

static const sink_kind_t *find_kind (const char *name)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (strcmp (kinds[i].name, name) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}

static void explain_unknown_kind (const char *text, const char *name, char *error, size_t size)
{
    const char *nearest = text_nearest (name, kinds, KIND_COUNT, sizeof kinds[0]);
    if (strcmp (name, "redis") == 0 || strcmp (name, "webhook") == 0) {
        snprintf (error, size,
                  "%s: is not for batch scans: use csv:PATH, jsonl:PATH or sqlite:PATH", name);
    } else if (nearest) {
        snprintf (error, size, "%s: there is no output \"%s\": did you mean %s:?", text, name,
                  nearest);
    } else {
        snprintf (error, size, "%s: an output is csv:PATH, jsonl:PATH or sqlite:PATH", text);
    }
}

/* Takes KIND:PATH apart; `*path` points into the text, or is "-" for a kind that takes none. NULL,
 * with `error`, when it has not that form. */
static const sink_kind_t *split (const char *text, const char **path, char *error, size_t size)
{
    const char *colon = strchr (text, ':');
    char *name = colon ? memory_format ("%.*s", (int) (colon - text), text) : memory_text ("");
    const sink_kind_t *kind = colon ? find_kind (name) : NULL;
    if (!kind) {
        explain_unknown_kind (text, name, error, size);
        free (name);
        return NULL;
    }
    free (name);
    *path = kind->stdout_only ? "-" : colon + 1;
    if (kind->stdout_only && colon[1]) {
        snprintf (error, size, "%s: %s takes no path", text, kind->name);
        return NULL;
    }
    if (!**path) {
        snprintf (error, size, "%s: the path is missing: for example %s:hits", text, kind->name);
        return NULL;
    }
    return kind;
}

int sink_check (const char *text, char *error, size_t error_size)
{
    const char *path;
    const sink_kind_t *kind = split (text, &path, error, error_size);
    if (!kind) {
        return -1;
    }
    if (strcmp (path, "-") != 0) {
        return sink_path_check (text, path, kind->in_place, error, error_size);
    }
    if (kind->in_place) {
        snprintf (error, error_size, "%s: %s cannot be written to stdout: give a path", text,
                  kind->name);
        return -1;
    }
    return 0;
}

/* How many files a sink of that path has. */
static size_t count_files (const char *path, const sink_run_t *run)
{
    return sink_path_is_per_scan (path) ? run->scan_count : 1;
}

/* Claims `path` and the files beside it. */
static int claim_file (sink_claims_t *claims, const sink_kind_t *kind, const char *const *text,
                       const char *path, char *error, size_t size)
{
    int rc = sink_claims_add (claims, text, path, error, size);
    if (sink_path_is_straight (path)) {
        return rc;
    }
    char *file = sink_path_identity (path); /* what is beside a link is beside its file */
    for (size_t i = 0; i < BESIDE_MAX && kind->beside[i] && rc == 0; i++) {
        char *beside = memory_format ("%s%s", file, kind->beside[i]);
        rc = sink_claims_add (claims, text, beside, error, size);
        free (beside);
    }
    free (file);
    return rc;
}

/* Claims every file that the sink would touch. */
static int claim (sink_claims_t *claims, const char *const *text, const sink_run_t *run,
                  char *error, size_t size)
{
    const char *path;
    const sink_kind_t *kind = split (*text, &path, error, size);
    size_t count = kind ? count_files (path, run) : 0;
    int rc = kind ? 0 : -1;
    for (size_t i = 0; i < count && rc == 0; i++) {
        char *own = sink_path_expand (path, run->scans[i].id);
        rc = claim_file (claims, kind, text, own, error, size);
        free (own);
    }
    return rc;
}

int sink_check_all (const char *const *texts, size_t count, const sink_run_t *run, char *error,
                    size_t error_size)
{
    sink_claims_t claims = {0};
    int rc = 0;
    for (size_t i = 0; i < count && rc == 0; i++) {
        rc = sink_check (texts[i], error, error_size);
        rc = rc ? rc : claim (&claims, &texts[i], run, error, error_size);
    }
    sink_claims_free (&claims);
    return rc;
}

/* Rows name their scan where there is more than one, or the user gave the one a name of its own. */
static bool names_scan (const sink_run_t *run)
{
    const scan_t *first = run->scans;
    return run->scan_count > 1 || strcmp (first->id, scan_scanner (first)->name) != 0;
}

static void *open_file (const sink_t *self, const char *path, const sink_run_t *run, size_t index)
{
    if (!self->per_scan) {
        return self->backend->open (path, run->scans, run->scan_count, names_scan (run));
    }
    char *own = sink_path_expand (path, run->scans[index].id);
    void *file = self->backend->open (own, &run->scans[index], 1, false);
    free (own);
    return file;
}

static int open_files (sink_t *self, const char *path, const sink_run_t *run)
{
    size_t count = count_files (path, run);
    self->files = memory_new (count * sizeof *self->files);
    for (size_t i = 0; i < count; i++) {
        self->files[i] = open_file (self, path, run, i);
        if (!self->files[i]) {
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
    const sink_kind_t *kind = split (text, &path, error, sizeof error);
    if (!kind) {
        log_error ("%s", error);
        return NULL;
    }
    sink_t *self = memory_new (sizeof *self);
    self->backend = kind->backend;
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

#include "sink_kind.h"

#include "memory.h"
#include "sink_path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The order in which they are offered; what is not for batch runs is last. */
static const sink_kind_t kinds[] = {
    {.name = "csv", .batch = &sink_csv, .live = &sink_csv, .beside = {".part"}},
    {.name = "jsonl", .batch = &sink_jsonl, .live = &sink_jsonl, .beside = {".part"}},
    {.name = "sqlite",
     .batch = &sink_sqlite,
     .live = &sink_sqlite,
     .beside = {"-journal", "-wal", "-shm"},
     .beside_live = {"-journal", "-wal", "-shm"},
     .file_only = true},
    {.name = "table", .batch = &sink_table, .live = &sink_lines, .stdout_only = true},
    {.name = "redis"},
};

#define LIVE_COUNT  (sizeof kinds / sizeof kinds[0])
#define BATCH_COUNT (LIVE_COUNT - 1)

static const char *const offered[] = {
    [SINK_BATCH] = "csv:PATH, jsonl:PATH or sqlite:PATH",
    [SINK_LIVE] = "csv:PATH, jsonl:PATH, sqlite:PATH or redis:URL?stream=NAME",
};

static size_t count_kinds (sink_mode_t mode)
{
    return mode == SINK_LIVE ? LIVE_COUNT : BATCH_COUNT;
}

static const sink_kind_t *find_kind (const char *name, sink_mode_t mode)
{
    for (size_t i = 0; i < count_kinds (mode); i++) {
        if (strcmp (kinds[i].name, name) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}

static void explain_unknown (const char *text, const char *name, sink_mode_t mode, char *error,
                             size_t size)
{
    const char *nearest = text_nearest (name, kinds, count_kinds (mode), sizeof kinds[0]);
    if (strcmp (name, "webhook") == 0 || strcmp (name, "redis") == 0) {
        snprintf (error, size, "%s: is not for %s: use %s", name,
                  mode == SINK_LIVE ? "live runs" : "batch scans", offered[mode]);
    } else if (nearest) {
        snprintf (error, size, "%s: there is no output \"%s\": did you mean %s:?", text, name,
                  nearest);
    } else {
        snprintf (error, size, "%s: an output is %s", text, offered[mode]);
    }
}

const sink_kind_t *sink_kind_split (const char *text, sink_mode_t mode, const char **path,
                                    char *error, size_t size)
{
    const char *colon = strchr (text, ':');
    char *name = colon ? memory_format ("%.*s", (int) (colon - text), text) : memory_text ("");
    const sink_kind_t *kind = colon ? find_kind (name, mode) : NULL;
    if (!kind) {
        explain_unknown (text, name, mode, error, size);
        free (name);
        return NULL;
    }
    free (name);
    *path = kind->stdout_only ? "-" : colon + 1;
    if (kind->stdout_only && colon[1]) {
        snprintf (error, size, "%s: %s takes no path", text, kind->name);
        return NULL;
    }
    if (!**path && !kind->live) {
        snprintf (error, size,
                  "%s: the address is missing: for example redis:redis://localhost:6379/0", text);
        return NULL;
    }
    if (!**path) {
        snprintf (error, size, "%s: the path is missing: for example %s:hits", text, kind->name);
        return NULL;
    }
    return kind;
}

size_t sink_kind_files (const char *path, const sink_run_t *run)
{
    return sink_path_is_per_scan (path) ? run->scan_count : 1;
}

/* Rows name their scan where there is more than one, or the user gave the one a name of its own. */
static bool names_scan (const sink_run_t *run)
{
    const scan_t *first = run->scans;
    return run->scan_count > 1 || strcmp (first->id, scan_scanner (first)->name) != 0;
}

void sink_kind_file (const char *path, const sink_run_t *run, size_t index, char **own,
                     sink_file_t *file)
{
    *own = sink_path_expand (path, run->scans[index].id);
    if (sink_path_is_per_scan (path)) {
        *file = (sink_file_t){.scans = &run->scans[index], .scan_count = 1};
    } else {
        *file = (sink_file_t){
            .scans = run->scans, .scan_count = run->scan_count, .names_scan = names_scan (run)};
    }
    file->path = *own;
}

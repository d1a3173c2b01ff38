/* What can be said of sinks before anything is touched. */
#include "sink.h"

#include "memory.h"
#include "sink_claims.h"
#include "sink_kind.h"
#include "sink_path.h"
#include "sink_redis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check_path (const char *text, const sink_kind_t *kind, sink_mode_t mode,
                       const char *path, char *error, size_t size)
{
    if (strcmp (path, "-") != 0) {
        sink_path_use_t use = kind->file_only     ? SINK_PATH_FILE
                              : mode == SINK_LIVE ? SINK_PATH_ITSELF
                                                  : SINK_PATH_BESIDE;
        return sink_path_check (text, path, use, error, size);
    }
    if (kind->file_only) {
        snprintf (error, size, "%s: %s cannot be written to stdout: give a path", text, kind->name);
        return -1;
    }
    return 0;
}

int sink_check (const char *text, sink_mode_t mode, char *error, size_t error_size)
{
    const char *path;
    const sink_kind_t *kind = sink_kind_split (text, mode, &path, error, error_size);
    if (!kind) {
        return -1;
    }
    if (kind->live) {
        return check_path (text, kind, mode, path, error, error_size);
    }
    sink_redis_place_t place;
    int rc = sink_redis_read (text, &place, error, error_size);
    sink_redis_place_free (&place);
    return rc;
}

/* Claims `path` and the files beside it. */
static int claim_file (sink_claims_t *claims, const sink_kind_t *kind, sink_mode_t mode,
                       const char *const *text, const char *path, char *error, size_t size)
{
    int rc = sink_claims_add (claims, text, path, error, size);
    if (sink_path_is_straight (path)) {
        return rc;
    }
    const char *const *beside = mode == SINK_LIVE ? kind->beside_live : kind->beside;
    char *file = sink_path_identity (path); /* what is beside a link is beside its file */
    for (size_t i = 0; i < SINK_KIND_BESIDE_MAX && beside[i] && rc == 0; i++) {
        char *name = memory_format ("%s%s", file, beside[i]);
        rc = sink_claims_add (claims, text, name, error, size);
        free (name);
    }
    free (file);
    return rc;
}

static int claim_files (sink_claims_t *claims, const sink_kind_t *kind, sink_mode_t mode,
                        const char *const *text, const char *path, const sink_run_t *run,
                        char *error, size_t size)
{
    int rc = 0;
    for (size_t i = 0; i < sink_kind_files (path, run) && rc == 0; i++) {
        char *own = sink_path_expand (path, run->scans[i].id);
        rc = claim_file (claims, kind, mode, text, own, error, size);
        free (own);
    }
    return rc;
}

static int claim_streams (sink_claims_t *claims, const char *const *text, const sink_run_t *run,
                          char *error, size_t size)
{
    sink_redis_place_t place;
    int rc = sink_redis_read (*text, &place, error, size);
    for (size_t i = 0; rc == 0 && i < sink_kind_files (place.stream, run); i++) {
        char *stream = sink_path_expand (place.stream, run->scans[i].id);
        rc = sink_claims_add_stream (claims, text, memory_format ("%s of %s", stream, place.url),
                                     error, size);
        free (stream);
    }
    sink_redis_place_free (&place);
    return rc;
}

/* Claims all that the sink would write. */
static int claim (sink_claims_t *claims, sink_mode_t mode, const char *const *text,
                  const sink_run_t *run, char *error, size_t size)
{
    const char *path;
    const sink_kind_t *kind = sink_kind_split (*text, mode, &path, error, size);
    if (!kind) {
        return -1;
    }
    return kind->live ? claim_files (claims, kind, mode, text, path, run, error, size)
                      : claim_streams (claims, text, run, error, size);
}

int sink_check_all (const char *const *texts, size_t count, const sink_run_t *run, sink_mode_t mode,
                    char *error, size_t error_size)
{
    sink_claims_t claims = {0};
    int rc = 0;
    for (size_t i = 0; i < count && rc == 0; i++) {
        rc = sink_check (texts[i], mode, error, error_size);
        rc = rc ? rc : claim (&claims, mode, &texts[i], run, error, error_size);
    }
    sink_claims_free (&claims);
    return rc;
}

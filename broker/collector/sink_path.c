#include "sink_path.h"

#include "memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCAN_PLACE "{scan}"

bool sink_path_is_per_scan (const char *path)
{
    return strstr (path, SCAN_PLACE) != NULL;
}

char *sink_path_expand (const char *path, const char *id)
{
    buffer_t out = {0};
    const char *place;
    while ((place = strstr (path, SCAN_PLACE))) {
        buffer_append (&out, path, (size_t) (place - path));
        buffer_append (&out, id, strlen (id));
        path = place + strlen (SCAN_PLACE);
    }
    buffer_append (&out, path, strlen (path) + 1);
    return out.bytes;
}

/* The directory that `path` lies in; the caller frees it. */
static char *directory_of (const char *path)
{
    const char *slash = strrchr (path, '/');
    if (!slash) {
        return memory_text (".");
    }
    return memory_format ("%.*s", slash == path ? 1 : (int) (slash - path), path);
}

static int check_directory (const char *text, const char *path, char *error, size_t size)
{
    char *directory = directory_of (path);
    struct stat there;
    int result = -1;
    if (strstr (directory, SCAN_PLACE)) {
        result = 0; /* known when the scans are: open says so then */
    } else if (stat (directory, &there) < 0) {
        snprintf (error, size, "%s: directory %s: %s%s", text, directory, strerror (errno),
                  errno == ENOENT ? ": create it first" : "");
    } else if (!S_ISDIR (there.st_mode)) {
        snprintf (error, size, "%s: %s is not a directory", text, directory);
    } else if (access (directory, W_OK | X_OK) < 0) {
        snprintf (error, size, "%s: directory %s cannot be written: %s", text, directory,
                  strerror (errno));
    } else {
        result = 0;
    }
    free (directory);
    return result;
}

int sink_path_check (const char *text, const char *path, sink_path_use_t use, char *error,
                     size_t size)
{
    struct stat there;
    bool exists = stat (path, &there) == 0;
    bool regular = exists && S_ISREG (there.st_mode);
    bool itself = exists && (!regular || use != SINK_PATH_BESIDE);
    if (exists && S_ISDIR (there.st_mode)) {
        snprintf (error, size, "%s: is a directory: give a file's name in it", text);
        return -1;
    }
    if (exists && !regular && use == SINK_PATH_FILE) {
        snprintf (error, size, "%s: needs a regular file", text);
        return -1;
    }
    if (itself && access (path, W_OK) < 0) {
        snprintf (error, size, "%s: cannot be written: %s", text, strerror (errno));
        return -1;
    }
    bool alone = itself && use != SINK_PATH_FILE;
    return alone ? 0 : check_directory (text, path, error, size);
}

bool sink_path_is_straight (const char *path)
{
    struct stat there;
    return strcmp (path, "-") == 0 || (stat (path, &there) == 0 && !S_ISREG (there.st_mode));
}

char *sink_path_identity (const char *path)
{
    if (strcmp (path, "-") == 0) {
        return memory_text ("-");
    }
    char *real = realpath (path, NULL);
    if (real) {
        return real;
    }
    char *directory = directory_of (path);
    real = realpath (directory, NULL);
    const char *slash = strrchr (path, '/');
    char *name = memory_format ("%s/%s", real ? real : directory, slash ? slash + 1 : path);
    free (real);
    free (directory);
    return name;
}

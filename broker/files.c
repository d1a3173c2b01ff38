#include "files.h"
#include "log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail (const char *path)
{
    log_error ("%s: %s", path, strerror (errno));
    return -1;
}

int files_make_directory (const char *path)
{
    return mkdir (path, 0777) == 0 || errno == EEXIST ? 0 : fail (path);
}

int files_directory_is_empty (const char *path)
{
    DIR *directory = opendir (path);
    if (!directory) {
        return errno == ENOENT ? 1 : fail (path);
    }
    int is_empty = 1;
    const struct dirent *entry;
    while (is_empty && (entry = readdir (directory))) {
        is_empty = strcmp (entry->d_name, ".") == 0 || strcmp (entry->d_name, "..") == 0;
    }
    closedir (directory);
    return is_empty;
}

int files_write (const char *path, const buffer_t *bytes)
{
    int file = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file < 0) {
        return fail (path);
    }
    size_t written = 0;
    while (written < bytes->size) {
        ssize_t size = write (file, bytes->bytes + written, bytes->size - written);
        if (size < 0 && errno != EINTR) {
            fail (path);
            close (file);
            return -1;
        }
        written += size > 0 ? (size_t) size : 0;
    }
    return close (file) == 0 ? 0 : fail (path);
}

/* files - whole files and folders as `fastscanner sample` writes them: by path, failures logged
 * with path and reason. */
#ifndef FILES_H
#define FILES_H

#include "memory.h"

/* Makes a folder; one that exists is as good. 0 or -1. */
int files_make_directory (const char *path);

/* 1 when nothing is in the folder or there is no such folder, 0 when something is, -1 when it
 * cannot be read. */
int files_directory_is_empty (const char *path);

/* Writes (or replaces) a file. 0 or -1; then a part of it may stand there. */
int files_write (const char *path, const buffer_t *bytes);

#endif

/* bench_links - a market ten times as large out of one: more symbols whose files are hard links.
 *
 *     bench_links FROM TO COPIES FILE
 *
 *     FROM/data/candles/AAN/1d/2023.csv --> TO/data/candles/AANA/1d/2023.csv
 *         (FILE is 1d/2023.csv)             TO/data/candles/AANB/1d/2023.csv ...
 *
 * FILE is all that a symbol has. Both lie on one file system; COPIES is at most 26, 0 keeps the names: then TO is FROM
 * without its other files.
 */
#include "memory.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPIES_MAX = 26 };

/* Makes the directories that lead to a file below `top`, which is there. */
static int make_way (char *path, size_t top)
{
    for (char *slash = path + top; (slash = strchr (slash + 1, '/'));) {
        *slash = '\0';
        int rc = mkdir (path, 0777);
        *slash = '/';
        if (rc != 0 && errno != EEXIST) {
            return -1;
        }
    }
    return 0;
}

static int link_one (const char *from, const char *to, const char *symbol, const char *more,
                     const char *file)
{
    char *old = memory_format ("%s/data/candles/%s/%s", from, symbol, file);
    char *new = memory_format ("%s/data/candles/%s%s/%s", to, symbol, more, file);
    int rc = make_way (new, strlen (to));
    if (rc != 0 || link (old, new) != 0) {
        fprintf (stderr, "bench_links: %s: %s\n", new, strerror (errno));
        rc = -1;
    }
    free (old);
    free (new);
    return rc;
}

static int link_symbol (char **words, const char *symbol, unsigned copies)
{
    int rc = copies == 0 ? link_one (words[1], words[2], symbol, "", words[4]) : 0;
    for (unsigned i = 0; rc == 0 && i < copies; i++) {
        char more[2] = {(char) ('A' + i), '\0'};
        rc = link_one (words[1], words[2], symbol, more, words[4]);
    }
    return rc;
}

int main (int argc, char **argv)
{
    unsigned long copies = argc == 5 ? strtoul (argv[3], NULL, 10) : COPIES_MAX + 1;
    if (copies > COPIES_MAX) {
        fprintf (stderr, "usage: bench_links FROM TO COPIES FILE\n");
        return 2;
    }
    char *path = memory_format ("%s/data/candles", argv[1]);
    DIR *folder = opendir (path);
    const struct dirent *entry;
    int rc = 0;
    while (rc == 0 && folder && (entry = readdir (folder))) {
        if (entry->d_name[0] != '.') {
            rc = link_symbol (argv, entry->d_name, (unsigned) copies);
        }
    }
    if (folder) {
        closedir (folder);
    } else {
        perror (path);
    }
    free (path);
    return rc == 0 && folder ? 0 : 1;
}

/* Runs a fuzz target over the files of the directories that are its arguments: the corpus as a
 * test, with any compiler. Fails when there is no file, so that a moved corpus is noticed. */
#include "fuzz.h"

#include "memory.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

/* 0, or -1 when the file cannot be read. */
static int replay_file (const char *path)
{
    FILE *file = fopen (path, "rb");
    if (!file) {
        perror (path);
        return -1;
    }
    buffer_t bytes = {0};
    size_t size;
    do {
        size = fread (buffer_reserve (&bytes, BUFSIZ), 1, BUFSIZ, file);
        bytes.size += size;
    } while (size > 0);
    int result = ferror (file) ? -1 : 0;
    fclose (file);
    if (result == 0) {
        /* A block of just that size: a sanitizer sees a byte read beyond it. */
        bytes.bytes = memory_resize (bytes.bytes, bytes.size, 1);
        LLVMFuzzerTestOneInput ((const uint8_t *) bytes.bytes, bytes.size);
    }
    buffer_free (&bytes);
    return result;
}

/* How many files were run; -1 when one or the directory cannot be read. */
static int replay_directory (const char *path)
{
    struct dirent **entries;
    int count = scandir (path, &entries, NULL, alphasort);
    if (count < 0) {
        perror (path);
        return -1;
    }
    int files = 0;
    for (int i = 0; i < count; i++) {
        if (files >= 0 && entries[i]->d_name[0] != '.') {
            char *file = memory_format ("%s/%s", path, entries[i]->d_name);
            files = replay_file (file) == 0 ? files + 1 : -1;
            free (file);
        }
        free (entries[i]);
    }
    free (entries);
    return files;
}

int main (int argc, char **argv)
{
    int total = 0;
    for (int i = 1; i < argc; i++) {
        int files = replay_directory (argv[i]);
        if (files < 0) {
            return EXIT_FAILURE;
        }
        total += files;
    }
    printf ("%d inputs\n", total);
    return total > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

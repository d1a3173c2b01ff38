#include "market_inside.h"

#include "log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLANKS " \t\r"

const char *market_directory (const market_t *self)
{
    return self->directory;
}

const market_problems_t *market_problems (const market_t *self)
{
    return &self->problems;
}

const calendar_t *market_calendar (const market_t *self)
{
    return self->calendar;
}

const day_t *market_holidays (const market_t *self, size_t *count)
{
    *count = self->holiday_count;
    return self->holidays;
}

size_t market_symbol_count (const market_t *self)
{
    return self->count;
}

const char *market_symbol (const market_t *self, size_t index)
{
    return self->names.bytes + self->offsets[index];
}

const wire_split_t *market_splits (const market_t *self, size_t index, size_t *count)
{
    *count = self->first_split ? self->first_split[index + 1] - self->first_split[index] : 0;
    return *count ? self->splits + self->first_split[index] : NULL;
}

/* ---- symbols ---- */

static void refuse_symbol (market_t *self, const char *where, const char *name)
{
    if (self->problems.refused_symbols++ < MARKET_NOTES) {
        log_warning ("%s: '%.64s' is no symbol: refused", where, name);
    }
}

static void add_symbol (market_t *self, const char *name)
{
    self->offsets = memory_resize (self->offsets, self->count + 1, sizeof *self->offsets);
    self->offsets[self->count++] = (uint32_t) self->names.size;
    buffer_append (&self->names, name, strlen (name) + 1);
}

static int compare_names (const void *a, const void *b, void *names)
{
    const char *text = names;
    return strcmp (text + *(const uint32_t *) a, text + *(const uint32_t *) b);
}

/* Sorted by bytes, each name once. */
static void sort_symbols (market_t *self)
{
    if (self->count > 0) {
        qsort_r (self->offsets, self->count, sizeof *self->offsets, compare_names,
                 self->names.bytes);
    }
    size_t kept = 0;
    for (size_t i = 0; i < self->count; i++) {
        if (kept == 0 || strcmp (market_symbol (self, kept - 1), market_symbol (self, i)) != 0) {
            self->offsets[kept++] = self->offsets[i];
        }
    }
    self->count = kept;
}

static bool is_directory (int folder, const char *name)
{
    struct stat status;
    return fstatat (folder, name, &status, 0) == 0 && S_ISDIR (status.st_mode);
}

/* Every symbol that has a directory. Files beside them are nobody's business. */
static int list_symbols (market_t *self)
{
    int copy = openat (self->candles, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = copy >= 0 ? fdopendir (copy) : NULL;
    if (!folder) {
        log_error ("%s/data/candles: %s", self->directory, strerror (errno));
        return -1;
    }
    const struct dirent *entry;
    while (errno = 0, (entry = readdir (folder))) {
        const char *name = entry->d_name;
        if (strcmp (name, ".") == 0 || strcmp (name, "..") == 0) {
            continue;
        }
        bool link_or_unknown = entry->d_type == DT_UNKNOWN || entry->d_type == DT_LNK;
        if (entry->d_type != DT_DIR && !(link_or_unknown && is_directory (self->candles, name))) {
            continue;
        }
        if (symbol_valid (name, strlen (name))) {
            add_symbol (self, name);
        } else {
            refuse_symbol (self, "data/candles", name);
        }
    }
    int error = errno;
    closedir (folder);
    if (error) {
        log_error ("%s/data/candles: %s", self->directory, strerror (error));
    }
    return error ? -1 : 0;
}

/* A name of --symbols, or nothing between blanks: one without a directory is a warning. */
static void take_symbol (market_t *self, const char *where, char *name)
{
    name += strspn (name, BLANKS);
    size_t size = strlen (name);
    while (size > 0 && strchr (BLANKS, name[size - 1])) {
        size--;
    }
    name[size] = '\0';
    if (size == 0) {
        return;
    }
    if (!symbol_valid (name, size)) {
        refuse_symbol (self, where, name);
    } else if (!is_directory (self->candles, name)) {
        log_warning ("no symbol '%s' in %s/data/candles", name, self->directory);
    } else {
        add_symbol (self, name);
    }
}

static int take_symbol_file (market_t *self, const char *path)
{
    FILE *file = fopen (path, "re");
    char *line = NULL;
    size_t capacity = 0;
    ssize_t size;
    if (!file) {
        log_error ("--symbols @%s: %s", path, strerror (errno));
        return -1;
    }
    while ((size = getline (&line, &capacity, file)) > 0) {
        if (memchr (line, '\0', (size_t) size)) {
            refuse_symbol (self, path, line); /* UTF-16, or no text at all */
            continue;
        }
        line[strcspn (line, "#\n")] = '\0';
        take_symbol (self, path, line);
    }
    free (line);
    bool failed = ferror (file);
    if (failed) {
        log_error ("--symbols @%s: %s", path, strerror (errno));
    }
    fclose (file);
    return failed ? -1 : 0;
}

static int take_symbols (market_t *self, const char *symbols)
{
    char *copy = memory_text (symbols), *rest = copy, *name;
    int rc = 0;
    while (rc == 0 && (name = strsep (&rest, ","))) {
        if (name[0] == '@') {
            rc = take_symbol_file (self, name + 1);
        } else {
            take_symbol (self, "--symbols", name);
        }
    }
    free (copy);
    return rc;
}

/* ---- opening ---- */

market_t *market_open (const char *directory, const char *symbols)
{
    market_t *self = memory_new (sizeof *self);
    self->directory = memory_text (directory);
    self->fundamentals = -1;
    char *path = memory_format ("%s/data/candles", directory);
    self->candles = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (self->candles < 0) {
        log_error ("%s: %s: --data DIR must name a directory with data/candles in it ('fastscanner "
                   "sample DIR'"
                   " makes one)",
                   path, strerror (errno));
    }
    free (path);
    if (self->candles < 0 || (symbols ? take_symbols (self, symbols) : list_symbols (self)) != 0) {
        market_destroy (&self);
        return NULL;
    }
    path = memory_format ("%s/data/fundamentals", directory);
    self->fundamentals = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (self->fundamentals < 0 && errno != ENOENT) {
        market_reject_json (self, "data/fundamentals: %s", strerror (errno));
    }
    free (path);
    sort_symbols (self);
    market_load_holidays (self);
    market_load_splits (self);
    return self;
}

void market_destroy (market_t **market)
{
    market_t *self = *market;
    if (!self) {
        return;
    }
    if (self->candles >= 0) {
        close (self->candles);
    }
    if (self->fundamentals >= 0) {
        close (self->fundamentals);
    }
    calendar_destroy (&self->calendar);
    free (self->holidays);
    free (self->offsets);
    buffer_free (&self->names);
    free (self->splits);
    free (self->first_split);
    free (self->directory);
    free (self);
    *market = NULL;
}

uint64_t market_folders (const market_t *self, size_t index, const frequency_t *frequencies,
                         size_t count)
{
    uint64_t folders = 0;
    for (size_t i = 0; i < count; i++) {
        char path[SYMBOL_MAX + FREQUENCY_TEXT + 2], text[FREQUENCY_TEXT];
        snprintf (path, sizeof path, "%s/%s", market_symbol (self, index),
                  frequency_format (frequencies[i], text));
        folders |= (uint64_t) is_directory (self->candles, path) << i;
    }
    return folders;
}

/* Opens `path` in `folder` without ever waiting (a FIFO in a file's place) and holds it against
 * what a file may be. */
static int open_file (int folder, const char *path, size_t *size, char *problem,
                      size_t problem_size)
{
    struct stat status;
    problem[0] = '\0';
    int file = openat (folder, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0) {
        if (errno != ENOENT) {
            snprintf (problem, problem_size, "%s", strerror (errno));
        }
        return -1;
    }
    if (fstat (file, &status) != 0) {
        snprintf (problem, problem_size, "%s", strerror (errno));
    } else if (S_ISDIR (status.st_mode)) {
        snprintf (problem, problem_size, "a directory stands in the file's place");
    } else if (!S_ISREG (status.st_mode)) {
        snprintf (problem, problem_size, "it is not a regular file");
    } else if (status.st_size > MARKET_FILE_MAX) {
        snprintf (problem, problem_size, "it is larger than %u MiB", MARKET_FILE_MAX >> 20);
    } else {
        *size = (size_t) status.st_size;
        return file;
    }
    close (file);
    return -1;
}

int market_open_partition (const market_t *self, size_t index, partition_t partition, size_t *size,
                           char *problem, size_t problem_size)
{
    char path[SYMBOL_MAX + FREQUENCY_TEXT + PARTITION_TEXT + 8];
    char frequency[FREQUENCY_TEXT], key[PARTITION_TEXT];
    snprintf (path, sizeof path, "%s/%s/%s.csv", market_symbol (self, index),
              frequency_format (partition.frequency, frequency),
              partition_format (partition.frequency, partition.key, key));
    return open_file (self->candles, path, size, problem, problem_size);
}

int market_open_fundamentals (const market_t *self, size_t index, size_t *size, char *problem,
                              size_t problem_size)
{
    char path[SYMBOL_MAX + 8];
    problem[0] = '\0';
    if (self->fundamentals < 0) {
        return -1;
    }
    snprintf (path, sizeof path, "%s.json", market_symbol (self, index));
    return open_file (self->fundamentals, path, size, problem, problem_size);
}

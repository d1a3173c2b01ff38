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

#define BLANKS  " \t\r"
#define CANDLES "data/candles/"

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
    return self->symbols.count;
}

const char *market_symbol (const market_t *self, size_t index)
{
    return name_list_at (&self->symbols, index);
}

long market_find (const market_t *self, const char *symbol)
{
    return name_list_find (&self->symbols, symbol);
}

const wire_split_t *market_splits_of (const market_t *self, const char *symbol, size_t *count)
{
    long at = self->first_split ? name_list_find (market_split_names (self), symbol) : -1;
    *count = at >= 0 ? self->first_split[at + 1] - self->first_split[at] : 0;
    return *count ? self->splits + self->first_split[at] : NULL;
}

const wire_split_t *market_splits (const market_t *self, size_t index, size_t *count)
{
    return market_splits_of (self, market_symbol (self, index), count);
}

/* ---- symbols ---- */

static void refuse_symbol (market_t *self, const char *where, const char *name)
{
    if (self->problems.refused_symbols++ < MARKET_NOTES) {
        log_warning ("%s: '%.64s' is no symbol: refused", where, name);
    }
}

static bool is_directory (int folder, const char *name)
{
    struct stat status;
    return fstatat (folder, name, &status, 0) == 0 && S_ISDIR (status.st_mode);
}

static void add_symbol (market_t *self, const char *name)
{
    if (cell_has_symbol (self->cell, name)) {
        name_list_add (&self->symbols, name);
    }
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
        return;
    }
    bool is_known = is_directory (self->candles, name);
    if (!is_known) {
        log_warning ("no symbol '%s' in %s/data/candles%s", name, self->directory,
                     self->is_live ? ": it has no daily candles" : "");
    }
    if (is_known || self->is_live) {
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

static market_t *open_market (const char *directory, const char *symbols, cell_t cell, bool is_live)
{
    market_t *self = memory_new (sizeof *self);
    self->cell = cell;
    self->is_live = is_live;
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
    name_list_sort (&self->symbols);
    market_load_holidays (self);
    market_load_splits (self);
    return self;
}

market_t *market_open (const char *directory, const char *symbols)
{
    return open_market (directory, symbols, (cell_t){0}, false);
}

market_t *market_open_cell (const char *directory, const char *symbols, cell_t cell)
{
    return open_market (directory, symbols, cell, false);
}

market_t *market_open_live (const char *directory, const char *symbols)
{
    return open_market (directory, symbols, (cell_t){0}, true);
}

market_t *market_empty (const char *name)
{
    market_t *self = memory_new (sizeof *self);
    self->is_live = true;
    self->directory = memory_text (name);
    self->candles = self->fundamentals = -1;
    self->calendar = calendar_new (NULL, 0);
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
    name_list_free (&self->symbols);
    name_list_free (&self->split_names);
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

char *market_partition_path (const char *symbol, partition_t partition,
                             char text[static MARKET_PATH_TEXT])
{
    char frequency[FREQUENCY_TEXT], key[PARTITION_TEXT];
    snprintf (text, MARKET_PATH_TEXT, CANDLES "%s/%s/%s.csv", symbol,
              frequency_format (partition.frequency, frequency),
              partition_format (partition.frequency, partition.key, key));
    return text;
}

int market_open_partition_of (const market_t *self, const char *symbol, partition_t partition,
                              size_t *size, char *problem, size_t problem_size)
{
    char path[MARKET_PATH_TEXT];
    market_partition_path (symbol, partition, path);
    return open_file (self->candles, path + sizeof CANDLES - 1, size, problem, problem_size);
}

#define FUNDAMENTALS_TEXT (SYMBOL_MAX + 8)

static char *fundamentals_name (const char *symbol, char text[static FUNDAMENTALS_TEXT])
{
    snprintf (text, FUNDAMENTALS_TEXT, "%s.json", symbol);
    return text;
}

int market_open_fundamentals_of (const market_t *self, const char *symbol, size_t *size,
                                 char *problem, size_t problem_size)
{
    char name[FUNDAMENTALS_TEXT];
    problem[0] = '\0';
    if (self->fundamentals < 0) {
        return -1;
    }
    return open_file (self->fundamentals, fundamentals_name (symbol, name), size, problem,
                      problem_size);
}

static market_stamp_t stamp (int folder, const char *path)
{
    struct stat status;
    if (folder < 0 || fstatat (folder, path, &status, 0) != 0) {
        return (market_stamp_t){0};
    }
    return (market_stamp_t){.size = status.st_size,
                            .mtime_ns = (int64_t) status.st_mtim.tv_sec * 1000000000 +
                                        status.st_mtim.tv_nsec,
                            .inode = status.st_ino};
}

market_stamp_t market_stamp_partition_of (const market_t *self, const char *symbol,
                                          partition_t partition)
{
    char path[MARKET_PATH_TEXT];
    market_partition_path (symbol, partition, path);
    return stamp (self->candles, path + sizeof CANDLES - 1);
}

market_stamp_t market_stamp_fundamentals_of (const market_t *self, const char *symbol)
{
    char name[FUNDAMENTALS_TEXT];
    return stamp (self->fundamentals, fundamentals_name (symbol, name));
}

int market_open_partition (const market_t *self, size_t index, partition_t partition, size_t *size,
                           char *problem, size_t problem_size)
{
    return market_open_partition_of (self, market_symbol (self, index), partition, size, problem,
                                     problem_size);
}

int market_open_fundamentals (const market_t *self, size_t index, size_t *size, char *problem,
                              size_t problem_size)
{
    return market_open_fundamentals_of (self, market_symbol (self, index), size, problem,
                                        problem_size);
}

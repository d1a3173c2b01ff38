#include "market.h"

#include "log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOTES_MAX 10 /* messages of a kind that are logged */
#define BLANKS    " \t\r"

typedef struct {
    uint32_t symbol; /* index */
    size_t place;    /* in the file */
    wire_split_t split;
} symbol_split_t;

struct market {
    char *directory;
    int candles, fundamentals; /* open directories; fundamentals -1 when there is none */
    market_problems_t problems;
    calendar_t *calendar;
    size_t holiday_count;
    day_t *holidays;
    size_t count;
    uint32_t *offsets; /* of each symbol's name in `names`: 100,000 symbols cost 1 MB */
    buffer_t names;
    size_t split_count;
    wire_split_t *splits;  /* of all symbols, one behind the other */
    uint32_t *first_split; /* count + 1 places into splits; NULL without splits */
};

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
    if (self->problems.refused_symbols++ < NOTES_MAX) {
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
        log_warning ("%s: no symbol '%s' in %s/data/candles", where, name, self->directory);
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

/* ---- JSON of the whole market ---- */

static void reject_json (market_t *self, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

static void reject_json (market_t *self, const char *format, ...)
{
    if (self->problems.rejected_json++ < NOTES_MAX) {
        char text[512];
        va_list arguments;
        va_start (arguments, format);
        vsnprintf (text, sizeof text, format, arguments);
        va_end (arguments);
        log_warning ("%s/%s", self->directory, text);
    }
}

/* The file's JSON; NULL when there is none (`*absent`) or it is broken (rejected). */
static json_t *load_json (market_t *self, const char *name, bool *absent)
{
    char *path = memory_format ("%s/%s", self->directory, name);
    struct stat status;
    json_error_t error = {0};
    json_t *json = NULL;
    *absent = stat (path, &status) != 0 && errno == ENOENT;
    if (*absent) {
        free (path);
        return NULL;
    }
    int file = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) {
        reject_json (self, "%s: %s", name, strerror (errno));
    } else if (fstat (file, &status) != 0 || !S_ISREG (status.st_mode)) {
        reject_json (self, "%s: it is not a regular file", name);
    } else if (status.st_size > MARKET_FILE_MAX) {
        reject_json (self, "%s: it is larger than %u MiB", name, MARKET_FILE_MAX >> 20);
    } else {
        json = json_loadfd (file, 0, &error);
        if (!json) {
            reject_json (self, "%s:%d: %s", name, error.line, error.text);
        }
    }
    if (file >= 0) {
        close (file);
    }
    free (path);
    return json;
}

static void load_holidays (market_t *self)
{
    const char *name = "data/holidays/US_exchange_holidays.json";
    bool absent;
    json_t *json = load_json (self, name, &absent);
    if (absent) {
        log_warning ("%s/%s: there is none: every Monday to Friday counts as a trading day",
                     self->directory, name);
    } else if (json && !json_is_array (json)) {
        reject_json (self, "%s: it is not an array of dates", name);
    }
    size_t count = json_is_array (json) ? json_array_size (json) : 0;
    self->holidays = memory_new (count * sizeof *self->holidays);
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value (json_array_get (json, i));
        if (text && day_parse (text, strlen (text), &self->holidays[self->holiday_count])) {
            self->holiday_count++;
        } else {
            reject_json (self, "%s: entry %zu is not a date \"YYYY-MM-DD\"", name, i + 1);
        }
    }
    json_decref (json);
    self->calendar = calendar_new (self->holidays, self->holiday_count);
}

/* The symbol's index, or -1. */
static long find_symbol (const market_t *self, const char *name)
{
    size_t low = 0, high = self->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp (market_symbol (self, middle), name);
        if (order == 0) {
            return (long) middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return -1;
}

static bool read_split (const json_t *entry, wire_split_t *split)
{
    const char *date = json_string_value (json_object_get (entry, "execution_date"));
    const json_t *from = json_object_get (entry, "split_from"),
                 *to = json_object_get (entry, "split_to");
    if (!date || !json_is_number (from) || !json_is_number (to)) {
        return false;
    }
    split->factor = json_number_value (from) / json_number_value (to);
    return day_parse (date, strlen (date), &split->day) && json_number_value (from) > 0 &&
           json_number_value (to) > 0 && isfinite (split->factor) && split->factor > 0;
}

static int compare_splits (const void *a, const void *b)
{
    const symbol_split_t *left = a, *right = b;
    if (left->symbol != right->symbol) {
        return left->symbol < right->symbol ? -1 : 1;
    }
    return left->place < right->place ? -1 : left->place > right->place;
}

/* Lays the splits out by symbol; those of one symbol stay in the order of the file. */
static void keep_splits (market_t *self, symbol_split_t *found, size_t count)
{
    if (count == 0) {
        return;
    }
    qsort (found, count, sizeof *found, compare_splits);
    self->splits = memory_new (count * sizeof *self->splits);
    self->first_split = memory_new ((self->count + 1) * sizeof *self->first_split);
    size_t at = 0;
    for (size_t i = 0; i < self->count; i++) {
        self->first_split[i] = (uint32_t) at;
        while (at < count && found[at].symbol == i) {
            self->splits[at] = found[at].split;
            at++;
        }
    }
    self->first_split[self->count] = (uint32_t) at;
    self->split_count = at;
}

static void load_splits (market_t *self)
{
    const char *path = "data/polygon_splits.json", *name;
    bool absent;
    json_t *json = load_json (self, path, &absent), *list, *entry;
    symbol_split_t *found = NULL;
    size_t count = 0, i;
    if (json && !json_is_object (json)) {
        reject_json (self, "%s: it is not an object of symbols", path);
    }
    json_object_foreach (json, name, list)
    {
        long symbol = find_symbol (self, name);
        if (symbol >= 0 && !json_is_array (list)) {
            reject_json (self, "%s: %s: it is not an array of splits", path, name);
            continue;
        }
        json_array_foreach (list, i, entry)
        {
            symbol_split_t split = {.symbol = (uint32_t) symbol, .place = count};
            if (symbol < 0) {
                continue;
            }
            if (!read_split (entry, &split.split)) {
                reject_json (
                    self, "%s: %s: split %zu lacks a good execution_date, split_from or split_to",
                    path, name, i + 1);
                continue;
            }
            found = memory_resize (found, count + 1, sizeof *found);
            found[count++] = split;
        }
    }
    keep_splits (self, found, count);
    free (found);
    json_decref (json);
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
        reject_json (self, "data/fundamentals: %s", strerror (errno));
    }
    free (path);
    sort_symbols (self);
    load_holidays (self);
    load_splits (self);
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

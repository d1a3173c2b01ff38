#include "zpl.h"

#include "memory.h"

#include <czmq.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLANKS         " \t"
#define KEY_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

struct zpl {
    char *path;
    buffer_t text;
    size_t position;  /* of the next line in `text` */
    int line;         /* the last line's number */
    zconfig_t *entry; /* the last line's key and value */
};

/* Reads to the end or to the first byte too many. 0, or -1 with errno. */
static int read_whole (int fd, buffer_t *text)
{
    ssize_t got = 1;
    while (got > 0 && text->size <= ZPL_SIZE_MAX) {
        got = read (fd, buffer_reserve (text, 4096), 4096);
        if (got > 0) {
            text->size += (size_t) got;
        } else if (got < 0 && errno == EINTR) {
            got = 1;
        }
    }
    return got < 0 ? -1 : 0;
}

/* Reads the file; NULL, or why not. */
static const char *read_file (const char *path, buffer_t *text)
{
    /* NONBLOCK: a fifo must be refused, not waited for. */
    int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return strerror (errno);
    }
    const char *problem = NULL;
    struct stat status;
    if (fstat (fd, &status) != 0 || !S_ISREG (status.st_mode)) {
        problem = "not a regular file";
    } else if (read_whole (fd, text) != 0) {
        problem = strerror (errno);
    } else if (text->size > ZPL_SIZE_MAX) {
        problem = "longer than 1 MiB";
    }
    close (fd);
    return problem;
}

zpl_t *zpl_open (const char *path, char **problem)
{
    zpl_t *self = memory_new (sizeof *self);
    self->path = memory_text (path);
    const char *why = read_file (path, &self->text);
    *problem = why ? memory_format ("%s: %s", path, why) : NULL;
    if (why) {
        zpl_destroy (&self);
    }
    return self;
}

void zpl_destroy (zpl_t **self)
{
    if (*self) {
        zconfig_destroy (&(*self)->entry);
        buffer_free (&(*self)->text);
        free ((*self)->path);
        free (*self);
        *self = NULL;
    }
}

/* What is wrong with a value and what follows it on the line, or NULL. */
static const char *value_problem (const char *value)
{
    if (*value == '"' || *value == '\'') {
        const char *end = strchr (value + 1, *value);
        if (!end) {
            return "the closing quote is missing";
        }
        end += 1 + strspn (end + 1, BLANKS);
        return *end && *end != '#' ? "text after the closing quote" : NULL;
    }
    const char *hash = strchr (value, '#');
    bool cut = hash && (hash == value || !strchr (BLANKS, hash[-1]));
    return cut ? "'#' would begin a comment: put the value in quotes" : NULL;
}

/* What is wrong with a line that is neither blank nor a comment, or NULL. czmq accepts what passes.
 */
static const char *line_problem (const char *line)
{
    if (strchr (BLANKS, *line)) {
        return "indented: options have no sections";
    }
    size_t key = strspn (line, KEY_CHARACTERS);
    const char *equals = line + key + strspn (line + key, BLANKS);
    if (key == 0 || *equals != '=') {
        return "not KEY = VALUE";
    }
    return value_problem (equals + 1 + strspn (equals + 1, BLANKS));
}

/* Cuts the next line out of the text, without its end. NULL when it is no text of bearable length.
 */
static char *take_line (zpl_t *self, char line[static ZPL_LINE_MAX + 1])
{
    const char *start = self->text.bytes + self->position;
    size_t left = self->text.size - self->position;
    const char *end = memchr (start, '\n', left);
    size_t size = end ? (size_t) (end - start) : left;
    self->position += end ? size + 1 : size;
    self->line++;
    while (size > 0 && (start[size - 1] == '\r' || strchr (BLANKS, start[size - 1]))) {
        size--;
    }
    if (size > ZPL_LINE_MAX || memchr (start, '\0', size)) {
        return NULL;
    }
    if (size > 0) {
        memcpy (line, start, size);
    }
    line[size] = '\0';
    return line;
}

bool zpl_next (zpl_t *self, zpl_entry_t *entry, char **problem)
{
    *problem = NULL;
    while (self->position < self->text.size) {
        char text[ZPL_LINE_MAX + 1];
        const char *line = take_line (self, text);
        const char *why = "longer than 1000 bytes, or with a NUL";
        if (line) {
            char first = line[strspn (line, BLANKS)];
            if (first == '\0' || first == '#') {
                continue;
            }
            why = line_problem (line);
        }
        zconfig_destroy (&self->entry);
        self->entry = why ? NULL : zconfig_str_load (line);
        zconfig_t *child = self->entry ? zconfig_child (self->entry) : NULL;
        if (!child) {
            *problem =
                memory_format ("%s: line %d: %s", self->path, self->line, why ? why : "not ZPL");
            return false;
        }
        *entry = (zpl_entry_t){zconfig_name (child), zconfig_value (child), self->line};
        return true;
    }
    return false;
}

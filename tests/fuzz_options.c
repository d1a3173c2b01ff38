/* Fuzzes the options: the lines up to the first empty one are arguments, those up to the next are
 * the environment (a vertical tab stands for a line end within a variable), the rest is the ZPL
 * file. Run with -close_fd_mask=3. */
#include "fuzz.h"

#include "command.h"
#include "memory.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TEXTS_MAX 64

typedef struct {
    char *texts[TEXTS_MAX + 1]; /* ends with NULL, as argv does */
    int count;
} texts_t;

/* Takes lines up to an empty one; the address of what follows. */
static char *take_lines (char *text, texts_t *lines)
{
    while (*text && *text != '\n') {
        size_t size = strcspn (text, "\n");
        if (lines->count < TEXTS_MAX) {
            lines->texts[lines->count++] = text;
        }
        text += size;
        if (*text) {
            *text++ = '\0';
        }
    }
    return *text ? text + 1 : text;
}

/* Every reader of values, once. */
static void use (const options_t *options)
{
    for (const option_t *option = command_program.options; option->name; option++) {
        day_t day;
        (void) options_flag (options, option->name);
        (void) options_number (options, option->name);
        (void) options_date (options, option->name, &day);
        for (size_t i = 0; i < options_count (options, option->name); i++) {
            (void) strlen (options_item (options, option->name, i));
        }
    }
    for (size_t i = 0; i < options_operand_count (options); i++) {
        (void) strlen (options_operand (options, i));
    }
    FILE *null = fopen ("/dev/null", "w");
    if (null) {
        options_print (options, null);
        fclose (null);
    }
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    char *text = memory_new (size + 1);
    memcpy (text, data, size);
    texts_t arguments = {.count = 0}, environment = {.count = 0};
    char *rest = take_lines (take_lines (text, &arguments), &environment);
    for (int i = 0; i < environment.count; i++) {
        for (char *at = environment.texts[i]; (at = strchr (at, '\v'));) {
            *at = '\n';
        }
    }
    int fd = memfd_create ("options", MFD_CLOEXEC);
    size_t rest_size = size - (size_t) (rest - text); /* with its NUL bytes */
    if (fd >= 0 && write (fd, rest, rest_size) == (ssize_t) rest_size) {
        char config[64];
        snprintf (config, sizeof config, "--config=/proc/self/fd/%d", fd);
        if (arguments.count >= 2 && arguments.count < TEXTS_MAX) {
            arguments.texts[arguments.count++] = config;
        }
        options_t *options = NULL;
        if (options_load (&command_program, arguments.count, arguments.texts, environment.texts,
                          &options) == OPTIONS_RUN) {
            use (options);
        }
        options_destroy (&options);
    }
    if (fd >= 0) {
        close (fd);
    }
    free (text);
    return 0;
}

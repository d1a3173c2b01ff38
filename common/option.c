#include "option.h"

#include "memory.h"
#include "text.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

size_t option_count (const program_t *program)
{
    size_t count = 0;
    while (program->options[count].name) {
        count++;
    }
    return count;
}

bool option_taken (const option_t *self, int command)
{
    return command >= 0 && (self->commands >> command & 1);
}

const option_t *option_find (const program_t *program, int command, const char *name, size_t size)
{
    const option_t *other = NULL;
    for (const option_t *option = program->options; option->name; option++) {
        if (strlen (option->name) == size && memcmp (option->name, name, size) == 0) {
            if (option_taken (option, command)) {
                return option;
            }
            other = option;
        }
    }
    return other;
}

char *option_variable (const char *option)
{
    char *name = memory_format (OPTION_VARIABLES "%s", option);
    for (char *at = name; *at; at++) {
        *at = *at == '-' ? '_' : (char) toupper ((unsigned char) *at);
    }
    return name;
}

bool option_flag (const char *text, bool *value)
{
    *value = strcmp (text, "true") == 0 || strcmp (text, "1") == 0;
    return *value || strcmp (text, "false") == 0 || strcmp (text, "0") == 0;
}

static bool number_parse (const char *text, const option_t *option, long *value)
{
    char *end;
    bool starts =
        isdigit ((unsigned char) text[0]) || (text[0] == '-' && isdigit ((unsigned char) text[1]));
    errno = 0;
    *value = strtol (text, &end, 10);
    return starts && *end == '\0' && errno == 0 && *value >= option->minimum &&
           *value <= option->maximum;
}

/* True when `text` is one of "auto|never". */
static bool choice_valid (const char *text, const char *choices)
{
    size_t size = strlen (text);
    for (;;) {
        size_t width = strcspn (choices, "|");
        if (width == size && memcmp (choices, text, size) == 0) {
            return true;
        }
        if (choices[width] == '\0') {
            return false;
        }
        choices += width + 1;
    }
}

bool option_control (const char *text)
{
    while (*text && !iscntrl ((unsigned char) *text)) {
        text++;
    }
    return *text != '\0';
}

char *option_problem (const option_t *self, const char *value)
{
    bool flag;
    long number;
    day_t day;
    if (*value == '\0') {
        return memory_format ("a value is missing: %s",
                              self->argument ? self->argument : "true or false");
    }
    if (option_control (value)) {
        return memory_text ("control characters are not allowed");
    }
    switch (self->type) {
    case OPTION_FLAG:
        return option_flag (value, &flag) ? NULL
                                          : memory_format ("'%s' is neither true nor false", value);
    case OPTION_NUMBER:
        return number_parse (value, self, &number)
                   ? NULL
                   : memory_format ("'%s' is not a whole number from %ld to %ld", value,
                                    self->minimum, self->maximum);
    case OPTION_DATE:
        return day_parse (value, strlen (value), &day)
                   ? NULL
                   : memory_format ("'%s' is not a date like 2023-03-13", value);
    case OPTION_CHOICE:
        return choice_valid (value, self->argument)
                   ? NULL
                   : memory_format ("'%s' is none of %s", value, self->argument);
    case OPTION_TEXT:
        break;
    }
    return NULL;
}

const char *option_nearest (const program_t *program, int command, const char *name)
{
    size_t count = 0;
    const char **names = memory_new ((option_count (program) + 2) * sizeof *names);
    for (const option_t *option = program->options; option->name; option++) {
        if (command < 0 || option_taken (option, command)) {
            names[count++] = option->name;
        }
    }
    if (command >= 0) {
        names[count++] = "help";
        names[count++] = "version";
    }
    const char *nearest = text_nearest (name, names, count, sizeof *names);
    free (names);
    return nearest;
}

#include "options.h"

#include "memory.h"
#include "option.h"
#include "text.h"
#include "zpl.h"

#include <assert.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/*
 *     argv ----------> read_command, read_arguments --+
 *     environment ---> read_environment --------------+--> setting_put --> settings
 *     --config FILE -> read_config -------------------+
 *     table ---------> set_defaults ------------------+
 *
 * The sources are read from the highest to the lowest, so what is set already stays.
 */

#define CONFIG_OPTION "config"

typedef struct {
    char **items;
    size_t count;
} list_t;

/* What an option is set to, and by whom. */
typedef struct {
    list_t values;
    option_origin_t origin;
} setting_t;

struct options {
    const program_t *program;
    int command;         /* -1 until it is known */
    setting_t *settings; /* one for each option of the program's table, in its order */
    list_t operands;
};

static void list_add (list_t *self, const char *text, size_t size)
{
    char *copy = memory_new (size + 1);
    memcpy (copy, text, size);
    self->items = memory_resize (self->items, self->count + 1, sizeof *self->items);
    self->items[self->count++] = copy;
}

static void list_free (list_t *self)
{
    for (size_t i = 0; i < self->count; i++) {
        free (self->items[i]);
    }
    free (self->items);
}

/* "fastscanner scan", for the caller to free. */
static char *invocation (const options_t *self)
{
    const char *command = self->command < 0 ? "" : self->program->commands[self->command].name;
    return memory_format ("%s%s%s", self->program->program, *command ? " " : "", command);
}

static int usage (const options_t *self, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

/* Says what is wrong and where help is; -1. Much of the text came from outside: no control
 * character gets through. */
static int usage (const options_t *self, const char *format, ...)
{
    char *message = NULL;
    va_list arguments;
    va_start (arguments, format);
    int size = vasprintf (&message, format, arguments);
    va_end (arguments);
    for (int i = 0; i < size; i++) {
        if (iscntrl ((unsigned char) message[i])) {
            message[i] = '?';
        }
    }
    char *shown = invocation (self);
    char *lines = memory_format ("%s: %s\ntry '%s --help'\n", self->program->program,
                                 size < 0 ? "out of memory" : message, shown);
    fputs (lines, stderr);
    free (lines);
    free (shown);
    if (size >= 0) {
        free (message);
    }
    return -1;
}

/* Takes a value unless a higher source has given one. `where` names the place for an error:
 * "--from". */
static int setting_put (options_t *self, const option_t *option, option_origin_t origin,
                        const char *where, const char *value, size_t size)
{
    setting_t *setting = &self->settings[option - self->program->options];
    if (setting->values.count > 0 && setting->origin != origin) {
        return 0;
    }
    if (setting->values.count > 0 && !option->repeatable) {
        return usage (self, "%s is given twice", where);
    }
    list_add (&setting->values, value, size);
    setting->origin = origin;
    char *problem = option_problem (option, setting->values.items[setting->values.count - 1]);
    if (problem) {
        usage (self, "%s: %s", where, problem);
        free (problem);
        return -1;
    }
    return 0;
}

/* Command line */

/* -h, --help, --version: prints, and true. */
static bool read_help (const options_t *self, const char *argument)
{
    if (strcmp (argument, "-h") == 0 || strcmp (argument, "--help") == 0) {
        options_help (self->program, self->command, stdout);
        return true;
    }
    if (strcmp (argument, "--version") == 0) {
        printf ("%s %s\n", self->program->program, self->program->version);
        return true;
    }
    return false;
}

/* Finds the command, the first argument where a program has commands. `*next` is the argument after
 * it. */
static options_result_t read_command (options_t *self, int argc, char **argv, int *next)
{
    const command_t *commands = self->program->commands;
    if (commands[0].name[0] == '\0') {
        self->command = 0;
        return OPTIONS_RUN;
    }
    if (argc < 2) {
        usage (self, "a command is missing");
        return OPTIONS_USAGE;
    }
    const char *name = argv[(*next)++];
    if (read_help (self, name)) {
        return OPTIONS_HELP;
    }
    size_t count = 0;
    for (; commands[count].name; count++) {
        if (strcmp (commands[count].name, name) == 0) {
            self->command = (int) count;
            return OPTIONS_RUN;
        }
    }
    const char *nearest = text_nearest (name, commands, count, sizeof *commands);
    if (name[0] == '-') {
        usage (self, "%s: the command comes first", name);
    } else if (nearest) {
        usage (self, "unknown command %s: did you mean %s?", name, nearest);
    } else {
        usage (self, "unknown command %s", name);
    }
    return OPTIONS_USAGE;
}

static int unknown_argument (const options_t *self, const char *argument)
{
    char *given = memory_format ("%.*s", (int) strcspn (argument, "="), argument);
    const char *nearest =
        option_nearest (self->program, self->command, given + strspn (given, "-"));
    if (nearest) {
        usage (self, "unknown option %s: did you mean --%s?", given, nearest);
    } else {
        usage (self, "unknown option %s", given);
    }
    free (given);
    return -1;
}

static int foreign_option (const options_t *self, const option_t *option)
{
    char *shown = invocation (self);
    usage (self, "'%s' takes no --%s", shown, option->name);
    free (shown);
    return -1;
}

/* Reads one option. `follower` is the next argument or NULL; `*used` becomes true when it is the
 * value. */
static int read_option (options_t *self, const char *argument, const char *follower, bool *used)
{
    const char *name = argument + strspn (argument, "-");
    size_t size = strcspn (name, "=");
    const option_t *option =
        name == argument + 2 ? option_find (self->program, self->command, name, size) : NULL;
    if (!option) {
        return unknown_argument (self, argument);
    }
    if (!option_taken (option, self->command)) {
        return foreign_option (self, option);
    }
    const char *value = "";
    if (name[size] == '=') {
        value = name + size + 1;
    } else if (option->type == OPTION_FLAG) {
        value = "true";
    } else if (follower && strncmp (follower, "--", 2) != 0) {
        value = follower;
        *used = true;
    }
    char *where = memory_format ("--%s", option->name);
    int result = setting_put (self, option, ORIGIN_COMMAND_LINE, where, value, strlen (value));
    free (where);
    return result;
}

static int check_operands (const options_t *self)
{
    const command_t *command = &self->program->commands[self->command];
    if (self->operands.count < (size_t) command->operands_min) {
        return usage (self, "an operand is missing: %s", command->operands);
    }
    if (self->operands.count > (size_t) command->operands_max) {
        return usage (self, "one operand too many: %s",
                      self->operands.items[command->operands_max]);
    }
    for (size_t i = 0; i < self->operands.count; i++) {
        const char *operand = self->operands.items[i];
        if (*operand == '\0' || option_control (operand)) {
            return usage (self, "the operand '%s' is empty or has control characters", operand);
        }
    }
    return 0;
}

static options_result_t read_arguments (options_t *self, int argc, char **argv, int next)
{
    bool only_operands = false;
    for (int i = next; i < argc; i++) {
        const char *argument = argv[i];
        bool used = false;
        if (only_operands || argument[0] != '-' || argument[1] == '\0') {
            list_add (&self->operands, argument, strlen (argument));
        } else if (strcmp (argument, "--") == 0) {
            only_operands = true;
        } else if (read_help (self, argument)) {
            return OPTIONS_HELP;
        } else if (read_option (self, argument, i + 1 < argc ? argv[i + 1] : NULL, &used) != 0) {
            return OPTIONS_USAGE;
        }
        i += used;
    }
    return check_operands (self) == 0 ? OPTIONS_RUN : OPTIONS_USAGE;
}

/* Environment */

/* One value, or one a line. An empty variable, or line, is one that is not given. */
static int read_variable_values (options_t *self, const option_t *option, const char *variable,
                                 const char *text)
{
    int result = 0;
    while (*text && result == 0) {
        size_t size = option->repeatable ? strcspn (text, "\n") : strlen (text);
        if (size > 0) {
            result = setting_put (self, option, ORIGIN_ENVIRONMENT, variable, text, size);
        }
        text += size + (text[size] == '\n');
    }
    return result;
}

static int unknown_variable (const options_t *self, const char *given, const char *nearest)
{
    if (!nearest) {
        return usage (self, "unknown variable %s in the environment", given);
    }
    char *meant = option_variable (nearest);
    usage (self, "unknown variable %s in the environment: did you mean %s?", given, meant);
    free (meant);
    return -1;
}

/* A program without commands is started by another and has that one's variables too: none is a
 * mistake there. */
static bool variables_are_ours (const options_t *self)
{
    return self->program->commands[0].name[0] != '\0';
}

static int read_variable (options_t *self, const char *variable)
{
    size_t size = strcspn (variable, "=");
    char *given = memory_format ("%.*s", (int) size, variable);
    char *name = memory_text (given + strlen (OPTION_VARIABLES));
    for (char *at = name; *at; at++) {
        *at = *at == '_' ? '-' : (char) tolower ((unsigned char) *at);
    }
    int result = 0;
    const option_t *option = option_find (self->program, self->command, name, strlen (name));
    char *proper = option ? option_variable (option->name) : NULL;
    if (!option || strcmp (proper, given) != 0) { /* the case counts */
        const char *nearest = option ? option->name : option_nearest (self->program, -1, name);
        result = variables_are_ours (self) ? unknown_variable (self, given, nearest) : 0;
    } else if (option_taken (option, self->command) && variable[size] == '=') {
        result = read_variable_values (self, option, given, variable + size + 1);
    }
    free (proper);
    free (name);
    free (given);
    return result;
}

static int read_environment (options_t *self, char **environment)
{
    int result = 0;
    for (; *environment && result == 0; environment++) {
        if (strncmp (*environment, OPTION_VARIABLES, strlen (OPTION_VARIABLES)) == 0) {
            result = read_variable (self, *environment);
        }
    }
    return result;
}

/* File */

static int read_entry (options_t *self, const char *path, const zpl_entry_t *entry)
{
    const option_t *option =
        option_find (self->program, self->command, entry->key, strlen (entry->key));
    char *where = memory_format ("%s: line %d: %s", path, entry->line, entry->key);
    int result = 0;
    if (!option || strcmp (entry->key, CONFIG_OPTION) == 0) {
        const char *nearest = option ? NULL : option_nearest (self->program, -1, entry->key);
        result = nearest ? usage (self, "%s is no option: did you mean %s?", where, nearest)
                         : usage (self, "%s is no option of a file", where);
    } else if (option_taken (option, self->command)) {
        result =
            setting_put (self, option, ORIGIN_FILE, where, entry->value, strlen (entry->value));
    }
    free (where);
    return result;
}

static int read_config (options_t *self)
{
    const option_t *option =
        option_find (self->program, self->command, CONFIG_OPTION, strlen (CONFIG_OPTION));
    const char *path = option ? options_text (self, CONFIG_OPTION) : NULL;
    if (!path) {
        return 0;
    }
    int result = 0;
    char *problem;
    zpl_entry_t entry;
    zpl_t *zpl = zpl_open (path, &problem);
    while (zpl && result == 0 && zpl_next (zpl, &entry, &problem)) {
        result = read_entry (self, path, &entry);
    }
    if (problem) {
        result = usage (self, "%s", problem);
        free (problem);
    }
    zpl_destroy (&zpl);
    return result;
}

static void set_defaults (options_t *self)
{
    for (size_t i = 0; self->program->options[i].name; i++) {
        const char *otherwise = self->program->options[i].otherwise;
        if (self->settings[i].values.count == 0 && otherwise) {
            list_add (&self->settings[i].values, otherwise, strlen (otherwise));
        }
    }
}

/* The class */

options_result_t options_load (const program_t *program, int argc, char **argv, char **environment,
                               options_t **options)
{
    options_t *self = memory_new (sizeof *self);
    self->program = program;
    self->command = -1;
    self->settings = memory_new (option_count (program) * sizeof *self->settings);
    int next = 1;
    options_result_t result = read_command (self, argc, argv, &next);
    if (result == OPTIONS_RUN) {
        result = read_arguments (self, argc, argv, next);
    }
    if (result == OPTIONS_RUN &&
        (read_environment (self, environment) != 0 || read_config (self) != 0)) {
        result = OPTIONS_USAGE;
    }
    if (result == OPTIONS_RUN) {
        set_defaults (self);
        *options = self;
    } else {
        options_destroy (&self);
    }
    return result;
}

void options_destroy (options_t **self)
{
    if (*self) {
        size_t count = option_count ((*self)->program);
        for (size_t i = 0; i < count; i++) {
            list_free (&(*self)->settings[i].values);
        }
        list_free (&(*self)->operands);
        free ((*self)->settings);
        free (*self);
        *self = NULL;
    }
}

int options_command (const options_t *self)
{
    return self->command;
}

size_t options_operand_count (const options_t *self)
{
    return self->operands.count;
}

const char *options_operand (const options_t *self, size_t index)
{
    assert (index < self->operands.count);
    return self->operands.items[index];
}

static const setting_t *setting_of (const options_t *self, const char *name)
{
    const option_t *option = option_find (self->program, self->command, name, strlen (name));
    assert (option);
    return &self->settings[option - self->program->options];
}

const char *options_text (const options_t *self, const char *name)
{
    const list_t *values = &setting_of (self, name)->values;
    return values->count > 0 ? values->items[values->count - 1] : NULL;
}

bool options_flag (const options_t *self, const char *name)
{
    const char *text = options_text (self, name);
    bool value = false;
    return text && option_flag (text, &value) && value;
}

long options_number (const options_t *self, const char *name)
{
    const char *text = options_text (self, name);
    return text ? strtol (text, NULL, 10) : 0;
}

bool options_date (const options_t *self, const char *name, day_t *day)
{
    const char *text = options_text (self, name);
    return text && day_parse (text, strlen (text), day);
}

size_t options_count (const options_t *self, const char *name)
{
    return setting_of (self, name)->values.count;
}

const char *options_item (const options_t *self, const char *name, size_t index)
{
    const list_t *values = &setting_of (self, name)->values;
    assert (index < values->count);
    return values->items[index];
}

option_origin_t options_origin (const options_t *self, const char *name)
{
    return setting_of (self, name)->origin;
}

/* Where a value came from, for the caller to free. */
static char *origin_text (const options_t *self, const option_t *option)
{
    switch (self->settings[option - self->program->options].origin) {
    case ORIGIN_COMMAND_LINE:
        return memory_format ("--%s on the command line", option->name);
    case ORIGIN_ENVIRONMENT:
        return option_variable (option->name);
    case ORIGIN_FILE:
        return memory_text (options_text (self, CONFIG_OPTION));
    case ORIGIN_DEFAULT:
        break;
    }
    return memory_text ("default");
}

void options_print (const options_t *self, FILE *out)
{
    enum { VALUE_WIDTH = 40 }; /* a longer value only moves its own origin */
    for (const option_t *option = self->program->options; option->name; option++) {
        if (!option_taken (option, self->command)) {
            continue;
        }
        const list_t *values = &self->settings[option - self->program->options].values;
        char *origin = origin_text (self, option);
        const char *unset = option->type == OPTION_FLAG ? "false" : "-";
        fprintf (out, "%-11s  %-*s  %s\n", option->name, VALUE_WIDTH,
                 values->count > 0 ? values->items[0] : unset, origin);
        for (size_t i = 1; i < values->count; i++) {
            fprintf (out, "%-11s  %s\n", "", values->items[i]);
        }
        free (origin);
    }
}

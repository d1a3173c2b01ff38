/* options - a program's options from the command line, the environment and a ZPL file, each with
 * its origin.
 *
 *     command line  >  environment FASTSCANNER_NAME  >  --config FILE (ZPL)  >  default
 *
 * A program has one table of its options and one of its commands: the only list that parsing,
 * `--help`, `check` and shell completion use. A repeatable option has one value a line in the
 * environment and one key each in ZPL; a higher source replaces the whole list. Values are checked
 * for their form here (numbers, dates, names from a list, no control characters); what they mean is
 * the caller's.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "exchange.h"

#include <stdio.h>

typedef enum {
    OPTION_FLAG,   /* --strict; in the environment and ZPL true/false/1/0 */
    OPTION_TEXT,   /* --data DIR */
    OPTION_NUMBER, /* --workers N: a whole number minimum..maximum */
    OPTION_DATE,   /* --from 2023-03-13 */
    OPTION_CHOICE  /* --progress auto|never: one of `choices` */
} option_type_t;

typedef struct {
    const char *name; /* without dashes: "log-level"; FASTSCANNER_LOG_LEVEL; log-level in ZPL */
    option_type_t type;
    bool repeatable;
    unsigned commands;     /* bit i: command i of the command table takes it */
    const char *argument;  /* "DIR", as help shows it; for OPTION_CHOICE the choices "auto|never" */
    const char *otherwise; /* the default, or NULL */
    long minimum, maximum; /* of OPTION_NUMBER */
    const char *help;
} option_t;

typedef struct {
    const char *name;     /* NULL ends the table; a program without commands has one entry, "" */
    const char *summary;  /* one line */
    const char *operands; /* "SYMBOL WHEN", or "" */
    int operands_min, operands_max;
    const char
        *details; /* paragraphs for --help, with an example; lines of at most 79 characters */
} command_t;

typedef struct {
    const char *program; /* "fastscanner" */
    const char *summary; /* one line */
    const char *version;
    const command_t *commands;
    const option_t *options; /* ends with a NULL name */
} program_t;

typedef enum {
    ORIGIN_DEFAULT,
    ORIGIN_FILE,
    ORIGIN_ENVIRONMENT,
    ORIGIN_COMMAND_LINE
} option_origin_t;

typedef struct options options_t;

typedef enum {
    OPTIONS_RUN,  /* go on */
    OPTIONS_HELP, /* help or version was printed on stdout: exit 0 */
    OPTIONS_USAGE /* one error line was printed on stderr: exit 2 */
} options_result_t;

/* Reads everything. `--name value`, `--name=value`, `--` and a leading -h/--help/--version are
 * understood; option names are not abbreviated; an unknown command or option suggests the nearest.
 * `environment` as in environ (3). `*options` is set with OPTIONS_RUN only; the caller destroys it.
 * An unknown FASTSCANNER_... variable or ZPL key is a usage error too, unless another command takes
 * it; a program without commands (worker, collector) ignores such a variable: it may be fastscanner's.
 */
options_result_t options_load (const program_t *program, int argc, char **argv, char **environment,
                               options_t **options);
void options_destroy (options_t **self);

/* The command's index in the program's table. */
int options_command (const options_t *self);

size_t options_operand_count (const options_t *self);
const char *options_operand (const options_t *self, size_t index);

/* Values by option name (a name that is not in the table is a bug of ours: assert). Text of the
 * last value, or NULL. */
const char *options_text (const options_t *self, const char *name);
bool options_flag (const options_t *self, const char *name);
long options_number (const options_t *self,
                     const char *name); /* 0 when not given and without default */
bool options_date (const options_t *self, const char *name, day_t *day); /* false when not given */
size_t options_count (const options_t *self, const char *name);
const char *options_item (const options_t *self, const char *name, size_t index);
option_origin_t options_origin (const options_t *self, const char *name);

/* Prints each option of the command, its value and where it came from ("--data on the command
 * line", "FASTSCANNER_DATA", "file.zpl", "default"), aligned. */
void options_print (const options_t *self, FILE *out);

/* Prints help of the program (command -1) or of one command, 80 columns at most. */
void options_help (const program_t *program, int command, FILE *out);

#endif

/* option - one entry of a program's table of options: finding it, its names, the form of its
 * values. */
#ifndef OPTION_H
#define OPTION_H

#include "options.h"

#define OPTION_VARIABLES "FASTSCANNER_" /* how the names of variables begin */

size_t option_count (const program_t *program);

/* True when the program's command of that index takes the option; false for -1, no command. */
bool option_taken (const option_t *self, int command);

/* The entry whose name is the `size` bytes at `name`, or NULL. Two commands may each have an entry
 * of one name (another default, other help): the one that `command` takes comes first. */
const option_t *option_find (const program_t *program, int command, const char *name, size_t size);

/* The option nearest to a mistyped name, among those of a command, or of all for -1. NULL when none
 * is near. */
const char *option_nearest (const program_t *program, int command, const char *name);

/* "FASTSCANNER_LOG_LEVEL" of "log-level". The caller frees it. */
char *option_variable (const char *name);

/* What is wrong with a value's form, for the caller to free, or NULL. */
char *option_problem (const option_t *self, const char *value);

/* true, 1, false, 0. False when it is none of them. */
bool option_flag (const char *text, bool *value);

/* True when there is a control character in the text. */
bool option_control (const char *text);

#endif

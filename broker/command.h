/* command - the one table of fastscanner's commands and their options.
 *
 * Adding a command is one entry in `commands`, one id here and one file; an option is one entry in
 * `options`. Parsing,
 * --help and `check` follow the table, and a test holds the shell completions to it.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include "options.h"

/* The commands' indices in the table, as options_command gives them. */
typedef enum {
    COMMAND_SCAN,
    COMMAND_LIVE,
    COMMAND_REPLAY,
    COMMAND_LOAD,
    COMMAND_SAMPLE,
    COMMAND_SCANNERS,
    COMMAND_EXPLAIN,
    COMMAND_CHECK,
    COMMAND_KEYS,
    COMMAND_HEALTH,
    COMMAND_COUNT
} command_id_t;

extern const program_t command_program;

#endif

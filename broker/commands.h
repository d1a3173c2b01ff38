/* commands - one file per command; each takes its options and returns the exit code. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "options.h"

int command_scan (const options_t *options);
int command_live (const options_t *options);
int command_replay (const options_t *options);
int command_load (const options_t *options);
int command_sample (const options_t *options);
int command_scanners (const options_t *options);
int command_explain (const options_t *options);
int command_check (const options_t *options);
int command_keys (const options_t *options);
int command_health (const options_t *options);

#endif

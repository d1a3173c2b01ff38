/* process - what every program of ours does first. */
#ifndef PROCESS_H
#define PROCESS_H

#include "options.h"

/* Before anything else in main, before any thread: the allocator, and the signals that are read
 * from a signalfd later (INT, TERM, HUP, CHLD) are blocked; PIPE is ignored, because a reader that
 * goes away is an error like others. */
void process_init (void);

/* Logging as the options log-level and log-format say, and the exchange's time zone. 0, or -1 when
 * the machine has no tz database (logged). */
int process_set_up (const program_t *program, const options_t *options);

/* A signalfd of the blocked signals; -1 with the error logged. Reading one: the signal's number, 0
 * when there is none. */
int process_signals (void);
int process_next_signal (int signals);

#endif

/* process - what every program of ours does first. */
#ifndef PROCESS_H
#define PROCESS_H

#include "options.h"

/* Before anything else in main, before any thread: the allocator, standard files that are closed, as
 * many open files as may be, no ZSYS_ variables for czmq; PIPE is ignored, because a reader that goes
 * away is an error like others. */
void process_init (void);

/* Logging as the options log-level and log-format say, and the exchange's time zone. 0, or -1 when
 * the machine has no tz database (logged). */
int process_set_up (const program_t *program, const options_t *options);

/* A signalfd of INT, TERM, HUP and CHLD, which are blocked from here on (those that the parent had us
 * ignore are left alone); -1 with the error logged. Before any thread: a command without a loop never
 * calls it, and ends by these signals. Reading one: the signal's number, 0 when there is none. */
int process_signals (void);
int process_next_signal (int signals);

/* The number of this life: what was given, or, when that is 0, the wall clock: microseconds. */
uint64_t process_incarnation (uint64_t given);

/* The largest resident size that the process has had. */
uint64_t process_memory_bytes (void);

/* At the end of main: 0, or -1 with the error logged when something of stdout could not be written. */
int process_end_output (void);

#endif

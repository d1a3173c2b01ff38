/* local - the workers and the collector of one machine: a private directory, child processes, and
 * their ends.
 *
 * The directory is made 0700 under $XDG_RUNTIME_DIR, $TMPDIR or /tmp, holds the ipc sockets and
 * goes with the run; one that a killed run left behind is swept by the next (its lock is free).
 * Children ignore INT and TERM, so that a ctrl-C on the terminal reaches them by our word alone;
 * they die with us (PR_SET_PDEATHSIG), whatever kills us.
 */
#ifndef LOCAL_H
#define LOCAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct local local_t;

/* Makes the directory. `count` children can be kept. NULL with the error logged. */
local_t *local_new (size_t count);

/* Ends children that still run (SIGKILL), waits for them, removes the directory. */
void local_destroy (local_t **self);

/* The directory; lives as long as it. Files that are put into it go with it. */
const char *local_directory (const local_t *self);

/* "ipc://DIR/NAME"; the caller frees it. */
char *local_endpoint (const local_t *self, const char *name);

/* Starts program NAME, which lies beside our own, with `arguments` (NULL-terminated, without the
 * program's name) as child `index`. Variables FASTSCANNER_... are not passed on: the children's
 * options are these arguments. 0, or -1 with the error logged. */
int local_start (local_t *self, size_t index, const char *program, const char *const *arguments);

/* Starts a fastscanner-worker as child `index`: "worker-INDEX" of the broker at `broker`, with logging as given. */
int local_start_worker (local_t *self, size_t index, const char *broker, uint64_t incarnation,
                        const char *log_level, const char *log_format);

/* A child that ended: its index, with `status` as from waitpid; -1 when none has. */
long local_reap (local_t *self, int *status);

/* SIGKILL. Its end comes through local_reap. */
void local_kill (local_t *self, size_t index);

/* Is the child running? How many are? */
bool local_runs (const local_t *self, size_t index);
size_t local_count (const local_t *self);

/* "was killed by signal 9 (Killed)", "exited with code 1", as text of `size` bytes; returns `text`.
 * */
char *local_describe (int status, char *text, size_t size);

#endif

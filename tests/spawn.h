/* spawn - runs and watches other programs, for tests: always with a deadline, always cleaned up.
 *
 * A program gets a process group of its own and dies with the test. What it writes to stdout and
 * stderr is kept, whole, and read whenever one of the waits below runs. Waits are for events (a
 * line, an end), never for time to pass.
 */
#ifndef SPAWN_H
#define SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct spawn spawn_t;

#define SPAWN_RUNS -1 /* instead of an exit code: it has not ended */

/* Starts argv[0] (found in PATH if it has no slash) with arguments up to NULL, stdin from
 * /dev/null. Never NULL; a program that cannot be started ends with exit code 127 and says why on
 * its stderr. */
spawn_t *spawn_start (const char *const argv[]);

/* Starts it and waits for its end. One that is still running after `timeout_ms` is killed and has
 * the exit code SPAWN_RUNS. */
spawn_t *spawn_run (const char *const argv[], int timeout_ms);

/* Kills what is left of the process group. Takes NULL. */
void spawn_destroy (spawn_t **self);

pid_t spawn_pid (const spawn_t *self);

/* A signal to the process alone. It must not have ended in a wait before. */
void spawn_signal (spawn_t *self, int number);

/* Waits for its end: the exit code, 128 + the signal that ended it, or SPAWN_RUNS after
 * `timeout_ms`. */
int spawn_wait (spawn_t *self, int timeout_ms);

/* Waits until stderr (stdout) has `text` in it; false when it ended or `timeout_ms` passed without
 * it. */
bool spawn_wait_err (spawn_t *self, const char *text, int timeout_ms);
bool spawn_wait_out (spawn_t *self, const char *text, int timeout_ms);

/* The exit code as of the last wait. */
int spawn_code (const spawn_t *self);

/* What it wrote so far, as of the last wait: a text that ends with NUL, valid until the next wait.
 * */
const char *spawn_out (const spawn_t *self);
const char *spawn_err (const spawn_t *self);
size_t spawn_out_size (const spawn_t *self);

/* The bytes of a file, with a NUL after them that does not count; NULL if it cannot be read. The
 * caller frees them. `size_bytes` may be NULL. */
char *file_read (const char *path, size_t *size_bytes);

/* Writes a text as a file; ends the test program when it cannot. */
void file_write (const char *path, const char *text);

/* A new directory for one test, below $TMPDIR or /tmp. The caller frees the path. */
char *directory_new (void);

/* Removes the directory with all in it and frees the path. Takes NULL. */
void directory_destroy (char **self);

#endif

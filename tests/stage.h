/* stage - what a test of the whole program stands on: a directory of its own, a market in it, and
 * the three programs run there.
 *
 * Runs put their private directories under the test's (TMPDIR; XDG_RUNTIME_DIR is unset), and no
 * FASTSCANNER_ variable comes in from outside. What the stage makes or starts lives until
 * stage_close, which also ends it when a test failed half-way: use both as cmocka's setup and
 * teardown.
 */
#ifndef STAGE_H
#define STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "spawn.h"

#define STAGE_MS 120000 /* a run that takes longer hangs */

typedef struct stage stage_t;

/* cmocka's setup and teardown: `*state` is the stage. 0. */
int stage_open (void **state);
int stage_close (void **state);

/* A text, as printf makes it. */
char *stage_text (stage_t *self, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

/* DIRECTORY/NAME, `name` as printf makes it. */
char *stage_path (stage_t *self, const char *name, ...) __attribute__ ((format (printf, 2, 3)));

/* Writes a file below the directory, with the directories it needs; its path. */
char *stage_write (stage_t *self, const char *name, const char *text);

/* The bytes of a file, with a NUL after them; NULL when there is none. */
char *stage_read (stage_t *self, const char *path, size_t *size_bytes);

/* The programs are looked for there instead of in the build: for a set with one exchanged. */
void stage_programs (stage_t *self, const char *directory);

/* Starts `fastscanner` with arguments up to NULL. */
spawn_t *stage_start (stage_t *self, ...) __attribute__ ((sentinel));

/* The same, and waits for its end. */
spawn_t *stage_run (stage_t *self, ...) __attribute__ ((sentinel));

/* Starts any program, as stage_start does. */
spawn_t *stage_spawn (stage_t *self, ...) __attribute__ ((sentinel));

/* Runs any program and fails the test when it does not end with 0. */
void stage_must (stage_t *self, ...) __attribute__ ((sentinel));

/* Private directories of runs that are left. */
size_t stage_left (const stage_t *self);

/* Waits until a file of that name is there: true, or false after 20 s. */
bool stage_wait_file (const stage_t *self, const char *path);

typedef enum { STAGE_ANY, STAGE_WORKER, STAGE_COLLECTOR } stage_role_t;

/* The children of `parent` that run that program, up to `max`, lowest pid first; their number. */
size_t stage_children (pid_t parent, stage_role_t role, pid_t *pids, size_t max);

/* Waits until there are `count` of them. False after 20 s. */
bool stage_wait_children (pid_t parent, stage_role_t role, size_t count);

/* Is a process of the group alive? One that has ended and is not waited for is not. */
bool stage_group_lives (pid_t group);

#endif

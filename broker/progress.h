/* progress - how far a batch run is: a bar with ETA on a terminal's stderr, one line a second
 * otherwise. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    bool shown;    /* --progress auto */
    bool terminal; /* stderr is one: the bar is redrawn in place */
    bool drawn;    /* a bar stands on the terminal now */
    mono_t started, last;
} progress_t;

void progress_init (progress_t *self, bool shown, mono_t now);

/* Milliseconds until it wants to be shown again; -1: never. */
int64_t progress_due (const progress_t *self, mono_t now);

/* Shows `done` of `total` units and the hits so far, if it is due. */
void progress_show (progress_t *self, uint64_t done, uint64_t total, uint64_t hits, mono_t now);

/* For a run without an end: one line of `size` bytes in the bar's place; otherwise, every
 * PROGRESS_LINE_MS, a line of its own. */
#define PROGRESS_LINE_MS 10000
void progress_line (progress_t *self, const char *line, size_t size, mono_t now);

/* Takes the bar off the terminal, before something else is written there. */
void progress_clear (progress_t *self);

#endif

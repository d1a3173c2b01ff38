/* jobs - the markets of tests/golden: their jobs, command lines of these, and the hits that are expected.
 */
#ifndef JOBS_H
#define JOBS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { ARGUMENTS_MAX = 160 };

typedef struct {
    char *folder; /* jobs.json, market/, hits/, and what the runs write */
    json_t *document;
    const json_t *jobs;
    size_t wrong; /* jobs that were not as expected */
} jobs_t;

/* Unpacks market `name` into `folder`: jobs.json, market/, hits/. Its jobs.json, to be given back with
 * json_decref; fails the test when it cannot. */
json_t *jobs_unpack (const char *name, const char *folder);

/* Unpacks it into a folder of its own. */
void jobs_open (jobs_t *self, const char *name);
/* Ends the test: fails when a job was not as expected. */
void jobs_close (jobs_t *self);

/* A text of a job: "name", "scanner", "freq", "start", "end". */
const char *jobs_text (const json_t *job, const char *key);

/* The value of --scan for a job: SCANNER,name=value,... or, as one of several,
 * ID:SCANNER,freq=...,name=value,...; the caller frees it. */
char *jobs_scan (const json_t *job, bool one_of_many);

/* The hits of a job in the file at `actual` against the expected ones; with `one_of_many` those that
 * bear its name. False with lines on stdout when they differ. */
bool jobs_as_expected (const jobs_t *self, const json_t *job, const char *actual, bool one_of_many);

/* A command line, with the arguments that it owns. A value. */
typedef struct {
    const char *argv[ARGUMENTS_MAX + 1];
    char *owned[ARGUMENTS_MAX];
    size_t count, owned_count;
} command_line_t;

void command_line_add (command_line_t *self, const char *argument);
/* The argument is freed with the line. */
void command_line_own (command_line_t *self, char *argument);
void command_line_free (command_line_t *self);

#endif

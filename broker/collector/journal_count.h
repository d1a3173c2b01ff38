/* journal_count - how many hits a journal holds, and of how many identities they are: the promise that each is
 * there once, looked at from outside. */
#ifndef JOURNAL_COUNT_H
#define JOURNAL_COUNT_H

#include <stdint.h>

/* Of the journal in `directory`, whose collector has ended. 0, or -1 with the error logged. */
int journal_count (const char *directory, uint64_t *rows, uint64_t *distinct);

#endif

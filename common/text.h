/* text - numbers as text, names of symbols and scans, and the nearest name to a mistyped one. */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NUMBER_TEXT 32 /* bytes of the longest number with its NUL */
#define SYMBOL_MAX  32 /* characters of the longest symbol */
#define SCAN_ID_MAX 64 /* characters of the longest scan id */

/* The fewest digits that read back to the same double; whole numbers below 1e15 without a point.
 * NaN and infinities are the caller's business. Returns the length. */
size_t number_format (double value, char text[static NUMBER_TEXT]);

/* Writes the digits of a whole number, at most 20 and no NUL; where they end. For what is written all the time:
 * ids of requests, commands, rows. */
char *text_put_whole (char *at, uint64_t number);

/* A symbol: 1-32 of A-Za-z0-9.-_, not starting with '.'. */
bool symbol_valid (const char *text, size_t size);

/* A scan's id: 1-64 of A-Za-z0-9_.- */
bool scan_id_valid (const char *text, size_t size);

/* The name nearest to `name`, among `count` names `stride` bytes apart (each element starts with a
 * const char *), or NULL when none is near enough to be meant (Damerau-Levenshtein distance, at
 * most a third of the length, at least 2, but never more than half of it). */
const char *text_nearest (const char *name, const void *names, size_t count, size_t stride);

#endif

/* fundamentals_quick - the usual file of fundamentals, read in one walk.
 *
 * A tree of a file of 3 KB is a hundred small blocks that are made to be looked at once: of a run over
 * 10,000 symbols it took half. Here the dates and numbers are taken as they come. What is not usual is
 * left to the tree, which knows all of JSON and says what is wrong: escapes and bytes beyond ASCII,
 * values within values, dates that do not rise, names that come twice, and every fault.
 */
#ifndef FUNDAMENTALS_QUICK_H
#define FUNDAMENTALS_QUICK_H

#include "fundamentals.h"

/* Reads the JSON text: what fundamentals_parse_tree makes of it. False, and the value is all missing,
 * when the text is for that to read. */
bool fundamentals_quick (fundamentals_t *self, const char *json, size_t size);

#endif

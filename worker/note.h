/* note - where in the data directory something was rejected, and why:
 * "data/candles/A/1d/2023.csv:12: reason". */
#ifndef NOTE_H
#define NOTE_H

#include "wire_parts.h"

#include <stdarg.h>

/* Places for notes that a second bad row of a file does not take: they are kept for files that come
 * later, because of one file many rows may be bad, and why a file was rejected whole must be said.
 */
#define NOTE_PLACES_KEPT 2

/* Writes the file's path and what `format` makes; what stands in a file is repeated without
 * controls. `partition` is of WIRE_PARTITION. */
void note_write (char note[static WIRE_NOTE_MAX + 1], const char *symbol, wire_content_t content,
                 partition_t partition, const char *format, va_list arguments)
    __attribute__ ((format (printf, 5, 0)));

#endif

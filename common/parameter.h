/* parameter - one parameter of a scan as text: the value of "k=v", and how it is written again. */
#ifndef PARAMETER_H
#define PARAMETER_H

#include "memory.h"
#include "scan.h"
#include "span.h"

/* Reads the value into its field of the scan. NULL, or what to give instead: "give a number, such
 * as 0.5 or 1e9". */
const char *parameter_read (const scan_parameter_t *self, span_t text, scan_t *scan);

/* Optional ones may not be: then they are not applied, and not written. */
bool parameter_is_set (const scan_parameter_t *self, const scan_t *scan);

/* Appends "k=v", or the bare name of a flag. */
void parameter_write (const scan_parameter_t *self, const scan_t *scan, buffer_t *out);

#endif

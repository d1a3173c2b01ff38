/* load_report - the figures of a load test as a person reads them, in 80 columns, and as JSON. The same numbers
 * are in both. */
#ifndef LOAD_REPORT_H
#define LOAD_REPORT_H

#include "load_figures.h"

void load_report_table (buffer_t *out, const load_run_t *run, const load_figures_t *figures);
void load_report_json (buffer_t *out, const load_run_t *run, const load_figures_t *figures);

#endif

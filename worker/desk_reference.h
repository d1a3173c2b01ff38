/* desk_reference - from a symbol's reference data to its day: the files are read, the gates asked, and
 * nothing is kept but what the rules need. One object serves all symbols, one after the other. */
#ifndef DESK_REFERENCE_H
#define DESK_REFERENCE_H

#include "desk.h"
#include "symbol_day.h"

typedef struct desk_reference desk_reference_t;

/* All must live longer. Rejections are counted in `counts`, those of one file once in its life,
 * whichever days it is sent for. */
desk_reference_t *desk_reference_new (const run_t *run, const calendar_t *calendar,
                                      desk_counts_t *counts);
void desk_reference_destroy (desk_reference_t **self);

/* The symbol's day; NULL when no scan passes. */
symbol_day_t *desk_reference_day (desk_reference_t *self, const wire_reference_t *item);

#endif

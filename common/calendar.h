/* calendar - trading days: Monday to Friday, without holidays, and steps back over them. */
#ifndef CALENDAR_H
#define CALENDAR_H

#include "exchange.h"

typedef struct calendar calendar_t;

/* A calendar of DAY_FIRST..DAY_LAST. `holidays` may be in any order and is copied. */
calendar_t *calendar_new (const day_t *holidays, size_t count);
void calendar_destroy (calendar_t **self);

bool calendar_is_trading (const calendar_t *self, day_t day);

/* The n-th trading day before `day` (n >= 1), not `day` itself. Constant time. DAY_FIRST when there
 * are fewer. */
day_t calendar_back (const calendar_t *self, day_t day, int n);

/* The first trading day >= `day`; DAY_NONE past the end. */
day_t calendar_next (const calendar_t *self, day_t day);

/* How many trading days lie in [first, last]. */
int calendar_count (const calendar_t *self, day_t first, day_t last);

#endif

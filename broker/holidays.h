/* holidays - the days on which the New York Stock Exchange stays closed, by rule. */
#ifndef HOLIDAYS_H
#define HOLIDAYS_H

#include "exchange.h"

#define HOLIDAYS_MAX 10 /* in a year */

/* Writes the year's holidays in order and returns how many. The exchange's rule 7.2 as it stands
 * since 1998: New Year, Martin Luther King (from 1998), Presidents, Good Friday, Memorial,
 * Juneteenth (from 2022), Independence, Labor, Thanksgiving and Christmas. One that falls on a
 * Sunday is kept on Monday, on a Saturday on Friday; a New Year on a Saturday is not kept at all,
 * since that Friday ends the accounting year. Days of mourning and storms, which no rule foretells,
 * and half days are not here. */
int holidays_of_year (int year, day_t holidays[static HOLIDAYS_MAX]);

#endif

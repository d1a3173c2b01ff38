/* number - decimal text to double. */
#ifndef NUMBER_H
#define NUMBER_H

#define NUMBER_MAX 4096 /* bytes of the longest number that is read */

/* Reads the number that starts at `text`, of the form "[+-]digits[.digits][e[+-]digits]" or
 * ".digits", and ends before `end`. A point and an e must have their digits. Returns where it ends;
 * NULL when there is none, or it is not finite or longer than NUMBER_MAX. The double is exactly the
 * one that strtod makes of the text. */
const char *number_read (const char *text, const char *end, double *value);

#endif

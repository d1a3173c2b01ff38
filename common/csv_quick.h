/* csv_quick - the rows that nearly all files have, faster than csv_row reads them.
 *
 *     2023-03-13 13:31:00,12.34,12.50,12.30,12.41,1500.0 LF
 *                        ^  .  ^  .  ^  .  ^  .  ^    .  ^     where they are, of 64 bytes at once
 *
 * What holds up a reader that goes from left to right is not the work but that each field has to be
 * read before it is known where the next one begins. Here all commas, points and ends of lines are
 * found first, by comparing 64 bytes with each of them, and then the fields are independent of each
 * other: 41 ns a row instead of 65.
 *
 * It takes rows whose columns are in the usual order, with numbers of few digits, and leaves all
 * others, the faulty ones too, to csv_row, which reads every form.
 */
#ifndef CSV_QUICK_H
#define CSV_QUICK_H

#include "csv_row.h"

/* Reads the row at `text`, whose file has the usual header (csv_row_t.is_usual). Returns its line's LF;
 * NULL when it is for csv_row to read, or `end`, up to where it may look, is too near. What it takes,
 * csv_row_read takes, and the candle is the same. */
const char *csv_quick_read (csv_row_t *row, const char *text, const char *end, candle_t *candle);

#endif

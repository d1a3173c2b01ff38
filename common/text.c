#include "text.h"

#include "decimal.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEAREST_MAX 64 /* characters of the longest name that is compared */

size_t number_format (double value, char text[static NUMBER_TEXT])
{
    size_t size = decimal_format (value, text);
    if (size > 0) {
        return size;
    }
    /* Very large and very small values. 17 digits always read back; of normal values, 15 are never
     * one too many. (Some powers of two have a decimal of 16 digits that reads back but is not the
     * nearest: they get 17.) */
    int digits = fabs (value) < DBL_MIN ? 1 : 15;
    do {
        size = (size_t) snprintf (text, NUMBER_TEXT, "%.*g", digits, value);
    } while (digits++ < 17 && strtod (text, NULL) != value);
    return size;
}

static bool name_byte (char byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
           (byte >= '0' && byte <= '9') || byte == '.' || byte == '-' || byte == '_';
}

static bool name_valid (const char *text, size_t size, size_t size_max)
{
    if (size < 1 || size > size_max) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if (!name_byte (text[i])) {
            return false;
        }
    }
    return true;
}

char *text_put_whole (char *at, uint64_t number)
{
    char digits[20];
    int count = 0;
    do {
        digits[count++] = (char) ('0' + number % 10);
        number /= 10;
    } while (number > 0);
    while (count > 0) {
        *at++ = digits[--count];
    }
    return at;
}

bool symbol_valid (const char *text, size_t size)
{
    return name_valid (text, size, SYMBOL_MAX) && text[0] != '.';
}

bool scan_id_valid (const char *text, size_t size)
{
    return name_valid (text, size, SCAN_ID_MAX);
}

static size_t smaller (size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Damerau-Levenshtein distance: insertions, deletions, substitutions and swaps of neighbours. Row i
 * of the usual table holds the distances of a's first i characters to b's first j; a swap looks two
 * rows back, so three rows are kept. */
static size_t distance (const char *a, size_t a_size, const char *b, size_t b_size)
{
    size_t table[3][NEAREST_MAX + 1];
    for (size_t j = 0; j <= b_size; j++) {
        table[0][j] = j;
    }
    for (size_t i = 1; i <= a_size; i++) {
        size_t *row = table[i % 3];
        const size_t *above = table[(i - 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            row[j] = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = smaller (row[j], smaller (above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = smaller (row[j], table[(i - 2) % 3][j - 2] + 1);
            }
        }
    }
    return table[a_size % 3][b_size];
}

const char *text_nearest (const char *name, const void *names, size_t count, size_t stride)
{
    size_t name_size = strlen (name);
    if (name_size > NEAREST_MAX) {
        return NULL;
    }
    const char *nearest = NULL;
    size_t limit = name_size / 3 > 2 ? name_size / 3 : 2;
    for (size_t i = 0; i < count; i++) {
        const char *candidate;
        memcpy (&candidate, (const char *) names + i * stride, sizeof candidate);
        size_t candidate_size = strlen (candidate);
        if (candidate_size > NEAREST_MAX) {
            continue;
        }
        size_t found = distance (name, name_size, candidate, candidate_size);
        /* Half of what was typed must be left: "foo" does not mean "from". */
        if (found <= limit && 2 * found <= name_size) {
            nearest = candidate;
            if (found == 0) {
                break;
            }
            limit = found - 1; /* of equally near names the first */
        }
    }
    return nearest;
}

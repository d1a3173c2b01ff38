#include "text.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* below it a decimal of up to 15 digits survives the way to a double and back */
#define EXACT_MAX   1e15
#define EXACT_MIN   1e-4 /* C writes smaller values with an exponent */
#define POINT_MAX   19 /* digits after the point that a value in [EXACT_MIN, EXACT_MAX) may need */
#define NEAREST_MAX 64 /* characters of the longest name that is compared */

/* Writes digits / 10^point; returns the length. */
static size_t decimal_write (char *text, bool negative, uint64_t digits, int point)
{
    char reversed[24];
    int count = 0, place = 0;
    do {
        if (place == point && point > 0) {
            reversed[count++] = '.';
        }
        reversed[count++] = (char) ('0' + digits % 10);
        digits /= 10;
        place++;
    } while (digits > 0 || place <= point);
    size_t size = 0;
    if (negative) {
        text[size++] = '-';
    }
    while (count > 0) {
        text[size++] = reversed[--count];
    }
    text[size] = '\0';
    return size;
}

/* Is the value one that decimal_format writes if it has up to 15 digits? */
static bool decimal_range (double value)
{
    return fabs (value) < EXACT_MAX && (fabs (value) >= EXACT_MIN || value == 0);
}

/* What most numbers in a market are: few digits, exactly digits / 10^point. Both are exact doubles,
 * so their quotient is correctly rounded, which is what reading the text back gives. The smallest
 * such point means the fewest digits. Returns 0 when the value, which is in range, is not one. */
static size_t decimal_format (double value, char text[static NUMBER_TEXT])
{
    double size = fabs (value);
    double scale = 1;
    for (int point = 0; point <= POINT_MAX; point++, scale *= 10) {
        double digits = nearbyint (size * scale);
        if (digits >= EXACT_MAX) {
            return 0;
        }
        if (digits / scale == size) {
            return decimal_write (text, signbit (value) != 0, (uint64_t) digits, point);
        }
    }
    return 0;
}

size_t number_format (double value, char text[static NUMBER_TEXT])
{
    bool in_range = decimal_range (value);
    size_t size = in_range ? decimal_format (value, text) : 0;
    if (size > 0) {
        return size;
    }
    /* 17 digits always read back. Of normal values, 15 are never one too many, and in range 15 were
     * tried. (46 powers of two, 2^-24 the largest below one, have a decimal of 16 digits that reads
     * back but is not the nearest: they get 17.) */
    int digits = in_range ? 16 : fabs (value) < DBL_MIN ? 1 : 15;
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

/* number - decimal text to double.
 *
 *     text --> short_read: up to 15 digits, a point among them or not, eight bytes at a time
 *                | another form
 *                v
 *              number_read: digit by digit --> mantissa and power of ten --> double
 *                                                | not exact
 *                                                v
 *                                              strtod
 *
 * A mantissa and a power of ten that are both exact doubles need one multiplication or division,
 * which is correctly rounded: W. Clinger, "How to Read Floating Point Numbers Accurately" (1990).
 * That is nearly every number of a candle file; strtod gets the others.
 */
#include "number.h"

#include "digits.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MANTISSA_MAX (UINT64_C (1) << 53) /* whole numbers up to it are exact doubles */
#define POWER_MAX    22                   /* powers of ten up to it are exact doubles */
#define DIGITS_MAX   19                   /* so many digits fit a uint64_t */
#define EXPONENT_MAX 100000               /* more than any number's digits could make up for */

static inline bool is_digit (char byte)
{
    return (unsigned char) (byte - '0') < 10;
}

/* The double of the number text [text, end), whose form is known to be right: what strtod makes of
 * a copy. The programs never leave the C locale, so its point is the point. False when it is not
 * finite. */
static bool number_convert (const char *text, const char *end, double *value)
{
    char copy[NUMBER_MAX + 1];
    size_t size = (size_t) (end - text);
    if (size > NUMBER_MAX) {
        return false;
    }
    memcpy (copy, text, size);
    copy[size] = '\0';
    *value = strtod (copy, NULL);
    return isfinite (*value);
}

/* Reads "e[+-]digits" at `text` to `*exponent`; the end, or NULL. */
static const char *exponent_read (const char *text, const char *end, int *exponent)
{
    text++;
    bool negative = text < end && *text == '-';
    if (text < end && (*text == '-' || *text == '+')) {
        text++;
    }
    if (text == end || !is_digit (*text)) {
        return NULL;
    }
    int value = 0;
    for (; text < end && is_digit (*text); text++) {
        value = value < EXPONENT_MAX ? value * 10 + (*text - '0') : value;
    }
    *exponent = negative ? -value : value;
    return text;
}

static const double powers[POWER_MAX + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                             1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                             1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

#define SHORT_SIZE 25 /* bytes that short_read may look at */
#define SHORT_MAX  15 /* digits that are always below MANTISSA_MAX */

/* The digits at the start of eight bytes: how many, and the number that they are. */
static inline int digits_read (const char *text, uint64_t *number)
{
    uint64_t digits = digits_load (text), others = digits_others (digits);
    int count = others ? __builtin_ctzll (others) / 8 : DIGITS_SIZE;
    *number = 0;
    if (count > 0) { /* zeros before them, and what follows is gone */
        *number = digits_number (digits << 8 * (DIGITS_SIZE - count));
    }
    return count;
}

/* Prices and volumes are so: "12.34", "1500.0", "763". A loop over digits guesses wrong at the end of
 * nearly every number, and starts anew. NULL when the form is another, or the end too near. */
static inline const char *short_read (const char *text, const char *end, double *value)
{
    static const uint64_t tens[DIGITS_SIZE] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000};
    uint64_t mantissa, more;
    if (end - text < SHORT_SIZE) {
        return NULL;
    }
    int digits = digits_read (text, &mantissa), places = 0;
    if (digits == DIGITS_SIZE) {
        int second = digits_read (text + DIGITS_SIZE, &more);
        if (second == DIGITS_SIZE) {
            return NULL;
        }
        mantissa = mantissa * tens[second] + more;
        digits += second;
    }
    text += digits;
    if (*text == '.') {
        places = digits_read (++text, &more);
        if (digits == 0 || places == 0 || places == DIGITS_SIZE || digits + places > SHORT_MAX) {
            return NULL;
        }
        mantissa = mantissa * tens[places] + more;
        text += places;
    }
    *value = (double) mantissa / powers[places];
    return digits == 0 || *text == 'e' ? NULL : text;
}

const char *number_read (const char *text, const char *end, double *value)
{
    const char *next = short_read (text, end, value);
    if (next) {
        return next;
    }
    next = text;
    bool negative = next < end && *next == '-';
    if (next < end && (*next == '-' || *next == '+')) {
        next++;
    }
    uint64_t mantissa = 0; /* wraps when there are more than DIGITS_MAX; then strtod decides */
    const char *whole = next;
    for (; next < end && is_digit (*next); next++) {
        mantissa = mantissa * 10 + (uint64_t) (*next - '0');
    }
    ptrdiff_t digits = next - whole;
    int power = 0;
    if (next < end && *next == '.') {
        const char *fraction = ++next;
        for (; next < end && is_digit (*next); next++) {
            mantissa = mantissa * 10 + (uint64_t) (*next - '0');
        }
        if (next == fraction) {
            return NULL; /* "1." and "." */
        }
        digits += next - fraction;
        power = (int) (fraction - next);
    }
    if (digits == 0) {
        return NULL;
    }
    if (next < end && *next == 'e') {
        int exponent;
        next = exponent_read (next, end, &exponent);
        if (!next) {
            return NULL;
        }
        power += exponent;
    }
    if (digits <= DIGITS_MAX && mantissa <= MANTISSA_MAX && power >= -POWER_MAX &&
        power <= POWER_MAX) {
        double exact = (double) mantissa;
        exact = power < 0 ? exact / powers[-power] : exact * powers[power];
        *value = negative ? -exact : exact;
        return next;
    }
    return number_convert (text, next, value) ? next : NULL;
}

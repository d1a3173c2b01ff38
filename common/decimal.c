#include "decimal.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define LEAST     1e-4 /* 17 digits of a smaller value, times 2^q, would need more than 128 bits */
#define LIMIT     1e15 /* from 2^50 on there would be no q > 0 for all */
#define POINT_MAX 20   /* digits after the point that 17 digits of LEAST reach to */
#define POINT_FEW 2    /* prices have so many */

#define MANTISSA_BITS 52

__extension__ typedef unsigned __int128 wide_t;

#define E19 UINT64_C (10000000000000000000)
static const wide_t powers[POINT_MAX + 1] = {1,
                                             10,
                                             100,
                                             1000,
                                             10000,
                                             100000,
                                             1000000,
                                             10000000,
                                             100000000,
                                             1000000000,
                                             10000000000,
                                             100000000000,
                                             1000000000000,
                                             10000000000000,
                                             100000000000000,
                                             1000000000000000,
                                             10000000000000000,
                                             100000000000000000,
                                             1000000000000000000,
                                             E19,
                                             (wide_t) E19 * 10};

/* mantissa / 2^q */
typedef struct {
    uint64_t mantissa;
    int q;
} binary_t;

static binary_t binary_of (double value)
{
    uint64_t bits;
    memcpy (&bits, &value, sizeof bits);
    int exponent = (int) (bits >> MANTISSA_BITS & 0x7ff); /* never 0: that is a value below LEAST */
    uint64_t fraction = bits & ((UINT64_C (1) << MANTISSA_BITS) - 1);
    return (binary_t){fraction | UINT64_C (1) << MANTISSA_BITS, 1023 + MANTISSA_BITS - exponent};
}

/* Below a power of two the doubles lie twice as dense as above it. */
static bool is_power (binary_t value)
{
    return value.mantissa == UINT64_C (1) << MANTISSA_BITS;
}

/* Does the decimal with `point` digits after the point that is nearest to the value read back to it?
 * `*digits`: that decimal times 10^point. */
static inline bool reads_back (binary_t value, int point, uint64_t *digits)
{
    const wide_t one = (wide_t) 1 << value.q, product = value.mantissa * powers[point];
    const wide_t rest = product & (one - 1);
    uint64_t below = (uint64_t) (product >> value.q);
    bool up = rest > one / 2 || (rest == one / 2 && (below & 1));
    *digits = below + up;
    wide_t away = 2 * (up ? one - rest : rest);
    if (!up && is_power (value)) {
        away *= 2;
    }
    /* A decimal half-way between two doubles is read as the one with an even mantissa. */
    return away < powers[point] || (away == powers[point] && value.mantissa % 2 == 0);
}

/* The fewest digits after the point. More of them are never farther from the value: so what reads
 * back goes on to, and one can search by halves; but not below a power of two. */
static int fewest (binary_t value, uint64_t *digits)
{
    int least = 0, most = POINT_MAX;
    uint64_t tried;
    for (; least <= (is_power (value) ? POINT_MAX - 1 : POINT_FEW); least++) {
        if (reads_back (value, least, digits)) {
            return least;
        }
    }
    while (least < most) {
        int middle = (least + most) / 2;
        if (reads_back (value, middle, &tried)) {
            most = middle;
        } else {
            least = middle + 1;
        }
    }
    reads_back (value, most, digits);
    return most;
}

/* Writes the digits backwards from `end`, at least `least` of them; the address of the first. */
static char *digits_write (char *end, uint64_t digits, int least)
{
    static const char pairs[] =
        "00010203040506070809101112131415161718192021222324252627282930313233"
        "34353637383940414243444546474849505152535455565758596061626364656667"
        "6869707172737475767778798081828384858687888990919293949596979899";
    char *at = end;
    while (digits >= 10) {
        at -= 2;
        memcpy (at, pairs + digits % 100 * 2, 2);
        digits /= 100;
    }
    if (digits > 0) {
        *--at = (char) ('0' + digits);
    }
    while (end - at < least) {
        *--at = '0';
    }
    return at;
}

size_t decimal_format (double value, char text[static DECIMAL_TEXT])
{
    double size = fabs (value);
    if (!(size >= LEAST && size < LIMIT) && size != 0) {
        return 0;
    }
    uint64_t digits = 0;
    int point = size != 0 ? fewest (binary_of (size), &digits) : 0;
    char written[DECIMAL_TEXT], *end = written + sizeof written;
    const char *first = digits_write (end, digits, point + 1);
    size_t whole = (size_t) (end - first) - (size_t) point;
    char *at = text;
    *at = '-';
    at += signbit (value) != 0;
    memcpy (at, first, whole);
    at += whole;
    if (point > 0) {
        *at++ = '.';
        memcpy (at, first + whole, (size_t) point);
        at += point;
    }
    *at = '\0';
    return (size_t) (at - text);
}

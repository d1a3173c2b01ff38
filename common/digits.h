/* digits - eight bytes of decimal digits at once, in one 64-bit word: the first one in the lowest
 * byte. For those who read numbers (number.c, csv_quick.c).
 *
 * After S. Johnson's and D. Lemire's "parse eight digits": three multiplications where digit by digit
 * takes eight, one after the other.
 */
#ifndef DIGITS_H
#define DIGITS_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#define DIGITS_SIZE 8
#define DIGITS_ONES UINT64_C (0x0101010101010101)
#define DIGITS_HIGH (DIGITS_ONES * 0x80)

/* The eight bytes at `text`, digits as 0 to 9. */
static inline uint64_t digits_load (const char *text)
{
    uint64_t word;
    memcpy (&word, text, sizeof word);
    return le64toh (word) ^ DIGITS_ONES * '0';
}

/* The high bits of bytes that are no digits; above the first of them, of others too. */
static inline uint64_t digits_others (uint64_t digits)
{
    return ((digits + DIGITS_ONES * 0x76) | digits) & DIGITS_HIGH; /* 9 + 0x76 is below 0x80 */
}

/* The number that eight digits are. */
static inline uint64_t digits_number (uint64_t digits)
{
    const uint64_t pairs = UINT64_C (0x000000ff000000ff);
    digits =
        digits * 10 + (digits >> 8); /* four pairs, in every other byte; then two fours, then all */
    return ((digits & pairs) * (100 + (UINT64_C (1000000) << 32)) +
            (digits >> 16 & pairs) * (1 + (UINT64_C (10000) << 32))) >>
           32;
}

#endif

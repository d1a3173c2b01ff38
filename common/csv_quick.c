#include "csv_quick.h"

#include "digits.h"

#include <endian.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define SPAN       64 /* bytes that are looked at */
#define DIGITS_MAX 8  /* of a price, and on each side of a volume's point */

/* Bit i: byte i is one. */
typedef struct {
    uint64_t commas, points, ends;
} marks_t;

#ifdef __SSE2__
static inline uint64_t find_sixteen (__m128i bytes, char wanted)
{
    return (uint16_t) _mm_movemask_epi8 (_mm_cmpeq_epi8 (bytes, _mm_set1_epi8 (wanted)));
}

static inline marks_t find_marks (const char *text)
{
    marks_t marks = {0};
    for (int i = 0; i < SPAN; i += 16) {
        __m128i bytes = _mm_loadu_si128 ((const __m128i_u *) (text + i));
        marks.commas |= find_sixteen (bytes, ',') << i;
        marks.points |= find_sixteen (bytes, '.') << i;
        marks.ends |= find_sixteen (bytes, '\n') << i;
    }
    return marks;
}
#else
/* A bit for each byte of the word that is the wanted one. */
static inline uint64_t find_eight (uint64_t word, char wanted)
{
    word ^= DIGITS_ONES * (unsigned char) wanted;
    word =
        ~(((word & ~DIGITS_HIGH) + ~DIGITS_HIGH) | word) & DIGITS_HIGH; /* 0x80 where a byte is 0 */
    return (word >> 7) * UINT64_C (0x0102040810204080) >> 56;
}

static inline marks_t find_marks (const char *text)
{
    marks_t marks = {0};
    for (int i = 0; i < SPAN; i += DIGITS_SIZE) {
        uint64_t word;
        memcpy (&word, text + i, sizeof word);
        word = le64toh (word);
        marks.commas |= find_eight (word, ',') << i;
        marks.points |= find_eight (word, '.') << i;
        marks.ends |= find_eight (word, '\n') << i;
    }
    return marks;
}
#endif

/* The first mark; `*marks` has it no more. SPAN when there is none. */
static inline unsigned next_mark (uint64_t *marks)
{
    unsigned at = *marks ? (unsigned) __builtin_ctzll (*marks) : SPAN;
    *marks &= *marks - 1;
    return at;
}

/* The `size` bytes (1 to 8) before `end` as digits, the last one highest, zeros in place of what lies
 * before them. */
static inline uint64_t digits_before (const char *end, unsigned size)
{
    return digits_load (end - DIGITS_SIZE) & ~UINT64_C (0) << 8 * (DIGITS_SIZE - size);
}

/* Whole digits, and behind a point, if there is one, others. */
typedef struct {
    const char *whole_end, *end;
    unsigned whole, fraction; /* how many; 0 fraction without a point */
} parts_t;

static inline parts_t parts_of (const char *text, unsigned from, unsigned to, uint64_t *points)
{
    unsigned point = *points ? (unsigned) __builtin_ctzll (*points) : SPAN;
    if (point >= to) {
        return (parts_t){text + to, text + to, to - from, 0};
    }
    *points &= *points - 1;
    /* nothing behind the point is a fault: too many digits to be taken */
    unsigned fraction = to - point - 1;
    return (parts_t){text + point, text + to, point - from, fraction ? fraction : SPAN};
}

/* The powers of ten are exact, and so is every mantissa of up to 15 digits: the quotient is correctly
 * rounded, as number_read's. */
static const double powers[DIGITS_MAX] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7};

/* A price has up to 8 digits, which are brought together over the point. Adds to `*faults`. */
static inline double price_of (parts_t parts, uint64_t *faults)
{
    unsigned size = parts.whole + parts.fraction;
    if (parts.whole == 0 || parts.whole > DIGITS_MAX || size > DIGITS_MAX) {
        *faults |= 1;
        return 0;
    }
    uint64_t digits = digits_before (parts.whole_end, parts.whole);
    if (parts.fraction > 0) {
        digits = digits >> 8 * parts.fraction | digits_before (parts.end, parts.fraction);
    }
    *faults |= digits_others (digits);
    return (double) digits_number (digits) / powers[parts.fraction];
}

/* A volume has up to 8 digits before and 7 behind the point. */
static inline double volume_of (parts_t parts, uint64_t *faults)
{
    static const uint64_t tens[DIGITS_MAX] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000};
    if (parts.whole == 0 || parts.whole > DIGITS_MAX || parts.fraction >= DIGITS_MAX) {
        *faults |= 1;
        return 0;
    }
    uint64_t digits = digits_before (parts.whole_end, parts.whole);
    uint64_t behind = parts.fraction > 0 ? digits_before (parts.end, parts.fraction) : 0;
    *faults |= digits_others (digits) | digits_others (behind);
    uint64_t mantissa = digits_number (digits) * tens[parts.fraction] + digits_number (behind);
    return (double) mantissa / powers[parts.fraction];
}

const char *csv_quick_read (csv_row_t *row, const char *text, const char *end, candle_t *candle)
{
    if (end - text < SPAN) {
        return NULL;
    }
    marks_t marks = find_marks (text);
    unsigned line = marks.ends ? (unsigned) __builtin_ctzll (marks.ends) : SPAN;
    unsigned commas[CSV_COLUMN_COUNT];
    for (int i = 0; i < CSV_COLUMN_COUNT; i++) {
        commas[i] = next_mark (&marks.commas);
    }
    const char *date_end = csv_row_datetime (row, text, end, &candle->ts);
    /* The sixth comma, of another line or of a column behind, is not before the volume's end. */
    if (line == SPAN || commas[CSV_COLUMN_COUNT - 2] > line || date_end != text + commas[0]) {
        return NULL;
    }
    unsigned last = commas[CSV_COLUMN_COUNT - 1];
    if (last > line) {
        last = line - (text[line - 1] == '\r');
    }
    uint64_t faults = 0;
    candle->open = price_of (parts_of (text, commas[0] + 1, commas[1], &marks.points), &faults);
    candle->high = price_of (parts_of (text, commas[1] + 1, commas[2], &marks.points), &faults);
    candle->low = price_of (parts_of (text, commas[2] + 1, commas[3], &marks.points), &faults);
    candle->close = price_of (parts_of (text, commas[3] + 1, commas[4], &marks.points), &faults);
    candle->volume = volume_of (parts_of (text, commas[4] + 1, last, &marks.points), &faults);
    return faults ? NULL : text + line;
}

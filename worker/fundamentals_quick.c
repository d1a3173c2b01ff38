#include "fundamentals_quick.h"

#include "memory.h"
#include "number.h"

#include <stdlib.h>
#include <string.h>

#define MEMBERS_MAX 32  /* of the file; it has 14 */
#define FIRST       128 /* elements that an array has room for at first */

/* A string's bytes, without the quotes. */
typedef struct {
    const char *text;
    size_t size;
} string_t;

typedef struct {
    const char *at, *end;
} walk_t;

static bool is_blank (char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static void skip_blanks (walk_t *self)
{
    while (self->at < self->end && is_blank (*self->at)) {
        self->at++;
    }
}

/* Past blanks, and the byte if it comes next. */
static bool take (walk_t *self, char wanted)
{
    skip_blanks (self);
    bool is_next = self->at < self->end && *self->at == wanted;
    self->at += is_next;
    return is_next;
}

static bool take_string (walk_t *self, string_t *string)
{
    if (!take (self, '"')) {
        return false;
    }
    const char *next = self->at;
    while (next < self->end && *next >= ' ' && *next < 0x7f && *next != '"' && *next != '\\') {
        next++;
    }
    *string = (string_t){self->at, (size_t) (next - self->at)};
    self->at = next;
    return next < self->end && *self->at++ == '"';
}

static bool take_date (walk_t *self, day_t *day)
{
    string_t string;
    return take_string (self, &string) && day_parse (string.text, string.size, day);
}

static bool is_digit (char c)
{
    return c >= '0' && c <= '9';
}

/* A number as JSON has it: it begins with a digit, and with 0 only when that is all before the point;
 * the rest of the form is number_read's, but for an E. */
static bool take_number (walk_t *self, double *value)
{
    skip_blanks (self);
    const char *first = self->at + (self->at < self->end && *self->at == '-');
    if (self->end - first < 2 || !is_digit (*first) || (*first == '0' && is_digit (first[1]))) {
        return false;
    }
    const char *next = number_read (self->at, self->end, value);
    self->at = next ? next : self->at;
    return next && next < self->end && *next != 'E';
}

static bool take_word (walk_t *self, const char *word)
{
    size_t size = strlen (word);
    skip_blanks (self);
    bool is_next = (size_t) (self->end - self->at) > size && memcmp (self->at, word, size) == 0;
    self->at += is_next ? size : 0;
    return is_next;
}

/* A value that nobody asks for. */
static bool take_any (walk_t *self)
{
    string_t string;
    double number;
    skip_blanks (self);
    if (self->at < self->end && *self->at == '"') {
        return take_string (self, &string);
    }
    return take_word (self, "null") || take_word (self, "true") || take_word (self, "false") ||
           take_number (self, &number);
}

/* Room for one more element. */
static void *room (void *array, size_t count, size_t size)
{
    bool is_full = count == 0 || (count >= FIRST && (count & (count - 1)) == 0);
    return is_full ? memory_resize (array, count ? count * 2 : FIRST, size) : array;
}

/* {"2022-04-29": 4037907106, ...}, dates rising */
static bool take_caps (fundamentals_t *self, walk_t *walk)
{
    if (!take (walk, '{')) {
        return false;
    }
    if (take (walk, '}')) {
        return true;
    }
    do {
        day_t day;
        double cap;
        size_t count = self->cap_count;
        if (!take_date (walk, &day) || !take (walk, ':') || !take_number (walk, &cap) ||
            (count > 0 && day <= self->cap_days[count - 1])) {
            return false;
        }
        self->cap_days = room (self->cap_days, count, sizeof *self->cap_days);
        self->caps = room (self->caps, count, sizeof *self->caps);
        self->cap_days[count] = day;
        self->caps[count] = cap;
        self->cap_count++;
    } while (take (walk, ','));
    return take (walk, '}');
}

/* ["2022-03-29", ...], rising */
static bool take_earnings (fundamentals_t *self, walk_t *walk)
{
    if (!take (walk, '[')) {
        return false;
    }
    if (take (walk, ']')) {
        return true;
    }
    do {
        day_t day;
        size_t count = self->earnings_count;
        if (!take_date (walk, &day) || (count > 0 && day < self->earnings[count - 1])) {
            return false;
        }
        self->earnings = room (self->earnings, count, sizeof *self->earnings);
        self->earnings[count] = day;
        self->earnings_count++;
    } while (take (walk, ','));
    return take (walk, ']');
}

static bool equals (string_t string, const char *text)
{
    return string.size == strlen (text) && memcmp (string.text, text, string.size) == 0;
}

static bool take_member (fundamentals_t *self, walk_t *walk, string_t name)
{
    if (!take (walk, ':')) {
        return false;
    }
    if (equals (name, "historical_market_cap")) {
        return take_caps (self, walk);
    }
    if (equals (name, "earnings_dates")) {
        return take_earnings (self, walk);
    }
    if (equals (name, "ipo_date")) {
        return take_word (walk, "null") || take_date (walk, &self->ipo);
    }
    return take_any (walk);
}

static bool take_all (fundamentals_t *self, walk_t *walk)
{
    string_t names[MEMBERS_MAX];
    size_t count = 0;
    if (!take (walk, '{')) {
        return false;
    }
    do {
        if (count == MEMBERS_MAX || !take_string (walk, &names[count])) {
            return false;
        }
        for (size_t i = 0; i < count; i++) {
            if (names[i].size == names[count].size &&
                memcmp (names[i].text, names[count].text, names[i].size) == 0) {
                return false;
            }
        }
        if (!take_member (self, walk, names[count++])) {
            return false;
        }
    } while (take (walk, ','));
    if (!take (walk, '}')) {
        return false;
    }
    skip_blanks (walk);
    return walk->at == walk->end;
}

bool fundamentals_quick (fundamentals_t *self, const char *json, size_t size)
{
    walk_t walk = {json, json + size};
    *self = (fundamentals_t){.ipo = DAY_NONE};
    if (take_all (self, &walk)) {
        return true;
    }
    fundamentals_free (self);
    return false;
}

#include "resp.h"

#include <string.h>

#define DIGITS_MAX 10

/* The digits at `*at`, as far as they go: false when there are more than any count has. */
static bool read_digits (const char **at, const char *end, int64_t *number)
{
    const char *start = *at;
    *number = 0;
    for (; *at < end && (unsigned char) (**at - '0') < 10; ++*at) {
        if (*at - start == DIGITS_MAX) {
            return false;
        }
        *number = *number * 10 + (**at - '0');
    }
    return *number <= INT32_MAX;
}

resp_result_t resp_header (resp_t *self, char type, int64_t *number)
{
    const char *at = self->at, *end = self->end;
    if (at == end) {
        return RESP_MORE;
    }
    if (*at++ != type) {
        return RESP_BAD;
    }
    bool nil = at < end && *at == '-';
    at += nil;
    const char *digits = at;
    if (!read_digits (&at, end, number) || (nil && at > digits && *number != 1)) {
        return RESP_BAD;
    }
    if (at == end) {
        return RESP_MORE;
    }
    if (at == digits || *at != '\r' || (at + 1 < end && at[1] != '\n')) {
        return RESP_BAD;
    }
    if (at + 1 == end) {
        return RESP_MORE;
    }
    *number = nil ? -1 : *number;
    self->at = at + 2;
    return RESP_DONE;
}

resp_result_t resp_bulk (resp_t *self, const char **text, size_t *size)
{
    resp_t ahead = *self;
    int64_t number;
    resp_result_t result = resp_header (&ahead, '$', &number);
    if (result != RESP_DONE) {
        return result;
    }
    if (number < 0) {
        return RESP_BAD;
    }
    if (ahead.end - ahead.at < number + 2) {
        return RESP_MORE;
    }
    *text = ahead.at;
    *size = (size_t) number;
    if (memcmp (ahead.at + number, "\r\n", 2) != 0) {
        return RESP_BAD;
    }
    self->at = ahead.at + number + 2;
    return RESP_DONE;
}

resp_result_t resp_line (resp_t *self, char type, const char **text, size_t *size)
{
    size_t there = (size_t) (self->end - self->at);
    if (there == 0) {
        return RESP_MORE;
    }
    if (*self->at != type) {
        return RESP_BAD;
    }
    const char *end = memchr (self->at, '\n', there < RESP_LINE_MAX ? there : RESP_LINE_MAX);
    if (!end) {
        return there < RESP_LINE_MAX ? RESP_MORE : RESP_BAD;
    }
    if (end[-1] != '\r') {
        return RESP_BAD;
    }
    *text = self->at + 1;
    *size = (size_t) (end - 1 - *text);
    self->at = end + 1;
    return RESP_DONE;
}

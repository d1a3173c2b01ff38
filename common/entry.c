#include "entry.h"

#include "text.h"

entry_id_t entry_id_before (entry_id_t id)
{
    if (id.sequence > 0) {
        return (entry_id_t){id.ms, id.sequence - 1};
    }
    return id.ms > 0 ? (entry_id_t){id.ms - 1, UINT64_MAX} : id;
}

entry_id_t entry_id_after (entry_id_t id)
{
    if (id.sequence < UINT64_MAX) {
        return (entry_id_t){id.ms, id.sequence + 1};
    }
    return id.ms < UINT64_MAX ? (entry_id_t){id.ms + 1, 0} : id;
}

char *entry_id_format (entry_id_t id, char text[static ENTRY_ID_TEXT])
{
    char *end = text_put_whole (text, id.ms);
    *end++ = '-';
    *text_put_whole (end, id.sequence) = '\0';
    return text;
}

/* The decimal number at `*at`, which is moved behind it. False when there is none, or it is larger
 * than 64 bits hold. */
static bool read_number (const char **at, const char *end, uint64_t *number)
{
    const char *start = *at;
    *number = 0;
    for (; *at < end && **at >= '0' && **at <= '9'; ++*at) {
        unsigned digit = (unsigned) (**at - '0');
        if (*number > (UINT64_MAX - digit) / 10) {
            return false;
        }
        *number = *number * 10 + digit;
    }
    return *at > start;
}

bool entry_id_parse (const char *text, size_t size, entry_id_t *id)
{
    const char *at = text, *end = text + size;
    *id = (entry_id_t){0};
    if (!read_number (&at, end, &id->ms)) {
        return false;
    }
    if (at == end) {
        return true;
    }
    return *at++ == '-' && read_number (&at, end, &id->sequence) && at == end;
}

/* entry - the identity of an entry of a stream: Redis' own id, "MS-SEQUENCE".
 *
 * Ids rise within a stream. The milliseconds are the entry's arrival (SEMANTICS: the clock of its
 * source, never ours). A file of candles read as a stream has ids too: candle start + 60 s.
 */
#ifndef ENTRY_H
#define ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A value. {0, 0} is before every entry. */
typedef struct {
    uint64_t ms, sequence;
} entry_id_t;

#define ENTRY_ID_TEXT 42 /* bytes of the longest text with its NUL */

/* < 0, 0, > 0 as `a` is older, the same, newer. */
static inline int entry_id_compare (entry_id_t a, entry_id_t b)
{
    if (a.ms != b.ms) {
        return a.ms < b.ms ? -1 : 1;
    }
    return a.sequence == b.sequence ? 0 : a.sequence < b.sequence ? -1 : 1;
}

/* The id right before `id`, and right after; the ends stay where they are. */
entry_id_t entry_id_before (entry_id_t id);
entry_id_t entry_id_after (entry_id_t id);

/* "1679059860000-0" and a NUL; returns `text`. */
char *entry_id_format (entry_id_t id, char text[static ENTRY_ID_TEXT]);

/* Reads exactly [text, text + size): "MS-SEQUENCE" or "MS". False when it is neither. */
bool entry_id_parse (const char *text, size_t size, entry_id_t *id);

#endif

#include "cell.h"

#include <string.h>

/* Digits, up to SHARD_COUNT, without a needless zero before them; NULL when there are none such. */
static const char *take_number (const char *text, unsigned *number)
{
    const char *at = text;
    for (*number = 0; *at >= '0' && *at <= '9' && *number <= SHARD_COUNT; at++) {
        *number = *number * 10 + (unsigned) (*at - '0');
    }
    bool good = at > text && *number <= SHARD_COUNT && (*text != '0' || at == text + 1);
    return good ? at : NULL;
}

bool cell_parse (const char *text, cell_t *cell)
{
    const char *at = take_number (text, &cell->index);
    at = at && *at == '/' ? take_number (at + 1, &cell->count) : NULL;
    return at && *at == '\0' && cell->index < cell->count;
}

bool cell_is_whole (cell_t self)
{
    return self.count <= 1;
}

bool cell_has_shard (cell_t self, unsigned shard)
{
    return cell_is_whole (self) || shard % self.count == self.index;
}

bool cell_has_symbol (cell_t self, const char *symbol)
{
    return cell_is_whole (self) || cell_has_shard (self, shard_of (symbol));
}

cell_verdict_t cell_stream (cell_t self, const char *name, const char *symbol)
{
    cell_t cut;
    if (cell_is_whole (self)) {
        return CELL_OURS;
    }
    if (symbol) {
        return cell_has_symbol (self, symbol) ? CELL_OURS : CELL_THEIRS;
    }
    const char *colon = strrchr (name, ':');
    if (!colon || !cell_parse (colon + 1, &cut) || cut.count % self.count != 0) {
        return CELL_MIXED;
    }
    return cut.index % self.count == self.index ? CELL_OURS : CELL_THEIRS;
}

/* fake_flow - a flow that only notes what a source tells it, for tests of sources: linked before the real one.
 *
 * It keeps positions as the flow does, and starts a stream anew when a look says that its ids went backwards.
 */
#ifndef FAKE_FLOW_H
#define FAKE_FLOW_H

#include "flow.h"
#include "names.h"
#include "text.h"

typedef struct {
    entry_id_t position;
    int64_t clock_ms;
    uint64_t entries, skipped;
    uint64_t looks;
    bool exists; /* as the last look said, and its ids */
    entry_id_t oldest, newest;
    bool has_symbol;
    char symbol[SYMBOL_MAX + 1]; /* expected */
    char last_symbol[SYMBOL_MAX + 1];
    candle_t last;
} fake_stream_t;

struct flow {
    names_t names;
    fake_stream_t *streams;
    cell_t cell;
    bool full; /* no room */
    int64_t stamp_us;
    uint64_t unstamped;   /* entries, again ones too, that were read at no time, or in the future */
    uint64_t events;      /* counts entries, and the ends of reading again */
    uint64_t entries;     /* of the main reader, skipped ones not */
    uint64_t first_event; /* of the main reader's first entry since it was 0 */
    uint64_t disorder;    /* entries whose id was not after the position */
    uint64_t backwards;
    /* Reading again: the test sets `read` and `wants`. */
    flow_read_t read;
    bool wants, given;
    uint64_t again, again_rejected, again_ended, again_failed;
    uint64_t again_event; /* when it ended */
    uint32_t again_count[FLOW_READ_MAX];
    entry_id_t again_last[FLOW_READ_MAX];
};

void fake_flow_free (flow_t *self);

/* The stream of that name, or NULL. */
fake_stream_t *fake_flow_find (flow_t *self, const char *name);

/* Asks for a stream to be read again. */
void fake_flow_ask (flow_t *self, const char *name, entry_id_t after);

#endif

/* Reading again, for symbols that are not attached:
 *
 *     shards of a worker with room --> streams of their unattached symbols, each from the least `sent`
 *         --flow_next_read--> request --entries--> flow_again --> those behind the symbol's `sent`, up to the
 *         main position --> flow_pass;   --flow_again_end--> a stream read up to the main position: its symbols attach
 *
 * One request of a worker is under way at a time. When the main reader moved on meanwhile, the next
 * request holds it, so that the two meet. A shard whose worker died by a fault is suspect: it is read
 * again alone, after all others, so that what kills is found.
 */
#include "flow_inside.h"

#define ROW_BYTES   64 /* of a candle on the wire, about */
#define ENTRIES_MIN 16 /* of each stream in a request */
#define ENTRIES_MAX 4096

/* Something of the shard was sent and is not committed, or is still to be read again. */
static bool is_busy (const shard_t *shard)
{
    return shard->unattached > 0 || shard->sequence > shard->committed || shard->rows.count > 0;
}

bool flow_may_read (const flow_t *self, unsigned number)
{
    const shard_t *shard = &self->shards[number];
    if (shard->faults == 0) {
        return true;
    }
    for (unsigned s = 0; s < SHARD_COUNT; s++) {
        const shard_t *other = &self->shards[s];
        if (other->owner == shard->owner && s != number && is_busy (other) &&
            (other->faults == 0 || s < number)) {
            return false;
        }
    }
    return true;
}

/* Puts the stream of the symbol into the request, from what the symbol has on. False: no more streams
 * have room. */
static bool want (flow_t *self, flow_seat_t *seat, symbol_t *symbol, bool has_room)
{
    flow_read_t *read = &seat->request;
    stream_t *stream = &self->streams[symbol->stream];
    if (stream->request != self->requests) {
        if (read->count == FLOW_READ_MAX || !has_room) {
            return false;
        }
        stream->request = self->requests;
        stream->slot = read->count++;
        read->streams[stream->slot] = symbol->stream;
        read->after[stream->slot] = symbol->sent;
    } else if (entry_id_compare (symbol->sent, read->after[stream->slot]) < 0) {
        read->after[stream->slot] = symbol->sent;
    }
    symbol->request = self->requests;
    return true;
}

static bool is_wanted (const flow_t *self, const symbol_t *symbol)
{
    return !symbol->attached && symbol->placed && self->streams[symbol->stream].added;
}

/* Collects what the worker's shards lack: the number of symbols whose reference data goes ahead of their
 * first entry. It is most of the bytes: no more streams are read than have room with it. */
static uint64_t fill_request (flow_t *self, int w, uint64_t room)
{
    flow_seat_t *seat = &self->seats[w];
    uint64_t lacking = 0;
    self->requests++;
    seat->request.count = 0;
    for (unsigned s = 0; s < SHARD_COUNT; s++) {
        const shard_t *shard = &self->shards[s];
        if (shard->owner != w || shard->unattached == 0 || flow_is_moving (shard) ||
            !flow_may_read (self, s)) {
            continue;
        }
        for (uint32_t i = 0; i < shard->symbol_count; i++) {
            symbol_t *symbol = &self->symbols[shard->symbols[i]];
            if (is_wanted (self, symbol) &&
                want (self, seat, symbol, lacking * self->reference_bytes < room)) {
                lacking += symbol->reference == DAY_NONE;
            }
        }
    }
    return lacking;
}

/* How many entries of each stream have room, when `lacking` of them bring reference data. */
static uint32_t find_entries (const flow_t *self, uint32_t streams, uint64_t lacking, uint64_t room)
{
    uint64_t reference = self->reference_bytes;
    uint64_t entries = room / (ROW_BYTES + reference);
    if (entries > lacking) {
        entries = (room - lacking * reference) / ROW_BYTES;
    }
    entries /= streams;
    return (uint32_t) (entries < ENTRIES_MIN   ? ENTRIES_MIN
                       : entries > ENTRIES_MAX ? ENTRIES_MAX
                                               : entries);
}

static bool begin_read (flow_t *self, int w)
{
    flow_seat_t *seat = &self->seats[w];
    uint64_t used = flow_seat_load (seat), room = self->config.window_bytes / 2;
    if (!seat->live || seat->reading || used >= room) {
        return false;
    }
    uint64_t lacking = fill_request (self, w, room - used);
    flow_read_t *read = &seat->request;
    if (read->count == 0) {
        return false;
    }
    read->entries = find_entries (self, read->count, lacking, room - used);
    read->worker = (uint32_t) w;
    read->number = self->requests;
    read->holds = seat->hold;
    for (uint32_t k = 0; k < read->count; k++) {
        seat->reached[k] = read->after[k];
        seat->known_end[k] = self->streams[read->streams[k]].position;
        seat->counted[k] = 0;
    }
    seat->reading = true;
    return true;
}

const flow_read_t *flow_next_read (flow_t *self)
{
    if (!self->epoch || self->unattached == 0) {
        return NULL; /* nearly always: asked for before each run of entries */
    }
    for (uint32_t w = 0; w < self->seat_count; w++) {
        if (begin_read (self, (int) w)) {
            return &self->seats[w].request;
        }
    }
    return NULL;
}

/* Now the oldest open date is another one: its beginning is to be seen too. */
static void expect_next (symbol_t *symbol)
{
    symbol->expects = symbol->date_count > 0;
    if (symbol->expects) {
        symbol->first = symbol->dates[0].first;
        symbol->first_day = symbol->dates[0].day;
    }
}

/* The first entry that is seen of the oldest open date: is it the one with which it began? Dates that
 * began before it have lost their beginning. */
static void check_beginning (flow_t *self, uint32_t number, entry_id_t id)
{
    symbol_t *symbol = &self->symbols[number];
    while (symbol->expects && entry_id_compare (id, symbol->first) > 0) {
        flow_gap (self, number);
        if (!self->config.incomplete_scan) {
            expect_next (symbol);
        } else if (symbol->date_count > 0) {
            symbol->dates[0].first = id;
        }
    }
    symbol->expects = symbol->expects && entry_id_compare (id, symbol->first) < 0;
}

void flow_again (flow_t *self, const flow_read_t *read, uint32_t k, entry_id_t id, const char *name,
                 const candle_t *candle)
{
    flow_seat_t *seat = &self->seats[read->worker];
    seat->counted[k]++;
    seat->reached[k] = id;
    uint32_t stream = read->streams[k];
    uint32_t number = name ? names_find (&self->symbol_names, name) : NAMES_NONE;
    if (number == NAMES_NONE || entry_id_compare (id, self->streams[stream].position) > 0) {
        return;
    }
    symbol_t *symbol = &self->symbols[number];
    if (symbol->stream != stream || symbol->request != read->number ||
        entry_id_compare (id, symbol->sent) <= 0) {
        return;
    }
    if (symbol->expects) {
        check_beginning (self, number, id);
    }
    day_t day;
    series_verdict_t verdict = series_take (&symbol->again, candle->ts, (int64_t) id.ms,
                                            self->config.day_timeout_ms, &day);
    symbol->sent = id;
    if (verdict == SERIES_TAKE || verdict == SERIES_NEW_DATE) {
        self->counts.again++;
        flow_pass (self, number, id, candle, day, verdict == SERIES_NEW_DATE);
    }
}

/* The stream was read up to `reached`, for the symbols of the worker that wait for it. */
static void advance (flow_t *self, const flow_read_t *read, uint32_t k, entry_id_t reached)
{
    const stream_t *stream = &self->streams[read->streams[k]];
    bool met = entry_id_compare (reached, stream->position) >= 0;
    for (uint32_t i = 0; i < stream->symbol_count; i++) {
        uint32_t number = stream->symbols[i];
        symbol_t *symbol = &self->symbols[number];
        if (symbol->request != read->number) {
            continue;
        }
        while (symbol->expects && symbol->date_count > 0 &&
               entry_id_compare (reached, symbol->first) >= 0) {
            flow_gap (self, number); /* it was not seen on the way */
            if (!self->config.incomplete_scan) {
                expect_next (symbol);
            }
        }
        if (entry_id_compare (symbol->sent, reached) < 0) {
            symbol->sent = reached;
        }
        if (met) {
            flow_attach (self, symbol);
        }
    }
}

void flow_again_end (flow_t *self, const flow_read_t *read)
{
    flow_seat_t *seat = &self->seats[read->worker];
    bool behind = false;
    seat->reading = false;
    for (uint32_t k = 0; k < read->count; k++) {
        bool complete = seat->counted[k] < read->entries;
        entry_id_t reached = seat->reached[k];
        if (complete && entry_id_compare (reached, seat->known_end[k]) < 0) {
            reached = seat->known_end[k];
        }
        advance (self, read, k, reached);
        behind =
            behind ||
            (complete && entry_id_compare (reached, self->streams[read->streams[k]].position) < 0);
    }
    seat->hold = behind;
}

void flow_again_fail (flow_t *self, const flow_read_t *read)
{
    self->seats[read->worker].reading = false;
}

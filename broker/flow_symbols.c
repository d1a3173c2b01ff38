/* Streams, symbols, dates:
 *
 *     flow_entry --> the symbol's place: is it this stream's? --> series_take: does the candle count?
 *          --> its date: opened, or grown; an older one closed --> attached? --> flow_pass
 *
 *     a date:   OPEN --later date, or the clock--> CLOSED --its last sequence is committed--> let go: the floor moves
 */
#include "flow_inside.h"

#include "log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BEHIND_PART                                                                                \
    16 /* a worker is behind while more than such a part of its symbols is not attached, */
#define BEHIND_MS   1000 /* and the last one that was is not so long ago */
#define GAPS_LOGGED 20   /* gaps of symbols that are named; all are counted */

static const entry_id_t NOTHING = {0, 0};

/* Of the shard, and of all: this symbol is to be read again (1), is not any more (-1), or stays as it was (0). */
static void count_unattached (flow_t *self, const symbol_t *symbol, int more)
{
    shard_t *shard = &self->shards[symbol->shard];
    shard->unattached += (uint32_t) more;
    self->unattached += (uint64_t) (int64_t) more;
    if (shard->unattached == 0 && shard->paused_ms > 0) {
        flow_note_pause (self, shard);
    }
}

/* ---- streams ---- */

uint32_t flow_put_stream (flow_t *self, const char *name)
{
    uint32_t known = self->stream_names.count;
    uint32_t number = names_add (&self->stream_names, name);
    if (number < known) {
        return number;
    }
    if (number == self->stream_capacity) {
        self->stream_capacity = self->stream_capacity * 2 + 16;
        self->streams = memory_resize (self->streams, self->stream_capacity, sizeof *self->streams);
    }
    self->streams[number] = (stream_t){0};
    return number;
}

/* Where the main reader begins: nothing that lies behind it is missed. */
static entry_id_t find_begin (const flow_t *self, const stream_t *stream, entry_id_t begin)
{
    entry_id_t from = stream->has_known ? stream->known : begin;
    for (uint32_t i = 0; i < stream->symbol_count; i++) {
        const symbol_t *symbol = &self->symbols[stream->symbols[i]];
        if (symbol->expects && entry_id_compare (symbol->first, from) <= 0) {
            from = entry_id_before (symbol->first);
        }
    }
    return from;
}

static void refuse (flow_t *self, const char *what, const char *name)
{
    if (!self->refusal_said) {
        log_warning ("%s '%.64s': more than --max-symbols %u: refused, and so are all that follow",
                     what, name, self->config.max_symbols);
        self->refusal_said = true;
    }
}

bool flow_wants (const flow_t *self, const char *name)
{
    return cell_has_symbol (self->config.cell, name) &&
           (!self->config.wants || self->config.wants (self->config.argument, name));
}

cell_t flow_cell (const flow_t *self)
{
    return self->config.cell;
}

long flow_add_stream (flow_t *self, const char *name, const char *symbol, entry_id_t begin)
{
    uint32_t number = names_find (&self->stream_names, name);
    if (number != NAMES_NONE && self->streams[number].added) {
        return number;
    }
    if (strlen (name) > WIRE_STREAM_MAX || self->counts.streams >= self->config.max_symbols) {
        self->counts.refused_streams++;
        refuse (self, "stream", name);
        return -1;
    }
    number = flow_put_stream (self, name);
    stream_t *stream = &self->streams[number];
    stream->added = true;
    stream->position = find_begin (self, stream, begin);
    self->counts.streams++;
    for (uint32_t i = 0; i < stream->symbol_count; i++) { /* of which the journal spoke */
        symbol_t *known = &self->symbols[stream->symbols[i]];
        count_unattached (self, known, !known->attached);
    }
    if (symbol && names_find (&self->symbol_names, symbol) == NAMES_NONE &&
        flow_wants (self, symbol)) {
        flow_put_symbol (self, symbol, number);
    }
    return number;
}

uint32_t flow_stream_count (const flow_t *self)
{
    return self->stream_names.count;
}

const char *flow_stream_name (const flow_t *self, uint32_t stream)
{
    return names_text (&self->stream_names, stream);
}

entry_id_t flow_position (const flow_t *self, uint32_t stream)
{
    return self->streams[stream].position;
}

/* ---- symbols ---- */

static void add_to_list (uint32_t **list, uint32_t *count, uint32_t *capacity, uint32_t value)
{
    if (*count == *capacity) {
        *capacity = *capacity * 2 + 4;
        *list = memory_resize (*list, *capacity, sizeof **list);
    }
    (*list)[(*count)++] = value;
}

uint32_t flow_put_symbol (flow_t *self, const char *name, uint32_t stream_number)
{
    if (self->symbol_names.count >= self->config.max_symbols) {
        refuse (self, "symbol", name);
        return NAMES_NONE;
    }
    uint32_t number = names_add (&self->symbol_names, name);
    if (number >= self->symbol_capacity) {
        self->symbol_capacity = self->symbol_capacity * 2 + 64;
        self->symbols = memory_resize (self->symbols, self->symbol_capacity, sizeof *self->symbols);
    }
    symbol_t *symbol = &self->symbols[number];
    *symbol = (symbol_t){.shard = (uint16_t) shard_of (name),
                         .stream = stream_number,
                         .closed = DAY_NONE,
                         .reference = DAY_NONE,
                         .first_day = DAY_NONE};
    series_init (&symbol->series, DAY_NONE);
    series_init (&symbol->again, DAY_NONE);
    stream_t *stream = &self->streams[stream_number];
    shard_t *shard = &self->shards[symbol->shard];
    symbol->sent = symbol->read = stream->position;
    add_to_list (&stream->symbols, &stream->symbol_count, &stream->symbol_capacity, number);
    add_to_list (&shard->symbols, &shard->symbol_count, &shard->symbol_capacity, number);
    count_unattached (self, symbol, stream->added);
    self->counts.symbols++;
    self->attached_ms = self->now_ms;
    flow_mark (self, number);
    return number;
}

uint32_t flow_symbol_count (const flow_t *self)
{
    return self->symbol_names.count;
}

const char *flow_symbol (const flow_t *self, uint32_t symbol)
{
    return names_text (&self->symbol_names, symbol);
}

void flow_attach (flow_t *self, symbol_t *symbol)
{
    if (!symbol->attached && self->streams[symbol->stream].added) {
        count_unattached (self, symbol, -1);
    }
    symbol->attached = true;
    symbol->request = 0;
    self->attached_ms = self->now_ms;
}

void flow_detach (flow_t *self, symbol_t *symbol, entry_id_t sent, const series_t *again)
{
    if (symbol->attached && self->streams[symbol->stream].added) {
        count_unattached (self, symbol, 1);
    }
    symbol->attached = false;
    symbol->request = 0;
    symbol->sent = sent;
    symbol->again = *again;
}

/* ---- the journal's word ---- */

static void know_symbol (flow_t *self, const wire_place_t *place)
{
    if (!flow_wants (self, place->symbol)) {
        return; /* its place stays in the journal, for a run that wants it */
    }
    uint32_t stream = flow_put_stream (self, place->stream);
    uint32_t number = names_find (&self->symbol_names, place->symbol);
    if (number == NAMES_NONE) {
        number = flow_put_symbol (self, place->symbol, stream);
    }
    if (number == NAMES_NONE || self->symbols[number].stream != stream) {
        return;
    }
    symbol_t *symbol = &self->symbols[number];
    symbol->placed = true;
    symbol->closed = place->closed;
    symbol->expects = place->day != DAY_NONE;
    symbol->first = place->floor;
    symbol->first_day = place->day;
    symbol->skip = symbol->expects ? entry_id_before (place->floor) : place->floor;
    symbol->sent = symbol->read = symbol->skip;
    series_init (&symbol->series, place->closed);
    series_init (&symbol->again, place->closed);
}

void flow_know (flow_t *self, const wire_places_t *known)
{
    for (size_t i = 0; i < known->symbol_count; i++) {
        know_symbol (self, &known->symbols[i]);
    }
    for (size_t i = 0; i < known->stream_count; i++) {
        uint32_t number = flow_put_stream (self, known->streams[i].stream); /* may move them */
        stream_t *stream = &self->streams[number];
        stream->has_known = true;
        stream->known = known->streams[i].position;
    }
}

/* ---- dates ---- */

bool flow_floor (const symbol_t *symbol, day_t *day, entry_id_t *first)
{
    if (symbol->expects) {
        *day = symbol->first_day;
        *first = symbol->first;
        return true;
    }
    if (symbol->date_count > 0) {
        *day = symbol->dates[0].day;
        *first = symbol->dates[0].first;
        return true;
    }
    return false;
}

static void close_date (flow_t *self, const symbol_t *symbol, date_t *date)
{
    if (!date->closed) {
        date->closed = true;
        self->shards[symbol->shard].closed_dates++;
    }
}

static void drop_oldest (flow_t *self, symbol_t *symbol)
{
    self->shards[symbol->shard].closed_dates -= symbol->dates[0].closed;
    symbol->date_count--;
    memmove (symbol->dates, symbol->dates + 1, symbol->date_count * sizeof *symbol->dates);
}

/* The two oldest become one: it is let go when both could be. */
static void merge_oldest (flow_t *self, symbol_t *symbol)
{
    date_t oldest = symbol->dates[0];
    drop_oldest (self, symbol);
    symbol->dates[0].day = oldest.day;
    symbol->dates[0].first = oldest.first;
}

/* An entry of `day` counted. */
static void note_date (flow_t *self, uint32_t number, day_t day, entry_id_t id, bool is_new)
{
    symbol_t *symbol = &self->symbols[number];
    if (!is_new) {
        date_t *date = &symbol->dates[symbol->date_count - 1];
        date->last = id;
        date->sequence = 0;
        return;
    }
    if (symbol->date_count > 0) {
        close_date (self, symbol, &symbol->dates[symbol->date_count - 1]);
    }
    if (symbol->date_count == FLOW_DATES_MAX) {
        merge_oldest (self, symbol);
    }
    symbol->dates[symbol->date_count++] =
        (date_t){.day = day, .through = day, .first = id, .last = id};
    flow_mark (self, number);
}

/* Dates up to `day` are behind us: none of their candles counts any more, for no reader. */
static void close_through (symbol_t *symbol, day_t day)
{
    symbol->closed = day > symbol->closed ? day : symbol->closed;
    symbol->series.closed = day > symbol->series.closed ? day : symbol->series.closed;
    symbol->again.closed = day > symbol->again.closed ? day : symbol->again.closed;
}

void flow_note_sequence (flow_t *self, symbol_t *symbol, entry_id_t id, day_t day,
                         uint64_t sequence)
{
    for (unsigned d = 0; d < symbol->date_count; d++) {
        date_t *date = &symbol->dates[d];
        bool is_last = !self->config.clocks && entry_id_compare (date->last, id) == 0;
        if (is_last || (date->through < day && date->sequence == 0)) {
            date->sequence = sequence;
        }
    }
}

void flow_note_clock (flow_t *self, unsigned number, int64_t clock_ms, uint64_t sequence)
{
    const shard_t *shard = &self->shards[number];
    for (uint32_t i = 0; i < shard->symbol_count; i++) {
        symbol_t *symbol = &self->symbols[shard->symbols[i]];
        date_t *date = symbol->date_count > 0 ? &symbol->dates[symbol->date_count - 1] : NULL;
        if (date && date->sequence == 0 &&
            series_is_over (&symbol->series, clock_ms, self->config.day_timeout_ms)) {
            date->sequence = sequence;
        }
    }
}

static bool may_let_go (const shard_t *shard, const date_t *date)
{
    return date->closed && date->sequence > 0 && date->sequence <= shard->committed;
}

void flow_let_go (flow_t *self, unsigned number)
{
    shard_t *shard = &self->shards[number];
    for (uint32_t i = 0; i < shard->symbol_count && shard->closed_dates > 0; i++) {
        symbol_t *symbol = &self->symbols[shard->symbols[i]];
        while (symbol->date_count > 0 && may_let_go (shard, &symbol->dates[0])) {
            close_through (symbol, symbol->dates[0].through);
            drop_oldest (self, symbol);
            flow_mark (self, shard->symbols[i]);
        }
    }
}

void flow_close_dates (flow_t *self)
{
    for (uint32_t i = 0; i < self->symbol_names.count; i++) {
        symbol_t *symbol = &self->symbols[i];
        if (symbol->date_count > 0 && !symbol->dates[symbol->date_count - 1].closed &&
            series_is_over (&symbol->series, self->streams[symbol->stream].clock_ms,
                            self->config.day_timeout_ms)) {
            close_date (self, symbol, &symbol->dates[symbol->date_count - 1]);
        }
    }
    for (unsigned s = 0; s < SHARD_COUNT; s++) {
        flow_let_go (self, s);
    }
}

void flow_gap (flow_t *self, uint32_t number)
{
    symbol_t *symbol = &self->symbols[number];
    char day[11], id[ENTRY_ID_TEXT];
    symbol->expects = false;
    if (self->counts.gaps++ < GAPS_LOGGED) {
        log_warning ("%s: %s no longer has entry %s, with which its %s begins: %s",
                     flow_symbol (self, number), flow_stream_name (self, symbol->stream),
                     entry_id_format (symbol->first, id), day_format (symbol->first_day, day),
                     self->config.incomplete_scan ? "scanned without it" : "no hits on that date");
    }
    if (!self->config.incomplete_scan) {
        close_through (symbol,
                       symbol->date_count > 0 ? symbol->dates[0].through : symbol->first_day);
        if (symbol->date_count > 0) {
            drop_oldest (self, symbol);
        }
    }
    flow_mark (self, number);
}

/* ---- entries ---- */

void flow_stamp (flow_t *self, int64_t stamp_us)
{
    self->stamp_us = stamp_us;
}

/* The symbol that the entry is of, or NAMES_NONE when it is refused. */
static uint32_t place_entry (flow_t *self, uint32_t stream, const char *name)
{
    uint32_t number = names_order_find (&self->order, &self->symbol_names, name);
    if (number == NAMES_NONE && !flow_wants (self, name)) {
        self->counts.unwanted++;
    } else if (number == NAMES_NONE) {
        number = flow_put_symbol (self, name, stream);
        self->counts.refused_symbols += number == NAMES_NONE;
    } else if (self->symbols[number].stream != stream) {
        if (self->counts.misplaced++ == 0) {
            log_warning ("%s: an entry in %s is refused: the symbol belongs to %s, where it was "
                         "first seen (all such are counted)",
                         name, flow_stream_name (self, stream),
                         flow_stream_name (self, self->symbols[number].stream));
        }
        number = NAMES_NONE;
    }
    return number;
}

/* All symbols of the worker's shards: what comes from here on is read again. */
static void detach_worker (flow_t *self, int w)
{
    flow_seat_t *seat = &self->seats[w];
    for (unsigned s = 0; s < SHARD_COUNT; s++) {
        const shard_t *shard = &self->shards[s];
        for (uint32_t i = 0; i < shard->symbol_count && shard->owner == w; i++) {
            symbol_t *symbol = &self->symbols[shard->symbols[i]];
            if (symbol->attached) {
                flow_detach (self, symbol, self->streams[symbol->stream].position, &symbol->series);
            }
        }
    }
    self->counts.detaches++;
    seat->hold = false;
    if (!seat->detached) {
        log_warning ("%s is slow: %" PRIu64
                     " bytes are under way to it: its symbols are read again "
                     "when it has room",
                     seat->name, flow_seat_load (seat));
        seat->detached = true;
    }
}

/* May the candle go straight to the worker? A worker without room is detached first. */
static bool is_straight (flow_t *self, symbol_t *symbol)
{
    int owner = self->shards[symbol->shard].owner;
    if (!symbol->attached) {
        return false;
    }
    if (owner == FLOW_NOBODY || !self->seats[owner].live) {
        flow_detach (self, symbol, self->streams[symbol->stream].position, &symbol->series);
        return false;
    }
    if (!self->config.waits &&
        !flow_seat_has_room (self, &self->seats[owner], self->config.window_bytes)) {
        detach_worker (self, owner);
    }
    return symbol->attached;
}

/* The first entry that is seen of a date whose beginning is known: is it that one? */
static void check_beginning (flow_t *self, uint32_t number, entry_id_t id)
{
    const symbol_t *symbol = &self->symbols[number];
    int order = entry_id_compare (id, symbol->first);
    if (order > 0) {
        flow_gap (self, number);
    } else if (order == 0) {
        self->symbols[number].expects = false;
    }
}

static void take_entry (flow_t *self, uint32_t number, entry_id_t id, const candle_t *candle)
{
    symbol_t *symbol = &self->symbols[number];
    if (entry_id_compare (id, symbol->skip) <= 0) {
        return;
    }
    /* While symbols are read again, it is that reader who has to see the beginning. */
    if (symbol->expects && symbol->date_count == 0) {
        check_beginning (self, number, id);
    }
    bool straight = is_straight (self, symbol);
    day_t day;
    series_verdict_t verdict = series_take (&symbol->series, candle->ts, (int64_t) id.ms,
                                            self->config.day_timeout_ms, &day);
    symbol->read = id;
    if (verdict == SERIES_LATE || verdict == SERIES_DUPLICATE) {
        self->counts.late += verdict == SERIES_LATE;
        self->counts.duplicates += verdict == SERIES_DUPLICATE;
        return;
    }
    self->counts.candles++;
    note_date (self, number, day, id, verdict == SERIES_NEW_DATE);
    if (!straight && symbol->date_count == 1 && verdict == SERIES_NEW_DATE) {
        symbol->expects = true; /* by who reads it again: the stream may be trimmed before */
        symbol->first = id;
        symbol->first_day = day;
    }
    if (self->config.taken) {
        self->config.taken (self->config.argument, number, candle->ts, (int64_t) id.ms);
    }
    if (straight) {
        flow_pass (self, number, id, candle, day, verdict == SERIES_NEW_DATE);
    }
}

/* The state of the symbol that comes soon, on its way into the cache. */
static void fetch_ahead (const flow_t *self)
{
    uint32_t number = names_order_ahead (&self->order);
    if (number != NAMES_NONE) {
        const char *symbol = (const char *) &self->symbols[number];
        for (int line = 0; line < SYMBOL_LINES; line++) {
            __builtin_prefetch (symbol + (ptrdiff_t) (line * 64), 1);
        }
    }
}

void flow_entry (flow_t *self, uint32_t stream, entry_id_t id, const char *name,
                 const candle_t *candle)
{
    self->counts.entries++;
    fetch_ahead (self);
    uint32_t number = place_entry (self, stream, name);
    if (number != NAMES_NONE) {
        take_entry (self, number, id, candle);
    }
    self->streams[stream].position = id;
}

void flow_skip (flow_t *self, uint32_t stream, entry_id_t id)
{
    self->counts.entries++;
    self->streams[stream].position = id;
}

void flow_clock (flow_t *self, uint32_t stream, int64_t clock_ms)
{
    if (clock_ms > self->streams[stream].clock_ms) {
        self->streams[stream].clock_ms = clock_ms;
        self->newest_ms = clock_ms > self->newest_ms ? clock_ms : self->newest_ms;
    }
}

/* Does the worker lack room, or would too much of what the main reader passes by have to be read again for
 * it? Symbols that are read again are waited for only as long as some attach. */
static bool is_behind (const flow_t *self, int w)
{
    uint64_t symbols = 0, unattached = 0;
    for (unsigned s = 0; s < SHARD_COUNT; s++) {
        if (self->shards[s].owner == w) {
            symbols += self->shards[s].symbol_count;
            unattached += flow_is_moving (&self->shards[s]) ? 0 : self->shards[s].unattached;
        }
    }
    return (unattached * BEHIND_PART > symbols && self->now_ms - self->attached_ms < BEHIND_MS) ||
           !flow_seat_has_room (self, &self->seats[w], self->config.window_bytes);
}

bool flow_has_room (const flow_t *self)
{
    bool any = false, all_behind = true;
    /* Half is kept for reading again, while anything is; else nearly all is ours: the more is gathered, the longer
     * are the batches. */
    uint64_t room = self->config.window_bytes / 8 * (self->unattached > 0 ? 4 : 7);
    for (uint32_t w = 0; w < self->seat_count; w++) {
        const flow_seat_t *seat = &self->seats[w];
        if (!seat->live) {
            continue;
        }
        if (self->config.waits && !flow_seat_has_room (self, seat, room)) {
            return false;
        }
        any = true;
        all_behind = all_behind && !self->config.waits && is_behind (self, (int) w);
    }
    return self->config.waits ? any : !any || !all_behind;
}

/* ---- looks ---- */

/* How many symbols' floors lie before the oldest entry. */
static uint32_t count_cut (const flow_t *self, const stream_t *stream)
{
    uint32_t cut = 0;
    for (uint32_t i = 0; i < stream->symbol_count; i++) {
        day_t day;
        entry_id_t first;
        if (flow_floor (&self->symbols[stream->symbols[i]], &day, &first)) {
            cut += entry_id_compare (first, stream->oldest) < 0;
        }
    }
    return cut;
}

static void find_newest (flow_t *self)
{
    self->newest_ms = 0;
    for (uint32_t i = 0; i < self->stream_names.count; i++) {
        int64_t clock_ms = self->streams[i].clock_ms;
        self->newest_ms = clock_ms > self->newest_ms ? clock_ms : self->newest_ms;
    }
}

static void go_back (flow_t *self, uint32_t number, entry_id_t newest)
{
    stream_t *stream = &self->streams[number];
    char was[ENTRY_ID_TEXT], is[ENTRY_ID_TEXT];
    log_warning ("%s: its ids went backwards, from %s to %s: it is read from its start; open dates "
                 "of its %u symbols have lost their beginning",
                 flow_stream_name (self, number), entry_id_format (stream->position, was),
                 entry_id_format (newest, is), stream->symbol_count);
    self->counts.backwards++;
    stream->position = NOTHING;
    stream->clock_ms = 0;
    find_newest (self);
    stream->dirty = true;
    self->places.streams_due = true;
    for (uint32_t i = 0; i < stream->symbol_count; i++) {
        uint32_t which = stream->symbols[i];
        symbol_t *symbol = &self->symbols[which];
        symbol->skip = symbol->sent = symbol->read = NOTHING;
        symbol->request = 0; /* what is under way reads after ids that are no more */
        while (flow_floor (symbol, &symbol->first_day, &symbol->first)) {
            flow_gap (self, which);
            if (self->config.incomplete_scan) {
                break;
            }
        }
        for (unsigned d = 0; d < symbol->date_count; d++) {
            symbol->dates[d].first = NOTHING; /* with --incomplete scan: whatever there is */
        }
        flow_mark (self, which);
    }
}

/* Entries that were still to be read again may be gone with the symbol's beginning: its shard begins anew,
 * and finds out. */
static void look_for_holes (flow_t *self, const stream_t *stream)
{
    for (uint32_t i = 0; i < stream->symbol_count; i++) {
        const symbol_t *symbol = &self->symbols[stream->symbols[i]];
        const shard_t *shard = &self->shards[symbol->shard];
        if (!symbol->attached && !symbol->expects && symbol->date_count > 0 &&
            entry_id_compare (symbol->dates[0].first, stream->oldest) < 0 &&
            entry_id_compare (symbol->sent, entry_id_before (stream->oldest)) < 0 &&
            entry_id_compare (symbol->sent, symbol->read) < 0) {
            flow_rewind (self, symbol->shard, shard->owner);
        }
    }
}

void flow_look (flow_t *self, uint32_t number, bool exists, entry_id_t oldest, entry_id_t newest)
{
    stream_t *stream = &self->streams[number];
    bool read = entry_id_compare (stream->position, NOTHING) > 0;
    if (exists && read && entry_id_compare (newest, stream->position) < 0) {
        go_back (self, number, newest);
    }
    stream->oldest = exists ? oldest : (entry_id_t){UINT64_MAX, UINT64_MAX};
    uint32_t cut = read ? count_cut (self, stream) : 0;
    if (cut > 0 && !stream->trimmed_said) {
        log_warning ("%s was trimmed: the open dates of %u of its symbols have lost their "
                     "beginning; they go on as long as their worker lives",
                     flow_stream_name (self, number), cut);
    }
    stream->trimmed_said = cut > 0;
    if (cut > 0) {
        look_for_holes (self, stream);
    }
}

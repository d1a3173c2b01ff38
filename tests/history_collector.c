/* The collector's process: the real commits over a disk that keeps what was committed. */
#include "history.h"

#include <string.h>

#define TAKE_BYTES   (64u << 10) /* pending: no more is taken */
#define KNOWN_PLACES 3           /* of a message */

/* ---- the disk ---- */

static int store_begin (void *handle)
{
    sim_t *self = handle;
    disk_t *disk = &self->disk;
    disk->staged = disk->kept;
    disk->has_late = false;
    disk->staged_count = 0;
    return self->now < disk->full_ms && sim_chance (self, 30) ? -1 : 0;
}

static int store_epoch (void *handle, uint64_t broker, uint64_t epoch)
{
    sim_t *self = handle;
    self->disk.staged.broker = broker;
    self->disk.staged.epoch = epoch;
    return 0;
}

static int store_claim (void *handle, uint32_t shard, uint64_t epoch)
{
    sim_t *self = handle;
    self->disk.staged.shards[shard].claim = epoch;
    return 0;
}

static int store_hit (void *handle, const wire_live_hit_t *hit)
{
    sim_t *self = handle;
    disk_t *disk = &self->disk;
    long i = hits_index (self, hit);
    if (i < 0) {
        sim_wrong (self, "a hit that is of no date or symbol of this market: %s", hit->symbol);
        return 1;
    }
    if (disk->staged_count == disk->staged_capacity) {
        disk->staged_capacity = disk->staged_capacity * 2 + 64;
        disk->staged_hits =
            memory_resize (disk->staged_hits, disk->staged_capacity, sizeof *disk->staged_hits);
    }
    for (size_t k = 0; k < disk->staged_count && !disk->hits.is[i]; k++) {
        if (disk->staged_hits[k].slot == (uint32_t) i) {
            return 0;
        }
    }
    if (disk->hits.is[i]) {
        return 0;
    }
    disk->staged_hits[disk->staged_count++] = (staged_t){(uint32_t) i, hit->arrival_ms, hit->hit};
    return 1;
}

static int store_shard (void *handle, uint32_t shard, session_t generation, uint64_t sequence)
{
    sim_t *self = handle;
    self->disk.staged.shards[shard].generation = generation;
    self->disk.staged.shards[shard].sequence = sequence;
    return 0;
}

static int store_place (void *handle, const wire_place_t *place)
{
    sim_t *self = handle;
    int symbol = market_find (self, place->symbol);
    if (symbol < 0) {
        sim_wrong (self, "a place of no symbol of this market: %s", place->symbol);
        return 0;
    }
    self->disk.staged.has_place[symbol] = true;
    self->disk.staged.places[symbol] = *place;
    return 0;
}

static int store_stream (void *handle, const wire_stream_place_t *stream)
{
    sim_t *self = handle;
    for (uint32_t s = 0; s < self->market.stream_count; s++) {
        if (strcmp (self->market.streams[s].name, stream->stream) == 0) {
            self->disk.staged.has_stream[s] = true;
            self->disk.staged.streams[s] = *stream;
        }
    }
    return 0;
}

static void tell_hit (const sim_t *self, const staged_t *staged)
{
    char when[26];
    TELL (self, "  hit: scan %u %s %s", staged->hit.scan,
          self->market.symbols[staged->slot / (DAYS * MINUTES_MAX) % SYMBOLS_MAX],
          exchange_format (staged->hit.ts, when));
}

static int store_commit (void *handle)
{
    sim_t *self = handle;
    disk_t *disk = &self->disk;
    if (self->now < disk->full_ms) {
        if (self->mutant != FAILED_IS_FORGOTTEN) {
            return -1;
        }
        memcpy (disk->kept.shards, disk->staged.shards, sizeof disk->kept.shards);
        return 0;
    }
    disk->late = disk->kept;
    disk->has_late = true;
    disk->kept = disk->staged;
    disk->late_from = disk->staged_count;
    for (size_t i = 0; i < disk->staged_count; i++) {
        const staged_t *staged = &disk->staged_hits[i];
        disk->hits.is[staged->slot] = true;
        disk->hits.hits[staged->slot] = staged->hit;
        disk->hits.arrival_ms[staged->slot] = staged->arrival_ms;
        tell_hit (self, staged);
    }
    return 0;
}

static void store_abandon (void *handle)
{
    sim_t *self = handle;
    self->disk.staged_count = 0;
}

/* ---- the process ---- */

static void open_commits (sim_t *self)
{
    store_t store = {self,        store_begin,  store_epoch,  store_claim,   store_hit, store_shard,
                     store_place, store_stream, store_commit, store_abandon, NULL};
    const kept_t *kept = &self->disk.kept;
    commits_start_t start = {.epoch = kept->epoch,
                             .term_count = kept->epoch > 0,
                             .terms = {{kept->broker, kept->epoch}}};
    memcpy (start.shards, self->disk.kept.shards, sizeof start.shards);
    self->collector.commits = commits_new (&self->run, &store, &start);
}

void collector_start (sim_t *self)
{
    collector_t *collector = &self->collector;
    *collector = (collector_t){.incarnation = ++self->incarnations};
    open_commits (self);
    TELL (self, "collector %llu starts", (unsigned long long) collector->incarnation);
}

/* What it had received is gone; what was under way reaches the next one. */
void collector_end (sim_t *self)
{
    disk_t *disk = &self->disk;
    TELL (self, "the collector ends");
    wire_live_collector_t state = {0};
    commits_state (self->collector.commits, 0, (cell_t){0}, &state);
    self->tally->repeats += state.repeats;
    commits_destroy (&self->collector.commits);
    for (size_t i = 0; i < self->life_count; i++) {
        pipe_t *up = &self->lives[i]->up;
        pipe_lose (up, sim_below (self, pipe_count (up) + 1));
    }
    letters_forget (self, TO_COLLECTOR, 0);
    if (self->mutant == COMMITS_TOO_EARLY && disk->has_late) {
        disk->kept = disk->late;
        for (size_t i = 0; i < disk->late_from; i++) {
            disk->hits.is[disk->staged_hits[i].slot] = false;
        }
    }
    disk->has_late = false;
}

static void take_places (sim_t *self, const wire_places_t *places)
{
    collector_t *collector = &self->collector;
    if (places->epoch == self->disk.kept.epoch && places->number > collector->places) {
        collector->places = places->number;
    }
    commits_places (collector->commits, places);
}

/* A journal that knows of no broker before. */
static void forget_brokers (sim_t *self)
{
    collector_t *collector = &self->collector;
    kept_t *kept = &self->disk.kept;
    kept->broker = kept->epoch = 0;
    for (unsigned s = 0; s < SHARD_COUNT; s++) {
        kept->shards[s].claim = 0;
    }
    commits_destroy (&collector->commits);
    open_commits (self);
}

static void greet (sim_t *self, uint64_t broker)
{
    collector_t *collector = &self->collector;
    if (self->mutant == ONE_EPOCH && self->disk.kept.broker != broker) {
        forget_brokers (self);
    }
    commits_greet (collector->commits, broker, 0, (cell_t){0});
    collector->known_to = broker;
}

static void hear (sim_t *self)
{
    buffer_t bytes;
    uint64_t from;
    wire_object_t object;
    while (letter_next (self, TO_COLLECTOR, 0, &from, &bytes)) {
        wire_reader_begin (self->reader, bytes.bytes, bytes.size);
        if (wire_next (self->reader, &object) == 1) {
            /* A broker that has its epoch only says what a new collector must know of the run; of one
             * that is gone, the connection is. */
            if (object.kind == WIRE_LIVE_WELCOME && object.live_welcome.session.epoch == 0 &&
                broker_find (self, from)) {
                greet (self, from);
            } else if (object.kind == WIRE_PLACES) {
                take_places (self, &object.places);
            }
        }
        buffer_free (&bytes);
    }
}

/* KNOWN, once the broker has its epoch. */
static void say_known (sim_t *self)
{
    const kept_t *kept = &self->disk.kept;
    uint64_t number = 0;
    if (self->collector.known_to == 0 || kept->broker != self->collector.known_to) {
        return;
    }
    uint32_t next = 0, count = self->market.symbol_count;
    do {
        wire_place_t places[KNOWN_PLACES];
        wire_stream_place_t streams[STREAMS_MAX];
        wire_places_t known = {.epoch = kept->epoch, .symbols = places, .streams = streams};
        known.number = number++;
        for (; next < count && known.symbol_count < KNOWN_PLACES; next++) {
            if (kept->has_place[next]) {
                wire_place_t *place = &places[known.symbol_count++];
                *place = kept->places[next];
                place->closed = self->mutant == NO_CLOSED ? DAY_NONE : place->closed;
            }
        }
        known.last = next == count;
        for (uint32_t s = 0; s < self->market.stream_count && known.last; s++) {
            if (kept->has_stream[s]) {
                streams[known.stream_count++] = kept->streams[s];
            }
        }
        buffer_t bytes = {0};
        wire_put_known (&bytes, &known);
        letter_send (self, TO_BROKER, self->collector.known_to, 0, &bytes);
    } while (next < count);
    self->collector.known_to = 0;
}

static void say_to (sim_t *self, uint64_t broker)
{
    collector_t *collector = &self->collector;
    wire_live_collector_t state = {.serial = collector->serial,
                                   .incarnation = collector->incarnation,
                                   .since_ms = self->rules.since_ms};
    commits_state (collector->commits, broker, (cell_t){0}, &state);
    if (self->mutant == NO_WATCH) {
        state.able = false;
    }
    if (self->mutant == PLACES_TOO_EARLY && collector->places > state.places) {
        state.places = collector->places;
    }
    buffer_t bytes = {0};
    wire_put_live_collector (&bytes, &state);
    letter_send (self, TO_BROKER, broker, 0, &bytes);
}

static void say (sim_t *self)
{
    self->collector.serial++;
    for (size_t i = 0; i < self->broker_count; i++) {
        if (self->brokers[i].alive) {
            say_to (self, self->brokers[i].incarnation);
        }
    }
    self->collector.state_ms = self->now + 500 + sim_below (self, 500);
}

/* From each link what has come. */
static void take (sim_t *self)
{
    commits_t *commits = self->collector.commits;
    buffer_t message;
    for (size_t i = 0; i < self->life_count; i++) {
        while (commits_able (commits) && commits_pending_bytes (commits) < TAKE_BYTES &&
               pipe_pop (self, &self->lives[i]->up, &message)) {
            if (!commits_take (commits, message.bytes, message.size)) {
                sim_wrong (self, "the collector refuses a message of life %zu", i);
            }
            buffer_free (&message);
        }
    }
}

void collector_turn (sim_t *self)
{
    collector_t *collector = &self->collector;
    if (self->now < collector->pause_ms) {
        return;
    }
    mutants_run (COLLECTOR_RUNS);
    hear (self);
    take (self);
    if (self->now >= collector->write_ms) {
        commits_write (collector->commits);
        collector->write_ms = self->now + STEP_MS * sim_below (self, 4);
    }
    say_known (self);
    if (self->now >= collector->state_ms) {
        say (self);
    }
    mutants_run (NOBODY_RUNS);
}

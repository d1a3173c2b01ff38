#include "commits.h"

#include "ages.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define REPLACED_MAX 64         /* brokers that were replaced in this life */
#define LINKS_MAX    4096       /* workers' lives whose links are remembered */
#define KEEP_BYTES   (4u << 20) /* a buffer that a burst made larger is given back */

/* Who serves under which epoch, and which of its PLACES came last. */
typedef struct {
    uint64_t broker, epoch, places;
} term_t;

typedef struct {
    uint64_t epoch; /* the highest */
    size_t count;
    term_t all[SHARD_COUNT]; /* each has a shard */
} terms_t;

/* Shards with all that was taken. A copy puts back what a bad message did. */
typedef struct {
    wire_shard_state_t states[SHARD_COUNT];
    session_t seen[SHARD_COUNT]; /* the newest generation: that of a hit may be ahead of PROGRESS */
    bool moved;                  /* they are not as the store has them */
} shards_t;

struct commits {
    const run_t *run;
    store_t store;
    wire_reader_t *reader; /* of messages, and of what is pending: never both at once */
    bool able;
    terms_t stored, terms; /* in the store; with what is pending */
    wire_shard_state_t stored_shards[SHARD_COUNT];
    shards_t shards, before;
    buffer_t hits;   /* pending: LIVE_HIT objects, in the order in which they came */
    buffer_t places; /* pending: PLACES objects */
    uint64_t replaced_count;
    uint64_t replaced[REPLACED_MAX]; /* the last ones */
    size_t link_count;
    wire_link_state_t links[LINKS_MAX];
    uint64_t rows, repeats, refused, taken;
    ages_t ages;
    /* as they were said last */
    buffer_t hit_age, commit_age;
    wire_shard_state_t said_shards[SHARD_COUNT];
    wire_link_state_t said_links[LINKS_MAX];
};

commits_t *commits_new (const run_t *run, const store_t *store, const commits_start_t *start)
{
    commits_t *self = memory_new (sizeof *self);
    self->run = run;
    self->store = *store;
    self->reader = wire_reader_new ();
    self->able = true;
    self->stored.epoch = start->epoch;
    for (size_t i = 0; i < start->term_count; i++) {
        self->stored.all[self->stored.count++] =
            (term_t){.broker = start->terms[i].broker, .epoch = start->terms[i].epoch};
    }
    self->terms = self->stored;
    for (uint32_t i = 0; i < SHARD_COUNT; i++) {
        self->stored_shards[i] = start->shards[i];
        self->stored_shards[i].shard = i;
        self->shards.states[i] = self->stored_shards[i];
        self->shards.seen[i] = start->shards[i].generation;
    }
    return self;
}

void commits_destroy (commits_t **self)
{
    if (*self) {
        wire_reader_destroy (&(*self)->reader);
        buffer_free (&(*self)->hits);
        buffer_free (&(*self)->places);
        buffer_free (&(*self)->hit_age);
        buffer_free (&(*self)->commit_age);
        ages_free (&(*self)->ages);
        free (*self);
        *self = NULL;
    }
}

/* ---- brokers ---- */

/* A greeting that was under way when its broker was replaced claims nothing: the one that serves would
 * stop for one that is about to. */
static bool was_replaced (const commits_t *self, uint64_t broker)
{
    for (uint64_t i = 0; i < self->replaced_count && i < REPLACED_MAX; i++) {
        if (self->replaced[i] == broker) {
            return true;
        }
    }
    return false;
}

static term_t *term_of_broker (terms_t *terms, uint64_t broker)
{
    for (size_t i = 0; i < terms->count; i++) {
        if (terms->all[i].broker == broker) {
            return &terms->all[i];
        }
    }
    return NULL;
}

static term_t *term_of_epoch (terms_t *terms, uint64_t epoch)
{
    for (size_t i = 0; i < terms->count; i++) {
        if (terms->all[i].epoch == epoch) {
            return &terms->all[i];
        }
    }
    return NULL;
}

static bool has_claim (const commits_t *self, uint64_t epoch)
{
    bool found = false;
    for (uint32_t i = 0; i < SHARD_COUNT && !found; i++) {
        found = self->shards.states[i].claim == epoch;
    }
    return found;
}

/* Terms of which nothing is left are over, and so are their workers' links. */
static void drop_terms (commits_t *self)
{
    size_t kept = 0;
    for (size_t i = 0; i < self->terms.count; i++) {
        if (has_claim (self, self->terms.all[i].epoch)) {
            self->terms.all[kept++] = self->terms.all[i];
        } else {
            self->replaced[self->replaced_count++ % REPLACED_MAX] = self->terms.all[i].broker;
        }
    }
    self->terms.count = kept;
    kept = 0;
    for (size_t i = 0; i < self->link_count; i++) {
        if (term_of_epoch (&self->terms, self->links[i].link.session.epoch)) {
            self->links[kept++] = self->links[i];
        }
    }
    self->link_count = kept;
}

void commits_greet (commits_t *self, uint64_t broker, uint64_t epoch, cell_t cell)
{
    if (epoch > 0 || term_of_broker (&self->terms, broker) || was_replaced (self, broker)) {
        return;
    }
    self->terms.epoch++;
    for (uint32_t i = 0; i < SHARD_COUNT; i++) {
        if (cell_has_shard (cell, i)) {
            self->shards.states[i].claim = self->terms.epoch;
        }
    }
    self->shards.moved = true;
    drop_terms (self);
    self->terms.all[self->terms.count++] = (term_t){.broker = broker, .epoch = self->terms.epoch};
}

void commits_places (commits_t *self, const wire_places_t *places)
{
    term_t *term = term_of_epoch (&self->terms, places->epoch);
    if (self->able && term && places->number > term->places) {
        wire_put_places (&self->places, places);
        term->places = places->number;
    }
}

/* ---- data ---- */

/* The link of a worker of the term; a new one for a worker not heard of. When there are too many, that of the oldest
 * session makes room: its worker is long gone, and were it not, the next message would be a gap. */
static link_t *link_of (commits_t *self, uint32_t worker, uint64_t epoch)
{
    wire_link_state_t *oldest = self->links;
    for (size_t i = 0; i < self->link_count; i++) {
        wire_link_state_t *link = &self->links[i];
        if (link->worker == worker && link->link.session.epoch == epoch) {
            return &link->link;
        }
        if (session_compare (link->link.session, oldest->link.session) < 0) {
            oldest = link;
        }
    }
    if (self->link_count < LINKS_MAX) {
        oldest = &self->links[self->link_count++];
    }
    *oldest = (wire_link_state_t){.worker = worker, .link = {.session = {.epoch = epoch}}};
    return &oldest->link;
}

/* The fences. A generation not seen before shuts out those before it, were it by a hit alone. */
static bool serves (commits_t *self, uint32_t shard, session_t generation)
{
    uint64_t claim = self->shards.states[shard].claim;
    if (claim == 0 || generation.epoch != claim ||
        session_compare (generation, self->shards.seen[shard]) < 0) {
        return false;
    }
    self->shards.seen[shard] = generation;
    return true;
}

static bool take_hit (commits_t *self, const wire_live_hit_t *hit)
{
    if (hit->shard >= SHARD_COUNT || hit->hit.scan >= self->run->scan_count ||
        hit->hit.value_count != self->run->scans[hit->hit.scan].column_count) {
        return false;
    }
    if (serves (self, hit->shard, hit->generation)) {
        wire_put_live_hit (&self->hits, hit);
        ages_note (&self->ages, hit->stamp_us, 0);
    }
    return true;
}

static bool take_progress (commits_t *self, const wire_progress_t *progress)
{
    if (progress->shard >= SHARD_COUNT) {
        return false;
    }
    wire_shard_state_t *state = &self->shards.states[progress->shard];
    if (serves (self, progress->shard, progress->generation)) {
        int order = session_compare (progress->generation, state->generation);
        if (order > 0 || (order == 0 && progress->sequence > state->sequence)) {
            state->candles = (order > 0 ? 0 : state->candles) + progress->candles;
            state->generation = progress->generation;
            state->sequence = progress->sequence;
            self->shards.moved = true;
            if (progress->candles > 0) {
                ages_note (&self->ages, progress->stamp_us, progress->candles);
            }
        }
    }
    return true;
}

static int64_t now_us (const commits_t *self)
{
    return self->store.now_us ? self->store.now_us (self->store.handle) : 0;
}

/* The items behind the LINK: all of them, or, when one is bad, none. */
static bool take_items (commits_t *self)
{
    wire_object_t item;
    size_t hits = self->hits.size;
    int rc;
    bool good = true;
    self->before = self->shards;
    while (good && (rc = wire_next (self->reader, &item)) != 0) {
        good = rc == 1 && ((item.kind == WIRE_LIVE_HIT && take_hit (self, &item.live_hit)) ||
                           (item.kind == WIRE_PROGRESS && take_progress (self, &item.progress)));
    }
    if (!good) {
        self->shards = self->before;
        self->hits.size = hits;
        ages_forget (&self->ages);
    } else {
        ages_take (&self->ages, now_us (self));
    }
    return good;
}

bool commits_take (commits_t *self, const char *bytes, size_t size)
{
    assert (self->able);
    wire_object_t header;
    self->taken += size;
    wire_reader_begin (self->reader, bytes, size);
    if (wire_next (self->reader, &header) != 1 || header.kind != WIRE_LINK) {
        self->refused++;
        return false;
    }
    if (!term_of_epoch (&self->terms, header.link.session.epoch)) {
        return true; /* a worker of a broker that was replaced */
    }
    link_t *link = link_of (self, header.link.worker, header.link.session.epoch);
    link_verdict_t verdict = link_take (link, header.link.session, header.link.n);
    if (verdict != LINK_TAKE && verdict != LINK_FIRST) {
        return true;
    }
    if (!take_items (self)) {
        link->gap = true;
        self->refused++;
        return false;
    }
    return true;
}

/* ---- the transaction ---- */

bool commits_pending (const commits_t *self)
{
    return self->shards.moved || commits_pending_bytes (self) > 0;
}

uint64_t commits_pending_bytes (const commits_t *self)
{
    return self->hits.size + self->places.size;
}

static int write_claims (commits_t *self)
{
    const store_t *store = &self->store;
    for (size_t i = 0; i < self->terms.count; i++) {
        const term_t *term = &self->terms.all[i];
        if (term->epoch > self->stored.epoch &&
            store->epoch (store->handle, term->broker, term->epoch) != 0) {
            return -1;
        }
    }
    for (uint32_t i = 0; i < SHARD_COUNT; i++) {
        uint64_t claim = self->shards.states[i].claim;
        if (claim != self->stored_shards[i].claim && store->claim (store->handle, i, claim) != 0) {
            return -1;
        }
    }
    return 0;
}

/* What is pending is our own writing: it reads. */
static int write_hits (commits_t *self, uint64_t *rows, uint64_t *repeats)
{
    wire_object_t item;
    int rc;
    wire_reader_begin (self->reader, self->hits.bytes, self->hits.size);
    while ((rc = wire_next (self->reader, &item)) != 0) {
        assert (rc == 1);
        int written = self->store.hit (self->store.handle, &item.live_hit);
        if (written < 0) {
            return -1;
        }
        *(written > 0 ? rows : repeats) += 1;
    }
    return 0;
}

static int write_shards (commits_t *self)
{
    const store_t *store = &self->store;
    for (uint32_t i = 0; i < SHARD_COUNT; i++) {
        const wire_shard_state_t *state = &self->shards.states[i], *old = &self->stored_shards[i];
        bool moved = state->sequence != old->sequence ||
                     session_compare (state->generation, old->generation) != 0;
        if (moved && store->shard (store->handle, i, state->generation, state->sequence) != 0) {
            return -1;
        }
    }
    return 0;
}

static int write_places (commits_t *self)
{
    const store_t *store = &self->store;
    wire_object_t item;
    int rc, written = 0;
    wire_reader_begin (self->reader, self->places.bytes, self->places.size);
    while (written == 0 && (rc = wire_next (self->reader, &item)) != 0) {
        assert (rc == 1);
        for (size_t i = 0; i < item.places.symbol_count && written == 0; i++) {
            written = store->place (store->handle, &item.places.symbols[i]);
        }
        for (size_t i = 0; i < item.places.stream_count && written == 0; i++) {
            written = store->stream (store->handle, &item.places.streams[i]);
        }
    }
    return written;
}

static void empty (buffer_t *buffer)
{
    buffer->size = 0;
    if (buffer->capacity > KEEP_BYTES) {
        buffer_free (buffer);
    }
}

int commits_write (commits_t *self)
{
    const store_t *store = &self->store;
    uint64_t rows = 0, repeats = 0;
    if (!commits_pending (self)) {
        return 0;
    }
    self->able = store->begin (store->handle) == 0 && write_claims (self) == 0 &&
                 write_hits (self, &rows, &repeats) == 0 && write_shards (self) == 0 &&
                 write_places (self) == 0 && store->commit (store->handle) == 0;
    if (!self->able) {
        store->abandon (store->handle);
        return -1;
    }
    ages_commit (&self->ages, now_us (self));
    self->rows += rows;
    self->repeats += repeats;
    self->stored = self->terms;
    memcpy (self->stored_shards, self->shards.states, sizeof self->stored_shards);
    self->shards.moved = false;
    empty (&self->hits);
    empty (&self->places);
    return 0;
}

bool commits_able (const commits_t *self)
{
    return self->able;
}

static wire_bytes_t age_bytes (const histogram_t *age, buffer_t *bytes)
{
    bytes->size = 0;
    histogram_put (age, bytes);
    return (wire_bytes_t){bytes->bytes, bytes->size};
}

static void say_links (commits_t *self, uint64_t epoch, wire_live_collector_t *state)
{
    for (size_t i = 0; i < self->link_count; i++) {
        if (self->links[i].link.session.epoch == epoch) {
            self->said_links[state->link_count++] = self->links[i];
        }
    }
    state->links = self->said_links;
}

static void say_shards (commits_t *self, cell_t cell, wire_live_collector_t *state)
{
    for (uint32_t i = 0; i < SHARD_COUNT; i++) {
        if (cell_has_shard (cell, i)) {
            self->said_shards[state->shard_count++] = self->stored_shards[i];
        }
    }
    state->shards = self->said_shards;
}

void commits_state (commits_t *self, uint64_t broker, cell_t cell, wire_live_collector_t *state)
{
    const term_t *term = term_of_broker (&self->stored, broker);
    if (term) {
        state->broker = broker;
        state->epoch = term->epoch;
        state->places = term->places;
        say_links (self, term->epoch, state);
    }
    say_shards (self, cell, state);
    state->able = self->able;
    state->hits = self->rows;
    state->repeats = self->repeats;
    state->refused = self->refused;
    state->pending = commits_pending_bytes (self);
    state->candles = self->ages.candles;
    state->taken = self->taken;
    state->hit_age = age_bytes (&self->ages.hit, &self->hit_age);
    state->commit_age = age_bytes (&self->ages.commit, &self->commit_age);
}

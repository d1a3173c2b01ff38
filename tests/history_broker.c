/* Brokers' processes: the real flow in a small loop, between Redis and the links. */
#include "flow_inside.h"
#include "history.h"

#include <stdlib.h>
#include <string.h>

#define GREET_MS 1000
#define LOOK_MS  1500
/* Greetings after which the collector says that it serves another broker: we were replaced already. */
#define REFUSALS_MAX 8
#define LOST_SLOT    UINT64_MAX
#define DEAD_AFTER   3000

static void put_reference (void *argument, buffer_t *message, uint32_t shard, session_t generation,
                           const char *symbol, day_t day)
{
    const broker_t *broker = argument;
    market_reference (broker->sim, message, shard, generation, symbol, day,
                      market_version (broker->sim));
}

void broker_start (sim_t *self)
{
    broker_t *broker = &self->brokers[self->broker_count++];
    *broker = (broker_t){.alive = true, .incarnation = ++self->incarnations, .sim = self};
    flow_config_t config = {.broker = broker->incarnation,
                            .day_timeout_ms = self->rules.day_timeout_ms,
                            .dead_after_ms = DEAD_AFTER,
                            .window_bytes = self->window,
                            .max_symbols = 100,
                            .clocks = self->market.clocks,
                            .waits = self->market.replay,
                            .argument = broker,
                            .reference = put_reference};
    broker->flow = flow_new (&config);
    for (unsigned i = 0; i < STREAMS_MAX; i++) {
        broker->number_of[i] = UINT32_MAX;
    }
    for (unsigned w = 0; w < SLOTS_MAX; w++) {
        broker->life_of[w] = -1;
    }
    self->tally->brokers++;
    TELL (self, "broker %llu starts", (unsigned long long) broker->incarnation);
}

void broker_end (sim_t *self, broker_t *broker)
{
    flow_stats_t stats;
    TELL (self, "broker %llu ends", (unsigned long long) broker->incarnation);
    flow_stats (broker->flow, &stats);
    self->tally->rewinds += stats.rewinds;
    self->tally->sessions += stats.sessions;
    self->tally->detaches += stats.detaches;
    self->tally->again += stats.again;
    self->tally->asides += stats.aside;
    self->tally->gaps += stats.gaps;
    self->tally->moves += stats.moves;
    self->tally->handed += stats.handed;
    broker->alive = false;
    flow_destroy (&broker->flow);
    for (size_t i = 0; i < sizeof broker->known / sizeof *broker->known; i++) {
        buffer_free (&broker->known[i]);
    }
    letters_forget (self, TO_BROKER, broker->incarnation);
    for (size_t i = 0; i < self->life_count && self->own_workers; i++) {
        if (self->lives[i]->alive && self->lives[i]->broker == broker->incarnation) {
            self->lives[i]->ends_ms = self->now + 1 + sim_below (self, 2000);
        }
    }
}

broker_t *broker_newest (sim_t *self)
{
    for (size_t i = self->broker_count; i-- > 0;) {
        if (self->brokers[i].alive) {
            return &self->brokers[i];
        }
    }
    return NULL;
}

broker_t *broker_find (sim_t *self, uint64_t incarnation)
{
    for (size_t i = 0; i < self->broker_count; i++) {
        if (self->brokers[i].alive && self->brokers[i].incarnation == incarnation) {
            return &self->brokers[i];
        }
    }
    return NULL;
}

/* ---- control ---- */

static wire_live_welcome_t welcome_of (const sim_t *self, const broker_t *broker)
{
    return (wire_live_welcome_t){.broker = broker->incarnation,
                                 .since_ms = self->rules.since_ms,
                                 .candle_timeout_ms = self->rules.candle_timeout_ms,
                                 .day_timeout_ms = self->rules.day_timeout_ms,
                                 .all_hits = self->run.all_hits,
                                 .scan_count = SCANS,
                                 .scans = self->scans};
}

/* To the collector: with our epoch, once we have it, so that it gives no other. */
static void say_welcome (sim_t *self, broker_t *broker)
{
    wire_live_welcome_t welcome = welcome_of (self, broker);
    buffer_t bytes = {0};
    broker->greeted = true;
    welcome.session.epoch = broker->started ? broker->epoch : 0;
    wire_put_live_welcome (&bytes, &welcome);
    letter_send (self, TO_COLLECTOR, 0, broker->incarnation, &bytes);
    broker->greet_ms = self->now + GREET_MS;
}

static void start_flow (sim_t *self, broker_t *broker)
{
    wire_object_t object;
    for (size_t i = 0; i < broker->known_count; i++) {
        wire_reader_begin (self->reader, broker->known[i].bytes, broker->known[i].size);
        wire_next (self->reader, &object);
        flow_know (broker->flow, &object.places);
    }
    flow_start (broker->flow, broker->epoch, self->now);
    broker->started = true;
    broker->reference = market_version (self);
    for (unsigned i = 0; i < STREAMS_MAX; i++) {
        broker->find_ms[i] = self->now + sim_below (self, 1000);
    }
    for (unsigned w = 0; w < self->slots; w++) {
        broker->join_ms[w] = self->now + sim_below (self, 1000);
    }
    TELL (self, "broker %llu has epoch %llu", (unsigned long long) broker->incarnation,
          (unsigned long long) broker->epoch);
}

static void hear_known (broker_t *broker, const wire_places_t *known, buffer_t *bytes)
{
    size_t max = sizeof broker->known / sizeof *broker->known;
    if (broker->started || known->number >= max) {
        return;
    }
    if (known->epoch != broker->known_epoch) {
        broker->known_epoch = known->epoch;
        broker->known_count = 0;
        for (size_t i = 0; i < max; i++) {
            buffer_free (&broker->known[i]);
        }
    }
    if (known->last) {
        broker->known_count = (size_t) known->number + 1;
    }
    buffer_free (&broker->known[known->number]);
    broker->known[known->number] = *bytes;
    *bytes = (buffer_t){0};
}

static bool is_known (const broker_t *broker)
{
    bool whole = broker->known_count > 0;
    for (size_t i = 0; i < broker->known_count; i++) {
        whole = whole && broker->known[i].size > 0;
    }
    return whole && broker->epoch > 0 && broker->known_epoch == broker->epoch;
}

static void hear_collector (sim_t *self, broker_t *broker, const wire_live_collector_t *state)
{
    bool is_new = state->incarnation > broker->collector;
    broker->collector = is_new ? state->incarnation : broker->collector;
    if (!broker->started) {
        bool ours = state->broker == broker->incarnation;
        broker->epoch = ours ? state->epoch : broker->epoch;
        broker->refusals = ours || !state->able ? 0 : broker->refusals + broker->greeted;
        broker->greeted = false;
        return;
    }
    flow_collector_state (broker->flow, state, self->now);
    if (is_new) {
        say_welcome (self, broker);
    }
}

static void hear_worker (sim_t *self, broker_t *broker, uint32_t slot, const wire_object_t *object)
{
    if (object->kind == WIRE_STATE) {
        flow_take_state (broker->flow, slot, &object->state);
    } else {
        flow_worker_state (broker->flow, slot, &object->live_worker, self->now);
    }
}

static void hear (sim_t *self, broker_t *broker)
{
    buffer_t bytes;
    uint64_t from;
    wire_object_t object;
    while (letter_next (self, TO_BROKER, broker->incarnation, &from, &bytes)) {
        wire_reader_begin (self->reader, bytes.bytes, bytes.size);
        if (wire_next (self->reader, &object) != 1) {
            sim_wrong (self, "a control message that cannot be read");
        } else if (object.kind == WIRE_LIVE_COLLECTOR) {
            hear_collector (self, broker, &object.live_collector);
        } else if (object.kind == WIRE_KNOWN) {
            hear_known (broker, &object.places, &bytes);
        } else if (broker->started && broker->life_of[self->lives[from]->slot] == (int) from) {
            hear_worker (self, broker, self->lives[from]->slot, &object);
        }
        buffer_free (&bytes);
    }
}

static void say_state (sim_t *self, broker_t *broker)
{
    wire_live_broker_t state = {
        .serial = ++broker->serial, .broker = broker->incarnation, .epoch = broker->epoch};
    state.owners = flow_owners (broker->flow, &state.owner_count);
    for (uint32_t w = 0; w < self->slots; w++) {
        if (broker->life_of[w] >= 0) {
            buffer_t bytes = {0};
            wire_put_live_broker (&bytes, &state);
            letter_send (self, TO_LIFE, (uint64_t) broker->life_of[w], broker->incarnation, &bytes);
        }
    }
    broker->state_ms = self->now + 500 + sim_below (self, 500);
}

/* ---- workers ---- */

static void join (sim_t *self, broker_t *broker, uint32_t w)
{
    char name[16];
    for (size_t i = 0; i < self->life_count && !self->own_workers; i++) {
        if (self->lives[i]->slot == w) {
            life_end (self, (uint32_t) i, false); /* it follows the broker that it hears */
        }
    }
    snprintf (name, sizeof name, "worker-%u", w);
    wire_live_welcome_t welcome = welcome_of (self, broker);
    welcome.worker = w;
    welcome.session = flow_joined (broker->flow, w, name, self->now);
    broker->life_of[w] = life_start (self, w, broker, &welcome);
}

static void watch_lives (sim_t *self, broker_t *broker)
{
    for (uint32_t w = 0; w < self->slots; w++) {
        int number = broker->life_of[w];
        if (number < 0) {
            if (self->now >= broker->join_ms[w]) {
                join (self, broker, w);
            }
            continue;
        }
        life_t *life = self->lives[number];
        if (life->alive && flow_has_left (broker->flow, w)) {
            life_end (self, (uint32_t) number, false);
            flow_lost (broker->flow, w, false, false, self->now);
            broker->life_of[w] = -1;
            broker->join_ms[w] = self->now + sim_below (self, 1500);
            continue;
        }
        if (life->alive || self->now < life->noticed_ms) {
            continue;
        }
        bool returns = !(self->dead_slots >> w & 1);
        if (self->own_workers) {
            flow_lost (broker->flow, w, life->fault, returns, self->now);
        }
        broker->life_of[w] = -1;
        broker->join_ms[w] = returns ? self->now + sim_below (self, 1500) : LOST_SLOT;
    }
}

static void forward (sim_t *self, broker_t *broker)
{
    buffer_t message;
    for (uint32_t w = 0; w < self->slots; w++) {
        life_t *life = broker->life_of[w] >= 0 ? self->lives[broker->life_of[w]] : NULL;
        while (life && pipe_count (&life->down) < self->bound &&
               flow_next_message (broker->flow, w, &message)) {
            if (life->alive) {
                pipe_push (self, &life->down, &message);
            } else {
                buffer_free (&message);
            }
        }
    }
}

/* ---- files ---- */

static void look_at_files (sim_t *self, broker_t *broker)
{
    const market_log_t *market = &self->market;
    if (broker->reference != market_version (self)) {
        broker->reference = market_version (self);
        TELL (self, "reference data changes: %d", broker->reference);
        for (uint32_t i = 0; i < market->symbol_count; i++) {
            flow_changed (broker->flow, market->symbols[i]);
        }
    }
    for (unsigned d = 1; d < DAYS; d++) {
        if (self->now > market->ends_ms[d - 1] + 500 && self->now < market->begins_ms[d] + 1000 &&
            sim_chance (self, 30)) {
            flow_prepare (broker->flow, market->days[d], 2);
        }
    }
}

/* Asks for an epoch and what is known. One that is refused was replaced before it knew: it greets no more,
 * and goes when no greeting can be under way. */
static void greet (sim_t *self, broker_t *broker)
{
    if (is_known (broker)) {
        start_flow (self, broker);
    } else if (broker->gives_up_ms > 0 && self->now >= broker->gives_up_ms) {
        self->tally->replaced++;
        broker_end (self, broker);
    } else if (broker->gives_up_ms == 0 && broker->refusals > REFUSALS_MAX) {
        broker->gives_up_ms = self->now + 5000;
    } else if (broker->gives_up_ms == 0 && self->now >= broker->greet_ms) {
        say_welcome (self, broker);
    }
}

void broker_turn (sim_t *self, broker_t *broker)
{
    buffer_t bytes = {0};
    if (self->now < broker->pause_ms) {
        return;
    }
    mutants_run (BROKER_RUNS);
    hear (self, broker);
    if (!broker->started) {
        greet (self, broker);
    } else if (flow_is_replaced (broker->flow)) {
        self->tally->replaced++;
        broker_end (self, broker);
    } else {
        look_at_files (self, broker);
        watch_lives (self, broker);
        broker_read (self, broker);
        flow_turn (broker->flow, self->now);
        flow_flush (broker->flow, self->now, sim_below (self, 2) > 0);
        forward (self, broker);
        if (flow_next_places (broker->flow, &bytes, self->now)) {
            letter_send (self, TO_COLLECTOR, 0, broker->incarnation, &bytes);
        }
        if (self->now >= broker->state_ms) {
            say_state (self, broker);
        }
    }
    mutants_run (NOBODY_RUNS);
}

bool broker_is_done (sim_t *self, const broker_t *broker)
{
    return broker->started && broker->again_count == 0 && broker_has_read (self, broker) &&
           flow_is_even (broker->flow);
}

/* What keeps the broker from being done. */
void broker_tell (sim_t *self, const broker_t *broker)
{
    const flow_t *flow = broker->flow;
    TELL (self, "started %d, read %d, reading again %zu, places: %u dirty, message of %zu",
          broker->started, broker_has_read (self, broker), broker->again_count,
          flow->places.dirty_count, flow->places.message.size);
    for (unsigned s = 0; s < SHARD_COUNT; s++) {
        const shard_t *shard = &flow->shards[s];
        if (shard->symbol_count == 0) {
            continue;
        }
        TELL (self,
              "shard %u: owner %d, generation %llu, unattached %u, sequence %llu, committed %llu, "
              "clock "
              "%lld",
              s, shard->owner, (unsigned long long) shard->generation.counter, shard->unattached,
              (unsigned long long) shard->sequence, (unsigned long long) shard->committed,
              (long long) shard->clock_ms);
        for (uint32_t i = 0; i < shard->symbol_count; i++) {
            const symbol_t *symbol = &flow->symbols[shard->symbols[i]];
            TELL (self, "  %s: attached %d, placed %d, expects %d, dates %u, request %llu",
                  flow_symbol (flow, shard->symbols[i]), symbol->attached, symbol->placed,
                  symbol->expects, symbol->date_count, (unsigned long long) symbol->request);
        }
    }
    for (uint32_t w = 0; w < flow->seat_count; w++) {
        const flow_seat_t *seat = &flow->seats[w];
        TELL (self,
              "seat %u: live %d, life %d, session %llu, n %llu, last %llu, bytes %llu, consumed "
              "%llu, "
              "blocked %d, reading %d, hold %d, queue %zu, still %lld",
              w, seat->live, broker->life_of[w], (unsigned long long) seat->session.counter,
              (unsigned long long) seat->n, (unsigned long long) seat->last,
              (unsigned long long) seat->bytes, (unsigned long long) seat->consumed, seat->blocked,
              seat->reading, seat->hold, seat->queue_count, (long long) seat->still_ms);
    }
}

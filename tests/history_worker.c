/* Workers' processes: the real live_worker between two links. */
#include "history.h"

#include <stdlib.h>
#include <string.h>

int life_start (sim_t *self, uint32_t slot, broker_t *broker, const wire_live_welcome_t *welcome)
{
    if (self->life_count == self->life_capacity) {
        self->life_capacity = self->life_capacity * 2 + 16;
        self->lives = memory_resize (self->lives, self->life_capacity, sizeof (life_t *));
    }
    life_t *life = memory_new (sizeof *life);
    int number = (int) self->life_count;
    self->lives[self->life_count++] = life;
    life->alive = true;
    life->slot = slot;
    life->broker = broker->incarnation;
    life->worker = live_worker_new (welcome);
    life->named = memory_new (sizeof *life->named);
    life->state_ms = self->now + sim_below (self, 1000);
    TELL (self, "worker %u of broker %llu starts: life %d", slot,
          (unsigned long long) broker->incarnation, number);
    return number;
}

void life_end (sim_t *self, uint32_t number, bool fault)
{
    life_t *life = self->lives[number];
    if (!life->alive) {
        return;
    }
    TELL (self, "life %u (worker %u) ends%s", number, life->slot, fault ? " by a fault" : "");
    life->alive = false;
    life->fault = fault;
    life->noticed_ms = self->now + sim_below (self, 500);
    pipe_free (&life->down);
    pipe_cut (&life->up, sim_below (self, pipe_count (&life->up) + 1));
    letters_forget (self, TO_LIFE, number);
    live_worker_destroy (&life->worker);
    named_free (life->named);
    free (life->named);
    life->named = NULL;
    self->tally->deaths++;
}

/* Is there a candle in it that kills? */
static bool is_poison (sim_t *self, life_t *life, const buffer_t *message)
{
    wire_object_t item;
    if (self->poison < 0) {
        return false;
    }
    wire_reader_begin (self->reader, message->bytes, message->size);
    while (wire_next (self->reader, &item) == 1) {
        bool named = item.kind == WIRE_CANDLES && named_take (life->named, &item.candles);
        for (size_t i = 0; named && i < item.candles.count; i++) {
            int64_t ts;
            memcpy (&ts, item.candles.columns[WIRE_COLUMN_TS].bytes + i * 8, 8);
            const char *symbol = named_symbol (life->named, &item.candles, i);
            if (market_find (self, symbol) == self->poison && ts >= self->poison_ts) {
                return true;
            }
        }
    }
    return false;
}

/* Sends what there is, as far as the link has room. False: blocked. */
static bool send_hits (sim_t *self, life_t *life)
{
    buffer_t message;
    while (pipe_count (&life->up) < self->bound) {
        if (!outbox_pop (live_worker_outbox (life->worker), true, &message)) {
            return true;
        }
        pipe_push (self, &life->up, &message);
    }
    return false;
}

static void hear (sim_t *self, uint32_t number)
{
    buffer_t bytes;
    uint64_t from;
    wire_object_t object;
    while (letter_next (self, TO_LIFE, number, &from, &bytes)) {
        wire_reader_begin (self->reader, bytes.bytes, bytes.size);
        if (wire_next (self->reader, &object) == 1 && object.kind == WIRE_LIVE_BROKER) {
            live_worker_hear (self->lives[number]->worker, &object.live_broker);
        }
        buffer_free (&bytes);
    }
}

/* Shards that were asked back. */
static void hand_back (sim_t *self, uint32_t number)
{
    life_t *life = self->lives[number];
    buffer_t bytes = {0};
    while (live_worker_next_state (life->worker, &bytes)) {
        letter_send (self, TO_BROKER, life->broker, number, &bytes);
    }
}

static void say (sim_t *self, uint32_t number, bool blocked)
{
    life_t *life = self->lives[number];
    wire_live_worker_t state = {0};
    buffer_t bytes = {0};
    live_worker_state (life->worker, blocked, &state);
    state.leaving = life->leaving;
    wire_put_live_worker (&bytes, &state);
    letter_send (self, TO_BROKER, life->broker, number, &bytes);
    life->state_ms = self->now + 500 + sim_below (self, 500);
}

/* What is in a message, for people. */
static void tell_message (sim_t *self, const buffer_t *message)
{
    wire_object_t item;
    wire_reader_begin (self->reader, message->bytes, message->size);
    while (self->tell && wire_next (self->reader, &item) == 1) {
        if (item.kind == WIRE_LINK) {
            TELL (self, "  LINK %llu/%llu", (unsigned long long) item.link.session.counter,
                  (unsigned long long) item.link.n);
        } else if (item.kind == WIRE_BEGIN && item.begin.symbol_count > 0) {
            TELL (self, "  BEGIN shard %u: %s closed ...", item.begin.shard,
                  item.begin.symbols[0].symbol);
        } else if (item.kind == WIRE_REFERENCE) {
            TELL (self, "  REFERENCE %s day %d", item.reference.symbol, item.reference.day);
        }
        for (size_t i = 0; item.kind == WIRE_CANDLES && i < item.candles.count; i++) {
            uint32_t symbol;
            int64_t ts;
            char when[26];
            memcpy (&symbol, item.candles.symbol.bytes + i * 4, 4);
            memcpy (&ts, item.candles.columns[WIRE_COLUMN_TS].bytes + i * 8, 8);
            TELL (self, "  CANDLES shard %u sequence %llu: symbol %u %s", item.candles.shard,
                  (unsigned long long) item.candles.sequence, symbol, exchange_format (ts, when));
        }
    }
}

void life_turn (sim_t *self, uint32_t number)
{
    life_t *life = self->lives[number];
    buffer_t message;
    if (!life->alive || self->now < life->pause_ms) {
        return;
    }
    mutants_run (WORKER_RUNS);
    hear (self, number);
    bool able = send_hits (self, life);
    bool slow = self->now < life->slow_ms;
    for (unsigned i = 0; able && i < (slow ? 1 : self->bound); i++) {
        if ((slow && sim_chance (self, 80)) || !pipe_pop (self, &life->down, &message)) {
            break;
        }
        if (is_poison (self, life, &message)) {
            buffer_free (&message);
            mutants_run (NOBODY_RUNS);
            life_end (self, number, true);
            break;
        }
        if (!live_worker_take (life->worker, message.bytes, message.size) && !self->trimmed) {
            tell_message (self, &message);
            sim_wrong (self, "worker %u refuses a message", life->slot);
        }
        buffer_free (&message);
        able = send_hits (self, life);
    }
    if (life->alive) {
        hand_back (self, number);
    }
    if (life->alive && self->now >= life->state_ms) {
        say (self, number, !able);
    }
    mutants_run (NOBODY_RUNS);
}

/* Planned moves: a shard goes to another worker with its state, and is not read again.
 *
 *     owner A                         broker                                      next owner B
 *        | <== ... YIELD (sequence S) == |  the shard's symbols are detached
 *        | applies up to S               |
 *        | == PROGRESS S ==> collector ==> committed S (LIVE_COLLECTOR)
 *        | -- STATE (S) ---------------> |
 *        |                               |  both are there: a new generation that goes on behind S
 *                                        | == BEGIN (S, state) ... ============================> |
 *                                        |  what came meanwhile is read again, the symbols attach
 *
 * Dates, floors and names go on as they were: the new generation counts its sequence on from S. Only the
 * shards that move pause, and a few at a time do. What goes wrong on the way ends in the one recovery: no
 * state within a second is a rewind to the next owner; a session that ends, or a worker lost, rewinds as
 * ever. State is of a generation: late state of an older one is ignored.
 */
#include "flow_inside.h"

#include "log.h"

#include <stdlib.h>

#define MOVES_AT_ONCE 8    /* shards that pause together: each for the time of one, not of all */
#define STATE_MS      1000 /* the state is waited for so long */

bool flow_is_moving (const shard_t *shard)
{
    return shard->move.to != FLOW_NOBODY;
}

static void end_move (flow_t *self, shard_t *shard)
{
    self->moves -= flow_is_moving (shard);
    self->assign = true; /* the next one may begin */
    buffer_free (&shard->move.state);
    shard->move = (move_t){.to = FLOW_NOBODY};
}

void flow_cancel_move (flow_t *self, shard_t *shard)
{
    if (flow_is_moving (shard)) {
        end_move (self, shard);
    }
}

void flow_note_pause (flow_t *self, shard_t *shard)
{
    uint64_t took_ms = self->now_ms - shard->paused_ms;
    shard->paused_ms = 0;
    self->counts.longest_move_ms =
        took_ms > self->counts.longest_move_ms ? took_ms : self->counts.longest_move_ms;
}

bool flow_begin_move (flow_t *self, unsigned number, int to)
{
    shard_t *shard = &self->shards[number];
    if (self->moves >= MOVES_AT_ONCE) {
        return false;
    }
    flow_put_yield (self, number);
    for (uint32_t i = 0; i < shard->symbol_count; i++) {
        symbol_t *symbol = &self->symbols[shard->symbols[i]];
        if (symbol->attached) {
            flow_detach (self, symbol, self->streams[symbol->stream].position, &symbol->series);
        }
    }
    shard->move = (move_t){.to = to, .begun_ms = self->now_ms};
    shard->paused_ms = self->now_ms;
    self->moves++;
    self->counts.moves++;
    return true;
}

/* Of what came meanwhile nothing is the symbol's: it needs no reading. */
static void attach_again (flow_t *self, symbol_t *symbol)
{
    const stream_t *stream = &self->streams[symbol->stream];
    bool is_new = symbol->date_count == 0 && !symbol->expects;
    if (!symbol->attached && symbol->placed &&
        (is_new || entry_id_compare (symbol->sent, stream->position) >= 0)) {
        flow_attach (self, symbol);
    }
}

/* The state is here and all that lies before it is committed. */
static void finish (flow_t *self, unsigned number)
{
    shard_t *shard = &self->shards[number];
    move_t move = shard->move;
    shard->move.state = (buffer_t){0};
    end_move (self, shard);
    uint64_t old = shard->generation.counter;
    shard->generation = (session_t){self->epoch, ++self->counter};
    shard->owner = move.to;
    shard->passed = shard->committed_candles = 0;
    self->counts.handed++;
    flow_put_begin (self, number, &move.state);
    buffer_free (&move.state);
    for (uint32_t i = 0; i < shard->symbol_count; i++) {
        symbol_t *symbol = &self->symbols[shard->symbols[i]];
        if (symbol->numbered == old) {
            symbol->numbered = shard->generation.counter;
        }
        attach_again (self, symbol);
    }
    if (shard->unattached == 0 && shard->paused_ms > 0) {
        flow_note_pause (self, shard); /* it had nothing to hold up */
    }
}

void flow_go_on_moving (flow_t *self, unsigned number)
{
    shard_t *shard = &self->shards[number];
    if (!flow_is_moving (shard)) {
        return;
    }
    bool there = self->seats[shard->move.to].live && !self->seats[shard->move.to].leaving;
    if (shard->move.state.size > 0 && there && shard->committed == shard->sequence) {
        finish (self, number);
    } else if (!there ||
               (shard->move.state.size == 0 && self->now_ms - shard->move.begun_ms >= STATE_MS)) {
        int to = there ? shard->move.to : FLOW_NOBODY;
        log_info ("shard %u is not handed over in time: it is read again", number);
        flow_rewind (self, number, to);
        self->assign = true;
    }
}

void flow_take_state (flow_t *self, uint32_t w, const wire_state_t *state)
{
    if (state->shard >= SHARD_COUNT) {
        return;
    }
    shard_t *shard = &self->shards[state->shard];
    if (!flow_is_moving (shard) || shard->owner != (int) w || shard->move.state.size > 0 ||
        session_compare (state->generation, shard->generation) != 0 ||
        state->sequence != shard->sequence || state->bytes.size == 0) {
        return;
    }
    buffer_append (&shard->move.state, state->bytes.bytes, state->bytes.size);
    flow_go_on_moving (self, state->shard);
}

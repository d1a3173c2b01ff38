/* Functions of the product that the linker replaces by these (-Wl,--wrap): each does what the real one
 * does, unless a mutant is on and the process whose clause it is runs. */
#include "desk_shard.h"
#include "flow_inside.h"
#include "history.h"

#include <stdarg.h>

static struct {
    mutant_t mutant;
    running_t who;
    bool tell;
} on;

void mutants_set (mutant_t mutant, bool tell)
{
    on.mutant = mutant;
    on.tell = tell;
}

void mutants_run (running_t who)
{
    on.who = who;
}

static bool is_on (mutant_t mutant, running_t who)
{
    return on.mutant == mutant && on.who == who;
}

/* Errors that the histories are about: said when one is told. */
void __wrap_log_error (const char *format, ...) __attribute__ ((format (printf, 1, 2)));
void __wrap_log_error (const char *format, ...)
{
    if (on.tell) {
        va_list arguments;
        va_start (arguments, format);
        vprintf (format, arguments);
        va_end (arguments);
        putchar ('\n');
    }
}

link_verdict_t __real_link_take (link_t *self, session_t session, uint64_t n);
link_verdict_t __wrap_link_take (link_t *self, session_t session, uint64_t n);
link_verdict_t __wrap_link_take (link_t *self, session_t session, uint64_t n)
{
    link_verdict_t verdict = __real_link_take (self, session, n);
    if (verdict == LINK_GAP &&
        (is_on (DOWN_TAKES_ANY, WORKER_RUNS) || is_on (UP_TAKES_ANY, COLLECTOR_RUNS))) {
        *self = (link_t){.session = session, .last = n};
        return LINK_TAKE;
    }
    return verdict;
}

int __real_session_compare (session_t a, session_t b);
int __wrap_session_compare (session_t a, session_t b);
int __wrap_session_compare (session_t a, session_t b)
{
    if (is_on (ANY_COMMIT_COUNTS, BROKER_RUNS)) {
        return 0;
    }
    return __real_session_compare (a, b);
}

bool __real_flow_floor (const symbol_t *symbol, day_t *day, entry_id_t *first);
bool __wrap_flow_floor (const symbol_t *symbol, day_t *day, entry_id_t *first);
bool __wrap_flow_floor (const symbol_t *symbol, day_t *day, entry_id_t *first)
{
    return on.mutant != NO_FLOORS && __real_flow_floor (symbol, day, first);
}

void __real_flow_detach (flow_t *self, symbol_t *symbol, entry_id_t sent, const series_t *again);
void __wrap_flow_detach (flow_t *self, symbol_t *symbol, entry_id_t sent, const series_t *again);
void __wrap_flow_detach (flow_t *self, symbol_t *symbol, entry_id_t sent, const series_t *again)
{
    if (on.mutant == REWIND_TO_POSITION) {
        sent = self->streams[symbol->stream].position;
    }
    __real_flow_detach (self, symbol, sent, again);
    if (on.mutant == REWIND_TO_POSITION) {
        symbol->expects = false;
    }
}

void __real_flow_let_go (flow_t *self, unsigned number);
void __wrap_flow_let_go (flow_t *self, unsigned number);
void __wrap_flow_let_go (flow_t *self, unsigned number)
{
    shard_t *shard = &self->shards[number];
    uint64_t committed = shard->committed;
    for (uint32_t i = 0; i < shard->symbol_count && on.mutant == DATES_GO_UNCOMMITTED; i++) {
        symbol_t *symbol = &self->symbols[shard->symbols[i]];
        for (unsigned d = 0; d < symbol->date_count; d++) {
            date_t *date = &symbol->dates[d];
            date->sequence = date->sequence == 0 ? 1 : date->sequence;
        }
        shard->committed = UINT64_MAX;
    }
    __real_flow_let_go (self, number);
    shard->committed = committed;
}

void __real_flow_go_on_moving (flow_t *self, unsigned number);
void __wrap_flow_go_on_moving (flow_t *self, unsigned number);
void __wrap_flow_go_on_moving (flow_t *self, unsigned number)
{
    shard_t *shard = &self->shards[number];
    if (on.mutant == MOVES_UNCOMMITTED && shard->move.state.size > 0) {
        shard->committed = shard->sequence;
    }
    __real_flow_go_on_moving (self, number);
}

bool __real_flow_begin_move (flow_t *self, unsigned number, int to);
bool __wrap_flow_begin_move (flow_t *self, unsigned number, int to);
bool __wrap_flow_begin_move (flow_t *self, unsigned number, int to)
{
    bool begun = __real_flow_begin_move (self, number, to);
    const shard_t *shard = &self->shards[number];
    for (uint32_t i = 0; i < shard->symbol_count && on.mutant == MOVES_SKIP && begun; i++) {
        self->symbols[shard->symbols[i]].sent = (entry_id_t){UINT64_MAX, UINT64_MAX};
    }
    return begun;
}

void __real_flow_put_begin (flow_t *self, unsigned number, const buffer_t *state);
void __wrap_flow_put_begin (flow_t *self, unsigned number, const buffer_t *state);
void __wrap_flow_put_begin (flow_t *self, unsigned number, const buffer_t *state)
{
    if (on.mutant == MOVES_EMPTY && state) {
        self->shards[number].sequence = self->shards[number].committed = 0;
        self->shards[number].numbered = 0;
        state = NULL;
    }
    __real_flow_put_begin (self, number, state);
}

void __real_desk_shard_drop (desk_shard_t *self);
void __wrap_desk_shard_drop (desk_shard_t *self);
void __wrap_desk_shard_drop (desk_shard_t *self)
{
    if (!is_on (OLD_STATE_KEPT, WORKER_RUNS)) {
        __real_desk_shard_drop (self);
    } else {
        self->numbered_count = 0; /* else the new generation's first candles were refused */
    }
}

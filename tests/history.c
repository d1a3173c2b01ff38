/* A history: its seed's market, shape and faults; its steps; what must be true at its end. */
#include "history.h"

#include <stdlib.h>
#include <string.h>

#define CALM_MS     3000   /* all must be even for so long, so that the last clock was sent */
#define PATIENCE_MS 150000 /* after which it is stuck */

/* ---- faults ---- */

enum {
    KILL_WORKER,
    KILL_COLLECTOR,
    KILL_BROKER,
    SECOND_BROKER,
    PAUSE_WORKER,
    PAUSE_COLLECTOR,
    PAUSE_BROKER,
    FULL_DISK,
    RESET,
    SLOW_WORKER,
    FAULTY_WORKER,
    LEAVE,
    TRIM,
    FAULT_KINDS
};

static uint32_t some_time (sim_t *self)
{
    uint32_t kind = sim_below (self, 10);
    return 100 + sim_below (self, kind < 5 ? 1000 : kind < 8 ? 5000 : 14000);
}

/* A life that runs; -1 when none does. */
static int some_life (sim_t *self)
{
    int found = -1;
    uint32_t seen = 0;
    for (size_t i = 0; i < self->life_count; i++) {
        if (self->lives[i]->alive && sim_below (self, ++seen) == 0) {
            found = (int) i;
        }
    }
    return found;
}

static void reset (sim_t *self)
{
    int number = some_life (self);
    if (number < 0) {
        return;
    }
    life_t *life = self->lives[number];
    bool down = sim_chance (self, 50);
    pipe_t *pipe = down ? &life->down : &life->up;
    if (pipe_count (pipe) > 0) {
        uint32_t count = 1 + sim_below (self, pipe_count (pipe));
        TELL (self, "life %d loses its last %u messages %s", number, count, down ? "down" : "up");
        pipe_cut (pipe, count);
    }
}

/* Who loses entries that the journal has not let go. */
static void mark_concerned (sim_t *self, uint32_t s, size_t end)
{
    const log_t *stream = &self->market.streams[s];
    for (size_t i = stream->first; i < end; i++) {
        const entry_t *entry = &stream->entries[i];
        const wire_place_t *place = &self->disk.kept.places[entry->symbol];
        bool placed = self->disk.kept.has_place[entry->symbol];
        if (placed && strcmp (place->stream, stream->name) != 0) {
            continue;
        }
        int order = placed ? entry_id_compare (entry->id, place->floor) : 1;
        if (order > 0 || (order == 0 && place->day != DAY_NONE)) {
            self->concerned[entry->symbol]
                           [market_date (&self->market, exchange_day (entry->candle.ts))] = true;
        }
    }
}

static void trim (sim_t *self)
{
    uint32_t s = sim_below (self, self->market.stream_count);
    log_t *stream = &self->market.streams[s];
    size_t end = market_visible (stream, self->now);
    if (end < stream->first + 2) {
        return;
    }
    size_t first = stream->first + sim_below (self, end - stream->first);
    mark_concerned (self, s, first);
    TELL (self, "%s is trimmed: %zu entries of %zu are left", stream->name, end - first, end);
    stream->first = first;
    self->trimmed = true;
    self->tally->trims++;
}

static void hurt_worker (sim_t *self, unsigned kind)
{
    int number = some_life (self);
    uint64_t until_ms = self->now + some_time (self);
    if (number < 0) {
        return;
    }
    life_t *life = self->lives[number];
    switch (kind) {
    case KILL_WORKER:
        life_end (self, (uint32_t) number, false);
        break;
    case FAULTY_WORKER:
        if (self->faulty_deaths > 0) {
            self->faulty_deaths--;
            life_end (self, (uint32_t) number, true);
        }
        break;
    case LEAVE:
        TELL (self, "life %d is told to go", number);
        life->leaving = true;
        break;
    case PAUSE_WORKER:
        TELL (self, "life %d pauses until %.1f", number, (double) until_ms / 1000);
        life->pause_ms = until_ms;
        break;
    default:
        TELL (self, "life %d is slow until %.1f", number, (double) until_ms / 1000);
        life->slow_ms = until_ms;
        break;
    }
}

static void hurt_broker (sim_t *self, unsigned kind)
{
    broker_t *broker = broker_newest (self);
    uint64_t until_ms = self->now + some_time (self);
    if (!broker || (kind != PAUSE_BROKER &&
                    (self->broker_count > BROKERS_MAX - 2 || self->start_broker_ms > 0))) {
        return;
    }
    if (kind == KILL_BROKER) {
        broker_end (self, broker);
        self->start_broker_ms = self->now + 1 + sim_below (self, 1500);
        return;
    }
    TELL (self, "broker %llu pauses until %.1f", (unsigned long long) broker->incarnation,
          (double) until_ms / 1000);
    broker->pause_ms = until_ms;
    if (kind == SECOND_BROKER) {
        self->start_broker_ms = self->now + 1 + sim_below (self, 3000);
    }
}

static void fault (sim_t *self)
{
    unsigned kind = sim_below (self, FAULT_KINDS);
    if (!(self->fault_kinds >> kind & 1)) {
        return;
    }
    self->tally->faults++;
    switch (kind) {
    case KILL_COLLECTOR:
        collector_end (self);
        collector_start (self);
        break;
    case KILL_BROKER:
    case SECOND_BROKER:
    case PAUSE_BROKER:
        hurt_broker (self, kind);
        break;
    case PAUSE_COLLECTOR:
        self->collector.pause_ms = self->now + some_time (self);
        TELL (self, "the collector pauses until %.1f", (double) self->collector.pause_ms / 1000);
        break;
    case FULL_DISK:
        self->disk.full_ms = self->now + some_time (self);
        TELL (self, "the disk is full until %.1f", (double) self->disk.full_ms / 1000);
        break;
    case RESET:
        reset (self);
        break;
    case TRIM:
        trim (self);
        break;
    default:
        hurt_worker (self, kind);
        break;
    }
}

/* From now on all is well. */
static void calm_down (sim_t *self)
{
    for (size_t i = 0; i < self->broker_count; i++) {
        self->brokers[i].pause_ms = 0;
    }
    for (size_t i = 0; i < self->life_count; i++) {
        self->lives[i]->pause_ms = self->lives[i]->slow_ms = 0;
    }
    self->collector.pause_ms = 0;
    self->disk.full_ms = 0;
    self->fault_rate = 0;
    TELL (self, "the faults are over");
}

/* ---- the seed ---- */

static bool set_scans (sim_t *self)
{
    char error[200];
    scan_t scans[SCANS];
    uint32_t volume = sim_chance (self, 50) ? 1 : 1500;
    uint32_t rise = sim_below (self, 12);
    self->market.clocks = sim_chance (self, 80);
    buffer_t a = {0}, b = {0};
    buffer_printf (&a,
                   "a:small_cap_up,freq=1min,min_volume=%u,min_gap=-1,include_null_market_cap,"
                   "shift_periods=1/3,shift_min_changes=0.%02u/0.15,start_time=00:00,"
                   "end_time=23:59%c",
                   volume, rise, 0);
    buffer_printf (&b,
                   "b:atr_gap_up,freq=%dmin,min_volume=%u,min_adv=0,min_adr=0,"
                   "min_atr_multiplier=0.1,include_null_market_cap,start_time=00:00,"
                   "end_time=23:59%c",
                   self->market.clocks ? 5 : 1, volume, 0);
    bool good =
        scan_parse (a.bytes, FREQUENCY_1MIN, &scans[0], error, sizeof error) == 0 &&
        scan_parse (b.bytes, FREQUENCY_1MIN, &scans[1], error, sizeof error) == 0 &&
        run_init (&self->run, scans, SCANS, sim_chance (self, 70), error, sizeof error) == 0;
    if (!good) {
        sim_wrong (self, "%s", error);
    } else {
        scan_format (&self->run.scans[0], self->scans[0]);
        scan_format (&self->run.scans[1], self->scans[1]);
    }
    buffer_free (&a);
    buffer_free (&b);
    return good;
}

static void set_shape (sim_t *self)
{
    static const unsigned rates[] = {0, 100, 300, 600, 1200};
    static const uint32_t lags[] = {0, 100, 300, 700};
    static const uint64_t windows[] = {3000, 8000, 20000, 1 << 20};
    self->slots = 1 + sim_below (self, SLOTS_MAX);
    self->window = windows[sim_below (self, 4)];
    self->chunk = 1 + sim_below (self, sim_chance (self, 50) ? 4 : CHUNK_MAX);
    self->lag_ms = lags[sim_below (self, 4)];
    self->bound = 1 + sim_below (self, 8) + self->lag_ms / 100;
    self->chunk += self->lag_ms / 50;
    self->own_workers = sim_chance (self, 50);
    self->fault_rate = rates[sim_below (self, 5)];
    self->fault_kinds = sim_chance (self, 50) ? -1 : (int) sim_below (self, 1u << FAULT_KINDS);
    if (sim_chance (self, 85)) {
        self->fault_kinds &= ~(1 << TRIM);
    }
    self->faulty_deaths = 2;
    self->calm_ms = (self->market.replay ? self->market.end_ms : self->market.freeze_ms) + 3000;
    if (self->mutant != SOUND) {
        self->fault_rate = 600;
        self->fault_kinds = ~(1 << TRIM);
    }
    if (self->mutant == NO_WATCH) {
        self->fault_rate = 2500;
        self->fault_kinds = 1 << RESET | 1 << PAUSE_WORKER | 1 << SLOW_WORKER;
    }
    if (self->mutant >= MOVES_UNCOMMITTED && self->mutant <= MOVES_EMPTY) {
        self->fault_kinds = 1 << LEAVE | 1 << RESET | 1 << SLOW_WORKER;
        self->fault_rate = 1200;
    }
    self->dead_slots = sim_chance (self, 20) ? sim_below (self, 1u << self->slots) & ~1u : 0;
    self->poison = -1;
    if (self->own_workers && sim_chance (self, 10)) {
        self->poison = (int) sim_below (self, self->market.symbol_count);
        self->poison_ts = exchange_ts (self->market.days[sim_below (self, DAYS)],
                                       self->market.first_minute +
                                           (int) sim_below (self, (uint64_t) self->market.minutes));
        self->faulty_deaths = 0;
    }
    self->changing = !self->market.replay && sim_chance (self, 30);
}

static void sim_init (sim_t *self, uint64_t seed)
{
    self->random = seed * UINT64_C (0x2545f4914f6cdd1d) + 77;
    self->now = 0;
    self->calendar = calendar_new (NULL, 0);
    self->reader = wire_reader_new ();
    self->rules = (desk_rules_t){
        .since_ms = 0, .candle_timeout_ms = 20000, .day_timeout_ms = 6 * 3600 * INT64_C (1000)};
    market_make (self);
    if (sim_chance (self, 20)) {
        self->rules.since_ms =
            market_time (&self->market, sim_below (self, self->market.freeze_ms));
    }
    set_shape (self);
    if (set_scans (self)) {
        collector_start (self);
        broker_start (self);
    }
    TELL (
        self,
        "%u symbols in %u streams%s, %u workers%s, window %llu, bound %u, chunk %u, lag %u, faults "
        "%u per 10000, kinds %x, poison %d, %s hits, ends at %.1f",
        self->market.symbol_count, self->market.stream_count,
        self->market.replay ? " (replay)" : "", self->slots, self->own_workers ? " of its own" : "",
        (unsigned long long) self->window, self->bound, self->chunk, self->lag_ms, self->fault_rate,
        (unsigned) self->fault_kinds, self->poison, self->run.all_hits ? "all" : "first",
        (double) self->market.end_ms / 1000);
}

static void sim_free (sim_t *self)
{
    for (size_t i = 0; i < self->broker_count; i++) {
        if (self->brokers[i].alive) {
            broker_end (self, &self->brokers[i]);
        }
    }
    for (size_t i = 0; i < self->life_count; i++) {
        life_t *life = self->lives[i];
        live_worker_destroy (&life->worker);
        if (life->named) { /* it lived to the end */
            named_free (life->named);
            free (life->named);
        }
        pipe_free (&life->down);
        pipe_free (&life->up);
        free (life);
    }
    free (self->lives);
    if (self->collector.commits) {
        wire_live_collector_t state = {0};
        commits_state (self->collector.commits, 0, (cell_t){0}, &state);
        self->tally->repeats += state.repeats;
        commits_destroy (&self->collector.commits);
    }
    for (size_t i = 0; i < self->letter_count; i++) {
        buffer_free (&self->letters[i].bytes);
    }
    free (self->letters);
    free (self->disk.staged_hits);
    market_free (&self->market);
    wire_reader_destroy (&self->reader);
    calendar_destroy (&self->calendar);
    free (self);
}

/* ---- the end ---- */

static void judge_hit (sim_t *self, long i)
{
    const hits_table_t *got = &self->disk.hits, *want = &self->wanted;
    char when[26];
    uint32_t symbol = (uint32_t) (i / (DAYS * MINUTES_MAX) % SYMBOLS_MAX);
    const char *what = !got->is[i]                ? "lost"
                       : !want->is[i]             ? "too many"
                       : hits_same (got, want, i) ? NULL
                                                  : "wrong";
    const hit_t *hit = want->is[i] ? &want->hits[i] : &got->hits[i];
    bool excused = self->concerned[symbol][i / MINUTES_MAX % DAYS] ||
                   (self->poison >= 0 && shard_of (self->market.symbols[symbol]) ==
                                             shard_of (self->market.symbols[self->poison]));
    if (!what || excused) {
        return;
    }
    TELL (self, "hit %s: scan %ld %s %s: volume %g, wanted %g; arrival %lld, wanted %lld", what,
          i / (SYMBOLS_MAX * DAYS * MINUTES_MAX), self->market.symbols[symbol],
          exchange_format (hit->ts, when), got->hits[i].values[0], want->hits[i].values[0],
          (long long) got->arrival_ms[i], (long long) want->arrival_ms[i]);
    sim_wrong (self, "a hit is %s: scan %ld, %s, %s", what, i / (SYMBOLS_MAX * DAYS * MINUTES_MAX),
               self->market.symbols[symbol], exchange_format (hit->ts, when));
}

static void judge (sim_t *self)
{
    flow_stats_t stats;
    flow_stats (broker_newest (self)->flow, &stats);
    if (stats.aside > (self->poison >= 0)) {
        sim_wrong (self, "%llu shards were set aside", (unsigned long long) stats.aside);
    }
    oracle_fill (self);
    for (long i = 0; i < HITS_MAX; i++) {
        if (self->disk.hits.is[i] || self->wanted.is[i]) {
            judge_hit (self, i);
        }
    }
}

static bool is_done (sim_t *self)
{
    const broker_t *broker = broker_newest (self);
    if (!broker && self->start_broker_ms == 0) {
        sim_wrong (self, "no broker is left");
        return true;
    }
    if (self->now < self->calm_ms || !broker || !broker_is_done (self, broker)) {
        self->uneven_ms = self->now;
    }
    if (self->now <= self->uneven_ms + CALM_MS) {
        return false;
    }
    if (self->market.extra_ms == 0) { /* one more clock, for what was read after the last one */
        self->market.extra_ms = 2000;
        self->uneven_ms = self->now;
        return false;
    }
    return true;
}

static void step (sim_t *self)
{
    self->now += STEP_MS;
    if (self->now > self->calm_ms) {
        if (self->fault_rate > 0) {
            calm_down (self);
        }
    } else if (sim_below (self, 10000) < self->fault_rate) {
        fault (self);
    }
    if (self->start_broker_ms > 0 && self->now >= self->start_broker_ms) {
        self->start_broker_ms = 0;
        broker_start (self);
    }
    for (size_t i = 0; i < self->broker_count; i++) {
        if (self->brokers[i].alive) {
            broker_turn (self, &self->brokers[i]);
        }
    }
    for (size_t i = 0; i < self->life_count; i++) {
        life_t *life = self->lives[i];
        if (life->alive && life->ends_ms > 0 && self->now >= life->ends_ms) {
            life_end (self, (uint32_t) i, false);
        }
        life_turn (self, (uint32_t) i);
    }
    collector_turn (self);
}

bool history_run (uint64_t seed, mutant_t mutant, bool tell, tally_t *tally, char failure[200])
{
    sim_t *self = memory_new (sizeof *self);
    self->tally = tally;
    self->tell = tell;
    self->mutant = mutant;
    mutants_set (mutant, tell);
    sim_init (self, seed);
    uint64_t limit_ms = self->calm_ms + PATIENCE_MS;
    while (self->failure[0] == 0 && !is_done (self)) {
        step (self);
        tally->steps++;
        if (self->now > limit_ms) {
            sim_wrong (self, "stuck");
        }
    }
    if (self->failure[0] == 0) {
        judge (self);
    }
    if (self->failure[0] != 0 && broker_newest (self)) {
        broker_tell (self, broker_newest (self));
    }
    mutants_set (SOUND, false);
    tally->runs++;
    memcpy (failure, self->failure, sizeof self->failure);
    sim_free (self);
    return failure[0] == 0;
}

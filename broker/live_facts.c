/* What the run did so far, for who measures it: of each process, and how old candles were. The collector says
 * that of its present life, and its earlier lives are added; states come every few milliseconds and people
 * look once a second, so only the bytes of its histograms are kept. */
#include "live_inside.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/resource.h>

static uint64_t larger (uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* ---- ages ---- */

static void keep (buffer_t *buffer, wire_bytes_t bytes)
{
    buffer->size = 0;
    if (bytes.size > 0) {
        buffer_append (buffer, bytes.bytes, bytes.size);
    }
}

static void add (live_ages_t *ages, const aging_t *aging)
{
    ages->candles += aging->candles;
    ages->taken += aging->taken;
    histogram_add (&ages->hit, aging->hit.bytes, aging->hit.size);
    histogram_add (&ages->commit, aging->commit.bytes, aging->commit.size);
}

/* Another life speaks: what the last one did is kept. */
static void end_collector (live_t *self)
{
    aging_t *aging = &self->aging;
    add (&aging->past, aging);
    aging->past_process.cpu_us += self->heard.cpu_us;
    aging->past_process.memory_bytes =
        larger (aging->past_process.memory_bytes, self->heard.memory_bytes);
    aging->past_hits += self->heard.hits;
    aging->past_repeats += self->heard.repeats;
    aging->past_commit_us += self->heard.commit_us;
}

void live_hear_ages (live_t *self, const wire_live_collector_t *state)
{
    aging_t *aging = &self->aging;
    if (self->heard.incarnation != state->incarnation) {
        end_collector (self);
    }
    aging->candles = state->candles;
    aging->taken = state->taken;
    keep (&aging->hit, state->hit_age);
    keep (&aging->commit, state->commit_age);
}

void live_find_ages (const live_t *self, live_ages_t *ages)
{
    *ages = self->aging.past;
    add (ages, &self->aging);
}

void live_close_facts (live_t *self)
{
    buffer_free (&self->aging.hit);
    buffer_free (&self->aging.commit);
}

static void put_one (buffer_t *json, const char *name, const histogram_t *age)
{
    buffer_printf (json, ",\"%s\":{\"count\":%" PRIu64, name, histogram_count (age));
    for (size_t i = 0; i < HISTOGRAM_PARTS; i++) {
        buffer_printf (json, ",\"%s\":%" PRIu64, histogram_parts[i].name,
                       histogram_quantile (age, histogram_parts[i].part));
    }
    buffer_printf (json, "}");
}

void live_put_ages (const live_ages_t *ages, buffer_t *json)
{
    put_one (json, "candle_to_hit_us", &ages->hit);
    put_one (json, "candle_to_commit_us", &ages->commit);
}

/* ---- processes ---- */

void live_end_life (live_seat_t *seat)
{
    seat->past.candles += seat->candles;
    seat->past.cpu_us += seat->cpu_us;
    seat->past.memory_bytes = larger (seat->past.memory_bytes, seat->memory_bytes);
    seat->candles = seat->cpu_us = seat->memory_bytes = 0;
}

static live_process_t find_broker (void)
{
    struct rusage usage;
    getrusage (RUSAGE_SELF, &usage);
    return (live_process_t){.cpu_us = (uint64_t) cpu_process_us (),
                            .memory_bytes = (uint64_t) usage.ru_maxrss * 1024};
}

static void find_workers (const live_t *self, live_facts_t *facts)
{
    facts->worker_count = self->seat_count;
    facts->workers = memory_new (self->seat_count * sizeof *facts->workers);
    for (uint32_t w = 0; w < self->seat_count; w++) {
        const live_seat_t *seat = &self->seats[w];
        facts->workers[w] =
            (live_process_t){.candles = seat->past.candles + seat->candles,
                             .cpu_us = seat->past.cpu_us + seat->cpu_us,
                             .memory_bytes = larger (seat->past.memory_bytes, seat->memory_bytes)};
        facts->scan_us += seat->scan_us;
    }
}

static void find_collector (const live_t *self, live_facts_t *facts)
{
    const aging_t *aging = &self->aging;
    facts->collector = (live_process_t){
        .cpu_us = aging->past_process.cpu_us + self->heard.cpu_us,
        .memory_bytes = larger (aging->past_process.memory_bytes, self->heard.memory_bytes)};
    facts->hits = aging->past_hits + self->heard.hits;
    facts->repeats = aging->past_repeats + self->heard.repeats;
    facts->commit_us = aging->past_commit_us + self->heard.commit_us;
}

void live_find_facts (const live_t *self, live_facts_t *facts)
{
    *facts = (live_facts_t){.at = mono_now (), .lives = self->lives, .broker = find_broker ()};
    if (self->source.kind) {
        self->source.kind->counts (self->source.self, &facts->source);
    }
    flow_stats (self->flow, &facts->flow);
    live_find_ages (self, &facts->ages);
    find_workers (self, facts);
    find_collector (self, facts);
    facts->even = flow_is_even (self->flow);
}

flow_t *live_flow (live_t *self)
{
    return self->flow;
}

void live_facts_free (live_facts_t *facts)
{
    free (facts->workers);
    facts->workers = NULL;
}

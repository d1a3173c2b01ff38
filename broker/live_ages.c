/* How old candles were: the collector says it of its present life; what its earlier lives said is added.
 * States come every few milliseconds and people look once a second, so only the bytes are kept. */
#include "live_inside.h"

#include <inttypes.h>

static void keep (buffer_t *buffer, wire_bytes_t bytes)
{
    buffer->size = 0;
    buffer_append (buffer, bytes.bytes, bytes.size);
}

static void add (live_ages_t *ages, const aging_t *aging)
{
    ages->candles += aging->candles;
    ages->taken += aging->taken;
    histogram_add (&ages->hit, aging->hit.bytes, aging->hit.size);
    histogram_add (&ages->commit, aging->commit.bytes, aging->commit.size);
}

void live_hear_ages (live_t *self, const wire_live_collector_t *state)
{
    aging_t *aging = &self->aging;
    if (aging->incarnation != state->incarnation) {
        add (&aging->past, aging);
        aging->incarnation = state->incarnation;
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

void live_close_ages (live_t *self)
{
    buffer_free (&self->aging.hit);
    buffer_free (&self->aging.commit);
}

static void put_one (buffer_t *json, const char *name, const histogram_t *age)
{
    static const struct {
        const char *name;
        double part;
    } parts[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}, {"max", 1}};
    buffer_printf (json, ",\"%s\":{\"count\":%" PRIu64, name, histogram_count (age));
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        buffer_printf (json, ",\"%s\":%" PRIu64, parts[i].name,
                       histogram_quantile (age, parts[i].part));
    }
    buffer_printf (json, "}");
}

void live_put_ages (const live_ages_t *ages, buffer_t *json)
{
    put_one (json, "candle_to_hit_us", &ages->hit);
    put_one (json, "candle_to_commit_us", &ages->commit);
}

#include "health.h"

#include <assert.h>

/* The one list of what is said; a count comes behind it. */
static const char *const texts[HEALTH_REASONS] = {
    [HEALTH_READY] = "ok",
    [HEALTH_STARTING] = "starting",
    [HEALTH_DRAINING] = "draining",
    [HEALTH_NO_BROKER] = "no broker yet",
    [HEALTH_BROKER_SILENT] = "the broker is silent",
    [HEALTH_BROKERS_MISSING] = "brokers that are not there: ",
    [HEALTH_NO_COLLECTOR] = "no collector yet",
    [HEALTH_COLLECTOR_SILENT] = "the collector is silent",
    [HEALTH_NO_WORKER] = "no worker yet",
    [HEALTH_NO_SOURCE] = "the source is not open yet",
    [HEALTH_SOURCE_AWAY] = "the source is away",
    [HEALTH_BEHIND] = "the source is behind",
    [HEALTH_READ_AGAIN] = "symbols are read again: ",
    [HEALTH_NO_JOURNAL] = "the journal cannot be written",
    [HEALTH_SINKS_FAIL] = "sinks fail: ",
    [HEALTH_SINK_BEHIND] = "rows that a sink is behind: ",
};

uint32_t health_count (uint64_t count)
{
    return count < UINT32_MAX ? (uint32_t) count : UINT32_MAX;
}

static uint64_t pack (health_state_t state)
{
    return (uint64_t) state.reason << 32 | state.count;
}

static health_state_t unpack (uint64_t said)
{
    return (health_state_t){(health_reason_t) (said >> 32), (uint32_t) said};
}

void health_init (health_t *self, mono_t now)
{
    atomic_init (&self->turned_us, now.us);
    atomic_init (&self->said, pack ((health_state_t){.reason = HEALTH_STARTING}));
}

void health_turned (health_t *self, mono_t now)
{
    atomic_store_explicit (&self->turned_us, now.us, memory_order_relaxed);
}

void health_say (health_t *self, health_state_t state)
{
    assert (state.reason < HEALTH_REASONS);
    atomic_store_explicit (&self->said, pack (state), memory_order_relaxed);
}

void health_put (health_state_t state, buffer_t *text)
{
    buffer_printf (text, "%s", texts[state.reason]);
    if (state.count > 0) {
        buffer_printf (text, "%u", state.count);
    }
}

/* Time that stood still beside us, as in a container that was frozen, is made good by the next turn. */
static int64_t still_ms (const health_t *self, mono_t now)
{
    int64_t turned_us = atomic_load_explicit (&self->turned_us, memory_order_relaxed);
    return mono_ms ((mono_t){turned_us}, now);
}

static bool is_still (const health_t *self, mono_t now, buffer_t *text)
{
    int64_t ms = still_ms (self, now);
    if (ms < HEALTH_ALIVE_MS) {
        return false;
    }
    if (text) {
        buffer_printf (text, "the loop has not turned for %lld s", (long long) (ms / 1000));
    }
    return true;
}

bool health_is_alive (const health_t *self, mono_t now, buffer_t *text)
{
    bool alive = !is_still (self, now, text);
    if (alive && text) {
        health_put ((health_state_t){.reason = HEALTH_READY}, text);
    }
    return alive;
}

bool health_is_ready (const health_t *self, mono_t now, buffer_t *text)
{
    if (is_still (self, now, text)) {
        return false;
    }
    health_state_t state = unpack (atomic_load_explicit (&self->said, memory_order_relaxed));
    if (text) {
        health_put (state, text);
    }
    return state.reason == HEALTH_READY;
}

/* Is the run as it should be? Not while something of it is missing, and not while what should be scanned now waits: for
 * the source, or until it was read again. */
#include "live_inside.h"

#define BEHIND_MS 2000 /* a source that finds more at every look for so long is behind */

static bool has_worker (const live_t *self)
{
    for (uint32_t w = 0; w < self->seat_count; w++) {
        if (self->seats[w].data && flow_is_live (self->flow, w)) {
            return true;
        }
    }
    return false;
}

/* A server that has no stream yet has nothing to be behind with, once it was looked for. */
static bool is_caught_up (live_t *self, bool source_is, mono_t now)
{
    bool behind = mono_ms (self->even_at, now) >= BEHIND_MS;
    self->caught_up = self->caught_up || source_is;
    return flow_stream_count (self->flow) > 0 ? self->caught_up && !behind : behind;
}

/* How fast a replay or a load test goes is no matter of health. */
static health_reason_t find_source (live_t *self, mono_t now)
{
    source_counts_t counts;
    if (!self->source.kind) {
        return HEALTH_NO_SOURCE;
    }
    if (self->config->is_replay || self->config->hooks) {
        return HEALTH_READY;
    }
    self->source.kind->counts (self->source.self, &counts);
    if (!counts.connected) {
        return HEALTH_SOURCE_AWAY;
    }
    return is_caught_up (self, counts.caught_up, now) ? HEALTH_READY : HEALTH_BEHIND;
}

static health_reason_t find_reason (live_t *self, mono_t now)
{
    if (self->over || self->phase == LIVE_ENDING || self->phase == LIVE_LEAVING) {
        return HEALTH_DRAINING;
    }
    if (!self->collector_known || !self->collector_heard || self->phase == LIVE_OPENING) {
        return HEALTH_NO_COLLECTOR;
    }
    if (mono_ms (self->collector_at, now) >= HEALTH_SILENT_MS) {
        return HEALTH_COLLECTOR_SILENT;
    }
    if (!has_worker (self)) {
        return HEALTH_NO_WORKER;
    }
    health_reason_t source = find_source (self, now);
    if (source != HEALTH_READY) {
        return source;
    }
    return flow_unattached (self->flow) > 0 ? HEALTH_READ_AGAIN : HEALTH_READY;
}

void live_tell_health (live_t *self, mono_t now)
{
    health_state_t state = {.reason = find_reason (self, now)};
    if (state.reason == HEALTH_READ_AGAIN) {
        state.count = health_count (flow_unattached (self->flow));
    }
    pulse_turn (self->pulse, state);
}

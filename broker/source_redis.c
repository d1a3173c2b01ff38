/* A source of Redis streams: three connections and who uses them.
 *
 *     redis_survey  which streams there are, how they stand
 *     redis_again   what the flow wants read again; what it asks to be held, holds the
 *     redis_reader  the main reader
 *
 * What happens when:
 *     connection lost, LOADING    tried again, 50 ms to 5 s apart; then all streams are looked at before reading goes on
 *     NOAUTH, WRONGPASS, NOPERM   said once with what is needed; tried again
 *     empty after a restart       streams are gone (flow_look); what is added then is read, from the
 *                                 start where ids went backwards
 *     a key of another type       said once and counted; not read until it is a stream
 */
#include "source.h"

#include "memory.h"
#include "redis_again.h"
#include "redis_reader.h"
#include "redis_survey.h"

#include <stdlib.h>

typedef struct {
    redis_patterns_t patterns;
    redis_streams_t streams;
    redis_t *connections[3]; /* of the reader, of reading again, of the survey */
    redis_reader_t *reader;
    redis_again_t *again;
    redis_survey_t *survey;
    bool stopped;
} source_redis_t;

static bool reads (const source_redis_t *self)
{
    return !self->stopped && redis_survey_is_ready (self->survey);
}

static size_t poll_redis (void *of, struct pollfd *items)
{
    source_redis_t *self = of;
    size_t count = 0;
    for (int i = 0; i < 3; i++) {
        bool used = i == 1 || !self->stopped;
        items[count].fd = redis_fd (self->connections[i], &items[count].events);
        count += used && items[count].fd >= 0;
    }
    return count;
}

static int64_t sooner (int64_t a, int64_t b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

static int64_t due_redis_ms (const void *of, mono_t now)
{
    const source_redis_t *self = of;
    int64_t due =
        sooner (redis_again_due_ms (self->again, now), redis_due_ms (self->connections[1], now));
    if (self->stopped) {
        return due;
    }
    due = sooner (due, redis_due_ms (self->connections[0], now));
    due = sooner (due, redis_due_ms (self->connections[2], now));
    due = sooner (due, redis_survey_due_ms (self->survey, now));
    if (!redis_again_holds (self->again)) {
        due = sooner (due, redis_reader_due_ms (self->reader, reads (self), now));
    }
    return due;
}

static bool turn (source_redis_t *self, mono_t now)
{
    bool more = redis_again_turn (self->again, now);
    if (self->stopped) {
        return more;
    }
    if (redis_reader_wants_look (self->reader) || redis_again_wants_look (self->again)) {
        redis_survey_ask (self->survey);
    }
    more |= redis_survey_turn (self->survey, redis_reader_is_hard (self->reader, now), now);
    if (!redis_again_holds (self->again)) {
        more |= redis_reader_turn (self->reader, reads (self), now);
    }
    return more;
}

static bool turn_redis (void *of, bool stop, mono_t now)
{
    source_redis_t *self = of;
    self->stopped = stop;
    return turn (self, now);
}

static bool is_redis_over (const void *of)
{
    const source_redis_t *self = of;
    return redis_survey_is_ready (self->survey) && redis_reader_is_over (self->reader);
}

static bool has_redis_failed (const void *of)
{
    (void) of;
    return false; /* a server can be put right */
}

static void count_redis (const void *of, source_counts_t *counts)
{
    const source_redis_t *self = of;
    *counts = (source_counts_t){.entries = self->streams.entries,
                                .rejected = self->streams.rejected,
                                .refused_streams = self->streams.refused,
                                .retries = self->streams.retries,
                                .caught_up = redis_reader_caught_up (self->reader),
                                .lag_ms = redis_reader_lag_ms (self->reader)};
    counts->connected = true;
    for (int i = 0; i < 3; i++) {
        redis_counts_t one;
        redis_counts (self->connections[i], &one);
        counts->lost += one.lost;
        counts->retries += one.retries;
        counts->bytes += one.bytes;
        counts->connected = counts->connected && redis_state (self->connections[i]) == REDIS_UP;
    }
}

static void destroy_redis (void *of)
{
    source_redis_t *self = of;
    redis_reader_destroy (&self->reader);
    redis_again_destroy (&self->again);
    redis_survey_destroy (&self->survey);
    for (int i = 0; i < 3; i++) {
        redis_destroy (&self->connections[i]);
    }
    redis_streams_free (&self->streams);
    redis_patterns_free (&self->patterns);
    free (self);
}

static const source_kind_t redis_kind = {.poll = poll_redis,
                                         .due_ms = due_redis_ms,
                                         .turn = turn_redis,
                                         .is_over = is_redis_over,
                                         .failed = has_redis_failed,
                                         .counts = count_redis,
                                         .destroy = destroy_redis};

int source_redis_open (source_t *source, flow_t *flow, const source_redis_config_t *config,
                       char *error, size_t error_size)
{
    redis_patterns_t patterns;
    if (redis_check (config->url, error, error_size) != 0) {
        return -1;
    }
    if (redis_patterns_parse (&patterns, config->streams, error, error_size) != 0) {
        redis_patterns_free (&patterns);
        return -1;
    }
    source_redis_t *self = memory_new (sizeof *self);
    self->patterns = patterns;
    redis_streams_init (&self->streams, flow, config->begin);
    for (int i = 0; i < 3; i++) {
        self->connections[i] = redis_new (config->url, config->user, config->password_file);
    }
    redis_set_quiet (self->connections[1]);
    redis_set_quiet (self->connections[2]);
    self->reader =
        redis_reader_new (&self->streams, self->connections[0], config->is_replay, config->speed);
    self->again = redis_again_new (&self->streams, self->connections[1]);
    self->survey =
        redis_survey_new (&self->streams, &self->patterns, self->connections[2], config->is_replay);
    *source = (source_t){.kind = &redis_kind, .self = self};
    return 0;
}

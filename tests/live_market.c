#include "live_market.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SYMBOLS = 8, SEED = 7, HITS_MIN = 100 };

#define FROM "2023-03-06"
#define TO   "2023-03-08"

static struct {
    char *directory, *data;
    redis_server_t *server;
    live_run_t *undisturbed;
    producer_t *producer;
} market;

static void make_data (void)
{
    void *opened;
    stage_open (&opened);
    stage_t *stage = opened;
    market.data = memory_format ("%s/market", market.directory);
    stage_must (stage, TEST_BIN "/fastscanner", "sample", market.data, "--count",
                stage_text (stage, "%d", SYMBOLS), "--seed", stage_text (stage, "%d", SEED),
                "--from", FROM, "--to", TO, NULL);
    stage_close (&opened);
}

static void run_undisturbed (void)
{
    live_plan_t plan = {.command = "replay",
                        .name = "undisturbed",
                        .directory = market.directory,
                        .data = market.data,
                        .url = redis_server_url (market.server),
                        .streams = producer_streams (market.producer),
                        .all_hits = true,
                        .patient = true};
    buffer_t why = {0};
    while (producer_send (market.producer, 500) > 0) {
        producer_settle (market.producer);
    }
    market.undisturbed = live_run_new (&plan);
    if (live_run_whole (market.undisturbed, &why) != 0) {
        fail_msg ("%s", why.bytes);
    }
    buffer_free (&why);
    assert_true (live_run_hits (market.undisturbed) >= HITS_MIN);
}

int live_market_open (void **state)
{
    (void) state;
    market.directory = directory_new (); /* outside the stage's, which ends with a test */
    make_data ();
    market.server = redis_server_start (NULL);
    market.producer = producer_new (market.server, market.data, "", "9", 0);
    run_undisturbed ();
    return 0;
}

int live_market_close (void **state)
{
    (void) state;
    live_run_destroy (&market.undisturbed);
    producer_destroy (&market.producer);
    redis_server_destroy (&market.server);
    free (market.data);
    directory_destroy (&market.directory);
    return 0;
}

const live_run_t *live_market_undisturbed (void)
{
    return market.undisturbed;
}

const char *live_market_symbol (size_t index)
{
    return producer_symbol (market.producer, index);
}

int live_case_open (void **state)
{
    live_case_t *self = memory_new (sizeof *self);
    void *opened;
    stage_open (&opened);
    self->stage = opened;
    self->server = redis_server_start (NULL);
    self->producer = producer_new (self->server, market.data, "", "9", 0);
    stage_write (self->stage, "run/test", "");
    self->plan = (live_plan_t){.command = "live",
                               .name = "live",
                               .directory = stage_path (self->stage, "run"),
                               .data = market.data,
                               .url = redis_server_url (self->server),
                               .streams = producer_streams (self->producer),
                               .all_hits = true,
                               .patient = true};
    *state = self;
    return 0;
}

int live_case_close (void **state)
{
    live_case_t *self = *state;
    void *stage = self->stage;
    live_run_destroy (&self->run);
    producer_destroy (&self->producer);
    redis_server_destroy (&self->server);
    free (self);
    return stage_close (&stage);
}

static void fail_run (live_case_t *self, const char *what)
{
    char *path = stage_path (self->stage, "run/live.state/stats.json"),
         *stats = stage_read (self->stage, path, NULL);
    fail_msg ("%s\n%s%s", what, live_run_log (self->run), stats ? stats : "");
}

void live_case_start (live_case_t *self, const char *const *more)
{
    self->plan.more = more;
    self->run = live_run_new (&self->plan);
    live_run_start (self->run);
}

void live_case_produce (live_case_t *self, const char *from, const char *to, unsigned share)
{
    size_t first = producer_before (self->producer, from),
           last = producer_before (self->producer, to);
    size_t until = first + (last - first) * share / 100;
    while (producer_sent (self->producer) < until) {
        size_t left = until - producer_sent (self->producer);
        producer_send (self->producer, left < 500 ? left : 500);
        producer_settle (self->producer);
        if (self->run) {
            live_run_runs (self->run, 0); /* takes what it says */
        }
    }
}

void live_case_wait (live_case_t *self, const char *what)
{
    if (!live_run_wait (self->run, what, LIVE_RUN_MS)) {
        fail_run (self, what);
    }
}

void live_case_says (live_case_t *self, const char *text, int ms)
{
    if (!live_run_says (self->run, text, ms)) {
        fail_run (self, text);
    }
}

void live_case_finish (live_case_t *self)
{
    live_case_produce (self, "", "9", 100);
    if (!live_run_settle (self->run, LIVE_RUN_MS)) {
        fail_run (self, "it does not settle");
    }
    if (live_run_stop (self->run) != 0) {
        fail_run (self, "its exit code is not 0");
    }
}

void live_case_compare (live_case_t *self, const char *without)
{
    buffer_t why = {0};
    if (live_run_compare (market.undisturbed, self->run, without, &why) > 0) {
        buffer_append (&why, "", 1);
        fail_run (self, why.bytes);
    }
    buffer_free (&why);
}

int64_t live_case_now_ms (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

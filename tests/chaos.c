/* chaos - kills the processes of a live run while candles flow, again and again, and looks whether a hit was
 * lost or doubled.
 *
 *     chaos [--cycles N] [--seed S] [--keep] [--verbose]
 *
 *     producer --XADD--> redis-server --> fastscanner live (broker, 2 workers, collector) --> sinks, journal
 *                             ^                    ^
 *                             +---- kill -9 of one in turn, at a random moment; broker and server are
 *                                   started again, the rest is the broker's business
 *
 * In the end all candles are in; what the sinks and the journal hold must be what `fastscanner replay` of
 * the same streams gives. The seed chooses the market, the streams' shape, first hits or all, and
 * the moments; what the processes do at a moment is theirs, so a seed makes a like history, not the
 * same.
 */
#include "dice.h"
#include "exchange.h"
#include "live_run.h"
#include "memory.h"
#include "producer.h"
#include "text.h"

#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    SYMBOLS = 16,
    SHARED = 4,
    CYCLES = 24,
    CYCLES_A_DAY = 60, /* more cycles get more days, ... */
    DAYS_MAX = 15,     /* ... up to so many: Redis reads them all again at each start */
    BURST = 24,        /* candles at a time, at most */
    SETTLE_MS = 60000,
    HITS_MIN = 50 /* fewer prove nothing */
};

typedef enum { BROKER, WORKER, COLLECTOR, REDIS, KINDS } kind_t;

static const char *const kind_names[] = {"broker", "worker", "collector", "redis"};

typedef struct {
    int cycles;
    uint64_t seed;
    bool keep, verbose;
    dice_t dice;
    stage_t *stage;
    char *data;
    redis_server_t *server;
    producer_t *producer;
    live_run_t *live, *undisturbed;
    unsigned killed[KINDS];
    unsigned mended;     /* times that the server's file was torn */
    kind_t order[KINDS]; /* of the present four cycles */
} chaos_t;

/* ---- moments */

/* Ends the test when live has ended by itself. */
static int wait_a_moment (chaos_t *self, int ms)
{
    if (live_run_runs (self->live, ms)) {
        return 0;
    }
    fprintf (stderr, "chaos: live ended by itself: exit code %d\n",
             spawn_code (live_run_process (self->live)));
    return -1;
}

/* Often at once, while what was killed before is still coming up, and sometimes when all is well. */
static int random_ms (chaos_t *self)
{
    int kind = dice_integer (&self->dice, 0, 9);
    return kind < 3   ? dice_integer (&self->dice, 0, 20)
           : kind < 7 ? dice_integer (&self->dice, 20, 200)
                      : dice_integer (&self->dice, 200, 600);
}

/* Lets a cycle's candles flow over a random time, in bursts. */
static int flow (chaos_t *self, int cycle)
{
    size_t end = producer_count (self->producer) * (size_t) (cycle + 1) / (size_t) self->cycles;
    int ms = random_ms (self), rc = 0;
    size_t left = end > producer_sent (self->producer) ? end - producer_sent (self->producer) : 0;
    int bursts = (int) (left / BURST) + 1;
    for (int i = 0; i < bursts && rc == 0; i++) {
        producer_send (self->producer, left < BURST ? left : BURST);
        left -= left < BURST ? left : BURST;
        rc = wait_a_moment (self, ms / bursts);
        producer_settle (self->producer);
    }
    return rc;
}

/* ---- kills */

static void shuffle (chaos_t *self)
{
    for (int i = 0; i < KINDS; i++) {
        int j = dice_integer (&self->dice, 0, i);
        self->order[i] = self->order[j];
        self->order[j] = (kind_t) i;
    }
}

/* False when there is no such process just now. */
static bool kill_child (chaos_t *self, stage_role_t role, size_t index)
{
    pid_t pid = live_run_child (self->live, role, index);
    return pid > 0 && kill (pid, SIGKILL) == 0;
}

/* kill -9 in the middle of a write can tear a transaction in the server's file. A server that finds one torn
 * within a command cuts that command alone off; what follows is then taken for a part of the
 * transaction at the next start, and hits are doubled or entries lost (Redis 7.0.15; valkey-io/valkey
 * #4342 has the repair). Its own tool cuts the whole transaction, which nobody was told of. */
static void mend (chaos_t *self)
{
    char *command =
        memory_format ("echo y | redis-check-aof --fix '%s/appendonlydir/appendonly.aof.manifest'",
                       redis_server_directory (self->server));
    spawn_t *process = spawn_run ((const char *[]){"sh", "-c", command, NULL}, LIVE_RUN_MS);
    if (spawn_code (process) != 0) {
        fprintf (stderr, "chaos: redis-check-aof: %s%s\n", spawn_out (process),
                 spawn_err (process));
    }
    if (strstr (spawn_out (process), "Successfully truncated")) {
        self->mended++;
    }
    spawn_destroy (&process);
    free (command);
}

static bool kill_one (chaos_t *self, kind_t kind)
{
    switch (kind) {
    case BROKER:
        live_run_kill (self->live);
        live_run_start (self->live);
        return true;
    case WORKER:
        return kill_child (self, STAGE_WORKER, (size_t) dice_integer (&self->dice, 0, 1)) ||
               kill_child (self, STAGE_WORKER, 0);
    case COLLECTOR:
        return kill_child (self, STAGE_COLLECTOR, 0);
    case REDIS:
        producer_send (self->producer, (size_t) dice_integer (&self->dice, 0, BURST));
        redis_server_kill (self->server); /* the replies may be lost */
        mend (self);
        redis_server_again (self->server);
        producer_settle (self->producer);
        return true;
    default:
        return false;
    }
}

/* A child that is not there is on its way: it is looked for until it has come. */
static int kill_in_turn (chaos_t *self, kind_t kind)
{
    for (int tries = 0; !kill_one (self, kind); tries++) {
        if (tries > 10000 || wait_a_moment (self, 1) != 0) {
            fprintf (stderr, "chaos: no %s to kill\n", kind_names[kind]);
            return -1;
        }
    }
    self->killed[kind]++;
    return 0;
}

static int cycle (chaos_t *self, int number)
{
    if (number % KINDS == 0) {
        shuffle (self);
    }
    kind_t kind = self->order[number % KINDS];
    int rc = flow (self, number);
    rc = rc ? rc : kill_in_turn (self, kind);
    if (self->verbose) {
        fprintf (stderr, "chaos: cycle %d: %s, %zu candles\n", number, kind_names[kind],
                 producer_sent (self->producer));
    }
    return rc;
}

/* ---- the end */

static int finish (chaos_t *self)
{
    while (producer_send (self->producer, BURST) > 0) {
        producer_settle (self->producer);
    }
    size_t there = producer_entries (self->producer), all = producer_count (self->producer);
    if (there != all) {
        fprintf (stderr, "chaos: %zu entries of %zu: the server or the producer lost some\n", there,
                 all);
        return -1;
    }
    if (!live_run_settle (self->live, SETTLE_MS)) {
        char *path = stage_path (self->stage, "run/live.state/stats.json"),
             *stats = stage_read (self->stage, path, NULL);
        fprintf (stderr, "chaos: it does not settle\n%s", stats ? stats : "");
        return -1;
    }
    int code = live_run_stop (self->live);
    if (code != 0) {
        fprintf (stderr, "chaos: exit code %d after SIGTERM\n", code);
        return -1;
    }
    return 0;
}

static int compare (chaos_t *self)
{
    buffer_t why = {0};
    bool good = live_run_whole (self->undisturbed, &why) == 0 &&
                live_run_compare (self->undisturbed, self->live, NULL, &why) == 0;
    size_t hits = live_run_hits (self->live);
    if (good && hits < HITS_MIN) {
        buffer_printf (&why, "only %zu hits: they prove nothing\n", hits);
        good = false;
    }
    if (!good) {
        fprintf (stderr, "%.*s", (int) why.size, why.bytes);
    }
    buffer_free (&why);
    return good ? 0 : -1;
}

/* ---- all */

static bool is_shared (const chaos_t *self)
{
    return self->seed % 2 == 1;
}

static bool is_all_hits (const chaos_t *self)
{
    return self->seed / 2 % 2 == 1;
}

static void make_market (chaos_t *self)
{
    char from[11], to[11];
    int days = 2 + self->cycles / CYCLES_A_DAY;
    day_t first = 0, last;
    day_parse ("2023-03-06", 10, &first);
    days = days > DAYS_MAX ? DAYS_MAX : days;
    last = first + days / 5 * 7 + days % 5 - 1; /* from a Monday, without weekends */
    self->data = stage_path (self->stage, "market");
    stage_must (self->stage, TEST_BIN "/fastscanner", "sample", self->data, "--count",
                stage_text (self->stage, "%d", SYMBOLS), "--seed",
                stage_text (self->stage, "%" PRIu64, self->seed % 1000), "--from",
                day_format (first, from), "--to", day_format (last, to), NULL);
}

static void set_up (chaos_t *self)
{
    static const char *const durable[] = {"--appendonly",
                                          "yes",
                                          "--appendfsync",
                                          "always",
                                          "--auto-aof-rewrite-percentage",
                                          "0",
                                          NULL};
    void *opened;
    stage_open (&opened);
    self->stage = opened;
    dice_init (&self->dice, self->seed, 0, 0);
    make_market (self);
    self->server = redis_server_start (durable);
    self->producer =
        producer_new (self->server, self->data, "", "9", is_shared (self) ? SHARED : 0);
    live_plan_t plan = {.command = "live",
                        .name = "live",
                        .directory = stage_path (self->stage, "run"),
                        .data = self->data,
                        .url = redis_server_url (self->server),
                        .streams = producer_streams (self->producer),
                        .all_hits = is_all_hits (self)};
    stage_write (self->stage, "run/seed", stage_text (self->stage, "%" PRIu64 "\n", self->seed));
    self->live = live_run_new (&plan);
    plan.command = plan.name = "replay";
    self->undisturbed = live_run_new (&plan);
}

static void keep_log (chaos_t *self)
{
    char *path = stage_path (self->stage, "run/log");
    file_write (path, live_run_log (self->live));
    fprintf (stderr, "chaos: seed %" PRIu64 ": kept in %s\n", self->seed,
             stage_path (self->stage, "run"));
}

static void tear_down (chaos_t *self, bool keep)
{
    if (keep) {
        keep_log (self);
        return; /* the processes end with this one */
    }
    live_run_destroy (&self->live);
    live_run_destroy (&self->undisturbed);
    producer_destroy (&self->producer);
    redis_server_destroy (&self->server);
    void *stage = self->stage;
    stage_close (&stage);
}

static int64_t now_ms (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void report (chaos_t *self, int64_t began_ms, int64_t killed_ms)
{
    printf (
        "chaos: seed %" PRIu64 ", %s, %s: %u cycles (kill -9 of broker %u, worker %u, collector "
        "%u, redis %u) in %.1f s, %zu candles, %zu hits, each once, in every sink; its file "
        "was mended %u times; %.1f s in all\n",
        self->seed, producer_streams (self->producer),
        is_all_hits (self) ? "all hits" : "first hits",
        self->killed[BROKER] + self->killed[WORKER] + self->killed[COLLECTOR] + self->killed[REDIS],
        self->killed[BROKER], self->killed[WORKER], self->killed[COLLECTOR], self->killed[REDIS],
        (double) (killed_ms - began_ms) / 1000, producer_count (self->producer),
        live_run_hits (self->live), self->mended, (double) (now_ms () - began_ms) / 1000);
}

static int run (chaos_t *self)
{
    int64_t began_ms = now_ms ();
    int rc = 0;
    set_up (self);
    live_run_start (self->live);
    for (int i = 0; i < self->cycles && rc == 0; i++) {
        rc = cycle (self, i);
    }
    int64_t killed_ms = now_ms ();
    rc = rc ? rc : finish (self);
    rc = rc ? rc : compare (self);
    if (rc == 0) {
        report (self, began_ms, killed_ms);
    }
    tear_down (self, rc != 0 || self->keep);
    return rc ? 1 : 0;
}

static int usage (void)
{
    fprintf (stderr, "usage: chaos [--cycles N] [--seed S] [--keep] [--verbose]\n");
    return 2;
}

int main (int argc, char **argv)
{
    static const struct option options[] = {{"cycles", required_argument, NULL, 'c'},
                                            {"seed", required_argument, NULL, 's'},
                                            {"keep", no_argument, NULL, 'k'},
                                            {"verbose", no_argument, NULL, 'v'},
                                            {NULL, 0, NULL, 0}};
    chaos_t self = {.cycles = CYCLES, .seed = 1};
    int option;
    while ((option = getopt_long (argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            self.cycles = atoi (optarg);
            break;
        case 's':
            self.seed = strtoull (optarg, NULL, 10);
            break;
        case 'k':
            self.keep = true;
            break;
        case 'v':
            self.verbose = true;
            break;
        default:
            return usage ();
        }
    }
    if (self.cycles < 1 || optind < argc) {
        return usage ();
    }
    if (!redis_server_is_there () || exchange_init () != 0) {
        fprintf (stderr, "chaos: no redis-server, or no time zones, here\n");
        return 77;
    }
    return run (&self);
}

#include "away.h"

#include "check.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BASE = 20000, SLOTS = 15, SLOT = 800, DATA = 260 };

static bool is_free (int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons ((uint16_t) port),
                                  .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
    int one = 1, file = socket (AF_INET, SOCK_STREAM, 0);
    setsockopt (file, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    bool free = bind (file, (struct sockaddr *) &address, sizeof address) == 0;
    close (file);
    return free;
}

/* Below the ports that the system gives out; each has those of the workers' data behind it. */
static char *endpoint_of (away_t *self, int number)
{
    for (int i = 0; i < SLOTS; i++) {
        int port = BASE + (getpid () + i) % SLOTS * SLOT + number * DATA;
        if (is_free (port)) {
            return stage_text (self->live->stage, "tcp://127.0.0.1:%d", port);
        }
    }
    fail_msg ("no port is free");
    return NULL;
}

int away_open (void **state)
{
    away_t *self = memory_new (sizeof *self);
    void *opened;
    live_case_open (&opened);
    self->live = opened;
    self->live->plan.away = true;
    self->endpoints[0] = endpoint_of (self, 0);
    self->endpoints[1] = endpoint_of (self, 1);
    self->hits = endpoint_of (self, 2);
    *state = self;
    return 0;
}

int away_close (void **state)
{
    away_t *self = *state;
    live_run_destroy (&self->other);
    void *opened = self->live;
    free (self);
    return live_case_close (&opened);
}

void away_keys (away_t *self)
{
    self->keys = stage_path (self->live->stage, "keys");
    stage_must (self->live->stage, TEST_BIN "/fastscanner", "keys", self->keys, NULL);
}

/* The two words of a role's lock. */
static const char *lock_option (const away_t *self)
{
    return self->keys ? "--curve-dir" : "--insecure";
}

static const char *lock_value (away_t *self, const char *role)
{
    return self->keys ? stage_text (self->live->stage, "%s/%s", self->keys, role)
                      : "--log-level=info";
}

/* Arguments of a broker; they stay as long as the stage. */
static const char *const *arguments (away_t *self, int broker, const char *part)
{
    const char *words[] = {
        "--no-local", "--listen",         self->endpoints[broker],     "--partition",
        part,         lock_option (self), lock_value (self, "broker"), NULL};
    const char **more = self->more[broker];
    memcpy (more, words, sizeof words);
    return more;
}

spawn_t *away_worker (away_t *self, int broker, const char *name)
{
    return stage_spawn (self->live->stage, TEST_BIN "/fastscanner-worker", "--broker",
                        self->endpoints[broker], "--name", name, lock_option (self),
                        lock_value (self, "worker"), NULL);
}

/* With a sink of each kind, where the first broker's run would have them. */
spawn_t *away_collector (away_t *self, const char *hits)
{
    stage_t *stage = self->live->stage;
    const live_plan_t *plan = &self->live->plan;
    return stage_spawn (stage, TEST_BIN "/fastscanner-collector", "--broker", self->endpoints[0],
                        "--broker", self->endpoints[1], "--listen", hits, lock_option (self),
                        lock_value (self, "collector"), "--state",
                        stage_path (stage, "run/live.state"), "--out",
                        stage_text (stage, "csv:%s/live.csv", plan->directory), "--out",
                        stage_text (stage, "jsonl:%s/live.jsonl", plan->directory), "--out",
                        stage_text (stage, "sqlite:%s/live.db", plan->directory), "--out",
                        stage_text (stage, "redis:%s?stream=live:hits", plan->url), NULL);
}

void away_start (away_t *self, const char *part)
{
    stage_write (self->live->stage, "run/live.state/test", "");
    live_case_start (self->live, arguments (self, 0, part));
    self->collector = away_collector (self, self->hits);
}

void away_start_other (away_t *self, const char *part)
{
    stage_write (self->live->stage, "run/other.state/test", "");
    self->other_plan = self->live->plan;
    self->other_plan.name = "other";
    self->other_plan.more = arguments (self, 1, part);
    self->other = live_run_new (&self->other_plan);
    live_run_start (self->other);
}

void away_stop (spawn_t *process)
{
    spawn_signal (process, SIGTERM);
    int code = spawn_wait (process, AWAY_MS);
    if (code != 0) {
        fail_msg ("it ended with %d: %s", code, spawn_err (process));
    }
}

void away_kill (spawn_t *process)
{
    spawn_signal (process, SIGKILL);
    assert_int_equal (spawn_wait (process, AWAY_MS), 128 + SIGKILL);
}

void away_other_waits (away_t *self, const char *what)
{
    if (!live_run_wait (self->other, what, LIVE_RUN_MS)) {
        fail_msg ("%s: %s", what, live_run_log (self->other));
    }
}

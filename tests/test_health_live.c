/* Whole runs that are asked how they are, by `fastscanner health`: what they wait for, when they are ready, and when not
 * any more.
 */
#include "live_market.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAIT_MS = 20000, LOOK_MS = 20, SAID_MAX = 1 << 16, LINE_BYTES = 512 };

#define SCAN                                                                                       \
    "up:atr_parabolic_up,min_atr_multiplier=1,min_volume=0,min_adv=0,min_adr=0,"                   \
    "start_time=09:30,end_time=15:59"

static const char fastscanner_program[] = TEST_BIN "/fastscanner";
static const char worker_program[] = TEST_BIN "/fastscanner-worker";
static const char collector_program[] = TEST_BIN "/fastscanner-collector";

/* ---- asking ---- */

/* A port that was free just now, as text; the stage's. */
static char *free_port (stage_t *stage)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int door = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal (bind (door, (struct sockaddr *) &address, size), 0);
    assert_int_equal (getsockname (door, (struct sockaddr *) &address, &size), 0);
    close (door);
    return stage_text (stage, "%u", (unsigned) ntohs (address.sin_port));
}

static int listen_at (const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons ((uint16_t) atoi (port)),
                                  .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
    int door = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal (bind (door, (struct sockaddr *) &address, sizeof address), 0);
    assert_int_equal (listen (door, 4), 0);
    return door;
}

/* A process that answers one peer with that text; its pid. */
static pid_t answer_once (int door, const char *text)
{
    char request[256];
    pid_t answerer = fork ();
    if (answerer == 0) {
        int peer = accept (door, NULL, NULL);
        bool asked = recv (peer, request, sizeof request, 0) > 0;
        bool said = send (peer, text, strlen (text), MSG_NOSIGNAL) == (ssize_t) strlen (text);
        shutdown (peer, SHUT_WR);
        _exit (asked && said ? 0 : 1);
    }
    assert_true (answerer > 0);
    return answerer;
}

/* Asks once: does it answer with that exit code and line ("": none)? `last` is what it answered. */
static bool is_answered (const char *port, bool ready, int code, const char *text,
                         char last[static LINE_BYTES])
{
    const char *const argv[] = {fastscanner_program,      "health", "--http", port,
                                ready ? "--ready" : NULL, NULL};
    spawn_t *health = spawn_run (argv, WAIT_MS);
    snprintf (last, LINE_BYTES, "%d: %s%s", spawn_code (health), spawn_out (health),
              spawn_err (health));
    const char *said = spawn_out (health);
    size_t size = strcspn (said, "\n");
    bool same =
        spawn_code (health) == code && size == strlen (text) && strncmp (said, text, size) == 0;
    spawn_destroy (&health);
    return same;
}

static void expect (const char *port, bool ready, int code, const char *text)
{
    char last[LINE_BYTES];
    if (!is_answered (port, ready, code, text, last)) {
        fail_msg ("not %d, %s, but %s", code, text, last);
    }
}

/* Waits until it is so. */
static void wait_for (const char *port, bool ready, int code, const char *text)
{
    char last[LINE_BYTES];
    int64_t end = live_case_now_ms () + WAIT_MS;
    while (!is_answered (port, ready, code, text, last)) {
        if (live_case_now_ms () > end) {
            fail_msg ("%s is never said, but %s", text, last);
        }
        poll (NULL, 0, LOOK_MS);
    }
}

static void wait_ready (const char *port)
{
    wait_for (port, true, 0, "ok");
    expect (port, false, 0, "ok");
}

/* ---- one machine ---- */

/* A live run becomes ready; while it stands it does not answer, which is not healthy; afterwards it is again. Told to
 * stop, it is alive and drains, until it has ended; then nobody answers. */
static void test_live (void **state)
{
    live_case_t *self = *state;
    char *port = free_port (self->stage);
    const char *const more[] = {"--http", port, "--dead-after", "600", "--drain", "600", NULL};
    expect (port, false, 1, "");
    live_case_produce (self, "", "9", 30);
    live_case_start (self, more);
    wait_ready (port);
    spawn_t *run = live_run_process (self->run);
    spawn_signal (run, SIGSTOP);
    expect (port, false, 1, "");
    spawn_signal (run, SIGCONT);
    wait_ready (port);
    kill (live_run_child (self->run, STAGE_WORKER, 0), SIGSTOP);
    kill (live_run_child (self->run, STAGE_WORKER, 1), SIGSTOP);
    live_case_produce (self, "", "9", 60);
    live_case_wait (self, "caught_up=1 shards_outstanding>0");
    spawn_signal (run, SIGTERM);
    wait_for (port, true, 1, "draining");
    expect (port, false, 0, "ok");
    kill (live_run_child (self->run, STAGE_WORKER, 0), SIGCONT);
    kill (live_run_child (self->run, STAGE_WORKER, 1), SIGCONT);
    assert_int_equal (spawn_wait (run, WAIT_MS), 0);
    expect (port, false, 1, "");
}

/* A run without its Redis is alive, and says that it is not ready. */
static void test_no_source (void **state)
{
    live_case_t *self = *state;
    char *port = free_port (self->stage);
    const char *const more[] = {"--http", port, NULL};
    live_case_start (self, more);
    wait_ready (port);
    redis_server_kill (self->server);
    wait_for (port, true, 1, "the source is away");
    expect (port, false, 0, "ok");
    redis_server_again (self->server);
    wait_ready (port);
}

/* A place that is none is a usage error, and one that is taken an error: both say so before anything is begun. */
static void test_no_place (void **state)
{
    live_case_t *self = *state;
    char *port = free_port (self->stage);
    static const char *const bad[] = {"--http", "nowhere", NULL};
    const char *const taken[] = {"--http", port, NULL};
    const char *const worker[] = {worker_program, "--broker", "ipc:///none", "--http", port, NULL};
    live_case_start (self, bad);
    assert_int_equal (spawn_wait (live_run_process (self->run), WAIT_MS), 2);
    assert_non_null (strstr (live_run_log (self->run), "--http 'nowhere': give PORT"));
    spawn_t *first = spawn_start (worker);
    wait_for (port, false, 0, "ok");
    live_run_destroy (&self->run);
    live_case_start (self, taken);
    assert_int_equal (spawn_wait (live_run_process (self->run), WAIT_MS), 1);
    assert_non_null (strstr (live_run_log (self->run), "Address already in use"));
    spawn_destroy (&first);
}

/* ---- asking wrongly ---- */

static void expect_usage (const char *http)
{
    const char *const argv[] = {fastscanner_program, "health", http ? "--http" : NULL, http, NULL};
    spawn_t *health = spawn_run (argv, WAIT_MS);
    assert_int_equal (spawn_code (health), 2);
    assert_non_null (strstr (spawn_err (health), "--http"));
    spawn_destroy (&health);
}

/* Who asks has to say whom; and a machine that has no such name is not well. */
static void test_whom (void **state)
{
    (void) state;
    expect_usage (NULL);
    expect_usage ("0");
    expect_usage ("http://127.0.0.1:9090");
    expect ("no.such.host.invalid:9090", false, 1, "");
}

/* What another program answers, or one that hangs, is not taken for well, and no more of it is printed than a line. */
static void test_strangers (void **state)
{
    live_case_t *self = *state;
    static const char *const said[] = {"",
                                       "ok\n",
                                       "HTTP/1.1 200 OK\r\n",
                                       "HTTP/2 200\r\n\r\nok\n",
                                       "HTTP/1.1 404 Not Found\r\n\r\nok\n",
                                       "HTTP/1.1 2000\r\n\r\nok\n"};
    char *port = free_port (self->stage);
    int door = listen_at (port);
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        pid_t answerer = answer_once (door, said[i]);
        expect (port, false, 1, "");
        assert_int_equal (waitpid (answerer, NULL, 0), answerer);
    }
    pid_t answerer = answer_once (door, "HTTP/1.1 200 OK\r\n\r\nfine\033[2Jmore\nlines\n");
    expect (port, true, 0, "fine");
    assert_int_equal (waitpid (answerer, NULL, 0), answerer);
    int64_t begin = live_case_now_ms ();
    expect (port, false, 1, ""); /* nobody accepts */
    assert_true (live_case_now_ms () - begin < WAIT_MS / 2);
    close (door);
}

/* ---- notified ---- */

/* All that was said, one message a line. */
static void take_said (int listening, char said[static SAID_MAX])
{
    size_t used = 0;
    ssize_t size;
    while ((size = recv (listening, said + used, SAID_MAX - 2 - used, MSG_DONTWAIT)) >= 0) {
        used += (size_t) size;
        said[used++] = '\n';
    }
    said[used] = '\0';
}

static size_t count_lines (const char *said, const char *line)
{
    size_t count = 0;
    for (const char *at = said; (at = strstr (at, line)); at += strlen (line)) {
        count += (at == said || at[-1] == '\n') && at[strlen (line)] == '\n';
    }
    return count;
}

/* Who started the run hears of it alone: its children, which get the environment, neither notify nor take its port. */
static void test_notified (void **state)
{
    live_case_t *self = *state;
    char *port = free_port (self->stage), *path = stage_path (self->stage, "notify");
    char *said = calloc (1, SAID_MAX);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf (address.sun_path, sizeof address.sun_path, "%s", path);
    int listening = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal (bind (listening, (struct sockaddr *) &address, sizeof address), 0);
    setenv ("NOTIFY_SOCKET", path, 1);
    setenv ("WATCHDOG_USEC", "1000000", 1);
    setenv ("FASTSCANNER_HTTP", port, 1);
    live_case_start (self, NULL);
    unsetenv ("NOTIFY_SOCKET");
    unsetenv ("WATCHDOG_USEC");
    unsetenv ("FASTSCANNER_HTTP");
    wait_ready (port);
    assert_int_equal (live_run_stop (self->run), 0);
    take_said (listening, said);
    assert_int_equal (count_lines (said, "READY=1"), 1);
    assert_int_equal (count_lines (said, "STOPPING=1"), 1);
    assert_true (count_lines (said, "WATCHDOG=1") > 0);
    assert_null (strstr (live_run_log (self->run), "started again"));
    close (listening);
    free (said);
}

/* ---- many machines ---- */

typedef struct {
    char *broker, *hits; /* endpoints */
    char *ports[3];      /* of the health of broker, worker, collector */
} places_t;

static places_t make_places (stage_t *stage)
{
    places_t places = {.broker = stage_text (stage, "tcp://127.0.0.1:%s", free_port (stage)),
                       .hits = stage_text (stage, "tcp://127.0.0.1:%s", free_port (stage))};
    for (int i = 0; i < 3; i++) {
        places.ports[i] = free_port (stage);
    }
    return places;
}

static spawn_t *start_broker (live_case_t *self, const places_t *places, const char *partition)
{
    return stage_start (self->stage, "live", "--data", self->plan.data, "--redis", self->plan.url,
                        "--scan", SCAN, "--listen", places->broker, "--no-local", "--insecure",
                        "--http", places->ports[0], "--partition", partition, NULL);
}

static spawn_t *start_worker (live_case_t *self, const places_t *places)
{
    return stage_spawn (self->stage, worker_program, "--broker", places->broker, "--insecure",
                        "--http", places->ports[1], NULL);
}

static spawn_t *start_collector (live_case_t *self, const places_t *places, const char *sink)
{
    return stage_spawn (self->stage, collector_program, "--broker", places->broker, "--listen",
                        places->hits, "--insecure", "--http", places->ports[2], "--state",
                        stage_path (self->stage, "state"), "--out", sink, NULL);
}

/* Each process of a run says what it waits for, whatever order they come and go in. */
static void test_apart (void **state)
{
    live_case_t *self = *state;
    places_t places = make_places (self->stage);
    spawn_t *worker = start_worker (self, &places);
    wait_for (places.ports[1], true, 1, "no broker yet");
    spawn_t *broker = start_broker (self, &places, "0/1");
    wait_for (places.ports[0], true, 1, "no collector yet");
    spawn_t *collector = start_collector (
        self, &places, stage_text (self->stage, "csv:%s", stage_path (self->stage, "hits.csv")));
    for (int i = 0; i < 3; i++) {
        wait_ready (places.ports[i]);
    }
    spawn_signal (worker, SIGTERM);
    assert_int_equal (spawn_wait (worker, WAIT_MS), 0);
    wait_for (places.ports[0], true, 1, "no worker yet");
    spawn_signal (collector, SIGSTOP);
    wait_for (places.ports[0], true, 1, "the collector is silent");
    spawn_signal (collector, SIGCONT);
    spawn_signal (broker, SIGKILL);
    wait_for (places.ports[2], true, 1, "the broker is silent");
    expect (places.ports[2], false, 0, "ok");
    spawn_signal (collector, SIGTERM);
    assert_int_equal (spawn_wait (collector, WAIT_MS), 0);
}

/* A collector of several brokers says how many are missing, until all are there. */
static void test_cells (void **state)
{
    live_case_t *self = *state;
    places_t places = make_places (self->stage), other = make_places (self->stage);
    stage_spawn (self->stage, collector_program, "--broker", places.broker, "--broker",
                 other.broker, "--listen", places.hits, "--insecure", "--http", places.ports[2],
                 "--state", stage_path (self->stage, "state"), NULL);
    wait_for (places.ports[2], true, 1, "brokers that are not there: 2");
    start_broker (self, &places, "0/2");
    wait_for (places.ports[2], true, 1, "brokers that are not there: 1");
    spawn_t *second = start_broker (self, &other, "1/2");
    wait_ready (places.ports[2]);
    spawn_signal (second, SIGKILL);
    wait_for (places.ports[2], true, 1, "brokers that are not there: 1");
}

/* A collector that cannot reach where hits go is not ready, and says how many such sinks there are. */
static void test_sink_fails (void **state)
{
    live_case_t *self = *state;
    places_t places = make_places (self->stage);
    redis_server_t *sink = redis_server_start (NULL);
    start_broker (self, &places, "0/1");
    start_collector (self, &places,
                     stage_text (self->stage, "redis:%s?stream=hits", redis_server_url (sink)));
    wait_ready (places.ports[2]);
    redis_server_kill (sink);
    wait_for (places.ports[2], true, 1, "sinks fail: 1");
    redis_server_again (sink);
    wait_ready (places.ports[2]);
    redis_server_destroy (&sink);
}

int main (void)
{
    if (!redis_server_is_there ()) {
        print_message ("no redis-server here\n");
        return 77;
    }
#define TEST(name) cmocka_unit_test_setup_teardown (name, live_case_open, live_case_close)
    const struct CMUnitTest tests[] = {
        TEST (test_live),     TEST (test_no_source), TEST (test_no_place),
        TEST (test_notified), TEST (test_apart),     TEST (test_sink_fails),
        TEST (test_whom),     TEST (test_strangers), TEST (test_cells),
    };
    return cmocka_run_group_tests (tests, live_market_open, live_market_close);
}

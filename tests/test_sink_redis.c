/* Hits in Redis streams, each once: against a real server, with connections that end anywhere.
 *
 *     follower --> proxy: cuts, swallows, holds --> redis-server
 */
#include "sink_redis.h"

#include "check.h"

#include "followed.h"
#include "log.h"
#include "memory.h"
#include "redis_server.h"
#include "spawn.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BYTES 65536

/* ---- the proxy ---- */

/* What happens to a connection when its EXEC number `at` passes. */
typedef enum {
    PASS,
    SWALLOW,   /* the server gets it, and the connection ends before the reply comes back */
    LOSE,      /* the connection ends before the server gets it */
    HOLD,      /* the client's end goes; the server gets it at proxy_release */
    INTERFERE, /* `meanwhile` is run first, by somebody else */
    CUT        /* not EXEC: the connection ends after `at` bytes */
} proxy_mode_t;

typedef struct {
    redis_server_t *server;
    char *url;
    int listener, client, far;
    proxy_mode_t mode;
    size_t at;
    const char *meanwhile;
    size_t passed; /* bytes, or EXECs, of this connection */
    bool swallows;
    int held; /* a connection to the server whose EXEC was held back */
    buffer_t held_bytes;
    uint64_t connections;
} proxy_t;

static void proxy_open (proxy_t *self, redis_server_t *server)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    *self = (proxy_t){.server = server, .client = -1, .far = -1, .held = -1};
    snprintf (address.sun_path, sizeof address.sun_path, "%s/proxy",
              redis_server_directory (server));
    self->url = memory_format ("unix://%s", address.sun_path);
    self->listener = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    unlink (address.sun_path);
    assert_int_equal (bind (self->listener, (struct sockaddr *) &address, sizeof address), 0);
    assert_int_equal (listen (self->listener, 8), 0);
}

static void proxy_hang_up (proxy_t *self)
{
    if (self->client >= 0) {
        close (self->client);
    }
    if (self->far >= 0) {
        close (self->far);
    }
    self->client = self->far = -1;
    self->passed = 0;
    self->swallows = false;
}

static void proxy_close (proxy_t *self)
{
    proxy_hang_up (self);
    close (self->listener);
    if (self->held >= 0) {
        close (self->held);
    }
    buffer_free (&self->held_bytes);
    free (self->url);
}

/* A connection to the server that hiredis does not look after. */
static int dial (redis_server_t *server)
{
    redisContext *context = redis_server_connect (server);
    int fd = dup (context->fd);
    redisFree (context);
    return fd;
}

static void proxy_accept (proxy_t *self)
{
    int client = accept4 (self->listener, NULL, NULL, SOCK_CLOEXEC);
    if (client >= 0) {
        proxy_hang_up (self);
        self->client = client;
        self->far = dial (self->server);
        self->connections++;
    }
}

static void send_all (int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t sent = send (fd, bytes, size, MSG_NOSIGNAL);
        if (sent <= 0) {
            return;
        }
        bytes += sent;
        size -= (size_t) sent;
    }
}

/* The whole EXEC has come: it is the last word of what came. */
static void at_exec (proxy_t *self, const char *bytes, size_t size)
{
    proxy_mode_t mode = self->mode;
    self->mode = PASS;
    switch (mode) {
    case SWALLOW:
        self->swallows = true;
        send_all (self->far, bytes, size);
        break;
    case LOSE:
        proxy_hang_up (self);
        break;
    case HOLD:
        buffer_append (&self->held_bytes, bytes, size);
        self->held = self->far;
        self->far = -1;
        proxy_hang_up (self);
        break;
    case INTERFERE:
        redis_server_do (self->server, self->meanwhile);
        send_all (self->far, bytes, size);
        break;
    default:
        break;
    }
}

static void proxy_forward (proxy_t *self, const char *bytes, size_t size)
{
    bool exec = memmem (bytes, size, "EXEC\r\n", 6) != NULL;
    if (self->mode == CUT) {
        size_t left = self->at - self->passed;
        send_all (self->far, bytes, size < left ? size : left);
        self->passed += size;
        if (self->passed >= self->at) {
            self->mode = PASS;
            proxy_hang_up (self);
        }
        return;
    }
    self->passed += exec;
    if (exec && self->mode != PASS && self->passed == self->at) {
        at_exec (self, bytes, size);
    } else {
        send_all (self->far, bytes, size);
    }
}

static bool readable (int fd)
{
    struct pollfd item = {.fd = fd, .events = POLLIN};
    return fd >= 0 && poll (&item, 1, 0) == 1;
}

/* Carries what is there, in both directions. */
static void proxy_turn (proxy_t *self)
{
    static char bytes[BYTES];
    proxy_accept (self);
    while (readable (self->client)) {
        ssize_t size = recv (self->client, bytes, sizeof bytes, 0);
        if (size <= 0) {
            proxy_hang_up (self);
            return;
        }
        proxy_forward (self, bytes, (size_t) size);
    }
    while (readable (self->far)) {
        ssize_t size = recv (self->far, bytes, sizeof bytes, 0);
        if (size <= 0 || self->swallows) {
            proxy_hang_up (self);
            return;
        }
        send_all (self->client, bytes, (size_t) size);
    }
}

/* The server gets the EXEC that was held back, and has answered it: its first character. */
static char proxy_release (proxy_t *self)
{
    char bytes[BYTES];
    send_all (self->held, self->held_bytes.bytes, self->held_bytes.size);
    char *end = NULL;
    size_t have = 0;
    while (!end) { /* the answer to EXEC is what follows the last QUEUED */
        ssize_t size = recv (self->held, bytes + have, sizeof bytes - have, 0);
        assert_true (size > 0);
        have += (size_t) size;
        end = memmem (bytes, have, "\r\n*", 3);
    }
    close (self->held);
    self->held = -1;
    return end[3];
}

/* ---- the bench ---- */

typedef struct {
    followed_t *followed;
    redis_server_t *server;
    proxy_t proxy;
} bench_t;

static int set_up_with (void **state, const char *const *arguments)
{
    bench_t *bench = memory_new (sizeof *bench);
    bench->server = redis_server_start (arguments);
    proxy_open (&bench->proxy, bench->server);
    int rc = followed_set_up ((void **) &bench->followed);
    *state = bench;
    return rc;
}

static int set_up (void **state)
{
    return set_up_with (state, NULL);
}

/* Every write is on disk before it is answered. */
static int set_up_durable (void **state)
{
    static const char *const arguments[] = {"--appendonly", "yes", "--appendfsync", "always", NULL};
    return set_up_with (state, arguments);
}

static int tear_down (void **state)
{
    bench_t *bench = *state;
    proxy_close (&bench->proxy);
    redis_server_destroy (&bench->server);
    int rc = followed_tear_down ((void **) &bench->followed);
    free (bench);
    return rc;
}

static void turn (bench_t *bench, follower_t *follower)
{
    followed_t *self = bench->followed;
    struct pollfd items[4] = {{.fd = bench->proxy.client, .events = POLLIN},
                              {.fd = bench->proxy.far, .events = POLLIN},
                              {.fd = bench->proxy.listener, .events = POLLIN}};
    items[3].fd = follower_poll (follower, &items[3].events);
    int64_t due_ms = follower_due_ms (follower, self->now_ms);
    int64_t wait_ms = due_ms >= 0 && due_ms < 20 ? due_ms : 20;
    if (poll (items, 4, (int) (wait_ms < 1 ? wait_ms : 1)) == 0) {
        self->now_ms += wait_ms; /* nothing comes: time passes */
    }
    proxy_turn (&bench->proxy);
    follower_step (follower, self->now_ms);
}

typedef bool (until_t) (const bench_t *bench, const follower_t *follower);

static bool is_fine (const bench_t *bench, const follower_t *follower)
{
    (void) bench;
    return follower_is_even (follower) && !followed_fails (follower);
}

static bool is_failing (const bench_t *bench, const follower_t *follower)
{
    (void) bench;
    return followed_fails (follower);
}

static bool has_held (const bench_t *bench, const follower_t *follower)
{
    (void) follower;
    return bench->proxy.held >= 0;
}

static void run_until (bench_t *bench, follower_t *follower, until_t *until)
{
    mono_t start = mono_now ();
    while (!until (bench, follower)) {
        if (mono_ms (start, mono_now ()) > FOLLOWED_MS) {
            fail_msg ("a sink did not come to where it should");
        }
        turn (bench, follower);
    }
}

static char *sink_text (const bench_t *bench, bool proxy, const char *query)
{
    return memory_format ("redis:%s%s", proxy ? bench->proxy.url : redis_server_url (bench->server),
                          query);
}

/* Puts hits, follows them to the end, directly, and closes. */
static void write_all (bench_t *bench, const char *query)
{
    char *text = sink_text (bench, false, query);
    follower_t *follower = followed_open (bench->followed, text);
    run_until (bench, follower, is_fine);
    follower_destroy (&follower);
    free (text);
}

static const char *field (const redisReply *entry, const char *name)
{
    const redisReply *fields = entry->element[1];
    for (size_t i = 0; i + 1 < fields->elements; i += 2) {
        if (strcmp (fields->element[i]->str, name) == 0) {
            return fields->element[i + 1]->str;
        }
    }
    return NULL;
}

static redisReply *range (bench_t *bench, const char *stream)
{
    redisContext *context = redis_server_connect (bench->server);
    redisReply *reply = redisCommand (context, "XRANGE %s - +", stream);
    redisFree (context);
    assert_non_null (reply);
    assert_int_equal (reply->type, REDIS_REPLY_ARRAY);
    return reply;
}

/* Has the stream every hit from number `from` on, once and in order? */
static void assert_hits_from (bench_t *bench, const char *stream, uint64_t from)
{
    redisReply *reply = range (bench, stream);
    assert_int_equal (reply->elements, bench->followed->hits - from);
    for (size_t i = 0; i < reply->elements; i++) {
        char moment[26];
        wire_live_hit_t hit = followed_hit (bench->followed->run, from + i);
        assert_string_equal (field (reply->element[i], "symbol"), hit.symbol);
        assert_string_equal (field (reply->element[i], "datetime"),
                             exchange_format (hit.hit.ts, moment));
    }
    freeReplyObject (reply);
}

static void assert_hits (bench_t *bench, const char *stream)
{
    assert_hits_from (bench, stream, 0);
}

/* ---- what is written ---- */

/* An entry has the hit's fields, as text; what is missing is left out; the id is the hit's identity. */
static void test_entry (void **state)
{
    bench_t *bench = *state;
    followed_put (bench->followed, 1);
    write_all (bench, "?stream=hits");
    redisReply *reply = range (bench, "hits");
    const redisReply *entry = reply->element[0], *fields = entry->element[1];
    const scan_t *scan = &bench->followed->run->scans[0];
    assert_string_equal (field (entry, "scan"), "down");
    assert_string_equal (field (entry, "symbol"), "S0");
    assert_string_equal (field (entry, "datetime"), "2023-03-13 09:31:00-04:00");
    assert_string_equal (field (entry, "open"), "10");
    assert_string_equal (field (entry, "close"), "10.5");
    assert_string_equal (field (entry, "volume"), "120500");
    assert_non_null (field (entry, scan->columns[0].name));
    assert_null (field (entry, scan->columns[1].name)); /* NAN */
    assert_int_equal (fields->elements, 2 * (3 + 5 + (size_t) scan->column_count - 1 + 1));
    char *id = memory_format ("down/%016" PRIx64 "/S0/2023-03-13 09:31:00-04:00", scan->hash);
    assert_string_equal (field (entry, "id"), id);
    free (id);
    freeReplyObject (reply);
}

/* Where a scan hits once a day, the id has the day. */
static void test_id_of_first_hits (void **state)
{
    bench_t *bench = *state;
    char text[SCAN_TEXT_MAX];
    scan_format (&bench->followed->run->scans[0], text);
    followed_reopen (bench->followed, followed_run ((const char *const[]){text}, 1, false));
    followed_put (bench->followed, 1);
    write_all (bench, "?stream=hits");
    redisReply *reply = range (bench, "hits");
    const char *id = field (reply->element[0], "id");
    assert_string_equal (strrchr (id, '/'), "/2023-03-13");
    freeReplyObject (reply);
}

/* Without a name each scan has its stream, hits:SCAN, with its own hits alone, and its own cursor. */
static void test_stream_per_scan (void **state)
{
    bench_t *bench = *state;
    followed_put (bench->followed, 1100);
    write_all (bench, "");
    redisReply *down = range (bench, "hits:down"), *caps = range (bench, "hits:caps");
    assert_int_equal (down->elements, 550);
    assert_int_equal (caps->elements, 550);
    assert_string_equal (field (caps->element[0], "scan"), "caps");
    freeReplyObject (down);
    freeReplyObject (caps);
    redis_server_do (bench->server, "DEL hits:caps fastscanner:cursor:hits:caps");
    followed_put (bench->followed, 2);
    write_all (bench, "?stream=hits:{scan}"); /* the same said otherwise */
    assert_string_equal (redis_server_do (bench->server, "XLEN hits:down"), "551");
    assert_string_equal (redis_server_do (bench->server, "XLEN hits:caps"), "551");
}

/* ---- connections that end ---- */

/* The reply to EXEC is lost: the next connection sees in the cursor that the rows are there. The first
 * EXEC of a connection claims the cursor, too. */
static void test_reply_to_exec_lost (void **state)
{
    bench_t *bench = *state;
    char *text = sink_text (bench, true, "?stream=hits");
    follower_t *follower = followed_open (bench->followed, text);
    for (size_t at = 1; at <= 3; at++) {
        proxy_hang_up (&bench->proxy);
        bench->proxy.mode = SWALLOW;
        bench->proxy.at = at;
        followed_put (bench->followed, 1100);
        run_until (bench, follower, is_fine);
        assert_int_equal (bench->proxy.mode, PASS);
    }
    assert_hits (bench, "hits");
    follower_destroy (&follower);
    free (text);
}

/* EXEC never came: the next connection writes the rows. */
static void test_exec_lost (void **state)
{
    bench_t *bench = *state;
    char *text = sink_text (bench, true, "?stream=hits");
    follower_t *follower = followed_open (bench->followed, text);
    for (size_t at = 1; at <= 3; at++) {
        proxy_hang_up (&bench->proxy);
        bench->proxy.mode = LOSE;
        bench->proxy.at = at;
        followed_put (bench->followed, 1100);
        run_until (bench, follower, is_fine);
        assert_int_equal (bench->proxy.mode, PASS);
    }
    assert_hits (bench, "hits");
    follower_destroy (&follower);
    free (text);
}

/* An EXEC that comes when its connection was long replaced does nothing: the new one has claimed. */
static void test_exec_comes_late (void **state)
{
    bench_t *bench = *state;
    char *text = sink_text (bench, true, "?stream=hits");
    follower_t *follower = followed_open (bench->followed, text);
    run_until (bench, follower, is_fine);
    proxy_hang_up (&bench->proxy);
    bench->proxy.mode = HOLD;
    bench->proxy.at = 1;
    followed_put (bench->followed, 300);
    run_until (bench, follower, is_fine);
    assert_true (bench->proxy.held >= 0);
    assert_int_equal (proxy_release (&bench->proxy), '-'); /* *-1: it was nil */
    assert_hits (bench, "hits");
    follower_destroy (&follower);
    free (text);
}

/* It comes when the new connection has not looked yet: then its rows count, and are not written again. */
static void test_exec_comes_in_time (void **state)
{
    bench_t *bench = *state;
    char *text = sink_text (bench, true, "?stream=hits");
    follower_t *follower = followed_open (bench->followed, text);
    run_until (bench, follower, is_fine);
    proxy_hang_up (&bench->proxy);
    bench->proxy.mode = HOLD;
    bench->proxy.at = 1;
    followed_put (bench->followed, 300);
    run_until (bench, follower, has_held);
    assert_int_not_equal (proxy_release (&bench->proxy), '-');
    run_until (bench, follower, is_fine);
    assert_hits (bench, "hits");
    follower_destroy (&follower);
    free (text);
}

static bool is_cut (const bench_t *bench, const follower_t *follower)
{
    (void) follower;
    return bench->proxy.mode == PASS;
}

/* Wherever a connection ends, and every now and then the process with it, the next one makes it right. */
static void test_cut_anywhere (void **state)
{
    bench_t *bench = *state;
    char *text = sink_text (bench, true, "?stream=hits");
    follower_t *follower = followed_open (bench->followed, text);
    followed_listen (bench->followed);
    for (size_t at = 1, i = 0; at < 30000; at += 1 + at / 12, i++) {
        proxy_hang_up (&bench->proxy);
        bench->proxy.mode = CUT;
        bench->proxy.at = at;
        followed_put (bench->followed, 60);
        run_until (bench, follower, is_cut);
        if (i % 64 == 63) {
            follower_destroy (&follower);
            follower = followed_open (bench->followed, text);
        } else if (i % 2) {
            run_until (bench, follower, is_fine);
        }
    }
    run_until (bench, follower, is_fine);
    free (followed_log (bench->followed));
    follower_destroy (&follower);
    free (text);
    assert_hits (bench, "hits");
}

/* Somebody else writes to the stream between our look and our EXEC: we look again, and write once. */
static void test_others_write_there (void **state)
{
    bench_t *bench = *state;
    char *text = sink_text (bench, true, "?stream=hits");
    follower_t *follower = followed_open (bench->followed, text);
    bench->proxy.mode = INTERFERE;
    bench->proxy.at = 1;
    bench->proxy.meanwhile = "XADD hits * a b";
    followed_put (bench->followed, 5);
    run_until (bench, follower, is_fine);
    assert_string_equal (redis_server_do (bench->server, "XLEN hits"), "6");
    follower_destroy (&follower);
    free (text);
}

/* The stream's key becomes something else between our look and our EXEC: an error inside EXEC would
 * lose the rows; they wait, and come when the key is free. */
static void test_type_changes_meanwhile (void **state)
{
    bench_t *bench = *state;
    char *text = sink_text (bench, true, "?stream=hits");
    bench->proxy.mode = INTERFERE;
    bench->proxy.at = 1;
    bench->proxy.meanwhile = "SET hits x";
    followed_put (bench->followed, 5);
    followed_listen (bench->followed);
    follower_t *follower = followed_open (bench->followed, text);
    run_until (bench, follower, is_failing);
    redis_server_do (bench->server, "DEL hits");
    run_until (bench, follower, is_fine);
    free (followed_log (bench->followed));
    assert_hits (bench, "hits");
    follower_destroy (&follower);
    free (text);
}

/* The server is killed and comes back with what it has on disk. */
static void test_server_killed (void **state)
{
    bench_t *bench = *state;
    char *text = sink_text (bench, false, "?stream=hits");
    follower_t *follower = followed_open (bench->followed, text);
    followed_listen (bench->followed);
    for (int i = 0; i < 4; i++) {
        followed_put (bench->followed, 700);
        for (int k = 0; k < i; k++) {
            turn (bench, follower);
        }
        redis_server_kill (bench->server);
        run_until (bench, follower, is_failing);
        redis_server_again (bench->server);
        run_until (bench, follower, is_fine);
    }
    free (followed_log (bench->followed));
    assert_hits (bench, "hits");
    follower_destroy (&follower);
    free (text);
}

/* A server that stands still holds nobody up, and time that it took changes nothing. */
static void test_server_paused (void **state)
{
    bench_t *bench = *state;
    char *text = sink_text (bench, false, "?stream=hits");
    follower_t *follower = followed_open (bench->followed, text);
    run_until (bench, follower, is_fine);
    redis_server_pause (bench->server, true);
    followed_listen (bench->followed);
    followed_put (bench->followed, 20000);
    alarm (60); /* a call that blocks ends the test */
    for (int i = 0; i < 30; i++) {
        followed_step (bench->followed, follower, 1000); /* it is given up, and tried again */
    }
    assert_true (followed_fails (follower));
    alarm (0);
    redis_server_pause (bench->server, false);
    run_until (bench, follower, is_fine);
    free (followed_log (bench->followed));
    assert_hits (bench, "hits");
    follower_destroy (&follower);
    free (text);
}

/* No server at the start is no reason to end: it is tried until there is one. */
static void test_no_server (void **state)
{
    bench_t *bench = *state;
    char *text = sink_text (bench, false, "?stream=hits");
    redis_server_kill (bench->server);
    followed_put (bench->followed, 3);
    followed_listen (bench->followed);
    follower_t *follower = followed_open (bench->followed, text);
    run_until (bench, follower, is_failing);
    redis_server_again (bench->server);
    run_until (bench, follower, is_fine);
    free (followed_log (bench->followed));
    assert_hits (bench, "hits");
    follower_destroy (&follower);
    free (text);
}

/* ---- cursors that are not ours, or gone ---- */

static void assert_refused (bench_t *bench, const char *why)
{
    bool usage = false;
    char *text = sink_text (bench, false, "?stream=hits");
    followed_t *self = bench->followed;
    followed_listen (self);
    follower_t *follower = follower_open (self->journal, text, &self->config, &usage);
    char *log = followed_log (self);
    if (follower) {
        fail_msg ("it was not refused, but said '%s'", log);
    }
    assert_true (usage);
    assert_int_equal (followed_count (log, why), 1);
    free (log);
    free (text);
}

/* A journal of its own, in place of the bench's. */
static void new_journal (bench_t *bench)
{
    followed_t *self = bench->followed;
    journal_destroy (&self->journal);
    assert_int_equal (rename ("state", "state.old"), 0);
    self->hits = 0;
    followed_reopen (self, NULL);
}

/* Another --state's cursor is never moved: the user must choose. */
static void test_foreign_cursor (void **state)
{
    bench_t *bench = *state;
    followed_put (bench->followed, 3);
    write_all (bench, "?stream=hits");
    char *before = memory_text (redis_server_do (bench->server, "GET fastscanner:cursor:hits"));
    new_journal (bench);
    followed_put (bench->followed, 3);
    assert_refused (bench, "stream hits has the hits of another --state");
    assert_string_equal (redis_server_do (bench->server, "GET fastscanner:cursor:hits"), before);
    assert_string_equal (redis_server_do (bench->server, "XLEN hits"), "3");
    free (before);
    redis_server_do (bench->server, "SET fastscanner:cursor:hits 12");
    assert_refused (bench, "fastscanner:cursor:hits is not a cursor");
}

/* When the server came only later, it is said, once, and nothing is written. */
static void test_foreign_cursor_later (void **state)
{
    bench_t *bench = *state;
    followed_put (bench->followed, 3);
    write_all (bench, "?stream=hits");
    new_journal (bench);
    followed_put (bench->followed, 3);
    redis_server_do (bench->server, "SAVE");
    redis_server_kill (bench->server);
    char *text = sink_text (bench, false, "?stream=hits");
    followed_listen (bench->followed);
    follower_t *follower = followed_open (bench->followed, text);
    redis_server_again (bench->server);
    for (int i = 0; i < 200; i++) {
        turn (bench, follower);
        bench->followed->now_ms += 100;
    }
    char *log = followed_log (bench->followed);
    assert_int_equal (followed_count (log, "has the hits of another --state"), 1);
    assert_true (followed_fails (follower));
    assert_string_equal (redis_server_do (bench->server, "XLEN hits"), "3");
    redis_server_do (bench->server, "DEL hits fastscanner:cursor:hits");
    followed_listen (bench->followed);
    run_until (bench, follower, is_fine);
    free (followed_log (bench->followed));
    assert_hits (bench, "hits");
    follower_destroy (&follower);
    free (log);
    free (text);
}

/* An older copy of the journal, put back, has lost rows that the stream has: it is not followed. */
static void test_older_journal (void **state)
{
    bench_t *bench = *state;
    followed_put (bench->followed, 3);
    spawn_t *copy = spawn_run ((const char *[]){"cp", "-r", "state", "older", NULL}, FOLLOWED_MS);
    assert_int_equal (spawn_code (copy), 0);
    spawn_destroy (&copy);
    followed_put (bench->followed, 3);
    write_all (bench, "?stream=hits");
    journal_destroy (&bench->followed->journal);
    assert_int_equal (rename ("state", "newer") + rename ("older", "state"), 0);
    followed_reopen (bench->followed, NULL);
    assert_refused (bench, "stream hits has hits that this --state lost");
}

/* A cursor that is gone: the stream gets every row that is kept, and that is said. */
static void test_missing_cursor (void **state)
{
    bench_t *bench = *state;
    followed_put (bench->followed, 3);
    write_all (bench, "?stream=hits");
    redis_server_do (bench->server, "DEL fastscanner:cursor:hits");
    followed_put (bench->followed, 2);
    followed_listen (bench->followed);
    write_all (bench, "?stream=hits");
    char *log = followed_log (bench->followed);
    assert_int_equal (followed_count (log, "stream hits has no cursor in Redis"), 1);
    free (log);
    assert_string_equal (redis_server_do (bench->server, "XLEN hits"), "8");
}

/* Two processes with copies of one journal write to one stream: whoever claimed last writes, the other
 * notices; every row is there once. */
static void test_two_instances (void **state)
{
    bench_t *bench = *state;
    followed_t *self = bench->followed, other = *self;
    char *text = sink_text (bench, false, "?stream=hits");
    followed_put (self, 2000);
    other.hits = self->hits;
    journal_destroy (&self->journal);
    spawn_t *copy = spawn_run ((const char *[]){"cp", "-r", "state", "copy", NULL}, FOLLOWED_MS);
    assert_int_equal (spawn_code (copy), 0);
    spawn_destroy (&copy);
    self->journal = journal_open ("state", self->run, 1);
    other.journal = journal_open ("copy", self->run, 1);
    followed_listen (self);
    follower_t *a = followed_open (self, text);
    follower_t *b = followed_open (&other, text);
    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < 3; k++) {
            turn (bench, a);
            turn (bench, b);
        }
        followed_put (self, 700);
        followed_put (&other, 700);
    }
    mono_t start = mono_now ();
    while (!is_fine (bench, a) || !is_fine (bench, b)) {
        assert_true (mono_ms (start, mono_now ()) < FOLLOWED_MS);
        turn (bench, a);
        turn (bench, b);
    }
    char *log = followed_log (self);
    assert_true (followed_count (log, "another process with a copy of this --state") >= 1);
    free (log);
    assert_hits (bench, "hits");
    follower_destroy (&a);
    follower_destroy (&b);
    journal_destroy (&other.journal);
    free (text);
}

/* ---- a server that refuses ---- */

/* Refused while `set` is so, with `why` said once; afterwards all comes, once. */
static void refused_while (bench_t *bench, const char *set, const char *unset, const char *why)
{
    followed_t *self = bench->followed;
    char *text = sink_text (bench, false, "?stream=hits");
    follower_t *follower = followed_open (self, text);
    run_until (bench, follower, is_fine);
    redis_server_do (bench->server, set);
    followed_listen (self);
    followed_put (self, 20);
    run_until (bench, follower, is_failing);
    for (int i = 0; i < 100; i++) {
        turn (bench, follower);
        self->now_ms += 100;
    }
    assert_true (followed_fails (follower));
    redis_server_do (bench->server, unset);
    run_until (bench, follower, is_fine);
    char *log = followed_log (self);
    assert_int_equal (followed_count (log, why), 1);
    assert_int_equal (followed_count (log, "works again"), 1);
    free (log);
    follower_destroy (&follower);
    free (text);
}

static void test_no_memory (void **state)
{
    bench_t *bench = *state;
    followed_put (bench->followed, 3);
    refused_while (bench, "CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0", "OOM");
    assert_hits (bench, "hits");
}

static void test_replica (void **state)
{
    bench_t *bench = *state;
    followed_put (bench->followed, 3);
    refused_while (bench, "REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE", "READONLY");
    assert_hits (bench, "hits");
}

static void test_no_rights (void **state)
{
    bench_t *bench = *state;
    followed_put (bench->followed, 3);
    refused_while (bench, "ACL SETUSER default -xadd", "ACL SETUSER default +xadd", "NOPERM");
    assert_hits (bench, "hits");
}

/* The stream's key holds something else. */
static void test_wrong_type (void **state)
{
    bench_t *bench = *state;
    refused_while (bench, "SET hits x", "DEL hits", "hits is no stream there but a string");
    assert_hits (bench, "hits");
}

/* ---- the user's text ---- */

static void assert_place (const char *text, const char *url, const char *stream)
{
    char error[512] = "";
    sink_redis_place_t place;
    assert_int_equal (sink_redis_read (text, &place, error, sizeof error), 0);
    assert_string_equal (place.url, url);
    assert_string_equal (place.stream, stream);
    sink_redis_place_free (&place);
}

static void assert_no_place (const char *text, const char *why)
{
    char error[512] = "";
    int rc = sink_check (text, SINK_LIVE, error, sizeof error);
    if (rc == 0 || !strstr (error, why)) {
        fail_msg ("'%s' does not say '%s'", error, why);
    }
}

/* URL and stream are taken apart; what is wrong is refused before anything is opened. */
static void test_text (void **state)
{
    (void) state;
    assert_place ("redis:redis://h:1/2?stream=a", "redis://h:1/2", "a");
    assert_place ("redis:redis://h", "redis://h", "hits:{scan}");
    assert_place ("redis://h/0?stream=x:{scan}", "redis://h/0", "x:{scan}");
    assert_place ("redis:unix:///s?db=3&stream=a", "unix:///s?db=3", "a");
    assert_place ("redis:unix:///s?stream=a&db=3", "unix:///s?db=3", "a");
    assert_no_place ("redis:", "the address is missing");
    assert_no_place ("redis:http://h", "redis:http://h: ");
    assert_no_place ("redis:redis://h?stream=", "a stream's name is");
    assert_no_place ("redis:redis://h?stream=a b", "a stream's name is");
    assert_no_place ("redis:redis://h?strem=a",
                     "behind ? only stream=NAME, user=U and password-file=F may come");
    assert_no_place ("redis:redis://u:p@h", "redis:redis://u:p@h: ");
}

/* No two sinks of a run may write one stream. */
static void test_same_stream (void **state)
{
    bench_t *bench = *state;
    char error[512];
    sink_run_t run = {bench->followed->run->scans, bench->followed->run->scan_count};
    const char *same[] = {"redis:redis://h/0", "redis:redis://h/0?stream=hits:caps"};
    const char *apart[] = {"redis:redis://h/0", "redis:redis://h/1", "redis:redis://h/0?stream=x",
                           "csv:hits.csv"};
    assert_int_equal (sink_check_all (same, 2, &run, SINK_LIVE, error, sizeof error), -1);
    assert_non_null (strstr (error, "write the same stream, hits:caps of redis://h/0"));
    assert_int_equal (sink_check_all (apart, 4, &run, SINK_LIVE, error, sizeof error), 0);
}

/* A sink may log in by itself, or not at all: else the run's login is for it. */
static void test_login (void **state)
{
    (void) state;
    sink_redis_place_t place;
    char error[256];
    const char *none = "redis:redis://h?stream=a", *empty = "redis:redis://h?user=&stream=a",
               *own = "redis:redis://h?user=u&stream=a&password-file=/f";
    assert_int_equal (sink_redis_read (none, &place, error, sizeof error), 0);
    assert_false (place.own_login);
    sink_redis_place_free (&place);
    assert_int_equal (sink_redis_read (empty, &place, error, sizeof error), 0);
    assert_true (place.own_login);
    assert_string_equal (place.user, "");
    sink_redis_place_free (&place);
    assert_int_equal (sink_redis_read (own, &place, error, sizeof error), 0);
    assert_true (place.own_login);
    assert_string_equal (place.url, "redis://h");
    assert_string_equal (place.user, "u");
    assert_string_equal (place.password_file, "/f");
    sink_redis_place_free (&place);
}

/* A cursor's text is read back to the same, and nothing else is one. */
static void test_cursor_text (void **state)
{
    (void) state;
    static const char *const wrong[] = {
        "",
        "1",
        "00000000000000ff x",
        "00000000000000ff x 5 ",
        " 00000000000000ff x 5",
        "00000000000000FF x 5",
        "ff x 5",
        "00000000000000ff x -5",
        "00000000000000ff x 05",
    };
    char text[SINK_REDIS_CURSOR];
    sink_redis_cursor_t cursor = {.journal = 255, .row = UINT64_MAX}, again;
    sink_redis_draw (cursor.token);
    assert_int_equal (strlen (cursor.token), SINK_REDIS_TOKEN);
    sink_redis_format (&cursor, text);
    assert_true (sink_redis_parse (text, strlen (text), &again));
    assert_true (again.journal == 255 && again.row == UINT64_MAX);
    assert_string_equal (again.token, cursor.token);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_false (sink_redis_parse (wrong[i], strlen (wrong[i]), &again));
    }
    assert_false (sink_redis_parse (text, SINK_REDIS_CURSOR, &again));
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int main (void)
{
    static const struct CMUnitTest tests[] = {
        TEST (test_entry),
        TEST (test_id_of_first_hits),
        TEST (test_stream_per_scan),
        TEST (test_reply_to_exec_lost),
        TEST (test_exec_lost),
        TEST (test_exec_comes_late),
        TEST (test_exec_comes_in_time),
        TEST (test_cut_anywhere),
        TEST (test_others_write_there),
        TEST (test_type_changes_meanwhile),
        cmocka_unit_test_setup_teardown (test_server_killed, set_up_durable, tear_down),
        TEST (test_server_paused),
        TEST (test_no_server),
        TEST (test_foreign_cursor),
        TEST (test_foreign_cursor_later),
        TEST (test_older_journal),
        TEST (test_missing_cursor),
        TEST (test_two_instances),
        TEST (test_no_memory),
        TEST (test_replica),
        TEST (test_no_rights),
        TEST (test_wrong_type),
        cmocka_unit_test (test_login),
        cmocka_unit_test (test_text),
        TEST (test_same_stream),
        cmocka_unit_test (test_cursor_text),
    };
    signal (SIGPIPE, SIG_IGN);
    log_init ("test_sink_redis", LOG_INFO, LOG_TEXT);
    if (!redis_server_is_there ()) {
        return 77;
    }
    return exchange_init () < 0 ? 1 : cmocka_run_group_tests (tests, NULL, NULL);
}

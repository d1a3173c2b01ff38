/* The connection to Redis, against a real server and one that says what no Redis would. */
#include "redis.h"

#include "check.h"
#include "memory.h"
#include "redis_server.h"
#include "spawn.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define WAIT_MS 20000

/* Waits for what it waits for, once. */
static redis_state_t turn (redis_t *redis)
{
    struct pollfd item;
    item.fd = redis_fd (redis, &item.events);
    int64_t due = redis_due_ms (redis, mono_now ());
    poll (&item, 1, due >= 0 && due < 100 ? (int) due : 100);
    return redis_turn (redis, mono_now ());
}

static void wait_state (redis_t *redis, redis_state_t state)
{
    mono_t start = mono_now ();
    while (redis_state (redis) != state) {
        assert_true (mono_ms (start, mono_now ()) < WAIT_MS);
        turn (redis);
    }
}

static redisReply *wait_reply (redis_t *redis)
{
    mono_t start = mono_now ();
    redisReply *reply = redis_reply (redis);
    while (!reply) {
        assert_true (mono_ms (start, mono_now ()) < WAIT_MS);
        turn (redis);
        reply = redis_reply (redis);
    }
    return reply;
}

static void command (redis_t *redis, const char *word, const char *argument)
{
    redis_command (redis, argument ? 2 : 1, (const char *[]){word, argument}, NULL);
}

static void check_reply (redis_t *redis, int type, const char *text)
{
    redisReply *reply = wait_reply (redis);
    assert_int_equal (reply->type, type);
    if (text) {
        assert_non_null (strstr (reply->str, text));
    }
    freeReplyObject (reply);
}

static redis_counts_t counts_of (const redis_t *redis)
{
    redis_counts_t counts;
    redis_counts (redis, &counts);
    return counts;
}

/* ---- URLs ---- */

/* What is no URL of ours is refused with a reason, and a secret in one is not repeated. */
static void test_urls (void **state)
{
    (void) state;
    static const char *const good[] = {
        "redis://localhost", "redis://h:1", "redis://10.0.0.1:65535/15", "redis://[::1]:6380/0",
        "redis://[::1]",     "redis://h/",  "unix:///run/redis.sock",    "unix:///s?db=3"};
    static const char *const bad[] = {"",
                                      "localhost:6379",
                                      "rediss://h",
                                      "redis://",
                                      "redis://:6379",
                                      "redis://h:",
                                      "redis://h:0",
                                      "redis://h:65536",
                                      "redis://h:6379x",
                                      "redis://h/x",
                                      "redis://h/99999999999",
                                      "redis://[::1",
                                      "redis://[::1]6379",
                                      "redis://a b",
                                      "redis://u:hunter2@h",
                                      "unix://s",
                                      "unix:///s?db=",
                                      "unix:///s?x=1",
                                      "unix:///s\n"};
    char error[256];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal (redis_check (good[i], error, sizeof error), 0);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        error[0] = '\0';
        assert_int_equal (redis_check (bad[i], error, sizeof error), -1);
        assert_true (strlen (error) > 0 && !strstr (error, "hunter2"));
    }
    char *longer = memory_format ("unix:///%0200d", 0);
    assert_int_equal (redis_check (longer, error, sizeof error), -1);
    free (longer);
    redis_t *redis = redis_new ("redis://[::1]:7/2", NULL, NULL);
    assert_string_equal (redis_name (redis), "[::1]:7");
    redis_destroy (&redis);
    assert_null (redis);
    redis_destroy (&redis);
}

/* ---- a real server ---- */

static void check_works (const char *url)
{
    redis_t *redis = redis_new (url, NULL, NULL);
    assert_int_equal (redis_state (redis), REDIS_DOWN);
    assert_int_equal (redis_life (redis), 0);
    wait_state (redis, REDIS_UP);
    assert_int_equal (redis_life (redis), 1);
    char text[] = "a\0b\r\n";
    redis_command (redis, 3, (const char *[]){"SET", "k", text}, (const size_t[]){3, 1, 5});
    command (redis, "GET", "k");
    command (redis, "NONSENSE", NULL);
    command (redis, "GET", "none");
    command (redis, "STRLEN", "k");
    assert_int_equal (redis_unanswered (redis), 5);
    assert_true (redis_unsent (redis) > 0);
    check_reply (redis, REDIS_REPLY_STATUS, "OK");
    redisReply *reply = wait_reply (redis);
    assert_true (reply->len == 5 && memcmp (reply->str, text, 5) == 0);
    freeReplyObject (reply);
    check_reply (redis, REDIS_REPLY_ERROR, "unknown command");
    check_reply (redis, REDIS_REPLY_NIL, NULL);
    reply = wait_reply (redis);
    assert_int_equal (reply->integer, 5);
    freeReplyObject (reply);
    assert_int_equal (redis_unanswered (redis), 0);
    assert_int_equal (redis_unsent (redis), 0);
    assert_null (redis_reply (redis));
    assert_int_equal (counts_of (redis).lost, 0);
    redis_destroy (&redis);
}

/* Commands with any bytes are answered in their order, over a path, a number and a name. */
static void test_commands (void **state)
{
    (void) state;
    redis_server_t *server = redis_server_start (NULL);
    check_works (redis_server_url (server));
    check_works (redis_server_tcp_url (server));
    char *name =
        memory_format ("redis://localhost:%s", strrchr (redis_server_tcp_url (server), ':') + 1);
    check_works (name);
    free (name);
    redis_server_destroy (&server);
}

/* The database of the URL is the one that is used, and one that the server does not have is no
 * connection. */
static void test_database (void **state)
{
    (void) state;
    redis_server_t *server = redis_server_start (NULL);
    redis_server_do (server, "SET where zero");
    char *url = memory_format ("%s?db=3", redis_server_url (server));
    redis_t *redis = redis_new (url, NULL, NULL);
    wait_state (redis, REDIS_UP);
    command (redis, "GET", "where");
    check_reply (redis, REDIS_REPLY_NIL, NULL);
    redis_destroy (&redis);
    free (url);
    url = memory_format ("%s/77", redis_server_tcp_url (server));
    redis = redis_new (url, NULL, NULL);
    while (counts_of (redis).retries < 2) {
        assert_true (turn (redis) != REDIS_UP);
    }
    redis_destroy (&redis);
    free (url);
    redis_server_destroy (&server);
}

/* A server that is killed is found again by itself: a new life, what was unanswered never answered,
 * and the first tries are quick. */
static void test_comes_back (void **state)
{
    (void) state;
    redis_server_t *server = redis_server_start (NULL);
    redis_t *redis = redis_new (redis_server_url (server), NULL, NULL);
    wait_state (redis, REDIS_UP);
    redis_command (redis, 3, (const char *[]){"BLPOP", "none", "0"}, NULL);
    turn (redis);
    redis_server_kill (server);
    wait_state (redis, REDIS_DOWN);
    assert_int_equal (redis_unanswered (redis), 0);
    assert_int_equal (counts_of (redis).lost, 1);
    assert_in_range (redis_due_ms (redis, mono_now ()), 0, 50);
    while (counts_of (redis).retries < 3) {
        turn (redis);
        assert_true (redis_state (redis) != REDIS_UP);
    }
    command (redis, "PING", NULL); /* is not sent, nor kept */
    assert_int_equal (redis_unanswered (redis), 0);
    redis_server_again (server);
    wait_state (redis, REDIS_UP);
    assert_int_equal (redis_life (redis), 2);
    assert_null (redis_reply (redis));
    command (redis, "PING", NULL);
    check_reply (redis, REDIS_REPLY_STATUS, "PONG");
    redis_destroy (&redis);
    redis_server_destroy (&server);
}

/* User and password come from their places; the file is read again at each try. */
static void test_password (void **state)
{
    (void) state;
    static const char *const arguments[] = {
        "--requirepass", "open sesame", "--user", "reader", "on", ">second", "~*", "+@all", NULL};
    redis_server_t *server = redis_server_start (arguments);
    char *file = memory_format ("%s/password", redis_server_directory (server));
    redis_t *redis = redis_new (redis_server_url (server), NULL, NULL);
    while (counts_of (redis).retries < 1) {
        assert_true (turn (redis) != REDIS_UP); /* no password */
    }
    redis_destroy (&redis);
    redis = redis_new (redis_server_url (server), NULL, file);
    while (counts_of (redis).retries < 1) {
        assert_true (turn (redis) != REDIS_UP); /* no file */
    }
    file_write (file, "wrong\n");
    while (counts_of (redis).retries < 3) {
        assert_true (turn (redis) != REDIS_UP);
    }
    file_write (file, "open sesame\n");
    wait_state (redis, REDIS_UP);
    redis_destroy (&redis);
    file_write (file, "second");
    redis = redis_new (redis_server_tcp_url (server), "reader", file);
    wait_state (redis, REDIS_UP);
    command (redis, "ACL", "WHOAMI");
    check_reply (redis, REDIS_REPLY_STRING, "reader");
    redis_destroy (&redis);
    free (file);
    redis_server_destroy (&server);
}

/* A server that is stopped, but does not close, is lost when the time is over; one that is blocked by
 * our own command within the time is not. */
static void test_silence (void **state)
{
    (void) state;
    redis_server_t *server = redis_server_start (NULL);
    redis_t *redis = redis_new (redis_server_url (server), NULL, NULL);
    redis_set_timeout (redis, 400);
    wait_state (redis, REDIS_UP);
    for (int i = 0; i < 3; i++) {
        redis_command (redis, 3, (const char *[]){"BLPOP", "none", "0.2"}, NULL);
        check_reply (redis, REDIS_REPLY_NIL, NULL);
    }
    assert_int_equal (redis_due_ms (redis, mono_now ()), -1);
    redis_server_pause (server, true);
    mono_t start = mono_now ();
    command (redis, "PING", NULL);
    wait_state (redis, REDIS_DOWN);
    assert_in_range (mono_ms (start, mono_now ()), 395, 5000);
    assert_int_equal (counts_of (redis).lost, 1);
    redis_server_pause (server, false);
    wait_state (redis, REDIS_UP);
    redis_destroy (&redis);
    redis_server_destroy (&server);
}

/* Who does not take replies is not sent more than the sockets hold, and is not timed out for it. */
static void test_holds_up (void **state)
{
    (void) state;
    redis_server_t *server = redis_server_start (NULL);
    redis_t *redis = redis_new (redis_server_url (server), NULL, NULL);
    redis_set_timeout (redis, 200);
    wait_state (redis, REDIS_UP);
    redis_server_do (server, "SETRANGE k 99999 x");
    for (int i = 0; i < 100; i++) {
        command (redis, "GET", "k");
    }
    redis_turn (redis, mono_now ());
    mono_t start = mono_now ();
    short events;
    while (mono_ms (start, mono_now ()) < 500) {
        turn (redis);
    }
    assert_int_equal (redis_state (redis), REDIS_UP);
    redis_fd (redis, &events);
    assert_false (events & POLLIN);
    assert_true (counts_of (redis).bytes < 200000);
    for (int i = 0; i < 100; i++) {
        redisReply *reply = wait_reply (redis);
        assert_int_equal (reply->len, 100000);
        freeReplyObject (reply);
    }
    redis_destroy (&redis);
    redis_server_destroy (&server);
}

/* A reply over the limit ends the connection and says so; one below it passes. */
static void test_too_large (void **state)
{
    (void) state;
    redis_server_t *server = redis_server_start (NULL);
    redis_server_do (server, "SETRANGE large 999999 x");
    redis_server_do (server, "SETRANGE fits 899999 x");
    redis_t *redis = redis_new (redis_server_url (server), NULL, NULL);
    redis_set_limit (redis, 950000);
    wait_state (redis, REDIS_UP);
    command (redis, "GET", "fits");
    command (redis, "GET", "fits");
    check_reply (redis, REDIS_REPLY_STRING, NULL);
    check_reply (redis, REDIS_REPLY_STRING, NULL);
    command (redis, "GET", "large");
    while (redis_state (redis) == REDIS_UP) {
        turn (redis);
        assert_null (redis_reply (redis));
    }
    assert_true (counts_of (redis).too_large);
    assert_true (counts_of (redis).bytes < 2000000); /* its header was enough */
    wait_state (redis, REDIS_UP);
    redis_give_up (redis, "a test's will");
    assert_int_equal (redis_state (redis), REDIS_DOWN);
    assert_false (counts_of (redis).too_large);
    assert_int_equal (counts_of (redis).lost, 2);
    redis_destroy (&redis);
    redis_server_destroy (&server);
}

/* ---- own object functions ---- */

typedef struct {
    int strings, arrays, freed;
} tally_t;

static void *tally_string (const redisReadTask *task, char *text, size_t size)
{
    (void) text;
    (void) size;
    ((tally_t *) task->privdata)->strings++;
    return task->privdata;
}

static void *tally_array (const redisReadTask *task, int elements)
{
    ((tally_t *) task->privdata)->arrays++;
    return elements > 5 ? NULL : task->privdata;
}

static void tally_free (void *object)
{
    ((tally_t *) object)->freed++;
}

static redisReplyObjectFunctions tally_functions = {
    .createString = tally_string, .createArray = tally_array, .freeObject = tally_free};

/* Own functions make the replies, not those of the greeting, over connections; their NULL ends the
 * connection. */
static void test_functions (void **state)
{
    (void) state;
    redis_server_t *server = redis_server_start (NULL);
    redis_server_do (server, "RPUSH short a b c");
    redis_server_do (server, "RPUSH long a b c d e f");
    tally_t tally = {0};
    redis_t *redis = redis_new (redis_server_url (server), NULL, NULL);
    redis_set_functions (redis, &tally_functions, &tally);
    for (int life = 1; life < 3; life++) {
        wait_state (redis, REDIS_UP);
        redis_command (redis, 4, (const char *[]){"LRANGE", "short", "0", "-1"}, NULL);
        assert_ptr_equal (wait_reply (redis), &tally);
        assert_int_equal (tally.strings, 3 * life);
        redis_command (redis, 4, (const char *[]){"LRANGE", "long", "0", "-1"}, NULL);
        while (redis_state (redis) == REDIS_UP) {
            turn (redis);
            assert_null (redis_reply (redis));
        }
        assert_int_equal (counts_of (redis).lost, life);
        assert_int_equal (tally.arrays, 2 * life);
    }
    wait_state (redis, REDIS_UP);
    redis_set_functions (redis, NULL, NULL);
    command (redis, "PING", NULL);
    check_reply (redis, REDIS_REPLY_STATUS, "PONG");
    redis_destroy (&redis);
    redis_server_destroy (&server);
}

/* A parser of numbers. */
typedef struct {
    int replies;
    size_t offered; /* the most bytes at once */
} lines_t;

static int read_line (void *of, const char *bytes, size_t size, size_t *used)
{
    lines_t *self = of;
    const char *end = memchr (bytes, '\n', size);
    self->offered = size > self->offered ? size : self->offered;
    *used = 0;
    if (*bytes != ':') {
        return *bytes == '$' ? 0 : -1; /* a bulk is never whole */
    }
    if (end) {
        *used = (size_t) (end + 1 - bytes);
        self->replies++;
    }
    return end ? 1 : 0;
}

/* A parser is given the bytes as they came, what it left with more behind it; it does not read the greeting;
 * what it calls bad ends the connection, and the next one is read anew. */
static void test_parser (void **state)
{
    (void) state;
    redis_server_t *server = redis_server_start (NULL);
    lines_t lines = {0};
    redis_t *redis = redis_new (redis_server_url (server), NULL, NULL);
    redis_set_parser (redis, read_line, &lines);
    for (int life = 1; life < 3; life++) {
        wait_state (redis, REDIS_UP);
        for (int i = 0; i < 100; i++) {
            redis_command (redis, 2, (const char *[]){"INCR", "n"}, NULL);
        }
        for (int i = 0; i < 100; i++) {
            assert_ptr_equal (wait_reply (redis), &lines);
        }
        assert_int_equal (lines.replies, 100 * life);
        redis_command (redis, 1, (const char *[]){"PING"}, NULL);
        while (redis_state (redis) == REDIS_UP) {
            turn (redis);
            assert_null (redis_reply (redis));
        }
        assert_int_equal (counts_of (redis).lost, life);
    }
    redis_destroy (&redis);
    redis_server_destroy (&server);
}

/* ---- a server that lies ---- */

typedef struct {
    char *directory, *url;
    int listener, fd;
} liar_t;

static liar_t liar_open (void)
{
    liar_t liar = {.directory = directory_new (), .fd = -1};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf (address.sun_path, sizeof address.sun_path, "%s/s", liar.directory);
    liar.url = memory_format ("unix://%s", address.sun_path);
    liar.listener = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal (bind (liar.listener, (struct sockaddr *) &address, sizeof address), 0);
    assert_int_equal (listen (liar.listener, 8), 0);
    return liar;
}

static void liar_close (liar_t *liar)
{
    close (liar->fd);
    close (liar->listener);
    free (liar->url);
    directory_destroy (&liar->directory);
}

/* Takes the next connection and answers its greeting with `text`. */
static void liar_greet (liar_t *liar, redis_t *redis, const char *text)
{
    char bytes[256];
    close (liar->fd);
    while (redis_state (redis) == REDIS_DOWN) {
        turn (redis);
    }
    liar->fd = accept (liar->listener, NULL, NULL);
    redis_turn (redis, mono_now ());
    assert_true (read (liar->fd, bytes, sizeof bytes) > 0);
    assert_int_equal (write (liar->fd, text, strlen (text)), strlen (text));
}

/* The server says `text` to a command: the connection ends, with nothing taken. Was it too large? */
static bool check_ends (liar_t *liar, const char *text)
{
    size_t size = strlen (text);
    redis_t *redis = redis_new (liar->url, NULL, NULL);
    redis_set_limit (redis, 1 << 20);
    liar_greet (liar, redis, "+PONG\r\n");
    wait_state (redis, REDIS_UP);
    command (redis, "PING", NULL);
    redis_turn (redis, mono_now ());
    assert_int_equal (write (liar->fd, text, size), size);
    while (redis_state (redis) == REDIS_UP) {
        turn (redis);
        assert_null (redis_reply (redis));
    }
    assert_int_equal (counts_of (redis).lost, 1);
    bool too_large = counts_of (redis).too_large;
    redis_destroy (&redis);
    return too_large;
}

/* No bytes of a server make us allocate by its promise, go on in error, or wait for ever. */
static void test_lies (void **state)
{
    (void) state;
    liar_t liar = liar_open ();
    static const char *const lies[] = {
        "HTTP/1.1 400 Bad Request\r\n",
        "*2000000000\r\n",
        "*1048576\r\n*1\r\n",
        "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n",
        "$-7\r\n",
        "*-3\r\n",
        ":12x\r\n",
    };
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        assert_false (check_ends (&liar, lies[i]));
    }
    char *line = memory_format ("+%0100000d", 0);
    assert_false (check_ends (&liar, line));
    memcpy (line, "$900000000\r\n", 12);
    assert_true (check_ends (&liar, line));
    free (line);
    liar_close (&liar);
}

/* The same for a parser: an element that is larger than allowed is not waited for, one that is not is held until
 * it is whole; and a reply to nothing ends the connection. */
static void test_parser_bounds (void **state)
{
    (void) state;
    liar_t liar = liar_open ();
    char *line = memory_format (":%060000d\r\n:1\r\n", 7);
    for (int i = 0; i < 3; i++) {
        lines_t lines = {0};
        redis_t *redis = redis_new (liar.url, NULL, NULL);
        redis_set_parser (redis, read_line, &lines);
        redis_set_limit (redis, 1 << 20);
        liar_greet (&liar, redis, "+PONG\r\n");
        wait_state (redis, REDIS_UP);
        command (redis, "PING", NULL);
        redis_turn (redis, mono_now ());
        /* a bulk that promises much, a line without end, and one that is large, with another behind it */
        char *text = i == 2 ? memory_text (line)
                            : memory_format ("$%s%070000d", i == 0 ? "9000000\r\n" : "", 0);
        size_t size = strlen (text);
        assert_int_equal (write (liar.fd, text, i == 2 ? 40000 : size), i == 2 ? 40000 : size);
        if (i == 2) {
            while (lines.offered < 40000) {
                turn (redis);
                assert_null (redis_reply (redis));
            }
            assert_int_equal (write (liar.fd, text + 40000, size - 40000), size - 40000);
            assert_ptr_equal (wait_reply (redis), &lines);
        }
        while (redis_state (redis) == REDIS_UP) {
            turn (redis);
            assert_null (redis_reply (redis));
        }
        assert_int_equal (lines.replies, i == 2);
        assert_int_equal (counts_of (redis).too_large, i == 0);
        redis_destroy (&redis);
        free (text);
    }
    free (line);
    liar_close (&liar);
}

/* A reply to nothing ends the connection, after those that were asked for. */
static void test_unasked (void **state)
{
    (void) state;
    liar_t liar = liar_open ();
    redis_t *redis = redis_new (liar.url, NULL, NULL);
    liar_greet (&liar, redis, "+PONG\r\n");
    wait_state (redis, REDIS_UP);
    command (redis, "GET", "a");
    redis_turn (redis, mono_now ());
    assert_int_equal (write (liar.fd, ":1\r\n:2\r\n", 8), 8);
    redisReply *reply = wait_reply (redis);
    assert_int_equal (reply->integer, 1);
    freeReplyObject (reply);
    assert_null (redis_reply (redis));
    assert_int_equal (redis_state (redis), REDIS_DOWN);
    redis_destroy (&redis);
    liar_close (&liar);
}

/* A server that loads its data, or wants a password, is tried again: each time later, and it works as
 * soon as it lets us. */
static void test_loading (void **state)
{
    (void) state;
    liar_t liar = liar_open ();
    redis_t *redis = redis_new (liar.url, NULL, NULL);
    int64_t before = 0;
    for (int i = 0; i < 4; i++) {
        liar_greet (&liar, redis,
                    i % 2 ? "-NOAUTH Authentication required.\r\n"
                          : "-LOADING Redis is loading the dataset in memory\r\n");
        wait_state (redis, REDIS_DOWN);
        int64_t due = redis_due_ms (redis, mono_now ());
        assert_true (due > before);
        before = due;
    }
    assert_in_range (before, 51, 400);
    liar_greet (&liar, redis, "+PONG\r\n");
    wait_state (redis, REDIS_UP);
    assert_int_equal (counts_of (redis).retries, 4);
    assert_int_equal (counts_of (redis).lost, 0);
    redis_destroy (&redis);
    liar_close (&liar);
}

/* A name that does not exist is tried again, without a wait in the meantime. */
static void test_no_name (void **state)
{
    (void) state;
    redis_t *redis = redis_new ("redis://no-such-host.invalid", NULL, NULL);
    mono_t start = mono_now ();
    redis_turn (redis, start);
    assert_true (mono_ms (start, mono_now ()) < 1000);
    assert_true (redis_state (redis) != REDIS_UP);
    assert_true (redis_due_ms (redis, mono_now ()) >= 0);
    redis_destroy (&redis); /* the look-up may be under way */
}

int main (void)
{
    signal (SIGPIPE, SIG_DFL); /* must not come */
    if (!redis_server_is_there ()) {
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_urls),          cmocka_unit_test (test_commands),
        cmocka_unit_test (test_database),      cmocka_unit_test (test_comes_back),
        cmocka_unit_test (test_password),      cmocka_unit_test (test_silence),
        cmocka_unit_test (test_holds_up),      cmocka_unit_test (test_too_large),
        cmocka_unit_test (test_functions),     cmocka_unit_test (test_parser),
        cmocka_unit_test (test_parser_bounds), cmocka_unit_test (test_lies),
        cmocka_unit_test (test_unasked),       cmocka_unit_test (test_loading),
        cmocka_unit_test (test_no_name),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

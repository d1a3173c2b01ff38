/* The server over HTTP, by real sockets: what is answered, and that no peer keeps another from it. Each peer that is to
 * be counted by itself comes from an address of its own: all of 127.0.0.0/8 are this machine's.
 */
#include "check.h"

#include "clock.h"
#include "http.h"
#include "log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WAIT_MS = 30000, ANSWER_MAX = 4096, FLOOD = 100 };

#define REQUEST "GET /yes HTTP/1.0\r\n\r\n"

typedef struct {
    http_t *http;
    atomic_int asked; /* how often `/yes` was */
} fixture_t;

static unsigned say_yes (void *argument, buffer_t *body)
{
    fixture_t *self = argument;
    atomic_fetch_add (&self->asked, 1);
    buffer_printf (body, "ok\n");
    return HTTP_OK;
}

static unsigned say_no (void *argument, buffer_t *body)
{
    (void) argument;
    buffer_printf (body, "no broker yet\n");
    return HTTP_UNAVAILABLE;
}

static http_t *open_at (uint16_t port, fixture_t *self)
{
    const http_path_t paths[] = {{"/yes", "text/plain", say_yes, self},
                                 {"/no", "text/plain", say_no, self}};
    http_address_t address = {.host = "127.0.0.1", .port = port};
    return http_new (&address, paths, 2);
}

static int set_up (void **state)
{
    fixture_t *self = calloc (1, sizeof *self);
    self->http = open_at (0, self);
    *state = self;
    return self->http ? 0 : -1;
}

static int tear_down (void **state)
{
    fixture_t *self = *state;
    http_destroy (&self->http);
    free (self);
    return 0;
}

/* ---- peers ---- */

/* A connection from 127.0.0.`from`; -1 when it is not taken. */
static int dial (const fixture_t *self, unsigned from)
{
    struct sockaddr_in own = {.sin_family = AF_INET,
                              .sin_addr.s_addr = htonl (INADDR_LOOPBACK - 1 + from)};
    struct sockaddr_in there = {.sin_family = AF_INET,
                                .sin_port = htons (http_port (self->http)),
                                .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
    int peer = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true (peer >= 0);
    assert_int_equal (bind (peer, (struct sockaddr *) &own, sizeof own), 0);
    assert_int_equal (connect (peer, (struct sockaddr *) &there, sizeof there), 0);
    return peer;
}

static void put (int peer, const char *text)
{
    send (peer, text, strlen (text), MSG_NOSIGNAL); /* it may have been cut off */
}

/* What comes until the server ends it, which is waited for. */
static void hear (int peer, char answer[ANSWER_MAX])
{
    size_t used = 0;
    ssize_t got = 1;
    while (got > 0) {
        struct pollfd item = {.fd = peer, .events = POLLIN};
        assert_int_equal (poll (&item, 1, WAIT_MS), 1);
        got = recv (peer, answer + used, ANSWER_MAX - 1 - used, 0);
        used += got > 0 ? (size_t) got : 0;
    }
    answer[used] = '\0';
    close (peer);
}

static void expect_answer (const fixture_t *self, unsigned from, const char *request,
                           const char *status, const char *body)
{
    char answer[ANSWER_MAX];
    int peer = dial (self, from);
    put (peer, request);
    hear (peer, answer);
    const char *rest = strstr (answer, "\r\n\r\n");
    if (!rest || strncmp (answer, status, strlen (status)) != 0) {
        fail_msg ("%s is answered with: %s", request, answer);
    }
    assert_string_equal (rest + 4, body);
}

/* ---- what is answered ---- */

/* A path's answer is what its function says: status and body; HEAD is the same without the body. */
static void test_answers (void **state)
{
    fixture_t *self = *state;
    expect_answer (self, 1, REQUEST, "HTTP/1.1 200 ", "ok\n");
    expect_answer (self, 1, "GET /yes HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 ", "ok\n");
    expect_answer (self, 1, "GET /yes?a=b HTTP/1.0\r\n\r\n", "HTTP/1.1 200 ", "ok\n");
    expect_answer (self, 1, "HEAD /yes HTTP/1.0\r\n\r\n", "HTTP/1.1 200 ", "");
    expect_answer (self, 1, "GET /no HTTP/1.0\r\n\r\n", "HTTP/1.1 503 ", "no broker yet\n");
    assert_int_equal (atomic_load (&self->asked), 4);
}

/* Other paths are 404, and other methods 405, with a body that is not waited for; no function is called. */
static void test_refusals (void **state)
{
    fixture_t *self = *state;
    static const char *const paths[] = {"/", "/yes/", "/yesno", "/ye", "//yes", "/../yes", "/%00"};
    static const char *const methods[] = {"POST", "PUT", "DELETE", "OPTIONS", "get", "X"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char request[64];
        snprintf (request, sizeof request, "GET %s HTTP/1.0\r\n\r\n", paths[i]);
        expect_answer (self, 1, request, "HTTP/1.1 404 ", "not found\n");
    }
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        char request[64];
        snprintf (request, sizeof request, "%s /yes HTTP/1.0\r\n\r\n", methods[i]);
        expect_answer (self, 1, request, "HTTP/1.1 405 ", "GET or HEAD\n");
    }
    expect_answer (self, 1, "POST /yes HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n",
                   "HTTP/1.1 405 ", "GET or HEAD\n");
    assert_int_equal (atomic_load (&self->asked), 0);
}

/* One connection is one request: a second one behind it is not answered. */
static void test_one_request (void **state)
{
    fixture_t *self = *state;
    expect_answer (self, 1,
                   "GET /yes HTTP/1.1\r\nHost: a\r\n\r\nGET /yes HTTP/1.1\r\nHost: a\r\n\r\n",
                   "HTTP/1.1 200 ", "ok\n");
    assert_int_equal (atomic_load (&self->asked), 1);
}

/* A request whose headers are larger than the bound, or that is no HTTP, is refused, and the next is answered. */
static void test_bad_requests (void **state)
{
    fixture_t *self = *state;
    char answer[ANSWER_MAX], *large = calloc (1, 3 * HTTP_REQUEST_BYTES);
    int length = sprintf (large, "GET /yes HTTP/1.0\r\nA: ");
    memset (large + length, 'a', 2 * HTTP_REQUEST_BYTES);
    strcat (large, "\r\n\r\n");
    const char *const bad[] = {large, "\x16\x03\x01\x02 tls", "GET\r\n\r\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int peer = dial (self, 1);
        put (peer, bad[i]);
        shutdown (peer, SHUT_WR);
        hear (peer, answer);
        assert_null (strstr (answer, " 200 "));
        expect_answer (self, 1, REQUEST, "HTTP/1.1 200 ", "ok\n");
    }
    free (large);
}

/* ---- peers that disturb ---- */

/* While some say nothing, half of a request, or empty lines, another is answered at once; after their time they are cut off. */
static void test_silent (void **state)
{
    fixture_t *self = *state;
    char answer[ANSWER_MAX];
    mono_t begin = mono_now ();
    int silent = dial (self, 1), half = dial (self, 1), empty = dial (self, 1);
    put (half, "GET /yes HT");
    put (empty, "\r\n\r\n");
    shutdown (empty, SHUT_WR);
    expect_answer (self, 1, REQUEST, "HTTP/1.1 200 ", "ok\n");
    assert_true (mono_ms (begin, mono_now ()) < HTTP_SILENT_S * 1000 / 2);
    hear (silent, answer);
    hear (empty, answer);
    hear (half, answer);
    assert_null (strstr (answer, " 200 "));
    assert_true (mono_ms (begin, mono_now ()) >= HTTP_SILENT_S * 1000 / 2);
    assert_int_equal (atomic_load (&self->asked), 1);
}

static bool is_cut (int peer)
{
    char byte;
    return recv (peer, &byte, 1, MSG_DONTWAIT) == 0 || errno == ECONNRESET;
}

/* Of a hundred connections that one address holds, no more stay than it may have; another address is answered all the
 * while, and this one is again when they are gone. */
static void test_flood (void **state)
{
    fixture_t *self = *state;
    int peers[FLOOD], cut = 0;
    for (int i = 0; i < FLOOD; i++) {
        peers[i] = dial (self, 2);
    }
    expect_answer (self, 1, REQUEST, "HTTP/1.1 200 ", "ok\n");
    while (cut < FLOOD - HTTP_CONNECTIONS_OF_ONE) {
        cut = 0;
        for (int i = 0; i < FLOOD; i++) {
            cut += is_cut (peers[i]);
        }
        expect_answer (self, 1, REQUEST, "HTTP/1.1 200 ", "ok\n");
    }
    assert_int_equal (cut, FLOOD - HTTP_CONNECTIONS_OF_ONE);
    for (int i = 0; i < FLOOD; i++) {
        close (peers[i]);
    }
    expect_answer (self, 1, REQUEST, "HTTP/1.1 200 ", "ok\n");
    expect_answer (self, 2, REQUEST, "HTTP/1.1 200 ", "ok\n");
}

/* Silent peers of many addresses that take every place hold others up for as long as they may be silent, not longer. */
static void test_full (void **state)
{
    fixture_t *self = *state;
    int peers[HTTP_CONNECTIONS];
    for (unsigned i = 0; i < HTTP_CONNECTIONS; i++) {
        peers[i] = dial (self, 2 + i % (HTTP_CONNECTIONS / HTTP_CONNECTIONS_OF_ONE));
    }
    expect_answer (self, 1, REQUEST, "HTTP/1.1 200 ", "ok\n"); /* within WAIT_MS */
    for (int i = 0; i < HTTP_CONNECTIONS; i++) {
        close (peers[i]);
    }
}

/* ---- beginning and end ---- */

/* A port in use is an error, and whoever has it goes on. */
static void test_in_use (void **state)
{
    fixture_t *self = *state;
    assert_null (open_at (http_port (self->http), self));
    expect_answer (self, 1, REQUEST, "HTTP/1.1 200 ", "ok\n");
    http_address_t nowhere = {.host = "no.such.host.invalid", .port = 1};
    assert_null (http_new (&nowhere, NULL, 0));
}

/* It ends at once while peers are there, who are cut off, and its port is free then. */
static void test_end (void **state)
{
    fixture_t *self = *state;
    char answer[ANSWER_MAX];
    int silent = dial (self, 1);
    uint16_t port = http_port (self->http);
    expect_answer (self, 1, REQUEST, "HTTP/1.1 200 ", "ok\n");
    mono_t begin = mono_now ();
    http_destroy (&self->http);
    assert_true (mono_ms (begin, mono_now ()) < HTTP_SILENT_S * 1000 / 2);
    hear (silent, answer);
    self->http = open_at (port, self);
    assert_non_null (self->http);
    expect_answer (self, 1, REQUEST, "HTTP/1.1 200 ", "ok\n");
}

int main (void)
{
    log_init ("test_http", LOG_ERROR, LOG_TEXT);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (test_answers, set_up, tear_down),
        cmocka_unit_test_setup_teardown (test_refusals, set_up, tear_down),
        cmocka_unit_test_setup_teardown (test_one_request, set_up, tear_down),
        cmocka_unit_test_setup_teardown (test_bad_requests, set_up, tear_down),
        cmocka_unit_test_setup_teardown (test_silent, set_up, tear_down),
        cmocka_unit_test_setup_teardown (test_flood, set_up, tear_down),
        cmocka_unit_test_setup_teardown (test_full, set_up, tear_down),
        cmocka_unit_test_setup_teardown (test_in_use, set_up, tear_down),
        cmocka_unit_test_setup_teardown (test_end, set_up, tear_down),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

#include "doors.h"

#include "check.h"
#include "clock.h"
#include "key_files.h"
#include "spawn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOOK_MS 5 /* between two looks at counts */

int doors_set_up (void **state)
{
    doors_t *self = memory_new (sizeof *self);
    self->directory = directory_new ();
    if (key_files_make (self->directory) != 0) {
        return -1;
    }
    self->broker = doors_bus (self, KEYS_BROKER);
    self->router = doors_bind (self->broker, CHANNEL_ROUTER, self->endpoint);
    *state = self;
    return 0;
}

int doors_tear_down (void **state)
{
    doors_t *self = *state;
    channel_destroy (&self->router, 0);
    bus_destroy (&self->broker);
    directory_destroy (&self->directory);
    free (self);
    return 0;
}

char *doors_path (const doors_t *self, const char *role, const char *file)
{
    return memory_format ("%s/%s%s%s", self->directory, role, file ? "/" : "", file ? file : "");
}

/* The bus keeps the path that it was given: they are few. */
bus_t *doors_bus (const doors_t *self, keys_role_t role)
{
    static char *paths[64];
    static size_t count;
    char *path = doors_path (self, keys_role_name (role), NULL);
    free (paths[count % 64]);
    paths[count++ % 64] = path;
    return bus_new (&(bus_config_t){.curve_dir = path, .role = role});
}

channel_t *doors_bind (bus_t *bus, channel_type_t type, char endpoint[static 64])
{
    channel_t *channel = channel_bind (bus, type, "tcp://127.0.0.1:*");
    assert_non_null (channel);
    size_t size = 64;
    assert_int_equal (
        zmq_getsockopt (channel_poll (channel, 0).socket, ZMQ_LAST_ENDPOINT, endpoint, &size), 0);
    return channel;
}

uint64_t doors_count (const bus_t *bus, bus_count_t kind)
{
    bus_stats_t stats;
    bus_stats (bus, &stats);
    return stats.counts[kind];
}

void doors_wait (const bus_t *bus, bus_count_t kind, uint64_t count)
{
    mono_t start = mono_now ();
    while (doors_count (bus, kind) < count) {
        if (mono_ms (start, mono_now ()) > DOORS_WAIT_MS) {
            fail_msg ("%s: %d in place of %d", bus_count_name (kind), (int) doors_count (bus, kind),
                      (int) count);
        }
        zmq_poll (NULL, 0, LOOK_MS);
    }
    assert_int_equal (doors_count (bus, kind), count);
}

static void wait_for (channel_t *channel, short events)
{
    zmq_pollitem_t item = channel_poll (channel, events);
    assert_int_equal (zmq_poll (&item, 1, DOORS_WAIT_MS), 1);
}

void doors_send (channel_t *channel, const char *text)
{
    buffer_t message = {0};
    wait_for (channel, ZMQ_POLLOUT);
    buffer_append (&message, text, strlen (text));
    assert_true (channel_send (channel, &message));
}

void doors_hear (channel_t *channel, channel_peer_t *peer, const char *text)
{
    const char *bytes;
    size_t size;
    uint64_t refused = 0;
    channel_peer_t any;
    while (!channel_receive (channel, peer ? peer : &any, &bytes, &size, &refused)) {
        wait_for (channel, ZMQ_POLLIN);
    }
    assert_int_equal (size, strlen (text));
    assert_memory_equal (bytes, text, size);
    assert_int_equal (refused, 0);
}

void doors_hear_at_last (channel_t *channel, const char *text)
{
    const char *bytes;
    size_t size;
    uint64_t refused = 0;
    channel_peer_t peer;
    bool heard = false;
    while (!heard) {
        if (channel_receive (channel, &peer, &bytes, &size, &refused)) {
            heard = size == strlen (text) && memcmp (bytes, text, size) == 0;
        } else {
            wait_for (channel, ZMQ_POLLIN);
        }
    }
}

void doors_hear_nothing (channel_t *channel)
{
    const char *bytes;
    size_t size;
    uint64_t refused = 0;
    channel_peer_t peer;
    assert_false (channel_receive (channel, &peer, &bytes, &size, &refused));
    assert_int_equal (refused, 0);
}

static struct sockaddr_in address_of (const char *endpoint)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons ((uint16_t) atoi (strrchr (endpoint, ':') + 1)),
                                .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
}

int doors_knock (const char *endpoint)
{
    struct sockaddr_in address = address_of (endpoint);
    int file = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (file >= 0 && connect (file, (struct sockaddr *) &address, sizeof address) != 0) {
        close (file);
        return -1;
    }
    return file;
}

int doors_listen (const char *endpoint)
{
    struct sockaddr_in address = address_of (endpoint);
    int file = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    setsockopt (file, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind (file, (struct sockaddr *) &address, sizeof address) != 0 || listen (file, 8) != 0) {
        close (file);
        return -1;
    }
    return file;
}

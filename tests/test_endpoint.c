/* Endpoints: what is one, and how an address that is every one becomes one that can be dialed. */
#include "check.h"
#include "endpoint.h"

#include <string.h>

static void test_split (void **state)
{
    (void) state;
    char host[ENDPOINT_HOST_MAX + 1];
    uint16_t port;
    assert_true (endpoint_split ("tcp://broker-0.broker:5555", host, &port));
    assert_string_equal (host, "broker-0.broker");
    assert_int_equal (port, 5555);
    assert_true (endpoint_split ("tcp://[fe80::1]:65535", host, &port));
    assert_string_equal (host, "[fe80::1]");
    assert_int_equal (port, 65535);
    assert_true (endpoint_split ("tcp://*:1", host, &port));
    assert_string_equal (host, "0.0.0.0");
}

/* What is no endpoint is refused whatever is wrong with it. */
static void test_bad (void **state)
{
    (void) state;
    static const char *const bad[] = {"",
                                      "tcp://",
                                      "tcp://host",
                                      "tcp://host:",
                                      "tcp://:5555",
                                      "host:5555",
                                      "ipc:///run/x",
                                      "tcp://host:0",
                                      "tcp://host:x1",
                                      "tcp://host:65536",
                                      "tcp://h h:1",
                                      "tcp://host:99999999999",
                                      "tcp://host:-1",
                                      "TCP://host:1",
                                      "tcp://a/b:1"};
    char host[ENDPOINT_HOST_MAX + 1], longest[400];
    uint16_t port;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (endpoint_split (bad[i], host, &port)) {
            fail_msg ("'%s' was taken", bad[i]);
        }
    }
    memset (longest, 'a', sizeof longest);
    memcpy (longest, "tcp://", 6);
    memcpy (longest + sizeof longest - 3, ":1", 3);
    assert_false (endpoint_split (longest, host, &port));
}

/* Every address becomes the one by which the machine was reached; others stay. */
static void test_reach (void **state)
{
    (void) state;
    char text[64];
    assert_true (endpoint_reach ("tcp://0.0.0.0:5556", "10.1.2.3", text, sizeof text));
    assert_string_equal (text, "tcp://10.1.2.3:5556");
    assert_true (endpoint_reach ("tcp://*:5556", "broker", text, sizeof text));
    assert_string_equal (text, "tcp://broker:5556");
    assert_true (endpoint_reach ("tcp://[::]:5556", "fe80::1", text, sizeof text));
    assert_string_equal (text, "tcp://[fe80::1]:5556");
    assert_true (endpoint_reach ("tcp://host:5556", "10.1.2.3", text, sizeof text));
    assert_string_equal (text, "tcp://host:5556");
    assert_true (endpoint_reach ("ipc:///run/x", "10.1.2.3", text, sizeof text));
    assert_string_equal (text, "ipc:///run/x");
    assert_false (endpoint_reach ("tcp://0.0.0.0:5556", "10.1.2.3", text, 10));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_split),
        cmocka_unit_test (test_bad),
        cmocka_unit_test (test_reach),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

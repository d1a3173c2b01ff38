/* endpoint - the parts of a ZeroMQ endpoint: "tcp://HOST:PORT", "ipc://PATH".
 *
 * A process that listens on every address of its machine says so: "tcp://0.0.0.0:5555". Who hears of it
 * puts the address in by which it reached the machine (endpoint_reach), so that nobody has to know
 * the address that others know him by.
 */
#ifndef ENDPOINT_H
#define ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENDPOINT_HOST_MAX 127

bool endpoint_is_tcp (const char *text);

/* Takes "tcp://HOST:PORT" apart; HOST is a name, an IPv4 address or an IPv6 address in brackets, `*` is
 * "0.0.0.0". False when it is none such, or its port is not of 1-65535. */
bool endpoint_split (const char *text, char host[ENDPOINT_HOST_MAX + 1], uint16_t *port);

/* Does it name every address of its machine? */
bool endpoint_is_anywhere (const char *text);

/* `text` with `host` in place of an address that is every one; `size` bytes. False when it does not fit. */
bool endpoint_reach (const char *text, const char *host, char *reached, size_t size);

#endif

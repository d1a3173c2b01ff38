/* bare_xread - the limit beside which reading of Redis streams is held: XREAD again and again until nothing
 * is left, each entry stepped over in the buffer that it was read into.
 *
 *     XREAD COUNT n STREAMS keys ids --> *streams [key, *entries [id, *fields [...]]] --> ids, a number
 *                 ^                                                                        |
 *                 +------------------------------------------------------------------------+
 *
 * It allocates nothing for a reply or an entry, and looks at no field. What comes from the server is checked
 * against the bounds below all the same.
 */
#ifndef BARE_XREAD_H
#define BARE_XREAD_H

#include <stdint.h>

#define BARE_XREAD_STREAMS 64
#define BARE_XREAD_KEY     64 /* bytes of a key, its NUL counted */

/* Reads `count` streams, at most BARE_XREAD_STREAMS, from their first entries, through a connected socket
 * that blocks; `each` entries of each stream at a time. The number of entries; -1 when the socket ended or the server
 * said what is no reply to XREAD, logged. */
int64_t bare_xread (int socket, const char (*keys)[BARE_XREAD_KEY], unsigned count, unsigned each);

#endif

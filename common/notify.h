/* notify - tells who started us how we are, by systemd's protocol (sd_notify (3)), if it asked to be told.
 *
 *      $NOTIFY_SOCKET <-- READY=1 once, STATUS=..., STOPPING=1 once, WATCHDOG=1 at half of $WATCHDOG_USEC
 *
 * Datagrams that are never waited for: one that cannot go now is sent again at a later turn. What a process of ours
 * starts does not get these variables (local.c): only one process speaks for the unit.
 */
#ifndef NOTIFY_H
#define NOTIFY_H

#include "clock.h"

#include <stdbool.h>

#define NOTIFY_STATUS_MS 1000 /* a status that changes is said so often at most */

typedef struct notify notify_t;

/* NULL when the environment names no socket, or one that cannot be used (logged). */
notify_t *notify_new (void);
/* Says STOPPING=1, if that was not said. Takes NULL. */
void notify_destroy (notify_t **self);

/* The loop turned. `status`: one line. READY=1 goes at the first turn that is `ready` (started, as systemd means it); STOPPING=1 at the first that is
 * `stopping`. */
void notify_turn (notify_t *self, mono_t now, bool ready, bool stopping, const char *status);

#endif

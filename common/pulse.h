/* pulse - a process's health, told to who asks and to who started it.
 *
 *      loop --pulse_turn--> health (atomics) <-- http's thread: GET /healthz, /readyz   (--http)
 *                  \------> notify: READY=1 (it turns), STATUS=, WATCHDOG=1, STOPPING=1            ($NOTIFY_SOCKET)
 *
 * It never holds up the loop.
 */
#ifndef PULSE_H
#define PULSE_H

#include "health.h"

typedef struct pulse pulse_t;

/* `http`: "[HOST:]PORT", checked (http_address.h), or NULL: nobody asks. NULL with the error logged. */
pulse_t *pulse_new (const char *http);
/* Takes NULL. */
void pulse_destroy (pulse_t **self);

/* The loop turned, and this is how the process is: to be called several times a second. Takes NULL. */
void pulse_turn (pulse_t *self, health_state_t state);

#endif

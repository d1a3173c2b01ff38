#include "refusals.h"

#include "log.h"

#include <inttypes.h>
#include <stdio.h>

/* Of what is said: the others are counted alone. */
static const char *const texts[BUS_COUNTS] = {
    [BUS_UNKNOWN] = "was refused: its key is not trusted here",
    [BUS_FOREIGN] = "was refused: it is none of ours, or dialed with another server's key",
    [BUS_SILENT] = "was cut off: it has not said who it is",
    [BUS_GONE] = "went before it had said who it is",
    [BUS_NO_FILE] =
        "could not be accepted: no open file is left (raise the limit: ulimit -n, LimitNOFILE=)",
    [BUS_DENIED] = "does not let us in"};

void refusals_init (refusals_t *self, guard_counts_t *counts)
{
    *self = (refusals_t){.counts = counts};
}

void refusals_add (refusals_t *self, bus_count_t kind, const char *endpoint, const char *address,
                   const char *detail, mono_t now)
{
    (*self->counts)[kind]++;
    if (!texts[kind]) {
        return;
    }
    if (self->kinds[kind].any && mono_ms (self->kinds[kind].said, now) < REFUSALS_SAID_MS) {
        self->kinds[kind].unsaid++;
        return;
    }
    char more[64] = "";
    if (self->kinds[kind].unsaid > 0) {
        snprintf (more, sizeof more, " (and %" PRIu64 " others since the last such line)",
                  self->kinds[kind].unsaid);
    }
    log_warning ("%s: a peer%s%s %s%s%s%s", endpoint, address[0] ? " at " : "", address,
                 texts[kind], detail ? ": " : "", detail ? detail : "", more);
    self->kinds[kind].any = true;
    self->kinds[kind].said = now;
    self->kinds[kind].unsaid = 0;
}

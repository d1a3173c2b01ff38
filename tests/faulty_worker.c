/* A worker with a fault, for tests: it dies by a signal when it is given a unit of the symbol BAD.
 * Linked with --wrap=unit_new, so all else is the real worker. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "unit.h"

unit_t *__real_unit_new (const run_t *run, const calendar_t *calendar, const wire_unit_t *order);
unit_t *__wrap_unit_new (const run_t *run, const calendar_t *calendar, const wire_unit_t *order);

unit_t *__wrap_unit_new (const run_t *run, const calendar_t *calendar, const wire_unit_t *order)
{
    if (strcmp (order->symbol, "BAD") == 0) {
        prctl (PR_SET_DUMPABLE, 0); /* no core file */
        signal (SIGABRT, SIG_DFL);
        abort ();
    }
    return __real_unit_new (run, calendar, order);
}

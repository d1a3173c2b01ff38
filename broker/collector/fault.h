/* fault - that something fails: said once, tried again later and later, said when it works again.
 * A value: `fault_t f = {0};` works. */
#ifndef FAULT_H
#define FAULT_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    bool failing;
    int64_t wait_ms; /* between the last try and the next; 0 = not failing */
    int64_t due_ms;  /* when that is */
} fault_t;

/* It fails: logged as an error, unless it did already. With `self` NULL it is always logged. */
void fault_set (fault_t *self, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

/* The next try is 100 ms from now, then twice as long after each, up to 5 s. */
void fault_wait (fault_t *self, int64_t now_ms);

/* May it be tried? And the milliseconds until it may; -1 when nothing is waited for. */
bool fault_is_due (const fault_t *self, int64_t now_ms);
int64_t fault_due_ms (const fault_t *self, int64_t now_ms);

/* It works: logged when it did not. `name` is what it is called in that line. */
void fault_clear (fault_t *self, const char *name);

#endif

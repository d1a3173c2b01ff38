/* verdict - the conditions of a gate or rule, one call each.
 *
 *     check (...) && check (...) && ...        scanning:   ends at the first that fails
 *                                              explaining: each is written down, and the chain goes on
 *
 * So a check says whether to go on, and the verdict remembers whether any failed. Inline: they run
 * for every candle, and with a literal `op` one comparison is left of each.
 */
#ifndef VERDICT_H
#define VERDICT_H

#include "rules.h"

#include <assert.h>
#include <math.h>

/* A value: `verdict_t v = {.explanation = explanation};` */
typedef struct {
    explanation_t *explanation; /* NULL: only the verdict is asked for */
    bool failed;
} verdict_t;

/* Writes a condition down without deciding anything. Only while explaining: never in the way of a
 * scan, where a condition that is put together first costs more than its comparison. */
static __attribute__ ((noinline, cold)) void check_note (verdict_t *self, condition_t condition)
{
    explanation_t *explanation = self->explanation;
    assert (explanation->count < CONDITIONS_MAX);
    explanation->conditions[explanation->count++] = condition;
}

/* A condition is decided: whether to go on. */
static inline bool check_go_on (verdict_t *self, bool passed)
{
    self->failed = self->failed || !passed;
    return passed || self->explanation;
}

/* Takes a condition that the caller has decided. */
static inline bool check_decided (verdict_t *self, condition_t condition)
{
    if (self->explanation) {
        check_note (self, condition);
    }
    return check_go_on (self, condition.passed);
}

/* `op` is ">=", "<=", ">" or "<". False when either is NAN. */
static inline bool check_holds (double value, const char *op, double threshold)
{
    bool or_equal = op[1] == '=';
    if (op[0] == '>') {
        return or_equal ? value >= threshold : value > threshold;
    }
    return or_equal ? value <= threshold : value < threshold;
}

static inline bool check (verdict_t *self, const char *what, double value, const char *op,
                          double threshold)
{
    bool passed = check_holds (value, op, threshold);
    if (self->explanation) {
        check_note (
            self,
            (condition_t){
                .what = what, .op = op, .value = value, .threshold = threshold, .passed = passed});
    }
    return check_go_on (self, passed);
}

/* A threshold that is NAN was not given: the condition is not applied. */
static inline bool check_given (verdict_t *self, const char *what, double value, const char *op,
                                double threshold)
{
    return isnan (threshold) || check (self, what, value, op, threshold);
}

/* A yes or no. */
static inline bool check_is (verdict_t *self, const char *what, bool yes)
{
    if (self->explanation) {
        check_note (
            self,
            (condition_t){.what = what, .op = "is", .value = yes, .threshold = 1, .passed = yes});
    }
    return check_go_on (self, yes);
}

/* Minutes of the day. */
static inline bool check_time (verdict_t *self, int minute, const char *op, int threshold)
{
    bool passed = check_holds (minute, op, threshold);
    if (self->explanation) {
        check_note (self, (condition_t){.what = "time",
                                        .op = op,
                                        .value = minute,
                                        .threshold = threshold,
                                        .is_time = true,
                                        .passed = passed});
    }
    return check_go_on (self, passed);
}

#endif

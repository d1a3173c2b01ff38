/* dice - the generator's random numbers: splitmix64, the same on every machine.
 *
 * A die is thrown anew for each (seed, symbol, day), so no day's numbers depend on how many another
 * day drew. Only integer operations and IEEE +, -, * and / are used: no function of libm, whose
 * last bit differs between machines.
 */
#ifndef DICE_H
#define DICE_H

#include <stdint.h>

/* A value. */
typedef struct {
    uint64_t state;
} dice_t;

static inline uint64_t dice_mix (uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

static inline uint64_t dice_roll (dice_t *self)
{
    self->state += 0x9e3779b97f4a7c15;
    return dice_mix (self->state);
}

static inline void dice_init (dice_t *self, uint64_t seed, uint64_t symbol, int32_t day)
{
    const uint64_t step = 0x9e3779b97f4a7c15; /* so that no argument of 0 stays 0 */
    uint64_t key = dice_mix (seed + step);
    key = dice_mix (key + step + symbol);
    self->state = dice_mix (key + step + (uint32_t) day);
}

/* [0, 1) */
static inline double dice_uniform (dice_t *self)
{
    return (double) (dice_roll (self) >> 11) * 0x1p-53;
}

/* [low, high) */
static inline double dice_between (dice_t *self, double low, double high)
{
    return low + (high - low) * dice_uniform (self);
}

/* low..high, both inclusive. */
static inline int dice_integer (dice_t *self, int low, int high)
{
    return low + (int) ((double) (high - low + 1) * dice_uniform (self));
}

static inline int dice_chance (dice_t *self, double probability)
{
    return dice_uniform (self) < probability;
}

/* Nearly normal, mean 0, deviation 1, never beyond 3.47: the sum of four uniform 16-bit numbers,
 * all of one roll. Fat tails are not its business: a day's kind makes them. */
static inline double dice_normal (dice_t *self)
{
    uint64_t roll = dice_roll (self);
    uint64_t sum = (roll & 0xffff) + (roll >> 16 & 0xffff) + (roll >> 32 & 0xffff) + (roll >> 48);
    return ((double) sum * 0x1p-16 - 2) * 1.7320508075688772; /* sqrt (12 / 4) */
}

#endif

/* desk_state - a shard of a desk as bytes: a planned move takes them to another worker, which goes on as if it had
 * been given everything from the beginning.
 *
 *     version, the scans' identity
 *     symbols: those that CANDLES have numbered, in that order, then the others
 *         name, series, today's day, the day that was prepared
 *     names of those that wait for the clock, in their order
 *     day: which scans passed; of each frequency its bucket; of each scan its rule
 *
 * The bytes are of one version of the program, and of one run's scans. They come from another process: every count
 * and value is checked before anything is made of it.
 */
#ifndef DESK_STATE_H
#define DESK_STATE_H

#include "desk_shard.h"
#include "wire.h"

/* Appends the shard's state. False, and nothing is appended, when it has more than WIRE_STATE_MAX bytes. */
bool desk_state_save (const desk_shard_t *shard, const run_t *run, buffer_t *state);

/* Fills a shard that was dropped. False, and it is as before, when the bytes are no state of this run. */
bool desk_state_load (desk_shard_t *shard, const run_t *run, wire_bytes_t state);

#endif

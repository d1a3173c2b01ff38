/* fuzz - the entry point of a fuzz target, for libFuzzer and for fuzz_replay.c. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Runs the target on an input; aborts when what it promises does not hold. Returns 0. */
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#endif

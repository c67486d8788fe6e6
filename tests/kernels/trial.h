/* One experiment with a kernel, repeated with every instruction set this machine has.
 *
 * The body of a trial draws a shape, takes its buffers, seals them, says where the kernel may
 * write, and calls the kernel of t->kernels. It runs once per instruction set with the same draws;
 * afterwards every buffer, inputs and gaps included, must hold the bits the scalar kernel left, and
 * all the rest what was there. */
#ifndef TRIAL_H
#define TRIAL_H

#include "guard.h"
#include "kernels/kernels.h"

enum { TRIAL_AREAS = 16, TRIAL_BYTES = 1 << 17 };

typedef struct trial_area {
  guard memory;
  uint8_t before[TRIAL_BYTES], expected[TRIAL_BYTES];
  bool writable[TRIAL_BYTES];
} trial_area;

typedef struct trial {
  const esp__kernels *kernels;
  esp_key key; /* of the draws */
  uint64_t draws;
  bool at_end; /* buffers end, rather than begin, at a forbidden page */
  bool coarse; /* few different values, so that there are ties */
  trial_area area[TRIAL_AREAS];
  int areas;
} trial;

/* What a body draws: an integer in [low, high], yes or no, a value. */
int trial_draw(trial *t, int low, int high);
bool trial_flip(trial *t);
float trial_value(trial *t); /* ordinary numbers, both zeros, subnormal and large ones */

/* Buffers between forbidden pages: bytes to be filled by the body, or random values. */
void *trial_take(trial *t, size_t bytes);
float *trial_floats(trial *t, size_t count);

/* All buffers are filled: what they hold now is what must stay. */
void trial_seal(trial *t);
/* Except here. */
void trial_writes(trial *t, const void *at, size_t bytes);

/* Runs the body with every key below `keys`, both placements and all instruction sets. */
void trial_run(const char *name, void (*body)(trial *), uint64_t keys);

#endif

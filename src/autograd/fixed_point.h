/* Real factors as integers: how sums of products of integers get the scale of the next tensor. */
#ifndef ESP_AUTOGRAD_FIXED_POINT_H
#define ESP_AUTOGRAD_FIXED_POINT_H

#include <stdint.h>

/* A factor multiplier / 2^shift; 1 <= shift <= 62. */
typedef struct esp__fixed {
  int64_t multiplier;
  int shift;
} esp__fixed;

/* The multiplier is rounded half to even and lies in [2^30, 2^31); of a factor that is 0, negative,
 * or too small for any shift it is 0, and one of 2^30 or more becomes the largest there is. */
esp__fixed esp__fixed_of(double factor);
/* The multiplier of another factor, not larger, with the same shift. */
int64_t esp__fixed_with(double factor, int shift);

/* sum / 2^shift, rounded half up, within [low, 127]. */
static inline int esp__fixed_round(int64_t sum, int shift, int low) {
  const int64_t q = (sum + ((int64_t)1 << (shift - 1))) >> shift;
  return q < low ? low : q > 127 ? 127 : (int)q;
}

#endif

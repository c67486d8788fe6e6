/* Real factors as integers: how sums of products of integers get the scale of the next tensor. */
#ifndef ESP_AUTOGRAD_FIXED_POINT_H
#define ESP_AUTOGRAD_FIXED_POINT_H

#include <espalier/graph.h>

#include <math.h>
#include <stdint.h>

enum { ESP_LEVELS_MAX = 127 }; /* the largest 8-bit number, and minus the smallest */

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
  return q < low ? low : q > ESP_LEVELS_MAX ? ESP_LEVELS_MAX : (int)q;
}

/* The 8-bit number of `value` at a scale whose reciprocal is `inverse`: halves to even. */
static inline float esp__fixed_level(float value, float inverse) {
  const float l = (float)rint((double)(value * inverse));
  return l < -ESP_LEVELS_MAX ? -ESP_LEVELS_MAX : l > ESP_LEVELS_MAX ? ESP_LEVELS_MAX : l;
}
/* The reciprocal of a tensor's scale; 0 of 0. */
float esp__fixed_inverse(const esp_param *scale);

/* What an integer of channel `c` stands for. */
double esp__fixed_real(const esp_integers *from, int c);
/* What the sums of channel `c` are multiplied by; of means, those of all their values. */
esp__fixed esp__fixed_channel(const esp_requantise_attr *attr, int c);

/* What the two operands of a sum are multiplied by; both multipliers are below 2^31. */
typedef struct esp__fixed_pair {
  int64_t a, b;
  int shift;
} esp__fixed_pair;
esp__fixed_pair esp__fixed_sum(const esp_requantise_attr *attr);

#endif

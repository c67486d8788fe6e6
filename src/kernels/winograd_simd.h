/* The transform of Winograd's sums back to outputs, on vectors (winograd.h has the formulas). */
#ifndef ESP_KERNELS_WINOGRAD_SIMD_H
#define ESP_KERNELS_WINOGRAD_SIMD_H

#include "kernels/simd.h"
#include "kernels/winograd.h"

enum { ESP_WINOGRAD_SIDE = ESP_WINOGRAD_TILE + 2 }; /* of a tile's inputs */

#define esp__winograd_a ((float)0.70710678118654752440)
#define esp__winograd_b ((float)1.41421356237309504880)

/* A' times six numbers. */
static inline __attribute__((always_inline)) void esp__winograd_output_four(
    const esp__vec m[ESP_WINOGRAD_SIDE], esp__vec y[ESP_WINOGRAD_TILE]) {
  const esp__vec near_even = esp__vec_add(m[1], m[2]),
                 near_odd = esp__vec_mul(esp__vec_set(esp__winograd_a), esp__vec_sub(m[1], m[2])),
                 far_even = esp__vec_add(m[3], m[4]),
                 far_odd = esp__vec_mul(esp__vec_set(esp__winograd_b), esp__vec_sub(m[3], m[4]));
  y[0] = esp__vec_add(esp__vec_add(m[0], near_even), far_even);
  y[1] = esp__vec_add(near_odd, far_odd);
  y[2] = esp__vec_fma(esp__vec_set(2.0f), far_even, esp__vec_mul(esp__vec_set(0.5f), near_even));
  y[3] =
      esp__vec_fma(esp__vec_set(2.0f), far_odd, esp__vec_fma(esp__vec_set(0.5f), near_odd, m[5]));
}

#endif

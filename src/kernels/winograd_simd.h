/* Winograd's transforms that several kernels use (winograd.h has the formulas): of sums back to
 * outputs, and of windows, 16 at a time. */
#ifndef ESP_KERNELS_WINOGRAD_SIMD_H
#define ESP_KERNELS_WINOGRAD_SIMD_H

#include "kernels/simd.h"
#include "kernels/winograd.h"

enum {
  ESP_WINOGRAD_SIDE = ESP_WINOGRAD_TILE + 2, /* of a tile's inputs */
  ESP_WINOGRAD_WINDOW = 3,                   /* a window's side */
  ESP_WINOGRAD_WINDOWS = 16                  /* that are transformed together */
};

#define esp__winograd_a ((float)0.70710678118654752440)
#define esp__winograd_b ((float)1.41421356237309504880)
#define esp__winograd_third ((float)(1.0 / 3.0))
#define esp__winograd_sixth ((float)(1.0 / 6.0))

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

/* A tile's sums, each `point_stride` floats behind the one before, by rows. */
static inline __attribute__((always_inline)) void esp__winograd_output_rows(
    const float *from, size_t point_stride, esp__vec along[ESP_WINOGRAD_SIDE][ESP_WINOGRAD_TILE]) {
#pragma GCC unroll 6
  for (int r = 0; r < ESP_WINOGRAD_SIDE; r++) {
    esp__vec m[ESP_WINOGRAD_SIDE];
#pragma GCC unroll 6
    for (int c = 0; c < ESP_WINOGRAD_SIDE; c++)
      m[c] = esp__vec_load(from + (size_t)(ESP_WINOGRAD_SIDE * r + c) * point_stride);
    esp__winograd_output_four(m, along[r]);
  }
}

/* And then column c: its outputs. */
static inline __attribute__((always_inline)) void esp__winograd_output_column(
    esp__vec along[ESP_WINOGRAD_SIDE][ESP_WINOGRAD_TILE], int c, esp__vec y[ESP_WINOGRAD_TILE]) {
  const esp__vec m[ESP_WINOGRAD_SIDE] = {along[0][c], along[1][c], along[2][c],
                                         along[3][c], along[4][c], along[5][c]};
  esp__winograd_output_four(m, y);
}

/* Number `c` of G times three numbers. */
static inline __attribute__((always_inline)) esp__vec esp__winograd_weights_one(const int c,
                                                                                esp__vec x,
                                                                                esp__vec y,
                                                                                esp__vec z) {
  if (c == 0) return x;
  if (c == ESP_WINOGRAD_SIDE - 1) return z;
  const esp__vec two = esp__vec_set(2.0f);
  if (c < 3) {
    const esp__vec even = esp__vec_mul(esp__vec_set(-esp__winograd_third),
                                       esp__vec_add(esp__vec_mul(two, x), z)),
                   odd =
                       esp__vec_mul(esp__vec_set(2.0f * esp__winograd_third * esp__winograd_a), y);
    return c == 1 ? esp__vec_sub(even, odd) : esp__vec_add(even, odd);
  }
  const esp__vec even = esp__vec_mul(esp__vec_set(esp__winograd_sixth),
                                     esp__vec_add(x, esp__vec_mul(two, z))),
                 odd = esp__vec_mul(esp__vec_set(esp__winograd_sixth * esp__winograd_b), y);
  return c == 3 ? esp__vec_add(even, odd) : esp__vec_sub(even, odd);
}

/* All six. */
static inline __attribute__((always_inline)) void esp__winograd_weights_six(
    esp__vec x, esp__vec y, esp__vec z, esp__vec to[ESP_WINOGRAD_SIDE]) {
#pragma GCC unroll 6
  for (int c = 0; c < ESP_WINOGRAD_SIDE; c++) to[c] = esp__winograd_weights_one(c, x, y, z);
}

/* G g G' of ESP_WINOGRAD_WINDOWS windows: place i of all stands at g + i * ESP_WINOGRAD_WINDOWS,
 * point p of all goes to u + p * point_stride. */
static inline void esp__winograd_transform_windows(const float *g, float *u, size_t point_stride) {
  for (int l = 0; l < ESP_WINOGRAD_WINDOWS; l += ESP_VECTOR) {
    esp__vec along[ESP_WINOGRAD_WINDOW][ESP_WINOGRAD_SIDE];
#pragma GCC unroll 3
    for (int r = 0; r < ESP_WINOGRAD_WINDOW; r++) {
      const float *row = g + ESP_WINOGRAD_WINDOW * r * ESP_WINOGRAD_WINDOWS + l;
      esp__winograd_weights_six(esp__vec_load(row), esp__vec_load(row + ESP_WINOGRAD_WINDOWS),
                                esp__vec_load(row + 2 * ESP_WINOGRAD_WINDOWS), along[r]);
    }
#pragma GCC unroll 6
    for (int c = 0; c < ESP_WINOGRAD_SIDE; c++) {
      esp__vec six[ESP_WINOGRAD_SIDE];
      esp__winograd_weights_six(along[0][c], along[1][c], along[2][c], six);
#pragma GCC unroll 6
      for (int r = 0; r < ESP_WINOGRAD_SIDE; r++)
        esp__vec_store(u + (size_t)(ESP_WINOGRAD_SIDE * r + c) * point_stride + l, six[r]);
    }
  }
}

#endif

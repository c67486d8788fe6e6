/* Winograd's transforms that several kernels use (winograd.h has the formulas): of sums back to
 * outputs, on vectors; of windows, 16 at a time in plain loops, of which the compiler makes
 * vectors. */
#ifndef ESP_KERNELS_WINOGRAD_SIMD_H
#define ESP_KERNELS_WINOGRAD_SIMD_H

#include "kernels/simd.h"
#include "kernels/winograd.h"

enum {
  ESP_WINOGRAD_SIDE = ESP_WINOGRAD_TILE + 2, /* of a tile's inputs */
  ESP_WINOGRAD_WINDOW = 3,                   /* a window's side */
  ESP_WINOGRAD_PLACES = 9,
  ESP_WINOGRAD_WINDOWS = 16 /* that are transformed together */
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

/* G times three rows of numbers; results are `stride` rows apart. */
static inline __attribute__((always_inline)) void esp__winograd_weights_six(
    const float *x, const float *y, const float *z, float (*to)[ESP_WINOGRAD_WINDOWS], int stride) {
  for (int l = 0; l < ESP_WINOGRAD_WINDOWS; l++) {
    const float near_even = -esp__winograd_third * (2.0f * x[l] + z[l]),
                near_odd = 2.0f * esp__winograd_third * esp__winograd_a * y[l],
                far_even = esp__winograd_sixth * (x[l] + 2.0f * z[l]),
                far_odd = esp__winograd_sixth * esp__winograd_b * y[l];
    to[0][l] = x[l];
    to[stride][l] = near_even - near_odd;
    to[2 * stride][l] = near_even + near_odd;
    to[3 * stride][l] = far_even + far_odd;
    to[4 * stride][l] = far_even - far_odd;
    to[5 * stride][l] = z[l];
  }
}

static inline void esp__winograd_transform_windows(
    float g[ESP_WINOGRAD_PLACES][ESP_WINOGRAD_WINDOWS],
    float u[ESP_WINOGRAD_POINTS][ESP_WINOGRAD_WINDOWS]) {
  float along[ESP_WINOGRAD_WINDOW][ESP_WINOGRAD_SIDE][ESP_WINOGRAD_WINDOWS];
  for (int r = 0; r < ESP_WINOGRAD_WINDOW; r++)
    esp__winograd_weights_six(g[3 * r], g[3 * r + 1], g[3 * r + 2], along[r], 1);
  for (int c = 0; c < ESP_WINOGRAD_SIDE; c++)
    esp__winograd_weights_six(along[0][c], along[1][c], along[2][c], u + c, ESP_WINOGRAD_SIDE);
}

#endif

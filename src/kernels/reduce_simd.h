/* The 16 images of finished sums reduced to one number each, several sums at a time, in the order
 * of esp__lanes_sum. */
#ifndef ESP_KERNELS_REDUCE_SIMD_H
#define ESP_KERNELS_REDUCE_SIMD_H

#include "kernels/correlate.h"
#include "kernels/simd.h"

#if ESP_VECTOR == 16 || ESP_VECTOR == 8
/* Four pairs of sums side by side: (l, l + 4) of each, in the halves of a vector. */
static inline __m256 esp__reduce_two(const float *a, const float *b) {
  const __m256 x = _mm256_add_ps(_mm256_load_ps(a), _mm256_load_ps(a + 8)),
               y = _mm256_add_ps(_mm256_load_ps(b), _mm256_load_ps(b + 8));
  return _mm256_add_ps(_mm256_permute2f128_ps(x, y, 0x20), _mm256_permute2f128_ps(x, y, 0x31));
}

/* (l, l + 2) of four sums: numbers 0 and 2 in the lower half, 1 and 3 in the upper. */
static inline __m256 esp__reduce_four(const float *const lane[4]) {
  const __m256 x = esp__reduce_two(lane[0], lane[1]), y = esp__reduce_two(lane[2], lane[3]);
  return _mm256_add_ps(_mm256_shuffle_ps(x, y, 0x44), _mm256_shuffle_ps(x, y, 0xEE));
}

/* to[i] = esp__lanes_sum(lanes + 16 i), for 1 to 8 sums. */
static inline void esp__reduce_lanes(const float *lanes, int count, float *to) {
  const float *lane[8];
  for (int i = 0; i < 8; i++) lane[i] = lanes + (i < count ? i : count - 1) * 16;
  const __m256 x = esp__reduce_four(lane), y = esp__reduce_four(lane + 4);
  const __m256 sum = _mm256_add_ps(_mm256_shuffle_ps(x, y, 0x88), _mm256_shuffle_ps(x, y, 0xDD));
  float reduced[8];
  _mm256_storeu_ps(reduced,
                   _mm256_permutevar8x32_ps(sum, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7)));
  for (int i = 0; i < count; i++) to[i] = reduced[i];
}
#else
static inline void esp__reduce_lanes(const float *lanes, int count, float *to) {
  for (int i = 0; i < count; i++) to[i] = esp__lanes_sum(lanes + i * 16);
}
#endif

/* to[i] = esp__lanes_sum(lanes + 16 i), for any number of sums. */
static inline void esp__reduce_all_lanes(const float *lanes, int count, float *to) {
  for (; count > 0; count -= 8, lanes += 8 * 16, to += 8)
    esp__reduce_lanes(lanes, count < 8 ? count : 8, to);
}

#endif

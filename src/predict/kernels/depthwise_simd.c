/* A window of each channel by itself: a vector is some channels of one pixel. */
#include "predict/kernels/finish_simd.h"

/* `spots` and `step` are constants at each call below. */
ESP_INLINE void tile(const esp__depthwise *k, const esp__spot *spot, int block, const int spots,
                     const int step) {
  const float *x = k->x + (size_t)block * k->x_block + spot->x;
  for (int part = 0; part < ESP_BLOCK; part += ESP_VECTOR) {
    const float *weight = k->weight + (size_t)block * (size_t)k->taps * ESP_BLOCK + part;
    esp__vec sum[8];
#pragma GCC unroll 8
    for (int p = 0; p < spots; p++) sum[p] = esp__vec_set(0.0f);
    for (int t = 0; t < k->taps; t++) {
      const float *at = x + k->tap[t] + part;
      const esp__vec w = esp__vec_load(weight + t * ESP_BLOCK);
#pragma GCC unroll 8
      for (int p = 0; p < spots; p++)
        sum[p] =
            esp__vec_fma(w, esp__vec_load(at + (step ? p * step : spot[p].x - spot->x)), sum[p]);
    }
#pragma GCC unroll 8
    for (int p = 0; p < spots; p++) {
      const size_t at = (size_t)spot[p].y + (size_t)block * k->y_block + (size_t)part;
      esp__vec_store(k->y + at,
                     esp__finished(sum[p], &k->finish, (size_t)(block * ESP_BLOCK + part), at));
    }
  }
}

#define BLOCK(name, step)                                              \
  static void name(const esp__depthwise *k, int block) {               \
    for (int g = 0; g < k->spots.groups; g++) {                        \
      const esp__spot *spot = k->spots.spot + k->spots.group[g].first; \
      switch (k->spots.group[g].count) {                               \
        case 8:                                                        \
          tile(k, spot, block, 8, step);                               \
          break;                                                       \
        case 4:                                                        \
          tile(k, spot, block, 4, step);                               \
          break;                                                       \
        case 2:                                                        \
          tile(k, spot, block, 2, step);                               \
          break;                                                       \
        default:                                                       \
          tile(k, spot, block, 1, step);                               \
          break;                                                       \
      }                                                                \
    }                                                                  \
  }
BLOCK(any, 0)
BLOCK(near, ESP_BLOCK)
BLOCK(second, 2 * ESP_BLOCK)

void ESP_ISA_NAME(esp__depthwise)(const esp__depthwise *k) {
  static void (*const blocks[])(const esp__depthwise *, int) = {any, near, second};
  for (int b = 0; b < k->blocks; b++) blocks[k->spots.step / ESP_BLOCK](k, b);
}

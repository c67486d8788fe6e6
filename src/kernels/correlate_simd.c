/* Correlation with a tile of the output held in registers: OUT channels by PIX pixels.
 *
 * Per (channel, tap) a tile loads PIX vectors of x and OUT broadcast weights for OUT * PIX multiply-adds, so
 * the arithmetic units, not the loads, are the limit. AVX-512 and NEON have 32 registers: 4 x 6 sums. AVX2
 * has 16: 4 x 3. */
#include "base/integer.h"
#include "kernels/kernels.h"
#include "kernels/simd.h"
#include "kernels/store_simd.h"

#define INLINE static inline __attribute__((always_inline))

enum { PIX = ESP_VECTOR == 8 ? 3 : 6 };

INLINE void correlate_tile(const esp_correlate *k, const esp_pixel *pixel, const float *w, int first,
                           size_t lane, const int outs, const int pixels) {
  esp_vec sum[ESP_TILE][PIX];
  const float *x[PIX];
#pragma GCC unroll 8
  for (int p = 0; p < pixels; p++) {
    x[p] = k->x + pixel[p].x + lane;
#pragma GCC unroll 4
    for (int o = 0; o < outs; o++) sum[o][p] = esp_vec_set(0.0f);
  }
  for (int c = 0; c < k->channels; c++, w += k->weights * outs) {
    const ptrdiff_t channel = (ptrdiff_t)((size_t)c * k->x_channel);
    for (int t = 0; t < k->taps; t++) {
      const ptrdiff_t at = channel + k->tap[t].x;
      const float *each = w + k->tap[t].weight * outs;
      esp_vec value[PIX];
#pragma GCC unroll 8
      for (int p = 0; p < pixels; p++) value[p] = esp_vec_load(x[p] + at);
#pragma GCC unroll 4
      for (int o = 0; o < outs; o++) {
        const esp_vec weight = esp_vec_set(each[o]);
#pragma GCC unroll 8
        for (int p = 0; p < pixels; p++) sum[o][p] = esp_vec_fma(weight, value[p], sum[o][p]);
      }
    }
  }
  const esp_finish f = k->finish;
  float *const y = k->y;
  const size_t y_channel = k->y_channel;
#define STORE(plain)                                                      \
  _Pragma("GCC unroll 4") for (int o = 0; o < outs; o++)                  \
      _Pragma("GCC unroll 8") for (int p = 0; p < pixels; p++) esp_store( \
          sum[o][p], &f, plain, first + o, y, (size_t)pixel[p].y + lane + (size_t)(first + o) * y_channel)
  if (esp_finish_plain(&f))
    STORE(true);
  else
    STORE(false);
#undef STORE
}

typedef void tile_function(const esp_correlate *k, const esp_pixel *pixel, const float *w, int first,
                           size_t lane);
#define TILE(O, P)                                                                                      \
  static void tile_##O##_##P(const esp_correlate *k, const esp_pixel *pixel, const float *w, int first, \
                             size_t lane) {                                                             \
    correlate_tile(k, pixel, w, first, lane, O, P);                                                     \
  }
#if ESP_VECTOR == 8
#define EACH_PIX(M, O) M(O, 1) M(O, 2) M(O, 3)
#define ROW(N, O) \
  { N##_##O##_1, N##_##O##_2, N##_##O##_3 }
#else
#define EACH_PIX(M, O) M(O, 1) M(O, 2) M(O, 3) M(O, 4) M(O, 5) M(O, 6)
#define ROW(N, O) \
  { N##_##O##_1, N##_##O##_2, N##_##O##_3, N##_##O##_4, N##_##O##_5, N##_##O##_6 }
#endif
#define TABLE(N) \
  { ROW(N, 1), ROW(N, 2), ROW(N, 3), ROW(N, 4) }
EACH_PIX(TILE, 1)
EACH_PIX(TILE, 2)
EACH_PIX(TILE, 3) EACH_PIX(TILE, 4) static tile_function *const tiles[ESP_TILE][PIX] = TABLE(tile);

/* The pixels' inputs stay in the first-level cache while all output channels pass over them. */
void ESP_ISA_NAME(esp_correlate)(const esp_correlate *k) {
  const size_t per_output = (size_t)k->channels * (size_t)k->weights;
  for (size_t lane = 0; lane < ESP_LANES; lane += ESP_VECTOR)
    for (int p = 0; p < k->pixels; p += PIX)
      for (int o = 0; o < k->outputs; o += ESP_TILE)
        tiles[esp_least(k->outputs - o, ESP_TILE) - 1][esp_least(k->pixels - p, PIX) - 1](
            k, k->pixel + p, k->weight + (size_t)o * per_output, o, lane);
}

/* Correlation with a tile of the output held in registers: OUT channels by PIX pixels.
 *
 * Per (channel, tap) a tile loads PIX vectors of x and OUT broadcast weights for OUT * PIX
 * multiply-adds, so the arithmetic units, not the loads, are the limit. AVX-512 and NEON have 32
 * registers: 4 x 6 sums. AVX2 has 16: 4 x 3. The weights are all there, or in BCSR. */
#include "base/inline.h"
#include "base/integer.h"
#include "kernels/kernels.h"
#include "kernels/simd.h"
#include "kernels/store_simd.h"

enum { PIX = ESP_VECTOR == 8 ? 3 : 6 };

/* Adds what one tap of one channel gives: a weight for each output. */
ESP_INLINE void add_tap(esp__vec sum[ESP_TILE][PIX], const float *const x[PIX], ptrdiff_t at,
                        const float *each, const int outs, const int pixels) {
  esp__vec value[PIX];
#pragma GCC unroll 8
  for (int p = 0; p < pixels; p++) value[p] = esp__vec_load(x[p] + at);
#pragma GCC unroll 4
  for (int o = 0; o < outs; o++) {
    const esp__vec weight = esp__vec_set(each[o]);
#pragma GCC unroll 8
    for (int p = 0; p < pixels; p++) sum[o][p] = esp__vec_fma(weight, value[p], sum[o][p]);
  }
}

ESP_INLINE void begin(esp__vec sum[ESP_TILE][PIX], const float *x[PIX], const float *from,
                      const esp__pixel *pixel, const int outs, const int pixels) {
#pragma GCC unroll 8
  for (int p = 0; p < pixels; p++) {
    x[p] = from + pixel[p].x;
#pragma GCC unroll 4
    for (int o = 0; o < outs; o++) sum[o][p] = esp__vec_set(0.0f);
  }
}

/* Stores a tile; NUMBER is that of output o. */
#define STORE(plain, NUMBER)                                               \
  _Pragma("GCC unroll 4") for (int o = 0; o < outs; o++)                   \
      _Pragma("GCC unroll 8") for (int p = 0; p < pixels; p++) esp__store( \
          sum[o][p], &f, plain, NUMBER, y, (size_t)pixel[p].y + lane + (size_t)(NUMBER)*y_channel)
#define EPILOGUE(k, NUMBER)                \
  const esp__epilogue f = (k)->epilogue;   \
  float *const y = (k)->y;                 \
  const size_t y_channel = (k)->y_channel; \
  if (esp__epilogue_plain(&f))             \
    STORE(true, NUMBER);                   \
  else                                     \
    STORE(false, NUMBER)

ESP_INLINE void add_taps(esp__vec sum[ESP_TILE][PIX], const float *const x[PIX],
                         const esp__correlate *k, const float *weight, const int outs,
                         const int pixels) {
  for (int c = 0; c < k->channels; c++, weight += k->weights * outs) {
    const ptrdiff_t channel = (ptrdiff_t)((size_t)c * k->x_channel);
    for (int t = 0; t < k->taps; t++)
      add_tap(sum, x, channel + k->tap[t].x, weight + k->tap[t].weight * outs, outs, pixels);
  }
}

/* The same of one tap, as layers of 1x1 have it: a loop in which nothing but the channel changes,
 * since what is read of a list would take as long as the products. */
ESP_INLINE void add_channels(esp__vec sum[ESP_TILE][PIX], const float *const x[PIX],
                             const esp__correlate *k, const float *weight, const int outs,
                             const int pixels) {
  ptrdiff_t at = k->tap->x;
  weight += k->tap->weight * outs;
  for (int c = 0; c < k->channels; c++, weight += k->weights * outs, at += (ptrdiff_t)k->x_channel)
    add_tap(sum, x, at, weight, outs, pixels);
}

/* Fetches where a tile will be stored, so that no store waits for the line that it overwrites:
 * where outputs lie in more pages than a processor foresees by itself. */
ESP_INLINE void fetch_stores(const esp__correlate *k, const esp__pixel *pixel, int first,
                             const int outs, const int pixels) {
  enum { FORESEEN = 32, PAGE = 4096 / sizeof(float) };
  if (k->outputs <= FORESEEN || k->y_channel < PAGE) return;
  float *const y = k->y + (size_t)first * k->y_channel;
#pragma GCC unroll 4
  for (int o = 0; o < outs; o++)
#pragma GCC unroll 8
    for (int p = 0; p < pixels; p++)
      __builtin_prefetch(y + (size_t)o * k->y_channel + pixel[p].y, 1);
}

ESP_INLINE void correlate_tile(const esp__correlate *k, const esp__pixel *pixel, int first,
                               size_t lane, const int outs, const int pixels) {
  const float *weight = k->weight + (size_t)first * (size_t)k->channels * (size_t)k->weights;
  esp__vec sum[ESP_TILE][PIX];
  const float *x[PIX];
  if (lane == 0) fetch_stores(k, pixel, first, outs, pixels);
  begin(sum, x, k->x + lane, pixel, outs, pixels);
  if (k->taps == 1)
    add_channels(sum, x, k, weight, outs, pixels);
  else
    add_taps(sum, x, k, weight, outs, pixels);
  EPILOGUE(k, first + o);
}

ESP_INLINE void bcsr_tile(const esp__correlate_bcsr *k, const esp__pixel *pixel, int first,
                          size_t lane, const int outs, const int pixels) {
  const int32_t *perm = k->perm + first;
  const uint32_t end = k->row_ptr[first / ESP_TILE + 1];
  esp__vec sum[ESP_TILE][PIX];
  const float *x[PIX];
  begin(sum, x, k->x + lane, pixel, outs, pixels);
  for (uint32_t e = k->row_ptr[first / ESP_TILE]; e < end; e++)
    add_tap(sum, x, k->col[e], k->val + (size_t)e * ESP_TILE, outs, pixels);
  EPILOGUE(k, perm[o]);
}

/* Outputs from `first` at pixels from `pixel`, for 1 to ESP_TILE outputs and 1 to PIX pixels. */
#define TILE(K, N, O, P)                                                                   \
  static void N##_##O##_##P(const K *k, const esp__pixel *pixel, int first, size_t lane) { \
    N(k, pixel, first, lane, O, P);                                                        \
  }
#if ESP_VECTOR == 8
#define EACH_PIX(M, K, N, O) M(K, N, O, 1) M(K, N, O, 2) M(K, N, O, 3)
#define ROW(N, O) \
  { N##_##O##_1, N##_##O##_2, N##_##O##_3 }
#else
#define EACH_PIX(M, K, N, O) \
  M(K, N, O, 1) M(K, N, O, 2) M(K, N, O, 3) M(K, N, O, 4) M(K, N, O, 5) M(K, N, O, 6)
#define ROW(N, O) \
  { N##_##O##_1, N##_##O##_2, N##_##O##_3, N##_##O##_4, N##_##O##_5, N##_##O##_6 }
#endif
/* The table of all sizes, and the kernel: the pixels' inputs stay in the first-level cache while
 * all outputs pass over them. */
#define KERNEL(K, N)                                                                          \
  EACH_PIX(TILE, K, N, 1)                                                                     \
  EACH_PIX(TILE, K, N, 2)                                                                     \
  EACH_PIX(TILE, K, N, 3)                                                                     \
  EACH_PIX(TILE, K, N, 4)                                                                     \
  static void (*const N##s[ESP_TILE][PIX])(const K *k, const esp__pixel *pixel, int first,    \
                                           size_t lane) = {ROW(N, 1), ROW(N, 2), ROW(N, 3),   \
                                                           ROW(N, 4)};                        \
  void ESP_ISA_NAME(K)(const K *k) {                                                          \
    for (size_t lane = 0; lane < ESP_LANES; lane += ESP_VECTOR)                               \
      for (int p = 0; p < k->pixels; p += PIX)                                                \
        for (int o = 0; o < k->outputs; o += ESP_TILE)                                        \
          N##s[esp__least(k->outputs - o, ESP_TILE) - 1][esp__least(k->pixels - p, PIX) - 1]( \
              k, k->pixel + p, o, lane);                                                      \
  }
KERNEL(esp__correlate, correlate_tile)
KERNEL(esp__correlate_bcsr, bcsr_tile)

/* Correlation with a list of nonzero weights: one output channel by RUNS runs of RUN pixels held in
 * registers.
 *
 * Per nonzero weight a tile broadcasts one value and does one multiply-add with a memory operand per pixel,
 * so loads and arithmetic take the same time: the ceiling is the arithmetic peak as long as the pixels'
 * inputs come from the first-level cache. A run's pixels are at constant distances from its first, so a run
 * takes one address register. */
#include "kernels/kernels.h"
#include "kernels/simd.h"
#include "kernels/store_simd.h"

#define INLINE static inline __attribute__((always_inline))

/* Sums in a tile: enough to hide the latency of a multiply-add, few enough for the registers. */
enum { SUMS = ESP_VECTOR == 8 ? 8 : 16, RUNS = 8 };

INLINE void sparse_tile(const esp_correlate_sparse *k, const esp_pixel *pixel, int o, size_t lane,
                        const int runs, const int run, const int step) {
  esp_vec sum[SUMS];
  const float *x[RUNS];
#pragma GCC unroll 8
  for (int r = 0; r < runs; r++) x[r] = k->x + pixel[r * run].x + lane;
#pragma GCC unroll 16
  for (int i = 0; i < runs * run; i++) sum[i] = esp_vec_set(0.0f);
  for (uint32_t e = k->start[o], end = k->start[o + 1]; e < end; e++) {
    const ptrdiff_t at = k->offset[e];
    const esp_vec weight = esp_vec_set(k->value[e]);
#pragma GCC unroll 8
    for (int r = 0; r < runs; r++)
#pragma GCC unroll 16
      for (int q = 0; q < run; q++)
        sum[r * run + q] = esp_vec_fma(weight, esp_vec_load(x[r] + at + q * step), sum[r * run + q]);
  }
#pragma GCC unroll 16
  for (int i = 0; i < runs * run; i++)
    esp_store(sum[i], &k->finish, o, k->y, (size_t)pixel[i].y + lane + (size_t)o * k->y_channel);
}

/* All outputs over `runs` runs. */
typedef void tile_function(const esp_correlate_sparse *k, const esp_pixel *pixel, size_t lane);
#define TILE(R, Q, S)                                                                                    \
  static void tile_##R##_##Q##_##S(const esp_correlate_sparse *k, const esp_pixel *pixel, size_t lane) { \
    for (int o = 0; o < k->outputs; o++) sparse_tile(k, pixel, o, lane, R, Q, S);                        \
  }
#define BOTH(M, R, Q) M(R, Q, 16) M(R, Q, 32)
#define ENTRY(R, Q) \
  { tile_##R##_##Q##_16, tile_##R##_##Q##_32 }
#if ESP_VECTOR == 8
BOTH(TILE, 1, 8)
BOTH(TILE, 1, 4)
BOTH(TILE, 2, 4)
BOTH(TILE, 1, 2)
BOTH(TILE, 4, 2)
BOTH(TILE, 1, 1)
BOTH(TILE, 8, 1)
#else
BOTH(TILE, 1, 16)
BOTH(TILE, 1, 8)
BOTH(TILE, 2, 8)
BOTH(TILE, 1, 4)
BOTH(TILE, 4, 4)
BOTH(TILE, 1, 2)
BOTH(TILE, 8, 2)
BOTH(TILE, 1, 1)
BOTH(TILE, 8, 1)
#endif

/* By the length of the runs: how many make a tile, that tile, and the one for a single run. */
typedef struct shape {
  int run, runs;
  tile_function *many[2], *one[2]; /* steps 16 and 32 */
} shape;
static const shape shapes[] = {
#if ESP_VECTOR == 8
    {8, 1, ENTRY(1, 8), ENTRY(1, 8)},
    {4, 2, ENTRY(2, 4), ENTRY(1, 4)},
    {2, 4, ENTRY(4, 2), ENTRY(1, 2)},
#else
    {16, 1, ENTRY(1, 16), ENTRY(1, 16)}, {8, 2, ENTRY(2, 8), ENTRY(1, 8)},
    {4, 4, ENTRY(4, 4), ENTRY(1, 4)},    {2, 8, ENTRY(8, 2), ENTRY(1, 2)},
#endif
    {1, 8, ENTRY(8, 1), ENTRY(1, 1)},
};

void ESP_ISA_NAME(esp_correlate_sparse)(const esp_correlate_sparse *k) {
  const shape *s = shapes;
  while (s->run > k->run) s++; /* a longer run is several shorter ones */
  const int tile = s->run * s->runs, wide = k->step == 32;
  for (size_t lane = 0; lane < ESP_LANES; lane += ESP_VECTOR) {
    int p = 0;
    for (; p + tile <= k->pixels; p += tile) s->many[wide](k, k->pixel + p, lane);
    for (; p < k->pixels; p += s->run) s->one[wide](k, k->pixel + p, lane);
  }
}

/* Dense sums over blocks of channels: some spots by some blocks of outputs are in registers; per
 * (channel, tap) a load for each vector of outputs, a broadcast for each spot. */
#include "predict/kernels/finish_simd.h"

/* Registers for sums: twice what hides the latency of a multiply-add, or what there is. */
#if ESP_VECTOR == 1
enum { SUMS = ESP_BLOCK, SPOTS = 1, MOST = 1 };
#elif ESP_VECTOR == 8
enum { SUMS = 8, SPOTS = 4, MOST = 4 };
#else
enum { SUMS = 16, SPOTS = ESP_VECTOR == 4 ? 4 : 8, MOST = ESP_VECTOR == 4 ? 4 : 8 };
#endif

enum { AHEAD = 32 }; /* weights that are fetched this many places before their use */

int ESP_ISA_NAME(esp__dense_spots)(void) {
  return SPOTS;
}

int ESP_ISA_NAME(esp__dense_together)(int count) {
  const int fit = SUMS / ESP_PARTS / count;
  return fit < 1 ? 1 : fit > MOST ? MOST : fit;
}

/* Where vector v of the outputs from block `first` on lies, of the pixel at y. */
ESP_INLINE size_t place_of(const esp__dense *k, int32_t y, int first, int v) {
  const int parts = v * ESP_VECTOR;
  return (size_t)y + (size_t)(first + parts / ESP_BLOCK) * k->y_block + (size_t)(parts % ESP_BLOCK);
}

/* `spots`, `blocks` and `step` are constants at each call below. */
ESP_INLINE void tile(const esp__dense *k, const esp__spot *spot, int first, const float *weight,
                     const int spots, const int blocks, const int step) {
  enum { VECTORS_MOST = SUMS };
  const int vectors = blocks * ESP_PARTS;
  const size_t row = k->row ? k->row : (size_t)(blocks * ESP_BLOCK);
  esp__vec sum[SUMS];
#pragma GCC unroll 8
  for (int p = 0; p < spots; p++)
#pragma GCC unroll 16
    for (int v = 0; v < vectors; v++) sum[p * vectors + v] = esp__vec_set(0.0f);
  const float *x = k->x + spot->x;
  for (int c = 0; c < k->channels; c++) {
    const float *plane = x + k->channel[c];
    for (int t = 0; t < k->taps; t++, weight += row) {
      const float *at = plane + k->tap[t];
      esp__vec w[VECTORS_MOST];
#pragma GCC unroll 8
      for (int b = 0; b < blocks; b++) __builtin_prefetch(weight + AHEAD * row + b * ESP_BLOCK);
#pragma GCC unroll 16
      for (int v = 0; v < vectors; v++) w[v] = esp__vec_load(weight + v * ESP_VECTOR);
#pragma GCC unroll 8
      for (int p = 0; p < spots; p++) {
        const esp__vec own = esp__vec_set(step ? at[p * step] : at[spot[p].x - spot->x]);
#pragma GCC unroll 16
        for (int v = 0; v < vectors; v++)
          sum[p * vectors + v] = esp__vec_fma(w[v], own, sum[p * vectors + v]);
      }
    }
  }
#pragma GCC unroll 8
  for (int p = 0; p < spots; p++)
#pragma GCC unroll 16
    for (int v = 0; v < vectors; v++) {
      const size_t o = (size_t)(first * ESP_BLOCK + v * ESP_VECTOR),
                   at = place_of(k, spot[p].y, first, v);
      esp__vec_store(k->y + at, esp__finished(sum[p * vectors + v], &k->finish, o, at));
    }
}

#define PACK(name, blocks, step)                                          \
  static void name(const esp__dense *k, int first, const float *weight) { \
    for (int g = 0; g < k->spots.groups; g++) {                           \
      const esp__spot *spot = k->spots.spot + k->spots.group[g].first;    \
      switch (k->spots.group[g].count) { EACH_COUNT(blocks, step) }       \
    }                                                                     \
  }
#define COUNT(n, blocks, step)                                                 \
  case n:                                                                      \
    if ((n) * (blocks)*ESP_PARTS <= SUMS || (n) == 1)                          \
      tile(k, spot, first, weight, (n) * (blocks)*ESP_PARTS <= SUMS ? (n) : 1, \
           (n) * (blocks)*ESP_PARTS <= SUMS ? (blocks) : 1, step);             \
    break;
#if ESP_VECTOR == 1
#define EACH_COUNT(blocks, step) COUNT(1, blocks, step)
#elif ESP_VECTOR == 16
#define EACH_COUNT(blocks, step) \
  COUNT(8, blocks, step) COUNT(4, blocks, step) COUNT(2, blocks, step) COUNT(1, blocks, step)
#else
#define EACH_COUNT(blocks, step) \
  COUNT(4, blocks, step) COUNT(2, blocks, step) COUNT(1, blocks, step)
#endif
#define PACKS(blocks)                    \
  PACK(any_##blocks, blocks, 0)          \
  PACK(near_##blocks, blocks, ESP_BLOCK) \
  PACK(second_##blocks, blocks, 2 * ESP_BLOCK)
PACKS(1)
#if ESP_VECTOR > 1
PACKS(2)
PACKS(4)
#endif
#if ESP_VECTOR == 16
PACKS(8)
#endif

typedef void pack_fn(const esp__dense *k, int first, const float *weight);

static pack_fn *pack_of(int blocks, int step) {
  static pack_fn *const packs[][3] = {
    {any_1, near_1, second_1},
#if ESP_VECTOR > 1
    {any_2, near_2, second_2},
    {any_4, near_4, second_4},
#endif
#if ESP_VECTOR == 16
    {any_8, near_8, second_8},
#endif
  };
  const int size = blocks == 8 ? 3 : blocks == 4 ? 2 : blocks == 2 ? 1 : 0;
  return packs[size][step / ESP_BLOCK];
}

void ESP_ISA_NAME(esp__dense)(const esp__dense *k) {
  const float *weight = k->weight;
  int together = k->together;
  for (int first = 0; first < k->blocks; first += together) {
    while (together > k->blocks - first) together /= 2;
    pack_of(together, k->spots.step)(k, first, weight);
    weight += (size_t)(together * ESP_BLOCK) * (k->row ? 1 : (size_t)(k->channels * k->taps));
  }
}

/* Correlation with the nonzero weights in CSR: one output channel by RUNS runs of RUN pixels, held
 * in registers.
 *
 * Per nonzero weight a tile broadcasts one value and does one multiply-add with a memory operand
 * per pixel, so loads and arithmetic take the same time: the ceiling is the arithmetic peak as long
 * as the pixels' inputs come from the first-level cache. They do because all outputs pass over one
 * block of channels before the next: a spilled sum costs one load and one store per block, a
 * multiply-add whose input comes from the second level costs three times one whose input comes from
 * the first. A run's pixels are at constant distances from its first, so a run takes one address
 * register. */
#include "base/inline.h"
#include "kernels/kernels.h"
#include "kernels/simd.h"
#include "kernels/store_simd.h"

enum { RUNS = 8, AHEAD = 4 /* outputs whose lines are on their way */ };

/* Adds the entries of output `o` in block `b` to the tile's sums. */
ESP_INLINE void sparse_tile(const esp__correlate_csr *k, const esp__pixel *pixel, int b, int o,
                            size_t lane, const int runs, const int run, const int step) {
  const bool first = b == 0, last = b == k->blocks - 1;
  const uint32_t *row_ptr = k->row_ptr + b * k->rows + o;
  uint32_t e = row_ptr[0];
  const uint32_t end = row_ptr[1];
  if (e == end && !first && !last) return;
  esp__vec sum[ESP_SPARSE_TILE];
  const float *x[RUNS];
  float *partial_sums = k->partial_sums + (size_t)o * ESP_SPARSE_TILE * ESP_LANES + lane;
#pragma GCC unroll 8
  for (int r = 0; r < runs; r++) x[r] = k->x + pixel[r * run].x + lane;
  if (first) {
#pragma GCC unroll 16
    for (int i = 0; i < runs * run; i++) sum[i] = esp__vec_set(0.0f);
  } else {
#pragma GCC unroll 16
    for (int i = 0; i < runs * run; i++) sum[i] = esp__vec_load(partial_sums + i * ESP_LANES);
  }
  for (; e < end; e++) {
    const ptrdiff_t at = k->col[e];
    const esp__vec weight = esp__vec_set(k->val[e]);
#pragma GCC unroll 8
    for (int r = 0; r < runs; r++)
#pragma GCC unroll 16
      for (int q = 0; q < run; q++)
        sum[r * run + q] =
            esp__vec_fma(weight, esp__vec_load(x[r] + at + q * step), sum[r * run + q]);
  }
  if (!last) {
#pragma GCC unroll 16
    for (int i = 0; i < runs * run; i++) esp__vec_store(partial_sums + i * ESP_LANES, sum[i]);
    return;
  }
  const esp__epilogue f = k->epilogue;
  float *const y = k->y;
  const size_t channel = (size_t)o * k->y_channel + lane;
#define STORE(plain)                                            \
  _Pragma("GCC unroll 16") for (int i = 0; i < runs * run; i++) \
      esp__store(sum[i], &f, plain, o, y, (size_t)pixel[i].y + channel)
  if (esp__epilogue_plain(&f))
    STORE(true);
  else
    STORE(false);
#undef STORE
}

/* Fetches where output `o` of a tile will be stored, so that no store waits for the line that it
 * overwrites; behind the last output those of the next tile. */
ESP_INLINE void fetch_stores(const esp__correlate_csr *k, const esp__pixel *pixel,
                             const esp__pixel *next, int o, const int pixels) {
  if (o >= k->outputs) pixel = next, o -= k->outputs;
  if (!pixel || o >= k->outputs) return;
  float *const y = k->y + (size_t)o * k->y_channel;
#pragma GCC unroll 16
  for (int i = 0; i < pixels; i++) __builtin_prefetch(y + pixel[i].y, 1);
}

/* All outputs over `runs` runs, block by block; `next` is another whole tile, or NULL. */
typedef void tile_function(const esp__correlate_csr *k, const esp__pixel *pixel,
                           const esp__pixel *next);
#define TILE(R, Q, S)                                                                          \
  static void tile_##R##_##Q##_##S(const esp__correlate_csr *k, const esp__pixel *pixel,       \
                                   const esp__pixel *next) {                                   \
    for (int b = 0; b < k->blocks; b++)                                                        \
      for (size_t lane = 0; lane < ESP_LANES; lane += ESP_VECTOR)                              \
        for (int o = 0; o < k->outputs; o++) {                                                 \
          if (b == k->blocks - 1 && lane == 0) fetch_stores(k, pixel, next, o + AHEAD, R * Q); \
          sparse_tile(k, pixel, b, o, lane, R, Q, S);                                          \
          if (next && k->prefetch.line && b == 0 && lane == 0)                                 \
            esp__prefetch(&k->prefetch, k->x + next->x, o, k->outputs);                        \
        }                                                                                      \
  }
#define BOTH(M, R, Q) M(R, Q, 16) M(R, Q, 32)
#define ENTRY(R, Q) \
  { tile_##R##_##Q##_16, tile_##R##_##Q##_32 }

/* Runs of each length that make a tile: enough sums to hide the latency of a multiply-add, few
 * enough for the registers. */
#if ESP_VECTOR == 8
#define EACH_RUN(M) M(8, 1) M(4, 2) M(4, 3) M(2, 4) M(2, 5) M(2, 6) M(1, 7)
#else
#define EACH_RUN(M) M(8, 1) M(8, 2) M(5, 3) M(4, 4) M(3, 5) M(2, 6) M(2, 7)
#endif

#define MANY(R, Q) BOTH(TILE, R, Q)
BOTH(TILE, 4, 1)
BOTH(TILE, 2, 1)
BOTH(TILE, 1, 1)
BOTH(TILE, 1, 2)
BOTH(TILE, 1, 3)
BOTH(TILE, 1, 4)
BOTH(TILE, 1, 5)
BOTH(TILE, 1, 6)
#if ESP_VECTOR != 8
BOTH(TILE, 1, 7)
#endif
EACH_RUN(MANY)

/* By the length of the runs: how many make a tile, that tile, and the one for a single run. */
typedef struct shape {
  int runs;
  tile_function *many[2], *one[2]; /* steps 16 and 32 */
} shape;
#define SHAPE(R, Q) {R, ENTRY(R, Q), ENTRY(1, Q)},
static const shape shapes[] = {EACH_RUN(SHAPE)};

/* Up to 7 pixels, each a run of its own: alone a sum would wait for itself. Returns how many of
 * them are done. */
static int few_pixels(const esp__correlate_csr *k, const esp__pixel *pixel, int pixels, bool wide) {
  static tile_function *const four[] = ENTRY(4, 1), *const two[] = ENTRY(2, 1);
  int p = 0;
  if (pixels & 4) four[wide](k, pixel, NULL), p += 4;
  if (pixels & 2) two[wide](k, pixel + p, NULL), p += 2;
  return p;
}

void ESP_ISA_NAME(esp__correlate_csr)(const esp__correlate_csr *k) {
  const shape *s = &shapes[k->run - 1];
  const int tile = k->run * s->runs, wide = k->step == 32;
  int p = 0;
  for (; p + tile <= k->pixels; p += tile)
    s->many[wide](k, k->pixel + p, p + 2 * tile <= k->pixels ? k->pixel + p + tile : NULL);
  if (k->run == 1) p += few_pixels(k, k->pixel + p, k->pixels - p, wide);
  for (; p < k->pixels; p += k->run) s->one[wide](k, k->pixel + p, NULL);
}

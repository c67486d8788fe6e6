/* The gradient of the nonzero weights: the sums of up to COLUMNS entries of one output in
 * registers, while a patch of pixels passes.
 *
 * A run of pixels loads its gradients of y once; each entry then takes one address and one
 * multiply-add with a memory operand per pixel, so the ceiling is the arithmetic peak as long as x
 * comes from the first-level cache. It does because all outputs pass over a patch of one block of
 * channels before the next; between patches the sums are spilled to `partial_sums`. */
#include "base/integer.h"
#include "kernels/kernels.h"
#include "kernels/reduce_simd.h"
#include "kernels/simd.h"

enum { COLUMNS = ESP_VECTOR == 8 ? 8 : 22, RUN_MAX = 8 };

/* One output's entries over one patch. */
typedef struct work_item {
  const float *x, *y;
  const esp__pixel *pixel, *end;
  const int32_t *col;
  float *partial_sums;
  bool first; /* the sums start from 0, else from `partial_sums` */
} work_item;

static inline __attribute__((always_inline)) void tile(const work_item *i, const int columns,
                                                       const int run, const int step) {
  esp__vec sum[COLUMNS], grad[RUN_MAX];
#pragma GCC unroll 24
  for (int c = 0; c < columns; c++)
    sum[c] = i->first ? esp__vec_set(0.0f) : esp__vec_load(i->partial_sums + c * ESP_LANES);
  for (const esp__pixel *p = i->pixel; p < i->end; p += run) {
    const float *x = i->x + p->x, *y = i->y + p->y;
#pragma GCC unroll 8
    for (int q = 0; q < run; q++) grad[q] = esp__vec_load(y + q * ESP_LANES);
#pragma GCC unroll 24
    for (int c = 0; c < columns; c++) {
      const float *at = x + i->col[c];
#pragma GCC unroll 8
      for (int q = 0; q < run; q++)
        sum[c] = esp__vec_fma(grad[q], esp__vec_load(at + q * step), sum[c]);
    }
  }
#pragma GCC unroll 24
  for (int c = 0; c < columns; c++) esp__vec_store(i->partial_sums + c * ESP_LANES, sum[c]);
}

/* Runs of 8, 4, 7, 2 or 1, at steps of 16 or 32; longer runs that one of these divides are several.
 * With 16 registers a run of 8 is two of 4. */
typedef void tile_function(const work_item *i);
#define TILE(C, Q, S)                                    \
  static void tile_##C##_##Q##_##S(const work_item *i) { \
    tile(i, C, Q, S);                                    \
  }
#define NAME(C, Q, S) tile_##C##_##Q##_##S,
#define FOUR(M, a, b, c, d, Q, S) M(a, Q, S) M(b, Q, S) M(c, Q, S) M(d, Q, S)
#define EIGHT(M, Q, S) FOUR(M, 1, 2, 3, 4, Q, S) FOUR(M, 5, 6, 7, 8, Q, S)
#define SIXTEEN(M, Q, S) EIGHT(M, Q, S) FOUR(M, 9, 10, 11, 12, Q, S) FOUR(M, 13, 14, 15, 16, Q, S)
#if ESP_VECTOR == 8
#define EACH_COLUMN EIGHT
#else
#define EACH_COLUMN(M, Q, S) SIXTEEN(M, Q, S) FOUR(M, 17, 18, 19, 20, Q, S) M(21, Q, S) M(22, Q, S)
#endif
#define BOTH_STEPS(Q) EACH_COLUMN(TILE, Q, 16) EACH_COLUMN(TILE, Q, 32)
#if ESP_VECTOR != 8
BOTH_STEPS(8)
#endif
BOTH_STEPS(4)
BOTH_STEPS(7)
BOTH_STEPS(2)
BOTH_STEPS(1)

typedef struct shape {
  int run;
  tile_function *tile[2][COLUMNS];
} shape;
#define SHAPE(Q) {Q, {{EACH_COLUMN(NAME, Q, 16)}, {EACH_COLUMN(NAME, Q, 32)}}},
static const shape shapes[] = {
#if ESP_VECTOR != 8
    SHAPE(8)
#endif
        SHAPE(4) SHAPE(7) SHAPE(2) SHAPE(1)};

/* Prefetches output o's share of what the patch behind pixel `next` reads. */
static void prefetch(const esp__correlate_weights_csr *k, int next, int o) {
  if (!k->prefetch.line || next >= k->pixels) return;
  esp__prefetch(&k->prefetch, k->x + k->pixel[next].x, o, k->outputs);
  for (int p = next; p < esp__least(next + k->patch, k->pixels); p++)
    __builtin_prefetch(k->y + (size_t)o * k->y_channel + k->pixel[p].y, 0, 2);
}

/* All entries of a block over one patch; returns where the next block's partial sums are. */
static float *run_block(const esp__correlate_weights_csr *k, const shape *s, int first, int pixels,
                        int b, float *partial_sums) {
  const uint32_t *row_ptr = k->row_ptr + b * k->rows;
  for (size_t lane = 0; lane < ESP_LANES; lane += ESP_VECTOR) {
    work_item i = {.x = k->x + lane,
                   .y = k->y + lane,
                   .pixel = k->pixel + first,
                   .end = k->pixel + first + pixels,
                   .partial_sums = partial_sums + lane,
                   .first = first == 0};
    for (int o = 0; o < k->outputs; o++, i.y += k->y_channel) {
      if (b == 0 && lane == 0) prefetch(k, first + pixels, o);
      for (uint32_t e = row_ptr[o]; e < row_ptr[o + 1];) {
        const int columns = esp__least((int)(row_ptr[o + 1] - e), COLUMNS);
        i.col = k->col + e;
        s->tile[k->step == 32][columns - 1](&i);
        i.partial_sums += columns * ESP_LANES;
        e += (uint32_t)columns;
      }
    }
  }
  return partial_sums + (size_t)(row_ptr[k->outputs] - row_ptr[0]) * ESP_LANES;
}

void ESP_ISA_NAME(esp__correlate_weights_csr)(const esp__correlate_weights_csr *k) {
  const shape *s = shapes;
  while (k->run % s->run != 0) s++;
  for (int first = 0; first < k->pixels; first += k->patch) {
    float *partial_sums = k->partial_sums;
    for (int b = 0; b < k->blocks; b++)
      partial_sums =
          run_block(k, s, first, esp__least(k->pixels - first, k->patch), b, partial_sums);
  }
  const float *partial_sums = k->partial_sums;
  for (int b = 0; b < k->blocks; b++)
    for (uint32_t e = k->row_ptr[b * k->rows], end = k->row_ptr[b * k->rows + k->outputs];
         e < end;) {
      const int count = esp__least((int)(end - e), 8);
      esp__reduce_lanes(partial_sums, count, k->sum + e);
      partial_sums += count * ESP_LANES;
      e += (uint32_t)count;
    }
}

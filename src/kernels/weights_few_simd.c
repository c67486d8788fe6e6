/* The gradient of the weights over few pixels: a vector is columns, not images.
 *
 * With images side by side, 16 partial sums of each weight have to be added up, which takes longer
 * than a handful of products. So what is read of x is transposed, once for all outputs; then an
 * output's gradient of an image is one number for a vector of columns, and the tree over the images
 * is made of additions of vectors, in the order of esp__lanes_sum. */
#include "kernels/weights_few.h"
#include "base/inline.h"
#include "base/integer.h"
#include "kernels/simd.h"

enum { VECS = 2, COLUMNS = VECS * ESP_VECTOR };

/* ESP_VECTOR rows of as many numbers, in place: each step moves the lowest bit of a number's place
 * to the top, so after log2(ESP_VECTOR) steps rows and columns have changed places. */
ESP_INLINE void transpose(esp__vec row[ESP_VECTOR]) {
#pragma GCC unroll 4
  for (int step = 1; step < ESP_VECTOR; step *= 2) {
    esp__vec to[ESP_VECTOR];
#pragma GCC unroll 8
    for (int i = 0; i < ESP_VECTOR / 2; i++) {
      to[i] = esp__vec_even(row[2 * i], row[2 * i + 1]);
      to[ESP_VECTOR / 2 + i] = esp__vec_odd(row[2 * i], row[2 * i + 1]);
    }
#pragma GCC unroll 16
    for (int i = 0; i < ESP_VECTOR; i++) row[i] = to[i];
  }
}

/* Some columns of all pixels: to[(pixel * 16 + image) * COLUMNS + column]. Past the last
 * column the last one stands again. */
static void gather(const esp__correlate_weights *k, int first, float *to) {
  const int columns = esp__least(k->columns - first, COLUMNS);
  for (int p = 0; p < k->pixels; p++)
    for (int lane = 0; lane < ESP_LANES; lane += ESP_VECTOR)
      for (int j = 0; j < columns; j += ESP_VECTOR) {
        esp__vec row[ESP_VECTOR];
        for (int i = 0; i < ESP_VECTOR; i++)
          row[i] = esp__vec_load(k->x + k->pixel[p].x +
                                 k->column[first + esp__least(j + i, columns - 1)] + lane);
        transpose(row);
        for (int i = 0; i < ESP_VECTOR; i++)
          esp__vec_store(to + (p * ESP_LANES + lane + i) * COLUMNS + j, row[i]);
      }
}

/* Outputs by columns, whose sums are held in registers. */
typedef struct tile {
  const float *x; /* as gather has written it */
  const float *y[ESP_TILE];
  const esp__pixel *pixel;
  int pixels;
} tile;

typedef esp__vec sums[ESP_TILE][VECS];
#define EACH_SUM                                         \
  _Pragma("GCC unroll 4") for (int o = 0; o < outs; o++) \
      _Pragma("GCC unroll 2") for (int c = 0; c < vecs; c++)

/* An image's products, pixel by pixel. */
ESP_INLINE void add_image(const tile *t, int image, sums sum, const int outs, const int vecs) {
  const float *x = t->x + image * COLUMNS;
  EACH_SUM sum[o][c] = esp__vec_set(0.0f);
  for (int p = 0; p < t->pixels; p++, x += ESP_LANES * COLUMNS) {
    const int at = t->pixel[p].y + image;
    EACH_SUM sum[o][c] =
        esp__vec_fma(esp__vec_set(t->y[o][at]), esp__vec_load(x + c * ESP_VECTOR), sum[o][c]);
  }
}

/* Images l, l + 8, l + 4 and l + 12. */
ESP_INLINE void add_quarter(const tile *t, int l, sums sum, const int outs, const int vecs) {
  sums other, last;
  add_image(t, l, sum, outs, vecs);
  add_image(t, l + 8, other, outs, vecs);
  EACH_SUM sum[o][c] = esp__vec_add(sum[o][c], other[o][c]);
  add_image(t, l + 4, other, outs, vecs);
  add_image(t, l + 12, last, outs, vecs);
  EACH_SUM sum[o][c] = esp__vec_add(sum[o][c], esp__vec_add(other[o][c], last[o][c]));
}

/* All images; the sums of output o go to to + o * COLUMNS. */
ESP_INLINE void add_all(const tile *t, float *to, const int outs, const int vecs) {
  sums quarter[4];
  for (int l = 0; l < 4; l++) add_quarter(t, l, quarter[l], outs, vecs);
  EACH_SUM esp__vec_store(to + o * COLUMNS + c * ESP_VECTOR,
                          esp__vec_add(esp__vec_add(quarter[0][o][c], quarter[2][o][c]),
                                       esp__vec_add(quarter[1][o][c], quarter[3][o][c])));
}
#undef EACH_SUM

typedef void add_function(const tile *t, float *to);
#define TILE(O, C)                                      \
  static void add_##O##_##C(const tile *t, float *to) { \
    add_all(t, to, O, C);                               \
  }
#define FOUR(C) TILE(1, C) TILE(2, C) TILE(3, C) TILE(4, C)
#define ROW(C) \
  { add_1_##C, add_2_##C, add_3_##C, add_4_##C }
FOUR(1)
FOUR(2)
static add_function *const add_alls[VECS][ESP_TILE] = {ROW(1), ROW(2)};

/* Numbers of an output, vector by vector as far as they go. */
static void put(float *to, const float *sum, int count, bool add) {
  int i = 0;
  for (; i + ESP_VECTOR <= count; i += ESP_VECTOR) {
    const esp__vec now = esp__vec_load(sum + i);
    esp__vec_store_any(to + i, add ? esp__vec_add(esp__vec_load_any(to + i), now) : now);
  }
  for (; i < count; i++) to[i] = add ? to[i] + sum[i] : sum[i];
}

/* Some outputs at the columns from number j on, whose x is gathered. Where the sums go is fetched
 * while they are made. */
static void run_tile(const esp__correlate_weights *k, int j, int o) {
  const int columns = esp__least(k->columns - j, COLUMNS),
            outs = esp__least(k->outputs - o, ESP_TILE);
  float *to = k->sum + (size_t)o * k->sum_stride + j;
  _Alignas(64) float sum[ESP_TILE * COLUMNS];
  tile t = {.x = k->partial_sums, .pixel = k->pixel, .pixels = k->pixels};
  for (int i = 0; i < outs; i++) {
    t.y[i] = k->y + (size_t)(o + i) * k->y_channel;
    for (int c = 0; c < columns; c += ESP_LANES)
      __builtin_prefetch(to + (size_t)i * k->sum_stride + c, 1);
  }
  add_alls[columns > ESP_VECTOR][outs - 1](&t, sum);
  for (int i = 0; i < outs; i++)
    put(to + (size_t)i * k->sum_stride, sum + i * COLUMNS, columns, k->add);
}

void ESP_ISA_NAME(esp__correlate_weights_few)(const esp__correlate_weights *k) {
  for (int j = 0; j < k->columns; j += COLUMNS) {
    gather(k, j, k->partial_sums);
    for (int o = 0; o < k->outputs; o += ESP_TILE) run_tile(k, j, o);
  }
}

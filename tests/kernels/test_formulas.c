/* The scalar kernels against the formulas in their headers, written out in double precision. What
 * the other instruction sets return is the same to the bit (test_kernels.c). */
#include "kernels/expf.h"
#include "kernels/kernels.h"
#include "suite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const esp__kernels *scalar(void) {
  return esp__kernels_at(0);
}

/* Uniform in [-1, 1). */
static float draw(uint64_t key, size_t i) {
  return 2.0f * esp_random_uniform(key, i) - 1.0f;
}

static void fill(float *to, size_t count, uint64_t key) {
  for (size_t i = 0; i < count; i++) to[i] = draw(key, i);
}

static bool near(double a, double b, double tolerance) {
  return fabs(a - b) <= tolerance;
}

static void *zeros(size_t count, size_t size) {
  void *p = calloc(count, size);
  ck_assert_ptr_nonnull(p);
  return p;
}

/* ---- correlation ---- */

/* A padded convolution, its data in plain order, and the lists that the kernel wants. */
typedef struct convolution {
  int channels, outputs, height, width, rows, columns, stride, padding;
  int out_height, out_width;
  float *x; /* with its border of zeros: [channels][height + 2 padding][width + 2 padding][16] */
  float *weight; /* [outputs][channels][rows][columns] */
  float *packed, *bias, *y;
  esp__pixel *pixel;
  int32_t *tap;   /* as columns */
  esp__tap *taps; /* as taps */
} convolution;

static size_t at_x(const convolution *v, int c, int row, int column) {
  const int height = v->height + 2 * v->padding, width = v->width + 2 * v->padding;
  return (size_t)(((c * height + row + v->padding) * width + column + v->padding) * ESP_LANES);
}
static size_t at_weight(const convolution *v, int o, int c, int row, int column) {
  return (size_t)(((o * v->channels + c) * v->rows + row) * v->columns + column);
}
static size_t at_y(const convolution *v, int o, int row, int column) {
  return (size_t)(((o * v->out_height + row) * v->out_width + column) * ESP_LANES);
}

static int pick(uint64_t key, uint64_t i, int low, int high) {
  return low + (int)esp_random_below(key, i, (uint32_t)(high - low + 1));
}

static void fill_input(convolution *v, uint64_t key) {
  const size_t plane = at_x(v, 1, 0, 0) - at_x(v, 0, 0, 0);
  v->x = zeros((size_t)v->channels * plane, sizeof *v->x);
  for (int c = 0; c < v->channels; c++)
    for (int i = 0; i < v->height * v->width; i++)
      fill(v->x + at_x(v, c, i / v->width, i % v->width), ESP_LANES,
           key + (uint64_t)(c * 1000 + i));
}

static void pack(convolution *v) {
  float *to = v->packed;
  for (int tile = 0; tile < v->outputs; tile += ESP_TILE)
    for (int c = 0; c < v->channels; c++)
      for (int i = 0; i < v->rows * v->columns; i++)
        for (int o = tile; o < tile + ESP_TILE && o < v->outputs; o++)
          *to++ = v->weight[at_weight(v, o, c, i / v->columns, i % v->columns)];
}

static void make_lists(convolution *v) {
  const int pixels = v->out_height * v->out_width, taps = v->rows * v->columns;
  const size_t origin = at_x(v, 0, 0, 0);
  v->pixel = zeros((size_t)pixels, sizeof *v->pixel);
  v->tap = zeros((size_t)taps, sizeof *v->tap);
  v->taps = zeros((size_t)taps, sizeof *v->taps);
  for (int i = 0; i < pixels; i++) {
    const int r = i / v->out_width, c = i % v->out_width;
    const size_t x = at_x(v, 0, r * v->stride - v->padding, c * v->stride - v->padding);
    v->pixel[i] = (esp__pixel){(int32_t)x - (int32_t)origin, (int32_t)at_y(v, 0, r, c)};
  }
  for (int i = 0; i < taps; i++)
    v->tap[i] = (int32_t)(at_x(v, 0, i / v->columns, i % v->columns) - origin);
  for (int i = 0; i < taps; i++) v->taps[i] = (esp__tap){v->tap[i], i};
}

static convolution make_convolution(uint64_t key) {
  convolution v = {.channels = pick(key, 0, 1, 5),
                   .outputs = pick(key, 1, 1, 9),
                   .rows = pick(key, 2, 1, 5),
                   .columns = pick(key, 3, 1, 5),
                   .stride = pick(key, 4, 1, 3),
                   .padding = pick(key, 5, 0, 3)};
  v.height = pick(key, 6, v.rows, 9);
  v.width = pick(key, 7, v.columns, 9);
  v.out_height = (v.height + 2 * v.padding - v.rows) / v.stride + 1;
  v.out_width = (v.width + 2 * v.padding - v.columns) / v.stride + 1;
  const size_t weights = at_weight(&v, v.outputs, 0, 0, 0);
  v.weight = zeros(weights, sizeof *v.weight);
  v.packed = zeros(weights, sizeof *v.packed);
  v.bias = zeros((size_t)v.outputs, sizeof *v.bias);
  v.y = zeros(at_y(&v, v.outputs, 0, 0), sizeof *v.y);
  fill(v.weight, weights, key + 100);
  fill(v.bias, (size_t)v.outputs, key + 200);
  fill(v.y, at_y(&v, v.outputs, 0, 0), key + 300);
  fill_input(&v, key + 400);
  pack(&v);
  make_lists(&v);
  return v;
}

static void free_convolution(convolution *v) {
  free(v->x);
  free(v->weight);
  free(v->packed);
  free(v->bias);
  free(v->y);
  free(v->pixel);
  free(v->tap);
  free(v->taps);
}

static esp__correlate correlate_of(const convolution *v) {
  return (esp__correlate){.x = v->x + at_x(v, 0, 0, 0),
                          .x_channel = at_x(v, 1, 0, 0) - at_x(v, 0, 0, 0),
                          .y = v->y,
                          .y_channel = at_y(v, 1, 0, 0),
                          .pixel = v->pixel,
                          .pixels = v->out_height * v->out_width,
                          .tap = v->taps,
                          .taps = v->rows * v->columns,
                          .weights = v->rows * v->columns,
                          .channels = v->channels,
                          .outputs = v->outputs,
                          .weight = v->packed};
}

static double input_of(const convolution *v, int c, int row, int column, int lane) {
  if (row < 0 || row >= v->height || column < 0 || column >= v->width) return 0.0;
  return (double)v->x[at_x(v, c, row, column) + (size_t)lane];
}

static double convolve(const convolution *v, int o, int row, int column, int lane) {
  double sum = 0.0;
  for (int c = 0; c < v->channels; c++)
    for (int i = 0; i < v->rows; i++)
      for (int j = 0; j < v->columns; j++)
        sum += (double)v->weight[at_weight(v, o, c, i, j)] *
               input_of(v, c, row * v->stride - v->padding + i, column * v->stride - v->padding + j,
                        lane);
  return sum;
}

static double worst_convolution(const convolution *v, const float *before, bool bias,
                                bool accumulate) {
  double worst = 0.0;
  for (int o = 0; o < v->outputs; o++)
    for (int i = 0; i < v->out_height * v->out_width * ESP_LANES; i++) {
      const int lane = i % ESP_LANES, pixel = i / ESP_LANES;
      const size_t at = at_y(v, o, 0, 0) + (size_t)i;
      double expected = convolve(v, o, pixel / v->out_width, pixel % v->out_width, lane);
      if (bias) expected += (double)v->bias[o];
      if (accumulate) expected += (double)before[at];
      worst = fmax(worst, fabs(expected - (double)v->y[at]));
    }
  return worst;
}

START_TEST(correlate_is_a_convolution) {
  for (uint64_t key = 0; key < 60; key++) {
    convolution v = make_convolution(key);
    const size_t floats = at_y(&v, v.outputs, 0, 0);
    float *before = zeros(floats, sizeof *before);
    memcpy(before, v.y, floats * sizeof *before);
    esp__correlate k = correlate_of(&v);
    k.epilogue = (esp__epilogue){.bias = key % 2 ? v.bias : NULL, .accumulate = key % 3 == 0};
    scalar()->correlate(&k);
    const double worst = worst_convolution(&v, before, k.epilogue.bias, k.epilogue.accumulate);
    ck_assert_msg(worst < 2e-5, "key %d: off by %g", (int)key, worst);
    free(before);
    free_convolution(&v);
  }
}
END_TEST

/* d weight[o][c][i][j] of one image, by definition. */
static double weight_gradient(const convolution *v, int o, int c, int i, int j, int lane) {
  double sum = 0.0;
  for (int row = 0; row < v->out_height; row++)
    for (int column = 0; column < v->out_width; column++)
      sum += (double)v->y[at_y(v, o, row, column) + (size_t)lane] *
             input_of(v, c, row * v->stride - v->padding + i, column * v->stride - v->padding + j,
                      lane);
  return sum;
}

static double worst_weight_gradient(const convolution *v, const float *before, const float *sum,
                                    int outputs) {
  const int taps = v->rows * v->columns, columns = v->channels * taps;
  double worst = 0.0;
  for (int i = 0; i < outputs * columns; i++) {
    const int column = i % columns, o = i / columns, tap = column % taps;
    double expected = before ? (double)before[i] : 0.0;
    for (int lane = 0; lane < ESP_LANES; lane++)
      expected += weight_gradient(v, o, column / taps, tap / v->columns, tap % v->columns, lane);
    worst = fmax(worst, fabs(expected - (double)sum[i]));
  }
  return worst;
}

START_TEST(correlate_weights_is_its_gradient) {
  for (uint64_t key = 0; key < 60; key++) {
    convolution v = make_convolution(key);
    const int taps = v.rows * v.columns, columns = v.channels * taps;
    const int outputs = v.outputs < ESP_TILE ? v.outputs : ESP_TILE;
    const size_t channel = at_x(&v, 1, 0, 0) - at_x(&v, 0, 0, 0),
                 sums = (size_t)(outputs * columns);
    int32_t *column = zeros((size_t)columns, sizeof *column);
    for (int i = 0; i < columns; i++)
      column[i] = (int32_t)((size_t)(i / taps) * channel) + v.tap[i % taps];
    float *before = zeros(sums, sizeof *before), *sum = zeros(sums, sizeof *sum),
          *partial_sums = zeros(sums + ESP_TILE * 8, ESP_LANES * sizeof *partial_sums);
    fill(before, sums, key + 500);
    memcpy(sum, before, sums * sizeof *sum);
    const esp__correlate c = correlate_of(&v);
    scalar()->correlate_weights(&(esp__correlate_weights){.x = c.x,
                                                          .y = v.y,
                                                          .y_channel = c.y_channel,
                                                          .pixel = v.pixel,
                                                          .pixels = c.pixels,
                                                          .column = column,
                                                          .columns = columns,
                                                          .outputs = outputs,
                                                          .sum = sum,
                                                          .sum_stride = (size_t)columns,
                                                          .add = key % 2 == 1,
                                                          .partial_sums = partial_sums});
    const double worst = worst_weight_gradient(&v, key % 2 ? before : NULL, sum, outputs);
    ck_assert_msg(worst < 1e-4, "key %d: off by %g", (int)key, worst);
    free(before);
    free(sum);
    free(partial_sums);
    free(column);
    free_convolution(&v);
  }
}
END_TEST

/* One pixel, one channel, one tap: y of w * x, however the bits of a zero come about. */
static float one_product(const esp__kernels *k, float w, float x, const float *bias,
                         const float *old) {
  _Alignas(64) float in[ESP_LANES], out[ESP_LANES];
  const esp__pixel pixel = {0, 0};
  const esp__tap tap = {0, 0};
  for (int l = 0; l < ESP_LANES; l++) {
    in[l] = x;
    out[l] = old ? *old : 1.0f;
  }
  k->correlate(&(esp__correlate){in,
                                 ESP_LANES,
                                 out,
                                 ESP_LANES,
                                 &pixel,
                                 1,
                                 &tap,
                                 1,
                                 1,
                                 1,
                                 &w,
                                 1,
                                 {.bias = bias, .accumulate = old}});
  return out[0];
}

START_TEST(a_zero_is_positive) {
  static const float factors[] = {0.0f, -0.0f, 1.0f, -1.0f, 1e-30f, -1e-30f, 1e-45f, -1e-45f};
  const float zero = 0.0f, minus = -0.0f;
  const float *optional[] = {NULL, &zero, &minus};
  const esp__kernels *k;
  for (size_t isa = 0; (k = esp__kernels_at(isa)); isa++)
    for (size_t i = 0; i < 8 * 8 * 9; i++) {
      const float w = factors[i % 8], x = factors[i / 8 % 8];
      const float y = one_product(k, w, x, optional[i / 64 % 3], optional[i / 192]);
      ck_assert_msg(y != 0.0f || !signbit(y), "%s: %g * %g gives -0", k->isa, (double)w, (double)x);
    }
}
END_TEST

/* A masked layer must give the bits of a sparse kernel, which never sees the zero weights, and a
 * list that leaves taps out those of one that does not, where they meet zeros. */
START_TEST(a_zero_weight_adds_nothing) {
  for (uint64_t key = 0; key < 60; key++) {
    convolution v = make_convolution(key);
    const int taps = v.rows * v.columns, left = (taps + 1) / 2;
    const size_t floats = at_y(&v, v.outputs, 0, 0), weights = at_weight(&v, v.outputs, 0, 0, 0);
    for (size_t i = 0; i < weights; i++)
      if ((int)i % taps % 2 == 1) v.weight[i] = i % 4 == 1 ? 0.0f : -0.0f;
    pack(&v);
    esp__correlate k = correlate_of(&v);
    scalar()->correlate(&k);
    float *dense = zeros(floats, sizeof *dense);
    memcpy(dense, v.y, floats * sizeof *dense);
    for (int t = 0; t < left; t++) v.taps[t] = v.taps[2 * t];
    k.taps = left;
    scalar()->correlate(&k);
    ck_assert_msg(memcmp(dense, v.y, floats * sizeof *dense) == 0, "key %d", (int)key);
    free(dense);
    free_convolution(&v);
  }
}
END_TEST

/* ---- Winograd ---- */

typedef struct matrix {
  int rows, columns;
  double at[6][6];
} matrix;

/* As winograd.h has them; A_ and B_ stand for A' and B'. */
#define ROOT 1.41421356237309504880
#define HALF_ROOT (ROOT / 2)
static const matrix B_ = {6,
                          6,
                          {{1, 0, -2.5, 0, 1, 0},
                           {0, -ROOT, -2, HALF_ROOT, 1, 0},
                           {0, ROOT, -2, -HALF_ROOT, 1, 0},
                           {0, -HALF_ROOT, -0.5, ROOT, 1, 0},
                           {0, HALF_ROOT, -0.5, -ROOT, 1, 0},
                           {0, 1, 0, -2.5, 0, 1}}},
                    G = {6,
                         3,
                         {{1, 0, 0},
                          {-2.0 / 3, -ROOT / 3, -1.0 / 3},
                          {-2.0 / 3, ROOT / 3, -1.0 / 3},
                          {1.0 / 6, ROOT / 6, 1.0 / 3},
                          {1.0 / 6, -ROOT / 6, 1.0 / 3},
                          {0, 0, 1}}},
                    A_ = {4,
                          6,
                          {{1, 1, 1, 1, 1, 0},
                           {0, HALF_ROOT, -HALF_ROOT, ROOT, -ROOT, 0},
                           {0, 0.5, 0.5, 2, 2, 0},
                           {0, ROOT / 4, -ROOT / 4, 2 * ROOT, -2 * ROOT, 1}}};

static matrix transposed(const matrix *m) {
  matrix t = {m->columns, m->rows, {{0}}};
  for (int i = 0; i < t.rows; i++)
    for (int j = 0; j < t.columns; j++) t.at[i][j] = m->at[j][i];
  return t;
}

/* m v m' */
static matrix on_both_sides(const matrix *m, const matrix *v) {
  matrix product = {m->rows, m->rows, {{0}}};
  for (int i = 0; i < m->rows * m->rows; i++)
    for (int k = 0; k < m->columns * m->columns; k++)
      product.at[i / m->rows][i % m->rows] += m->at[i / m->rows][k / m->columns] *
                                              v->at[k / m->columns][k % m->columns] *
                                              m->at[i % m->rows][k % m->columns];
  return product;
}

/* Numbers of a matrix `row` and `column` apart, from a place on. */
static matrix gather(const float *from, int rows, int columns, size_t row, size_t column) {
  matrix v = {rows, columns, {{0}}};
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < columns; j++)
      v.at[i][j] = (double)from[(size_t)i * row + (size_t)j * column];
  return v;
}

static void expect_matrix(const matrix *got, const matrix *expected, const char *of, int i) {
  for (int r = 0; r < expected->rows; r++)
    for (int c = 0; c < expected->columns; c++)
      if (!near(got->at[r][c], expected->at[r][c], 2e-6 * fmax(1.0, fabs(expected->at[r][c]))))
        ck_abort_msg("%s %d, row %d, column %d: %.9g, expected %.9g", of, i, r, c, got->at[r][c],
                     expected->at[r][c]);
}

/* They are what makes of a correlation a product: with any window and any inputs, in double
 * precision. */
START_TEST(the_matrices_of_winograd_correlate) {
  static float random[9 + 36];
  fill(random, 9 + 36, 30 + (uint64_t)_i);
  const matrix g = gather(random, 3, 3, 3, 1), d = gather(random + 9, 6, 6, 6, 1),
               u = on_both_sides(&G, &g), v = on_both_sides(&B_, &d);
  matrix product = {6, 6, {{0}}}, expected = {4, 4, {{0}}};
  for (int i = 0; i < 36; i++) product.at[i / 6][i % 6] = u.at[i / 6][i % 6] * v.at[i / 6][i % 6];
  for (int i = 0; i < 16 * 9; i++)
    expected.at[i / 9 / 4][i / 9 % 4] +=
        g.at[i % 9 / 3][i % 3] * d.at[i / 9 / 4 + i % 9 / 3][i / 9 % 4 + i % 3];
  const matrix got = on_both_sides(&A_, &product);
  for (int i = 0; i < 16; i++)
    ck_assert_msg(near(got.at[i / 4][i % 4], expected.at[i / 4][i % 4], 1e-13), "output %d", i);
}
END_TEST

/* Tiles of a plane of 10x11 with two pixels between its rows, in no order; some are cut off. */
enum {
  TILES = 5,
  DOWN = 10,
  ACROSS = 11,
  ROW = (ACROSS + 2) * ESP_LANES,
  FIELD = DOWN * ROW,
  BELOW = 4 * ROW
};
enum { POINT_STRIDE = (TILES + 1) * ESP_LANES };
#define AT(row, column) ((row)*ROW + (column)*ESP_LANES)
static const esp__winograd_tile tiles[TILES] = {{AT(4, 5), AT(6, 7), 4, 4},
                                                {AT(0, 0), AT(0, 0), 4, 4},
                                                {AT(7, 3), AT(9, 3), 1, 4},
                                                {AT(2, 7), AT(2, 8), 4, 2},
                                                {AT(5, 8), AT(7, 0), 3, 1}};

/* Those numbers of a matrix that are not in the plane are 0. */
static matrix cut_off(const matrix *m, const esp__winograd_tile *s, int more) {
  matrix v = *m;
  for (int i = 0; i < m->rows * m->columns; i++)
    if (i / m->columns >= s->rows + more || i % m->columns >= s->columns + more)
      v.at[i / m->columns][i % m->columns] = 0.0;
  return v;
}

/* What is not in the plane is not a number here: it must not be looked at. */
static void spoil_gaps(float *plane) {
  for (int i = 0; i < FIELD + BELOW; i++)
    if (i >= FIELD || i % ROW >= ACROSS * ESP_LANES) plane[i] = NAN;
}

static matrix tile_of(const float *from, int size) {
  return gather(from, size, size, ROW, ESP_LANES);
}

START_TEST(winograd_input_is_its_formula) {
  static float x[FIELD + BELOW], to[ESP_WINOGRAD_POINTS * POINT_STRIDE];
  fill(x, FIELD, 31);
  spoil_gaps(x);
  scalar()->winograd_input(&(esp__winograd_plane){.plane = x,
                                                  .row = ROW,
                                                  .tile = tiles,
                                                  .tiles = TILES,
                                                  .to = to,
                                                  .point_stride = POINT_STRIDE});
  for (int i = 0; i < TILES * ESP_LANES; i++) {
    const esp__winograd_tile *s = &tiles[i / ESP_LANES];
    const matrix all = tile_of(x + s->x + i % ESP_LANES, 6), d = cut_off(&all, s, 2),
                 expected = on_both_sides(&B_, &d),
                 got = gather(to + i, 6, 6, (size_t)6 * POINT_STRIDE, POINT_STRIDE);
    expect_matrix(&got, &expected, "image", i);
  }
}
END_TEST

START_TEST(winograd_gradient_is_its_formula) {
  static float y[FIELD + BELOW], to[ESP_WINOGRAD_POINTS * POINT_STRIDE];
  const matrix A = transposed(&A_);
  fill(y, FIELD, 32);
  spoil_gaps(y);
  scalar()->winograd_gradient(&(esp__winograd_plane){.plane = y,
                                                     .row = ROW,
                                                     .tile = tiles,
                                                     .tiles = TILES,
                                                     .to = to,
                                                     .point_stride = POINT_STRIDE});
  for (int i = 0; i < TILES * ESP_LANES; i++) {
    const esp__winograd_tile *s = &tiles[i / ESP_LANES];
    const matrix all = tile_of(y + s->y + i % ESP_LANES, 4), dy = cut_off(&all, s, 0),
                 expected = on_both_sides(&A, &dy),
                 got = gather(to + i, 6, 6, (size_t)6 * POINT_STRIDE, POINT_STRIDE);
    expect_matrix(&got, &expected, "image", i);
  }
}
END_TEST

static double finished(const esp__epilogue *f, double v, double residual, double before) {
  if (f->bias) v += (double)*f->bias;
  if (f->scale) v = v * (double)*f->scale + (double)*f->shift;
  if (f->residual) v += residual;
  if (f->accumulate) v += before;
  return f->relu && v < 0.0 ? 0.0 : v;
}

START_TEST(winograd_output_is_its_formula) {
  static float from[ESP_WINOGRAD_POINTS * POINT_STRIDE], before[FIELD + BELOW],
      residual[FIELD + BELOW], y[FIELD + BELOW];
  static const float bias = 0.25f, scale = -1.5f, shift = 0.75f;
  esp__epilogue f = {.accumulate = _i & 1, .relu = _i & 2};
  if (_i & 4) f.bias = &bias;
  if (_i & 8) f.scale = &scale, f.shift = &shift;
  if (_i & 16) f.residual = residual;
  fill(from, ESP_WINOGRAD_POINTS * POINT_STRIDE, 33);
  fill(residual, FIELD, 34);
  fill(before, FIELD, 35);
  memcpy(y, before, sizeof y);
  scalar()->winograd_output(&(esp__winograd_output){.from = from,
                                                    .point_stride = POINT_STRIDE,
                                                    .tile = tiles,
                                                    .tiles = TILES,
                                                    .y = y,
                                                    .row = ROW,
                                                    .epilogue = f});
  for (int i = 0; i < TILES * ESP_LANES; i++) {
    const esp__winograd_tile *s = &tiles[i / ESP_LANES];
    const int at = s->y + i % ESP_LANES;
    const matrix m = gather(from + i, 6, 6, (size_t)6 * POINT_STRIDE, POINT_STRIDE),
                 old = tile_of(before + at, 4), beside = tile_of(residual + at, 4),
                 got = tile_of(y + at, 4);
    matrix expected = on_both_sides(&A_, &m);
    for (int k = 0; k < 16; k++) {
      const int r = k / 4, c = k % 4;
      expected.at[r][c] = r < s->rows && c < s->columns
                              ? finished(&f, expected.at[r][c], beside.at[r][c], old.at[r][c])
                              : got.at[r][c];
    }
    expect_matrix(&got, &expected, "image", i);
  }
  for (int i = 0; i < FIELD + BELOW; i++) { /* and nothing else has changed */
    bool inside = false;
    for (int k = 0; k < TILES; k++) {
      const int from_first = i - tiles[k].y, r = from_first / ROW, c = from_first % ROW / ESP_LANES;
      inside = inside || (from_first >= 0 && r < tiles[k].rows && c < tiles[k].columns);
    }
    ck_assert_msg(inside || memcmp(&y[i], &before[i], sizeof *y) == 0, "float %d was written", i);
  }
}
END_TEST

/* Some outputs and channels of 5x21 windows. */
enum {
  ALL_OUTPUTS = 5,
  ALL_CHANNELS = 21,
  WINDOWS = ALL_OUTPUTS * ALL_CHANNELS * 9,
  SUMS = ALL_OUTPUTS * ALL_CHANNELS + 3
};
static const int32_t some_outputs[] = {3, 0, 4, 1},
                     some_channels[] = {20, 1, 2, 0, 9, 8, 7, 13, 14, 12, 19, 11, 3, 5, 6, 10, 17};
enum { SOME_CHANNELS = sizeof some_channels / sizeof *some_channels };

/* Output and channel exchanged, and flipped, as the gradient of the input wants them, or not. */
START_TEST(winograd_weights_are_their_formula) {
  static float value[WINDOWS], to[ESP_WINOGRAD_POINTS * SUMS];
  const int outputs = _i / 2 + 1;
  const bool flip = _i % 2;
  esp__winograd_weights k = {.value = value,
                             .output_stride = flip ? 9 : (size_t)ALL_CHANNELS * 9,
                             .channel_stride = flip ? (size_t)ALL_OUTPUTS * 9 : 9,
                             .output = some_outputs,
                             .channel = some_channels,
                             .outputs = outputs,
                             .channels = SOME_CHANNELS,
                             .flip = flip,
                             .to = to,
                             .point_stride = SUMS};
  fill(value, WINDOWS, 36);
  scalar()->winograd_weights(&k);
  for (int i = 0; i < outputs * SOME_CHANNELS; i++) {
    const float *window = value + (size_t)some_outputs[i % outputs] * k.output_stride +
                          (size_t)some_channels[i / outputs] * k.channel_stride;
    matrix g = gather(window, 3, 3, 3, 1);
    for (int t = 0; t < 9 && flip; t++) g.at[t / 3][t % 3] = (double)window[8 - t];
    const matrix expected = on_both_sides(&G, &g),
                 got = gather(to + i, 6, 6, (size_t)6 * SUMS, SUMS);
    expect_matrix(&got, &expected, "window", i);
  }
}
END_TEST

START_TEST(winograd_weight_gradients_are_their_formula) {
  static float sum[ESP_WINOGRAD_POINTS * SUMS], gradient[WINDOWS];
  const matrix G_ = transposed(&G);
  const int outputs = sizeof some_outputs / sizeof *some_outputs;
  fill(sum, ESP_WINOGRAD_POINTS * SUMS, 37);
  scalar()->winograd_weight_gradient(
      &(esp__winograd_weight_gradient){.sum = sum,
                                       .point_stride = SUMS,
                                       .output = some_outputs,
                                       .channel = some_channels,
                                       .outputs = outputs,
                                       .channels = SOME_CHANNELS,
                                       .gradient = gradient,
                                       .output_stride = (size_t)ALL_CHANNELS * 9});
  for (int i = 0; i < outputs * SOME_CHANNELS; i++) {
    const int o = some_outputs[i / SOME_CHANNELS], c = some_channels[i % SOME_CHANNELS];
    const matrix s = gather(sum + i, 6, 6, (size_t)6 * SUMS, SUMS),
                 expected = on_both_sides(&G_, &s),
                 got = gather(gradient + (o * ALL_CHANNELS + c) * 9, 3, 3, 3, 1);
    expect_matrix(&got, &expected, "window", i);
  }
}
END_TEST

/* ---- exp and the activations ---- */

START_TEST(expf_is_exp) {
  for (int i = 0; i <= 1750000; i++) {
    const float x = -87.0f + 1e-4f * (float)i;
    const double exact = exp((double)x);
    if (!near((double)esp__expf(x), exact, 2e-7 * exact)) ck_abort_msg("exp(%.9g)", (double)x);
  }
  ck_assert(esp__expf(0.0f) == 1.0f);
  ck_assert(esp__expf(-1e30f) == esp__expf(-87.0f) && esp__expf(-87.0f) > 0.0f);
  ck_assert(esp__expf(1e30f) == esp__expf(88.0f) && isfinite(esp__expf(88.0f)));
}
END_TEST

static double exact_relu(double x) {
  return x > 0.0 ? x : 0.0;
}
static double exact_leaky_relu(double x) {
  return x > 0.0 ? x : (double)0.01f * x;
}
static double exact_sigmoid(double x) {
  return 1.0 / (1.0 + exp(-x));
}
static double exact_gelu(double x) {
  return 0.5 * x * (1.0 + tanh(sqrt(2.0 / 3.14159265358979323846) * (x + 0.044715 * x * x * x)));
}

static const struct {
  double (*exact)(double);
  double relative, absolute; /* GELU's 1 + tanh cancels where x is far below 0 */
} functions[ESP_ACTIVATIONS] = {
    [ESP_ACT_RELU] = {exact_relu, 0.0, 0.0},   [ESP_ACT_LEAKY_RELU] = {exact_leaky_relu, 1e-7, 0.0},
    [ESP_ACT_TANH] = {tanh, 1e-6, 0.0},        [ESP_ACT_SIGMOID] = {exact_sigmoid, 1e-6, 2e-38},
    [ESP_ACT_GELU] = {exact_gelu, 1e-6, 1e-6},
};

enum { POINTS = 4000 };

/* -8 to 8 finely, then ever further out. */
static float point(int i) {
  if (i < POINTS - 200) return -8.0f + 16.0f * (float)i / (float)(POINTS - 200);
  const int far = i - (POINTS - 200);
  return (far % 2 ? -8.0f : 8.0f) * powf(1.3f, (float)(far / 2));
}

START_TEST(activations_are_their_formulas) {
  const esp_activation kind = (esp_activation)_i;
  const esp__extent e = {1, POINTS / ESP_LANES};
  static float x[POINTS], y[POINTS];
  for (int i = 0; i < POINTS; i++) x[i] = point(i);
  scalar()->activate(kind, e, (esp__rows){x, POINTS}, (esp__rows){y, POINTS});
  for (int i = 0; i < POINTS; i++) {
    const double exact = functions[kind].exact((double)x[i]);
    const double allowed = functions[kind].relative * fabs(exact) + functions[kind].absolute;
    if (!near((double)y[i], exact, allowed))
      ck_abort_msg("activation %d of %g: %.9g, expected %.9g", _i, (double)x[i], (double)y[i],
                   exact);
  }
}
END_TEST

START_TEST(slopes_are_derivatives) {
  const esp_activation kind = (esp_activation)_i;
  const esp__extent e = {1, POINTS / ESP_LANES};
  static float x[POINTS], y[POINTS], dy[POINTS], dx[POINTS];
  for (int i = 0; i < POINTS; i++) {
    x[i] = point(i);
    dy[i] = 0.5f;
    dx[i] = 1.0f;
  }
  const esp__rows in = {x, POINTS}, out = {y, POINTS}, up = {dy, POINTS}, down = {dx, POINTS};
  scalar()->activate(kind, e, in, out);
  scalar()->activate_back(kind, e, in, out, up, down, true);
  for (int i = 0; i < POINTS; i++) {
    const double at = (double)x[i], step = 1e-5 * fmax(1.0, fabs(at));
    if (fabs(at) < 1e-3) continue; /* the kink of a ReLU */
    const double slope =
        (functions[kind].exact(at + step) - functions[kind].exact(at - step)) / (2.0 * step);
    if (!near((double)dx[i], 1.0 + 0.5 * slope, 2e-6))
      ck_abort_msg("slope of activation %d at %g: %.9g, expected %.9g", _i, at, (double)dx[i] - 1.0,
                   0.5 * slope);
  }
}
END_TEST

/* ---- pooling ---- */

enum { PLANE = 6, POOLED = 3 }; /* windows of 3, stride 2, padding 1 */

/* The window's largest pixel, the first in row order of equal ones. */
static size_t winner(const float *x, int row, int column, int lane) {
  size_t best = SIZE_MAX;
  for (int i = 2 * row - 1; i < 2 * row + 2; i++)
    for (int j = 2 * column - 1; j < 2 * column + 2; j++) {
      if (i < 0 || i >= PLANE || j < 0 || j >= PLANE) continue;
      const size_t at = (size_t)((i * PLANE + j) * ESP_LANES + lane);
      if (best == SIZE_MAX || x[at] > x[best]) best = at;
    }
  return best;
}

START_TEST(one_winner_takes_the_gradient) {
  enum { IN = PLANE * PLANE * ESP_LANES, OUT = POOLED * POOLED * ESP_LANES };
  static const float few[] = {-2.0f, -1.0f, 0.0f, -0.0f};
  const esp__pool k = {{PLANE, PLANE}, {POOLED, POOLED}, 3, 3, 2, 1};
  static float x[IN], dx[IN], expected[IN], y[OUT], dy[OUT];
  for (uint64_t i = 0; i < IN; i++) x[i] = few[esp_random_below(8, i, 4)];
  for (int i = 0; i < OUT; i++) dy[i] = (float)(i % 7 + 1);
  for (int i = 0; i < OUT; i++) {
    const int lane = i % ESP_LANES, pixel = i / ESP_LANES;
    expected[winner(x, pixel / POOLED, pixel % POOLED, lane)] += dy[i];
  }
  const esp__rows in = {x, PLANE * ESP_LANES}, down = {dx, PLANE * ESP_LANES};
  const esp__rows out = {y, POOLED * ESP_LANES}, up = {dy, POOLED * ESP_LANES};
  scalar()->maxpool(&k, in, out);
  scalar()->maxpool_back(&k, in, out, up, down);
  for (int i = 0; i < IN; i++)
    ck_assert_msg(dx[i] == expected[i], "%d: %g, expected %g", i, (double)dx[i],
                  (double)expected[i]);
}
END_TEST

/* ---- gates ---- */

/* Image 0: two of equal size compete for the last place. Image 1: one number is above 0. Image 2:
 * all are alike. */
START_TEST(top_k_keeps_the_largest) {
  enum { CHANNELS = 5 };
  static const float in[3][CHANNELS] = {{2, 3, -1, 2, 0.5f},
                                        {-2, 0, 4, -0.0f, -9},
                                        {1, 1, 1, 1, 1}},
                     out[3][CHANNELS] = {{2, 3, 0, 0, 0}, {0, 0, 4, 0, 0}, {1, 1, 0, 0, 0}};
  float x[CHANNELS * ESP_LANES] = {0}, y[CHANNELS * ESP_LANES];
  for (int i = 0; i < 3; i++)
    for (int c = 0; c < CHANNELS; c++) x[c * ESP_LANES + i] = in[i][c];
  scalar()->top_k(CHANNELS, 2, (esp__rows){x, ESP_LANES}, (esp__rows){y, ESP_LANES});
  for (int i = 0; i < 3; i++)
    for (int c = 0; c < CHANNELS; c++)
      ck_assert_msg(y[c * ESP_LANES + i] == out[i][c], "image %d, channel %d: %g", i, c,
                    (double)y[c * ESP_LANES + i]);
}
END_TEST

START_TEST(images_are_summed_apart) {
  enum { ROWS = 3, WIDTH = 7, FLOATS = ROWS * WIDTH * ESP_LANES };
  static float x[FLOATS], y[FLOATS];
  float mean[ESP_LANES], dot[ESP_LANES];
  uint32_t count[ESP_LANES];
  fill(x, FLOATS, 21);
  fill(y, FLOATS, 22);
  for (int i = 0; i < FLOATS; i += 3) x[i] = i % 2 ? 0.0f : -0.0f;
  const esp__extent e = {ROWS, WIDTH};
  const esp__rows from = {x, WIDTH * ESP_LANES}, with = {y, WIDTH * ESP_LANES};
  scalar()->mean_abs(e, from, mean);
  scalar()->dot_images(e, from, with, dot);
  scalar()->count_images(e, from, ESP_LANES, count);
  for (int l = 0; l < ESP_LANES; l++) {
    double size = 0, product = 0;
    uint32_t nonzero = 0;
    for (int p = l; p < FLOATS; p += ESP_LANES) {
      size += fabs((double)x[p]) / (ROWS * WIDTH);
      product += (double)x[p] * (double)y[p];
      nonzero += x[p] != 0.0f;
    }
    ck_assert(near((double)mean[l], size, 1e-6) && near((double)dot[l], product, 1e-5));
    ck_assert_uint_eq(count[l], nonzero);
  }
}
END_TEST

/* ---- losses ---- */

enum { CLASSES = 11, VALID = 13 };

typedef struct loss_data {
  float logits[CLASSES * ESP_LANES], grad[CLASSES * ESP_LANES];
  int32_t labels[VALID];
  esp__loss_block block;
} loss_data;

static void make_loss(loss_data *d, float smoothing, float spread) {
  fill(d->logits, CLASSES * ESP_LANES, 5);
  fill(d->grad, CLASSES * ESP_LANES, 6);
  for (int i = 0; i < CLASSES * ESP_LANES; i++) d->logits[i] *= spread;
  for (int i = 0; i < VALID; i++) d->labels[i] = i % CLASSES;
  d->block = (esp__loss_block){.logits = d->logits,
                               .grad = d->grad,
                               .labels = d->labels,
                               .classes = CLASSES,
                               .valid = VALID,
                               .smoothing = smoothing,
                               .scale = 0.125f};
}

static double target(const loss_data *d, int image, int c) {
  const double s = (double)d->block.smoothing;
  return (d->labels[image] == c ? 1.0 - s : 0.0) + s / CLASSES;
}

static double probability(const loss_data *d, int image, int c) {
  double sum = 0.0;
  for (int k = 0; k < CLASSES; k++)
    sum += exp((double)d->logits[k * ESP_LANES + image] - (double)d->logits[c * ESP_LANES + image]);
  return 1.0 / sum;
}

static void check_gradient(const loss_data *d, int image, int c, double expected) {
  const double got = (double)d->grad[c * ESP_LANES + image];
  if (!near(got, 0.125 * expected, 1e-6))
    ck_abort_msg("gradient of image %d, class %d: %.9g, expected %.9g", image, c, got,
                 0.125 * expected);
}

static void check_padding(const loss_data *d) {
  for (int c = 0; c < CLASSES; c++)
    for (int l = VALID; l < ESP_LANES; l++) ck_assert(d->grad[c * ESP_LANES + l] == 0.0f);
}

START_TEST(cross_entropy_is_its_formula) {
  static const float spreads[] = {0.01f, 3.0f, 40.0f};
  loss_data d;
  make_loss(&d, _i % 2 ? 0.1f : 0.0f, spreads[_i / 2]);
  scalar()->cross_entropy(&d.block);
  for (int i = 0; i < VALID; i++) {
    double loss = 0.0;
    for (int c = 0; c < CLASSES; c++) {
      const double p = probability(&d, i, c), t = target(&d, i, c);
      if (t > 0.0) loss -= t * log(p);
      check_gradient(&d, i, c, p - t);
    }
    ck_assert_msg(near((double)d.block.loss[i], loss, 2e-6 * fmax(1.0, loss)),
                  "image %d: %.9g, expected %.9g", i, (double)d.block.loss[i], loss);
  }
  check_padding(&d);
}
END_TEST

START_TEST(mean_squared_is_its_formula) {
  loss_data d;
  make_loss(&d, _i ? 0.1f : 0.0f, 1.0f);
  scalar()->mean_squared(&d.block);
  for (int i = 0; i < VALID; i++) {
    double loss = 0.0;
    for (int c = 0; c < CLASSES; c++) {
      const double off = (double)d.logits[c * ESP_LANES + i] - target(&d, i, c);
      loss += off * off / CLASSES;
      check_gradient(&d, i, c, 2.0 * off / CLASSES);
    }
    ck_assert(near((double)d.block.loss[i], loss, 1e-6));
  }
  check_padding(&d);
}
END_TEST

/* The same in double: softmax of a column of logits at a temperature. */
static double softened(const float *logits, int image, int c, double temperature) {
  double sum = 0.0;
  for (int k = 0; k < CLASSES; k++)
    sum += exp(((double)logits[k * ESP_LANES + image] - (double)logits[c * ESP_LANES + image]) /
               temperature);
  return 1.0 / sum;
}

/* Wrong labels change nothing: there is none in the formula. */
START_TEST(matching_logits_is_its_formula) {
  loss_data d;
  float teacher[CLASSES * ESP_LANES];
  make_loss(&d, 0.1f, 1.0f);
  fill(teacher, CLASSES * ESP_LANES, 7);
  d.block.labels = NULL;
  scalar()->match_logits(&d.block, &(esp__distill_target){.logits = teacher});
  for (int i = 0; i < VALID; i++) {
    double loss = 0.0;
    for (int c = 0; c < CLASSES; c++) {
      const double off = (double)d.logits[c * ESP_LANES + i] - (double)teacher[c * ESP_LANES + i];
      loss += off * off / CLASSES;
      check_gradient(&d, i, c, 2.0 * off / CLASSES);
    }
    ck_assert(near((double)d.block.loss[i], loss, 1e-6));
  }
  check_padding(&d);
}
END_TEST

START_TEST(distillation_is_its_formula) {
  static const float temperatures[] = {1.0f, 4.0f}, spreads[] = {1.0f, 20.0f};
  const float a = 0.75f, T = temperatures[_i % 2];
  loss_data d;
  float teacher[CLASSES * ESP_LANES];
  make_loss(&d, 0.1f, spreads[_i / 2]);
  fill(teacher, CLASSES * ESP_LANES, 7);
  for (int i = 0; i < CLASSES * ESP_LANES; i++) teacher[i] *= spreads[_i / 2];
  scalar()->cross_entropy(&d.block);
  scalar()->distill(&d.block, &(esp__distill_target){teacher, a, T});
  for (int i = 0; i < VALID; i++) {
    double loss = 0.0, divergence = 0.0;
    for (int c = 0; c < CLASSES; c++) {
      const double p = probability(&d, i, c), t = target(&d, i, c);
      const double own = softened(d.logits, i, c, (double)T),
                   wanted = softened(teacher, i, c, (double)T);
      loss -= t * log(p);
      divergence += wanted * log(wanted / own);
      check_gradient(&d, i, c, 0.25 * (p - t) + 0.75 * (double)T * (own - wanted));
    }
    const double expected = 0.25 * loss + 0.75 * (double)T * (double)T * divergence;
    ck_assert_msg(near((double)d.block.loss[i], expected, 1e-5 * fmax(1.0, expected)),
                  "image %d: %.9g, expected %.9g", i, (double)d.block.loss[i], expected);
  }
  check_padding(&d);
}
END_TEST

/* ---- updates ---- */

/* Numbers that binary fractions hold exactly, so that the results by hand are exact too. */
START_TEST(sgd_by_hand) {
  const float grad[4] = {2.0f, -16.0f, 1.0f, 4.0f};
  const uint8_t keep[4] = {1, 1, 0, 1};
  /* clipped: g = 1, -4, -, 2; with decay 0.5 w: 2, -3, -, 1;  v = 0.5 v + g: 4, -3, 0, 1.5 */
  const float velocity_after[4] = {4.0f, -3.0f, 0.0f, 1.5f};
  const float plain[4] = {1.0f, 2.75f, 0.0f, -2.375f};      /* w - 0.25 v */
  const float nesterov[4] = {1.0f, 3.125f, 0.0f, -2.4375f}; /* w - 0.25 (g + 0.5 v) */
  for (int kind = 0; kind < 2; kind++) {
    float weight[4] = {2.0f, 2.0f, 7.0f, -2.0f}, velocity[4] = {4.0f, 0.0f, 3.0f, 1.0f};
    const esp__sgd k = {0.25f, 0.5f, 0.5f, 4.0f, 0.5f, kind == 1};
    scalar()->sgd(&k, 4, grad, keep, velocity, weight);
    for (int i = 0; i < 4; i++) {
      ck_assert_msg(velocity[i] == velocity_after[i], "velocity %d: %g", i, (double)velocity[i]);
      ck_assert_msg(weight[i] == (kind ? nesterov : plain)[i], "weight %d: %g", i,
                    (double)weight[i]);
    }
  }
}
END_TEST

START_TEST(sgd_without_mask_or_clip) {
  const float grad[2] = {64.0f, -2.0f};
  float weight[2] = {1.0f, 1.0f}, velocity[2] = {0.0f, 8.0f};
  const esp__sgd k = {0.5f, 0.25f, 0.0f, 0.0f, 1.0f, false};
  scalar()->sgd(&k, 2, grad, NULL, velocity, weight);
  ck_assert(velocity[0] == 64.0f && velocity[1] == 0.0f);
  ck_assert(weight[0] == -31.0f && weight[1] == 1.0f);
}
END_TEST

/* Exactly +0 also when the pruned weight, its velocity or its gradient were negative or large. */
START_TEST(a_pruned_weight_stays_zero) {
  const float zero = 0.0f, values[3] = {-0.0f, -1e30f, 1e30f};
  const uint8_t keep = 0;
  const esp__sgd k = {0.1f, 0.9f, 0.1f, 0.0f, 1.0f, true};
  const esp__kernels *kernels;
  for (size_t isa = 0; (kernels = esp__kernels_at(isa)); isa++)
    for (int i = 0; i < 27; i++) {
      float weight = values[i % 3], velocity = values[i / 3 % 3];
      kernels->sgd(&k, 1, &values[i / 9], &keep, &velocity, &weight);
      ck_assert_mem_eq(&weight, &zero, sizeof zero);
      ck_assert_mem_eq(&velocity, &zero, sizeof zero);
    }
}
END_TEST

START_TEST(shadows_and_averages) {
  const float shadow[3] = {1.0f, -2.0f, 3.0f};
  const uint8_t keep[3] = {1, 0, 1};
  float value[3] = {9.0f, 9.0f, 9.0f}, average[3] = {2.0f, 4.0f, -1.0f};
  scalar()->apply_mask(3, shadow, keep, value);
  ck_assert(value[0] == 1.0f && value[1] == 0.0f && !signbit(value[1]) && value[2] == 3.0f);
  scalar()->average(3, 0.75f, shadow, average);
  ck_assert(average[0] == 1.75f && average[1] == 2.5f && average[2] == 0.0f);
}
END_TEST

/* ---- dropout ---- */

START_TEST(dropout_drops_its_share) {
  enum { N = 16 * 1000 };
  static float x[N], y[N];
  for (int i = 0; i < N; i++) x[i] = 1.0f;
  const esp__extent e = {10, 100};
  const size_t stride = 100 * ESP_LANES;
  scalar()->drop(e, (esp__rows){x, stride}, (esp__rows){y, stride}, 7, 1 << 22, 2.0f, false);
  int dropped = 0, others = 0;
  for (int i = 0; i < N; i++) {
    dropped += y[i] == 0.0f;
    others += y[i] == 2.0f;
  }
  ck_assert_int_eq(dropped + others, N);
  ck_assert_msg(near(dropped, N / 4, 4.0 * sqrt(N * 3.0 / 16.0)), "%d of %d", dropped, N);
}
END_TEST

/* ---- the choice of a set ---- */

START_TEST(environment_chooses) {
  esp_error err;
  const esp__kernels *k = esp__kernels_at((size_t)_i);
  if (!k) return;
  setenv("ESPALIER_ISA", k->isa, 1);
  ck_assert_int_eq(esp__kernels_check(&err), ESP_OK);
  ck_assert_ptr_eq(esp__kernels_active(), k);
}
END_TEST

START_TEST(environment_is_checked) {
  esp_error err;
  setenv("ESPALIER_ISA", "sse9", 1);
  ck_assert_int_eq(esp__kernels_check(&err), ESP_ERR_INPUT);
  ck_assert_ptr_nonnull(strstr(err.text, "sse9"));
  ck_assert_ptr_nonnull(strstr(err.text, "scalar"));
  unsetenv("ESPALIER_ISA");
  ck_assert_int_eq(esp__kernels_check(&err), ESP_OK);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("kernel formulas");
  TCase *all = tcase_create("formulas");
  tcase_set_timeout(all, 60);
  tcase_add_test(all, correlate_is_a_convolution);
  tcase_add_test(all, correlate_weights_is_its_gradient);
  tcase_add_test(all, a_zero_is_positive);
  tcase_add_test(all, a_zero_weight_adds_nothing);
  tcase_add_loop_test(all, the_matrices_of_winograd_correlate, 0, 8);
  tcase_add_test(all, winograd_input_is_its_formula);
  tcase_add_test(all, winograd_gradient_is_its_formula);
  tcase_add_loop_test(all, winograd_output_is_its_formula, 0, 32);
  tcase_add_loop_test(all, winograd_weights_are_their_formula, 0, 2 * ESP_TILE);
  tcase_add_test(all, winograd_weight_gradients_are_their_formula);
  tcase_add_test(all, expf_is_exp);
  tcase_add_loop_test(all, activations_are_their_formulas, 0, ESP_ACTIVATIONS);
  tcase_add_loop_test(all, slopes_are_derivatives, 0, ESP_ACTIVATIONS);
  tcase_add_test(all, one_winner_takes_the_gradient);
  tcase_add_test(all, top_k_keeps_the_largest);
  tcase_add_test(all, images_are_summed_apart);
  tcase_add_loop_test(all, cross_entropy_is_its_formula, 0, 6);
  tcase_add_loop_test(all, mean_squared_is_its_formula, 0, 2);
  tcase_add_test(all, matching_logits_is_its_formula);
  tcase_add_loop_test(all, distillation_is_its_formula, 0, 4);
  tcase_add_test(all, sgd_by_hand);
  tcase_add_test(all, sgd_without_mask_or_clip);
  tcase_add_test(all, a_pruned_weight_stays_zero);
  tcase_add_test(all, shadows_and_averages);
  tcase_add_test(all, dropout_drops_its_share);
  tcase_add_loop_test(all, environment_chooses, 0, 3);
  tcase_add_test(all, environment_is_checked);
  suite_add_tcase(suite, all);
  return suite_run(suite);
}

/* The transforms of F(4x4, 3x3), and that with them a product is a correlation. */
#include "kernels/formulas.h"

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

int main(void) {
  Suite *suite = suite_create("formulas of Winograd");
  TCase *all = tcase_create("formulas");
  tcase_set_timeout(all, 60);
  tcase_add_loop_test(all, the_matrices_of_winograd_correlate, 0, 8);
  tcase_add_test(all, winograd_input_is_its_formula);
  tcase_add_test(all, winograd_gradient_is_its_formula);
  tcase_add_loop_test(all, winograd_output_is_its_formula, 0, 32);
  tcase_add_loop_test(all, winograd_weights_are_their_formula, 0, 2 * ESP_TILE);
  tcase_add_test(all, winograd_weight_gradients_are_their_formula);
  suite_add_tcase(suite, all);
  return suite_run(suite);
}

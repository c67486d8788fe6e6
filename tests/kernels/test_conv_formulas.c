/* Correlation is a convolution, forward, and its gradient, backward. */
#include "kernels/formulas.h"

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

/* y = W x and y = W' x, of a matrix of OUT x IN, for two blocks of images. */
START_TEST(linear_is_a_product_with_a_matrix) {
  enum { IN = 7, OUT = 5, PIXELS = 2 };
  _Alignas(64) float x[IN * PIXELS * ESP_LANES], y[IN * PIXELS * ESP_LANES];
  float w[OUT * IN];
  const esp__pixel pixel[PIXELS] = {{0, 0}, {ESP_LANES, ESP_LANES}};
  fill(x, sizeof x / sizeof *x, 1);
  fill(w, sizeof w / sizeof *w, 2);
  for (int transposed = 0; transposed < 2; transposed++) {
    const int in = transposed ? OUT : IN, out = transposed ? IN : OUT;
    esp__kernels_at(0)->linear(&(esp__linear){.x = x,
                                              .x_channel = PIXELS * ESP_LANES,
                                              .y = y,
                                              .y_channel = PIXELS * ESP_LANES,
                                              .pixel = pixel,
                                              .pixels = PIXELS,
                                              .channels = in,
                                              .outputs = out,
                                              .weight = w,
                                              .o_stride = transposed ? 1 : IN,
                                              .c_stride = transposed ? IN : 1,
                                              .panel = out,
                                              .block = in});
    for (int o = 0; o < out; o++)
      for (int i = 0; i < PIXELS * ESP_LANES; i++) {
        double expected = 0.0;
        for (int c = 0; c < in; c++)
          expected += (double)(transposed ? w[c * IN + o] : w[o * IN + c]) *
                      (double)x[c * PIXELS * ESP_LANES + i];
        ck_assert_double_eq_tol((double)y[o * PIXELS * ESP_LANES + i], expected, 1e-5);
      }
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
  k->correlate(&(esp__correlate){.x = in,
                                 .y = out,
                                 .pixel = &pixel,
                                 .pixels = 1,
                                 .tap = &tap,
                                 .taps = 1,
                                 .channels = 1,
                                 .outputs = 1,
                                 .weight = &w,
                                 .weights = 1,
                                 .epilogue = {.bias = bias, .accumulate = old}});
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

int main(void) {
  Suite *suite = suite_create("formulas of convolution");
  TCase *all = tcase_create("formulas");
  tcase_set_timeout(all, 60);
  tcase_add_test(all, correlate_is_a_convolution);
  tcase_add_test(all, correlate_weights_is_its_gradient);
  tcase_add_test(all, linear_is_a_product_with_a_matrix);
  tcase_add_test(all, a_zero_is_positive);
  tcase_add_test(all, a_zero_weight_adds_nothing);
  suite_add_tcase(suite, all);
  return suite_run(suite);
}

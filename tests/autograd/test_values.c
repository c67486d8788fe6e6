/* The output of every operation against its definition, written out with plain loops over (image,
 * channel, row, column). */
#include "suite.h"

#include <espalier/graph.h>

#include <math.h>
#include <stdlib.h>

enum { IMAGES = 19 };

/* A graph of one operation, y = op(x) or y = op(x, x2), on random images. */
typedef struct bed {
  esp_graph *g;
  esp_value *x, *y;
  esp_shape shape;
  esp_batch batch;
  esp_params params;
  esp_error err;
} bed;

#define MUST(bed, call) ck_assert_msg((call) == ESP_OK, "%s", (bed)->err.text)

static void open_bed(bed *b, int channels, int height, int width) {
  *b = (bed){.shape = {channels, height, width}};
  MUST(b, esp_graph_new(&b->g, IMAGES, true, &b->err));
  MUST(b, esp_graph_input(b->g, b->shape, &b->x, &b->err));
  const size_t floats = (size_t)(esp_blocks_for(IMAGES) * channels * height * width) * ESP_LANES;
  float *images = calloc(floats, sizeof *images);
  ck_assert_ptr_nonnull(images);
  for (size_t i = 0; i < floats; i++) images[i] = 2.0f * esp_random_uniform(3, i) - 1.0f;
  b->batch = (esp_batch){images, NULL, IMAGES};
}

static void close_bed(bed *b) {
  free((void *)(uintptr_t)b->batch.images);
  esp_graph_free(b->g);
  esp_params_free(&b->params);
}

static esp_param *param(bed *b, const char *name, esp_role role, int rank, const int *shape,
                        double middle) {
  esp_param *p;
  MUST(b, esp_params_add(&b->params, name, role, rank, shape, &p, &b->err));
  for (size_t i = 0; i < p->count; i++)
    p->value[i] = (float)middle + esp_random_uniform((esp_key)b->params.count, i) - 0.5f;
  return p;
}

static void run(bed *b, bool training) {
  MUST(b, esp_graph_plan(b->g, &b->err));
  esp_graph_forward(b->g, &b->batch, (esp_pass){.training = training, .dropout_key = 11});
}

/* A pixel of the images; 0 around the plane. */
static double in(const bed *b, int image, int c, int row, int column) {
  const esp_shape s = b->shape;
  if (row < 0 || row >= s.height || column < 0 || column >= s.width) return 0.0;
  const int place = ((image / ESP_LANES * s.channels + c) * s.height + row) * s.width + column;
  return (double)b->batch.images[place * ESP_LANES + image % ESP_LANES];
}

/* Compares every output with a formula of its place. */
typedef double formula(const bed *b, const void *with, int image, int c, int row, int column);
static void expect(const bed *b, formula *f, const void *with, esp_shape shape, double tolerance) {
  const esp_shape s = esp_value_shape(b->y);
  ck_assert_int_eq(s.channels, shape.channels);
  ck_assert_int_eq(s.height, shape.height);
  ck_assert_int_eq(s.width, shape.width);
  for (int n = 0; n < IMAGES; n++)
    for (int i = 0; i < s.channels * s.height * s.width; i++) {
      const int c = i / (s.height * s.width), row = i / s.width % s.height, column = i % s.width;
      const double got = (double)esp_value_at(b->y, n, c, row, column),
                   wanted = f(b, with, n, c, row, column);
      if (!(fabs(got - wanted) <= tolerance))
        ck_abort_msg("image %d, channel %d, row %d, column %d: %.9g, expected %.9g", n, c, row,
                     column, got, wanted);
    }
}

/* ---- convolution and linear ---- */

typedef struct conv {
  int channels, height, width, outputs, rows, columns;
  esp_conv_attr attr;
  bool bias;
  esp_param *w, *b;
} conv;

static double conv_formula(const bed *b, const void *with, int image, int o, int row, int column) {
  const conv *v = with;
  const int channels = v->channels / v->attr.groups, group = o / (v->outputs / v->attr.groups);
  double sum = v->b ? (double)v->b->value[o] : 0.0;
  for (int c = 0; c < channels; c++)
    for (int i = 0; i < v->rows; i++)
      for (int j = 0; j < v->columns; j++)
        sum +=
            (double)v->w->value[((o * channels + c) * v->rows + i) * v->columns + j] *
            in(b, image, group * channels + c, row * v->attr.stride.rows - v->attr.padding.rows + i,
               column * v->attr.stride.columns - v->attr.padding.columns + j);
  return sum;
}

static const conv convs[] = {
    {3, 5, 4, 6, 1, 1, {{1, 1}, {0, 0}, 1}, true, NULL, NULL},
    {3, 7, 6, 5, 3, 3, {{1, 1}, {1, 1}, 1}, true, NULL, NULL},
    {3, 7, 6, 5, 3, 3, {{2, 2}, {1, 1}, 1}, false, NULL, NULL},
    {2, 8, 9, 7, 5, 5, {{2, 2}, {2, 2}, 1}, true, NULL, NULL},
    {2, 6, 9, 3, 3, 1, {{1, 1}, {1, 1}, 1}, true, NULL, NULL},
    {2, 6, 9, 3, 2, 4, {{3, 3}, {0, 0}, 1}, true, NULL, NULL},
    {6, 5, 5, 10, 3, 3, {{1, 1}, {1, 1}, 2}, true, NULL, NULL},
    {6, 5, 5, 9, 3, 3, {{2, 2}, {1, 1}, 3}, false, NULL, NULL},
    {5, 6, 4, 5, 3, 3, {{1, 1}, {1, 1}, 5}, true, NULL, NULL},
    {3, 4, 4, 6, 5, 5, {{1, 1}, {2, 2}, 3}, true, NULL, NULL},
    {2, 3, 3, 4, 3, 3, {{1, 1}, {2, 2}, 1}, true, NULL, NULL},
    {2, 4, 3, 5, 4, 3, {{1, 1}, {0, 0}, 1}, true, NULL, NULL},
    {1, 20, 17, 13, 3, 3, {{1, 1}, {1, 1}, 1}, true, NULL, NULL},
    {2, 5, 4, 3, 1, 1, {{2, 2}, {1, 1}, 1}, true, NULL, NULL},
    {9, 6, 8, 10, 3, 3, {{1, 1}, {1, 1}, 1}, true, NULL, NULL},
    {8, 4, 4, 8, 3, 3, {{1, 1}, {1, 1}, 1}, false, NULL, NULL},
    {3, 7, 6, 5, 3, 1, {{1, 1}, {1, 0}, 1}, true, NULL, NULL},
    {3, 7, 6, 5, 1, 3, {{1, 2}, {0, 1}, 1}, true, NULL, NULL},
    {2, 12, 7, 4, 10, 4, {{2, 1}, {5, 2}, 1}, true, NULL, NULL},
    {4, 9, 10, 6, 3, 5, {{3, 2}, {0, 3}, 2}, false, NULL, NULL},
};

START_TEST(convolutions) {
  conv v = convs[_i];
  bed b;
  open_bed(&b, v.channels, v.height, v.width);
  const int shape[4] = {v.outputs, v.channels / v.attr.groups, v.rows, v.columns};
  v.w = param(&b, "w", ESP_ROLE_CONV_WEIGHT, 4, shape, 0.0);
  v.b = v.bias ? param(&b, "b", ESP_ROLE_BIAS, 1, shape, 0.0) : NULL;
  MUST(&b, esp_graph_conv(b.g, b.x, v.attr, v.w, v.b, &b.y, &b.err));
  run(&b, true);
  const esp_pair stride = v.attr.stride, padding = v.attr.padding;
  const esp_shape out = {v.outputs, (v.height + 2 * padding.rows - v.rows) / stride.rows + 1,
                         (v.width + 2 * padding.columns - v.columns) / stride.columns + 1};
  expect(&b, conv_formula, &v, out, 1e-5);
  ck_assert(esp_graph_macs(b.g, false) == (double)v.w->count * out.height * out.width);
  close_bed(&b);
}
END_TEST

START_TEST(linear_layers) {
  conv v = {23, 1, 1, 13, 1, 1, {{1, 1}, {0, 0}, 1}, _i == 1, NULL, NULL};
  bed b;
  open_bed(&b, v.channels, 1, 1);
  const int shape[2] = {v.outputs, v.channels};
  v.w = param(&b, "w", ESP_ROLE_LINEAR_WEIGHT, 2, shape, 0.0);
  v.b = v.bias ? param(&b, "b", ESP_ROLE_BIAS, 1, shape, 0.0) : NULL;
  MUST(&b, esp_graph_linear(b.g, b.x, v.w, v.b, &b.y, &b.err));
  run(&b, true);
  expect(&b, conv_formula, &v, (esp_shape){13, 1, 1}, 1e-5);
  close_bed(&b);
}
END_TEST

/* ---- pooling ---- */

static double max_formula(const bed *b, const void *with, int image, int c, int row, int column) {
  const esp_pool_attr *a = with;
  double best = -HUGE_VAL;
  for (int i = row * a->stride - a->padding; i < row * a->stride - a->padding + a->size; i++)
    for (int j = column * a->stride - a->padding; j < column * a->stride - a->padding + a->size;
         j++)
      if (i >= 0 && i < b->shape.height && j >= 0 && j < b->shape.width)
        best = fmax(best, in(b, image, c, i, j));
  return best;
}

static double average_formula(const bed *b, const void *with, int image, int c, int row,
                              int column) {
  const esp_pool_attr *a = with;
  double sum = 0.0;
  for (int i = 0; i < a->size; i++)
    for (int j = 0; j < a->size; j++)
      sum += in(b, image, c, row * a->stride - a->padding + i, column * a->stride - a->padding + j);
  return sum / (a->size * a->size);
}

static double global_formula(const bed *b, const void *with, int image, int c, int row,
                             int column) {
  (void)with;
  double sum = 0.0;
  for (int i = 0; i < b->shape.height; i++)
    for (int j = 0; j < b->shape.width; j++) sum += in(b, image, c, row + i, column + j);
  return sum / (b->shape.height * b->shape.width);
}

START_TEST(pools) {
  static const esp_pool_attr attrs[] = {{2, 2, 0}, {3, 2, 1}, {3, 1, 1},
                                        {2, 3, 0}, {3, 2, 2}, {1, 1, 0}};
  const esp_pool_attr a = attrs[_i / 2];
  bed b;
  open_bed(&b, 3, 7, 6);
  MUST(&b, (_i % 2 ? esp_graph_maxpool : esp_graph_avgpool)(b.g, b.x, a, &b.y, &b.err));
  run(&b, true);
  const esp_shape out = {3, (7 + 2 * a.padding - a.size) / a.stride + 1,
                         (6 + 2 * a.padding - a.size) / a.stride + 1};
  expect(&b, _i % 2 ? max_formula : average_formula, &a, out, 1e-6);
  close_bed(&b);
}
END_TEST

START_TEST(global_pool) {
  bed b;
  open_bed(&b, 3, 7, 6);
  MUST(&b, esp_graph_global_avgpool(b.g, b.x, &b.y, &b.err));
  run(&b, true);
  expect(&b, global_formula, NULL, (esp_shape){3, 1, 1}, 1e-6);
  close_bed(&b);
}
END_TEST

/* ---- batch norm ---- */

typedef struct norm {
  esp_bn_params p;
  double mean[4], var[4];
  bool residual, relu;
} norm;

static double norm_formula(const bed *b, const void *with, int image, int c, int row, int column) {
  const norm *m = with;
  const double x = in(b, image, c, row, column);
  double y = (x - m->mean[c]) / sqrt(m->var[c] + 1e-5) * (double)m->p.scale->value[c] +
             (double)m->p.shift->value[c];
  if (m->residual) y += x;
  return m->relu && y < 0.0 ? 0.0 : y;
}

/* Of the valid images alone: the padding of the batch is full of random values too. */
static void measure(const bed *b, norm *m) {
  const esp_shape s = b->shape;
  const double count = IMAGES * s.height * s.width;
  for (int c = 0; c < s.channels; c++) {
    m->mean[c] = m->var[c] = 0.0;
    for (int i = 0; i < IMAGES * s.height * s.width; i++)
      m->mean[c] += in(b, i % IMAGES, c, i / IMAGES / s.width, i / IMAGES % s.width) / count;
    for (int i = 0; i < IMAGES * s.height * s.width; i++)
      m->var[c] +=
          pow(in(b, i % IMAGES, c, i / IMAGES / s.width, i / IMAGES % s.width) - m->mean[c], 2.0) /
          count;
  }
}

static void check_running(const norm *m, const double *mean, const double *var, double count) {
  for (int c = 0; c < 4; c++) {
    ck_assert(fabs((double)m->p.mean->value[c] - (0.9 * mean[c] + 0.1 * m->mean[c])) < 1e-6);
    ck_assert(fabs((double)m->p.var->value[c] -
                   (0.9 * var[c] + 0.1 * m->var[c] * count / (count - 1.0))) < 1e-6);
  }
}

START_TEST(batch_norms) {
  const bool training = _i & 1;
  const int channels = 4;
  double mean[4], var[4];
  norm m = {.residual = _i & 2, .relu = _i & 4};
  bed b;
  open_bed(&b, channels, 5, 3);
  m.p.scale = param(&b, "scale", ESP_ROLE_BN_SCALE, 1, &channels, 1.0);
  m.p.shift = param(&b, "shift", ESP_ROLE_BN_SHIFT, 1, &channels, 0.0);
  m.p.mean = param(&b, "mean", ESP_ROLE_RUNNING, 1, &channels, 0.0);
  m.p.var = param(&b, "var", ESP_ROLE_RUNNING, 1, &channels, 1.0);
  for (int c = 0; c < channels; c++) {
    mean[c] = m.mean[c] = (double)m.p.mean->value[c];
    var[c] = m.var[c] = (double)m.p.var->value[c];
  }
  MUST(&b, esp_graph_batchnorm(b.g, b.x, m.p, m.residual ? b.x : NULL, m.relu, &b.y, &b.err));
  run(&b, training);
  if (training) {
    measure(&b, &m);
    check_running(&m, mean, var, IMAGES * 5 * 3);
  } else {
    for (int c = 0; c < channels; c++) ck_assert((double)m.p.mean->value[c] == mean[c]);
    for (int c = 0; c < channels; c++) ck_assert((double)m.p.var->value[c] == var[c]);
  }
  expect(&b, norm_formula, &m, (esp_shape){4, 5, 3}, 1e-5);
  close_bed(&b);
}
END_TEST

/* Values that vary little around a large mean, as a float sum of squares would lose. */
START_TEST(batch_norm_of_a_large_mean) {
  const int channels = 4;
  norm m = {.residual = false};
  bed b;
  open_bed(&b, channels, 5, 3);
  float *images = (float *)(uintptr_t)b.batch.images;
  for (int i = 0; i < 2 * 4 * 5 * 3 * ESP_LANES; i++) images[i] = 1000.0f + images[i];
  m.p.scale = param(&b, "scale", ESP_ROLE_BN_SCALE, 1, &channels, 1.0);
  m.p.shift = param(&b, "shift", ESP_ROLE_BN_SHIFT, 1, &channels, 0.0);
  m.p.mean = param(&b, "mean", ESP_ROLE_RUNNING, 1, &channels, 1000.0);
  m.p.var = param(&b, "var", ESP_ROLE_RUNNING, 1, &channels, 1.0);
  MUST(&b, esp_graph_batchnorm(b.g, b.x, m.p, NULL, false, &b.y, &b.err));
  run(&b, true);
  measure(&b, &m);
  expect(&b, norm_formula, &m, (esp_shape){4, 5, 3},
         1e-3); /* half a unit in the last place of scale * 1000 */
  close_bed(&b);
}
END_TEST

/* ---- operations that move values ---- */

static double same_formula(const bed *b, const void *with, int image, int c, int row, int column) {
  (void)with;
  return in(b, image, c, row, column);
}
static double twice_formula(const bed *b, const void *with, int image, int c, int row, int column) {
  (void)with;
  return 2.0 * in(b, image, c, row, column);
}
static double concat_formula(const bed *b, const void *with, int image, int c, int row,
                             int column) {
  (void)with;
  const int channels = b->shape.channels;
  return c < channels ? in(b, image, c, row, column)
                      : fmax(0.0, in(b, image, c - channels, row, column));
}
static double flat_formula(const bed *b, const void *with, int image, int c, int row, int column) {
  (void)with;
  const int plane = b->shape.height * b->shape.width, pixel = c % plane;
  return in(b, image, c / plane, row + pixel / b->shape.width, column + pixel % b->shape.width);
}
/* numpy: x.reshape(10, 6).T.reshape(4, 1, 15) */
static double reshape_formula(const bed *b, const void *with, int image, int c, int row,
                              int column) {
  (void)with;
  const int place = c * 15 + row * 15 + column, from = place % 10 * 6 + place / 10;
  return in(b, image, from / 20, from % 20 / 5, from % 5);
}
static double subsample_formula(const bed *b, const void *with, int image, int c, int row,
                                int column) {
  const int stride = *(const int *)with;
  return c < b->shape.channels ? in(b, image, c, row * stride, column * stride) : 0.0;
}

START_TEST(additions) {
  bed b;
  open_bed(&b, 3, 4, 5);
  MUST(&b, esp_graph_add(b.g, b.x, b.x, &b.y, &b.err));
  run(&b, true);
  expect(&b, twice_formula, NULL, (esp_shape){3, 4, 5}, 0.0);
  close_bed(&b);
}
END_TEST

START_TEST(concatenations) {
  bed b;
  open_bed(&b, 3, 4, 5);
  MUST(&b, esp_graph_activation(b.g, b.x, ESP_ACT_RELU, &b.y, &b.err));
  MUST(&b, esp_graph_concat(b.g, b.x, b.y, &b.y, &b.err));
  run(&b, true);
  expect(&b, concat_formula, NULL, (esp_shape){6, 4, 5}, 0.0);
  close_bed(&b);
}
END_TEST

START_TEST(flattenings) {
  bed b;
  open_bed(&b, 3, 4, 5);
  MUST(&b, esp_graph_flatten(b.g, b.x, &b.y, &b.err));
  run(&b, true);
  expect(&b, flat_formula, NULL, (esp_shape){60, 1, 1}, 0.0);
  close_bed(&b);
}
END_TEST

START_TEST(reshaping) {
  bed b;
  open_bed(&b, 3, 4, 5);
  MUST(&b, esp_graph_reshape(b.g, b.x, (esp_reshape_attr){4, 10}, &b.y, &b.err));
  run(&b, true);
  expect(&b, reshape_formula, NULL, (esp_shape){4, 1, 15}, 0.0);
  close_bed(&b);
}
END_TEST

START_TEST(subsamplings) {
  const int stride = _i;
  bed b;
  open_bed(&b, 3, 6, 7);
  MUST(&b, esp_graph_subsample(b.g, b.x, 5, stride, &b.y, &b.err));
  run(&b, true);
  expect(&b, subsample_formula, &stride, (esp_shape){5, 5 / stride + 1, 6 / stride + 1}, 0.0);
  close_bed(&b);
}
END_TEST

/* ---- dropout ---- */

START_TEST(dropout_in_evaluation) {
  bed b;
  open_bed(&b, 3, 4, 5);
  MUST(&b, esp_graph_dropout(b.g, b.x, 0.4f, &b.y, &b.err));
  run(&b, false);
  expect(&b, same_formula, NULL, (esp_shape){3, 4, 5}, 0.0);
  close_bed(&b);
}
END_TEST

/* How many values are dropped, and whether the others are scaled. */
static int count_dropped(const bed *b, double scale) {
  int dropped = 0;
  for (int i = 0; i < IMAGES * 3 * 10 * 10; i++) {
    const int n = i % IMAGES, c = i / IMAGES / 100, row = i / IMAGES / 10 % 10,
              column = i / IMAGES % 10;
    const double x = in(b, n, c, row, column), y = (double)esp_value_at(b->y, n, c, row, column);
    if (y == 0.0 && x != 0.0)
      dropped++;
    else if (!(fabs(y - x * scale) < 1e-6))
      ck_abort_msg("%g became %g", x, y);
  }
  return dropped;
}

START_TEST(dropout_in_training) {
  static const float probabilities[] = {0.0f, 0.1f, 0.5f, 0.9f};
  const double p = (double)probabilities[_i], count = IMAGES * 300.0;
  bed b;
  open_bed(&b, 3, 10, 10);
  MUST(&b, esp_graph_dropout(b.g, b.x, probabilities[_i], &b.y, &b.err));
  run(&b, true);
  const int dropped = count_dropped(&b, 1.0 / (1.0 - p));
  ck_assert_msg(fabs(dropped - p * count) <= 4.0 * sqrt(count * p * (1.0 - p)),
                "dropped %d of %g at %g", dropped, count, p);
  close_bed(&b);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("values");
  TCase *all = tcase_create("values");
  tcase_set_timeout(all, 60);
  tcase_add_loop_test(all, convolutions, 0, sizeof convs / sizeof *convs);
  tcase_add_loop_test(all, linear_layers, 0, 2);
  tcase_add_loop_test(all, pools, 0, 12);
  tcase_add_test(all, global_pool);
  tcase_add_loop_test(all, batch_norms, 0, 8);
  tcase_add_test(all, batch_norm_of_a_large_mean);
  tcase_add_test(all, additions);
  tcase_add_test(all, concatenations);
  tcase_add_test(all, flattenings);
  tcase_add_test(all, reshaping);
  tcase_add_loop_test(all, subsamplings, 1, 4);
  tcase_add_test(all, dropout_in_evaluation);
  tcase_add_loop_test(all, dropout_in_training, 0, 4);
  suite_add_tcase(suite, all);
  return suite_run(suite);
}

/* Criteria that measure, against tiny cases worked by hand; and what holds for every criterion
 * there is. */
#include "prune/measure/criterion_inputs.h"
#include "base/matrix_rank.h"
#include "base/ridge.h"
#include "scene.h"
#include "suite.h"

#include <espalier/file.h>

#include <float.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

static esp_error err = {.text = ""};

static const esp_criterion *find(const char *name) {
  size_t i = 0;
  while (esp_criterion_at(i) && strcmp(esp_criterion_at(i)->name, name) != 0) i++;
  ck_assert_msg(esp_criterion_at(i) != NULL, "no %s", name);
  return esp_criterion_at(i);
}

static void scores_are(const esp_criterion *c, const esp_param *p, const esp_prune_ctx *ctx,
                       const float *expected) {
  float score[64];
  c->score(p, ctx, score);
  for (size_t i = 0; i < p->count; i++)
    ck_assert_msg(score[i] == expected[i], "%s of %zu: %g, expected %g", c->name, i,
                  (double)score[i], (double)expected[i]);
}

/* The units' scores after measuring are `factor` times these, nearly. */
static void units_are(scene *s, double factor, size_t n, const double *expected) {
  const esp_pruner *p = s->p.pruner;
  ck_assert_msg(scene_measure(s, &err) == ESP_OK, "%s", err.text);
  ck_assert_uint_eq(p->units, n);
  for (size_t u = 0; u < n; u++)
    ck_assert_msg(fabs((double)p->score[u] - factor * expected[u]) <=
                      1e-4 * fabs(factor * expected[u]) + 1e-6,
                  "%s of %zu: %g, expected %g", p->criterion->name, u, (double)p->score[u],
                  factor * expected[u]);
}
#define UNITS(s, factor, ...) \
  units_are(s, factor, sizeof((double[]){__VA_ARGS__}) / sizeof(double), (double[]){__VA_ARGS__})

/* ---- without passes ---- */

START_TEST(weights_by_hand) {
  float value[4] = {-2.0f, 0.5f, 4.0f, 0.0f}, grad[4] = {3.0f, -0.25f, -1.0f, 1e30f},
        movement[4] = {-1.5f, 2.0f, 0.0f, -0.0f};
  const esp_param p = {.count = 4, .value = value, .grad = grad, .movement = movement};
  const esp_prune_ctx none = {0};
  scores_are(find("snip"), &p, &none, (float[]){6.0f, 0.125f, 4.0f, 0.0f});
  scores_are(find("gradient"), &p, &none, (float[]){3.0f, 0.25f, 1.0f, 1e30f});
  scores_are(find("taylor"), &p, &none, (float[]){-6.0f, -0.125f, -4.0f, 0.0f});
  scores_are(find("fisher"), &p, &none, (float[]){18.0f, 0.0078125f, 8.0f, 0.0f});
  scores_are(find("movement"), &p, &none, movement);
  scores_are(find("l1"), &p, &none, (float[]){2.0f, 0.5f, 4.0f, 0.0f});
}
END_TEST

static const char two_filters[] =
    "[model]\narch = custom\nlayers =\n conv 2 1x1 nobias\n bn\n relu\n conv 3 1x1 nobias\n bn\n"
    " global_avgpool\n linear classes\n[prune]\nstructure = filter\nsaliency_batches = 2\n";

static void open_filters(scene *s, const char *method) {
  char ini[512];
  snprintf(ini, sizeof ini, "%smethod = %s\n", two_filters, method);
  scene_open(s, (esp_shape){2, 2, 2}, 2, ini);
  PLANT_SET(&s->p, "conv1.weight", 3, -4, 0, 1);
  PLANT_SET(&s->p, "conv2.weight", 1, 1, 1, 2, 4, 5);
}

/* Of filters of different sizes the sum, the root of the sum of squares. */
START_TEST(norms_of_filters) {
  scene s;
  open_filters(&s, "l1");
  UNITS(&s, 1, 7, 1, 2, 3, 9);
  scene_close(&s);
  open_filters(&s, "l2");
  UNITS(&s, 1, 5, 1, sqrt(2.0), sqrt(5.0), sqrt(41.0));
  scene_close(&s);
}
END_TEST

START_TEST(scales_of_batch_norm) {
  scene s;
  open_filters(&s, "bn-scale");
  PLANT_SET(&s.p, "bn1.scale", -0.5f, 0.25f);
  PLANT_SET(&s.p, "bn2.scale", 1, 0, 2);
  UNITS(&s, 1, 0.5, 0.25, 1, 0, 2);
  scene_close(&s);
}
END_TEST

/* conv1: (3, -4) and (0, 1) are sqrt(34) apart. conv2: (1, 1), (1, 2), (4, 5): 1, 5 and sqrt(18)
 * apart. With the last gone, its distances count no more. */
START_TEST(distances_from_the_other_filters) {
  scene s;
  const double far = sqrt(34.0), wide = sqrt(18.0);
  open_filters(&s, "fpgm");
  UNITS(&s, 1, far, far, (1 + 5) / 2.0, (1 + wide) / 2, (5 + wide) / 2);
  scene_recall(&s);
  s.p.pruner->keep[4] = 0;
  esp_pruner_commit(s.p.pruner);
  UNITS(&s, 1, far, far, 1, 1,
        -(double)FLT_MAX); /* what is gone ranks lowest, and is no one's neighbour */
  scene_close(&s);
}
END_TEST

/* ---- gradients ---- */

/* A linear layer of 2 x 2 without bias and the mean of (y - t)^2 over both outputs: g = (y - t)
 * x^T. One image a batch. W = (1 2; 3 -1). Image (1, 2) of class 0: y = (5, 1), y - t = (4, 1),
 * g = (4 8; 1 2). Image (2, -1) of class 1: y = (0, 7), y - t = (0, 6), g = (0 0; 12 -6). */
static void open_square(scene *s, const char *method) {
  char ini[512];
  snprintf(ini, sizeof ini,
           "[model]\narch = custom\nlayers = linear classes nobias\n[train]\nloss = mse\n[prune]\n"
           "method = %s\n",
           method);
  scene_open(s, (esp_shape){2, 1, 1}, 2, ini);
  PLANT_SET(&s->p, "linear1.weight", 1, 2, 3, -1);
  scene_limit(s, 2, 1);
  scene_image(s, 0, 0, (float[]){1, 2});
  scene_image(s, 1, 0, (float[]){2, -1});
}

/* Mean g = (2 4; 6.5 -2). */
START_TEST(gradients_are_averaged) {
  scene s;
  open_square(&s, "saliency");
  UNITS(&s, 1, 2, 8, 19.5, 2);
  scene_close(&s);
  open_square(&s, "gradient");
  UNITS(&s, 1, 2, 4, 6.5, 2);
  scene_close(&s);
}
END_TEST

/* w g is (4 16; 3 -2), then (0 0; 36 6). */
START_TEST(scores_are_averaged) {
  scene s;
  open_square(&s, "taylor");
  UNITS(&s, 1, 2, 8, 19.5, 4); /* saliency says 2 of the last: its signs cancel */
  scene_close(&s);
  open_square(&s, "fisher");
  UNITS(&s, 1, 4, 64, (9 + 1296) / 4.0, (4 + 36) / 4.0);
  scene_close(&s);
}
END_TEST

/* One convolution of 1x1 on one pixel, then the pooling: filters are the rows of W above, so their
 * taylor is |4 + 16| / 2 and (|3 - 2| + |36 + 6|) / 2. */
START_TEST(taylor_sums_over_a_filter_first) {
  scene s;
  scene_open(&s, (esp_shape){2, 1, 1}, 2,
             "[model]\narch = custom\nlayers = conv 2 1x1 nobias\n"
             "[train]\nloss = mse\n[prune]\nmethod = taylor\nstructure = filter\n");
  PLANT_SET(&s.p, "conv1.weight", 1, 2, 3, -1);
  scene_limit(&s, 2, 1);
  scene_image(&s, 0, 0, (float[]){1, 2});
  scene_image(&s, 1, 0, (float[]){2, -1});
  UNITS(&s, 1, 10, 21.5);
  scene_close(&s);
}
END_TEST

/* The loss is a parabola with H = x x^T for each row of W. For the first image alone
 * H g = |x|^2 g = 5 g. The weights come back to the bit. */
START_TEST(the_hessian_times_the_gradient) {
  scene s;
  static const float before[] = {1, 2, 3, -1};
  open_square(&s, "grasp");
  scene_limit(&s, 1, 1);
  UNITS(&s, 5, 1 * 4, 2 * 8, 3 * 1, -1 * 2);
  ck_assert_mem_eq(plant_param(&s.p, "linear1.weight")->value, before, sizeof before);
  scene_close(&s);
}
END_TEST

/* What is pruned does not move along: with the second weight gone y - t = (0, 1), g of the first
 * row is 0, and H g = 5 (0 0; 1 2) comes from the second alone. */
START_TEST(the_hessian_leaves_out_what_is_pruned) {
  scene s;
  open_square(&s, "grasp");
  scene_limit(&s, 1, 1);
  scene_recall(&s);
  s.p.pruner->keep[1] = 0;
  esp_pruner_commit(s.p.pruner);
  UNITS(&s, 5, 0, 0, 3 * 1, -1 * 2);
  scene_close(&s);
}
END_TEST

/* ---- movement ---- */

/* -w g of three steps in which w is (1, 2), (1, 2) less the steps, ...: gathered before each step
 * moves w. */
START_TEST(movement_adds_up_over_steps) {
  scene s;
  bool changed;
  open_square(&s, "movement");
  esp_param *w = plant_param(&s.p, "linear1.weight");
  s.p.config.train.momentum = s.p.config.train.weight_decay = 0.0;
  static const float grad[] = {0.5f, -1, 1, 0};
  for (int step = 0; step < 3; step++) {
    memcpy(w->grad, grad, sizeof grad);
    ck_assert(esp_pruner_step(s.p.pruner, step, 0, -1, &changed, &err) == ESP_OK && !changed);
    esp_sgd_step(&s.p.model->params, &s.p.config.train, 0.5);
  }
  /* w: 1, 0.75, 0.5; 2, 2.5, 3; 3, 2.5, 2; -1 */
  UNITS(&s, 1, -0.5 * 2.25, 7.5, -7.5, 0);
  scene_round(&s, 0.5);
  plant_mask_is(&s.p, "linear1.weight", "0101");
  scene_close(&s);
}
END_TEST

/* ---- synaptic flow ---- */

static const char flowing[] =
    "[model]\narch = custom\nlayers =\n linear 2\n bn\n relu\n linear classes bias\n"
    "[prune]\nmethod = synflow\n";

/* |W1| (1 1) = (3 7), and |W2| of it sums to R = 23.5. Within a layer the scores add up to R.
 * Biases, shifts and running statistics do not matter; scales do, as absolute values. */
START_TEST(synaptic_flow_by_hand) {
  scene s;
  char before[65], after[65];
  scene_open(&s, (esp_shape){2, 1, 1}, 2, flowing);
  PLANT_SET(&s.p, "linear1.weight", 1, -2, 3, 4);
  PLANT_SET(&s.p, "linear2.weight", 1, 0.5f, -1, 2);
  PLANT_SET(&s.p, "linear2.bias", 100, -100);
  PLANT_SET(&s.p, "bn1.shift", -7, 9);
  PLANT_SET(&s.p, "bn1.mean", 5, 5);
  PLANT_SET(&s.p, "bn1.var", 0.25f, 4);
  esp_params_sha256(&s.p.model->params, before);
  UNITS(&s, 0x1p110 / 23.5, 2, 4, 7.5, 10, 3, 3.5, 3, 14);
  PLANT_SET(&s.p, "bn1.scale", -2, 1);
  UNITS(&s, 0x1p110 / 29.5, 4, 8, 7.5, 10, 6, 3.5, 6, 14);
  PLANT_SET(&s.p, "bn1.scale", 1, 1);
  esp_params_sha256(&s.p.model->params, after);
  ck_assert_str_eq(before, after);
  scene_close(&s);
}
END_TEST

static void open_deep(scene *s, int layers) {
  char ini[8192] = "[model]\narch = custom\nlayers =\n";
  snprintf(ini + strlen(ini), 256,
           " repeat %d\n  linear 64 nobias\n  relu\n end\n linear classes\n", layers);
  strcat(ini, "[prune]\nmethod = synflow\n");
  scene_open(s, (esp_shape){4, 1, 1}, 2, ini);
}

/* Flow grows by about 9 with each layer of 64: 9^45 is beyond floats. It is conserved all the same:
 * every layer's scores have the same sum. At 9^90 it is given up, with the weights as they were. */
START_TEST(deep_flow_is_conserved_or_refused) {
  scene s;
  char before[65], after[65];
  open_deep(&s, 45);
  ck_assert_msg(scene_measure(&s, &err) == ESP_OK, "%s", err.text);
  const esp_pruner *p = s.p.pruner;
  double first = 0.0;
  for (int i = 0; i < p->pools; i++) {
    double sum = 0.0;
    for (size_t u = 0; u < p->pool[i].units; u++) sum += (double)p->score[p->pool[i].first + u];
    if (i == 0) first = sum;
    ck_assert_msg(sum > 1e-30 && sum < 1e30 && fabs(sum / first - 1.0) < 1e-3, "layer %d: %g", i,
                  sum);
  }
  scene_close(&s);
  open_deep(&s, 90);
  esp_params_sha256(&s.p.model->params, before);
  ck_assert(scene_measure(&s, &err) == ESP_ERR_INPUT);
  ck_assert_msg(strstr(err.text, "synflow") != NULL, "%s", err.text);
  esp_params_sha256(&s.p.model->params, after);
  ck_assert_str_eq(before, after);
  scene_close(&s);
}
END_TEST

/* What the paper is about: at sparsities at which one shot empties a layer, a hundred rounds do
 * not. */
START_TEST(a_hundred_rounds_of_flow_leave_a_path) {
  scene s;
  char ini[512];
  snprintf(ini, sizeof ini,
           "[model]\narch = custom\nlayers =\n linear 40 nobias\n relu\n linear 40 nobias\n relu\n"
           " linear classes nobias\n[prune]\nmethod = synflow\nat = init\nschedule = iterative\n"
           "rounds = 100\n"
           "sparsity = 0.99\nallow_empty = yes\n");
  scene_open(&s, (esp_shape){40, 1, 1}, 4, ini);
  for (int round = 1; round <= esp_pruner_rounds(s.p.pruner); round++)
    scene_round(&s, esp_pruner_round_sparsity(s.p.pruner, round));
  ck_assert(scene_measure(&s, &err) == ESP_OK);
  double flow = 0.0;
  for (size_t u = 0; u < s.p.pruner->units; u++) flow += (double)s.p.pruner->score[u];
  ck_assert_msg(flow > 0.0, "no path is left");
  plant_check(&s.p, "pruned");
  scene_close(&s);
}
END_TEST

/* ---- activations ---- */

/* Mean squares of the inputs (1, 2) and (3, 0), then (2, 2) and (0, 4): (5, 2), (2, 10); together
 * (3.5, 6). */
START_TEST(wanda_by_hand) {
  scene s;
  open_square(&s, "wanda");
  scene_limit(&s, 2, 2);
  scene_image(&s, 0, 0, (float[]){1, 2});
  scene_image(&s, 0, 1, (float[]){3, 0});
  scene_image(&s, 1, 0, (float[]){2, 2});
  scene_image(&s, 1, 1, (float[]){0, 4});
  UNITS(&s, 1, 3.5, 4 * 6, 9 * 3.5, 6);
  scene_close(&s);
}
END_TEST

/* Two groups: the outputs of the second see channel 1, whose pixels are twice as large. A pixel of
 * padding counts for nothing. */
START_TEST(wanda_knows_groups) {
  scene s;
  static const float pixels[] = {1, 1, 1, 1, 2, 2, 2, 2};
  scene_open(&s, (esp_shape){2, 2, 2}, 2,
             "[model]\narch = custom\nlayers =\n conv 2 3x3 groups 2 nobias\n global_avgpool\n"
             "[prune]\nmethod = wanda\n");
  scene_limit(&s, 1, 1);
  scene_image(&s, 0, 0, pixels);
  esp_param *w = plant_param(&s.p, "conv1.weight");
  for (size_t i = 0; i < w->count; i++) w->value[i] = 3.0f;
  double expected[18];
  for (int i = 0; i < 18; i++) expected[i] = i < 9 ? 9.0 : 36.0;
  units_are(&s, 1, 18, expected);
  scene_close(&s);
}
END_TEST

/* relu(w x) of a 1x1 convolution, on the 4 pixels of two images: channel 0 passes x on, channel 1
 * -x / 2. Image 0: 1 2 -1 0, image 1: 3 -4 0 1. Positive: 4 of 8, negative: 2 of 8. Above 1.5: 2,
 * 3; -x / 2: 2. Sums 7 and 2.5. */
START_TEST(activations_by_hand) {
  static const struct {
    const char *method;
    double channel[2];
  } of[] = {{"apoz", {4 / 8.0, 2 / 8.0}},
            {"frequency\nactivation_threshold = 1.5", {2 / 8.0, 1 / 8.0}},
            {"activation", {7 / 8.0, 2.5 / 8}}};
  for (int k = 0; k < 3; k++) {
    scene s;
    char ini[512];
    snprintf(ini, sizeof ini,
             "[model]\narch = custom\nlayers =\n conv 2 1x1 nobias\n relu\n global_avgpool\n"
             "[prune]\nstructure = filter\nmethod = %s\n",
             of[k].method);
    scene_open(&s, (esp_shape){1, 2, 2}, 2, ini);
    PLANT_SET(&s.p, "conv1.weight", 1, -0.5f);
    scene_limit(&s, 1, 2);
    scene_image(&s, 0, 0, (float[]){1, 2, -1, 0});
    scene_image(&s, 0, 1, (float[]){3, -4, 0, 1});
    units_are(&s, 1, 2, of[k].channel);
    scene_close(&s);
  }
}
END_TEST

/* 20 images fill a block of lanes and part of the next; what lies in the lanes behind must not
 * count. */
START_TEST(activations_of_images_alone) {
  scene s;
  scene_open(&s, (esp_shape){1, 2, 2}, 2,
             "[model]\narch = custom\nlayers =\n conv 2 1x1 bias\n relu\n global_avgpool\n"
             "[prune]\nstructure = filter\nmethod = activation\n");
  PLANT_SET(&s.p, "conv1.weight", 0, 0);
  PLANT_SET(&s.p, "conv1.bias", 2, 5);
  UNITS(&s, 1, 2, 5);
  scene_limit(&s, 1, 3);
  UNITS(&s, 1, 2, 5);
  scene_close(&s);
}
END_TEST

#define RANK(rows, columns, ...) esp__matrix_rank((double[]){__VA_ARGS__}, rows, columns)

START_TEST(ranks_by_hand) {
  ck_assert_int_eq(RANK(2, 2, 1, 2, 2, 4), 1);
  ck_assert_int_eq(RANK(2, 2, 0, 1, 1, 0), 2);
  ck_assert_int_eq(RANK(3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0), 0);
  ck_assert_int_eq(RANK(3, 2, 1, 2, 3, 4, 5, 6), 2);
  ck_assert_int_eq(RANK(2, 3, 1, 2, 3, 2, 4, 6.001), 2);
  ck_assert_int_eq(RANK(2, 3, 1, 2, 3, 2, 4, 6 + 1e-8), 1); /* no more than a float can tell */
  ck_assert_int_eq(RANK(1, 1, 1e-30), 1);
  ck_assert_int_eq(RANK(1, 1, 0), 0);
  ck_assert_int_eq(RANK(2, 2, NAN, 1, 1, 1), 0);
  ck_assert_int_eq(RANK(2, 2, 1, 1, 1, -INFINITY), 0);
  ck_assert_int_eq(RANK(3, 3, 1e6, 0, 0, 0, 1, 0, 0, 0, 1e-3),
                   2); /* 1e-9 of the largest is noise */
}
END_TEST

/* Products of random matrices of rank r, in floats, have rank r. */
START_TEST(ranks_of_products) {
  enum { ROWS = 9, COLUMNS = 12 };
  for (int r = 0; r <= ROWS; r++)
    for (uint64_t trial = 0; trial < 20; trial++) {
      double m[ROWS * COLUMNS];
      for (uint64_t i = 0; i < ROWS; i++)
        for (uint64_t j = 0; j < COLUMNS; j++) {
          double sum = 0.0;
          for (uint64_t k = 0; k < (uint64_t)r; k++)
            sum += esp_random_normal(trial, i * ROWS + k) *
                   esp_random_normal(trial + 100, k * COLUMNS + j);
          m[i * COLUMNS + j] = (double)(float)sum;
        }
      ck_assert_int_eq(esp__matrix_rank(m, ROWS, COLUMNS), r);
    }
}
END_TEST

/* Ranks of the maps: (1 2; 2 4) 1, (1 0; 0 1) 2, so 1.5; behind relu, -x has (0 0; 0 0) and (0 0; 0
 * 0): 0. */
START_TEST(hrank_by_hand) {
  scene s;
  scene_open(&s, (esp_shape){1, 2, 2}, 2,
             "[model]\narch = custom\nlayers =\n conv 2 1x1 nobias\n relu\n global_avgpool\n"
             "[prune]\nstructure = filter\nmethod = hrank\n");
  PLANT_SET(&s.p, "conv1.weight", 1, -1);
  scene_limit(&s, 1, 2);
  scene_image(&s, 0, 0, (float[]){1, 2, 2, 4});
  scene_image(&s, 0, 1, (float[]){1, 0, 0, 1});
  UNITS(&s, 1, 1.5, 0);
  scene_close(&s);
}
END_TEST

/* ---- the predictor ---- */

/* y = 1 + 2 a - b, exactly; c is constant. With hardly a penalty the fit is exact; with a large one
 * it falls back on the mean. One standardised feature: the weight is scale * 2 / (1 + strength). */
START_TEST(ridge_by_hand) {
  static const double x[] = {0, 0, 7, 1, 0, 7, 0, 1, 7, 3, 2, 7, -1, 4, 7}, y[] = {1, 3, 0, 5, -5};
  static const double new[] = {2, 1, 7};
  esp__ridge r;
  esp__ridge_fit(&r, x, y, 5, 3, 1e-12);
  ck_assert_double_eq_tol(esp__ridge_predict(&r, new), 4.0, 1e-6);
  ck_assert(r.weight[2] == 0.0);
  esp__ridge_fit(&r, x, y, 5, 3, 1e12);
  ck_assert_double_eq_tol(esp__ridge_predict(&r, new), 0.8, 1e-6);
  esp__ridge_fit(&r, (double[]){-1, 1}, (double[]){-2, 2}, 2, 1, 1.0);
  ck_assert_double_eq_tol(esp__ridge_predict(&r, (double[]){3}), 3.0, 1e-12);
}
END_TEST

/* Four channels of which the answer is the sum, with weights 0, 1, 2 and 4: the more a channel
 * says, the more the loss rises without it. All are tried, so what is predicted must rank as they
 * do, and the network must be as it was. */
START_TEST(the_predictor_ranks_channels) {
  scene s;
  char before[65], after[65];
  scene_open(
      &s, (esp_shape){1, 2, 2}, 2,
      "[model]\narch = custom\nlayers =\n conv 4 1x1 nobias\n conv 2 1x1 nobias\n global_avgpool\n"
      "[prune]\nstructure = filter\nmethod = predictor\nskip = conv2\n");
  PLANT_SET(&s.p, "conv1.weight", 0, 0.1f, 0.2f, 0.4f);
  PLANT_SET(&s.p, "conv2.weight", 1, 1, 1, 1, -1, -1, -1, -1);
  static const float light[] = {2, 2, 2, 2}, dark[] = {-2, -2, -2, -2};
  for (int b = 0; b < SCENE_BATCHES; b++)
    for (int i = 0; i < SCENE_IMAGES; i++) scene_image(&s, b, i, s.label[b][i] == 0 ? light : dark);
  esp_params_sha256(&s.p.model->params, before);
  ck_assert(scene_measure(&s, &err) == ESP_OK);
  esp_params_sha256(&s.p.model->params, after);
  ck_assert_str_eq(before, after);
  const float *score = s.p.pruner->score;
  ck_assert_msg(score[0] < score[1] && score[1] < score[2] && score[2] < score[3], "%g %g %g %g",
                (double)score[0], (double)score[1], (double)score[2], (double)score[3]);
  ck_assert(score[3] > 0.0f);
  scene_close(&s);
}
END_TEST

/* ---- every criterion ---- */

static const char net[] =
    "[model]\narch = custom\nlayers =\n conv 8 3x3\n bn\n relu\n"
    " residual\n  conv 8 3x3\n  bn\n  relu\n  conv 8 3x3 groups 2 nobias\n  bn\n end\n relu\n"
    " conv 6 1x1\n bn\n gelu\n dropout 0.3\n global_avgpool\n flatten\n linear classes\n"
    "[train]\naverage = 0.9\n[prune]\nsparsity = 0.9\n";

/* The combinations of criterion, structure and time that are allowed, by number. */
typedef struct choice {
  const esp_criterion *criterion;
  const char *structure, *at;
} choice;

static bool choice_at(int number, choice *c) {
  static const char *const structures[] = {"weight", "filter", "channel", "block"};
  const esp_criterion *k = esp_criterion_at((size_t)number / 8);
  *c = (choice){k, structures[number % 4], number / 4 % 2 ? "init" : "rounds"};
  return k != NULL;
}

static bool allowed(const choice *c) {
  const bool whole = strcmp(c->structure, "filter") == 0 || strcmp(c->structure, "channel") == 0;
  return (whole || !c->criterion->channels) &&
         !(c->criterion->needs == ESP_NEEDS_MOVEMENT && strcmp(c->at, "init") == 0);
}

static int choices(void) {
  int n = 0;
  while (esp_criterion_at((size_t)n)) n++;
  return 8 * n;
}

static void open_choice(scene *s, const choice *c, const char *more) {
  char ini[2048];
  snprintf(ini, sizeof ini, "%smethod = %s\nstructure = %s\nat = %s\n%s", net, c->criterion->name,
           c->structure, c->at, more);
  scene_open(s, (esp_shape){3, 6, 6}, 5, ini);
}

/* A step of training, which moves statistics and movement too. */
static void train(scene *s, uint64_t number) {
  bool changed;
  esp_graph_forward(s->graph, &s->batch[number % SCENE_BATCHES],
                    (esp_pass){.training = true, .dropout_key = number});
  esp_graph_backward(s->graph);
  ck_assert(esp_pruner_step(s->p.pruner, (int64_t)number, 0, -1, &changed, &err) == ESP_OK);
  esp_sgd_step(&s->p.model->params, &s->p.config.train, 0.05);
}

/* All that a network is; pruned ones left out. */
static size_t values_of(const scene *s, float *to) {
  size_t n = 0;
  for (int k = 0; k < s->p.model->params.count; k++) {
    const esp_param *p = s->p.model->params.item[k];
    for (size_t i = 0; i < p->count; i++) {
      const bool there = !p->mask || p->mask->keep[i];
      to[n++] = there ? p->value[i] : 0.0f;
      to[n++] = there && p->momentum ? p->momentum[i] : 0.0f;
      to[n++] = there && p->average ? p->average[i] : 0.0f;
      to[n++] = p->movement ? p->movement[i] : 0.0f;
    }
  }
  return n;
}
enum { VALUES_MAX = 8192 };

/* A round touches nothing but masks and what they zero: with the mask applied, all is as before. */
static void touches_nothing_else(scene *s, double sparsity, const char *what) {
  static float before[VALUES_MAX], after[VALUES_MAX];
  esp_params *ps = &s->p.model->params;
  size_t n = values_of(s, before), at = 0;
  ck_assert_uint_le(n, VALUES_MAX);
  scene_round(s, sparsity);
  values_of(s, after);
  for (int k = 0; k < ps->count; k++)
    for (size_t i = 0; i < ps->item[k]->count; i++, at += 4)
      if (!ps->item[k]->mask || ps->item[k]->mask->keep[i])
        ck_assert_msg(memcmp(before + at, after + at, 4 * sizeof(float)) == 0, "%s: %s[%zu]", what,
                      ps->item[k]->name, i);
}

/* Exact counts, nothing comes back, the invariant, and kept weights as they were, round after
 * round. */
START_TEST(every_criterion_prunes_exactly) {
  choice c;
  scene s;
  if (!choice_at(_i, &c) || !allowed(&c)) return;
  open_choice(&s, &c, "");
  const size_t units = esp_pruner_count(s.p.pruner).units;
  for (int round = 1; round <= 4; round++) {
    for (uint64_t step = 0; step < 3; step++) train(&s, step);
    uint8_t *before = malloc(units);
    scene_recall(&s);
    memcpy(before, s.p.pruner->keep, units);
    touches_nothing_else(&s, 0.2 * round, c.criterion->name);
    scene_recall(&s);
    for (size_t u = 0; u < units; u++) ck_assert(s.p.pruner->keep[u] <= before[u]);
    free(before);
    ck_assert_uint_eq(esp_pruner_count(s.p.pruner).pruned,
                      (size_t)nearbyint(0.2 * round * (double)units));
    ck_assert(esp_pruner_holds(s.p.pruner));
    plant_check(&s.p, c.criterion->name);
  }
  scene_close(&s);
}
END_TEST

static void hash_masks(const scene *s, char hex[65]) {
  esp_sha256 sha;
  esp_sha256_start(&sha);
  for (int k = 0; k < s->p.model->params.count; k++) {
    const esp_mask *m = s->p.model->params.item[k]->mask;
    if (m) esp_sha256_add(&sha, m->keep, m->count);
  }
  esp_sha256_end(&sha, hex);
}

/* One thread or three, kernels that skip what is pruned or not: the same masks. */
START_TEST(every_criterion_is_repeatable) {
  choice c;
  char hex[3][65];
  if (!choice_at(_i, &c) || !allowed(&c)) return;
  for (int k = 0; k < 3; k++) {
    scene s;
    omp_set_num_threads(k == 1 ? 3 : 1);
    open_choice(&s, &c, "");
    esp_graph_sparse(s.graph, k == 2 ? ESP_SPARSE_ON : ESP_SPARSE_OFF);
    for (uint64_t step = 0; step < 3; step++) train(&s, step);
    scene_round(&s, 0.5);
    train(&s, 4);
    scene_round(&s, 0.75);
    hash_masks(&s, hex[k]);
    scene_close(&s);
  }
  omp_set_num_threads(1);
  ck_assert_msg(strcmp(hex[0], hex[1]) == 0 && strcmp(hex[0], hex[2]) == 0, "%s, %s, %s",
                c.criterion->name, c.structure, c.at);
}
END_TEST

/* Another seed: `random` is the only one for which it changes which weights go (and the predictor,
 * for which it chooses the trials), as the weights are the same. */
START_TEST(only_random_criteria_depend_on_the_key) {
  choice c;
  char hex[2][65];
  if (!choice_at(_i, &c) || !allowed(&c) || strcmp(c.criterion->name, "predictor") == 0) return;
  for (int k = 0; k < 2; k++) {
    scene s;
    open_choice(&s, &c, "");
    train(&s, 1);
    s.p.pruner->key = (esp_key)k;
    scene_round(&s, 0.5);
    hash_masks(&s, hex[k]);
    scene_close(&s);
  }
  const bool same = strcmp(hex[0], hex[1]) == 0, chance = strcmp(c.criterion->name, "random") == 0;
  ck_assert_msg(same != chance, "%s, %s", c.criterion->name, c.structure);
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("criteria");
  TCase *hand = tcase_create("by hand"), *every = tcase_create("every criterion");
  tcase_set_timeout(hand, 60);
  tcase_add_test(hand, weights_by_hand);
  tcase_add_test(hand, norms_of_filters);
  tcase_add_test(hand, scales_of_batch_norm);
  tcase_add_test(hand, distances_from_the_other_filters);
  tcase_add_test(hand, gradients_are_averaged);
  tcase_add_test(hand, scores_are_averaged);
  tcase_add_test(hand, taylor_sums_over_a_filter_first);
  tcase_add_test(hand, the_hessian_times_the_gradient);
  tcase_add_test(hand, the_hessian_leaves_out_what_is_pruned);
  tcase_add_test(hand, movement_adds_up_over_steps);
  tcase_add_test(hand, synaptic_flow_by_hand);
  tcase_add_test(hand, deep_flow_is_conserved_or_refused);
  tcase_add_test(hand, a_hundred_rounds_of_flow_leave_a_path);
  tcase_add_test(hand, wanda_by_hand);
  tcase_add_test(hand, wanda_knows_groups);
  tcase_add_test(hand, activations_by_hand);
  tcase_add_test(hand, activations_of_images_alone);
  tcase_add_test(hand, ranks_by_hand);
  tcase_add_test(hand, ranks_of_products);
  tcase_add_test(hand, hrank_by_hand);
  tcase_add_test(hand, ridge_by_hand);
  tcase_add_test(hand, the_predictor_ranks_channels);
  tcase_set_timeout(every, 60);
  tcase_add_loop_test(every, every_criterion_prunes_exactly, 0, choices());
  tcase_add_loop_test(every, every_criterion_is_repeatable, 0, choices());
  tcase_add_loop_test(every, only_random_criteria_depend_on_the_key, 0, choices());
  suite_add_tcase(s, hand);
  suite_add_tcase(s, every);
  return s;
}

int main(void) {
  return suite_run(suite());
}

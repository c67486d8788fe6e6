/* Criteria that measure by passes and activations, against tiny cases worked by hand. */
#include "base/matrix_rank.h"
#include "base/ridge.h"
#include "scores.h"

#include <float.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

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

static Suite *suite(void) {
  Suite *s = suite_create("measures");
  TCase *tc = tcase_create("measures");
  tcase_set_timeout(tc, 60);
  tcase_add_test(tc, synaptic_flow_by_hand);
  tcase_add_test(tc, deep_flow_is_conserved_or_refused);
  tcase_add_test(tc, a_hundred_rounds_of_flow_leave_a_path);
  tcase_add_test(tc, wanda_by_hand);
  tcase_add_test(tc, wanda_knows_groups);
  tcase_add_test(tc, activations_by_hand);
  tcase_add_test(tc, activations_of_images_alone);
  tcase_add_test(tc, ranks_by_hand);
  tcase_add_test(tc, ranks_of_products);
  tcase_add_test(tc, hrank_by_hand);
  tcase_add_test(tc, ridge_by_hand);
  tcase_add_test(tc, the_predictor_ranks_channels);
  suite_add_tcase(s, tc);
  return s;
}

int main(void) {
  return suite_run(suite());
}

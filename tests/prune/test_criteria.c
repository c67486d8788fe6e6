/* Criteria of weights and gradients, against tiny cases worked by hand. */
#include "prune/measure/criterion_inputs.h"
#include "scores.h"

#include <float.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

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

/* ---- gradients of single images ---- */

/* The two images of the square again, now in one batch: their gradients are what they were in
 * batches of their own, (4 8; 1 2) and (0 0; 12 -6). The mean of the batch alone is (2 4; 6.5
 * -2). */
static void open_square_in_one_batch(scene *s, const char *method) {
  open_square(s, method);
  scene_limit(s, 1, 2);
  scene_image(s, 0, 0, (float[]){1, 2});
  scene_image(s, 0, 1, (float[]){2, -1});
}

START_TEST(images_are_scored_one_by_one) {
  scene s;
  open_square_in_one_batch(&s, "taylor\nper = image");
  UNITS(&s, 1, 2, 8, 19.5, 4);
  scene_close(&s);
  open_square_in_one_batch(&s, "taylor");
  UNITS(&s, 1, 2, 8, 19.5, 2);
  scene_close(&s);
  open_square_in_one_batch(&s, "fisher\nper = image");
  UNITS(&s, 1, 4, 64, (9 + 1296) / 4.0, (4 + 36) / 4.0);
  scene_close(&s);
  open_square_in_one_batch(&s, "fisher");
  UNITS(&s, 1, 2, 32, 19.5 * 19.5 / 2, 2);
  scene_close(&s);
}
END_TEST

enum { UNITS_MAX = 200 };

/* Strides, groups, batch norms and a linear layer. */
static const char of_all_kinds[] =
    "[model]\narch = custom\nlayers =\n conv 4 3x3 stride 2\n bn\n relu\n conv 6 3x3 groups 2\n"
    " bn\n"
    " relu\n global_avgpool\n linear classes\n[prune]\n";

static void open_kinds(scene *s, const char *prune, const char *per) {
  char ini[512];
  snprintf(ini, sizeof ini, "%s%sper = %s\n", of_all_kinds, prune, per);
  scene_open(s, (esp_shape){2, 5, 5}, 3, ini);
  ck_assert_uint_le(s->p.pruner->units, UNITS_MAX);
}

/* Adds the units' scores for a batch of that one image. */
static void add_scores(const scene *s, const char *prune, int batch, int image, double *sum) {
  float pixels[2 * 5 * 5];
  scene one;
  open_kinds(&one, prune, "batch");
  const size_t block = (size_t)(image / ESP_LANES) * 50;
  for (size_t i = 0; i < 50; i++)
    pixels[i] = s->pixels[batch][(block + i) * ESP_LANES + (size_t)(image % ESP_LANES)];
  scene_limit(&one, 1, 1);
  scene_image(&one, 0, 0, pixels);
  one.label[0][0] = s->label[batch][image];
  ck_assert_msg(scene_measure(&one, &err) == ESP_OK, "%s", err.text);
  for (size_t u = 0; u < one.p.pruner->units; u++) sum[u] += (double)one.p.pruner->score[u];
  scene_close(&one);
}

/* Three batches of 20 images, a block of lanes and part of the next: the mean of what 60 batches of
 * one image give. */
START_TEST(images_of_lanes_are_those_of_batches_of_one) {
  static const char *const prune[] = {"method = taylor\nstructure = filter\n", "method = taylor\n",
                                      "method = fisher\n"};
  scene s;
  double sum[UNITS_MAX] = {0};
  open_kinds(&s, prune[_i], "image");
  for (int b = 0; b < SCENE_BATCHES; b++)
    for (int i = 0; i < SCENE_IMAGES; i++) add_scores(&s, prune[_i], b, i, sum);
  units_are(&s, 1.0 / (SCENE_BATCHES * SCENE_IMAGES), s.p.pruner->units, sum);
  scene_close(&s);
}
END_TEST

/* The loss is a parabola with H = x x^T for each row of W. For the first image alone
 * H g = |x|^2 g = 5 g. The weights come back to the bit. */
START_TEST(the_hessian_times_the_gradient) {
  scene s;
  static const float before[] = {1, 2, 3, -1};
  open_square(&s, "grasp\ngrasp_temperature = 1");
  scene_limit(&s, 1, 1);
  UNITS(&s, 5, 1 * 4, 2 * 8, 3 * 1, -1 * 2);
  ck_assert_mem_eq(plant_param(&s.p, "linear1.weight")->value, before, sizeof before);
  scene_close(&s);
}
END_TEST

/* Both images: the mean H is ((1 2; 2 4) + (4 -2; -2 1)) / 2 = 2.5 (1 0; 0 1), the mean g
 * (2 4; 6.5 -2). */
START_TEST(the_hessian_and_the_gradient_are_averaged) {
  scene s;
  open_square(&s, "grasp\ngrasp_temperature = 1");
  UNITS(&s, 2.5, 1 * 2, 2 * 4, 3 * 6.5, -1 * -2);
  scene_close(&s);
}
END_TEST

/* At temperature 2, y / 2 - t = (1.5, 0.5): g is half of that times x, H a quarter. */
START_TEST(the_temperature_divides_the_logits) {
  scene s;
  open_square(&s, "grasp\ngrasp_temperature = 2");
  scene_limit(&s, 1, 1);
  UNITS(&s, 5 / 4.0 / 2.0, 1 * 1.5, 2 * 3, 3 * 0.5, -1 * 1);
  scene_close(&s);
}
END_TEST

/* Softmax of equal logits: p - t = (-1/2, 1/2), diag p - p p^T = (1 -1; -1 1) / 4. With T = 2 the
 * first is divided by 2, the second by 4: H g = (-1, 1) / 32. */
START_TEST(the_temperature_softens_the_softmax) {
  scene s;
  scene_open(&s, (esp_shape){1, 1, 1}, 2,
             "[model]\narch = custom\nlayers = linear classes nobias\n[prune]\n"
             "method = grasp\ngrasp_temperature = 2\n");
  PLANT_SET(&s.p, "linear1.weight", 3, 3);
  scene_limit(&s, 1, 1);
  scene_image(&s, 0, 0, (float[]){1});
  UNITS(&s, 1 / 32.0, -3, 3);
  scene_close(&s);
}
END_TEST

/* y = b a x with x = 1, a = 2, b = (1, -1) and t = (1, 0): r = y - t = (1, -2), and the gradient
 *
 *     g = (r b; a r) = (3; 2, -4)
 *
 * The second derivatives are b b = 2 for a, a a = 4 for each of b, and between them a b + r, which
 * is (3, -4): H g = (28; 17, -28). */
START_TEST(the_hessian_across_layers) {
  scene s;
  scene_open(&s, (esp_shape){1, 1, 1}, 2,
             "[model]\narch = custom\nlayers =\n linear 1 nobias\n linear classes nobias\n"
             "[train]\nloss = mse\n[prune]\nmethod = grasp\ngrasp_temperature = 1\n");
  PLANT_SET(&s.p, "linear1.weight", 2);
  PLANT_SET(&s.p, "linear2.weight", 1, -1);
  scene_limit(&s, 1, 1);
  scene_image(&s, 0, 0, (float[]){1});
  UNITS(&s, 1, 2 * 28, 1 * 17, -1 * -28);
  scene_close(&s);
}
END_TEST

/* What is pruned does not move along: with the second weight gone y - t = (0, 1), g of the first
 * row is 0, and H g = 5 (0 0; 1 2) comes from the second alone. */
START_TEST(the_hessian_leaves_out_what_is_pruned) {
  scene s;
  open_square(&s, "grasp\ngrasp_temperature = 1");
  scene_limit(&s, 1, 1);
  scene_recall(&s);
  s.p.pruner->keep[1] = 0;
  esp_pruner_commit(s.p.pruner);
  UNITS(&s, 5, 0, 0, 3 * 1, -1 * 2);
  scene_close(&s);
}
END_TEST

/* A gate has no second derivative here: refused when a run begins, rounds after its training too,
 * naming what the network has, with the weights as they were. */
START_TEST(the_hessian_of_a_gate_is_refused) {
  scene s;
  char before[65], after[65];
  scene_open(&s, (esp_shape){2, 2, 2}, 2,
             "[model]\narch = custom\nlayers =\n conv 2 1x1\n bn\n gate 0.5\n relu\n"
             " global_avgpool\n linear classes\n[prune]\nmethod = grasp\nat = rounds\n");
  esp_params_sha256(&s.p.model->params, before);
  ck_assert(esp_pruner_prepare(s.p.pruner, s.graph, &err) == ESP_ERR_INPUT);
  ck_assert_msg(strstr(err.text, "[prune] method = grasp: ") == err.text, "%s", err.text);
  ck_assert(scene_measure(&s, &err) == ESP_ERR_INPUT);
  ck_assert_msg(strstr(err.text, "second derivative") != NULL, "%s", err.text);
  esp_params_sha256(&s.p.model->params, after);
  ck_assert_str_eq(before, after);
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
    esp_optimiser_step(&s.p.model->params, &s.p.config.train, 0.5);
  }
  /* w: 1, 0.75, 0.5; 2, 2.5, 3; 3, 2.5, 2; -1 */
  UNITS(&s, 1, -0.5 * 2.25, 7.5, -7.5, 0);
  scene_round(&s, 0.5);
  plant_mask_is(&s.p, "linear1.weight", "0101");
  scene_close(&s);
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("criteria");
  TCase *tc = tcase_create("criteria");
  tcase_set_timeout(tc, 60);
  tcase_add_test(tc, weights_by_hand);
  tcase_add_test(tc, norms_of_filters);
  tcase_add_test(tc, scales_of_batch_norm);
  tcase_add_test(tc, distances_from_the_other_filters);
  tcase_add_test(tc, gradients_are_averaged);
  tcase_add_test(tc, scores_are_averaged);
  tcase_add_test(tc, taylor_sums_over_a_filter_first);
  tcase_add_test(tc, images_are_scored_one_by_one);
  tcase_add_loop_test(tc, images_of_lanes_are_those_of_batches_of_one, 0, 3);
  tcase_add_test(tc, the_hessian_times_the_gradient);
  tcase_add_test(tc, the_hessian_and_the_gradient_are_averaged);
  tcase_add_test(tc, the_temperature_divides_the_logits);
  tcase_add_test(tc, the_temperature_softens_the_softmax);
  tcase_add_test(tc, the_hessian_across_layers);
  tcase_add_test(tc, the_hessian_leaves_out_what_is_pruned);
  tcase_add_test(tc, the_hessian_of_a_gate_is_refused);
  tcase_add_test(tc, movement_adds_up_over_steps);
  suite_add_tcase(s, tc);
  return s;
}

int main(void) {
  return suite_run(suite());
}

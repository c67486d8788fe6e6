/* What pushes weights towards zero, against tiny cases worked by hand. */
#include "eight.h"
#include "suite.h"

#include <espalier/random.h>

#include <math.h>

#define ONE_SHOT "method = magnitude\nschedule = one-shot\nregulariser = "

/* One step before any pruning, in which the optimiser does nothing. */
static void gradients(plant *p, int64_t number) {
  take_step(p, number, -1, 0.0, 1.0);
}

START_TEST(l1_adds_the_sign) {
  plant p;
  eight_open(&p, ONE_SHOT "l1\nstrength = 0.5\n");
  eight(&p)->value[2] = 0.0f;
  eight(&p)->grad[0] = 1.0f;
  gradients(&p, 0);
  FLOATS_ARE(eight(&p)->grad, 1.5f, -0.5f, 0, -0.5f, 0.5f, -0.5f, 0.5f, -0.5f);
  plant_close(&p);
}
END_TEST

/* Row (3, 4, 0, 0): norm 5, sqrt(n) = 2, so 0.5 * 2 / 5 = 0.2 of each weight. A row of zeros has no
 * slope. */
START_TEST(group_lasso_pulls_rows) {
  plant p;
  eight_open(&p, ONE_SHOT "group-lasso\nstrength = 0.5\n");
  PLANT_SET(&p, "linear1.weight", 3, 4, 0, 0, 0, 0, 0, 0);
  gradients(&p, 0);
  FLOATS_ARE(eight(&p)->grad, 0.2f * 3, 0.2f * 4, 0, 0, 0, 0, 0, 0);
  plant_close(&p);
}
END_TEST

/* Magnitudes 1 to 8: a = 36 / 204, so a weight w has the slope sign(w) 2 a (1 - a |w|): towards 0
 * below 5.67. */
START_TEST(hoyer_parts_small_from_large) {
  plant p;
  const double a = 36.0 / 204.0;
  eight_open(&p, ONE_SHOT "hoyer\nstrength = 0.5\n");
  gradients(&p, 0);
  for (int i = 0; i < 8; i++) {
    const double w = (double)one_to_eight[i], size = fabs(w);
    const double slope = a * (1.0 - a * size) * (w / size);
    ck_assert_double_le(fabs((double)eight(&p)->grad[i] - slope), 1e-7);
  }
  PLANT_SET(&p, "linear1.weight", 0, 0, 0, 0, 0, 2, 0, 0); /* as few as can be */
  memset(eight(&p)->grad, 0, 8 * sizeof(float));
  gradients(&p, 1);
  FLOATS_ARE(eight(&p)->grad, 0, 0, 0, 0, 0, 0, 0, 0);
  plant_close(&p);
}
END_TEST

/* Filters of nine ones, nine twos and nine zeros, norms 3, 6 and 0: a = 9 / 45, so weights have
 * 2 w (0.2 / r - 0.04), which is 2 (0.0667 - 0.04) and 4 (0.0333 - 0.04). */
START_TEST(hoyer_takes_units_as_a_whole) {
  plant p;
  plant_open(&p, (esp_shape){1, 4, 4}, 2,
             "[model]\narch = custom\nlayers =\n conv 3 3x3\n relu\n global_avgpool\n"
             " linear classes\n[prune]\nskip = last\nstructure = filter\n" ONE_SHOT
             "hoyer\nstrength = 1\n");
  esp_param *w = plant_param(&p, "conv1.weight");
  for (int i = 0; i < 27; i++) w->value[i] = (float)(i < 9 ? 1 : i < 18 ? 2 : 0);
  memset(w->grad, 0, 27 * sizeof(float));
  gradients(&p, 0);
  for (int i = 0; i < 27; i++) {
    const double slope = i < 9 ? 2.0 * (0.2 / 3.0 - 0.04) : i < 18 ? 4.0 * (0.2 / 6.0 - 0.04) : 0.0;
    ck_assert_double_le(fabs((double)w->grad[i] - slope), 1e-7);
  }
  plant_close(&p);
}
END_TEST

START_TEST(slimming_pulls_the_scales) {
  plant p;
  plant_open(&p, (esp_shape){3, 4, 4}, 2,
             "[model]\narch = custom\nlayers =\n conv 3 3x3\n bn\n relu\n global_avgpool\n"
             " linear classes\n[prune]\n"
             "structure = filter\n" ONE_SHOT "slimming\nstrength = 0.25\n");
  esp_param *scale = plant_param(&p, "bn1.scale");
  scale->value[1] = -1.0f;
  scale->value[2] = 0.0f;
  gradients(&p, 0);
  FLOATS_ARE(scale->grad, 0.25f, -0.25f, 0);
  for (size_t i = 0; i < 27; i++) ck_assert(plant_param(&p, "conv1.weight")->grad[i] == 0.0f);
  plant_close(&p);
}
END_TEST

/* Step 0: Z = (0 0 0 0 5 -6 7 -8), U = W - Z, gradient rho (W - Z + U). Step 2: W + U = (2 -4 6 -8
 * 5 -6 7 -8), of which 6 (of the two the first), -8, 7 and -8 are kept; U grows by W - Z. */
START_TEST(admm_projects_every_so_often) {
  plant p;
  eight_open(&p, ONE_SHOT "admm\nstrength = 0.5\n");
  p.config.prune.every = 2;
  gradients(&p, 0);
  FLOATS_ARE(p.pruner->state[0], 0, 0, 0, 0, 5, -6, 7, -8);
  FLOATS_ARE(p.pruner->state[1], 1, -2, 3, -4, 0, 0, 0, 0);
  FLOATS_ARE(eight(&p)->grad, 1, -2, 3, -4, 0, 0, 0, 0);
  memset(eight(&p)->grad, 0, 8 * sizeof(float));
  gradients(&p, 1);
  FLOATS_ARE(eight(&p)->grad, 1, -2, 3, -4, 0, 0, 0, 0);
  gradients(&p, 2);
  FLOATS_ARE(p.pruner->state[0], 0, 0, 6, -8, 0, 0, 7, -8);
  FLOATS_ARE(p.pruner->state[1], 2, -4, 0, 0, 5, -6, 0, 0);
  plant_close(&p);
}
END_TEST

/* ---- L0 ---- */

#define L0 ONE_SHOT "l0\nstrength = "

static void set_gates(const plant *p, float a) {
  for (size_t u = 0; u < p->pruner->units; u++)
    p->pruner->state[0][u] = a - 2.5f; /* they start at 2.5 */
}

static void draw(const plant *p, int64_t number) {
  const esp_step_ctx now = {.step = number};
  esp_pruner_pre_forward(p->pruner, &now);
}

/* The slopes of sum c value with the noise of step 5, in what `set` sets, by central differences
 * around `at`, where it stays. */
static void noisy_slopes(const plant *p, void (*set)(const plant *p, float at), float at,
                         const float c[8], double slope[8]) {
  const float e = 1e-2f;
  set(p, at + e);
  draw(p, 5);
  for (int i = 0; i < 8; i++) slope[i] = (double)(c[i] * eight(p)->value[i]);
  set(p, at - e);
  draw(p, 5);
  for (int i = 0; i < 8; i++)
    slope[i] = (slope[i] - (double)(c[i] * eight(p)->value[i])) / (2.0 * (double)e);
  set(p, at);
}

/* Open at first and outside of training; noise is a function of the step; far down everything is
 * exactly 0. */
START_TEST(gates_are_open_noisy_and_closed) {
  plant p;
  float once[8];
  eight_open(&p, L0 "0\n");
  esp_pruner_post_step(p.pruner, &(esp_step_ctx){0});
  FLOATS_ARE(eight(&p)->value, 1, -2, 3, -4, 5, -6, 7, -8);
  set_gates(&p, 0.0f);
  draw(&p, 3);
  memcpy(once, eight(&p)->value, sizeof once);
  draw(&p, 4);
  ck_assert(memcmp(once, eight(&p)->value, sizeof once) != 0);
  draw(&p, 3);
  ck_assert_mem_eq(once, eight(&p)->value, sizeof once);
  esp_pruner_post_step(p.pruner, &(esp_step_ctx){0}); /* sigmoid(0) 1.2 - 0.1 = 0.5 */
  FLOATS_ARE(eight(&p)->value, 0.5f, -1, 1.5f, -2, 2.5f, -3, 3.5f, -4);
  set_gates(&p, -20.0f);
  esp_pruner_post_step(p.pruner, &(esp_step_ctx){0});
  FLOATS_ARE(eight(&p)->value, 0, 0, 0, 0, 0, 0, 0, 0);
  plant_close(&p);
}
END_TEST

/* P(z > 0) = sigmoid(a - 2/3 log(1 / 11)): 0.8318 at a = 0, over 16000 draws. */
START_TEST(gates_are_open_as_often_as_they_should) {
  plant p;
  int open = 0;
  eight_open(&p, L0 "0\n");
  set_gates(&p, 0.0f);
  for (int s = 0; s < 2000; s++) {
    draw(&p, s);
    for (int i = 0; i < 8; i++) open += eight(&p)->value[i] != 0.0f;
  }
  const double expected = 1.0 / (1.0 + pow(1.0 / 11.0, 2.0 / 3.0));
  ck_assert_msg(fabs(open / 16000.0 - expected) < 0.01, "%g, expected %g", open / 16000.0,
                expected);
  plant_close(&p);
}
END_TEST

/* The loss sum c value, with the noise of a step, by central differences in a gate; and the
 * penalty's slope. */
START_TEST(gates_have_the_gradient_of_their_formula) {
  static const float c[] = {1, 2, -1, 0.5f, 3, 1, -2, 1};
  plant p;
  double slope[8];
  const float a = 0.25f;
  eight_open(&p, L0 "2\n");
  noisy_slopes(&p, set_gates, a, c, slope);
  const double alive = 1.0 / (1.0 + exp(-(double)a) * pow(1.0 / 11.0, 2.0 / 3.0));
  memcpy(eight(&p)->grad, c, sizeof c);
  take_step(&p, 5, -1, 1.0, 1.0);
  for (int i = 0; i < 8; i++) {
    const double moved = (double)(a - 2.5f) - (double)p.pruner->state[0][i];
    const double expected = slope[i] + 2.0 * alive * (1.0 - alive);
    ck_assert_msg(fabs(moved - expected) < 2e-3 * fmax(1.0, fabs(expected)), "%d: %g, expected %g",
                  i, moved, expected);
  }
  plant_close(&p);
}
END_TEST

/* When the training is over the gated weights are the weights, and pruning takes those behind
 * closed gates. */
START_TEST(closed_gates_are_pruned_first) {
  plant p;
  int floored;
  eight_open(&p, L0 "0\n");
  for (int i = 4; i < 8; i++) p.pruner->state[0][i] = -20.0f;
  take_step(&p, 0, -1, 0.0, 1.0);
  esp_pruner_finish(p.pruner);
  ck_assert_ptr_null(eight(&p)->shadow);
  FLOATS_ARE(eight(&p)->value, 1, -2, 3, -4, 0, 0, 0, 0);
  ck_assert(esp_pruner_prune(p.pruner, 0.5, &floored, NULL) == ESP_OK);
  plant_mask_is(&p, "linear1.weight", "11110000");
  memset(eight(&p)->grad, 0, 8 * sizeof(float));
  take_step(&p, 1, -1, 1.0, 1.0); /* gates have no part in the retraining */
  FLOATS_ARE(eight(&p)->value, 1, -2, 3, -4, 0, 0, 0, 0);
  plant_close(&p);
}
END_TEST

/* ---- variational dropout ---- */

#define VARIATIONAL ONE_SHOT "variational\nstrength = "

static void set_variances(const plant *p, float log_variance) {
  for (size_t k = 0; k < p->pruner->weights; k++)
    p->pruner->state[0][k] = log_variance + 10.0f; /* they start at -10 */
}

/* Noise is a function of the step, and gone outside of one; a variance of more than e^3 = 20.1
 * times the mean's square leaves 0: e^3.5 = 33.1 is that for 1, not for 2. */
START_TEST(noisy_weights_are_zero_when_they_are_noise_alone) {
  plant p;
  float once[8];
  eight_open(&p, VARIATIONAL "0\n");
  esp_pruner_post_step(p.pruner, &(esp_step_ctx){0});
  FLOATS_ARE(eight(&p)->value, 1, -2, 3, -4, 5, -6, 7, -8);
  draw(&p, 3);
  memcpy(once, eight(&p)->value, sizeof once);
  draw(&p, 4);
  for (int i = 0; i < 8; i++) ck_assert(once[i] != eight(&p)->value[i]);
  draw(&p, 3);
  ck_assert_mem_eq(once, eight(&p)->value, sizeof once);
  set_variances(&p, 3.5f);
  esp_pruner_post_step(p.pruner, &(esp_step_ctx){0});
  FLOATS_ARE(eight(&p)->value, 0, -2, 3, -4, 5, -6, 7, -8);
  set_variances(&p, 6.0f); /* 403: 16.1 times 5^2 is below e^3, 25.2 times 4^2 above */
  esp_pruner_post_step(p.pruner, &(esp_step_ctx){0});
  FLOATS_ARE(eight(&p)->value, 0, 0, 0, 0, 5, -6, 7, -8);
  plant_close(&p);
}
END_TEST

/* Mean and variance over 16000 draws: deviations of the estimates are 0.008 sd and 0.011. */
START_TEST(noise_has_the_variance_that_is_learned) {
  plant p;
  double sum = 0.0, squares = 0.0;
  eight_open(&p, VARIATIONAL "0\n");
  set_variances(&p, 2.0f);
  for (int s = 0; s < 2000; s++) {
    draw(&p, s);
    for (int i = 0; i < 8; i++) {
      const double e = (double)(eight(&p)->value[i] - eight(&p)->shadow[i]);
      sum += e;
      squares += e * e;
    }
  }
  ck_assert_msg(fabs(sum / 16000.0) < 0.04 * exp(1.0), "mean %g", sum / 16000.0);
  ck_assert_msg(fabs(squares / 16000.0 / exp(2.0) - 1.0) < 0.06, "variance %g, expected %g",
                squares / 16000.0, exp(2.0));
  plant_close(&p);
}
END_TEST

/* The paper's divergence (equation 14), without its constant. */
static double divergence(double log_variance, double mean) {
  const double a = log_variance - log(mean * mean);
  return 0.5 * log1p(exp(-a)) - 0.63576 / (1.0 + exp(-1.87320 - 1.48695 * a));
}

/* The loss sum c value + 2 * divergence, with the noise of a step, by central differences in a
 * mean and a logarithm of a variance. */
START_TEST(noisy_weights_have_the_gradient_of_their_formula) {
  static const float c[] = {1, 2, -1, 0.5f, 3, 1, -2, 1};
  const float v = 1.5f;
  plant p;
  double slope[8];
  eight_open(&p, VARIATIONAL "2\n");
  noisy_slopes(&p, set_variances, v, c, slope);
  memcpy(eight(&p)->grad, c, sizeof c);
  take_step(&p, 5, -1, 1.0, 1.0);
  for (int i = 0; i < 8; i++) {
    const double m = i % 2 ? -(i + 1.0) : i + 1.0, h = 1e-4;
    const double by_v = (divergence((double)v + h, m) - divergence((double)v - h, m)) / h;
    const double by_m = (divergence((double)v, m + h) - divergence((double)v, m - h)) / h;
    const double moved = (double)(v + 10.0f) - (double)p.pruner->state[0][i];
    ck_assert_msg(fabs(moved - slope[i] - by_v) < 2e-3 * fmax(1.0, fabs(slope[i])),
                  "%d: variance %g, expected %g", i, moved, slope[i] + by_v);
    const double mean = m - (double)eight(&p)->shadow[i], expected = (double)c[i] + by_m;
    ck_assert_msg(fabs(mean - expected) < 1e-3, "%d: mean %g, expected %g", i, mean, expected);
  }
  plant_close(&p);
}
END_TEST

/* All of them are over when the training is. */
START_TEST(regularisers_end_with_the_training) {
  static const char *const all[] = {"l1", "group-lasso", "admm", "l0", "variational", "hoyer"};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    char ini[128];
    plant p;
    snprintf(ini, sizeof ini, ONE_SHOT "%s\nstrength = 1\n", all[i]);
    eight_open(&p, ini);
    gradients(&p, 0);
    esp_pruner_finish(p.pruner);
    memset(eight(&p)->grad, 0, 8 * sizeof(float));
    take_step(&p, 1, -1, 1.0, 1.0);
    FLOATS_ARE(eight(&p)->value, 1, -2, 3, -4, 5, -6, 7, -8);
    ck_assert_ptr_null(esp_pruner_state(p.pruner, 0).name);
    plant_close(&p);
  }
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("regularisers");
  TCase *all = tcase_create("by hand");
  tcase_set_timeout(all, 60);
  tcase_add_test(all, l1_adds_the_sign);
  tcase_add_test(all, group_lasso_pulls_rows);
  tcase_add_test(all, hoyer_parts_small_from_large);
  tcase_add_test(all, hoyer_takes_units_as_a_whole);
  tcase_add_test(all, slimming_pulls_the_scales);
  tcase_add_test(all, admm_projects_every_so_often);
  tcase_add_test(all, gates_are_open_noisy_and_closed);
  tcase_add_test(all, gates_are_open_as_often_as_they_should);
  tcase_add_test(all, gates_have_the_gradient_of_their_formula);
  tcase_add_test(all, closed_gates_are_pruned_first);
  tcase_add_test(all, noisy_weights_are_zero_when_they_are_noise_alone);
  tcase_add_test(all, noise_has_the_variance_that_is_learned);
  tcase_add_test(all, noisy_weights_have_the_gradient_of_their_formula);
  tcase_add_test(all, regularisers_end_with_the_training);
  suite_add_tcase(s, all);
  return s;
}

int main(void) {
  return suite_run(suite());
}

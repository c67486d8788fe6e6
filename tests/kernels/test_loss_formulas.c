/* Losses and distillation, and their gradients. */
#include "kernels/formulas.h"

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
  scalar()->match_numbers(&d.block, teacher);
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

int main(void) {
  Suite *suite = suite_create("formulas of losses");
  TCase *all = tcase_create("formulas");
  tcase_set_timeout(all, 60);
  tcase_add_loop_test(all, cross_entropy_is_its_formula, 0, 6);
  tcase_add_loop_test(all, mean_squared_is_its_formula, 0, 2);
  tcase_add_test(all, matching_logits_is_its_formula);
  tcase_add_loop_test(all, distillation_is_its_formula, 0, 4);
  suite_add_tcase(suite, all);
  return suite_run(suite);
}

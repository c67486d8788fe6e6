/* The optimiser against its formula in double precision, and learning rates worked by hand. */
#include "suite.h"

#include <espalier/optim.h>
#include <espalier/random.h>

#include <math.h>
#include <omp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* ---- learning rates ---- */

/* Peak 0.4, 10 epochs, gamma 1/2, a step every 3 epochs, milestones 4 and 8, power 2, final rate
 * 0.04. */
static esp_train_options options(const char *schedule, double warmup) {
  return (esp_train_options){.lr = 0.4,
                             .schedule = (char *)(uintptr_t)schedule,
                             .warmup_epochs = warmup,
                             .step_epochs = 3,
                             .milestones = {{4.0, 8.0}, 2},
                             .gamma = 0.5,
                             .power = 2.0,
                             .final_lr = 0.04};
}

static const struct {
  const char *schedule;
  double warmup, epoch, rate;
} rates[] = {
    {"constant", 0, 0, 0.4},
    {"constant", 0, 10, 0.4},
    /* the warm-up is a line from 0 to the peak */
    {"constant", 2, 0, 0.0},
    {"constant", 2, 0.5, 0.1},
    {"constant", 2, 1, 0.2},
    {"constant", 2, 2, 0.4},
    {"constant", 2.5, 1, 0.16},
    {"constant", 10, 5, 0.2}, /* it takes all of the training */
    {"constant", 10, 10, 0.4},
    {"constant", 20, 5, 0.2}, /* and never longer than that */
    {"constant", 20, 10, 0.4},
    /* drops after 3, 6 and 9 epochs, counted from the beginning */
    {"step", 0, 0, 0.4},
    {"step", 0, 2.999, 0.4},
    {"step", 0, 3, 0.2},
    {"step", 0, 5.999, 0.2},
    {"step", 0, 6, 0.1},
    {"step", 0, 9, 0.05},
    {"step", 0, 10, 0.05},
    {"step", 2, 2, 0.4},
    {"step", 2, 2.999, 0.4},
    {"step", 2, 3, 0.2},
    {"step", 2, 9, 0.05},
    {"step", 4, 4, 0.2}, /* one drop is over when the warm-up ends */
    {"multi-step", 0, 0, 0.4},
    {"multi-step", 0, 3.999, 0.4},
    {"multi-step", 0, 4, 0.2},
    {"multi-step", 0, 7.999, 0.2},
    {"multi-step", 0, 8, 0.1},
    {"multi-step", 0, 10, 0.1},
    {"multi-step", 1, 4, 0.2},
    {"multi-step", 1, 8, 0.1},
    /* 0.04 + 0.36 (1 + cos) / 2; cos 60 degrees = 1/2, cos 120 = -1/2 */
    {"cosine", 0, 0, 0.4},
    {"cosine", 0, 10.0 / 3.0, 0.31},
    {"cosine", 0, 5, 0.22},
    {"cosine", 0, 20.0 / 3.0, 0.13},
    {"cosine", 0, 10, 0.04},
    {"cosine", 2, 1, 0.2},
    {"cosine", 2, 2, 0.4},
    {"cosine", 2, 6, 0.22}, /* half of what the warm-up left */
    {"cosine", 2, 10, 0.04},
    {"cosine", 10, 10, 0.4},
    /* 0.04 + 0.36 (1 - t)^2 */
    {"polynomial", 0, 0, 0.4},
    {"polynomial", 0, 5, 0.13},
    {"polynomial", 0, 7.5, 0.0625},
    {"polynomial", 0, 10, 0.04},
    {"polynomial", 2, 6, 0.13},
    /* from 0.4 / 25 = 0.016 to the peak in 3 epochs, then down in 7; the half of each way is the
     * mean */
    {"one-cycle", 0, 0, 0.016},
    {"one-cycle", 0, 1.5, 0.208},
    {"one-cycle", 0, 3, 0.4},
    {"one-cycle", 0, 6.5, 0.22},
    {"one-cycle", 0, 10, 0.04},
};

START_TEST(rates_by_hand) {
  const esp_train_options opt = options(rates[_i].schedule, rates[_i].warmup);
  const double rate = esp_learning_rate(&opt, rates[_i].epoch, 10.0);
  ck_assert_msg(fabs(rate - rates[_i].rate) <= 1e-12,
                "%s, warm-up %g, epoch %g: %.17g, expected %g", rates[_i].schedule,
                rates[_i].warmup, rates[_i].epoch, rate, rates[_i].rate);
}
END_TEST

START_TEST(polynomial_powers) {
  esp_train_options opt = options("polynomial", 0.0);
  opt.power = 1.0;
  ck_assert_double_eq_tol(esp_learning_rate(&opt, 2.5, 10.0), 0.31, 1e-12); /* a line */
  opt.power = 0.0;
  ck_assert(esp_learning_rate(&opt, 2.5, 10.0) == 0.4 &&
            esp_learning_rate(&opt, 10.0, 10.0) == 0.4);
}
END_TEST

START_TEST(every_schedule_is_listed_and_finite) {
  static const char *const names[] = {"constant", "step",      "multi-step",
                                      "cosine",   "one-cycle", "polynomial"};
  for (size_t i = 0; i < 6; i++) {
    ck_assert_str_eq(esp_lr_schedule_at(i)->name, names[i]);
    const esp_train_options opt = options(names[i], 0.3);
    for (int e = 0; e <= 1000; e++) {
      const double rate = esp_learning_rate(&opt, e / 100.0, 10.0);
      ck_assert_msg(rate >= 0.0 && rate <= 0.4 + 1e-12, "%s at %g: %g", names[i], e / 100.0, rate);
    }
    const esp_train_options plain = options(names[i], 0.0);
    ck_assert(isfinite(esp_learning_rate(&plain, 0.0, 0.0))); /* a training of no epochs */
  }
  ck_assert_ptr_null(esp_lr_schedule_at(6));
}
END_TEST

/* With a warm-up of any tenth, a drop comes at its epoch, not a step later. */
START_TEST(drops_come_on_time_after_any_warm_up) {
  for (int w = 1; w < 40; w++) {
    esp_train_options step = options("step", w / 10.0), multi = options("multi-step", w / 10.0);
    for (int e = 5; e < 100; e++) {
      step.step_epochs = e;
      multi.milestones = (esp_numbers){{e}, 1};
      ck_assert_double_eq_tol(esp_learning_rate(&step, e, 100.0), 0.2, 1e-12);
      ck_assert_double_eq_tol(esp_learning_rate(&multi, e, 100.0), 0.2, 1e-12);
      ck_assert_double_eq_tol(esp_learning_rate(&multi, e - 1e-6, 100.0), 0.4, 1e-12);
    }
  }
}
END_TEST

/* ---- parameters of every role ---- */

enum { ROLES = 6, COUNT = 24 };
static const esp_role roles[ROLES] = {ESP_ROLE_CONV_WEIGHT, ESP_ROLE_LINEAR_WEIGHT,
                                      ESP_ROLE_BIAS,        ESP_ROLE_BN_SCALE,
                                      ESP_ROLE_BN_SHIFT,    ESP_ROLE_RUNNING};

typedef struct bed {
  esp_params params;
  uint8_t keep[COUNT]; /* of the linear weight */
  esp_mask mask;
} bed;

/* One parameter of each role; a third of the linear weight is pruned. */
static void open_bed(bed *b, bool averages) {
  esp_error err;
  *b = (bed){.mask = {.count = COUNT}};
  for (int r = 0; r < ROLES; r++) {
    char name[2] = {(char)('a' + r), '\0'};
    esp_param *p;
    ck_assert(esp_params_add(&b->params, name, roles[r], 1, (int[]){COUNT}, &p, &err) == ESP_OK);
    esp_random_normals((esp_key)r, 1.0, p->value, COUNT);
  }
  for (size_t i = 0; i < COUNT; i++) b->mask.kept += b->keep[i] = i % 3 != 1;
  b->mask.keep = b->keep;
  b->params.item[1]->mask = &b->mask;
  for (size_t i = 0; i < COUNT; i++)
    if (!b->keep[i]) b->params.item[1]->value[i] = 0.0f;
  if (averages) ck_assert(esp_params_average(&b->params, &err) == ESP_OK);
}

/* ---- the step against double precision ---- */

static const esp_train_options steps[] = {
    {.momentum = 0.0},
    {.momentum = 0.9},
    {.momentum = 0.9, .nesterov = true},
    {.momentum = 0.0, .nesterov = true},
    {.momentum = 0.9, .weight_decay = 0.01},
    {.momentum = 0.9, .weight_decay = 0.01, .decay_all = true},
    {.momentum = 0.95, .weight_decay = 0.1, .decay_all = true, .nesterov = true},
    {.momentum = 0.9, .clip_norm = 0.7},
    {.momentum = 0.9, .clip_value = 0.3, .weight_decay = 0.05},
    {.momentum = 0.9, .clip_norm = 5.0, .clip_value = 0.5, .nesterov = true, .average = 0.9},
    {.momentum = 0.9, .average = 0.99},
};

/* The reference: weights, velocities and averages of all parameters. */
typedef struct reference {
  double w[ROLES][COUNT], v[ROLES][COUNT], average[ROLES][COUNT];
} reference;

static double norm_of(const bed *b) {
  double sum = 0.0;
  for (int r = 0; r < 5; r++)
    for (size_t i = 0; i < COUNT; i++)
      if (r != 1 || b->keep[i]) sum += pow((double)b->params.item[r]->grad[i], 2.0);
  return sqrt(sum);
}

static void reference_step(reference *f, const bed *b, const esp_train_options *o, double lr) {
  const double norm = norm_of(b),
               scale = o->clip_norm > 0.0 && norm > o->clip_norm ? o->clip_norm / norm : 1.0;
  for (int r = 0; r < 5; r++)
    for (size_t i = 0; i < COUNT; i++) {
      if (r == 1 && !b->keep[i]) continue;
      double g = (double)b->params.item[r]->grad[i] * scale;
      if (o->clip_value > 0.0) g = fmin(fmax(g, -o->clip_value), o->clip_value);
      if (r < 2 || o->decay_all) g += o->weight_decay * f->w[r][i];
      f->v[r][i] = o->momentum * f->v[r][i] + g;
      f->w[r][i] -= lr * (o->nesterov ? g + o->momentum * f->v[r][i] : f->v[r][i]);
      f->average[r][i] = o->average * f->average[r][i] + (1.0 - o->average) * f->w[r][i];
    }
}

static void close_to(const bed *b, const reference *f, int step) {
  for (int r = 0; r < 5; r++)
    for (size_t i = 0; i < COUNT; i++) {
      const esp_param *p = b->params.item[r];
      ck_assert_msg(fabs((double)p->value[i] - f->w[r][i]) < 2e-6,
                    "step %d, role %d: value %g, expected %g", step, r, (double)p->value[i],
                    f->w[r][i]);
      ck_assert_msg(fabs((double)p->momentum[i] - f->v[r][i]) < 2e-5,
                    "step %d, role %d: velocity %g, expected %g", step, r, (double)p->momentum[i],
                    f->v[r][i]);
      if (p->average)
        ck_assert_msg(fabs((double)p->average[i] - f->average[r][i]) < 2e-6,
                      "step %d, role %d: average", step, r);
      if (r == 1 && !b->keep[i])
        ck_assert(p->value[i] == 0.0f && p->momentum[i] == 0.0f &&
                  (!p->average || p->average[i] == 0.0f));
    }
}

START_TEST(steps_follow_the_formula) {
  const esp_train_options *o = &steps[_i];
  bed b;
  static reference f;
  f = (reference){0};
  open_bed(&b, o->average > 0.0);
  float running[COUNT];
  memcpy(running, b.params.item[5]->value, sizeof running);
  for (int r = 0; r < 5; r++)
    for (size_t i = 0; i < COUNT; i++)
      f.w[r][i] = f.average[r][i] = (double)b.params.item[r]->value[i];
  for (int s = 0; s < 8; s++) {
    for (int r = 0; r < 5; r++)
      for (size_t i = 0; i < COUNT; i++)
        b.params.item[r]->grad[i] =
            (float)esp_random_normal(esp_key_of(9, (uint64_t)(10 * s + r)), i);
    const double lr = 0.1 / (s + 1);
    ck_assert_double_eq_tol(esp_gradient_norm(&b.params), norm_of(&b), 1e-12);
    esp_optimiser_step(&b.params, o, lr);
    reference_step(&f, &b, o, lr);
    close_to(&b, &f, s);
  }
  ck_assert_mem_eq(running, b.params.item[5]->value, sizeof running); /* not the optimiser's */
  esp_params_free(&b.params);
}
END_TEST

/* ---- decay and clipping, number by number ---- */

/* Gradient 0, decay 1/4, rate 1/2: w -> w (1 - 1/8). */
START_TEST(decay_spares_biases_and_batch_norm) {
  for (int all = 0; all < 2; all++) {
    bed b;
    open_bed(&b, false);
    for (int r = 0; r < 5; r++) b.params.item[r]->value[0] = 16.0f;
    const esp_train_options o = {.weight_decay = 0.25, .decay_all = all};
    esp_optimiser_step(&b.params, &o, 0.5);
    for (int r = 0; r < 5; r++)
      ck_assert(b.params.item[r]->value[0] == (r < 2 || all ? 14.0f : 16.0f));
    esp_params_free(&b.params);
  }
}
END_TEST

/* Gradients 30, 40 in two parameters; the 1000 at a pruned weight does not count. Sets w to minus
 * what was used. */
static void clipped(double clip_norm, double clip_value, float first, float second) {
  bed b;
  open_bed(&b, false);
  esp_param *p = b.params.item[1], *q = b.params.item[2];
  p->value[0] = q->value[0] = 0.0f;
  p->grad[0] = 30.0f;
  p->grad[1] = 1000.0f; /* pruned */
  q->grad[0] = -40.0f;
  ck_assert(esp_gradient_norm(&b.params) == 50.0);
  const esp_train_options o = {.clip_norm = clip_norm, .clip_value = clip_value};
  esp_optimiser_step(&b.params, &o, 1.0);
  ck_assert_msg(p->value[0] == -first && q->value[0] == -second, "%g %g, expected %g %g",
                -(double)p->value[0], -(double)q->value[0], (double)first, (double)second);
  ck_assert(p->value[1] == 0.0f);
  esp_params_free(&b.params);
}

START_TEST(clipping_by_hand) {
  clipped(0.0, 0.0, 30.0f, -40.0f);
  clipped(50.0, 0.0, 30.0f, -40.0f); /* exactly the limit */
  clipped(51.0, 0.0, 30.0f, -40.0f);
  clipped(25.0, 0.0, 15.0f, -20.0f);
  clipped(6.25, 0.0, 3.75f, -5.0f);
  clipped(0.0, 35.0, 30.0f, -35.0f);
  clipped(25.0, 16.0, 15.0f, -16.0f); /* first the norm, then each value */
  clipped(0.0, 1.0, 1.0f, -1.0f);
}
END_TEST

START_TEST(the_norm_counts_what_is_behind_a_shadow) {
  bed b;
  open_bed(&b, false);
  esp_param *p = b.params.item[1];
  p->grad[1] = 3.0f; /* pruned */
  p->grad[2] = 4.0f;
  ck_assert(esp_gradient_norm(&b.params) == 4.0);
  p->shadow = aligned_alloc(64, 128);
  ck_assert(esp_gradient_norm(&b.params) == 5.0);
  p->grad[2] = 1e30f; /* squares beyond float do not overflow */
  ck_assert_double_eq_tol(esp_gradient_norm(&b.params) / 1e30, 1.0, 1e-6);
  esp_params_free(&b.params);
}
END_TEST

/* With a shadow the step is dense, and the value is the shadow where the mask lets it be seen. */
START_TEST(a_shadow_moves_and_the_value_follows) {
  bed b, plain;
  open_bed(&b, true);
  open_bed(&plain, false);
  const esp_train_options o = {.momentum = 0.9, .weight_decay = 0.1, .average = 0.5};
  esp_param *p = b.params.item[1], *q = plain.params.item[1];
  q->mask = NULL;
  p->shadow = aligned_alloc(64, 128);
  for (size_t i = 0; i < COUNT; i++) p->shadow[i] = q->value[i] = p->average[i] = (float)i - 7.0f;
  for (int s = 0; s < 4; s++) {
    for (size_t i = 0; i < COUNT; i++) p->grad[i] = q->grad[i] = (float)(i % 5) - 2.0f;
    esp_optimiser_step(&b.params, &o, 0.25);
    esp_optimiser_step(&plain.params, &o, 0.25);
    ck_assert_mem_eq(p->shadow, q->value, COUNT * sizeof(float));
    ck_assert_mem_eq(p->momentum, q->momentum, COUNT * sizeof(float));
    for (size_t i = 0; i < COUNT; i++) ck_assert(p->value[i] == (b.keep[i] ? p->shadow[i] : 0.0f));
    for (size_t i = 0; i < COUNT; i++) ck_assert(b.keep[i] || p->average[i] == 0.0f);
  }
  esp_params_free(&b.params);
  esp_params_free(&plain.params);
}
END_TEST

/* 8 -> 0 with decay 3/4 of the average: 6 after one step, 4.5 after two. */
START_TEST(averages_by_hand) {
  bed b;
  open_bed(&b, true);
  esp_param *p = b.params.item[0];
  p->value[0] = p->average[0] = 8.0f;
  p->grad[0] = 8.0f;
  const esp_train_options o = {.average = 0.75};
  esp_optimiser_step(&b.params, &o, 1.0);
  ck_assert(p->value[0] == 0.0f && p->average[0] == 6.0f);
  p->grad[0] = 0.0f;
  esp_optimiser_step(&b.params, &o, 1.0);
  ck_assert(p->value[0] == 0.0f && p->average[0] == 4.5f);
  ck_assert_ptr_null(b.params.item[5]->average); /* running statistics have none */
  esp_params_free(&b.params);
}
END_TEST

/* ---- threads ---- */

enum { LARGE = 100003 }; /* several chunks and a rest */

/* Three steps of a large parameter, with mask or shadow; a copy of what came out in `out`. */
static void run_large(int threads, bool shadow, float *out) {
  esp_error err;
  esp_params ps = {0};
  esp_param *p;
  static uint8_t keep[LARGE];
  esp_mask mask = {.keep = keep, .count = LARGE};
  omp_set_num_threads(threads);
  ck_assert(esp_params_add(&ps, "w", ESP_ROLE_LINEAR_WEIGHT, 1, (int[]){LARGE}, &p, &err) ==
            ESP_OK);
  for (size_t i = 0; i < LARGE; i++) {
    mask.kept += keep[i] = esp_random_uniform(1, i) < 0.5f;
    p->value[i] = keep[i] ? esp_random_uniform(2, i) - 0.5f : 0.0f;
  }
  p->mask = &mask;
  ck_assert(esp_params_average(&ps, &err) == ESP_OK);
  if (shadow) {
    p->shadow = aligned_alloc(64, (LARGE * sizeof(float) + 63) / 64 * 64);
    memcpy(p->shadow, p->value, LARGE * sizeof(float));
  }
  const esp_train_options o = {
      .momentum = 0.9, .nesterov = true, .weight_decay = 0.01, .clip_norm = 3, .average = 0.9};
  for (uint64_t s = 0; s < 3; s++) {
    for (size_t i = 0; i < LARGE; i++) p->grad[i] = esp_random_uniform(3 + s, i) - 0.5f;
    esp_optimiser_step(&ps, &o, 0.1);
  }
  memcpy(out, p->value, LARGE * sizeof(float));
  memcpy(out + LARGE, p->momentum, LARGE * sizeof(float));
  memcpy(out + 2 * LARGE, p->average, LARGE * sizeof(float));
  memcpy(out + 3 * LARGE, shadow ? p->shadow : p->value, LARGE * sizeof(float));
  esp_params_free(&ps);
}

START_TEST(bits_do_not_depend_on_threads) {
  static float one[4 * LARGE], many[4 * LARGE];
  for (int shadow = 0; shadow < 2; shadow++) {
    run_large(1, shadow, one);
    for (int threads = 2; threads <= 3; threads++) {
      run_large(threads, shadow, many);
      ck_assert_msg(memcmp(one, many, sizeof one) == 0, "%d threads, shadow %d", threads, shadow);
    }
  }
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("optim");
  TCase *rate = tcase_create("learning rate"), *step = tcase_create("step");
  tcase_set_timeout(rate, 60);
  tcase_add_loop_test(rate, rates_by_hand, 0, sizeof rates / sizeof *rates);
  tcase_add_test(rate, polynomial_powers);
  tcase_add_test(rate, every_schedule_is_listed_and_finite);
  tcase_add_test(rate, drops_come_on_time_after_any_warm_up);
  tcase_set_timeout(step, 60);
  tcase_add_loop_test(step, steps_follow_the_formula, 0, sizeof steps / sizeof *steps);
  tcase_add_test(step, decay_spares_biases_and_batch_norm);
  tcase_add_test(step, clipping_by_hand);
  tcase_add_test(step, the_norm_counts_what_is_behind_a_shadow);
  tcase_add_test(step, a_shadow_moves_and_the_value_follows);
  tcase_add_test(step, averages_by_hand);
  tcase_add_test(step, bits_do_not_depend_on_threads);
  suite_add_tcase(s, rate);
  suite_add_tcase(s, step);
  return s;
}

int main(void) {
  return suite_run(suite());
}

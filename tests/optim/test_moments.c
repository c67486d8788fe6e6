/* Adam, AdamW and RMSprop: against torch, around masks, and where moments start anew. */
#include "suite.h"

#include <espalier/optim.h>
#include <espalier/random.h>

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "torch_steps.h"

static esp_error err;

/* One parameter of `count` weights, with what the optimiser keeps of it. */
static esp_param *open_param(esp_params *ps, const esp_train_options *o, int count) {
  esp_param *p;
  *ps = (esp_params){0};
  ck_assert(esp_params_add(ps, "w", ESP_ROLE_LINEAR_WEIGHT, 1, (int[]){count}, &p, &err) == ESP_OK);
  ck_assert(esp_optimiser_open(ps, o, &err) == ESP_OK);
  return p;
}

/* ---- torch ---- */

static float torch_weight(int i) {
  return (float)(7 * i % 16 - 8) / 4.0f;
}
static float torch_gradient(int i, int step) {
  return (float)((5 * i + 3 * step) % 11 - 5) / 8.0f;
}

START_TEST(torch_takes_the_same_steps) {
  const esp_train_options *o = &torch_steps[_i].options;
  esp_params ps;
  esp_param *p = open_param(&ps, o, TORCH_WEIGHTS);
  for (int i = 0; i < TORCH_WEIGHTS; i++) p->value[i] = torch_weight(i);
  for (int s = 0; s < TORCH_STEPS; s++) {
    for (int i = 0; i < TORCH_WEIGHTS; i++) p->grad[i] = torch_gradient(i, s);
    esp_optimiser_step(&ps, o, 0.125 / (s + 1));
    for (int i = 0; i < TORCH_WEIGHTS; i++)
      ck_assert_msg(fabsf(p->value[i] - torch_steps[_i].weight[s][i]) <= 3e-7f,
                    "%s, step %d, weight %d: %.9g, torch %.9g", o->optimiser, s, i,
                    (double)p->value[i], (double)torch_steps[_i].weight[s][i]);
  }
  esp_params_free(&ps);
}
END_TEST

/* A number of a method's own takes the steps of a weight. */
START_TEST(a_number_moves_as_a_weight_does) {
  esp_train_options o = torch_steps[_i].options;
  float value = torch_weight(0), momentum = 0.0f, second = 0.0f;
  esp_params ps;
  o.weight_decay = 0.0;
  o.nesterov = false;
  esp_param *p = open_param(&ps, &o, 1);
  p->value[0] = value;
  for (int s = 0; s < TORCH_STEPS; s++) {
    const esp_optimiser_numbers n = {&o, 0.125, ps.updates + 1, 1, &value, &momentum, &second};
    const double gradient = (double)torch_gradient(0, s);
    esp_optimiser_move(&n, &gradient);
    p->grad[0] = torch_gradient(0, s);
    esp_optimiser_step(&ps, &o, 0.125);
    ck_assert_msg(fabsf(value - p->value[0]) <= 1e-6f, "%s, step %d: %.9g, weight %.9g",
                  o.optimiser, s, (double)value, (double)p->value[0]);
  }
  const float last = value;
  const double none = NAN;
  esp_optimiser_move(&(esp_optimiser_numbers){&o, 1.0, 9, 1, &value, &momentum, &second}, &none);
  ck_assert(value == last && isfinite(momentum) && isfinite(second));
  esp_params_free(&ps);
}
END_TEST

/* Numbers that move together move as each does alone, whatever block they are in; one without a
 * gradient holds no other back. */
START_TEST(numbers_move_together_as_alone) {
  enum { COUNT = 37, STEPS = 3 };
  const esp_train_options *o = &torch_steps[_i].options;
  float value[2][COUNT], momentum[2][COUNT] = {{0}}, second[2][COUNT] = {{0}};
  for (int i = 0; i < COUNT; i++) value[0][i] = value[1][i] = 0.1f * (float)(i - 18);
  for (int s = 0; s < STEPS; s++) {
    double gradient[COUNT];
    for (int i = 0; i < COUNT; i++)
      gradient[i] = i == 20 ? NAN : (double)torch_gradient(i % TORCH_WEIGHTS, s) + 0.01 * i;
    const esp_optimiser_numbers all = {o, 0.125, s + 1, COUNT, value[0], momentum[0], second[0]};
    esp_optimiser_move(&all, gradient);
    for (int i = 0; i < COUNT; i++) {
      const esp_optimiser_numbers one = {
          o, 0.125, s + 1, 1, &value[1][i], &momentum[1][i], &second[1][i]};
      esp_optimiser_move(&one, &gradient[i]);
    }
  }
  ck_assert_mem_eq(value[0], value[1], sizeof value[0]);
  ck_assert_mem_eq(momentum[0], momentum[1], sizeof momentum[0]);
  ck_assert_mem_eq(second[0], second[1], sizeof second[0]);
  ck_assert(value[0][20] == 0.1f * 2 && value[0][36] != 0.1f * 18);
}
END_TEST

/* ---- masks ---- */

static const char *const names[] = {"adam", "adamw", "rmsprop"};
enum { NAMES = sizeof names / sizeof *names };

static esp_train_options options(int name) {
  return (esp_train_options){.optimiser = (char *)names[name],
                             .momentum = 0.5,
                             .beta1 = 0.75,
                             .beta2 = 0.5,
                             .alpha = 0.5,
                             .epsilon = 1e-8};
}

/* What is pruned is untouched by its gradient, also one that is no number, and by decay. */
START_TEST(nothing_is_kept_of_a_pruned_weight) {
  esp_train_options o = options(_i);
  uint8_t keep[] = {1, 0, 1, 0};
  esp_mask mask = {.keep = keep, .count = 4, .kept = 2};
  esp_params ps;
  o.weight_decay = 0.1;
  o.average = 0.5;
  esp_param *p = open_param(&ps, &o, 4);
  p->mask = &mask;
  p->value[0] = p->value[2] = 1.0f;
  for (int s = 0; s < 3; s++) {
    const float grad[] = {1.0f, NAN, -1.0f, INFINITY};
    memcpy(p->grad, grad, sizeof grad);
    esp_optimiser_step(&ps, &o, 0.1);
    for (size_t i = 0; i < 4; i++)
      ck_assert(keep[i]
                    ? p->value[i] != 0.0f && isfinite(p->value[i]) && !esp_param_forgotten(p, i)
                    : p->value[i] == 0.0f && p->average[i] == 0.0f && esp_param_forgotten(p, i));
  }
  esp_params_free(&ps);
}
END_TEST

/* Behind a shadow all weights move, as they do without a mask. */
START_TEST(a_shadow_moves_and_the_value_follows) {
  const esp_train_options o = options(_i);
  uint8_t keep[] = {1, 0, 1, 0};
  esp_mask mask = {.keep = keep, .count = 4, .kept = 2};
  esp_params ps, plain;
  esp_param *p = open_param(&ps, &o, 4), *q = open_param(&plain, &o, 4);
  p->mask = &mask;
  p->shadow = aligned_alloc(64, 64);
  for (size_t i = 0; i < 4; i++) p->shadow[i] = q->value[i] = (float)i - 1.5f;
  for (int s = 0; s < 3; s++) {
    for (size_t i = 0; i < 4; i++) p->grad[i] = q->grad[i] = (float)i - 2.0f;
    esp_optimiser_step(&ps, &o, 0.125);
    esp_optimiser_step(&plain, &o, 0.125);
    ck_assert_mem_eq(p->shadow, q->value, 4 * sizeof(float));
    ck_assert_mem_eq(p->second_moment, q->second_moment, 4 * sizeof(float));
    for (size_t i = 0; i < 4; i++) ck_assert(p->value[i] == (keep[i] ? p->shadow[i] : 0.0f));
  }
  esp_params_free(&ps);
  esp_params_free(&plain);
}
END_TEST

/* ---- where they start anew ---- */

/* With the moments goes the count of the steps that they hold: the first step is one by the rate,
 * whatever the gradient's size, only when its correction is that of the first. */
START_TEST(cleared_moments_begin_again) {
  const esp_train_options o = options(0);
  esp_params ps;
  esp_param *p = open_param(&ps, &o, 1);
  for (int again = 0; again < 2; again++) {
    p->value[0] = 0.0f;
    for (int s = 0; s < 5; s++) {
      p->grad[0] = 3.0f + (float)s;
      esp_optimiser_step(&ps, &o, 0.25);
      if (s == 0) ck_assert_double_eq_tol((double)p->value[0], -0.25, 1e-7);
    }
    ck_assert_int_eq(ps.updates, 5);
    esp_params_clear_momentum(&ps);
    ck_assert(ps.updates == 0 && esp_param_forgotten(p, 0));
  }
  esp_params_free(&ps);
}
END_TEST

/* A moment that is there stays when the optimiser is opened again, for parameters that came. */
START_TEST(opening_again_keeps_what_is_there) {
  const esp_train_options o = options(0);
  esp_params ps;
  esp_param *p = open_param(&ps, &o, 1), *scale;
  p->grad[0] = 1.0f;
  esp_optimiser_step(&ps, &o, 0.25);
  const float second = p->second_moment[0];
  ck_assert(esp_params_add(&ps, "s", ESP_ROLE_RUNNING, 1, (int[]){1}, &scale, &err) == ESP_OK);
  ck_assert(esp_optimiser_open(&ps, &o, &err) == ESP_OK && !scale->second_moment);
  ck_assert(esp_param_learn(scale, &err) == ESP_OK);
  ck_assert(esp_optimiser_open(&ps, &o, &err) == ESP_OK && scale->second_moment[0] == 0.0f);
  ck_assert(second > 0.0f && p->second_moment[0] == second);
  esp_params_free(&ps);
}
END_TEST

START_TEST(sgd_keeps_one_number_a_weight) {
  const esp_train_options sgd = {.optimiser = "sgd"}, adam = options(0);
  esp_params ps;
  ck_assert_ptr_null(open_param(&ps, &sgd, 3)->second_moment);
  ck_assert(esp_optimiser_moments(&sgd) == 1 && esp_optimiser_moments(&adam) == 2);
  esp_params_free(&ps);
}
END_TEST

/* ---- threads ---- */

enum { LARGE = 50021 }; /* several chunks and a rest */

START_TEST(bits_do_not_depend_on_threads) {
  static float value[2][LARGE], second[2][LARGE];
  esp_train_options o = options(_i);
  o.clip_norm = 3.0;
  for (int many = 0; many < 2; many++) {
    esp_params ps;
    omp_set_num_threads(1 + 2 * many);
    esp_param *p = open_param(&ps, &o, LARGE);
    for (uint64_t s = 0; s < 3; s++) {
      for (size_t i = 0; i < LARGE; i++) p->grad[i] = esp_random_uniform(s, i) - 0.5f;
      esp_optimiser_step(&ps, &o, 0.1);
    }
    memcpy(value[many], p->value, sizeof value[many]);
    memcpy(second[many], p->second_moment, sizeof second[many]);
    esp_params_free(&ps);
  }
  ck_assert_mem_eq(value[0], value[1], sizeof value[0]);
  ck_assert_mem_eq(second[0], second[1], sizeof second[0]);
}
END_TEST

static Suite *suite(void) {
  const int torch_cases = sizeof torch_steps / sizeof *torch_steps;
  Suite *s = suite_create("moments");
  TCase *t = tcase_create("moments");
  tcase_set_timeout(t, 60);
  tcase_add_loop_test(t, torch_takes_the_same_steps, 0, torch_cases);
  tcase_add_loop_test(t, a_number_moves_as_a_weight_does, 0, torch_cases);
  tcase_add_loop_test(t, numbers_move_together_as_alone, 0, torch_cases);
  tcase_add_loop_test(t, nothing_is_kept_of_a_pruned_weight, 0, NAMES);
  tcase_add_loop_test(t, a_shadow_moves_and_the_value_follows, 0, NAMES);
  tcase_add_test(t, cleared_moments_begin_again);
  tcase_add_test(t, opening_again_keeps_what_is_there);
  tcase_add_test(t, sgd_keeps_one_number_a_weight);
  tcase_add_loop_test(t, bits_do_not_depend_on_threads, 0, NAMES);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  return suite_run(suite());
}

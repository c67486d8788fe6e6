/* The gradient of every operation against central differences of the loss, in double precision
 * (double.h). */
#include "plans.h"
#include "suite.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

typedef struct check {
  const net_plan *plan;
  net net;
  esp_batch batch;
  esp_pass pass;
} check;

static double loss_of(check *c) {
  const esp_outcome o = esp_graph_forward(c->net.graph, &c->batch, c->pass);
  return o.loss_sum / o.count;
}

/* ---- directions in the space of a parameter: unit vectors ---- */

enum { MANY = 400 }; /* values of a parameter; of more some are left out, evenly */

/* Direction 0 moves all values; direction n > 0 moves value n - 1. */
static void direction(const esp_param *p, size_t n, double *to) {
  for (size_t i = 0; i < p->count; i++)
    to[i] = n > 0 ? 0.0 : (esp_random(99, i) & 1 ? 1.0 : -1.0) / sqrt((double)p->count);
  if (n > 0) to[n - 1] = 1.0;
}

static double along(const esp_param *p, const double *to) {
  double sum = 0.0;
  for (size_t i = 0; i < p->count; i++) sum += p->grad[i] * to[i];
  return sum;
}

static double loss_at(check *c, esp_param *p, const double *old, const double *to, double step) {
  for (size_t i = 0; i < p->count; i++) p->value[i] = old[i] + step * to[i];
  return loss_of(c);
}

/* The kink of a ReLU or max pool may lie within a step; then a smaller step misses it. A wrong
 * gradient is wrong with all of them. */
static void check_direction(check *c, esp_param *p, const double *old, const double *to, size_t n) {
  static const double steps[] = {1e-5, 1e-6, 1e-7};
  const double expected = along(p, to);
  double slope = 0.0;
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
    const double step = steps[i], rounding = 2e-14 / step;
    slope = (loss_at(c, p, old, to, step) - loss_at(c, p, old, to, -step)) / (2.0 * step);
    if (fabs(slope - expected) <= 1e-6 * fabs(expected) + rounding) return;
  }
  ck_abort_msg("%s%s: parameter %s, direction %zu: gradient %.12g, difference %.12g", c->plan->name,
               c->pass.training ? "" : " (evaluation)", p->name, n, expected, slope);
}

static double check_param(check *c, esp_param *p) {
  double *old = malloc(p->count * sizeof *old), *to = malloc(p->count * sizeof *to), size = 0.0;
  ck_assert(old && to);
  memcpy(old, p->value, p->count * sizeof *old);
  size_t step = 1 + p->count / MANY;
  if (step % 3 == 0) step++; /* all places of a window have their turn */
  for (size_t n = 0; n <= p->count; n += step) {
    direction(p, n, to);
    check_direction(c, p, old, to, n);
  }
  memcpy(p->value, old, p->count * sizeof *old);
  for (size_t i = 0; i < p->count; i++) size += fabs(p->grad[i]);
  free(old);
  free(to);
  return size;
}

static bool goes_by_winograd(const net *n) {
  esp_kernel_choice c;
  for (int i = 0; esp_graph_kernel_choice(n->graph, i, &c); i++)
    if (c.reason == ESP_BY_WINOGRAD) return true;
  return false;
}

static void check_net(const net_plan *plan, bool training, bool targets) {
  check c = {.plan = plan, .pass = {.training = training, .dropout_key = 12345}};
  double size = 0.0;
  net_open(&c.net, plan, plan->batch, true);
  c.batch = net_batch(plan->input, plan->batch, 77);
  if (targets)
    net_batch_targets(&c.batch, esp_value_shape(esp_graph_output(c.net.graph)).channels, 88);
  const esp_params *ps = &c.net.params;
  for (int i = 0; i < ps->count; i++) /* the backward pass overwrites */
    if (ps->item[i]->grad)
      for (size_t k = 0; k < ps->item[i]->count; k++) ps->item[i]->grad[k] = 1e9;
  ck_assert(isfinite(loss_of(&c)));
  esp_graph_backward(c.net.graph);
  for (int i = 0; i < ps->count; i++)
    if (ps->item[i]->grad) size += check_param(&c, ps->item[i]);
  ck_assert_msg(size > 1e-3, "%s: all gradients vanish", plan->name);
  ck_assert_msg(!strstr(plan->name, "by Winograd") || goes_by_winograd(&c.net), "%s: directly",
                plan->name);
  net_batch_free(&c.batch);
  net_close(&c.net);
}

START_TEST(training_gradients) {
  check_net(&plans[_i], true, false);
}
END_TEST

/* Running statistics are constants, and nothing is dropped. */
START_TEST(evaluation_gradients) {
  check_net(&plans[_i], false, false);
}
END_TEST

/* Whatever loss the plan has: its batch has real-valued targets. */
START_TEST(target_gradients) {
  check_net(&plans[_i], true, true);
}
END_TEST

int main(void) {
  omp_set_num_threads(1); /* the networks are tiny */
  Suite *suite = suite_create("gradients");
  TCase *all = tcase_create("gradients");
  tcase_set_timeout(all, 60);
  tcase_add_loop_test(all, training_gradients, 0, PLANS);
  tcase_add_loop_test(all, evaluation_gradients, 0, PLANS);
  tcase_add_loop_test(all, target_gradients, 0, PLANS);
  suite_add_tcase(suite, all);
  return suite_run(suite);
}

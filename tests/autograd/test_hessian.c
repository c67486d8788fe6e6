/* The product of the Hessian with a direction against central differences of the gradient, for
 * every operation, in double precision (double.h). */
#include "autograd/hessian.h"
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
  double temperature;
} check;

/* Weights of convolutions and linear layers, one after the other. */
static size_t each_weight(const net *n, esp_param **item) {
  size_t count = 0;
  for (int i = 0; i < n->params.count; i++)
    if (esp_param_prunable(n->params.item[i])) item[count++] = n->params.item[i];
  return count;
}

static double toward(size_t layer, size_t i) {
  return esp_random_normal(1000 + layer, i) / 8.0;
}

/* The gradient of all weights, moved by `step` along the direction, in `to`. */
static void gradient_at(check *c, esp_param **item, size_t items, double step, double *to) {
  for (size_t k = 0; k < items; k++)
    for (size_t i = 0; i < item[k]->count; i++) item[k]->value[i] += step * toward(k, i);
  esp_graph_forward(c->net.graph, &c->batch, c->pass);
  esp__graph_backward_tempered(c->net.graph, c->temperature);
  for (size_t k = 0; k < items; k++)
    for (size_t i = 0; i < item[k]->count; i++) {
      item[k]->value[i] -= step * toward(k, i);
      *to++ = item[k]->grad[i];
    }
}

/* The Hessian times the direction, in `to`. */
static void product_of(check *c, esp_param **item, size_t items, double *to) {
  esp_error err = {.text = ""};
  esp__hessian *h;
  ck_assert_msg(esp__hessian_new(&h, c->net.graph, &err) == ESP_OK, "%s", err.text);
  for (size_t k = 0; k < items; k++)
    for (size_t i = 0; i < item[k]->count; i++)
      esp__hessian_direction(h, item[k])[i] = toward(k, i);
  for (int twice = 0; twice < 2; twice++) { /* nothing may be left of a pass before */
    esp_graph_forward(c->net.graph, &c->batch, c->pass);
    esp__hessian_backward(h, c->temperature);
  }
  for (size_t k = 0; k < items; k++)
    for (size_t i = 0; i < item[k]->count; i++) *to++ = item[k]->grad[i];
  esp__hessian_free(h);
}

/* How far apart the two are, as a share of the larger. */
static double distance(const double *a, const double *b, size_t n) {
  double apart = 0.0, size = 0.0;
  for (size_t i = 0; i < n; i++) {
    apart += (a[i] - b[i]) * (a[i] - b[i]);
    size += a[i] * a[i] > b[i] * b[i] ? a[i] * a[i] : b[i] * b[i];
  }
  ck_assert(isfinite(apart) && isfinite(size));
  return sqrt(apart / (size > 0.0 ? size : 1.0));
}

/* The kink of a ReLU or max pool may lie within a step; then a smaller step misses it. */
static void compare(check *c, const double *product, double *ahead, double *behind, size_t n,
                    esp_param **item, size_t items) {
  static const double steps[] = {1e-5, 1e-6, 1e-7};
  double apart = 1.0;
  for (size_t s = 0; s < sizeof steps / sizeof *steps; s++) {
    gradient_at(c, item, items, steps[s], ahead);
    gradient_at(c, item, items, -steps[s], behind);
    for (size_t i = 0; i < n; i++) ahead[i] = (ahead[i] - behind[i]) / (2.0 * steps[s]);
    apart = distance(product, ahead, n);
    if (apart <= 1e-7 * (steps[0] / steps[s])) return;
  }
  ck_abort_msg("%s%s, temperature %g: product and difference are %g apart", c->plan->name,
               c->pass.training ? "" : " (evaluation)", c->temperature, apart);
}

static void check_products(check *c) {
  esp_param *item[NET_STEPS];
  const size_t items = each_weight(&c->net, item);
  size_t n = 0;
  for (size_t k = 0; k < items; k++) n += item[k]->count;
  double *product = calloc(3 * n, sizeof *product);
  ck_assert(product);
  product_of(c, item, items, product);
  compare(c, product, product + n, product + 2 * n, n, item, items);
  free(product);
}

static void open_plan(check *c, const net_plan *plan, bool training) {
  *c = (check){.plan = plan,
               .pass = {.training = training, .dropout_key = 12345, .dense_gradients = true}};
  net_open(&c->net, plan, plan->batch, true);
  c->batch = net_batch(plan->input, plan->batch, 77);
}

static void close_plan(check *c) {
  net_batch_free(&c->batch);
  net_close(&c->net);
}

static void check_plan(const net_plan *plan, bool training) {
  check c;
  open_plan(&c, plan, training);
  c.temperature = training ? 3.0 : 1.0;
  if (!esp__hessian_lacks(c.net.graph)) check_products(&c);
  close_plan(&c);
}

START_TEST(training_products) {
  check_plan(&plans[_i], true);
}
END_TEST

START_TEST(evaluation_products) {
  check_plan(&plans[_i], false);
}
END_TEST

/* Targets are no logits: no temperature divides what is to be them. */
static void open_targets(check *c, const net_plan *plan) {
  open_plan(c, plan, true);
  net_batch_targets(&c->batch, esp_value_shape(esp_graph_output(c->net.graph)).channels, 88);
  c->temperature = 7.0;
}

START_TEST(target_products) {
  check c;
  open_targets(&c, &plans[_i]);
  if (!esp__hessian_lacks(c.net.graph)) check_products(&c);
  close_plan(&c);
}
END_TEST

static double *gradients_of(esp_param **item, size_t items, size_t *count) {
  *count = 0;
  for (size_t k = 0; k < items; k++) *count += item[k]->count;
  double *to = malloc(*count * sizeof *to);
  ck_assert(to);
  for (size_t k = 0, at = 0; k < items; at += item[k++]->count)
    memcpy(to + at, item[k]->grad, item[k]->count * sizeof *to);
  return to;
}

static void check_plain(check *c) {
  esp_param *item[NET_STEPS];
  size_t n;
  const size_t items = each_weight(&c->net, item);
  esp_graph_forward(c->net.graph, &c->batch, c->pass);
  esp_graph_backward(c->net.graph);
  double *plain = gradients_of(item, items, &n);
  esp_graph_forward(c->net.graph, &c->batch, c->pass);
  esp__graph_backward_tempered(c->net.graph, c->temperature);
  double *tempered = gradients_of(item, items, &n);
  ck_assert_msg(distance(plain, tempered, n) < 1e-12, "%s", c->plan->name);
  free(plain);
  free(tempered);
}

/* At temperature 1 the loss is the loss: the gradient is that of esp_graph_backward. */
START_TEST(the_tempered_gradient_at_one) {
  check c;
  open_plan(&c, &plans[_i], true);
  c.temperature = 1.0;
  check_plain(&c);
  close_plan(&c);
}
END_TEST

START_TEST(the_gradient_of_targets_has_no_temperature) {
  check c;
  open_targets(&c, &plans[_i]);
  check_plain(&c);
  close_plan(&c);
}
END_TEST

/* Whether a plan has operations on sequences, or products. */
static bool of_sequences(const char *name) {
  static const char *const words[] = {"embedding", "layer norm", "attention", "transformer", "LSTM",
                                      "GRU",       "tokens",     "product",   "times itself"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strstr(name, words[i])) return true;
  return false;
}

/* What has no second derivative says so: activations from outside, gates, and operations on
 * sequences. All else is compared. */
START_TEST(what_is_left_out) {
  int left_out = 0;
  for (int i = 0; i < PLANS; i++) {
    check c;
    open_plan(&c, &plans[i], true);
    const char *lacks = esp__hessian_lacks(c.net.graph);
    const bool gated = strstr(plans[i].name, "gate") != NULL,
               outside = strstr(plans[i].name, "from outside") != NULL;
    ck_assert_msg((lacks != NULL) == (gated || outside || of_sequences(plans[i].name)), "%s: %s",
                  plans[i].name, lacks ? lacks : "nothing");
    if (gated) ck_assert_str_eq(lacks, "squeeze");
    if (outside) ck_assert_str_eq(lacks, "activation");
    left_out += lacks != NULL;
    close_plan(&c);
  }
  ck_assert_int_eq(left_out, 26);
}
END_TEST

int main(void) {
  omp_set_num_threads(1); /* the networks are tiny */
  Suite *suite = suite_create("hessian");
  TCase *all = tcase_create("hessian");
  tcase_set_timeout(all, 60);
  tcase_add_loop_test(all, training_products, 0, PLANS);
  tcase_add_loop_test(all, evaluation_products, 0, PLANS);
  tcase_add_loop_test(all, target_products, 0, PLANS);
  tcase_add_loop_test(all, the_tempered_gradient_at_one, 0, PLANS);
  tcase_add_loop_test(all, the_gradient_of_targets_has_no_temperature, 0, PLANS);
  tcase_add_test(all, what_is_left_out);
  suite_add_tcase(suite, all);
  return suite_run(suite);
}

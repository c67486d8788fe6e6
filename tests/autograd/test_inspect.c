/* What a graph says of itself: which kernels each pass of a layer runs and why, and what operations
 * cost. */
#include "net.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

/* Three layers with a choice, and one without: its convolution is grouped. */
static const net_plan plan = {"a network",
                              {3, 12, 10},
                              20,
                              {CONV(10, 3, 3, 1, 1, 1, 0), BN(1), CONV(12, 3, 3, 2, 1, 2, 1),
                               ACT(ESP_ACT_RELU), CONV(9, 1, 1, 1, 0, 1, 0), BN(1), GLOBAL}};
enum { LAYERS = 4, GROUPED = 1, PASSES = ESP_PROPAGATIONS * LAYERS - 1, TRIALS = 4, MASKS = 32 };

typedef struct masked {
  net n;
  esp_mask mask[MASKS];
  esp_batch batch;
} masked;

static void masked_open(masked *m, bool gradients) {
  *m = (masked){0};
  net_open(&m->n, &plan, plan.batch, gradients);
  m->batch = net_batch(plan.input, plan.batch, 1);
  ck_assert_int_le(m->n.params.count, MASKS);
}

/* Every tenth weight stays, or goes, from `first` on. */
static void mask_weights(masked *m, bool stays, size_t first) {
  for (int k = 0; k < m->n.params.count; k++) {
    esp_param *p = m->n.params.item[k];
    esp_mask *mask = &m->mask[k];
    if (!esp_param_prunable(p)) continue;
    if (!mask->keep) mask->keep = calloc(p->count, 1);
    ck_assert_ptr_nonnull(mask->keep);
    mask->count = p->count;
    mask->kept = 0;
    mask->generation++;
    for (size_t i = 0; i < p->count; i++) mask->kept += mask->keep[i] = (i % 10 == first) == stays;
    p->mask = mask;
  }
}

static void masked_close(masked *m) {
  for (int k = 0; k < MASKS; k++) free(m->mask[k].keep);
  net_batch_free(&m->batch);
  net_close(&m->n);
}

static void run(masked *m, int steps, esp_pass pass, bool backward) {
  for (int i = 0; i < steps; i++) {
    esp_graph_forward(m->n.graph, &m->batch, pass);
    if (backward) esp_graph_backward(m->n.graph);
  }
}

static void train(masked *m, int steps) {
  run(m, steps, (esp_pass){.training = true}, true);
}

/* Every pass is given that reason and kernel; those of the grouped layer are dense, for its own
 * reason. */
static void expect(const masked *m, esp_kernel_reason reason, bool is_sparse) {
  esp_kernel_choice c;
  int i = 0;
  for (; esp_graph_kernel_choice(m->n.graph, i, &c); i++) {
    const bool grouped = c.weight->shape[0] == 12 && reason != ESP_NO_MASK;
    ck_assert_msg(c.reason == (grouped ? ESP_GROUPED : reason), "%s %s: %s; expected %s",
                  c.weight->name, esp_propagation_name(c.pass), esp_kernel_reason_text(c.reason),
                  esp_kernel_reason_text(reason));
    ck_assert_int_eq(c.is_sparse, !grouped && is_sparse);
    ck_assert(c.dense == 0.0 && c.sparse == 0.0);
  }
  ck_assert_int_eq(i, PASSES);
}

START_TEST(passes_come_in_the_order_of_the_network) {
  masked m;
  esp_kernel_choice c;
  masked_open(&m, true);
  int i = 0, layers = 0;
  const esp_param *last = NULL;
  for (; esp_graph_kernel_choice(m.n.graph, i, &c); i++) {
    layers += c.weight != last;
    last = c.weight;
    /* The images have no gradient. */
    ck_assert_int_eq((int)c.pass, i == 0   ? ESP_FORWARD
                                  : i == 1 ? ESP_BACKWARD_WEIGHTS
                                           : (i + 1) % 3);
  }
  ck_assert_int_eq(layers, LAYERS);
  ck_assert_int_eq(i, PASSES);
  masked_close(&m);
}
END_TEST

START_TEST(without_a_stopwatch) {
  masked m;
  masked_open(&m, true);
  train(&m, 1);
  expect(&m, ESP_NO_MASK, false);
  mask_weights(&m, true, 0);
  expect(&m, ESP_UNMEASURED, false); /* nothing has run with the mask */
  esp_graph_sparse(m.n.graph, ESP_SPARSE_ON);
  train(&m, 1);
  expect(&m, ESP_FORCED, true);
  esp_graph_sparse(m.n.graph, ESP_SPARSE_OFF);
  train(&m, 1);
  expect(&m, ESP_FORCED, false);
  mask_weights(&m, false, 0);
  esp_graph_sparse(m.n.graph, ESP_SPARSE_AUTO);
  train(&m, 1);
  expect(&m, ESP_TOO_DENSE, false);
  masked_close(&m);
}
END_TEST

/* The faster one is chosen, and said to be. */
static void expect_measured(const masked *m) {
  esp_kernel_choice c;
  int measured = 0;
  for (int i = 0; esp_graph_kernel_choice(m->n.graph, i, &c); i++) {
    if (c.reason == ESP_GROUPED) continue;
    ck_assert_int_eq(c.reason, ESP_FASTER);
    ck_assert(c.dense > 0.0 && c.sparse > 0.0 && c.dense < 100.0 && c.sparse < 100.0);
    ck_assert(c.density > 0.05 && c.density < 0.2);
    ck_assert_int_eq(c.is_sparse, c.sparse < c.dense);
    measured++;
  }
  ck_assert_int_eq(measured, PASSES - ESP_PROPAGATIONS);
}

START_TEST(by_stopwatch) {
  masked m;
  masked_open(&m, true);
  mask_weights(&m, true, 0);
  train(&m, TRIALS - 1);
  expect(&m, ESP_UNMEASURED, false);
  train(&m, 1);
  expect_measured(&m);
  mask_weights(&m, true, 3); /* as many weights, others: what was measured holds */
  train(&m, 1);
  expect_measured(&m);
  masked_close(&m);
}
END_TEST

/* A choice that was measured is there again after the kernels were forced for a while. */
START_TEST(forcing_does_not_forget) {
  masked m;
  esp_kernel_choice before[PASSES], after;
  masked_open(&m, true);
  mask_weights(&m, true, 0);
  train(&m, TRIALS);
  for (int i = 0; i < PASSES; i++) ck_assert(esp_graph_kernel_choice(m.n.graph, i, &before[i]));
  for (int mode = ESP_SPARSE_ON; mode <= ESP_SPARSE_OFF; mode++) {
    esp_graph_sparse(m.n.graph, (esp_sparse_mode)mode);
    train(&m, 1);
    esp_graph_sparse(m.n.graph, ESP_SPARSE_AUTO);
    train(&m, 1);
    for (int i = 0; i < PASSES; i++) {
      ck_assert(esp_graph_kernel_choice(m.n.graph, i, &after));
      ck_assert(after.is_sparse == before[i].is_sparse && after.dense == before[i].dense);
    }
  }
  masked_close(&m);
}
END_TEST

/* A method that looks at the gradients of absent weights in each step never lets the stopwatch run
 * there. */
START_TEST(all_gradients) {
  masked m;
  esp_kernel_choice c;
  masked_open(&m, true);
  mask_weights(&m, true, 0);
  run(&m, TRIALS, (esp_pass){.training = true, .dense_gradients = true}, true);
  for (int i = 0; esp_graph_kernel_choice(m.n.graph, i, &c); i++)
    if (c.reason != ESP_GROUPED)
      ck_assert_int_eq(c.reason, c.pass == ESP_BACKWARD_WEIGHTS ? ESP_WANTED_ALL : ESP_FASTER);
  masked_close(&m);
}
END_TEST

START_TEST(inference_has_forward_passes) {
  masked m;
  esp_kernel_choice c;
  masked_open(&m, false);
  mask_weights(&m, true, 0);
  run(&m, TRIALS, (esp_pass){0}, false);
  int i = 0;
  for (; esp_graph_kernel_choice(m.n.graph, i, &c); i++) ck_assert_int_eq(c.pass, ESP_FORWARD);
  ck_assert_int_eq(i, LAYERS);
  masked_close(&m);
}
END_TEST

START_TEST(every_reason_has_words) {
  for (int i = 0; i < ESP_KERNEL_REASONS; i++)
    ck_assert_int_gt((int)strlen(esp_kernel_reason_text((esp_kernel_reason)i)), 3);
}
END_TEST

/* Whoever writes a network down elsewhere goes by this. */
START_TEST(operations_say_what_they_compute) {
  static const esp_operation_kind kinds[] = {ESP_OPERATION_INPUT, ESP_OPERATION_CONV,
                                             ESP_OPERATION_BATCHNORM, ESP_OPERATION_CONV,
                                             ESP_OPERATION_ACTIVATION};
  masked m;
  masked_open(&m, false);
  for (int i = 0; i < 5; i++)
    ck_assert_int_eq((int)esp_graph_operation(m.n.graph, i).kind, (int)kinds[i]);
  const esp_operation grouped = esp_graph_operation(m.n.graph, 3);
  ck_assert_int_eq(grouped.attr.conv.stride.columns, 2);
  ck_assert_int_eq(grouped.attr.conv.padding.rows, 1);
  ck_assert_int_eq(grouped.attr.conv.groups, 2);
  ck_assert(esp_graph_operation(m.n.graph, 4).attr.activation == ESP_ACT_RELU);
  masked_close(&m);
}
END_TEST

/* ---- costs ---- */

static double total(const esp_graph *g, esp_propagation p) {
  esp_cost c;
  double sum = 0.0;
  for (int i = 0; esp_graph_cost(g, i, &c); i++) sum += c.seconds[p];
  return sum;
}

START_TEST(operations_are_timed) {
  masked m;
  esp_cost c;
  esp_error err;
  masked_open(&m, true);
  train(&m, 1);
  ck_assert(!esp_graph_cost(m.n.graph, 0, &c));
  ck_assert_int_eq(esp_graph_profile(m.n.graph, true, &err), ESP_OK);
  train(&m, 3);
  ck_assert_int_eq(esp_graph_profile(m.n.graph, false, &err), ESP_OK);
  int weights = 0, i = 0;
  for (; esp_graph_cost(m.n.graph, i, &c); i++) {
    ck_assert(c.seconds[ESP_FORWARD] > 0.0 && c.seconds[ESP_BACKWARD_DATA] >= 0.0);
    ck_assert_int_eq(c.seconds[ESP_BACKWARD_WEIGHTS] > 0.0, c.weight != NULL);
    weights += c.weight != NULL;
  }
  ck_assert_str_eq(c.operation, "loss");
  ck_assert_int_eq(weights, LAYERS);
  const double before = total(m.n.graph, ESP_FORWARD);
  train(&m, 1); /* off: nothing is added */
  ck_assert(total(m.n.graph, ESP_FORWARD) == before);
  ck_assert_int_eq(esp_graph_profile(m.n.graph, true, &err), ESP_OK);
  ck_assert(total(m.n.graph, ESP_FORWARD) == 0.0); /* on: from 0 */
  masked_close(&m);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("inspect");
  TCase *all = tcase_create("inspect");
  tcase_add_test(all, passes_come_in_the_order_of_the_network);
  tcase_add_test(all, without_a_stopwatch);
  tcase_add_test(all, by_stopwatch);
  tcase_add_test(all, forcing_does_not_forget);
  tcase_add_test(all, all_gradients);
  tcase_add_test(all, inference_has_forward_passes);
  tcase_add_test(all, every_reason_has_words);
  tcase_add_test(all, operations_say_what_they_compute);
  tcase_add_test(all, operations_are_timed);
  suite_add_tcase(suite, all);
  return suite_run(suite);
}

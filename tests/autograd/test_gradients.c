/* The gradient of every operation against central differences of the loss, in double precision
 * (double.h). */
#include "net.h"
#include "suite.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

static const net_plan plans[] = {
    {"nothing but the linear layer", {5, 1, 1}, 5, {{NET_END, {0}}}},
    {"linear", {7, 1, 1}, 19, {LINEAR(6, 1), ACT(ESP_ACT_TANH), LINEAR(5, 0)}},
    {"linear, many images", {4, 1, 1}, 100, {LINEAR(5, 1), ACT(ESP_ACT_SIGMOID)}},
    {"flatten", {2, 3, 2}, 5, {CONV(3, 1, 1, 1, 0, 1, 1), FLATTEN, LINEAR(4, 1)}},

    {"conv 1x1", {3, 4, 3}, 5, {CONV(4, 1, 1, 1, 0, 1, 0), CONV(5, 1, 1, 1, 0, 1, 1)}},
    {"conv 1x1 stride 2", {3, 5, 4}, 19, {CONV(4, 1, 1, 1, 0, 1, 1), CONV(5, 1, 1, 2, 0, 1, 0)}},
    {"conv 1x1 stride 3 padding 1",
     {2, 5, 7},
     1,
     {CONV(3, 1, 1, 1, 0, 1, 0), CONV(2, 1, 1, 3, 1, 1, 1)}},
    {"conv 3x3", {3, 5, 4}, 5, {CONV(5, 3, 3, 1, 1, 1, 1), CONV(3, 3, 3, 1, 1, 1, 1)}},
    {"conv 3x3 without padding",
     {2, 6, 5},
     16,
     {CONV(3, 3, 3, 1, 0, 1, 0), CONV(4, 3, 3, 1, 0, 1, 1)}},
    {"conv 3x3 padding 2", {2, 3, 4}, 5, {CONV(3, 3, 3, 1, 2, 1, 1), CONV(2, 3, 3, 1, 2, 1, 0)}},
    {"conv 3x3 stride 2", {2, 7, 6}, 19, {CONV(4, 3, 3, 2, 1, 1, 0), CONV(3, 3, 3, 2, 1, 1, 1)}},
    {"conv 3x3 stride 2 of odd planes",
     {2, 7, 5},
     5,
     {CONV(3, 3, 3, 1, 1, 1, 1), CONV(3, 3, 3, 2, 1, 1, 0)}},
    {"conv 5x5 stride 3 of planes that fit",
     {2, 8, 5},
     5,
     {CONV(3, 1, 1, 1, 0, 1, 1), CONV(2, 5, 5, 3, 0, 1, 0)}},
    {"conv 3x3 stride 2 without padding",
     {2, 8, 7},
     5,
     {CONV(3, 3, 3, 1, 1, 1, 1), CONV(3, 3, 3, 2, 0, 1, 0)}},
    {"conv 3x3 stride 3", {2, 8, 6}, 5, {CONV(3, 1, 1, 1, 0, 1, 0), CONV(3, 3, 3, 3, 1, 1, 1)}},
    {"conv 3x3 stride 4 of a small plane",
     {2, 3, 2},
     1,
     {CONV(3, 1, 1, 1, 0, 1, 1), CONV(2, 3, 3, 4, 1, 1, 0)}},
    {"conv 5x5", {2, 6, 5}, 5, {CONV(3, 5, 5, 1, 2, 1, 1), CONV(2, 5, 5, 1, 2, 1, 0)}},
    {"conv 5x5 stride 2", {2, 9, 7}, 16, {CONV(3, 5, 5, 2, 2, 1, 0), CONV(2, 5, 5, 2, 2, 1, 1)}},
    {"conv 3x1 and 1x4", {2, 5, 6}, 5, {CONV(3, 3, 1, 1, 1, 1, 0), CONV(3, 1, 4, 2, 1, 1, 1)}},
    {"conv 3x1 and 1x3, each along its axis",
     {2, 7, 6},
     19,
     {CONV_AXES(3, 3, 1, 2, 1, 1, 0, 0), CONV_AXES(4, 1, 3, 1, 2, 0, 1, 1)}},
    {"conv 10x4 with steps and borders of their own",
     {2, 13, 7},
     5,
     {CONV(3, 1, 1, 1, 0, 1, 0), CONV_AXES(3, 10, 4, 2, 1, 5, 2, 1)}},
    {"conv 2x3, steps 3 and 2",
     {2, 9, 8},
     16,
     {CONV(3, 1, 1, 1, 0, 1, 0), CONV_AXES(4, 2, 3, 3, 2, 1, 0, 1)}},
    {"conv over whole plane",
     {2, 4, 3},
     19,
     {CONV(3, 3, 3, 1, 1, 1, 0), CONV(5, 4, 3, 1, 0, 1, 1)}},
    {"conv in groups", {4, 4, 5}, 5, {CONV(6, 3, 3, 1, 1, 2, 1), CONV(9, 3, 3, 2, 1, 3, 0)}},
    {"conv in groups of five outputs",
     {4, 3, 3},
     19,
     {CONV(4, 1, 1, 1, 0, 1, 0), CONV(10, 3, 3, 1, 1, 2, 1)}},
    {"depthwise", {5, 5, 4}, 19, {CONV(5, 3, 3, 1, 1, 5, 1), CONV(5, 3, 3, 2, 1, 5, 0)}},
    {"depthwise, two outputs each",
     {3, 4, 4},
     5,
     {CONV(3, 1, 1, 1, 0, 1, 0), CONV(6, 5, 5, 1, 2, 3, 1)}},
    {"conv in several sums",
     {1, 17, 16},
     35,
     {CONV(2, 3, 3, 1, 1, 1, 1), CONV(2, 3, 3, 2, 1, 1, 0)}},
    {"conv to one pixel, many images", {2, 3, 3}, 100, {CONV(5, 3, 3, 1, 0, 1, 1)}},
    {"conv by Winograd, 4x4",
     {2, 4, 4},
     5,
     {CONV(13, 1, 1, 1, 0, 1, 1), CONV(14, 3, 3, 1, 1, 1, 0), ACT(ESP_ACT_TANH), AVGPOOL(2, 2, 0)}},
    {"conv by Winograd, 7x7",
     {2, 7, 7},
     19,
     {CONV(17, 1, 1, 1, 0, 1, 0), CONV(16, 3, 3, 1, 1, 1, 1), ACT(ESP_ACT_TANH), AVGPOOL(2, 2, 0)}},
    {"conv by Winograd, of the images", {9, 16, 16}, 5, {CONV(8, 3, 3, 1, 1, 1, 1), BN(0), GLOBAL}},
    {"conv by Winograd, 6x8, in a residual block",
     {3, 6, 8},
     19,
     {CONV(17, 1, 1, 1, 0, 1, 1), KEEP, CONV(17, 3, 3, 1, 1, 1, 0), BN_PLUS(1), MAXPOOL(3, 3, 0)}},

    {"batch norm", {2, 4, 3}, 19, {CONV(4, 3, 3, 1, 1, 1, 1), BN(0)}},
    {"batch norm, one image", {2, 4, 5}, 1, {CONV(3, 3, 3, 1, 1, 1, 0), BN(0)}},
    {"batch norm of one pixel", {5, 1, 1}, 5, {CONV(4, 1, 1, 1, 0, 1, 0), BN(1)}},
    {"batch norm with relu", {2, 4, 5}, 16, {CONV(4, 3, 3, 1, 1, 1, 0), BN(1)}},
    {"batch norm of the images", {2, 4, 3}, 5, {BN(0), CONV(3, 3, 3, 1, 1, 1, 0)}},
    {"batch norm with residual",
     {3, 4, 3},
     5,
     {CONV(3, 1, 1, 1, 0, 1, 1), KEEP, CONV(3, 3, 3, 1, 1, 1, 0), BN_PLUS(0)}},
    {"batch norm with residual and relu",
     {3, 5, 4},
     19,
     {CONV(3, 1, 1, 1, 0, 1, 1), KEEP, CONV(3, 3, 3, 1, 1, 1, 0), BN_PLUS(1)}},
    {"batch norm with its input as residual",
     {2, 3, 4},
     5,
     {CONV(3, 1, 1, 1, 0, 1, 1), KEEP, BN_PLUS(1)}},
    {"batch norm with the images as residual",
     {2, 3, 4},
     5,
     {KEEP, CONV(2, 1, 1, 1, 0, 1, 1), BN_PLUS(1)}},
    {"batch norm of the images with residual",
     {2, 3, 4},
     5,
     {CONV(2, 3, 3, 1, 1, 1, 1), KEEP, INPUT, BN_PLUS(1)}},
    {"two blocks of a residual network",
     {2, 6, 5},
     19,
     {CONV(3, 3, 3, 1, 1, 1, 0), BN(1), KEEP, CONV(3, 3, 3, 1, 1, 1, 0), BN(1),
      CONV(3, 3, 3, 1, 1, 1, 0), BN_PLUS(1), KEEP, CONV(4, 3, 3, 2, 1, 1, 0), BN(0), SWAP,
      CONV(4, 1, 1, 2, 0, 1, 0), BN_PLUS(1), GLOBAL}},

    {"relu", {2, 4, 3}, 19, {CONV(4, 3, 3, 1, 1, 1, 1), ACT(ESP_ACT_RELU)}},
    {"leaky relu", {2, 4, 3}, 5, {CONV(4, 3, 3, 1, 1, 1, 1), ACT(ESP_ACT_LEAKY_RELU)}},
    {"tanh", {2, 4, 3}, 16, {CONV(4, 3, 3, 1, 1, 1, 1), ACT(ESP_ACT_TANH)}},
    {"sigmoid", {2, 4, 3}, 1, {CONV(4, 3, 3, 1, 1, 1, 1), ACT(ESP_ACT_SIGMOID)}},
    {"gelu", {2, 4, 3}, 5, {CONV(4, 3, 3, 1, 1, 1, 1), ACT(ESP_ACT_GELU)}},

    {"softsign, from outside", {2, 4, 3}, 19, {CONV(4, 3, 3, 1, 1, 1, 1), SOFTSIGN}},
    {"bell, from outside, on a value used twice",
     {2, 4, 3},
     5,
     {CONV(4, 3, 3, 1, 1, 1, 1), KEEP, BELL, ADD}},

    {"max pool 2", {2, 6, 5}, 19, {CONV(3, 3, 3, 1, 1, 1, 1), MAXPOOL(2, 2, 0)}},
    {"max pool 3, overlapping", {2, 6, 5}, 5, {CONV(3, 3, 3, 1, 1, 1, 1), MAXPOOL(3, 2, 1)}},
    {"max pool 3 stride 1", {2, 4, 5}, 5, {CONV(3, 1, 1, 1, 0, 1, 1), MAXPOOL(3, 1, 1)}},
    {"max pool 2 stride 3", {2, 7, 8}, 5, {CONV(3, 1, 1, 1, 0, 1, 1), MAXPOOL(2, 3, 0)}},
    {"average pool 2", {2, 6, 5}, 19, {CONV(3, 3, 3, 1, 1, 1, 1), AVGPOOL(2, 2, 0)}},
    {"average pool 3, overlapping", {2, 6, 5}, 5, {CONV(3, 3, 3, 1, 1, 1, 1), AVGPOOL(3, 2, 1)}},
    {"global average pool", {2, 5, 3}, 16, {CONV(4, 3, 3, 1, 1, 1, 1), GLOBAL}},
    {"pools that share a value",
     {2, 5, 4},
     5,
     {CONV(3, 3, 3, 1, 1, 1, 1), KEEP, MAXPOOL(3, 1, 1), SWAP, AVGPOOL(3, 1, 1), ADD}},
    {"pool and conv that share a value",
     {2, 5, 4},
     5,
     {CONV(3, 3, 3, 1, 1, 1, 1), KEEP, CONV(3, 3, 3, 2, 1, 1, 1), SWAP, MAXPOOL(3, 2, 1), ADD}},

    {"dropout",
     {2, 4, 3},
     19,
     {CONV(4, 3, 3, 1, 1, 1, 1), DROPOUT(30), CONV(3, 1, 1, 1, 0, 1, 0), DROPOUT(50)}},
    {"dropout on a value used twice",
     {2, 3, 3},
     5,
     {CONV(4, 3, 3, 1, 1, 1, 1), KEEP, DROPOUT(40), ADD}},

    {"a value plus itself",
     {2, 4, 3},
     5,
     {CONV(3, 3, 3, 1, 1, 1, 1), TWICE, CONV(2, 3, 3, 1, 1, 1, 0)}},
    {"a value that feeds two convs",
     {2, 5, 4},
     19,
     {CONV(3, 3, 3, 1, 1, 1, 1), KEEP, CONV(4, 3, 3, 2, 1, 1, 0), SWAP, CONV(4, 1, 1, 2, 0, 1, 1),
      ADD}},
    {"a value used by every kind",
     {2, 4, 4},
     5,
     {CONV(3, 3, 3, 1, 1, 1, 1), KEEP, ACT(ESP_ACT_TANH), ADD, BN_PLUS(0), ADD, DROPOUT(20), CONCAT,
      FLATTEN}},
    {"flatten of a value used twice",
     {2, 2, 3},
     5,
     {CONV(3, 3, 3, 1, 1, 1, 1), KEEP, FLATTEN, LINEAR(4, 1), SWAP, GLOBAL, LINEAR(4, 0), ADD}},
    {"the images plus a branch",
     {3, 4, 3},
     5,
     {KEEP, CONV(3, 3, 3, 1, 1, 1, 1), ADD, CONV(2, 1, 1, 1, 0, 1, 0)}},
    {"concat",
     {2, 4, 5},
     19,
     {CONV(3, 3, 3, 1, 1, 1, 1), KEEP, CONV(4, 3, 3, 1, 1, 1, 0), CONCAT,
      CONV(3, 3, 3, 1, 1, 1, 1)}},
    {"concat with itself and the images",
     {2, 4, 3},
     5,
     {CONV(3, 3, 3, 1, 1, 1, 1), KEEP, CONCAT, SWAP, INPUT, CONCAT, CONV(3, 3, 3, 1, 1, 1, 1)}},
    {"subsample", {2, 5, 4}, 19, {CONV(3, 3, 3, 1, 1, 1, 1), SUBSAMPLE(5, 2)}},
    {"subsample beside a conv",
     {2, 6, 5},
     5,
     {CONV(3, 3, 3, 1, 1, 1, 1), KEEP, CONV(6, 3, 3, 2, 1, 1, 0), BN(0), SWAP, SUBSAMPLE(6, 2), ADD,
      ACT(ESP_ACT_RELU)}},
    {"subsample by one", {2, 3, 4}, 5, {CONV(3, 3, 3, 1, 1, 1, 1), SUBSAMPLE(3, 1)}},

    {"threshold", {2, 4, 3}, 19, {CONV(4, 3, 3, 1, 1, 1, 1), FATRELU(30)}},
    {"threshold on a value used twice",
     {2, 4, 3},
     5,
     {CONV(4, 3, 3, 1, 1, 1, 1), KEEP, FATRELU(10), ADD}},
    {"gate",
     {2, 4, 3},
     19,
     {CONV(3, 1, 1, 1, 0, 1, 1), TOP_K(5, 3, 0), CONV(5, 3, 3, 1, 1, 1, 0), BN(1), GATE}},
    {"gate that keeps all",
     {2, 4, 5},
     5,
     {CONV(3, 1, 1, 1, 0, 1, 1), TOP_K(4, 4, 0), CONV(4, 3, 3, 2, 1, 1, 0), GATE,
      CONV(2, 3, 3, 1, 1, 1, 1)}},
    {"two gates by one prediction, in a residual block",
     {2, 4, 3},
     16,
     {CONV(4, 1, 1, 1, 0, 1, 1), KEEP, TOP_K(4, 2, 0), CONV(4, 3, 3, 1, 1, 1, 0), BN(1), GATE,
      CONV(4, 3, 3, 1, 1, 1, 0), BN(0), GATE, ADD, ACT(ESP_ACT_RELU)}},

    {"label smoothing",
     {2, 3, 3},
     19,
     {CONV(4, 3, 3, 1, 1, 1, 1), LOSS(ESP_LOSS_CROSS_ENTROPY, 20)}},
    {"mean squared error",
     {2, 3, 3},
     19,
     {CONV(4, 3, 3, 1, 1, 1, 1), LOSS(ESP_LOSS_MEAN_SQUARED, 0)}},
    {"mean squared error, smoothing",
     {2, 3, 3},
     5,
     {CONV(4, 3, 3, 1, 1, 1, 1), LOSS(ESP_LOSS_MEAN_SQUARED, 10)}},
};

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

static void check_net(const net_plan *plan, bool training) {
  check c = {.plan = plan, .pass = {.training = training, .dropout_key = 12345}};
  double size = 0.0;
  net_open(&c.net, plan, plan->batch, true);
  c.batch = net_batch(plan->input, plan->batch, 77);
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
  check_net(&plans[_i], true);
}
END_TEST

/* Running statistics are constants, and nothing is dropped. */
START_TEST(evaluation_gradients) {
  check_net(&plans[_i], false);
}
END_TEST

int main(void) {
  enum { PLANS = sizeof plans / sizeof *plans };
  omp_set_num_threads(1); /* the networks are tiny */
  Suite *suite = suite_create("gradients");
  TCase *all = tcase_create("gradients");
  tcase_set_timeout(all, 60);
  tcase_add_loop_test(all, training_gradients, 0, PLANS);
  tcase_add_loop_test(all, evaluation_gradients, 0, PLANS);
  suite_add_tcase(suite, all);
  return suite_run(suite);
}

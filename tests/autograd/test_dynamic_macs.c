/* Multiply-adds by image: worked by hand, and counted one after the other from what the layers read
 * and wrote. Thresholds that are chosen, and the penalty of gates. */
#include "net.h"
#include "suite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void must(esp_status status, const esp_error *err) {
  if (status != ESP_OK) ck_abort_msg("%s", err->text);
}

/* ---- by hand ---- */

static esp_param *param(esp_params *ps, const char *name, esp_role role, int rank, const int *shape,
                        const float *values) {
  esp_error err;
  esp_param *p;
  must(esp_params_add(ps, name, role, rank, shape, &p, &err), &err);
  memcpy(p->value, values, p->count * sizeof *values);
  return p;
}

/* Images of 1x2x2 go through a 3x3 convolution with padding to two channels. A gate keeps one of
 * them: the first if the mean of |x| is below 2, else the second. A linear layer to 3 outputs reads
 * all 8 values.
 *
 *                image 0     image 1     image 2
 *                  1 2         0 0         4 0
 *                  3 4         0 1         0 0
 *     mean |x|     2.5         0.25        1
 *     it keeps     second      first       first
 *
 * Each of the 9 taps is at 4 outputs. In a 2x2 plane the centre reads 4 pixels, the edges 2 each,
 * the corners 1 each: 16 reads of pixels, so 4 of each pixel, and 20 of the padding. The second
 * channel has two weights: the centre and its right neighbour.
 *
 *     convolution, image 0: 2 weights at 4 outputs; no pixel is 0, and padding counts:       8
 *                  images 1 and 2: 36 reads, less 4 of each of three zeros:                  24
 *     prediction:  2 weights, of which one is 0; the mean is not:                            1
 *     linear:      4 values of the channel that is left, none of them 0, by 3 outputs:       12 */
static const float pixels[3][4] = {{1, 2, 3, 4}, {0, 0, 0, 1}, {4, 0, 0, 0}};
static const float kernel[18] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0};

typedef struct hand {
  esp_params params;
  esp_graph *graph;
  esp_value *gated;
} hand;

static hand hand_open(bool gradients) {
  hand h = {0};
  esp_error err;
  esp_value *x, *g, *y;
  esp_params *ps = &h.params;
  esp_param *predict = param(ps, "p", ESP_ROLE_LINEAR_WEIGHT, 2, (int[]){2, 1}, (float[]){0, 1}),
            *base = param(ps, "b", ESP_ROLE_BIAS, 1, (int[]){2}, (float[]){2, 0}),
            *conv = param(ps, "c", ESP_ROLE_CONV_WEIGHT, 4, (int[]){2, 1, 3, 3}, kernel);
  float ones[24];
  for (int i = 0; i < 24; i++) ones[i] = 1;
  esp_param *last = param(ps, "l", ESP_ROLE_LINEAR_WEIGHT, 2, (int[]){3, 8}, ones);
  must(esp_graph_new(&h.graph, 3, gradients, &err), &err);
  must(esp_graph_input(h.graph, (esp_shape){1, 2, 2}, &x, &err), &err);
  must(esp_graph_mean_abs(h.graph, x, &g, &err), &err);
  must(esp_graph_linear(h.graph, g, predict, base, &g, &err), &err);
  must(esp_graph_top_k(h.graph, g, (esp_top_k_attr){1, 0}, &g, &err), &err);
  must(esp_graph_conv(h.graph, x, (esp_conv_attr){{1, 1}, {1, 1}, 1}, conv, NULL, &y, &err), &err);
  must(esp_graph_gate(h.graph, y, g, &h.gated, &err), &err);
  must(esp_graph_flatten(h.graph, h.gated, &y, &err), &err);
  must(esp_graph_linear(h.graph, y, last, NULL, &y, &err), &err);
  must(esp_graph_loss(h.graph, y, ESP_LOSS_CROSS_ENTROPY, 0, &err), &err);
  must(esp_graph_plan(h.graph, &err), &err);
  return h;
}

/* The sums of all pixels, at all 4 outputs, times 2: none is 0 in images 1 and 2. Of image 0 the
 * second channel is x + its right neighbour, times 2.5: 4 values that are not 0. */
START_TEST(worked_by_hand) {
  float images[4 * ESP_LANES] = {0};
  for (int i = 0; i < 3; i++)
    for (int p = 0; p < 4; p++) images[p * ESP_LANES + i] = pixels[i][p];
  const int32_t labels[3] = {0, 1, 2};
  const esp_batch batch = {images, labels, 3};
  for (int gradients = 0; gradients < 2; gradients++) {
    hand h = hand_open(gradients);
    esp_error err;
    must(esp_graph_count_dynamic_macs(h.graph, true, &err), &err);
    esp_graph_forward(h.graph, &batch, (esp_pass){0});
    ck_assert(esp_graph_conditional(h.graph));
    ck_assert_double_eq(esp_graph_macs(h.graph, false), 2 + 72 + 24);
    const int64_t *found = esp_graph_dynamic_macs(h.graph);
    ck_assert_int_eq(found[0], 1 + 8 + 3 * 4);
    ck_assert_int_eq(found[1], 1 + 24 + 3 * 4);
    ck_assert_int_eq(found[2], 1 + 24 + 3 * 4);
    esp_graph_free(h.graph);
    esp_params_free(&h.params);
  }
}
END_TEST

/* ---- one after the other ---- */

static const net_plan plans[] = {
    {"plain",
     {2, 5, 4},
     19,
     {CONV(4, 3, 3, 1, 1, 1, 0), ACT(ESP_ACT_RELU), CONV(3, 3, 3, 2, 1, 1, 1)}},
    {"groups",
     {4, 5, 5},
     33,
     {ACT(ESP_ACT_RELU), CONV(6, 3, 3, 2, 1, 2, 0), FATRELU(50), CONV(6, 5, 5, 1, 2, 6, 0)}},
    {"small planes",
     {3, 2, 2},
     5,
     {ACT(ESP_ACT_RELU), CONV(4, 3, 3, 3, 2, 1, 0), FATRELU(20), MAXPOOL(2, 1, 0)}},
    {"a window that misses the plane",
     {2, 1, 1},
     5,
     {CONV(4, 3, 3, 1, 2, 1, 0), ACT(ESP_ACT_RELU)}},
    {"gates",
     {2, 6, 5},
     35,
     {CONV(4, 3, 3, 1, 1, 1, 0), BN(1), TOP_K(6, 2, 0), CONV(6, 3, 3, 2, 1, 1, 0), BN(1), GATE,
      TOP_K(4, 3, 0), CONV(4, 3, 3, 1, 1, 2, 0), BN(0), FATRELU(5), GATE,
      CONV(4, 1, 1, 1, 0, 1, 1)}},
};

static bool reads(const esp_value *x, int image, int c, int row, int column) {
  const esp_shape s = esp_value_shape(x);
  if (row >= 0 && row < s.height && column >= 0 && column < s.width)
    return esp_value_at(x, image, c, row, column) != 0;
  for (int r = 0; r < s.height; r++)
    for (int q = 0; q < s.width; q++)
      if (esp_value_at(x, image, c, r, q) != 0) return true;
  return false;
}

static int64_t count_output(const net_layer *l, int image, int o, int row, int column) {
  const esp_param *w = l->weight;
  const esp_conv_attr a = l->attr;
  const int rows = w->rank == 4 ? w->shape[2] : 1, columns = w->rank == 4 ? w->shape[3] : 1;
  const int inputs = w->shape[1], first = o / (w->shape[0] / a.groups) * inputs;
  int64_t macs = 0;
  for (int c = 0; c < inputs; c++)
    for (int k = 0; k < rows * columns; k++)
      macs += w->value[(o * inputs + c) * rows * columns + k] != 0 &&
              reads(l->in, image, first + c, row * a.stride.rows + k / columns - a.padding.rows,
                    column * a.stride.columns + k % columns - a.padding.columns);
  return macs;
}

static int64_t count_layer(const net_layer *l, int image) {
  const esp_shape out = esp_value_shape(l->out);
  int64_t macs = 0;
  for (int o = 0; o < out.channels; o++) {
    if (l->gate && esp_value_at(l->gate, image, o, 0, 0) == 0) continue;
    for (int i = 0; i < out.height * out.width; i++)
      macs += count_output(l, image, o, i / out.width, i % out.width);
  }
  return macs;
}

/* Some weights of every layer are 0, of the odd outputs most. */
static void prune(net *n) {
  for (int i = 0; i < n->params.count; i++) {
    esp_param *p = n->params.item[i];
    if (!esp_param_prunable(p)) continue;
    const size_t row = p->count / (size_t)p->shape[0];
    for (size_t k = 0; k < p->count; k++)
      if (esp_random_below(5, k, 10) < (k / row % 2 ? 8u : 2u)) p->value[k] = 0;
  }
}

/* In a graph with gradients all values stay, so they can be looked at afterwards. */
START_TEST(counted_one_by_one) {
  const net_plan *plan = &plans[_i];
  esp_error err;
  net n, inference;
  net_open(&n, plan, plan->batch, true);
  net_open(&inference, plan, plan->batch, false);
  prune(&n);
  prune(&inference);
  esp_batch batch = net_batch(plan->input, plan->batch, 7);
  must(esp_graph_count_dynamic_macs(n.graph, true, &err), &err);
  must(esp_graph_count_dynamic_macs(inference.graph, true, &err), &err);
  esp_graph_forward(n.graph, &batch, (esp_pass){0});
  esp_graph_forward(inference.graph, &batch, (esp_pass){0});
  int64_t sum = 0;
  for (int image = 0; image < plan->batch; image++) {
    int64_t expected = 0;
    for (int i = 0; i < n.layers; i++) expected += count_layer(&n.layer[i], image);
    ck_assert_int_eq(esp_graph_dynamic_macs(n.graph)[image], expected);
    sum += expected;
  }
  ck_assert_int_gt(sum, 0);
  ck_assert(memcmp(esp_graph_dynamic_macs(n.graph), esp_graph_dynamic_macs(inference.graph),
                   (size_t)plan->batch * sizeof(int64_t)) == 0);
  net_batch_free(&batch);
  net_close(&n);
  net_close(&inference);
}
END_TEST

/* ---- thresholds ---- */

/* The share is met exactly, with the smallest threshold that does; the images behind the batch do
 * not count. */
START_TEST(threshold_for_a_share) {
  enum { IMAGES = 21, VALUES = IMAGES * 2 * 4 * 3 };
  static const float shares[] = {0.0f, 0.3f, 0.5f, 0.8f, 0.99f};
  const float share = shares[_i];
  esp_error err;
  esp_params ps = {0};
  esp_graph *g;
  esp_value *x, *y;
  esp_param *t = param(&ps, "t", ESP_ROLE_RUNNING, 1, (int[]){1}, (float[]){0});
  must(esp_graph_new(&g, 40, false, &err), &err);
  must(esp_graph_input(g, (esp_shape){2, 4, 3}, &x, &err), &err);
  must(esp_graph_fatrelu(g, x, (esp_fatrelu_attr){.share = share, .chosen = t}, &y, &err), &err);
  must(esp_graph_plan(g, &err), &err);
  esp_batch batch = net_batch((esp_shape){2, 4, 3}, IMAGES, 3);
  esp_graph_forward(g, &batch, (esp_pass){.choose = true});
  int zeros = 0, at = 0;
  for (int i = 0; i < IMAGES; i++)
    for (int v = 0; v < 24; v++) {
      const float in = batch.images[(i / ESP_LANES * 24 + v) * ESP_LANES + i % ESP_LANES],
                  out = esp_value_at(y, i, v / 12, v / 3 % 4, v % 3);
      ck_assert(out == (in > t->value[0] ? in : 0.0f));
      zeros += out == 0.0f;
      at += in == t->value[0];
    }
  const int wanted = (int)ceil((double)share * VALUES);
  ck_assert_int_ge(zeros, wanted);
  if (t->value[0] > 0.0f) ck_assert(at == 1 && zeros == wanted); /* no two values are alike */
  if (share >= 0.8f) ck_assert(t->value[0] > 0.5f);
  esp_graph_free(g);
  esp_params_free(&ps);
  net_batch_free(&batch);
}
END_TEST

/* ---- the penalty ---- */

/* Its share of the gradient is that of penalty * sum of g / images: 1 for every number above 0, won
 * or not. */
START_TEST(penalty_reaches_all_saliencies) {
  enum { IMAGES = 19, CHANNELS = 5 };
  static const net_plan with = {
      "with",
      {2, 4, 3},
      IMAGES,
      {TOP_K(CHANNELS, 2, 500000), CONV(CHANNELS, 3, 3, 1, 1, 1, 0), GATE}};
  static const net_plan without = {"without",
                                   {2, 4, 3},
                                   IMAGES,
                                   {TOP_K(CHANNELS, 2, 0), CONV(CHANNELS, 3, 3, 1, 1, 1, 0), GATE}};
  net a, b;
  net_open(&a, &with, IMAGES, true);
  net_open(&b, &without, IMAGES, true);
  esp_batch batch = net_batch(with.input, IMAGES, 11);
  esp_graph_forward(a.graph, &batch, (esp_pass){.training = true});
  esp_graph_forward(b.graph, &batch, (esp_pass){.training = true});
  esp_graph_backward(a.graph);
  esp_graph_backward(b.graph);
  int all = 0;
  for (int c = 0; c < CHANNELS; c++) {
    int above = 0;
    for (int i = 0; i < IMAGES; i++) above += esp_value_at(a.layer[0].out, i, c, 0, 0) > 0.0f;
    const double base = (double)a.params.item[1]->grad[c] - (double)b.params.item[1]->grad[c];
    ck_assert_double_eq_tol(base, 0.5 * above / IMAGES, 1e-6);
    all += above;
  }
  ck_assert_int_gt(all, 2 * IMAGES); /* more than could win */
  net_batch_free(&batch);
  net_close(&a);
  net_close(&b);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("dynamic MACs");
  TCase *all = tcase_create("dynamic MACs");
  tcase_set_timeout(all, 60);
  tcase_add_test(all, worked_by_hand);
  tcase_add_loop_test(all, counted_one_by_one, 0, sizeof plans / sizeof *plans);
  tcase_add_loop_test(all, threshold_for_a_share, 0, 5);
  tcase_add_test(all, penalty_reaches_all_saliencies);
  suite_add_tcase(suite, all);
  return suite_run(suite);
}

/* What a whole graph promises: the same bits whatever the threads, the instruction set, the batch
 * size it was made for and the batches before; no allocation in a step; sentences when shapes do
 * not fit. */
#include "allocations.h"
#include "kernels/kernels.h"
#include "net.h"
#include "suite.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static const net_plan plans[] = {
    {"residual network",
     {3, 12, 10},
     37,
     {CONV(10, 3, 3, 1, 1, 1, 0), BN(1), KEEP, CONV(10, 3, 3, 1, 1, 1, 0), BN(1),
      CONV(10, 3, 3, 1, 1, 1, 0), BN_PLUS(1), KEEP, CONV(18, 3, 3, 2, 1, 1, 0), BN(0), SWAP,
      CONV(18, 1, 1, 2, 0, 1, 0), BN_PLUS(1), KEEP, CONV(18, 3, 3, 1, 1, 18, 1), ADD, GLOBAL}},
    {"branches",
     {2, 9, 11},
     37,
     {CONV(6, 5, 5, 2, 2, 1, 1), ACT(ESP_ACT_GELU), KEEP, MAXPOOL(3, 1, 1), SWAP,
      CONV(6, 3, 3, 1, 1, 3, 1), ACT(ESP_ACT_LEAKY_RELU), AVGPOOL(3, 1, 1), CONCAT,
      SUBSAMPLE(15, 2), DROPOUT(30), FLATTEN, LINEAR(21, 1), ACT(ESP_ACT_TANH), LINEAR(9, 0),
      ACT(ESP_ACT_SIGMOID), LOSS(ESP_LOSS_CROSS_ENTROPY, 10)}},
    {"activations from outside",
     {3, 5, 7},
     37,
     {CONV(6, 3, 3, 1, 1, 1, 1), SOFTSIGN, KEEP, CONV(6, 3, 3, 1, 1, 1, 0), BN(0), BELL, ADD}},
    {"wide planes",
     {3, 24, 23},
     35,
     {CONV(5, 3, 3, 1, 1, 1, 1), ACT(ESP_ACT_RELU), MAXPOOL(2, 2, 0), CONV(9, 3, 3, 1, 1, 1, 1),
      LOSS(ESP_LOSS_MEAN_SQUARED, 0)}},
    {"memory used again",
     {3, 6, 5},
     20,
     {CONV(7, 1, 1, 1, 0, 1, 1), CONV(7, 1, 1, 1, 0, 1, 1), CONV(4, 1, 1, 1, 0, 1, 1),
      SUBSAMPLE(7, 1)}},
    /* sums wait in a thread's scratch over several passes of pixels: the most there are, on one
     * thread */
    {"many weights", {40, 12, 11}, 19, {CONV(65, 3, 3, 1, 1, 1, 0), GLOBAL}},
    {"by Winograd",
     {11, 8, 12},
     37,
     {CONV(20, 3, 3, 1, 1, 1, 1), BN(1), KEEP, CONV(20, 3, 3, 1, 1, 1, 0), BN(1),
      CONV(20, 3, 3, 1, 1, 1, 0), BN_PLUS(1), CONV(24, 3, 3, 2, 1, 1, 0), ACT(ESP_ACT_TANH),
      MAXPOOL(3, 1, 1), CONV(17, 3, 3, 1, 1, 1, 1)}},
    {"by Winograd, in several pieces",
     {8, 16, 14},
     35,
     {CONV(68, 3, 3, 1, 1, 1, 0), BN(1), CONV(23, 3, 3, 1, 1, 1, 0), CONV(9, 3, 3, 1, 1, 1, 1),
      GLOBAL}},
    {"many images",
     {7, 1, 1},
     150,
     {LINEAR(30, 1), ACT(ESP_ACT_RELU), DROPOUT(50), LINEAR(13, 1), BN(1)}},
};
enum { PLANS = sizeof plans / sizeof *plans, RECORD = 1 << 16 };

/* ---- what a net has computed: loss, logits, gradients, running statistics ---- */

typedef struct record {
  double loss;
  size_t count;
  float value[RECORD];
} record;

static void append(record *r, const float *from, size_t count) {
  ck_assert_uint_le(r->count + count, RECORD);
  memcpy(r->value + r->count, from, count * sizeof *from);
  r->count += count;
}

static void append_logits(record *r, const net *n, int images) {
  const esp_value *logits = esp_graph_output(n->graph);
  for (int i = 0; i < images; i++)
    for (int c = 0; c < NET_CLASSES; c++) {
      const float v = esp_value_at(logits, i, c, 0, 0);
      append(r, &v, 1);
    }
}

/* One step on random images: forward, and when training backward. */
static void step(net *n, const net_plan *plan, int images, esp_key key, bool training, record *r) {
  esp_batch batch = net_batch(plan->input, images, key);
  const esp_outcome o =
      esp_graph_forward(n->graph, &batch, (esp_pass){.training = training, .dropout_key = key});
  ck_assert_int_eq(o.count, images);
  if (training) esp_graph_backward(n->graph);
  *r = (record){.loss = o.loss_sum};
  append_logits(r, n, images);
  for (int i = 0; training && i < n->params.count; i++) {
    const esp_param *p = n->params.item[i];
    append(r, p->grad ? p->grad : p->value, p->count);
  }
  net_batch_free(&batch);
}

static record *new_record(void) {
  record *r = calloc(1, sizeof *r);
  ck_assert_ptr_nonnull(r);
  return r;
}

static void same(const record *a, const record *b, const char *plan, const char *what) {
  ck_assert_uint_eq(a->count, b->count);
  ck_assert_msg(memcmp(&a->loss, &b->loss, sizeof a->loss) == 0, "%s, %s: loss %.17g and %.17g",
                plan, what, a->loss, b->loss);
  for (size_t i = 0; i < a->count; i++)
    if (memcmp(&a->value[i], &b->value[i], sizeof(float)) != 0)
      ck_abort_msg("%s, %s: value %zu of %zu is %.9g and %.9g", plan, what, i, a->count,
                   (double)a->value[i], (double)b->value[i]);
}

/* A fresh net's second step, so that running statistics have moved. */
static void two_steps(const net_plan *plan, int batch, int images, record *r) {
  net n;
  net_open(&n, plan, batch, true);
  step(&n, plan, images, 1, true, r);
  step(&n, plan, images, 2, true, r);
  net_close(&n);
}

/* ---- one result ---- */

/* A process chooses its instruction set once, so each gets a process; no thread has run before the
 * fork. */
static void run_with(const char *isa, const net_plan *plan, record *shared) {
  const pid_t child = fork();
  ck_assert_int_ge(child, 0);
  if (child == 0) {
    setenv("ESPALIER_ISA", isa, 1);
    two_steps(plan, plan->batch, plan->batch, shared);
    _exit(strcmp(esp__kernels_active()->isa, isa) == 0 ? 0 : 1);
  }
  int status;
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s with %s did not run", plan->name,
                isa);
}

START_TEST(instruction_sets_agree) {
  record *shared =
      mmap(NULL, 2 * sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ck_assert_ptr_ne(shared, MAP_FAILED);
  run_with("scalar", &plans[_i], &shared[0]);
  const esp__kernels *k;
  for (size_t isa = 1; (k = esp__kernels_at(isa)); isa++) {
    run_with(k->isa, &plans[_i], &shared[1]);
    same(&shared[0], &shared[1], plans[_i].name, k->isa);
  }
  munmap(shared, 2 * sizeof *shared);
}
END_TEST

START_TEST(threads_agree) {
  record *one = new_record(), *many = new_record();
  for (int threads = 1; threads <= 4; threads++) {
    omp_set_num_threads(threads);
    two_steps(&plans[_i], plans[_i].batch, plans[_i].batch, threads == 1 ? one : many);
    if (threads > 1) same(one, many, plans[_i].name, "threads");
  }
  free(one);
  free(many);
}
END_TEST

/* Masks a share of every weight; one output in five loses everything. */
/* Lists hold single outputs or tiles of four, as the mask's structure suggests. */
typedef enum pattern { WEIGHTS, FILTERS_AND_CHANNELS, BLOCKS, PATTERNS } pattern;

static bool is_kept(const esp_param *p, size_t i, pattern kind) {
  const size_t per_output = p->count / (size_t)p->shape[0], taps = per_output / (size_t)p->shape[1],
               output = i / per_output, channel = i / taps % (size_t)p->shape[1], tap = i % taps;
  switch (kind) {
    case WEIGHTS:
      return output % 5 != 3 && esp_random_uniform(7, i) >= 0.8f;
    case FILTERS_AND_CHANNELS:
      return output % 5 != 3 && output % 3 != 1 && channel % 4 != 2;
    case BLOCKS:
    case PATTERNS:
      break;
  }
  return esp_random_uniform(7, (output / 4 * 1000 + channel / 2) * 50 + tap) >= 0.6f;
}

static void mask_weights(net *n, esp_mask *mask, pattern kind) {
  for (int k = 0; k < n->params.count; k++) {
    esp_param *p = n->params.item[k];
    if (!esp_param_prunable(p)) continue;
    mask[k] = (esp_mask){.keep = calloc(p->count, 1), .count = p->count, .generation = 1};
    ck_assert_ptr_nonnull(mask[k].keep);
    for (size_t i = 0; i < p->count; i++) {
      mask[k].keep[i] = is_kept(p, i, kind);
      mask[k].kept += mask[k].keep[i];
      if (!mask[k].keep[i]) p->value[i] = 0.0f;
    }
    p->mask = &mask[k];
  }
}

/* Two steps with kernels that skip pruned weights, or not. The gradient of a pruned weight counts
 * only where it was asked for. */
static void masked_steps(const net_plan *plan, pattern kind, esp_sparse_mode mode,
                         bool dense_gradients, record *r) {
  net n;
  esp_mask mask[64] = {0};
  net_open(&n, plan, plan->batch, true);
  ck_assert_int_le(n.params.count, 64);
  mask_weights(&n, mask, kind);
  esp_graph_sparse(n.graph, mode);
  for (int i = 0; i < 6; i++) { /* AUTO tries both before it chooses */
    esp_batch batch = net_batch(plan->input, plan->batch, (esp_key)i);
    const esp_pass pass = {
        .training = true, .dropout_key = (esp_key)i, .dense_gradients = dense_gradients};
    *r = (record){.loss = esp_graph_forward(n.graph, &batch, pass).loss_sum};
    esp_graph_backward(n.graph);
    net_batch_free(&batch);
  }
  append_logits(r, &n, plan->batch);
  for (int k = 0; k < n.params.count; k++) {
    esp_param *p = n.params.item[k];
    for (size_t i = 0; p->mask && !dense_gradients && i < p->count; i++)
      if (!p->mask->keep[i]) p->grad[i] = 0.0f;
    append(r, p->grad ? p->grad : p->value, p->count);
    free(mask[k].keep);
    p->mask = NULL;
  }
  net_close(&n);
}

START_TEST(sparse_kernels_agree) {
  record *dense = new_record(), *sparse = new_record();
  for (int i = 0; i < 2 * PATTERNS; i++) {
    const pattern kind = (pattern)(i / 2);
    masked_steps(&plans[_i], kind, ESP_SPARSE_OFF, i % 2 == 1, dense);
    masked_steps(&plans[_i], kind, ESP_SPARSE_ON, i % 2 == 1, sparse);
    same(dense, sparse, plans[_i].name, "sparse = on");
    masked_steps(&plans[_i], kind, ESP_SPARSE_AUTO, i % 2 == 1, sparse);
    same(dense, sparse, plans[_i].name, "sparse = auto");
  }
  free(dense);
  free(sparse);
}
END_TEST

/* Padding images hold what an earlier, full batch left, and the graph may be made for larger
 * batches. Only the running statistics may remember; they are put back. */
static void copy_running(const esp_params *from, const esp_params *to) {
  for (int i = 0; i < from->count; i++)
    if (!esp_param_trains(from->item[i]))
      memcpy(to->item[i]->value, from->item[i]->value, from->item[i]->count * sizeof(float));
}

START_TEST(earlier_batches_leave_nothing) {
  static const int images[] = {5, 16, 19, 1};
  const net_plan *plan = &plans[_i];
  record *fresh = new_record(), *used = new_record();
  for (size_t i = 0; i < sizeof images / sizeof *images; i++) {
    net small, large;
    net_open(&small, plan, images[i], true);
    net_open(&large, plan, 48, true);
    step(&large, plan, 48, 3, true, used);
    copy_running(&small.params, &large.params);
    step(&large, plan, images[i], 7, true, used);
    step(&small, plan, images[i], 7, true, fresh);
    same(fresh, used, plan->name, "after a full batch");
    net_close(&small);
    net_close(&large);
  }
  free(fresh);
  free(used);
}
END_TEST

/* Memory that was given back comes again as it was at first, halos too; the batch is large enough
 * that all goes. */
START_TEST(after_a_release_all_is_as_at_first) {
  enum { MANY = 256 };
  record *fresh = new_record(), *rested = new_record();
  const net_plan *plan = &plans[_i];
  net a, b;
  net_open(&a, plan, MANY, true);
  net_open(&b, plan, MANY, true);
  step(&b, plan, MANY, 3, true, rested);
  copy_running(&a.params, &b.params);
  esp_graph_release_activations(b.graph);
  step(&b, plan, MANY - 9, 7, true, rested);
  step(&a, plan, MANY - 9, 7, true, fresh);
  same(fresh, rested, plan->name, "after a rest");
  net_close(&a);
  net_close(&b);
  free(fresh);
  free(rested);
}
END_TEST

/* Inference shares memory between values; training does not. */
START_TEST(inference_agrees) {
  record *with = new_record(), *without = new_record();
  const net_plan *plan = &plans[_i];
  net training, inference;
  net_open(&training, plan, plan->batch, true);
  net_open(&inference, plan, plan->batch, false);
  ck_assert_uint_lt(esp_graph_bytes(inference.graph), esp_graph_bytes(training.graph));
  for (int images = plan->batch; images > 0; images -= 11) {
    step(&training, plan, images, 9, false, with);
    step(&inference, plan, images, 9, false, without);
    same(with, without, plan->name, "inference");
  }
  net_close(&training);
  net_close(&inference);
  free(with);
  free(without);
}
END_TEST

/* An image's logits do not depend on its neighbours or on its place in the batch. */
START_TEST(images_are_apart) {
  const net_plan *plan = &plans[_i];
  const size_t values = (size_t)(plan->input.channels * plan->input.height * plan->input.width);
  net n;
  net_open(&n, plan, plan->batch, false);
  esp_batch batch = net_batch(plan->input, plan->batch, 4), single = net_batch(plan->input, 1, 5);
  float *alone = (float *)(uintptr_t)single.images, logit[NET_CLASSES];
  for (int i = 0; i < plan->batch; i += 7) {
    const size_t first = (size_t)(i / ESP_LANES) * values * ESP_LANES + (size_t)(i % ESP_LANES);
    for (size_t v = 0; v < values; v++) alone[v * ESP_LANES] = batch.images[first + v * ESP_LANES];
    esp_graph_forward(n.graph, &batch, (esp_pass){.training = false});
    for (int c = 0; c < NET_CLASSES; c++)
      logit[c] = esp_value_at(esp_graph_output(n.graph), i, c, 0, 0);
    esp_graph_forward(n.graph, &single, (esp_pass){.training = false});
    for (int c = 0; c < NET_CLASSES; c++)
      ck_assert(logit[c] == esp_value_at(esp_graph_output(n.graph), 0, c, 0, 0));
  }
  net_batch_free(&batch);
  net_batch_free(&single);
  net_close(&n);
}
END_TEST

START_TEST(labels_are_optional) {
  net n;
  net_open(&n, &plans[_i], 4, false);
  esp_batch batch = net_batch(plans[_i].input, 4, 4);
  const esp_batch unlabelled = {batch.images, NULL, 4};
  ck_assert(esp_graph_forward(n.graph, &batch, (esp_pass){.training = false}).loss_sum > 0.0);
  ck_assert(esp_graph_forward(n.graph, &unlabelled, (esp_pass){.training = false}).loss_sum == 0.0);
  net_batch_free(&batch);
  net_close(&n);
}
END_TEST

/* ---- what criteria of pruning look at ---- */

/* d (2 * sum of logits) / d w[k][j] is twice the sum of x[j] over the 20 images; the lanes of the
 * 12 that are not there give nothing. */
START_TEST(gradients_of_the_sum_of_logits) {
  static const net_plan plan = {"linear", {2, 1, 1}, 20, {{NET_END, {0}}}};
  net n;
  net_open(&n, &plan, 20, true);
  esp_batch batch = net_batch(plan.input, 20, 4);
  double sum[2] = {0.0, 0.0};
  for (int i = 0; i < 20; i++)
    for (int j = 0; j < 2; j++)
      sum[j] += (double)batch.images[(i / ESP_LANES * 2 + j) * ESP_LANES + i % ESP_LANES];
  for (int labelled = 0; labelled < 2; labelled++) {
    const esp_batch given = {batch.images, labelled ? batch.labels : NULL, 20};
    esp_graph_forward(n.graph, &given, (esp_pass){.dense_gradients = true});
    esp_graph_backward_sum(n.graph, 2.0f);
    const esp_param *w = n.params.item[0];
    ck_assert_uint_eq(w->count, 2 * NET_CLASSES);
    for (size_t i = 0; i < w->count; i++)
      ck_assert_double_eq_tol((double)w->grad[i], 2.0 * sum[i % 2], 1e-4);
  }
  net_batch_free(&batch);
  net_close(&n);
}
END_TEST

/* A layer's activity is looked for behind the batch norm and the non-linearity that follow it, and
 * no further: where that is all there is before the last layer, it is what that layer reads. */
START_TEST(activities_are_behind_the_non_linearity) {
  static const struct {
    net_plan plan;
    bool read_by_last;
  } of[] = {
      {{"bare", {2, 1, 1}, 5, {CONV(4, 1, 1, 1, 0, 1, 1)}}, true},
      {{"relu", {2, 1, 1}, 5, {CONV(4, 1, 1, 1, 0, 1, 1), BN(1)}}, true},
      {{"gelu", {2, 1, 1}, 5, {CONV(4, 1, 1, 1, 0, 1, 1), BN(0), ACT(ESP_ACT_GELU)}}, true},
      {{"twice", {2, 1, 1}, 5, {CONV(4, 1, 1, 1, 0, 1, 1), BN(1), ACT(ESP_ACT_TANH)}}, false},
      {{"dropout", {2, 1, 1}, 5, {CONV(4, 1, 1, 1, 0, 1, 1), BN(1), DROPOUT(50)}}, false},
      {{"sum", {4, 1, 1}, 5, {KEEP, CONV(4, 1, 1, 1, 0, 1, 1), BN_PLUS(1)}}, true},
      {{"branch", {4, 1, 1}, 5, {CONV(4, 1, 1, 1, 0, 1, 1), KEEP, ACT(ESP_ACT_RELU), ADD}}, false},
  };
  for (size_t k = 0; k < sizeof of / sizeof *of; k++) {
    net n;
    net_open(&n, &of[k].plan, 5, true);
    esp_batch batch = net_batch(of[k].plan.input, 3, 4);
    esp_graph_forward(n.graph, &batch, (esp_pass){.training = false});
    const esp_param *last = NULL;
    for (int i = 0; i < n.params.count; i++)
      if (n.params.item[i]->role == ESP_ROLE_LINEAR_WEIGHT) last = n.params.item[i];
    const esp_activity a = esp_graph_activity(n.graph, n.params.item[0]),
                       b = esp_graph_activity(n.graph, last);
    ck_assert_msg((a.output == b.input) == of[k].read_by_last, "%s", of[k].plan.name);
    ck_assert_int_eq(a.images, 3);
    ck_assert_int_eq(a.output->channels, 4);
    ck_assert(*esp_plane(b.output, 0, 1) == esp_value_at(esp_graph_output(n.graph), 0, 1, 0, 0));
    net_batch_free(&batch);
    net_close(&n);
  }
}
END_TEST

/* Smoothing is a way to train, not a measure. */
START_TEST(evaluation_does_not_smooth) {
  static const net_plan smooth = {"smooth", {2, 4, 4}, 5, {LOSS(ESP_LOSS_CROSS_ENTROPY, 20)}};
  static const net_plan plain = {"plain", {2, 4, 4}, 5, {LOSS(ESP_LOSS_CROSS_ENTROPY, 0)}};
  record *a = new_record(), *b = new_record();
  net with, without;
  net_open(&with, &smooth, 5, true);
  net_open(&without, &plain, 5, true);
  step(&with, &smooth, 5, 1, false, a);
  step(&without, &plain, 5, 1, false, b);
  same(a, b, "a classifier", "smoothing");
  step(&with, &smooth, 5, 1, true, a);
  step(&without, &plain, 5, 1, true, b);
  ck_assert(a->loss != b->loss);
  net_close(&with);
  net_close(&without);
  free(a);
  free(b);
}
END_TEST

/* ---- memory ---- */

START_TEST(a_step_allocates_nothing) {
  net n;
  allocations = 0;
  net_open(&n, &plans[_i], plans[_i].batch, true);
  ck_assert_int_gt(allocations, 0); /* they are counted */
  esp_batch batch = net_batch(plans[_i].input, plans[_i].batch, 4);
  allocations = 0;
  for (esp_key key = 0; key < 3; key++) {
    esp_graph_forward(n.graph, &batch, (esp_pass){.training = true, .dropout_key = key});
    esp_graph_backward(n.graph);
  }
  ck_assert_int_eq(allocations, 0);
  net_batch_free(&batch);
  net_close(&n);
}
END_TEST

/* ---- errors ---- */

/* A graph with an input of 4x6x5, its flat form, and a parameter to be given a shape. */
typedef struct wrong {
  esp_graph *g;
  esp_value *x, *flat, *y;
  esp_param weight, bias;
  esp_error err;
} wrong;

static esp_status conv(wrong *w, esp_conv_attr attr, int outputs, int channels, int rows,
                       int columns) {
  w->weight = (esp_param){.rank = 4,
                          .shape = {outputs, channels, rows, columns},
                          .count = (size_t)(outputs * channels * rows * columns)};
  return esp_graph_conv(w->g, w->x, attr, &w->weight, w->bias.count ? &w->bias : NULL, &w->y,
                        &w->err);
}
static esp_status linear(wrong *w, esp_value *x, int outputs, int features) {
  w->weight =
      (esp_param){.rank = 2, .shape = {outputs, features}, .count = (size_t)(outputs * features)};
  return esp_graph_linear(w->g, x, &w->weight, w->bias.count ? &w->bias : NULL, &w->y, &w->err);
}
static esp_status batchnorm(wrong *w, esp_value *x, size_t channels, esp_value *residual) {
  w->bias = (esp_param){.rank = 1, .shape = {(int)channels}, .count = channels};
  const esp_bn_params p = {&w->bias, &w->bias, &w->bias, &w->bias};
  return esp_graph_batchnorm(w->g, x, p, residual, true, &w->y, &w->err);
}

static esp_status conv_channels(wrong *w) {
  return conv(w, (esp_conv_attr){{1, 1}, {1, 1}, 1}, 8, 3, 3, 3);
}
static esp_status conv_groups(wrong *w) {
  return conv(w, (esp_conv_attr){{1, 1}, {1, 1}, 3}, 9, 1, 3, 3);
}
static esp_status conv_group_outputs(wrong *w) {
  return conv(w, (esp_conv_attr){{1, 1}, {1, 1}, 2}, 9, 2, 3, 3);
}
static esp_status conv_large(wrong *w) {
  return conv(w, (esp_conv_attr){{1, 1}, {1, 1}, 1}, 8, 4, 9, 3);
}
static esp_status conv_wide(wrong *w) {
  return conv(w, (esp_conv_attr){{1, 1}, {1, 1}, 1}, 8, 4, 3, 8);
}
static esp_status conv_stride(wrong *w) {
  return conv(w, (esp_conv_attr){{0, 0}, {1, 1}, 1}, 8, 4, 3, 3);
}
static esp_status conv_padding(wrong *w) {
  return conv(w, (esp_conv_attr){{1, 1}, {-1, -1}, 1}, 8, 4, 3, 3);
}
static esp_status conv_no_groups(wrong *w) {
  return conv(w, (esp_conv_attr){{1, 1}, {1, 1}, 0}, 8, 4, 3, 3);
}
static esp_status conv_bias(wrong *w) {
  w->bias.count = 7;
  return conv(w, (esp_conv_attr){{1, 1}, {1, 1}, 1}, 8, 4, 3, 3);
}
static esp_status linear_plane(wrong *w) {
  return linear(w, w->x, 10, 4);
}
static esp_status linear_features(wrong *w) {
  return linear(w, w->flat, 10, 119);
}
static esp_status linear_bias(wrong *w) {
  w->bias.count = 9;
  return linear(w, w->flat, 10, 120);
}
static esp_status batchnorm_channels(wrong *w) {
  return batchnorm(w, w->x, 5, NULL);
}
static esp_status batchnorm_residual(wrong *w) {
  return batchnorm(w, w->x, 4, w->flat);
}
static esp_status maxpool_large(wrong *w) {
  return esp_graph_maxpool(w->g, w->x, (esp_pool_attr){6, 1, 0}, &w->y, &w->err);
}
static esp_status avgpool_padding(wrong *w) {
  return esp_graph_avgpool(w->g, w->x, (esp_pool_attr){2, 1, 2}, &w->y, &w->err);
}
static esp_status maxpool_stride(wrong *w) {
  return esp_graph_maxpool(w->g, w->x, (esp_pool_attr){2, 0, 0}, &w->y, &w->err);
}
static esp_status add_shapes(wrong *w) {
  return esp_graph_add(w->g, w->x, w->flat, &w->y, &w->err);
}
static esp_status concat_planes(wrong *w) {
  return esp_graph_concat(w->g, w->x, w->flat, &w->y, &w->err);
}
static esp_status subsample_channels(wrong *w) {
  return esp_graph_subsample(w->g, w->x, 3, 2, &w->y, &w->err);
}
static esp_status subsample_stride(wrong *w) {
  return esp_graph_subsample(w->g, w->x, 4, 0, &w->y, &w->err);
}
static esp_status reshape_planes(wrong *w) {
  return esp_graph_reshape(w->g, w->x, (esp_reshape_attr){7, 1}, &w->y, &w->err);
}
static esp_status reshape_transpose(wrong *w) {
  return esp_graph_reshape(w->g, w->x, (esp_reshape_attr){6, 0}, &w->y, &w->err);
}
static esp_status dropout_all(wrong *w) {
  return esp_graph_dropout(w->g, w->x, 1.0f, &w->y, &w->err);
}
static esp_status dropout_negative(wrong *w) {
  return esp_graph_dropout(w->g, w->x, -0.1f, &w->y, &w->err);
}
static esp_status loss_plane(wrong *w) {
  return esp_graph_loss(w->g, w->x, ESP_LOSS_CROSS_ENTROPY, 0.0f, &w->err);
}
static esp_status input_empty(wrong *w) {
  return esp_graph_input(w->g, (esp_shape){3, 0, 4}, &w->y, &w->err);
}
static esp_status input_huge(wrong *w) {
  return esp_graph_input(w->g, (esp_shape){60000, 60000, 60000}, &w->y, &w->err);
}
static esp_status too_late(wrong *w) {
  ck_assert_int_eq(esp_graph_plan(w->g, &w->err), ESP_OK);
  return esp_graph_flatten(w->g, w->x, &w->y, &w->err);
}
static esp_status no_images(wrong *w) {
  esp_graph *none;
  return esp_graph_new(&none, 0, true, &w->err);
}
static esp_status too_many_images(wrong *w) {
  esp_graph *none;
  return esp_graph_new(&none, 65537, true, &w->err);
}

/* What is done wrong, and what the sentence must name. */
static const struct {
  esp_status (*call)(wrong *);
  const char *words[2];
} wrongs[] = {
    {conv_channels, {"conv", "4 channels"}},
    {conv_groups, {"conv", "groups 3"}},
    {conv_group_outputs, {"conv", "groups 2"}},
    {conv_large, {"9x3", "6x5"}},
    {conv_wide, {"3x8", "6x5"}},
    {conv_stride, {"conv", "stride 0"}},
    {conv_padding, {"conv", "padding -1"}},
    {conv_no_groups, {"conv", "groups 0"}},
    {conv_bias, {"7 biases", "8 outputs"}},
    {linear_plane, {"4x6x5", "flatten"}},
    {linear_features, {"10x119", "120 features"}},
    {linear_bias, {"linear", "10x120"}},
    {batchnorm_channels, {"5 values for 4", "4 channels"}},
    {batchnorm_residual, {"4x6x5", "120x1x1"}},
    {maxpool_large, {"maxpool", "6x5"}},
    {avgpool_padding, {"avgpool", "padding 2"}},
    {maxpool_stride, {"maxpool", "stride 0"}},
    {add_shapes, {"add", "120x1x1"}},
    {concat_planes, {"concat", "height and width"}},
    {subsample_channels, {"subsample", "at least 4"}},
    {subsample_stride, {"subsample", "stride 0"}},
    {reshape_planes, {"7 planes", "divide its 120 values"}},
    {reshape_transpose, {"transpose 0", "1 or more"}},
    {dropout_all, {"dropout", "1"}},
    {dropout_negative, {"dropout", "-0.1"}},
    {loss_plane, {"loss", "4x6x5"}},
    {input_empty, {"input", "3x0x4"}},
    {input_huge, {"input", "60000"}},
    {too_late, {"flatten", "planned"}},
    {no_images, {"batch", "0"}},
    {too_many_images, {"batch", "65537"}},
};

START_TEST(errors_are_sentences) {
  wrong w = {0};
  ck_assert_int_eq(esp_graph_new(&w.g, 3, true, &w.err), ESP_OK);
  ck_assert_int_eq(esp_graph_input(w.g, (esp_shape){4, 6, 5}, &w.x, &w.err), ESP_OK);
  ck_assert_int_eq(esp_graph_flatten(w.g, w.x, &w.flat, &w.err), ESP_OK);
  const esp_status status = wrongs[_i].call(&w);
  ck_assert_int_eq(status, ESP_ERR_INPUT);
  ck_assert_int_eq(w.err.status, ESP_ERR_INPUT);
  for (int i = 0; i < 2; i++)
    ck_assert_msg(strstr(w.err.text, wrongs[_i].words[i]), "'%s' does not say '%s'", w.err.text,
                  wrongs[_i].words[i]);
  esp_graph_free(w.g);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("graph");
  TCase *all = tcase_create("graph");
  tcase_set_timeout(all, 60);
  tcase_add_loop_test(all, instruction_sets_agree, 0, PLANS);
  tcase_add_loop_test(all, threads_agree, 0, PLANS);
  tcase_add_loop_test(all, sparse_kernels_agree, 0, PLANS);
  tcase_add_loop_test(all, earlier_batches_leave_nothing, 0, PLANS);
  tcase_add_loop_test(all, after_a_release_all_is_as_at_first, 0, PLANS);
  tcase_add_loop_test(all, inference_agrees, 0, PLANS);
  tcase_add_loop_test(all, images_are_apart, 0, PLANS);
  tcase_add_loop_test(all, labels_are_optional, 0, PLANS);
  tcase_add_test(all, gradients_of_the_sum_of_logits);
  tcase_add_test(all, activities_are_behind_the_non_linearity);
  tcase_add_test(all, evaluation_does_not_smooth);
  tcase_add_loop_test(all, a_step_allocates_nothing, 0, PLANS);
  tcase_add_loop_test(all, errors_are_sentences, 0, sizeof wrongs / sizeof *wrongs);
  suite_add_tcase(suite, all);
  return suite_run(suite);
}

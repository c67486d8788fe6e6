/* Layers that go by Winograd: close to the direct way; the same bits whatever the threads, the
 * instruction set and the place of a batch norm; outputs and channels without weights left out; and
 * which layers go. */
#include "allocations.h"
#include "kernels/kernels.h"
#include "net.h"
#include "suite.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- what a net has computed ---- */

enum { PARTS = 64, RECORD = 1 << 23 };

/* A part is what a layer put out in a step, or the gradient of a parameter. Processes can share a
 * record. */
typedef struct record {
  int parts;
  size_t start[PARTS + 1];
  float value[RECORD];
} record;

static record *new_record(void) {
  record *r = mmap(NULL, sizeof *r, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ck_assert_ptr_ne(r, MAP_FAILED);
  return r;
}

static void free_record(record *r) {
  munmap(r, sizeof *r);
}

/* Room for the next part. */
static float *part_of(record *r, size_t count) {
  const size_t start = r->start[r->parts];
  ck_assert_int_lt(r->parts, PARTS);
  ck_assert_uint_le(start + count, RECORD);
  r->start[++r->parts] = start + count;
  return r->value + start;
}

static void add_output(record *r, const esp_value *v, int images) {
  const esp_shape s = esp_value_shape(v);
  const int pixels = s.height * s.width, values = s.channels * pixels;
  float *to = part_of(r, (size_t)(images * values));
  for (int i = 0; i < images * values; i++)
    to[i] = esp_value_at(v, i / values, i % values / pixels, i % pixels / s.width,
                         i % pixels % s.width);
}

/* A pass over random images, and backward when training: all layers and all gradients are recorded
 * then, else the logits. */
static void step(net *n, const net_plan *plan, int images, esp_key key, esp_pass pass, record *r) {
  esp_batch batch = net_batch(plan->input, images, key);
  esp_graph_forward(n->graph, &batch, pass);
  if (pass.training) esp_graph_backward(n->graph);
  for (int i = pass.training ? 0 : n->layers - 1; i < n->layers; i++)
    add_output(r, n->layer[i].out, images);
  for (int i = 0; pass.training && i < n->params.count; i++) {
    const esp_param *p = n->params.item[i];
    float *to = part_of(r, p->grad ? p->count : 0);
    if (p->grad) memcpy(to, p->grad, p->count * sizeof *to);
  }
  net_batch_free(&batch);
}

static bool equal(const record *a, const record *b) {
  ck_assert_int_eq(a->parts, b->parts);
  const size_t count = a->start[a->parts];
  ck_assert_uint_eq(count, b->start[b->parts]);
  return memcmp(a->value, b->value, count * sizeof *a->value) == 0;
}

static void same(const record *a, const record *b, const char *what) {
  if (equal(a, b)) return;
  for (int p = 0; p < a->parts; p++)
    for (size_t i = a->start[p]; i < a->start[p + 1]; i++)
      if (memcmp(&a->value[i], &b->value[i], sizeof(float)) != 0)
        ck_abort_msg("%s: value %zu of part %d of %d is %.9g and %.9g", what, i - a->start[p], p,
                     a->parts, (double)a->value[i], (double)b->value[i]);
}

/* Within 1e-4 of the largest value of their part. */
static void near(const record *a, const record *b, const char *what) {
  ck_assert_int_eq(a->parts, b->parts);
  ck_assert_mem_eq(a->start, b->start, sizeof a->start);
  for (int p = 0; p < a->parts; p++) {
    double largest = 0.0;
    for (size_t i = b->start[p]; i < b->start[p + 1]; i++)
      if (fabs((double)b->value[i]) > largest) largest = fabs((double)b->value[i]);
    for (size_t i = a->start[p]; i < a->start[p + 1]; i++)
      if (!(fabs((double)a->value[i] - (double)b->value[i]) <= 1e-4 * largest))
        ck_abort_msg("%s: value %zu of part %d of %d is %.9g and %.9g", what, i - a->start[p], p,
                     a->parts, (double)a->value[i], (double)b->value[i]);
  }
}

/* Whether the passes of a layer went by Winograd, as the graph says. */
static void expect_way(const net *n, int layer, bool by_winograd, const char *what) {
  esp_kernel_choice c;
  int passes = 0;
  for (int i = 0; esp_graph_kernel_choice(n->graph, i, &c); i++) {
    if (c.weight != n->layer[layer].weight) continue;
    passes++;
    ck_assert_msg((c.reason == ESP_BY_WINOGRAD) == by_winograd && !(by_winograd && c.is_sparse),
                  "%s, %s: %s", what, esp_propagation_name(c.pass),
                  esp_kernel_reason_text(c.reason));
  }
  ck_assert_int_gt(passes, 0);
}

/* ---- masks ---- */

static esp_param *weight_of(const net *n, int layer) {
  int i = 0;
  while (n->params.item[i] != n->layer[layer].weight) i++;
  return n->params.item[i];
}

/* Puts a mask upon a layer, or the next one: keep[count]. Weights that come back have values
 * again. */
static void set_mask(const net *n, int layer, esp_mask *m, const uint8_t *keep) {
  esp_param *p = weight_of(n, layer);
  if (!m->keep) *m = (esp_mask){.keep = calloc(p->count, 1), .count = p->count};
  ck_assert_ptr_nonnull(m->keep);
  m->generation++;
  m->kept = 0;
  for (size_t i = 0; i < p->count; i++) {
    m->keep[i] = keep[i];
    m->kept += keep[i];
    p->value[i] = keep[i] ? 0.25f - 0.5f * esp_random_uniform((esp_key)layer + 50, i) : 0.0f;
  }
  p->mask = m;
}

static bool is_live(int output, int channel, int turn) {
  return output % 5 != turn % 5 && channel % 4 != turn % 4;
}

/* Takes away every fifth output and every fourth channel, and a few of the other weights. */
static void mask_places(const net *n, int layer, esp_mask *m, int turn) {
  const esp_param *p = n->layer[layer].weight;
  uint8_t *keep = calloc(p->count, 1);
  ck_assert_ptr_nonnull(keep);
  for (size_t i = 0; i < p->count; i++)
    keep[i] = is_live((int)i / 9 / p->shape[1], (int)i / 9 % p->shape[1], turn) &&
              esp_random_uniform((esp_key)turn, i) >= 0.15f;
  set_mask(n, layer, m, keep);
  free(keep);
}

static void drop_masks(const net *n, esp_mask *m, int masks) {
  for (int i = 0; i < n->params.count; i++) n->params.item[i]->mask = NULL;
  for (int i = 0; i < masks; i++) free(m[i].keep);
}

/* ---- two layers, so that there is a gradient of an input ---- */

typedef struct layers {
  int height, width, images, in, middle, out;
} layers;

static net_plan plan_of(const layers *l, bool direct) {
  return (net_plan){"two layers",
                    {l->in, l->height, l->width},
                    l->images,
                    {CONV(l->middle, 3, 3, 1, 1, 1, 1), CONV(l->out, 3, 3, 1, 1, 1, 0)},
                    direct};
}

/* Planes that squares cover, and planes that cut some off; that a piece holds several of, or one,
 * or part of; the gradients of weights in one chunk of images or several; 128 outputs, or channels,
 * and more. */
static const layers compared[] = {
    {4, 4, 35, 13, 14, 20},  {4, 4, 530, 14, 20, 13},   {4, 6, 35, 22, 67, 24},
    {7, 7, 19, 20, 18, 17},  {6, 4, 1, 67, 22, 130},    {8, 8, 35, 67, 130, 20},
    {8, 8, 150, 20, 10, 67}, {14, 14, 35, 13, 20, 67},  {13, 15, 100, 20, 14, 16},
    {16, 16, 35, 9, 67, 20}, {16, 16, 35, 130, 20, 67}, {16, 16, 5, 9, 130, 130},
    {9, 9, 110, 34, 36, 40}, {29, 31, 20, 16, 17, 18},  {11, 9, 35, 20, 19, 40},
};

START_TEST(close_to_the_direct_way) {
  const layers *l = &compared[_i];
  const net_plan either = plan_of(l, false), direct = plan_of(l, true);
  const int images[] = {l->images, l->images * 2 / 3 + 1, 1};
  record *a = new_record(), *b = new_record();
  net by_winograd, directly;
  net_open(&by_winograd, &either, l->images, true);
  net_open(&directly, &direct, l->images, true);
  for (int i = 0; i < 3; i++) {
    a->parts = b->parts = 0;
    step(&by_winograd, &either, images[i], (esp_key)i, (esp_pass){.training = true}, a);
    step(&directly, &direct, images[i], (esp_key)i, (esp_pass){.training = true}, b);
    near(a, b, "by Winograd, directly");
  }
  for (int i = 0; i < 2; i++) {
    expect_way(&by_winograd, i, true, "by Winograd");
    expect_way(&directly, i, false, "directly");
  }
  net_close(&by_winograd);
  net_close(&directly);
  free_record(a);
  free_record(b);
}
END_TEST

/* Padding images, and the padding around planes, are as at first after a larger batch. */
START_TEST(earlier_batches_leave_nothing) {
  static const layers l = {6, 8, 150, 18, 20, 19};
  static const int images[] = {149, 35, 16, 1};
  const net_plan plan = plan_of(&l, false);
  record *used = new_record(), *fresh = new_record();
  net large;
  net_open(&large, &plan, l.images, true);
  for (int i = 0; i < 4; i++) {
    net small;
    net_open(&small, &plan, images[i], true);
    used->parts = fresh->parts = 0;
    step(&large, &plan, l.images, 5, (esp_pass){.training = true}, used);
    used->parts = 0;
    step(&large, &plan, images[i], 6, (esp_pass){.training = true}, used);
    step(&small, &plan, images[i], 6, (esp_pass){.training = true}, fresh);
    same(used, fresh, "after a full batch");
    net_close(&small);
  }
  net_close(&large);
  free_record(used);
  free_record(fresh);
}
END_TEST

/* ---- one result ---- */

/* Passes without masks, with them, and for all gradients. */
static void three_passes(const layers *l, record *r) {
  const net_plan plan = plan_of(l, false);
  esp_mask mask[2] = {{0}};
  net n;
  net_open(&n, &plan, l->images, true);
  step(&n, &plan, l->images, 1, (esp_pass){.training = true}, r);
  for (int i = 0; i < 2; i++) mask_places(&n, i, &mask[i], i);
  step(&n, &plan, l->images, 2, (esp_pass){.training = true}, r);
  step(&n, &plan, l->images, 3, (esp_pass){.training = true, .dense_gradients = true}, r);
  for (int i = 0; i < 2; i++) expect_way(&n, i, true, "one result");
  drop_masks(&n, mask, 2);
  net_close(&n);
}

static const layers shared[] = {{4, 4, 530, 24, 24, 22},  {4, 6, 35, 36, 67, 40},
                                {8, 8, 35, 67, 130, 20},  {16, 16, 35, 12, 67, 14},
                                {15, 14, 40, 16, 15, 40}, {9, 9, 110, 44, 48, 52}};
enum { SHARED = sizeof shared / sizeof *shared };

START_TEST(threads_agree) {
  static const int threads[] = {1, 2, 3, 7};
  record *one = new_record(), *many = new_record();
  for (int i = 0; i < 4; i++) {
    omp_set_num_threads(threads[i]);
    many->parts = 0;
    three_passes(&shared[_i], i == 0 ? one : many);
    if (i > 0) same(one, many, "threads");
  }
  free_record(one);
  free_record(many);
}
END_TEST

/* A process chooses its instruction set once, so each gets a process; no thread has run before the
 * fork. */
static void run_with(const char *isa, const layers *l, record *r) {
  const pid_t child = fork();
  ck_assert_int_ge(child, 0);
  if (child == 0) {
    setenv("ESPALIER_ISA", isa, 1);
    r->parts = 0;
    three_passes(l, r);
    _exit(strcmp(esp__kernels_active()->isa, isa) == 0 ? 0 : 1);
  }
  int status;
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s did not run", isa);
}

START_TEST(instruction_sets_agree) {
  record *scalar = new_record(), *other = new_record();
  const esp__kernels *k;
  run_with("scalar", &shared[_i], scalar);
  for (size_t isa = 1; (k = esp__kernels_at(isa)); isa++) {
    run_with(k->isa, &shared[_i], other);
    same(scalar, other, k->isa);
  }
  free_record(scalar);
  free_record(other);
}
END_TEST

/* In a graph for inference the layers do the batch norms behind them, also where they have no
 * weights left. */
START_TEST(fused_batch_norms_agree) {
  static const net_plan plan = {
      "residual blocks",
      {12, 16, 15},
      53,
      {CONV(13, 3, 3, 1, 1, 1, 1), BN(1), KEEP, CONV(13, 3, 3, 1, 1, 1, 0), BN(0),
       CONV(13, 3, 3, 1, 1, 1, 1), BN_PLUS(1), CONV(20, 3, 3, 1, 1, 1, 0), BN(1)}};
  record *apart = new_record(), *fused = new_record();
  esp_mask mask[8] = {{0}};
  net training, inference;
  net_open(&training, &plan, plan.batch, true);
  net_open(&inference, &plan, plan.batch, false);
  for (int i = 0; i < 4 && _i; i++) {
    mask_places(&training, i, &mask[i], i);
    mask_places(&inference, i, &mask[4 + i], i);
  }
  for (int images = plan.batch; images > 0; images -= 13) {
    step(&training, &plan, images, 9, (esp_pass){.training = false}, apart);
    step(&inference, &plan, images, 9, (esp_pass){.training = false}, fused);
  }
  same(apart, fused, "fused");
  for (int i = 0; i < 4; i++) expect_way(&inference, i, true, "fused");
  drop_masks(&training, mask, 4);
  drop_masks(&inference, mask + 4, 4);
  net_close(&training);
  net_close(&inference);
  free_record(apart);
  free_record(fused);
}
END_TEST

/* ---- outputs and channels without weights ---- */

/* Two nets of the same weights, which are 0 where one of them has a mask. */
typedef struct pair {
  net_plan plan;
  net masked, plain;
  esp_mask mask[2];
  int turn;
  record *a, *b;
} pair;

static void open_pair(pair *p, const layers *l) {
  *p = (pair){.plan = plan_of(l, false), .a = new_record(), .b = new_record()};
  net_open(&p->masked, &p->plan, l->images, true);
  net_open(&p->plain, &p->plan, l->images, true);
}

static void close_pair(pair *p) {
  drop_masks(&p->masked, p->mask, 2);
  net_close(&p->masked);
  net_close(&p->plain);
  free_record(p->a);
  free_record(p->b);
}

static void mask_pair(pair *p, int turn) {
  p->turn = turn;
  for (int i = 0; i < 2; i++) {
    mask_places(&p->masked, i, &p->mask[i], turn);
    memcpy(weight_of(&p->plain, i)->value, weight_of(&p->masked, i)->value,
           p->mask[i].count * sizeof(float));
  }
}

static void step_pair(pair *p, esp_key key, bool dense_gradients) {
  p->a->parts = p->b->parts = 0;
  step(&p->masked, &p->plan, p->plan.batch, key,
       (esp_pass){.training = true, .dense_gradients = dense_gradients}, p->a);
  step(&p->plain, &p->plan, p->plan.batch, key, (esp_pass){.training = true}, p->b);
}

static void expect_empty(const pair *p) {
  for (int k = 0; k < 2; k++) {
    const esp_param *w = weight_of(&p->masked, k);
    for (int i = 0; i < (int)w->count; i++)
      if (!is_live(i / 9 / w->shape[1], i / 9 % w->shape[1], p->turn) && w->grad[i] != 0.0f)
        ck_abort_msg("layer %d, output %d, channel %d: gradient %g", k, i / 9 / w->shape[1],
                     i / 9 % w->shape[1], (double)w->grad[i]);
  }
}

/* The gradient of a weight that is pruned may be 0. */
static void forgive_pruned(const pair *p) {
  for (int i = 0; i < p->masked.params.count; i++) {
    const esp_param *w = p->masked.params.item[i];
    const size_t start = p->a->start[p->masked.layers + i];
    for (size_t k = 0; w->mask && k < w->count; k++)
      if (!w->mask->keep[k] && p->a->value[start + k] == 0.0f) p->b->value[start + k] = 0.0f;
  }
}

static const layers emptied[] = {
    {8, 8, 35, 20, 30, 24},   {8, 6, 35, 67, 60, 70}, {4, 4, 35, 22, 24, 23},
    {16, 16, 35, 12, 11, 44}, {8, 8, 35, 36, 40, 33},
};

START_TEST(a_mask_leaves_out) {
  pair p;
  open_pair(&p, &emptied[_i]);
  for (int i = 0; i < 12; i++) {
    const bool dense_gradients = i % 3 == 1;
    if (i % 4 == 0) mask_pair(&p, i / 4);
    step_pair(&p, (esp_key)i, dense_gradients);
    if (!dense_gradients) {
      expect_empty(&p);
      forgive_pruned(&p);
    }
    same(p.a, p.b, "masked, not masked");
    for (int k = 0; k < 2; k++) expect_way(&p.masked, k, true, "masked");
  }
  close_pair(&p);
}
END_TEST

START_TEST(a_mask_comes_back) {
  pair p;
  open_pair(&p, &emptied[0]);
  mask_pair(&p, 0);
  step_pair(&p, 1, false);
  for (int k = 0; k < 2; k++) weight_of(&p.masked, k)->mask = NULL;
  step_pair(&p, 2, false);
  same(p.a, p.b, "without the mask");
  for (int k = 0; k < 2; k++) weight_of(&p.masked, k)->mask = &p.mask[k];
  step_pair(&p, 3, false);
  expect_empty(&p);
  close_pair(&p);
}
END_TEST

/* What is left of the channels that a layer reads, and of those that the layers write. */
static bool is_left(int level, int i) {
  return level == 1 ? i % 5 != 1 : level == 2 ? i % 4 != 2 : true;
}

/* The values [rows][columns][inner] whose row and column are left; returns how many. */
typedef struct values {
  int rows, row_level, columns, column_level, inner;
} values;

static size_t gather(const values *v, const float *from, float *to) {
  size_t count = 0;
  for (int i = 0; i < v->rows * v->columns * v->inner; i++)
    if (is_left(v->row_level, i / v->inner / v->columns) &&
        is_left(v->column_level, i / v->inner % v->columns))
      to[count++] = from[i];
  return count;
}

/* Of a net with masks and of the smaller one that has no more than what they keep: the parameters,
 * then what the layers put out. */
static const layers before = {8, 8, 35, 12, 20, 18}, after = {8, 8, 35, 12, 16, 14};
static const values shrinking[] = {{20, 1, 12, 0, 9},  {20, 1, 1, 0, 1}, {18, 2, 20, 1, 9},
                                   {3, 0, 18, 2, 64},  {3, 0, 1, 0, 1},  {35, 0, 20, 1, 64},
                                   {35, 0, 18, 2, 64}, {35, 0, 3, 0, 1}};
enum { SHRINKING = sizeof shrinking / sizeof *shrinking, SHRINKING_PARAMS = 5 };

static void mask_layer(const net *n, int layer, esp_mask *m) {
  uint8_t keep[20 * 20 * 9];
  const values *v = &shrinking[2 * layer];
  for (int i = 0; i < v->rows * v->columns * 9; i++)
    keep[i] =
        is_left(v->row_level, i / 9 / v->columns) && is_left(v->column_level, i / 9 % v->columns);
  set_mask(n, layer, m, keep);
}

START_TEST(a_smaller_layer_has_the_same_bits) {
  const net_plan masked = plan_of(&before, false), shrunk = plan_of(&after, false);
  esp_mask mask[2] = {{0}};
  record *a = new_record(), *b = new_record(), *left = new_record();
  net large, small;
  net_open(&large, &masked, before.images, true);
  net_open(&small, &shrunk, after.images, true);
  for (int i = 0; i < 2; i++) mask_layer(&large, i, &mask[i]);
  for (int i = 0; i < SHRINKING_PARAMS; i++)
    ck_assert_uint_eq(
        gather(&shrinking[i], large.params.item[i]->value, small.params.item[i]->value),
        small.params.item[i]->count);
  step(&large, &masked, before.images, 1, (esp_pass){.training = true}, a);
  step(&small, &shrunk, after.images, 1, (esp_pass){.training = true}, b);
  for (int i = 0; i < SHRINKING; i++) { /* a record has the outputs first */
    const float *from = a->value + a->start[i];
    float *to = part_of(left, b->start[i + 1] - b->start[i]);
    gather(&shrinking[(i + SHRINKING_PARAMS) % SHRINKING], from, to);
  }
  same(left, b, "shrunk");
  for (int i = 0; i < 2; i++) expect_way(&small, i, true, "shrunk");
  drop_masks(&large, mask, 2);
  net_close(&large);
  net_close(&small);
  free_record(a);
  free_record(b);
  free_record(left);
}
END_TEST

/* ---- which way ---- */

/* The second layer is the one in question. */
static const struct {
  net_plan plan;
  bool by_winograd;
} ways[] = {
    {{"least of all", {8, 16, 16}, 19, {CONV(8, 1, 1, 1, 0, 1, 1), CONV(8, 3, 3, 1, 1, 1, 1)}},
     true},
    {{"many", {9, 8, 6}, 19, {CONV(20, 1, 1, 1, 0, 1, 1), CONV(67, 3, 3, 1, 1, 1, 0)}}, true},
    {{"odd sides", {8, 7, 7}, 19, {CONV(20, 1, 1, 1, 0, 1, 1), CONV(20, 3, 3, 1, 1, 1, 1)}}, true},
    {{"much cut off", {8, 5, 6}, 19, {CONV(20, 1, 1, 1, 0, 1, 1), CONV(20, 3, 3, 1, 1, 1, 1)}},
     false},
    {{"two rows", {8, 2, 8}, 19, {CONV(20, 1, 1, 1, 0, 1, 1), CONV(20, 3, 3, 1, 1, 1, 1)}}, false},
    {{"stride 2", {8, 8, 8}, 19, {CONV(20, 1, 1, 1, 0, 1, 1), CONV(20, 3, 3, 2, 1, 1, 1)}}, false},
    {{"no padding", {8, 8, 8}, 19, {CONV(20, 1, 1, 1, 0, 1, 1), CONV(20, 3, 3, 1, 0, 1, 1)}},
     false},
    {{"padding 2", {8, 8, 8}, 19, {CONV(20, 1, 1, 1, 0, 1, 1), CONV(20, 3, 3, 1, 2, 1, 1)}}, false},
    {{"5x5", {8, 8, 8}, 19, {CONV(20, 1, 1, 1, 0, 1, 1), CONV(20, 5, 5, 1, 2, 1, 1)}}, false},
    {{"1x3", {8, 8, 8}, 19, {CONV(20, 1, 1, 1, 0, 1, 1), CONV(20, 1, 3, 1, 1, 1, 1)}}, false},
    {{"groups", {8, 8, 8}, 19, {CONV(40, 1, 1, 1, 0, 1, 1), CONV(40, 3, 3, 1, 1, 2, 1)}}, false},
    {{"7 channels", {8, 16, 16}, 19, {CONV(7, 1, 1, 1, 0, 1, 1), CONV(8, 3, 3, 1, 1, 1, 1)}},
     false},
    {{"7 outputs", {8, 16, 16}, 19, {CONV(8, 1, 1, 1, 0, 1, 1), CONV(7, 3, 3, 1, 1, 1, 1)}}, false},
};

START_TEST(geometry_chooses) {
  const net_plan *plan = &ways[_i].plan;
  net_plan direct = *plan;
  direct.direct = true;
  record *a = new_record(), *b = new_record();
  net either, directly;
  net_open(&either, plan, plan->batch, true);
  net_open(&directly, &direct, plan->batch, true);
  step(&either, plan, plan->batch, 1, (esp_pass){.training = true}, a);
  step(&directly, &direct, plan->batch, 1, (esp_pass){.training = true}, b);
  ck_assert_msg(equal(a, b) != ways[_i].by_winograd, "%s", plan->name);
  expect_way(&either, 1, ways[_i].by_winograd, plan->name);
  net_close(&either);
  net_close(&directly);
  free_record(a);
  free_record(b);
}
END_TEST

static const net_plan wide = {
    "wide",
    {9, 8, 8},
    19,
    {CONV(16, 1, 1, 1, 0, 1, 1), CONV(20, 3, 3, 1, 1, 1, 0), ACT(ESP_ACT_TANH)}};
enum { WEIGHTS = 20 * 16 * 9 };

/* `kept` weights of the layer, anywhere in its first outputs and channels. */
static void draw_mask(uint8_t *keep, int outputs, int channels, int kept) {
  uint32_t order[WEIGHTS];
  const int per_output = channels * 9;
  esp_random_permutation(17, order, (uint32_t)(outputs * per_output));
  memset(keep, 0, WEIGHTS);
  for (int i = 0; i < kept; i++)
    keep[(int)order[i] / per_output * 16 * 9 + (int)order[i] % per_output] = 1;
}

/* Enough steps that the stopwatch has chosen, where there is a choice; the last is recorded. */
static void masked_steps(const uint8_t *keep, bool direct, esp_sparse_mode mode, bool by_winograd,
                         record *r) {
  net_plan plan = wide;
  esp_mask mask = {0};
  net n;
  plan.direct = direct;
  net_open(&n, &plan, plan.batch, true);
  esp_graph_sparse(n.graph, mode);
  set_mask(&n, 1, &mask, keep);
  for (int i = 0; i < 6; i++) {
    r->parts = 0;
    step(&n, &plan, plan.batch, (esp_key)i, (esp_pass){.training = true}, r);
  }
  expect_way(&n, 1, by_winograd, "masked");
  for (int i = 0; i < n.params.count;
       i++) /* without lists the gradients of pruned weights are there */
    for (size_t k = 0; n.params.item[i]->mask && k < WEIGHTS; k++)
      if (!keep[k]) r->value[r->start[n.layers + i] + k] = 0.0f;
  drop_masks(&n, &mask, 1);
  net_close(&n);
}

/* 36 * 4 * (20 * 16 + 7 * (20 + 16)) products and transforms against 1.2 * 22 * 22 * kept / 9: from
 * 1277 weights on. With o outputs and c channels, all their weights: 36 * 4 * (o c + 7 (o + c))
 * against 0.75 * 22 * 22 * o c. */
static const struct {
  int outputs, channels, kept;
  bool by_winograd;
} masks[] = {
    {20, 16, WEIGHTS, true},
    {20, 16, WEIGHTS * 45 / 100, true},
    {20, 16, 1277, true},
    {20, 16, 1276, false},
    {20, 16, WEIGHTS * 39 / 100, false},
    {20, 16, WEIGHTS / 20, false},
    {8, 16, 8 * 16 * 9, true},
    {20, 8, 20 * 8 * 5, true},
    {6, 16, 6 * 16 * 9, false},
    {20, 5, 20 * 5 * 9, false},
    {9, 10, 9 * 10 * 9, true},
    {8, 8, 8 * 8 * 9, false},
    {12, 10, 12 * 10 * 3, false},
    {20, 16, 0, false},
};

START_TEST(a_mask_chooses) {
  record *a = new_record(), *b = new_record();
  uint8_t keep[WEIGHTS];
  const bool by_winograd = masks[_i].by_winograd;
  draw_mask(keep, masks[_i].outputs, masks[_i].channels, masks[_i].kept);
  masked_steps(keep, false, ESP_SPARSE_OFF, by_winograd, a);
  masked_steps(keep, true, ESP_SPARSE_OFF, false, b);
  ck_assert_msg(equal(a, b) != by_winograd, "mask %d", _i);
  masked_steps(keep, false, ESP_SPARSE_ON, by_winograd, b);
  same(a, b, "sparse = on");
  masked_steps(keep, false, ESP_SPARSE_AUTO, by_winograd, b);
  same(a, b, "sparse = auto");
  free_record(a);
  free_record(b);
}
END_TEST

/* Masks come and go between passes: each pass goes as its own says, and says so. */
START_TEST(the_way_follows_the_mask) {
  record *r = new_record();
  uint8_t keep[WEIGHTS];
  esp_mask mask = {0};
  net n;
  net_open(&n, &wide, wide.batch, true);
  for (int i = 0; i < 24; i++) {
    const bool by_winograd = i % 4 < 2;
    draw_mask(keep, 20, 16, by_winograd ? 2000 - i : 900 - i);
    set_mask(&n, 1, &mask, keep);
    if (i % 8 == 0) weight_of(&n, 1)->mask = NULL;
    r->parts = 0;
    step(&n, &wide, wide.batch, (esp_key)i,
         (esp_pass){.training = true, .dense_gradients = i % 3 == 2}, r);
    expect_way(&n, 1, by_winograd, "the last mask");
  }
  drop_masks(&n, &mask, 1);
  net_close(&n);
  free_record(r);
}
END_TEST

/* ---- memory ---- */

START_TEST(a_step_allocates_nothing) {
  const net_plan plan = plan_of(&shared[2], false);
  esp_batch batch = net_batch(plan.input, plan.batch, 4);
  esp_mask mask[2] = {{0}};
  net n;
  net_open(&n, &plan, plan.batch, true);
  for (int i = 0; i < 5; i++) {
    for (int k = 0; k < 2 && i > 0; k++) mask_places(&n, k, &mask[k], i / 2);
    allocations = 0;
    esp_graph_forward(n.graph, &batch, (esp_pass){.training = true, .dense_gradients = i == 2});
    esp_graph_backward(n.graph);
    ck_assert_int_eq(allocations, 0);
    for (int k = 0; k < 2; k++) expect_way(&n, k, true, "counted");
  }
  net_batch_free(&batch);
  drop_masks(&n, mask, 2);
  net_close(&n);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("winograd");
  TCase *all = tcase_create("winograd");
  tcase_set_timeout(all, 60);
  tcase_add_loop_test(all, close_to_the_direct_way, 0, sizeof compared / sizeof *compared);
  tcase_add_test(all, earlier_batches_leave_nothing);
  tcase_add_loop_test(all, threads_agree, 0, SHARED);
  tcase_add_loop_test(all, instruction_sets_agree, 0, SHARED);
  tcase_add_loop_test(all, fused_batch_norms_agree, 0, 2);
  tcase_add_loop_test(all, a_mask_leaves_out, 0, sizeof emptied / sizeof *emptied);
  tcase_add_test(all, a_mask_comes_back);
  tcase_add_test(all, a_smaller_layer_has_the_same_bits);
  tcase_add_loop_test(all, geometry_chooses, 0, sizeof ways / sizeof *ways);
  tcase_add_loop_test(all, a_mask_chooses, 0, sizeof masks / sizeof *masks);
  tcase_add_test(all, the_way_follows_the_mask);
  tcase_add_test(all, a_step_allocates_nothing);
  suite_add_tcase(suite, all);
  return suite_run(suite);
}

/* ReLU with a threshold: y = x where x > T, else 0 (FATReLU; Kurtz et al., Inducing and Exploiting
 * Activation Sparsity for Fast Neural Network Inference, ICML 2020; they keep x = T too). Zeros
 * cost nothing in what reads them.
 *
 * T is given, or the smallest number such that at least a share of what the operation writes is 0
 * over the images of one pass (esp_pass.choose). It is found by counting: floats above 0 have the
 * order of their bits, so their upper and then their lower halves are counted. That is exact, and
 * the same with any number of threads. */
#include "autograd/shapes.h"
#include "autograd/tangent.h"

#include <math.h>
#include <string.h>

enum { HALF = 1 << 16 };

static esp_status plan(esp_graph *g, esp__node *n, esp_error *err) {
  (void)n;
  (void)err;
  esp__graph_reserve_scratch(g, 0, (HALF + 1) * sizeof(int64_t));
  return ESP_OK;
}

static uint32_t bits_of(float v) {
  uint32_t bits;
  memcpy(&bits, &v, sizeof bits);
  return bits;
}

/* Counts the values above 0 whose upper half is `upper` by their lower half; with upper < 0 all of
 * them by their upper half. Returns how many there are of 0 and less. */
static int64_t count_halves(const esp_graph *g, const esp_tensor *x, int upper) {
  int64_t *count = memset(g->workspace, 0, (HALF + 1) * sizeof *count);
  int64_t low = 0;
  for (int block = 0; block < esp__graph_blocks(g); block++)
    for (int c = 0; c < x->channels; c++)
      for (int r = 0; r < x->height; r++) {
        const float *row = esp_plane(x, block, c) + (size_t)r * esp_row_stride(x);
        const int valid = esp_lanes_valid(esp__graph_images(g), block);
        for (int i = 0; i < x->width * ESP_LANES; i++) {
          if (i % ESP_LANES >= valid) continue;
          const uint32_t bits = row[i] > 0.0f ? bits_of(row[i]) : 0;
          low += bits == 0;
          if (bits && upper < 0) count[bits >> 16]++;
          if (bits && (int)(bits >> 16) == upper) count[bits & (HALF - 1)]++;
        }
      }
  count[HALF] = low;
  esp__graph_add_counts(g, count, HALF + 1);
  return count[HALF];
}

/* The half at which the counts reach `wanted`; *wanted becomes what is left to reach within it. */
static uint32_t half_at(const esp_graph *g, int64_t *wanted) {
  const int64_t *count = g->workspace;
  uint32_t half = 0;
  for (; half < HALF - 1 && count[half] < *wanted; half++) *wanted -= count[half];
  return half;
}

static float choose(const esp_graph *g, const esp_tensor *x, float share) {
  const double values = (double)esp__graph_all_images(g) * x->channels * x->height * x->width;
  int64_t wanted = (int64_t)ceil((double)share * values);
  const int64_t low = count_halves(g, x, -1);
  if (low >= wanted) return 0.0f;
  wanted -= low;
  const uint32_t upper = half_at(g, &wanted);
  count_halves(g, x, (int)upper);
  const uint32_t bits = upper << 16 | half_at(g, &wanted);
  float threshold = 0.0f;
  memcpy(&threshold, &bits, sizeof bits);
  return threshold;
}

static float threshold_of(const esp__node *n) {
  const esp_fatrelu_attr *a = &n->attr.fatrelu;
  return a->chosen ? a->chosen->value[0] : a->threshold;
}

static void forward(esp_graph *g, esp__node *n) {
  const esp_tensor *x = &n->in[0]->data, *y = &n->out.data;
  const esp_fatrelu_attr *a = &n->attr.fatrelu;
  if (g->pass.choose && a->chosen) a->chosen->value[0] = choose(g, x, a->share);
  const float threshold = threshold_of(n);
  const int planes = esp__graph_planes(g, y);
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < planes; i++) {
    const esp__plane_pos at = esp__plane_of(y, i);
    g->kernels->threshold(esp__extent_of(y), esp__rows_at(x, at), esp__rows_at(y, at), threshold);
  }
}

static void backward(esp_graph *g, esp__node *n) {
  const esp_tensor *x = &n->in[0]->data, *dx = &n->in[0]->grad, *dy = &n->out.grad;
  const float threshold = threshold_of(n);
  if (!dx->data) return;
  const int planes = esp__graph_planes(g, dx);
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < planes; i++) {
    const esp__plane_pos at = esp__plane_of(dx, i);
    g->kernels->threshold_back(esp__extent_of(dx), esp__rows_at(x, at), esp__rows_at(dy, at),
                               esp__rows_at(dx, at), threshold, n->add[0]);
  }
}

static const esp__op fatrelu = {.name = "fatrelu",
                                .kind = ESP_OPERATION_FATRELU,
                                .plan = plan,
                                .forward = forward,
                                .backward = backward,
                                .tangent = &esp__tangent_lines,
                                .activates = true,
                                .conditional = true};

esp_status esp_graph_fatrelu(esp_graph *g, esp_value *x, esp_fatrelu_attr attr, esp_value **y,
                             esp_error *err) {
  esp__node *n;
  ESP_TRY(esp__shape_fatrelu(attr, err));
  ESP_TRY(esp__node_add(g, &fatrelu, x, NULL, esp__shape_of(&x->data), &n, err));
  n->attr.fatrelu = attr;
  *y = &n->out;
  return ESP_OK;
}

/* Layer normalisation over the channels of each pixel (Ba et al. 2016).
 *
 * A channel whose scale and shift are 0 gives 0, and is not counted in the mean and the variance
 * either: so a network from which channels were pruned computes what the smaller one does that has
 * them no more. Where all channels are such, all count. */
#include "autograd/block_sums.h"
#include "autograd/shapes.h"

#include <string.h>

enum { SCALE, SHIFT };

typedef struct state {
  float *mean, *rate; /* [blocks][rows][width][16] */
  bool *counts;       /* [channels] of the current pass */
  int counted;
  float *sum;     /* [blocks][2][channels][16] gradients of scale, then of shift */
  double *number; /* [blocks][channels] of either */
} state;

static esp_status plan(esp_graph *g, esp__node *n, esp_error *err) {
  const esp_tensor *y = &n->out.data;
  const size_t blocks = (size_t)y->blocks, channels = (size_t)y->channels,
               floats = blocks * (size_t)(y->height * y->width) * ESP_LANES;
  state *s;
  ESP_TRY(esp__graph_alloc(g, sizeof *s, &s, err));
  n->state = s;
  ESP_TRY(esp__graph_alloc(g, floats * sizeof *s->mean, &s->mean, err));
  ESP_TRY(esp__graph_alloc(g, floats * sizeof *s->rate, &s->rate, err));
  ESP_TRY(esp__graph_alloc(g, channels * sizeof *s->counts, &s->counts, err));
  if (!n->out.grad.data) return ESP_OK;
  esp__graph_reserve_numbers(g, y->channels);
  ESP_TRY(esp__graph_alloc(g, blocks * channels * sizeof *s->number, &s->number, err));
  return esp__graph_alloc(g, blocks * 2 * channels * ESP_LANES * sizeof *s->sum, &s->sum, err);
}

static esp__run run_of(const esp_tensor *t, int block, int row) {
  if (!t->data) return (esp__run){0};
  return (esp__run){esp_plane(t, block, 0) + (size_t)row * esp_row_stride(t),
                    esp_channel_stride(t)};
}

static esp__layer_norm kernel_of(const esp__node *n, int block, int row) {
  const esp_tensor *y = &n->out.data;
  const state *s = n->state;
  const size_t first = (size_t)((block * y->height + row) * y->width) * ESP_LANES;
  return (esp__layer_norm){y->channels,
                           y->width,
                           n->param[SCALE]->value,
                           n->param[SHIFT]->value,
                           s->mean + first,
                           s->rate + first,
                           s->counts,
                           s->counted};
}

static void find_counted(const esp__node *n) {
  state *s = n->state;
  const int channels = n->out.data.channels;
  s->counted = 0;
  for (int c = 0; c < channels; c++) {
    s->counts[c] = n->param[SCALE]->value[c] != 0.0f || n->param[SHIFT]->value[c] != 0.0f;
    s->counted += s->counts[c];
  }
  if (s->counted > 0) return;
  s->counted = channels;
  memset(s->counts, true, (size_t)channels * sizeof *s->counts);
}

static void forward(esp_graph *g, esp__node *n) {
  const esp_tensor *y = &n->out.data;
  find_counted(n);
  const int rows = esp__graph_blocks(g) * y->height;
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < rows; i++) {
    const int block = i / y->height, row = i % y->height;
    const esp__layer_norm k = kernel_of(n, block, row);
    g->kernels->layer_norm(&k, run_of(&n->in[0]->data, block, row), run_of(y, block, row));
  }
}

static void back_block(const esp_graph *g, const esp__node *n, int block) {
  const esp_tensor *dy = &n->out.grad;
  const state *s = n->state;
  const size_t floats = (size_t)dy->channels * ESP_LANES;
  float *sum = s->sum + (size_t)block * 2 * floats;
  memset(sum, 0, 2 * floats * sizeof *sum);
  for (int row = 0; row < dy->height; row++) {
    const esp__layer_norm of = kernel_of(n, block, row);
    const esp__layer_norm_back k = {&of, sum, sum + floats, n->add[0]};
    g->kernels->layer_norm_back(&k, run_of(&n->in[0]->data, block, row), run_of(dy, block, row),
                                run_of(&n->in[0]->grad, block, row));
  }
}

static void sum_param(esp_graph *g, const esp__node *n, int which) {
  const state *s = n->state;
  const int channels = n->out.grad.channels;
  for (int i = 0; i < esp__graph_planes(g, &n->out.grad); i++) {
    const size_t at =
        (size_t)(i / channels * 2 + which) * (size_t)channels + (size_t)(i % channels);
    s->number[i] = (double)esp__lanes_sum(s->sum + at * ESP_LANES);
  }
  esp__block_sums(g, s->number, channels, n->param[which]->grad);
}

static void backward(esp_graph *g, esp__node *n) {
  const int blocks = esp__graph_blocks(g);
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int block = 0; block < blocks; block++) back_block(g, n, block);
  sum_param(g, n, SCALE);
  sum_param(g, n, SHIFT);
}

static const esp__op layernorm = {.name = "layer norm",
                                  .kind = ESP_OPERATION_LAYERNORM,
                                  .plan = plan,
                                  .forward = forward,
                                  .backward = backward};

esp_status esp_graph_layernorm(esp_graph *g, esp_value *x, esp_param *scale, esp_param *shift,
                               esp_value **y, esp_error *err) {
  esp__node *n;
  const esp_shape shape = esp__shape_of(&x->data);
  ESP_TRY(esp__shape_layernorm(shape, scale, shift, err));
  ESP_TRY(esp__node_add(g, &layernorm, x, NULL, shape, &n, err));
  n->out.needs_grad = true;
  n->param[SCALE] = scale;
  n->param[SHIFT] = shift;
  *y = &n->out;
  return ESP_OK;
}

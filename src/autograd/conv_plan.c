/* Planning a layer: its geometry and its buffers. */
#include "autograd/conv_plan.h"

/* Pixels whose products are summed image by image before the images are reduced. */
enum { SUM_PIXELS = 512 };

/* Pixel i of the input is reached from outputs (i + padding - k) / stride, for the k that
 * divide. */
int esp__conv_backward_halo(esp__window_axis a, int in, int out) {
  int low = esp__floor_div(a.padding - (a.taps - 1), a.stride),
      high = esp__floor_div(in - 1 + a.padding, a.stride);
  int before = low < 0 ? -low : 0, after = high > out - 1 ? high - (out - 1) : 0;
  return before > after ? before : after;
}

static esp_status plan_sparse(esp_graph *g, esp__direction *d, esp_error *err) {
  return esp__graph_alloc(
      g, (size_t)esp__conv_geometry_sparse_sets(&d->geometry) * sizeof *d->sparse, &d->sparse, err);
}

static esp_status plan_back(esp_graph *g, esp__node *n, esp__conv_plan *p, int together,
                            esp_error *err) {
  const int classes = esp__window_classes(&p->window), across = p->window.columns.stride;
  if (!n->in[0]->grad.data) return ESP_OK;
  ESP_TRY(esp__graph_alloc(g, (size_t)classes * sizeof *p->back, &p->back, err));
  for (int i = 0; i < classes; i++) {
    esp__direction *d = &p->back[i];
    ESP_TRY(esp__conv_geometry_backward(g, &d->geometry, &p->window, i / across, i % across,
                                        &n->in[0]->grad, &n->out.grad, together, err));
    ESP_TRY(esp__conv_geometry_sets(g, &d->geometry, err));
    ESP_TRY(plan_sparse(g, d, err));
  }
  return ESP_OK;
}

/* Partial sums in a thread's scratch, at most: those of a work item of all weights, or of some
 * nonzero ones, a tile of outputs at least. */
static int partial_sums(int outputs, int columns) {
  const int dense =
                esp__least(outputs, ESP_WEIGHT_OUTPUTS) * esp__least(columns, ESP_WEIGHT_COLUMNS),
            sparse = ESP_TILE * columns > ESP_WEIGHT_SUMS ? ESP_TILE * columns : ESP_WEIGHT_SUMS;
  return dense > sparse ? dense : sparse;
}

/* Chunks of a whole batch, at most: each part has as many as the largest. */
static int most_chunks(const esp_graph *g, int chunk) {
  const esp__split *t = &g->shares.split;
  return (t->end - t->first) * esp__ceil_div(esp__split_part_blocks(t), chunk);
}

/* Blocks of images that the weight gradient sums together. */
static int chunk_of(const esp_graph *g, const esp_tensor *dy) {
  return esp__least(esp__ceil_div(SUM_PIXELS, dy->height * dy->width),
                    esp__split_part_blocks(&g->shares.split));
}

/* What the weight gradient needs beside its geometry. */
static esp_status plan_weights(esp_graph *g, esp__node *n, esp__conv_plan *p, esp_error *err) {
  const esp_tensor *x = &n->in[0]->data, *dy = &n->out.grad;
  const int channels = x->channels / p->window.groups, taps = esp__window_taps(&p->window);
  ESP_TRY(plan_sparse(g, &p->weights, err));
  ESP_TRY(esp__graph_alloc(g, (size_t)(channels * taps) * sizeof(int32_t), &p->column, err));
  for (int i = 0; i < channels * taps; i++)
    p->column[i] =
        (int32_t)((size_t)(i / taps) * esp_channel_stride(x)) + p->weights.geometry.tap[i % taps];
  const int sums = partial_sums(dy->channels / p->window.groups, channels * taps);
  esp__graph_reserve_scratch(g, (size_t)sums * ESP_LANES * sizeof(float),
                             (size_t)most_chunks(g, p->chunk) * n->param[0]->count * sizeof(float));
  ESP_TRY(esp__exchange_plan(g, n->param[0], n->index, &p->exchange, err));
  if (!n->param[1]) return ESP_OK;
  esp__graph_reserve_numbers(g, dy->channels);
  return esp__graph_alloc(g, (size_t)(dy->blocks * dy->channels) * sizeof(double), &p->bias, err);
}

/* The other way of a 3x3 layer, which its mask may make the better one. */
static esp_status plan_winograd(esp_graph *g, esp__node *n, esp__conv_plan *p, esp_error *err) {
  if (g->direct || !esp__winograd_fits(n)) return ESP_OK;
  ESP_TRY(esp__winograd_plan(g, n, &p->winograd, err));
  esp__graph_reserve_scratch(g, esp__winograd_scratch(n), esp__winograd_packed(n));
  if (n->out.grad.data)
    esp__graph_reserve_scratch(g, esp__winograd_weights_scratch(n, p->winograd), 0);
  return ESP_OK;
}

/* What the passes between activations need: packed weights, and partial sums. */
static void reserve_scratch(esp_graph *g, const esp__node *n) {
  const int most = n->in[0]->data.channels > n->out.data.channels ? n->in[0]->data.channels
                                                                  : n->out.data.channels;
  esp__graph_reserve_scratch(g, (size_t)most * ESP_SPARSE_TILE * ESP_LANES * sizeof(float),
                             n->param[0]->count * sizeof(float));
}

esp_status esp__conv_plan_make(esp_graph *g, esp__node *n, esp__window w, esp__conv_plan **plan,
                               esp_error *err) {
  const esp_tensor *x = &n->in[0]->data, *y = &esp__output_of(n)->data;
  esp__conv_plan *p;
  ESP_TRY(esp__graph_alloc(g, sizeof *p, &p, err));
  *plan = p;
  p->window = w;
  const int together =
      esp__least(esp__ceil_div(ESP_PIXELS_WANTED, y->height * y->width), y->blocks);
  ESP_TRY(esp__conv_geometry_forward(g, &p->forward.geometry, &w, x, y, together, ESP_SPARSE_TILE,
                                     err));
  ESP_TRY(esp__conv_geometry_sets(g, &p->forward.geometry, err));
  ESP_TRY(plan_sparse(g, &p->forward, err));
  reserve_scratch(g, n);
  ESP_TRY(plan_winograd(g, n, p, err));
  if (!n->out.grad.data) return ESP_OK;
  ESP_TRY(plan_back(g, n, p, together, err));
  p->chunk = chunk_of(g, &n->out.grad);
  ESP_TRY(esp__conv_geometry_forward(g, &p->weights.geometry, &w, x, &n->out.grad, p->chunk,
                                     ESP_WEIGHTS_PATCH, err));
  return plan_weights(g, n, p, err);
}

/* One token of a direction: the passes say which. */
static esp_status plan_token(esp_graph *g, esp__direction *d, const esp_tensor *from,
                             const esp_tensor *to, esp_error *err) {
  const int together = esp__least(ESP_PIXELS_WANTED, from->blocks);
  ESP_TRY(esp__conv_geometry_tokens(g, &d->geometry, from, 0, to, 0, 1, together, ESP_SPARSE_TILE,
                                    err));
  ESP_TRY(esp__conv_geometry_sets(g, &d->geometry, err));
  return plan_sparse(g, d, err);
}

esp_status esp__conv_plan_make_tokens(esp_graph *g, esp__node *n, bool reverse,
                                      esp__conv_plan **plan, esp_error *err) {
  const esp_tensor *x = &n->in[0]->data, *dy = &n->out.grad;
  esp__conv_plan *p;
  ESP_TRY(esp__graph_alloc(g, sizeof *p, &p, err));
  *plan = p;
  p->window = (esp__window){{1, 1, 0}, {1, 1, 0}, 1};
  ESP_TRY(plan_token(g, &p->forward, x, &n->out.data, err));
  reserve_scratch(g, n);
  if (!dy->data) return ESP_OK;
  ESP_TRY(esp__graph_alloc(g, sizeof *p->back, &p->back, err));
  ESP_TRY(plan_token(g, p->back, dy, &n->in[0]->grad, err));
  p->chunk = chunk_of(g, dy);
  ESP_TRY(esp__conv_geometry_tokens(g, &p->weights.geometry, x, reverse, dy, !reverse, x->width - 1,
                                    p->chunk, ESP_WEIGHTS_PATCH, err));
  return plan_weights(g, n, p, err);
}

esp__sparse_view esp__conv_plan_sparse_view(const esp__node *n, const esp__conv_geometry *l,
                                            int i) {
  const int channels = n->in[0]->data.channels;
  const esp__pixel_set *set = esp__conv_geometry_sparse_set(l, i);
  return (esp__sparse_view){.outputs = n->out.data.channels,
                            .channels = channels,
                            .taps = set->taps,
                            .block_channels = esp__pixel_set_block(set),
                            .output_stride = (size_t)channels * (size_t)l->taps,
                            .channel_stride = (size_t)l->taps,
                            .x_channel = esp_channel_stride(&n->in[0]->data),
                            .tap = set->tap,
                            .place = l->place};
}

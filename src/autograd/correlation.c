/* Planning a layer: its lists and its buffers. */
#include "autograd/correlation.h"

enum {
  CACHE_FLOATS = 48 << 10
};                         /* of sums that the second-level cache has room for, beside what is summed */
enum { SUM_PIXELS = 512 }; /* pixels whose products are summed image by image before the images are joined */

/* A position i of the input is reached from outputs (i + padding - k) / stride, for the k that divide. */
int esp_correlation_back_halo(const esp_window *w, int in, int out, int kernel) {
  int low = esp_floor_div(w->padding - (kernel - 1), w->stride),
      high = esp_floor_div(in - 1 + w->padding, w->stride);
  int before = low < 0 ? -low : 0, after = high > out - 1 ? high - (out - 1) : 0;
  return before > after ? before : after;
}

static esp_status plan_back(esp_graph *g, esp_node *n, esp_correlation *p, esp_error *err) {
  const int s = p->window.stride;
  const size_t channels =
      (size_t)n->in[0]->data.channels * (size_t)n->out.data.channels / (size_t)p->window.groups;
  if (!n->in[0]->grad.data) return ESP_OK;
  ESP_TRY(esp_graph_alloc(g, (size_t)(s * s) * sizeof *p->back, &p->back, err));
  for (int i = 0; i < s * s; i++) {
    esp_direction *d = &p->back[i];
    ESP_TRY(esp_lists_back(g, &d->list, &p->window, i / s, i % s, &n->in[0]->grad, &n->out.grad, p->together,
                           err));
    ESP_TRY(esp_graph_alloc(g, channels * (size_t)d->list.taps * sizeof(float), &d->packed, err));
  }
  return ESP_OK;
}

static esp_status plan_weights(esp_graph *g, esp_node *n, esp_correlation *p, esp_error *err) {
  const esp_tensor *x = &n->in[0]->data, *dy = &n->out.grad;
  const int channels = x->channels / p->window.groups, taps = p->window.rows * p->window.columns;
  const size_t columns = (size_t)channels * (size_t)taps;
  p->chunk = esp_least(esp_ceil_div(SUM_PIXELS, dy->height * dy->width), dy->blocks);
  ESP_TRY(esp_lists_forward(g, &p->weights, &p->window, x, dy, p->chunk, err));
  ESP_TRY(esp_graph_alloc(g, columns * sizeof(int32_t), &p->column, err));
  for (size_t i = 0; i < columns; i++)
    p->column[i] = (int32_t)(i / (size_t)taps * esp_channel_stride(x)) + p->weights.tap[i % (size_t)taps];
  const int tiles = (int)(CACHE_FLOATS / (ESP_TILE * ESP_LANES * columns));
  p->outputs = esp_least(tiles < 1 ? ESP_TILE : tiles * ESP_TILE, dy->channels / p->window.groups);
  ESP_TRY(esp_graph_alloc(g, (size_t)(g->threads * p->outputs) * columns * ESP_LANES * sizeof(float),
                          &p->lanes, err));
  if (n->param[1])
    ESP_TRY(esp_graph_alloc(g, (size_t)(dy->blocks * dy->channels) * sizeof(double), &p->bias, err));
  return esp_graph_alloc(g, (size_t)esp_ceil_div(dy->blocks, p->chunk) * n->param[0]->count * sizeof(float),
                         &p->partial, err);
}

esp_status esp_correlation_plan(esp_graph *g, esp_node *n, esp_window w, esp_correlation **plan,
                                esp_error *err) {
  const esp_tensor *x = &n->in[0]->data, *y = &esp_output_of(n)->data;
  esp_correlation *p;
  ESP_TRY(esp_graph_alloc(g, sizeof *p, &p, err));
  *plan = p;
  p->window = w;
  p->together = esp_least(esp_ceil_div(ESP_PIXELS_WANTED, y->height * y->width), y->blocks);
  ESP_TRY(esp_lists_forward(g, &p->forward.list, &w, x, y, p->together, err));
  ESP_TRY(esp_graph_alloc(g, n->param[0]->count * sizeof(float), &p->forward.packed, err));
  if (!n->out.grad.data) return ESP_OK;
  ESP_TRY(plan_back(g, n, p, err));
  return plan_weights(g, n, p, err);
}

esp_sparse_view esp_correlation_view(const esp_node *n, const esp_correlation *p) {
  const esp_lists *l = &p->forward.list;
  const int channels = n->in[0]->data.channels;
  return (esp_sparse_view){.outputs = n->out.data.channels,
                           .channels = channels,
                           .taps = l->taps,
                           .output_stride = (size_t)channels * (size_t)l->taps,
                           .channel_stride = (size_t)l->taps,
                           .x_channel = esp_channel_stride(&n->in[0]->data),
                           .tap = l->tap,
                           .place = l->place};
}

/* Learned positions: y[c][t] = x[c][t] + weight[t][c]. */
#include "autograd/block_sums.h"
#include "autograd/shapes.h"

static esp_status plan(esp_graph *g, esp__node *n, esp_error *err) {
  double *sums = NULL;
  if (n->out.grad.data) {
    const size_t numbers = (size_t)n->out.data.blocks * n->param[0]->count;
    esp__graph_reserve_numbers(g, (int)n->param[0]->count);
    ESP_TRY(esp__graph_alloc(g, numbers * sizeof *sums, &sums, err));
  }
  n->state = sums;
  return ESP_OK;
}

static void forward_plane(const esp__node *n, esp__plane_pos at) {
  const esp_tensor *y = &n->out.data;
  const float *x = esp_plane(&n->in[0]->data, at.block, at.channel);
  float *to = esp_plane(y, at.block, at.channel);
  for (int t = 0; t < y->width; t++) {
    const float place = n->param[0]->value[t * y->channels + at.channel];
    for (int i = t * ESP_LANES; i < (t + 1) * ESP_LANES; i++) to[i] = x[i] + place;
  }
}

static void forward(esp_graph *g, esp__node *n) {
  const int planes = esp__graph_planes(g, &n->out.data);
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < planes; i++) forward_plane(n, esp__plane_of(&n->out.data, i));
}

static void sum_plane(const esp__node *n, esp__plane_pos at) {
  const esp_tensor *dy = &n->out.grad;
  const float *from = esp_plane(dy, at.block, at.channel);
  double *sums = (double *)n->state + (size_t)at.block * n->param[0]->count;
  for (int t = 0; t < dy->width; t++)
    sums[t * dy->channels + at.channel] = (double)esp__lanes_sum(from + t * ESP_LANES);
}

static void backward(esp_graph *g, esp__node *n) {
  const esp_tensor *dy = &n->out.grad, *dx = &n->in[0]->grad;
  const int planes = esp__graph_planes(g, dy);
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < planes; i++) sum_plane(n, esp__plane_of(dy, i));
  esp__block_sums(g, n->state, (int)n->param[0]->count, n->param[0]->grad);
  esp__profile_lap(g, n->index, ESP_BACKWARD_WEIGHTS);
  if (dx->data)
    esp__copy_channels(g, (esp__channels){dy, 0}, (esp__channels){dx, 0}, dy->channels, n->add[0]);
}

static const esp__op positions = {.name = "positions",
                                  .kind = ESP_OPERATION_POSITIONS,
                                  .plan = plan,
                                  .forward = forward,
                                  .backward = backward};

esp_status esp_graph_positions(esp_graph *g, esp_value *x, esp_param *weight, esp_value **y,
                               esp_error *err) {
  esp__node *n;
  const esp_shape shape = esp__shape_of(&x->data);
  ESP_TRY(esp__shape_positions(shape, weight, err));
  ESP_TRY(esp__node_add(g, &positions, x, NULL, shape, &n, err));
  n->out.needs_grad = true;
  n->param[0] = weight;
  *y = &n->out;
  return ESP_OK;
}

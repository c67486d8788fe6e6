/* One value for a sequence: (C, 1, T) to (C, 1, 1), of the tokens that are no padding. */
#include "autograd/sequence.h"
#include "autograd/shapes.h"

/* The lengths of the images whose planes these are. */
static esp__tokens_summary kernel_of(const esp__node *n, int block, int32_t length[ESP_LANES]) {
  esp__sequence_lengths(n->in[0], block, length);
  return (esp__tokens_summary){n->attr.summary, n->in[0]->data.width, length};
}

static void forward(esp_graph *g, esp__node *n) {
  const esp_tensor *x = &n->in[0]->data, *y = &n->out.data;
  const int blocks = esp__graph_blocks(g);
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int block = 0; block < blocks; block++) {
    int32_t length[ESP_LANES];
    const esp__tokens_summary k = kernel_of(n, block, length);
    for (int c = 0; c < y->channels; c++)
      g->kernels->summarise(&k, esp_plane(x, block, c), esp_plane(y, block, c));
  }
}

static void backward(esp_graph *g, esp__node *n) {
  const esp_tensor *x = &n->in[0]->data, *dx = &n->in[0]->grad, *y = &n->out.data,
                   *dy = &n->out.grad;
  const int blocks = esp__graph_blocks(g);
  if (!dx->data) return;
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int block = 0; block < blocks; block++) {
    int32_t length[ESP_LANES];
    const esp__tokens_summary k = kernel_of(n, block, length);
    for (int c = 0; c < y->channels; c++)
      g->kernels->summarise_back(&k, esp_plane(x, block, c), esp_plane(y, block, c),
                                 esp_plane(dy, block, c), esp_plane(dx, block, c), n->add[0]);
  }
}

static const esp__op summary = {
    .name = "summary", .kind = ESP_OPERATION_SUMMARY, .forward = forward, .backward = backward};

esp_status esp_graph_summary(esp_graph *g, esp_value *x, esp_token_summary kind, esp_value **y,
                             esp_error *err) {
  esp__node *n;
  esp_shape shape;
  ESP_TRY(esp__shape_summary(esp__shape_of(&x->data), &shape, err));
  ESP_TRY(esp__node_add(g, &summary, x, NULL, shape, &n, err));
  n->attr.summary = kind;
  *y = &n->out;
  return ESP_OK;
}

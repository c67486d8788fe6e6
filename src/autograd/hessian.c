/* Products with the Hessian: the tangents' memory, and the pass over them. */
#include "autograd/tangent.h"
#include "autograd/tempered_loss.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

const char *esp__hessian_lacks(const esp_graph *g) {
  for (int i = 0; i < g->nodes; i++)
    if (!g->node[i]->op->tangent) return g->node[i]->op->name;
  return NULL;
}

/* ---- memory ---- */

/* Takes floats of the memory, 64 bytes aligned; while it is being counted there is none. */
static float *take(const esp__hessian *h, size_t *used, size_t floats) {
  float *at = h->memory ? h->memory + *used : NULL;
  *used += (floats + ESP_LANES - 1) / ESP_LANES * ESP_LANES;
  return at;
}

static size_t larger(size_t a, size_t b) {
  return a > b ? a : b;
}

/* Gives every tangent its place; returns how many floats there are in all. */
static size_t place(esp__hessian *h) {
  const esp_graph *g = h->graph;
  size_t used = 0, spare_data = 0, spare_weights = 0;
  for (int i = 0; i < g->nodes; i++) {
    const esp__node *n = g->node[i];
    h->data[i] = n->out.data;
    h->data[i].data = take(h, &used, esp_tensor_floats(&n->out.data));
    h->grad[i] = n->out.grad;
    if (n->out.grad.data) h->grad[i].data = take(h, &used, esp_tensor_floats(&n->out.grad));
    if (!n->op->convolves) continue;
    h->direction[i] = take(h, &used, n->param[0]->count);
    h->product[i] = take(h, &used, n->param[0]->count);
    spare_data = larger(spare_data, esp_tensor_floats(&n->out.data));
    spare_weights = larger(spare_weights, n->param[0]->count);
  }
  h->spare_data = take(h, &used, spare_data);
  h->spare_weights = take(h, &used, spare_weights);
  return used;
}

static esp_status allocate(esp__hessian *h, esp_error *err) {
  const size_t nodes = (size_t)h->graph->nodes;
  h->data = calloc(nodes, sizeof *h->data);
  h->grad = calloc(nodes, sizeof *h->grad);
  h->direction = calloc(nodes, sizeof *h->direction);
  h->product = calloc(nodes, sizeof *h->product);
  if (!h->data || !h->grad || !h->direction || !h->product) return esp__graph_no_memory(err, 0);
  const size_t bytes = place(h) * sizeof(float);
  if (bytes <= esp__memory_available()) h->memory = aligned_alloc(64, bytes);
  if (!h->memory) return esp__graph_no_memory(err, bytes);
  memset(h->memory, 0, bytes);
  place(h);
  return ESP_OK;
}

esp_status esp__hessian_new(esp__hessian **made, esp_graph *g, esp_error *err) {
  esp__hessian *h = calloc(1, sizeof *h);
  if (!h) return esp__graph_no_memory(err, sizeof *h);
  h->graph = g;
  const esp_status status = allocate(h, err);
  if (status == ESP_OK)
    *made = h;
  else
    esp__hessian_free(h);
  return status;
}

void esp__hessian_free(esp__hessian *h) {
  if (!h) return;
  free(h->data);
  free(h->grad);
  free(h->direction);
  free(h->product);
  free(h->memory);
  free(h);
}

float *esp__hessian_direction(const esp__hessian *h, const esp_param *weight) {
  for (int i = 0; i < h->graph->nodes; i++)
    if (h->direction[i] && h->graph->node[i]->param[0] == weight) return h->direction[i];
  return NULL;
}

/* ---- the passes ---- */

static void forward(const esp__hessian *h) {
  for (int i = 0; i < h->graph->nodes; i++)
    h->graph->node[i]->op->tangent->forward(h, h->graph->node[i]);
}

/* A node's gradient may take the place of that of its output, so tangents go first. */
static void backward(const esp__hessian *h) {
  esp_graph *g = h->graph;
  for (int i = g->nodes - 1; i >= 0; i--) {
    esp__node *n = g->node[i];
    if (!n->out.grad.data || !n->op->backward) continue;
    n->op->tangent->backward(h, n);
    n->op->backward(g, n);
  }
}

static void take_products(const esp__hessian *h) {
  for (int i = 0; i < h->graph->nodes; i++) {
    const esp__node *n = h->graph->node[i];
    if (h->product[i]) memcpy(n->param[0]->grad, h->product[i], n->param[0]->count * sizeof(float));
  }
}

void esp__hessian_backward(esp__hessian *h, double temperature) {
  const esp_value *logits = h->graph->logits;
  const int end = esp__maker_of(logits)->index;
  forward(h);
  esp__tempered_loss_run(h->graph, &(esp__tempered_loss){.temperature = temperature,
                                                         .grad = &logits->grad,
                                                         .along = &h->data[end],
                                                         .grad_along = &h->grad[end]});
  backward(h);
  take_products(h);
}

void esp__graph_backward_tempered(esp_graph *g, double temperature) {
  esp__tempered_loss_run(
      g, &(esp__tempered_loss){.temperature = temperature, .grad = &g->logits->grad});
  esp_graph_backward(g);
}

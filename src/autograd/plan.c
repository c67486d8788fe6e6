/* Planning a graph: which values share memory, and all that nodes need to run. */
#include "autograd/node.h"

#include <stdlib.h>

/* Memory of one geometry that several values use one after the other. The halo stays valid because
 * all users have the same. */
typedef struct slot {
  esp_tensor shape;
  bool free;
} slot;

typedef struct slots {
  slot *item;
  int count;
} slots;

static bool same_geometry(const esp_tensor *a, const esp_tensor *b) {
  return a->channels == b->channels && a->height == b->height && a->width == b->width &&
         a->halo == b->halo;
}

static esp_status take(esp_graph *g, slots *s, esp_tensor *t, esp_error *err) {
  for (int i = 0; i < s->count; i++)
    if (s->item[i].free && same_geometry(&s->item[i].shape, t)) {
      s->item[i].free = false;
      t->data = s->item[i].shape.data;
      return ESP_OK;
    }
  ESP_TRY(esp__graph_alloc(g, esp_tensor_floats(t) * sizeof(float), &t->data, err));
  s->item[s->count++] = (slot){*t, false};
  return ESP_OK;
}

static void give(slots *s, const esp_tensor *t) {
  for (int i = 0; i < s->count; i++)
    if (s->item[i].shape.data == t->data) s->item[i].free = true;
}

/* Training keeps every activation for the backward pass; inference lets go of one after its last
 * reader. */
static esp_status plan_data(esp_graph *g, slots *s, esp_error *err) {
  for (int i = 0; i < g->nodes; i++) {
    esp__node *n = g->node[i];
    esp_tensor *y = &esp__output_of(n)->data;
    if (!y->data) ESP_TRY(take(g, s, y, err));
    if (g->gradients) continue;
    for (int k = 0; k < n->inputs; k++)
      if (n->in[k] != g->logits && esp__readers_of(g, n->in[k]).last == n) give(s, &n->in[k]->data);
  }
  return ESP_OK;
}

/* Where an operation works in place both gradients must have one geometry. */
static void align_in_place(esp_graph *g) {
  for (int i = g->nodes - 1; i >= 0; i--) {
    esp__node *n = g->node[i];
    if (!n->op->in_place) continue;
    esp__halo_at_least(&n->out.grad, n->in[0]->grad.halo);
    esp__halo_at_least(&n->in[0]->grad, n->out.grad.halo);
  }
}

/* Memory for the gradient of in[k]: that of the output's gradient, if it can be. */
static esp_status take_gradient(esp_graph *g, slots *s, esp__node *n, int k, esp_error *err) {
  esp_tensor *to = &n->in[k]->grad, *from = &n->out.grad;
  if (k > 0 || !n->op->in_place || !same_geometry(to, from)) return take(g, s, to, err);
  to->data = from->data;
  return ESP_OK;
}

/* Walks the backward pass: a gradient begins at its first writer and ends when its own node has
 * run. */
static esp_status plan_gradients(esp_graph *g, slots *s, esp_error *err) {
  if (g->logits && g->logits->needs_grad) ESP_TRY(take(g, s, &g->logits->grad, err));
  for (int i = g->nodes - 1; i >= 0; i--) {
    esp__node *n = g->node[i];
    if (!n->out.grad.data) continue;
    for (int k = 0; k < n->inputs; k++) {
      n->add[k] = n->in[k]->grad.data != NULL;
      if (n->in[k]->needs_grad && !n->add[k]) ESP_TRY(take_gradient(g, s, n, k, err));
    }
    if (!n->in[0] || n->in[0]->grad.data != n->out.grad.data) give(s, &n->out.grad);
  }
  return ESP_OK;
}

static esp_status plan_nodes(esp_graph *g, esp_error *err) {
  for (int i = 0; i < g->nodes; i++)
    if (g->node[i]->op->plan) ESP_TRY(g->node[i]->op->plan(g, g->node[i], err));
  ESP_TRY(esp__shares_plan(g, err));
  ESP_TRY(esp__graph_alloc(g, (size_t)g->threads * g->scratch_bytes, &g->scratch, err));
  return esp__graph_alloc(g, g->workspace_bytes, &g->workspace, err);
}

esp_status esp_graph_plan(esp_graph *g, esp_error *err) {
  slots data = {calloc((size_t)g->nodes + 1, sizeof(slot)), 0},
        gradients = {calloc((size_t)g->nodes + 1, sizeof(slot)), 0};
  esp_status status = data.item && gradients.item ? ESP_OK : esp__graph_no_memory(err, 0);
  if (!g->gradients) esp__fuse_batchnorms(g);
  if (status == ESP_OK) status = plan_data(g, &data, err);
  if (g->gradients) align_in_place(g);
  if (status == ESP_OK && g->gradients) status = plan_gradients(g, &gradients, err);
  free(data.item);
  free(gradients.item);
  g->tensors = g->blocks_of_memory;
  if (status == ESP_OK) status = plan_nodes(g, err);
  g->planned = status == ESP_OK;
  return status;
}

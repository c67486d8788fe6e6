/* A graph as seen from outside: its values, its operations, what its layers read and wrote. */
#include "autograd/node.h"

/* ---- values ---- */

esp_shape esp_value_shape(const esp_value *v) {
  esp_shape shape = esp__shape_of(&v->data);
  shape.vocabulary = v->vocabulary;
  return shape;
}

esp_value *esp_graph_output(const esp_graph *g) {
  if (g->logits) return g->logits;
  return g->nodes ? &g->node[g->nodes - 1]->out : NULL;
}

float esp_value_at(const esp_value *v, int image, int c, int row, int column) {
  const float *plane = esp_plane(&v->data, image / ESP_LANES, c);
  return plane[(size_t)row * esp_row_stride(&v->data) + (size_t)column * ESP_LANES +
               (size_t)(image % ESP_LANES)];
}

/* ---- operations ---- */

int esp_graph_operations(const esp_graph *g) {
  return g->nodes;
}

esp_operation esp_graph_operation(const esp_graph *g, int i) {
  const esp__node *n = g->node[i];
  esp_operation o = {.kind = n->op->kind,
                     .attr = n->attr,
                     .flow = n->op->flow,
                     .shape = esp_value_shape(&n->out),
                     .groups = 1,
                     .ranks = n->op->ranks,
                     .keeps_zero = !n->param[0] && !n->moves_zero};
  for (int k = 0; k < ESP_NODE_INPUTS; k++)
    o.input[k] = n->in[k] ? esp__maker_of(n->in[k])->index : -1;
  for (int k = 0; k < ESP_NODE_PARAMS; k++) o.param[k] = n->param[k];
  if (o.flow == ESP_FLOW_MIX) o.groups = n->attr.conv.groups;
  return o;
}

double esp_graph_macs(const esp_graph *g, bool effective) {
  double macs = 0;
  for (int i = 0; i < g->nodes; i++) {
    const esp_param *w = g->node[i]->param[0];
    if (!w || !esp_param_prunable(w) || g->node[i]->op->kind == ESP_OPERATION_EMBEDDING) continue;
    const esp_tensor *y = &g->node[i]->out.data;
    macs += (double)(effective ? esp_param_nonzero(w) : w->count) * y->height * y->width;
  }
  return macs;
}

/* ---- what a layer read and wrote ---- */

static const esp__node *layer_of(const esp_graph *g, const esp_param *weight) {
  int i = 0;
  while (g->node[i]->param[0] != weight) i++;
  return g->node[i];
}

/* It alone reads the node, and nothing else or that before anything else. */
static bool follows(const esp__node *reader, const esp__node *n) {
  return reader && reader->in[0] == &n->out;
}

esp_activity esp_graph_activity(const esp_graph *g, const esp_param *weight) {
  const esp__node *n = layer_of(g, weight), *next = esp__only_reader(g, n);
  const esp_tensor *input = &n->in[0]->data;
  bool bent = false;
  if (n->op->inner) {
    esp_activity did;
    n->op->inner(n, &did);
    did.images = g->outcome.count;
    return did;
  }
  if (follows(next, n) && next->op->normalises) {
    n = next;
    bent = n->attr.relu;
    next = esp__only_reader(g, n);
  }
  if (!bent && follows(next, n) && next->op->activates) n = next;
  return (esp_activity){input, &n->out.data, g->outcome.count};
}

/* What layers read and wrote. */
#include "autograd/node.h"

static const esp__node *layer_of(const esp_graph *g, const esp_param *weight) {
  int i = 0;
  while (g->node[i]->param[0] != weight) i++;
  return g->node[i];
}

const esp__node *esp__only_reader(const esp_graph *g, const esp__node *n) {
  const esp__node *reader = NULL;
  int readers = &n->out == g->logits;
  for (int i = 0; i < g->nodes; i++)
    for (int k = 0; k < g->node[i]->inputs; k++)
      if (g->node[i]->in[k] == &n->out) {
        reader = g->node[i];
        readers++;
      }
  return readers == 1 ? reader : NULL;
}

/* It alone reads the node, and nothing else or that before anything else. */
static bool follows(const esp__node *reader, const esp__node *n) {
  return reader && reader->in[0] == &n->out;
}

esp_activity esp_graph_activity(const esp_graph *g, const esp_param *weight) {
  const esp__node *n = layer_of(g, weight), *next = esp__only_reader(g, n);
  const esp_tensor *input = &n->in[0]->data;
  bool bent = false;
  if (follows(next, n) && next->op->normalises) {
    n = next;
    bent = n->attr.relu;
    next = esp__only_reader(g, n);
  }
  if (!bent && follows(next, n) && next->op->activates) n = next;
  return (esp_activity){input, &n->out.data, g->outcome.count};
}

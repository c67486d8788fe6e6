/* In a graph for inference a convolution does the batch norm that follows it. */
#include "autograd/node.h"

/* Lets the convolution before batch norm `n` do it, where nothing else reads what lies between and
 * the residual is ready by then. */
static void fuse(const esp_graph *g, esp__node *n) {
  esp__node *conv = esp__maker_of(n->in[0]);
  if (!conv->op->can_fuse || esp__readers_of(g, n->in[0]).count != 1) return;
  if (n->inputs == 2 && esp__maker_of(n->in[1])->index > conv->index) return;
  conv->fused = n->fused = n;
}

/* The residual is read at the offsets at which the output is written, so their halos must agree.
 * Whether one had to grow. */
static bool align(esp__node *n) {
  if (n->fused != n || n->inputs < 2 || n->in[1]->data.halo == n->out.data.halo) return false;
  esp__halo_at_least(&n->in[1]->data, n->out.data.halo);
  esp__halo_at_least(&n->out.data, n->in[1]->data.halo);
  return true;
}

void esp__fuse_batchnorms(esp_graph *g) {
  for (int i = 0; i < g->nodes; i++)
    if (g->node[i]->op->normalises) fuse(g, g->node[i]);
  for (bool again = true; again;) {
    again = false;
    for (int i = 0; i < g->nodes; i++) again |= align(g->node[i]);
  }
}

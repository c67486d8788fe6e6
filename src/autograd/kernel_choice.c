/* Reading which kernels the layers of a graph run, and why. */
#include "autograd/conv_plan.h"

const char *esp_propagation_name(esp_propagation p) {
  static const char *const names[] = {[ESP_FORWARD] = "forward",
                                      [ESP_BACKWARD_DATA] = "to input",
                                      [ESP_BACKWARD_WEIGHTS] = "to weights"};
  return names[p];
}

const char *esp_kernel_reason_text(esp_kernel_reason reason) {
  static const char *const texts[] = {[ESP_NO_MASK] = "no mask",
                                      [ESP_GROUPED] = "grouped",
                                      [ESP_FORCED] = "forced",
                                      [ESP_WANTED_ALL] = "all gradients wanted",
                                      [ESP_TOO_DENSE] = "too dense to try",
                                      [ESP_UNMEASURED] = "not measured yet",
                                      [ESP_BY_WINOGRAD] = "fewer products by Winograd",
                                      [ESP_FASTER] = "faster"};
  return texts[reason];
}

/* The plan of the layer that the operation is, or has within; NULL: it has none. */
static const esp__conv_plan *plan_of(const esp__node *n) {
  esp_activity did;
  return n->op->convolves ? n->state : n->op->inner ? n->op->inner(n, &did) : NULL;
}

/* The stopwatch of a pass; NULL where the layer does not make it. */
static const esp__autotune *autotune_of(const esp__node *n, esp_propagation p) {
  const esp__conv_plan *c = plan_of(n);
  switch (p) {
    case ESP_FORWARD:
      return &c->forward_autotune;
    case ESP_BACKWARD_DATA:
      return c->back ? &c->back_autotune : NULL;
    case ESP_BACKWARD_WEIGHTS:
      return n->out.grad.data ? &c->weights_autotune : NULL;
    case ESP_PROPAGATIONS:
      break;
  }
  return NULL;
}

/* The stopwatch knows of the last pass it was asked for; it is not asked where there is nothing to
 * choose. */
static esp_kernel_reason reason_of(const esp_graph *g, const esp__node *n, esp_propagation p,
                                   const esp__autotune *a) {
  if (a->reason == ESP_BY_WINOGRAD) return a->reason;
  if (!n->param[0]->mask) return ESP_NO_MASK;
  if (plan_of(n)->window.groups > 1) return ESP_GROUPED;
  if (a->reason != ESP_NO_MASK) return a->reason;
  return p == ESP_BACKWARD_WEIGHTS && g->pass.dense_gradients ? ESP_WANTED_ALL : ESP_UNMEASURED;
}

static esp_kernel_choice read_choice(const esp_graph *g, const esp__node *n, esp_propagation p,
                                     const esp__autotune *a) {
  const esp_param *weight = n->param[0];
  esp_kernel_choice c = {.weight = weight,
                         .pass = p,
                         .density = (double)esp_param_kept(weight) / (double)weight->count,
                         .reason = reason_of(g, n, p, a)};
  c.is_sparse = a->sparse && (c.reason == ESP_FORCED || c.reason == ESP_FASTER);
  if (c.reason == ESP_FASTER) {
    c.dense = a->seconds[0];
    c.sparse = a->seconds[1];
  }
  return c;
}

bool esp_graph_kernel_choice(const esp_graph *g, int i, esp_kernel_choice *choice) {
  for (int k = 0; k < g->nodes; k++)
    for (int p = 0; p < ESP_PROPAGATIONS; p++) {
      const esp__node *n = g->node[k];
      const esp__autotune *a = plan_of(n) ? autotune_of(n, (esp_propagation)p) : NULL;
      if (!a || i-- > 0) continue;
      *choice = read_choice(g, n, (esp_propagation)p, a);
      return true;
    }
  return false;
}

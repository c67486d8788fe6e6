/* SGD with momentum (Sutskever et al. 2013, as in torch). */
#include "optim/optimiser.h"

static esp__rule rule(const esp__update *u) {
  return (esp__rule){.sgd = {.lr = (float)u->lr,
                             .momentum = (float)u->opt->momentum,
                             .decay = (float)u->decay,
                             .clip = (float)u->opt->clip_value,
                             .scale = (float)u->scale,
                             .nesterov = u->opt->nesterov}};
}

static void apply(const esp__kernels *k, const esp__rule *rule, const esp__weights *w) {
  k->sgd(&rule->sgd, w->count, w->grad, w->keep, w->momentum, w->value);
}

static void change(const esp__update *u, esp__numbers *n, double *out) {
  for (int i = 0; i < n->count; i++) {
    n->momentum[i] = u->opt->momentum * n->momentum[i] + n->grad[i];
    out[i] = u->lr * n->momentum[i];
  }
}

const esp__optimiser esp__optimiser_sgd = {
    .name = "sgd",
    .help = "steps along the gradient, with momentum (Sutskever et al. 2013)",
    .keys = {"momentum", "nesterov"},
    .rule = rule,
    .apply = apply,
    .change = change,
};

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

static double change(const esp__update *u, double g, double *momentum, double *second_moment) {
  (void)second_moment;
  *momentum = u->opt->momentum * *momentum + g;
  return u->lr * *momentum;
}

const esp__optimiser esp__optimiser_sgd = {
    .name = "sgd",
    .help = "steps along the gradient, with momentum (Sutskever et al. 2013)",
    .keys = {"momentum", "nesterov"},
    .rule = rule,
    .apply = apply,
    .change = change,
};

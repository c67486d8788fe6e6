/* RMSprop with momentum (Tieleman & Hinton 2012, as in torch, not centred). */
#include "optim/optimiser.h"

#include <math.h>

static esp__rule rule(const esp__update *u) {
  const esp_train_options *o = u->opt;
  return (esp__rule){.rmsprop = {.lr = (float)u->lr,
                                 .momentum = (float)o->momentum,
                                 .alpha = (float)o->alpha,
                                 .rest = (float)(1.0 - o->alpha),
                                 .epsilon = (float)o->epsilon,
                                 .decay = (float)u->decay,
                                 .clip = (float)o->clip_value,
                                 .scale = (float)u->scale}};
}

static void apply(const esp__kernels *k, const esp__rule *rule, const esp__weights *w) {
  k->rmsprop(&rule->rmsprop, w->count, w->grad, w->keep, w->momentum, w->second_moment, w->value);
}

static void change(const esp__update *u, esp__numbers *n, double *out) {
  const esp_train_options *o = u->opt;
  for (int i = 0; i < n->count; i++) {
    const double g = n->grad[i];
    n->second_moment[i] = o->alpha * n->second_moment[i] + (1.0 - o->alpha) * g * g;
    n->momentum[i] = o->momentum * n->momentum[i] + g / (sqrt(n->second_moment[i]) + o->epsilon);
    out[i] = u->lr * n->momentum[i];
  }
}

const esp__optimiser esp__optimiser_rmsprop = {
    .name = "rmsprop",
    .help =
        "the gradient divided by the root of its mean square, with momentum; weight decay is "
        "added to the gradient (Tieleman & Hinton 2012)",
    .second_moment = true,
    .keys = {"momentum", "alpha", "epsilon"},
    .rule = rule,
    .apply = apply,
    .change = change,
};

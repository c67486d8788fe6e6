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

static double change(const esp__update *u, double g, double *momentum, double *second_moment) {
  const esp_train_options *o = u->opt;
  *second_moment = o->alpha * *second_moment + (1.0 - o->alpha) * g * g;
  *momentum = o->momentum * *momentum + g / (sqrt(*second_moment) + o->epsilon);
  return u->lr * *momentum;
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

/* Adam (Kingma & Ba 2015), and with decay beside the gradient AdamW (Loshchilov & Hutter 2019, with
 * the rate in the decay, as in torch). */
#include "optim/optimiser.h"

#include <math.h>

/* base^n for n >= 0: in this order everywhere. */
static double power(double base, int64_t n) {
  double product = 1.0;
  for (; n > 0; n >>= 1, base *= base)
    if (n & 1) product *= base;
  return product;
}

static double first_correction(const esp__update *u) {
  return 1.0 - power(u->opt->beta1, u->number);
}
static double second_correction(const esp__update *u) {
  return 1.0 - power(u->opt->beta2, u->number);
}

static esp__rule rule(const esp__update *u) {
  const esp_train_options *o = u->opt;
  return (esp__rule){.adam = {.lr = (float)(u->lr / first_correction(u)),
                              .beta1 = (float)o->beta1,
                              .rest1 = (float)(1.0 - o->beta1),
                              .beta2 = (float)o->beta2,
                              .rest2 = (float)(1.0 - o->beta2),
                              .root = (float)(1.0 / sqrt(second_correction(u))),
                              .epsilon = (float)o->epsilon,
                              .decay = (float)u->decay,
                              .shrink = 1.0f,
                              .clip = (float)o->clip_value,
                              .scale = (float)u->scale}};
}

static esp__rule decoupled_rule(const esp__update *u) {
  esp__rule r = rule(u);
  r.adam.decay = 0.0f;
  r.adam.shrink = (float)(1.0 - u->lr * u->decay);
  return r;
}

static void apply(const esp__kernels *k, const esp__rule *rule, const esp__weights *w) {
  k->adam(&rule->adam, w->count, w->grad, w->keep, w->momentum, w->second_moment, w->value);
}

static void change(const esp__update *u, esp__numbers *n, double *out) {
  const esp_train_options *o = u->opt;
  const double first = first_correction(u), second = second_correction(u);
  for (int i = 0; i < n->count; i++) {
    const double g = n->grad[i];
    n->momentum[i] = o->beta1 * n->momentum[i] + (1.0 - o->beta1) * g;
    n->second_moment[i] = o->beta2 * n->second_moment[i] + (1.0 - o->beta2) * g * g;
    const double root = sqrt(n->second_moment[i] / second);
    out[i] = u->lr * (n->momentum[i] / first) / (root + o->epsilon);
  }
}

const esp__optimiser esp__optimiser_adam = {
    .name = "adam",
    .help =
        "a rate for each weight, by the mean of its gradients and of their squares; weight decay "
        "is added to the gradient, so it is divided as well (Kingma & Ba 2015)",
    .second_moment = true,
    .keys = {"beta1", "beta2", "epsilon"},
    .rule = rule,
    .apply = apply,
    .change = change,
};

const esp__optimiser esp__optimiser_adamw = {
    .name = "adamw",
    .help =
        "Adam whose weight decay is no part of the gradient: w shrinks by lr * decay * w in each "
        "step (Loshchilov & Hutter 2019)",
    .second_moment = true,
    .keys = {"beta1", "beta2", "epsilon"},
    .rule = decoupled_rule,
    .apply = apply,
    .change = change,
};

/* A step of the optimiser: which parameters move, and what moves with them. */
#include "optim/optimiser.h"

#include <math.h>

enum { CHUNK = 1 << 14 }; /* weights a thread takes at a time; also the grain of the norm's sum */

static double chunk_norm(const esp_param *p, size_t from, size_t to) {
  double sum = 0.0;
  for (size_t i = from; i < to; i++)
    if (p->shadow || !p->mask || p->mask->keep[i]) sum += (double)p->grad[i] * (double)p->grad[i];
  return sum;
}

double esp_gradient_norm(const esp_params *ps) {
  double sum = 0.0;
  for (int k = 0; k < ps->count; k++) {
    const esp_param *p = ps->item[k];
    if (!esp_param_moves(p)) continue;
    for (size_t i = 0; i < p->count; i += CHUNK)
      sum += chunk_norm(p, i, i + CHUNK < p->count ? i + CHUNK : p->count);
  }
  return sqrt(sum);
}

static bool decays(const esp_param *p, const esp_train_options *opt) {
  return (opt->decay_all || esp_param_prunable(p)) && esp_param_trains(p) && !p->reparametrised;
}

static void average(esp_param *p, double decay, size_t from, size_t n) {
  const esp__kernels *k = esp__kernels_active();
  if (!p->average) return;
  k->average(n, (float)decay, p->value + from, p->average + from);
  if (p->mask) k->apply_mask(n, p->average + from, p->mask->keep + from, p->average + from);
}

void esp_average_step(esp_param *p, double decay) {
  average(p, decay, 0, p->count);
}

/* A step of a parameter. */
typedef struct step {
  const esp__optimiser *optimiser;
  esp__rule rule;
  double average;
} step;

static void apply(const step *s, esp_param *p, float *value, const uint8_t *keep, size_t from,
                  size_t n) {
  const esp__weights w = {n,
                          p->grad + from,
                          keep,
                          value + from,
                          p->momentum + from,
                          p->second_moment ? p->second_moment + from : NULL};
  s->optimiser->apply(esp__kernels_active(), &s->rule, &w);
}

static void update(const step *s, esp_param *p, size_t from, size_t n) {
  const uint8_t *keep = p->mask ? p->mask->keep + from : NULL;
  if (p->fine) {
    apply(s, p, p->fine, keep, from, n);
    return;
  }
  if (p->shadow) {
    apply(s, p, p->shadow, NULL, from, n);
    if (p->reparametrised) return;
    if (keep) esp__kernels_active()->apply_mask(n, p->shadow + from, keep, p->value + from);
  } else {
    apply(s, p, p->value, keep, from, n);
  }
  average(p, s->average, from, n);
}

/* In chunks, all threads at once. */
static void step_param(esp_param *p, const esp__update *u) {
  const esp__optimiser *o = esp__optimiser_of(u->opt);
  const step s = {o, o->rule(u), u->opt->average};
  const size_t chunks = (p->count + CHUNK - 1) / CHUNK;
#pragma omp parallel for schedule(static) if (chunks > 1)
  for (size_t c = 0; c < chunks; c++)
    update(&s, p, c * CHUNK, c + 1 < chunks ? CHUNK : p->count - c * CHUNK);
  if (!esp_param_trains(p)) esp_keep_scale_positive(p);
  if (p->fine) {
    esp_round_weights(p);
    average(p, s.average, 0, p->count);
  }
}

/* The factor that brings the norm of all gradients down to clip_norm. */
static double clip_factor(const esp_params *ps, const esp_train_options *opt) {
  if (opt->clip_norm == 0.0) return 1.0;
  const double norm = esp_gradient_norm(ps);
  return norm > opt->clip_norm ? opt->clip_norm / norm : 1.0;
}

void esp_optimiser_step(esp_params *ps, const esp_train_options *opt, double lr) {
  esp_share_gradients(ps);
  esp_scale_gradients(ps);
  esp__update u = {.opt = opt, .lr = lr, .scale = clip_factor(ps, opt), .number = ++ps->updates};
  for (int i = 0; i < ps->count; i++) {
    esp_param *p = ps->item[i];
    if (!esp_param_moves(p)) continue;
    u.decay = decays(p, opt) ? opt->weight_decay : 0.0;
    step_param(p, &u);
  }
}

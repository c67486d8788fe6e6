#include "kernels/kernels.h"

#include <espalier/optim.h>

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

static void update(esp_param *p, const esp__sgd *sgd, double decay, size_t from, size_t n) {
  const esp__kernels *k = esp__kernels_active();
  const uint8_t *keep = p->mask ? p->mask->keep + from : NULL;
  if (p->fine) {
    k->sgd(sgd, n, p->grad + from, keep, p->momentum + from, p->fine + from);
    return;
  }
  if (p->shadow) {
    k->sgd(sgd, n, p->grad + from, NULL, p->momentum + from, p->shadow + from);
    if (p->reparametrised) return;
    if (keep) k->apply_mask(n, p->shadow + from, keep, p->value + from);
  } else {
    k->sgd(sgd, n, p->grad + from, keep, p->momentum + from, p->value + from);
  }
  average(p, decay, from, n);
}

void esp_sgd_step(esp_params *ps, const esp_train_options *opt, double lr) {
  double scale = 1.0;
  esp_share_gradients(ps);
  esp_scale_gradients(ps);
  if (opt->clip_norm > 0.0) {
    const double norm = esp_gradient_norm(ps);
    if (norm > opt->clip_norm) scale = opt->clip_norm / norm;
  }
  for (int i = 0; i < ps->count; i++) {
    esp_param *p = ps->item[i];
    if (!esp_param_moves(p)) continue;
    const esp__sgd sgd = {.lr = (float)lr,
                          .momentum = (float)opt->momentum,
                          .decay = decays(p, opt) ? (float)opt->weight_decay : 0.0f,
                          .clip = (float)opt->clip_value,
                          .scale = (float)scale,
                          .nesterov = opt->nesterov};
    const size_t chunks = (p->count + CHUNK - 1) / CHUNK;
#pragma omp parallel for schedule(static) if (chunks > 1)
    for (size_t c = 0; c < chunks; c++)
      update(p, &sgd, opt->average, c * CHUNK, c + 1 < chunks ? CHUNK : p->count - c * CHUNK);
    if (!esp_param_trains(p)) esp_keep_scale_positive(p);
    if (p->fine) {
      esp_round_weights(p);
      average(p, opt->average, 0, p->count);
    }
  }
}

/* Trials of losses, and of what moves the weights. */
#include "kernels/trials.h"

/* ---- loss ---- */

/* Draws the logits, and where the losses and perhaps the gradient go; what is read besides is drawn
 * before. Returns room for the losses. */
static float *draw_loss(trial *t, esp__loss_block *k) {
  const size_t floats = (size_t)k->classes * ESP_LANES;
  k->logits = trial_floats(t, floats);
  if (trial_flip(t)) k->grad = trial_floats(t, floats);
  float *losses = trial_floats(t, (size_t)k->valid);
  trial_seal(t);
  trial_writes(t, losses, (size_t)k->valid * sizeof *losses);
  if (k->grad) trial_writes(t, k->grad, floats * sizeof(float));
  return losses;
}

static void keep_losses(const esp__loss_block *k, float *losses) {
  for (int i = 0; i < k->valid; i++) losses[i] = k->loss[i];
}

static void try_loss(trial *t, void (*loss)(esp__loss_block *)) {
  esp__loss_block k = {.classes = trial_draw(t, 1, 20),
                       .valid = trial_draw(t, 1, ESP_LANES),
                       .smoothing = trial_flip(t) ? 0.1f : 0.0f,
                       .scale = 1.0f / (float)trial_draw(t, 1, 50)};
  int32_t *labels = trial_take(t, (size_t)k.valid * sizeof *labels);
  for (int i = 0; i < k.valid; i++) labels[i] = trial_draw(t, 0, k.classes - 1);
  k.labels = labels;
  float *losses = draw_loss(t, &k);
  loss(&k);
  keep_losses(&k, losses);
}

void try_cross_entropy(trial *t) {
  try_loss(t, t->kernels->cross_entropy);
}
void try_mean_squared(trial *t) {
  try_loss(t, t->kernels->mean_squared);
}

static esp__loss_block draw_unlabelled(trial *t) {
  return (esp__loss_block){
      .classes = trial_draw(t, 1, 20), .valid = trial_draw(t, 1, ESP_LANES), .scale = 0.25f};
}

void try_distill(trial *t) {
  esp__loss_block k = draw_unlabelled(t);
  const esp__distill_target target = {trial_floats(t, (size_t)k.classes * ESP_LANES),
                                      0.1f * (float)trial_draw(t, 0, 10),
                                      (float)trial_draw(t, 1, 8)};
  float *losses = draw_loss(t, &k);
  t->kernels->distill(&k, &target);
  keep_losses(&k, losses);
}

void try_match_numbers(trial *t) {
  esp__loss_block k = draw_unlabelled(t);
  const float *wanted = trial_floats(t, (size_t)k.classes * ESP_LANES);
  float *losses = draw_loss(t, &k);
  t->kernels->match_numbers(&k, wanted);
  keep_losses(&k, losses);
}

/* ---- updates ---- */

static const uint8_t *draw_keep(trial *t, size_t n) {
  uint8_t *keep = trial_take(t, n);
  for (size_t i = 0; i < n; i++) keep[i] = trial_flip(t);
  return keep;
}

void try_sgd(trial *t) {
  const size_t n = (size_t)trial_draw(t, 1, 150);
  const esp__sgd k = {.lr = 0.1f * (float)trial_draw(t, 0, 9),
                      .momentum = 0.1f * (float)trial_draw(t, 0, 9),
                      .decay = 0.001f * (float)trial_draw(t, 0, 9),
                      .clip = trial_flip(t) ? 0.5f : 0.0f,
                      .scale = 0.25f * (float)trial_draw(t, 1, 4),
                      .nesterov = trial_flip(t)};
  const float *grad = trial_floats(t, n);
  float *velocity = trial_floats(t, n), *weight = trial_floats(t, n);
  const uint8_t *keep = trial_flip(t) ? draw_keep(t, n) : NULL;
  trial_seal(t);
  trial_writes(t, velocity, n * sizeof *velocity);
  trial_writes(t, weight, n * sizeof *weight);
  t->kernels->sgd(&k, n, grad, keep, velocity, weight);
}

/* A mean of squares: nothing below 0. */
static float *draw_squares(trial *t, size_t n) {
  float *square = trial_floats(t, n);
  for (size_t i = 0; i < n; i++) square[i] *= square[i];
  return square;
}

/* What an optimiser with two moments reads and writes. */
typedef struct weights {
  const float *grad;
  const uint8_t *keep;
  float *m, *v, *value;
} weights;

static weights draw_weights(trial *t, size_t n) {
  weights w = {.grad = trial_floats(t, n)};
  w.m = trial_floats(t, n), w.v = draw_squares(t, n), w.value = trial_floats(t, n);
  w.keep = trial_flip(t) ? draw_keep(t, n) : NULL;
  trial_seal(t);
  trial_writes(t, w.m, n * sizeof *w.m);
  trial_writes(t, w.v, n * sizeof *w.v);
  trial_writes(t, w.value, n * sizeof *w.value);
  return w;
}

void try_adam(trial *t) {
  const size_t n = (size_t)trial_draw(t, 1, 150);
  const esp__adam k = {.lr = 0.1f * (float)trial_draw(t, 0, 9),
                       .beta1 = 0.9f,
                       .rest1 = 0.1f,
                       .beta2 = 0.1f * (float)trial_draw(t, 0, 9),
                       .rest2 = 0.01f,
                       .root = 0.5f * (float)trial_draw(t, 1, 9),
                       .epsilon = 1e-3f,
                       .decay = 0.001f * (float)trial_draw(t, 0, 9),
                       .shrink = trial_flip(t) ? 0.99f : 1.0f,
                       .clip = trial_flip(t) ? 0.5f : 0.0f,
                       .scale = 0.25f * (float)trial_draw(t, 1, 4)};
  const weights w = draw_weights(t, n);
  t->kernels->adam(&k, n, w.grad, w.keep, w.m, w.v, w.value);
}

void try_rmsprop(trial *t) {
  const size_t n = (size_t)trial_draw(t, 1, 150);
  const esp__rmsprop k = {.lr = 0.1f * (float)trial_draw(t, 0, 9),
                          .momentum = 0.1f * (float)trial_draw(t, 0, 9),
                          .alpha = 0.1f * (float)trial_draw(t, 0, 9),
                          .rest = 0.1f,
                          .epsilon = 1e-3f,
                          .decay = 0.001f * (float)trial_draw(t, 0, 9),
                          .clip = trial_flip(t) ? 0.5f : 0.0f,
                          .scale = 0.25f * (float)trial_draw(t, 1, 4)};
  const weights w = draw_weights(t, n);
  t->kernels->rmsprop(&k, n, w.grad, w.keep, w.m, w.v, w.value);
}

void try_apply_mask(trial *t) {
  const size_t n = (size_t)trial_draw(t, 1, 150);
  const float *shadow = trial_floats(t, n);
  const uint8_t *keep = draw_keep(t, n);
  float *value = trial_floats(t, n);
  trial_seal(t);
  trial_writes(t, value, n * sizeof *value);
  t->kernels->apply_mask(n, shadow, keep, value);
}

void try_average(trial *t) {
  const size_t n = (size_t)trial_draw(t, 1, 150);
  const float *value = trial_floats(t, n), decay = 0.1f * (float)trial_draw(t, 0, 9);
  float *average = trial_floats(t, n);
  trial_seal(t);
  trial_writes(t, average, n * sizeof *average);
  t->kernels->average(n, decay, value, average);
}

/* ---- weights that are noise ---- */

typedef struct noisy {
  size_t n;
  const float *rise, *mean;
} noisy;

/* Variances from exp(-110) to exp(90). */
static noisy draw_noisy(trial *t) {
  const size_t n = (size_t)trial_draw(t, 1, 150);
  float *rise = trial_take(t, n * sizeof *rise);
  for (size_t i = 0; i < n; i++) rise[i] = (float)trial_draw(t, -100, 100);
  return (noisy){n, rise, trial_floats(t, n)};
}

void try_noisy_draw(trial *t) {
  const noisy w = draw_noisy(t);
  float *value = trial_floats(t, w.n);
  trial_seal(t);
  trial_writes(t, value, w.n * sizeof *value);
  t->kernels->noisy_draw(w.n, t->key, w.rise, w.mean, value);
}

void try_noisy_slopes(trial *t) {
  const noisy w = draw_noisy(t);
  double *out = trial_take(t, w.n * sizeof *out);
  memset(out, 0, w.n * sizeof *out);
  trial_seal(t);
  trial_writes(t, out, w.n * sizeof *out);
  t->kernels->noisy_slopes(w.n, w.rise, w.mean, out);
}

void try_noisy_still(trial *t) {
  const noisy w = draw_noisy(t);
  float *value = trial_floats(t, w.n);
  trial_seal(t);
  trial_writes(t, value, w.n * sizeof *value);
  t->kernels->noisy_still(w.n, w.rise, w.mean, value);
}

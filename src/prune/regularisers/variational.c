#include "kernels/kernels.h"
#include "prune/reparametrised.h"

/* Every weight is a normal variable, drawn for each step; its mean is the shadow, and its variance
 * is learned. The penalty, strength * the divergence from a log-uniform prior, turns weights into
 * noise that need not be precise. Outside of steps value = mean, and 0 where it is noise alone. */
enum { LOG_VARIANCE };
enum { BLOCK = 64 }; /* weights at a time */

static float *rise_of(const esp_pruner *p, const esp_slice *s) {
  return p->state[LOG_VARIANCE] + s->first_weight;
}

static void pre_forward(esp_pruner *p, const esp_step_ctx *now) {
  const esp_key noise = esp_key_of(esp_key_of(p->key, ESP_STREAM_GATES), (uint64_t)now->step);
#pragma omp parallel for schedule(dynamic)
  for (int i = 0; i < p->scored_slices; i++) {
    const esp_slice *s = p->scored[i].slice;
    const esp_param *w = s->param;
    esp__kernels_active()->noisy_draw(w->count, esp_key_of(noise, (uint64_t)i), rise_of(p, s),
                                      w->shadow, w->value);
  }
}

/* Moves the variances of a block of weights; their gradient becomes that of the means. */
static void learn(const esp_pruner *p, const esp_slice *s, size_t first, const esp_step_ctx *now) {
  const esp_param *w = s->param;
  const size_t left = w->count - first, count = left < BLOCK ? left : BLOCK;
  const double strength = esp_strength_options_of(p->opt)->strength;
  double slope[BLOCK], gradient[BLOCK];
  esp__kernels_active()->noisy_slopes(count, rise_of(p, s) + first, w->shadow + first, slope);
  for (size_t i = 0; i < count; i++) {
    const size_t k = first + i;
    const double m = (double)w->shadow[k], g = (double)w->grad[k];
    const double pull = strength * slope[i];
    gradient[i] = 0.5 * g * ((double)w->value[k] - m) - pull;
    w->grad[k] = (float)(g + 2.0 * pull * m / esp__noisy_square(m) + now->decay * m);
  }
  esp__reparametrised_move(p, LOG_VARIANCE, s->first_weight + first, (int)count, gradient, now);
}

static esp_status post_backward(esp_pruner *p, const esp_step_ctx *now, esp_error *err) {
  (void)err;
#pragma omp parallel for schedule(dynamic)
  for (int i = 0; i < p->scored_slices; i++)
    for (size_t k = 0; k < p->scored[i].slice->param->count; k += BLOCK)
      learn(p, p->scored[i].slice, k, now);
  return ESP_OK;
}

static void reparametrize(const esp_pruner *p, int slice, float *value) {
  const esp_slice *s = p->scored[slice].slice;
  esp__kernels_active()->noisy_still(s->param->count, rise_of(p, s), s->param->shadow, value);
}

static const esp_prune_hooks hooks = {.state = {{"log-variance", ESP_PER_WEIGHT},
                                                {"log-variance-velocity", ESP_PER_WEIGHT},
                                                {"log-variance-second-moment", ESP_PER_WEIGHT}},
                                      .pre_forward = pre_forward,
                                      .post_backward = post_backward,
                                      .reparametrize = reparametrize};

const esp_regulariser esp__regulariser_variational = {
    .name = "variational",
    .help =
        "noise of a learned variance on every weight; what is noise alone is 0; strength * the "
        "divergence from a log-uniform prior, 1 / training images there (Molchanov et al. 2017)",
    .keys = {&esp_strength_keys},
    .shadow = true,
    .hooks = &hooks,
};

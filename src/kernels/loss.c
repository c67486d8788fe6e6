#include "base/mathx.h"
#include "kernels/expf.h"
#include "kernels/kernels.h"

static inline float target_of(const esp__loss_block *k, int image, int c) {
  float even = k->smoothing / (float)k->classes;
  return k->labels[image] == c ? 1.0f - k->smoothing + even : even;
}

static void write_gradient(const esp__loss_block *k, int image, int c, float value) {
  if (k->grad)
    k->grad[(size_t)c * ESP_LANES + (size_t)image] = image < k->valid ? value * k->scale : 0.0f;
}

/* log softmax(x) = x - max - log(sum exp(x - max)) */
static void cross_entropy_image(esp__loss_block *k, int image) {
  const float *x = k->logits + image;
  float max = x[0], sum = 0.0f, loss = 0.0f;
  for (int c = 1; c < k->classes; c++) max = x[c * ESP_LANES] > max ? x[c * ESP_LANES] : max;
  for (int c = 0; c < k->classes; c++) sum += esp__expf(x[c * ESP_LANES] - max);
  const float log_sum = (float)esp__log(sum);
  for (int c = 0; c < k->classes; c++) {
    float v = x[c * ESP_LANES] - max, target = target_of(k, image, c);
    loss -= target * (v - log_sum);
    write_gradient(k, image, c, esp__expf(v) / sum - target);
  }
  k->loss[image] = loss;
}

/* A part of the mean of squares: class c is `d` away from what is wanted. */
static float square(const esp__loss_block *k, int image, int c, float d) {
  const float share = 1.0f / (float)k->classes;
  write_gradient(k, image, c, 2.0f * d * share);
  return d * d * share;
}

static void mean_squared_image(esp__loss_block *k, int image) {
  float loss = 0.0f;
  for (int c = 0; c < k->classes; c++)
    loss += square(k, image, c, k->logits[c * ESP_LANES + image] - target_of(k, image, c));
  k->loss[image] = loss;
}

static void each_image(esp__loss_block *k, void (*loss)(esp__loss_block *, int)) {
  for (int image = 0; image < ESP_LANES; image++)
    if (image < k->valid)
      loss(k, image);
    else
      for (int c = 0; c < k->classes; c++) write_gradient(k, image, c, 0.0f);
}

void ESP_ISA_NAME(esp__cross_entropy)(esp__loss_block *k) {
  each_image(k, cross_entropy_image);
}
void ESP_ISA_NAME(esp__mean_squared)(esp__loss_block *k) {
  each_image(k, mean_squared_image);
}

/* A column of logits as log softmax(x / T) = (x - max) / T - log_sum. */
typedef struct softened {
  const float *x;
  float max, sum, log_sum, temperature;
} softened;

static softened soften(const float *x, int classes, float temperature) {
  softened s = {x, x[0], 0.0f, 0.0f, temperature};
  for (int c = 1; c < classes; c++) s.max = x[c * ESP_LANES] > s.max ? x[c * ESP_LANES] : s.max;
  for (int c = 0; c < classes; c++) s.sum += esp__expf((x[c * ESP_LANES] - s.max) / temperature);
  s.log_sum = (float)esp__log(s.sum);
  return s;
}

static float log_share(const softened *s, int c) {
  return (s->x[c * ESP_LANES] - s->max) / s->temperature - s->log_sum;
}
static float share(const softened *s, int c) {
  return esp__expf((s->x[c * ESP_LANES] - s->max) / s->temperature) / s->sum;
}

/* d (T^2 KL) / d logit = T (share of own - share of teacher) */
static void distill_image(esp__loss_block *k, const esp__distill_target *l, int image) {
  const softened own = soften(k->logits + image, k->classes, l->temperature),
                 teacher = soften(l->logits + image, k->classes, l->temperature);
  const float rest = 1.0f - l->share;
  float divergence = 0.0f;
  for (int c = 0; c < k->classes; c++) {
    const float wanted = share(&teacher, c);
    divergence += wanted * (log_share(&teacher, c) - log_share(&own, c));
    if (!k->grad) continue;
    float *grad = k->grad + c * ESP_LANES + image;
    *grad = rest * *grad + l->share * l->temperature * (share(&own, c) - wanted) * k->scale;
  }
  k->loss[image] = rest * k->loss[image] + l->share * l->temperature * l->temperature * divergence;
}

void ESP_ISA_NAME(esp__distill)(esp__loss_block *k, const esp__distill_target *target) {
  for (int image = 0; image < k->valid; image++) distill_image(k, target, image);
}

void ESP_ISA_NAME(esp__match_numbers)(esp__loss_block *k, const float *wanted) {
  for (int image = 0; image < ESP_LANES; image++) {
    float loss = 0.0f;
    for (int c = 0; c < k->classes; c++) {
      const int at = c * ESP_LANES + image;
      loss += square(k, image, c, k->logits[at] - wanted[at]);
    }
    k->loss[image] = loss;
  }
}

/* Steps of weights that are learned with them: learned step size quantisation (Esser et al. 2020).
 *
 * Of an output whose n weights w are s * q, where q is the fine weight v / s rounded, within [-Q,
 * Q]:
 *
 *     dL/ds = 1 / sqrt(n Q) * sum of dL/dw * (q - v / s, or q where that is the end of the range)
 *
 * and the gradient of a weight beyond the range is 0. */
#include <espalier/optim.h>

#include <float.h>
#include <math.h>

/* The gradient of the step of output `o`; weights that are pruned do not count. */
static float step_gradient(const esp_param *p, size_t o) {
  const size_t each = p->count / (size_t)p->shape[0];
  const float step = p->step->value[o], most = (float)p->levels;
  double sum = 0.0;
  size_t count = 0;
  for (size_t i = o * each; i < (o + 1) * each; i++) {
    if (p->mask && !p->mask->keep[i]) continue;
    const float ratio = p->fine[i] / step, level = fminf(fmaxf(rintf(ratio), -most), most);
    const bool within = fabsf(ratio) < most;
    sum += (double)p->grad[i] * (double)(within ? level - ratio : level);
    if (!within) p->grad[i] = 0.0f;
    count++;
  }
  return count ? (float)(sum / sqrt((double)count * p->levels)) : 0.0f;
}

void esp_scale_gradients(esp_params *ps) {
  for (int k = 0; k < ps->count; k++) {
    const esp_param *p = ps->item[k];
    if (!p->fine || !p->step->grad) continue;
#pragma omp parallel for schedule(static)
    for (int o = 0; o < p->shape[0]; o++)
      p->step->grad[o] = p->step->value[o] > 0.0f ? step_gradient(p, (size_t)o) : 0.0f;
  }
}

/* One of 0 belongs to an output without weights and has no gradient. */
void esp_keep_scale_positive(esp_param *p) {
  for (size_t i = 0; i < p->count; i++)
    if (p->value[i] != 0.0f && p->value[i] < FLT_EPSILON) p->value[i] = FLT_EPSILON;
}

/* Weights that are integers times a step of their output. */
#include <espalier/optim.h>

#include <math.h>

/* The optimiser moves the fine weights where there are any, and the gradient, which is that of the
 * rounded ones, goes straight through to them (Bengio et al. 2013). */
void esp_round_weights(esp_param *p) {
  const size_t each = p->count / (size_t)p->shape[0];
  const float *from = p->fine ? p->fine : p->value, most = (float)p->levels;
  for (size_t i = 0; i < p->count; i++) {
    const float step = p->step->value[i / each];
    const float level = step > 0.0f ? rintf(from[i] / step) : 0.0f;
    p->value[i] = fminf(fmaxf(level, -most), most) * step + 0.0f; /* 0 has one sign */
  }
}

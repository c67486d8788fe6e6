/* Weights that are normal variables, of mean m and variance v, as sparse variational dropout has
 * them (Molchanov et al. 2017), in blocks of up to ESP__AT_ONCE. alpha = v / m^2. log v is given as
 * its rise over what it begins with, -10. */
#ifndef ESP_PRUNE_REGULARISERS_NOISY_WEIGHTS_H
#define ESP_PRUNE_REGULARISERS_NOISY_WEIGHTS_H

#include "base/mathx.h"

#include <stddef.h>

/* How many weights the next block has, of `left`. */
static inline int esp__noisy_block(size_t left) {
  return left < ESP__AT_ONCE ? (int)left : ESP__AT_ONCE;
}

/* m^2, and so much that it has a logarithm. */
static inline double esp__noisy_square(double mean) {
  return mean * mean + 1e-16;
}

/* out = how fast the divergence from a log-uniform prior falls with log alpha. It is
 *     log(1 + 1 / alpha) / 2 - k1 sigmoid(k2 + k3 log alpha) + k1   (equation 14). */
void esp__noisy_slopes(const float *rise, const float *mean, int count, double *out);
/* value: standard normal noise becomes weights that have it, m + sqrt(v) noise. */
void esp__noisy_draw(const float *rise, const float *mean, int count, float *value);
/* value = m, or 0 where log alpha > 3. */
void esp__noisy_still(const float *rise, const float *mean, int count, float *value);

#endif

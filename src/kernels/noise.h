/* Weights that are normal variables, of mean m and variance v, as sparse variational dropout has
 * them (Molchanov et al. 2017). alpha = v / m^2. log v is given as its rise over what it begins
 * with, -10. */
#ifndef ESP_KERNELS_NOISE_H
#define ESP_KERNELS_NOISE_H

#include <stddef.h>
#include <stdint.h>

/* m^2, and so much that it has a logarithm. */
static inline double esp__noisy_square(double mean) {
  return mean * mean + 1e-16;
}

/* value = m + sqrt(v) noise: esp_random_normal of key and index. */
typedef void esp__noisy_draw_fn(size_t n, uint64_t key, const float *rise, const float *mean,
                                float *value);
/* out = how fast the divergence from a log-uniform prior falls with log alpha. It is
 *     log(1 + 1 / alpha) / 2 - k1 sigmoid(k2 + k3 log alpha) + k1   (equation 14). */
typedef void esp__noisy_slopes_fn(size_t n, const float *rise, const float *mean, double *out);
/* value = m, or 0 where log alpha > 3. */
typedef void esp__noisy_still_fn(size_t n, const float *rise, const float *mean, float *value);

#endif

/* The optimiser's pass over the weights: gradient, decay, momentum, mask and weight at once. */
#ifndef ESP_KERNELS_UPDATE_H
#define ESP_KERNELS_UPDATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct esp__sgd {
  float lr, momentum, decay;
  float clip,
      scale; /* each gradient is multiplied by scale, then clipped to [-clip, clip] (clip 0: not) */
  bool nesterov;
} esp__sgd;

/* g = clipped grad + decay * w; v = momentum * v + g; w -= lr * (nesterov ? g + momentum * v : v).
 * Where keep[i] == 0 both weight and velocity become exactly 0; keep NULL = dense. */
typedef void esp__sgd_fn(const esp__sgd *k, size_t n, const float *grad, const uint8_t *keep,
                         float *velocity, float *weight);
/* value = keep ? shadow : 0 */
typedef void esp__apply_mask_fn(size_t n, const float *shadow, const uint8_t *keep, float *value);
/* average = decay * average + (1 - decay) * value */
typedef void esp__average_fn(size_t n, float decay, const float *value, float *average);

#endif

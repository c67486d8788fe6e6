/* The optimiser's pass over the weights: gradient, decay, momentum, mask and weight at once. */
#ifndef ESP_KERNELS_UPDATE_H
#define ESP_KERNELS_UPDATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In all of these each gradient is multiplied by `scale` and clipped to [-clip, clip] (clip 0:
 * not); then g = that + decay * w. Where keep[i] == 0 the weight and all that is kept of it become
 * exactly 0; keep NULL = dense. */

typedef struct esp__sgd {
  float lr, momentum, decay;
  float clip, scale;
  bool nesterov;
} esp__sgd;

/* v = momentum * v + g; w -= lr * (nesterov ? g + momentum * v : v) */
typedef void esp__sgd_fn(const esp__sgd *k, size_t n, const float *grad, const uint8_t *keep,
                         float *velocity, float *weight);

typedef struct esp__adam {
  float lr;           /* divided by the correction of the first moment, 1 - beta1^t */
  float beta1, rest1; /* of the first moment; 1 - beta1 */
  float beta2, rest2; /* of the second */
  float root;         /* 1 / sqrt(1 - beta2^t) */
  float epsilon;
  float decay;
  float shrink; /* factor of the weight before the step: decay that is not in the gradient */
  float clip, scale;
} esp__adam;

/* m = beta1 * m + rest1 * g;  v = beta2 * v + (rest2 * g) * g;
 * w = shrink * w - lr * (m / (root * sqrt(v) + epsilon)) */
typedef void esp__adam_fn(const esp__adam *k, size_t n, const float *grad, const uint8_t *keep,
                          float *m, float *v, float *weight);

typedef struct esp__rmsprop {
  float lr, momentum;
  float alpha, rest; /* of the mean square; 1 - alpha */
  float epsilon;
  float decay;
  float clip, scale;
} esp__rmsprop;

/* v = alpha * v + (rest * g) * g;  m = momentum * m + g / (sqrt(v) + epsilon);  w -= lr * m */
typedef void esp__rmsprop_fn(const esp__rmsprop *k, size_t n, const float *grad,
                             const uint8_t *keep, float *m, float *v, float *weight);

/* value = keep ? shadow : 0 */
typedef void esp__apply_mask_fn(size_t n, const float *shadow, const uint8_t *keep, float *value);
/* average = decay * average + (1 - decay) * value */
typedef void esp__average_fn(size_t n, float decay, const float *value, float *average);

#endif

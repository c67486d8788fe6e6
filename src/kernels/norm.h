/* Batch normalisation, one plane (block of 16 images, channel) at a time.
 *
 * Sums keep the 16 images apart: four running sums by column % 4, added as (0 + 1) + (2 + 3). The
 * caller adds up valid images and blocks. */
#ifndef ESP_KERNELS_NORM_H
#define ESP_KERNELS_NORM_H

#include "kernels/rows.h"

#include <stdbool.h>

/* sum[l] = sum of (x - centre), square[l] = sum of (x - centre)^2 */
typedef void esp__moments_fn(esp__extent e, esp__rows x, float centre, float *sum, float *square);

/* y = x * scale + shift (+ residual), then ReLU if asked */
typedef void esp__normalise_fn(esp__extent e, esp__rows x, esp__rows residual, esp__rows y,
                               float scale, float shift, bool relu);

/* Which values passed the ReLU of the forward pass. They are found again from x where y was no more
 * than x * scale + shift, so that y need not be read. */
typedef struct esp__relu_mask {
  bool relu;
  float scale, shift; /* used where y is absent */
} esp__relu_mask;

/* With g = dy where the ReLU passed, else 0:
 *
 *     sum[l] = sum of g;  product[l] = sum of g * (x - mean) */
typedef void esp__normalise_sums_fn(esp__extent e, esp__rows x, esp__rows y, esp__rows dy,
                                    float mean, esp__relu_mask gate, float *sum, float *product);

/* What goes back to the input and to the residual:
 *
 *     dx (+)= valid[l] * fma(a, g, fma(b, x - mean, c))
 *     dresidual (+)= g */
typedef struct esp__normalise_back {
  float mean, a, b, c;
  esp__relu_mask gate;
  bool add, add_residual;
  _Alignas(64) float valid[16]; /* 1 for images of the batch, 0 for padding */
} esp__normalise_back;
typedef void esp__normalise_back_fn(esp__extent e, esp__rows x, esp__rows y, esp__rows dy,
                                    esp__rows dx, esp__rows dresidual,
                                    const esp__normalise_back *k);

#endif

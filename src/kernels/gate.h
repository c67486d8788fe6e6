/* Per-image decisions about whole channels, and counting what they leave. One image is one lane, so
 * a decision is a row of 16 numbers.
 *
 * Sums keep the 16 images apart: four running sums by column % 4, added as (0 + 1) + (2 + 3). */
#ifndef ESP_KERNELS_GATE_H
#define ESP_KERNELS_GATE_H

#include "kernels/rows.h"

#include <stdbool.h>
#include <stdint.h>

/* mean[l] = mean of |x| */
typedef void esp__mean_abs_fn(esp__extent e, esp__rows x, float *mean);
/* dx (+)= sign(x) * dmean[l] / pixels; the sign of 0 is 0 */
typedef void esp__mean_abs_back_fn(esp__extent e, esp__rows x, const float *dmean, esp__rows dx,
                                   bool add);

/* y[c][l] = x[c][l] where that is above 0 and one of the `keep` largest of its image, else 0. Of
 * equal values those of lower channels come first. Each channel is a row of one pixel. */
typedef void esp__top_k_fn(int channels, int keep, esp__rows x, esp__rows y);

/* y (+)= x * by[l] */
typedef void esp__scale_images_fn(esp__extent e, esp__rows x, const float *by, esp__rows y,
                                  bool add);
/* sum[l] = sum of x * y */
typedef void esp__dot_images_fn(esp__extent e, esp__rows x, esp__rows y, float *sum);

/* count[l] = values of x that are not 0. The pixels of a row are `step` floats apart. */
typedef void esp__count_images_fn(esp__extent e, esp__rows x, size_t step, uint32_t *count);

#endif

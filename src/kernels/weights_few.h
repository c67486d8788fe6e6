/* The gradient of the weights where pixels are few, for the variant of which it is a part. */
#ifndef ESP_KERNELS_WEIGHTS_FEW_H
#define ESP_KERNELS_WEIGHTS_FEW_H

#include "kernels/kernels.h"

/* Whether that is the faster way: pixels so few that the reduction of the images counts, outputs so
 * many that a transposition of x does not. */
static inline bool esp__weights_few_pay(const esp__correlate_weights *k) {
  return k->pixels <= ESP_FEW_PIXELS && k->outputs >= k->pixels;
}
/* esp__correlate_weights, for those. */
esp__correlate_weights_fn ESP_ISA_NAME(esp__correlate_weights_few);

#endif

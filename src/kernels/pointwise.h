/* Kernels that treat every value alike. Plain loops: the compiler vectorises them for each
 * instruction set, and IEEE arithmetic without contraction gives the same bits in all. `add` = add
 * to what is in the output. */
#ifndef ESP_KERNELS_POINTWISE_H
#define ESP_KERNELS_POINTWISE_H

#include "kernels/rows.h"

#include <espalier/activation.h>
#include <espalier/random.h>

#include <stdbool.h>

/* y = f(x) */
typedef void esp__activate_fn(esp_activation kind, esp__extent e, esp__rows x, esp__rows y);
/* dx (+)= dy * f'(x), from x and y = f(x) */
typedef void esp__activate_back_fn(esp_activation kind, esp__extent e, esp__rows x, esp__rows y,
                                   esp__rows dy, esp__rows dx, bool add);
/* y = x where x > t, else 0;  t >= 0 */
typedef void esp__threshold_fn(esp__extent e, esp__rows x, esp__rows y, float t);
/* dx (+)= dy where x > t, else 0 */
typedef void esp__threshold_back_fn(esp__extent e, esp__rows x, esp__rows dy, esp__rows dx, float t,
                                    bool add);
/* z = x + y */
typedef void esp__sum_fn(esp__extent e, esp__rows x, esp__rows y, esp__rows z);
/* y (+)= x; x.at NULL: zeros */
typedef void esp__copy_fn(esp__extent e, esp__rows x, esp__rows y, bool add);
/* y (+)= x * scale where a random 24-bit number is >= threshold, else 0. Element i of the plane (in
 * row order, lane innermost) draws number i of `key`. */
typedef void esp__drop_fn(esp__extent e, esp__rows x, esp__rows y, esp_key key, uint32_t threshold,
                          float scale, bool add);

#endif

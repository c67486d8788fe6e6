/* How methods with a shadow reach their sparsity: along the cubic curve over the first half of the
 * period (Zhu & Gupta 2017), so that masks only exchange weights in the second. */
#ifndef ESP_PRUNE_DYNAMIC_RAMP_H
#define ESP_PRUNE_DYNAMIC_RAMP_H

#include "prune/catalogue.h"

static inline double esp__ramp(const esp_prune_options *opt, double t) {
  return esp__prune_schedule_cubic.sparsity(opt, t < 0.5 ? 2.0 * t : 1.0);
}

#endif

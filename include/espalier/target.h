/* Real-valued targets: what a network estimates where it tells no classes apart (regression). Its
 * outputs are targets in units in which those to train on have a mean of 0 and a deviation of 1. */
#ifndef ESP_TARGET_H
#define ESP_TARGET_H

#include <espalier/linkage.h>

ESP_BEGIN_DECLS

enum { ESP_TARGETS_MAX = 16 };

/* Output i of the network stands for output * std[i] + mean[i]. */
typedef struct esp_target_scale {
  int count;                                          /* 0: the examples have classes */
  double mean[ESP_TARGETS_MAX], std[ESP_TARGETS_MAX]; /* in units of the target; std > 0 */
  double variance[ESP_TARGETS_MAX]; /* of the examples at hand, about their own mean */
} esp_target_scale;

/* What output `value` of target i stands for. */
static inline double esp_target_value(const esp_target_scale *s, int i, float value) {
  return (double)value * s->std[i] + s->mean[i];
}

ESP_END_DECLS

#endif

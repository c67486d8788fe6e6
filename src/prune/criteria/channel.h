/* For criteria that score output channels: the weights of a channel are count / shape[0] in a row,
 * and all get its score. */
#ifndef ESP_PRUNE_CRITERIA_CHANNEL_H
#define ESP_PRUNE_CRITERIA_CHANNEL_H

#include <espalier/prune.h>

static inline size_t esp__channel_size(const esp_param *p) {
  return p->count / (size_t)p->shape[0];
}

static inline void esp__channel_score(const esp_param *p, int channel, float value, float *score) {
  const size_t size = esp__channel_size(p);
  for (size_t i = 0; i < size; i++) score[(size_t)channel * size + i] = value;
}

/* Pruned as a whole. */
static inline bool esp__channel_gone(const esp_param *p, int channel) {
  const size_t size = esp__channel_size(p), first = (size_t)channel * size;
  size_t kept = 0;
  for (size_t i = 0; p->mask && i < size; i++) kept += p->mask->keep[first + i];
  return p->mask && kept == 0;
}

#endif

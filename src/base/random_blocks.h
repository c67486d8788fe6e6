/* The bits of random.h, and its normal numbers in blocks, as templates (mathx_blocks.h). */
#ifndef ESP_BASE_RANDOM_BLOCKS_H
#define ESP_BASE_RANDOM_BLOCKS_H

#include "base/mathx_blocks.h"

static const uint64_t esp__golden = 0x9E3779B97F4A7C15u;

static inline uint64_t esp__mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

/* esp_random */
static inline uint64_t esp__random_bits(uint64_t key, uint64_t index) {
  return esp__mix(key + (index + 1) * esp__golden);
}

/* Standard normal numbers of the indices from `first` on, at most ESP__AT_ONCE. */
ESP_INLINE void esp__normal_block(uint64_t key, uint64_t first, int count, double *out) {
  double log_u[ESP__AT_ONCE];
  for (int i = 0; i < count; i++) {
    const uint64_t bits = esp__random_bits(key, first + (uint64_t)i);
    log_u[i] = ((double)(bits >> 32) + 1.0) * 0x1p-32; /* (0, 1]: the logarithm exists */
    out[i] = 2.0 * esp__pi * ((double)(bits & 0xffffffffu) * 0x1p-32);
  }
  esp__log_block(log_u, count);
  esp__cos_block(out, count);
  for (int i = 0; i < count; i++) out[i] = sqrt(-2.0 * log_u[i]) * out[i];
}

#endif

#include <espalier/random.h>

#include "base/random_blocks.h"

esp_key esp_key_of(esp_key key, uint64_t what) {
  return esp__mix(esp__mix(key + esp__golden) + what * esp__golden + 1);
}

uint64_t esp_random(esp_key key, uint64_t index) {
  return esp__random_bits(key, index);
}

uint32_t esp_random_below(esp_key key, uint64_t index, uint32_t n) {
  return (uint32_t)(((esp_random(key, index) >> 32) * n) >> 32);
}

float esp_random_uniform(esp_key key, uint64_t index) {
  return (float)(esp_random(key, index) >> 40) * 0x1p-24f;
}

double esp_random_normal(esp_key key, uint64_t index) {
  double x;
  esp__normal_block(key, index, 1, &x);
  return x;
}

void esp_random_normals(esp_key key, double deviation, float *out, size_t count) {
  double x[ESP__AT_ONCE];
  for (size_t first = 0; first < count; first += ESP__AT_ONCE) {
    const int some = count - first < ESP__AT_ONCE ? (int)(count - first) : ESP__AT_ONCE;
    esp__normal_block(key, first, some, x);
    for (int i = 0; i < some; i++) out[first + (size_t)i] = (float)(x[i] * deviation);
  }
}

void esp_random_permutation(esp_key key, uint32_t *order, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) order[i] = i;
  for (uint32_t i = n; i > 1; i--) {
    uint32_t j = esp_random_below(key, i, i), other = order[j];
    order[j] = order[i - 1];
    order[i - 1] = other;
  }
}

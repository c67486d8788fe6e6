#include <espalier/random.h>

#include "base/mathx.h"

#include <math.h>

static const uint64_t golden = 0x9E3779B97F4A7C15u;

static uint64_t mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

esp_key esp_key_of(esp_key key, uint64_t what) {
  return mix(mix(key + golden) + what * golden + 1);
}

uint64_t esp_random(esp_key key, uint64_t index) {
  return mix(key + (index + 1) * golden);
}

uint32_t esp_random_below(esp_key key, uint64_t index, uint32_t n) {
  return (uint32_t)(((esp_random(key, index) >> 32) * n) >> 32);
}

float esp_random_uniform(esp_key key, uint64_t index) {
  return (float)(esp_random(key, index) >> 40) * 0x1p-24f;
}

double esp_random_normal(esp_key key, uint64_t index) {
  uint64_t bits = esp_random(key, index);
  double u = ((double)(bits >> 32) + 1.0) * 0x1p-32; /* (0, 1]: the logarithm exists */
  double v = (double)(bits & 0xffffffffu) * 0x1p-32;
  return sqrt(-2.0 * esp__log(u)) * esp__cos(2.0 * 3.14159265358979323846 * v);
}

void esp_random_permutation(esp_key key, uint32_t *order, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) order[i] = i;
  for (uint32_t i = n; i > 1; i--) {
    uint32_t j = esp_random_below(key, i, i), other = order[j];
    order[j] = order[i - 1];
    order[i - 1] = other;
  }
}

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

static void normals(esp_key key, uint64_t first, int count, double *out) {
  double log_u[ESP__AT_ONCE];
  for (int i = 0; i < count; i++) {
    const uint64_t bits = esp_random(key, first + (uint64_t)i);
    log_u[i] = ((double)(bits >> 32) + 1.0) * 0x1p-32; /* (0, 1]: the logarithm exists */
    out[i] = 2.0 * 3.14159265358979323846 * ((double)(bits & 0xffffffffu) * 0x1p-32);
  }
  esp__logs(log_u, count);
  esp__coses(out, count);
  for (int i = 0; i < count; i++) out[i] = sqrt(-2.0 * log_u[i]) * out[i];
}

double esp_random_normal(esp_key key, uint64_t index) {
  double x;
  normals(key, index, 1, &x);
  return x;
}

void esp_random_normals(esp_key key, double deviation, float *out, size_t count) {
  double x[ESP__AT_ONCE];
  for (size_t first = 0; first < count; first += ESP__AT_ONCE) {
    const int some = count - first < ESP__AT_ONCE ? (int)(count - first) : ESP__AT_ONCE;
    normals(key, first, some, x);
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

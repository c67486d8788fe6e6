/* The scalar kernels against the formulas in their headers, written out in double precision. What
 * the other instruction sets return is the same to the bit (test_kernels.c). */
#ifndef FORMULAS_H
#define FORMULAS_H

#include "kernels/kernels.h"
#include "suite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static inline const esp__kernels *scalar(void) {
  return esp__kernels_at(0);
}

/* Uniform in [-1, 1). */
static inline float draw(uint64_t key, size_t i) {
  return 2.0f * esp_random_uniform(key, i) - 1.0f;
}

static inline void fill(float *to, size_t count, uint64_t key) {
  for (size_t i = 0; i < count; i++) to[i] = draw(key, i);
}

static inline bool near(double a, double b, double tolerance) {
  return fabs(a - b) <= tolerance;
}

static inline void *zeros(size_t count, size_t size) {
  void *p = calloc(count, size);
  ck_assert_ptr_nonnull(p);
  return p;
}

#endif

/* The last step of a correlation, with dense and sparse weights alike: esp__epilogue on one
 * vector. */
#ifndef ESP_KERNELS_STORE_SIMD_H
#define ESP_KERNELS_STORE_SIMD_H

#include "kernels/correlate.h"
#include "kernels/simd.h"

/* Whether a sum is stored as it is. */
static inline bool esp__epilogue_plain(const esp__epilogue *f) {
  return !f->bias && !f->scale && !f->residual && !f->accumulate && !f->relu;
}

/* Finishes the sum of output `o` and stores it at y + at. */
static inline __attribute__((always_inline)) void esp__store(esp__vec v, const esp__epilogue *f,
                                                             const bool plain, int o, float *y,
                                                             size_t at) {
  v = esp__vec_add(v, esp__vec_set(0.0f));
  if (!plain) {
    if (f->bias) v = esp__vec_add(v, esp__vec_set(f->bias[o]));
    if (f->scale)
      v = esp__vec_add(esp__vec_mul(v, esp__vec_set(f->scale[o])), esp__vec_set(f->shift[o]));
    if (f->residual) v = esp__vec_add(v, esp__vec_load(f->residual + at));
    if (f->accumulate) v = esp__vec_add(esp__vec_load(y + at), v);
    if (f->relu) v = esp__vec_positive(v, v);
  }
  esp__vec_store(y + at, v);
}

#endif

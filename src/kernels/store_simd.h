/* The last step of a correlation, the same for dense and sparse weights: esp_finish on one vector. */
#ifndef ESP_KERNELS_STORE_SIMD_H
#define ESP_KERNELS_STORE_SIMD_H

#include "kernels/correlate.h"
#include "kernels/simd.h"

/* Whether a sum is stored as it is. */
static inline bool esp_finish_plain(const esp_finish *f) {
  return !f->bias && !f->scale && !f->residual && !f->accumulate && !f->relu;
}

/* Finishes the sum of output `o` and stores it at y + at. */
static inline __attribute__((always_inline)) void esp_store(esp_vec v, const esp_finish *f, const bool plain,
                                                            int o, float *y, size_t at) {
  v = esp_vec_add(v, esp_vec_set(0.0f));
  if (!plain) {
    if (f->bias) v = esp_vec_add(v, esp_vec_set(f->bias[o]));
    if (f->scale) v = esp_vec_add(esp_vec_mul(v, esp_vec_set(f->scale[o])), esp_vec_set(f->shift[o]));
    if (f->residual) v = esp_vec_add(v, esp_vec_load(f->residual + at));
    if (f->accumulate) v = esp_vec_add(esp_vec_load(y + at), v);
    if (f->relu) v = esp_vec_positive(v, v);
  }
  esp_vec_store(y + at, v);
}

#endif

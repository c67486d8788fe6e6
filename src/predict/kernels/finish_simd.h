/* The last step of a sum: esp__finish on one vector. */
#ifndef ESP_PREDICT_KERNELS_FINISH_SIMD_H
#define ESP_PREDICT_KERNELS_FINISH_SIMD_H

#include "base/inline.h"
#include "kernels/simd.h"
#include "predict/kernels/predict_kernels.h"

enum { ESP_PARTS = ESP_BLOCK / ESP_VECTOR }; /* vectors of a block of channels */

/* Of outputs o, o + 1, ..., which are a vector; what is added lies at residual + at. */
ESP_INLINE esp__vec esp__finished(esp__vec v, const esp__finish *f, size_t o, size_t at) {
  v = esp__vec_add(v, esp__vec_set(0.0f));
  if (f->bias) v = esp__vec_add(v, esp__vec_load(f->bias + o));
  if (f->scale)
    v = esp__vec_add(esp__vec_mul(v, esp__vec_load(f->scale + o)), esp__vec_load(f->shift + o));
  if (f->residual) v = esp__vec_add(v, esp__vec_load(f->residual + at));
  if (f->relu) v = esp__vec_positive(v, v);
  return f->factor ? esp__vec_mul(v, esp__vec_load(f->factor + o)) : v;
}

/* The same of one output, whose pixels are vectors: its numbers, read once. What is left out is + 0
 * and * 1, which change no sum, since none is -0 once 0 was added to it. */
typedef struct esp__pixel_finish {
  esp__vec bias, scale, shift;
  const float *residual;
  bool relu;
} esp__pixel_finish;

ESP_INLINE esp__pixel_finish esp__finish_of(const esp__finish *f, size_t o) {
  return (esp__pixel_finish){.bias = esp__vec_set(f->bias ? f->bias[o] : 0.0f),
                             .scale = esp__vec_set(f->scale ? f->scale[o] : 1.0f),
                             .shift = esp__vec_set(f->scale ? f->shift[o] : 0.0f),
                             .residual = f->residual,
                             .relu = f->relu};
}

ESP_INLINE esp__vec esp__finished_pixels(esp__vec v, const esp__pixel_finish *f, size_t at) {
  v = esp__vec_add(esp__vec_add(v, esp__vec_set(0.0f)), f->bias);
  v = esp__vec_add(esp__vec_mul(v, f->scale), f->shift);
  if (f->residual) v = esp__vec_add(v, esp__vec_load_any(f->residual + at));
  return f->relu ? esp__vec_positive(v, v) : v;
}

#endif

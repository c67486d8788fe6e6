/* The last step of a sum of integers: esp__integer_finish on one vector. */
#ifndef ESP_PREDICT_KERNELS_INTEGER_FINISH_H
#define ESP_PREDICT_KERNELS_INTEGER_FINISH_H

#include "predict/kernels/integer_kernels.h"
#include "predict/kernels/integer_simd.h"

enum { ESP_LEVELS = 127 };

ESP_INLINE esp__ints esp__within(esp__ints v, esp__ints low, esp__ints high) {
  return esp__ints_least(esp__ints_most(v, low), high);
}

/* A shift to the right that rounds halves up. */
typedef struct esp__rounding {
  esp__ints half, shift;
} esp__rounding;
ESP_INLINE esp__rounding esp__rounding_of(esp__ints shift) {
  const esp__ints before = esp__ints_add(shift, esp__ints_set(-1));
  return (esp__rounding){esp__ints_left(esp__ints_set(1), before), shift};
}
ESP_INLINE esp__ints esp__rounded(esp__ints v, esp__rounding r) {
  return esp__ints_right(esp__ints_add(v, r.half), r.shift);
}

/* How sums get their own scale; `limit` and `left` only where they are `moved`. */
typedef struct esp__scaling {
  esp__ints multiplier;
  esp__rounding rounding;
  bool moved;
  esp__ints limit, left;
} esp__scaling;

/* Of outputs o, o + 1, ..., which are a vector. */
ESP_INLINE esp__scaling esp__scaling_of(const esp__integer_finish *f, size_t o) {
  esp__scaling s = {esp__ints_load(f->multiplier + o),
                    esp__rounding_of(esp__ints_load(f->shift + o)), f->left != NULL};
  if (s.moved) {
    s.limit = esp__ints_load(f->limit + o);
    s.left = esp__ints_load(f->left + o);
  }
  return s;
}
/* Of output o, whose pixels are a vector. */
ESP_INLINE esp__scaling esp__scaling_all(const esp__integer_finish *f, size_t o) {
  esp__scaling s = {esp__ints_set(f->multiplier[o]), esp__rounding_of(esp__ints_set(f->shift[o])),
                    f->left != NULL};
  if (s.moved) {
    s.limit = esp__ints_set(f->limit[o]);
    s.left = esp__ints_set(f->left[o]);
  }
  return s;
}

/* Not yet within bounds. */
ESP_INLINE esp__ints esp__rescaled(esp__ints sum, const esp__scaling *s) {
  if (s->moved) {
    const esp__ints ones = esp__ints_set(-1),
                    low = esp__ints_add(esp__ints_xor(s->limit, ones), esp__ints_set(1));
    sum = esp__ints_left(esp__within(sum, low, s->limit), s->left);
  }
  return esp__rounded(esp__ints_high(sum, s->multiplier), s->rounding);
}

/* The sum of what is in the lower halves and, the upper ones, what is added; not yet within
 * bounds. */
ESP_INLINE esp__ints esp__joined(esp__ints pairs, const esp__integer_finish *f) {
  const esp__ints upper = esp__pairs_times(pairs, esp__ints_set(f->upper)),
                  lower = esp__pairs_times(pairs, esp__ints_set(f->lower)),
                  both = esp__ints_add(upper, esp__ints_right(lower, esp__ints_set(16)));
  return esp__rounded(both, esp__rounding_of(esp__ints_set(f->sum_shift)));
}

#endif

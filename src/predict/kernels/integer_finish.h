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

/* `load` brings the numbers of the outputs from o on, or of o alone, into a vector. */
#define ESP_SCALING(name, load)                                                      \
  ESP_INLINE esp__scaling name(const esp__integer_finish *f, size_t o) {             \
    esp__scaling s = {load(f->multiplier + o), esp__rounding_of(load(f->shift + o)), \
                      f->left != NULL};                                              \
    if (s.moved) {                                                                   \
      s.limit = load(f->limit + o);                                                  \
      s.left = load(f->left + o);                                                    \
    }                                                                                \
    return s;                                                                        \
  }
#define ESP_SAME(p) esp__ints_set(*(p))
/* Of outputs o, o + 1, ..., which are a vector; of output o, whose pixels are a vector. */
ESP_SCALING(esp__scaling_of, esp__ints_load)
ESP_SCALING(esp__scaling_all, ESP_SAME)
#if ESP_VECTOR > 1
/* Of outputs o to o + 3, of several pixels. */
ESP_SCALING(esp__scaling_four, esp__ints_four)
#endif

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

#if ESP_VECTOR > 1
/* Four pixels, of the same outputs each, whose sums have their own scale: their bytes, with those
 * at `with` added unless it is NULL. */
ESP_INLINE esp__ints esp__four_as_bytes(const esp__integer_finish *f, const esp__ints pixel[4],
                                        const esp__ints *with) {
  esp__ints ab = esp__halves_of(pixel[0], pixel[1]), cd = esp__halves_of(pixel[2], pixel[3]);
  ab = esp__halves_within(ab, (int16_t)f->low, ESP_LEVELS);
  cd = esp__halves_within(cd, (int16_t)f->low, ESP_LEVELS);
  if (with) {
    const esp__ints with_ab = esp__halves_low(*with), with_cd = esp__halves_high(*with);
    ab = esp__halves_of(esp__joined(esp__pairs_low(ab, with_ab), f),
                        esp__joined(esp__pairs_high(ab, with_ab), f));
    cd = esp__halves_of(esp__joined(esp__pairs_low(cd, with_cd), f),
                        esp__joined(esp__pairs_high(cd, with_cd), f));
    ab = esp__halves_within(ab, (int16_t)f->sum_low, ESP_LEVELS);
    cd = esp__halves_within(cd, (int16_t)f->sum_low, ESP_LEVELS);
  }
  return esp__bytes_of(ab, cd);
}
#endif

#endif

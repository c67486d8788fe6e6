#include "pack/multiples.h"

#include <math.h>
#include <string.h>

enum { BITS = 8, ZERO = 128, LARGEST = 127 };

static int integer_of(float value, float step) {
  const float q = rintf(value / step);
  return fabsf(q) <= LARGEST ? (int)q : 0;
}

static bool same_bits(float a, float b) {
  return memcmp(&a, &b, sizeof a) == 0;
}

bool esp__are_multiples(const esp__multiples *m) {
  const float *v = m->value;
  for (size_t i = 0; i < m->outputs * m->each; i++) {
    if (!m->there[i]) continue;
    const float step = m->step[i / m->each];
    const int q = integer_of(*v, step);
    if (q == 0 || !same_bits((float)q * step, *v++)) return false;
  }
  return true;
}

bool esp__code_multiples(esp__coder *c, const esp__multiples *m) {
  esp__bit_model model[1 << BITS];
  float *v = m->value;
  esp__bit_models_start(model, 1 << BITS);
  for (size_t i = 0; i < m->outputs * m->each; i++) {
    if (!m->there[i]) continue;
    const float step = m->step[i / m->each];
    const uint32_t symbol = c->decoding ? 0 : (uint32_t)(integer_of(*v, step) + ZERO);
    const int q = (int)esp__code_symbol(c, model, symbol, BITS) - ZERO;
    if (q == 0 || q == -ZERO) return false;
    *v++ = (float)q * step;
  }
  return true;
}

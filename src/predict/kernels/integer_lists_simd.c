/* Sums of the quads of weights that are there: a vector is some pixels of one output. Up to 12
 * vectors of it are in registers, in several sums where there are few; per quad a broadcast, and a
 * load for each vector of pixels. */
#include "predict/kernels/integer_finish.h"

enum { VECTORS = 12 };

/* Four outputs of a stretch, as they lie in memory. */
typedef struct quads {
  esp__ints v[VECTORS];
} quads;

/* Output o of the four, whose byte goes to its place in y. */
ESP_INLINE void finish(const esp__integer_lists *k, const esp__stretch *s, int quad, int o,
                       const esp__ints *sum, const int vectors, quads *y) {
  const esp__integer_finish *f = &k->finish;
  const size_t at = (size_t)s->y + (size_t)quad * k->y_quad;
  const esp__scaling scaling = esp__scaling_all(f, (size_t)(quad * ESP_QUAD + o));
  const esp__ints most = esp__ints_set(ESP_LEVELS), place = esp__ints_set(8 * o);
#pragma GCC unroll 12
  for (int v = 0; v < vectors; v++) {
    esp__ints q = esp__within(esp__rescaled(sum[v], &scaling), esp__ints_set(f->low), most);
    if (f->with) {
      const esp__ints all = esp__ints_load(f->with + at + v * ESP_VECTOR),
                      with = esp__ints_right(esp__ints_left(all, esp__ints_set(24 - 8 * o)),
                                             esp__ints_set(24));
      q = esp__joined(esp__ints_or(esp__ints_left(with, esp__ints_set(16)),
                                   esp__ints_and(q, esp__ints_set(0xffff))),
                      f);
      q = esp__within(q, esp__ints_set(f->sum_low), most);
    }
    y->v[v] = esp__ints_or(y->v[v], esp__ints_left(esp__ints_and(q, esp__ints_set(255)), place));
  }
}

/* `vectors`, `chains` and `negative` are constants at each call below. */
ESP_INLINE void sum_output(const esp__integer_lists *k, const esp__stretch *s, int quad, int o,
                           const int vectors, const int chains, const bool negative, quads *y) {
  const uint32_t *x = k->x + s->x;
  const esp__integer_entry *e = k->entry + k->first[quad * ESP_QUAD + o],
                           *end = k->entry + k->first[quad * ESP_QUAD + o + 1];
  esp__ints sum[VECTORS];
#pragma GCC unroll 12
  for (int i = 0; i < vectors * chains; i++)
    sum[i] = esp__ints_set(i < vectors ? k->finish.bias[quad * ESP_QUAD + o] : 0);
  for (; e != end; e += chains)
#pragma GCC unroll 4
    for (int c = 0; c < chains; c++) {
      const esp__ints w = esp__ints_set((int)e[c].weight);
#pragma GCC unroll 12
      for (int v = 0; v < vectors; v++) {
        const esp__ints own = esp__ints_load(x + e[c].x + v * ESP_VECTOR);
        sum[c * vectors + v] = negative ? esp__dot_signed(sum[c * vectors + v], own, w)
                                        : esp__dot(sum[c * vectors + v], own, w);
      }
    }
#pragma GCC unroll 12
  for (int i = vectors; i < vectors * chains; i++)
    sum[i % vectors] = esp__ints_add(sum[i % vectors], sum[i]);
  finish(k, s, quad, o, sum, vectors, y);
}

ESP_INLINE void store(const esp__integer_lists *k, const esp__stretch *s, int quad,
                      const int vectors, const quads *y) {
  uint32_t *to = k->y + s->y + (size_t)quad * k->y_quad;
#pragma GCC unroll 12
  for (int v = 0; v < vectors; v++) {
    const esp__ints mask = esp__ints_load(k->mask + s->mask + v * ESP_VECTOR);
    esp__ints_store(to + v * ESP_VECTOR, esp__ints_and(mask, y->v[v]));
  }
}

#define VECTORS_OF(n, chains, negative)                                                    \
  case n: {                                                                                \
    quads y;                                                                               \
    for (int v = 0; v < (n); v++) y.v[v] = esp__ints_set(0);                               \
    for (int o = 0; o < ESP_QUAD; o++) sum_output(k, s, quad, o, n, chains, negative, &y); \
    store(k, s, quad, n, &y);                                                              \
    break;                                                                                 \
  }
#define STRETCH(name, negative)                                                    \
  static void name(const esp__integer_lists *k, const esp__stretch *s, int quad) { \
    switch (s->count) {                                                            \
      VECTORS_OF(1, 4, negative)                                                   \
      VECTORS_OF(2, 4, negative)                                                   \
      VECTORS_OF(3, 4, negative)                                                   \
      VECTORS_OF(4, 2, negative)                                                   \
      VECTORS_OF(5, 2, negative)                                                   \
      VECTORS_OF(6, 2, negative)                                                   \
      VECTORS_OF(7, 1, negative)                                                   \
      VECTORS_OF(8, 1, negative)                                                   \
      VECTORS_OF(9, 1, negative)                                                   \
      VECTORS_OF(10, 1, negative)                                                  \
      VECTORS_OF(11, 1, negative)                                                  \
      VECTORS_OF(12, 1, negative)                                                  \
    }                                                                              \
  }
STRETCH(plain, false)
STRETCH(negative, true)

void ESP_ISA_NAME(esp__integer_lists)(const esp__integer_lists *k) {
  for (int i = 0; i < k->stretches; i++)
    for (int quad = k->from; quad < k->from + k->quads; quad++)
      (k->negative ? negative : plain)(k, &k->stretch[i], quad);
}

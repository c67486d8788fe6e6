/* Sums of the quads of weights that are there: a vector is some pixels of one output. Up to 12
 * vectors of it are in registers, in several sums where there are few; per quad a broadcast, and a
 * load for each vector of pixels. */
#include "predict/kernels/integer_finish.h"

enum { VECTORS = 12 };

/* Vectors of pixels of a stretch: sums of one output, or four outputs as they lie in memory. */
typedef struct pixels {
  esp__ints v[VECTORS];
} pixels;

/* Output o of the four, whose byte goes to its place in y. */
static __attribute__((noinline)) void finish(const esp__integer_lists *k, const esp__stretch *s,
                                             int quad, int o, const pixels *sum, pixels *y) {
  const esp__integer_finish *f = &k->planes.finish;
  const size_t at = (size_t)s->y + (size_t)quad * k->planes.y_quad;
  const esp__scaling scaling = esp__scaling_all(f, (size_t)(quad * ESP_QUAD + o));
  const esp__ints most = esp__ints_set(ESP_LEVELS), place = esp__ints_set(8 * o);
  for (int v = 0; v < s->count; v++) {
    esp__ints q = esp__within(esp__rescaled(sum->v[v], &scaling), esp__ints_set(f->low), most);
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
                           const int vectors, const int chains, const bool negative, pixels *y) {
  const uint32_t *x = k->planes.x + s->x;
  const esp__integer_entry *e = k->entry + k->first[quad * ESP_QUAD + o],
                           *end = k->entry + k->first[quad * ESP_QUAD + o + 1];
  esp__ints sum[VECTORS];
#pragma GCC unroll 12
  for (int i = 0; i < vectors * chains; i++)
    sum[i] = esp__ints_set(i < vectors ? k->planes.finish.bias[quad * ESP_QUAD + o] : 0);
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
  pixels own;
#pragma GCC unroll 12
  for (int i = 0; i < vectors; i++) own.v[i] = sum[i];
  finish(k, s, quad, o, &own, y);
}

static void store(const esp__integer_lists *k, const esp__stretch *s, int quad, const pixels *y) {
  uint32_t *to = k->planes.y + s->y + (size_t)quad * k->planes.y_quad;
  for (int v = 0; v < s->count; v++) {
    const esp__ints mask = esp__ints_load(k->planes.mask + s->mask + v * ESP_VECTOR);
    esp__ints_store(to + v * ESP_VECTOR, esp__ints_and(mask, y->v[v]));
  }
}

/* A function for each number of vectors, chains and sign. */
#define SUMS_OF(n, chains, sign)                                                              \
  static void sums_##n##_##sign(const esp__integer_lists *k, const esp__stretch *s, int quad, \
                                int o, pixels *y) {                                           \
    sum_output(k, s, quad, o, n, chains, sign, y);                                            \
  }
#define BOTH(n, chains) SUMS_OF(n, chains, false) SUMS_OF(n, chains, true)
BOTH(1, 4)
BOTH(2, 4)
BOTH(3, 4)
BOTH(4, 2)
BOTH(5, 2)
BOTH(6, 2)
BOTH(7, 1)
BOTH(8, 1)
BOTH(9, 1)
BOTH(10, 1)
BOTH(11, 1)
BOTH(12, 1)

typedef void sums_fn(const esp__integer_lists *k, const esp__stretch *s, int quad, int o,
                     pixels *y);
#define ALL_SUMS(sign)                                                                      \
  sums_1_##sign, sums_2_##sign, sums_3_##sign, sums_4_##sign, sums_5_##sign, sums_6_##sign, \
      sums_7_##sign, sums_8_##sign, sums_9_##sign, sums_10_##sign, sums_11_##sign, sums_12_##sign
static sums_fn *const sums[][VECTORS] = {{ALL_SUMS(false)}, {ALL_SUMS(true)}};

void ESP_ISA_NAME(esp__integer_lists)(const esp__integer_lists *k) {
  for (int i = 0; i < k->planes.stretches; i++)
    for (int quad = k->planes.from; quad < k->planes.from + k->planes.quads; quad++) {
      const esp__stretch *s = &k->planes.stretch[i];
      pixels y;
      for (int v = 0; v < s->count; v++) y.v[v] = esp__ints_set(0);
      for (int o = 0; o < ESP_QUAD; o++) sums[k->planes.negative][s->count - 1](k, s, quad, o, &y);
      store(k, s, quad, &y);
    }
}

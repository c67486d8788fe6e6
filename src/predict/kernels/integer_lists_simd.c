/* Sums of the quads of weights that are there, over planes or over fields: a vector is some pixels
 * of one output. Some vectors of it are in registers, in several sums where they are few; per quad
 * a broadcast, and a load for each vector of pixels. */
#include "predict/kernels/field_stretches.h"
#include "predict/kernels/integer_finish.h"

enum { VECTORS = 12 }; /* in registers, at most */
/* Entries are fetched so far ahead, into the second-level cache. */
enum { AHEAD = 256 };

/* The vectors of a stretch: rows of `columns`, every step-th of x. */
typedef struct shape {
  int rows, columns, step;
} shape;

/* Sums of one output. */
typedef struct pixels {
  esp__ints v[VECTORS];
} pixels;

/* Where the bytes of a quad lie in y, and in what is added: `next` words from row to row. Where
 * there is a mask it has all bits, or none, of each word. */
typedef struct window {
  size_t first, next;
  int rows, columns;
  const int32_t *mask; /* or NULL */
} window;

#if ESP_VECTOR == 1
/* Four sums of a pixel, laid out in y as `with` is. */
ESP_INLINE esp__ints as_bytes(const esp__integer_finish *f, const esp__ints sum[ESP_QUAD],
                              const uint32_t *with) {
  int8_t byte[ESP_QUAD];
  esp__ints all;
  for (int o = 0; o < ESP_QUAD; o++) {
    esp__ints q = esp__within(sum[o], f->low, ESP_LEVELS);
    if (with) {
      q = (q & 0xffff) | ((const int8_t *)with)[o] * 65536;
      q = esp__within(esp__joined(q, f), f->sum_low, ESP_LEVELS);
    }
    byte[o] = (int8_t)q;
  }
  memcpy(&all, byte, sizeof all);
  return all;
}
#else
/* Four sums of a vector of pixels. */
ESP_INLINE esp__ints as_bytes(const esp__integer_finish *f, const esp__ints sum[ESP_QUAD],
                              const uint32_t *with) {
  if (!with) return esp__bytes_across(esp__four_as_bytes(f, sum, NULL));
  const esp__ints across = esp__bytes_across(esp__ints_load(with));
  return esp__bytes_across(esp__four_as_bytes(f, sum, &across));
}
#endif

/* Sums of an output get their own scale. */
ESP_INLINE void rescale(const esp__integer_finish *f, int output, int vectors, pixels *sum) {
  const esp__scaling scaling = esp__scaling_all(f, (size_t)output);
  for (int v = 0; v < vectors; v++) sum->v[v] = esp__rescaled(sum->v[v], &scaling);
}

/* The four outputs of a quad. */
static __attribute__((noinline)) void finish(const esp__integer_planes *p, int quad,
                                             pixels sum[ESP_QUAD], const window *w) {
  const esp__integer_finish f = p->finish; /* of its own, which no store changes */
  uint32_t *const y = p->y;
  for (int o = 0; o < ESP_QUAD; o++)
    rescale(&f, quad * ESP_QUAD + o, w->rows * w->columns, &sum[o]);
  for (int r = 0, v = 0; r < w->rows; r++)
    for (int c = 0; c < w->columns; c++, v++) {
      const size_t at = w->first + (size_t)r * w->next + (size_t)(c * ESP_VECTOR);
      esp__ints own[ESP_QUAD];
#pragma GCC unroll 4
      for (int o = 0; o < ESP_QUAD; o++) own[o] = sum[o].v[v];
      esp__ints all = as_bytes(&f, own, f.with ? f.with + at : NULL);
      if (w->mask) all = esp__ints_and(all, esp__ints_load(w->mask + v * ESP_VECTOR));
      esp__ints_store(y + at, all);
    }
}

/* Shape and sign are constants at each call below. x: where the stretch reads; `apart`: words
 * between its rows. */
ESP_INLINE void sum_output(const esp__integer_lists *k, const uint32_t *x, size_t apart, int output,
                           const shape s, const bool negative, pixels *own) {
  const int vectors = s.rows * s.columns, chains = vectors <= 3 ? 4 : vectors <= 6 ? 2 : 1;
  const esp__integer_entry *e = k->entry + k->first[output], *end = k->entry + k->first[output + 1];
  esp__ints sum[VECTORS];
#pragma GCC unroll 12
  for (int i = 0; i < vectors * chains; i++)
    sum[i] = esp__ints_set(i < vectors ? k->planes.finish.bias[output] : 0);
  for (; e != end; e += chains) {
    __builtin_prefetch(e + AHEAD, 0, 2);
#pragma GCC unroll 4
    for (int c = 0; c < chains; c++) {
      const esp__ints w = esp__ints_set((int)e[c].weight);
      const uint32_t *at = x + e[c].x;
#pragma GCC unroll 12
      for (int v = 0; v < vectors; v++) {
        const esp__ints there = esp__ints_load(at + (size_t)(v / s.columns) * apart +
                                               v % s.columns * s.step * ESP_VECTOR);
        sum[c * vectors + v] = negative ? esp__dot_signed(sum[c * vectors + v], there, w)
                                        : esp__dot(sum[c * vectors + v], there, w);
      }
    }
  }
#pragma GCC unroll 12
  for (int i = vectors; i < vectors * chains; i++)
    sum[i % vectors] = esp__ints_add(sum[i % vectors], sum[i]);
#pragma GCC unroll 12
  for (int i = 0; i < vectors; i++) own->v[i] = sum[i];
}

/* ---- over planes ---- */

/* A function for each number of vectors and sign. */
typedef void sums_fn(const esp__integer_lists *k, const uint32_t *x, int output, pixels *own);
#define SUMS_OF(n, sign)                                                                    \
  static void sums_##n##_##sign(const esp__integer_lists *k, const uint32_t *x, int output, \
                                pixels *own) {                                              \
    sum_output(k, x, 0, output, (shape){1, n, 1}, sign, own);                               \
  }
#define BOTH(n) SUMS_OF(n, false) SUMS_OF(n, true)
BOTH(1)
BOTH(2)
BOTH(3)
BOTH(4)
BOTH(5)
BOTH(6)
BOTH(7)
BOTH(8)
BOTH(9)
BOTH(10)
BOTH(11)
BOTH(12)

#define ALL_SUMS(sign)                                                                      \
  sums_1_##sign, sums_2_##sign, sums_3_##sign, sums_4_##sign, sums_5_##sign, sums_6_##sign, \
      sums_7_##sign, sums_8_##sign, sums_9_##sign, sums_10_##sign, sums_11_##sign, sums_12_##sign
static sums_fn *const sums[][VECTORS] = {{ALL_SUMS(false)}, {ALL_SUMS(true)}};

void ESP_ISA_NAME(esp__integer_lists)(const esp__integer_lists *k) {
  const esp__integer_planes *p = &k->planes;
  for (const esp__stretch *s = p->stretch; s < p->stretch + p->stretches; s++)
    for (int quad = p->from; quad < p->from + p->quads; quad++) {
      const window w = {(size_t)s->y + (size_t)quad * p->y_quad, 0, 1, s->count, p->mask + s->mask};
      pixels own[ESP_QUAD];
      for (int o = 0; o < ESP_QUAD; o++)
        sums[p->negative][s->count - 1](k, p->x + s->x, quad * ESP_QUAD + o, &own[o]);
      finish(p, quad, own, &w);
    }
}

/* ---- over fields ---- */

/* Shape is a constant at each call below. */
ESP_INLINE void field_lists(const esp__integer_field_lists *k, const shape size) {
  const esp__integer_planes *p = &k->lists.planes;
  for (const esp__stretch *s = p->stretch; s < p->stretch + p->stretches; s++)
    for (int quad = p->from; quad < p->from + p->quads; quad++) {
      const window w = {(size_t)s->y + (size_t)quad * p->y_quad, k->shape.y_row, size.rows,
                        size.columns, NULL};
      pixels own[ESP_QUAD];
      for (int o = 0; o < ESP_QUAD; o++)
        sum_output(&k->lists, p->x + s->x, k->shape.x_row, quad * ESP_QUAD + o, size, false,
                   &own[o]);
      finish(p, quad, own, &w);
    }
}

#define FIELDS(down, right)                                                    \
  static void fields_##down##_##right##_1(const esp__integer_field_lists *k) { \
    field_lists(k, (shape){down, right, 1});                                   \
  }                                                                            \
  static void fields_##down##_##right##_2(const esp__integer_field_lists *k) { \
    field_lists(k, (shape){down, right, 2});                                   \
  }
ESP_FIELD_STRETCHES(FIELDS)

void ESP_ISA_NAME(esp__integer_field_lists)(const esp__integer_field_lists *k) {
#define STEPS(down, right) {fields_##down##_##right##_1, fields_##down##_##right##_2},
  static esp__integer_field_lists_fn *const of[][2] = {ESP_FIELD_STRETCHES(STEPS)};
  of[esp__field_stretch_of(k->shape.rows, k->shape.columns)][k->shape.step - 1](k);
}

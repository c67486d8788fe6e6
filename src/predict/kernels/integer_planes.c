/* Operations on bytes that are no layers: plain loops, but for the commonest pooling. */
#include "predict/kernels/integer_finish.h"

#include <math.h>

/* Each byte becomes the larger of two. */
static void larger(const int8_t *x, int bytes, int8_t *y) {
  for (int i = 0; i < bytes; i++) y[i] = x[i] > y[i] ? x[i] : y[i];
}

static int within(int v, int high) {
  return v < 0 ? 0 : v > high ? high : v;
}

static void pool_row(const esp__integer_maxpool *k, const uint32_t *x, int r, uint32_t *y) {
  const esp__pool *p = &k->pool;
  const int row = within(r * p->stride - p->padding, p->in.rows),
            end = within(r * p->stride - p->padding + p->size_rows, p->in.rows);
  for (int c = 0; c < p->out.width; c++) {
    const int column = within(c * p->stride - p->padding, p->in.width),
              last = within(c * p->stride - p->padding + p->size_columns, p->in.width);
    int8_t best[ESP_QUAD];
    memset(best, -ESP_LEVELS, sizeof best);
    for (int i = row; i < end; i++)
      for (int j = column; j < last; j++)
        larger((const int8_t *)(x + (size_t)i * k->x_row + j), ESP_QUAD, best);
    memcpy(y + c, best, sizeof best);
  }
}

#if ESP_VECTOR > 1
/* The larger ones of pairs of a row and the row below, a vector of pairs at a time; some words more
 * are read, and not used. */
ESP_INLINE esp__ints larger_of_pairs(const uint32_t *x, size_t row) {
  const esp__ints a = esp__bytes_most(esp__ints_load(x), esp__ints_load(x + row)),
                  b = esp__bytes_most(esp__ints_load(x + ESP_VECTOR),
                                      esp__ints_load(x + row + ESP_VECTOR));
  return esp__bytes_most(esp__ints_even(a, b), esp__ints_odd(a, b));
}

static void pool_row_of_pairs(const esp__integer_maxpool *k, const uint32_t *x, int r,
                              uint32_t *y) {
  const uint32_t *from = x + (size_t)(2 * r) * k->x_row;
  for (int c = 0; c < k->pool.out.width; c += ESP_VECTOR)
    esp__ints_store_some(y + c, larger_of_pairs(from + 2 * c, k->x_row), k->pool.out.width - c);
}

/* Windows of 2x2, side by side, all of them inside. */
static bool in_pairs(const esp__pool *p) {
  return p->size_rows == 2 && p->size_columns == 2 && p->stride == 2 && p->padding == 0 &&
         2 * p->out.rows <= p->in.rows && 2 * p->out.width <= p->in.width;
}
#else
#define pool_row_of_pairs pool_row
#define in_pairs(p) false
#endif

void ESP_ISA_NAME(esp__integer_maxpool)(const esp__integer_maxpool *k) {
  const bool pairs = in_pairs(&k->pool);
  for (size_t q = 0; q < (size_t)k->quads; q++)
    for (int r = 0; r < k->pool.out.rows; r++)
      (pairs ? pool_row_of_pairs : pool_row)(k, k->x + q * k->x_plane, r,
                                             k->y + q * k->y_plane + (size_t)r * k->y_row);
}

#if ESP_VECTOR > 1
#define larger_bytes(a, b) esp__bytes_most(a, b)
#else
ESP_INLINE esp__ints larger_bytes(esp__ints a, esp__ints b) {
  larger((const int8_t *)&a, ESP_QUAD, (int8_t *)&b);
  return b;
}
#endif

ESP_INLINE esp__ints largest(const float *x, size_t row) {
  const esp__ints above = larger_bytes(esp__ints_load(x), esp__ints_load(x + ESP_VECTOR)),
                  below =
                      larger_bytes(esp__ints_load(x + row), esp__ints_load(x + row + ESP_VECTOR));
  return larger_bytes(above, below);
}

void ESP_ISA_NAME(esp__integer_maxpool_fields)(esp__extents e, esp__planes x, esp__planes y) {
  for (size_t p = 0; p < (size_t)e.planes; p++)
    for (size_t r = 0; r < (size_t)e.rows; r++)
      for (size_t c = 0; c < (size_t)e.columns; c++)
        esp__ints_store(y.at + p * y.plane + r * y.row + c * ESP_VECTOR,
                        largest(x.at + p * x.plane + 2 * r * x.row + 2 * c * ESP_VECTOR, x.row));
}

/* `step` is a constant where it is 1. */
ESP_INLINE void quantise(const esp__integer_quantise *k, const size_t step) {
  const int part = 8 * k->part, columns = k->columns; /* of its own, which no store changes */
  const uint32_t keep = ~(UINT32_C(0xff) << part);
  const float inverse = k->inverse;
  for (int r = 0; r < k->rows; r++) {
    const float *restrict x = k->x + (size_t)r * k->x_row;
    uint32_t *restrict y = k->y + (size_t)r * k->y_row;
    for (int i = 0; i < columns; i++) {
      const float l = rintf(x[(size_t)i * step] * inverse);
      const float above = l > (float)-ESP_LEVELS ? l : (float)-ESP_LEVELS;
      const int q = (int)(above < (float)ESP_LEVELS ? above : (float)ESP_LEVELS);
      y[i] = (y[i] & keep) | (uint32_t)(q & 0xff) << part;
    }
  }
}

void ESP_ISA_NAME(esp__integer_quantise)(const esp__integer_quantise *k) {
  if (k->x_step == 1)
    quantise(k, 1);
  else
    quantise(k, k->x_step);
}

/* Sums of the weights that are there: a vector is some pixels of one output. Some vectors of some
 * outputs are in registers; per weight a broadcast, and a load for each vector of pixels. */
#include "predict/kernels/list_sums.h"

enum { SUMS = 12 }; /* vectors in registers, at most */

int ESP_ISA_NAME(esp__lists_together)(int vectors) {
  return vectors <= 2 ? 4 : vectors <= 5 ? 2 : 1;
}

/* `vectors` and `outputs` are constants at each call below. */
ESP_INLINE void sums(const esp__lists *k, const esp__stretch *s, const esp__list_row *row,
                     const int vectors, const int outputs) {
  esp__vec sum[SUMS];
  esp__list_sums(k, row, k->x + s->x, 0, (esp__list_shape){outputs, 1, vectors, 1}, sum);
#pragma GCC unroll 4
  for (int o = 0; o < outputs; o++) {
    const int32_t own = k->order[row->output + o];
    if (own < 0) continue;
    const esp__pixel_finish finish = esp__finish_of(&k->finish, (size_t)own);
    const size_t first = (size_t)s->y + (size_t)own * k->y_plane;
    const float *mask = k->mask + s->mask;
    float *y = k->y;
#pragma GCC unroll 1
    for (int v = 0; v < vectors; v++) {
      const size_t at = first + (size_t)(v * ESP_VECTOR);
      const esp__vec done = esp__finished_pixels(sum[o * vectors + v], &finish, at);
      esp__vec_store_any(y + at, esp__vec_unequal(esp__vec_load_any(mask + v * ESP_VECTOR),
                                                  esp__vec_set(0.0f), done));
    }
  }
}

#define VECTORS(n, outputs)      \
  case n:                        \
    sums(k, s, row, n, outputs); \
    break;

ESP_INLINE void one(const esp__lists *k, const esp__stretch *s, const esp__list_row *row) {
  switch (s->count) {
    VECTORS(1, 1)
    VECTORS(2, 1)
    VECTORS(3, 1)
    VECTORS(4, 1)
    VECTORS(5, 1)
    VECTORS(6, 1)
    VECTORS(7, 1) VECTORS(8, 1) VECTORS(9, 1) VECTORS(10, 1) VECTORS(11, 1) VECTORS(12, 1)
  }
}
ESP_INLINE void two(const esp__lists *k, const esp__stretch *s, const esp__list_row *row) {
  switch (s->count) {
    VECTORS(1, 2) VECTORS(2, 2) VECTORS(3, 2) VECTORS(4, 2) VECTORS(5, 2) VECTORS(6, 2)
  }
}
ESP_INLINE void four(const esp__lists *k, const esp__stretch *s, const esp__list_row *row) {
  switch (s->count) { VECTORS(1, 4) VECTORS(2, 4) VECTORS(3, 4) }
}

void ESP_ISA_NAME(esp__lists)(const esp__lists *k) {
  for (int i = 0; i < k->stretches; i++)
    for (int r = 0; r < k->rows; r++) {
      const esp__stretch *s = &k->stretch[i];
      const esp__list_row *row = &k->row[r];
      if (k->together == 1)
        one(k, s, row);
      else if (k->together == 2)
        two(k, s, row);
      else
        four(k, s, row);
    }
}

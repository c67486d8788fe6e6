/* Planes in fields: sums of the weights that are there, what lies around fields, and pooling. All
 * loads and stores are of whole lines. */
#include "base/integer.h"
#include "predict/kernels/field_stretches.h"
#include "predict/kernels/list_sums.h"

enum { SUMS = ESP_VECTOR == 8 ? 8 : 16 }; /* vectors in registers, at most */

/* Outputs of a stretch of so many rows and columns. */
ESP_INLINE int together(int rows, int columns) {
  return rows * columns == 1 ? 8 : esp__least(4, SUMS / (rows * columns));
}

int ESP_ISA_NAME(esp__field_together)(int rows, int columns) {
  return together(rows, columns);
}

/* Vectors are constants at each call below. */
ESP_INLINE void sums(const esp__field_lists *k, const esp__stretch *s, const esp__list_row *row,
                     const int rows, const int columns, const int step) {
  const int outputs = together(rows, columns), vectors = rows * columns;
  esp__vec sum[SUMS];
  esp__list_sums(&k->lists, row, k->lists.x + s->x, k->shape.x_row,
                 (esp__list_shape){outputs, rows, columns, step}, sum);
#pragma GCC unroll 8
  for (int o = 0; o < outputs; o++) {
    const int32_t own = k->lists.order[row->output + o];
    if (own < 0) continue;
    const esp__pixel_finish finish = esp__finish_of(&k->lists.finish, (size_t)own);
    const size_t first = (size_t)s->y + (size_t)own * k->lists.y_plane, next = k->shape.y_row;
    float *y = k->lists.y;
#pragma GCC unroll 1
    for (int v = 0; v < vectors; v++) {
      const size_t at = first + (v < columns ? 0 : next) + (size_t)(v % columns * ESP_VECTOR);
      esp__vec_store(y + at, esp__finished_pixels(sum[o * vectors + v], &finish, at));
    }
  }
}

#define EACH(down, right, apart)                                             \
  static void sums_##down##_##right##_##apart(const esp__field_lists *k) {   \
    for (int i = 0; i < k->lists.stretches; i++)                             \
      for (int r = 0; r < k->lists.rows; r++)                                \
        sums(k, &k->lists.stretch[i], &k->lists.row[r], down, right, apart); \
  }
#define EACH_STEP(down, right) EACH(down, right, 1) EACH(down, right, 2)
ESP_FIELD_STRETCHES(EACH_STEP)

void ESP_ISA_NAME(esp__field_lists_of)(const esp__field_lists *k) {
#define STEPS(down, right) {sums_##down##_##right##_1, sums_##down##_##right##_2},
  static esp__field_lists_fn *const of[][2] = {ESP_FIELD_STRETCHES(STEPS)};
  of[esp__field_stretch_of(k->shape.rows, k->shape.columns)][k->shape.step - 1](k);
}

/* ---- what is no sum ---- */

void ESP_ISA_NAME(esp__fill_fields)(const esp__fields *f, float *plane) {
  for (const esp__field_edge *e = f->edge; e < f->edge + f->edges; e++) {
    const int side = e->side * ESP_VECTOR;
    const esp__vec there = esp__vec_load_any(f->there + side),
                   v = esp__vec_permute(esp__vec_load(plane + e->from),
                                        esp__vec_places(f->place + side));
    esp__vec_store(plane + e->to, esp__vec_unequal(there, esp__vec_set(0.0f), v));
  }
}

ESP_INLINE esp__vec largest(const float *x, size_t row) {
  esp__vec best = esp__vec_load(x);
  best = esp__vec_larger(esp__vec_load(x + ESP_VECTOR), best);
  best = esp__vec_larger(esp__vec_load(x + row), best);
  return esp__vec_larger(esp__vec_load(x + row + ESP_VECTOR), best);
}

void ESP_ISA_NAME(esp__maxpool_fields)(esp__extents e, esp__planes x, esp__planes y) {
  for (size_t p = 0; p < (size_t)e.planes; p++)
    for (size_t r = 0; r < (size_t)e.rows; r++)
      for (size_t c = 0; c < (size_t)e.columns; c++)
        esp__vec_store(y.at + p * y.plane + r * y.row + c * ESP_VECTOR,
                       largest(x.at + p * x.plane + 2 * r * x.row + 2 * c * ESP_VECTOR, x.row));
}

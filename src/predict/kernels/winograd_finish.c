/* From the transform domain back to a block of outputs, with what follows the sum. */
#include "kernels/winograd_simd.h"
#include "predict/kernels/finish_simd.h"

ESP_INLINE void output_tile(const esp__winograd_finish *k, int t, size_t lane, const bool whole) {
  const esp__winograd_tile *s = &k->tile[t];
  const float *from = k->from + (size_t)t * ESP_BLOCK + lane;
  const size_t first = (size_t)s->y + lane;
  esp__vec along[ESP_WINOGRAD_SIDE][ESP_WINOGRAD_TILE];
  esp__winograd_output_rows(from, k->point_stride, along);
#pragma GCC unroll 4
  for (int c = 0; c < ESP_WINOGRAD_TILE; c++) {
    esp__vec y[ESP_WINOGRAD_TILE];
    esp__winograd_output_column(along, c, y);
#pragma GCC unroll 4
    for (int r = 0; r < ESP_WINOGRAD_TILE; r++) {
      const size_t at = first + (size_t)r * k->row + (size_t)(c * ESP_BLOCK);
      if (whole || (r < s->rows && c < s->columns))
        esp__vec_store(k->y + at, esp__finished(y[r], &k->finish, lane, at));
    }
  }
}

void ESP_ISA_NAME(esp__winograd_finish)(const esp__winograd_finish *k) {
  for (size_t lane = 0; lane < (size_t)k->outputs; lane += ESP_VECTOR)
    for (int t = 0; t < k->tiles; t++)
      if (k->tile[t].rows == ESP_WINOGRAD_TILE && k->tile[t].columns == ESP_WINOGRAD_TILE)
        output_tile(k, t, lane, true);
      else
        output_tile(k, t, lane, false);
}

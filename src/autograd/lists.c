#include "autograd/lists.h"

#include <stdlib.h>

static int32_t offset(const esp_tensor *t, int block, int row, int column) {
  return (int32_t)((ptrdiff_t)block * (ptrdiff_t)esp_block_stride(t) +
                   (ptrdiff_t)row * (ptrdiff_t)esp_row_stride(t) + (ptrdiff_t)column * ESP_LANES);
}

/* Offsets are 32 bits: a list must not span more than that. */
static esp_status check_span(const esp_tensor *a, const esp_tensor *b, int blocks, esp_error *err) {
  size_t span = esp_block_stride(a) > esp_block_stride(b) ? esp_block_stride(a) : esp_block_stride(b);
  if (span * (size_t)blocks > INT32_MAX)
    return esp_fail(err, ESP_ERR_MEMORY, "convolution: a layer of this size is too large");
  return ESP_OK;
}

static esp_status alloc(esp_graph *g, esp_lists *l, int pixels, int taps, esp_error *err) {
  ESP_TRY(esp_graph_alloc(g, (size_t)pixels * sizeof(esp_pixel), &l->pixel, err));
  ESP_TRY(esp_graph_alloc(g, (size_t)taps * sizeof(int32_t), &l->tap, err));
  return esp_graph_alloc(g, (size_t)taps * sizeof(int32_t), &l->place, err);
}

/* Patches are nearly square, so that their pixels share as many inputs as they can; their rows divide the
 * rows of the plane. */
static void set_patch(esp_lists *l, int width, int step, int patch) {
  static const int best_first[] = {4, 7, 5, 6, 3, 2, 1};
  const int *run = best_first;
  while (width % *run != 0) run++;
  l->run = step <= 2 ? *run : 1;
  l->step = step == 2 ? 2 * ESP_LANES : ESP_LANES;
  l->patch = patch / l->run * l->run;
}

/* Calls for each pixel (row, column) of a plane in the order of the list. */
#define EACH_PIXEL(l, rows, columns, r, c)                                     \
  for (int r0_ = 0; r0_ < (rows); r0_ += (l)->patch / (l)->run)                \
    for (int c0_ = 0; c0_ < (columns); c0_ += (l)->run)                        \
      for (int r = r0_; r < esp_least(rows, r0_ + (l)->patch / (l)->run); r++) \
        for (int c = c0_; c < c0_ + (l)->run; c++)

static int ascending(const void *a, const void *b) {
  const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
  return (x > y) - (x < y);
}

/* Distinct inputs among all taps of the first patch. */
static void count_lines(esp_lists *l) {
  enum { READS = 4096 };
  int32_t read[READS];
  int count = 0;
  for (int p = 0; p < esp_least(l->patch, l->pixels); p++)
    for (int t = 0; t < l->taps && count < READS; t++) read[count++] = l->pixel[p].x + l->tap[t];
  qsort(read, (size_t)count, sizeof *read, ascending);
  for (int i = 0; i < count; i++) l->lines += i == 0 || read[i] != read[i - 1];
}

esp_status esp_lists_forward(esp_graph *g, esp_lists *l, const esp_window *w, const esp_tensor *in,
                             const esp_tensor *out, int blocks, int patch, esp_error *err) {
  ESP_TRY(check_span(in, out, blocks, err));
  ESP_TRY(alloc(g, l, blocks * out->height * out->width, w->rows * w->columns, err));
  set_patch(l, out->width, w->stride, patch);
  for (int b = 0; b < blocks; b++) EACH_PIXEL(l, out->height, out->width, r, c)
  l->pixel[l->pixels++] = (esp_pixel){offset(in, b, r * w->stride - w->padding, c * w->stride - w->padding),
                                      offset(out, b, r, c)};
  for (int i = 0; i < w->rows * w->columns; i++) {
    l->tap[l->taps] = offset(in, 0, i / w->columns, i % w->columns);
    l->place[l->taps++] = i;
  }
  count_lines(l);
  return ESP_OK;
}

esp_status esp_lists_back(esp_graph *g, esp_lists *l, const esp_window *w, int row, int column,
                          const esp_tensor *in, const esp_tensor *out, int blocks, esp_error *err) {
  ESP_TRY(check_span(in, out, blocks, err));
  const int s = w->stride, rows = esp_ceil_div(in->height - row, s),
            columns = esp_ceil_div(in->width - column, s);
  if (rows <= 0 || columns <= 0) return ESP_OK;
  ESP_TRY(alloc(g, l, blocks * rows * columns, w->rows * w->columns, err));
  set_patch(l, columns, 1, ESP_SPARSE_TILE);
  for (int b = 0; b < blocks; b++) EACH_PIXEL(l, rows, columns, r, c)
  l->pixel[l->pixels++] = (esp_pixel){offset(out, b, r, c), offset(in, b, row + r * s, column + c * s)};
  for (int i = w->rows * w->columns - 1; i >= 0; i--) {
    const int r = row + w->padding - i / w->columns, c = column + w->padding - i % w->columns;
    if (esp_floor_div(r, s) * s != r || esp_floor_div(c, s) * s != c) continue;
    l->tap[l->taps] = offset(out, 0, esp_floor_div(r, s), esp_floor_div(c, s));
    l->place[l->taps++] = i;
  }
  count_lines(l);
  return ESP_OK;
}

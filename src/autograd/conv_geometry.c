#include "autograd/conv_geometry.h"

#include <stdlib.h>

static int32_t offset(const esp_tensor *t, int block, int row, int column) {
  return (int32_t)((ptrdiff_t)block * (ptrdiff_t)esp_block_stride(t) +
                   (ptrdiff_t)row * (ptrdiff_t)esp_row_stride(t) + (ptrdiff_t)column * ESP_LANES);
}

/* Offsets are 32 bits: a geometry must not span more than that. */
static esp_status check_span(const esp_tensor *a, const esp_tensor *b, int blocks, esp_error *err) {
  size_t span =
      esp_block_stride(a) > esp_block_stride(b) ? esp_block_stride(a) : esp_block_stride(b);
  if (span * (size_t)blocks > INT32_MAX)
    return esp_fail(err, ESP_ERR_MEMORY, "convolution: a layer of this size is too large");
  return ESP_OK;
}

static esp_status alloc_taps(esp_graph *g, esp__conv_geometry *l, int taps, esp_error *err) {
  ESP_TRY(esp__graph_alloc(g, (size_t)taps * sizeof *l->at, &l->at, err));
  ESP_TRY(esp__graph_alloc(g, (size_t)taps * sizeof *l->tap, &l->tap, err));
  return esp__graph_alloc(g, (size_t)taps * sizeof *l->place, &l->place, err);
}

/* Patches are nearly square, so that their pixels share as many inputs as they can; their rows
 * divide the rows of the plane. */
static void set_patch(esp__conv_geometry *l, int width, int step, int patch) {
  static const int best_first[] = {8, 4, 7, 5, 6, 3, 2, 1};
  const int *run = best_first + (patch < ESP_WEIGHTS_PATCH);
  while (width % *run != 0) run++;
  l->all.run = step <= 2 ? *run : 1;
  l->all.step = step == 2 ? 2 * ESP_LANES : ESP_LANES;
  l->all.patch = patch / l->all.run * l->all.run;
}

/* Each pixel (r, c) of a block of images, patch by patch. */
#define EACH_PIXEL(l, r, c)                                                                        \
  for (int r0_ = 0; r0_ < (l)->grid.rows.count; r0_ += (l)->all.patch / (l)->all.run)              \
    for (int c0_ = 0; c0_ < (l)->grid.columns.count; c0_ += (l)->all.run)                          \
      for (int r = r0_; r < esp__least((l)->grid.rows.count, r0_ + (l)->all.patch / (l)->all.run); \
           r++)                                                                                    \
        for (int c = c0_; c < c0_ + (l)->all.run; c++)

static int read_at(esp__grid_axis a, int i) {
  return i * a.read_step + a.read_first;
}
static int write_at(esp__grid_axis a, int i) {
  return i * a.write_step + a.write_first;
}

static esp__pixel pixel_at(const esp__grid *d, int block, int r, int c) {
  return (esp__pixel){offset(d->from, block, read_at(d->rows, r), read_at(d->columns, c)),
                      offset(d->to, block, write_at(d->rows, r), write_at(d->columns, c))};
}

static int ascending(const void *a, const void *b) {
  const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
  return (x > y) - (x < y);
}

/* Distinct inputs among all taps of the first patch. */
static esp_status find_lines(esp_graph *g, esp__pixel_set *p, esp_error *err) {
  enum { READS = 4096 };
  int32_t read[READS];
  int count = 0;
  for (int i = 0; i < esp__least(p->patch, p->pixels); i++)
    for (int t = 0; t < p->taps && count < READS; t++)
      read[count++] = p->pixel[i].x + p->tap[t].x - p->pixel[0].x;
  qsort(read, (size_t)count, sizeof *read, ascending);
  p->lines = 0;
  for (int i = 0; i < count; i++)
    if (i == 0 || read[i] != read[i - 1]) read[p->lines++] = read[i];
  ESP_TRY(esp__graph_alloc(g, (size_t)p->lines * sizeof *p->line, &p->line, err));
  for (int i = 0; i < p->lines; i++) p->line[i] = read[i];
  return ESP_OK;
}

static esp_status alloc_set(esp_graph *g, esp__pixel_set *p, int pixels, int taps, esp_error *err) {
  ESP_TRY(esp__graph_alloc(g, (size_t)pixels * sizeof *p->pixel, &p->pixel, err));
  return esp__graph_alloc(g, (size_t)taps * sizeof *p->tap, &p->tap, err);
}

/* From the grid and the taps' rows and columns. */
static esp_status build(esp_graph *g, esp__conv_geometry *l, int patch, esp_error *err) {
  const esp__grid *d = &l->grid;
  ESP_TRY(check_span(d->from, d->to, d->blocks, err));
  esp__pixel_set *all = &l->all;
  ESP_TRY(alloc_set(g, all, d->blocks * d->rows.count * d->columns.count, l->taps, err));
  set_patch(l, d->columns.count, d->columns.read_step, patch);
  for (int b = 0; b < d->blocks; b++)
    EACH_PIXEL(l, r, c) all->pixel[all->pixels++] = pixel_at(d, b, r, c);
  for (int t = 0; t < l->taps; t++) {
    l->tap[t] = offset(d->from, 0, l->at[t].row, l->at[t].column);
    all->tap[all->taps++] = (esp__tap){l->tap[t], t};
  }
  return find_lines(g, all, err);
}

esp_status esp__conv_geometry_forward(esp_graph *g, esp__conv_geometry *l, const esp__window *w,
                                      const esp_tensor *in, const esp_tensor *out, int blocks,
                                      int patch, esp_error *err) {
  l->grid = (esp__grid){in,
                        out,
                        blocks,
                        {out->height, w->rows.stride, -w->rows.padding, 1, 0},
                        {out->width, w->columns.stride, -w->columns.padding, 1, 0}};
  l->taps = esp__window_taps(w);
  ESP_TRY(alloc_taps(g, l, l->taps, err));
  for (int i = 0; i < l->taps; i++) {
    l->at[i] = (esp__tap_pos){i / w->columns.taps, i % w->columns.taps};
    l->place[i] = i;
  }
  return build(g, l, patch, err);
}

esp_status esp__conv_geometry_backward(esp_graph *g, esp__conv_geometry *l, const esp__window *w,
                                       int row, int column, const esp_tensor *in,
                                       const esp_tensor *out, int blocks, esp_error *err) {
  const int down = w->rows.stride, across = w->columns.stride;
  const int rows = esp__ceil_div(in->height - row, down),
            columns = esp__ceil_div(in->width - column, across);
  if (rows <= 0 || columns <= 0) return ESP_OK;
  l->grid = (esp__grid){out, in, blocks, {rows, 1, 0, down, row}, {columns, 1, 0, across, column}};
  ESP_TRY(alloc_taps(g, l, esp__window_taps(w), err));
  for (int i = esp__window_taps(w) - 1; i >= 0; i--) {
    const int r = row + w->rows.padding - i / w->columns.taps,
              c = column + w->columns.padding - i % w->columns.taps;
    if (esp__floor_div(r, down) * down != r || esp__floor_div(c, across) * across != c) continue;
    l->at[l->taps] = (esp__tap_pos){esp__floor_div(r, down), esp__floor_div(c, across)};
    l->place[l->taps++] = i;
  }
  return build(g, l, ESP_SPARSE_TILE, err);
}

esp_status esp__conv_geometry_tokens(esp_graph *g, esp__conv_geometry *l, const esp_tensor *from,
                                     int first_from, const esp_tensor *to, int first_to, int tokens,
                                     int blocks, int patch, esp_error *err) {
  l->grid = (esp__grid){from, to, blocks, {1, 1, 0, 1, 0}, {tokens, 1, first_from, 1, first_to}};
  ESP_TRY(alloc_taps(g, l, 1, err));
  l->taps = 1;
  l->at[0] = (esp__tap_pos){0, 0};
  l->place[0] = 0;
  return build(g, l, patch, err);
}

/* ---- sets ---- */

enum {
  SMALL_PLANE = 64,
  MEDIUM_PLANE = 256, /* up to which it is asked how many taps read padding */
  /* Pixels of a plane up to which the sparse kernels go by sets: in a larger one the rows that each
   * set needs would cost more than they save. */
  SPARSE_SETS_PLANE = 4,
  TAPS_MAX = 64,
  BLOCKS_WANTED = 8 /* that fill tiles even with corners */
};

static bool inside(int at, int size) {
  return at >= 0 && at < size;
}

/* Which taps of a pixel read the plane and not its border: one bit each. */
static uint64_t taps_inside(const esp__conv_geometry *l, int r, int c) {
  const esp__grid *d = &l->grid;
  uint64_t bits = 0;
  for (int t = 0; t < l->taps; t++)
    if (inside(read_at(d->rows, r) + l->at[t].row, d->from->height) &&
        inside(read_at(d->columns, c) + l->at[t].column, d->from->width))
      bits |= (uint64_t)1 << t;
  return bits;
}

/* Whether the pixels of a plane are listed by their taps: in a small one, and in one of medium size
 * where a quarter of the taps read padding, as behind a window that is not much smaller. */
static bool goes_by_sets(const esp__conv_geometry *l, int plane) {
  if (plane > MEDIUM_PLANE || l->taps > TAPS_MAX) return false;
  if (plane <= SMALL_PLANE) return true;
  int inside_all = 0;
  EACH_PIXEL(l, r, c) inside_all += __builtin_popcountll(taps_inside(l, r, c));
  return 4 * inside_all <= 3 * plane * l->taps;
}

static esp_status add_set(esp_graph *g, esp__conv_geometry *l, uint64_t bits, int pixels,
                          esp_error *err) {
  esp__pixel_set *set = &l->set[l->sets++];
  ESP_TRY(alloc_set(g, set, pixels, l->taps, err));
  for (int t = 0; t < l->taps; t++)
    if (bits >> t & 1) set->tap[set->taps++] = (esp__tap){l->tap[t], t};
  return ESP_OK;
}

/* Whether the set's pixels, `each` in a block of images, come in runs of that length. */
static bool has_runs(const esp__pixel_set *p, int each, int run) {
  if (each % run != 0) return false;
  for (int i = 0; i < p->pixels; i++)
    if (p->pixel[i].x != p->pixel[i - i % run].x + i % run * p->step) return false;
  return true;
}

static esp_status find_runs(esp_graph *g, esp__conv_geometry *l, esp__pixel_set *p,
                            esp_error *err) {
  p->step = l->all.step;
  p->run = 7;
  while (!has_runs(p, p->pixels / l->set_blocks, p->run)) p->run--;
  p->patch = ESP_SPARSE_TILE / p->run * p->run;
  return find_lines(g, p, err);
}

/* The set for those taps, a new one if there is none. */
static esp_status set_for(esp_graph *g, esp__conv_geometry *l, uint64_t *known, uint64_t bits,
                          int pixels, int *set, esp_error *err) {
  for (*set = 0; *set < l->sets && known[*set] != bits;) ++*set;
  if (*set < l->sets) return ESP_OK;
  known[*set] = bits;
  return add_set(g, l, bits, pixels, err);
}

/* Every pixel of a plane into the set for its taps. */
static esp_status deal(esp_graph *g, esp__conv_geometry *l, int plane, esp_error *err) {
  uint64_t known[MEDIUM_PLANE];
  for (int b = 0; b < l->set_blocks; b++) EACH_PIXEL(l, r, c) {
      int i;
      ESP_TRY(set_for(g, l, known, taps_inside(l, r, c), plane * l->set_blocks, &i, err));
      esp__pixel_set *set = &l->set[i];
      set->pixel[set->pixels++] = pixel_at(&l->grid, b, r, c);
    }
  return ESP_OK;
}

esp_status esp__conv_geometry_sets(esp_graph *g, esp__conv_geometry *l, esp_error *err) {
  const int plane = l->grid.rows.count * l->grid.columns.count;
  if (l->all.pixels == 0) return ESP_OK;
  if (!goes_by_sets(l, plane)) {
    l->set = &l->all;
    l->sets = 1;
    l->set_blocks = l->grid.blocks;
    return ESP_OK;
  }
  l->set_blocks = esp__least(l->grid.from->blocks, BLOCKS_WANTED);
  ESP_TRY(check_span(l->grid.from, l->grid.to, l->set_blocks, err));
  ESP_TRY(esp__graph_alloc(g, (size_t)plane * sizeof *l->set, &l->set, err));
  ESP_TRY(deal(g, l, plane, err));
  l->sparse_by_set = plane > 1 && plane <= SPARSE_SETS_PLANE;
  for (int i = 0; l->sparse_by_set && i < l->sets; i++) ESP_TRY(find_runs(g, l, &l->set[i], err));
  return ESP_OK;
}

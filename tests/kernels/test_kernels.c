/* Every kernel of every instruction set returns the scalar kernel's bits and keeps to its own
 * memory. A kernel without a trial here does not compile: the suite is made from ESP_KERNELS. */
#include "kernels/trial.h"
#include "suite.h"

#include "base/integer.h"

#include <stdlib.h>

enum { KEYS = 400, LANE_BYTES = ESP_LANES * sizeof(float) };

/* ---- correlation ---- */

/* Cells of 16 floats that a list of pixels reads: each channel has `cells`, taps reach `reach` to
 * either side. */
typedef struct field {
  int cells, reach, base;
  esp__pixel *pixel;
  int pixels;
} field;

/* Pixels anywhere in the channel; the first and the last touch its ends. They write different
 * cells. */
static field draw_field(trial *t, int pixels, int *written_cells) {
  field f = {.reach = trial_draw(t, 0, 6), .pixels = pixels};
  f.cells = 2 * f.reach + trial_draw(t, 1, 40);
  f.base = trial_draw(t, 0, f.cells - 1);
  *written_cells = pixels + trial_draw(t, 0, 9);
  uint32_t *order = calloc((size_t)*written_cells, sizeof *order);
  ck_assert_ptr_nonnull(order);
  esp_random_permutation(t->key, order, (uint32_t)*written_cells);
  f.pixel = trial_take(t, (size_t)pixels * sizeof *f.pixel);
  for (int i = 0; i < pixels; i++) {
    const int low = f.reach, high = f.cells - 1 - f.reach;
    const int cell = i == 0 ? low : i == pixels - 1 ? high : trial_draw(t, low, high);
    f.pixel[i] = (esp__pixel){(cell - f.base) * ESP_LANES, (int32_t)order[i] * ESP_LANES};
  }
  free(order);
  return f;
}

static int32_t draw_tap(trial *t, const field *f, int i, int taps) {
  const int cell = i == 0          ? -f->reach
                   : i == taps - 1 ? f->reach
                                   : trial_draw(t, -f->reach, f->reach);
  return cell * ESP_LANES;
}

static esp__epilogue draw_switches(trial *t) {
  return (esp__epilogue){.accumulate = trial_flip(t), .relu = trial_flip(t)};
}

static void draw_epilogue(trial *t, esp__epilogue *f, int outputs, size_t floats) {
  if (trial_flip(t)) f->bias = trial_floats(t, (size_t)outputs);
  if (trial_flip(t)) f->residual = trial_floats(t, floats);
  if (!trial_flip(t)) return;
  f->scale = trial_floats(t, (size_t)outputs);
  f->shift = trial_floats(t, (size_t)outputs);
}

static void try_correlate(trial *t) {
  int cells;
  const int taps = trial_draw(t, 1, 25);
  const field f = draw_field(t, trial_draw(t, 1, 40), &cells);
  esp__correlate k = {.pixel = f.pixel,
                      .pixels = f.pixels,
                      .taps = taps,
                      .channels = trial_draw(t, 1, 9),
                      .outputs = trial_draw(t, 1, 13),
                      .epilogue = draw_switches(t)};
  esp__tap *tap = trial_take(t, (size_t)taps * sizeof *tap);
  k.weights = taps + trial_draw(t, 0, 3);
  for (int i = 0; i < taps; i++)
    tap[i] = (esp__tap){draw_tap(t, &f, i, taps), trial_draw(t, 0, k.weights - 1)};
  k.tap = tap;
  k.x_channel = (size_t)f.cells * ESP_LANES;
  k.x = trial_floats(t, (size_t)k.channels * k.x_channel) + f.base * ESP_LANES;
  k.y_channel = (size_t)cells * ESP_LANES;
  k.y = trial_floats(t, (size_t)k.outputs * k.y_channel);
  k.weight = trial_floats(t, (size_t)(k.outputs * k.channels * k.weights));
  draw_epilogue(t, &k.epilogue, k.outputs, (size_t)k.outputs * k.y_channel);
  trial_seal(t);
  for (int o = 0; o < k.outputs; o++)
    for (int p = 0; p < k.pixels; p++)
      trial_writes(t, k.y + k.pixel[p].y + (size_t)o * k.y_channel, LANE_BYTES);
  t->kernels->correlate(&k);
}

/* Like draw_field, with pixels in runs of `run` at steps of `step` cells. */
static field draw_runs(trial *t, int run, int step, int *written_cells) {
  field f = draw_field(t, run * trial_draw(t, 1, 40 / run + 1), written_cells);
  const int span = (run - 1) * step;
  f.cells += span; /* a run that starts at the last cell still fits */
  for (int i = 0; i < f.pixels; i++)
    f.pixel[i].x = f.pixel[i - i % run].x + i % run * step * ESP_LANES;
  return f;
}

/* Rows of entries by block of channels and output, some of them empty, some of them outputs of
 * another work item; their columns meet any channel. */
typedef struct entries {
  const uint32_t *row_ptr;
  const int32_t *col;
  int blocks, rows, first;
  uint32_t nnz;
} entries;

static entries draw_entries(trial *t, const field *f, int outputs, int channels) {
  entries n = {.blocks = trial_draw(t, 1, 4), .first = trial_draw(t, 0, 2)};
  n.rows = n.first + outputs + trial_draw(t, 0, 2);
  const int all = n.blocks * n.rows, most_nnz = trial_flip(t) ? 3 : 20;
  uint32_t *row_ptr = trial_take(t, (size_t)(all + 1) * sizeof *row_ptr);
  row_ptr[0] = 0;
  for (int i = 0; i < all; i++) row_ptr[i + 1] = row_ptr[i] + (uint32_t)trial_draw(t, 0, most_nnz);
  n.nnz = row_ptr[all];
  int32_t *col = trial_take(t, (n.nnz + 1) * sizeof *col);
  for (uint32_t i = 0; i <= n.nnz; i++)
    col[i] =
        draw_tap(t, f, (int)i, (int)n.nnz) + trial_draw(t, 0, channels - 1) * f->cells * ESP_LANES;
  n.row_ptr = row_ptr + n.first;
  n.col = col;
  return n;
}

static void try_correlate_csr(trial *t) {
  int cells;
  const int run = trial_draw(t, 1, 7), step = trial_draw(t, 1, 2), channels = trial_draw(t, 1, 9);
  const field f = draw_runs(t, run, step, &cells);
  esp__correlate_csr k = {.pixel = f.pixel,
                          .pixels = f.pixels,
                          .run = run,
                          .step = step * ESP_LANES,
                          .outputs = trial_draw(t, 1, 13),
                          .epilogue = draw_switches(t)};
  const entries n = draw_entries(t, &f, k.outputs, channels);
  k.row_ptr = n.row_ptr;
  k.blocks = n.blocks;
  k.rows = n.rows;
  k.col = n.col;
  k.val = trial_floats(t, n.nnz + 1);
  k.x = trial_floats(t, (size_t)(channels * f.cells * ESP_LANES)) + f.base * ESP_LANES;
  k.y_channel = (size_t)cells * ESP_LANES;
  k.y = trial_floats(t, (size_t)k.outputs * k.y_channel);
  draw_epilogue(t, &k.epilogue, k.outputs, (size_t)k.outputs * k.y_channel);
  const size_t room = (size_t)(k.outputs * ESP_SPARSE_TILE) * LANE_BYTES;
  guard scratch; /* what is left there may differ */
  guard_open(&scratch, room);
  k.partial_sums = guard_place(&scratch, room, t->at_end);
  trial_seal(t);
  for (int o = 0; o < k.outputs; o++)
    for (int p = 0; p < k.pixels; p++)
      trial_writes(t, k.y + k.pixel[p].y + (size_t)o * k.y_channel, LANE_BYTES);
  t->kernels->correlate_csr(&k);
  ck_assert(guard_intact(&scratch));
  guard_close(&scratch);
}

/* Pixels whose y follow each other within a run too. */
static field draw_rows(trial *t, int run, int step, int *written_cells) {
  field f = draw_runs(t, run, step, written_cells);
  *written_cells += run;
  for (int i = 0; i < f.pixels; i++) f.pixel[i].y = f.pixel[i - i % run].y + i % run * ESP_LANES;
  return f;
}

static void try_correlate_weights_csr(trial *t) {
  int cells;
  const int run = trial_draw(t, 1, 8), step = trial_draw(t, 1, 2), channels = trial_draw(t, 1, 9);
  const field f = draw_rows(t, run, step, &cells);
  esp__correlate_weights_csr k = {.pixel = f.pixel,
                                  .pixels = f.pixels,
                                  .patch = run * trial_draw(t, 1, 4),
                                  .run = run,
                                  .step = step * ESP_LANES,
                                  .outputs = trial_draw(t, 1, 4)};
  const entries n = draw_entries(t, &f, k.outputs, channels);
  k.row_ptr = n.row_ptr;
  k.blocks = n.blocks;
  k.rows = n.rows;
  k.col = n.col;
  k.x = trial_floats(t, (size_t)(channels * f.cells * ESP_LANES)) + f.base * ESP_LANES;
  k.y_channel = (size_t)cells * ESP_LANES;
  k.y = trial_floats(t, (size_t)k.outputs * k.y_channel);
  k.sum = trial_floats(t, n.nnz + 1);
  const size_t room = (n.nnz + 1) * LANE_BYTES;
  guard scratch;
  guard_open(&scratch, room);
  k.partial_sums = guard_place(&scratch, room, t->at_end);
  trial_seal(t);
  for (int b = 0; b < k.blocks; b++) {
    const uint32_t first = k.row_ptr[b * k.rows], end = k.row_ptr[b * k.rows + k.outputs];
    trial_writes(t, k.sum + first, (end - first) * sizeof(float));
  }
  t->kernels->correlate_weights_csr(&k);
  ck_assert(guard_intact(&scratch));
  guard_close(&scratch);
}

/* A list per tile of outputs, of places that any channel has; and the outputs in some perm. */
static entries draw_tiles(trial *t, const field *f, int outputs, int channels, int32_t **perm) {
  const int tiles = (outputs + ESP_TILE - 1) / ESP_TILE;
  uint32_t *row_ptr = trial_take(t, (size_t)(tiles + 1) * sizeof *row_ptr);
  *perm = trial_take(t, (size_t)outputs * sizeof **perm);
  row_ptr[0] = (uint32_t)trial_draw(t, 0, 5);
  for (int i = 0; i < tiles; i++) row_ptr[i + 1] = row_ptr[i] + (uint32_t)trial_draw(t, 0, 20);
  const int shift = trial_draw(t, 0, outputs - 1);
  for (int i = 0; i < outputs; i++) (*perm)[i] = (i + shift) % outputs;
  const uint32_t nnz = row_ptr[tiles];
  int32_t *col = trial_take(t, (nnz + 1) * sizeof *col);
  for (uint32_t i = 0; i <= nnz; i++)
    col[i] =
        draw_tap(t, f, (int)i, (int)nnz) + trial_draw(t, 0, channels - 1) * f->cells * ESP_LANES;
  return (entries){.row_ptr = row_ptr, .col = col, .nnz = nnz};
}

static void try_correlate_bcsr(trial *t) {
  int cells, channels = trial_draw(t, 1, 9);
  int32_t *perm;
  const field f = draw_field(t, trial_draw(t, 1, 40), &cells);
  esp__correlate_bcsr k = {.pixel = f.pixel,
                           .pixels = f.pixels,
                           .outputs = trial_draw(t, 1, 13),
                           .epilogue = draw_switches(t)};
  const entries n = draw_tiles(t, &f, k.outputs, channels, &perm);
  k.row_ptr = n.row_ptr;
  k.col = n.col;
  k.perm = perm;
  k.val = trial_floats(t, (n.nnz + 1) * ESP_TILE);
  k.x = trial_floats(t, (size_t)(channels * f.cells * ESP_LANES)) + f.base * ESP_LANES;
  k.y_channel = (size_t)cells * ESP_LANES;
  k.y = trial_floats(t, (size_t)k.outputs * k.y_channel);
  draw_epilogue(t, &k.epilogue, k.outputs, (size_t)k.outputs * k.y_channel);
  trial_seal(t);
  for (int o = 0; o < k.outputs; o++)
    for (int p = 0; p < k.pixels; p++)
      trial_writes(t, k.y + k.pixel[p].y + (size_t)o * k.y_channel, LANE_BYTES);
  t->kernels->correlate_bcsr(&k);
}

static void try_correlate_weights_bcsr(trial *t) {
  int cells, channels = trial_draw(t, 1, 9);
  int32_t *perm;
  const field f = draw_field(t, trial_draw(t, 1, 150), &cells);
  esp__correlate_weights_bcsr k = {
      .pixel = f.pixel, .pixels = f.pixels, .outputs = trial_draw(t, 1, 9)};
  const entries n = draw_tiles(t, &f, k.outputs, channels, &perm);
  const int tiles = (k.outputs + ESP_TILE - 1) / ESP_TILE;
  k.row_ptr = n.row_ptr;
  k.col = n.col;
  k.perm = perm;
  k.x = trial_floats(t, (size_t)(channels * f.cells * ESP_LANES)) + f.base * ESP_LANES;
  k.y_channel = (size_t)cells * ESP_LANES;
  k.y = trial_floats(t, (size_t)k.outputs * k.y_channel);
  k.sum = trial_floats(t, (n.nnz + 1) * ESP_TILE);
  const size_t room = (n.nnz - n.row_ptr[0] + 1) * ESP_TILE * LANE_BYTES;
  guard scratch;
  guard_open(&scratch, room);
  k.partial_sums = guard_place(&scratch, room, t->at_end);
  trial_seal(t);
  for (uint32_t e = n.row_ptr[0]; e < n.nnz; e++)
    trial_writes(
        t, k.sum + (e - n.row_ptr[0]) * ESP_TILE,
        (e < n.row_ptr[tiles - 1] || k.outputs % ESP_TILE == 0 ? ESP_TILE
                                                               : (size_t)(k.outputs % ESP_TILE)) *
            sizeof(float));
  t->kernels->correlate_weights_bcsr(&k);
  ck_assert(guard_intact(&scratch));
  guard_close(&scratch);
}

static void try_correlate_weights(trial *t) {
  int cells;
  const field f = draw_field(t, trial_draw(t, 1, 150), &cells);
  esp__correlate_weights k = {.pixel = f.pixel,
                              .pixels = f.pixels,
                              .columns = trial_draw(t, 1, 30),
                              .outputs = trial_draw(t, 1, 9)};
  const int channels = trial_draw(t, 1, 9);
  k.add = trial_flip(t);
  int32_t *column = trial_take(t, (size_t)k.columns * sizeof *column);
  for (int i = 0; i < k.columns; i++)
    column[i] =
        draw_tap(t, &f, i, k.columns) +
        (i == k.columns - 1 ? channels - 1 : trial_draw(t, 0, channels - 1)) * f.cells * ESP_LANES;
  k.column = column;
  k.x = trial_floats(t, (size_t)(channels * f.cells * ESP_LANES)) + f.base * ESP_LANES;
  k.y_channel = (size_t)cells * ESP_LANES;
  k.y = trial_floats(t, (size_t)k.outputs * k.y_channel);
  k.sum_stride = (size_t)(k.columns + trial_draw(t, 0, 3));
  k.sum = trial_floats(t, (size_t)k.outputs * k.sum_stride);
  const size_t room = (size_t)(k.pixels <= 64 ? ESP_TILE * 8 : k.outputs * k.columns) * LANE_BYTES;
  guard scratch; /* what is left there may differ */
  guard_open(&scratch, room);
  k.partial_sums = guard_place(&scratch, room, t->at_end);
  trial_seal(t);
  for (int o = 0; o < k.outputs; o++)
    trial_writes(t, k.sum + (size_t)o * k.sum_stride, (size_t)k.columns * sizeof(float));
  t->kernels->correlate_weights(&k);
  ck_assert(guard_intact(&scratch));
  guard_close(&scratch);
}

/* ---- Winograd ---- */

/* Floats from one point to the next, of `used` that are used: none beside them, or up to `most`
 * units. */
static size_t draw_point_stride(trial *t, size_t used, int most, size_t unit) {
  return used + (size_t)(trial_flip(t) ? trial_draw(t, 1, most) : 0) * unit;
}

static float *draw_points(trial *t, size_t point_stride, size_t used) {
  return trial_floats(t, (ESP_WINOGRAD_POINTS - 1) * point_stride + used);
}

static void writes_points(trial *t, const float *to, size_t point_stride, size_t used) {
  for (size_t p = 0; p < ESP_WINOGRAD_POINTS; p++)
    trial_writes(t, to + p * point_stride, used * sizeof(float));
}

/* A plane and tiles in it, of so many pixels around as many outputs as are not cut off. The first
 * and the last touch its ends; the others are anywhere. */
typedef struct winograd_plane {
  float *plane; /* where their offsets begin */
  size_t row;
  esp__winograd_tile *tile;
  int tiles;
} winograd_plane;

/* How much of a tile is in the plane, counted in outputs. */
static int draw_side(trial *t) {
  return trial_flip(t) ? ESP_WINOGRAD_TILE : trial_draw(t, 1, ESP_WINOGRAD_TILE);
}

static winograd_plane draw_tiles_anywhere(trial *t, int around) {
  const int most = ESP_WINOGRAD_TILE + around, height = trial_draw(t, most, 12),
            width = trial_draw(t, most, 12), row = width + trial_draw(t, 0, 3),
            cells = (height - 1) * row + width, base = trial_draw(t, 0, cells - 1);
  winograd_plane s = {.row = (size_t)(row * ESP_LANES), .tiles = trial_draw(t, 1, 20)};
  s.plane = trial_floats(t, (size_t)(cells * ESP_LANES)) + base * ESP_LANES;
  s.tile = trial_take(t, (size_t)s.tiles * sizeof *s.tile);
  for (int i = 0; i < s.tiles; i++) {
    const int rows = draw_side(t), columns = draw_side(t), bottom = height - rows - around,
              right = width - columns - around;
    const int cell = i == 0             ? 0
                     : i == s.tiles - 1 ? bottom * row + right
                                        : trial_draw(t, 0, bottom) * row + trial_draw(t, 0, right);
    const int32_t at = (cell - base) * ESP_LANES;
    s.tile[i] = (esp__winograd_tile){at, at, (int16_t)rows, (int16_t)columns};
  }
  return s;
}

/* What is read next is prefetched, wherever it is. */
static void try_winograd_plane(trial *t, int around,
                               void (*const kernel)(const esp__winograd_plane *)) {
  const winograd_plane s = draw_tiles_anywhere(t, around);
  const size_t used = (size_t)s.tiles * ESP_LANES,
               point_stride = draw_point_stride(t, used, 3, ESP_LANES);
  const esp__winograd_plane k = {.plane = s.plane,
                                 .row = s.row,
                                 .tile = s.tile,
                                 .tiles = s.tiles,
                                 .to = draw_points(t, point_stride, used),
                                 .point_stride = point_stride,
                                 .prefetch = trial_flip(t) ? trial_draw(t, 0, 1 << 24) : 0};
  trial_seal(t);
  writes_points(t, k.to, point_stride, used);
  kernel(&k);
}

static void try_winograd_input(trial *t) {
  try_winograd_plane(t, 2, t->kernels->winograd_input);
}

static void try_winograd_gradient(trial *t) {
  try_winograd_plane(t, 0, t->kernels->winograd_gradient);
}

/* `count` different numbers below `all`, in some order. */
static int32_t *draw_order(trial *t, int count, int all) {
  int32_t *to = trial_take(t, (size_t)count * sizeof *to);
  uint32_t *order = calloc((size_t)all, sizeof *order);
  ck_assert_ptr_nonnull(order);
  esp_random_permutation(esp_key_of(t->key, t->draws++), order, (uint32_t)all);
  for (int i = 0; i < count; i++) to[i] = (int32_t)order[i];
  free(order);
  return to;
}

/* Tiles that do not overlap, all those of a plane or some; those at its right and lower border
 * may be cut off. */
static winograd_plane draw_outputs(trial *t, int *cells, int *base) {
  const int height = trial_draw(t, 1, 14), width = trial_draw(t, 1, 14),
            row = width + trial_draw(t, 0, 3), columns = esp__ceil_div(width, ESP_WINOGRAD_TILE);
  winograd_plane s = {.row = (size_t)(row * ESP_LANES),
                      .tiles = esp__ceil_div(height, ESP_WINOGRAD_TILE) * columns};
  *cells = (height - 1) * row + width;
  *base = trial_draw(t, 0, *cells - 1);
  s.plane = trial_floats(t, (size_t)(*cells * ESP_LANES)) + *base * ESP_LANES;
  const int32_t *order = draw_order(t, s.tiles, s.tiles);
  s.tile = trial_take(t, (size_t)s.tiles * sizeof *s.tile);
  for (int i = 0; i < s.tiles; i++) {
    const int r = order[i] / columns * ESP_WINOGRAD_TILE,
              c = order[i] % columns * ESP_WINOGRAD_TILE;
    s.tile[i] = (esp__winograd_tile){.y = (r * row + c - *base) * ESP_LANES,
                                     .rows = (int16_t)esp__least(ESP_WINOGRAD_TILE, height - r),
                                     .columns = (int16_t)esp__least(ESP_WINOGRAD_TILE, width - c)};
  }
  if (trial_flip(t)) s.tiles = trial_draw(t, 1, s.tiles);
  return s;
}

/* An output without weights has one row of zeros at all points. */
static void try_winograd_output(trial *t) {
  int cells, base;
  const winograd_plane s = draw_outputs(t, &cells, &base);
  const size_t used = (size_t)s.tiles * ESP_LANES,
               point_stride = trial_draw(t, 0, 3) ? draw_point_stride(t, used, 3, ESP_LANES) : 0;
  esp__winograd_output k = {.from = draw_points(t, point_stride, used),
                            .point_stride = point_stride,
                            .tile = s.tile,
                            .tiles = s.tiles,
                            .y = s.plane,
                            .row = s.row,
                            .epilogue = draw_switches(t)};
  draw_epilogue(t, &k.epilogue, 1, (size_t)(cells * ESP_LANES));
  if (k.epilogue.residual) k.epilogue.residual += base * ESP_LANES;
  trial_seal(t);
  for (int i = 0; i < k.tiles; i++)
    for (int r = 0; r < k.tile[i].rows; r++)
      trial_writes(t, k.y + k.tile[i].y + (size_t)r * k.row,
                   (size_t)k.tile[i].columns * LANE_BYTES);
  t->kernels->winograd_output(&k);
}

static void try_winograd_weights(trial *t) {
  esp__winograd_weights k = {.outputs = trial_draw(t, 1, ESP_TILE),
                             .channels = trial_draw(t, 1, 21),
                             .flip = trial_flip(t)};
  const int outputs = k.outputs + trial_draw(t, 0, 3), channels = k.channels + trial_draw(t, 0, 3);
  k.output = draw_order(t, k.outputs, outputs);
  k.channel = draw_order(t, k.channels, channels);
  const bool outputs_first = trial_flip(t);
  k.output_stride = outputs_first ? (size_t)channels * 9 : 9;
  k.channel_stride = outputs_first ? 9 : (size_t)outputs * 9;
  k.value = trial_floats(t, (size_t)(outputs * channels * 9));
  const size_t used = (size_t)(k.outputs * k.channels);
  k.point_stride = draw_point_stride(t, used, 9, 1);
  k.to = draw_points(t, k.point_stride, used);
  trial_seal(t);
  writes_points(t, k.to, k.point_stride, used);
  t->kernels->winograd_weights(&k);
}

static void try_winograd_weight_gradient(trial *t) {
  esp__winograd_weight_gradient k = {.outputs = trial_draw(t, 1, 9),
                                     .channels = trial_draw(t, 1, 37)};
  const int outputs = k.outputs + trial_draw(t, 0, 3), channels = k.channels + trial_draw(t, 0, 3);
  k.output = draw_order(t, k.outputs, outputs);
  k.channel = draw_order(t, k.channels, channels);
  k.output_stride = (size_t)channels * 9;
  k.gradient = trial_floats(t, (size_t)outputs * k.output_stride);
  const size_t used = (size_t)(k.outputs * k.channels);
  k.point_stride = draw_point_stride(t, used, 9, 1);
  k.sum = draw_points(t, k.point_stride, used);
  trial_seal(t);
  for (int o = 0; o < k.outputs; o++)
    for (int c = 0; c < k.channels; c++)
      trial_writes(t, k.gradient + (size_t)k.output[o] * k.output_stride + k.channel[c] * 9,
                   9 * sizeof(float));
  t->kernels->winograd_weight_gradient(&k);
}

/* ---- planes ---- */

static esp__extent draw_extent(trial *t) {
  return (esp__extent){trial_draw(t, 1, 9), trial_draw(t, 1, 9)};
}

/* Rows with gaps of 0 to 3 pixels between them, and none behind the last. */
static esp__rows draw_plane(trial *t, esp__extent e) {
  const size_t stride = (size_t)(e.width + trial_draw(t, 0, 3)) * ESP_LANES;
  return (esp__rows){trial_floats(t, (size_t)(e.rows - 1) * stride + (size_t)e.width * ESP_LANES),
                     stride};
}

static void writes_plane(trial *t, esp__extent e, esp__rows p) {
  for (int r = 0; r < e.rows; r++)
    trial_writes(t, p.at + (size_t)r * p.stride, (size_t)e.width * LANE_BYTES);
}

static void try_activate(trial *t) {
  const esp_activation kind = (esp_activation)trial_draw(t, 0, ESP_ACTIVATIONS - 1);
  const esp__extent e = draw_extent(t);
  const esp__rows x = draw_plane(t, e), y = draw_plane(t, e);
  trial_seal(t);
  writes_plane(t, e, y);
  t->kernels->activate(kind, e, x, y);
}

static void try_activate_back(trial *t) {
  const esp_activation kind = (esp_activation)trial_draw(t, 0, ESP_ACTIVATIONS - 1);
  const esp__extent e = draw_extent(t);
  const esp__rows x = draw_plane(t, e), y = draw_plane(t, e), dy = draw_plane(t, e),
                  dx = draw_plane(t, e);
  t->kernels->activate(kind, e, x, y);
  trial_seal(t);
  writes_plane(t, e, dx);
  t->kernels->activate_back(kind, e, x, y, dy, dx, trial_flip(t));
}

static void try_sum(trial *t) {
  const esp__extent e = draw_extent(t);
  const esp__rows x = draw_plane(t, e), y = trial_flip(t) ? x : draw_plane(t, e),
                  z = draw_plane(t, e);
  trial_seal(t);
  writes_plane(t, e, z);
  t->kernels->sum(e, x, y, z);
}

static void try_copy(trial *t) {
  const esp__extent e = draw_extent(t);
  const esp__rows y = draw_plane(t, e), x = trial_draw(t, 0, 3) ? draw_plane(t, e) : (esp__rows){0};
  trial_seal(t);
  writes_plane(t, e, y);
  t->kernels->copy(e, x, y, trial_flip(t));
}

static void try_drop(trial *t) {
  const esp__extent e = draw_extent(t);
  const esp__rows x = draw_plane(t, e), y = draw_plane(t, e);
  trial_seal(t);
  writes_plane(t, e, y);
  const uint32_t threshold = (uint32_t)trial_draw(t, 0, (1 << 24) - 1);
  const float scale = trial_value(t);
  t->kernels->drop(e, x, y, t->key, threshold, scale, trial_flip(t));
}

static void try_threshold(trial *t) {
  const esp__extent e = draw_extent(t);
  const esp__rows x = draw_plane(t, e), y = draw_plane(t, e);
  const float value = trial_value(t);
  trial_seal(t);
  writes_plane(t, e, y);
  t->kernels->threshold(e, x, y, value < 0.0f ? -value : value);
}

static void try_threshold_back(trial *t) {
  const esp__extent e = draw_extent(t);
  const esp__rows x = draw_plane(t, e), dy = draw_plane(t, e), dx = draw_plane(t, e);
  const float value = trial_value(t);
  trial_seal(t);
  writes_plane(t, e, dx);
  t->kernels->threshold_back(e, x, dy, dx, value < 0.0f ? -value : value, trial_flip(t));
}

/* ---- gates ---- */

static void try_mean_abs(trial *t) {
  const esp__extent e = draw_extent(t);
  const esp__rows x = draw_plane(t, e);
  float *mean = trial_floats(t, ESP_LANES);
  trial_seal(t);
  trial_writes(t, mean, LANE_BYTES);
  t->kernels->mean_abs(e, x, mean);
}

static void try_mean_abs_back(trial *t) {
  const esp__extent e = draw_extent(t);
  const esp__rows x = draw_plane(t, e), dx = draw_plane(t, e);
  const float *dmean = trial_floats(t, ESP_LANES);
  trial_seal(t);
  writes_plane(t, e, dx);
  t->kernels->mean_abs_back(e, x, dmean, dx, trial_flip(t));
}

static void try_top_k(trial *t) {
  const esp__extent channels = {trial_draw(t, 1, 40), 1};
  const esp__rows x = draw_plane(t, channels), y = draw_plane(t, channels);
  const int keep = trial_draw(t, 1, channels.rows);
  trial_seal(t);
  writes_plane(t, channels, y);
  t->kernels->top_k(channels.rows, keep, x, y);
}

static void try_scale_images(trial *t) {
  const esp__extent e = draw_extent(t);
  const esp__rows x = draw_plane(t, e), y = draw_plane(t, e);
  const float *by = trial_floats(t, ESP_LANES);
  trial_seal(t);
  writes_plane(t, e, y);
  t->kernels->scale_images(e, x, by, y, trial_flip(t));
}

static void try_dot_images(trial *t) {
  const esp__extent e = draw_extent(t);
  const esp__rows x = draw_plane(t, e), y = draw_plane(t, e);
  float *sum = trial_floats(t, ESP_LANES);
  trial_seal(t);
  trial_writes(t, sum, LANE_BYTES);
  t->kernels->dot_images(e, x, y, sum);
}

/* Every second pixel of a row, or each. */
static void try_count_images(trial *t) {
  const esp__extent e = draw_extent(t);
  const esp__rows x = draw_plane(t, e);
  uint32_t *count = trial_take(t, LANE_BYTES);
  const int step = trial_draw(t, 1, 2);
  for (int l = 0; l < ESP_LANES; l++) count[l] = 77;
  trial_seal(t);
  trial_writes(t, count, LANE_BYTES);
  t->kernels->count_images((esp__extent){e.rows, e.width / step}, x, (size_t)step * ESP_LANES,
                           count);
}

/* ---- batch norm ---- */

static void try_moments(trial *t) {
  const esp__extent e = draw_extent(t);
  const esp__rows x = draw_plane(t, e);
  float *sum = trial_floats(t, ESP_LANES), *square = trial_floats(t, ESP_LANES);
  trial_seal(t);
  trial_writes(t, sum, LANE_BYTES);
  trial_writes(t, square, LANE_BYTES);
  t->kernels->moments(e, x, trial_value(t), sum, square);
}

static void try_normalise(trial *t) {
  const esp__extent e = draw_extent(t);
  const esp__rows x = draw_plane(t, e), y = draw_plane(t, e);
  const esp__rows residual = trial_flip(t) ? draw_plane(t, e) : (esp__rows){0};
  const float scale = trial_value(t), shift = trial_value(t);
  trial_seal(t);
  writes_plane(t, e, y);
  t->kernels->normalise(e, x, residual, y, scale, shift, trial_flip(t));
}

static esp__relu_mask draw_gate(trial *t) {
  return (esp__relu_mask){trial_flip(t), trial_value(t), trial_value(t)};
}

static void try_normalise_sums(trial *t) {
  const esp__extent e = draw_extent(t);
  const esp__rows x = draw_plane(t, e), dy = draw_plane(t, e),
                  y = trial_flip(t) ? draw_plane(t, e) : (esp__rows){0};
  float *sum = trial_floats(t, ESP_LANES), *product = trial_floats(t, ESP_LANES);
  const float mean = trial_value(t);
  trial_seal(t);
  trial_writes(t, sum, LANE_BYTES);
  trial_writes(t, product, LANE_BYTES);
  t->kernels->normalise_sums(e, x, y, dy, mean, draw_gate(t), sum, product);
}

/* The residual may be the input itself: both gradients then go to one place. */
static void try_normalise_back(trial *t) {
  const esp__extent e = draw_extent(t);
  const esp__rows x = draw_plane(t, e), dy = draw_plane(t, e), dx = draw_plane(t, e),
                  y = trial_flip(t) ? draw_plane(t, e) : (esp__rows){0};
  const int residual = trial_draw(t, 0, 2);
  const esp__rows dresidual = residual == 0   ? (esp__rows){0}
                              : residual == 1 ? dx
                                              : draw_plane(t, e);
  esp__normalise_back k = {
      .mean = trial_value(t), .a = trial_value(t), .b = trial_value(t), .c = trial_value(t)};
  k.gate = draw_gate(t);
  k.add = trial_flip(t);
  k.add_residual = residual == 1 || trial_flip(t);
  const int valid = trial_draw(t, 1, ESP_LANES);
  for (int l = 0; l < valid; l++) k.valid[l] = 1.0f;
  trial_seal(t);
  writes_plane(t, e, dx);
  if (dresidual.at) writes_plane(t, e, dresidual);
  t->kernels->normalise_back(e, x, y, dy, dx, dresidual, &k);
}

/* ---- pooling ---- */

static esp__pool draw_pool(trial *t) {
  esp__pool k = {.size_rows = trial_draw(t, 1, 4), .size_columns = trial_draw(t, 1, 4)};
  const int least = k.size_rows < k.size_columns ? k.size_rows : k.size_columns;
  k.stride = trial_draw(t, 1, 3);
  k.padding = trial_draw(t, 0, least - 1);
  const int rows = k.size_rows - 2 * k.padding, width = k.size_columns - 2 * k.padding;
  k.in =
      (esp__extent){trial_draw(t, rows < 1 ? 1 : rows, 9), trial_draw(t, width < 1 ? 1 : width, 9)};
  k.out = (esp__extent){(k.in.rows + 2 * k.padding - k.size_rows) / k.stride + 1,
                        (k.in.width + 2 * k.padding - k.size_columns) / k.stride + 1};
  return k;
}

static void try_pool(trial *t, esp__pool_fn *pool) {
  const esp__pool k = draw_pool(t);
  const esp__rows x = draw_plane(t, k.in), y = draw_plane(t, k.out);
  trial_seal(t);
  writes_plane(t, k.out, y);
  pool(&k, x, y);
}

static void try_maxpool(trial *t) {
  try_pool(t, t->kernels->maxpool);
}
static void try_avgpool(trial *t) {
  try_pool(t, t->kernels->avgpool);
}

static void try_maxpool_back(trial *t) {
  const esp__pool k = draw_pool(t);
  const esp__rows x = draw_plane(t, k.in), dx = draw_plane(t, k.in), y = draw_plane(t, k.out),
                  dy = draw_plane(t, k.out);
  t->kernels->maxpool(&k, x, y);
  trial_seal(t);
  writes_plane(t, k.in, dx);
  t->kernels->maxpool_back(&k, x, y, dy, dx);
}

static void try_avgpool_back(trial *t) {
  const esp__pool k = draw_pool(t);
  const esp__rows dx = draw_plane(t, k.in), dy = draw_plane(t, k.out);
  trial_seal(t);
  writes_plane(t, k.in, dx);
  t->kernels->avgpool_back(&k, dy, dx);
}

/* ---- loss ---- */

static void try_loss(trial *t, void (*loss)(esp__loss_block *)) {
  esp__loss_block k = {.classes = trial_draw(t, 1, 20),
                       .valid = trial_draw(t, 1, ESP_LANES),
                       .smoothing = trial_flip(t) ? 0.1f : 0.0f,
                       .scale = 1.0f / (float)trial_draw(t, 1, 50)};
  const size_t floats = (size_t)k.classes * ESP_LANES;
  int32_t *labels = trial_take(t, (size_t)k.valid * sizeof *labels);
  for (int i = 0; i < k.valid; i++) labels[i] = trial_draw(t, 0, k.classes - 1);
  k.labels = labels;
  k.logits = trial_floats(t, floats);
  if (trial_flip(t)) k.grad = trial_floats(t, floats);
  float *losses = trial_floats(t, (size_t)k.valid);
  trial_seal(t);
  trial_writes(t, losses, (size_t)k.valid * sizeof *losses);
  if (k.grad) trial_writes(t, k.grad, floats * sizeof(float));
  loss(&k);
  for (int i = 0; i < k.valid; i++) losses[i] = k.loss[i];
}

static void try_cross_entropy(trial *t) {
  try_loss(t, t->kernels->cross_entropy);
}
static void try_mean_squared(trial *t) {
  try_loss(t, t->kernels->mean_squared);
}

static void try_distill_target(trial *t, void (*distills)(esp__loss_block *k,
                                                          const esp__distill_target *target)) {
  esp__loss_block k = {
      .classes = trial_draw(t, 1, 20), .valid = trial_draw(t, 1, ESP_LANES), .scale = 0.25f};
  const size_t floats = (size_t)k.classes * ESP_LANES;
  const esp__distill_target target = {trial_floats(t, floats), 0.1f * (float)trial_draw(t, 0, 10),
                                      (float)trial_draw(t, 1, 8)};
  k.logits = trial_floats(t, floats);
  if (trial_flip(t)) k.grad = trial_floats(t, floats);
  float *losses = trial_floats(t, (size_t)k.valid);
  trial_seal(t);
  trial_writes(t, losses, (size_t)k.valid * sizeof *losses);
  if (k.grad) trial_writes(t, k.grad, floats * sizeof(float));
  distills(&k, &target);
  for (int i = 0; i < k.valid; i++) losses[i] = k.loss[i];
}

static void try_distill(trial *t) {
  try_distill_target(t, t->kernels->distill);
}
static void try_match_logits(trial *t) {
  try_distill_target(t, t->kernels->match_logits);
}

/* ---- updates ---- */

static const uint8_t *draw_keep(trial *t, size_t n) {
  uint8_t *keep = trial_take(t, n);
  for (size_t i = 0; i < n; i++) keep[i] = trial_flip(t);
  return keep;
}

static void try_sgd(trial *t) {
  const size_t n = (size_t)trial_draw(t, 1, 150);
  const esp__sgd k = {.lr = 0.1f * (float)trial_draw(t, 0, 9),
                      .momentum = 0.1f * (float)trial_draw(t, 0, 9),
                      .decay = 0.001f * (float)trial_draw(t, 0, 9),
                      .clip = trial_flip(t) ? 0.5f : 0.0f,
                      .scale = 0.25f * (float)trial_draw(t, 1, 4),
                      .nesterov = trial_flip(t)};
  const float *grad = trial_floats(t, n);
  float *velocity = trial_floats(t, n), *weight = trial_floats(t, n);
  const uint8_t *keep = trial_flip(t) ? draw_keep(t, n) : NULL;
  trial_seal(t);
  trial_writes(t, velocity, n * sizeof *velocity);
  trial_writes(t, weight, n * sizeof *weight);
  t->kernels->sgd(&k, n, grad, keep, velocity, weight);
}

static void try_apply_mask(trial *t) {
  const size_t n = (size_t)trial_draw(t, 1, 150);
  const float *shadow = trial_floats(t, n);
  const uint8_t *keep = draw_keep(t, n);
  float *value = trial_floats(t, n);
  trial_seal(t);
  trial_writes(t, value, n * sizeof *value);
  t->kernels->apply_mask(n, shadow, keep, value);
}

static void try_average(trial *t) {
  const size_t n = (size_t)trial_draw(t, 1, 150);
  const float *value = trial_floats(t, n), decay = 0.1f * (float)trial_draw(t, 0, 9);
  float *average = trial_floats(t, n);
  trial_seal(t);
  trial_writes(t, average, n * sizeof *average);
  t->kernels->average(n, decay, value, average);
}

/* ---- the suite ---- */

static const struct {
  const char *name;
  void (*body)(trial *);
} trials[] = {
#define K(member, type, function) {#member, try_##member},
    ESP_KERNELS(K)
#undef K
};

START_TEST(same_bits) {
  trial_run(trials[_i].name, trials[_i].body, KEYS);
}
END_TEST

START_TEST(scalar_comes_first) {
  ck_assert_str_eq(esp__kernels_at(0)->isa, "scalar");
}
END_TEST

int main(void) {
  Suite *suite = suite_create("kernels");
  TCase *all = tcase_create("every kernel");
  tcase_set_timeout(all, 60);
  tcase_add_test(all, scalar_comes_first);
  tcase_add_loop_test(all, same_bits, 0, sizeof trials / sizeof *trials);
  suite_add_tcase(suite, all);
  return suite_run(suite);
}

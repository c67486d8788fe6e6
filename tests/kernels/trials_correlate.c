/* Trials of correlation: all weights, CSR and BCSR, forward and to the weights. */
#include "kernels/trials.h"

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

/* Each output's lanes of each pixel. */
static void writes_outputs(trial *t, const float *y, size_t y_channel, int outputs,
                           const esp__pixel *pixel, int pixels) {
  for (int o = 0; o < outputs; o++)
    for (int p = 0; p < pixels; p++)
      trial_writes(t, y + pixel[p].y + (size_t)o * y_channel, LANE_BYTES);
}

void try_correlate(trial *t) {
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
  writes_outputs(t, k.y, k.y_channel, k.outputs, k.pixel, k.pixels);
  t->kernels->correlate(&k);
}

/* An output's or a channel's weights beside each other, and the cuts. */
static void draw_matrix(trial *t, esp__linear *k) {
  const bool outputs_outside = trial_flip(t);
  k->o_stride = outputs_outside ? (size_t)k->channels : 1;
  k->c_stride = outputs_outside ? 1 : (size_t)k->outputs;
  k->gather = !outputs_outside && trial_flip(t);
  k->block = trial_draw(t, 1, k->gather ? ESP_LINEAR_GATHERED : k->channels);
  const bool whole = !k->gather && k->block == k->channels;
  k->panel = trial_draw(t, 1, whole ? k->outputs : ESP_LINEAR_PANEL);
}

void try_linear(trial *t) {
  int cells;
  const field f = draw_field(t, trial_draw(t, 1, 15), &cells);
  esp__linear k = {
      .pixel = f.pixel,
      .pixels = f.pixels,
      .channels = trial_draw(t, 1, trial_flip(t) ? 9 : esp__least(300, 2000 / f.cells)),
      .outputs = trial_draw(t, 1, trial_flip(t) ? 9 : esp__least(100, 2000 / cells)),
      .epilogue = draw_switches(t)};
  draw_matrix(t, &k);
  k.x_channel = (size_t)f.cells * ESP_LANES;
  k.x = trial_floats(t, (size_t)k.channels * k.x_channel) + f.base * ESP_LANES;
  k.y_channel = (size_t)cells * ESP_LANES;
  k.y = trial_floats(t, (size_t)k.outputs * k.y_channel);
  k.weight = trial_floats(t, (size_t)(k.outputs * k.channels));
  draw_epilogue(t, &k.epilogue, k.outputs, (size_t)k.outputs * k.y_channel);
  trial_seal(t);
  writes_outputs(t, k.y, k.y_channel, k.outputs, k.pixel, k.pixels);
  t->kernels->linear(&k);
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

/* What is read next is prefetched, wherever it is; its list is not read beyond its end. */
static esp__prefetch_list draw_prefetch(trial *t, int channels) {
  if (trial_flip(t)) return (esp__prefetch_list){0};
  const int lines = trial_draw(t, 1, 9);
  int32_t *line = trial_take(t, (size_t)lines * sizeof *line);
  for (int i = 0; i < lines; i++) line[i] = trial_draw(t, 0, 1 << 24);
  return (esp__prefetch_list){line, lines, channels, ESP_LANES};
}

void try_correlate_csr(trial *t) {
  int cells;
  const int run = trial_draw(t, 1, 7), step = trial_draw(t, 1, 2), channels = trial_draw(t, 1, 9);
  const field f = draw_runs(t, run, step, &cells);
  esp__correlate_csr k = {.pixel = f.pixel,
                          .pixels = f.pixels,
                          .run = run,
                          .step = step * ESP_LANES,
                          .outputs = trial_draw(t, 1, 13),
                          .prefetch = draw_prefetch(t, channels),
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
  writes_outputs(t, k.y, k.y_channel, k.outputs, k.pixel, k.pixels);
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

void try_correlate_weights_csr(trial *t) {
  int cells;
  const int run = trial_draw(t, 1, 8), step = trial_draw(t, 1, 2), channels = trial_draw(t, 1, 9);
  const field f = draw_rows(t, run, step, &cells);
  esp__correlate_weights_csr k = {.pixel = f.pixel,
                                  .pixels = f.pixels,
                                  .patch = run * trial_draw(t, 1, 4),
                                  .run = run,
                                  .step = step * ESP_LANES,
                                  .outputs = trial_draw(t, 1, 4),
                                  .prefetch = draw_prefetch(t, channels)};
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

void try_correlate_bcsr(trial *t) {
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
  writes_outputs(t, k.y, k.y_channel, k.outputs, k.pixel, k.pixels);
  t->kernels->correlate_bcsr(&k);
}

void try_correlate_weights_bcsr(trial *t) {
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

void try_correlate_weights(trial *t) {
  int cells;
  const bool few = trial_flip(t);
  const field f = draw_field(t, trial_draw(t, 1, few ? ESP_FEW_PIXELS : 150), &cells);
  esp__correlate_weights k = {.pixel = f.pixel,
                              .pixels = f.pixels,
                              .columns = trial_draw(t, 1, 70),
                              .outputs = trial_draw(t, 1, few ? 20 : 9)};
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
  const size_t room = k.pixels <= 64 ? ESP_WEIGHTS_SCRATCH * sizeof(float)
                                     : (size_t)(k.outputs * k.columns) * LANE_BYTES;
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

/* Trials of kernels that pass over planes: pointwise, gates, batch norm, pooling. */
#include "kernels/trials.h"

/* ---- pointwise ---- */

void try_activate(trial *t) {
  const esp_activation kind = (esp_activation)trial_draw(t, 0, ESP_ACTIVATIONS - 1);
  const esp__extent e = draw_extent(t);
  const esp__rows x = draw_plane(t, e), y = draw_plane(t, e);
  trial_seal(t);
  writes_plane(t, e, y);
  t->kernels->activate(kind, e, x, y);
}

void try_activate_back(trial *t) {
  const esp_activation kind = (esp_activation)trial_draw(t, 0, ESP_ACTIVATIONS - 1);
  const esp__extent e = draw_extent(t);
  const esp__rows x = draw_plane(t, e), y = draw_plane(t, e), dy = draw_plane(t, e),
                  dx = draw_plane(t, e);
  t->kernels->activate(kind, e, x, y);
  trial_seal(t);
  writes_plane(t, e, dx);
  t->kernels->activate_back(kind, e, x, y, dy, dx, trial_flip(t));
}

void try_sum(trial *t) {
  const esp__extent e = draw_extent(t);
  const esp__rows x = draw_plane(t, e), y = trial_flip(t) ? x : draw_plane(t, e),
                  z = draw_plane(t, e);
  trial_seal(t);
  writes_plane(t, e, z);
  t->kernels->sum(e, x, y, z);
}

void try_copy(trial *t) {
  const esp__extent e = draw_extent(t);
  const esp__rows y = draw_plane(t, e), x = trial_draw(t, 0, 3) ? draw_plane(t, e) : (esp__rows){0};
  trial_seal(t);
  writes_plane(t, e, y);
  t->kernels->copy(e, x, y, trial_flip(t));
}

void try_drop(trial *t) {
  const esp__extent e = draw_extent(t);
  const esp__rows x = draw_plane(t, e), y = draw_plane(t, e);
  trial_seal(t);
  writes_plane(t, e, y);
  const uint32_t threshold = (uint32_t)trial_draw(t, 0, (1 << 24) - 1);
  const float scale = trial_value(t);
  t->kernels->drop(e, x, y, t->key, threshold, scale, trial_flip(t));
}

void try_threshold(trial *t) {
  const esp__extent e = draw_extent(t);
  const esp__rows x = draw_plane(t, e), y = draw_plane(t, e);
  const float value = trial_value(t);
  trial_seal(t);
  writes_plane(t, e, y);
  t->kernels->threshold(e, x, y, value < 0.0f ? -value : value);
}

void try_threshold_back(trial *t) {
  const esp__extent e = draw_extent(t);
  const esp__rows x = draw_plane(t, e), dy = draw_plane(t, e), dx = draw_plane(t, e);
  const float value = trial_value(t);
  trial_seal(t);
  writes_plane(t, e, dx);
  t->kernels->threshold_back(e, x, dy, dx, value < 0.0f ? -value : value, trial_flip(t));
}

/* ---- gates ---- */

void try_mean_abs(trial *t) {
  const esp__extent e = draw_extent(t);
  const esp__rows x = draw_plane(t, e);
  float *mean = trial_floats(t, ESP_LANES);
  trial_seal(t);
  trial_writes(t, mean, LANE_BYTES);
  t->kernels->mean_abs(e, x, mean);
}

void try_mean_abs_back(trial *t) {
  const esp__extent e = draw_extent(t);
  const esp__rows x = draw_plane(t, e), dx = draw_plane(t, e);
  const float *dmean = trial_floats(t, ESP_LANES);
  trial_seal(t);
  writes_plane(t, e, dx);
  t->kernels->mean_abs_back(e, x, dmean, dx, trial_flip(t));
}

void try_top_k(trial *t) {
  const esp__extent channels = {trial_draw(t, 1, 40), 1};
  const esp__rows x = draw_plane(t, channels), y = draw_plane(t, channels);
  const int keep = trial_draw(t, 1, channels.rows);
  trial_seal(t);
  writes_plane(t, channels, y);
  t->kernels->top_k(channels.rows, keep, x, y);
}

void try_scale_images(trial *t) {
  const esp__extent e = draw_extent(t);
  const esp__rows x = draw_plane(t, e), y = draw_plane(t, e);
  const float *by = trial_floats(t, ESP_LANES);
  trial_seal(t);
  writes_plane(t, e, y);
  t->kernels->scale_images(e, x, by, y, trial_flip(t));
}

void try_dot_images(trial *t) {
  const esp__extent e = draw_extent(t);
  const esp__rows x = draw_plane(t, e), y = draw_plane(t, e);
  float *sum = trial_floats(t, ESP_LANES);
  trial_seal(t);
  trial_writes(t, sum, LANE_BYTES);
  t->kernels->dot_images(e, x, y, sum);
}

/* Every second pixel of a row, or each. */
void try_count_images(trial *t) {
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

void try_moments(trial *t) {
  const esp__extent e = draw_extent(t);
  const esp__rows x = draw_plane(t, e);
  float *sum = trial_floats(t, ESP_LANES), *square = trial_floats(t, ESP_LANES);
  trial_seal(t);
  trial_writes(t, sum, LANE_BYTES);
  trial_writes(t, square, LANE_BYTES);
  t->kernels->moments(e, x, trial_value(t), sum, square);
}

void try_normalise(trial *t) {
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

void try_normalise_sums(trial *t) {
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
void try_normalise_back(trial *t) {
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

void try_maxpool(trial *t) {
  try_pool(t, t->kernels->maxpool);
}
void try_avgpool(trial *t) {
  try_pool(t, t->kernels->avgpool);
}

void try_maxpool_back(trial *t) {
  const esp__pool k = draw_pool(t);
  const esp__rows x = draw_plane(t, k.in), dx = draw_plane(t, k.in), y = draw_plane(t, k.out),
                  dy = draw_plane(t, k.out);
  t->kernels->maxpool(&k, x, y);
  trial_seal(t);
  writes_plane(t, k.in, dx);
  t->kernels->maxpool_back(&k, x, y, dy, dx);
}

void try_avgpool_back(trial *t) {
  const esp__pool k = draw_pool(t);
  const esp__rows dx = draw_plane(t, k.in), dy = draw_plane(t, k.out);
  trial_seal(t);
  writes_plane(t, k.in, dx);
  t->kernels->avgpool_back(&k, dy, dx);
}

/* Trials of the kernels of sequences. */
#include "kernels/trials.h"

void try_multiply(trial *t) {
  const esp__extent e = draw_extent(t);
  const esp__rows x = draw_plane(t, e), y = trial_flip(t) ? x : draw_plane(t, e),
                  z = draw_plane(t, e);
  trial_seal(t);
  writes_plane(t, e, z);
  t->kernels->multiply(e, x, y, z, trial_flip(t));
}

/* Channels of `pixels` pixels, with gaps of 0 to 2 between them. */
static esp__run draw_run(trial *t, int channels, int pixels) {
  const size_t stride = (size_t)(pixels + trial_draw(t, 0, 2)) * ESP_LANES;
  return (esp__run){trial_floats(t, (size_t)(channels - 1) * stride + (size_t)pixels * ESP_LANES),
                    stride};
}

static void writes_run(trial *t, int channels, int pixels, esp__run run) {
  for (int c = 0; c < channels; c++)
    trial_writes(t, run.at + (size_t)c * run.stride, (size_t)pixels * LANE_BYTES);
}

static esp__layer_norm draw_norm(trial *t) {
  esp__layer_norm k = {.channels = trial_draw(t, 1, 9), .pixels = trial_draw(t, 1, 20)};
  k.scale = trial_floats(t, (size_t)k.channels);
  k.shift = trial_floats(t, (size_t)k.channels);
  k.mean = trial_floats(t, (size_t)k.pixels * ESP_LANES);
  k.rate = trial_floats(t, (size_t)k.pixels * ESP_LANES);
  bool *counts = trial_take(t, (size_t)k.channels);
  for (int c = 0; c < k.channels; c++) k.counted += counts[c] = c == 0 || trial_flip(t);
  k.counts = counts;
  return k;
}

void try_layer_norm(trial *t) {
  const esp__layer_norm k = draw_norm(t);
  const esp__run x = draw_run(t, k.channels, k.pixels), y = draw_run(t, k.channels, k.pixels);
  trial_seal(t);
  trial_writes(t, k.mean, (size_t)k.pixels * LANE_BYTES);
  trial_writes(t, k.rate, (size_t)k.pixels * LANE_BYTES);
  writes_run(t, k.channels, k.pixels, y);
  t->kernels->layer_norm(&k, x, y);
}

void try_layer_norm_back(trial *t) {
  const esp__layer_norm of = draw_norm(t);
  const size_t sums = (size_t)of.channels * ESP_LANES;
  const esp__run x = draw_run(t, of.channels, of.pixels), dy = draw_run(t, of.channels, of.pixels),
                 dx = draw_run(t, of.channels, of.pixels);
  esp__layer_norm_back k = {.of = &of, .add = trial_flip(t)};
  k.scale_sum = trial_floats(t, sums);
  k.shift_sum = trial_floats(t, sums);
  t->kernels->layer_norm(&of, x, dx);
  trial_seal(t);
  trial_writes(t, k.scale_sum, sums * sizeof(float));
  trial_writes(t, k.shift_sum, sums * sizeof(float));
  writes_run(t, of.channels, of.pixels, dx);
  t->kernels->layer_norm_back(&k, x, dy, dx);
}

/* A matrix, or one that is turned. */
static esp__lane_matrix draw_matrix(trial *t, int rows, int columns) {
  float *at = trial_floats(t, (size_t)(rows * columns) * ESP_LANES);
  if (trial_flip(t)) return (esp__lane_matrix){at, ESP_LANES, (size_t)rows * ESP_LANES};
  return (esp__lane_matrix){at, (size_t)columns * ESP_LANES, ESP_LANES};
}

void try_lane_product(trial *t) {
  esp__lane_product k = {.rows = trial_draw(t, 1, 9),
                         .columns = trial_draw(t, 1, 9),
                         .terms = trial_draw(t, 1, 9),
                         .add = trial_flip(t)};
  k.a = draw_matrix(t, k.rows, k.terms);
  k.b = draw_matrix(t, k.terms, k.columns);
  k.c = draw_matrix(t, k.rows, k.columns);
  trial_seal(t);
  trial_writes(t, k.c.at, (size_t)(k.rows * k.columns) * LANE_BYTES);
  t->kernels->lane_product(&k);
}

static const int32_t *draw_lengths(trial *t, int most) {
  int32_t *length = trial_take(t, LANE_BYTES);
  for (int l = 0; l < ESP_LANES; l++) length[l] = trial_draw(t, 1, most);
  return length;
}

void try_attend(trial *t) {
  const int keys = trial_draw(t, 1, 9);
  const int32_t *valid = draw_lengths(t, keys);
  float *score = trial_floats(t, (size_t)keys * ESP_LANES);
  trial_seal(t);
  trial_writes(t, score, (size_t)keys * LANE_BYTES);
  t->kernels->attend(keys, 0.25f, valid, score);
}

void try_attend_back(trial *t) {
  const int keys = trial_draw(t, 1, 9);
  const int32_t *valid = draw_lengths(t, keys);
  float *share = trial_floats(t, (size_t)keys * ESP_LANES),
        *dshare = trial_floats(t, (size_t)keys * ESP_LANES);
  t->kernels->attend(keys, 0.5f, valid, share);
  trial_seal(t);
  trial_writes(t, dshare, (size_t)keys * LANE_BYTES);
  t->kernels->attend_back(keys, 0.5f, share, dshare);
}

static esp__tokens_summary draw_summary(trial *t) {
  esp__tokens_summary k = {.kind = (esp_token_summary)trial_draw(t, 0, ESP_TOKEN_LAST),
                           .width = trial_draw(t, 1, 9)};
  k.length = draw_lengths(t, k.width);
  return k;
}

void try_summarise(trial *t) {
  const esp__tokens_summary k = draw_summary(t);
  const float *x = trial_floats(t, (size_t)k.width * ESP_LANES);
  float *y = trial_floats(t, ESP_LANES);
  trial_seal(t);
  trial_writes(t, y, LANE_BYTES);
  t->kernels->summarise(&k, x, y);
}

void try_summarise_back(trial *t) {
  const esp__tokens_summary k = draw_summary(t);
  const size_t floats = (size_t)k.width * ESP_LANES;
  const float *x = trial_floats(t, floats), *dy = trial_floats(t, ESP_LANES);
  float *y = trial_floats(t, ESP_LANES), *dx = trial_floats(t, floats);
  t->kernels->summarise(&k, x, y);
  trial_seal(t);
  trial_writes(t, dx, floats * sizeof(float));
  t->kernels->summarise_back(&k, x, y, dy, dx, trial_flip(t));
}

/* ---- cells ---- */

static esp__gates draw_gates(trial *t, int units, int gates) {
  const size_t unit = (size_t)trial_draw(t, 1, 3) * ESP_LANES;
  return (esp__gates){trial_floats(t, (size_t)(units * gates) * unit), unit, (size_t)units * unit};
}

/* Gates are written at each unit's first 16 floats. */
static void writes_gates(trial *t, int units, int gates, esp__gates g) {
  for (int i = 0; i < units * gates; i++) trial_writes(t, g.at + (size_t)i * g.unit, LANE_BYTES);
}

static esp__recurrent_cell draw_cell(trial *t, int gates) {
  esp__recurrent_cell k = {.units = trial_draw(t, 1, 5), .token = trial_draw(t, 0, 3)};
  const size_t floats = (size_t)k.units * ESP_LANES;
  k.length = draw_lengths(t, 4);
  k.x = draw_gates(t, k.units, gates);
  k.sums = draw_gates(t, k.units, gates);
  k.inner = trial_floats(t, floats);
  k.h = trial_floats(t, floats);
  k.inner_unit = k.h_unit = ESP_LANES;
  if (trial_flip(t)) return k;
  k.inner_before = trial_floats(t, floats);
  k.h_before = trial_floats(t, floats);
  return k;
}

static void try_cell(trial *t, esp__lstm_fn *cell, int gates) {
  const esp__recurrent_cell k = draw_cell(t, gates);
  trial_seal(t);
  writes_gates(t, k.units, gates, k.sums);
  trial_writes(t, k.inner, (size_t)k.units * LANE_BYTES);
  trial_writes(t, k.h, (size_t)k.units * LANE_BYTES);
  cell(&k);
}

void try_lstm(trial *t) {
  try_cell(t, t->kernels->lstm, 4);
}
void try_gru(trial *t) {
  try_cell(t, t->kernels->gru, 3);
}

static void try_cell_back(trial *t, esp__lstm_fn *cell, esp__lstm_back_fn *cell_back, int gates) {
  const esp__recurrent_cell of = draw_cell(t, gates);
  const size_t floats = (size_t)of.units * ESP_LANES;
  esp__recurrent_cell_back k = {.of = &of, .dy_unit = ESP_LANES, .add = trial_flip(t)};
  k.dy = trial_floats(t, floats);
  k.dh = k.add ? trial_floats(t, floats) : NULL;
  k.carried = trial_floats(t, floats);
  if (trial_flip(t)) k.dsums = trial_floats(t, (size_t)gates * (size_t)of.units * of.sums.unit);
  if (trial_flip(t)) k.dx = draw_gates(t, of.units, gates);
  cell(&of);
  trial_seal(t);
  trial_writes(t, k.carried, floats * sizeof(float));
  if (k.dsums) writes_gates(t, of.units, gates, (esp__gates){k.dsums, of.sums.unit, of.sums.gate});
  if (k.dx.at) writes_gates(t, of.units, gates, k.dx);
  cell_back(&k);
}

void try_lstm_back(trial *t) {
  try_cell_back(t, t->kernels->lstm, t->kernels->lstm_back, 4);
}
void try_gru_back(trial *t) {
  try_cell_back(t, t->kernels->gru, t->kernels->gru_back, 3);
}

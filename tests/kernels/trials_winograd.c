/* Trials of Winograd's transforms. */
#include "kernels/trials.h"

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

void try_winograd_input(trial *t) {
  try_winograd_plane(t, 2, t->kernels->winograd_input);
}

void try_winograd_gradient(trial *t) {
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
void try_winograd_output(trial *t) {
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

void try_winograd_weights(trial *t) {
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

void try_winograd_weight_gradient(trial *t) {
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

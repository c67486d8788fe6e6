/* 3x3 layers by Winograd's F(4x4, 3x3): some tiles at a time are transformed, multiplied point by
 * point, and transformed back. The order of arithmetic is that of kernels/winograd.h. */
#include "base/integer.h"
#include "predict/network.h"

#include <stdlib.h>

enum {
  CHUNK_BYTES = 512 << 10, /* that a chunk of tiles may fill in the transform domain */
  FRESH_TILES = 16, /* up to which windows are transformed each time */
  FRESH_STRIDE = (ESP_BLOCK + 1) * ESP_BLOCK, /* from point to point of 16 channels */
  WINDOW_FLOATS = 9 * ESP_BLOCK
};

/* Transformed, windows take four times their memory. Where they are used for few tiles, to read so
 * much costs more than to transform them each time. */
typedef enum treatment {
  STORED, /* transformed once */
  FRESH,  /* a block of channels at a time */
  FEW     /* on their way into the products */
} treatment;

typedef struct state {
  treatment windows;
  esp__winograd_tile *tile;
  int tiles, chunk;                            /* tiles in all, and at a time */
  int channels;
  esp__dense multiply;                         /* of a chunk */
  esp__spots rest;                             /* of the last chunk, where it is smaller */
  size_t in_stride, out_stride, weight_stride; /* from point to point */
  size_t block;                                /* from a block of channels to the next */
  size_t in_floats;                            /* of all transformed inputs */
  const float *window;                         /* [blocks][channels][9][16] but for STORED */
  esp__finish finish;
} state;

/* ---- running ---- */

static void transform_inputs(const esp__predict_kernels *k, const esp__step *s, const state *own,
                             const esp__winograd_plane *chunk, float *memory) {
  const esp__place *x = esp__place_at(s, s->x);
  for (int b = 0; b < esp__place_planes(x); b++) {
    esp__winograd_plane plane = *chunk;
    plane.plane = esp__at(s, s->x, memory) + (size_t)b * (size_t)x->plane;
    plane.to += (size_t)b * own->block;
    k->winograd_input(&plane);
  }
}

/* The windows of block b from channel c on. */
static const float *windows_at(const state *own, int b, int c) {
  return own->window + (size_t)(b * own->channels + c) * WINDOW_FLOATS;
}

/* A block of outputs by a block of channels at a time: windows are transformed and used at once. */
static void multiply_few(const esp__predict_kernels *k, const state *own, int tiles,
                         const float *from, float *to) {
  esp__winograd_few product = {.tiles = tiles};
  for (int b = 0; b < own->multiply.blocks; b++)
    for (int c = 0; c < own->channels; c += ESP_BLOCK) {
      product.channels = esp__least(ESP_BLOCK, own->channels - c);
      product.continued = c > 0;
      product.from = from + (size_t)(c / ESP_BLOCK) * own->block;
      product.window = windows_at(own, b, c);
      product.to = to + (size_t)b * own->block;
      k->winograd_few(&product);
    }
}

static void multiply_fresh(const esp__predict_kernels *k, const state *own, int tiles,
                           const float *from, float *to, float *fresh) {
  esp__dense product = own->multiply;
  if (tiles < own->chunk) product.spots = own->rest;
  product.blocks = product.together = product.channels = 1;
  for (int b = 0; b < own->multiply.blocks; b++)
    for (int c = 0; c < own->channels; c += ESP_BLOCK) {
      product.taps = esp__least(ESP_BLOCK, own->channels - c);
      product.continued = c > 0;
      k->winograd_windows(windows_at(own, b, c), product.taps, FRESH_STRIDE, fresh);
      for (size_t p = 0; p < ESP_WINOGRAD_POINTS; p++) {
        product.x = from + p * own->in_stride + (size_t)(c / ESP_BLOCK) * own->block;
        product.y = to + p * own->out_stride + (size_t)b * own->block;
        product.weight = fresh + p * FRESH_STRIDE;
        k->dense(&product);
      }
    }
}

static void multiply(const esp__predict_kernels *k, const state *own, int tiles, const float *from,
                     float *to) {
  esp__dense product = own->multiply;
  if (tiles < own->chunk) product.spots = own->rest;
  for (int p = 0; p < ESP_WINOGRAD_POINTS; p++) {
    product.x = from + (size_t)p * own->in_stride;
    product.y = to + (size_t)p * own->out_stride;
    product.weight = own->multiply.weight + (size_t)p * own->weight_stride;
    k->dense(&product);
  }
}

static esp__finish finish_of(const esp__finish *all, int block, const float *residual) {
  const size_t first = (size_t)(block * ESP_BLOCK);
  return (esp__finish){.bias = all->bias ? all->bias + first : NULL,
                       .scale = all->scale ? all->scale + first : NULL,
                       .shift = all->shift ? all->shift + first : NULL,
                       .residual = residual,
                       .relu = all->relu};
}

static void transform_outputs(const esp__predict_kernels *k, const esp__step *s, const state *own,
                              const esp__winograd_plane *chunk, const float *sums, float *memory) {
  const esp__place *y = esp__place_at(s, s->y);
  for (int b = 0; b < own->multiply.blocks; b++) {
    const size_t plane = (size_t)b * (size_t)y->plane;
    const float *residual = s->more < 0 ? NULL : esp__at(s, s->more, memory) + plane;
    const esp__winograd_finish finish = {.from = sums + (size_t)b * own->block,
                                         .point_stride = own->out_stride,
                                         .tile = chunk->tile,
                                         .tiles = chunk->tiles,
                                         .y = esp__at(s, s->y, memory) + plane,
                                         .row = (size_t)y->row,
                                         .finish = finish_of(&own->finish, b, residual)};
    k->winograd_finish(&finish);
  }
}

static void run(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  const state *own = s->state;
  float *inputs = esp__scratch(s, memory), *sums = inputs + own->in_floats;
  for (int first = 0; first < own->tiles; first += own->chunk) {
    const esp__winograd_plane chunk = {.row = (size_t)esp__place_at(s, s->x)->row,
                                       .tile = own->tile + first,
                                       .tiles = esp__least(own->chunk, own->tiles - first),
                                       .to = inputs,
                                       .point_stride = own->in_stride};
    transform_inputs(k, s, own, &chunk, memory);
    if (own->windows == FEW)
      multiply_few(k, own, chunk.tiles, inputs, sums);
    else if (own->windows == FRESH)
      multiply_fresh(k, own, chunk.tiles, inputs, sums,
                     sums + ESP_WINOGRAD_POINTS * own->out_stride);
    else
      multiply(k, own, chunk.tiles, inputs, sums);
    transform_outputs(k, s, own, &chunk, sums, memory);
  }
}

/* ---- planning ---- */

static esp_status plan_tiles(esp_network *n, state *s, const esp__place *x, const esp__place *y,
                             esp_error *err) {
  const int height = y->shape.height, width = y->shape.width,
            columns = esp__ceil_div(width, ESP_WINOGRAD_TILE);
  s->tiles = esp__winograd_tiles(height, width);
  ESP_TRY(esp__store_alloc(&n->store, (size_t)s->tiles * sizeof *s->tile, &s->tile, err));
  for (int i = 0; i < s->tiles; i++) {
    const int row = i / columns * ESP_WINOGRAD_TILE, column = i % columns * ESP_WINOGRAD_TILE;
    s->tile[i] =
        (esp__winograd_tile){.x = (row - 1) * x->row + (column - 1) * ESP_BLOCK,
                             .y = row * y->row + column * ESP_BLOCK,
                             .rows = (int16_t)esp__least(ESP_WINOGRAD_TILE, height - row),
                             .columns = (int16_t)esp__least(ESP_WINOGRAD_TILE, width - column)};
  }
  return ESP_OK;
}

static int chunk_of(int tiles, int blocks, int most) {
  const int each = ESP_WINOGRAD_POINTS * blocks * ESP_BLOCK * (int)sizeof(float),
            fit = CHUNK_BYTES / each / most * most;
  return fit < most ? esp__least(most, tiles) : esp__least(fit, tiles);
}

/* The transformed windows of up to ESP_TILE outputs, sorted into the packs. */
static void sort_in(const state *s, int first, int outputs, const float *windows, float *to) {
  const esp__dense *k = &s->multiply;
  int pack = 0, blocks = esp__dense_pack_blocks(k->blocks, k->together);
  while (pack + blocks <= first / ESP_BLOCK) {
    pack += blocks;
    blocks = esp__dense_pack_blocks(k->blocks - pack, k->together);
  }
  const size_t width = (size_t)(blocks * ESP_BLOCK), channels = (size_t)s->channels;
  to += (size_t)(pack * ESP_BLOCK) * channels + (size_t)(first - pack * ESP_BLOCK);
  for (size_t p = 0; p < ESP_WINOGRAD_POINTS; p++)
    for (size_t c = 0; c < channels; c++)
      for (size_t o = 0; o < (size_t)outputs; o++)
        to[p * s->weight_stride + c * width + o] = windows[(p * channels + c) * (size_t)outputs + o];
}

static esp_status transform_weights(esp_network *n, state *s, const esp_param *w, float *to,
                                    esp_error *err) {
  const int outputs = w->shape[0], channels = w->shape[1];
  int32_t *number = malloc((size_t)esp__most(outputs, channels) * sizeof *number);
  float *windows = malloc(ESP_WINOGRAD_POINTS * ESP_TILE * (size_t)channels * sizeof *windows);
  const bool there = number && windows;
  for (int i = 0; there && i < esp__most(outputs, channels); i++) number[i] = i;
  for (int first = 0; there && first < outputs; first += ESP_TILE) {
    const int some = esp__least(ESP_TILE, outputs - first);
    const esp__winograd_weights k = {.value = w->value,
                                     .output_stride = (size_t)channels * 9,
                                     .channel_stride = 9,
                                     .output = number + first,
                                     .channel = number,
                                     .outputs = some,
                                     .channels = channels,
                                     .to = windows,
                                     .point_stride = (size_t)(channels * some)};
    n->kernels->winograd_weights(&k);
    sort_in(s, first, some, windows, to);
  }
  free(number);
  free(windows);
  return there ? ESP_OK : esp_fail(err, ESP_ERR_MEMORY, "out of memory for transformed weights");
}

/* The products of a chunk: its pixels are tiles. */
static esp_status plan_products(esp_network *n, state *s, const esp_param *w, esp_error *err) {
  static const int32_t lane[ESP_BLOCK] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  esp__spots spots;
  ESP_TRY(esp__spots_in_line(n, s->chunk, &spots, err));
  if (s->tiles % s->chunk) ESP_TRY(esp__spots_in_line(n, s->tiles % s->chunk, &s->rest, err));
  s->multiply = (esp__dense){.channel = lane,
                             .tap = lane,
                             .blocks = esp__ceil_div(w->shape[0], ESP_BLOCK),
                             .y_block = s->block};
  if (s->windows == STORED)
    ESP_TRY(esp__dense_one_tap(n, s->channels, s->block, &s->multiply, err));
  esp__dense_take(n, &spots, &s->multiply);
  return ESP_OK;
}

/* The windows by blocks of outputs. */
static esp_status plan_windows(esp_network *n, state *s, const esp_param *w, esp_error *err) {
  const int channels = w->shape[1];
  float *to;
  ESP_TRY(esp__store_alloc(
      &n->store, (size_t)(s->multiply.blocks * channels) * WINDOW_FLOATS * sizeof *to, &to, err));
  for (size_t i = 0; i < w->count; i++) {
    const size_t o = i / (size_t)(channels * 9), rest = i % (size_t)(channels * 9);
    to[(o / ESP_BLOCK * (size_t)(channels * 9) + rest) * ESP_BLOCK + o % ESP_BLOCK] = w->value[i];
  }
  s->window = to;
  return ESP_OK;
}

static esp_status plan_transformed(esp_network *n, state *s, const esp_param *w, esp_error *err) {
  float *weight;
  s->weight_stride = (size_t)(w->shape[1] * s->multiply.blocks + 1) * ESP_BLOCK;
  ESP_TRY(esp__store_alloc(&n->store, ESP_WINOGRAD_POINTS * s->weight_stride * sizeof *weight,
                           &weight, err));
  s->multiply.weight = weight;
  return transform_weights(n, s, w, weight, err);
}

/* How tiles lie in the transform domain: with FEW the points of a block one behind the other, else
 * the blocks of a point. */
static void plan_layout(state *s, int in, int out, int spots) {
  s->windows = s->tiles <= ESP_WINOGRAD_FEW ? FEW : s->tiles <= FRESH_TILES ? FRESH : STORED;
  if (s->windows == FEW) {
    s->chunk = s->tiles;
    s->in_stride = s->out_stride = ESP_WINOGRAD_FEW * ESP_BLOCK;
    s->block = ESP_WINOGRAD_POINTS * s->in_stride;
    s->in_floats = (size_t)in * s->block;
    return;
  }
  s->chunk = chunk_of(s->tiles, in + out, spots);
  s->block = (size_t)(s->chunk * ESP_BLOCK);
  s->in_stride = (size_t)in * s->block + ESP_BLOCK;
  s->out_stride = (size_t)out * s->block + ESP_BLOCK;
  s->in_floats = ESP_WINOGRAD_POINTS * s->in_stride;
}

static size_t scratch_of(const state *s, int out) {
  if (s->windows == FEW) return s->in_floats + (size_t)out * s->block;
  return s->in_floats + ESP_WINOGRAD_POINTS * s->out_stride +
         (s->windows == FRESH ? ESP_WINOGRAD_POINTS * FRESH_STRIDE : 0);
}

esp_status esp__add_winograd(esp_network *n, const esp__layer_plan *l, esp_error *err) {
  const esp_param *w = l->op->param[0];
  const esp__place *x = &n->place[l->x], *y = &n->place[l->y];
  const int in = esp__place_planes(x), out = esp__place_planes(y);
  state *s;
  ESP_TRY(esp__store_alloc(&n->store, sizeof *s, &s, err));
  ESP_TRY(plan_tiles(n, s, x, y, err));
  s->finish = l->finish;
  s->channels = w->shape[1];
  plan_layout(s, in, out, n->kernels->dense_spots());
  ESP_TRY(plan_products(n, s, w, err));
  ESP_TRY(s->windows == STORED ? plan_transformed(n, s, w, err) : plan_windows(n, s, w, err));
  esp__scratch_at_least(n, scratch_of(s, out));
  return esp__step_add(
      n,
      &(esp__step){.run = run, .x = l->x, .more = l->more, .y = l->y, .state = s, .name = w->name},
      err);
}

/* 3x3 layers by Winograd's F(4x4, 3x3): some tiles at a time are transformed, multiplied point by
 * point, and transformed back. The order of arithmetic is that of kernels/winograd.h. */
#include "base/integer.h"
#include "predict/network.h"

typedef struct state {
  esp__winograd_tile *tile;
  int tiles, channels, outputs;
  const float *window; /* [blocks of outputs][channels][9][16], or [channels][9][row] */
  size_t row;          /* 0: the first of these */
  int places;          /* for tiles at each point */
  size_t block;        /* from a block of channels to the next */
  esp__finish finish;
  const esp__packing *packing; /* NULL: all of the windows, always */
} state;

/* ---- running ---- */

/* The kernels for so many channels of a block. */
static const esp__predict_kernels *kernels_for(const esp__predict_kernels *k, int channels) {
  return k->half && channels <= k->half->vector ? k->half : k;
}

static void transform_inputs(const esp__predict_kernels *k, const esp__step *s, const state *own,
                             const esp__winograd_plane *chunk, float *memory) {
  const esp__place *x = esp__place_at(s, s->x);
  for (int b = 0; b < esp__ceil_div(own->channels, ESP_BLOCK); b++) {
    esp__winograd_plane plane = *chunk;
    plane.plane = esp__at(s, s->x, memory) + (size_t)b * (size_t)x->plane;
    plane.to += (size_t)b * own->block;
    const int channels = esp__least(ESP_BLOCK, own->channels - b * ESP_BLOCK);
    plane.unused = ESP_BLOCK - channels;
    kernels_for(k, channels)->winograd_input(&plane);
  }
}

/* The first window of block b of the outputs, from channel c on. */
static const float *window_of(const state *own, int b, int c) {
  return own->window + (own->row
                            ? (size_t)(c * ESP_WINOGRAD_PLACES) * own->row + (size_t)(b * ESP_BLOCK)
                            : (size_t)((b * own->channels + c) * ESP_WINOGRAD_PLACES * ESP_BLOCK));
}

static int blocks_of(const state *own) {
  return esp__ceil_div(own->outputs, ESP_BLOCK);
}
static int outputs_of(const state *own, int b) {
  return esp__least(ESP_BLOCK, own->outputs - b * ESP_BLOCK);
}

/* A block of outputs by a block of channels at a time. */
static void multiply(const esp__predict_kernels *k, const state *own, esp__share blocks, int tiles,
                     const float *inputs, float *sums) {
  for (int b = blocks.first; b < blocks.first + blocks.count; b++)
    for (int c = 0; c < own->channels; c += ESP_BLOCK) {
      const esp__winograd_products product = {.window = window_of(own, b, c),
                                              .window_row = own->row ? own->row : ESP_BLOCK,
                                              .outputs = outputs_of(own, b),
                                              .from = inputs + (size_t)(c / ESP_BLOCK) * own->block,
                                              .channels = esp__least(ESP_BLOCK, own->channels - c),
                                              .tiles = tiles,
                                              .places = own->places,
                                              .to = sums + (size_t)b * own->block,
                                              .continued = c > 0};
      kernels_for(k, product.outputs)->winograd_products(&product);
    }
}

static esp__finish finish_of(const esp__finish *all, int block, const float *residual) {
  const size_t first = (size_t)(block * ESP_BLOCK);
  return (esp__finish){.bias = all->bias ? all->bias + first : NULL,
                       .scale = all->scale ? all->scale + first : NULL,
                       .shift = all->shift ? all->shift + first : NULL,
                       .residual = residual,
                       .relu = all->relu,
                       .factor = all->factor ? all->factor + first : NULL};
}

static void transform_outputs(const esp__predict_kernels *k, const esp__step *s, const state *own,
                              esp__share blocks, const esp__winograd_plane *chunk,
                              const float *sums, float *memory) {
  const esp__place *y = esp__place_at(s, s->y);
  for (int b = blocks.first; b < blocks.first + blocks.count; b++) {
    const size_t plane = (size_t)b * (size_t)y->plane;
    const float *residual = s->more < 0 ? NULL : esp__at(s, s->more, memory) + plane;
    const esp__winograd_finish finish = {.from = sums + (size_t)b * own->block,
                                         .point_stride = (size_t)(own->places * ESP_BLOCK),
                                         .tile = chunk->tile,
                                         .tiles = chunk->tiles,
                                         .y = esp__at(s, s->y, memory) + plane,
                                         .row = (size_t)y->row,
                                         .outputs = outputs_of(own, b),
                                         .finish = finish_of(&own->finish, b, residual)};
    kernels_for(k, finish.outputs)->winograd_finish(&finish);
  }
}

/* What a part does: some chunks of tiles, or where there are fewer than parts, some blocks of
 * outputs. */
static void share_out(const esp__step *s, const state *own, esp__share *chunks,
                      esp__share *blocks) {
  const int count = esp__ceil_div(own->tiles, ESP_WINOGRAD_CHUNK);
  const bool by_tiles = count >= s->parts;
  *chunks = by_tiles ? esp__share_of(s, count) : (esp__share){0, count};
  *blocks = by_tiles ? (esp__share){0, blocks_of(own)} : esp__share_of(s, blocks_of(own));
}

/* What is computed of this image. */
static state state_of(const esp__step *s, float *memory) {
  state own = *(const state *)s->state;
  if (!own.packing) return own;
  const esp__packed packed = esp__packed_of(own.packing, s, memory);
  own.channels = packed.channels;
  own.outputs = packed.outputs;
  own.window = packed.weight;
  own.row = packed.row;
  own.finish = packed.finish;
  return own;
}

static void run(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  const state now = state_of(s, memory), *const own = &now;
  esp__share chunks, blocks;
  share_out(s, own, &chunks, &blocks);
  const esp__place *x = esp__place_at(s, s->x);
  float *inputs = esp__scratch(s, memory),
        *sums = inputs + (size_t)esp__place_planes(x) * own->block;
  for (int i = chunks.first; i < chunks.first + chunks.count; i++) {
    const int first = i * ESP_WINOGRAD_CHUNK;
    const esp__winograd_plane chunk = {.row = (size_t)x->row,
                                       .tile = own->tile + first,
                                       .tiles = esp__least(ESP_WINOGRAD_CHUNK, own->tiles - first),
                                       .to = inputs,
                                       .point_stride = (size_t)(own->places * ESP_BLOCK)};
    transform_inputs(k, s, own, &chunk, memory);
    multiply(k, own, blocks, chunk.tiles, inputs, sums);
    transform_outputs(k, s, own, blocks, &chunk, sums, memory);
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

/* The windows by blocks of outputs. */
static esp_status plan_windows(esp_network *n, state *s, const esp_param *w, esp_error *err) {
  const size_t floats = (size_t)(s->channels * ESP_WINOGRAD_PLACES);
  float *to;
  ESP_TRY(esp__store_alloc(&n->store, (size_t)blocks_of(s) * floats * ESP_BLOCK * sizeof *to, &to,
                           err));
  for (size_t i = 0; i < w->count; i++) {
    const size_t o = i / floats;
    to[(o / ESP_BLOCK * floats + i % floats) * ESP_BLOCK + o % ESP_BLOCK] = w->value[i];
  }
  s->window = to;
  return ESP_OK;
}

esp_status esp__add_winograd(esp_network *n, const esp__layer_plan *l, esp_error *err) {
  const esp__place *x = &n->place[l->x], *y = &n->place[l->y];
  state *s;
  ESP_TRY(esp__store_alloc(&n->store, sizeof *s, &s, err));
  ESP_TRY(plan_tiles(n, s, x, y, err));
  s->channels = x->shape.channels;
  s->outputs = y->shape.channels;
  s->places = s->tiles <= ESP_WINOGRAD_FEW ? ESP_WINOGRAD_FEW : ESP_WINOGRAD_CHUNK;
  s->block = (size_t)(ESP_WINOGRAD_POINTS * s->places * ESP_BLOCK);
  s->finish = l->finish;
  if (esp__has_choice(l))
    ESP_TRY(esp__add_packing(n, l, &s->packing, err));
  else
    ESP_TRY(plan_windows(n, s, l->op->param[0], err));
  esp__scratch_at_least(n, (size_t)(esp__place_planes(x) + blocks_of(s)) * s->block);
  return esp__step_add(
      n,
      &(esp__step){.run = run, .x = l->x, .more = l->more, .y = l->y, .state = s, .shares = true},
      err);
}

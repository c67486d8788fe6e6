/* Planning a layer that goes by Winograd, and its passes that make activations. */
#include "autograd/winograd.h"

#include "base/integer.h"

enum {
  TILES_WANTED = 48,   /* in a list, so that the tiles of small planes are taken across blocks */
  REGISTER_PIXELS = 6, /* a work item has a multiple of them: what the kernels hold in registers */
  ITEM_TILES = 48,     /* in a work item */
  ITEM_BYTES = 1536 << 10, /* that it may fill, but with the fewest tiles */
  PACKED_BYTES = 20 << 20, /* of weights that are transformed together */
  FEWER = 4,               /* times fewer parts of outputs, each of which transforms all inputs */
  PADDING = 16             /* floats between the packed weights of points */
};

/* ---- which way ---- */

static bool costs_less(const esp_tensor *plane, int outputs, int channels, double kept) {
  return esp__winograd_costs_less(plane->height, plane->width,
                                  (esp__winograd_size){outputs, channels, kept});
}

static bool both_one(esp_pair p) {
  return p.rows == 1 && p.columns == 1;
}

bool esp__winograd_fits(const esp__node *n) {
  const esp_param *w = n->param[0];
  const esp_conv_attr a = n->attr.conv;
  return w->rank == 4 && w->shape[2] == 3 && w->shape[3] == 3 && both_one(a.stride) &&
         both_one(a.padding) && a.groups == 1 &&
         costs_less(&n->in[0]->data, w->shape[0], w->shape[1], (double)w->count);
}

/* ---- planning ---- */

static int32_t place(const esp_tensor *t, int block, int row, int column) {
  return (int32_t)((ptrdiff_t)((size_t)block * esp_block_stride(t)) +
                   (ptrdiff_t)row * (ptrdiff_t)esp_row_stride(t) + (ptrdiff_t)column * ESP_LANES);
}

static esp_status plan_tiles(esp_graph *g, const esp__winograd *w, const esp_tensor *from,
                             const esp_tensor *to, esp__winograd_tile **tile, esp_error *err) {
  const int columns = esp__ceil_div(to->width, ESP_WINOGRAD_TILE);
  const size_t span =
      esp_block_stride(from) > esp_block_stride(to) ? esp_block_stride(from) : esp_block_stride(to);
  if (span * (size_t)w->together > INT32_MAX)
    return esp_fail(err, ESP_ERR_MEMORY, "convolution: a layer of this size is too large");
  ESP_TRY(esp__graph_alloc(g, (size_t)(w->together * w->tiles) * sizeof **tile, tile, err));
  for (int i = 0; i < w->together * w->tiles; i++) {
    const int block = i / w->tiles, row = i % w->tiles / columns * ESP_WINOGRAD_TILE,
              column = i % w->tiles % columns * ESP_WINOGRAD_TILE;
    (*tile)[i] =
        (esp__winograd_tile){.x = place(from, block, row - 1, column - 1),
                             .y = place(to, block, row, column),
                             .rows = (int16_t)esp__least(ESP_WINOGRAD_TILE, to->height - row),
                             .columns = (int16_t)esp__least(ESP_WINOGRAD_TILE, to->width - column)};
  }
  return ESP_OK;
}

esp_status esp__winograd_plan(esp_graph *g, esp__node *n, esp__winograd **plan, esp_error *err) {
  const esp_tensor *x = &n->in[0]->data, *y = &esp__output_of(n)->data;
  esp__winograd *w;
  ESP_TRY(esp__graph_alloc(g, sizeof *w, &w, err));
  w->tiles = esp__winograd_tiles(y->height, y->width);
  w->together = esp__least(esp__ceil_div(TILES_WANTED, w->tiles), y->blocks);
  ESP_TRY(esp__graph_alloc(g, (size_t)y->channels * sizeof *w->output, &w->output, err));
  ESP_TRY(esp__graph_alloc(g, (size_t)x->channels * sizeof *w->channel, &w->channel, err));
  ESP_TRY(plan_tiles(g, w, x, y, &w->forward, err));
  if (n->in[0]->grad.data) ESP_TRY(plan_tiles(g, w, &n->out.grad, &n->in[0]->grad, &w->back, err));
  if (n->out.grad.data) ESP_TRY(plan_tiles(g, w, x, &n->out.grad, &w->weights, err));
  *plan = w;
  return ESP_OK;
}

/* ---- the mask ---- */

/* Puts those places of one axis in front at which there are weights; returns how many. */
static int sort_places(const esp_param *p, int axis, int32_t *order) {
  const int places = p->shape[axis], others = p->shape[1 - axis];
  const size_t own = axis == 0 ? (size_t)others * 9 : 9, other = axis == 0 ? 9 : (size_t)places * 9;
  int live = 0, dead = places;
  for (int i = 0; i < places; i++) {
    bool any = !p->mask;
    for (int j = 0; j < others && !any; j++)
      for (int t = 0; t < 9 && !any; t++)
        any = p->mask->keep[(size_t)i * own + (size_t)j * other + (size_t)t];
    order[any ? live++ : --dead] = i;
  }
  return live;
}

bool esp__winograd_pays(esp__winograd *w, const esp__node *n) {
  const esp_param *weight = n->param[0];
  if (!w) return false;
  const bool masked = weight->mask != NULL;
  if (w->looked && w->masked == masked && (!masked || w->generation == weight->mask->generation))
    return w->pays;
  w->looked = true;
  w->masked = masked;
  w->generation = masked ? weight->mask->generation : 0;
  w->outputs = sort_places(weight, 0, w->output);
  w->channels = sort_places(weight, 1, w->channel);
  w->pays = costs_less(&n->in[0]->data, w->outputs, w->channels, (double)esp_param_kept(weight));
  return w->pays;
}

/* ---- a pass ---- */

/* From one tensor to the other; `output` and `channel` are those of the direction of the pass. */
typedef struct pass {
  const esp__winograd_tile *tile;
  int tiles, together; /* of a plane; blocks of images whose tiles are listed together */
  esp__winograd_weights weights;
  const int32_t *output, *channel;
  int outputs, channels, all_outputs;
  const esp_tensor *from, *to;
  esp__epilogue epilogue; /* of output 0; residual: of the whole tensor */
} pass;

/* Tiles of a work item of so many outputs and channels together: as many as ITEM_BYTES hold, before
 * and after the products, and REGISTER_PIXELS at least. */
static int tiles_in_item(int both) {
  const int fit = (int)(ITEM_BYTES / (ESP_WINOGRAD_POINTS * ESP_LANES * sizeof(float))) / both /
                  REGISTER_PIXELS * REGISTER_PIXELS;
  return fit < REGISTER_PIXELS ? REGISTER_PIXELS : esp__least(fit, ITEM_TILES);
}

/* What a work item needs, and an output without weights. */
static size_t floats_of(int both) {
  return ESP_WINOGRAD_POINTS * (esp__winograd_point_stride(both, tiles_in_item(both)) + ESP_LANES) +
         (size_t)ITEM_TILES * ESP_LANES;
}

/* A layer that has lost channels has work items of more tiles, so the most memory need not be that
 * of all. */
size_t esp__winograd_scratch(const esp__node *n) {
  size_t most = 0;
  for (int both = 1; both <= n->out.data.channels + n->in[0]->data.channels; both++)
    if (floats_of(both) > most) most = floats_of(both);
  return most * sizeof(float);
}

/* Weights of a point that are packed together, at most. */
enum { PACKED = PACKED_BYTES / (ESP_WINOGRAD_POINTS * (int)sizeof(float)) };

/* Outputs whose weights are transformed together, a multiple of ESP_TILE if they are not all. */
static int outputs_together(int outputs, int channels) {
  const int fit = PACKED / channels / ESP_TILE * ESP_TILE;
  return esp__least(outputs, fit > ESP_TILE ? fit : ESP_TILE);
}

/* A layer that has lost channels takes more outputs together, so this is what they may be, not what
 * they are. */
size_t esp__winograd_packed(const esp__node *n) {
  const int outputs = n->param[0]->shape[0], channels = n->param[0]->shape[1];
  const size_t all = (size_t)outputs * (size_t)channels,
               tile = (size_t)(outputs > channels ? outputs : channels) * ESP_TILE,
               together = tile > PACKED ? tile : PACKED;
  return ((all < together ? all : together) + PADDING) * ESP_WINOGRAD_POINTS * sizeof(float);
}

/* Floats of the packed weights of one point. */
static size_t point_floats(const pass *p) {
  return (size_t)p->outputs * (size_t)p->channels + PADDING;
}

/* Transforms the weights: all threads of the team share the work. */
static void prepare(const esp_graph *g, const pass *p) {
#pragma omp for schedule(static)
  for (int first = 0; first < p->outputs; first += ESP_TILE) {
    esp__winograd_weights k = p->weights;
    k.output = p->output + first;
    k.channel = p->channel;
    k.outputs = esp__least(ESP_TILE, p->outputs - first);
    k.channels = p->channels;
    k.to = (float *)g->workspace + (size_t)first * (size_t)p->channels;
    k.point_stride = point_floats(p);
    g->kernels->winograd_weights(&k);
  }
}

/* Some tiles of a set of blocks, some of the outputs. */
typedef struct work_item {
  const esp__winograd_tile *tile;
  int tiles, block, output, outputs;
  bool rest; /* the outputs without weights too */
} work_item;

void esp__winograd_transform_tiles(const esp__winograd_planes *p, const esp__winograd_tile *tile,
                                   int tiles, float *to) {
  for (int i = 0; i < p->count; i++) {
    const bool last = i + 1 == p->count;
    const esp__winograd_plane k = {
        .plane = esp_plane(p->of, p->block, p->order[i]),
        .row = esp_row_stride(p->of),
        .tile = tile,
        .tiles = tiles,
        .to = to + (size_t)(i * tiles) * ESP_LANES,
        .point_stride = esp__winograd_point_stride(p->count, tiles),
        .prefetch =
            last ? 0 : (p->order[i + 1] - p->order[i]) * (ptrdiff_t)esp_channel_stride(p->of)};
    p->kernel(&k);
  }
}

static void multiply(const esp_graph *g, const pass *p, const work_item *i, const float *from,
                     float *to) {
  static const esp__tap only = {0, 0};
  const size_t row = (size_t)i->tiles * ESP_LANES,
               point_stride = esp__winograd_point_stride(i->outputs, i->tiles);
  esp__pixel pixel[ITEM_TILES];
  for (int t = 0; t < i->tiles; t++) pixel[t] = (esp__pixel){t * ESP_LANES, t * ESP_LANES};
  for (int point = 0; point < ESP_WINOGRAD_POINTS; point++) {
    const esp__correlate k = {
        .x = from + (size_t)point * esp__winograd_point_stride(p->channels, i->tiles),
        .x_channel = row,
        .y = to + (size_t)point * point_stride,
        .y_channel = row,
        .pixel = pixel,
        .pixels = i->tiles,
        .tap = &only,
        .taps = 1,
        .channels = p->channels,
        .outputs = i->outputs,
        .weight = (const float *)g->workspace + (size_t)point * point_floats(p) +
                  (size_t)i->output * (size_t)p->channels,
        .weights = 1};
    g->kernels->correlate(&k);
  }
}

static void transform_output(const esp_graph *g, const pass *p, const work_item *i, int output,
                             const float *from, size_t point_stride) {
  float *y = esp_plane(p->to, i->block, output);
  const esp__winograd_output k = {
      .from = from,
      .point_stride = point_stride,
      .tile = i->tile,
      .tiles = i->tiles,
      .y = y,
      .row = esp_row_stride(p->to),
      .epilogue = esp__epilogue_from(&p->epilogue, output, y - p->to->data)};
  g->kernels->winograd_output(&k);
}

static void run_item(const esp_graph *g, const pass *p, const work_item *i) {
  const size_t row = (size_t)i->tiles * ESP_LANES,
               point_stride = esp__winograd_point_stride(i->outputs, i->tiles);
  float *inputs = esp__graph_scratch(g),
        *sums = inputs + ESP_WINOGRAD_POINTS * esp__winograd_point_stride(p->channels, i->tiles),
        *none = sums + ESP_WINOGRAD_POINTS * point_stride;
  const esp__winograd_planes planes = {g->kernels->winograd_input, p->from, i->block, p->channel,
                                       p->channels};
  esp__winograd_transform_tiles(&planes, i->tile, i->tiles, inputs);
  multiply(g, p, i, inputs, sums);
  for (int o = 0; o < i->outputs; o++)
    transform_output(g, p, i, p->output[i->output + o], sums + (size_t)o * row, point_stride);
  if (!i->rest || p->outputs == p->all_outputs) return;
  for (size_t z = 0; z < row; z++) none[z] = 0.0f;
  for (int o = p->outputs; o < p->all_outputs; o++)
    transform_output(g, p, i, p->output[o], none, 0);
}

/* The work items of a pass, shared by all threads of the team. What is computed does not depend on
 * the partition. */
static void run_items(const esp_graph *g, const pass *p) {
  const int blocks = esp__graph_blocks(g), sets = esp__ceil_div(blocks, p->together),
            tiles = tiles_in_item(p->outputs + p->channels),
            tile_parts = esp__ceil_div(p->together * p->tiles, tiles),
            outputs = esp__item_outputs(g, FEWER * sets * tile_parts, p->outputs),
            output_parts = esp__ceil_div(p->outputs, outputs);
#pragma omp for schedule(dynamic) nowait
  for (int i = 0; i < sets * tile_parts * output_parts; i++) {
    const int output = i % output_parts * outputs, rest = i / output_parts,
              first = rest % tile_parts * tiles, block = rest / tile_parts * p->together,
              end = p->tiles * esp__least(p->together, blocks - block);
    if (first >= end) continue;
    const work_item own = {.tile = p->tile + first,
                           .tiles = esp__least(tiles, end - first),
                           .block = block,
                           .output = output,
                           .outputs = esp__least(outputs, p->outputs - output),
                           .rest = output == 0};
    run_item(g, p, &own);
  }
}

/* A pass with some of the outputs, and if they are the last with those that have no weights. */
static pass part_of(const pass *whole, int first, int outputs) {
  pass p = *whole;
  const bool last = first + outputs >= whole->outputs;
  p.output += first;
  p.outputs = last ? whole->outputs - first : outputs;
  p.all_outputs = last ? whole->all_outputs - first : outputs;
  return p;
}

static void run(const esp_graph *g, const pass *whole) {
  const int outputs = outputs_together(whole->outputs, whole->channels);
#pragma omp parallel num_threads(g->threads)
  for (int first = 0; first < whole->outputs; first += outputs) {
    const pass p = part_of(whole, first, outputs);
#pragma omp barrier
    prepare(g, &p);
    run_items(g, &p);
  }
}

void esp__winograd_forward(esp_graph *g, esp__node *n, const esp__winograd *w) {
  const esp_param *weight = n->param[0];
  esp__epilogue epilogue = {.bias = n->param[1] ? n->param[1]->value : NULL};
  if (n->fused) esp__batchnorm_epilogue(n->fused, &epilogue);
  const pass p = {.tile = w->forward,
                  .tiles = w->tiles,
                  .together = w->together,
                  .weights = {.value = weight->value,
                              .output_stride = (size_t)weight->shape[1] * 9,
                              .channel_stride = 9},
                  .output = w->output,
                  .channel = w->channel,
                  .outputs = w->outputs,
                  .channels = w->channels,
                  .all_outputs = weight->shape[0],
                  .from = &n->in[0]->data,
                  .to = &esp__output_of(n)->data,
                  .epilogue = epilogue};
  run(g, &p);
}

/* Inputs and outputs change places, and the windows are flipped. */
void esp__winograd_backward_data(esp_graph *g, esp__node *n, const esp__winograd *w) {
  const esp_param *weight = n->param[0];
  const pass p = {.tile = w->back,
                  .tiles = w->tiles,
                  .together = w->together,
                  .weights = {.value = weight->value,
                              .output_stride = 9,
                              .channel_stride = (size_t)weight->shape[1] * 9,
                              .flip = true},
                  .output = w->channel,
                  .channel = w->output,
                  .outputs = w->channels,
                  .channels = w->outputs,
                  .all_outputs = weight->shape[1],
                  .from = &n->out.grad,
                  .to = &n->in[0]->grad,
                  .epilogue = {.accumulate = n->add[0]}};
  run(g, &p);
}

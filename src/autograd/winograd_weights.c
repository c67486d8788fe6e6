/* Gradients of weights by Winograd. For each point of the transform domain the products of
 * transformed inputs and transformed gradients are summed image by image over TILES tiles, then the
 * images are reduced, then the sums of a chunk added in order. Each chunk's sums become windows,
 * and the chunks are added (partials.h). */
#include "autograd/partials.h"
#include "autograd/winograd.h"
#include "base/integer.h"

enum {
  TILES = 32,            /* whose images are reduced together: part of the order of arithmetic */
  ITEM_PLANES = 128,     /* outputs, and channels, of a work item, at most */
  LEAST_ITEM_PLANES = 16 /* and when there are many threads */
};

/* Tiles that are transformed together. */
static int tiles_together(const esp__winograd *w) {
  return esp__least(TILES, w->together * w->tiles);
}

/* Floats of the transformed planes of a work item's outputs, or its channels. */
static size_t planes_of(int planes, int tiles) {
  return ESP_WINOGRAD_POINTS * esp__winograd_point_stride(esp__least(planes, ITEM_PLANES), tiles);
}

size_t esp__winograd_weights_scratch(const esp__node *n, const esp__winograd *w) {
  const int outputs = n->param[0]->shape[0], channels = n->param[0]->shape[1],
            tiles = tiles_together(w);
  const size_t sums = (size_t)ESP_WINOGRAD_POINTS * (size_t)esp__least(outputs, ITEM_PLANES) *
                      (size_t)esp__least(channels, ITEM_PLANES);
  return (ESP_WEIGHTS_SCRATCH + planes_of(outputs, tiles) + planes_of(channels, tiles) + sums) *
         sizeof(float);
}

/* All work items of a pass: how the weights are partitioned, and where they are. */
typedef struct pass {
  const esp__winograd *w;
  const esp_tensor *x, *dy;
  int outputs, channels; /* those whose gradients are wanted */
  int chunk, chunks;
  int per_output, per_channel, output_parts, channel_parts;
} pass;

/* Smaller work items transform more often, so they are only as small as gives all threads work. */
static void partition(pass *p, int threads) {
  p->per_output = esp__least(p->outputs, ITEM_PLANES);
  p->per_channel = esp__least(p->channels, ITEM_PLANES);
  for (;;) {
    p->output_parts = esp__ceil_div(p->outputs, p->per_output);
    p->channel_parts = esp__ceil_div(p->channels, p->per_channel);
    int *larger = p->per_output >= p->per_channel ? &p->per_output : &p->per_channel;
    const bool enough = p->chunks * p->output_parts * p->channel_parts >= 2 * threads;
    if (threads == 1 || enough || *larger <= LEAST_ITEM_PLANES) return;
    *larger = esp__ceil_div(*larger, 2 * ESP_TILE) * ESP_TILE;
  }
}

typedef struct work_item {
  int chunk, output, outputs, channel, channels;
  float *partial_sums, *inputs, *gradients, *sums; /* in the thread's scratch */
} work_item;

static work_item item_of(const esp_graph *g, const pass *p, int number) {
  const int channel = number % p->channel_parts * p->per_channel, rest = number / p->channel_parts,
            output = rest % p->output_parts * p->per_output;
  work_item i = {.chunk = rest / p->output_parts,
                 .output = output,
                 .outputs = esp__least(p->per_output, p->outputs - output),
                 .channel = channel,
                 .channels = esp__least(p->per_channel, p->channels - channel),
                 .partial_sums = esp__graph_scratch(g)};
  const int tiles = tiles_together(p->w);
  i.inputs = i.partial_sums + ESP_WEIGHTS_SCRATCH;
  i.gradients = i.inputs + ESP_WINOGRAD_POINTS * esp__winograd_point_stride(i.channels, tiles);
  i.sums = i.gradients + ESP_WINOGRAD_POINTS * esp__winograd_point_stride(i.outputs, tiles);
  return i;
}

/* Both transforms of some tiles of one set of blocks. */
static void transform(const esp_graph *g, const pass *p, const work_item *i, int block,
                      const esp__winograd_tile *tile, int tiles) {
  const esp__winograd_planes x = {g->kernels->winograd_input, p->x, block,
                                  p->w->channel + i->channel, i->channels},
                             dy = {g->kernels->winograd_gradient, p->dy, block,
                                   p->w->output + i->output, i->outputs};
  esp__winograd_transform_tiles(&x, tile, tiles, i->inputs);
  esp__winograd_transform_tiles(&dy, tile, tiles, i->gradients);
}

static void multiply(const esp_graph *g, const work_item *i, int tiles, bool first) {
  const size_t row = (size_t)tiles * ESP_LANES;
  esp__pixel pixel[TILES];
  int32_t column[ITEM_PLANES];
  for (int t = 0; t < tiles; t++) pixel[t] = (esp__pixel){t * ESP_LANES, t * ESP_LANES};
  for (int c = 0; c < i->channels; c++) column[c] = c * tiles * ESP_LANES;
  for (int point = 0; point < ESP_WINOGRAD_POINTS; point++) {
    const esp__correlate_weights k = {
        .x = i->inputs + (size_t)point * esp__winograd_point_stride(i->channels, tiles),
        .y = i->gradients + (size_t)point * esp__winograd_point_stride(i->outputs, tiles),
        .y_channel = row,
        .pixel = pixel,
        .pixels = tiles,
        .column = column,
        .columns = i->channels,
        .outputs = i->outputs,
        .sum = i->sums + (size_t)(point * i->outputs * i->channels),
        .sum_stride = (size_t)i->channels,
        .add = !first,
        .partial_sums = i->partial_sums};
    g->kernels->correlate_weights(&k);
  }
}

/* With a single chunk its windows are the gradient. */
static float *gradient_of(const esp_graph *g, const esp_param *w, const pass *p, int chunk) {
  return p->chunks == 1 ? w->grad : (float *)g->workspace + (size_t)chunk * w->count;
}

static void run_item(const esp_graph *g, const esp_param *w, const pass *p, const work_item *i) {
  const esp__block_range chunk = esp__graph_chunk(g, p->chunk, i->chunk);
  bool first = true;
  for (int block = chunk.begin; block < chunk.end;) {
    const int together = esp__least(p->w->together, chunk.end - block),
              all = together * p->w->tiles;
    for (int t = 0; t < all; t += TILES, first = false) {
      const int tiles = esp__least(TILES, all - t);
      transform(g, p, i, block, p->w->weights + t, tiles);
      multiply(g, i, tiles, first);
    }
    block += together;
  }
  const esp__winograd_weight_gradient k = {.sum = i->sums,
                                           .point_stride = (size_t)(i->outputs * i->channels),
                                           .output = p->w->output + i->output,
                                           .channel = p->w->channel + i->channel,
                                           .outputs = i->outputs,
                                           .channels = i->channels,
                                           .gradient = gradient_of(g, w, p, i->chunk),
                                           .output_stride = (size_t)w->shape[1] * 9};
  g->kernels->winograd_weight_gradient(&k);
}

/* The chunks of one output's windows, added; those of its channels that follow each other at
 * once. */
static void add_chunks(const esp_graph *g, const esp_param *w, const pass *p, int o, int k,
                       float *to) {
  const esp__partials partials = {g->workspace, w->count, p->chunk};
  const size_t first = (size_t)p->w->output[o] * (size_t)w->shape[1];
  for (int c = 0, run; c < p->channels; c += run) {
    for (run = 1; c + run < p->channels && p->w->channel[c + run] == p->w->channel[c] + run;) run++;
    esp__partials_add_run(g, &partials, k, (first + (size_t)p->w->channel[c]) * 9, (size_t)run * 9,
                          to);
  }
}

void esp__winograd_backward_weights(esp_graph *g, esp__node *n, const esp__winograd *w,
                                    const esp__weight_chunks *chunks) {
  esp_param *weight = n->param[0];
  const bool all = g->pass.dense_gradients;
  pass p = {.w = w,
            .x = &n->in[0]->data,
            .dy = &n->out.grad,
            .outputs = all ? weight->shape[0] : w->outputs,
            .channels = all ? weight->shape[1] : w->channels,
            .chunk = chunks->blocks,
            .chunks = chunks->count};
  partition(&p, g->threads);
#pragma omp parallel for schedule(dynamic) num_threads(g->threads)
  for (int i = 0; i < p.chunks * p.output_parts * p.channel_parts; i++) {
    const work_item own = item_of(g, &p, i);
    run_item(g, weight, &p, &own);
  }
  for (int k = 0; p.chunks > 1 && k < g->shares.own_spans; k++) {
    float *to = esp__exchange_target(chunks->exchange, weight, k);
#pragma omp parallel for schedule(static) num_threads(g->threads)
    for (int o = 0; o < p.outputs; o++) add_chunks(g, weight, &p, o, k, to);
  }
}

/* The passes that make activations: forward, and the gradient back to the input. */
#include "autograd/conv_pass.h"

/* ---- packing ---- */

/* One tile of outputs of one group, as correlate.h wants it: [channels][taps][width]. */
static void pack_tile(const esp__weight_view *v, const esp__conv_geometry *l, int group, int first,
                      float *to) {
  const int width = esp__least(v->outputs - first, ESP_TILE);
  const float *from = v->at + (size_t)group * v->group_stride + (size_t)first * v->output_stride;
  for (int c = 0; c < v->channels; c++)
    for (int t = 0; t < l->taps; t++)
      for (int o = 0; o < width; o++)
        *to++ = from[(size_t)o * v->output_stride + (size_t)c * v->channel_stride +
                     (size_t)l->place[t]];
}

/* ---- a pass over all blocks ---- */

void esp__conv_pass_prepare(const esp_graph *g, const esp__conv_pass *p) {
  (void)g;
  if (!p->sparse && !p->packed) return;
  const int tiles = esp__ceil_div(p->view.outputs, ESP_TILE);
  const size_t per_output = (size_t)p->view.channels * (size_t)p->way->geometry.taps;
  if (p->sparse) {
    for (int i = 0; i < esp__conv_geometry_sparse_sets(&p->way->geometry); i++)
      esp__sparse_gather(&p->way->sparse[i], p->weight);
    return;
  }
#pragma omp for schedule(static) nowait
  for (int i = 0; i < p->view.groups * tiles; i++) {
    const int group = i / tiles, first = i % tiles * ESP_TILE;
    pack_tile(&p->view, &p->way->geometry, group, first,
              p->packed + (size_t)(group * p->view.outputs + first) * per_output);
  }
}

/* A set of pixels of a pass, over `together` blocks of images. */
typedef struct pixel_range {
  const esp__pixel_set *set;
  int together, grain;       /* a work item has a multiple of `grain` pixels */
  const esp__sparse *sparse; /* their nonzero weights; NULL: all weights */
} pixel_range;

enum { PATCHES = 3, TILES = 48 }; /* in the smallest work item */

static pixel_range range_of(const esp__conv_pass *p, int i) {
  const esp__conv_geometry *l = &p->way->geometry;
  if (!p->sparse) return (pixel_range){&l->set[i], l->set_blocks, TILES, NULL};
  const esp__pixel_set *set = esp__conv_geometry_sparse_set(l, i);
  const esp__sparse *s = &p->way->sparse[i];
  return (pixel_range){set, l->sparse_by_set ? l->set_blocks : l->grid.blocks,
                       s->tile_rows == 1 ? PATCHES * set->patch : TILES, s};
}

/* How the work is partitioned: the pixels, then the outputs, until every thread has some. What is
 * computed does not depend on it. */
typedef struct partition {
  int block_sets, pixel_parts, pixels, output_parts, outputs;
} partition;

static partition partition_of(const esp_graph *g, const esp__conv_pass *p, const pixel_range *s) {
  const int outputs = p->to->channels / p->groups, grains = esp__ceil_div(s->set->pixels, s->grain);
  partition c = {.block_sets = esp__ceil_div(esp__graph_blocks(g), s->together) * p->groups};
  c.pixels =
      esp__ceil_div(grains, esp__least(esp__ceil_div(esp__items_wanted(g), c.block_sets), grains)) *
      s->grain;
  c.pixel_parts = esp__ceil_div(s->set->pixels, c.pixels);
  c.outputs = esp__item_outputs(g, c.block_sets * c.pixel_parts, outputs);
  c.output_parts = esp__ceil_div(outputs, c.outputs);
  return c;
}

/* A work item: pixels of a set of blocks, outputs of a group. */
typedef struct work_item {
  const float *x;
  float *y;
  const esp__pixel *pixel;
  int pixels, block, output, outputs, channels;
  const esp__pixel_set *set;
  const esp__sparse *sparse;
  esp__epilogue epilogue;
} work_item;

static esp__epilogue epilogue_of(const esp__conv_pass *p, int block, int output) {
  return esp__epilogue_from(&p->epilogue, output, esp_plane(p->to, block, output) - p->to->data);
}

static void run_dense(const esp_graph *g, const esp__conv_pass *p, const work_item *i) {
  const esp__conv_geometry *l = &p->way->geometry;
  const esp__correlate k = {
      .x = i->x,
      .x_channel = esp_channel_stride(p->from),
      .y = i->y,
      .y_channel = esp_channel_stride(p->to),
      .pixel = i->pixel,
      .pixels = i->pixels,
      .tap = i->set->tap,
      .taps = i->set->taps,
      .channels = i->channels,
      .outputs = i->outputs,
      .weight = p->packed + (size_t)i->output * (size_t)i->channels * (size_t)l->taps,
      .weights = l->taps,
      .epilogue = i->epilogue};
  g->kernels->correlate(&k);
}

/* Blocks of channels where the inputs of some pixels do not stay in the second-level cache, and
 * gathered weights where a matrix does not. */
static void cut(esp__linear *k) {
  enum {
    TILE = 6,          /* pixels whose inputs all outputs pass over */
    INPUTS = 16384,    /* of a tile, each of 16 images: a MiB */
    CHANNELS = 512,    /* of a block */
    WEIGHTS = 1 << 19, /* of a matrix: two MiB */
  };
  const bool many = k->channels * esp__least(k->pixels, TILE) > INPUTS;
  k->gather = k->o_stride == 1 && (size_t)k->channels * (size_t)k->outputs > WEIGHTS;
  k->panel = k->gather || many ? ESP_LINEAR_PANEL : k->outputs;
  k->block = k->gather ? ESP_LINEAR_GATHERED : many ? CHANNELS : k->channels;
}

static void run_linear(const esp_graph *g, const esp__conv_pass *p, const work_item *i) {
  esp__linear k = {.x = i->x,
                   .x_channel = esp_channel_stride(p->from),
                   .y = i->y,
                   .y_channel = esp_channel_stride(p->to),
                   .pixel = i->pixel,
                   .pixels = i->pixels,
                   .channels = i->channels,
                   .outputs = i->outputs,
                   .weight = p->view.at + (size_t)i->output * p->view.output_stride,
                   .o_stride = p->view.output_stride,
                   .c_stride = p->view.channel_stride,
                   .epilogue = i->epilogue};
  cut(&k);
  g->kernels->linear(&k);
}

static void run_sparse(const esp_graph *g, const esp__conv_pass *p, const work_item *i) {
  const esp__sparse *s = i->sparse;
  const esp__correlate_csr k = {.x = i->x,
                                .y = i->y,
                                .y_channel = esp_channel_stride(p->to),
                                .pixel = i->pixel,
                                .pixels = i->pixels,
                                .run = i->set->run,
                                .step = i->set->step,
                                .row_ptr = s->row_ptr + i->output,
                                .col = s->col,
                                .blocks = s->blocks,
                                .rows = s->rows,
                                .val = s->val,
                                .outputs = i->outputs,
                                .prefetch = esp__pixel_set_prefetch(i->set, p->from),
                                .partial_sums = esp__graph_scratch(g),
                                .epilogue = i->epilogue};
  g->kernels->correlate_csr(&k);
}

/* A tile's outputs are anywhere, so everything is counted from output 0. */
static void run_tiles(const esp_graph *g, const esp__conv_pass *p, const work_item *i) {
  const esp__sparse *s = i->sparse;
  const esp__correlate_bcsr k = {.x = i->x,
                                 .y = esp_plane(p->to, i->block, 0),
                                 .y_channel = esp_channel_stride(p->to),
                                 .pixel = i->pixel,
                                 .pixels = i->pixels,
                                 .row_ptr = s->row_ptr + i->output / ESP_TILE,
                                 .col = s->col,
                                 .val = s->val,
                                 .perm = s->perm + i->output,
                                 .outputs = i->outputs,
                                 .epilogue = epilogue_of(p, i->block, 0)};
  g->kernels->correlate_bcsr(&k);
}

static void dispatch(const esp_graph *g, const esp__conv_pass *p, const work_item *i) {
  if (!i->sparse && !p->packed)
    run_linear(g, p, i);
  else if (!i->sparse)
    run_dense(g, p, i);
  else if (i->sparse->tile_rows == 1)
    run_sparse(g, p, i);
  else
    run_tiles(g, p, i);
}

static void run_item(const esp_graph *g, const esp__conv_pass *p, const pixel_range *s,
                     const partition *c, int number) {
  const int block_set = number / c->output_parts / c->pixel_parts, group = block_set % p->groups,
            block = block_set / p->groups * s->together;
  const int first = number / c->output_parts % c->pixel_parts * c->pixels,
            o = number % c->output_parts * c->outputs;
  const int outputs = p->to->channels / p->groups, channels = p->from->channels / p->groups;
  const int pixels =
      s->set->pixels / s->together * esp__least(s->together, esp__graph_blocks(g) - block);
  if (first >= pixels) return;
  const work_item i = {.x = esp_plane(p->from, block, group * channels),
                       .y = esp_plane(p->to, block, group * outputs + o),
                       .pixel = s->set->pixel + first,
                       .pixels = esp__least(c->pixels, pixels - first),
                       .block = block,
                       .output = group * outputs + o,
                       .outputs = esp__least(c->outputs, outputs - o),
                       .channels = channels,
                       .set = s->set,
                       .sparse = s->sparse,
                       .epilogue = epilogue_of(p, block, group * outputs + o)};
  dispatch(g, p, &i);
}

void esp__conv_pass_run(const esp_graph *g, const esp__conv_pass *p) {
  const esp__conv_geometry *l = &p->way->geometry;
  const int sets = p->sparse ? esp__conv_geometry_sparse_sets(l) : l->sets;
  for (int set = 0; set < sets; set++) {
    const pixel_range s = range_of(p, set);
    const partition c = partition_of(g, p, &s);
#pragma omp for schedule(dynamic) nowait
    for (int i = 0; i < c.block_sets * c.pixel_parts * c.output_parts; i++)
      run_item(g, p, &s, &c, i);
  }
}

void esp__conv_pass_run_blocks(const esp_graph *g, const esp__conv_pass *p, int first, int blocks) {
  const esp__conv_geometry *l = &p->way->geometry;
  const int sets = p->sparse ? esp__conv_geometry_sparse_sets(l) : l->sets;
  for (int set = 0; set < sets; set++) {
    const pixel_range s = range_of(p, set);
    for (int b = 0; b < blocks; b += s.together)
      dispatch(
          g, p,
          &(work_item){.x = esp_plane(p->from, first + b, 0),
                       .y = esp_plane(p->to, first + b, 0),
                       .pixel = s.set->pixel,
                       .pixels = s.set->pixels / s.together * esp__least(s.together, blocks - b),
                       .block = first + b,
                       .outputs = p->to->channels,
                       .channels = p->from->channels,
                       .set = s.set,
                       .sparse = s.sparse,
                       .epilogue = epilogue_of(p, first + b, 0)});
  }
}

/* ---- the two directions ---- */

/* Where dense weights are packed. Those of a linear layer are not, because all that reads them is
 * one or two tiles of pixels: it would take as long to pack them. */
static float *packed_at(const esp_graph *g, const esp__node *n, size_t floats) {
  return n->op->kind == ESP_OPERATION_LINEAR ? NULL : (float *)g->workspace + floats;
}

/* How the nonzero weights of a set of pixels stand, in one direction. */
typedef esp__sparse_view view_function(const esp__node *n, const esp__conv_geometry *l, int set);

static int tile_rows_of(esp_graph *g, const esp__node *n, esp__direction *d, view_function *view) {
  int tile_rows = 1;
  for (int i = 0; i < esp__conv_geometry_sparse_sets(&d->geometry); i++) {
    const esp__sparse_view nonzero = view(n, &d->geometry, i);
    const int own = esp__sparse_tile_rows(g, &d->sparse[i], &nonzero, n->param[0]);
    if (own > tile_rows) tile_rows = own;
  }
  return tile_rows;
}

static bool update(esp_graph *g, const esp__node *n, esp__direction *d, view_function *view) {
  for (int i = 0; i < esp__conv_geometry_sparse_sets(&d->geometry); i++) {
    const esp__sparse_view nonzero = view(n, &d->geometry, i);
    if (!esp__sparse_update(g, &d->sparse[i], &nonzero, n->param[0])) return false;
  }
  return true;
}

/* Whether sparse kernels run: what they need is up to date then. */
static bool choose_forward(esp_graph *g, const esp__node *n, esp__conv_plan *p) {
  if (p->window.groups > 1) return false;
  const int tile_rows = tile_rows_of(g, n, &p->forward, esp__conv_plan_sparse_view);
  return esp__autotune_start(&p->forward_autotune, g, n->param[0], tile_rows) &&
         update(g, n, &p->forward, esp__conv_plan_sparse_view);
}

esp__conv_pass esp__conv_pass_forward(esp_graph *g, const esp__node *n, esp__conv_plan *p) {
  const esp_param *w = n->param[0];
  const int groups = p->window.groups, outputs = n->out.data.channels / groups,
            channels = n->in[0]->data.channels / groups;
  const size_t taps = (size_t)p->forward.geometry.taps, per_output = (size_t)channels * taps;
  esp__epilogue epilogue = {.bias = n->param[1] ? n->param[1]->value : NULL};
  if (n->fused) esp__batchnorm_epilogue(n->fused, &epilogue);
  return (esp__conv_pass){
      .way = &p->forward,
      .weight = w,
      .view = {w->value, per_output, taps, (size_t)outputs * per_output, outputs, channels, groups},
      .packed = packed_at(g, n, 0),
      .from = &n->in[0]->data,
      .to = n->fused ? &n->fused->out.data : &n->out.data,
      .epilogue = epilogue,
      .groups = groups,
      .sparse = choose_forward(g, n, p)};
}

void esp__conv_forward(esp_graph *g, esp__node *n, esp__conv_plan *p) {
  if (esp__winograd_pays(p->winograd, n)) {
    esp__autotune_skip(&p->forward_autotune, ESP_BY_WINOGRAD);
    esp__winograd_forward(g, n, p->winograd);
    return;
  }
  const esp__conv_pass whole = esp__conv_pass_forward(g, n, p);
#pragma omp parallel num_threads(g->threads)
  {
    esp__conv_pass_prepare(g, &whole);
#pragma omp barrier
    esp__conv_pass_run(g, &whole);
  }
  esp__autotune_stop(&p->forward_autotune);
}

/* Backward, inputs and outputs change places: one pass for each parity class. */
static esp__conv_pass back_pass(const esp_graph *g, const esp__node *n, const esp__conv_plan *p,
                                int number, size_t packed, bool sparse) {
  const int groups = p->window.groups, outputs = n->in[0]->data.channels / groups,
            channels = n->out.data.channels / groups;
  const size_t taps = (size_t)esp__window_taps(&p->window), per_channel = (size_t)outputs * taps;
  return (esp__conv_pass){.way = &p->back[number],
                          .weight = n->param[0],
                          .view = {n->param[0]->value, taps, per_channel,
                                   (size_t)channels * per_channel, outputs, channels, groups},
                          .packed = packed_at(g, n, packed),
                          .from = &n->out.grad,
                          .to = &n->in[0]->grad,
                          .epilogue = {.accumulate = n->add[0]},
                          .groups = groups,
                          .sparse = sparse};
}

/* A class that no tap reaches gets zeros: nothing to do where they would be added. */
static bool has_work(const esp__node *n, const esp__direction *d) {
  return d->geometry.all.pixels > 0 && (d->geometry.taps > 0 || !n->add[0]);
}

static esp__sparse_view back_view(const esp__node *n, const esp__conv_geometry *l, int i) {
  const esp_param *w = n->param[0];
  const esp__pixel_set *set = esp__conv_geometry_sparse_set(l, i);
  const int outputs = n->in[0]->data.channels, channels = n->out.data.channels;
  const size_t taps = w->count / (size_t)outputs / (size_t)channels;
  return (esp__sparse_view){.outputs = outputs,
                            .channels = channels,
                            .taps = set->taps,
                            .block_channels = esp__pixel_set_block(set),
                            .output_stride = taps,
                            .channel_stride = (size_t)outputs * taps,
                            .x_channel = esp_channel_stride(&n->out.grad),
                            .tap = set->tap,
                            .place = l->place};
}

static bool choose_back(esp_graph *g, const esp__node *n, esp__conv_plan *p) {
  const int classes = esp__window_classes(&p->window);
  int tile_rows = 1;
  if (p->window.groups > 1) return false;
  for (int s = 0; s < classes; s++) {
    const int own = tile_rows_of(g, n, &p->back[s], back_view);
    if (own > tile_rows) tile_rows = own;
  }
  if (!esp__autotune_start(&p->back_autotune, g, n->param[0], tile_rows)) return false;
  for (int s = 0; s < classes; s++)
    if (!update(g, n, &p->back[s], back_view)) return false;
  return true;
}

esp__conv_pass esp__conv_pass_backward(esp_graph *g, const esp__node *n, esp__conv_plan *p) {
  return back_pass(g, n, p, 0, 0, choose_back(g, n, p));
}

/* Calls work(g, &pass) for every class; each thread of the team does. */
static void each_class(const esp_graph *g, const esp__node *n, const esp__conv_plan *p, bool sparse,
                       void (*work)(const esp_graph *g, const esp__conv_pass *p)) {
  size_t packed = 0;
  for (int s = 0; s < esp__window_classes(&p->window); s++) {
    const esp__conv_pass whole = back_pass(g, n, p, s, packed, sparse);
    if (has_work(n, whole.way)) work(g, &whole);
    packed += n->param[0]->count / (size_t)esp__window_taps(&p->window) *
              (size_t)whole.way->geometry.taps;
  }
}

void esp__conv_backward_data(esp_graph *g, esp__node *n, esp__conv_plan *p) {
  if (esp__winograd_pays(p->winograd, n)) {
    esp__autotune_skip(&p->back_autotune, ESP_BY_WINOGRAD);
    esp__winograd_backward_data(g, n, p->winograd);
    return;
  }
  const bool sparse = choose_back(g, n, p);
#pragma omp parallel num_threads(g->threads)
  {
    each_class(g, n, p, sparse, esp__conv_pass_prepare);
#pragma omp barrier
    each_class(g, n, p, sparse, esp__conv_pass_run);
  }
  esp__autotune_stop(&p->back_autotune);
}

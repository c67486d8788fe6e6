/* The passes that make activations: forward, and the gradient back to the input. */
#include "autograd/conv_plan.h"

/* ---- packing ---- */

/* Weight (o, c, place) of a group, where "output" and "channel" are those of the direction of the
 * pass. */
typedef struct weight_view {
  const float *at;
  size_t output_stride, channel_stride, group_stride;
  int outputs, channels, groups;
} weight_view;

/* One tile of outputs of one group, as correlate.h wants it: [channels][taps][width]. */
static void pack_tile(const weight_view *v, const esp__conv_geometry *l, int group, int first,
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

/* Everything but which pixels and which outputs. */
typedef struct pass {
  esp__direction *way;
  const esp_param *weight;
  weight_view view;
  float *packed; /* where its dense weights go */
  const esp_tensor *from, *to;
  esp__epilogue finish; /* of output 0; residual: of the whole tensor, with the geometry of `to` */
  int groups;
  bool sparse;
} pass;

/* Brings the weights into the order of the pass: all threads of the team share the work. */
static void prepare(const esp_graph *g, const pass *p) {
  (void)g;
  const int tiles = esp__ceil_div(p->view.outputs, ESP_TILE);
  const size_t per_output = (size_t)p->view.channels * (size_t)p->way->list.taps;
  if (p->sparse) {
    for (int i = 0; i < esp__conv_geometry_listed(&p->way->list); i++)
      esp__sparse_fetch(&p->way->sparse[i], p->weight);
    return;
  }
#pragma omp for schedule(static) nowait
  for (int i = 0; i < p->view.groups * tiles; i++) {
    const int group = i / tiles, first = i % tiles * ESP_TILE;
    pack_tile(&p->view, &p->way->list, group, first,
              p->packed + (size_t)(group * p->view.outputs + first) * per_output);
  }
}

/* Some of the pixels of a pass, over `together` blocks of images. */
typedef struct span {
  const esp__pixel_set *part;
  int together, grain;       /* a piece has a multiple of `grain` pixels */
  const esp__sparse *sparse; /* their nonzero weights; NULL: all weights */
} span;

enum { PATCHES = 3, TILES = 48 }; /* in the smallest piece */

static span span_of(const pass *p, int i) {
  const esp__conv_geometry *l = &p->way->list;
  if (!p->sparse) return (span){&l->part[i], l->part_blocks, TILES, NULL};
  const esp__pixel_set *part = esp__conv_geometry_set(l, i);
  const esp__sparse *s = &p->way->sparse[i];
  return (span){part, l->listed ? l->part_blocks : l->grid.blocks,
                s->width == 1 ? PATCHES * part->patch : TILES, s};
}

/* How the work is cut: pieces of the list of pixels, then of the outputs, until every thread has
 * some. What is computed does not depend on it. */
typedef struct cut {
  int sets, pixel_pieces, pixels, output_pieces, outputs;
} cut;

static cut cut_of(const esp_graph *g, const pass *p, const span *s) {
  const int outputs = p->to->channels / p->groups,
            grains = esp__ceil_div(s->part->pixels, s->grain);
  cut c = {.sets = esp__ceil_div(esp__graph_blocks(g), s->together) * p->groups};
  c.pixels =
      esp__ceil_div(grains, esp__least(esp__ceil_div(esp__pieces_wanted(g), c.sets), grains)) *
      s->grain;
  c.pixel_pieces = esp__ceil_div(s->part->pixels, c.pixels);
  c.outputs = esp__piece_outputs(g, c.sets * c.pixel_pieces, outputs);
  c.output_pieces = esp__ceil_div(outputs, c.outputs);
  return c;
}

/* A piece: pixels of a set of blocks, outputs of a group. */
typedef struct piece {
  const float *x;
  float *y;
  const esp__pixel *pixel;
  int pixels, block, output, outputs, channels;
  const esp__pixel_set *part;
  const esp__sparse *sparse;
  esp__epilogue finish;
} piece;

static esp__epilogue finish_of(const pass *p, int block, int output) {
  return esp__epilogue_from(&p->finish, output, esp_plane(p->to, block, output) - p->to->data);
}

static void run_dense(const esp_graph *g, const pass *p, const piece *i) {
  const esp__conv_geometry *l = &p->way->list;
  const esp__correlate k = {
      .x = i->x,
      .x_channel = esp_channel_stride(p->from),
      .y = i->y,
      .y_channel = esp_channel_stride(p->to),
      .pixel = i->pixel,
      .pixels = i->pixels,
      .tap = i->part->tap,
      .taps = i->part->taps,
      .channels = i->channels,
      .outputs = i->outputs,
      .weight = p->packed + (size_t)i->output * (size_t)i->channels * (size_t)l->taps,
      .weights = l->taps,
      .finish = i->finish};
  g->kernels->correlate(&k);
}

static void run_sparse(const esp_graph *g, const pass *p, const piece *i) {
  const esp__sparse *s = i->sparse;
  const esp__correlate_sparse k = {.x = i->x,
                                   .y = i->y,
                                   .y_channel = esp_channel_stride(p->to),
                                   .pixel = i->pixel,
                                   .pixels = i->pixels,
                                   .run = i->part->run,
                                   .step = i->part->step,
                                   .start = s->start + i->output,
                                   .offset = s->offset,
                                   .blocks = s->blocks,
                                   .next = s->rows,
                                   .value = s->value,
                                   .outputs = i->outputs,
                                   .ahead = esp__pixel_set_prefetch(i->part, p->from),
                                   .waiting = esp__graph_scratch(g),
                                   .finish = i->finish};
  g->kernels->correlate_sparse(&k);
}

/* A tile's outputs are anywhere, so everything is counted from output 0. */
static void run_tiles(const esp_graph *g, const pass *p, const piece *i) {
  const esp__sparse *s = i->sparse;
  const esp__correlate_tiles k = {.x = i->x,
                                  .y = esp_plane(p->to, i->block, 0),
                                  .y_channel = esp_channel_stride(p->to),
                                  .pixel = i->pixel,
                                  .pixels = i->pixels,
                                  .start = s->start + i->output / ESP_TILE,
                                  .offset = s->offset,
                                  .value = s->value,
                                  .order = s->order + i->output,
                                  .outputs = i->outputs,
                                  .finish = finish_of(p, i->block, 0)};
  g->kernels->correlate_tiles(&k);
}

static void run_piece(const esp_graph *g, const pass *p, const span *s, const cut *c, int number) {
  const int set = number / c->output_pieces / c->pixel_pieces, group = set % p->groups,
            block = set / p->groups * s->together;
  const int first = number / c->output_pieces % c->pixel_pieces * c->pixels,
            o = number % c->output_pieces * c->outputs;
  const int outputs = p->to->channels / p->groups, channels = p->from->channels / p->groups;
  const int pixels =
      s->part->pixels / s->together * esp__least(s->together, esp__graph_blocks(g) - block);
  if (first >= pixels) return;
  const piece i = {.x = esp_plane(p->from, block, group * channels),
                   .y = esp_plane(p->to, block, group * outputs + o),
                   .pixel = s->part->pixel + first,
                   .pixels = esp__least(c->pixels, pixels - first),
                   .block = block,
                   .output = group * outputs + o,
                   .outputs = esp__least(c->outputs, outputs - o),
                   .channels = channels,
                   .part = s->part,
                   .sparse = s->sparse,
                   .finish = finish_of(p, block, group * outputs + o)};
  if (!i.sparse)
    run_dense(g, p, &i);
  else if (i.sparse->width == 1)
    run_sparse(g, p, &i);
  else
    run_tiles(g, p, &i);
}

/* The pieces of a pass, shared by all threads of the team. */
static void run_pieces(const esp_graph *g, const pass *p) {
  for (int part = 0;
       part < (p->sparse ? esp__conv_geometry_listed(&p->way->list) : p->way->list.parts); part++) {
    const span s = span_of(p, part);
    const cut c = cut_of(g, p, &s);
#pragma omp for schedule(dynamic) nowait
    for (int i = 0; i < c.sets * c.pixel_pieces * c.output_pieces; i++) run_piece(g, p, &s, &c, i);
  }
}

/* ---- the two directions ---- */

/* How the nonzero weights of a part stand, in one direction. */
typedef esp__sparse_view view_function(const esp__node *n, const esp__conv_geometry *l, int part);

static int width_of(esp_graph *g, const esp__node *n, esp__direction *d, view_function *view) {
  int width = 1;
  for (int i = 0; i < esp__conv_geometry_listed(&d->list); i++) {
    const esp__sparse_view nonzero = view(n, &d->list, i);
    const int own = esp__sparse_width(g, &d->sparse[i], &nonzero, n->param[0]);
    if (own > width) width = own;
  }
  return width;
}

static bool update(esp_graph *g, const esp__node *n, esp__direction *d, view_function *view) {
  for (int i = 0; i < esp__conv_geometry_listed(&d->list); i++) {
    const esp__sparse_view nonzero = view(n, &d->list, i);
    if (!esp__sparse_update(g, &d->sparse[i], &nonzero, n->param[0])) return false;
  }
  return true;
}

/* Whether sparse kernels run: the lists are ready then. */
static bool choose_forward(esp_graph *g, const esp__node *n, esp__conv_plan *p) {
  if (p->window.groups > 1) return false;
  const int width = width_of(g, n, &p->forward, esp__conv_plan_choices);
  return esp__autotune_start(&p->forward_watch, g, n->param[0], width) &&
         update(g, n, &p->forward, esp__conv_plan_choices);
}

void esp__conv_forward(esp_graph *g, esp__node *n, esp__conv_plan *p) {
  const esp_param *w = n->param[0];
  if (esp__winograd_pays(p->winograd, n)) {
    esp__autotune_skip(&p->forward_watch, ESP_BY_WINOGRAD);
    esp__winograd_forward(g, n, p->winograd);
    return;
  }
  const int groups = p->window.groups, outputs = n->out.data.channels / groups,
            channels = n->in[0]->data.channels / groups;
  const size_t taps = (size_t)p->forward.list.taps, per_output = (size_t)channels * taps;
  esp__epilogue finish = {.bias = n->param[1] ? n->param[1]->value : NULL};
  if (n->fused) esp__batchnorm_epilogue(n->fused, &finish);
  const pass whole = {
      .way = &p->forward,
      .weight = w,
      .view = {w->value, per_output, taps, (size_t)outputs * per_output, outputs, channels, groups},
      .packed = g->workspace,
      .from = &n->in[0]->data,
      .to = &esp__output_of(n)->data,
      .finish = finish,
      .groups = groups,
      .sparse = choose_forward(g, n, p)};
#pragma omp parallel num_threads(g->threads)
  {
    prepare(g, &whole);
#pragma omp barrier
    run_pieces(g, &whole);
  }
  esp__autotune_stop(&p->forward_watch);
}

/* The same correlation with inputs and outputs exchanged: one pass for each parity class. */
static pass back_pass(const esp_graph *g, const esp__node *n, const esp__conv_plan *p, int number,
                      size_t packed, bool sparse) {
  const int groups = p->window.groups, outputs = n->in[0]->data.channels / groups,
            channels = n->out.data.channels / groups;
  const size_t taps = (size_t)(p->window.rows * p->window.columns),
               per_channel = (size_t)outputs * taps;
  return (pass){.way = &p->back[number],
                .weight = n->param[0],
                .view = {n->param[0]->value, taps, per_channel, (size_t)channels * per_channel,
                         outputs, channels, groups},
                .packed = (float *)g->workspace + packed,
                .from = &n->out.grad,
                .to = &n->in[0]->grad,
                .finish = {.accumulate = n->add[0]},
                .groups = groups,
                .sparse = sparse};
}

/* A class that no tap reaches gets zeros: nothing to do where they would be added. */
static bool has_work(const esp__node *n, const esp__direction *d) {
  return d->list.whole.pixels > 0 && (d->list.taps > 0 || !n->add[0]);
}

static esp__sparse_view back_view(const esp__node *n, const esp__conv_geometry *l, int i) {
  const esp_param *w = n->param[0];
  const esp__pixel_set *part = esp__conv_geometry_set(l, i);
  const int outputs = n->in[0]->data.channels, channels = n->out.data.channels;
  const size_t taps = w->count / (size_t)outputs / (size_t)channels;
  return (esp__sparse_view){.outputs = outputs,
                            .channels = channels,
                            .taps = part->taps,
                            .block = esp__pixel_set_block(part),
                            .output_stride = taps,
                            .channel_stride = (size_t)outputs * taps,
                            .x_channel = esp_channel_stride(&n->out.grad),
                            .tap = part->tap,
                            .place = l->place};
}

static bool choose_back(esp_graph *g, const esp__node *n, esp__conv_plan *p) {
  const int classes = p->window.stride * p->window.stride;
  int width = 1;
  if (p->window.groups > 1) return false;
  for (int s = 0; s < classes; s++) {
    const int own = width_of(g, n, &p->back[s], back_view);
    if (own > width) width = own;
  }
  if (!esp__autotune_start(&p->back_watch, g, n->param[0], width)) return false;
  for (int s = 0; s < classes; s++)
    if (!update(g, n, &p->back[s], back_view)) return false;
  return true;
}

/* Calls work(g, &pass) for every class; each thread of the team does. */
static void each_class(const esp_graph *g, const esp__node *n, const esp__conv_plan *p, bool sparse,
                       void (*work)(const esp_graph *g, const pass *p)) {
  size_t packed = 0;
  for (int s = 0; s < p->window.stride * p->window.stride; s++) {
    const pass whole = back_pass(g, n, p, s, packed, sparse);
    if (has_work(n, whole.way)) work(g, &whole);
    packed += n->param[0]->count / (size_t)(p->window.rows * p->window.columns) *
              (size_t)whole.way->list.taps;
  }
}

void esp__conv_backward_data(esp_graph *g, esp__node *n, esp__conv_plan *p) {
  if (esp__winograd_pays(p->winograd, n)) {
    esp__autotune_skip(&p->back_watch, ESP_BY_WINOGRAD);
    esp__winograd_backward_data(g, n, p->winograd);
    return;
  }
  const bool sparse = choose_back(g, n, p);
#pragma omp parallel num_threads(g->threads)
  {
    each_class(g, n, p, sparse, prepare);
#pragma omp barrier
    each_class(g, n, p, sparse, run_pieces);
  }
  esp__autotune_stop(&p->back_watch);
}

/* The passes that make activations: forward, and the gradient back to the input. */
#include "autograd/conv_plan.h"

/* ---- packing ---- */

/* Weight (o, c, place) of a group, where "output" and "channel" are those of the direction of the pass. */
typedef struct weight_view {
  const float *at;
  size_t output_stride, channel_stride, group_stride;
  int outputs, channels, groups;
} weight_view;

/* One tile of outputs of one group, as correlate.h wants it: [channels][taps][width]. */
static void pack_tile(const weight_view *v, const esp_lists *l, int group, int first, float *to) {
  const int width = esp_least(v->outputs - first, ESP_TILE);
  const float *from = v->at + (size_t)group * v->group_stride + (size_t)first * v->output_stride;
  for (int c = 0; c < v->channels; c++)
    for (int t = 0; t < l->taps; t++)
      for (int o = 0; o < width; o++)
        *to++ = from[(size_t)o * v->output_stride + (size_t)c * v->channel_stride + (size_t)l->place[t]];
}

/* ---- a pass over all blocks ---- */

/* Everything but which pixels and which outputs. */
typedef struct pass {
  esp_direction *way;
  const esp_param *weight;
  weight_view view;
  float *packed; /* where its dense weights go */
  const esp_tensor *from, *to;
  esp_finish finish; /* of output 0; residual: of the whole tensor, with the geometry of `to` */
  int groups;
  bool sparse;
} pass;

/* Brings the weights into the order of the pass: all threads of the team share the work. */
static void prepare(const esp_graph *g, const pass *p) {
  (void)g;
  const int tiles = esp_ceil_div(p->view.outputs, ESP_TILE);
  const size_t per_output = (size_t)p->view.channels * (size_t)p->way->list.taps;
  if (p->sparse) {
    for (int i = 0; i < esp_lists_listed(&p->way->list); i++) esp_sparse_fetch(&p->way->sparse[i], p->weight);
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
  const esp_pixel_set *part;
  int together, grain;      /* a piece has a multiple of `grain` pixels */
  const esp_sparse *sparse; /* their nonzero weights; NULL: all weights */
} span;

enum { PATCHES = 3, TILES = 48 }; /* in the smallest piece */

static span span_of(const pass *p, int i) {
  const esp_lists *l = &p->way->list;
  if (!p->sparse) return (span){&l->part[i], l->part_blocks, TILES, NULL};
  const esp_pixel_set *part = esp_lists_part(l, i);
  const esp_sparse *s = &p->way->sparse[i];
  return (span){part, l->listed ? l->part_blocks : l->grid.blocks,
                s->width == 1 ? PATCHES * part->patch : TILES, s};
}

/* How the work is cut: pieces of the list of pixels, then of the outputs, until every thread has some. What
 * is computed does not depend on it. */
typedef struct cut {
  int sets, pixel_pieces, pixels, output_pieces, outputs;
} cut;

static cut cut_of(const esp_graph *g, const pass *p, const span *s) {
  const int outputs = p->to->channels / p->groups, grains = esp_ceil_div(s->part->pixels, s->grain);
  cut c = {.sets = esp_ceil_div(esp_graph_blocks(g), s->together) * p->groups};
  c.pixels = esp_ceil_div(grains, esp_least(esp_ceil_div(esp_pieces_wanted(g), c.sets), grains)) * s->grain;
  c.pixel_pieces = esp_ceil_div(s->part->pixels, c.pixels);
  c.outputs = esp_piece_outputs(g, c.sets * c.pixel_pieces, outputs);
  c.output_pieces = esp_ceil_div(outputs, c.outputs);
  return c;
}

/* A piece: pixels of a set of blocks, outputs of a group. */
typedef struct piece {
  const float *x;
  float *y;
  const esp_pixel *pixel;
  int pixels, block, output, outputs, channels;
  const esp_pixel_set *part;
  const esp_sparse *sparse;
  esp_finish finish;
} piece;

static esp_finish finish_of(const pass *p, int block, int output) {
  return esp_finish_from(&p->finish, output, esp_plane(p->to, block, output) - p->to->data);
}

static void run_dense(const esp_graph *g, const pass *p, const piece *i) {
  const esp_lists *l = &p->way->list;
  const esp_correlate k = {.x = i->x,
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
  const esp_sparse *s = i->sparse;
  const esp_correlate_sparse k = {.x = i->x,
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
                                  .ahead = esp_part_ahead(i->part, p->from),
                                  .waiting = esp_graph_scratch(g),
                                  .finish = i->finish};
  g->kernels->correlate_sparse(&k);
}

/* A tile's outputs are anywhere, so everything is counted from output 0. */
static void run_tiles(const esp_graph *g, const pass *p, const piece *i) {
  const esp_sparse *s = i->sparse;
  const esp_correlate_tiles k = {.x = i->x,
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
  const int pixels = s->part->pixels / s->together * esp_least(s->together, esp_graph_blocks(g) - block);
  if (first >= pixels) return;
  const piece i = {.x = esp_plane(p->from, block, group * channels),
                   .y = esp_plane(p->to, block, group * outputs + o),
                   .pixel = s->part->pixel + first,
                   .pixels = esp_least(c->pixels, pixels - first),
                   .block = block,
                   .output = group * outputs + o,
                   .outputs = esp_least(c->outputs, outputs - o),
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
  for (int part = 0; part < (p->sparse ? esp_lists_listed(&p->way->list) : p->way->list.parts); part++) {
    const span s = span_of(p, part);
    const cut c = cut_of(g, p, &s);
#pragma omp for schedule(dynamic) nowait
    for (int i = 0; i < c.sets * c.pixel_pieces * c.output_pieces; i++) run_piece(g, p, &s, &c, i);
  }
}

/* ---- the two directions ---- */

/* How the nonzero weights of a part stand, in one direction. */
typedef esp_sparse_view view_function(const esp_node *n, const esp_lists *l, int part);

static int width_of(esp_graph *g, const esp_node *n, esp_direction *d, view_function *view) {
  int width = 1;
  for (int i = 0; i < esp_lists_listed(&d->list); i++) {
    const esp_sparse_view nonzero = view(n, &d->list, i);
    const int own = esp_sparse_width(g, &d->sparse[i], &nonzero, n->param[0]);
    if (own > width) width = own;
  }
  return width;
}

static bool update(esp_graph *g, const esp_node *n, esp_direction *d, view_function *view) {
  for (int i = 0; i < esp_lists_listed(&d->list); i++) {
    const esp_sparse_view nonzero = view(n, &d->list, i);
    if (!esp_sparse_update(g, &d->sparse[i], &nonzero, n->param[0])) return false;
  }
  return true;
}

/* Whether sparse kernels run: the lists are ready then. */
static bool choose_forward(esp_graph *g, const esp_node *n, esp_correlation *p) {
  if (p->window.groups > 1) return false;
  const int width = width_of(g, n, &p->forward, esp_correlation_view);
  return esp_stopwatch_start(&p->forward_watch, g, n->param[0], width) &&
         update(g, n, &p->forward, esp_correlation_view);
}

void esp_correlation_forward(esp_graph *g, esp_node *n, esp_correlation *p) {
  const esp_param *w = n->param[0];
  if (esp_winograd_pays(p->winograd, n)) {
    esp_stopwatch_skip(&p->forward_watch, ESP_BY_WINOGRAD);
    esp_winograd_forward(g, n, p->winograd);
    return;
  }
  const int groups = p->window.groups, outputs = n->out.data.channels / groups,
            channels = n->in[0]->data.channels / groups;
  const size_t taps = (size_t)p->forward.list.taps, per_output = (size_t)channels * taps;
  esp_finish finish = {.bias = n->param[1] ? n->param[1]->value : NULL};
  if (n->fused) esp_batchnorm_finish(n->fused, &finish);
  const pass whole = {
      .way = &p->forward,
      .weight = w,
      .view = {w->value, per_output, taps, (size_t)outputs * per_output, outputs, channels, groups},
      .packed = g->workspace,
      .from = &n->in[0]->data,
      .to = &esp_output_of(n)->data,
      .finish = finish,
      .groups = groups,
      .sparse = choose_forward(g, n, p)};
#pragma omp parallel num_threads(g->threads)
  {
    prepare(g, &whole);
#pragma omp barrier
    run_pieces(g, &whole);
  }
  esp_stopwatch_stop(&p->forward_watch);
}

/* The same correlation with inputs and outputs exchanged: one pass for each parity class. */
static pass back_pass(const esp_graph *g, const esp_node *n, const esp_correlation *p, int number,
                      size_t packed, bool sparse) {
  const int groups = p->window.groups, outputs = n->in[0]->data.channels / groups,
            channels = n->out.data.channels / groups;
  const size_t taps = (size_t)(p->window.rows * p->window.columns), per_channel = (size_t)outputs * taps;
  return (pass){.way = &p->back[number],
                .weight = n->param[0],
                .view = {n->param[0]->value, taps, per_channel, (size_t)channels * per_channel, outputs,
                         channels, groups},
                .packed = (float *)g->workspace + packed,
                .from = &n->out.grad,
                .to = &n->in[0]->grad,
                .finish = {.accumulate = n->add[0]},
                .groups = groups,
                .sparse = sparse};
}

/* A class that no tap reaches gets zeros: nothing to do where they would be added. */
static bool has_work(const esp_node *n, const esp_direction *d) {
  return d->list.whole.pixels > 0 && (d->list.taps > 0 || !n->add[0]);
}

static esp_sparse_view back_view(const esp_node *n, const esp_lists *l, int i) {
  const esp_param *w = n->param[0];
  const esp_pixel_set *part = esp_lists_part(l, i);
  const int outputs = n->in[0]->data.channels, channels = n->out.data.channels;
  const size_t taps = w->count / (size_t)outputs / (size_t)channels;
  return (esp_sparse_view){.outputs = outputs,
                           .channels = channels,
                           .taps = part->taps,
                           .block = esp_part_block(part),
                           .output_stride = taps,
                           .channel_stride = (size_t)outputs * taps,
                           .x_channel = esp_channel_stride(&n->out.grad),
                           .tap = part->tap,
                           .place = l->place};
}

static bool choose_back(esp_graph *g, const esp_node *n, esp_correlation *p) {
  const int classes = p->window.stride * p->window.stride;
  int width = 1;
  if (p->window.groups > 1) return false;
  for (int s = 0; s < classes; s++) {
    const int own = width_of(g, n, &p->back[s], back_view);
    if (own > width) width = own;
  }
  if (!esp_stopwatch_start(&p->back_watch, g, n->param[0], width)) return false;
  for (int s = 0; s < classes; s++)
    if (!update(g, n, &p->back[s], back_view)) return false;
  return true;
}

/* Calls work(g, &pass) for every class; each thread of the team does. */
static void each_class(const esp_graph *g, const esp_node *n, const esp_correlation *p, bool sparse,
                       void (*work)(const esp_graph *g, const pass *p)) {
  size_t packed = 0;
  for (int s = 0; s < p->window.stride * p->window.stride; s++) {
    const pass whole = back_pass(g, n, p, s, packed, sparse);
    if (has_work(n, whole.way)) work(g, &whole);
    packed +=
        n->param[0]->count / (size_t)(p->window.rows * p->window.columns) * (size_t)whole.way->list.taps;
  }
}

void esp_correlation_to_input(esp_graph *g, esp_node *n, esp_correlation *p) {
  if (esp_winograd_pays(p->winograd, n)) {
    esp_stopwatch_skip(&p->back_watch, ESP_BY_WINOGRAD);
    esp_winograd_to_input(g, n, p->winograd);
    return;
  }
  const bool sparse = choose_back(g, n, p);
#pragma omp parallel num_threads(g->threads)
  {
    each_class(g, n, p, sparse, prepare);
#pragma omp barrier
    each_class(g, n, p, sparse, run_pieces);
  }
  esp_stopwatch_stop(&p->back_watch);
}

#include "autograd/correlation.h"

#include <omp.h>
#include <string.h>

enum {
  PIXELS_WANTED = 48, /* planes smaller than this are joined across blocks of images */
  SUM_PIXELS = 512    /* pixels whose products are summed image by image before the images are joined */
};

/* A list of pixels (over `blocks` blocks of images), and of taps with their place in the kernel. */
typedef struct lists {
  esp_pixel *pixel;
  int32_t *tap, *place;
  int pixels, taps;
} lists;

struct esp_correlation {
  esp_window window;
  int together;       /* blocks of images that share a list of pixels, forward and backward */
  lists forward;      /* from in.data to out.data */
  lists *back;        /* [stride * stride] parity classes, from out.grad to in.grad */
  float *packed;      /* weights as the forward pass reads them */
  float *packed_back; /* as the backward pass reads them, one class after the other */
  int chunk;          /* blocks of images that the weight gradient sums before joining images */
  lists weights;      /* from in.data to out.grad, over `chunk` blocks */
  int32_t *column;    /* offsets of (channel, tap) */
  float *lanes;       /* [threads][4][columns][16] */
  float *partial;     /* [chunks][weights] */
  double *bias;       /* [blocks][outputs] */
};

static inline int least(int a, int b) {
  return a < b ? a : b;
}
static inline int ceil_div(int a, int b) {
  return (a + b - 1) / b;
}
static inline int floor_div(int a, int b) {
  return a >= 0 ? a / b : -ceil_div(-a, b);
}

/* A position i of the input is reached from outputs (i + padding - k) / stride, for the k that divide. */
int esp_correlation_back_halo(const esp_window *w, int in, int out, int kernel) {
  int low = floor_div(w->padding - (kernel - 1), w->stride), high = floor_div(in - 1 + w->padding, w->stride);
  int before = low < 0 ? -low : 0, after = high > out - 1 ? high - (out - 1) : 0;
  return before > after ? before : after;
}

/* ---- lists ---- */

static int32_t offset(const esp_tensor *t, int block, int row, int column) {
  return (int32_t)((ptrdiff_t)block * (ptrdiff_t)esp_block_stride(t) +
                   (ptrdiff_t)row * (ptrdiff_t)esp_row_stride(t) + (ptrdiff_t)column * ESP_LANES);
}

/* Offsets are 32 bits: a list must not span more than that. */
static esp_status check_span(const esp_tensor *a, const esp_tensor *b, int blocks, esp_error *err) {
  size_t span = esp_block_stride(a) > esp_block_stride(b) ? esp_block_stride(a) : esp_block_stride(b);
  if (span * (size_t)blocks > INT32_MAX)
    return esp_fail(err, ESP_ERR_MEMORY, "convolution: a layer of this size is too large");
  return ESP_OK;
}

static esp_status alloc_lists(esp_graph *g, lists *l, int pixels, int taps, esp_error *err) {
  ESP_TRY(esp_graph_alloc(g, (size_t)pixels * sizeof(esp_pixel), &l->pixel, err));
  ESP_TRY(esp_graph_alloc(g, (size_t)taps * sizeof(int32_t), &l->tap, err));
  return esp_graph_alloc(g, (size_t)taps * sizeof(int32_t), &l->place, err);
}

/* Output pixel (r, c) reads around input pixel (r * stride - padding, c * stride - padding). */
static esp_status list_forward(esp_graph *g, lists *l, const esp_window *w, const esp_tensor *in,
                               const esp_tensor *out, int blocks, esp_error *err) {
  ESP_TRY(check_span(in, out, blocks, err));
  ESP_TRY(alloc_lists(g, l, blocks * out->height * out->width, w->rows * w->columns, err));
  for (int b = 0; b < blocks; b++)
    for (int r = 0; r < out->height; r++)
      for (int c = 0; c < out->width; c++)
        l->pixel[l->pixels++] = (esp_pixel){
            offset(in, b, r * w->stride - w->padding, c * w->stride - w->padding), offset(out, b, r, c)};
  for (int i = 0; i < w->rows * w->columns; i++) {
    l->tap[l->taps] = offset(in, 0, i / w->columns, i % w->columns);
    l->place[l->taps++] = i;
  }
  return ESP_OK;
}

/* Input pixels whose (row, column) leave the remainders (row, column) when divided by the stride, and the
 * taps that reach them, in ascending order of the output pixel they come from. */
static esp_status list_back(esp_graph *g, lists *l, const esp_window *w, int row, int column,
                            const esp_tensor *in, const esp_tensor *out, int blocks, esp_error *err) {
  ESP_TRY(check_span(in, out, blocks, err));
  const int s = w->stride, rows = ceil_div(in->height - row, s), columns = ceil_div(in->width - column, s);
  if (rows <= 0 || columns <= 0) return ESP_OK;
  ESP_TRY(alloc_lists(g, l, blocks * rows * columns, w->rows * w->columns, err));
  for (int b = 0; b < blocks; b++)
    for (int r = 0; r < rows; r++)
      for (int c = 0; c < columns; c++)
        l->pixel[l->pixels++] = (esp_pixel){offset(out, b, r, c), offset(in, b, row + r * s, column + c * s)};
  for (int i = w->rows * w->columns - 1; i >= 0; i--) {
    const int r = row + w->padding - i / w->columns, c = column + w->padding - i % w->columns;
    if (floor_div(r, s) * s != r || floor_div(c, s) * s != c) continue;
    l->tap[l->taps] = offset(out, 0, floor_div(r, s), floor_div(c, s));
    l->place[l->taps++] = i;
  }
  return ESP_OK;
}

static esp_status plan_back(esp_graph *g, esp_node *n, esp_correlation *p, esp_error *err) {
  const int s = p->window.stride;
  if (!n->in[0]->grad.data) return ESP_OK;
  ESP_TRY(esp_graph_alloc(g, (size_t)(s * s) * sizeof *p->back, &p->back, err));
  ESP_TRY(esp_graph_alloc(g, n->param[0]->count * sizeof(float), &p->packed_back, err));
  for (int i = 0; i < s * s; i++)
    ESP_TRY(
        list_back(g, &p->back[i], &p->window, i / s, i % s, &n->in[0]->grad, &n->out.grad, p->together, err));
  return ESP_OK;
}

static esp_status plan_weights(esp_graph *g, esp_node *n, esp_correlation *p, esp_error *err) {
  const esp_tensor *x = &n->in[0]->data, *dy = &n->out.grad;
  const int channels = x->channels / p->window.groups, taps = p->window.rows * p->window.columns;
  const size_t columns = (size_t)channels * (size_t)taps;
  p->chunk = least(ceil_div(SUM_PIXELS, dy->height * dy->width), dy->blocks);
  ESP_TRY(list_forward(g, &p->weights, &p->window, x, dy, p->chunk, err));
  ESP_TRY(esp_graph_alloc(g, columns * sizeof(int32_t), &p->column, err));
  for (size_t i = 0; i < columns; i++)
    p->column[i] = (int32_t)(i / (size_t)taps * esp_channel_stride(x)) + p->weights.tap[i % (size_t)taps];
  ESP_TRY(esp_graph_alloc(g, (size_t)g->threads * ESP_TILE * columns * ESP_LANES * sizeof(float), &p->lanes,
                          err));
  if (n->param[1])
    ESP_TRY(esp_graph_alloc(g, (size_t)(dy->blocks * dy->channels) * sizeof(double), &p->bias, err));
  return esp_graph_alloc(g, (size_t)ceil_div(dy->blocks, p->chunk) * n->param[0]->count * sizeof(float),
                         &p->partial, err);
}

esp_status esp_correlation_plan(esp_graph *g, esp_node *n, esp_window w, esp_correlation **plan,
                                esp_error *err) {
  const esp_tensor *x = &n->in[0]->data, *y = &n->out.data;
  esp_correlation *p;
  ESP_TRY(esp_graph_alloc(g, sizeof *p, &p, err));
  *plan = p;
  p->window = w;
  p->together = least(ceil_div(PIXELS_WANTED, y->height * y->width), y->blocks);
  ESP_TRY(list_forward(g, &p->forward, &w, x, y, p->together, err));
  ESP_TRY(esp_graph_alloc(g, n->param[0]->count * sizeof(float), &p->packed, err));
  if (!n->out.grad.data) return ESP_OK;
  ESP_TRY(plan_back(g, n, p, err));
  return plan_weights(g, n, p, err);
}

/* ---- packing ---- */

/* Weight (o, c, place) of a group, for either direction. */
typedef struct weight_view {
  const float *at;
  size_t output_stride, channel_stride; /* "output" and "channel" of the direction of the pass */
  int outputs, channels;
} weight_view;

/* Packs as correlate.h wants it: [outputs / 4][channels][taps][4]. */
static void pack(const weight_view *v, const lists *l, float *to) {
  for (int tile = 0; tile < v->outputs; tile += ESP_TILE) {
    const int width = least(v->outputs - tile, ESP_TILE);
    for (int c = 0; c < v->channels; c++)
      for (int t = 0; t < l->taps; t++)
        for (int o = 0; o < width; o++)
          *to++ = v->at[(size_t)(tile + o) * v->output_stride + (size_t)c * v->channel_stride +
                        (size_t)l->place[t]];
  }
}

/* ---- passes over all blocks ---- */

/* One direction of a layer: everything but which pixels and which outputs. */
typedef struct pass {
  const lists *list;
  const float *packed; /* of group 0 */
  const esp_tensor *from, *to;
  const float *bias;
  int groups, together;
  bool add;
} pass;

/* How the work of a pass is cut: pieces of the list of pixels, then of the outputs, until every thread has
 * some. What is computed does not depend on it. */
typedef struct cut {
  int sets, pixel_pieces, pixels, output_pieces, outputs;
} cut;

static cut cut_of(const esp_graph *g, const pass *p, int blocks) {
  const int wanted = g->threads > 1 ? 4 * g->threads : 1, outputs = p->to->channels / p->groups;
  cut c = {.sets = ceil_div(blocks, p->together) * p->groups};
  c.pixel_pieces = least(ceil_div(wanted, c.sets), ceil_div(p->list->pixels, 4 * PIXELS_WANTED));
  c.pixels = ceil_div(p->list->pixels, c.pixel_pieces);
  const int more = least(ceil_div(wanted, c.sets * c.pixel_pieces), ceil_div(outputs, ESP_TILE));
  c.outputs = ceil_div(ceil_div(outputs, ESP_TILE), more) * ESP_TILE;
  c.output_pieces = ceil_div(outputs, c.outputs);
  return c;
}

static void run_piece(const esp_graph *g, const pass *p, const cut *c, int blocks, int piece) {
  const int o = piece % c->output_pieces * c->outputs,
            first = piece / c->output_pieces % c->pixel_pieces * c->pixels;
  const int set = piece / c->output_pieces / c->pixel_pieces, group = set % p->groups,
            block = set / p->groups * p->together;
  const int outputs = p->to->channels / p->groups, channels = p->from->channels / p->groups;
  const int per_block = p->list->pixels / p->together,
            pixels = per_block * least(p->together, blocks - block);
  if (first >= pixels) return;
  const size_t per_output = (size_t)channels * (size_t)p->list->taps;
  const int output = group * outputs + o;
  const esp_correlate k = {.x = esp_plane(p->from, block, group * channels),
                           .x_channel = esp_channel_stride(p->from),
                           .y = esp_plane(p->to, block, output),
                           .y_channel = esp_channel_stride(p->to),
                           .pixel = p->list->pixel + first,
                           .pixels = least(c->pixels, pixels - first),
                           .tap = p->list->tap,
                           .taps = p->list->taps,
                           .channels = channels,
                           .outputs = least(c->outputs, outputs - o),
                           .weight = p->packed + (size_t)output * per_output,
                           .bias = p->bias ? p->bias + output : NULL,
                           .accumulate = p->add};
  g->kernels->correlate(&k);
}

static void run_pass(esp_graph *g, const pass *p) {
  if (p->list->pixels == 0) return;
  const int blocks = esp_graph_blocks(g);
  const cut c = cut_of(g, p, blocks);
  const int pieces = c.sets * c.pixel_pieces * c.output_pieces;
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < pieces; i++) run_piece(g, p, &c, blocks, i);
}

void esp_correlation_forward(esp_graph *g, esp_node *n, esp_correlation *p) {
  const esp_param *w = n->param[0];
  const int groups = p->window.groups, outputs = n->out.data.channels / groups,
            channels = n->in[0]->data.channels / groups;
  const size_t per_output = (size_t)channels * (size_t)p->forward.taps;
  const int tiles = ceil_div(outputs, ESP_TILE);
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < groups * tiles; i++) {
    const int o = i % tiles * ESP_TILE;
    const size_t at = (size_t)(i / tiles * outputs + o) * per_output;
    const weight_view v = {w->value + at, per_output, (size_t)p->forward.taps, least(ESP_TILE, outputs - o),
                           channels};
    pack(&v, &p->forward, p->packed + at);
  }
  const pass whole = {.list = &p->forward,
                      .packed = p->packed,
                      .from = &n->in[0]->data,
                      .to = &n->out.data,
                      .bias = n->param[1] ? n->param[1]->value : NULL,
                      .groups = groups,
                      .together = p->together};
  run_pass(g, &whole);
}

/* Gradient of the input: the same correlation with inputs and outputs exchanged, one parity class at a time.
 */
static void back_to_input(esp_graph *g, esp_node *n, esp_correlation *p) {
  const int groups = p->window.groups, outputs = n->in[0]->data.channels / groups,
            channels = n->out.data.channels / groups;
  const size_t taps = (size_t)(p->window.rows * p->window.columns),
               group_size = n->param[0]->count / (size_t)groups;
  float *packed = p->packed_back;
  for (int s = 0; s < p->window.stride * p->window.stride; s++) {
    const lists *l = &p->back[s];
    const size_t per_output = (size_t)channels * (size_t)l->taps;
    const int tiles = ceil_div(outputs, ESP_TILE);
#pragma omp parallel for schedule(static) num_threads(g->threads)
    for (int i = 0; i < groups * tiles; i++) {
      const int o = i % tiles * ESP_TILE, group = i / tiles;
      const weight_view v = {n->param[0]->value + (size_t)group * group_size + (size_t)o * taps, taps,
                             (size_t)outputs * taps, least(ESP_TILE, outputs - o), channels};
      pack(&v, l, packed + (size_t)(group * outputs + o) * per_output);
    }
    const pass whole = {.list = l,
                        .packed = packed,
                        .from = &n->out.grad,
                        .to = &n->in[0]->grad,
                        .groups = groups,
                        .together = p->together,
                        .add = n->add[0]};
    run_pass(g, &whole);
    packed += (size_t)(groups * outputs) * per_output;
  }
}

/* The weights of four outputs over one chunk of blocks: products image by image, then the images joined. */
static void weights_piece(const esp_graph *g, const esp_node *n, const esp_correlation *p, int chunk, int o,
                          int width) {
  const esp_tensor *x = &n->in[0]->data, *dy = &n->out.grad;
  const int groups = p->window.groups, outputs = dy->channels / groups, channels = x->channels / groups;
  const int block = chunk * p->chunk, columns = channels * p->window.rows * p->window.columns;
  const int pixels = p->weights.pixels / p->chunk * least(p->chunk, esp_graph_blocks(g) - block);
  float *lanes = p->lanes + (size_t)omp_get_thread_num() * ESP_TILE * (size_t)columns * ESP_LANES;
  const size_t sums = (size_t)width * (size_t)columns;
  memset(lanes, 0, sums * ESP_LANES * sizeof(float));
  const esp_correlate_weights k = {.x = esp_plane(x, block, o / outputs * channels),
                                   .y = esp_plane(dy, block, o),
                                   .y_channel = esp_channel_stride(dy),
                                   .pixel = p->weights.pixel,
                                   .pixels = pixels,
                                   .column = p->column,
                                   .columns = columns,
                                   .outputs = width,
                                   .lanes = lanes};
  g->kernels->correlate_weights(&k);
  float *to = p->partial + (size_t)chunk * n->param[0]->count + (size_t)o * (size_t)columns;
  for (size_t i = 0; i < sums; i++) to[i] = esp_lanes_sum(lanes + i * ESP_LANES);
}

static void back_to_weights(esp_graph *g, esp_node *n, esp_correlation *p) {
  const int groups = p->window.groups, outputs = n->out.grad.channels / groups;
  const int chunks = ceil_div(esp_graph_blocks(g), p->chunk), tiles = ceil_div(outputs, ESP_TILE);
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int i = 0; i < chunks * groups * tiles; i++) {
    const int tile = i % tiles * ESP_TILE, group = i / tiles % groups;
    weights_piece(g, n, p, i / tiles / groups, group * outputs + tile, least(ESP_TILE, outputs - tile));
  }
  const size_t count = n->param[0]->count;
  float *grad = n->param[0]->grad;
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (size_t i = 0; i < count; i++) {
    float sum = p->partial[i];
    for (int c = 1; c < chunks; c++) sum += p->partial[(size_t)c * count + i];
    grad[i] = sum;
  }
}

static void back_to_bias(esp_graph *g, esp_node *n, esp_correlation *p) {
  const esp_tensor *dy = &n->out.grad;
  ESP_EACH_PLANE(g, dy, block, c) {
    _Alignas(64) float sum[ESP_LANES], square[ESP_LANES];
    g->kernels->moments(esp_extent_of(dy), esp_rows_of(dy, block, c), 0.0f, sum, square);
    p->bias[plane_] = (double)esp_lanes_sum(sum);
  }
  for (int c = 0; c < dy->channels; c++) {
    double sum = 0.0;
    for (int block = 0; block < esp_graph_blocks(g); block++) sum += p->bias[block * dy->channels + c];
    n->param[1]->grad[c] = (float)sum;
  }
}

void esp_correlation_backward(esp_graph *g, esp_node *n, esp_correlation *p) {
  back_to_weights(g, n, p);
  if (n->param[1]) back_to_bias(g, n, p);
  if (n->in[0]->grad.data) back_to_input(g, n, p);
}

/* Gradients of weights by Winograd: for each position of a square, the products of transformed
 * inputs and transformed gradients are summed image by image over SQUARES squares, then the images
 * are joined, then the sums of a chunk added in order; each chunk's sums become windows, and the
 * chunks are added in order. */
#include "autograd/winograd.h"

#include "base/integer.h"

enum {
  SQUARES = 32,    /* whose images are joined together: part of the order of arithmetic */
  PIECE = 128,     /* outputs, and channels, of a piece, at most */
  LEAST_PIECE = 16 /* and when there are many threads */
};

/* Squares that are transformed together. */
static int squares_together(const esp__winograd *w) {
  return esp__least(SQUARES, w->together * w->squares);
}

/* Floats of the transformed planes of a piece's outputs, or its channels. */
static size_t planes_of(int planes, int squares) {
  return ESP_POSITIONS * esp__winograd_next(esp__least(planes, PIECE), squares);
}

enum { WAITING = ESP_TILE * 8 * ESP_LANES }; /* floats, esp__correlate_weights.lanes */

size_t esp__winograd_weights_scratch(const esp__node *n, const esp__winograd *w) {
  const int outputs = n->param[0]->shape[0], channels = n->param[0]->shape[1],
            squares = squares_together(w);
  const size_t sums = (size_t)ESP_POSITIONS * (size_t)esp__least(outputs, PIECE) *
                      (size_t)esp__least(channels, PIECE);
  return (WAITING + planes_of(outputs, squares) + planes_of(channels, squares) + sums) *
         sizeof(float);
}

/* All pieces of a pass: how the weights are cut, and where they are. */
typedef struct pass {
  const esp__winograd *w;
  const esp_tensor *x, *dy;
  int outputs, channels; /* those whose gradients are wanted */
  int chunk, chunks, blocks;
  int per_output, per_channel, output_pieces, channel_pieces;
} pass;

/* Smaller pieces transform more often, so they are only as small as gives all threads work. */
static void cut(pass *p, int threads) {
  p->per_output = esp__least(p->outputs, PIECE);
  p->per_channel = esp__least(p->channels, PIECE);
  for (;;) {
    p->output_pieces = esp__ceil_div(p->outputs, p->per_output);
    p->channel_pieces = esp__ceil_div(p->channels, p->per_channel);
    int *larger = p->per_output >= p->per_channel ? &p->per_output : &p->per_channel;
    const bool enough = p->chunks * p->output_pieces * p->channel_pieces >= 2 * threads;
    if (threads == 1 || enough || *larger <= LEAST_PIECE) return;
    *larger = esp__ceil_div(*larger, 2 * ESP_TILE) * ESP_TILE;
  }
}

typedef struct piece {
  int chunk, output, outputs, channel, channels;
  float *waiting, *inputs, *gradients, *sums; /* in the thread's scratch */
} piece;

static piece piece_of(const esp_graph *g, const pass *p, int number) {
  const int channel = number % p->channel_pieces * p->per_channel,
            rest = number / p->channel_pieces, output = rest % p->output_pieces * p->per_output;
  piece i = {.chunk = rest / p->output_pieces,
             .output = output,
             .outputs = esp__least(p->per_output, p->outputs - output),
             .channel = channel,
             .channels = esp__least(p->per_channel, p->channels - channel),
             .waiting = esp__graph_scratch(g)};
  const int squares = squares_together(p->w);
  i.inputs = i.waiting + WAITING;
  i.gradients = i.inputs + ESP_POSITIONS * esp__winograd_next(i.channels, squares);
  i.sums = i.gradients + ESP_POSITIONS * esp__winograd_next(i.outputs, squares);
  return i;
}

/* Both transforms of some squares of one set of blocks. */
static void transform(const esp_graph *g, const pass *p, const piece *i, int block,
                      const esp__winograd_tile *square, int squares) {
  const esp__winograd_planes x = {g->kernels->winograd_input, p->x, block,
                                  p->w->channel + i->channel, i->channels},
                             dy = {g->kernels->winograd_gradient, p->dy, block,
                                   p->w->output + i->output, i->outputs};
  esp__winograd_transform(&x, square, squares, i->inputs);
  esp__winograd_transform(&dy, square, squares, i->gradients);
}

static void multiply(const esp_graph *g, const piece *i, int squares, bool first) {
  const size_t row = (size_t)squares * ESP_LANES;
  esp__pixel pixel[SQUARES];
  int32_t column[PIECE];
  for (int t = 0; t < squares; t++) pixel[t] = (esp__pixel){t * ESP_LANES, t * ESP_LANES};
  for (int c = 0; c < i->channels; c++) column[c] = c * squares * ESP_LANES;
  for (int position = 0; position < ESP_POSITIONS; position++) {
    const esp__correlate_weights k = {
        .x = i->inputs + (size_t)position * esp__winograd_next(i->channels, squares),
        .y = i->gradients + (size_t)position * esp__winograd_next(i->outputs, squares),
        .y_channel = row,
        .pixel = pixel,
        .pixels = squares,
        .column = column,
        .columns = i->channels,
        .outputs = i->outputs,
        .sum = i->sums + (size_t)(position * i->outputs * i->channels),
        .next = (size_t)i->channels,
        .add = !first,
        .lanes = i->waiting};
    g->kernels->correlate_weights(&k);
  }
}

/* With a single chunk its windows are the gradient. */
static float *windows_of(const esp_graph *g, const esp_param *w, const pass *p, int chunk) {
  return p->chunks == 1 ? w->grad : (float *)g->workspace + (size_t)chunk * w->count;
}

static void run_piece(const esp_graph *g, const esp_param *w, const pass *p, const piece *i) {
  const int begin = i->chunk * p->chunk, end = esp__least(begin + p->chunk, p->blocks);
  bool first = true;
  for (int block = begin; block < end;) {
    const int together = esp__least(p->w->together, end - block), all = together * p->w->squares;
    for (int t = 0; t < all; t += SQUARES, first = false) {
      const int squares = esp__least(SQUARES, all - t);
      transform(g, p, i, block, p->w->weights + t, squares);
      multiply(g, i, squares, first);
    }
    block += together;
  }
  const esp__winograd_windows k = {.sum = i->sums,
                                   .next = (size_t)(i->outputs * i->channels),
                                   .output = p->w->output + i->output,
                                   .channel = p->w->channel + i->channel,
                                   .outputs = i->outputs,
                                   .channels = i->channels,
                                   .gradient = windows_of(g, w, p, i->chunk),
                                   .output_stride = (size_t)w->shape[1] * 9};
  g->kernels->winograd_windows(&k);
}

/* The chunks of one output's windows, added in order. */
static void add_chunks(const esp_graph *g, esp_param *w, const pass *p, int o) {
  const float *partial = g->workspace;
  for (int c = 0; c < p->channels; c++) {
    const size_t at =
        ((size_t)p->w->output[o] * (size_t)w->shape[1] + (size_t)p->w->channel[c]) * 9;
    for (size_t i = at; i < at + 9; i++) {
      float sum = partial[i];
      for (int k = 1; k < p->chunks; k++) sum += partial[(size_t)k * w->count + i];
      w->grad[i] = sum;
    }
  }
}

void esp__winograd_backward_weights(esp_graph *g, esp__node *n, const esp__winograd *w, int chunk) {
  esp_param *weight = n->param[0];
  const bool all = g->pass.dense_gradients;
  pass p = {.w = w,
            .x = &n->in[0]->data,
            .dy = &n->out.grad,
            .outputs = all ? weight->shape[0] : w->outputs,
            .channels = all ? weight->shape[1] : w->channels,
            .chunk = chunk,
            .blocks = esp__graph_blocks(g)};
  p.chunks = esp__ceil_div(p.blocks, chunk);
  cut(&p, g->threads);
#pragma omp parallel for schedule(dynamic) num_threads(g->threads)
  for (int i = 0; i < p.chunks * p.output_pieces * p.channel_pieces; i++) {
    const piece own = piece_of(g, &p, i);
    run_piece(g, weight, &p, &own);
  }
  if (p.chunks == 1) return;
#pragma omp parallel for schedule(static) num_threads(g->threads)
  for (int o = 0; o < p.outputs; o++) add_chunks(g, weight, &p, o);
}

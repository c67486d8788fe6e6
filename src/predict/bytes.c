/* Operations on 8-bit integers that are no convolution or linear layer. */
#include "autograd/fixed_point.h"
#include "autograd/shapes.h"
#include "base/integer.h"
#include "predict/network.h"

#include <string.h>

/* The numbers that an operation computes with; each uses what it needs. */
typedef struct state {
  const esp__integer_kernels *kernels;
  esp_shape in, out; /* of x and y */
  esp_pool_attr pool;
  int rows; /* of a matrix that is transposed */
  float inverse, real;
  esp__fixed factor;
  esp__fixed_pair pair;
  int low;
} state;
static const state *state_of(const esp__step *s) {
  return s->state;
}

/* A channel of bytes, row by row, a pixel every four bytes. */
typedef struct channel {
  int8_t *at;
  size_t row;
} channel;

static channel channel_of(const esp__step *s, int place, int c, float *memory) {
  const esp__place *p = esp__place_at(s, place);
  const size_t word = (size_t)(c / ESP_QUAD) * esp__place_word(p);
  return (channel){(int8_t *)(esp__at(s, place, memory) + word) + c % ESP_QUAD,
                   ESP_QUAD * (size_t)p->row};
}
static inline int8_t *pixel_of(channel c, int row, int column) {
  return c.at + (size_t)row * c.row + (size_t)(ESP_QUAD * column);
}

/* ---- values by themselves ---- */

typedef int value_fn(const state *own, int x, int with);

/* y = f(x, with) for all values. Inlined with the function. */
static inline __attribute__((always_inline)) void each(const esp__step *s, float *memory,
                                                       value_fn *f) {
  const esp_shape shape = state_of(s)->out;
  for (int c = 0; c < shape.channels; c++) {
    const channel x = channel_of(s, s->x, c, memory), y = channel_of(s, s->y, c, memory),
                  with = s->more < 0 ? x : channel_of(s, s->more, c, memory);
    for (int r = 0; r < shape.height; r++)
      for (int i = 0; i < shape.width; i++)
        *pixel_of(y, r, i) = (int8_t)f(state_of(s), *pixel_of(x, r, i), *pixel_of(with, r, i));
  }
}

static int sum_value(const state *own, int x, int with) {
  return esp__fixed_round(x * own->pair.a + with * own->pair.b, own->pair.shift, own->low);
}
static int rescaled_value(const state *own, int x, int with) {
  (void)with;
  return esp__fixed_round(x * own->factor.multiplier, own->factor.shift, own->low);
}
static int positive_value(const state *own, int x, int with) {
  (void)own;
  (void)with;
  return x > 0 ? x : 0;
}

static void run_sum(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  (void)k;
  each(s, memory, sum_value);
}
static void run_requantise(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  (void)k;
  each(s, memory, rescaled_value);
}
static void run_relu(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  (void)k;
  each(s, memory, positive_value);
}

/* ---- from and to floats ---- */

static void run_to_bytes(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  const esp__place *x = esp__place_at(s, s->x), *y = esp__place_at(s, s->y);
  (void)k;
  for (int c = 0; c < x->shape.channels; c++) {
    float *const to = esp__at(s, s->y, memory) + (size_t)(c / ESP_QUAD) * esp__place_word(y);
    const esp__integer_quantise own = {.rows = x->shape.height,
                                       .columns = x->shape.width,
                                       .part = c % ESP_QUAD,
                                       .x = esp__at(s, s->x, memory) + esp__place_channel(x, c),
                                       .x_row = (size_t)x->row,
                                       .x_step = (size_t)esp__place_lanes(x),
                                       .inverse = state_of(s)->inverse,
                                       .y = (void *)to,
                                       .y_row = (size_t)y->row};
    state_of(s)->kernels->quantise(&own);
  }
}

static void run_to_floats(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  const esp__place *p = esp__place_at(s, s->y);
  (void)k;
  for (int c = 0; c < p->shape.channels; c++)
    esp__at(s, s->y, memory)[esp__place_channel(p, c)] =
        (float)*channel_of(s, s->x, c, memory).at * state_of(s)->real;
}

/* ---- pooling ---- */

static esp__pool pool_of(const state *own) {
  const esp__extent in = {own->in.height, own->in.width}, out = {own->out.height, own->out.width};
  const esp_pool_attr a = own->pool;
  return (esp__pool){in, out, a.size, a.size, a.stride, a.padding};
}

static void run_maxpool(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  const esp__place *x = esp__place_at(s, s->x), *y = esp__place_at(s, s->y);
  const state *own = state_of(s);
  (void)k;
  const esp__integer_maxpool pool = {.pool = pool_of(own),
                                     .quads = esp__ceil_div(own->in.channels, ESP_QUAD),
                                     .x = (const void *)esp__at(s, s->x, memory),
                                     .y = (void *)esp__at(s, s->y, memory),
                                     .x_row = (size_t)x->row,
                                     .x_plane = esp__place_word(x),
                                     .y_row = (size_t)y->row,
                                     .y_plane = esp__place_word(y)};
  own->kernels->maxpool(&pool);
}

/* The sums of the window of output (row, column), without what it reads outside: four channels, of
 * which x is the first. */
static void window_sums(const esp__pool *p, channel x, int row, int column, int sum[ESP_QUAD]) {
  const int top = row * p->stride - p->padding, left = column * p->stride - p->padding;
  memset(sum, 0, ESP_QUAD * sizeof *sum);
  for (int r = esp__most(0, top); r < esp__least(p->in.rows, top + p->size_rows); r++)
    for (int c = esp__most(0, left); c < esp__least(p->in.width, left + p->size_columns); c++)
      for (int i = 0; i < ESP_QUAD; i++) sum[i] += pixel_of(x, r, c)[i];
}

/* Adds to the sums of four channels those of `count` words that lie side by side. The bytes are
 * added two by two in a word, moved up by 128 so that none is below 0. */
static void add_words(const uint32_t *x, int count, int sum[ESP_QUAD]) {
  enum { MOST = 256, UP = 128 }; /* that 16 bits hold */
  const uint32_t half = UINT32_C(0x00ff00ff), up = UINT32_C(0x80808080);
  for (int first = 0; first < count; first += MOST) {
    const int last = esp__least(count, first + MOST), words = last - first;
    uint32_t even = 0, odd = 0;
    for (int i = first; i < last; i++) {
      even += (x[i] ^ up) & half;
      odd += ((x[i] ^ up) >> 8) & half;
    }
    sum[0] += (int)(even & 0xffff) - UP * words;
    sum[1] += (int)(odd & 0xffff) - UP * words;
    sum[2] += (int)(even >> 16) - UP * words;
    sum[3] += (int)(odd >> 16) - UP * words;
  }
}

/* The sums of whole planes, of four channels from c on. */
static void plane_sums(const esp__step *s, int c, float *memory, int sum[ESP_QUAD]) {
  const esp__place *p = esp__place_at(s, s->x);
  const bool fields = p->layout == ESP_FIELDS;
  const int rows = fields ? p->field.rows : p->shape.height,
            words = fields ? p->field.width * esp__place_column(p) : p->shape.width;
  const float *x = esp__at(s, s->x, memory) + (size_t)(c / ESP_QUAD) * esp__place_word(p);
  memset(sum, 0, ESP_QUAD * sizeof *sum);
  for (int r = 0; r < rows; r++) add_words((const void *)(x + r * p->row), words, sum);
}

static void put_means(const state *own, const int sum[ESP_QUAD], int channels, int8_t *y) {
  for (int i = 0; i < channels; i++)
    y[i] = (int8_t)esp__fixed_round(sum[i] * own->factor.multiplier, own->factor.shift, own->low);
}

static void run_plane_means(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  const int all = state_of(s)->out.channels;
  (void)k;
  for (int c = 0, sum[ESP_QUAD]; c < all; c += ESP_QUAD) {
    plane_sums(s, c, memory, sum);
    put_means(state_of(s), sum, esp__least(ESP_QUAD, all - c), channel_of(s, s->y, c, memory).at);
  }
}

static void run_means(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  const state *own = state_of(s);
  const esp__pool p = pool_of(own);
  (void)k;
  for (int c = 0; c < own->out.channels; c += ESP_QUAD) {
    const channel x = channel_of(s, s->x, c, memory), y = channel_of(s, s->y, c, memory);
    const int channels = esp__least(ESP_QUAD, own->out.channels - c);
    for (int r = 0; r < own->out.height; r++)
      for (int i = 0; i < own->out.width; i++) {
        int sum[ESP_QUAD];
        window_sums(&p, x, r, i, sum);
        put_means(own, sum, channels, pixel_of(y, r, i));
      }
  }
}

/* ---- what only moves values ---- */

static void copy_channels(const esp__step *s, int from, int first, int channels, float *memory) {
  const esp_shape shape = state_of(s)->out;
  for (int c = 0; c < channels; c++) {
    const channel x = channel_of(s, from, c, memory), y = channel_of(s, s->y, first + c, memory);
    for (int r = 0; r < shape.height; r++)
      for (int i = 0; i < shape.width; i++) *pixel_of(y, r, i) = *pixel_of(x, r, i);
  }
}

static void run_concat(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  const int first = state_of(s)->in.channels;
  (void)k;
  copy_channels(s, s->x, 0, first, memory);
  copy_channels(s, s->more, first, state_of(s)->out.channels - first, memory);
}

static void run_flatten(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  const esp_shape in = state_of(s)->in;
  int8_t *to = (int8_t *)esp__at(s, s->y, memory);
  (void)k;
  for (int c = 0; c < in.channels; c++) {
    const channel x = channel_of(s, s->x, c, memory);
    for (int r = 0; r < in.height; r++)
      for (int i = 0; i < in.width; i++) *to++ = *pixel_of(x, r, i);
  }
}

/* Value number `i` of a place. */
static int8_t *value_at(const esp__step *s, int place, esp_shape shape, int i, float *memory) {
  const int pixels = shape.height * shape.width, pixel = i % pixels;
  return pixel_of(channel_of(s, place, i / pixels, memory), pixel / shape.width,
                  pixel % shape.width);
}

static void run_reshape(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  const state *own = state_of(s);
  const int values = own->out.channels * own->out.height * own->out.width;
  (void)k;
  for (int i = 0; i < values; i++)
    *value_at(s, s->y, own->out, i, memory) =
        *value_at(s, s->x, own->in, esp__transposed_from(i, own->rows, values), memory);
}

/* Every so many pixels; the channels behind are 0 from the start, and stay so. */
static void run_subsample(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  const state *own = state_of(s);
  (void)k;
  for (int c = 0; c < own->out.channels; c++) {
    const channel y = channel_of(s, s->y, c, memory);
    const channel x = c < own->in.channels ? channel_of(s, s->x, c, memory) : y;
    for (int r = 0; r < own->out.height; r++)
      for (int i = 0; i < own->out.width; i++)
        *pixel_of(y, r, i) =
            c < own->in.channels ? *pixel_of(x, r * own->pool.stride, i * own->pool.stride) : 0;
  }
}

/* ---- planning ---- */

/* NULL: there is none. */
static esp__step_fn *run_of(const esp__bytes_plan *b) {
  static esp__step_fn *const kinds[ESP_OPERATION_KINDS] = {
      [ESP_OPERATION_TO_INTEGERS] = run_to_bytes, [ESP_OPERATION_REQUANTISE] = run_requantise,
      [ESP_OPERATION_ADD_INTEGERS] = run_sum,     [ESP_OPERATION_FROM_INTEGERS] = run_to_floats,
      [ESP_OPERATION_ACTIVATION] = run_relu,      [ESP_OPERATION_AVGPOOL] = run_means,
      [ESP_OPERATION_MAXPOOL] = run_maxpool,      [ESP_OPERATION_FLATTEN] = run_flatten,
      [ESP_OPERATION_CONCAT] = run_concat,        [ESP_OPERATION_SUBSAMPLE] = run_subsample,
      [ESP_OPERATION_RESHAPE] = run_reshape};
  const esp_operation *op = b->op;
  if (op->kind == ESP_OPERATION_AVGPOOL && b->rescale->kind != ESP_OPERATION_REQUANTISE)
    return NULL;
  if (op->kind == ESP_OPERATION_ACTIVATION && op->attr.activation != ESP_ACT_RELU) return NULL;
  if (op->kind == ESP_OPERATION_AVGPOOL && op->attr.pool.size == 0) return run_plane_means;
  return kinds[op->kind];
}

static void take_numbers(const esp__bytes_plan *b, state *s) {
  const esp_operation_kind kind = b->op->kind;
  const esp_requantise_attr *attr = &b->op->attr.requantise;
  s->low = b->relu || b->positive ? 0 : -ESP_LEVELS_MAX;
  if (b->rescale) s->factor = esp__fixed_channel(&b->rescale->attr.requantise, 0);
  if (kind == ESP_OPERATION_TO_INTEGERS) s->inverse = esp__fixed_inverse(b->op->param[0]);
  if (kind == ESP_OPERATION_REQUANTISE) s->factor = esp__fixed_channel(attr, 0);
  if (kind == ESP_OPERATION_ADD_INTEGERS) s->pair = esp__fixed_sum(attr);
  if (kind == ESP_OPERATION_FROM_INTEGERS) s->real = (float)esp__fixed_real(&attr->from, 0);
  if (kind == ESP_OPERATION_MAXPOOL || kind == ESP_OPERATION_AVGPOOL) s->pool = b->op->attr.pool;
  if (kind == ESP_OPERATION_RESHAPE) s->rows = b->op->attr.reshape.transpose;
  if (kind == ESP_OPERATION_SUBSAMPLE) s->pool.stride = b->op->attr.stride;
}

esp_status esp__add_bytes(esp_network *n, const esp__bytes_plan *b, esp_error *err) {
  esp__step_fn *const own = run_of(b);
  state *s;
  if (!own)
    return esp_fail(err, ESP_ERR_INPUT,
                    "the predictor has no such operation on 8-bit numbers; expected layers, relu, "
                    "pooling, flatten, reshape, concat, subsample and sums");
  ESP_TRY(esp__store_alloc(&n->store, sizeof *s, &s, err));
  s->kernels = esp__integer_kernels_choose();
  s->in = b->in;
  s->out = b->op->shape;
  take_numbers(b, s);
  return esp__step_add(
      n, &(esp__step){.run = own, .x = b->x, .more = b->more, .y = b->y, .state = s}, err);
}

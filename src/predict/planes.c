/* Every operation that is no convolution or linear layer. */
#include "autograd/shapes.h"
#include "predict/network.h"

#include <string.h>

/* The planes of a place, of as many lanes as those of x: where x is planar and the place has one
 * pixel a channel, these are planes too. */
static esp__planes planes_of(const esp__step *s, int place, float *memory) {
  const esp__place *p = esp__place_at(s, place);
  const bool apart = esp__place_lanes(p) == esp__place_lanes(esp__place_at(s, s->x));
  return (esp__planes){esp__at(s, place, memory), (size_t)p->row, apart ? (size_t)p->plane : 1};
}

/* The numbers that an operation was added with, and those it computes with. */
typedef struct state {
  esp_operation_attr attr;
  const float *scale, *shift;
  bool relu; /* behind a sum */
} state;
static const state *state_of(const esp__step *s) {
  return s->state;
}

static void run_activation(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  k->apply(state_of(s)->attr.activation, esp__extents_made(s, memory), planes_of(s, s->x, memory),
           planes_of(s, s->y, memory));
}

static void run_custom(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  const esp__extents e = esp__extents_made(s, memory);
  const esp__planes x = planes_of(s, s->x, memory), y = planes_of(s, s->y, memory);
  (void)k;
  for (size_t p = 0; p < (size_t)e.planes; p++)
    for (size_t r = 0; r < (size_t)e.rows; r++)
      for (size_t i = 0; i < (size_t)(e.columns * e.lanes); i++)
        y.at[p * y.plane + r * y.row + i] =
            state_of(s)->attr.custom->f(x.at[p * x.plane + r * x.row + i]);
}

static void run_threshold(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  k->apply_threshold(state_of(s)->attr.fatrelu.threshold, esp__extents_made(s, memory),
                     planes_of(s, s->x, memory), planes_of(s, s->y, memory));
}

static void run_norm(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  const esp__planes none = {0};
  k->apply_line(state_of(s)->scale, state_of(s)->shift, state_of(s)->attr.relu,
                esp__extents_made(s, memory), planes_of(s, s->x, memory),
                s->more < 0 ? none : planes_of(s, s->more, memory), planes_of(s, s->y, memory));
}

static void run_add(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  k->add_planes(state_of(s)->relu, esp__extents_made(s, memory), planes_of(s, s->x, memory),
                planes_of(s, s->more, memory), planes_of(s, s->y, memory));
}

static void run_gate(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  k->scale_planes(esp__at(s, s->more, memory), esp__extents_made(s, memory),
                  planes_of(s, s->x, memory), planes_of(s, s->y, memory));
}

static void run_mean_abs(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  k->mean_abs_planes(esp__extents_made(s, memory), planes_of(s, s->x, memory),
                     esp__at(s, s->y, memory));
}

static void run_top_k(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  k->keep_largest(esp__at(s, s->x, memory), esp__place_at(s, s->x)->shape.channels,
                  state_of(s)->attr.top_k.keep, esp__at(s, s->y, memory));
}

static esp__pool pool_of(const esp__step *s, esp_pool_attr a) {
  const esp_shape in = esp__place_at(s, s->x)->shape, out = esp__place_at(s, s->y)->shape;
  const esp__extent from = {in.height, in.width}, to = {out.height, out.width};
  if (a.size == 0) return (esp__pool){from, to, in.height, in.width, 1, 0};
  return (esp__pool){from, to, a.size, a.size, a.stride, a.padding};
}

static void run_pool_with(esp__pool_planes_fn *run, esp_pool_attr a, const esp__step *s,
                          float *memory) {
  const esp__place *x = esp__place_at(s, s->x);
  const esp__pool k = pool_of(s, a);
  run(&k, esp__place_planes(x), esp__place_lanes(x), planes_of(s, s->x, memory),
      planes_of(s, s->y, memory));
}

static void run_maxpool(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  run_pool_with(k->maxpool_planes, state_of(s)->attr.pool, s, memory);
}
static void run_avgpool(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  run_pool_with(k->avgpool_planes, state_of(s)->attr.pool, s, memory);
}

/* ---- what only moves values ---- */

/* A channel, pixel by pixel. */
typedef struct channel {
  float *at;
  int rows, columns, row, step;
} channel;

static channel channel_of(const esp__step *s, int place, int c, float *memory) {
  const esp__place *p = esp__place_at(s, place);
  return (channel){esp__at(s, place, memory) + esp__place_channel(p, c), p->shape.height,
                   p->shape.width, p->row, esp__place_lanes(p)};
}

static void copy_channel(channel from, channel to) {
  for (int r = 0; r < from.rows; r++)
    for (int c = 0; c < from.columns; c++)
      to.at[r * to.row + c * to.step] = from.at[r * from.row + c * from.step];
}

static void clear_channel(channel to) {
  for (int r = 0; r < to.rows; r++)
    for (int c = 0; c < to.columns; c++) to.at[r * to.row + c * to.step] = 0.0f;
}

static void copy_channels(const esp__step *s, int from, int first, float *memory) {
  for (int c = 0; c < esp__place_at(s, from)->shape.channels; c++)
    copy_channel(channel_of(s, from, c, memory), channel_of(s, s->y, first + c, memory));
}

static void run_convert(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  (void)k;
  copy_channels(s, s->x, 0, memory);
}

static void run_concat(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  (void)k;
  copy_channels(s, s->x, 0, memory);
  copy_channels(s, s->more, esp__place_at(s, s->x)->shape.channels, memory);
}

static void run_flatten(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  const esp__place *x = esp__place_at(s, s->x);
  const int pixels = x->shape.height * x->shape.width;
  (void)k;
  for (int c = 0; c < x->shape.channels; c++) {
    const channel to = {esp__at(s, s->y, memory) + c * pixels, x->shape.height, x->shape.width,
                        x->shape.width, 1};
    copy_channel(channel_of(s, s->x, c, memory), to);
  }
}

/* Value number `i` of a place. */
static float *value_at(const esp__step *s, int place, int i, float *memory) {
  const esp__place *p = esp__place_at(s, place);
  const int pixels = p->shape.height * p->shape.width, pixel = i % pixels;
  return esp__at(s, place, memory) + esp__place_channel(p, i / pixels) +
         pixel / p->shape.width * p->row + pixel % p->shape.width * esp__place_lanes(p);
}

static void run_reshape(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  const esp_shape shape = esp__place_at(s, s->y)->shape;
  const int values = shape.channels * shape.height * shape.width,
            rows = state_of(s)->attr.reshape.transpose;
  (void)k;
  for (int i = 0; i < values; i++)
    *value_at(s, s->y, i, memory) =
        *value_at(s, s->x, esp__transposed_from(i, rows, values), memory);
}

/* An average of one pixel; then zero channels. */
static void run_subsample(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  run_pool_with(k->avgpool_planes, (esp_pool_attr){1, state_of(s)->attr.stride, 0}, s, memory);
  for (int c = esp__place_at(s, s->x)->shape.channels; c < esp__place_at(s, s->y)->shape.channels;
       c++)
    clear_channel(channel_of(s, s->y, c, memory));
}

/* ---- planning ---- */

static esp__step_fn *const kinds[] = {
    [ESP_OPERATION_BATCHNORM] = run_norm,
    [ESP_OPERATION_ACTIVATION] = run_activation,
    [ESP_OPERATION_CUSTOM_ACTIVATION] = run_custom,
    [ESP_OPERATION_FATRELU] = run_threshold,
    [ESP_OPERATION_MAXPOOL] = run_maxpool,
    [ESP_OPERATION_AVGPOOL] = run_avgpool,
    [ESP_OPERATION_FLATTEN] = run_flatten,
    [ESP_OPERATION_RESHAPE] = run_reshape,
    [ESP_OPERATION_ADD] = run_add,
    [ESP_OPERATION_CONCAT] = run_concat,
    [ESP_OPERATION_SUBSAMPLE] = run_subsample,
    [ESP_OPERATION_MEAN_ABS] = run_mean_abs,
    [ESP_OPERATION_TOP_K] = run_top_k,
    [ESP_OPERATION_GATE] = run_gate,
};

esp_status esp__add_other(esp_network *n, const esp_operation *op, bool relu, int x, int more,
                          int y, esp_error *err) {
  state *s;
  ESP_TRY(esp__store_alloc(&n->store, sizeof *s, &s, err));
  s->attr = op->attr;
  s->relu = relu;
  if (op->kind == ESP_OPERATION_FATRELU && op->attr.fatrelu.chosen)
    s->attr.fatrelu.threshold = op->attr.fatrelu.chosen->value[0];
  if (op->kind == ESP_OPERATION_BATCHNORM) ESP_TRY(esp__line_of(n, op, &s->scale, &s->shift, err));
  return esp__step_add(
      n, &(esp__step){.run = kinds[op->kind], .x = x, .more = more, .y = y, .state = s}, err);
}

esp_status esp__add_convert(esp_network *n, int from, int to, esp_error *err) {
  if (n->place[from].layout == ESP_FIELDS || n->place[to].layout == ESP_FIELDS)
    return esp__add_field_convert(n, from, to, err);
  return esp__step_add(n, &(esp__step){.run = run_convert, .x = from, .more = -1, .y = to}, err);
}

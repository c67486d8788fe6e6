/* LSTM and GRU, token by token: the sums of the token before by the kernel of dense layers, then
 * the cell. */
#include "base/integer.h"
#include "predict/network.h"

#include <string.h>

typedef struct state {
  esp__dense kernel; /* from h to the sums */
  const float *bias; /* [sums], zeros where there is none */
  int units, sums;
  bool lstm, reverse;
} state;

/* What goes from token to token. */
typedef struct carried {
  float *h, *inner, *x, *sums;
} carried;

/* A vector that begins at the last number may end so far behind it. */
static size_t room(int count) {
  return esp__whole_blocks(count) + ESP_BLOCK;
}

static carried carried_at(const esp__step *s, float *memory) {
  const state *r = s->state;
  float *h = esp__scratch(s, memory), *inner = h + room(r->units), *x = inner + room(r->units);
  return (carried){h, inner, x, x + room(r->sums)};
}

/* The channels of a token, one behind the other. */
static void take_token(const esp__place *p, const float *at, int t, float *to) {
  const int lanes = esp__place_lanes(p), channels = p->shape.channels;
  for (int c = 0; c < channels; c += lanes)
    memcpy(to + c, at + esp__place_channel(p, c) + t * lanes,
           (size_t)esp__least(lanes, channels - c) * sizeof *to);
}

static void put_token(const esp__place *p, const float *from, int t, float *at) {
  const int lanes = esp__place_lanes(p), channels = p->shape.channels;
  for (int c = 0; c < channels; c += lanes)
    memcpy(at + esp__place_channel(p, c) + t * lanes, from + c,
           (size_t)esp__least(lanes, channels - c) * sizeof *from);
}

/* What nothing was before: the bias; behind the end of a sequence that is read backwards, sums of
 * zeros are. */
static void begin(const state *r, const carried *c, bool ended) {
  memset(c->h, 0, room(r->units) * sizeof *c->h);
  memset(c->inner, 0, room(r->units) * sizeof *c->inner);
  for (int i = 0; i < r->sums; i++) c->sums[i] = ended ? 0.0f + r->bias[i] : r->bias[i];
}

static void run_token(const esp__predict_kernels *k, const esp__step *s, const carried *c, int t,
                      bool first, float *memory) {
  const state *r = s->state;
  const esp__unit_step cell = {r->units, c->x, c->sums, c->inner, c->h};
  if (!first) {
    esp__dense own = r->kernel;
    own.x = c->h;
    own.y = c->sums;
    k->dense(&own);
  }
  take_token(esp__place_at(s, s->x), esp__at(s, s->x, memory), t, c->x);
  (r->lstm ? k->lstm_step : k->gru_step)(&cell);
  put_token(esp__place_at(s, s->y), c->h, t, esp__at(s, s->y, memory));
}

/* Behind the end are zeros. */
static void run(const esp__predict_kernels *k, const esp__step *s, float *memory) {
  const state *r = s->state;
  const carried c = carried_at(s, memory);
  const int width = esp__place_at(s, s->y)->shape.width, count = esp__tokens_read(s, memory);
  begin(r, &c, r->reverse && count < width);
  memset(c.x, 0, room(r->units) * sizeof *c.x);
  for (int t = count; t < width; t++)
    put_token(esp__place_at(s, s->y), c.x, t, esp__at(s, s->y, memory));
  for (int i = 0; i < count; i++)
    run_token(k, s, &c, r->reverse ? count - 1 - i : i, i == 0, memory);
}

/* The layer from h to the sums, as if of one pixel. */
static esp_status plan_kernel(esp_network *n, const esp_operation *op, state *r, esp_error *err) {
  const esp_operation layer = {.kind = ESP_OPERATION_LINEAR,
                               .attr.conv = {{1, 1}, {0, 0}, 1},
                               .param = {op->param[0]},
                               .groups = 1};
  const esp__place h = esp__place_of((esp_shape){r->units, 1, 1, 0}, ESP_BLOCKED, 0),
                   sums = esp__place_of((esp_shape){r->sums, 1, 1, 0}, ESP_BLOCKED, 0);
  const esp_param *bias = op->param[1];
  float *copy;
  ESP_TRY(esp__store_alloc(&n->store, room(r->sums) * sizeof *copy, &copy, err));
  if (bias) memcpy(copy, bias->value, bias->count * sizeof *copy);
  r->bias = copy;
  ESP_TRY(esp__dense_kernel_of(n, &layer, &h, &sums, &r->kernel, err));
  if (bias) r->kernel.finish.bias = copy;
  return ESP_OK;
}

esp_status esp__plan_recurrent(esp_network *n, const esp_operation *op, esp__step *step,
                               esp_error *err) {
  state *r;
  ESP_TRY(esp__store_alloc(&n->store, sizeof *r, &r, err));
  r->units = op->shape.channels;
  r->sums = op->param[0]->shape[0];
  r->lstm = op->attr.recurrent.cell == ESP_CELL_LSTM;
  r->reverse = op->attr.recurrent.reverse;
  ESP_TRY(plan_kernel(n, op, r, err));
  esp__scratch_at_least(n, 2 * room(r->units) + 2 * room(r->sums));
  step->run = run;
  step->state = r;
  return ESP_OK;
}

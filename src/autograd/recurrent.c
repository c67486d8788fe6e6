/* Recurrent layers: LSTM and GRU, a token at a time, in either direction.
 *
 * The input holds the sums of all gates over what the layer reads, of every token: a linear layer
 * made them. Here the weight multiplies what the token before has left, by the kernels of linear
 * layers, dense or sparse; then the cell (kernels/recurrent.h). The gradient of the weight is that
 * of a linear layer over all tokens. */
#include "autograd/conv_plan.h"
#include "autograd/sequence.h"
#include "autograd/shapes.h"

enum { WEIGHT, BIAS };

typedef struct state {
  esp__conv_plan *plan;
  esp__node step;   /* the linear layer: from what cells leave to their sums */
  esp_value left;   /* what it reads: the node's output, and the gradient of one token's */
  esp_tensor inner; /* what cells keep */
  float *carried;   /* [blocks][units][16] backward, from token to token */
  int32_t *length;  /* [blocks][16] */
} state;

static int gates_of(const esp__node *n) {
  return n->attr.recurrent.cell == ESP_CELL_LSTM ? 4 : 3;
}

/* ---- planning ---- */

static esp_status make_tensor(esp_graph *g, esp_tensor *t, int channels, int width,
                              esp_error *err) {
  *t = (esp_tensor){
      .blocks = esp_blocks_for(g->batch), .channels = channels, .height = 1, .width = width};
  return esp__graph_alloc(g, esp_tensor_floats(t) * sizeof(float), &t->data, err);
}

/* The gradient of an LSTM's sums is that of its input, so one can be both, unless the input gets
 * others beside it. */
static bool shares_gradient(const esp__node *n) {
  const esp_tensor *dx = &n->in[0]->grad;
  return n->attr.recurrent.cell == ESP_CELL_LSTM && dx->data && dx->halo == 0 && !n->add[0];
}

/* Inference keeps the sums of one token. */
static esp_status make_step(esp_graph *g, esp__node *n, state *s, esp_error *err) {
  const esp_tensor *y = &n->out.data;
  const int kept = n->out.grad.data ? y->width : 1, sums = gates_of(n) * y->channels;
  s->left.data = *y;
  s->step = (esp__node){.op = n->op,
                        .in = {&s->left},
                        .inputs = 1,
                        .index = n->index,
                        .param = {n->param[WEIGHT], n->param[BIAS]},
                        .attr.conv = {{1, 1}, {0, 0}, 1}};
  ESP_TRY(make_tensor(g, &s->step.out.data, sums, kept, err));
  ESP_TRY(make_tensor(g, &s->inner, y->channels, kept, err));
  if (!n->out.grad.data) return ESP_OK;
  if (shares_gradient(n))
    s->step.out.grad = n->in[0]->grad;
  else
    ESP_TRY(make_tensor(g, &s->step.out.grad, sums, kept, err));
  ESP_TRY(make_tensor(g, &s->left.grad, y->channels, 1, err));
  const size_t floats = (size_t)(y->blocks * y->channels) * ESP_LANES;
  return esp__graph_alloc(g, floats * sizeof *s->carried, &s->carried, err);
}

static esp_status plan(esp_graph *g, esp__node *n, esp_error *err) {
  state *s;
  ESP_TRY(esp__graph_alloc(g, sizeof *s, &s, err));
  n->state = s;
  const size_t lanes = (size_t)n->out.data.blocks * ESP_LANES;
  ESP_TRY(esp__graph_alloc(g, lanes * sizeof *s->length, &s->length, err));
  ESP_TRY(make_step(g, n, s, err));
  return esp__conv_plan_make_tokens(g, &s->step, n->attr.recurrent.reverse, &s->plan, err);
}

/* ---- cells ---- */

/* A token of a plane; of a tensor that keeps one token, that. */
static float *token_at(const esp_tensor *t, int block, int channel, int token) {
  return esp_plane(t, block, channel) + (size_t)(t->width > 1 ? token : 0) * ESP_LANES;
}

static esp__gates gates_at(const esp_tensor *t, int block, int unit, int token, int units) {
  if (!t->data) return (esp__gates){0};
  return (esp__gates){token_at(t, block, unit, token), esp_channel_stride(t),
                      (size_t)units * esp_channel_stride(t)};
}

/* The token before in the layer's direction; -1 at the first. */
static int token_before(const esp__node *n, int token) {
  const int before = n->attr.recurrent.reverse ? token + 1 : token - 1;
  return before < n->out.data.width ? before : -1;
}

/* Some units of a block of images: a work item of a token. */
typedef struct item {
  int block, unit, units;
} item;

enum { UNITS = 16 }; /* of an item */

static int items_of(const esp__node *n) {
  return esp__ceil_div(n->out.data.channels, UNITS);
}
static item item_of(const esp__node *n, int i) {
  const int parts = items_of(n), unit = i % parts * UNITS;
  return (item){i / parts, unit, esp__least(UNITS, n->out.data.channels - unit)};
}

static esp__recurrent_cell cell_of(const esp__node *n, const item *i, int token) {
  const state *s = n->state;
  const esp_tensor *y = &n->out.data;
  const int units = y->channels, before = token_before(n, token);
  return (esp__recurrent_cell){
      .units = i->units,
      .token = token,
      .length = s->length + (size_t)i->block * ESP_LANES,
      .x = gates_at(&n->in[0]->data, i->block, i->unit, token, units),
      .sums = gates_at(&s->step.out.data, i->block, i->unit, token, units),
      .inner = token_at(&s->inner, i->block, i->unit, token),
      .inner_before = before < 0 ? NULL : token_at(&s->inner, i->block, i->unit, before),
      .h_before = before < 0 ? NULL : token_at(y, i->block, i->unit, before),
      .h = token_at(y, i->block, i->unit, token),
      .inner_unit = esp_channel_stride(&s->inner),
      .h_unit = esp_channel_stride(y)};
}

/* The sums of the first token, which has nothing before it. */
static void begin_sums(const esp__node *n, const item *i, const esp__recurrent_cell *k) {
  const esp_param *bias = n->param[BIAS];
  for (int gate = 0; gate < gates_of(n); gate++)
    for (int u = 0; u < i->units; u++) {
      float *to = k->sums.at + (size_t)gate * k->sums.gate + (size_t)u * k->sums.unit;
      for (int l = 0; l < ESP_LANES; l++)
        to[l] = bias ? bias->value[gate * n->out.data.channels + i->unit + u] : 0.0f;
    }
}

static void run_cells(const esp_graph *g, const void *with, int token, int first, int end) {
  const esp__node *n = with;
  const bool lstm = n->attr.recurrent.cell == ESP_CELL_LSTM;
  for (int i = first; i < end; i++) {
    const item own = item_of(n, i);
    const esp__recurrent_cell k = cell_of(n, &own, token);
    if (token_before(n, token) < 0) begin_sums(n, &own, &k);
    (lstm ? g->kernels->lstm : g->kernels->gru)(&k);
  }
}

static void run_cells_back(const esp_graph *g, const void *with, int token, int first, int end) {
  const esp__node *n = with;
  const state *s = n->state;
  const bool lstm = n->attr.recurrent.cell == ESP_CELL_LSTM,
             last = token == (n->attr.recurrent.reverse ? 0 : n->out.data.width - 1);
  const int units = n->out.data.channels;
  for (int i = first; i < end; i++) {
    const item own = item_of(n, i);
    const esp__recurrent_cell of = cell_of(n, &own, token);
    const esp__recurrent_cell_back k = {
        .of = &of,
        .dy = token_at(&n->out.grad, own.block, own.unit, token),
        .dy_unit = esp_channel_stride(&n->out.grad),
        .dh = last ? NULL : token_at(&s->left.grad, own.block, own.unit, 0),
        .carried = s->carried + (size_t)(own.block * units + own.unit) * ESP_LANES,
        .dsums =
            shares_gradient(n) ? NULL : token_at(&s->step.out.grad, own.block, own.unit, token),
        .dx = gates_at(&n->in[0]->grad, own.block, own.unit, token, units),
        .add = n->add[0]};
    for (int l = 0; last && l < own.units * ESP_LANES; l++) k.carried[l] = 0.0f;
    (lstm ? g->kernels->lstm_back : g->kernels->gru_back)(&k);
  }
}

/* ---- passes ---- */

static void forward(esp_graph *g, esp__node *n) {
  state *s = n->state;
  for (int block = 0; block < esp__graph_blocks(g); block++)
    esp__sequence_lengths(n->in[0], block, s->length + (size_t)block * ESP_LANES);
  const esp__conv_tokens way = {n->out.data.width, n->attr.recurrent.reverse, items_of(n),
                                run_cells, n};
  if (esp__graph_blocks(g) > 0) esp__conv_forward_tokens(g, &s->step, s->plan, &way);
}

static void backward(esp_graph *g, esp__node *n) {
  state *s = n->state;
  const esp__conv_tokens way = {n->out.data.width, n->attr.recurrent.reverse, items_of(n),
                                run_cells_back, n};
  if (esp__graph_blocks(g) > 0) esp__conv_backward_tokens(g, &s->step, s->plan, &way);
  esp__profile_lap(g, n->index, ESP_BACKWARD_DATA);
  esp__conv_backward_weights(g, &s->step, s->plan);
  if (n->param[BIAS]) esp__conv_backward_bias(g, &s->step, s->plan);
  esp__profile_lap(g, n->index, ESP_BACKWARD_WEIGHTS);
}

static const esp__conv_plan *inner(const esp__node *n, esp_activity *did) {
  const state *s = n->state;
  *did = (esp_activity){.input = &n->out.data, .output = &s->step.out.data};
  return s->plan;
}

static const esp__op recurrent = {.name = "recurrent",
                                  .kind = ESP_OPERATION_RECURRENT,
                                  .plan = plan,
                                  .forward = forward,
                                  .backward = backward,
                                  .flow = ESP_FLOW_GATES,
                                  .inner = inner};

esp_status esp_graph_recurrent(esp_graph *g, esp_value *x, esp_recurrent_attr attr,
                               esp_param *weight, esp_param *bias, esp_value **y, esp_error *err) {
  esp__node *n;
  esp_shape shape;
  ESP_TRY(esp__shape_recurrent(esp__shape_of(&x->data), attr, weight, bias, &shape, err));
  ESP_TRY(esp__node_add(g, &recurrent, x, NULL, shape, &n, err));
  n->out.needs_grad = true;
  n->attr.recurrent = attr;
  n->param[WEIGHT] = weight;
  n->param[BIAS] = bias;
  *y = &n->out;
  return ESP_OK;
}

/* Each unit becomes a step; what it reads is brought into the layout it wants. */
#include "base/integer.h"
#include "predict/values.h"

#include <stdlib.h>
#include <string.h>

/* ---- which way ---- */

double esp__density(const esp_param *w) {
  size_t there = 0;
  for (size_t i = 0; i < w->count; i++) there += w->value[i] != 0.0f;
  return (double)there / (double)w->count;
}

/* Places of an axis of the weights, outputs (0) or channels (1), at which any is not 0. */
static int alive(const esp_param *w, int axis) {
  const size_t outputs = (size_t)w->shape[0], channels = (size_t)w->shape[1],
               taps = w->count / outputs / channels;
  int count = 0;
  for (size_t i = 0; i < (axis == 0 ? outputs : channels); i++) {
    bool any = false;
    for (size_t j = 0; j < (axis == 0 ? channels : outputs) && !any; j++) {
      const float *window = w->value + (axis == 0 ? i * channels + j : j * channels + i) * taps;
      for (size_t t = 0; t < taps; t++) any |= window[t] != 0.0f;
    }
    count += any;
  }
  return count;
}

static bool goes_by_winograd(const esp_network *n, const esp_operation *op, esp_shape in) {
  const esp_param *w = op->param[0];
  const esp_conv_attr a = op->attr.conv;
  if (n->direct || w->rank != 4 || w->shape[2] != 3 || w->shape[3] != 3 || a.stride.rows != 1 ||
      a.stride.columns != 1 || a.padding.rows != 1 || a.padding.columns != 1 || a.groups != 1)
    return false;
  const esp__winograd_size all = {w->shape[0], w->shape[1], (double)w->count},
                           there = {alive(w, 0), alive(w, 1), esp__density(w) * (double)w->count};
  return esp__winograd_costs_less(in.height, in.width, all) &&
         esp__winograd_costs_less(in.height, in.width, there);
}

esp__way esp__way_of(const esp_network *n, const esp_operation *op, esp_shape in) {
  const esp_param *w = op->param[0];
  if (goes_by_winograd(n, op, in)) return ESP_WAY_WINOGRAD;
  if (op->groups == 1) return ESP_WAY_DENSE;
  return op->groups == in.channels && op->groups == w->shape[0] ? ESP_WAY_DEPTHWISE : ESP_WAY_LISTS;
}

/* ---- what follows the sums ---- */

static esp_status finish_of(esp_network *n, const esp__operations *ops, const esp__unit *u,
                            esp__finish *f, esp_error *err) {
  const esp_param *bias = ops->item[u->operation].param[1];
  *f = (esp__finish){.relu = u->relu};
  if (bias) {
    float *copy;
    ESP_TRY(esp__store_alloc(&n->store, (bias->count + ESP_BLOCK) * sizeof *copy, &copy, err));
    memcpy(copy, bias->value, bias->count * sizeof *copy);
    f->bias = copy;
  }
  if (u->norm >= 0) ESP_TRY(esp__line_of(n, &ops->item[u->norm], &f->scale, &f->shift, err));
  return ESP_OK;
}

/* ---- units ---- */

/* A place for the same value with zeros around it, where planes of one pixel have none: lists write
 * whole vectors, and windows may reach outside. */
static esp_status place_apart(esp_network *n, int like, esp__layout layout, int halo, int *place,
                              esp_error *err) {
  const esp__place p = esp__place_of(n->place[like].shape, layout, halo);
  return esp__place_add(n, &p, place, err);
}

static esp_status convert_apart(esp_network *n, esp__layout layout, int halo, int *place,
                                esp_error *err) {
  const int from = *place;
  ESP_TRY(place_apart(n, from, layout, halo, place, err));
  return esp__add_convert(n, from, *place, err);
}

static esp_status add_apart(esp__lowering *l, const esp__layer_plan *plan, esp_error *err) {
  esp_network *n = l->network;
  esp__layer_plan own = *plan;
  ESP_TRY(place_apart(n, plan->y, ESP_PLANAR, 1, &own.y, err));
  if (plan->more >= 0) ESP_TRY(convert_apart(n, ESP_PLANAR, 1, &own.more, err));
  ESP_TRY(esp__add_lists(n, &own, err));
  return esp__add_convert(n, own.y, plan->y, err);
}

/* Whether a convolution can leave out outputs and channels that gates close. */
static bool may_choose(const esp__lowering *l, const esp_operation *op, esp__way way) {
  return op->kind == ESP_OPERATION_CONV && op->groups == 1 &&
         (way == ESP_WAY_DENSE || way == ESP_WAY_WINOGRAD) &&
         !esp__one_pixel(l->ops->item[op->input[0]].shape);
}

static esp_status find_input(esp__lowering *l, const esp_operation *op, esp__layout layout,
                             bool choose, esp__layer_plan *plan, esp_error *err) {
  const int in = op->input[0];
  if (choose && esp__only_chosen(l, in)) {
    plan->x = l->place[in][ESP_CHOSEN];
    plan->from = l->by[in];
    return ESP_OK;
  }
  ESP_TRY(esp__find_place(l, in, layout, &plan->x, err));
  if (esp__one_pixel(l->ops->item[in].shape) && esp__reach_of(op) > 0)
    return convert_apart(l->network, layout, esp__reach_of(op), &plan->x, err);
  return ESP_OK;
}

/* The outputs that the gate lets through. */
static esp_status choose_outputs(esp__lowering *l, int gate, esp__layer_plan *plan,
                                 esp_error *err) {
  const int by = l->ops->item[gate].input[1];
  ESP_TRY(esp__find_place(l, by, ESP_BLOCKED, &plan->by, err));
  return esp__make_chosen(l, gate, l->ops->item[by].attr.top_k.keep, plan->by, &plan->y, err);
}

static esp_status lower_any(esp__lowering *l, const esp__unit *u, esp_error *err);

static esp_status lower_layer(esp__lowering *l, const esp__unit *u, esp__listing listing,
                              esp_error *err) {
  static esp_status (*const add[])(esp_network *, const esp__layer_plan *, esp_error *) = {
      [ESP_WAY_DENSE] = esp__add_dense,
      [ESP_WAY_WINOGRAD] = esp__add_winograd,
      [ESP_WAY_DEPTHWISE] = esp__add_depthwise,
      [ESP_WAY_LISTS] = esp__add_lists};
  const esp_operation *op = &l->ops->item[u->operation];
  const int in = op->input[0], out = u->gate < 0 ? u->out : l->ops->item[u->gate].input[0];
  const esp__way way =
      listing == ESP_UNLISTED ? esp__way_of(l->network, op, l->ops->item[in].shape) : ESP_WAY_LISTS;
  const bool choose = may_choose(l, op, way);
  const esp__layout to = listing == ESP_LISTED_IN_FIELDS ? ESP_FIELDS
                         : way == ESP_WAY_LISTS          ? ESP_PLANAR
                                                         : ESP_BLOCKED,
                    from = way == ESP_WAY_DENSE ? esp__layout_of(l, in) : to;
  esp__layer_plan plan = {.op = op, .more = ESP_NOWHERE, .by = ESP_NOWHERE, .from = ESP_NOWHERE};
  ESP_TRY(find_input(l, op, from, choose, &plan, err));
  if (u->residual >= 0) ESP_TRY(esp__find_place(l, u->residual, to, &plan.more, err));
  if (u->gate >= 0 && choose)
    ESP_TRY(choose_outputs(l, u->gate, &plan, err));
  else
    ESP_TRY(esp__make_place(l, out, to, &plan.y, err));
  ESP_TRY(finish_of(l->network, l->ops, u, &plan.finish, err));
  if (way == ESP_WAY_LISTS && l->network->place[plan.y].layout == ESP_BLOCKED)
    ESP_TRY(add_apart(l, &plan, err));
  else
    ESP_TRY(add[way](l->network, &plan, err));
  const esp__unit gate = {.operation = u->gate, .out = u->gate};
  return u->gate >= 0 && !choose ? lower_any(l, &gate, err) : ESP_OK;
}

/* ---- units of integers ---- */

static const esp_operation *item_at(const esp__operations *ops, int i) {
  return i < 0 ? NULL : &ops->item[i];
}

static esp_status add_integer_layer(esp__lowering *l, const esp__integer_plan *plan,
                                    esp__listing listing, esp_error *err) {
  const esp_operation *op = plan->op;
  const esp_shape in = l->ops->item[op->input[0]].shape;
  const bool pixel = esp__one_pixel(op->shape) || esp__one_pixel(in);
  if (pixel || (!esp__is_listed(listing) && op->groups == 1))
    return esp__add_integer_dense(l->network, plan, err);
  const bool depthwise =
      !esp__is_listed(listing) && esp__way_of(l->network, op, in) == ESP_WAY_DEPTHWISE;
  return (depthwise ? esp__add_integer_depthwise : esp__add_integer_lists)(l->network, plan, err);
}

/* The bytes that a layer reads: a dense one in fields reads whatever there is. */
static esp_status find_bytes_for(esp__lowering *l, const esp_operation *op, esp__listing listing,
                                 int *x, esp_error *err) {
  const bool any = listing == ESP_UNLISTED_IN_FIELDS && op->groups == 1 &&
                   l->place[op->input[0]][ESP_BYTES_IN_FIELDS] == ESP_NOWHERE,
             fields = esp__is_in_fields(listing) && !any;
  return esp__find_bytes(l, op->input[0], fields ? ESP_FIELDS : ESP_PLANAR, x, err);
}

static esp_status lower_integer_layer(esp__lowering *l, const esp__unit *u, esp__listing listing,
                                      esp_error *err) {
  const esp__operations *ops = l->ops;
  const esp_operation *op = &ops->item[u->operation];
  const int in = op->input[0];
  const esp__layout layout = esp__is_in_fields(listing) ? ESP_FIELDS : ESP_PLANAR;
  esp__integer_plan plan = {
      .op = op,
      .rescale = &ops->item[u->rescale],
      .sum = item_at(ops, u->sum),
      .positive = ops->nature[ops->item[u->rescale].input[0]] == ESP_POSITIVE_SUMS,
      .relu = u->relu,
      .negative = ops->nature[in] == ESP_SIGNED,
      .channels = ops->item[in].shape.channels,
      .more = ESP_NOWHERE};
  ESP_TRY(find_bytes_for(l, op, listing, &plan.x, err));
  if (u->residual >= 0) ESP_TRY(esp__find_bytes(l, u->residual, layout, &plan.more, err));
  if (esp__one_pixel(ops->item[in].shape) && esp__reach_of(op) > 0)
    ESP_TRY(convert_apart(l->network, ESP_PLANAR, esp__reach_of(op), &plan.x, err));
  if (ops->nature[u->out] == ESP_FLOATS)
    ESP_TRY(esp__make_place(l, u->out, ESP_BLOCKED, &plan.y, err));
  else
    ESP_TRY(esp__make_bytes(l, u->out, layout, &plan.y, err));
  return add_integer_layer(l, &plan, listing, err);
}

/* A pooling of 2x2 from fields to fields, which `from` is the place of. */
static bool keeps_fields(const esp__lowering *l, const esp_operation *op, int from) {
  const esp_pool_attr a = op->attr.pool;
  esp__extent field;
  if (op->kind != ESP_OPERATION_MAXPOOL || from == ESP_NOWHERE || a.size != 2 || a.stride != 2 ||
      a.padding != 0)
    return false;
  const esp__extent x = l->network->place[from].field;
  const int halo = esp__halo_of(l->ops, op->shape);
  return esp__field_of(l->network, op->shape, &field) && x.rows == 2 * field.rows &&
         x.width == 2 * field.width && halo <= field.rows && halo <= field.width;
}

static esp_status lower_field_maxpool(esp__lowering *l, int out, bool bytes, int x,
                                      esp_error *err) {
  int y;
  ESP_TRY((bytes ? esp__make_bytes : esp__make_place)(l, out, ESP_FIELDS, &y, err));
  return esp__add_field_maxpool(l->network, bytes, x, y, err);
}

/* Any other operation on bytes; what it reads are floats where it makes bytes of them. */
static esp_status lower_bytes(esp__lowering *l, const esp__unit *u, esp_error *err) {
  const esp__operations *ops = l->ops;
  esp__bytes_plan plan = {.op = &ops->item[u->operation],
                          .rescale = item_at(ops, u->rescale),
                          .relu = u->relu,
                          .more = ESP_NOWHERE};
  const int in = plan.op->input[0], other = plan.op->input[1];
  const int fields = l->place[in][ESP_BYTES_IN_FIELDS];
  if (keeps_fields(l, plan.op, fields)) return lower_field_maxpool(l, u->out, true, fields, err);
  const bool plane = plan.op->kind == ESP_OPERATION_AVGPOOL && plan.op->attr.pool.size == 0;
  ESP_TRY(esp__find_bytes(l, in, plane && fields != ESP_NOWHERE ? ESP_FIELDS : ESP_PLANAR, &plan.x,
                          err));
  plan.in = ops->item[in].shape;
  plan.positive =
      u->rescale >= 0 && ops->nature[ops->item[u->rescale].input[0]] == ESP_POSITIVE_SUMS;
  if (ops->nature[in] == ESP_FLOATS)
    ESP_TRY(esp__find_place(l, in, esp__layout_of(l, in), &plan.x, err));
  if (other >= 0) ESP_TRY(esp__find_bytes(l, other, ESP_PLANAR, &plan.more, err));
  if (ops->nature[u->out] == ESP_FLOATS)
    ESP_TRY(esp__make_place(l, u->out, ESP_BLOCKED, &plan.y, err));
  else
    ESP_TRY(esp__make_bytes(l, u->out, ESP_PLANAR, &plan.y, err));
  return esp__add_bytes(l->network, &plan, err);
}

static bool has_weights(const esp_operation *op) {
  return op->kind == ESP_OPERATION_CONV || op->kind == ESP_OPERATION_LINEAR;
}

/* What treats each channel by itself goes on with chosen ones. */
static bool keeps_chosen(const esp__lowering *l, const esp_operation *op) {
  return (op->kind == ESP_OPERATION_MEAN_ABS || op->kind == ESP_OPERATION_MAXPOOL ||
          op->kind == ESP_OPERATION_AVGPOOL) &&
         esp__only_chosen(l, op->input[0]);
}

static esp_status lower_chosen(esp__lowering *l, int i, esp_error *err) {
  const esp_operation *op = &l->ops->item[i];
  const int in = op->input[0], x = l->place[in][ESP_CHOSEN];
  int y;
  ESP_TRY(esp__make_chosen(l, i, l->network->place[x].shape.channels, l->by[in], &y, err));
  return esp__add_other(l->network, op, false, x, ESP_NOWHERE, y, err);
}

/* A sum whose input number `chosen` has only chosen channels. */
static esp_status lower_sum(esp__lowering *l, const esp__unit *u, int chosen, esp_error *err) {
  const int *in = l->ops->item[u->operation].input;
  int more, y;
  ESP_TRY(esp__find_place(l, in[1 - chosen], ESP_BLOCKED, &more, err));
  ESP_TRY(esp__make_place(l, u->out, ESP_BLOCKED, &y, err));
  return esp__spread_value(l, in[chosen], more, u->relu, y, err);
}

static esp_status lower_any(esp__lowering *l, const esp__unit *u, esp_error *err) {
  const esp_operation *op = &l->ops->item[u->operation];
  const esp__layout layout = esp__layout_of(l, op->input[0]);
  int x, more = ESP_NOWHERE, y;
  ESP_TRY(esp__find_place(l, op->input[0], layout, &x, err));
  if (op->input[1] >= 0) ESP_TRY(esp__find_place(l, op->input[1], layout, &more, err));
  ESP_TRY(esp__make_place(l, u->out, layout, &y, err));
  return esp__add_other(l->network, op, u->relu, x, more, y, err);
}

/* A layer of sequences reads any layout; what makes sequences of something else makes blocks. */
static esp_status lower_of_sequences(esp__lowering *l, const esp__unit *u, esp_error *err) {
  const esp_operation *op = &l->ops->item[u->operation];
  const esp__layout from = esp__layout_of(l, op->input[0]);
  const bool kept = op->kind == ESP_OPERATION_POSITIONS || op->kind == ESP_OPERATION_LAYERNORM ||
                    op->kind == ESP_OPERATION_PRODUCT;
  int x, more = ESP_NOWHERE, y;
  ESP_TRY(esp__find_place(l, op->input[0], from, &x, err));
  if (op->input[1] >= 0) ESP_TRY(esp__find_place(l, op->input[1], from, &more, err));
  ESP_TRY(esp__make_place(l, u->out, kept ? from : ESP_BLOCKED, &y, err));
  return esp__add_of_sequences(l->network, op, x, more, y, err);
}

static esp_status lower_other(esp__lowering *l, const esp__unit *u, esp_error *err) {
  const esp_operation *op = &l->ops->item[u->operation];
  if (keeps_chosen(l, op)) return lower_chosen(l, u->out, err);
  const int fields = l->place[op->input[0]][ESP_FIELDS];
  if (keeps_fields(l, op, fields)) return lower_field_maxpool(l, u->out, false, fields, err);
  for (int k = 0; k < 2 && op->kind == ESP_OPERATION_ADD; k++)
    if (esp__only_chosen(l, op->input[k]) && op->input[0] != op->input[1])
      return lower_sum(l, u, k, err);
  return lower_any(l, u, err);
}

static esp_status lower_unit(esp__lowering *l, const esp__unit *u, esp__listing listing,
                             esp_error *err) {
  const esp_operation *op = &l->ops->item[u->operation];
  const esp_operation_kind kind = op->kind;
  if (u->rescale >= 0 && has_weights(op)) return lower_integer_layer(l, u, listing, err);
  if (u->rescale >= 0 || l->ops->nature[u->out] != ESP_FLOATS ||
      kind == ESP_OPERATION_FROM_INTEGERS)
    return lower_bytes(l, u, err);
  if (has_weights(op)) return lower_layer(l, u, listing, err);
  if (esp__is_of_sequences(op)) return lower_of_sequences(l, u, err);
  if (kind == ESP_OPERATION_INPUT)
    return esp__make_place(l, u->out, ESP_PLANAR, &l->network->in, err);
  return lower_other(l, u, err);
}

static esp_status lower_all(esp__lowering *l, const esp__unit *unit, int units,
                            const esp__listing *listing, esp_error *err) {
  for (int u = 0; u < units; u++) {
    l->network->unit = u;
    ESP_TRY(esp__begin_unit(l, &unit[u], err));
    ESP_TRY(lower_unit(l, &unit[u], listing[u], err));
  }
  const int v = l->ops->output;
  ESP_TRY(esp__find_place(l, v, esp__layout_of(l, v), &l->network->out, err));
  esp__places_settle(l->network);
  return ESP_OK;
}

esp_status esp__lower(esp_network *n, const esp__operations *ops, const esp__unit *unit, int units,
                      const esp__listing *listing, esp_error *err) {
  esp__lowering l = {.network = n, .ops = ops};
  l.place = malloc((size_t)ops->count * sizeof *l.place);
  l.halo = calloc((size_t)ops->count, sizeof *l.halo);
  l.by = calloc((size_t)ops->count, sizeof *l.by);
  l.whole = calloc((size_t)ops->count, sizeof *l.whole);
  esp_status status = ESP_OK;
  if (!l.place || !l.halo || !l.by || !l.whole)
    status = esp_fail(err, ESP_ERR_MEMORY, "out of memory for a network");
  if (status == ESP_OK) {
    memset(l.place, 0xff, (size_t)ops->count * sizeof *l.place);
    esp__find_halos(&l, unit, units);
    esp__find_whole(&l);
    status = lower_all(&l, unit, units, listing, err);
  }
  free(l.place);
  free(l.halo);
  free(l.by);
  free(l.whole);
  return status;
}

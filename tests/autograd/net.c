#include "net.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct builder {
  net *net;
  esp_value *input, *it, *kept, *factors;
  esp_loss_kind loss;
  float smoothing;
} builder;

static void must(esp_status status, const esp_error *err) {
  if (status != ESP_OK) ck_abort_msg("%s", err->text);
}

/* ---- parameters ---- */

/* Values in [middle - spread, middle + spread), a function of the parameter's number. */
static esp_param *param(builder *b, esp_role role, int rank, const int *shape, double middle,
                        double spread) {
  esp_error err;
  esp_param *p;
  char name[32];
  const int number = b->net->params.count;
  snprintf(name, sizeof name, "%d", number);
  must(esp_params_add(&b->net->params, name, role, rank, shape, &p, &err), &err);
  for (size_t i = 0; i < p->count; i++) {
    const double u = (double)esp_random_uniform((esp_key)number + 1, i);
    p->value[i] = (float)(middle + spread * (2.0 * u - 1.0));
  }
  return p;
}

static esp_param *weight(builder *b, esp_role role, int rank, const int *shape) {
  double fan_in = 1.0;
  for (int d = 1; d < rank; d++) fan_in *= shape[d];
  return param(b, role, rank, shape, 0.0, 2.0 / sqrt(fan_in));
}

static esp_param *bias(builder *b, int outputs, int wanted) {
  return wanted ? param(b, ESP_ROLE_BIAS, 1, &outputs, 0.1, 0.5) : NULL;
}

/* ---- steps ---- */

static esp_value *record(builder *b, const esp_value *in, const esp_param *w, esp_conv_attr attr,
                         esp_value *out) {
  b->net->layer[b->net->layers++] = (net_layer){.in = in, .out = out, .weight = w, .attr = attr};
  return out;
}

static esp_status add_conv(builder *b, const int *a, esp_error *err) {
  const int shape[4] = {a[0], esp_value_shape(b->it).channels / a[3], a[1], a[2]};
  const esp_conv_attr attr = {{a[5], a[6]}, {a[7], a[8]}, a[3]};
  esp_param *w = weight(b, ESP_ROLE_CONV_WEIGHT, 4, shape);
  esp_value *y = NULL;
  esp_status status = esp_graph_conv(b->net->graph, b->it, attr, w, bias(b, a[0], a[4]), &y, err);
  b->it = record(b, b->it, w, attr, y);
  return status;
}

/* With bias p. */
static esp_status linear_of(builder *b, esp_value *x, esp_param *w, esp_param *p, esp_value **y,
                            esp_error *err) {
  esp_status status = esp_graph_linear(b->net->graph, x, w, p, y, err);
  if (status == ESP_OK) record(b, x, w, (esp_conv_attr){{1, 1}, {0, 0}, 1}, *y);
  return status;
}

static esp_status add_linear(builder *b, const int *a, esp_error *err) {
  const int shape[2] = {a[0], esp_value_shape(b->it).channels};
  esp_param *w = weight(b, ESP_ROLE_LINEAR_WEIGHT, 2, shape);
  return linear_of(b, b->it, w, bias(b, a[0], a[1]), &b->it, err);
}

static esp_status add_embedding(builder *b, const int *a, esp_error *err) {
  const int shape[2] = {esp_value_shape(b->it).vocabulary, a[0]};
  return esp_graph_embedding(b->net->graph, b->it, param(b, ESP_ROLE_EMBEDDING, 2, shape, 0.1, 1.0),
                             &b->it, err);
}

static esp_status add_positions(builder *b, esp_error *err) {
  const esp_shape s = esp_value_shape(b->it);
  const int shape[2] = {s.width, s.channels};
  return esp_graph_positions(b->net->graph, b->it, param(b, ESP_ROLE_BIAS, 2, shape, 0.0, 0.5),
                             &b->it, err);
}

static esp_status add_layernorm(builder *b, esp_error *err) {
  const int channels = esp_value_shape(b->it).channels;
  esp_param *scale = param(b, ESP_ROLE_BN_SCALE, 1, &channels, 1.0, 0.5),
            *shift = param(b, ESP_ROLE_BN_SHIFT, 1, &channels, 0.0, 0.5);
  return esp_graph_layernorm(b->net->graph, b->it, scale, shift, &b->it, err);
}

static esp_status add_attention(builder *b, const int *a, esp_error *err) {
  const esp_attention_attr attr = {a[0], a[1] != 0};
  const int channels = esp_value_shape(b->it).channels, shape[2] = {3 * channels, channels};
  esp_param *w = weight(b, ESP_ROLE_LINEAR_WEIGHT, 2, shape);
  const esp_status status = linear_of(b, b->it, w, bias(b, shape[0], 1), &b->it, err);
  return status == ESP_OK ? esp_graph_attention(b->net->graph, b->it, attr, &b->it, err) : status;
}

static esp_status add_recurrent(builder *b, const int *a, esp_error *err) {
  const esp_recurrent_attr attr = {(esp_cell_kind)a[0], a[2] != 0};
  const int gates = a[0] == ESP_CELL_LSTM ? 4 : 3, own[2] = {gates * a[1], a[1]},
            read[2] = {gates * a[1], esp_value_shape(b->it).channels};
  esp_param *w = weight(b, ESP_ROLE_LINEAR_WEIGHT, 2, read);
  const esp_status status = linear_of(b, b->it, w, bias(b, read[0], 1), &b->it, err);
  if (status != ESP_OK) return status;
  w = weight(b, ESP_ROLE_LINEAR_WEIGHT, 2, own);
  return esp_graph_recurrent(b->net->graph, b->it, attr, w, bias(b, own[0], gates == 3), &b->it,
                             err);
}

static esp_status add_batchnorm(builder *b, const int *a, esp_error *err) {
  const int channels = esp_value_shape(b->it).channels;
  esp_bn_params p = {.scale = param(b, ESP_ROLE_BN_SCALE, 1, &channels, 1.0, 0.5)};
  p.shift = param(b, ESP_ROLE_BN_SHIFT, 1, &channels, 0.0, 0.5);
  p.mean = param(b, ESP_ROLE_RUNNING, 1, &channels, 0.0, 0.5);
  p.var = param(b, ESP_ROLE_RUNNING, 1, &channels, 1.0, 0.5);
  return esp_graph_batchnorm(b->net->graph, b->it, p, a[1] ? b->kept : NULL, a[0] != 0, &b->it,
                             err);
}

/* The prediction that a gate multiplies by, as the layer language's gate has it. */
static esp_status add_top_k(builder *b, const int *a, esp_error *err) {
  esp_graph *g = b->net->graph;
  const int shape[2] = {a[0], esp_value_shape(b->it).channels};
  esp_param *w = weight(b, ESP_ROLE_LINEAR_WEIGHT, 2, shape),
            *base = param(b, ESP_ROLE_BIAS, 1, shape, 0.5, 1.0);
  esp_status status = esp_graph_mean_abs(g, b->it, &b->factors, err);
  if (status == ESP_OK) status = linear_of(b, b->factors, w, base, &b->factors, err);
  if (status != ESP_OK) return status;
  return esp_graph_top_k(g, b->factors, (esp_top_k_attr){a[1], (float)a[2] / 1000000.0f},
                         &b->factors, err);
}

static float softsign(float x) {
  return x / (1.0f + (x < 0.0f ? -x : x));
}
static float softsign_slope(float x, float y) {
  (void)y;
  const float size = 1.0f + (x < 0.0f ? -x : x);
  return 1.0f / (size * size);
}

static float bell(float x) {
  return 1.0f / (1.0f + x * x);
}
static float bell_slope(float x, float y) {
  return -2.0f * x * y * y;
}

const esp_activation_kind net_activations[2] = {
    {"softsign", "x / (1 + |x|)", softsign, softsign_slope, true},
    {"bell", "1 / (1 + x^2)", bell, bell_slope, false},
};

/* Layers that read tokens. */
static esp_status add_reader(builder *b, const net_step *s, esp_error *err) {
  esp_graph *g = b->net->graph;
  esp_value **it = &b->it, *other = b->kept;
  const int *a = s->a;
  switch (s->kind) {
    case NET_EMBEDDING:
      return add_embedding(b, a, err);
    case NET_POSITIONS:
      return add_positions(b, err);
    case NET_LAYERNORM:
      return add_layernorm(b, err);
    case NET_ATTENTION:
      return add_attention(b, a, err);
    case NET_RECURRENT:
      return add_recurrent(b, a, err);
    case NET_SUMMARY:
      return esp_graph_summary(g, *it, (esp_token_summary)a[0], it, err);
    case NET_PRODUCT:
      return esp_graph_product(g, *it, other, it, err);
    case NET_ROWS:
      return esp_graph_rows(g, *it, it, err);
    case NET_RESHAPE:
      return esp_graph_reshape(g, *it, (esp_reshape_attr){a[0], a[1]}, it, err);
    default:
      ck_abort_msg("no step %d", s->kind);
  }
}

static esp_status add_layer(builder *b, const net_step *s, esp_error *err) {
  esp_graph *g = b->net->graph;
  esp_value **it = &b->it, *other = b->kept;
  const int *a = s->a;
  switch (s->kind) {
    case NET_CONV:
      return add_conv(b, a, err);
    case NET_LINEAR:
      return add_linear(b, a, err);
    case NET_BATCHNORM:
      return add_batchnorm(b, a, err);
    case NET_ACTIVATION:
      return esp_graph_activation(g, *it, (esp_activation)a[0], it, err);
    case NET_CUSTOM:
      return esp_graph_custom_activation(g, *it, &net_activations[a[0]], it, err);
    case NET_MAXPOOL:
      return esp_graph_maxpool(g, *it, (esp_pool_attr){a[0], a[1], a[2]}, it, err);
    case NET_AVGPOOL:
      return esp_graph_avgpool(g, *it, (esp_pool_attr){a[0], a[1], a[2]}, it, err);
    case NET_GLOBAL:
      return esp_graph_global_avgpool(g, *it, it, err);
    case NET_DROPOUT:
      return esp_graph_dropout(g, *it, (float)a[0] / 100.0f, it, err);
    case NET_FLATTEN:
      return esp_graph_flatten(g, *it, it, err);
    case NET_ADD:
      return esp_graph_add(g, *it, other, it, err);
    case NET_TWICE:
      return esp_graph_add(g, *it, *it, it, err);
    case NET_CONCAT:
      return esp_graph_concat(g, *it, other, it, err);
    case NET_SUBSAMPLE:
      return esp_graph_subsample(g, *it, a[0], a[1], it, err);
    case NET_FATRELU:
      return esp_graph_fatrelu(g, *it, (esp_fatrelu_attr){.threshold = (float)a[0] / 100.0f}, it,
                               err);
    case NET_TOP_K:
      return add_top_k(b, a, err);
    default:
      return add_reader(b, s, err);
  }
}

static esp_status add_step(builder *b, const net_step *s, esp_error *err) {
  esp_graph *g = b->net->graph;
  esp_value **it = &b->it, *other = b->kept;
  const int *a = s->a;
  switch (s->kind) {
    case NET_END:
      break;
    case NET_KEEP:
      b->kept = *it;
      break;
    case NET_SWAP:
      b->kept = *it, *it = other;
      break;
    case NET_INPUT:
      *it = b->input;
      break;
    case NET_GATE:
      b->net->layer[b->net->layers - 1].gate = b->factors;
      return esp_graph_gate(g, *it, b->factors, it, err);
    case NET_LOSS:
      b->loss = (esp_loss_kind)a[0];
      b->smoothing = (float)a[1] / 100.0f;
      break;
    default:
      return add_layer(b, s, err);
  }
  return ESP_OK;
}

void net_open(net *n, const net_plan *plan, int batch, bool gradients) {
  esp_error err;
  *n = (net){0};
  builder b = {.net = n};
  must(esp_graph_new(&n->graph, batch, gradients, &err), &err);
  must(esp_graph_input(n->graph, plan->input, &b.input, &err), &err);
  b.it = b.kept = b.input;
  for (int i = 0; i < NET_STEPS; i++) must(add_step(&b, &plan->step[i], &err), &err);
  const esp_shape shape = esp_value_shape(b.it);
  if (shape.height * shape.width > 1) must(add_step(&b, &(net_step)FLATTEN, &err), &err);
  must(add_step(&b, &(net_step)LINEAR(NET_CLASSES, 1), &err), &err);
  must(esp_graph_loss(n->graph, b.it, b.loss, b.smoothing, &err), &err);
  esp_graph_disable_winograd(n->graph, plan->direct);
  must(esp_graph_plan(n->graph, &err), &err);
}

void net_close(net *n) {
  esp_graph_free(n->graph);
  esp_params_free(&n->params);
}

/* ---- batches ---- */

/* A text of 1 token up to all; now and then a longer one has padding within, which counts. */
static float token(esp_key image, esp_shape shape, size_t place) {
  const uint32_t length = 1 + esp_random_below(image, 1, (uint32_t)shape.width);
  if (place >= length) return 0.0f;
  const uint32_t least = place + 1 == length;
  return (float)(least + esp_random_below(image, place + 2, (uint32_t)shape.vocabulary - least));
}

esp_batch net_batch(esp_shape shape, int images, esp_key key) {
  const size_t values = (size_t)(shape.channels * shape.height * shape.width);
  float *data = calloc((size_t)esp_blocks_for(images) * values * ESP_LANES, sizeof *data);
  int32_t *labels = calloc((size_t)images, sizeof *labels);
  ck_assert(data && labels);
  for (int i = 0; i < images; i++) {
    const esp_key image = esp_key_of(key, (uint64_t)i);
    labels[i] = (int32_t)esp_random_below(image, 0, NET_CLASSES);
    float *first = data + (size_t)(i / ESP_LANES) * values * ESP_LANES + i % ESP_LANES;
    for (size_t v = 0; v < values; v++)
      first[v * ESP_LANES] = shape.vocabulary ? token(image, shape, v)
                                              : 2.0f * esp_random_uniform(image, v + 1) - 1.0f;
  }
  return (esp_batch){data, labels, images};
}

void net_batch_free(esp_batch *b) {
  free((void *)(uintptr_t)b->images);
  free((void *)(uintptr_t)b->labels);
  free((void *)(uintptr_t)b->targets);
  free((void *)(uintptr_t)b->scale);
}

void net_batch_targets(esp_batch *b, int outputs, esp_key key) {
  const size_t blocks = (size_t)esp_blocks_for(b->count), all = (size_t)outputs;
  float *targets = calloc(blocks * all * ESP_LANES, sizeof *targets);
  esp_target_scale *scale = calloc(1, sizeof *scale);
  ck_assert(targets && scale);
  for (int i = 0; i < b->count; i++)
    for (size_t t = 0; t < all; t++)
      targets[((size_t)(i / ESP_LANES) * all + t) * ESP_LANES + (size_t)(i % ESP_LANES)] =
          (float)esp_random_normal(key, (uint64_t)i * all + t);
  scale->count = outputs;
  for (int t = 0; t < outputs; t++) scale->std[t] = scale->variance[t] = 1.0;
  free((void *)(uintptr_t)b->labels);
  b->labels = NULL;
  b->targets = targets;
  b->scale = scale;
}

#include "nn/sequences.h"

#include <stdio.h>
#include <string.h>

static esp_status expect_sequence(const esp__builder *b, int i, const esp_value *x,
                                  esp_error *err) {
  const esp_shape s = b->target->shape(x);
  if (s.height == 1) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "%s takes a sequence, of height 1, but gets %dx%dx%d; 'rows' before it makes a "
                  "token of each row",
                  esp__item_at(b, i)->kind->keyword, s.channels, s.height, s.width);
}

/* A layer that belongs to line `i`, with its weight. */
static esp_status add_layer(esp__builder *b, int i, esp_layer *layer, esp_role role, int rows,
                            int columns, int positions, esp_error *err) {
  const int shape[2] = {rows, columns};
  layer->groups = 1;
  layer->item = i;
  ESP_TRY(esp__builder_param(b, layer->name, "weight", role, 2, shape, &layer->weight, err));
  layer->weight->positions = positions;
  return ESP_OK;
}

static esp_status add_bias(esp__builder *b, esp_layer *layer, esp_error *err) {
  return esp__builder_param(b, layer->name, "bias", ESP_ROLE_BIAS, 1, layer->weight->shape,
                            &layer->bias, err);
}

/* Nothing is multiplied: positions is 0. */
esp_status esp__build_embedding(esp__builder *b, int i, esp_value *x, esp_value **y,
                                esp_error *err) {
  const esp_shape in = b->target->shape(x);
  esp_layer layer = {0};
  if (in.vocabulary == 0)
    return esp_fail(err, ESP_ERR_INPUT,
                    "embedding takes tokens, but gets numbers; expected it as the first layer, and "
                    "a data set of texts");
  ESP_TRY(esp__builder_name(b, i, layer.name, err));
  ESP_TRY(add_layer(b, i, &layer, ESP_ROLE_EMBEDDING, in.vocabulary, esp__item_at(b, i)->channels,
                    0, err));
  ESP_TRY(b->target->embedding(b->graph, x, layer.weight, y, err));
  return esp__builder_record(b, &layer, err);
}

esp_status esp__build_positions(esp__builder *b, int i, esp_value *x, esp_value **y,
                                esp_error *err) {
  const esp_shape in = b->target->shape(x);
  const int shape[2] = {in.width, in.channels};
  char name[ESP_NAME_MAX];
  esp_param *weight;
  ESP_TRY(expect_sequence(b, i, x, err));
  ESP_TRY(esp__builder_name(b, i, name, err));
  ESP_TRY(esp__builder_param(b, name, "weight", ESP_ROLE_BIAS, 2, shape, &weight, err));
  return b->target->positions(b->graph, x, weight, y, err);
}

esp_status esp__build_layernorm(esp__builder *b, int i, esp_value *x, esp_value **y,
                                esp_error *err) {
  const int channels = b->target->shape(x).channels;
  char name[ESP_NAME_MAX];
  esp_param *scale, *shift;
  ESP_TRY(esp__builder_name(b, i, name, err));
  ESP_TRY(esp__builder_param(b, name, "scale", ESP_ROLE_BN_SCALE, 1, &channels, &scale, err));
  ESP_TRY(esp__builder_param(b, name, "shift", ESP_ROLE_BN_SHIFT, 1, &channels, &shift, err));
  return b->target->layernorm(b->graph, x, scale, shift, y, err);
}

esp_status esp__build_attention(esp__builder *b, int i, esp_value *x, esp_value **y,
                                esp_error *err) {
  const esp_shape in = b->target->shape(x);
  const esp__item *item = esp__item_at(b, i);
  ESP_TRY(expect_sequence(b, i, x, err));
  if (in.channels % (3 * item->count))
    return esp_fail(err, ESP_ERR_INPUT,
                    "attention of %d heads takes queries, keys and values, but gets %d channels; "
                    "expected a multiple of 3 x %d, such as of 'conv' 1x1 before it",
                    item->count, in.channels, item->count);
  return b->target->attention(b->graph, x, (esp_attention_attr){item->count, item->option}, y, err);
}

/* ---- recurrent layers ---- */

/* One direction: a layer for what it reads, NAME.ih, and one for what it has left, NAME.hh. The
 * bias of the sums of both is that of the first; a GRU's candidate needs one of its own. */
static esp_status build_way(esp__builder *b, int i, const char *name, esp_recurrent_attr attr,
                            esp_value *x, esp_value **y, esp_error *err) {
  const esp_shape in = b->target->shape(x);
  const int units = esp__item_at(b, i)->channels,
            sums = (attr.cell == ESP_CELL_LSTM ? 4 : 3) * units;
  esp_layer read = {.units = units}, left = {.units = units};
  snprintf(read.name, sizeof read.name, "%s.ih", name);
  snprintf(left.name, sizeof left.name, "%s.hh", name);
  ESP_TRY(add_layer(b, i, &read, ESP_ROLE_LINEAR_WEIGHT, sums, in.channels, in.width, err));
  ESP_TRY(add_layer(b, i, &left, ESP_ROLE_LINEAR_WEIGHT, sums, units, in.width, err));
  ESP_TRY(add_bias(b, &read, err));
  if (attr.cell == ESP_CELL_GRU) ESP_TRY(add_bias(b, &left, err));
  ESP_TRY(b->target->linear(b->graph, x, read.weight, read.bias, y, err));
  ESP_TRY(b->target->recurrent(b->graph, *y, attr, left.weight, left.bias, y, err));
  ESP_TRY(esp__builder_record(b, &read, err));
  return esp__builder_record(b, &left, err);
}

static esp_status build_recurrent(esp__builder *b, int i, esp_cell_kind cell, esp_value *x,
                                  esp_value **y, esp_error *err) {
  enum { PARTS = 16 }; /* characters that are put behind the name */
  char name[ESP_NAME_MAX], other[ESP_NAME_MAX + PARTS];
  esp_value *reverse;
  ESP_TRY(expect_sequence(b, i, x, err));
  ESP_TRY(esp__builder_name(b, i, name, err));
  if (strlen(name) + PARTS > ESP_NAME_MAX)
    return esp_fail(err, ESP_ERR_INPUT, "the name '%.40s...' is too long; use shorter group names",
                    name);
  ESP_TRY(build_way(b, i, name, (esp_recurrent_attr){cell, false}, x, y, err));
  if (!esp__item_at(b, i)->option) return ESP_OK;
  snprintf(other, sizeof other, "%s.reverse", name);
  ESP_TRY(build_way(b, i, other, (esp_recurrent_attr){cell, true}, x, &reverse, err));
  return b->target->concat(b->graph, *y, reverse, y, err);
}

esp_status esp__build_lstm(esp__builder *b, int i, esp_value *x, esp_value **y, esp_error *err) {
  return build_recurrent(b, i, ESP_CELL_LSTM, x, y, err);
}

esp_status esp__build_gru(esp__builder *b, int i, esp_value *x, esp_value **y, esp_error *err) {
  return build_recurrent(b, i, ESP_CELL_GRU, x, y, err);
}

/* ---- what has no weights ---- */

static esp_status summarise(esp__builder *b, int i, esp_token_summary kind, esp_value *x,
                            esp_value **y, esp_error *err) {
  ESP_TRY(expect_sequence(b, i, x, err));
  return b->target->summary(b->graph, x, kind, y, err);
}

esp_status esp__build_token_mean(esp__builder *b, int i, esp_value *x, esp_value **y,
                                 esp_error *err) {
  return summarise(b, i, ESP_TOKEN_MEAN, x, y, err);
}

esp_status esp__build_token_max(esp__builder *b, int i, esp_value *x, esp_value **y,
                                esp_error *err) {
  return summarise(b, i, ESP_TOKEN_MAX, x, y, err);
}

esp_status esp__build_token_last(esp__builder *b, int i, esp_value *x, esp_value **y,
                                 esp_error *err) {
  return summarise(b, i, ESP_TOKEN_LAST, x, y, err);
}

esp_status esp__build_rows(esp__builder *b, int i, esp_value *x, esp_value **y, esp_error *err) {
  (void)i;
  return b->target->rows(b->graph, x, y, err);
}

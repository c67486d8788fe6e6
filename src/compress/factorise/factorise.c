/* A network of low rank, from the layers of another. */
#include "compress/factorise/factors.h"

#include <stdlib.h>
#include <string.h>

const char *esp_factorise_name(size_t i) {
  return esp__factor_methods[i] ? esp__factor_methods[i]->name : NULL;
}
const char *esp_factorise_help(size_t i) {
  return esp__factor_methods[i] ? esp__factor_methods[i]->help : NULL;
}

/* ---- options ---- */

static bool is_method(const char *name) {
  for (size_t i = 0; esp_factorise_name(i); i++)
    if (strcmp(name, esp_factorise_name(i)) == 0) return true;
  return strcmp(name, "auto") == 0;
}

static esp_status check(const esp_factorise_options *o, esp_error *err) {
  const int given = (o->energy > 0.0) + (o->parameters > 0.0) + (o->macs > 0.0) + (o->rank > 0);
  if (!is_method(o->method))
    return esp_fail(err, ESP_ERR_INPUT,
                    "unknown method '%.40s'; expected auto, svd, spatial, tucker or tt", o->method);
  if (given != 1)
    return esp_fail(
        err, ESP_ERR_INPUT, "%s; expected one of energy, parameters, macs and rank",
        given ? "more than one says how far ranks go down" : "nothing says how far ranks go down");
  if (o->energy <= 1.0 && o->parameters < 1.0 && o->macs < 1.0) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "energy is at most 1, parameters and macs are below 1: shares that stay");
}

/* ---- layers ---- */

static bool is_layer(const esp_operation *o) {
  return o->kind == ESP_OPERATION_CONV || o->kind == ESP_OPERATION_LINEAR;
}

static esp__factor_layer *layer_of(esp__factor_layer *layers, int n, const esp_param *weight) {
  for (int i = 0; i < n; i++)
    if (layers[i].layer->weight == weight) return &layers[i];
  return NULL;
}

/* Factors of integers would be floats. */
static esp_status check_floats(const esp_model *model, esp_error *err) {
  for (int i = 0; i < model->layers; i++)
    if (model->layer[i].step)
      return esp_fail(err, ESP_ERR_INPUT,
                      "'%s' is quantised; expected a network that is cut into factors first, and "
                      "quantised then",
                      model->layer[i].name);
  return ESP_OK;
}

/* Where each layer stands, from the operations of a graph. */
static esp_status find_layers(const esp_model *model, const esp_graph *g, esp__factor_layer *layers,
                              esp_error *err) {
  for (int i = 0; i < model->layers; i++) layers[i].layer = &model->layer[i];
  for (int i = 0; i < esp_graph_operations(g); i++) {
    const esp_operation o = esp_graph_operation(g, i);
    if (o.kind == ESP_OPERATION_GATE)
      return esp_fail(
          err, ESP_ERR_INPUT,
          "a network with gates cannot be cut into factors: they go by the layer ahead");
    if (!is_layer(&o)) continue;
    esp__factor_layer *l = layer_of(layers, model->layers, o.param[0]);
    if (!l || l->layer->units) continue; /* gates: no line of its own could take its place */
    const bool linear = o.kind == ESP_OPERATION_LINEAR;
    *l = (esp__factor_layer){.layer = l->layer,
                             .attr = o.attr.conv,
                             .in = esp_graph_operation(g, o.input[0]).shape,
                             .out = o.shape,
                             .rows = linear ? 1 : o.param[0]->shape[2],
                             .columns = linear ? 1 : o.param[0]->shape[3],
                             .linear = linear};
  }
  return ESP_OK;
}

/* ---- what became of them ---- */

static void describe(const esp__factor_layer *l, const esp__factor_choice *c,
                     esp_factored_layer *row) {
  const esp__factor_cost before = esp__factor_layer_cost(l),
                         after = c->method ? c->method->cost(l, c->rank) : before;
  *row = (esp_factored_layer){.method = c->method ? c->method->name : NULL,
                              .layers = c->method ? c->method->layers(l) : 1,
                              .rank = {c->rank[0], c->rank[1]},
                              .energy = c->method ? esp__factor_kept(&c->analysis, c->rank) : 1.0,
                              .weights = {before.weights, after.weights},
                              .macs = {before.macs, after.macs}};
  memcpy(row->name, l->layer->name, sizeof row->name);
}

static esp_status factorise(const esp_model *model, const esp__factor_layer *layers,
                            const esp_factorise_options *o, esp_model **factored,
                            esp_factored_layer *row, esp_error *err) {
  const int n = model->layers;
  esp__factor_choice *choice = calloc((size_t)n, sizeof *choice);
  if (!choice) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the factors");
  esp_status status = esp__factor_choose(layers, n, o, choice, err);
  if (status == ESP_OK) status = esp__factor_rebuild(model, layers, choice, factored, err);
  for (int i = 0; i < n; i++) {
    if (status == ESP_OK) describe(&layers[i], &choice[i], &row[i]);
    esp__factor_analysis_free(&choice[i].analysis);
  }
  free(choice);
  return status;
}

/* The model's layers and where they stand, newly allocated. Building a graph leaves layers and
 * values as they are. */
static esp_status look_at(const esp_model *model, esp__factor_layer **layers, esp_error *err) {
  esp_graph *g = NULL;
  *layers = NULL;
  ESP_TRY(check_floats(model, err));
  *layers = calloc((size_t)model->layers, sizeof **layers);
  if (!*layers) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the factors");
  esp_status status = esp_model_graph((esp_model *)model, 1, false, (esp_loss_attr){0}, &g, err);
  if (status == ESP_OK) status = find_layers(model, g, *layers, err);
  esp_graph_free(g);
  return status;
}

esp_status esp_factorise_check(const esp_model *model, const esp_factorise_options *options,
                               esp_error *err) {
  esp__factor_layer *layers;
  ESP_TRY(check(options, err));
  const esp_status status = look_at(model, &layers, err);
  free(layers);
  return status;
}

esp_status esp_factorise(const esp_model *model, const esp_factorise_options *options,
                         esp_model **factored, esp_factored_layer *row, esp_error *err) {
  esp__factor_layer *layers;
  *factored = NULL;
  ESP_TRY(check(options, err));
  esp_status status = look_at(model, &layers, err);
  if (status == ESP_OK) status = factorise(model, layers, options, factored, row, err);
  free(layers);
  return status;
}

#include "export/network.h"

#include "nn/graph.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What an operation of each kind is called. */
static const char *const words[] = {
    [ESP_OPERATION_INPUT] = "images",
    [ESP_OPERATION_CONV] = "conv",
    [ESP_OPERATION_LINEAR] = "linear",
    [ESP_OPERATION_BATCHNORM] = "bn",
    [ESP_OPERATION_ACTIVATION] = "f",
    [ESP_OPERATION_CUSTOM_ACTIVATION] = "f",
    [ESP_OPERATION_FATRELU] = "fatrelu",
    [ESP_OPERATION_MAXPOOL] = "maxpool",
    [ESP_OPERATION_AVGPOOL] = "avgpool",
    [ESP_OPERATION_DROPOUT] = "dropout",
    [ESP_OPERATION_FLATTEN] = "flatten",
    [ESP_OPERATION_RESHAPE] = "reshape",
    [ESP_OPERATION_ADD] = "add",
    [ESP_OPERATION_CONCAT] = "concat",
    [ESP_OPERATION_SUBSAMPLE] = "subsample",
    [ESP_OPERATION_MEAN_ABS] = "mean_abs",
    [ESP_OPERATION_TOP_K] = "top_k",
    [ESP_OPERATION_GATE] = "gate",
    [ESP_OPERATION_QUANTISE] = "quantise",
    [ESP_OPERATION_TO_INTEGERS] = "quantise",
    [ESP_OPERATION_REQUANTISE] = "requantise",
    [ESP_OPERATION_ADD_INTEGERS] = "add",
    [ESP_OPERATION_FROM_INTEGERS] = "logits",
    [ESP_OPERATION_EMBEDDING] = "embedding",
    [ESP_OPERATION_POSITIONS] = "positions",
    [ESP_OPERATION_LAYERNORM] = "layernorm",
    [ESP_OPERATION_ATTENTION] = "attention",
    [ESP_OPERATION_RECURRENT] = "recurrent",
    [ESP_OPERATION_SUMMARY] = "summary",
    [ESP_OPERATION_PRODUCT] = "product",
    [ESP_OPERATION_ROWS] = "rows",
};
_Static_assert(sizeof words / sizeof *words == ESP_OPERATION_KINDS, "a word for each kind");

/* ---- reading ---- */

static esp_status check_values(const esp_export_source *s, esp_error *err) {
  const esp_param *p = esp_params_infinite(&s->model->params);
  if (p)
    return esp_fail(err, ESP_ERR_INPUT,
                    "%s: has a value that is no finite number; expected trained weights", p->name);
  for (int c = 0; c < s->model->input.channels; c++)
    if (!isfinite(s->mean[c]) || !isfinite(s->std[c]) || !(s->std[c] > 0.0f))
      return esp_fail(err, ESP_ERR_INPUT,
                      "data.mean, data.std: %g and %g for channel %d; expected finite numbers, the "
                      "second above 0",
                      (double)s->mean[c], (double)s->std[c], c);
  return ESP_OK;
}

static esp_status check_operation(const esp_operation *o, const char *format, esp_error *err) {
  if (o->kind >= ESP_OPERATION_EMBEDDING)
    return esp_fail(err, ESP_ERR_INPUT,
                    "a layer of sequences (%s), which %s is not written for; expected none",
                    words[o->kind], format);
  if (o->kind != ESP_OPERATION_CUSTOM_ACTIVATION) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "layer %s: an activation from outside, which %s has no operator for; "
                  "expected layers that are built in",
                  o->attr.custom->name, format);
}

/* Whether the evaluation of some layer goes by Winograd, which a graph knows once it has run. */
static esp_status find_winograd(esp__network *n, esp_error *err) {
  const size_t bytes = esp__network_values(n->op[0].shape) * ESP_LANES * sizeof(float);
  float *images = aligned_alloc(64, bytes);
  esp_kernel_choice choice;
  if (!images) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for a network");
  memset(images, 0, bytes);
  const esp_batch batch = {images, NULL, 1};
  esp_graph_forward(n->graph, &batch, (esp_pass){0});
  for (int i = 0; esp_graph_kernel_choice(n->graph, i, &choice); i++)
    n->by_winograd |= choice.reason == ESP_BY_WINOGRAD;
  free(images);
  return ESP_OK;
}

static esp_status read_operations(esp__network *n, const char *format, esp_error *err) {
  n->ops = esp_graph_operations(n->graph);
  n->op = calloc((size_t)n->ops, sizeof *n->op);
  n->readers = calloc((size_t)n->ops, sizeof *n->readers);
  if (!n->op || !n->readers) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for a network");
  for (int i = 0; i < n->ops; i++) {
    n->op[i] = esp_graph_operation(n->graph, i);
    ESP_TRY(check_operation(&n->op[i], format, err));
    n->quantised |=
        n->op[i].kind == ESP_OPERATION_QUANTISE || n->op[i].kind == ESP_OPERATION_TO_INTEGERS;
    for (int k = 0; k < 2; k++)
      if (n->op[i].input[k] >= 0) n->readers[n->op[i].input[k]]++;
  }
  n->readers[n->ops - 1]++;
  return find_winograd(n, err);
}

/* The graph of integers is made in any case: it knows what can be computed. */
static esp_status make_graph(esp__network *n, esp__network_form form, esp_error *err) {
  esp_model *m = n->source->model;
  ESP_TRY(esp_model_graph(m, 1, false, (esp_loss_attr){0}, &n->graph, err));
  if (form == ESP_NETWORK_INTEGERS) return ESP_OK;
  esp_graph_free(n->graph);
  return esp__model_float_graph(m, &n->graph, err);
}

esp_status esp__network_read(esp__network *n, const esp_export_source *s, esp__network_form form,
                             const char *format, esp_error *err) {
  *n = (esp__network){.source = s};
  ESP_TRY(check_values(s, err));
  ESP_TRY(make_graph(n, form, err));
  const esp_status status = read_operations(n, format, err);
  if (status != ESP_OK) esp__network_free(n);
  return status;
}

void esp__network_free(esp__network *n) {
  esp_graph_free(n->graph);
  free(n->op);
  free(n->readers);
  *n = (esp__network){0};
}

/* ---- looking ---- */

void esp__network_name(const esp__network *n, int i, char name[ESP_EXPORT_NAME_MAX]) {
  const esp_operation *o = &n->op[i];
  if (o->param[0]) {
    const char *dot = strrchr(o->param[0]->name, '.');
    snprintf(name, ESP_EXPORT_NAME_MAX, "%.*s", (int)(dot - o->param[0]->name), o->param[0]->name);
  } else {
    snprintf(name, ESP_EXPORT_NAME_MAX, "%s_%d", words[o->kind], i);
  }
}

static bool has_weights(const esp_operation *o) {
  return o->kind == ESP_OPERATION_CONV || o->kind == ESP_OPERATION_LINEAR;
}

bool esp__network_is_folded(const esp__network *n, int i) {
  const esp_operation *o = &n->op[i];
  return o->kind == ESP_OPERATION_BATCHNORM && has_weights(&n->op[o->input[0]]) &&
         n->readers[o->input[0]] == 1;
}

int esp__network_batchnorm_behind(const esp__network *n, int i) {
  for (int k = i + 1; k < n->ops; k++)
    if (n->op[k].input[0] == i) return esp__network_is_folded(n, k) ? k : -1;
  return -1;
}

void esp__network_line(const esp_operation *o, int c, double line[2]) {
  enum { SCALE, SHIFT, MEAN, VAR };
  esp_batchnorm_line((double)o->param[SCALE]->value[c], (double)o->param[SHIFT]->value[c],
                     (double)o->param[MEAN]->value[c], (double)o->param[VAR]->value[c], line);
}

int esp__network_sums(const esp__network *n, int i) {
  while (n->op[i].kind == ESP_OPERATION_ACTIVATION) i = n->op[i].input[0];
  return has_weights(&n->op[i]) || n->op[i].kind == ESP_OPERATION_AVGPOOL ? i : -1;
}

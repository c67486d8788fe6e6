/* What everything that builds stands on: where items are, what layers and parameters are called. */
#include "nn/layers.h"
#include "tensor/param.h"

#include <stdio.h>
#include <stdlib.h>

bool esp__builder_is(const esp__builder *b, int i, esp__kind_role role) {
  return i < b->program->count && esp__item_at(b, i)->kind->role == role;
}

int esp__builder_next(const esp__builder *b, int i) {
  for (i++; i < b->program->count; i++) {
    bool end = esp__builder_is(b, i, ESP_KIND_END);
    if (!esp__builder_is(b, end ? esp__item_at(b, i)->opener : i, ESP_KIND_GROUP)) break;
  }
  return i;
}

esp_status esp__builder_locate(esp__builder *b, int i, esp_status status, esp_error *err) {
  if (b->located || !err) return status;
  esp_error cause = *err;
  b->located = true;
  return esp_fail(err, status, "%s:%d: %s", b->program->label, esp__item_at(b, i)->line,
                  cause.text);
}

esp_status esp__builder_name(esp__builder *b, int i, char name[ESP_NAME_MAX], esp_error *err) {
  const char *keyword = esp__item_at(b, i)->kind->keyword;
  int number = ++b->scope.layers[esp__item_at(b, i)->kind_index];
  if (snprintf(name, ESP_NAME_MAX, "%s%s%d", b->scope.prefix, keyword, number) < ESP_NAME_MAX)
    return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "the name '%.40s...' is longer than %d characters; use shorter group names", name,
                  ESP_NAME_MAX - 1);
}

esp_status esp__builder_param(esp__builder *b, const char *layer, const char *what, esp_role role,
                              int rank, const int *shape, esp_param **param, esp_error *err) {
  char name[2 * ESP_NAME_MAX];
  snprintf(name, sizeof name, "%s.%s", layer, what);
  if (b->make) return esp__params_describe(&b->model->params, name, role, rank, shape, param, err);
  *param = esp_params_find(&b->model->params, name);
  if (*param) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT, "the model has no parameter '%s'", name);
}

esp_status esp__builder_record(esp__builder *b, const esp_layer *layer, esp_error *err) {
  esp_model *m = b->model;
  if (!b->make) return ESP_OK;
  esp_layer *grown = realloc(m->layer, (size_t)(m->layers + 1) * sizeof *grown);
  if (!grown) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for layer '%s'", layer->name);
  m->layer = grown;
  m->layer[m->layers++] = *layer;
  return ESP_OK;
}

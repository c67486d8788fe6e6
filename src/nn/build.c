/* From items to the graph. The same walk makes the parameters of a new model and finds those of an
 * old one. */
#include "nn/layers.h"

#include <stdio.h>
#include <string.h>

static const esp__item *item_at(const esp__builder *b, int i) {
  return &b->program->item[i];
}

bool esp__build_is(const esp__builder *b, int i, esp__kind_role role) {
  return i < b->program->count && item_at(b, i)->kind->role == role;
}

int esp__build_next(const esp__builder *b, int i) {
  for (i++; i < b->program->count; i++) {
    bool end = esp__build_is(b, i, ESP_KIND_END);
    if (!esp__build_is(b, end ? item_at(b, i)->opener : i, ESP_KIND_GROUP)) break;
  }
  return i;
}

esp_status esp__build_locate(esp__builder *b, int i, esp_status status, esp_error *err) {
  if (b->located || !err) return status;
  esp_error cause = *err;
  b->located = true;
  return esp_fail(err, status, "%s:%d: %s", b->program->label, item_at(b, i)->line, cause.text);
}

esp_status esp__build_name(esp__builder *b, int i, char name[ESP_NAME_MAX], esp_error *err) {
  const char *keyword = item_at(b, i)->kind->keyword;
  size_t kind = 0;
  while (esp__layer_kind_at(kind) != item_at(b, i)->kind) kind++;
  int number = ++b->scope.layers[kind];
  if (snprintf(name, ESP_NAME_MAX, "%s%s%d", b->scope.prefix, keyword, number) < ESP_NAME_MAX)
    return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "the name '%.40s...' is longer than %d characters; use shorter group names", name,
                  ESP_NAME_MAX - 1);
}

esp_status esp__build_param(esp__builder *b, const char *layer, const char *what, esp_role role,
                            int rank, const int *shape, esp_param **param, esp_error *err) {
  char name[2 * ESP_NAME_MAX];
  snprintf(name, sizeof name, "%s.%s", layer, what);
  if (b->make) return esp_params_add(&b->model->params, name, role, rank, shape, param, err);
  *param = esp_params_find(&b->model->params, name);
  if (*param) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT, "the model has no parameter '%s'", name);
}

/* ---- batch norm ---- */

static esp_status bn_params(esp__builder *b, int i, int channels, esp_bn_params *bn,
                            esp_error *err) {
  char name[ESP_NAME_MAX];
  ESP_TRY(esp__build_name(b, i, name, err));
  ESP_TRY(esp__build_param(b, name, "scale", ESP_ROLE_BN_SCALE, 1, &channels, &bn->scale, err));
  ESP_TRY(esp__build_param(b, name, "shift", ESP_ROLE_BN_SHIFT, 1, &channels, &bn->shift, err));
  ESP_TRY(esp__build_param(b, name, "mean", ESP_ROLE_RUNNING, 1, &channels, &bn->mean, err));
  return esp__build_param(b, name, "var", ESP_ROLE_RUNNING, 1, &channels, &bn->var, err);
}

/* Whether item `i` ends the first branch of a residual that a relu follows. */
static bool ends_branch_before_relu(const esp__builder *b, int i) {
  if (!esp__build_is(b, i, ESP_KIND_SHORTCUT) && !esp__build_is(b, i, ESP_KIND_END)) return false;
  const esp__item *opener = item_at(b, item_at(b, i)->opener);
  return opener->kind->role == ESP_KIND_RESIDUAL && opener->next == i &&
         esp__build_is(b, esp__build_next(b, opener->end), ESP_KIND_RELU);
}

esp_status esp__build_batchnorm(esp__builder *b, int i, esp_value *x, esp_value **y,
                                esp_error *err) {
  esp_bn_params bn = {0};
  ESP_TRY(bn_params(b, i, esp_value_shape(x).channels, &bn, err));
  if (b->make && b->scaled == i) {
    esp_layer *layer = &b->model->layer[b->model->layers - 1];
    layer->scale = bn.scale;
    layer->shift = bn.shift;
  }
  int next = esp__build_next(b, i);
  if (ends_branch_before_relu(b, next)) {
    b->held = bn;
    *y = x;
    return ESP_OK;
  }
  bool relu = esp__build_is(b, next, ESP_KIND_RELU);
  if (relu) b->done = next;
  return esp_graph_batchnorm(b->graph, x, bn, NULL, relu, y, err);
}

/* ---- the walk ---- */

static esp_status build_item(esp__builder *b, int i, esp_value *x, esp_value **y, esp_error *err) {
  esp_status status = item_at(b, i)->kind->build(b, i, x, y, err);
  return status == ESP_OK ? ESP_OK : esp__build_locate(b, i, status, err);
}

esp_status esp__build_items(esp__builder *b, int from, int to, esp_value *x, esp_value **y,
                            esp_error *err) {
  for (int i = from; i < to; i++) {
    if (i == b->done) continue;
    ESP_TRY(build_item(b, i, x, &x, err));
    if (esp__kind_opens(item_at(b, i)->kind->role)) i = item_at(b, i)->end;
  }
  *y = x;
  return ESP_OK;
}

static esp_status check_logits(esp__builder *b, esp_shape found, esp_error *err) {
  const esp_tasks *tasks = &b->model->tasks;
  const int outputs = esp_tasks_outputs(tasks);
  if (found.channels == outputs && found.height == 1 && found.width == 1) return ESP_OK;
  esp_status status = esp_fail(
      err, ESP_ERR_INPUT, "the network ends with %dx%dx%d, expected %dx1x1 (a number per class%s)",
      found.channels, found.height, found.width, outputs,
      tasks->count > 1 ? ", and per group of each task; or 'linear classes' as its last line" : "");
  return esp__build_locate(b, b->program->count - 1, status, err);
}

esp_status esp__build(esp_model *model, esp_graph *graph, bool make, esp_value **logits,
                      esp_error *err) {
  esp__builder b = {.model = model,
                    .program = model->program,
                    .graph = graph,
                    .make = make,
                    .scaled = -1,
                    .done = -1};
  esp_value *x;
  ESP_TRY(esp_graph_input(graph, model->input, &x, err));
  ESP_TRY(esp__build_items(&b, 0, model->program->count, x, logits, err));
  return check_logits(&b, esp_value_shape(*logits), err);
}

/* A smaller model without what is pruned. First the blocks that do nothing go, then the
 * channels. */
#include "prune/cut.h"
#include "tensor/param.h"

#include <espalier/prune.h>

#include <stdlib.h>
#include <string.h>

static esp_status no_memory(esp_error *err) {
  return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the smaller network");
}

/* A model like the other with the layers in `text`, which is freed. */
static esp_status build(const esp_model *like, char *text, esp_model **model, esp_error *err) {
  esp_status status = esp_model_like(like, text, 0, model, err);
  free(text);
  return status;
}

/* ---- blocks ---- */

static bool all_zero(const esp_param *w) {
  for (size_t i = 0; i < w->count; i++)
    if (w->value[i] != 0.0f) return false;
  return true;
}

/* The last layer or batch norm of the block gives 0: its parameters, the last of the block, are
 * 0. */
static bool gives_zero(const esp_model *m, const esp_block *block) {
  const char *prefix = block->prefix, *last = NULL;
  for (int k = m->params.count - 1; k >= 0; k--) {
    const esp_param *w = m->params.item[k];
    if (strncmp(w->name, prefix, strlen(prefix)) != 0) continue;
    const size_t layer = (size_t)(strrchr(w->name, '.') - w->name);
    if (last && (strlen(last) <= layer || strncmp(last, w->name, layer + 1) != 0)) break;
    if (esp_param_trains(w) && !all_zero(w)) return false;
    last = w->name;
  }
  return last != NULL;
}

/* A copy of the model without blocks that do nothing; the parameters that stay keep their names. */
static esp_status drop_blocks(const esp_model *m, esp_model **fewer, esp_error *err) {
  char *text = NULL;
  bool *drop = calloc((size_t)m->blocks + 1, sizeof *drop);
  if (!drop) return no_memory(err);
  for (int b = 0; b < m->blocks; b++) drop[b] = m->block[b].optional && gives_zero(m, &m->block[b]);
  esp_status status = esp_model_rewrite(m, NULL, drop, &text, err);
  free(drop);
  if (status == ESP_OK) status = build(m, text, fewer, err);
  if (status != ESP_OK) return status;
  esp__params_copy_same(&m->params, &(*fewer)->params);
  return ESP_OK;
}

/* ---- the smaller model ---- */

/* A line of the network with a width that operation i has: an LSTM's gates are none of its own. */
static bool is_line(const esp__channel_groups *g, int i) {
  const esp_operation *o = &g->op[i], *next = i + 1 < g->ops ? o + 1 : NULL;
  const bool gates = next && next->kind == ESP_OPERATION_RECURRENT && next->input[0] == i;
  if (o->kind == ESP_OPERATION_RECURRENT) return !o->attr.recurrent.reverse;
  return (o->flow == ESP_FLOW_MIX && !gates) || o->flow == ESP_FLOW_PAD ||
         o->kind == ESP_OPERATION_EMBEDDING || o->kind == ESP_OPERATION_ATTENTION;
}

/* What its line says then: channels, or heads. */
static int width_of(const esp__cut *k, int i) {
  const esp_operation *o = &k->groups.op[i];
  const int kept = esp__cut_kept(k, i);
  if (o->kind != ESP_OPERATION_ATTENTION) return kept;
  return kept / (o->shape.channels / o->attr.attention.heads);
}

static bool keeps(const esp__cut *k, int of, size_t c) {
  return of < 0 || esp__cut_keeps(k, of, (int)c);
}

/* Copies the rows, and of them the columns, whose channels stay. */
static void copy_kept(const esp__cut *k, int i, const esp_param *from, esp_param *to) {
  const esp__param_axes axes = esp__channel_groups_axes(&k->groups, i, from);
  const size_t rows = (size_t)from->shape[0],
               columns = axes.columns < 0 ? 1 : (size_t)from->shape[1],
               inner = from->count / rows / columns;
  float *at = to->value;
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; keeps(k, axes.rows, r) && c < columns; c++) {
      if (!keeps(k, axes.columns, c)) continue;
      memcpy(at, from->value + (r * columns + c) * inner, inner * sizeof *at);
      at += inner;
    }
}

static void copy_all(const esp__cut *k, esp_model *small) {
  for (int i = 0; i < k->groups.ops; i++)
    for (int p = 0; p < 4; p++) {
      const esp_param *from = k->groups.op[i].param[p];
      if (from) copy_kept(k, i, from, esp_params_find(&small->params, from->name));
    }
}

static esp_status narrow(const esp_model *m, const esp__cut *k, esp_model **small, esp_error *err) {
  char *text = NULL;
  int *width = calloc((size_t)k->groups.ops + 1, sizeof *width), lines = 0;
  if (!width) return no_memory(err);
  for (int i = 0; i < k->groups.ops; i++)
    if (is_line(&k->groups, i)) width[lines++] = width_of(k, i);
  esp_status status = esp_model_rewrite(m, width, NULL, &text, err);
  free(width);
  if (status == ESP_OK) status = build(m, text, small, err);
  if (status != ESP_OK) return status;
  esp__params_copy_same(&m->params, &(*small)->params); /* thresholds, which belong to no channel */
  copy_all(k, *small);
  return ESP_OK;
}

static esp_status drop_channels(esp_model *m, int multiple, esp_model **small, esp_error *err) {
  esp__cut k;
  esp_status status = esp__cut_make(&k, m, multiple, err);
  if (status == ESP_OK) status = narrow(m, &k, small, err);
  esp__cut_free(&k);
  return status;
}

esp_status esp_shrink(const esp_model *model, int multiple, esp_model **small, esp_error *err) {
  esp_model *fewer = NULL;
  *small = NULL;
  for (int i = 0; i < model->layers; i++)
    if (model->layer[i].step)
      return esp_fail(
          err, ESP_ERR_INPUT,
          "'%s' is quantised; expected a network that is shrunk first, and quantised then",
          model->layer[i].name);
  ESP_TRY(drop_blocks(model, &fewer, err));
  const esp_status status = drop_channels(fewer, multiple, small, err);
  esp_model_free(fewer);
  return status;
}

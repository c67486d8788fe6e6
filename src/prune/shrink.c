/* A smaller model without what is pruned. First the blocks that do nothing go, then the
 * channels. */
#include "nn/channel_groups.h"
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

/* ---- which channels stay ---- */

typedef struct cut {
  esp__channel_groups groups;
  bool *zero; /* [slots] the channel is 0 whatever the image */
  bool *keep; /* [slots] at a class's first slot: it stays */
} cut;

static size_t class_of(const cut *k, int i, int c) {
  return esp__channel_groups_class(&k->groups, i, c);
}

static bool is_zero(const cut *k, int i, int c) {
  return k->zero[k->groups.first[i] + (size_t)c];
}

static bool row_zero(const esp_param *w, int row) {
  const size_t size = w ? w->count / (size_t)w->shape[0] : 0;
  for (size_t i = 0; i < size; i++)
    if (w->value[(size_t)row * size + i] != 0.0f) return false;
  return true;
}

static bool column_zero(const esp_param *w, int column) {
  const size_t rows = (size_t)w->shape[0], columns = (size_t)w->shape[1],
               inner = w->count / rows / columns;
  for (size_t r = 0; r < rows; r++)
    for (size_t i = 0; i < inner; i++)
      if (w->value[(r * columns + (size_t)column) * inner + i] != 0.0f) return false;
  return true;
}

/* Whether channel c of operation i is 0 because of its weights or because of what it reads. */
static bool becomes_zero(const cut *k, int i, int c) {
  const esp_operation *o = &k->groups.op[i];
  const int a = o->input[0], b = o->input[1];
  switch (o->flow) {
    case ESP_FLOW_START:
    case ESP_FLOW_FIXED:
      return false;
    case ESP_FLOW_MIX:
      return row_zero(o->param[0], c) && row_zero(o->param[1], c);
    case ESP_FLOW_KEEP:
      if (!o->keeps_zero && !(o->param[0] && row_zero(o->param[0], c) && row_zero(o->param[1], c)))
        return false;
      return (!o->keeps_zero || is_zero(k, a, c)) && (b < 0 || is_zero(k, b, c));
    case ESP_FLOW_JOIN: {
      const int first = k->groups.op[a].shape.channels;
      return c < first ? is_zero(k, a, c) : is_zero(k, b, c - first);
    }
    case ESP_FLOW_PAD:
      return c >= k->groups.op[a].shape.channels || is_zero(k, a, c);
    case ESP_FLOW_SPREAD:
      return is_zero(k, a, c / (o->shape.channels / k->groups.op[a].shape.channels));
  }
  return false;
}

/* A class stays if it is fixed, or if a layer reads something from one of its channels. */
static void find_kept(cut *k) {
  const esp__channel_groups *g = &k->groups;
  memcpy(k->keep, g->fixed, g->first[g->ops]);
  for (int i = 0; i < g->ops; i++) {
    const esp_operation *o = &g->op[i];
    for (int c = 0; c < o->shape.channels; c++)
      k->zero[g->first[i] + (size_t)c] = becomes_zero(k, i, c);
    if (!esp__operation_mixes(o)) continue;
    for (int c = 0; c < g->op[o->input[0]].shape.channels; c++)
      if (!is_zero(k, o->input[0], c) && !column_zero(o->param[0], c))
        k->keep[class_of(k, o->input[0], c)] = true;
  }
}

static int kept_of(const cut *k, int i) {
  int kept = 0;
  for (int c = 0; c < k->groups.op[i].shape.channels; c++) kept += k->keep[class_of(k, i, c)];
  return kept;
}

/* Brings back channels, the first ones first, until every layer has a multiple of them, or all it
 * had. One that is brought back can belong to several layers, hence again and again. */
static void round_up(cut *k, int multiple) {
  for (bool again = true; again;) {
    again = false;
    for (int i = 0; i < k->groups.ops; i++) {
      int kept = esp__operation_mixes(&k->groups.op[i]) ? kept_of(k, i) : multiple;
      for (int c = 0; (kept == 0 || kept % multiple) && c < k->groups.op[i].shape.channels; c++) {
        bool *keep = &k->keep[class_of(k, i, c)];
        if (*keep) continue;
        *keep = again = true;
        kept = kept_of(k, i);
      }
    }
  }
}

/* ---- the smaller model ---- */

/* A line of the network with a width that operation i has: an LSTM's gates are none of its own. */
static bool is_line(const esp__channel_groups *g, int i) {
  const esp_operation *o = &g->op[i], *next = i + 1 < g->ops ? o + 1 : NULL;
  const bool gates = next && next->kind == ESP_OPERATION_RECURRENT && next->input[0] == i;
  if (o->kind == ESP_OPERATION_RECURRENT) return !o->attr.recurrent.reverse;
  return (o->flow == ESP_FLOW_MIX && !gates) || o->flow == ESP_FLOW_PAD ||
         o->kind == ESP_OPERATION_EMBEDDING;
}

/* Copies the rows, and of them the columns, that stay: those of operation i, and of its input if it
 * reads all channels. */
static void copy_kept(const cut *k, int i, const esp_param *from, esp_param *to) {
  const esp_operation *o = &k->groups.op[i];
  const bool narrow = esp__operation_mixes(o) && from->rank > 1;
  const size_t columns = narrow ? (size_t)from->shape[1] : 1;
  const size_t inner = from->count / (size_t)from->shape[0] / columns;
  float *at = to->value;
  for (int r = 0; r < from->shape[0]; r++)
    for (size_t c = 0; k->keep[class_of(k, i, r)] && c < columns; c++) {
      if (narrow && !k->keep[class_of(k, o->input[0], (int)c)]) continue;
      memcpy(at, from->value + ((size_t)r * columns + c) * inner, inner * sizeof *at);
      at += inner;
    }
}

static void copy_all(const cut *k, esp_model *small) {
  for (int i = 0; i < k->groups.ops; i++)
    for (int p = 0; p < 4; p++) {
      const esp_operation *o = &k->groups.op[i];
      const esp_param *from = o->param[p];
      if (from && o->flow != ESP_FLOW_FIXED && o->flow != ESP_FLOW_START)
        copy_kept(k, i, from, esp_params_find(&small->params, from->name));
    }
}

static esp_status narrow(const esp_model *m, const cut *k, esp_model **small, esp_error *err) {
  char *text = NULL;
  int *width = calloc((size_t)k->groups.ops + 1, sizeof *width), lines = 0;
  if (!width) return no_memory(err);
  for (int i = 0; i < k->groups.ops; i++)
    if (is_line(&k->groups, i)) width[lines++] = kept_of(k, i);
  esp_status status = esp_model_rewrite(m, width, NULL, &text, err);
  free(width);
  if (status == ESP_OK) status = build(m, text, small, err);
  if (status != ESP_OK) return status;
  esp__params_copy_same(&m->params, &(*small)->params); /* thresholds, which belong to no channel */
  copy_all(k, *small);
  return ESP_OK;
}

static esp_status drop_channels(esp_model *m, int multiple, esp_model **small, esp_error *err) {
  cut k = {0};
  ESP_TRY(esp__channel_groups_make(&k.groups, m, err));
  const size_t slots = k.groups.first[k.groups.ops];
  k.zero = calloc(slots, sizeof *k.zero);
  k.keep = calloc(slots, sizeof *k.keep);
  esp_status status = k.zero && k.keep ? ESP_OK : no_memory(err);
  if (status == ESP_OK) {
    find_kept(&k);
    round_up(&k, multiple);
    status = narrow(m, &k, small, err);
  }
  free(k.zero);
  free(k.keep);
  esp__channel_groups_free(&k.groups);
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

#include "prune/cut.h"

#include <stdlib.h>
#include <string.h>

static size_t class_of(const esp__cut *k, int i, int c) {
  return esp__channel_groups_class(&k->groups, i, c);
}

/* ---- what is 0 ---- */

static bool is_zero(const esp__cut *k, int i, int c) {
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

/* The weight and bias of channel c, or its scale and shift, are 0. */
static bool rows_zero(const esp_operation *o, int c) {
  return row_zero(o->param[0], c) && row_zero(o->param[1], c);
}

/* Channel c of an operation that makes it of channel c of its inputs. */
static bool kept_zero(const esp__cut *k, const esp_operation *o, int c) {
  const int a = o->input[0], b = o->input[1];
  if (o->kind == ESP_OPERATION_POSITIONS) return is_zero(k, a, c) && column_zero(o->param[0], c);
  if (!o->keeps_zero && !(o->param[0] && rows_zero(o, c))) return false;
  return (!o->keeps_zero || is_zero(k, a, c)) && (b < 0 || is_zero(k, b, c));
}

/* A unit begins at 0, and stays there where nothing is ever proposed to it: the third of its gates
 * (kernels/recurrent.h). */
static bool unit_zero(const esp__cut *k, const esp_operation *o, int unit) {
  enum { CANDIDATE = 2 };
  const int gate = CANDIDATE * o->shape.channels + unit;
  return is_zero(k, o->input[0], gate) && rows_zero(o, gate);
}

/* Whether channel c of operation i is 0 because of its weights or because of what it reads. */
static bool becomes_zero(const esp__cut *k, int i, int c) {
  const esp_operation *o = &k->groups.op[i];
  const int a = o->input[0], b = o->input[1];
  switch (o->flow) {
    case ESP_FLOW_START:
    case ESP_FLOW_FIXED:
      return false;
    case ESP_FLOW_MIX:
      return rows_zero(o, c);
    case ESP_FLOW_LOOKUP:
      return column_zero(o->param[0], c);
    case ESP_FLOW_KEEP:
      return kept_zero(k, o, c);
    case ESP_FLOW_GATES:
      return unit_zero(k, o, c);
    case ESP_FLOW_HEADS:
      return is_zero(k, a, 2 * o->shape.channels + c); /* its values; queries and keys only share */
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

/* ---- what is read ---- */

/* Operation i reads channels of `from` by the columns of its weight. */
static void keep_columns(esp__cut *k, int i, int from) {
  for (int c = 0; c < k->groups.op[from].shape.channels; c++)
    if (!is_zero(k, from, c) && !column_zero(k->groups.op[i].param[0], c))
      k->keep[class_of(k, from, c)] = true;
}

/* Layer norm counts the channels that have a scale or a shift, so those cannot go. */
static void keep_counted(esp__cut *k, int i) {
  for (int c = 0; c < k->groups.op[i].shape.channels; c++)
    if (!rows_zero(&k->groups.op[i], c)) k->keep[class_of(k, i, c)] = true;
}

static void keep_read(esp__cut *k, int i) {
  const esp_operation *o = &k->groups.op[i];
  if (o->kind == ESP_OPERATION_LAYERNORM) keep_counted(k, i);
  if (esp__operation_mixes(o)) keep_columns(k, i, o->input[0]);
  if (o->flow == ESP_FLOW_GATES) keep_columns(k, i, i);
}

static void find_kept(esp__cut *k) {
  const esp__channel_groups *g = &k->groups;
  memcpy(k->keep, g->fixed, g->first[g->ops]);
  for (int i = 0; i < g->ops; i++) {
    for (int c = 0; c < g->op[i].shape.channels; c++)
      k->zero[g->first[i] + (size_t)c] = becomes_zero(k, i, c);
    keep_read(k, i);
  }
}

bool esp__cut_keeps(const esp__cut *k, int i, int c) {
  return k->keep[class_of(k, i, c)];
}

int esp__cut_kept(const esp__cut *k, int i) {
  int kept = 0;
  for (int c = 0; c < k->groups.op[i].shape.channels; c++) kept += esp__cut_keeps(k, i, c);
  return kept;
}

/* One that is brought back can belong to several layers, hence again and again. */
static void round_up(esp__cut *k, int multiple) {
  for (bool again = true; again;) {
    again = false;
    for (int i = 0; i < k->groups.ops; i++) {
      int kept = esp__operation_makes(&k->groups.op[i]) ? esp__cut_kept(k, i) : multiple;
      for (int c = 0; (kept == 0 || kept % multiple) && c < k->groups.op[i].shape.channels; c++) {
        bool *keep = &k->keep[class_of(k, i, c)];
        if (*keep) continue;
        *keep = again = true;
        kept = esp__cut_kept(k, i);
      }
    }
  }
}

esp_status esp__cut_make(esp__cut *k, esp_model *model, int multiple, esp_error *err) {
  *k = (esp__cut){0};
  ESP_TRY(esp__channel_groups_make(&k->groups, model, err));
  const size_t slots = k->groups.first[k->groups.ops];
  k->zero = calloc(slots, sizeof *k->zero);
  k->keep = calloc(slots, sizeof *k->keep);
  if (!k->zero || !k->keep)
    return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the channels that stay");
  find_kept(k);
  round_up(k, multiple);
  return ESP_OK;
}

void esp__cut_free(esp__cut *k) {
  free(k->zero);
  free(k->keep);
  esp__channel_groups_free(&k->groups);
}

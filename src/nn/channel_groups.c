#include "nn/channel_groups.h"

#include "nn/graph.h"

#include <stdlib.h>

/* ---- ties: a forest in which the smallest slot is the root ---- */

size_t esp__ties_first(const size_t *parent, size_t slot) {
  while (parent[slot] != slot) slot = parent[slot];
  return slot;
}

/* The root of `slot`, whose path there becomes shorter. */
static size_t shortened(size_t *parent, size_t slot) {
  const size_t root = esp__ties_first(parent, slot);
  while (parent[slot] != root) {
    const size_t next = parent[slot];
    parent[slot] = root;
    slot = next;
  }
  return root;
}

void esp__ties_join(size_t *parent, size_t a, size_t b) {
  const size_t x = shortened(parent, a), y = shortened(parent, b);
  if (x < y)
    parent[y] = x;
  else
    parent[x] = y;
}

/* ---- the walk ---- */

static size_t slot_of(const esp__channel_groups *g, int i, int c) {
  return g->first[i] + (size_t)c;
}

static int channels_of(const esp__channel_groups *g, int i) {
  return g->op[i].shape.channels;
}

/* Channels [0, n) of input `from` go with those of operation `i`, from `to` on. */
static void tie(esp__channel_groups *g, int from, int i, int to, int n) {
  for (int c = 0; c < n; c++) esp__ties_join(g->parent, slot_of(g, from, c), slot_of(g, i, to + c));
}

/* The forward half of a recurrent layer of two directions, whose other half is operation `i`. */
static int other_direction(const esp__channel_groups *g, int i) {
  do i--;
  while (g->op[i].kind != ESP_OPERATION_RECURRENT);
  return i;
}

/* All gates of a unit; of a line with two directions the unit in both, which has one width. */
static void tie_gates(esp__channel_groups *g, int i) {
  const int from = g->op[i].input[0], units = channels_of(g, i);
  for (int c = 0; c < channels_of(g, from); c++)
    esp__ties_join(g->parent, slot_of(g, from, c), slot_of(g, i, c % units));
  if (g->op[i].attr.recurrent.reverse) tie(g, other_direction(g, i), i, 0, units);
}

/* All that a head reads and makes. */
static void tie_heads(esp__channel_groups *g, int i) {
  const int from = g->op[i].input[0], made = channels_of(g, i),
            size = made / g->op[i].attr.attention.heads;
  for (int c = 0; c < channels_of(g, from); c++)
    esp__ties_join(g->parent, slot_of(g, from, c), slot_of(g, i, c % made / size * size));
  for (int c = 0; c < made; c++)
    esp__ties_join(g->parent, slot_of(g, i, c), slot_of(g, i, c / size * size));
}

static void tie_operation(esp__channel_groups *g, int i) {
  const esp_operation *o = &g->op[i];
  const int a = o->input[0], b = o->input[1];
  switch (o->flow) {
    case ESP_FLOW_START:
    case ESP_FLOW_LOOKUP:
    case ESP_FLOW_FIXED:
      break;
    case ESP_FLOW_GATES:
      tie_gates(g, i);
      break;
    case ESP_FLOW_HEADS:
      tie_heads(g, i);
      break;
    case ESP_FLOW_MIX:
      if (esp__operation_depthwise(o)) tie(g, a, i, 0, o->shape.channels);
      break;
    case ESP_FLOW_KEEP:
      tie(g, a, i, 0, o->shape.channels);
      if (b >= 0) tie(g, b, i, 0, o->shape.channels);
      break;
    case ESP_FLOW_JOIN:
      tie(g, a, i, 0, channels_of(g, a));
      tie(g, b, i, channels_of(g, a), channels_of(g, b));
      break;
    case ESP_FLOW_PAD:
      tie(g, a, i, 0, channels_of(g, a));
      break;
    case ESP_FLOW_SPREAD: {
      const int pixels = o->shape.channels / channels_of(g, a);
      for (int c = 0; c < o->shape.channels; c++)
        esp__ties_join(g->parent, slot_of(g, a, c / pixels), slot_of(g, i, c));
      break;
    }
  }
}

static void fix(esp__channel_groups *g, int i) {
  for (int c = 0; c < channels_of(g, i); c++) g->fixed[esp__channel_groups_class(g, i, c)] = true;
}

static void fix_operations(esp__channel_groups *g) {
  for (int i = 0; i < g->ops; i++) {
    const esp_operation *o = &g->op[i];
    const bool grouped = o->flow == ESP_FLOW_MIX && o->groups > 1 && !esp__operation_depthwise(o);
    if (o->flow == ESP_FLOW_START || i == g->ops - 1 || grouped || o->ranks) fix(g, i);
    if (o->flow == ESP_FLOW_FIXED) fix(g, i);
    if (grouped || o->flow == ESP_FLOW_FIXED) fix(g, o->input[0]);
  }
}

size_t esp__channel_groups_class(const esp__channel_groups *g, int i, int c) {
  return esp__ties_first(g->parent, slot_of(g, i, c));
}

esp__param_axes esp__channel_groups_axes(const esp__channel_groups *g, int i,
                                         const esp_param *param) {
  const esp_operation *o = &g->op[i];
  if (o->kind == ESP_OPERATION_QUANTISE) return (esp__param_axes){-1, -1};
  switch (o->flow) {
    case ESP_FLOW_MIX:
      return (esp__param_axes){i, o->groups == 1 && param->rank > 1 ? o->input[0] : -1};
    case ESP_FLOW_GATES:
      return (esp__param_axes){o->input[0], param->rank > 1 ? i : -1};
    default:
      return param->rank > 1 ? (esp__param_axes){-1, i} : (esp__param_axes){i, -1};
  }
}

static esp_status make(esp__channel_groups *g, esp_model *model, esp_error *err) {
  ESP_TRY(esp__model_float_graph(model, &g->graph, err));
  g->ops = esp_graph_operations(g->graph);
  g->op = calloc((size_t)g->ops, sizeof *g->op);
  g->first = calloc((size_t)g->ops + 1, sizeof *g->first);
  if (!g->op || !g->first) return ESP_ERR_MEMORY;
  for (int i = 0; i < g->ops; i++) {
    g->op[i] = esp_graph_operation(g->graph, i);
    g->first[i + 1] = slot_of(g, i, channels_of(g, i));
  }
  const size_t slots = g->first[g->ops];
  g->parent = malloc(slots * sizeof *g->parent);
  g->fixed = calloc(slots, sizeof *g->fixed);
  if (!g->parent || !g->fixed) return ESP_ERR_MEMORY;
  for (size_t s = 0; s < slots; s++) g->parent[s] = s;
  for (int i = 0; i < g->ops; i++) tie_operation(g, i);
  fix_operations(g);
  return ESP_OK;
}

esp_status esp__channel_groups_make(esp__channel_groups *g, esp_model *model, esp_error *err) {
  *g = (esp__channel_groups){0};
  esp_status status = make(g, model, err);
  if (status == ESP_OK) return ESP_OK;
  esp__channel_groups_free(g);
  return status == ESP_ERR_MEMORY
             ? esp_fail(err, status, "out of memory for the channels of the network")
             : status;
}

void esp__channel_groups_free(esp__channel_groups *g) {
  esp_graph_free(g->graph);
  free(g->op);
  free(g->first);
  free(g->parent);
  free(g->fixed);
  *g = (esp__channel_groups){0};
}

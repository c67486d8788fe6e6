/* What each operation of a graph costs. */
#include "autograd/node.h"

#include "base/clock.h"

#include <string.h>

void esp__profile_start(esp_graph *g) {
  if (g->profile && g->profile->on) g->profile->last = esp__seconds();
}

void esp__profile_lap(esp_graph *g, int index, esp_propagation p) {
  if (!g->profile || !g->profile->on) return;
  const double now = esp__seconds();
  g->profile->seconds[index][p] += now - g->profile->last;
  g->profile->last = now;
}

esp_status esp_graph_profile(esp_graph *g, bool on, esp_error *err) {
  const size_t bytes = (size_t)(g->nodes + 1) * sizeof *g->profile->seconds;
  if (!g->profile) {
    esp__profile *p;
    ESP_TRY(esp__graph_alloc(g, sizeof *p, &p, err));
    ESP_TRY(esp__graph_alloc(g, bytes, &p->seconds, err));
    g->profile = p;
  }
  if (on) memset(g->profile->seconds, 0, bytes);
  g->profile->on = on;
  return ESP_OK;
}

bool esp_graph_cost(const esp_graph *g, int i, esp_cost *cost) {
  if (!g->profile || i > g->nodes) return false;
  const esp__node *n = i < g->nodes ? g->node[i] : NULL;
  *cost = (esp_cost){
      .operation = n ? n->op->name : "loss",
      .weight = n && n->param[0] && esp_param_prunable(n->param[0]) ? n->param[0] : NULL};
  memcpy(cost->seconds, g->profile->seconds[i], sizeof cost->seconds);
  return true;
}

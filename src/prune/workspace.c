/* The memory that a choice is made in. */
#include "prune/workspace.h"

#include <stdlib.h>

bool esp__units_are_weights(const esp_pruner *p) {
  for (int i = 0; i < p->pools; i++)
    if (!esp_ranking_pool_of_weights(&p->pool[i]) || p->pool[i].first != p->pool[i].first_weight)
      return false;
  return true;
}

static bool has_hooks(const esp_pruner *p) {
  return (p->dynamic && p->dynamic->hooks) || p->regulariser;
}

esp_status esp__workspace_open(esp_pruner *p, esp_error *err) {
  const bool plain = esp__units_are_weights(p);
  if (p->score) return ESP_OK;
  p->score = calloc(p->units, sizeof *p->score);
  p->keep = malloc(p->units);
  p->weight_score =
      plain && !has_hooks(p) ? p->score : malloc(p->weights * sizeof *p->weight_score);
  bool made = p->weight_score && p->score && p->keep;
  if (!plain || p->regulariser) { /* a regulariser adds up too */
    p->unit_sum = malloc(p->units * sizeof *p->unit_sum);
    p->unit_count = malloc(p->units * sizeof *p->unit_count);
    made &= p->unit_sum && p->unit_count;
  }
  return made ? ESP_OK : esp_fail(err, ESP_ERR_MEMORY, "out of memory for the masks");
}

void esp__workspace_free(esp_pruner *p) {
  if (p->weight_score != p->score) free(p->weight_score);
  free(p->score);
  free(p->keep);
  free(p->unit_sum);
  free(p->unit_count);
  p->weight_score = p->score = NULL;
  p->keep = NULL;
  p->unit_sum = NULL;
  p->unit_count = NULL;
}

void esp__workspace_close(esp_pruner *p) {
  if (p->when != ESP_PRUNE_TRAINING && (!p->regulariser || p->finished)) esp__workspace_free(p);
}

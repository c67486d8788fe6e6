/* The memory that a choice is made in. */
#include "prune/workspace.h"

#include <stdlib.h>

bool esp__units_are_weights(const esp_pruner *p) {
  for (int i = 0; i < p->targets; i++)
    if (!esp_ranking_pool_of_weights(&p->target[i]) ||
        p->target[i].first != p->target[i].first_weight)
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
  p->raw = plain && !has_hooks(p) ? p->score : malloc(p->weights * sizeof *p->raw);
  bool made = p->raw && p->score && p->keep;
  if (!plain || p->regulariser) { /* a regulariser adds up too */
    p->sum = malloc(p->units * sizeof *p->sum);
    p->size = malloc(p->units * sizeof *p->size);
    made &= p->sum && p->size;
  }
  return made ? ESP_OK : esp_fail(err, ESP_ERR_MEMORY, "out of memory for the masks");
}

void esp__workspace_free(esp_pruner *p) {
  if (p->raw != p->score) free(p->raw);
  free(p->score);
  free(p->keep);
  free(p->sum);
  free(p->size);
  p->raw = p->score = NULL;
  p->keep = NULL;
  p->sum = NULL;
  p->size = NULL;
}

void esp__workspace_close(esp_pruner *p) {
  if (p->when != ESP_PRUNE_TRAINING && (!p->regulariser || p->finished)) esp__workspace_free(p);
}

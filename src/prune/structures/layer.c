#include "prune/catalogue.h"
#include "prune/pruner.h"

#include <stdlib.h>
#include <string.h>

static bool within(const char *prefix, const char *name) {
  return strncmp(prefix, name, strlen(prefix)) == 0;
}

/* Optional, not part of another such block, and all of its layers are to be pruned. Its first
 * layer, or NULL. */
static const esp_layer *first_layer(const esp_model *m, int block, const bool *layers) {
  const char *prefix = m->block[block].prefix;
  const esp_layer *first = NULL;
  for (int b = 0; b < block; b++)
    if (m->block[b].optional && within(m->block[b].prefix, prefix)) return NULL;
  for (int i = m->layers - 1; i >= 0; i--) {
    if (!within(prefix, m->layer[i].name)) continue;
    if (!layers[i]) return NULL;
    first = &m->layer[i];
  }
  return m->block[block].optional ? first : NULL;
}

/* All of a parameter belongs to the unit. */
static esp_status add_whole(esp_pruner *p, esp_param *w, uint32_t which, esp_error *err) {
  uint32_t *unit = malloc(sizeof *unit);
  if (!unit) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for a block");
  *unit = which;
  return esp_ranking_pool_add(p, (esp_slice){w, 1, w->count, unit, esp_param_prunable(w), 0}, err);
}

/* unit = all parameters of a residual block x + f(x), which then is x; all blocks are one pool */
static esp_status cover(esp_pruner *p, const bool *layers, esp_error *err) {
  const esp_model *m = p->model;
  uint32_t units = 0;
  for (int b = 0; b < m->blocks; b++) units += first_layer(m, b, layers) != NULL;
  for (uint32_t b = 0, unit = 0; unit < units; b++) {
    const esp_layer *first = first_layer(m, (int)b, layers);
    if (!first) continue;
    if (unit == 0) ESP_TRY(esp_ranking_pool_new(p, &esp__structure_layer, first, units, err));
    for (int k = 0; k < m->params.count; k++)
      if (within(m->block[b].prefix, m->params.item[k]->name) &&
          esp_param_trains(m->params.item[k]))
        ESP_TRY(add_whole(p, m->params.item[k], unit, err));
    unit++;
  }
  return ESP_OK;
}

const esp_structure esp__structure_layer = {
    .name = "layer",
    .help =
        "whole residual blocks whose shortcut is the input itself (Huang et al. 2016; "
        "Veit et al. 2016)",
    .cover = cover,
};

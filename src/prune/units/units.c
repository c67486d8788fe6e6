/* Pools and their slices: what a structure is made of. */
#include "prune/pruner.h"

#include <stdlib.h>

static esp_status no_memory(esp_error *err) {
  return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the units of pruning");
}

esp_status esp_ranking_pool_new(esp_pruner *p, const esp_structure *structure,
                                const esp_layer *layer, size_t units, esp_error *err) {
  esp_ranking_pool *grown = realloc(p->pool, (size_t)(p->pools + 1) * sizeof *grown);
  if (!grown) return no_memory(err);
  p->pool = grown;
  p->pool[p->pools++] = (esp_ranking_pool){.structure = structure,
                                           .layer = layer,
                                           .weight = layer->weight,
                                           .units = units,
                                           .first = p->units,
                                           .first_weight = p->weights};
  p->units += units;
  return ESP_OK;
}

esp_status esp_ranking_pool_add(esp_pruner *p, esp_slice slice, esp_error *err) {
  if (!slice.param) {
    free(slice.unit);
    return ESP_OK;
  }
  esp_ranking_pool *pool = &p->pool[p->pools - 1];
  esp_slice *grown = realloc(pool->slice, (size_t)(pool->slices + 1) * sizeof *grown);
  if (!grown) {
    free(slice.unit);
    return no_memory(err);
  }
  if (slice.scored) {
    slice.layer = esp_model_layer(p->model, slice.param);
    slice.first_weight = p->weights;
    pool->weights += slice.param->count;
    p->weights += slice.param->count;
  }
  pool->slice = grown;
  pool->slice[pool->slices++] = slice;
  return ESP_OK;
}

esp_status esp_ranking_pool_add_rows(esp_pruner *p, esp_param *param, uint32_t *unit, bool scored,
                                     esp_error *err) {
  if (!param) return esp_ranking_pool_add(p, (esp_slice){.unit = unit}, err);
  const size_t rows = (size_t)param->shape[0];
  return esp_ranking_pool_add(p, (esp_slice){param, rows, param->count / rows, unit, scored, 0},
                              err);
}

esp_status esp__scored_slices_make(esp_pruner *p, esp_error *err) {
  int slices = 0;
  for (int i = 0; i < p->pools; i++) slices += p->pool[i].slices;
  if (!(p->scored = malloc((size_t)slices * sizeof *p->scored))) return no_memory(err);
  for (int i = 0; i < p->pools; i++)
    for (int k = 0; k < p->pool[i].slices; k++)
      if (p->pool[i].slice[k].scored)
        p->scored[p->scored_slices++] = (esp_scored_slice){&p->pool[i], &p->pool[i].slice[k]};
  return ESP_OK;
}

void esp__ranking_pools_free(esp_pruner *p) {
  for (int i = 0; i < p->pools; i++) {
    for (int k = 0; k < p->pool[i].slices; k++) free(p->pool[i].slice[k].unit);
    free(p->pool[i].slice);
  }
  free(p->pool);
  free(p->scored);
}

#include "prune/catalogue.h"
#include "prune/pruner.h"

/* unit = weight */
static esp_status cover(esp_pruner *p, const bool *layers, esp_error *err) {
  for (int i = 0; i < p->model->layers; i++) {
    const esp_layer *l = &p->model->layer[i];
    if (!layers[i]) continue;
    ESP_TRY(esp_ranking_pool_new(p, &esp__structure_weight, l, l->weight->count, err));
    ESP_TRY(
        esp_ranking_pool_add(p, (esp_slice){l->weight, l->weight->count, 1, NULL, true, 0}, err));
  }
  return ESP_OK;
}

const esp_structure esp__structure_weight = {
    .name = "weight",
    .help = "single weights of convolutions and linear layers (unstructured)",
    .single_weights = true,
    .cover = cover,
};

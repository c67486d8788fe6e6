#include "prune/catalogue.h"
#include "prune/pruner.h"

/* unit o = w[o][*][*][*], bias, gamma and beta of output channel o. A depthwise or grouped filter
 * has no channel of its own to remove. */
static esp_status cover(esp_pruner *p, const bool *layers, esp_error *err) {
  for (int i = 0; i < p->model->layers; i++) {
    const esp_layer *l = &p->model->layer[i];
    if (!layers[i] || l->weight->role != ESP_ROLE_CONV_WEIGHT || l->groups != 1) continue;
    ESP_TRY(esp_ranking_pool_new(p, &esp__structure_filter, l, (size_t)l->weight->shape[0], err));
    ESP_TRY(esp_ranking_pool_add_rows(p, l->weight, NULL, true, err));
    ESP_TRY(esp_ranking_pool_add_rows(p, l->bias, NULL, false, err));
    ESP_TRY(esp_ranking_pool_add_rows(p, l->scale, NULL, false, err));
    ESP_TRY(esp_ranking_pool_add_rows(p, l->shift, NULL, false, err));
  }
  return ESP_OK;
}

const esp_structure esp__structure_filter = {
    .name = "filter",
    .help =
        "filters of convolutions, each by itself, with their bias and batch norm (Li et al. 2017)",
    .cover = cover,
};

#include "prune/catalogue.h"
#include "prune/pruner.h"

#include <stdlib.h>

typedef struct block_options {
  int64_t block_outputs, block_inputs;
} block_options;
static const esp_option table[] = {
    {"block_outputs", ESP_OPTION_INT, offsetof(block_options, block_outputs), "4", 1, 65536, NULL,
     "structure block: outputs of a block"},
    {"block_inputs", ESP_OPTION_INT, offsetof(block_options, block_inputs), "4", 1, 65536, NULL,
     "structure block: inputs of a block"},
    {.name = NULL}};
static const esp_method_keys block_keys = {table, sizeof(block_options), .after = "m"};

static size_t parts(size_t n, size_t of) {
  return (n + of - 1) / of;
}

/* unit (a, b, k) = { w[o][i][k] : o / R = a, i / C = b }; at the edges blocks are smaller */
static uint32_t *deal_out(const esp_param *w, size_t rows, size_t columns) {
  const size_t inputs = (size_t)w->shape[1], kernel = w->count / inputs / (size_t)w->shape[0];
  uint32_t *unit = malloc(w->count * sizeof *unit);
  for (size_t i = 0; unit && i < w->count; i++) {
    const size_t output = i / kernel / inputs, input = i / kernel % inputs;
    unit[i] = (uint32_t)((output / rows * parts(inputs, columns) + input / columns) * kernel +
                         i % kernel);
  }
  return unit;
}

static esp_status cover(esp_pruner *p, const bool *layers, esp_error *err) {
  const block_options *o = esp_prune_keys(p->opt, &block_keys);
  const size_t rows = (size_t)o->block_outputs, columns = (size_t)o->block_inputs;
  for (int i = 0; i < p->model->layers; i++) {
    const esp_layer *l = &p->model->layer[i];
    const size_t outputs = (size_t)l->weight->shape[0], inputs = (size_t)l->weight->shape[1];
    if (!layers[i]) continue;
    ESP_TRY(esp_ranking_pool_new(
        p, &esp__structure_block, l,
        parts(outputs, rows) * parts(inputs, columns) * (l->weight->count / inputs / outputs),
        err));
    uint32_t *unit = deal_out(l->weight, rows, columns);
    if (!unit)
      return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the blocks of '%s'", l->name);
    ESP_TRY(
        esp_ranking_pool_add(p, (esp_slice){l->weight, l->weight->count, 1, unit, true, 0}, err));
  }
  return ESP_OK;
}

const esp_structure esp__structure_block = {
    .name = "block",
    .help =
        "blocks of block_outputs x block_inputs weights, "
        "at each place of a kernel by itself (Narang et al. 2017)",
    .keys = {&block_keys},
    .cover = cover,
};

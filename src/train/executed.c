#include "autograd/shares.h"

#include <espalier/train.h>

void esp_dynamic_macs_add(esp_dynamic_macs *e, const esp_graph *graph, int images) {
  const int64_t *macs = esp_graph_dynamic_macs(graph);
  for (int i = 0; i < images; i++) {
    e->total += macs[i];
    if (e->images == 0 || macs[i] < e->least) e->least = macs[i];
    if (e->images == 0 || macs[i] > e->most) e->most = macs[i];
    e->images++;
  }
}

/* What the processes have counted that have the other images. */
static void add_others(esp_dynamic_macs *e, const esp_graph *graph) {
  int64_t sums[] = {e->images, e->total};
  const int64_t least = esp__graph_least(graph, e->images > 0 ? e->least : INT64_MAX),
                most = -esp__graph_least(graph, e->images > 0 ? -e->most : INT64_MAX);
  esp__graph_add_counts(graph, sums, 2);
  if (sums[0] > 0) *e = (esp_dynamic_macs){sums[0], sums[1], least, most};
}

esp_status esp_count_dynamic_macs(esp_model *model, esp_graph *graph, esp_loader *loader,
                                  esp_dynamic_macs *e, esp_error *err) {
  const esp_batch *batch;
  *e = (esp_dynamic_macs){0};
  ESP_TRY(esp_graph_count_dynamic_macs(graph, true, err));
  esp_params_swap_average(&model->params);
  esp_loader_start(loader, 0, 0);
  while ((batch = esp_loader_next(loader))) {
    esp_graph_forward(graph, batch, (esp_pass){0});
    esp_dynamic_macs_add(e, graph, batch->count);
  }
  esp_params_swap_average(&model->params);
  add_others(e, graph);
  return esp_graph_count_dynamic_macs(graph, false, err);
}

void esp_choose_thresholds(esp_model *model, esp_graph *graph, esp_loader *loader, uint64_t epoch) {
  esp_params_swap_average(&model->params);
  esp_loader_start(loader, epoch, 0);
  const esp_batch *batch = esp_loader_next(loader);
  if (batch) esp_graph_forward(graph, batch, (esp_pass){.choose = true});
  esp_params_swap_average(&model->params);
}

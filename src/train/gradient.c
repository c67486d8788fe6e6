#include <espalier/train.h>

#include <stdlib.h>
#include <string.h>

static void add_gradients(const esp_params *ps, float *sum) {
  for (int k = 0; k < ps->count; k++) {
    const esp_param *p = ps->item[k];
    if (!esp_param_trains(p)) continue;
    for (size_t i = 0; i < p->count; i++) sum[i] += p->grad[i];
    sum += p->count;
  }
}

static void put_gradients(const esp_params *ps, const float *sum, float share) {
  for (int k = 0; k < ps->count; k++) {
    const esp_param *p = ps->item[k];
    if (!esp_param_trains(p)) continue;
    for (size_t i = 0; i < p->count; i++) p->grad[i] = sum[i] * share;
    sum += p->count;
  }
}

esp_status esp_mean_gradient(esp_trainer *t, uint64_t epoch, int64_t batches, esp_error *err) {
  const esp_params *ps = &t->model->params;
  size_t count = 0;
  for (int k = 0; k < ps->count; k++) count += esp_param_trains(ps->item[k]) ? ps->item[k]->count : 0;
  float *sum = calloc(count + 1, sizeof *sum);
  if (!sum) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the mean gradient");
  const esp_batch *batch;
  int64_t done = 0;
  esp_loader_start(t->loader, epoch, 0);
  while (done < batches && (batch = esp_loader_next(t->loader))) {
    esp_graph_forward(t->graph, batch, (esp_pass){.dense_gradients = true});
    esp_graph_backward(t->graph);
    add_gradients(ps, sum);
    done++;
  }
  put_gradients(ps, sum, 1.0f / (float)(done > 0 ? done : 1));
  free(sum);
  return ESP_OK;
}

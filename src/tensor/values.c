#include "tensor/values.h"

#include <stdlib.h>
#include <string.h>

static esp_status no_memory(esp_error *err) {
  return esp_fail(err, ESP_ERR_MEMORY, "out of memory for a copy of the parameters");
}

size_t esp__values_count(const esp_params *ps) {
  size_t count = 0;
  for (int k = 0; k < ps->count; k++) count += ps->item[k]->count;
  return count;
}

esp_status esp__values_save(const esp_params *ps, float **saved, esp_error *err) {
  float *to = *saved = malloc((esp__values_count(ps) + 1) * sizeof *to);
  if (!to) return no_memory(err);
  for (int k = 0; k < ps->count; k++) {
    const esp_param *p = ps->item[k];
    memcpy(to, p->value, p->count * sizeof *to);
    to += p->count;
  }
  return ESP_OK;
}

void esp__values_restore(const esp_params *ps, const float *saved) {
  for (int k = 0; k < ps->count; k++) {
    const esp_param *p = ps->item[k];
    memcpy(p->value, saved, p->count * sizeof *saved);
    saved += p->count;
  }
}

esp_status esp__gradients_save(const esp_params *ps, float **saved, esp_error *err) {
  float *to = *saved = calloc(esp__values_count(ps) + 1, sizeof *to);
  if (!to) return no_memory(err);
  for (int k = 0; k < ps->count; k++) {
    const esp_param *p = ps->item[k];
    if (esp_param_trains(p)) memcpy(to, p->grad, p->count * sizeof *to);
    to += p->count;
  }
  return ESP_OK;
}

#include "tensor/values.h"

#include <stdlib.h>
#include <string.h>

size_t esp__values_count(const esp_params *ps) {
  size_t count = 0;
  for (int k = 0; k < ps->count; k++) count += ps->item[k]->count;
  return count;
}

esp_status esp__values_save(const esp_params *ps, float **saved, esp_error *err) {
  float *to = *saved = malloc((esp__values_count(ps) + 1) * sizeof *to);
  if (!to) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for a copy of the parameters");
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

/* The numbers of a batch norm with running statistics. */
#include "predict/network.h"

esp_status esp__line_of(esp_network *n, const esp_operation *norm, const float **scale,
                        const float **shift, esp_error *err) {
  const size_t channels = norm->param[0]->count;
  float *a, *b;
  ESP_TRY(esp__store_alloc(&n->store, (channels + ESP_BLOCK) * sizeof *a, &a, err));
  ESP_TRY(esp__store_alloc(&n->store, (channels + ESP_BLOCK) * sizeof *b, &b, err));
  for (size_t c = 0; c < channels; c++) {
    double line[2];
    esp_batchnorm_line((double)norm->param[0]->value[c], (double)norm->param[1]->value[c],
                       (double)norm->param[2]->value[c], (double)norm->param[3]->value[c], line);
    a[c] = (float)line[0];
    b[c] = (float)line[1];
  }
  *scale = a;
  *shift = b;
  return ESP_OK;
}

/* The numbers of all parameters, one after the other. */
#ifndef ESP_TENSOR_VALUES_H
#define ESP_TENSOR_VALUES_H

#include <espalier/param.h>

/* How many there are. */
size_t esp__values_count(const esp_params *ps);
/* The values, in newly allocated memory. */
esp_status esp__values_save(const esp_params *ps, float **saved, esp_error *err);
/* Puts values that were saved back. */
void esp__values_restore(const esp_params *ps, const float *saved);

#endif

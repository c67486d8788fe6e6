/* Writing files of weights, whatever they say of themselves. */
#ifndef ESP_TRAIN_WEIGHTS_FILE_H
#define ESP_TRAIN_WEIGHTS_FILE_H

#include <espalier/train.h>

/* The model's values (moving averages where there are any) as a safetensors file, or as a packed
 * one, whose size *bytes (may be NULL) becomes. */
esp_status esp__weights_write(const esp_model *model, esp_provenance from, const char *path,
                              esp_error *err);
esp_status esp__weights_write_packed(const esp_model *model, esp_provenance from, const char *path,
                                     size_t *bytes, esp_error *err);

#endif

#include <espalier/config.h>

const esp_quality *esp_config_quality(const esp_config *config) {
  const esp_dataset_kind *kind = esp_dataset_kind_find(config->data.dataset);
  return esp_quality_of(kind && kind->targets);
}

#include <espalier/config.h>

#include <stdlib.h>

esp_status esp_config_copy(esp_config *to, const esp_config *from, esp_error *err) {
  char *text = NULL;
  ESP_TRY(esp_config_text(from, &text, err));
  const esp_status status = esp_config_parse(to, "configuration", text, 0, NULL, err);
  free(text);
  return status;
}

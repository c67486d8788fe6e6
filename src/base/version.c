#include <espalier/version.h>

const char *esp_version(void) {
  return ESP_VERSION;
}

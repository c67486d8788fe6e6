#include "cli/document.h"

void esp__each_key(void (*each)(const char *section, const esp_option *o)) {
  esp_config_key key[ESP_CONFIG_KEYS_MAX];
  const size_t keys = esp_config_keys(NULL, key);
  for (size_t i = 0; i < keys; i++) each(key[i].section->name, key[i].option);
}

const char *esp__key_value(const esp_option *o, size_t i) {
  static const char *const answer[] = {"yes", "no", NULL};
  if (o->type == ESP_OPTION_BOOL) return i < 2 ? answer[i] : NULL;
  return o->choice ? o->choice(i) : NULL;
}

#include "prune/keys.h"

void *esp__prune_keys_in(struct esp_method_values *values, const esp_method_keys *keys) {
  for (size_t i = 0; values && i < values->count; i++)
    if (values->of[i].keys == keys) return values->of[i].options;
  return NULL;
}

const void *esp_prune_keys(const esp_prune_options *opt, const esp_method_keys *keys) {
  return esp__prune_keys_in(opt->methods, keys);
}

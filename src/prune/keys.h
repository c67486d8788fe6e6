/* The keys of methods by name, and where their values stand: one block of memory, which the options
 * own. */
#ifndef ESP_PRUNE_KEYS_H
#define ESP_PRUNE_KEYS_H

#include <espalier/prune.h>

typedef struct esp__method_value {
  const esp_method_keys *keys;
  void *options; /* of keys->bytes, in the same block */
} esp__method_value;

struct esp_method_values {
  size_t count;
  esp__method_value of[];
};

/* NULL when the keys were registered after the options were made. */
void *esp__prune_keys_in(struct esp_method_values *values, const esp_method_keys *keys);

/* The key of [prune] with that name; its option is NULL where there is none. */
esp_prune_key esp__prune_key_find(const char *name);

#endif

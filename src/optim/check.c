/* Keys that the chosen optimiser does not read. */
#include "base/value.h"
#include "optim/optimiser.h"

#include <stdio.h>
#include <string.h>

static bool reads(const esp__optimiser *o, const char *key) {
  for (int i = 0; o->keys[i]; i++)
    if (strcmp(o->keys[i], key) == 0) return true;
  return false;
}

static bool any_reads(const char *key) {
  const esp__optimiser *o;
  for (size_t i = 0; (o = esp__optimiser_at(i)); i++)
    if (reads(o, key)) return true;
  return false;
}

esp_status esp_optimiser_check(const esp_train_options *opt, esp_error *err) {
  const esp__optimiser *o = esp__optimiser_of(opt);
  char reader[ESP_NAME_MAX];
  snprintf(reader, sizeof reader, "optimiser = %s", o->name);
  for (const esp_option *key = esp_train_option_table; key->name; key++)
    if (any_reads(key->name) && !reads(o, key->name))
      ESP_TRY(esp__value_check_unread(key, opt, "train", reader, "another optimiser", err));
  return ESP_OK;
}

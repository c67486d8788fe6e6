/* Keys that the chosen optimiser does not read. */
#include "base/value.h"
#include "optim/optimiser.h"

#include <stdlib.h>
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

/* Fails if the key has another value than its default, which nothing reads. */
static esp_status check_unread(const esp_train_options *opt, const esp_option *key,
                               esp_error *err) {
  bool is_default;
  ESP_TRY(esp__value_is_default(key, opt, &is_default, err));
  if (is_default) return ESP_OK;
  char *value = esp__value_text(key, opt);
  const esp_status status =
      esp_fail(err, ESP_ERR_INPUT,
               "[train] %s = %.60s with optimiser = %s, which does not read it: expected no such "
               "line, or another optimiser",
               key->name, value ? value : "", opt->optimiser);
  free(value);
  return status;
}

esp_status esp_optimiser_check(const esp_train_options *opt, esp_error *err) {
  const esp__optimiser *o = esp__optimiser_of(opt);
  for (const esp_option *key = esp_train_option_table; key->name; key++)
    if (any_reads(key->name) && !reads(o, key->name)) ESP_TRY(check_unread(opt, key, err));
  return ESP_OK;
}

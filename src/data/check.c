/* Keys of [data] that the chosen data set does not read. */
#include "base/value.h"
#include "data/set.h"

#include <stdio.h>
#include <string.h>

static const struct {
  const char *key;
  const esp_dataset_kind *of;
} own[] = {{"tokens", &esp__dataset_text},   {"vocabulary", &esp__dataset_text},
           {"length", &esp__dataset_text},   {"rate", &esp__dataset_audio},
           {"seconds", &esp__dataset_audio}, {"window", &esp__dataset_audio},
           {"hop", &esp__dataset_audio},     {"bands", &esp__dataset_audio},
           {"layout", &esp__dataset_audio},  {"shift", &esp__dataset_audio},
           {"noise", &esp__dataset_audio},   {"resident_mib", &esp__dataset_folder},
           {"target", &esp__dataset_csv},    {"inputs", &esp__dataset_csv},
           {"ignore", &esp__dataset_csv},    {"target_mean", &esp__dataset_csv},
           {"target_std", &esp__dataset_csv}};

static const esp_option *option_named(const char *key) {
  const esp_option *o = esp_data_option_table;
  while (strcmp(o->name, key) != 0) o++;
  return o;
}

/* A data set from outside may read any of them. */
esp_status esp_data_check(const esp_data_options *opt, esp_error *err) {
  char reader[64];
  if (!esp__dataset_is_built_in(opt->dataset)) return ESP_OK;
  snprintf(reader, sizeof reader, "dataset = %s", opt->dataset);
  for (size_t i = 0; i < sizeof own / sizeof *own; i++)
    if (strcmp(own[i].of->name, opt->dataset) != 0)
      ESP_TRY(esp__value_check_unread(option_named(own[i].key), opt, "data", reader,
                                      "another data set", err));
  return ESP_OK;
}

/* When a configuration prunes. */
#include <espalier/prune.h>

#include <string.h>

static bool is_dynamic(const char *method) {
  const esp_dynamic *d;
  for (size_t i = 0; (d = esp_dynamic_at(i)) != NULL; i++)
    if (strcmp(d->name, method) == 0) return true;
  return false;
}

static const esp_prune_schedule *schedule_of(const esp_prune_options *opt) {
  size_t i = 0;
  while (strcmp(esp_prune_schedule_at(i)->name, opt->schedule) != 0) i++;
  return esp_prune_schedule_at(i);
}

esp_prune_when esp_prune_time(const esp_prune_options *opt) {
  if (opt->mask_from[0]) return ESP_PRUNE_INIT;
  if (is_dynamic(opt->method) || strcmp(opt->at, "training") == 0) return ESP_PRUNE_TRAINING;
  if (strcmp(opt->at, "init") == 0) return ESP_PRUNE_INIT;
  const bool by_step = strcmp(opt->at, "auto") == 0 && schedule_of(opt)->in_training;
  return by_step ? ESP_PRUNE_TRAINING : ESP_PRUNE_ROUNDS;
}

int esp_prune_rounds(const esp_prune_options *opt) {
  if (esp_prune_time(opt) == ESP_PRUNE_TRAINING) return 1;
  return schedule_of(opt)->listed ? opt->sparsities.count : (int)opt->rounds;
}

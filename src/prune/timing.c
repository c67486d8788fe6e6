/* When a configuration prunes. */
#include <espalier/prune.h>

#include <string.h>

const esp_prune_schedule *esp_prune_schedule_of(const esp_prune_options *opt) {
  return esp_prune_schedule_find(opt->schedule);
}

esp_prune_when esp_prune_when_of(const esp_prune_options *opt) {
  if (opt->mask_from[0]) return ESP_PRUNE_INIT;
  if (esp_dynamic_find(opt->method) || strcmp(opt->at, "training") == 0) return ESP_PRUNE_TRAINING;
  if (strcmp(opt->at, "init") == 0) return ESP_PRUNE_INIT;
  const bool by_step = strcmp(opt->at, "auto") == 0 && esp_prune_schedule_of(opt)->in_training;
  return by_step ? ESP_PRUNE_TRAINING : ESP_PRUNE_ROUNDS;
}

int esp_prune_rounds(const esp_prune_options *opt) {
  if (esp_prune_when_of(opt) == ESP_PRUNE_TRAINING) return 1;
  if (!esp_prune_schedule_of(opt)->listed) return (int)opt->rounds;
  return esp_list_options_of(opt)->sparsities.count;
}

double esp_prune_progress(int64_t step, int64_t length, int64_t ramps, int64_t pause) {
  const int64_t active = length - (ramps - 1) * pause, ramp = active / ramps;
  if (step >= length) return 1.0;
  if (pause == 0 || ramp < 1) return (double)step / (double)length;
  int64_t number = step / (ramp + pause);
  if (number > ramps - 1) number = ramps - 1;
  const int64_t within = step - number * (ramp + pause);
  if (number < ramps - 1 && within > ramp) return -1.0;
  return (double)(number * ramp + within) / (double)active;
}

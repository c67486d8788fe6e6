#include "config/lengthen.h"

#include "config/fingerprint.h"
#include "config/stages.h"

#include <stdio.h>
#include <string.h>

/* Whether two configurations are the same once this member, a count, is. */
static esp_status only_differs_in(const esp_config *there, const esp_config *here, size_t offset,
                                  bool *only, esp_error *err) {
  esp_config same;
  char a[65], b[65];
  const int64_t *wanted = (const int64_t *)(const void *)((const char *)there + offset);
  *only = *wanted != *(const int64_t *)(const void *)((const char *)here + offset);
  if (!*only) return ESP_OK;
  ESP_TRY(esp_config_copy(&same, here, err));
  *(int64_t *)(void *)((char *)&same + offset) = *wanted;
  esp_status status = esp__config_fingerprint(there, ESP_FINGERPRINT_ALL, a, err);
  if (status == ESP_OK) status = esp__config_fingerprint(&same, ESP_FINGERPRINT_ALL, b, err);
  esp_config_free(&same);
  *only = status == ESP_OK && strcmp(a, b) == 0;
  return status;
}

/* Rates that do not know how long the training is. */
static bool rates_are_fixed(const esp_train_options *o) {
  return strcmp(o->schedule, "constant") == 0 || strcmp(o->schedule, "step") == 0 ||
         strcmp(o->schedule, "multi-step") == 0;
}

static const char *why_not_epochs(const esp_config *there, const esp_config *here) {
  const double before = (double)there->train.epochs;
  if (here->train.epochs < there->train.epochs) return "epochs can only grow";
  if (!rates_are_fixed(&here->train))
    return "the learning rates of this schedule depend on epochs; those of constant, step and "
           "multi-step do not";
  if (here->train.warmup_epochs > before) return "the warm-up was cut short by the epochs before";
  if (esp__prunes_in_training(here) &&
      (here->prune.end_epoch == 0.0 || here->prune.end_epoch >= before))
    return "when masks change depends on epochs, unless end_epoch says when they end";
  return NULL;
}

esp_status esp__config_lengthens(const esp_config *there, const esp_config *here, bool *lengthens,
                                 char why[256], esp_error *err) {
  bool epochs, rounds, retraining;
  ESP_TRY(only_differs_in(there, here, offsetof(esp_config, train.epochs), &epochs, err));
  ESP_TRY(only_differs_in(there, here, offsetof(esp_config, prune.rounds), &rounds, err));
  ESP_TRY(
      only_differs_in(there, here, offsetof(esp_config, prune.retrain_epochs), &retraining, err));
  const char *reason = epochs       ? why_not_epochs(there, here)
                       : rounds     ? "what each round prunes to depends on their number"
                       : retraining ? "the learning rates of retraining depend on its length"
                                    : "";
  *lengthens = reason == NULL;
  snprintf(why, 256, "%s", reason ? reason : "");
  return ESP_OK;
}

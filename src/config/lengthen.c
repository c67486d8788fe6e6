#include "config/lengthen.h"

#include "base/value.h"
#include "config/fingerprint.h"
#include "config/parse.h"
#include "config/stages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- why more of it would be another experiment; NULL: it is not ---- */

/* Rates that do not know how long the training is. */
static bool is_fixed(const char *schedule) {
  return strcmp(schedule, "constant") == 0 || strcmp(schedule, "step") == 0 ||
         strcmp(schedule, "multi-step") == 0;
}

static const char *why_not_epochs(const esp_config *there, const esp_config *here) {
  const double before = (double)there->train.epochs;
  if (here->train.epochs < there->train.epochs) return "epochs can only grow";
  if (!is_fixed(here->train.schedule))
    return "the learning rates of this schedule depend on epochs; those of constant, step and "
           "multi-step do not";
  if (here->train.warmup_epochs > before) return "the warm-up was cut short by the epochs before";
  if (esp__prunes_in_training(here) &&
      (here->prune.end_epoch == 0.0 || here->prune.end_epoch >= before))
    return "when masks change depends on epochs, unless end_epoch says when they end";
  return NULL;
}

static const char *why_not_retraining(const esp_config *there, const esp_config *here) {
  const esp_retrain retrain = esp__retrain_of(here);
  if (here->prune.retrain_epochs < there->prune.retrain_epochs)
    return "retrain_epochs can only grow";
  if (retrain == ESP_LR_REWIND) return "the learning rates of lr-rewind depend on retrain_epochs";
  if ((retrain == ESP_FINETUNE || retrain == ESP_RECONSTRUCT) &&
      !is_fixed(here->prune.retrain_schedule))
    return "the learning rates of this retrain_schedule depend on retrain_epochs; those of "
           "constant, step and multi-step do not";
  return NULL;
}

static const char *why_not_rounds(const esp_config *there, const esp_config *here) {
  if (here->prune.rounds < there->prune.rounds) return "rounds can only grow";
  return esp__reacts(here) ? NULL
                           : "what each round prunes to depends on their number; with schedule = "
                             "list and schedule = feedback it does not";
}

static const char *why_not_list(const esp_config *there, const esp_config *here) {
  const esp_numbers *a = &esp_list_options_of(&there->prune)->sparsities,
                    *b = &esp_list_options_of(&here->prune)->sparsities;
  if (!esp_prune_schedule_of(&here->prune)->listed) return "only schedule = list reads sparsities";
  if (b->count < a->count || memcmp(a->value, b->value, (size_t)a->count * sizeof *a->value) != 0)
    return "sparsities can only grow behind their end";
  if (strcmp(here->prune.regulariser, "none") != 0)
    return "the regulariser knows the sparsity in the end";
  return strcmp(here->prune.distribution, "layers") == 0
             ? "what layers lose depends on the sparsity in the end"
             : NULL;
}

/* ---- what differs ---- */

enum { KEYS_MAX = 2 };
static const struct {
  esp__longer longer;
  const char *key[KEYS_MAX];
  const char *(*why_not)(const esp_config *there, const esp_config *here);
} ways[] = {
    {ESP_LONGER_TRAINING, {"train.epochs"}, why_not_epochs},
    {ESP_LONGER_RETRAINING, {"prune.retrain_epochs"}, why_not_retraining},
    {ESP_LONGER_ROUNDS, {"prune.rounds"}, why_not_rounds},
    {ESP_LONGER_ROUNDS, {"prune.sparsities", "prune.sparsity"}, why_not_list},
};
enum { WAYS = sizeof ways / sizeof *ways };

static esp_status take_key(esp_config *to, const esp_config *from, const char *name,
                           esp_error *err) {
  esp_config_key key;
  ESP_TRY(esp__config_key(name, "configuration", &key, err));
  const void *options = esp_config_key_options(from, &key);
  if (!options) return ESP_OK;
  char *text = esp__value_text(key.option, options);
  if (!text) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for a configuration");
  const esp_status status = esp__config_set(to, name, text, "configuration", err);
  free(text);
  return status;
}

static esp_status same_fingerprint(const esp_config *a, const esp_config *b, bool *same,
                                   esp_error *err) {
  char x[65], y[65];
  ESP_TRY(esp__config_fingerprint(a, ESP_FINGERPRINT_ALL, x, err));
  ESP_TRY(esp__config_fingerprint(b, ESP_FINGERPRINT_ALL, y, err));
  *same = strcmp(x, y) == 0;
  return ESP_OK;
}

/* Whether two configurations are the same once these keys are. */
static esp_status only_differs_in(const esp_config *there, const esp_config *here,
                                  const char *const key[KEYS_MAX], bool *only, esp_error *err) {
  esp_config same;
  esp_status status = ESP_OK;
  ESP_TRY(esp_config_copy(&same, here, err));
  for (int i = 0; status == ESP_OK && i < KEYS_MAX && key[i]; i++)
    status = take_key(&same, there, key[i], err);
  if (status == ESP_OK) status = same_fingerprint(there, &same, only, err);
  esp_config_free(&same);
  return status;
}

esp_status esp__config_lengthens(const esp_config *there, const esp_config *here,
                                 esp__longer *longer, char why[256], esp_error *err) {
  bool only = false;
  *longer = ESP_LONGER_NOTHING;
  *why = '\0';
  ESP_TRY(same_fingerprint(there, here, &only, err));
  if (only) return ESP_OK;
  for (int i = 0; !only && i < WAYS; i++) {
    ESP_TRY(only_differs_in(there, here, ways[i].key, &only, err));
    if (!only) continue;
    const char *reason = ways[i].why_not(there, here);
    if (!reason) *longer = ways[i].longer;
    snprintf(why, 256, "%s", reason ? reason : "");
  }
  return ESP_OK;
}

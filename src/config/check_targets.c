/* What has no meaning where the data have real-valued targets. */
#include "base/value.h"
#include "config/check.h"
#include "config/sections.h"
#include "config/stages.h"

#include <stdio.h>
#include <string.h>

static esp_status check_loss(const esp_config *c, esp_error *err) {
  if (strcmp(c->train.loss, "mse") != 0)
    return esp_fail(err, ESP_ERR_INPUT,
                    "[train] loss = %s with dataset = %s, whose targets are numbers: expected loss "
                    "= mse",
                    c->train.loss, c->data.dataset);
  if (c->train.label_smoothing == 0.0) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "[train] label_smoothing = %g with dataset = %s, which has no classes to spread "
                  "it over: expected 0",
                  c->train.label_smoothing, c->data.dataset);
}

/* Softened probabilities of classes; a network can still be told the dense one's numbers. */
static esp_status check_distillation(const esp_config *c, esp_error *err) {
  if (!esp__prunes(c) || c->prune.distill == 0.0) return ESP_OK;
  return esp_fail(
      err, ESP_ERR_INPUT,
      "[prune] distill = %g with dataset = %s, which has no classes to soften: expected "
      "distill = 0, or retrain = reconstruct",
      c->prune.distill, c->data.dataset);
}

static esp_status check_temperature(const esp_config *c, esp_error *err) {
  char reader[80];
  const esp_config_key key = esp__config_key_find(esp__section_find("prune"), "grasp_temperature");
  if (!esp__prunes(c) || !key.option) return ESP_OK;
  snprintf(reader, sizeof reader, "dataset = %.40s", c->data.dataset);
  return esp__value_check_unread(key.option, esp_config_key_options(c, &key), "prune", reader,
                                 "classes", err);
}

esp_status esp__config_check_targets(const esp_config *c, esp_error *err) {
  const esp_dataset_kind *kind = esp_dataset_kind_find(c->data.dataset);
  if (!kind || !kind->targets) return ESP_OK;
  ESP_TRY(check_loss(c, err));
  ESP_TRY(check_distillation(c, err));
  return check_temperature(c, err);
}

#include "config/check.h"

#include "config/stages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where the weights of a moment of the training are asked for. */
static esp_status check_rewind(const esp_config *c, esp_error *err) {
  const bool rewinds = c->prune.mask_from[0] || esp__retrain_of(c) == ESP_WEIGHT_REWIND;
  if (rewinds && c->prune.rewind_epoch > 0 && c->prune.rewind_step > 0)
    return esp_fail(err, ESP_ERR_INPUT,
                    "[prune] rewind_epoch = %lld and rewind_step = %lld: expected only one of them",
                    (long long)c->prune.rewind_epoch, (long long)c->prune.rewind_step);
  if (rewinds && c->prune.rewind_epoch > c->train.epochs)
    return esp_fail(err, ESP_ERR_INPUT,
                    "[prune] rewind_epoch = %lld: expected at most the %lld epochs of [train]",
                    (long long)c->prune.rewind_epoch, (long long)c->train.epochs);
  return ESP_OK;
}

static double default_sparsity(void) {
  const esp_option *o = esp_prune_option_table;
  while (strcmp(o->name, "sparsity") != 0) o++;
  return strtod(o->fallback, NULL);
}

/* How much goes is said by a sparsity or by a threshold. */
static esp_status check_threshold(const esp_config *c, esp_error *err) {
  const esp_distribution *d = esp_distribution_of(&c->prune);
  const double threshold = esp_threshold_options_of(&c->prune)->threshold;
  const bool reads = d->keys[0] == &esp_threshold_keys;
  if (d->limit && c->prune.sparsity != default_sparsity())
    return esp_fail(err, ESP_ERR_INPUT,
                    "[prune] sparsity = %g with distribution = %s, where a threshold says how much "
                    "goes: expected no sparsity",
                    c->prune.sparsity, d->name);
  if (reads && threshold == 0.0)
    return esp_fail(err, ESP_ERR_INPUT,
                    "[prune] distribution = %s: expected a threshold above 0, such as threshold = "
                    "0.02",
                    d->name);
  if (reads || threshold == 0.0) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "[prune] threshold = %g with distribution = %s, where sparsity = %g says how "
                  "much goes: expected distribution = threshold",
                  threshold, d->name, c->prune.sparsity);
}

/* Masks that come from another run leave nothing to decide. */
static esp_status check_masks(const esp_config *c, esp_error *err) {
  if (!c->prune.mask_from[0] || strcmp(c->prune.method, "none") == 0) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT, "[prune] mask_from with method = %s: expected method = none",
                  c->prune.method);
}

/* What the dense network can teach. */
static esp_status check_teaching(const esp_config *c, esp_error *err) {
  const bool reconstructs = esp__retrain_of(c) == ESP_RECONSTRUCT;
  char key[64];
  if (!esp__uses_distillation(c)) return ESP_OK;
  snprintf(key, sizeof key, reconstructs ? "retrain = reconstruct" : "distill = %g",
           c->prune.distill);
  if (esp__prunes_in_training(c))
    return esp_fail(
        err, ESP_ERR_INPUT,
        "[prune] %s: the dense network teaches the retraining; "
        "expected a method and a schedule that prune after the training, not '%s' with '%s'",
        key, c->prune.method, c->prune.schedule);
  if (esp__retrain_of(c) == ESP_RETRAIN_NONE)
    return esp_fail(err, ESP_ERR_INPUT,
                    "[prune] %s with retrain = none: there is no retraining to teach; "
                    "expected distill = 0",
                    key);
  if (reconstructs && c->prune.distill > 0.0)
    return esp_fail(err, ESP_ERR_INPUT,
                    "[prune] distill = %g with retrain = reconstruct, which knows no labels: "
                    "expected distill = 0",
                    c->prune.distill);
  if (!reconstructs && strcmp(c->train.loss, "cross-entropy") != 0)
    return esp_fail(err, ESP_ERR_INPUT, "[prune] %s with loss = %s: expected loss = cross-entropy",
                    key, c->train.loss);
  return ESP_OK;
}

/* What looks at validation images needs some. */
static esp_status check_validation(const esp_config *c, esp_error *err) {
  const bool searches = esp__searches(c);
  if (c->data.validation > 0 || (!esp__reacts(c) && !searches)) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "[prune] %s = %s compares networks on validation images: "
                  "expected [data] validation above 0, such as a tenth of the training images",
                  searches ? "distribution" : "schedule",
                  searches ? c->prune.distribution : c->prune.schedule);
}

static esp_status check_pauses(const esp_config *c, esp_error *err) {
  const double period = esp__prune_end_epoch(c) - c->prune.begin_epoch;
  const double pauses = (double)(c->prune.ramps - 1) * c->prune.pause_epochs;
  if (pauses == 0.0 || pauses < period || !esp__prunes_in_training(c)) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "[prune] %lld pause(s) of pause_epochs = %g: "
                  "expected less than the %g epochs from begin_epoch to end_epoch",
                  (long long)(c->prune.ramps - 1), c->prune.pause_epochs, period);
}

static esp_status check_compress(const esp_config *c, esp_error *err) {
  ESP_TRY(esp_compress_check(&c->compress, err));
  if (esp_compress_steps(&c->compress) == 0) {
    if (!c->run.pruned[0]) return ESP_OK;
    return esp_fail(err, ESP_ERR_INPUT,
                    "[run] pruned = %.200s without steps of [compress]: expected compress.steps",
                    c->run.pruned);
  }
  if (!esp__reacts(c)) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "[compress] steps = %.100s with schedule = %s, whose last round is not known "
                  "beforehand: expected another schedule, or 'espalier compress' on the finished "
                  "run",
                  c->compress.steps, c->prune.schedule);
}

/* Names for, and layers to leave out of, what nobody loads. */
static esp_status check_weights(const esp_config *c, esp_error *err) {
  if (c->model.weights[0]) return ESP_OK;
  if (c->model.weight_names[0])
    return esp_fail(err, ESP_ERR_INPUT,
                    "[model] weight_names = %.200s: names tensors, and `weights` names no file",
                    c->model.weight_names);
  if (!c->model.weights_skip[0]) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "[model] weights_skip:1: '%s' leaves layers out, and `weights` names no file",
                  c->model.weights_skip);
}

static esp_status check_parts(const esp_config *c, esp_error *err) {
  const int64_t blocks = (c->train.batch + 15) / 16;
  if (c->train.parts <= blocks) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "[train] parts = %lld: a batch of %lld images has %lld blocks of 16; expected at "
                  "most as many parts",
                  (long long)c->train.parts, (long long)c->train.batch, (long long)blocks);
}

esp_status esp__config_check(const esp_config *c, esp_error *err) {
  const esp_retrain retrain = esp__retrain_of(c);
  ESP_TRY(check_parts(c, err));
  ESP_TRY(esp_optimiser_check(&c->train, err));
  ESP_TRY(esp_data_check(&c->data, err));
  ESP_TRY(esp__config_check_targets(c, err));
  ESP_TRY(check_compress(c, err));
  ESP_TRY(check_weights(c, err));
  if (!esp__prunes(c) && strcmp(c->prune.regulariser, "none") != 0)
    return esp_fail(err, ESP_ERR_INPUT,
                    "[prune] regulariser = %s with method = none: expected a method",
                    c->prune.regulariser);
  if (!esp__prunes(c)) return ESP_OK;
  ESP_TRY(check_masks(c, err));
  if (!c->prune.mask_from[0]) ESP_TRY(check_threshold(c, err));
  ESP_TRY(check_rewind(c, err));
  ESP_TRY(check_teaching(c, err));
  if (strcmp(c->prune.schedule, "one-shot") == 0 && c->prune.rounds != 1)
    return esp_fail(err, ESP_ERR_INPUT,
                    "[prune] rounds = %lld with schedule = one-shot: expected 1; "
                    "for several rounds use schedule = iterative",
                    (long long)c->prune.rounds);
  if (esp__learns_to_prune(c) && c->train.epochs == 0)
    return esp_fail(err, ESP_ERR_INPUT,
                    "[prune] method = %s is gathered while training; "
                    "expected [train] epochs >= 1, not 0",
                    c->prune.method);
  if (retrain == ESP_LR_REWIND && c->prune.retrain_epochs > c->train.epochs)
    return esp_fail(err, ESP_ERR_INPUT,
                    "[prune] retrain_epochs = %lld with retrain = lr-rewind: "
                    "expected at most the %lld epochs of [train]",
                    (long long)c->prune.retrain_epochs, (long long)c->train.epochs);
  if (c->prune.end_epoch > 0.0 && c->prune.end_epoch < c->prune.begin_epoch)
    return esp_fail(err, ESP_ERR_INPUT,
                    "[prune] end_epoch = %g: expected at least begin_epoch = %g",
                    c->prune.end_epoch, c->prune.begin_epoch);
  ESP_TRY(check_validation(c, err));
  return check_pauses(c, err);
}

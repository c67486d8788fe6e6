/* Checks of the training: what batch norms see, when rates change, which moments are asked for. */
#include "config/stages.h"
#include "run/checks.h"
#include "run/warnings.h"

#include <string.h>

/* ---- batch norms ---- */

/* The first batch norm of a plane of one value; NULL: there is none. */
static const esp_param *norm_of_one_value(const esp_graph *g) {
  for (int i = 0; i < esp_graph_operations(g); i++) {
    const esp_operation o = esp_graph_operation(g, i);
    const bool norm = o.param[2] && o.param[2]->role == ESP_ROLE_RUNNING;
    if (norm && o.shape.height * o.shape.width == 1) return o.param[0];
  }
  return NULL;
}

/* The deviation of one value is 0: the norm then puts out its shift, whatever the image. */
static esp_status check_norms(esp_run *r, esp_error *err) {
  const int64_t batch = r->config.train.batch, images = r->set->train.count;
  const esp_param *norm = norm_of_one_value(r->graph);
  if (!norm || r->config.train.epochs == 0) return ESP_OK;
  const int length = (int)strcspn(norm->name, ".");
  if (batch == 1 || images == 1)
    return esp_fail(err, ESP_ERR_INPUT,
                    "[train] batch = %lld: the batch norm '%.*s' sees one value a channel, whose "
                    "deviation is 0; expected at least 2 images a batch",
                    (long long)batch, length, norm->name);
  if (images % batch != 1) return ESP_OK;
  return esp__run_warn(r, err,
                       "[train] batch = %lld: of %lld training images the last batch has one, of "
                       "which the batch norm '%.*s' sees one value a channel: it puts out its "
                       "shift there, and its running variance shrinks",
                       (long long)batch, (long long)images, length, norm->name);
}

/* ---- learning rates ---- */

static esp_status check_warmup(esp_run *r, esp_error *err) {
  const esp_train_options *o = &r->config.train;
  if (o->epochs == 0 || o->warmup_epochs < (double)o->epochs) return ESP_OK;
  return esp__run_warn(r, err,
                       "[train] warmup_epochs = %g: the training has %lld epochs, so its schedule "
                       "never begins",
                       o->warmup_epochs, (long long)o->epochs);
}

static esp_status check_drops(esp_run *r, esp_error *err) {
  const esp_train_options *o = &r->config.train;
  const bool steps = strcmp(o->schedule, "step") == 0;
  if (o->epochs == 0 || (!steps && strcmp(o->schedule, "multi-step") != 0)) return ESP_OK;
  if (steps && o->step_epochs >= o->epochs)
    return esp__run_warn(r, err,
                         "[train] step_epochs = %lld: the training has %lld epochs, so its rate "
                         "never drops",
                         (long long)o->step_epochs, (long long)o->epochs);
  for (int i = 0; !steps && i < o->milestones.count; i++)
    if (o->milestones.value[i] >= (double)o->epochs)
      return esp__run_warn(r, err,
                           "[train] milestones: %g lies behind the %lld epochs of the training",
                           o->milestones.value[i], (long long)o->epochs);
  return ESP_OK;
}

/* ---- what moves nothing ---- */

static esp_status check_rate(esp_run *r, esp_error *err) {
  const esp_train_options *o = &r->config.train;
  if (o->epochs == 0 || o->lr > 0.0) return ESP_OK;
  return esp__run_warn(r, err, "[train] lr = 0: no weight moves in the %lld epochs",
                       (long long)o->epochs);
}

/* Where each weight has a rate of its own, what is a usual rate for sgd throws the network away. */
static esp_status check_adaptive(esp_run *r, esp_error *err) {
  const esp_config *c = &r->config;
  const esp_retrain retrain = esp__retrain_of(c);
  const bool retrains = esp__prunes(c) && !esp__prunes_in_training(c) &&
                        c->prune.retrain_epochs > 0 &&
                        (retrain == ESP_FINETUNE || retrain == ESP_RECONSTRUCT);
  static const char advice[] = "which moves each weight by about as much in a step: 0.001 is usual";
  if (esp_optimiser_moments(&c->train) < 2) return ESP_OK;
  if (c->train.epochs > 0 && c->train.lr >= 0.05)
    ESP_TRY(esp__run_warn(r, err, "[train] lr = %g with optimiser = %s, %s", c->train.lr,
                          c->train.optimiser, advice));
  if (!retrains || c->prune.retrain_lr < 0.05) return ESP_OK;
  return esp__run_warn(r, err, "[prune] retrain_lr = %g with optimiser = %s, %s",
                       c->prune.retrain_lr, c->train.optimiser, advice);
}

/* A moving average of decay a remembers some 1 / (1 - a) steps. */
static esp_status check_average(esp_run *r, esp_error *err) {
  const esp_train_options *o = &r->config.train;
  const double memory = 1.0 / (1.0 - o->average),
               steps = (double)(o->epochs * esp_loader_batches(r->training));
  if (o->average == 0.0 || steps == 0.0 || memory <= steps) return ESP_OK;
  return esp__run_warn(
      r, err,
      "[train] average = %.9g: remembers %.0f steps, and the training has %.0f, so "
      "what is evaluated is near the weights that it began with",
      o->average, memory, steps);
}

/* ---- moments ---- */

static esp_status check_kept(esp_run *r, const esp_numbers *list, const char *key, int64_t most,
                             esp_error *err) {
  for (int i = 0; i < list->count; i++)
    if (list->value[i] > (double)most)
      return esp__run_warn(r, err, "[run] %s: the training ends at %lld, before %g", key,
                           (long long)most, list->value[i]);
  return ESP_OK;
}

static esp_status check_snapshots(esp_run *r, esp_error *err) {
  const int64_t epochs = r->config.train.epochs;
  ESP_TRY(check_kept(r, &r->config.run.keep_epochs, "keep_epochs", epochs, err));
  return check_kept(r, &r->config.run.keep_steps, "keep_steps",
                    epochs * esp_loader_batches(r->training), err);
}

static esp_status check_order(esp_run *r, esp_error *err) {
  const int64_t batches = esp_loader_batches(r->training), epochs = r->config.train.epochs;
  if (r->config.run.order == 0 || r->config.run.order_step < epochs * batches) return ESP_OK;
  return esp_fail(
      err, ESP_ERR_INPUT,
      "[run] order_step = %lld: expected less than the %lld steps of the training (%lld epochs "
      "of %lld)",
      (long long)r->config.run.order_step, (long long)(epochs * batches), (long long)epochs,
      (long long)batches);
}

esp__run_check_function *const esp__run_training_checks[] = {
    check_norms,   check_warmup,    check_drops, check_rate, check_adaptive,
    check_average, check_snapshots, check_order, NULL};

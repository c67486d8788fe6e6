/* Checks of what is pruned, and when. */
#include "config/stages.h"
#include "prune/dynamic/regrow.h"
#include "run/checks.h"
#include "run/services.h"
#include "run/warnings.h"

#include <math.h>
#include <string.h>

static bool in_training(const esp_run *r) {
  return r->pruner && esp_pruner_in_training(r->pruner);
}

/* ---- the period in which masks change while the network trains ---- */

static esp_status check_begin(esp_run *r, esp_error *err) {
  const esp_prune_options *o = &r->config.prune;
  const int64_t epochs = r->config.train.epochs;
  if (!in_training(r)) return ESP_OK;
  if (epochs == 0)
    return esp_fail(err, ESP_ERR_INPUT,
                    "[train] epochs = 0: method = %s with schedule = %s prunes while the network "
                    "trains; expected at least 1",
                    o->method, o->schedule);
  if (o->begin_epoch >= (double)epochs)
    return esp_fail(err, ESP_ERR_INPUT,
                    "[prune] begin_epoch = %g: expected less than the %lld epochs of [train]",
                    o->begin_epoch, (long long)epochs);
  if (o->begin_epoch <= esp__prune_end_epoch(&r->config)) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "[prune] begin_epoch = %g: masks change for the last time at epoch %g "
                  "(end_epoch, three quarters of the training where it is 0); expected less",
                  o->begin_epoch, esp__prune_end_epoch(&r->config));
}

static esp_status check_end(esp_run *r, esp_error *err) {
  const double end = r->config.prune.end_epoch;
  const int64_t epochs = r->config.train.epochs;
  if (!in_training(r) || end <= (double)epochs) return ESP_OK;
  return esp__run_warn(r, err,
                       "[prune] end_epoch = %g: the training has %lld epochs; masks change for the "
                       "last time in its last step",
                       end, (long long)epochs);
}

/* Whether the method exchanges weights between its first mask and its last: without a change
 * there it is the method static. */
static bool exchanges(const char *method) {
  const esp_dynamic *d = esp_dynamic_find(method);
  for (int i = 0; d && i < ESP_METHOD_KEYS_MAX && d->keys[i]; i++)
    if (d->keys[i] == &esp__regrow_keys) return true;
  return false;
}

/* "every = 100" or "every_epochs = 2" */
static const char *period(const esp_prune_options *o, char text[64]) {
  if (o->every_epochs > 0.0)
    snprintf(text, 64, "every_epochs = %g", o->every_epochs);
  else
    snprintf(text, 64, "every = %lld", (long long)o->every);
  return text;
}

static esp_status check_period(esp_run *r, esp_error *err) {
  const esp_prune_options *o = &r->config.prune;
  char key[64];
  if (!in_training(r) || strcmp(o->method, "static") == 0) return ESP_OK;
  const esp_prune_window w = esp__run_prune_window(r);
  const bool once = o->begin_epoch == o->end_epoch && o->end_epoch > 0.0;
  if (esp_pruner_count_changes(r->pruner, w.first, w.last, 3) > 2) return ESP_OK;
  period(o, key);
  if (exchanges(o->method))
    return esp_fail(err, ESP_ERR_INPUT,
                    "[prune] %s: masks change in steps %lld to %lld of the training, and between "
                    "the first and the last not once, so %s would move no weight; expected less "
                    "than %lld steps",
                    key, (long long)w.first, (long long)w.last, o->method,
                    (long long)(w.last - w.first));
  if (once) return ESP_OK;
  return esp__run_warn(r, err,
                       "[prune] %s: masks change in steps %lld to %lld of the training, and "
                       "between the first and the last not once: nothing is gradual",
                       key, (long long)w.first, (long long)w.last);
}

static esp_status check_fraction(esp_run *r, esp_error *err) {
  const esp_prune_options *o = &r->config.prune;
  if (!in_training(r) || !exchanges(o->method)) return ESP_OK;
  const esp__regrow_options *regrow = esp_prune_keys(o, &esp__regrow_keys);
  if (regrow->drop_fraction > 0.0) return ESP_OK;
  return esp__run_warn(r, err, "[prune] drop_fraction = 0: %s exchanges no weight", o->method);
}

/* ---- how much ---- */

static double nearest_count(double sparsity, size_t units) {
  return nearbyint(sparsity * (double)units);
}

static esp_status check_reach(esp_run *r, esp_error *err) {
  const esp_prune_options *o = &r->config.prune;
  if (!r->pruner || esp_pruner_external_masks(r->pruner) || esp_pruner_by_threshold(r->pruner))
    return ESP_OK;
  const esp_prune_forecast f = esp_pruner_forecast(r->pruner);
  const double gone = (double)(f.units - f.kept);
  if (f.kept == f.units)
    return esp__run_warn(r, err, "[prune] sparsity = %g: of %zu units none is pruned", o->sparsity,
                         f.units);
  if (f.floored == 0 || gone >= nearest_count(o->sparsity, f.units)) return ESP_OK;
  return esp__run_warn(
      r, err,
      "[prune] sparsity = %g: a unit of each layer stays (allow_empty), or more (layer_floor), so "
      "of %zu units only %zu can go: a sparsity of %.4g",
      o->sparsity, f.units, f.units - f.kept, gone / (double)f.units);
}

/* Layers that are left dense, with their weights; the names of the first. */
typedef struct left_dense {
  int layers;
  size_t weights, used;
  char names[512];
  const char *more; /* behind the names */
} left_dense;

static void add_left_dense(left_dense *to, const esp_layer *l) {
  const size_t room = sizeof to->names - to->used;
  to->layers++;
  to->weights += l->weight->count;
  if (strlen(l->name) + 2 > room)
    to->more = " ...";
  else if (!*to->more)
    to->used += (size_t)snprintf(to->names + to->used, room, " %s", l->name);
}

static esp_status check_left_dense(esp_run *r, esp_error *err) {
  left_dense left = {.more = ""};
  size_t all = 0;
  for (int i = 0; r->pruner && i < r->model->layers; i++) {
    all += r->model->layer[i].weight->count;
    if (esp_pruner_left_dense(r->pruner, i)) add_left_dense(&left, &r->model->layer[i]);
  }
  if (left.layers == 0) return ESP_OK;
  return esp__run_warn(r, err,
                       "[prune] structure = %s: the inputs of %d of %d layers are no multiple of "
                       "m; these stay dense, with %zu of %zu weights:%s%s",
                       r->config.prune.structure, left.layers, r->model->layers, left.weights, all,
                       left.names, left.more);
}

/* ---- rounds ---- */

static esp_status check_rounds(esp_run *r, esp_error *err) {
  if (!r->pruner || in_training(r) || esp__reacts(&r->config) ||
      esp_pruner_external_masks(r->pruner) || esp_pruner_by_threshold(r->pruner))
    return ESP_OK;
  const size_t units = esp_pruner_forecast(r->pruner).units;
  double before = 0.0;
  for (int round = 1; round <= esp_pruner_rounds(r->pruner); round++) {
    const double now = nearest_count(esp_pruner_round_sparsity(r->pruner, round), units);
    if (now == before && r->config.prune.sparsity > 0.0)
      return esp__run_warn(r, err,
                           "[prune] rounds: round %d prunes nothing that is not pruned before it "
                           "(%.0f of %zu units)",
                           round, now, units);
    before = now;
  }
  return ESP_OK;
}

static bool rewinds(const esp_run *r) {
  return r->config.prune.mask_from[0] || esp__retrain_of(&r->config) == ESP_WEIGHT_REWIND;
}

static esp_status check_rewind_step(esp_run *r, esp_error *err) {
  const int64_t batches = esp_loader_batches(r->training), epochs = r->config.train.epochs,
                step = r->config.prune.rewind_step;
  if (step > epochs * batches)
    return esp_fail(
        err, ESP_ERR_INPUT,
        "[prune] rewind_step = %lld: expected at most the %lld steps of the training (%lld "
        "epochs of %lld)",
        (long long)step, (long long)(epochs * batches), (long long)epochs, (long long)batches);
  const esp__rewind_point to = esp__rewind_point_of(&r->config, batches);
  if (!r->pruner || !rewinds(r) || epochs == 0 || to.epoch < epochs) return ESP_OK;
  return esp__run_warn(r, err,
                       "[prune] rewind_%s = %lld is the end of the training: nothing is trained "
                       "after it",
                       step > 0 ? "step" : "epoch",
                       (long long)(step > 0 ? step : r->config.prune.rewind_epoch));
}

static esp_status check_early_bird(esp_run *r, esp_error *err) {
  const int64_t epochs = r->config.train.epochs, calm = r->config.prune.early_bird;
  if (!r->pruner || calm == 0 || calm < epochs) return ESP_OK;
  return esp__run_warn(r, err,
                       "[prune] early_bird = %lld: a training of %lld epochs ends before masks can "
                       "have settled over so many",
                       (long long)calm, (long long)epochs);
}

esp__run_check_function *const esp__run_pruning_checks[] = {
    check_begin,      check_end,    check_period,      check_fraction,   check_reach,
    check_left_dense, check_rounds, check_rewind_step, check_early_bird, NULL};

/* ---- weights to start from ---- */

/* Values of a trained network are 0 when they were pruned, and hardly else. */
static const double zeros_by_chance = 0.01;

esp_status esp__run_check_zeros(esp_run *r, const char *path, esp_error *err) {
  size_t zeros = 0, weights = 0;
  for (int i = 0; i < r->model->params.count; i++) {
    const esp_param *w = r->model->params.item[i];
    if (!esp_param_prunable(w)) continue;
    weights += w->count;
    for (size_t k = 0; k < w->count; k++) zeros += w->value[k] == 0.0f;
  }
  const bool trained = r->config.train.epochs > 0 && !r->config.prune.mask_from[0];
  if (!trained || (double)zeros <= zeros_by_chance * (double)weights) return ESP_OK;
  return esp__run_warn(r, err,
                       "[model] weights: %.2f %% of the weights in %.300s are 0, and nothing keeps "
                       "them so while the network trains; prune.mask_from puts on its masks",
                       100.0 * (double)zeros / (double)weights, path);
}

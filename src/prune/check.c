/* Whether the choices of [prune] go together. */
#include "prune/check.h"

#include "prune/measure/by_image.h"

#include <string.h>

static esp_status check_parts(const esp_pruner *p, const esp_criterion *c, esp_error *err) {
  for (int i = 0; i < p->scored_slices; i++) {
    const esp_slice *s = p->scored[i].slice;
    if (c->channels && s->param->role == ESP_ROLE_EMBEDDING)
      return esp_fail(err, ESP_ERR_INPUT,
                      "[prune]: method '%s' scores rows of weights, and the channels of '%s' are "
                      "columns; expected another method, such as magnitude",
                      c->name, s->layer->name);
    if (c->channels && !esp_slice_of_channels(s))
      return esp_fail(
          err, ESP_ERR_INPUT,
          "[prune]: method '%s' scores channels; expected a structure of whole channels, "
          "such as filter, not %s",
          c->name, p->opt->structure);
    if (c->needs == ESP_NEEDS_ACTIVATIONS && s->param->role == ESP_ROLE_EMBEDDING)
      return esp_fail(err, ESP_ERR_INPUT,
                      "[prune]: method '%s' looks at what layers read, and '%s' reads tokens; "
                      "expected it in skip",
                      c->name, s->layer->name);
    if (c->needs == ESP_NEEDS_SCALE && !s->layer->scale)
      return esp_fail(err, ESP_ERR_INPUT,
                      "[prune]: method '%s' needs a batch norm behind every layer it prunes; "
                      "'%s' has none (it could stand in skip)",
                      c->name, s->layer->name);
  }
  return ESP_OK;
}

static bool has_batchnorm(const esp_model *m) {
  for (int k = 0; k < m->params.count; k++) {
    const esp_param *p = m->params.item[k];
    const size_t length = strlen(p->name);
    if (p->role == ESP_ROLE_RUNNING && length > 4 && strcmp(p->name + length - 4, ".var") == 0)
      return true;
  }
  return false;
}

static esp_status check_by_image(const esp_pruner *p, const esp_criterion *c, esp_error *err) {
  if (!esp__by_image(p->opt, c)) return ESP_OK;
  if (p->when == ESP_PRUNE_TRAINING)
    return esp_fail(err, ESP_ERR_INPUT,
                    "[prune] per = image: a schedule in training has the gradient of its step, "
                    "which is that of a batch; expected per = batch, or at = rounds");
  if (p->when == ESP_PRUNE_INIT && has_batchnorm(p->model))
    return esp_fail(err, ESP_ERR_INPUT,
                    "[prune] per = image with at = init: batch norms take the statistics of a "
                    "batch there, and an image alone has none; expected per = batch");
  return ESP_OK;
}

static esp_status check_criterion(const esp_pruner *p, const esp_criterion *c, esp_error *err) {
  if (p->when == ESP_PRUNE_TRAINING &&
      (c->needs == ESP_NEEDS_ACTIVATIONS || c->needs == ESP_NEEDS_PASSES))
    return esp_fail(
        err, ESP_ERR_INPUT,
        "[prune]: method '%s' measures over batches of its own, "
        "which a schedule in training has no time for; expected at = rounds or at = init",
        c->name);
  if (p->when == ESP_PRUNE_INIT && c->needs == ESP_NEEDS_MOVEMENT)
    return esp_fail(
        err, ESP_ERR_INPUT,
        "[prune]: method '%s' is gathered while training; expected at = rounds or at = training",
        c->name);
  ESP_TRY(check_by_image(p, c, err));
  return check_parts(p, c, err);
}

static esp_status check_list(const esp_prune_options *o, esp_error *err) {
  const esp_numbers *list = &esp_list_options_of(o)->sparsities;
  for (int i = 1; i < list->count; i++)
    if (list->value[i] < list->value[i - 1])
      return esp_fail(err, ESP_ERR_INPUT,
                      "[prune] sparsities: %g after %g; expected numbers that do not fall",
                      list->value[i], list->value[i - 1]);
  if (list->count > 0 && list->value[list->count - 1] == o->sparsity) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "[prune] schedule = list: expected sparsities that end with sparsity = %g",
                  o->sparsity);
}

static esp_status check_react(const esp_pruner *p, esp_error *err) {
  if (p->when != ESP_PRUNE_ROUNDS)
    return esp_fail(err, ESP_ERR_INPUT,
                    "[prune] schedule = %s looks at networks that have been retrained; "
                    "expected a criterion and at = rounds or auto",
                    p->opt->schedule);
  if (p->opt->rounds > 1) return ESP_OK;
  return esp_fail(
      err, ESP_ERR_INPUT,
      "[prune] rounds = %lld with schedule = %s: expected the most rounds that there may be, "
      "at least 2",
      (long long)p->opt->rounds, p->opt->schedule);
}

static esp_status check_early_bird(const esp_pruner *p, esp_error *err) {
  if (p->when != ESP_PRUNE_ROUNDS)
    return esp_fail(err, ESP_ERR_INPUT,
                    "[prune] early_bird ends the training before the first round; "
                    "expected a criterion and at = rounds");
  const bool in_steps = p->opt->rewind_step > 0;
  const long long rewind = in_steps ? p->opt->rewind_step : p->opt->rewind_epoch;
  if (strcmp(p->opt->retrain, "weight-rewind") != 0 || rewind == 0) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "[prune] early_bird can end the training before rewind_%s = %lld; expected 0",
                  in_steps ? "step" : "epoch", rewind);
}

static esp_status check_dynamic(const esp_pruner *p, esp_error *err) {
  const char *method = p->opt->method;
  if (strcmp(p->opt->at, "init") == 0 || strcmp(p->opt->at, "rounds") == 0)
    return esp_fail(
        err, ESP_ERR_INPUT,
        "[prune]: method '%s' prunes in training; expected at = auto or training, not %s", method,
        p->opt->at);
  if (p->ranked < p->pools)
    return esp_fail(err, ESP_ERR_INPUT,
                    "[prune]: method '%s' ranks units; expected a structure that does, not %s",
                    method, p->pool[p->ranked].structure->name);
  if (p->opt->shuffle)
    return esp_fail(err, ESP_ERR_INPUT,
                    "[prune] shuffle deals out the scores of a criterion; method '%s' is none",
                    method);
  return ESP_OK;
}

static esp_status check_search(const esp_pruner *p, esp_error *err) {
  const char *name = p->distribution->name;
  if (p->when != ESP_PRUNE_ROUNDS || p->opt->early_bird > 0)
    return esp_fail(err, ESP_ERR_INPUT,
                    "[prune]: distribution '%s' tries out trained networks; expected a criterion, "
                    "at = rounds or auto with a schedule in rounds, and no early_bird",
                    name);
  if (p->ranked > 0) return ESP_OK;
  return esp_fail(
      err, ESP_ERR_INPUT,
      "[prune]: distribution '%s' shares units out; expected a structure that ranks them, not %s",
      name, p->opt->structure);
}

static esp_status check_limit(const esp_pruner *p, esp_error *err) {
  const char *name = p->distribution->name;
  if (p->dynamic)
    return esp_fail(err, ESP_ERR_INPUT,
                    "[prune]: distribution '%s' says by scores how many stay, and method '%s' has "
                    "a number of its own to keep; expected a criterion as method",
                    name, p->opt->method);
  if (!p->schedule->ramp)
    return esp_fail(err, ESP_ERR_INPUT,
                    "[prune]: distribution '%s' asks for no sparsity, which schedule '%s' needs; "
                    "expected one-shot, iterative, linear or cubic",
                    name, p->opt->schedule);
  if (p->ranked > 0) return ESP_OK;
  return esp_fail(
      err, ESP_ERR_INPUT,
      "[prune]: distribution '%s' looks at scores; expected a structure that ranks units, not %s",
      name, p->opt->structure);
}

static esp_status check_rescale(const esp_pruner *p, esp_error *err) {
  const bool negative = p->dynamic ? p->dynamic->negative : p->criterion->negative;
  if (!p->distribution->rescale || !negative) return ESP_OK;
  return esp_fail(
      err, ESP_ERR_INPUT,
      "[prune]: distribution '%s' squares scores, and those of method '%s' can be negative; "
      "expected another distribution",
      p->opt->distribution, p->opt->method);
}

static esp_status check_regulariser(const esp_pruner *p, const esp_regulariser *r, esp_error *err) {
  if (p->when != ESP_PRUNE_ROUNDS)
    return esp_fail(
        err, ESP_ERR_INPUT,
        "[prune]: regulariser '%s' acts before the first round of pruning; "
        "expected a method and a schedule that prune after the training, not '%s' with '%s'",
        r->name, p->opt->method, p->opt->schedule);
  bool any = !r->applies;
  for (int i = 0; !any && i < p->scored_slices; i++) any = r->applies(p->scored[i].slice->layer);
  if (any) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "[prune]: regulariser '%s' finds nothing to act on in this network", r->name);
}

esp_status esp__pruner_check(const esp_pruner *p, esp_error *err) {
  if (!esp_pruner_external_masks(p)) {
    ESP_TRY(p->dynamic ? check_dynamic(p, err) : check_criterion(p, p->criterion, err));
    ESP_TRY(check_rescale(p, err));
  }
  if (esp_pruner_by_threshold(p)) ESP_TRY(check_limit(p, err));
  if (p->distribution->search) ESP_TRY(check_search(p, err));
  if (p->regulariser) ESP_TRY(check_regulariser(p, p->regulariser, err));
  if (p->schedule->listed) ESP_TRY(check_list(p->opt, err));
  if (p->schedule->react) ESP_TRY(check_react(p, err));
  return p->opt->early_bird > 0 ? check_early_bird(p, err) : ESP_OK;
}

/* Whether the choices of [prune] go together. */
#include "prune/pruner.h"

#include <string.h>

static esp_status check_slices(const esp_pruner *p, const esp_criterion *c, esp_error *err) {
  for (int i = 0; i < p->targets; i++)
    for (int k = 0; k < p->target[i].slices; k++) {
      const esp_slice *s = &p->target[i].slice[k];
      if (!s->scored) continue;
      if (c->channels && !esp_slice_of_channels(s))
        return esp_fail(err, ESP_ERR_INPUT,
                        "[prune]: method '%s' scores channels; expected a structure of whole channels, such "
                        "as filter, not %s",
                        c->name, p->opt->structure);
      if (c->needs == ESP_NEEDS_SCALE && !s->layer->scale)
        return esp_fail(err, ESP_ERR_INPUT,
                        "[prune]: method '%s' needs a batch norm behind every layer it prunes; '%s' has none "
                        "(it could stand in skip)",
                        c->name, s->layer->name);
    }
  return ESP_OK;
}

static esp_status check_criterion(const esp_pruner *p, const esp_criterion *c, esp_error *err) {
  if (p->when == ESP_PRUNE_TRAINING && (c->needs == ESP_NEEDS_ACTIVATIONS || c->needs == ESP_NEEDS_PASSES))
    return esp_fail(err, ESP_ERR_INPUT,
                    "[prune]: method '%s' measures over batches of its own, which a schedule in training has "
                    "no time for; expected at = rounds or at = init",
                    c->name);
  if (p->when == ESP_PRUNE_INIT && c->needs == ESP_NEEDS_MOVEMENT)
    return esp_fail(err, ESP_ERR_INPUT,
                    "[prune]: method '%s' is gathered while training; expected at = rounds or at = training",
                    c->name);
  if (p->distribution->rescale && c->negative)
    return esp_fail(err, ESP_ERR_INPUT,
                    "[prune]: distribution '%s' squares scores, and those of method '%s' can be negative; "
                    "expected another distribution",
                    p->opt->distribution, c->name);
  return check_slices(p, c, err);
}

static esp_status check_list(const esp_prune_options *o, esp_error *err) {
  const esp_numbers *list = &o->sparsities;
  for (int i = 1; i < list->count; i++)
    if (list->value[i] < list->value[i - 1])
      return esp_fail(err, ESP_ERR_INPUT,
                      "[prune] sparsities: %g after %g; expected numbers that do not fall", list->value[i],
                      list->value[i - 1]);
  if (list->count > 0 && list->value[list->count - 1] == o->sparsity) return ESP_OK;
  return esp_fail(err, ESP_ERR_INPUT,
                  "[prune] schedule = list: expected sparsities that end with sparsity = %g", o->sparsity);
}

static esp_status check_early_bird(const esp_pruner *p, esp_error *err) {
  if (p->when != ESP_PRUNE_ROUNDS)
    return esp_fail(err, ESP_ERR_INPUT,
                    "[prune] early_bird ends the training before the first round; expected a criterion and "
                    "at = rounds");
  if (strcmp(p->opt->retrain, "weight-rewind") == 0 && p->opt->rewind_epoch > 0)
    return esp_fail(err, ESP_ERR_INPUT,
                    "[prune] early_bird can end the training before rewind_epoch = %lld; expected 0",
                    (long long)p->opt->rewind_epoch);
  return ESP_OK;
}

esp_status esp_pruner_check(const esp_pruner *p, esp_error *err) {
  if (p->dynamic && (strcmp(p->opt->at, "init") == 0 || strcmp(p->opt->at, "rounds") == 0))
    return esp_fail(err, ESP_ERR_INPUT,
                    "[prune]: method '%s' prunes in training; expected at = auto or training, not %s",
                    p->opt->method, p->opt->at);
  if (p->criterion) ESP_TRY(check_criterion(p, p->criterion, err));
  if (p->schedule->listed) ESP_TRY(check_list(p->opt, err));
  return p->opt->early_bird > 0 ? check_early_bird(p, err) : ESP_OK;
}

#include "cli/bench.h"

#include "base/shipped.h"
#include "run/open.h"

#include <stdlib.h>
#include <string.h>

static bool is_config(const char *path) {
  const size_t length = strlen(path);
  return length > 4 && strcmp(path + length - 4, ".ini") == 0;
}

/* ---- a configuration ---- */

/* Of the data only the images' shape and the number of classes are needed. */
static esp_status make_model(esp_loaded_run *o, esp_error *err) {
  const esp_config *c = &o->config;
  ESP_TRY(esp__config_data(c, &o->set, err));
  return esp_model_new_tasks(&o->model, &c->model, o->set->shape, &o->set->tasks,
                             (esp_key)c->run.seed, err);
}

/* The criterion of the configuration may need gradients, or training, to decide; how sparse the
 * layers become depends on the rest. */
static esp_status prune_initial(bench_subject *s, const char *path, esp_error *err) {
  int guarded;
  s->prune = s->opened.config.prune;
  if (strcmp(s->prune.method, "none") == 0) {
    snprintf(s->what, sizeof s->what, "initial weights of %s, not pruned", path);
    return ESP_OK;
  }
  s->prune.method = esp_prune_plain.method;
  s->prune.schedule = esp_prune_plain.schedule;
  s->prune.at = esp_prune_plain.at;
  s->prune.rounds = esp_prune_plain.rounds;
  s->prune.early_bird = 0;
  s->prune.regulariser = esp_prune_plain.regulariser;
  snprintf(s->what, sizeof s->what, "initial weights of %s, pruned by magnitude to sparsity = %g",
           path, s->prune.sparsity);
  ESP_TRY(esp_pruner_new(&s->pruner, &s->prune, s->opened.model, (esp_key)s->opened.config.run.seed,
                         err));
  return esp_pruner_prune(s->pruner, s->prune.sparsity, &guarded, err);
}

static esp_status open_config(bench_subject *s, const char *path, int overrides,
                              const char *const *override, esp_error *err) {
  ESP_TRY(esp_config_load(&s->opened.config, path, overrides, override, err));
  esp_status status = make_model(&s->opened, err);
  if (status == ESP_OK) status = prune_initial(s, path, err);
  if (status == ESP_ERR_INPUT && err) {
    const esp_error cause = *err;
    return esp_fail(err, status, "%s: %s", path, cause.text);
  }
  return status;
}

/* ---- trained weights ---- */

static esp_status restore(esp_pruner *p, esp_param *w, esp_error *err) {
  uint8_t *keep = malloc(w->count);
  if (!keep) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the masks");
  for (size_t i = 0; i < w->count; i++) keep[i] = w->value[i] != 0.0f;
  const esp_status status = esp_pruner_restore(p, w, keep, err);
  free(keep);
  return status;
}

/* A weights file has no masks: what is zero was pruned. */
static esp_status restore_masks(bench_subject *s, esp_error *err) {
  const esp_params *params = &s->opened.model->params;
  s->prune = esp_prune_plain;
  ESP_TRY(esp_pruner_new(&s->pruner, &s->prune, s->opened.model, 0, err));
  for (int i = 0; i < params->count; i++)
    if (params->item[i]->mask) ESP_TRY(restore(s->pruner, params->item[i], err));
  return ESP_OK;
}

static esp_status open_weights(bench_subject *s, const char *path, int overrides,
                               const char *const *override, esp_error *err) {
  char file[4096];
  ESP_TRY(esp_weights_path(path, file, err));
  ESP_TRY(esp_load_run(&s->opened, path, false, overrides, override, err));
  snprintf(s->what, sizeof s->what, "weights of %s", file);
  return restore_masks(s, err);
}

/* ---- both ---- */

esp_status esp__bench_subject_open(bench_subject *s, const char *path, int overrides,
                                   const char *const *override, esp_error *err) {
  char config[ESP_SHIPPED_PATH_MAX];
  *s = (bench_subject){0};
  if (is_config(path)) ESP_TRY(esp__shipped_config(path, config, err));
  esp_status status = is_config(path) ? open_config(s, config, overrides, override, err)
                                      : open_weights(s, path, overrides, override, err);
  if (status == ESP_OK)
    status = esp_optimiser_open(&s->opened.model->params, &s->opened.config.train, err);
  if (status != ESP_OK) esp__bench_subject_close(s);
  return status;
}

void esp__bench_subject_close(bench_subject *s) {
  esp_pruner_free(s->pruner);
  esp_loaded_run_free(&s->opened);
  *s = (bench_subject){0};
}

#include "run/trial_evaluator.h"

#include "base/clock.h"
#include "base/text.h"
#include "config/parse.h"
#include "config/stages.h"
#include "run/services.h"
#include "run/sharing.h"
#include "rundir/tables.h"

#include <espalier/file.h>

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double every_line = 10.0; /* seconds */

esp__trial_evaluation esp__trial_evaluation_begin(esp_run *r) {
  return (esp__trial_evaluation){.run = r, .shown = esp__seconds()};
}

void esp__trial_evaluate(esp_run *r, esp_metrics *m) {
  const esp_trainer t = esp__run_trainer(r);
  const int64_t batches = esp_search_options_of(&r->config.prune)->recalibrate;
  if (batches > 0) esp_recalibrate(&t, esp__run_probe_epoch(r), batches);
  esp_evaluate(r->model, r->evaluation, r->validation, m, NULL);
}

/* ---- trials ---- */

static esp_status evaluate(void *context, int trial, double *fitness, esp_error *err) {
  esp__trial_evaluation *e = context;
  esp_run *r = e->run;
  esp_metrics m;
  double quality, loss;
  if (esp__tables_find_trial(&r->at, trial, &quality, &loss)) {
    e->known = trial + 1;
  } else {
    if (e->begun == 0.0) e->begun = esp__seconds();
    esp__trial_evaluate(r, &m);
    quality = esp_metrics_quality(&m);
    loss = isfinite(m.loss_sum) ? esp_metrics_loss(&m) : DBL_MAX;
    ESP_TRY(esp__tables_add_trial(&r->at, trial, quality, loss, err));
  }
  e->best = fmax(e->best, quality);
  *fitness = quality +
             1.0 / ((1.0 + loss) * (double)r->set->validation.count); /* less than one image more */
  return ESP_OK;
}

static esp_status after(void *context, int trial, int trials, esp_error *err) {
  esp__trial_evaluation *e = context;
  const double now = esp__seconds();
  const int made = trial + 1 - e->known;
  if (made <= 0) return ESP_OK;
  if (trial + 1 == trials || now - e->shown >= every_line) {
    char left[32], best[ESP_QUALITY_TEXT];
    const esp_quality *q = esp_quality_of(e->run->set->targets.count > 0);
    esp__format_time(left, (now - e->begun) / made * (trials - trial - 1));
    esp__progress_say(&e->run->progress,
                      "trial %d/%d: the best has a validation %s of %s before retraining, %s left",
                      trial + 1, trials, q->title, esp_quality_text(q, e->best, best), left);
    e->shown = now;
  }
  return esp__run_save_in_time(e->run, err);
}

esp_trial_evaluator esp__trial_evaluator_of(esp__trial_evaluation *e) {
  return (esp_trial_evaluator){evaluate, after, e};
}

/* ---- what was found ---- */

static esp_status list_layers(const esp_run *r, esp__text *t, esp_error *err) {
  ESP_TRY(esp__text_begin(t, ESP_FILE_FOUND, err));
  for (int i = 0; i < esp_pruner_pools(r->pruner); i++) {
    esp_pruned count;
    const esp_layer *l = esp_pruner_pool(r->pruner, i, &count);
    fprintf(t->out, "%s%s %.12g", i ? "\n" : "", l->name,
            (double)count.pruned / (double)count.units);
  }
  return esp__text_end(t, err);
}

static esp_status describe(esp_config *c, const char *layers, esp_error *err) {
  char name[101];
  snprintf(name, sizeof name, "%.90s-found", c->run.name);
  ESP_TRY(esp__config_set(c, "run.name", name, ESP_FILE_FOUND, err));
  ESP_TRY(esp__config_set(c, "prune.distribution", "per-layer", ESP_FILE_FOUND, err));
  return esp__config_set(c, "prune.layers", layers, ESP_FILE_FOUND, err);
}

static esp_status write_config(const esp_run *r, const char *layers, esp_error *err) {
  char path[ESP_PATH_MAX], *text = NULL;
  esp_config c;
  ESP_TRY(esp_config_copy(&c, &r->config, err));
  esp_status status = describe(&c, layers, err);
  if (status == ESP_OK) status = esp_config_text(&c, &text, err);
  if (status == ESP_OK)
    status = esp_file_write(esp__run_path(r, ESP_FILE_FOUND, path), text, strlen(text), err);
  free(text);
  esp_config_free(&c);
  return status;
}

esp_status esp__found_write(const esp_run *r, esp_error *err) {
  if (!esp__run_writes(r)) return ESP_OK;
  esp__text layers;
  if (!esp__searches(&r->config)) return ESP_OK;
  ESP_TRY(list_layers(r, &layers, err));
  const esp_status status = write_config(r, layers.data, err);
  esp__text_drop(&layers);
  return status;
}

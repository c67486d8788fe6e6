#include "run/trial_evaluator.h"

#include "base/clock.h"
#include "base/text_stream.h"
#include "config/parse.h"
#include "config/stages.h"
#include "run/services.h"

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
  if (r->config.prune.recalibrate > 0)
    esp_recalibrate(&t, esp__run_probe_epoch(r), r->config.prune.recalibrate);
  esp_evaluate(r->model, r->evaluation, r->validation, m, NULL);
}

/* ---- trials ---- */

/* Looks a trial of this stage up among the rows of those that are known. */
static bool recall(const esp_run *r, int trial, double *accuracy, double *loss) {
  int round, number;
  for (const char *row = r->at.trials; row && *row; row += *row == '\n') {
    if (sscanf(row, "%d,%d,%lf,%lf", &round, &number, accuracy, loss) == 4 &&
        round == r->at.stage && number == trial)
      return true;
    row += strcspn(row, "\n");
  }
  return false;
}

static esp_status note(esp_run *r, int trial, double accuracy, double loss, esp_error *err) {
  char row[128];
  snprintf(row, sizeof row, "%d,%d,%.17g,%.17g\n", r->at.stage, trial, accuracy, loss);
  return esp__rows_append(&r->at.trials, row, err);
}

static esp_status worth(void *context, int trial, double *worth, esp_error *err) {
  esp__trial_evaluation *j = context;
  esp_run *r = j->run;
  esp_metrics m;
  double accuracy, loss;
  if (recall(r, trial, &accuracy, &loss)) {
    j->known = trial + 1;
  } else {
    if (j->begun == 0.0) j->begun = esp__seconds();
    esp__trial_evaluate(r, &m);
    accuracy = esp_metrics_top1(&m);
    loss = isfinite(m.loss_sum) ? esp_metrics_loss(&m) : DBL_MAX;
    ESP_TRY(note(r, trial, accuracy, loss, err));
  }
  j->best = fmax(j->best, accuracy);
  *worth = accuracy +
           1.0 / ((1.0 + loss) * (double)r->set->validation.count); /* less than one image more */
  return ESP_OK;
}

static esp_status after(void *context, int trial, int trials, esp_error *err) {
  esp__trial_evaluation *j = context;
  const double now = esp__seconds();
  const int made = trial + 1 - j->known;
  if (made <= 0) return ESP_OK;
  if (trial + 1 == trials || now - j->shown >= every_line) {
    char left[32];
    esp__format_time(left, (now - j->begun) / made * (trials - trial - 1));
    esp__progress_say(
        &j->run->progress,
        "trial %d/%d: the best has a validation accuracy of %.2f %% before retraining, %s left",
        trial + 1, trials, 100.0 * j->best, left);
    j->shown = now;
  }
  return esp__run_save_in_time(j->run, err);
}

esp_trial_evaluator esp__trial_evaluator_of(esp__trial_evaluation *j) {
  return (esp_trial_evaluator){worth, after, j};
}

/* ---- what was found ---- */

static esp_status list_layers(const esp_run *r, char **text, esp_error *err) {
  size_t bytes;
  FILE *f = esp__text_stream(text, &bytes);
  if (!f) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for found.ini");
  for (int i = 0; i < esp_pruner_pools(r->pruner); i++) {
    esp_pruned count;
    const esp_layer *l = esp_pruner_pool(r->pruner, i, &count);
    fprintf(f, "%s%s %.12g", i ? "\n" : "", l->name, (double)count.pruned / (double)count.units);
  }
  return fclose(f) == 0 ? ESP_OK : esp_fail(err, ESP_ERR_MEMORY, "out of memory for found.ini");
}

static esp_status describe(esp_config *c, const char *layers, esp_error *err) {
  char name[101];
  snprintf(name, sizeof name, "%.90s-found", c->run.name);
  ESP_TRY(esp__config_set(c, "run.name", name, "found.ini", err));
  ESP_TRY(esp__config_set(c, "prune.distribution", "per-layer", "found.ini", err));
  return esp__config_set(c, "prune.layers", layers, "found.ini", err);
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
  char *layers = NULL;
  if (!esp__searches(&r->config)) return ESP_OK;
  esp_status status = list_layers(r, &layers, err);
  if (status == ESP_OK) status = write_config(r, layers, err);
  free(layers);
  return status;
}

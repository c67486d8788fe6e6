#include "run/tensorboard.h"

#include "config/stages.h"
#include "run/services.h"
#include "run/sharing.h"
#include "rundir/tensorboard_events.h"

#include <time.h>

static bool logs(const esp_run *r) {
  return r->config.log.tensorboard && esp__run_writes(r);
}

/* A step of the charts is an epoch of the whole run. */
static esp__events begin(const esp_run *r) {
  struct timespec now;
  esp__events e = {.step = r->at.epoch};
  for (int stage = 0; stage < r->at.stage; stage++)
    e.step += esp__stage_epochs(&r->config, stage, esp_loader_batches(r->training));
  clock_gettime(CLOCK_REALTIME, &now);
  e.time = (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
  return e;
}

static esp_status append(esp_run *r, esp__events *e, esp_error *err) {
  char path[ESP_PATH_MAX];
  const esp_status status =
      esp__events_append(e, esp__run_path(r, ESP_FILE_EVENTS, path), &r->at.events, err);
  esp__events_free(e);
  return status;
}

/* Loss and quality on the images of `split`, and their parts. */
static void add_measures(esp__events *e, const esp_run *r, const char *split,
                         const esp_metrics *m) {
  const esp__parts parts = esp__parts_of(r->set);
  esp__part part;
  char tag[128];
  if (m->count == 0) return;
  snprintf(tag, sizeof tag, "loss/%s", split);
  esp__events_scalar(e, tag, esp_metrics_loss(m));
  snprintf(tag, sizeof tag, "%s/%s", esp__parts_quality(&parts)->name, split);
  esp__events_scalar(e, tag, esp_metrics_quality(m));
  for (int i = 0; esp__part_at(&parts, i, &part); i++) {
    snprintf(tag, sizeof tag, "%s/%s/%.64s", part.measure, split, part.name);
    esp__events_scalar(e, tag, part.value(m, part.index));
  }
}

static void add_layers(esp__events *e, const esp_model *model) {
  char tag[256];
  for (int i = 0; i < model->layers; i++) {
    const esp_param *w = model->layer[i].weight;
    snprintf(tag, sizeof tag, "density/%s", model->layer[i].name);
    esp__events_scalar(e, tag, (double)esp_param_nonzero(w) / (double)w->count);
    snprintf(tag, sizeof tag, "weights/%s", model->layer[i].name);
    esp__events_histogram(e, tag, w->value, w->count);
  }
}

esp_status esp__run_log_epoch(esp_run *r, const esp__log_row *row, const esp_metrics *train,
                              esp_error *err) {
  if (!logs(r)) return ESP_OK;
  esp__events e = begin(r);
  add_measures(&e, r, "train", train);
  add_measures(&e, r, "validation", &row->validation);
  esp__events_scalar(&e, "learning_rate", row->lr);
  esp__events_scalar(&e, "sparsity", row->sparsity);
  if (train->seconds > 0.0)
    esp__events_scalar(&e, "images_per_second", (double)train->count / train->seconds);
  add_layers(&e, r->model);
  return append(r, &e, err);
}

esp_status esp__run_log_result(esp_run *r, const esp__result *result, esp_error *err) {
  if (!logs(r)) return ESP_OK;
  esp__events e = begin(r);
  add_measures(&e, r, "test", &result->test);
  return append(r, &e, err);
}

/* What runs would complain of before their first step. */
#include "base/path.h"
#include "config/stages.h"
#include "run/open.h"
#include "sweep/visit.h"

#include <espalier/run.h>

#include <string.h>

/* A data set is read once for all runs that have the same. */
typedef struct reader {
  esp_dataset *set;
  const esp_config *config; /* what it was read for */
} reader;

static bool same_sounds(const esp_config *a, const esp_config *b) {
  const esp_audio_options *x = &a->data.audio, *y = &b->data.audio;
  return x->rate == y->rate && x->seconds == y->seconds && x->window == y->window &&
         x->hop == y->hop && x->bands == y->bands && strcmp(x->layout, y->layout) == 0;
}

static bool same_texts(const esp_config *a, const esp_config *b) {
  const esp_text_options *x = &a->data.text, *y = &b->data.text;
  return strcmp(x->tokens, y->tokens) == 0 && x->vocabulary == y->vocabulary &&
         x->length == y->length && strcmp(a->model.weights, b->model.weights) == 0;
}

/* The seed chooses which images are trained and validated on, which does not matter here. */
static bool same_data(const esp_config *a, const esp_config *b) {
  return strcmp(a->data.dataset, b->data.dataset) == 0 && strcmp(a->data.path, b->data.path) == 0 &&
         strcmp(a->data.augment, b->data.augment) == 0 &&
         strcmp(a->model.input, b->model.input) == 0 && a->data.train == b->data.train &&
         a->data.test == b->data.test && a->data.validation == b->data.validation &&
         strcmp(a->data.tasks, b->data.tasks) == 0 &&
         memcmp(&a->data.task_weights, &b->data.task_weights, sizeof a->data.task_weights) == 0 &&
         memcmp(&a->data.mean, &b->data.mean, sizeof a->data.mean) == 0 &&
         memcmp(&a->data.std, &b->data.std, sizeof a->data.std) == 0 && same_texts(a, b) &&
         same_sounds(a, b);
}

static esp_status read_data(reader *d, const esp_config *c, esp_error *err) {
  if (d->config && same_data(d->config, c)) return ESP_OK;
  esp_dataset_free(d->set);
  *d = (reader){0};
  ESP_TRY(esp__config_data(c, &d->set, err));
  d->config = c;
  return ESP_OK;
}

/* Weights and masks to begin with are there; whether they fit, a run finds when it begins. */
static esp_status find_files(const esp_config *c, esp_error *err) {
  char file[ESP_PATH_MAX];
  if (c->model.weights[0]) ESP_TRY(esp_weights_path(c->model.weights, file, err));
  return c->prune.mask_from[0] ? esp_masks_path(c->prune.mask_from, file, err) : ESP_OK;
}

/* The network of run i, and its pruner if there is one. */
static esp_status build(const esp_sweep_run *run, reader *d, esp_model **model, esp_error *err) {
  const esp_config *c = &run->config;
  esp_pruner *pruner = NULL;
  ESP_TRY(find_files(c, err));
  ESP_TRY(read_data(d, c, err));
  ESP_TRY(esp_model_new_tasks(model, &c->model, d->set->shape, &d->set->tasks, 0, err));
  esp_status status = ESP_OK;
  if (esp__prunes(c)) status = esp_pruner_new(&pruner, &c->prune, *model, 0, err);
  esp_pruner_free(pruner);
  return status;
}

esp_status esp__sweep_visit(const esp_sweep *s, bool finished_too, esp__sweep_visitor *see,
                            void *user, esp_error *err) {
  reader d = {0};
  esp_status status = ESP_OK;
  for (int i = 0; i < s->runs && status == ESP_OK; i++) {
    esp_model *model = NULL;
    esp_error why = {0};
    if (s->run[i].state == ESP_SWEEP_FINISHED && !finished_too) continue;
    status = build(&s->run[i], &d, &model, &why);
    if (status != ESP_OK)
      esp_fail(err, status, "run %s: %s", s->run[i].name, why.text);
    else if (see)
      status = see(user, i, model, d.set, err);
    esp_model_free(model);
  }
  esp_dataset_free(d.set);
  return status;
}

esp_status esp_sweep_check(const esp_sweep *s, esp_error *err) {
  return esp__sweep_visit(s, false, NULL, NULL, err);
}

/* What runs would complain of before their first step, and how long they take. */
#include "base/path.h"
#include "config/stages.h"
#include "run/open.h"
#include "run/plan.h"

#include <espalier/results.h>
#include <espalier/sweep.h>

#include <omp.h>
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

/* The network of run i, and its pruner if there is one. */
static esp_status build(const esp_sweep_run *run, reader *d, esp_model **model, esp_error *err) {
  const esp_config *c = &run->config;
  esp_pruner *pruner = NULL;
  ESP_TRY(read_data(d, c, err));
  ESP_TRY(esp_model_new_tasks(model, &c->model, d->set->shape, &d->set->tasks, 0, err));
  esp_status status = ESP_OK;
  if (esp__prunes(c)) status = esp_pruner_new(&pruner, &c->prune, *model, 0, err);
  esp_pruner_free(pruner);
  return status;
}

static double macs_of(const esp_model *m) {
  double macs = 0.0;
  for (int i = 0; i < m->layers; i++)
    macs += (double)m->layer[i].weight->count * m->layer[i].weight->positions;
  return macs;
}

/* Calls `see` with each run that is left to do. */
typedef void visitor(void *user, int i, const esp_model *model, const esp_dataset *set);
static esp_status visit(const esp_sweep *s, bool finished_too, visitor *see, void *user,
                        esp_error *err) {
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
      see(user, i, model, d.set);
    esp_model_free(model);
  }
  esp_dataset_free(d.set);
  return status;
}

esp_status esp_sweep_check(const esp_sweep *s, esp_error *err) {
  return visit(s, false, NULL, NULL, err);
}

/* ---- time ---- */

typedef struct work {
  const esp_sweep *sweep;
  double *macs; /* of each run, all its epochs */
} work;

static void count_work(void *user, int i, const esp_model *model, const esp_dataset *set) {
  const work *w = user;
  w->macs[i] = (double)esp_sweep_epochs(w->sweep, i) * (double)set->train.count * macs_of(model);
}

/* Multiply-adds a second of the finished runs, forward passes only, 0 if there are none. */
static double speed_of_finished(const esp_sweep *s, const double *macs, int *runs) {
  char path[ESP_PATH_MAX];
  double seconds = 0.0, done = 0.0;
  *runs = 0;
  for (int i = 0; i < s->runs; i++) {
    esp_results r;
    if (s->run[i].state != ESP_SWEEP_FINISHED ||
        esp_results_read(&r, esp_sweep_path(s, i, path), NULL) != ESP_OK)
      continue;
    for (int k = s->run[i].dense >= 0; k < r.rounds; k++) seconds += r.round[k].seconds;
    done += macs[i];
    (*runs)++;
    esp_results_free(&r);
  }
  return seconds > 0.0 ? done / seconds : 0.0;
}

int esp_sweep_threads(const esp_sweep *s, int jobs) {
  const int all = s->threads > 0 ? (int)s->threads : omp_get_max_threads();
  return all > jobs ? all / jobs : 1;
}

static esp_status measure(const esp_sweep *s, int i, int jobs, double *speed, char how[256],
                          esp_error *err) {
  const double enough = 3.0;
  esp__run_pace pace = {0};
  esp_run r = {0};
  ESP_TRY(esp_config_copy(&r.config, &s->run[i].config, err));
  r.config.run.threads = esp_sweep_threads(s, jobs);
  esp_status status = esp__run_open(&r, s->run[i].name, err);
  if (status == ESP_OK) status = esp__run_measure_pace(&r, enough, &pace, err);
  if (status == ESP_OK) *speed = pace.images_per_second * macs_of(r.model);
  snprintf(how, 256,
           "from a few steps of %s (%.0f images/s); other networks by their multiply-adds",
           s->run[i].name, pace.images_per_second);
  esp__run_close(&r);
  return status;
}

static esp_status find_speed(const esp_sweep *s, int jobs, const double *macs, double *speed,
                             char how[256], esp_error *err) {
  int finished, first = 0;
  *speed = speed_of_finished(s, macs, &finished);
  if (*speed > 0.0) {
    snprintf(how, 256, "from the %d finished run%s, by multiply-adds", finished,
             finished == 1 ? "" : "s");
    return ESP_OK;
  }
  while (first + 1 < s->runs && s->run[first].state == ESP_SWEEP_FINISHED) first++;
  return measure(s, first, jobs, speed, how, err);
}

esp_status esp_sweep_estimate(const esp_sweep *s, int jobs, double *seconds, char how[256],
                              esp_error *err) {
  double speed = 0.0;
  work w = {s, seconds};
  ESP_TRY(visit(s, true, count_work, &w, err));
  ESP_TRY(find_speed(s, jobs, seconds, &speed, how, err));
  for (int i = 0; i < s->runs; i++)
    seconds[i] = s->run[i].state == ESP_SWEEP_FINISHED || speed <= 0.0 ? 0.0 : seconds[i] / speed;
  return ESP_OK;
}

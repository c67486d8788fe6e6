#include "sweep/reuse_dense.h"

#include "base/path.h"
#include "config/fingerprint.h"
#include "config/parse.h"
#include "config/stages.h"
#include "sweep/names.h"

#include <stdlib.h>
#include <string.h>

/* A training: whose it is, and who shares it. */
typedef struct training {
  char fingerprint[65];
  int first, members; /* the run it was first asked by, and how many ask */
  int dense;          /* its number among the shared ones, -1 = not shared */
} training;

/* training_of[i] becomes the training of run i, -1 if it has none. Returns their number in *n. */
static esp_status find_trainings(const esp_sweep *s, training *t, int *training_of, int *n,
                                 esp_error *err) {
  *n = 0;
  for (int i = 0; i < s->runs; i++) {
    const esp_config *c = &s->run[i].config;
    char fingerprint[65];
    training_of[i] = -1;
    if (!esp__has_plain_dense_stage(c) || c->run.dense[0]) continue;
    ESP_TRY(esp__config_fingerprint(c, ESP_FINGERPRINT_DENSE, fingerprint, err));
    int k = 0;
    while (k < *n && !(strcmp(t[k].fingerprint, fingerprint) == 0 &&
                       esp__same_sources(c, &s->run[t[k].first].config)))
      k++;
    if (k == *n) {
      t[(*n)++] = (training){.first = i, .dense = -1};
      memcpy(t[k].fingerprint, fingerprint, sizeof fingerprint);
    }
    t[k].members++;
    training_of[i] = k;
  }
  return ESP_OK;
}

/* What comes behind the dense training, at its defaults. */
static esp_status reset_what_follows(esp_config *c, esp_error *err) {
  esp_prune_key key[ESP_PRUNE_KEYS_MAX + 1];
  esp_prune_key_list(key);
  for (int i = 0; key[i].option; i++) {
    char name[128];
    snprintf(name, sizeof name, "prune.%s", key[i].option->name);
    ESP_TRY(esp__config_set(c, name, key[i].option->fallback, "default", err));
  }
  for (const esp_option *o = esp_compress_option_table; o->name; o++) {
    char name[128];
    snprintf(name, sizeof name, "compress.%s", o->name);
    ESP_TRY(esp__config_set(c, name, o->fallback, "default", err));
  }
  return ESP_OK;
}

static bool rewinds(const esp_config *run) {
  return esp__prunes(run) && esp__retrain_of(run) == ESP_WEIGHT_REWIND;
}

static double moment_of(const esp_config *run) {
  const esp_prune_options *o = &run->prune;
  return (double)(o->rewind_step > 0 ? o->rewind_step : o->rewind_epoch);
}

bool esp__keeps_moment(const esp_config *dense, const esp_config *run) {
  const esp_numbers *n =
      run->prune.rewind_step > 0 ? &dense->run.keep_steps : &dense->run.keep_epochs;
  for (int i = 0; i < n->count; i++)
    if (n->value[i] == moment_of(run)) return true;
  return !rewinds(run);
}

/* Adds the moment whose weights the shared training must keep. */
static esp_status keep(esp_config *dense, const esp_config *run, esp_error *err) {
  esp_numbers *n = run->prune.rewind_step > 0 ? &dense->run.keep_steps : &dense->run.keep_epochs;
  if (esp__keeps_moment(dense, run)) return ESP_OK;
  if (n->count == ESP_NUMBERS_MAX)
    return esp_fail(err, ESP_ERR_INPUT, "[sweep]: more than %d moments to rewind to",
                    ESP_NUMBERS_MAX);
  n->value[n->count++] = moment_of(run);
  return ESP_OK;
}

/* The name has the swept keys that decide the training. */
static void name_training(const esp_sweep *s, const esp_sweep_run *first,
                          char name[ESP_RUN_NAME_MAX + 1]) {
  bool named[ESP_SWEEP_AXES_MAX];
  for (int i = 0; i < s->axes; i++) {
    const char *key = s->axis[i].key;
    esp_config_key found;
    const bool known = esp__config_key(key, "", &found, NULL) == ESP_OK;
    named[i] = known && found.section->table != esp_prune_option_table &&
               found.section->table != esp_compress_option_table &&
               (!found.option->neutral || esp__key_is_source(key));
  }
  esp__sweep_name("dense", s->axis, s->axes, first->choice, named, name);
}

static esp_status make_training(const esp_sweep *s, esp_sweep_run *dense,
                                const esp_sweep_run *first, esp_error *err) {
  char name[ESP_RUN_NAME_MAX + 1];
  dense->dense = -1;
  name_training(s, first, name);
  if (!(dense->name = strdup(name)))
    return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the sweep");
  ESP_TRY(esp_config_copy(&dense->config, &first->config, err));
  ESP_TRY(reset_what_follows(&dense->config, err));
  return esp__config_set(&dense->config, "run.name", name, "[sweep]", err);
}

static esp_status join(const esp_sweep *s, esp_sweep_run *run, esp_sweep_run *dense, int index,
                       esp_error *err) {
  char path[ESP_PATH_MAX];
  ESP_TRY(esp__path_make(path, s->dir, dense->name, err));
  run->dense = index;
  ESP_TRY(esp__config_set(&run->config, "run.dense", path, "[sweep]", err));
  return keep(&dense->config, &run->config, err);
}

static esp_status put_in_front(esp_sweep *s, const training *t, const int *training_of,
                               esp_error *err) {
  esp_sweep_run *all = calloc((size_t)(s->denses + s->runs), sizeof *all);
  if (!all) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for the sweep");
  const int asked = s->runs;
  memcpy(all + s->denses, s->run, (size_t)asked * sizeof *all);
  free(s->run);
  s->run = all;
  s->runs += s->denses;
  esp_status status = ESP_OK;
  for (int i = 0; i < asked && status == ESP_OK; i++) {
    const int dense = training_of[i] < 0 ? -1 : t[training_of[i]].dense;
    esp_sweep_run *run = &all[s->denses + i];
    if (dense < 0) continue;
    if (t[training_of[i]].first == i) status = make_training(s, &all[dense], run, err);
    if (status == ESP_OK) status = join(s, run, &all[dense], dense, err);
  }
  return status;
}

esp_status esp__sweep_share(esp_sweep *s, esp_error *err) {
  training *t = calloc((size_t)s->runs, sizeof *t);
  int *training_of = calloc((size_t)s->runs, sizeof *training_of), n = 0;
  esp_status status = t && training_of
                          ? find_trainings(s, t, training_of, &n, err)
                          : esp_fail(err, ESP_ERR_MEMORY, "out of memory for the sweep");
  for (int k = 0; status == ESP_OK && k < n; k++)
    if (t[k].members > 1) t[k].dense = s->denses++;
  if (status == ESP_OK && s->denses > 0) status = put_in_front(s, t, training_of, err);
  free(t);
  free(training_of);
  return status;
}

esp_status esp__sweep_part(esp_sweep *s, int i, esp_error *err) {
  s->run[i].dense = -1;
  return esp__config_set(&s->run[i].config, "run.dense", "", "[sweep]", err);
}

/* How long the runs of a sweep take. */
#include "base/path.h"
#include "config/stages.h"
#include "run/open.h"
#include "run/plan.h"
#include "sweep/visit.h"

#include <espalier/results.h>

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MEASURED_MOST = 12 }; /* kinds; others follow by their multiply-adds */

/* Runs that train equally fast, as far as one can tell from their first steps. */
typedef struct kind {
  const esp_config *config; /* of the first */
  double macs;              /* of an image, forwards */
  double images, seconds;   /* trained on and measured so far; 0 = nothing is known */
} kind;

typedef struct estimate {
  const esp_sweep *sweep;
  int jobs;
  kind *kind; /* as many as there are */
  int kinds;
  int *of;        /* the kind of each run */
  double *images; /* of each run, all its epochs */
  double enough;  /* seconds for a kind of which nothing is known */
  int finished;   /* runs */
  int measured;   /* kinds */
  int first;      /* the first run whose kind was measured */
} estimate;

static double macs_of(const esp_model *m) {
  double macs = 0.0;
  for (int i = 0; i < m->layers; i++)
    macs += (double)m->layer[i].weight->count * m->layer[i].weight->positions;
  return macs;
}

/* Some have masks from the first step on. */
static bool equally_sparse(const esp_config *a, const esp_config *b) {
  const bool sparse = esp__prunes_in_training(a);
  return sparse == esp__prunes_in_training(b) &&
         (!sparse || a->prune.sparsity == b->prune.sparsity);
}

static bool same_kind(const kind *k, const esp_config *c, double macs) {
  return k->macs == macs && k->config->train.batch == c->train.batch &&
         equally_sparse(k->config, c) &&
         strcmp(k->config->train.optimiser, c->train.optimiser) == 0 &&
         strcmp(k->config->prune.regulariser, c->prune.regulariser) == 0;
}

static int kind_of(estimate *e, const esp_config *c, double macs) {
  for (int k = 0; k < e->kinds; k++)
    if (same_kind(&e->kind[k], c, macs)) return k;
  e->kind[e->kinds] = (kind){.config = c, .macs = macs};
  return e->kinds++;
}

/* What a finished run took, without the training that it shares. */
static void add_finished(estimate *e, int i) {
  const esp_sweep *s = e->sweep;
  char path[ESP_PATH_MAX];
  esp_results r;
  if (s->run[i].state != ESP_SWEEP_FINISHED ||
      esp_results_read(&r, esp_sweep_path(s, i, path), NULL) != ESP_OK)
    return;
  kind *k = &e->kind[e->of[i]];
  for (int round = s->run[i].dense >= 0; round < r.rounds; round++)
    k->seconds += r.round[round].seconds;
  k->images += e->images[i];
  e->finished++;
  esp_results_free(&r);
}

static esp_status look_at(void *user, int i, const esp_model *model, esp_dataset *set,
                          esp_error *err) {
  estimate *e = user;
  (void)err;
  e->images[i] = (double)esp_sweep_epochs(e->sweep, i) * (double)set->train.count;
  e->of[i] = kind_of(e, &e->sweep->run[i].config, macs_of(model));
  add_finished(e, i);
  return ESP_OK;
}

int esp_sweep_threads(const esp_sweep *s, int jobs) {
  const int all = s->threads > 0 ? (int)s->threads : omp_get_max_threads();
  return all > jobs ? all / jobs : 1;
}

static esp_status measure(void *user, int i, const esp_model *model, esp_dataset *set,
                          esp_error *err) {
  estimate *e = user;
  kind *k = &e->kind[e->of[i]];
  esp__run_pace pace = {0};
  esp_run r = {.set = set};
  (void)model;
  if (k->seconds > 0.0 || e->measured == MEASURED_MOST) return ESP_OK;
  ESP_TRY(esp_config_copy(&r.config, &e->sweep->run[i].config, err));
  r.config.run.threads = esp_sweep_threads(e->sweep, e->jobs);
  esp_status status = esp__run_open(&r, e->sweep->run[i].name, err);
  if (status == ESP_OK) status = esp__run_measure_pace(&r, e->enough, &pace, err);
  r.set = NULL;
  esp__run_close(&r);
  if (status != ESP_OK || pace.images_per_second <= 0.0) return status;
  *k = (kind){k->config, k->macs, pace.images_per_second, 1.0};
  if (e->measured++ == 0) e->first = i;
  return ESP_OK;
}

/* Images a second; by multiply-adds where nothing is known of the kind itself. */
static double pace_of(const estimate *e, const kind *k) {
  const kind *known = k->seconds > 0.0 ? k : &e->kind[e->of[e->first]];
  if (known->seconds <= 0.0) return 0.0;
  return known->images / known->seconds * (known == k ? 1.0 : known->macs / k->macs);
}

static int unknown_kinds(const estimate *e) {
  int n = 0;
  for (int k = 0; k < e->kinds; k++) n += e->kind[k].seconds <= 0.0;
  return n;
}

static void say_how(const estimate *e, char how[256]) {
  const int finished = e->finished, others = e->measured - 1;
  int n = snprintf(how, 256, "from ");
  if (finished > 0)
    n += snprintf(how + n, 256 - (size_t)n, "the %d finished run%s%s", finished,
                  finished == 1 ? "" : "s", e->measured > 0 ? " and " : "");
  if (finished == 0 || e->measured > 0)
    n += snprintf(how + n, 256 - (size_t)n, "a few steps of %.120s (%.0f images/s)",
                  e->sweep->run[e->first].name, pace_of(e, &e->kind[e->of[e->first]]));
  if (others > 0)
    n += snprintf(how + n, 256 - (size_t)n, " and of %d other network%s", others,
                  others == 1 ? "" : "s");
  if (unknown_kinds(e) > 0) snprintf(how + n, 256 - (size_t)n, "; the rest by their multiply-adds");
}

static esp_status estimate_all(estimate *e, double *seconds, char how[256], esp_error *err) {
  const double most = 3.0, together = 12.0;
  ESP_TRY(esp__sweep_visit(e->sweep, true, look_at, e, err));
  e->enough = fmin(most, together / fmax(1.0, fmin(unknown_kinds(e), MEASURED_MOST)));
  ESP_TRY(esp__sweep_visit(e->sweep, false, measure, e, err));
  for (int i = 0; i < e->sweep->runs; i++) {
    const double pace = pace_of(e, &e->kind[e->of[i]]);
    const bool left = e->sweep->run[i].state != ESP_SWEEP_FINISHED;
    seconds[i] = left && pace > 0.0 ? e->images[i] / pace : 0.0;
  }
  say_how(e, how);
  return ESP_OK;
}

esp_status esp_sweep_estimate(const esp_sweep *s, int jobs, double *seconds, char how[256],
                              esp_error *err) {
  const size_t runs = (size_t)s->runs;
  estimate e = {.sweep = s, .jobs = jobs};
  e.kind = calloc(runs, sizeof *e.kind);
  e.of = calloc(runs, sizeof *e.of);
  e.images = calloc(runs, sizeof *e.images);
  const esp_status status = e.kind && e.of && e.images
                                ? estimate_all(&e, seconds, how, err)
                                : esp_fail(err, ESP_ERR_MEMORY, "out of memory for the sweep");
  free(e.kind);
  free(e.of);
  free(e.images);
  return status;
}
